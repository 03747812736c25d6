package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/edi"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
)

type importMembersCmd struct {
	importFile
	Check bool   `help:"Say what the file would change, and load nothing. Exit status 1 when anything is refused or a second person would have to decide."`
	Yes   bool   `help:"Load without asking. Off a terminal nobody is asked."`
	Full  bool   `help:"The file names everybody who is covered: whoever it does not name ends. (An 834 says so itself, with BGN08 of RX.)"`
	Ends  string `placeholder:"YYYY-MM-DD" help:"Last day of those whom a full file does not name. Without it: the day before the file's own date."`
}

func (m *importMembersCmd) Run(ctx context.Context) error {
	size, err := m.size()
	if err != nil {
		return err
	}
	o := coverage.Order{Full: m.Full, CheckOnly: m.Check, Progress: bar("reading")}
	if m.Ends != "" {
		o.Ends, err = civil.Parse(m.Ends)
		if err != nil {
			return errors.New("--ends: give a day, such as 2027-12-31")
		}
	}
	o.Source = coverage.Source{Name: m.name(), Size: size, Open: func() (io.ReadCloser, error) { return os.Open(m.File) }}
	o.Feed, err = edi.MembersFeed(o.Source.Open)
	if err != nil {
		return err
	}
	if !m.Yes && !m.Check && interactive() {
		o.Ask = asked
	}
	return m.with(ctx, func(a *app.App) error {
		rep, err := a.Coverage.Load(ctx, access.OperatorActor(osUser()), o)
		if err != nil {
			return err
		}
		return said(rep, m.Check)
	})
}

// interactive reports whether there is somebody to ask.
func interactive() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
}

// asked shows what would change and asks.
func asked(rep coverage.Report) bool {
	fmt.Printf("%d rows would change:\n", rep.Rows)
	difference(os.Stdout, rep)
	question := "Load the file? [y/N] "
	if rep.Why != "" {
		question = rep.Why + ".\nHold the file for a second person? [y/N] "
	}
	return confirmed(question)
}

// confirmed asks a question that is answered with yes or no.
func confirmed(question string) bool {
	fmt.Print(question)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return err == nil && (answer == "y" || answer == "yes")
}

// said tells the operator what became of a file; the error is the exit status.
func said(rep coverage.Report, checked bool) error {
	if rep.Resumed > 0 && !rep.Already {
		fmt.Printf("Went on after %d rows that an earlier try had read.\n", rep.Resumed)
	}
	switch {
	case refusals(rep.Refused, rep.RefusedTotal, "rows"):
		return errSaid
	case rep.Already:
		fmt.Println("This very file was loaded before; nothing changed.")
		return nil
	case rep.Declined:
		fmt.Println("Nothing was loaded.")
		return errSaid
	case rep.Held != "":
		if rep.Why != "" {
			difference(os.Stdout, rep)
			fmt.Println(rep.Why + ".")
		}
		fmt.Printf("Nothing was loaded: the file waits for a second person as %s. Somebody else runs\n  hsconnect import approve %s --reason \"...\"\nor decides in the portal, under Imports.\n", rep.Held, rep.Held)
		return errSaid
	case checked:
		fmt.Printf("%d rows, nothing refused. Loading the file would change:\n", rep.Rows)
		difference(os.Stdout, rep)
		if rep.Why != "" {
			fmt.Printf("%s. Nothing was loaded.\n", rep.Why)
			return errSaid
		}
		fmt.Println("Nothing was loaded.")
		return nil
	}
	fmt.Printf("Loaded %d rows: %d members added, %d changed, %d with coverage ended. SHA-256 %s\n", rep.Rows, rep.Added, rep.Changed, rep.Ended, rep.Digest)
	difference(os.Stdout, rep)
	return nil
}

// difference prints what a file changes, in counts.
func difference(w io.Writer, rep coverage.Report) { counts(w, rep.Counts()) }

func counts(w io.Writer, all []coverage.Count) {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	for _, c := range all {
		fmt.Fprintf(t, "  %s\t%d\t%s\n", c.What, c.N, c.More)
	}
	if len(all) == 0 {
		fmt.Fprintln(t, "  nothing")
	}
	_ = t.Flush() // as little as a print that fails
}

type importHeldCmd struct{ place }

func (h *importHeldCmd) Run(ctx context.Context) error {
	return h.with(ctx, func(a *app.App) error {
		all, err := a.Intake.List(ctx, access.OperatorActor(osUser()))
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Println("No file was ever held.")
			return nil
		}
		t := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tFILE\tSTATE\tLOADED\tWHY")
		for _, f := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s by %s\t%s\n", f.ID, f.Name, f.State, f.At.In(a.Zone).Format("2006-01-02 15:04"), f.By, f.Why)
		}
		return t.Flush()
	})
}

// heldFile is what the verbs about one held file take.
type heldFile struct {
	place
	ID     string `arg:"" help:"As hsconnect import held shows it."`
	Reason string `required:"" help:"Why; it goes into the official record."`
}

func (h heldFile) which() (intake.ID, error) {
	which, err := id.Parse[intake.ID](strings.ToLower(strings.TrimSpace(h.ID)))
	if err != nil {
		return "", errors.New("there is no held file of this number: see hsconnect import held")
	}
	return which, nil
}

type importApproveCmd struct{ heldFile }

func (h *importApproveCmd) Run(ctx context.Context) error {
	which, err := h.which()
	if err != nil {
		return err
	}
	return h.with(ctx, func(a *app.App) error {
		who := access.OperatorActor(osUser())
		f, err := a.Intake.Get(ctx, who, which)
		if err != nil {
			return err
		}
		switch f.State {
		case intake.Approved: // and not applied yet: it goes on
		case intake.Stalled:
			err = a.Intake.Again(ctx, who, which)
		case intake.Waiting, intake.Refused, intake.Applied, intake.Failed:
			err = a.Intake.Approve(ctx, who, which, h.Reason)
		}
		if err != nil {
			return err
		}
		if f.Kind != coverage.KindMembers {
			fmt.Println("Approved. The portal applies the file.")
			return nil
		}
		rep, err := a.Coverage.Apply(ctx, who, which, bar("applying"))
		if fault.Is(err, fault.Conflict) {
			fmt.Println("The portal has applied the file already, or is doing so: see hsconnect import held")
			return nil
		}
		if err != nil {
			return err
		}
		return said(rep, false)
	})
}

type importRefuseCmd struct{ heldFile }

func (h *importRefuseCmd) Run(ctx context.Context) error {
	which, err := h.which()
	if err != nil {
		return err
	}
	return h.with(ctx, func(a *app.App) error {
		err := a.Intake.Refuse(ctx, access.OperatorActor(osUser()), which, h.Reason)
		if err != nil {
			return err
		}
		fmt.Println("Refused. The file will not be applied.")
		return nil
	})
}
