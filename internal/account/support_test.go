package account

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	goodPassword  = "violet kettle under gravel"
	otherPassword = "marble ferns kneel sideways"
	home          = "192.0.2.10"
	elsewhere     = "198.51.100.7"
)

var (
	operator = access.OperatorActor("root")
	admin    = access.Actor{Person: "admin", Side: access.Plan, Roles: []access.Role{access.PlanAdmin}}
	desk     = access.Actor{Person: "desk", Side: access.Plan, Roles: []access.Role{access.HelpDesk}}
)

// cheap makes hashes that cost nothing.
func cheap() Params { return Params{Memory: 8, Passes: 1, Lanes: 1} }

type fixture struct {
	*Service

	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	logs  *safeBuffer
}

// safeBuffer is a buffer that many goroutines log into.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		logs := &safeBuffer{}
		f := &fixture{t: t, d: d, clock: clock, logs: logs}
		f.Service = New(Deps{DB: d, Argon: cheap(), Log: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		fn(t, f)
	})
}

func clerk(username string) NewPerson {
	return NewPerson{
		Username: username, Name: "Ruth Ọsẹ́i", Email: "ruth@riverside.example", Password: goodPassword, Side: access.Office,
		Org: "org-riverside", OrgName: "Riverside Cardiology", OrgTIN: "12-3456789", Roles: []access.Role{access.Requester},
	}
}

func (f *fixture) create(n NewPerson) id.Person {
	f.t.Helper()
	f.clock.Advance(time.Millisecond) // so that events have an order
	p, err := f.Create(context.Background(), operator, n)
	if err != nil {
		f.t.Fatalf("%v %v", err, fault.Problems(err))
	}
	return p
}

func (f *fixture) signIn(username, password, address string) (string, access.Actor, error) {
	return f.SignIn(context.Background(), Attempt{Username: username, Password: password, Address: address, Agent: "test"})
}

func (f *fixture) mustSignIn(username, password, address string) (string, access.Actor) {
	f.t.Helper()
	f.clock.Advance(time.Millisecond)
	token, who, err := f.signIn(username, password, address)
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.d.Update(context.Background(), func(tx *db.Tx) error { // as a second factor does
		_, err := tx.Exec("update account_session set proven_us = $1, strong_us = $2 where id = $3", db.Micros(tx.Now), db.Micros(tx.Now), string(who.Session))
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return token, who
}

func (f *fixture) open(token string) bool {
	f.t.Helper()
	_, err := f.Session(context.Background(), token, home)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		f.t.Fatal(err)
	}
	return err == nil
}

// kinds gives the events of a person, oldest first, as one text.
func (f *fixture) kinds(person id.Person) string {
	f.t.Helper()
	events, err := f.Events(context.Background(), operator, person, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	var words []string
	for i := len(events) - 1; i >= 0; i-- {
		words = append(words, string(events[i].Kind))
	}
	return strings.Join(words, " | ")
}

func (f *fixture) count(query string) (n int) {
	f.t.Helper()
	err := f.d.View(context.Background(), func(tx *db.Tx) error { return tx.Row(query).Scan(&n) })
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %v, want %v", what, err, fault.KindOf(err), k)
	}
}

func wantProblem(t *testing.T, what string, err error, path, text string) {
	t.Helper()
	for _, p := range fault.Problems(err) {
		if p.Path == path && strings.Contains(p.Text, text) {
			return
		}
	}
	t.Errorf("%s: no problem at %s with %q in %v", what, path, text, fault.Problems(err))
}
