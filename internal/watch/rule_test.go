package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/watch"
)

// tune sets a rule by hand.
func (f *fixture) tune(name watch.Cause, change func(r *watch.Rule)) {
	f.t.Helper()
	all, _, err := f.Rules(ctx, f.security)
	must(f.t, err)
	for _, r := range all {
		if r.Name == name {
			change(&r)
			f.clock.Advance(time.Millisecond)
			must(f.t, f.Tune(ctx, f.security, r, "for a test"))
			return
		}
	}
	f.t.Fatalf("no rule %s", name)
}

func off(r *watch.Rule) { r.Enabled = false }

// alone turns every other rule off.
func (f *fixture) alone(name watch.Cause) {
	for _, r := range watch.Defaults() {
		if r.Name != name && r.Enabled {
			f.tune(r.Name, off)
		}
	}
}

func (f *fixture) many(who access.Actor, outcome disclosure.Outcome, n int, subject string) {
	for i := range n {
		member := id.Member("")
		if outcome == disclosure.Shown {
			member = id.Member(fmt.Sprintf("member-%04d", i))
		}
		f.clock.Advance(100 * time.Millisecond)
		f.look(who, outcome, member, subject)
	}
}

// Each rule: what makes it fire, what is just below, and what its evidence says.
func TestRules(t *testing.T) {
	night := func(f *fixture) { // 23:30 in New York
		f.clock.Set(time.Date(2026, 11, 25, 4, 30, 0, 0, time.UTC))
		f.run()
	}
	for _, c := range []struct {
		name  watch.Cause
		on    func(r *watch.Rule)
		fires func(f *fixture)
		below map[string]func(f *fixture)
		says  string
	}{
		{name: watch.Failures, says: "8 attempts to sign in failed within 30 minutes from 203.0.113.99, then one succeeded from 203.0.113.99",
			fires: func(f *fixture) { f.signIn("ruth", office, true); f.fail("ruth", far, 8); f.signIn("ruth", far, false) },
			below: map[string]func(f *fixture){
				"seven": func(f *fixture) { f.signIn("ruth", office, true); f.fail("ruth", far, 7); f.signIn("ruth", far, false) },
				"a network she knows": func(f *fixture) {
					f.signIn("ruth", office, true)
					f.fail("ruth", far, 8)
					f.signIn("ruth", office, true)
				},
				"her first sign-in": func(f *fixture) { f.fail("ruth", far, 8); f.signIn("ruth", far, false) },
				"no success":        func(f *fixture) { f.signIn("ruth", office, true); f.fail("ruth", far, 30) },
				"long ago": func(f *fixture) {
					f.signIn("ruth", office, true)
					f.fail("ruth", far, 8)
					f.clock.Advance(31 * time.Minute)
					f.signIn("ruth", far, false)
				},
			}},
		{name: watch.TwoPlaces, says: "Signed in from two networks, 192.0.2.10 and 198.51.100.7, and both were used within 2 minutes of each other",
			fires: func(f *fixture) {
				a, _ := f.signIn("ruth", office, true)
				f.signIn("ruth", home, true)
				f.clock.Advance(90 * time.Second)
				f.open(a, office)
			},
			below: map[string]func(f *fixture){
				"one network": func(f *fixture) {
					a, _ := f.signIn("ruth", office, true)
					f.signIn("ruth", office, true)
					f.clock.Advance(time.Minute)
					f.open(a, office)
				},
				"left the first": func(f *fixture) {
					f.signIn("ruth", office, true)
					f.clock.Advance(time.Minute)
					b, _ := f.signIn("ruth", home, true)
					f.clock.Advance(time.Minute)
					f.open(b, home)
				},
				"not proven": func(f *fixture) {
					a, _ := f.signIn("ruth", office, true)
					f.signIn("ruth", home, false)
					f.clock.Advance(time.Minute)
					f.open(a, office)
				},
				"back after three minutes": func(f *fixture) {
					a, _ := f.signIn("ruth", office, true)
					f.signIn("ruth", home, true)
					f.clock.Advance(3 * time.Minute)
					f.open(a, office)
				},
			}},
		{name: watch.Travel, says: "Signed in from 2 different networks: 192.0.2.10, 198.51.100.7 within 5 minutes",
			fires: func(f *fixture) {
				f.signIn("ruth", office, true)
				f.clock.Advance(4 * time.Minute)
				f.signIn("ruth", home, true)
			},
			below: map[string]func(f *fixture){
				"five minutes": func(f *fixture) {
					f.signIn("ruth", office, true)
					f.clock.Advance(5 * time.Minute)
					f.signIn("ruth", home, true)
				},
				"one IPv6 customer": func(f *fixture) { f.signIn("ruth", "2001:db8::1", true); f.signIn("ruth", "2001:db8::2", true) },
				"not proven":        func(f *fixture) { f.signIn("ruth", office, true); f.signIn("ruth", home, false) },
				"two people":        func(f *fixture) { f.signIn("ruth", office, true); f.signIn("omar", home, true) },
			}},
		{name: watch.LookUps, says: "101 different members were opened within 60 minutes",
			fires: func(f *fixture) {
				_, who := f.signIn("ruth", office, true)
				f.many(who, disclosure.Shown, 101, "member")
			},
			below: map[string]func(f *fixture){
				"a hundred": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					f.many(who, disclosure.Shown, 100, "member")
				},
				"lists": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					f.many(who, disclosure.Shown, 150, "authorization list")
				},
				"the same again": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					f.many(who, disclosure.Shown, 60, "member")
					f.many(who, disclosure.Shown, 60, "request/x")
				},
				"over two hours": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					for i := range 120 {
						f.clock.Advance(time.Minute)
						f.look(who, disclosure.Shown, id.Member(fmt.Sprintf("m%d", i)), "member")
						if i%10 == 0 {
							f.run()
						}
					}
				},
			}},
		{name: watch.Misses, says: "41 look-ups found nothing or were refused within 60 minutes",
			fires: func(f *fixture) {
				_, who := f.signIn("ruth", office, true)
				f.many(who, disclosure.NotFound, 20, "member")
				f.many(who, disclosure.Refused, 21, "member")
			},
			below: map[string]func(f *fixture){
				"forty": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					f.many(who, disclosure.NotFound, 40, "member")
				},
				"found": func(f *fixture) {
					_, who := f.signIn("ruth", office, true)
					f.many(who, disclosure.Shown, 90, "member")
				},
			}},
		{name: watch.Night, says: "Used once between 23:00 and 5:00 (America/New_York)", on: func(r *watch.Rule) { r.Enabled = true },
			fires: func(f *fixture) { night(f); f.signIn("ruth", office, true) },
			below: map[string]func(f *fixture){
				"by day": func(f *fixture) { f.signIn("ruth", office, true) },
				"at five": func(f *fixture) {
					f.clock.Set(time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC))
					f.signIn("ruth", office, true)
				},
			}},
		{name: watch.AfterEnd, says: "The right password was typed 2 times from 203.0.113.99 after the account was closed",
			fires: func(f *fixture) {
				must(f.t, f.accounts.Cancel(ctx, f.admin, f.ruth, "left the office"))
				f.rightPassword("ruth", far)
				f.rightPassword("ruth", far)
			},
			below: map[string]func(f *fixture){
				"wrong password": func(f *fixture) {
					must(f.t, f.accounts.Cancel(ctx, f.admin, f.ruth, "left the office"))
					f.fail("ruth", far, 5)
				},
				"suspended only": func(f *fixture) {
					must(f.t, f.accounts.Suspend(ctx, f.admin, f.ruth, "on leave"))
					f.rightPassword("ruth", far)
				},
			}},
	} {
		t.Run(string(c.name), func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.alone(c.name)
				if c.on != nil {
					f.tune(c.name, c.on)
				}
				c.fires(f)
				f.clock.Advance(time.Second)
				if n := f.run(); n != 1 {
					t.Fatalf("%d suspicions", n)
				}
				open := f.cases(watch.Open)
				if len(open) != 1 || open[0].Cause != c.name || open[0].Person != f.ruth {
					t.Fatalf("%+v", open)
				}
				wantText(t, open[0].Evidence, c.says)
				f.wantDone(open[0], c.name != watch.AfterEnd)
				for range 3 {
					f.clock.Advance(30 * time.Second)
					if n := f.run(); n != 0 {
						t.Fatalf("the same evidence again: %d", n)
					}
				}
			})
			each(t, func(t *testing.T, f *fixture) {
				f.alone(c.name)
				f.tune(c.name, off)
				c.fires(f)
				f.clock.Advance(time.Second)
				if n := f.run(); n != 0 {
					t.Errorf("turned off, it fired %d times", n)
				}
			})
			for what, below := range c.below {
				t.Run(what, func(t *testing.T) {
					each(t, func(t *testing.T, f *fixture) {
						f.alone(c.name)
						if c.on != nil {
							f.tune(c.name, c.on)
						}
						below(f)
						f.clock.Advance(time.Second)
						if n := f.run(); n != 0 {
							t.Errorf("fired: %s", f.cases(watch.Open)[0].Evidence)
						}
					})
				})
			}
		})
	}
}

// rightPassword types the right password of an account that does not open.
func (f *fixture) rightPassword(username, address string) {
	f.t.Helper()
	f.clock.Advance(time.Second)
	_, _, err := f.accounts.SignIn(ctx, account.Attempt{Username: username, Password: password, Address: address})
	wantKind(f.t, "an account that is not open", err, fault.Forbidden)
}

func (f *fixture) wantDone(c watch.Case, suspends bool) {
	f.t.Helper()
	p := f.person(f.ruth)
	if !suspends {
		if c.Suspended || p.State != account.Closed || !strings.Contains(f.steps(c.ID), "account left open") {
			f.t.Errorf("%s, %s", p.State, f.steps(c.ID))
		}
		return
	}
	if !c.Suspended || p.State != account.Suspended || p.Cause != account.OnSuspicion || !strings.Contains(p.Reason, string(c.Cause)) {
		f.t.Errorf("%s of %s: %s", p.State, p.Cause, p.Reason)
	}
	want := "opened | account suspended | HelpDesk told by mail | person told by mail"
	if slices.Contains(watch.Probing(), c.Cause) {
		want = "opened | account suspended | privacy officer told by mail | HelpDesk told by mail | person told by mail"
		wantText(f.t, strings.Join(f.mails("privacy@riverside.example"), "\n"), "Look-ups to review: ruth", "/plan/incidents/"+string(c.ID))
	}
	if got := f.steps(c.ID); got != want {
		f.t.Error(got)
	}
	if f.number("select count(*) from account_session where ended_us = 0 and person = $1", string(f.ruth)) != 0 {
		f.t.Error("sessions are open")
	}
	toRuth := f.mails("ruth@riverside.example")
	if len(toRuth) != 1 || len(f.mails(desk)) != 1 {
		f.t.Fatalf("%d mails to the person, %d to the HelpDesk", len(toRuth), len(f.mails(desk)))
	}
	wantText(f.t, toRuth[0], "suspended", "1-800-555-0142")
	if strings.Contains(strings.Join(append(toRuth, f.mails(desk)...), ""), "member-") {
		f.t.Error("a mail names a member")
	}
}

func TestARuleThatOnlyOpensAnIncidentAddsToIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.alone(watch.Travel)
		f.tune(watch.Travel, func(r *watch.Rule) { r.Suspends = false })
		for range 2 {
			f.signIn("ruth", office, true)
			f.signIn("ruth", home, true)
			f.clock.Advance(time.Second)
			if f.run() != 1 {
				t.Fatal("no suspicion")
			}
			f.clock.Advance(10 * time.Minute)
		}
		open := f.cases(watch.Open)
		if len(open) != 1 || open[0].Suspended || f.person(f.ruth).State != account.Active {
			t.Fatalf("%+v", open)
		}
		if got := f.steps(open[0].ID); got != "opened | account left open | seen again" {
			t.Error(got)
		}
		if len(f.mails("ruth@riverside.example")) != 0 || len(f.mails(desk)) != 1 {
			t.Error("mails")
		}
	})
}

func TestTheLastAdministratorIsNotSuspended(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.alone(watch.Travel)
		travel := func(username string) {
			f.signIn(username, office, true)
			f.signIn(username, home, true)
			f.clock.Advance(time.Second)
			if f.run() != 1 {
				t.Fatal("no suspicion")
			}
		}
		travel("admin")
		if p := f.person(f.admin.Person); p.State != account.Suspended {
			t.Errorf("one of two administrators: %s", p.State)
		}
		travel("second")
		travel("security")
		for _, who := range []access.Actor{f.second, f.security} {
			if p := f.person(who.Person); p.State != account.Active {
				t.Errorf("%s: %s", who.Username, p.State)
			}
		}
		for _, c := range f.cases(watch.Open) {
			if c.Person != f.admin.Person {
				wantText(t, f.steps(c.ID), "account left open")
			}
		}
		if len(f.mails(desk)) != 3 {
			t.Errorf("%d mails to the HelpDesk", len(f.mails(desk)))
		}
	})
}

func TestWhatWasBeforeTheFirstRunDoesNotCount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.exec("delete from watch_cursor")
		_, who := f.signIn("ruth", office, true)
		f.many(who, disclosure.Shown, 150, "member")
		for range 2 {
			if f.run() != 0 {
				t.Error("the past was held against somebody")
			}
		}
	})
}

func TestTune(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		all, changes, err := f.Rules(ctx, f.helpDesk)
		must(t, err)
		if len(all) != len(watch.Defaults()) || len(changes) != 0 {
			t.Fatalf("%d rules, %d changes", len(all), len(changes))
		}
		rule := func(name watch.Cause) watch.Rule {
			for _, r := range watch.Defaults() {
				if r.Name == name {
					return r
				}
			}
			return watch.Rule{Name: name}
		}
		for _, who := range []access.Actor{f.helpDesk, f.privacy} {
			wantKind(t, who.Username, f.Tune(ctx, who, rule(watch.LookUps), "quiet please"), fault.Forbidden)
		}
		_, ruth := f.signIn("ruth", office, true)
		wantKind(t, "an office", f.Tune(ctx, ruth, rule(watch.LookUps), "quiet please"), fault.Forbidden)
		_, _, err = f.Rules(ctx, ruth)
		wantKind(t, "an office reads", err, fault.NotFound)
		wantKind(t, "no such rule", f.Tune(ctx, f.security, rule("bribery"), "quiet please"), fault.NotFound)
		for what, r := range map[string]watch.Rule{
			"most":    {Name: watch.LookUps, Most: -1, Minutes: 60},
			"minutes": {Name: watch.TwoPlaces, Minutes: 0},
			"from":    {Name: watch.Night, FromHour: 24, ToHour: 5},
			"to":      {Name: watch.Night, FromHour: 5, ToHour: 5},
		} {
			err := f.Tune(ctx, f.security, r, "quiet please")
			wantKind(t, what, err, fault.Invalid)
			if ps := fault.Problems(err); len(ps) != 1 || ps[0].Path != what {
				t.Errorf("%s: %v", what, ps)
			}
		}
		wantKind(t, "no reason", f.Tune(ctx, f.security, rule(watch.LookUps), ""), fault.Invalid)
		r := rule(watch.LookUps)
		r.Most = 5
		must(t, f.Tune(ctx, f.security, r, "A harvest last week"))
		wantKind(t, "stale", f.Tune(ctx, f.admin, r, "from an old page"), fault.Conflict)
		all, changes, err = f.Rules(ctx, f.admin)
		must(t, err)
		if len(changes) != 1 || changes[0].Name != "security" || changes[0].Reason != "A harvest last week" {
			t.Fatalf("%+v", changes)
		}
		wantText(t, changes[0].Was, "more than 100 different members")
		wantText(t, changes[0].Became, "more than 5 different members", "60 minutes", "suspends")
		f.many(ruth, disclosure.Shown, 6, "member")
		if f.run() != 1 {
			t.Error("the tuned rule does not fire")
		}
		for _, r := range all {
			if m := r.Meaning(); m.What == "" || m.Honest == "" {
				t.Errorf("%s is not explained", r.Name)
			}
		}
	})
}
