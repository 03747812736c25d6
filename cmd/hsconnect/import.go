package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hsconnect/internal/access"
	"hsconnect/internal/app"
	"hsconnect/internal/coverage"
	"hsconnect/internal/provider"
)

type importCmd struct {
	Members       importMembersCmd       `cmd:"" help:"Members and their coverage, from X12 834 (005010X220A1), CSV or NDJSON. Example: hsconnect import members enrollment.834"`
	Organizations importOrganizationsCmd `cmd:"" help:"Offices and facilities, from CSV. Example: hsconnect import organizations organizations.csv"`
	Practitioners importPractitionersCmd `cmd:"" help:"Practitioners, from CSV; load organizations first. Example: hsconnect import practitioners practitioners.csv"`
	Plans         importPlansCmd         `cmd:"" help:"Plans with what services cost and whether they need an authorization, from CSV or NDJSON (a service a row). Example: hsconnect import plans plans.csv"`
	Spent         importSpentCmd         `cmd:"" help:"What members have used of deductibles and out-of-pocket limits, from CSV or NDJSON. Example: hsconnect import spent spent.csv"`
	OtherCoverage importOtherCmd         `cmd:"" help:"Insurance that members have beside the plan's, from CSV or NDJSON. Example: hsconnect import other-coverage other.csv"`
	Held          importHeldCmd          `cmd:"" help:"List the files that wait for a second person, or did. Example: hsconnect import held"`
	Approve       importApproveCmd       `cmd:"" help:"Apply a held file that somebody else loaded. Example: hsconnect import approve ID --reason \"agreed with the sponsor\""`
	Refuse        importRefuseCmd        `cmd:"" help:"Say that a held file will not be applied. Example: hsconnect import refuse ID --reason \"half of the file is missing\""`
	Claims        importClaimsCmd        `cmd:"" help:"Claims, from CSV, NDJSON, X12 835 (005010X221A1) or X12 277 (005010X212). Example: hsconnect import claims remittance.835"`
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

// refusals prints what was refused of a file, and reports whether anything was.
func refusals(named []coverage.Refusal, total int, what string) bool {
	for _, r := range named {
		fmt.Printf("refused: %s: %s\n", r.Where, r.Reason)
	}
	if total > len(named) {
		fmt.Printf("refused: and %d more %s\n", total-len(named), what)
	}
	if total > 0 {
		fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", total)
	}
	return total > 0
}

// directoryFile is a file of organizations or practitioners.
type directoryFile struct {
	importFile
	Check bool `help:"Say what the file would change, and load nothing."`
	Yes   bool `help:"Load without asking."`
	Full  bool `help:"The file names every provider in network: the others are out of network from now on."`
}

type importOrganizationsCmd struct{ directoryFile }

func (o *importOrganizationsCmd) Run(ctx context.Context) error {
	return o.load(ctx, func(a *app.App) loadFunc { return a.Providers.LoadOrganizations })
}

type importPractitionersCmd struct{ directoryFile }

func (p *importPractitionersCmd) Run(ctx context.Context) error {
	return p.load(ctx, func(a *app.App) loadFunc { return a.Providers.LoadPractitioners })
}

// loadFunc is one of the imports of the provider directory.
type loadFunc func(ctx context.Context, who access.Actor, o provider.Order) (provider.Report, error)

func (f directoryFile) load(ctx context.Context, load func(*app.App) loadFunc) error {
	size, err := f.size()
	if err != nil {
		return err
	}
	file, err := os.Open(f.File)
	if err != nil {
		return err
	}
	show := bar("reading")
	o := provider.Order{Name: f.name(), File: file, Full: f.Full, CheckOnly: f.Check, Progress: func(done int64) { show(done, size) }}
	if !f.Yes && !f.Check && (interactive() || f.Full) {
		o.Ask = f.asked
	}
	return errors.Join(f.with(ctx, func(a *app.App) error {
		rep, err := load(a)(ctx, access.OperatorActor(osUser()), o)
		if err != nil {
			return err
		}
		return f.said(rep)
	}), file.Close())
}

// asked asks whoever is there. Off a terminal, a full file that would empty a
// tenth of the network is not loaded without --yes.
func (f directoryFile) asked(rep provider.Report) bool {
	if !interactive() {
		if rep.Unnamed == 0 || rep.Unnamed*10 < rep.Network {
			return true
		}
		changes(rep)
		fmt.Println("So many leave the network only with --yes.")
		return false
	}
	changes(rep)
	return confirmed("Load the file? [y/N] ")
}

// changes prints what a file of the directory changes, in counts.
func changes(rep provider.Report) {
	fmt.Printf("%d rows: %d added, %d changed", rep.Rows, rep.Added, rep.Changed)
	if rep.Network > 0 {
		fmt.Printf(", %d of %d in network not named, and out of network", rep.Unnamed, rep.Network)
	}
	fmt.Println()
}

func (f directoryFile) said(rep provider.Report) error {
	for _, r := range rep.Refused {
		fmt.Printf("refused: line %d: %s\n", r.Line, r.Reason)
	}
	switch {
	case rep.RefusedTotal > 0:
		fmt.Printf("Nothing was loaded: %d refused. Mend the file and load it again.\n", rep.RefusedTotal)
		return errSaid
	case rep.Declined:
		fmt.Println("Nothing was loaded.")
		return errSaid
	case f.Check:
		changes(rep)
		fmt.Println("Nothing was loaded.")
		return nil
	}
	fmt.Printf("Loaded %d rows.\n", rep.Rows)
	changes(rep)
	return nil
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
