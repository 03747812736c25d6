package agreement

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func staff(role access.Role) access.Actor {
	return access.Actor{Person: id.Person(role), Username: "staff", Side: access.Plan, Roles: []access.Role{role}}
}

func TestStaffProveWhoAcceptedWhat(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		v1 := must[Version](t)(s.EnsurePublished(ctx, machine))
		clock.Advance(time.Hour)
		wantKind(t, "the first", s.Accept(ctx, clerk, press(v1)), 0)
		wantKind(t, "another", s.Accept(ctx, admin, press(v1)), 0)
		v2 := must[Version](t)(s.Publish(ctx, admin, draft("words")))
		clock.Advance(time.Hour)
		wantKind(t, "the second", s.Accept(ctx, clerk, press(v2)), 0)

		all := must[[]Accepted](t)(s.AcceptancesOf(ctx, staff(access.HelpDesk), "clerk"))
		if len(all) != 2 || all[0].Number != 2 || all[1].Number != 1 || all[0].Username != "ruth.osei" || !all[0].At.Equal(clock.Now()) {
			t.Fatalf("%+v", all)
		}
		if none := must[[]Accepted](t)(s.AcceptancesOf(ctx, staff(access.PrivacyOfficer), "nobody")); len(none) != 0 {
			t.Errorf("%+v", none)
		}
		p := must[Proof](t)(s.Prove(ctx, staff(access.PlanAdmin), all[1].ID))
		if p.Accepted != all[1] || !p.Holds || p.Entry == "" || p.SHA256 != v1.SHA256 {
			t.Errorf("%+v", p)
		}
		_, err := s.Prove(ctx, staff(access.PlanAdmin), "01jdbq3h6m2t9v8x7c5b4a3z21")
		wantKind(t, "no such", err, fault.NotFound)

		own := must[Proof](t)(s.Certificate(ctx, clerk, 1))
		if own != p {
			t.Errorf("%+v", own)
		}
		_, err = s.Certificate(ctx, admin, 2)
		wantKind(t, "not accepted", err, fault.NotFound)
		_, err = s.Certificate(ctx, clerk, 3)
		wantKind(t, "no such version", err, fault.NotFound)
		_, err = s.Certificate(ctx, access.Actor{}, 1)
		wantKind(t, "nobody", err, fault.Unauthenticated)
	})
}

func TestOthersMayNotSeeWhoAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		local := clerk
		local.Roles = []access.Role{access.LocalAdmin, access.HelpDesk} // a role of the other side counts for nothing
		for _, who := range []access.Actor{{}, clerk, local, staff(access.Nurse), staff(access.ProviderRelations)} {
			kind := fault.Forbidden
			if who.Person == "" {
				kind = fault.Unauthenticated
			}
			_, err := s.AcceptancesOf(ctx, who, "clerk")
			wantKind(t, fmt.Sprint(who.Roles, " listing"), err, kind)
			_, err = s.Prove(ctx, who, "x")
			wantKind(t, fmt.Sprint(who.Roles, " proving"), err, kind)
			_, err = s.Progress(ctx, who, nil)
			wantKind(t, fmt.Sprint(who.Roles, " counting"), err, kind)
		}
	})
}

func TestProgress(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		if none := must[[]Progress](t)(s.Progress(ctx, admin, []id.Person{"a"})); len(none) != 0 {
			t.Errorf("%+v", none)
		}
		v1 := must[Version](t)(s.EnsurePublished(ctx, machine))
		v2 := must[Version](t)(s.Publish(ctx, admin, draft("words")))
		wantKind(t, "clerk", s.Accept(ctx, clerk, press(v2)), 0)
		gone := clerk
		gone.Person = "gone"
		wantKind(t, "gone", s.Accept(ctx, gone, press(v2)), 0)
		all := must[[]Progress](t)(s.Progress(ctx, admin, []id.Person{"clerk", "admin", "third"}))
		if len(all) != 2 {
			t.Fatalf("%+v", all)
		}
		now, old := all[0], all[1]
		if now.ID != v2.ID || !now.Current || now.Accepted != 2 || now.Waiting != 2 || now.SHA256 != v2.SHA256 || now.Title != v2.Title || now.Effective != v2.Effective {
			t.Errorf("%+v", now)
		}
		if old.ID != v1.ID || old.Current || old.Accepted != 0 || old.Waiting != 0 || !old.PublishedAt.Equal(v1.PublishedAt) {
			t.Errorf("%+v", old)
		}
	})
}

// E-03: a text that no longer has its fingerprint is told, whoever got past
// the database's own guard.
func TestAChangedTextProvesNothing(t *testing.T) {
	clock := dbtest.NewClock()
	s := New(Deps{DB: dbtest.SQLite(t, clock.Now), Fields: fields()})
	ctx := context.Background()
	v := must[Version](t)(s.EnsurePublished(ctx, machine))
	wantKind(t, "accepting", s.Accept(ctx, clerk, press(v)), 0)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("drop trigger agreement_no_update")
		if err != nil {
			return err
		}
		_, err = tx.Exec("update agreement set html = html || ' and more'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := must[Proof](t)(s.Certificate(ctx, clerk, 1)); p.Holds {
		t.Error("a changed text is proof")
	}
}
