package watch_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
	"hsconnect/internal/watch"
)

const (
	password = "violet kettle under gravel"
	desk     = "helpdesk@plan.example"
	office   = "192.0.2.10"
	home     = "198.51.100.7"
	far      = "203.0.113.99"
)

// fixture is accounts and the watch on a database whose clock a test moves.
type fixture struct {
	*watch.Service

	t        *testing.T
	d        *db.DB
	clock    *dbtest.Clock
	accounts *account.Service

	ruth, omar                       id.Person
	admin, second, privacy, security access.Actor
	helpDesk                         access.Actor
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		zone, err := time.LoadLocation("America/New_York")
		must(t, err)
		f := &fixture{t: t, d: d, clock: clock,
			accounts: account.New(account.Deps{DB: d, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}}),
			Service:  watch.New(watch.Deps{DB: d, Zone: zone, HelpDesk: desk, Call: "1-800-555-0142", Site: "https://portal.example.org"}),
		}
		f.people()
		f.run() // from here on the rules look
		fn(t, f)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) people() {
	f.ruth = f.create("ruth", "Ruth Ọsẹ́i", access.Office, access.Requester)
	f.omar = f.create("omar", "Omar <b>Haddad</b>", access.Office, access.LocalAdmin)
	f.admin = f.staff("admin", access.PlanAdmin)
	f.second = f.staff("second", access.PlanAdmin)
	f.privacy = f.staff("privacy", access.PrivacyOfficer)
	f.security = f.staff("security", access.SecurityOfficer)
	f.helpDesk = f.staff("desk", access.HelpDesk)
}

func (f *fixture) create(username, name string, side access.Side, roles ...access.Role) id.Person {
	f.t.Helper()
	f.clock.Advance(time.Millisecond)
	n := account.NewPerson{Username: username, Name: name, Email: username + "@riverside.example", Password: password, Side: side, Roles: roles}
	if side == access.Office {
		n.Org, n.OrgName = "org-riverside", "Riverside Cardiology"
	}
	p, err := f.accounts.Create(context.Background(), access.OperatorActor("root"), n)
	must(f.t, err)
	return p
}

func (f *fixture) staff(username string, role access.Role) access.Actor {
	p := f.create(username, username, access.Plan, role)
	return access.Actor{Person: p, Username: username, Name: username, Side: access.Plan, Roles: []access.Role{role}, Session: "s", Door: access.DoorWeb}
}

// signIn signs in from an address, with the second factor as given.
func (f *fixture) signIn(username, address string, proven bool) (string, access.Actor) {
	f.t.Helper()
	f.clock.Advance(time.Second)
	token, who, err := f.accounts.SignIn(context.Background(), account.Attempt{Username: username, Password: password, Address: address, Agent: "test"})
	must(f.t, err)
	if proven {
		f.exec("update account_session set proven_us = $1 where id = $2", db.Micros(f.clock.Now()), string(who.Session))
	}
	return token, who
}

// fail fails to sign in.
func (f *fixture) fail(username, address string, n int) {
	f.t.Helper()
	for range n {
		_, _, err := f.accounts.SignIn(context.Background(), account.Attempt{Username: username, Password: "wrong", Address: address})
		if err == nil {
			f.t.Fatal("a wrong password opened the account")
		}
		// Waits out the throttle without leaving the rule's window.
		f.exec("delete from account_throttle")
		f.clock.Advance(time.Second)
	}
}

func (f *fixture) open(token, address string) bool {
	f.t.Helper()
	_, err := f.accounts.Session(context.Background(), token, address)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		f.t.Fatal(err)
	}
	return err == nil
}

func (f *fixture) exec(query string, args ...any) {
	f.t.Helper()
	must(f.t, f.d.Update(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}))
}

func (f *fixture) number(query string, args ...any) (n int) {
	f.t.Helper()
	must(f.t, f.d.View(context.Background(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) }))
	return n
}

func (f *fixture) person(p id.Person) (out account.Person) {
	f.t.Helper()
	must(f.t, f.d.View(context.Background(), func(tx *db.Tx) (err error) {
		out, err = account.Watched(tx, p)
		return err
	}))
	return out
}

// mails gives what was queued for an address, as one text each.
func (f *fixture) mails(address string) (all []string) {
	f.t.Helper()
	var payloads [][]byte
	must(f.t, f.d.View(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.Rows("select payload from job where kind = $1 order by id", mail.Job)
		if err != nil {
			return err
		}
		defer rows.Close()
		payloads = nil
		for rows.Next() {
			var b []byte
			err = rows.Scan(&b)
			if err != nil {
				return err
			}
			payloads = append(payloads, b)
		}
		return rows.Err()
	}))
	for _, b := range payloads {
		var m mail.Message
		must(f.t, json.Unmarshal(b, &m))
		if m.Address == address {
			all = append(all, m.Kind+": "+m.Subject+"\n"+strings.Join(m.Text, "\n")+"\n"+m.Link)
		}
	}
	return all
}

// run lets the rules look, and gives how many suspicions they had.
func (f *fixture) run() int {
	f.t.Helper()
	n, err := f.Run(context.Background())
	must(f.t, err)
	return n
}

func (f *fixture) look(who access.Actor, outcome disclosure.Outcome, member id.Member, subject string) {
	f.t.Helper()
	must(f.t, f.d.Update(context.Background(), func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Member: member, Subject: subject, Fields: []access.Field{access.FieldName}, Purpose: access.Treatment, Outcome: outcome})
		return err
	}))
}

func (f *fixture) cases(state watch.State) []watch.Case {
	f.t.Helper()
	all, err := f.List(context.Background(), f.privacy, state)
	must(f.t, err)
	return all
}

// steps gives the steps of a case, oldest first, as one text.
func (f *fixture) steps(c watch.ID) string {
	f.t.Helper()
	_, _, steps, err := f.Case(context.Background(), f.privacy, c)
	must(f.t, err)
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = string(s.Kind)
	}
	return strings.Join(words, " | ")
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %v, want %v", what, err, fault.KindOf(err), k)
	}
}

func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q lacks %q", text, p)
		}
	}
}
