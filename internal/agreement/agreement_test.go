package agreement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/record"
)

var (
	clerk = access.Actor{Person: "clerk", Username: "ruth.osei", Name: "Ruth Ọsẹ́i <b>", Side: access.Office, Org: "org-a", OrgName: "Riverside Cardiology",
		Roles: []access.Role{access.Requester}, Session: "session-1", Door: access.DoorWeb, Address: "192.0.2.7"}
	machine = access.SystemActor("agreement")
	admin   = access.Actor{Person: "admin", Username: "admin", Side: access.Plan, Roles: []access.Role{access.PlanAdmin}, Session: "session-2", Door: access.DoorWeb}
)

func fields() Fields {
	return Fields{Plan: "Evergreen Health Plan", HelpDeskPhone: "1-800-555-0100", HelpDeskEmail: "helpdesk@evergreen.example", HelpDeskAddress: "1 Elm St., Albany, NY 12207"}
}

func draft(words string) Draft {
	return Draft{Title: "User Agreement", Markdown: "## One\n\n" + words + " {{plan}} {{helpdesk_phone}} {{helpdesk_email}} {{helpdesk_address}} {{effective}}\n"}
}

func each(t *testing.T, fn func(t *testing.T, s *Service, clock *dbtest.Clock)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		fn(t, New(Deps{DB: d, Fields: fields()}), clock)
	})
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v %v", err, fault.Problems(err))
		}
		return v
	}
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %v, want %v", what, err, fault.KindOf(err), k)
	}
}

func press(v Version) Acceptance {
	return Acceptance{Version: v.ID, SHA256: v.SHA256, Button: "Accept", Address: "192.0.2.7", Agent: "Browser/1.0", Locale: "en-US"}
}

func (s *Service) has(t *testing.T, who access.Actor) bool {
	t.Helper()
	return must[bool](t)(s.Accepted(context.Background(), who))
}

func (s *Service) entries(t *testing.T, v Version) (all []record.Entry) {
	t.Helper()
	err := s.db.View(context.Background(), func(tx *db.Tx) (err error) {
		all, err = record.Entries(tx, subject(v.ID))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNothingIsOpenBeforeAVersionIsPublished(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		_, err := s.Current(context.Background())
		wantKind(t, "current", err, fault.Unavailable)
		wantKind(t, "accepting", s.Accept(context.Background(), clerk, Acceptance{Button: "Accept"}), fault.Unavailable)
		_, err = s.ByNumber(context.Background(), 1)
		wantKind(t, "first", err, fault.NotFound)
		if s.has(t, clerk) {
			t.Error("accepted nothing")
		}
	})
}

func TestTheShippedTextIsPublishedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		_, err := s.EnsurePublished(ctx, clerk)
		wantKind(t, "a clerk", err, fault.Forbidden)
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = s.EnsurePublished(ctx, machine) })
		}
		all.Wait()
		err = errors.Join(errs...)
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(365 * 24 * time.Hour)
		other := New(Deps{DB: s.db, Fields: Fields{Plan: "Renamed", HelpDeskPhone: "1", HelpDeskEmail: "2", HelpDeskAddress: "3"}})
		v := must[Version](t)(other.EnsurePublished(ctx, machine))
		if v.Number != 1 || strings.Contains(v.HTML, "Renamed") || v.Effective != (civil.Date{Y: 2026, M: 11, D: 23}) || len(must[[]Version](t)(s.Versions(ctx))) != 1 {
			t.Errorf("%+v", v)
		}
		if e := s.entries(t, v); len(e) != 1 || e[0].Kind != "agreement.published" || !strings.Contains(string(e[0].Body), v.SHA256) {
			t.Errorf("%+v", e)
		}
	})
}

// A release may bring another text: what was published stays until somebody
// publishes.
func TestAnotherShippedTextPublishesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		first := must[Version](t)(s.Publish(ctx, machine, draft("what an older release shipped")))
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		if v != first || len(must[[]Version](t)(s.Versions(ctx))) != 1 {
			t.Errorf("%+v", v)
		}
		if p := must[Preview](t)(s.Preview(ctx, admin)); !p.Changed || p.Number != 2 {
			t.Error("the new text is not offered as a draft")
		}
	})
}

// E-03, E-04: the acceptance proves who, what, when, where and how, in the
// row and in the record, and the text hashes to what it says.
func TestAnAcceptanceIsProof(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		a := press(v)
		a.Agent = "Browser\x1b[31m/1.0\n" + strings.Repeat("x", 500)
		if s.has(t, clerk) {
			t.Fatal("accepted before")
		}
		err := s.Accept(ctx, clerk, a)
		if err != nil {
			t.Fatal(err)
		}
		mine := must[[]Accepted](t)(s.Mine(ctx, clerk))
		if !s.has(t, clerk) || s.has(t, admin) || len(mine) != 1 {
			t.Fatalf("%+v", mine)
		}
		got := mine[0]
		if strings.ContainsAny(got.Agent, "\x1b\n") || len(got.Agent) != maxAgent {
			t.Errorf("%q", got.Agent)
		}
		entries := s.entries(t, v)
		want := Accepted{ID: got.ID, Version: v.ID, Number: 1, Title: ShippedTitle, SHA256: v.SHA256, Effective: v.Effective, Person: "clerk", Username: "ruth.osei",
			Name: clerk.Name, Org: "org-a", OrgName: "Riverside Cardiology", Session: "session-1", Button: "Accept", Address: "192.0.2.7", Agent: got.Agent,
			Locale: "en-US", Entry: entries[1].ID, At: clock.Now()}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
		var p proof
		err = json.Unmarshal(entries[1].Body, &p)
		if err != nil || entries[1].Kind != "agreement.accepted" || entries[1].Person != "clerk" {
			t.Fatalf("%+v, %v", entries[1], err)
		}
		if (p != proof{ID: got.ID, Version: v.ID, Number: 1, SHA256: v.SHA256, Person: "clerk", Username: "ruth.osei", Name: clerk.Name, Org: "org-a",
			OrgName: "Riverside Cardiology", Session: "session-1", Button: "Accept", Address: "192.0.2.7", Agent: got.Agent, Locale: "en-US", At: clock.Now()}) {
			t.Errorf("%+v", p)
		}
		stored := must[Version](t)(s.ByNumber(ctx, 1))
		sum := sha256.Sum256([]byte(stored.HTML))
		if hex.EncodeToString(sum[:]) != got.SHA256 || stored != v {
			t.Error("the stored text is not the accepted one")
		}
	})
}

// a new version asks again; what was accepted stays readable.
func TestANewVersionAsksAgain(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		first := must[Version](t)(s.EnsurePublished(ctx, machine))
		err := s.Accept(ctx, clerk, press(first))
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		d := draft("changed")
		d.Effective = civil.Date{Y: 2027, M: 1, D: 1}
		second := must[Version](t)(s.Publish(ctx, admin, d))
		if second.Number != 2 || second.SHA256 == first.SHA256 || !strings.Contains(second.HTML, "January 1, 2027") || s.has(t, clerk) {
			t.Errorf("%+v", second)
		}
		wantKind(t, "the older version", s.Accept(ctx, clerk, press(first)), fault.Conflict)
		mixed := press(second)
		mixed.SHA256 = first.SHA256
		wantKind(t, "other bytes", s.Accept(ctx, clerk, mixed), fault.Conflict)
		wantKind(t, "an unknown version", s.Accept(ctx, clerk, Acceptance{Version: "x", SHA256: second.SHA256, Button: "Accept"}), fault.Conflict)
		unpressed := press(second)
		unpressed.Button = " \x00 "
		wantKind(t, "no button", s.Accept(ctx, clerk, unpressed), fault.Invalid)
		if s.has(t, clerk) {
			t.Fatal("a refused acceptance counts")
		}
		err = s.Accept(ctx, clerk, press(second))
		if err != nil || !s.has(t, clerk) {
			t.Fatal(err)
		}
		mine := must[[]Accepted](t)(s.Mine(ctx, clerk))
		if len(mine) != 2 || mine[0].Number != 2 || mine[1].SHA256 != first.SHA256 {
			t.Errorf("%+v", mine)
		}
		if must[Version](t)(s.ByNumber(ctx, 1)) != first || must[Version](t)(s.Current(ctx)) != second {
			t.Error("a version changed")
		}
	})
}

func TestAcceptingTwiceIsOneAcceptance(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() { errs[i] = s.Accept(ctx, clerk, press(v)) })
		}
		all.Wait()
		clock.Advance(time.Hour)
		err := errors.Join(append(errs, s.Accept(ctx, clerk, press(v)))...)
		if err != nil {
			t.Fatal(err)
		}
		mine := must[[]Accepted](t)(s.Mine(ctx, clerk))
		if len(mine) != 1 || !mine[0].At.Equal(clock.Now().Add(-time.Hour)) {
			t.Errorf("%+v", mine)
		}
		if n := len(s.entries(t, v)); n != 2 {
			t.Errorf("%d entries, want one of publishing and one of accepting", n)
		}
	})
}

func TestOnlyAPersonWhoIsSignedInAccepts(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		without := clerk
		without.Session = ""
		for _, who := range []access.Actor{{}, without, machine, access.OperatorActor("root")} {
			wantKind(t, "accepting", s.Accept(ctx, who, press(v)), fault.Unauthenticated)
			wantKind(t, "declining", s.Declined(ctx, who), fault.Unauthenticated)
			if s.has(t, who) {
				t.Errorf("%v has accepted", who)
			}
		}
		_, err := s.Mine(ctx, access.Actor{})
		wantKind(t, "nobody's", err, fault.Unauthenticated)
	})
}

func TestDecliningIsKeptAndOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		wantKind(t, "nothing to decline", s.Declined(ctx, clerk), fault.Unavailable)
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		wantKind(t, "declining", s.Declined(ctx, clerk), 0)
		e := s.entries(t, v)
		if len(e) != 2 || e[1].Kind != "agreement.declined" || e[1].Person != "clerk" || !strings.Contains(string(e[1].Body), v.SHA256) || s.has(t, clerk) {
			t.Errorf("%+v", e)
		}
		wantKind(t, "accepting after all", s.Accept(ctx, clerk, press(v)), 0)
	})
}

func TestNothingIsChangedOrRemoved(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		v := must[Version](t)(s.EnsurePublished(ctx, machine))
		err := errors.Join(s.Declined(ctx, clerk), s.Accept(ctx, clerk, press(v)))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{
			"update agreement set html = 'x'", "delete from agreement", "update acceptance set sha256 = 'x'",
			"delete from acceptance",
		} {
			err := s.db.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}
