// Package portal starts the whole portal on a test's database: every service,
// the pages on a loopback port, and a small plan with people, members and
// providers whose names and numbers tests can rely on. It promises that all
// of it is real but for the clock, which stands still until a test moves it,
// and the costs of password hashes.
package portal

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/agreement"
	"hsconnect/internal/app"
	"hsconnect/internal/blob"
	"hsconnect/internal/claim"
	"hsconnect/internal/client"
	"hsconnect/internal/codeset"
	"hsconnect/internal/copies"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/document"
	"hsconnect/internal/edi"
	"hsconnect/internal/factor"
	"hsconnect/internal/glass"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
	"hsconnect/internal/member"
	"hsconnect/internal/memberpage"
	"hsconnect/internal/minimum"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
	"hsconnect/internal/review"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/signon"
	"hsconnect/internal/watch"
	"hsconnect/internal/web"
)

// Portal is a running portal with its services and its people.
type Portal struct {
	DB         *db.DB
	Clock      *dbtest.Clock
	Zone       *time.Location // New York
	Log        *Log
	Keys       string // the folder of the keys and documents
	Vault      *blob.Vault
	Record     *record.Log
	Watch      *watch.Service
	Desk       *privacy.Service // the privacy officer's
	Accounts   *account.Service
	SignOn     *signon.Service // at SignOnSite
	Admission  *admission.Service
	Agreements *agreement.Service
	Clients    *client.Service
	Providers  *provider.Service
	Codes      *codeset.Service
	Files      *intake.Service
	Coverage   *coverage.Service
	Sensitive  *sensitive.Service
	Claims     *claim.Service
	Documents  *document.Service
	Priorauth  *priorauth.Service
	Review     *review.Service
	Minimum    *minimum.Service
	Glass      *glass.Service
	Restricted *member.Keeper
	Printout   *printout.Service
	Jobs       *job.Runner
	Handler    http.Handler // the pages
	URL        string       // where they answer, once Browser or Serve was called

	People
	Directory
	Members

	t      testing.TB
	serve  sync.Once
	server *httptest.Server
	broken error // what Ready gives
}

// Each runs fn on a fresh portal on every engine there is.
func Each(t *testing.T, fn func(t *testing.T, p *Portal)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		fn(t, New(t, d, clock))
	})
}

// SQLite gives a fresh portal on SQLite alone, for what does not depend on
// the engine.
func SQLite(t testing.TB) *Portal {
	t.Helper()
	clock := dbtest.NewClock()
	return New(t, dbtest.SQLite(t, clock.Now), clock)
}

// New makes a portal on a migrated database whose clock is clock.
func New(t testing.TB, d *db.DB, clock *dbtest.Clock) *Portal {
	t.Helper()
	p := blank(t, d, clock)
	p.services()
	p.directory()
	p.members()
	p.people()
	p.pages()
	return p
}

// Empty is New without a plan, members and people: for a database that has
// its own, which may have been used by a portal before.
func Empty(t testing.TB, d *db.DB, clock *dbtest.Clock) *Portal {
	t.Helper()
	p := blank(t, d, clock)
	p.services()
	p.pages()
	return p
}

func blank(t testing.TB, d *db.DB, clock *dbtest.Clock) *Portal {
	t.Helper()
	return &Portal{t: t, DB: d, Clock: clock, Log: &Log{}, Keys: t.TempDir()}
}

func (p *Portal) services() {
	t := p.t
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	must(t, err)
	p.Zone = zone
	log := slog.New(slog.NewTextHandler(p.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys, err := blob.LoadOrMakeKeyring(filepath.Join(p.Keys, "blob.keys"))
	must(t, err)
	folder, err := blob.Folder(filepath.Join(p.Keys, "blobs"))
	must(t, err)
	p.Vault = blob.NewVault(folder, keys)
	signer, public, err := record.LoadOrMakeKey(filepath.Join(p.Keys, "record.key"))
	must(t, err)
	p.Record, err = record.NewLog(record.Deps{DB: p.DB, Signer: signer, Verifier: public, Log: log})
	must(t, err)
	seal, err := factor.LoadOrMakeKeys(filepath.Join(p.Keys, "account.keys"))
	must(t, err)
	factors, err := factor.New(factor.Deps{Seal: seal, Site: Site, Name: PlanName})
	must(t, err)
	p.SignOn, err = signon.New(signon.Deps{DB: p.DB, Log: log, Seal: seal, Site: SignOnSite})
	must(t, err)
	p.Accounts = account.New(account.Deps{DB: p.DB, Log: log, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}, Words: []string{PlanName}, Factors: factors})
	p.Admission = admission.New(admission.Deps{DB: p.DB, Accounts: p.Accounts, Log: log, Zone: zone, FindOrg: app.FindOrganization, Link: func(path string) string { return Site + path }})
	p.Agreements = agreement.New(agreement.Deps{DB: p.DB, Fields: agreement.Fields{
		Plan: PlanName, HelpDeskAddress: "400 Example Street, Springfield", HelpDeskPhone: "1-800-555-0142", HelpDeskEmail: "helpdesk@example.org",
	}, Zone: zone})
	_, err = p.Agreements.EnsurePublished(p.ctx(), access.SystemActor("agreement"))
	must(t, err)
	p.Watch = watch.New(watch.Deps{DB: p.DB, Log: log, Zone: zone, HelpDesk: "helpdesk@example.org", Call: "1-800-555-0142", Site: Site})
	p.Desk = privacy.New(privacy.Deps{DB: p.DB, Log: log, Zone: zone, Plan: PlanName, Site: Site})
	p.Clients = client.New(client.Deps{DB: p.DB, Agreements: p.Agreements, Log: log})
	p.Providers = provider.New(provider.Deps{DB: p.DB, Log: log, Loaded: func(ctx context.Context, who access.Actor) error { return p.Claims.Place(ctx, who) }})
	p.Codes = codeset.New(codeset.Deps{DB: p.DB})
	p.Files = intake.New(intake.Deps{DB: p.DB, Vault: p.Vault, Log: log, Same: account.OnePerson})
	p.Coverage = coverage.New(coverage.Deps{DB: p.DB, Log: log, Zone: zone, Watch: p.Watch, Intake: p.Files, HoldShare: 0.1, Feeds: edi.MembersFeed, Ties: []member.TieFinder{claim.Tie}})
	p.Sensitive = sensitive.New(sensitive.Deps{DB: p.DB})
	p.Claims = claim.New(claim.Deps{DB: p.DB, Log: log, Zone: zone, Watch: p.Watch, Intake: p.Files})
	p.Documents = document.New(document.Deps{DB: p.DB, Vault: p.Vault, Log: log})
	p.Priorauth = priorauth.New(priorauth.Deps{DB: p.DB, Log: log, Record: p.Record, Zone: zone})
	p.Review = review.New(review.Deps{DB: p.DB, Log: log, Priorauth: p.Priorauth})
	p.Minimum, p.Glass, p.Restricted = app.Minimum(p.DB), app.Glass(p.DB, p.Watch, log, Site), &member.Keeper{DB: p.DB}
	p.Printout = printout.New(printout.Deps{DB: p.DB, Log: log, Copies: copies.New(copies.Deps{Same: account.OnePerson}), Priorauth: p.Priorauth, Coverage: p.Coverage, Documents: p.Documents,
		Plan: PlanName, Call: "1-800-555-0142", Zone: zone})
	p.Jobs = job.New(job.Deps{DB: p.DB, Log: log, Workers: 2})
	p.Jobs.Handle(priorauth.JobLimit, p.Priorauth.LimitPassed)
	p.Jobs.Handle(intake.JobApply(coverage.KindMembers), p.Coverage.HandleApply)
}

// PlanName is the name of the plan, and Site the portal's own address in mails.
const (
	PlanName = "Sample Health Advantage"
	Site     = "https://portal.example.org"
	// SignOnSite is the address as identity providers know it: one of this
	// machine, so that a provider of a test may be on it too.
	SignOnSite = "http://localhost:8080"
)

// Deps is what the pages were made of, for a test that makes others.
func (p *Portal) Deps() web.Deps {
	return web.Deps{
		Accounts: p.Accounts, SignOn: p.SignOn, LinkSignOn: app.LinkSignOn(p.DB), Admission: p.Admission, Agreements: p.Agreements,
		Clients: p.Clients, Coverage: p.Coverage, Providers: p.Providers, Codes: p.Codes, Priorauth: p.Priorauth, Review: p.Review,
		Documents: p.Documents, Record: p.Record, Watch: p.Watch, Privacy: p.Desk, Minimum: p.Minimum, Glass: p.Glass, Members: p.Restricted, Printout: p.Printout, Zone: p.Zone,
		MemberPage: memberpage.New(memberpage.Deps{Coverage: p.Coverage, Priorauth: p.Priorauth, Printout: p.Printout}),
		Now:        p.Clock.Now, Intake: p.Files, Claims: p.Claims,
		Log:     slog.New(slog.NewTextHandler(p.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Plan:    web.PlanInfo{Name: PlanName, HelpDesk: web.HelpDesk{Address: "400 Example Street, Springfield", Phone: "1-800-555-0142", Email: "helpdesk@example.org", Hours: "Mon–Fri 8 AM–6 PM ET"}},
		Version: "test", Ready: p.ready, Site: Site,
	}
}

func (p *Portal) pages() {
	p.t.Helper()
	h, err := web.New(p.Deps())
	must(p.t, err)
	p.Handler = h
}

func (p *Portal) ready(ctx context.Context) error {
	if p.broken != nil {
		return p.broken
	}
	return p.DB.Ping(ctx)
}

// Break makes the portal say that it is not ready, or ready again with nil.
func (p *Portal) Break(err error) { p.broken = err }

// Serve starts the pages on a free loopback port and gives their address.
func (p *Portal) Serve() string {
	p.serve.Do(func() {
		p.server = httptest.NewServer(p.Handler)
		p.URL = p.server.URL
		p.t.Cleanup(p.server.Close)
	})
	return p.URL
}

// Sequence gives the record's entries their places and signs a checkpoint.
func (p *Portal) Sequence() {
	p.t.Helper()
	_, err := p.Record.Sequence(p.ctx())
	must(p.t, err)
}

func (p *Portal) ctx() context.Context { return context.Background() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("making the test portal: %v", err)
	}
}

// Log keeps what the portal logs.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String gives everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
