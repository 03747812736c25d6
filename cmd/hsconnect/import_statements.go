package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/coverage"
)

// asking is whether somebody sees what a file would change before it is loaded.
type asking struct {
	Check bool `help:"Say what the file would change, and load nothing. Exit status 1 when anything is refused."`
	Yes   bool `help:"Load without asking. Off a terminal nobody is asked."`
}

// asks reports whether to ask.
func (a asking) asks() bool { return !a.Yes && !a.Check && interactive() }

// ended tells what became of a file that is not loaded, and reports whether it
// is not. would says what it would change.
func (a asking) ended(refused []coverage.Refusal, total int, declined bool, would func()) (bool, error) {
	switch {
	case refusals(refused, total, "rows"):
		return true, errSaid
	case declined:
		fmt.Println("Nothing was loaded.")
		return true, errSaid
	case a.Check:
		would()
		fmt.Println("Nothing was loaded.")
		return true, nil
	}
	return false, nil
}

type importPlansCmd struct {
	importFile
	asking
}

func (p *importPlansCmd) Run(ctx context.Context) error {
	file, err := os.Open(p.File)
	if err != nil {
		return err
	}
	o := coverage.PlanOrder{File: file, CheckOnly: p.Check}
	if p.asks() {
		o.Ask = func(rep coverage.PlanReport) bool {
			changedPlans(rep)
			return confirmed("Load the file? [y/N] ")
		}
	}
	return errors.Join(p.with(ctx, func(a *app.App) error {
		rep, err := a.Coverage.LoadPlanFile(ctx, access.OperatorActor(osUser()), o)
		if err != nil {
			return err
		}
		ended, err := p.ended(rep.Refused, rep.RefusedTotal, rep.Declined, func() { changedPlans(rep) })
		if ended {
			return err
		}
		fmt.Printf("Loaded %d plans with %d copays: %d added, %d changed.\n", rep.Plans, rep.Copays, rep.Added, rep.Changed)
		return nil
	}), file.Close())
}

func changedPlans(rep coverage.PlanReport) {
	fmt.Printf("Of %d plans with %d copays the file would add %d and change %d.\n", rep.Plans, rep.Copays, rep.Added, rep.Changed)
}

type importSpentCmd struct {
	importFile
	asking
}

func (c *importSpentCmd) Run(ctx context.Context) error {
	return c.statements(ctx, c.asking, "amounts", func(a *app.App) loadStatements { return a.Coverage.LoadSpent })
}

type importOtherCmd struct {
	importFile
	asking
}

func (c *importOtherCmd) Run(ctx context.Context) error {
	return c.statements(ctx, c.asking, "members", func(a *app.App) loadStatements { return a.Coverage.LoadOther })
}

// loadStatements is one of the imports about members that are there.
type loadStatements func(ctx context.Context, who access.Actor, o coverage.StatementOrder) (coverage.StatementReport, error)

// statements loads a file about members that are there, and tells what came of it.
func (f importFile) statements(ctx context.Context, how asking, what string, load func(*app.App) loadStatements) error {
	size, err := f.size()
	if err != nil {
		return err
	}
	o := coverage.StatementOrder{CheckOnly: how.Check,
		Source: coverage.Source{Name: f.name(), Size: size, Open: func() (io.ReadCloser, error) { return os.Open(f.File) }}}
	if how.asks() {
		o.Ask = func(rep coverage.StatementReport) bool {
			changedStatements(rep, what)
			return confirmed("Load the file? [y/N] ")
		}
	}
	return f.with(ctx, func(a *app.App) error {
		rep, err := load(a)(ctx, access.OperatorActor(osUser()), o)
		if err != nil {
			return err
		}
		ended, err := how.ended(rep.Refused, rep.RefusedTotal, rep.Declined, func() { changedStatements(rep, what) })
		if ended {
			return err
		}
		fmt.Printf("Loaded %d rows: %d %s changed, %d known already.\n", rep.Rows, rep.Changed, what, rep.Same)
		leftAside(rep)
		return nil
	})
}

func changedStatements(rep coverage.StatementReport, what string) {
	fmt.Printf("Of %d rows %d %s would change; %d are known already.\n", rep.Rows, rep.Changed, what, rep.Same)
	leftAside(rep)
}

func leftAside(rep coverage.StatementReport) {
	if rep.Older > 0 {
		fmt.Printf("%d rows are left aside: something as of a later day is known.\n", rep.Older)
	}
}
