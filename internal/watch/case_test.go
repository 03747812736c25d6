package watch_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/watch"
)

var ctx = context.Background()

func TestCompromisedEndsEverythingAndTellsOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		here, who := f.signIn("ruth", office, true)
		there, _ := f.signIn("ruth", office, true)
		must(t, f.accounts.StartReset(ctx, f.helpDesk, f.ruth, "she called", func(token string) string { return "https://portal.example.org/reset/" + token }))
		first, err := f.Compromised(ctx, who)
		must(t, err)
		if f.open(here, office) || f.open(there, office) {
			t.Error("a session is still open")
		}
		p := f.person(f.ruth)
		if !p.MustChange || p.State != account.Active {
			t.Errorf("must change %v, %s", p.MustChange, p.State)
		}
		if f.number("select count(*) from account_link where used_us = 0") != 0 {
			t.Error("a link for a new password still works")
		}
		second, err := f.Compromised(ctx, who)
		must(t, err)
		if first != second || len(f.cases(watch.Open)) != 1 {
			t.Errorf("pressed twice: %s and %s", first, second)
		}
		if got := f.steps(first); got != "opened | sessions ended, new password required | HelpDesk told by mail | person told by mail" {
			t.Error(got)
		}
		toDesk, toRuth := f.mails(desk), f.mails("ruth@riverside.example")
		if len(toDesk) != 1 || len(toRuth) != 2 { // hers: the link before, and this
			t.Fatalf("%d to the HelpDesk, %d to the person", len(toDesk), len(toRuth))
		}
		wantText(t, toDesk[0], "ruth", "https://portal.example.org/plan/incidents/"+string(first))
		wantText(t, strings.Join(toRuth, "\n"), "1-800-555-0142")
		// Somebody signs in with the old password: pressed again it ends that too.
		old, again := f.signIn("ruth", far, false)
		third, err := f.Compromised(ctx, again)
		must(t, err)
		if third != first || f.open(old, far) || len(f.mails(desk)) != 1 {
			t.Error("pressed again after a new sign-in")
		}
	})
}

func TestCompromisedAtOnceFromTwoBrowsers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, one := f.signIn("ruth", office, true)
		_, two := f.signIn("ruth", office, true)
		ids := make([]watch.ID, 8)
		errs := make([]error, len(ids))
		var all sync.WaitGroup
		for i := range ids {
			who := one
			if i%2 == 1 {
				who = two
			}
			all.Go(func() { ids[i], errs[i] = f.Compromised(ctx, who) })
		}
		all.Wait()
		for i := range ids {
			if errs[i] != nil || ids[i] != ids[0] {
				t.Errorf("%d: %s, %v", i, ids[i], errs[i])
			}
		}
		if n := f.number("select count(*) from watch_case"); n != 1 || len(f.mails(desk)) != 1 {
			t.Errorf("%d cases, %d mails", n, len(f.mails(desk)))
		}
	})
}

func TestCompromisedNeedsASession(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, err := f.Compromised(ctx, access.Actor{Person: f.ruth, Side: access.Office})
		wantKind(t, "without a session", err, fault.Unauthenticated)
	})
}

func TestAnAddressThatTakesNoMailUndoesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		s := watch.New(watch.Deps{DB: f.d, HelpDesk: "see your plan's provider manual"})
		f.exec("update account_person set email = 'Ruth <ruth@example.org>' where username = 'ruth'")
		token, who := f.signIn("ruth", office, true)
		c, err := s.Compromised(ctx, who)
		must(t, err)
		if f.open(token, office) {
			t.Error("the session is open")
		}
		wantText(t, f.steps(c), "person not told")
		if strings.Contains(f.steps(c), "HelpDesk told") {
			t.Error("says that the HelpDesk was told")
		}
	})
}

func TestStaffReport(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, ruth := f.signIn("ruth", office, true)
		_, err := f.Report(ctx, ruth, f.omar, "hello there")
		wantKind(t, "an office", err, fault.NotFound)
		_, err = f.Report(ctx, f.helpDesk, f.ruth, "\x00")
		wantKind(t, "no reason", err, fault.Invalid)
		_, err = f.Report(ctx, f.helpDesk, f.helpDesk.Person, "my own one")
		wantKind(t, "the own account", err, fault.Conflict)
		c, err := f.Report(ctx, f.helpDesk, f.ruth, "She called: her bag was stolen")
		must(t, err)
		k, p, _, err := f.Case(ctx, f.privacy, c)
		must(t, err)
		if k.Cause != watch.ByStaff || k.Evidence != "She called: her bag was stolen" || !p.MustChange || f.open(token, office) {
			t.Errorf("%+v, must change %v", k, p.MustChange)
		}
	})
}

func TestReviewPaths(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		suspected := func() watch.ID {
			t.Helper()
			for _, address := range []string{office, home} {
				_, _ = f.signIn("ruth", address, true)
			}
			if f.run() == 0 {
				t.Fatal("no suspicion")
			}
			for _, c := range f.cases(watch.Open) {
				if c.Suspended {
					return c.ID
				}
			}
			t.Fatal("nothing suspended")
			return ""
		}
		c := suspected()
		for what, err := range map[string]error{
			"the HelpDesk":  f.Review(ctx, f.helpDesk, c, watch.FalseAlarm, "it was her", true),
			"provider desk": f.Review(ctx, access.Actor{Person: "x", Side: access.Plan, Roles: []access.Role{access.ProviderRelations}}, c, watch.FalseAlarm, "it was her", true),
		} {
			wantKind(t, what, err, fault.Forbidden)
		}
		wantKind(t, "no outcome", f.Review(ctx, f.privacy, c, "guilty", "it was her", true), fault.Invalid)
		wantKind(t, "no reason", f.Review(ctx, f.privacy, c, watch.FalseAlarm, " ", true), fault.Invalid)
		wantKind(t, "misuse given back", f.Review(ctx, f.privacy, c, watch.Misuse, "it was her", true), fault.Invalid)
		wantKind(t, "no such case", f.Review(ctx, f.privacy, "none", watch.Misuse, "it was her", false), fault.NotFound)
		about := f.privacy
		about.Person = f.ruth
		wantKind(t, "about oneself", f.Review(ctx, about, c, watch.FalseAlarm, "it was me", true), fault.Conflict)
		about.Person = f.create("ruth.plan", "Ruth Ọsẹ́i", access.Plan, access.PrivacyOfficer)
		wantKind(t, "about another account of hers", f.Review(ctx, about, c, watch.FalseAlarm, "it was me", true), fault.Conflict)

		must(t, f.Review(ctx, f.privacy, c, watch.Mistake, "Phone and desk PC, she says", true))
		if p := f.person(f.ruth); p.State != account.Active || p.MustChange {
			t.Errorf("%s, must change %v", p.State, p.MustChange)
		}
		wantKind(t, "twice", f.Review(ctx, f.security, c, watch.Mistake, "again and again", false), fault.Conflict)
		k, _, steps, err := f.Case(ctx, f.security, c)
		must(t, err)
		if k.State != watch.Closed || k.Outcome != watch.Mistake || k.Reviewer != "privacy" || k.Closed.IsZero() {
			t.Errorf("%+v", k)
		}
		last := steps[len(steps)-1]
		if last.Kind != watch.StepReinstated || last.Person != f.privacy.Person || last.Reason != "Phone and desk PC, she says" {
			t.Errorf("%+v", last)
		}
		if f.run() != 0 {
			t.Error("the same evidence counted again after the review")
		}

		f.clock.Advance(time.Hour)
		c = suspected()
		must(t, f.Review(ctx, f.security, c, watch.Stranger, "her phone was stolen", true))
		if p := f.person(f.ruth); p.State != account.Active || !p.MustChange {
			t.Errorf("after somebody else: %s, must change %v", p.State, p.MustChange)
		}
		f.clock.Advance(time.Hour)
		c = suspected()
		must(t, f.Review(ctx, f.admin, c, watch.Misuse, "she sold it", false))
		if p := f.person(f.ruth); p.State != account.Suspended || p.Cause != account.OnSuspicion {
			t.Errorf("after misuse: %s", p.State)
		}
	})
}

func TestWhatWasOpenedIsForThoseWhoMayReadIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, who := f.signIn("ruth", office, true)
		f.look(who, disclosure.Shown, "member-old", "member")
		f.clock.Advance(40 * 24 * time.Hour)
		_, who = f.signIn("ruth", office, true)
		f.look(who, disclosure.Shown, "member-new", "member")
		c, err := f.Compromised(ctx, who)
		must(t, err)
		_, err = f.Opened(ctx, f.helpDesk, c, 100)
		wantKind(t, "the HelpDesk", err, fault.Forbidden)
		_, err = f.Opened(ctx, who, c, 100)
		wantKind(t, "an office", err, fault.Forbidden)
		rows, err := f.Opened(ctx, f.privacy, c, 100)
		must(t, err)
		if len(rows) != 1 || rows[0].Member != "member-new" {
			t.Errorf("%d rows", len(rows))
		}
		wantText(t, f.steps(c), "ledger of what was opened read")
		_, _, _, err = f.Case(ctx, who, c)
		wantKind(t, "a case for an office", err, fault.NotFound)
		_, err = f.List(ctx, access.Actor{}, watch.Open)
		wantKind(t, "nobody", err, fault.Unauthenticated)
		_, err = f.Opened(ctx, f.privacy, "none", 1)
		wantKind(t, "no case", err, fault.NotFound)
	})
}

func TestStepsAreNeverChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, who := f.signIn("ruth", office, true)
		_, err := f.Compromised(ctx, who)
		must(t, err)
		for _, query := range []string{"update watch_event set reason = 'x'", "delete from watch_event", "delete from watch_open"} {
			err := f.d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(query)
				return err
			})
			if (err == nil) != strings.Contains(query, "watch_open") {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}
