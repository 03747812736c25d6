package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/coverage"
)

type importSpentCmd struct{ importFile }

func (c *importSpentCmd) Run(ctx context.Context) error {
	return c.statements(ctx, "amounts", func(a *app.App, who access.Actor, src coverage.Source) (coverage.StatementReport, error) {
		return a.Coverage.ImportSpent(ctx, who, src)
	})
}

type importOtherCmd struct{ importFile }

func (c *importOtherCmd) Run(ctx context.Context) error {
	return c.statements(ctx, "members", func(a *app.App, who access.Actor, src coverage.Source) (coverage.StatementReport, error) {
		return a.Coverage.ImportOther(ctx, who, src)
	})
}

// statements loads a file about members that are there, and tells what came of it.
func (f importFile) statements(ctx context.Context, what string, load func(*app.App, access.Actor, coverage.Source) (coverage.StatementReport, error)) error {
	size, err := f.size()
	if err != nil {
		return err
	}
	src := coverage.Source{Name: f.name(), Size: size, Open: func() (io.ReadCloser, error) { return os.Open(f.File) }}
	return f.with(ctx, func(a *app.App) error {
		rep, err := load(a, access.OperatorActor(osUser()), src)
		if err != nil {
			return err
		}
		if refusals(rep.Refused, rep.RefusedTotal, "rows") {
			return errSaid
		}
		fmt.Printf("Loaded %d rows: %d %s changed, %d known already.\n", rep.Rows, rep.Changed, what, rep.Same)
		if rep.Older > 0 {
			fmt.Printf("%d rows were left aside: something as of a later day is known.\n", rep.Older)
		}
		return nil
	})
}
