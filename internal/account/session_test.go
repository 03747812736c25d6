package account

import (
	"context"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

func (f *fixture) draftable(token string) bool {
	f.t.Helper()
	_, err := f.IdleSession(context.Background(), token)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		f.t.Fatal(err)
	}
	return err == nil
}

// S-03: 15 idle minutes.
func TestASessionEndsByIdleness(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		for range 4 { // work keeps it open
			f.clock.Advance(DefaultIdle - time.Second)
			s, err := f.Session(ctx, token, home)
			if err != nil {
				t.Fatal(err)
			}
			if !s.LastSeen.Equal(f.clock.Now()) || !s.IdleUntil.Equal(f.clock.Now().Add(DefaultIdle)) || !s.Expires.Equal(s.Started.Add(DefaultAbsolute)) {
				t.Errorf("%+v", s)
			}
		}
		f.clock.Advance(DefaultIdle)
		_, err := f.Session(ctx, token, home)
		if !fault.Is(err, fault.Unauthenticated) || !strings.Contains(err.Error(), "without activity") {
			t.Errorf("after 15 minutes: %v", err)
		}
		_, err = f.Touch(ctx, token, home)
		wantKind(t, "touching it", err, fault.Unauthenticated)
		got, err := f.IdleSession(ctx, token)
		if err != nil || got.Person != ref || got.Session != who.Session {
			t.Errorf("saving the draft: %+v, %v", got, err)
		}
		if got := f.kinds(ref); got != "account created | signed in | session expired" {
			t.Error(got)
		}
		f.clock.Advance(DefaultAbsolute)
		if f.draftable(token) {
			t.Error("a draft may be saved after 12 hours")
		}
	})
}

func TestASessionEndsAfterTwelveHours(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		end := f.clock.Now().Add(DefaultAbsolute)
		for f.clock.Now().Add(10 * time.Minute).Before(end) {
			f.clock.Advance(10 * time.Minute)
			s, err := f.Touch(ctx, token, home)
			if err != nil {
				t.Fatal(err)
			}
			if s.IdleUntil.After(end) {
				t.Errorf("promises to last until %v", s.IdleUntil)
			}
		}
		f.clock.Set(end.Add(-time.Second))
		if !f.open(token) {
			t.Error("ended early")
		}
		f.clock.Set(end)
		if f.open(token) || f.draftable(token) {
			t.Error("open after 12 hours")
		}
	})
}

func TestActivityIsWrittenAtMostEveryHalfMinute(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		start := f.clock.Now()
		seen := func(step time.Duration, fn func(context.Context, string, string) (Session, error)) time.Duration {
			f.clock.Advance(step)
			_, err := fn(ctx, token, home)
			if err != nil {
				t.Fatal(err)
			}
			var at int64
			err = f.d.View(ctx, func(tx *db.Tx) error { return tx.Row("select seen_us from account_session").Scan(&at) })
			if err != nil {
				t.Fatal(err)
			}
			return db.Time(at).Sub(start)
		}
		if got := seen(29*time.Second, f.Session); got != 0 {
			t.Errorf("written after 29 s: %v", got)
		}
		if got := seen(time.Second, f.Session); got != 30*time.Second {
			t.Errorf("not written after 30 s: %v", got)
		}
		if got := seen(time.Second, f.Touch); got != 31*time.Second {
			t.Errorf("staying signed in is not written: %v", got)
		}
	})
}

func TestTokensThatOpenNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		other := "A"
		if token[0] == 'A' {
			other = "B"
		}
		for _, bad := range []string{"", "x", token[1:], token + "A", other + token[1:], newToken(), string(who.Session), strings.Repeat("A", 43), "' or 1=1 --"} {
			_, err := f.Session(ctx, bad, home)
			wantKind(t, bad, err, fault.Unauthenticated)
			_, err = f.Touch(ctx, bad, home)
			wantKind(t, bad, err, fault.Unauthenticated)
			_, err = f.IdleSession(ctx, bad)
			wantKind(t, bad, err, fault.Unauthenticated)
		}
		if !f.open(token) {
			t.Error("the good one does not open")
		}
	})
}

func TestSigningOutIsForGood(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		one, who := f.mustSignIn("ruth.osei", goodPassword, home)
		two, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		for range 2 { // the second press does nothing
			f.clock.Advance(time.Second)
			err := f.SignOut(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
		}
		if f.open(one) || f.draftable(one) || !f.open(two) {
			t.Error("the wrong session ended")
		}
		if got := f.kinds(ref); got != "account created | signed in | signed in | signed out" {
			t.Error(got)
		}
		wantKind(t, "nobody", f.SignOut(ctx, access.Actor{}), fault.Unauthenticated)

		// Signing out of a session that is idle takes its draft right as well.
		f.clock.Advance(DefaultIdle)
		idle, err := f.IdleSession(ctx, two)
		if err != nil || f.open(two) || !f.draftable(two) {
			t.Fatal("not idle")
		}
		err = f.SignOut(ctx, idle)
		if err != nil || f.draftable(two) {
			t.Errorf("still there: %v", err)
		}
	})
}

// V-07: a new sign-in ends the session whose token the browser still held.
func TestANewSignInReplacesTheOldToken(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		old, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		for _, held := range []string{old, old, newToken(), "planted"} {
			token, _, err := f.SignIn(ctx, Attempt{Username: "ruth.osei", Password: goodPassword, Address: home, Replaces: held})
			if err != nil || token == held || !f.open(token) {
				t.Errorf("%v", err)
			}
		}
		if f.open(old) || f.draftable(old) {
			t.Error("the old token still opens")
		}
	})
}

// S-12, V-08, V-11: what is taken away is gone with the next request.
func TestAClosedAccountEndsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		idle, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		f.clock.Advance(DefaultIdle - time.Minute)
		if !f.open(token) {
			t.Fatal("closed early")
		}
		f.clock.Advance(2 * time.Minute)
		if f.open(idle) || !f.draftable(idle) {
			t.Fatal("not idle")
		}
		f.clock.Advance(time.Second)
		err := f.Suspend(ctx, desk, ref, "left the office")
		if err != nil {
			t.Fatal(err)
		}
		if f.open(token) || f.draftable(token) || f.draftable(idle) {
			t.Error("a closed account still works")
		}
		f.clock.Advance(time.Second)
		_, _, err = f.signIn("ruth.osei", goodPassword, home)
		wantKind(t, "signing in", err, fault.Forbidden)
		f.clock.Advance(time.Second)
		err = f.Reinstate(ctx, desk, ref, "came back")
		if err != nil {
			t.Fatal(err)
		}
		if f.open(token) || f.draftable(idle) {
			t.Error("opening the account revived a session")
		}
		f.mustSignIn("ruth.osei", goodPassword, home)
		if got := f.kinds(ref); !strings.Contains(got, "account suspended | sign-in failed | account reinstated | signed in") {
			t.Error(got)
		}
	})
}

// Not even a session that was somehow left open works for a closed account.
func TestAnOpenSessionOfAClosedAccount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		err := f.d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec("update account_person set state = 'suspended'")
			return err
		})
		if err != nil || f.open(token) || f.draftable(token) {
			t.Errorf("it works: %v", err)
		}
	})
}

func TestRolesApplyWithTheNextRequest(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		err := f.d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("update account_membership set roles = 'viewer'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Session(ctx, token, elsewhere)
		if err != nil || s.Actor.Has(access.SubmitRequests) || !s.Actor.Has(access.ViewRequests) || s.Actor.Address != elsewhere {
			t.Errorf("%+v, %v", s.Actor, err)
		}
	})
}

func TestEndingEverySession(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		f.create(clerk("colleague"))
		one, who := f.mustSignIn("ruth.osei", goodPassword, home)
		two, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		other, colleague := f.mustSignIn("colleague", goodPassword, home)
		_, err := f.EndAll(ctx, colleague, ref)
		wantKind(t, "a colleague", err, fault.Forbidden)
		n, err := f.EndAll(ctx, who, ref)
		if err != nil || n != 2 || f.open(one) || f.open(two) || f.draftable(one) || !f.open(other) {
			t.Errorf("%d ended, %v", n, err)
		}
		n, err = f.EndAll(ctx, desk, colleague.Person)
		if err != nil || n != 1 || f.open(other) {
			t.Errorf("%d ended, %v", n, err)
		}
	})
}

func TestPurgeEndsWhatNobodyCameBackTo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		f.clock.Advance(DefaultIdle)
		fresh, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		for i, want := range []int{1, 0} {
			done, err := f.Purge(ctx, access.SystemActor("account"))
			if err != nil || done.Sessions != want {
				t.Errorf("run %d: %+v, %v", i, done, err)
			}
		}
		if !f.draftable(token) || !f.open(fresh) {
			t.Error("the wrong one ended, or not by idleness")
		}
		if got := f.kinds(ref); strings.Count(got, string(SessionExpired)) != 1 {
			t.Error(got)
		}
	})
}
