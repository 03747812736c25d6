package watch_test

import (
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/watch"
)

const day = 24 * time.Hour

func (f *fixture) sweep() watch.Swept {
	f.t.Helper()
	done, err := f.Sweep(ctx)
	must(f.t, err)
	return done
}

// used makes everybody but ruth have signed in just now.
func (f *fixture) othersUsed() {
	for _, name := range []string{"omar", "admin", "second", "privacy", "security", "desk"} {
		f.signIn(name, office, true)
	}
}

func TestNonUse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.signIn("ruth", office, true)
		start := f.clock.Now()
		at := func(days int) watch.Swept {
			f.clock.Set(start.Add(time.Duration(days)*day + time.Hour))
			f.othersUsed()
			return f.sweep()
		}
		for _, c := range []struct {
			days, warned, suspended, mails int
		}{{59, 0, 0, 0}, {60, 1, 0, 1}, {61, 0, 0, 1}, {79, 0, 0, 1}, {80, 1, 0, 2}, {81, 0, 0, 2}, {89, 0, 0, 2}, {90, 0, 1, 3}, {91, 0, 0, 3}} {
			got := at(c.days)
			if got.Warned != c.warned || got.Suspended != c.suspended || len(f.mails("ruth@riverside.example")) != c.mails {
				t.Fatalf("day %d: %+v, %d mails", c.days, got, len(f.mails("ruth@riverside.example")))
			}
		}
		p := f.person(f.ruth)
		if p.State != account.Suspended || p.Cause != account.OfNonUse {
			t.Errorf("%s of %s", p.State, p.Cause)
		}
		all := f.mails("ruth@riverside.example")
		wantText(t, all[0], "60 days", "In 30 days")
		wantText(t, all[1], "80 days", "In 10 days")
		wantText(t, all[2], "suspended", "local administrator")
		// Opened again it starts over.
		must(t, f.accounts.Reinstate(ctx, f.admin, f.ruth, "back from leave"))
		start = f.clock.Now()
		if got := at(59); got != (watch.Swept{}) {
			t.Errorf("after it was opened again: %+v", got)
		}
		if got := at(60); got.Warned != 1 {
			t.Errorf("the next time without use: %+v", got)
		}
		f.signIn("ruth", office, true)
		if got := at(90); got.Suspended != 0 {
			t.Errorf("signed in after the warning: %+v", got)
		}
	})
}

func TestNobodyIsSuspendedUnwarned(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.clock.Advance(200 * day)
		f.othersUsed()
		if got := f.sweep(); got.Warned != 1 || got.Suspended != 0 {
			t.Fatalf("%+v", got)
		}
		wantText(t, f.mails("ruth@riverside.example")[0], "In 3 days")
		f.clock.Advance(2 * day)
		if got := f.sweep(); got != (watch.Swept{}) {
			t.Fatalf("%+v", got)
		}
		f.clock.Advance(day)
		if got := f.sweep(); got.Suspended != 1 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestTheLastAdministratorIsWarnedOnly(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.accounts.Suspend(ctx, f.admin, f.second.Person, "on leave"))
		f.clock.Advance(61 * day)
		f.sweep()
		f.clock.Advance(30 * day)
		got := f.sweep()
		if got.Kept == 0 && got.Warned == 0 {
			t.Errorf("%+v", got)
		}
		f.clock.Advance(5 * day)
		f.sweep()
		for _, who := range []access.Actor{f.admin, f.security} {
			if p := f.person(who.Person); p.State != account.Active {
				t.Errorf("%s: %s", who.Username, p.State)
			}
		}
		for _, who := range []access.Actor{f.privacy, f.helpDesk} {
			if p := f.person(who.Person); p.State != account.Suspended {
				t.Errorf("%s: %s", who.Username, p.State)
			}
		}
		mails := strings.Join(f.mails("admin@riverside.example"), "\n")
		wantText(t, mails, "only plan administrator")
	})
}

func TestWarning(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.signIn("ruth", office, true)
		f.clock.Advance(59 * day)
		_, who := f.signIn("ruth", office, true)
		if got := f.Warning(ctx, who); got != "" {
			t.Error(got)
		}
		f.clock.Advance(61 * day)
		_, who = f.signIn("ruth", office, true)
		wantText(t, f.Warning(ctx, who), "61 days", "90 days")
		if f.Warning(ctx, access.Actor{Person: "new"}) != "" {
			t.Error("a first sign-in is warned about")
		}
	})
}
