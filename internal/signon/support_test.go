package signon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/idp"
)

const (
	site      = "http://localhost:8080"
	riverside = id.Organization("01jdriverside0000000000000")
	lakeview  = id.Organization("01jdlakeview00000000000000")
	ruthID    = id.Person("01jdruth000000000000000000")
	omarID    = id.Person("01jdomar000000000000000000")
	why       = "asked for by the office's IT"
)

var (
	staff = access.Actor{Person: "relations", Side: access.Plan, Roles: []access.Role{access.ProviderRelations}}
	desk  = access.Actor{Person: "desk", Side: access.Plan, Roles: []access.Role{access.HelpDesk}}
	ruth  = access.Actor{Person: ruthID, Side: access.Office, Org: riverside, Roles: []access.Role{access.Requester}}
	omar  = access.Actor{Person: omarID, Side: access.Office, Org: riverside, Roles: []access.Role{access.Requester}}
)

// here is the user of a fresh idp.
var here = idp.User{Subject: "user-1", Email: "ruth@riverside.example", Verified: true, Name: "Ruth Ọsẹ́i", AMR: []string{"pwd"}}

type fixture struct {
	*Service

	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	idp   *idp.Provider
	logs  *bytes.Buffer
}

// each runs fn on both engines with an identity provider that runs on the real
// clock: the portal's stands still at about the same time.
func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := aead.New(h)
	if err != nil {
		t.Fatal(err)
	}
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(time.Now())
		logs := &bytes.Buffer{}
		f := &fixture{t: t, d: d, clock: clock, idp: idp.Start(t, site+AnswerPath), logs: logs}
		f.Service, err = New(Deps{DB: d, Seal: keys, Site: site, Log: slog.New(slog.NewTextHandler(logs, nil))})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, f)
	})
}

func (f *fixture) form() Provider {
	return Provider{
		Org: riverside, Side: access.Office, Name: "Riverside Cardiology", Issuer: f.idp.Issuer, ClientID: f.idp.ClientID, Secret: f.idp.Secret,
		Domains: []string{"riverside.example", "Clínica.example"}, TrustFactor: true, ACRs: []string{"urn:two"},
	}
}

func (f *fixture) save(p Provider) Provider {
	f.t.Helper()
	p, err := f.Save(context.Background(), staff, p, why)
	if err != nil {
		f.t.Fatal(err, fault.Problems(err), errors.Unwrap(err))
	}
	return p
}

// begin goes to the provider and back, and gives the answer of the browser.
func (f *fixture) begin(start Start) Answer {
	f.t.Helper()
	redirect, browser, err := f.Begin(context.Background(), start)
	if err != nil {
		f.t.Fatal(err, errors.Unwrap(err))
	}
	return answer(f.idp.Browse(f.t, redirect), browser)
}

func answer(q url.Values, browser string) Answer {
	return Answer{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss"), Browser: browser}
}

func (f *fixture) finish(a Answer) (Identity, error) {
	f.t.Helper()
	return f.Finish(context.Background(), a)
}

func (f *fixture) signOn(start Start) Identity {
	f.t.Helper()
	i, err := f.finish(f.begin(start))
	if err != nil {
		f.t.Fatal(err, errors.Unwrap(err))
	}
	return i
}

func (f *fixture) link(who access.Actor, i Identity, p id.Person) error {
	return f.d.Update(context.Background(), func(tx *db.Tx) error { return Link(tx, who, i, p) })
}

func (f *fixture) text(query string, args ...any) (text string) {
	f.t.Helper()
	err := f.d.View(context.Background(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&text) })
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	err := f.d.View(context.Background(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v (%v), kind %v, want %v", what, err, errors.Unwrap(err), fault.KindOf(err), k)
	}
}

func wantProblem(t *testing.T, what string, err error, path, text string) {
	t.Helper()
	for _, p := range fault.Problems(err) {
		if p.Path == path && strings.Contains(p.Text, text) {
			return
		}
	}
	t.Errorf("%s: no problem at %s with %q: %v %v", what, path, text, err, fault.Problems(err))
}

// wantRefused wants the one answer, for the one reason.
func wantRefused(t *testing.T, what string, err, because error) {
	t.Helper()
	if !fault.Is(err, fault.Unauthenticated) || fault.Text(err) != fault.Text(refused(errNonce)) || !errors.Is(err, because) {
		t.Errorf("%s: %v because of %v, want the one refusal because of %v", what, err, errors.Unwrap(err), because)
	}
}
