package admission_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"

	"database/sql"
)

const (
	password = "violet kettle under gravel"
	riverTIN = "123456789"
	riverNPI = "1234567893"
	river    = id.Organization("org-river")
	hill     = id.Organization("org-hill")
)

func operator() access.Actor { return access.OperatorActor("root") }

type fixture struct {
	*admission.Service

	t        *testing.T
	d        *db.DB
	clock    *dbtest.Clock
	accounts *account.Service

	rosa, ada access.Actor // local administrators of Riverside
	dana      access.Actor // requester there
	hilda     access.Actor // local administrator of Hillside
	relations access.Actor // provider relations
	desk      access.Actor
	planAdmin access.Actor
	seen      map[string]bool // messages
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		zone, err := time.LoadLocation("America/New_York")
		must(t, err)
		accounts := account.New(account.Deps{DB: d, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}})
		f := &fixture{t: t, d: d, clock: clock, accounts: accounts, seen: map[string]bool{}}
		f.Service = admission.New(admission.Deps{DB: d, Accounts: accounts, Zone: zone, FindOrg: findOrg, Link: func(path string) string { return "https://portal.example.org" + path }})
		f.rosa = f.person("rosa.adler", "Rosa Ädler", river, access.LocalAdmin)
		f.dana = f.person("dana.okafor", "Dana Ọkafor", river, access.Requester)
		f.hilda = f.person("hilda.hill", "Hilda Hill", hill, access.LocalAdmin)
		f.relations = f.staff("rob.relations", access.ProviderRelations)
		f.desk = f.staff("hal.desk", access.HelpDesk)
		f.planAdmin = f.staff("petra.plan", access.PlanAdmin)
		f.skipMail()
		fn(t, f)
	})
}

func findOrg(_ *db.Tx, tin, npi string) (id.Organization, string, string, bool, error) {
	if tin == riverTIN && npi == riverNPI {
		return river, "Riverside Cardiology", riverTIN, true, nil
	}
	return "", "", "", false, nil
}

func (f *fixture) person(username, name string, org id.Organization, roles ...access.Role) access.Actor {
	f.t.Helper()
	orgName := "Riverside Cardiology"
	if org == hill {
		orgName = "Hillside Family Practice"
	}
	return f.create(account.NewPerson{Username: username, Name: name, Email: username + "@office.example", Password: password, Side: access.Office,
		Org: org, OrgName: orgName, OrgTIN: riverTIN, Roles: roles})
}

func (f *fixture) staff(username string, role access.Role) access.Actor {
	f.t.Helper()
	return f.create(account.NewPerson{Username: username, Name: "Staff " + username, Email: username + "@plan.example", Password: password, Side: access.Plan, Roles: []access.Role{role}})
}

func (f *fixture) create(n account.NewPerson) access.Actor {
	f.t.Helper()
	p, err := f.accounts.Create(f.ctx(), operator(), n)
	must(f.t, err)
	return access.Actor{Person: p, Username: n.Username, Name: n.Name, Side: n.Side, Org: n.Org, OrgName: n.OrgName, OrgTIN: n.OrgTIN, Roles: n.Roles, Providers: n.Providers,
		Session: "session-" + id.Session(n.Username), Door: access.DoorWeb, Address: "192.0.2.10"}
}

func (f *fixture) ctx() context.Context { return context.Background() }

// second makes ada a second administrator of Riverside.
func (f *fixture) second() {
	f.t.Helper()
	f.ada = f.person("ada.second", "Ada Second", river, access.LocalAdmin)
}

// mails gives the messages queued since it was asked last.
func (f *fixture) mails() []mail.Message {
	f.t.Helper()
	type row struct {
		id string
		m  mail.Message
	}
	var fresh []mail.Message
	must(f.t, f.d.View(f.ctx(), func(tx *db.Tx) error {
		all, err := db.Collect(func(r *sql.Rows) (m row, err error) {
			var payload []byte
			err = r.Scan(&m.id, &payload)
			if err != nil {
				return m, err
			}
			return m, json.Unmarshal(payload, &m.m)
		})(tx.Rows("select id, payload from job where kind = $1 order by at_us, id", mail.Job))
		for _, r := range all {
			if !f.seen[r.id] {
				f.seen[r.id] = true
				fresh = append(fresh, r.m)
			}
		}
		return err
	}))
	for _, m := range fresh {
		text := strings.Join(m.Text, "\n") + m.Subject
		for _, secret := range []string{password, "session-"} {
			if strings.Contains(text, secret) {
				f.t.Errorf("a mail holds a secret: %s", text)
			}
		}
	}
	return fresh
}

func (f *fixture) skipMail() { f.mails() }

func (f *fixture) to(kind string) (addresses []string) {
	f.t.Helper()
	for _, m := range f.mails() {
		if m.Kind != kind {
			f.t.Errorf("a mail of kind %q, want %q", m.Kind, kind)
		}
		addresses = append(addresses, m.Address)
	}
	slices.Sort(addresses)
	return addresses
}

// token gives the secret of the one mail that was just queued.
func (f *fixture) token() string {
	f.t.Helper()
	all := f.mails()
	if len(all) != 1 || all[0].Link == "" {
		f.t.Fatalf("%d mails, want one with a link", len(all))
	}
	_, token, _ := strings.Cut(all[0].Link, "/x/")
	return token
}

func link(token string) string { return "https://portal.example.org/x/" + token }

func (f *fixture) invite(who access.Actor, n admission.NewInvitation) string {
	f.t.Helper()
	_, err := f.Invite(f.ctx(), who, n, link)
	must(f.t, err)
	return f.token()
}

func newcomer() admission.NewInvitation {
	return admission.NewInvitation{Name: "Zoë Núñez-O’Brien", Email: "zoe@office.example", Roles: []access.Role{access.Requester}}
}

func choosing(username string) admission.Redeeming {
	return admission.Redeeming{Username: username, Name: "Zoë Núñez-O’Brien", Password: password}
}

// colleague gives somebody as the operator sees her in an organization.
func (f *fixture) colleague(org id.Organization, person id.Person) account.Colleague {
	f.t.Helper()
	c, err := f.Colleague(f.ctx(), operator(), org, person)
	must(f.t, err)
	return c
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

func wantProblem(t *testing.T, what string, err error, path, text string) {
	t.Helper()
	for _, p := range fault.Problems(err) {
		if p.Path == path && strings.Contains(p.Text, text) {
			return
		}
	}
	t.Errorf("%s: no problem at %s with %q in %v %v", what, path, text, err, fault.Problems(err))
}

func (f *fixture) exec(statement string) error {
	return f.d.Update(f.ctx(), func(tx *db.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
}
