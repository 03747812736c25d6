package client_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/client"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

const (
	password = "violet kettle under gravel"
	river    = id.Organization("org-river")
	hill     = id.Organization("org-hill")
	here     = "192.0.2.10"
	there    = "198.51.100.7"
)

type fixture struct {
	*client.Service

	t          *testing.T
	d          *db.DB
	clock      *dbtest.Clock
	accounts   *account.Service
	agreements *agreement.Service

	rosa, hilda access.Actor // local administrators of two organizations
	dana        access.Actor // requester
	petra       access.Actor // plan administrator
	nurse       access.Actor
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		f := &fixture{t: t, d: d, clock: clock}
		f.accounts = account.New(account.Deps{DB: d, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}})
		f.agreements = agreement.New(agreement.Deps{DB: d, Fields: agreement.Fields{Plan: "Plan", HelpDeskPhone: "1", HelpDeskEmail: "a@b.example", HelpDeskAddress: "2 St."}})
		_, err := f.agreements.EnsurePublished(f.ctx(), access.SystemActor("agreement"))
		must(t, err)
		f.Service = client.New(client.Deps{DB: d, Agreements: f.agreements})
		f.rosa = f.person("rosa.adler", access.Office, river, access.LocalAdmin)
		f.dana = f.person("dana.okafor", access.Office, river, access.Requester)
		f.hilda = f.person("hilda.hill", access.Office, hill, access.LocalAdmin)
		f.petra = f.person("petra.plan", access.Plan, "", access.PlanAdmin)
		f.nurse = f.person("nora.nurse", access.Plan, "", access.Nurse)
		fn(t, f)
	})
}

func (f *fixture) ctx() context.Context { return f.t.Context() }

func (f *fixture) person(username string, side access.Side, org id.Organization, role access.Role) access.Actor {
	f.t.Helper()
	n := account.NewPerson{Username: username, Name: "Rösa <b> " + username, Password: password, Side: side, Org: org, Roles: []access.Role{role}}
	if org != "" {
		n.OrgName, n.OrgTIN = "Office "+string(org), "123456789"
	}
	p, err := f.accounts.Create(f.ctx(), access.OperatorActor("root"), n)
	must(f.t, err)
	return access.Actor{Person: p, Username: username, Name: n.Name, Side: side, Org: org, OrgName: n.OrgName, OrgTIN: n.OrgTIN, Roles: n.Roles,
		Session: "session-" + id.Session(username), Door: access.DoorWeb, Address: here}
}

func (f *fixture) register() client.Key {
	f.t.Helper()
	key, err := f.Register(f.ctx(), f.rosa, "Scheduling", access.Requester)
	must(f.t, err)
	return key
}

func (f *fixture) shown() agreement.Acceptance {
	f.t.Helper()
	v, err := f.agreements.Current(f.ctx())
	must(f.t, err)
	return agreement.Acceptance{Version: v.ID, SHA256: v.SHA256, Button: "Accept", Address: here, Agent: "Browser/1\n<b>", Locale: "en-US"}
}

func (f *fixture) accept(c client.ID) {
	f.t.Helper()
	must(f.t, f.Accept(f.ctx(), f.rosa, c, f.shown()))
}

func (f *fixture) token(key client.Key) string {
	f.t.Helper()
	token, err := f.Token(f.ctx(), string(key.ID), key.Secret, here)
	must(f.t, err)
	return token
}

func (f *fixture) opens(what, token string, k fault.Kind) {
	f.t.Helper()
	_, err := f.Actor(f.ctx(), token)
	wantKind(f.t, what, err, k)
}

func (f *fixture) standing(o account.Standing) {
	f.t.Helper()
	o.Reason = "left the network"
	must(f.t, f.d.Update(f.ctx(), func(tx *db.Tx) error { return account.SetStanding(tx, f.petra, river, o) }))
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	must(f.t, f.d.View(f.ctx(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) }))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v %v", err, fault.Problems(err))
	}
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v %v, kind %v, want %v", what, err, fault.Problems(err), fault.KindOf(err), k)
	}
}

func TestAProgramWorksForItsOrganization(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.accept(key.ID)
		token := f.token(key)
		who, err := f.Actor(f.ctx(), token)
		must(t, err)
		if who.Person != id.Person("client:"+key.ID) || who.Username != "client:Scheduling" || who.Side != access.Office || who.Org != river || who.OrgName != "Office org-river" ||
			!who.Has(access.SubmitRequests) || who.Has(access.ManageOffice) || who.Door != "api" || who.Session == "" {
			t.Errorf("%+v", who)
		}
		f.clock.Advance(client.TokenLasts - time.Second)
		f.opens("in time", token, 0)
		f.clock.Advance(time.Second)
		f.opens("late", token, fault.Unauthenticated)
		for what, text := range map[string]string{"made up": key.Secret, "none": "", "long": strings.Repeat("x", 5000), "part": token[:20]} {
			f.opens(what, text, fault.Unauthenticated)
		}
		for _, secret := range []string{key.Secret, token} {
			if n := f.count("select count(*) from client where name = $1 or network = $2", secret, secret); n != 0 || len(secret) != 43 {
				t.Error("a secret is kept or short")
			}
		}
		all, err := f.List(f.ctx(), f.rosa)
		must(t, err)
		if len(all) != 1 || all[0].Name != "Scheduling" || !all[0].Accepted || all[0].Used.IsZero() || all[0].State != client.Active {
			t.Errorf("%+v", all)
		}
		if n := f.count("select count(*) from client_event where client = $1", string(key.ID)); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

func TestWhoRegistersAndWhat(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for what, c := range map[string]struct {
			who  access.Actor
			kind fault.Kind
		}{"a requester": {f.dana, fault.Forbidden}, "the plan": {f.petra, fault.Forbidden}, "nobody": {access.Actor{}, fault.Unauthenticated}} {
			_, err := f.Register(f.ctx(), c.who, "Scheduling", access.Viewer)
			wantKind(t, what, err, c.kind)
		}
		for what, c := range map[string]struct {
			name string
			role access.Role
			path string
		}{
			"no name": {" a ", access.Viewer, "name"}, "a long name": {strings.Repeat("é", 61), access.Viewer, "name"}, "control": {"ab\x00cd", access.Viewer, "name"}, "bytes": {"ab\xffcd", access.Viewer, "name"},
			"no role": {"Billing", "", "role"}, "an administrator": {"Billing", access.LocalAdmin, "role"}, "a nurse": {"Billing", access.Nurse, "role"},
		} {
			_, err := f.Register(f.ctx(), f.rosa, c.name, c.role)
			if p := fault.Problems(err); len(p) != 1 || p[0].Path != c.path {
				t.Errorf("%s: %v %v", what, err, p)
			}
		}
		key := f.register()
		_, err := f.Register(f.ctx(), f.rosa, "  sCHEDULING ", access.Viewer)
		wantKind(t, "the name again", err, fault.Invalid)
		must(t, f.End(f.ctx(), f.rosa, key.ID, "replaced"))
		_, err = f.Register(f.ctx(), f.rosa, "Scheduling", access.Viewer)
		wantKind(t, "the name of an ended one", err, fault.Invalid)
		_, err = f.Register(f.ctx(), f.hilda, "Scheduling", access.Viewer)
		must(t, err)
	})
}

// A program gets no more than the administrator who registers it has: neither
// another provider, nor a role once hers is gone.
func TestNeverMoreThanTheAdministratorHas(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.person("ada.second", access.Office, river, access.LocalAdmin) // so that Rosa may stop being one
		must(t, f.d.Update(f.ctx(), func(tx *db.Tx) error {
			return account.Give(tx, access.OperatorActor("root"), f.rosa.Person, river, f.rosa.OrgName, f.rosa.OrgTIN,
				account.Grant{Roles: []access.Role{access.LocalAdmin}, Providers: []string{"1234567893"}}, "limited")
		}))
		key := f.register()
		f.accept(key.ID)
		who, err := f.Actor(f.ctx(), f.token(key))
		must(t, err)
		if !who.Reaches("1234567893") || who.Reaches("1000000004") {
			t.Errorf("%+v", who.Providers)
		}
		must(t, f.d.Update(f.ctx(), func(tx *db.Tx) error {
			return account.Give(tx, access.OperatorActor("root"), f.rosa.Person, river, f.rosa.OrgName, f.rosa.OrgTIN, account.Grant{Roles: []access.Role{access.Viewer}}, "changed")
		}))
		_, err = f.NewSecret(f.ctx(), f.rosa, key.ID) // her page still says local administrator
		wantKind(t, "an administrator no more", err, fault.Forbidden)
	})
}

func TestAnotherOrganizationsProgramIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.accept(key.ID)
		token := f.token(key)
		for _, c := range []client.ID{key.ID, "01jdbq3h6m2t9v8x7c5b4a3z21", ""} {
			_, err := f.NewSecret(f.ctx(), f.hilda, c)
			wantKind(t, "new secret", err, fault.NotFound)
			wantKind(t, "end", f.End(f.ctx(), f.hilda, c, "because"), fault.NotFound)
			wantKind(t, "accept", f.Accept(f.ctx(), f.hilda, c, f.shown()), fault.NotFound)
			_, err = f.Named(f.ctx(), f.hilda, c)
			wantKind(t, "named", err, fault.NotFound)
		}
		if all, err := f.List(f.ctx(), f.hilda); err != nil || len(all) != 0 {
			t.Errorf("%v %v", all, err)
		}
		f.opens("afterwards", token, 0)
		for _, who := range []access.Actor{f.nurse, f.rosa, {}} {
			for what, do := range map[string]func(context.Context, access.Actor, client.ID, string) error{"suspend": f.Suspend, "reinstate": f.Reinstate, "cancel": f.Cancel} {
				if err := do(f.ctx(), who, key.ID, "because"); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("%s by %s: %v", what, who.Username, err)
				}
			}
			if _, err := f.All(f.ctx(), who); err == nil {
				t.Errorf("%s sees every program", who.Username)
			}
		}
	})
}

func TestTheAdministratorAcceptsForIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		token := f.token(key)
		_, err := f.Actor(f.ctx(), token)
		wantKind(t, "before", err, fault.Forbidden)
		if fault.Text(err) != "The agreement has to be accepted for this program first" {
			t.Error(err)
		}
		a := f.shown()
		for what, bad := range map[string]agreement.Acceptance{
			"another version": {Version: "x", SHA256: a.SHA256, Button: "Accept"}, "other bytes": {Version: a.Version, SHA256: "00", Button: "Accept"},
		} {
			wantKind(t, what, f.Accept(f.ctx(), f.rosa, key.ID, bad), fault.Conflict)
		}
		wantKind(t, "no button", f.Accept(f.ctx(), f.rosa, key.ID, agreement.Acceptance{Version: a.Version, SHA256: a.SHA256}), fault.Invalid)
		wantKind(t, "a requester", f.Accept(f.ctx(), f.dana, key.ID, a), fault.Forbidden)
		wantKind(t, "staff", f.Accept(f.ctx(), f.petra, key.ID, a), fault.Forbidden)
		f.opens("after these", token, fault.Forbidden)
		f.accept(key.ID)
		f.accept(key.ID)
		f.opens("accepted", token, 0)
		var found []record.Entry
		must(t, f.d.View(f.ctx(), func(tx *db.Tx) error {
			all, err := record.Entries(tx, "agreement/"+string(a.Version))
			for _, e := range all {
				if e.Kind == "agreement.accepted" {
					found = append(found, e)
				}
			}
			return err
		}))
		if len(found) != 1 {
			t.Fatalf("%d entries", len(found))
		}
		for _, w := range []string{string(key.ID), `"Scheduling"`, string(f.rosa.Person), string(f.rosa.Session), a.SHA256, `"Accept"`, here, "en-US", "Browser/1"} {
			if !strings.Contains(string(found[0].Body), w) {
				t.Errorf("the entry lacks %s: %s", w, found[0].Body)
			}
		}
		if n := f.count("select count(*) from client_acceptance where client = $1 and person = $2 and entry = $3 and sha256 = $4",
			string(key.ID), string(f.rosa.Person), string(found[0].ID), a.SHA256); n != 1 {
			t.Errorf("%d rows", n)
		}
		for _, table := range []string{"client_acceptance", "client_event"} {
			for _, statement := range []string{"delete from " + table, "update " + table + " set org = 'x'"} {
				if err := f.d.Update(f.ctx(), func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }); err == nil {
					t.Errorf("%s worked", statement)
				}
			}
		}
	})
}

func TestEveryEndEndsTheTokensAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.accept(key.ID)
		ask := func(k client.Key) error {
			_, err := f.Token(f.ctx(), string(k.ID), k.Secret, here)
			return err
		}
		for _, reason := range []string{"", "no", strings.Repeat("x", 501), "a\nb c"} {
			wantKind(t, "reason", f.Suspend(f.ctx(), f.petra, key.ID, reason), fault.Invalid)
			wantKind(t, "reason", f.End(f.ctx(), f.rosa, key.ID, reason), fault.Invalid)
		}
		token := f.token(key)
		old := key
		key, err := f.NewSecret(f.ctx(), f.rosa, key.ID)
		must(t, err)
		f.opens("after a new secret", token, fault.Unauthenticated)
		wantKind(t, "the old secret", ask(old), fault.Unauthenticated)

		token = f.token(key)
		must(t, f.Suspend(f.ctx(), f.petra, key.ID, "asks too much – ¡sí!"))
		f.opens("suspended", token, fault.Unauthenticated)
		wantKind(t, "suspended", ask(key), fault.Unauthenticated)
		wantKind(t, "suspended twice", f.Suspend(f.ctx(), f.petra, key.ID, "again"), fault.Conflict)
		wantKind(t, "accept", f.Accept(f.ctx(), f.rosa, key.ID, f.shown()), fault.Conflict)
		_, err = f.NewSecret(f.ctx(), f.rosa, key.ID)
		wantKind(t, "new secret", err, fault.Conflict)
		c, err := f.Any(f.ctx(), f.petra, key.ID)
		if err != nil || c.State != client.Suspended || c.Reason != "asks too much – ¡sí!" {
			t.Errorf("%+v %v", c, err)
		}
		must(t, f.Reinstate(f.ctx(), f.petra, key.ID, "mended"))
		f.opens("reinstated, the old token", token, fault.Unauthenticated)
		wantKind(t, "reinstated twice", f.Reinstate(f.ctx(), f.petra, key.ID, "again"), fault.Conflict)
		token = f.token(key)
		f.opens("reinstated", token, 0)
		must(t, f.Cancel(f.ctx(), f.petra, key.ID, "sold on"))
		f.opens("cancelled", token, fault.Unauthenticated)
		wantKind(t, "cancelled", ask(key), fault.Unauthenticated)
		wantKind(t, "reinstate", f.Reinstate(f.ctx(), f.petra, key.ID, "again"), fault.Conflict)
		wantKind(t, "end", f.End(f.ctx(), f.rosa, key.ID, "again"), fault.Conflict)

		other, err := f.Register(f.ctx(), f.rosa, "Billing", access.Viewer)
		must(t, err)
		f.accept(other.ID)
		token = f.token(other)
		must(t, f.End(f.ctx(), f.rosa, other.ID, "not needed"))
		f.opens("ended", token, fault.Unauthenticated)
		wantKind(t, "ended", ask(other), fault.Unauthenticated)
		wantKind(t, "suspend", f.Suspend(f.ctx(), f.petra, other.ID, "again"), fault.Conflict)
		if n := f.count("select count(*) from client_token"); n != 0 {
			t.Errorf("%d tokens are left", n)
		}
	})
}

func TestTheOrganizationsStandingCounts(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.accept(key.ID)
		token := f.token(key)
		now := f.clock.Now()
		f.standing(account.Standing{Suspended: true})
		f.opens("suspended", token, fault.Forbidden)
		_, err := f.Token(f.ctx(), string(key.ID), key.Secret, here)
		wantKind(t, "a token", err, fault.Unauthenticated)
		f.standing(account.Standing{ViewOnly: now.Add(-time.Hour), Closes: now.Add(time.Minute)})
		who, err := f.Actor(f.ctx(), token)
		if err != nil || who.Has(access.SubmitRequests) || !who.Is(access.Viewer) {
			t.Errorf("%+v %v", who.Roles, err)
		}
		f.clock.Advance(time.Minute)
		f.opens("closed", token, fault.Forbidden)
		f.standing(account.Standing{})
		f.opens("open again", token, 0)
	})
}

func TestANewVersionAsksAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := f.register()
		f.accept(key.ID)
		token, before := f.token(key), f.shown()
		_, err := f.agreements.Publish(f.ctx(), f.petra, agreement.Draft{Title: "User Agreement",
			Markdown: "## One\n\nNew words {{plan}} {{helpdesk_phone}} {{helpdesk_email}} {{helpdesk_address}} {{effective}}\n"})
		must(t, err)
		f.opens("after a new version", token, fault.Forbidden)
		wantKind(t, "the old text", f.Accept(f.ctx(), f.rosa, key.ID, before), fault.Conflict)
		c, err := f.Named(f.ctx(), f.rosa, key.ID)
		if err != nil || c.Accepted {
			t.Errorf("%+v %v", c, err)
		}
		f.accept(key.ID)
		f.opens("accepted again", token, 0)
	})
}

func TestAnOrganizationHas50ProgramsAtMost(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first := f.register()
		for i := range 49 {
			_, err := f.Register(f.ctx(), f.rosa, "Program "+strconv.Itoa(i), access.Viewer)
			must(t, err)
		}
		_, err := f.Register(f.ctx(), f.rosa, "One more", access.Viewer)
		wantKind(t, "one more", err, fault.Conflict)
		must(t, f.End(f.ctx(), f.rosa, first.ID, "not used"))
		_, err = f.Register(f.ctx(), f.rosa, "One more", access.Viewer)
		must(t, err)
	})
}
