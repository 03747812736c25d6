package demo_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/app"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/demo"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/priorauth"
)

// small is a plan that is made in seconds and still has every state.
func small() demo.Size { return demo.Size{Members: 300, People: 99, Requests: 60, Drafts: 3} }

// open opens an empty portal whose clock stands where the past will begin.
func open(t *testing.T, database string, size demo.Size) (*app.App, demo.Deps) {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Database, c.Plan.Name = t.TempDir(), database, demo.PlanName
	c.Plan.HelpDesk = app.HelpDeskConfig{Address: demo.HelpDeskAddress, Phone: demo.HelpDeskPhone, Email: demo.HelpDeskEmail}
	clock := demo.NewClock(time.Now)
	zone, err := time.LoadLocation(c.Plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	clock.Hold(demo.Begin(time.Now(), zone))
	a, err := app.Open(t.Context(), c, app.Options{Now: clock.Now, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := a.Close()
		if err != nil {
			t.Error(err)
		}
	})
	// Hashes are as cheap as they can be: how dear they are is account's to test.
	a.Accounts = account.New(account.Deps{DB: a.DB, Argon: account.Params{Memory: 64, Passes: 1, Lanes: 1}, Factors: a.Factors, Words: []string{demo.PlanName}})
	return a, demo.Deps{DB: a.DB, Clock: clock, Zone: a.Zone, Accounts: a.Accounts, Agreements: a.Agreements, Providers: a.Providers, Codes: a.Codes,
		Coverage: a.Coverage, Sensitive: a.Sensitive, Claims: a.Claims, Documents: a.Documents, Priorauth: a.Priorauth, Review: a.Review, Record: a.Record, Privacy: a.Privacy, Now: time.Now, Size: size}
}

func build(t *testing.T, d demo.Deps) demo.SignIns {
	t.Helper()
	done, total := 0, 0
	d.Progress = func(n, of int) { done, total = n, of }
	all, err := demo.Build(t.Context(), d, demo.Seed)
	if err != nil {
		t.Fatal(err)
	}
	if done != total || total == 0 {
		t.Errorf("the progress ended at %d of %d", done, total)
	}
	return all
}

// count gives the requests by the state that is stored.
func count(t *testing.T, d *db.DB) map[priorauth.Status]int {
	t.Helper()
	type row struct {
		status priorauth.Status
		n      int
	}
	states := map[priorauth.Status]int{}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := db.Collect(func(r *sql.Rows) (row, error) {
			var x row
			return x, r.Scan(&x.status, &x.n)
		})(tx.Rows("select status, count(*) from request_state group by status"))
		for _, r := range rows {
			states[r.status] = r.n
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func TestBuild(t *testing.T) {
	t.Parallel()
	size := demo.Full()
	if underRace {
		size = demo.Size{Members: 500, People: 120, Requests: 120, Drafts: 24}
	}
	a, d := open(t, "", size)
	all := build(t, d)
	part := func(n int) int { return n * size.Requests / demo.Full().Requests }
	want := map[priorauth.Status]int{
		priorauth.Submitted: part(38), priorauth.InReview: part(48), priorauth.WaitingForOffice: part(28), priorauth.WaitingForPlan: part(22),
		priorauth.Approved:       part(96) + part(66), // what has run out is stored as approved
		priorauth.PartlyApproved: part(34), priorauth.Denied: part(44), priorauth.Cancelled: part(24),
	}
	got := count(t, a.DB)
	for status, n := range want {
		if got[status] != n {
			t.Errorf("%d requests are %s, want %d", got[status], status, n)
		}
	}
	proves(t, a)
	enter(t, a, all)
	tries(t, a, all)

	_, err := demo.Build(t.Context(), d, demo.Seed)
	if !errors.Is(err, demo.ErrBuilt) {
		t.Errorf("building a second time: %v", err)
	}
}

func TestBuildOnPostgres(t *testing.T) {
	t.Parallel()
	a, d := open(t, dbtest.PostgresURL(t), small())
	all := build(t, d)
	if got := count(t, a.DB); len(got) != 8 {
		t.Errorf("requests by state: %v", got)
	}
	proves(t, a)
	enter(t, a, all)
}

// proves checks the record, with every document.
func proves(t *testing.T, a *app.App) {
	t.Helper()
	rep, err := a.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !rep.Good() || rep.Waiting > 0 || rep.Blobs < 20 || rep.Checkpoints < 30 {
		t.Errorf("the record: %+v", rep)
	}
}

// enter signs everybody in whose password is printed.
func enter(t *testing.T, a *app.App, all demo.SignIns) {
	t.Helper()
	for _, s := range all {
		_, who, err := a.Accounts.SignIn(t.Context(), account.Attempt{Username: s.Username, Password: s.Password, Address: "127.0.0.1", Agent: "test"})
		if err != nil {
			t.Fatalf("%s cannot sign in: %v", s.Username, err)
		}
		accepted, err := a.Agreements.Accepted(t.Context(), who)
		if err != nil || accepted != s.Accepted || who.Name != s.Name || accepted == who.LastSignIn.IsZero() {
			t.Errorf("%s: accepted %v, last here %v: %v", s.Username, accepted, who.LastSignIn, err)
		}
	}
}

func actorOf(t *testing.T, a *app.App, s demo.SignIn) access.Actor {
	t.Helper()
	p, err := a.Accounts.Find(t.Context(), access.OperatorActor("test"), s.Username)
	if err != nil {
		t.Fatal(err)
	}
	return access.Actor{Person: p.ID, Username: p.Username, Name: p.Name, Side: p.Side, Org: p.Org, OrgName: p.OrgName, OrgTIN: p.OrgTIN, Roles: p.Roles,
		Session: id.New[id.Session](time.Now()), Door: access.DoorWeb, Address: "127.0.0.1", Licence: p.Licence}
}

// tries does what is printed as worth trying.
func tries(t *testing.T, a *app.App, all demo.SignIns) {
	t.Helper()
	who := actorOf(t, a, all[0])
	for i, m := range all[0].Members {
		born, err := civil.ParseBirth(m.BirthDate, civil.Of(time.Now(), a.Coverage.Zone))
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Coverage.Find(t.Context(), who, coverage.Query{Key: member.Key{Number: m.MemberID, Birth: born}, Purpose: access.Treatment})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("member to try %d is seen without the statement of a visit: %v", i, err)
		}
		keys := []member.Key{{Number: m.MemberID, Birth: born}, {Last: m.LastName, First: m.FirstName, Birth: born}}
		if m.Medicare != "" {
			keys = append(keys, member.Key{Number: m.Medicare, Birth: born})
		}
		visit := &member.Visit{On: civil.Of(time.Now(), a.Coverage.Zone), Stated: true}
		for _, k := range keys {
			_, err = a.Coverage.Find(t.Context(), who, coverage.Query{Key: k, Purpose: access.Treatment, Visit: visit})
			if err != nil {
				t.Errorf("member to try %d by %s: %v", i, k.Kind(), err)
			}
		}
		sheet, err := a.Coverage.LookUp(t.Context(), who, coverage.Query{Key: keys[0], Purpose: access.Treatment})
		if err != nil || sheet.Covered != (i != 1) || sheet.Covered && (len(sheet.Copays) == 0 || sheet.PCP.Name == "") {
			t.Errorf("member to try %d (%s): covered %v, %v", i, m.What, sheet.Covered, err)
		}
	}
	for _, r := range all[0].Requests {
		c, err := a.Priorauth.Case(t.Context(), who, r.Number)
		switch {
		case strings.HasPrefix(r.What, "another office's"):
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("another office's request: %v", err)
			}
		case err != nil || c.OrgName != all[0].Organization || len(c.Timeline) < 2:
			t.Errorf("%s: %v", r.What, err)
		}
	}
	notices, changed, err := a.Coverage.Notices(t.Context(), who)
	if err != nil || len(notices) == 0 || changed == 0 {
		t.Errorf("no coverage changed after the office had looked: %d, %v", changed, err)
	}
	home, err := a.Priorauth.Home(t.Context(), who)
	if err != nil || len(home.Act) == 0 || len(home.Due) == 0 || len(home.Decided) == 0 || len(home.Drafts) == 0 {
		t.Errorf("the first page: %d to do, %d due, %d decided, %d drafts, %v", len(home.Act), len(home.Due), len(home.Decided), len(home.Drafts), err)
	}
	for _, s := range all {
		if s.Role != string(access.MedicalDirector) || !strings.HasPrefix(s.Requests[0].What, "may be denied") {
			continue // a smaller plan has no case for every specialty
		}
		f, err := a.Review.Open(t.Context(), actorOf(t, a, s), s.Requests[0].Number)
		may := !strings.Contains(s.Note, "licence ran out") && !strings.Contains(s.Note, "restricted")
		if err != nil || f.MayDeny != may {
			t.Errorf("%s may deny: %v, want %v (%s) %v", s.Username, f.MayDeny, may, f.WhyNotDeny, err)
		}
	}
}

// What is killed halfway is recognized, and left as it is.
func TestAnInterruptedPlanIsNotTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	_, d := open(t, "", small())
	ctx, stop := context.WithCancel(t.Context())
	d.Progress = func(done, _ int) {
		if done > 60 {
			stop()
		}
	}
	_, err := demo.Build(ctx, d, demo.Seed)
	if err == nil {
		t.Fatal("nothing interrupted the building")
	}
	state, err := demo.StateOf(t.Context(), d)
	if err != nil || state != demo.Broken {
		t.Errorf("half a plan is %s, %v", state, err)
	}
	_, err = demo.Build(t.Context(), d, demo.Seed)
	if !errors.Is(err, demo.ErrBroken) {
		t.Errorf("building on half a plan: %v", err)
	}
}

func TestAPortalOfRecordIsLeftAlone(t *testing.T) {
	for name, use := range map[string]func(t *testing.T, a *app.App) error{
		"a person": func(t *testing.T, a *app.App) error {
			t.Helper()
			_, err := a.Accounts.Create(t.Context(), access.OperatorActor("tester"), account.NewPerson{Username: "real.person", Name: "Real Person",
				Email: "r@example.org", Password: "violet kettle under gravel", Side: access.Plan, OrgName: "Plan", Roles: []access.Role{access.PlanAdmin}})
			return err
		},
		"only data": func(t *testing.T, a *app.App) error {
			t.Helper()
			return a.Coverage.ImportPlans(t.Context(), access.OperatorActor("tester"), []coverage.Plan{{Code: "A", Name: "Real plan"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, d := open(t, "", small())
			err := use(t, a)
			if err != nil {
				t.Fatal(err)
			}
			_, err = demo.Build(t.Context(), d, demo.Seed)
			if !errors.Is(err, demo.ErrForeign) {
				t.Fatalf("a made-up plan was put into a portal that somebody uses: %v", err)
			}
		})
	}
}

func TestSignInsAreKeptForTheirOwner(t *testing.T) {
	dir := t.TempDir()
	all := demo.SignIns{
		{Role: "requester", Organization: "Office", Name: "Zoë Ämter", Username: "zoe", Password: "three plain words", FirstAddress: "/", Note: "Start here.",
			Members:  []demo.TryMember{{What: "covered", MemberID: "SHA1", LastName: "Łoś", FirstName: "A", BirthDate: "01/02/1950"}},
			Requests: []demo.TryRequest{{What: "approved", Number: "A26-482913075-6"}}},
		{Role: "nurse reviewer", Organization: demo.PlanName, Username: "nurse", Password: "other plain words", FirstAddress: "/plan/worklist", Accepted: true},
	}
	err := demo.WriteSignIns(dir, all)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, demo.FileName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"role"`, `"organization"`, `"username"`, `"password"`, `"second_factor_secret"`, `"first_address"`, `"note"`, `"accepted"`} {
		if !bytes.Contains(raw, []byte(key)) {
			t.Errorf("%s is missing", key)
		}
	}
	back, err := demo.ReadSignIns(dir)
	if err != nil || len(back) != 2 || back[0].Members[0] != all[0].Members[0] || back[1].Password != all[1].Password {
		t.Fatalf("%+v, %v", back, err)
	}
	_, err = demo.ReadSignIns(t.TempDir())
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	var out strings.Builder
	err = demo.Print(&out, back, "http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"http://127.0.0.1:8080", "zoe", "three plain words", "Start here.", "SHA1", "A26-482913075-6", "made up", "/plan/worklist"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the printed text does not say %q", text)
		}
	}
}
