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
	"hsconnect/internal/edi"
)

type importClaimsCmd struct{ importFile }

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
	return c.with(ctx, func(a *app.App) error {
		rep, err := a.Claims.Import(ctx, access.OperatorActor(osUser()), coverage.Source{Name: c.name(), Size: size, Open: open}, format, feed, bar("reading"))
		if err != nil {
			return err
		}
		for _, r := range rep.Refused {
			fmt.Printf("refused: %s: %s\n", r.Where, r.Reason)
		}
		if rep.RefusedTotal > len(rep.Refused) {
			fmt.Printf("refused: and %d more claims\n", rep.RefusedTotal-len(rep.Refused))
		}
		if rep.RefusedTotal > 0 {
			fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", rep.RefusedTotal)
			return errSaid
		}
		if rep.Already {
			fmt.Println("This very file was loaded before; nothing changed.")
			return nil
		}
		fmt.Printf("Loaded %d statements about claims: %d claims added, %d changed. SHA-256 %s\n", rep.Claims, rep.Added, rep.Changed, rep.Digest)
		if rep.Unplaced > 0 {
			fmt.Printf("%d claims are of no organization in the directory: they are kept, and shown to nobody until it is loaded.\n", rep.Unplaced)
		}
		return nil
	})
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
