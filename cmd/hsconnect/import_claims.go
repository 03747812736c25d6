package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/edi"
)

type importClaimsCmd struct {
	importFile
	Check bool `help:"Say what the file would change, and load nothing. Exit status 1 when anything is refused."`
	Yes   bool `help:"Load without asking. Off a terminal nobody is asked."`
}

func (c *importClaimsCmd) Run(ctx context.Context) error {
	size, err := c.size()
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return os.Open(c.File) }
	feed, format, err := edi.ClaimsFeed(open)
	if err != nil {
		return err
	}
	o := claim.Order{Source: coverage.Source{Name: c.name(), Size: size, Open: open}, Feed: feed, Format: format, CheckOnly: c.Check, Progress: bar("reading")}
	if !c.Yes && !c.Check && interactive() {
		o.Ask = askedClaims
	}
	return c.with(ctx, func(a *app.App) error {
		rep, err := a.Claims.Load(ctx, access.OperatorActor(osUser()), o)
		if err != nil {
			return err
		}
		return saidClaims(rep, c.Check)
	})
}

// askedClaims shows what would change and asks.
func askedClaims(rep claim.Report) bool {
	fmt.Printf("%d statements about claims would change:\n", rep.Claims)
	counts(os.Stdout, rep.Counts())
	return confirmed("Load the file? [y/N] ")
}

// saidClaims tells the operator what became of a file; the error is the exit
// status.
func saidClaims(rep claim.Report, checked bool) error {
	if rep.Resumed > 0 && !rep.Already {
		fmt.Printf("Went on after %d claims that an earlier try had read.\n", rep.Resumed)
	}
	switch {
	case refusals(rep.Refused, rep.RefusedTotal, "claims"):
		return errSaid
	case rep.Already:
		fmt.Println("This very file was loaded before; nothing changed.")
		return nil
	case rep.Declined:
		fmt.Println("Nothing was loaded.")
		return errSaid
	case checked:
		fmt.Printf("%d statements about claims, nothing refused. Loading the file would change:\n", rep.Claims)
		counts(os.Stdout, rep.Counts())
		fmt.Println("Nothing was loaded.")
		return nil
	}
	fmt.Printf("Loaded %d statements about claims: %d claims added, %d changed. SHA-256 %s\n", rep.Claims, rep.Added, rep.Changed, rep.Digest)
	counts(os.Stdout, rep.Counts())
	return nil
}

type importSensitiveCmd struct{ importFile }

func (s *importSensitiveCmd) Run(ctx context.Context) error {
	file, err := os.Open(s.File)
	if err != nil {
		return err
	}
	return errors.Join(s.with(ctx, func(a *app.App) error {
		rep, err := a.Sensitive.Import(ctx, access.OperatorActor(osUser()), s.name(), file)
		if err != nil {
			return err
		}
		for _, r := range rep.Refused {
			fmt.Printf("refused: line %d: %s\n", r.Line, r.Reason)
		}
		if rep.RefusedTotal > 0 {
			fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", rep.RefusedTotal)
			return errSaid
		}
		fmt.Printf("Loaded %d codes in place of the list before.\n", rep.Rows)
		return nil
	}), file.Close())
}
