package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/coverage"
	"hsconnect/internal/edi"
	"hsconnect/internal/provider"
)

type importCmd struct {
	Members       importMembersCmd       `cmd:"" help:"Members and their coverage, from X12 834 (005010X220A1) or CSV. Example: hsconnect import members enrollment.834"`
	Organizations importOrganizationsCmd `cmd:"" help:"Offices and facilities, from CSV. Example: hsconnect import organizations organizations.csv"`
	Practitioners importPractitionersCmd `cmd:"" help:"Practitioners, from CSV; load organizations first. Example: hsconnect import practitioners practitioners.csv"`
	Plans         importPlansCmd         `cmd:"" help:"Plans with their copays, from CSV (a copay a row). Example: hsconnect import plans plans.csv"`
	Claims        importClaimsCmd        `cmd:"" help:"Claims, from CSV, X12 835 (005010X221A1) or X12 277 (005010X212). Example: hsconnect import claims remittance.835"`
	Sensitive     importSensitiveCmd     `cmd:"" help:"The list of codes whose services the law protects, from CSV (system, code, category). Example: hsconnect import sensitive sensitive.csv"`
	Codes         importCodesCmd         `cmd:"" help:"Code tables, from CSV (system, code, display, from, to). Example: hsconnect import codes codes.csv"`
}

// importFile is the file of every import.
type importFile struct {
	place
	File string `arg:"" type:"existingfile" help:"The file to load."`
}

func (f importFile) name() string { return filepath.Base(f.File) }

func (f importFile) size() (int64, error) {
	info, err := os.Stat(f.File)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

type importMembersCmd struct{ importFile }

func (m *importMembersCmd) Run(ctx context.Context) error {
	size, err := m.size()
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return os.Open(m.File) }
	feed, err := edi.MembersFeed(open)
	if err != nil {
		return err
	}
	return m.with(ctx, func(a *app.App) error {
		rep, err := a.Coverage.Import(ctx, access.OperatorActor(osUser()), coverage.Source{Name: m.name(), Size: size, Open: open}, feed, bar("reading"))
		if err != nil {
			return err
		}
		for _, r := range rep.Refused {
			fmt.Printf("refused: %s: %s\n", r.Where, r.Reason)
		}
		if rep.RefusedTotal > len(rep.Refused) {
			fmt.Printf("refused: and %d more rows\n", rep.RefusedTotal-len(rep.Refused))
		}
		if rep.RefusedTotal > 0 {
			fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", rep.RefusedTotal)
			return errSaid
		}
		if rep.Already {
			fmt.Println("This very file was loaded before; nothing changed.")
			return nil
		}
		fmt.Printf("Loaded %d rows: %d members added, %d changed, %d with coverage ended. SHA-256 %s\n", rep.Rows, rep.Added, rep.Changed, rep.Ended, rep.Digest)
		return nil
	})
}

type importPlansCmd struct{ importFile }

func (p *importPlansCmd) Run(ctx context.Context) error {
	file, err := os.Open(p.File)
	if err != nil {
		return err
	}
	return errors.Join(p.with(ctx, func(a *app.App) error {
		rep, err := a.Coverage.ImportPlanFile(ctx, access.OperatorActor(osUser()), file)
		if err != nil {
			return err
		}
		for _, r := range rep.Refused {
			fmt.Printf("refused: %s: %s\n", r.Where, r.Reason)
		}
		if rep.RefusedTotal > len(rep.Refused) {
			fmt.Printf("refused: and %d more rows\n", rep.RefusedTotal-len(rep.Refused))
		}
		if rep.RefusedTotal > 0 {
			fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", rep.RefusedTotal)
			return errSaid
		}
		fmt.Printf("Loaded %d plans with %d copays.\n", rep.Plans, rep.Copays)
		return nil
	}), file.Close())
}

type importOrganizationsCmd struct{ importFile }

func (o *importOrganizationsCmd) Run(ctx context.Context) error {
	return o.providers(ctx, func(a *app.App) loadFunc { return a.Providers.ImportOrganizations })
}

type importPractitionersCmd struct{ importFile }

func (p *importPractitionersCmd) Run(ctx context.Context) error {
	return p.providers(ctx, func(a *app.App) loadFunc { return a.Providers.ImportPractitioners })
}

// loadFunc is one of the imports of the provider directory.
type loadFunc func(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(int64)) (provider.Report, error)

func (f importFile) providers(ctx context.Context, load func(*app.App) loadFunc) error {
	size, err := f.size()
	if err != nil {
		return err
	}
	file, err := os.Open(f.File)
	if err != nil {
		return err
	}
	show := bar("reading")
	return errors.Join(f.with(ctx, func(a *app.App) error {
		rep, err := load(a)(ctx, access.OperatorActor(osUser()), f.name(), file, func(done int64) { show(done, size) })
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
		fmt.Printf("Loaded %d rows.\n", rep.Rows)
		return nil
	}), file.Close())
}

type importCodesCmd struct{ importFile }

func (c *importCodesCmd) Run(ctx context.Context) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	return errors.Join(c.with(ctx, func(a *app.App) error {
		rep, err := a.Codes.Import(ctx, access.OperatorActor(osUser()), c.name(), file)
		if err != nil {
			return err
		}
		for _, r := range rep.Refused {
			fmt.Printf("refused: line %d: %s\n", r.Line, r.Reason)
		}
		if len(rep.Refused) > 0 {
			fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", len(rep.Refused))
			return errSaid
		}
		fmt.Printf("Loaded %d codes.\n", rep.Rows)
		return nil
	}), file.Close())
}
