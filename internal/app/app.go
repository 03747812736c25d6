// Package app puts the portal together: configuration, database, keys,
// services, one http.Handler and the work that goes on beside it. It decides
// nothing about health care.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/agreement"
	"hsconnect/internal/blob"
	"hsconnect/internal/claim"
	"hsconnect/internal/client"
	"hsconnect/internal/codeset"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/dossier"
	"hsconnect/internal/factor"
	"hsconnect/internal/glass"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
	"hsconnect/internal/member"
	"hsconnect/internal/memberpage"
	"hsconnect/internal/minimum"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
	"hsconnect/internal/review"
	"hsconnect/internal/schema"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/signon"
	"hsconnect/internal/watch"
	"hsconnect/internal/web"
)

// App is a portal with its database open.
type App struct {
	Config     Config
	Zone       *time.Location
	DB         *db.DB
	Vault      *blob.Vault
	Record     *record.Log
	Watch      *watch.Service
	Privacy    *privacy.Service
	Factors    *factor.Service
	Accounts   *account.Service
	SignOn     *signon.Service
	Admission  *admission.Service
	Mail       *mail.Service
	Agreements *agreement.Service
	Clients    *client.Service
	Providers  *provider.Service
	Codes      *codeset.Service
	Intake     *intake.Service
	Coverage   *coverage.Service
	Sensitive  *sensitive.Service
	Claims     *claim.Service
	Documents  *document.Service
	Priorauth  *priorauth.Service
	Review     *review.Service
	Dossier    *dossier.Service
	Minimum    *minimum.Service
	Glass      *glass.Service
	Members    *member.Keeper
	Printout   *printout.Service
	Jobs       *job.Runner
	Log        *slog.Logger
	Now        func() time.Time
	Hint       func(username string) string // of a made-up plan: see web.Deps
	demo       bool
}

// Options are what a caller other than an operator may set.
type Options struct {
	Now  func() time.Time // nil: the machine's clock
	Log  *slog.Logger
	Demo bool // pages say that the plan is made up
}

// Open opens the database, brings its schema up to date, loads or makes the
// keys and makes the services. Nothing runs yet.
func Open(ctx context.Context, c Config, o Options) (*App, error) {
	err := c.Check()
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	zone, err := time.LoadLocation(c.Plan.Zone)
	if err != nil {
		return nil, err
	}
	err = os.MkdirAll(c.Data, 0o700)
	if err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	a := &App{Config: c, Zone: zone, Log: o.Log, Now: o.Now, demo: o.Demo}
	a.DB, err = openDB(ctx, c, o)
	if err != nil {
		return nil, err
	}
	err = a.assemble(ctx)
	if err != nil {
		return nil, errors.Join(err, a.DB.Close())
	}
	return a, nil
}

func openDB(ctx context.Context, c Config, o Options) (*db.DB, error) {
	dc := db.Config{Now: o.Now, Log: o.Log}
	u, err := c.databaseURL()
	if err != nil {
		return nil, err
	}
	if u == "" {
		dc.Path = c.path("hsconnect.db")
	}
	dc.URL = u
	d, err := db.Open(ctx, dc)
	if err != nil {
		return nil, err
	}
	_, err = d.Migrate(ctx, schema.FS)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// assemble makes the services in the order in which they stand on each other.
func (a *App) assemble(ctx context.Context) error {
	keys, err := blob.LoadOrMakeKeyring(a.Config.path("blob.keys"))
	if err != nil {
		return fmt.Errorf("loading the keys of the documents: %w", err)
	}
	folder, err := blob.Folder(a.Config.path("blobs"))
	if err != nil {
		return fmt.Errorf("opening the folder of the documents: %w", err)
	}
	a.Vault = blob.NewVault(folder, keys)
	err = a.DB.View(ctx, a.Vault.Fits)
	if err != nil {
		return err
	}
	signer, public, err := record.LoadOrMakeKey(a.Config.path("record.key"))
	if err != nil {
		return fmt.Errorf("loading the key of the official record: %w", err)
	}
	a.Record, err = record.NewLog(record.Deps{DB: a.DB, Signer: signer, Verifier: public, Log: a.Log})
	if err != nil {
		return err
	}
	err = a.accounts()
	if err != nil {
		return err
	}
	help := a.Config.Plan.HelpDesk
	a.Agreements = agreement.New(agreement.Deps{DB: a.DB, Zone: a.Zone, Fields: agreement.Fields{
		Plan: a.Config.Plan.Name, HelpDeskAddress: help.Address, HelpDeskPhone: help.Phone, HelpDeskEmail: help.Email,
	}})
	err = a.watch(ctx)
	if err != nil {
		return err
	}
	a.Clients = client.New(client.Deps{DB: a.DB, Agreements: a.Agreements, Log: a.Log})
	a.Providers = provider.New(provider.Deps{DB: a.DB, Log: a.Log, Loaded: func(ctx context.Context, who access.Actor) error { return a.Claims.Place(ctx, who) }})
	a.Codes = codeset.New(codeset.Deps{DB: a.DB})
	a.intakes()
	a.Sensitive = sensitive.New(sensitive.Deps{DB: a.DB})
	a.Claims = claim.New(claim.Deps{DB: a.DB, Log: a.Log, Zone: a.Zone, Watch: a.Watch, Intake: a.Intake})
	a.Documents = document.New(document.Deps{DB: a.DB, Vault: a.Vault, Log: a.Log})
	a.Priorauth = priorauth.New(priorauth.Deps{DB: a.DB, Log: a.Log, Record: a.Record, Zone: a.Zone})
	a.Review = review.New(review.Deps{DB: a.DB, Log: a.Log, Priorauth: a.Priorauth})
	a.Privacy = privacy.New(privacy.Deps{DB: a.DB, Log: a.Log, Zone: a.Zone, Plan: a.Config.Plan.Name, Site: a.Config.site()})
	a.Dossier = dossier.New(dossier.Deps{DB: a.DB, Record: a.Record, Documents: a.Documents, Plan: a.Config.Plan.Name, Zone: a.Zone})
	a.Minimum, a.Glass, a.Members = Minimum(a.DB), Glass(a.DB, a.Watch, a.Log, a.Config.site()), &member.Keeper{DB: a.DB}
	a.Printout = a.printouts()
	a.Jobs = job.New(job.Deps{DB: a.DB, Log: a.Log, Workers: max(runtime.NumCPU(), 2)})
	a.Jobs.Handle(priorauth.JobLimit, a.Priorauth.LimitPassed)
	a.Jobs.Handle(mail.Job, a.Mail.Handle)
	a.Jobs.Handle(intake.JobApply(coverage.KindMembers), a.Coverage.HandleApply)
	a.Jobs.Handle(intake.JobPurge, a.Intake.HandlePurge)
	a.Jobs.Every(intake.JobPurge, 24*time.Hour)
	a.Jobs.Handle(coverage.JobTell, a.Coverage.HandleTell)
	a.Jobs.Handle(coverage.JobNotify, a.Coverage.HandleNotify)
	a.admissions()
	a.housekeeping()
	_, err = a.Agreements.EnsurePublished(ctx, access.SystemActor("agreement"))
	return err
}

// watch makes what looks after accounts. The key of its digests lies in the
// database, sealed by the keys of second factors.
func (a *App) watch(ctx context.Context) error {
	seal, err := factor.LoadOrMakeKeys(a.Config.path("account.keys"))
	if err != nil {
		return fmt.Errorf("loading the keys of second factors: %w", err)
	}
	key, err := watch.LoadOrMakeKey(ctx, a.DB, access.SystemActor("watch"), seal)
	if err != nil {
		return err
	}
	help := a.Config.Plan.HelpDesk
	a.Watch = watch.New(watch.Deps{DB: a.DB, Log: a.Log, Zone: a.Zone, HelpDesk: help.Email, Call: help.Phone, Site: a.Config.site(), Key: key})
	return nil
}

// accounts makes what people sign in with, and what writes to them.
func (a *App) accounts() error {
	seal, err := factor.LoadOrMakeKeys(a.Config.path("account.keys"))
	if err != nil {
		return fmt.Errorf("loading the keys of second factors: %w", err)
	}
	a.Factors, err = factor.New(factor.Deps{Seal: seal, Site: a.Config.site(), Name: a.Config.Plan.Name})
	if err != nil {
		return err
	}
	a.SignOn, err = signon.New(signon.Deps{DB: a.DB, Log: a.Log, Seal: seal, Site: a.Config.site()})
	if err != nil {
		return err
	}
	block, err := blocklist(a.Config.Blocklist)
	if err != nil {
		return err
	}
	a.Accounts = account.New(account.Deps{DB: a.DB, Log: a.Log, Words: []string{a.Config.Plan.Name}, Blocklist: block, Factors: a.Factors})
	help, m := a.Config.Plan.HelpDesk, a.Config.Mail
	send, err := m.sender(a.Config.path("mail"))
	if err != nil {
		return err
	}
	a.Mail, err = mail.New(mail.Deps{DB: a.DB, Log: a.Log, Send: send, From: m.from(), Plan: a.Config.Plan.Name,
		Foot: []string{"HelpDesk: " + help.Phone + " · " + help.Email, "This message holds no information about any patient. Please do not answer it."}})
	return err
}

// blocklist reads the operator's list of refused passwords, or gives none.
func blocklist(path string) (*account.Blocklist, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // an operator need not have one
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the list of refused passwords: %w", err)
	}
	b, err := account.ReadBlocklist(f)
	return b, errors.Join(err, f.Close())
}

// housekeeping is what has to be done every day: sessions that ran out are
// ended, and sealed files that no row names are removed.
func (a *App) housekeeping() {
	a.Jobs.Handle("account.purge", func(ctx context.Context, _ job.Job) error {
		_, err := a.Accounts.Purge(ctx, access.SystemActor("purge"))
		if err != nil {
			return err
		}
		err = a.DB.Update(ctx, signon.Sweep)
		if err != nil {
			return err
		}
		return a.DB.Update(ctx, factor.Sweep)
	})
	a.Jobs.Handle("blob.sweep", func(ctx context.Context, _ job.Job) error {
		_, err := blob.Sweep(ctx, a.DB, a.Vault.Store())
		return err
	})
	a.Jobs.Every("account.purge", 24*time.Hour)
	a.Jobs.Every("blob.sweep", 24*time.Hour)
	a.Jobs.Handle(watch.JobRules, a.Watch.HandleRules)
	a.Jobs.Handle(watch.JobNonUse, a.Watch.HandleNonUse)
	a.Jobs.Handle(privacy.JobRemind, a.Privacy.HandleRemind)
	a.Jobs.Every(privacy.JobRemind, privacy.EveryRemind)
	a.Jobs.Every(watch.JobRules, watch.EveryRules)
	a.Jobs.Every(watch.JobNonUse, watch.EveryNonUse)
}

// Handler gives the portal's pages and machine addresses. secure says that
// browsers reach it over TLS.
func (a *App) Handler(secure bool) (http.Handler, error) {
	var address func(*http.Request) string
	if a.Config.BehindProxy {
		address = forwarded
	}
	return web.New(web.Deps{
		Address:  address,
		Accounts: a.Accounts, SignOn: a.SignOn, LinkSignOn: LinkSignOn(a.DB), Admission: a.Admission, Agreements: a.Agreements, Clients: a.Clients,
		Coverage: a.Coverage, Providers: a.Providers, Codes: a.Codes, Priorauth: a.Priorauth, Review: a.Review, Documents: a.Documents,
		Record: a.Record, Watch: a.Watch, Privacy: a.Privacy, Minimum: a.Minimum, Glass: a.Glass, Members: a.Members, Printout: a.Printout, Zone: a.Zone,
		MemberPage: memberpage.New(memberpage.Deps{Coverage: a.Coverage, Priorauth: a.Priorauth, Printout: a.Printout}), Log: a.Log, Now: a.Now,
		Intake: a.Intake, Claims: a.Claims,
		Plan: web.PlanInfo{Name: a.Config.Plan.Name, HelpDesk: web.HelpDesk{Address: a.Config.Plan.HelpDesk.Address, Phone: a.Config.Plan.HelpDesk.Phone,
			Email: a.Config.Plan.HelpDesk.Email, Hours: a.Config.Plan.HelpDesk.Hours}},
		Demo: a.demo, Hint: a.Hint, Site: a.Config.site(), Secure: secure, Version: Version(), Ready: a.DB.Ping,
	})
}

// Background runs what goes on beside the pages (giving record entries their
// place, jobs) until ctx ends.
func (a *App) Background(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	for _, run := range []func(context.Context) error{a.Record.Run, a.Jobs.Run} {
		wg.Go(func() {
			err := run(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return all
}

// Close closes the database.
func (a *App) Close() error { return a.DB.Close() }

// Verify recomputes the whole record and reads every document.
func (a *App) Verify(ctx context.Context, progress func(done, total int64)) (record.Report, error) {
	return a.Record.Verify(ctx, record.VerifyOptions{Blobs: blobs{a}, Progress: progress})
}

// blobs reads every kept document for Verify.
type blobs struct{ app *App }

// Each implements record.BlobChecker.
func (b blobs) Each(ctx context.Context, fn func(name string, check func() error) error) error {
	return blob.Each(ctx, b.app.DB, func(ref blob.Ref) error {
		return fn(ref.Name, func() error { return b.app.Vault.Check(ctx, ref) })
	})
}

// Version names the build: the revision it was made from, where the
// toolchain knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changes"
			}
		}
	}
	if revision == "" {
		return "unversioned build"
	}
	return revision[:min(12, len(revision))] + dirty
}
