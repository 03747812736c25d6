package account

import (
	"context"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func (f *fixture) sessions(who access.Actor) []OwnSession {
	f.t.Helper()
	all, err := f.Sessions(context.Background(), who)
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

// V-08: one sees where one is signed in.
func TestOnesOwnOpenSessionsAreListed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		f.create(clerk("sam.else"))
		f.mustSignIn("sam.else", goodPassword, home)
		_, here := f.mustSignIn("ruth.osei", goodPassword, home)
		f.clock.Advance(time.Minute)
		other, _ := f.mustSignIn("ruth.osei", goodPassword, "2001:db8:1:2:3:4:5:6")
		_, out := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		err := f.SignOut(ctx, out)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = f.signIn("ruth.osei", goodPassword, elsewhere) // and no second factor
		if err != nil {
			t.Fatal(err)
		}
		all := f.sessions(here)
		if len(all) != 3 || !all[0].This || all[0].ID != here.Session || all[1].This || all[2].This {
			t.Fatalf("%+v", all)
		}
		if all[0].Network != home || all[0].OrgName != "Riverside Cardiology" || all[0].Agent != "test" || !all[0].Proven || all[0].Started.IsZero() || all[0].LastSeen.IsZero() {
			t.Errorf("this one: %+v", all[0])
		}
		networks := map[string]OwnSession{all[1].Network: all[1], all[2].Network: all[2]}
		if networks["2001:db8:1:2::/64"].ID == "" || networks[elsewhere].Proven || networks[elsewhere].How != byPassword {
			t.Errorf("the others: %+v", all[1:])
		}
		f.clock.Advance(DefaultIdle - time.Minute)
		if !f.open(other) {
			t.Fatal("ended early")
		}
		f.clock.Advance(2 * time.Minute) // the first has run out, though nothing has written so yet
		if all := f.sessions(here); len(all) != 1 || all[0].Network != "2001:db8:1:2::/64" {
			t.Errorf("after idleness: %+v", all)
		}
		_, err = f.Sessions(ctx, access.Actor{})
		wantKind(t, "nobody's", err, fault.Unauthenticated)
		_, err = f.Sessions(ctx, access.Actor{Person: here.Person})
		wantKind(t, "without a session", err, fault.Unauthenticated)
	})
}

func TestOnlyOnesOwnSessionIsEnded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		f.create(clerk("sam.else"))
		strange, sam := f.mustSignIn("sam.else", goodPassword, home)
		here, who := f.mustSignIn("ruth.osei", goodPassword, home)
		there, away := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		for name, session := range map[string]id.Session{"another's": sam.Session, "nobody's": "01jdbq3h6m2t9v8x7c5b4a3z21", "empty": ""} {
			wantKind(t, name, f.EndSession(ctx, who, session), fault.NotFound)
		}
		wantKind(t, "by nobody", f.EndSession(ctx, access.Actor{}, who.Session), fault.Unauthenticated)
		if !f.open(strange) || !f.open(here) || !f.open(there) {
			t.Fatal("something ended")
		}
		f.clock.Advance(time.Millisecond) // so that events have an order
		err := f.EndSession(ctx, who, away.Session)
		if err != nil || f.open(there) || f.draftable(there) || !f.open(here) {
			t.Errorf("the other one: %v", err)
		}
		wantKind(t, "twice", f.EndSession(ctx, who, away.Session), fault.NotFound)
		events, err := f.Events(ctx, who, ref, 1)
		if err != nil || len(events) != 1 || events[0].Kind != SessionsEnded || events[0].Session != away.Session || events[0].Actor != ref || events[0].Reason != endedElsewhere {
			t.Errorf("%+v, %v", events, err)
		}
		err = f.EndSession(ctx, who, who.Session)
		if err != nil || f.open(here) || f.draftable(here) {
			t.Errorf("this one: %v", err)
		}
		if n := strings.Count(f.kinds(ref), string(SessionsEnded)); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

func TestASessionThatRanOutIsNotEndedAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		_, old := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		f.clock.Advance(DefaultIdle)
		_, who := f.mustSignIn("ruth.osei", goodPassword, home)
		wantKind(t, "idle", f.EndSession(ctx, who, old.Session), fault.NotFound)
	})
}

func TestAllOthersAreEnded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		f.create(clerk("sam.else"))
		strange, _ := f.mustSignIn("sam.else", goodPassword, home)
		first, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		second, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		here, who := f.mustSignIn("ruth.osei", goodPassword, home)
		n, err := f.EndOthers(ctx, who)
		if err != nil || n != 2 || f.open(first) || f.open(second) || !f.open(here) || !f.open(strange) {
			t.Errorf("%d, %v", n, err)
		}
		n, err = f.EndOthers(ctx, who)
		if err != nil || n != 0 || !f.open(here) {
			t.Errorf("again: %d, %v", n, err)
		}
		_, err = f.EndOthers(ctx, access.Actor{Person: who.Person})
		wantKind(t, "without a session", err, fault.Unauthenticated)
	})
}

func TestWorkplacesAndWhatStopsLeaving(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		boss := clerk("rosa.adler")
		boss.Roles = []access.Role{access.LocalAdmin}
		ref := f.create(boss)
		f.create(clerk("ruth.osei"))
		_, who := f.mustSignIn("rosa.adler", goodPassword, home)
		err := f.d.Update(ctx, func(tx *db.Tx) error {
			err := Give(tx, admin, ref, "org-hill", "Hillside", "23-4567891", Grant{Roles: []access.Role{access.Viewer}}, "")
			if err != nil {
				return err
			}
			return SetStanding(tx, admin, "org-hill", Standing{ViewOnly: tx.Now.Add(time.Hour), Closes: tx.Now.Add(48 * time.Hour), Reason: "leaves the network"})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			after      time.Duration
			open, view bool
		}{{0, true, false}, {time.Hour, true, true}, {48 * time.Hour, false, true}} {
			f.clock.Advance(c.after)
			all, err := f.Workplaces(ctx, who)
			if err != nil || len(all) != 2 || !all[0].Now || !all[0].Open || all[0].ViewOnly || all[1].Now {
				t.Fatalf("%+v, %v", all, err)
			}
			if all[1].OrgName != "Hillside" || all[1].Open != c.open || all[1].ViewOnly != c.view {
				t.Errorf("after %v: %+v", c.after, all[1])
			}
		}
		err = f.MayLeave(ctx, who)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "last local administrator of Riverside Cardiology") {
			t.Errorf("the last administrator: %v", err)
		}
		_, ruth := f.mustSignIn("ruth.osei", goodPassword, home)
		if err := f.MayLeave(ctx, ruth); err != nil {
			t.Errorf("a requester: %v", err)
		}
		wantKind(t, "nobody", f.MayLeave(ctx, access.Actor{}), fault.Unauthenticated)
		_, err = f.Workplaces(ctx, access.Actor{Person: who.Person})
		wantKind(t, "without a session", err, fault.Unauthenticated)
	})
}
