package watch_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/watch"
)

// lookUp goes the way of a look-up: the guard, the ledger, the guard. It gives
// what the person is answered.
func (f *fixture) lookUp(s *watch.Service, who access.Actor, l watch.Looked) (held error) {
	f.t.Helper()
	held, err := f.lookUpThen(s, who, l, func() {})
	must(f.t, err)
	return held
}

// lookUpThen is lookUp that does something between the guard and the ledger.
func (f *fixture) lookUpThen(s *watch.Service, who access.Actor, l watch.Looked, then func()) (held, err error) {
	err = f.d.Update(context.Background(), func(tx *db.Tx) (err error) {
		held, err = s.BeforeLook(tx, who)
		if err != nil || held != nil {
			return err
		}
		then()
		row := disclosure.Look{Member: l.Member, Subject: "member", Purpose: access.Treatment, Outcome: l.Outcome}
		l.Row, err = disclosure.Write(tx, who, row)
		if err != nil {
			return err
		}
		return s.AfterLook(tx, who, l)
	})
	return held, err
}

func miss(number string) watch.Looked {
	return watch.Looked{Outcome: disclosure.NotFound, Number: number}
}

func hit(i int, first, last string) watch.Looked {
	return watch.Looked{Outcome: disclosure.Shown, Member: id.Member(fmt.Sprintf("member-%04d", i)), First: first, Last: last}
}

// apart gives numbers that do not follow one another.
func apart(i int) string { return fmt.Sprintf("HSC-%09d", i*7919) }

// vain looks up in vain n times, waiting as long as it takes before each.
func (f *fixture) vain(who access.Actor, n int) {
	f.t.Helper()
	for i := range n {
		f.clock.Advance(15 * time.Second)
		for range 100 {
			if f.lookUp(f.Service, who, miss(apart(f.number("select count(*) from watch_look")+i))) == nil {
				break
			}
			f.clock.Advance(10 * time.Second)
		}
	}
}

func (f *fixture) as(username string) access.Actor {
	f.t.Helper()
	_, who := f.signIn(username, office, true)
	return who
}

func TestAnHonestDay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruth := f.as("ruth")
		f.run()
		// Twenty requests before lunch. Every third row of her list is outdated,
		// and she tries each of those twice; two birth dates are mistyped, and one
		// digit is smudged. In between she opens a family.
		for i := range 20 {
			f.clock.Advance(10 * time.Minute)
			tries := []watch.Looked{hit(i, "Ann", "Member")}
			if i%3 == 0 {
				tries = []watch.Looked{miss(apart(i)), miss(apart(i))}
			}
			if i%10 == 1 {
				tries = []watch.Looked{{Outcome: disclosure.NotFound, Number: apart(i), Half: true}, hit(i, "Ann", "Member")}
			}
			if i == 5 {
				tries = []watch.Looked{miss("HSC-000500011"), miss("HSC-000500017"), miss("HSC-000500014"), hit(i, "Bo", "Family"), hit(100, "Cy", "Family"), hit(101, "Di", "Family")}
			}
			for _, l := range tries {
				f.clock.Advance(20 * time.Second)
				if held := f.lookUp(f.Service, ruth, l); held != nil {
					t.Errorf("request %d: %v", i, held)
				}
			}
			if n := f.run(); n != 0 {
				t.Fatalf("request %d: %v", i, f.cases(watch.Open))
			}
		}
		if f.number("select count(*) from watch_look") == 0 || f.number("select count(*) from watch_kin") != 0 {
			t.Error("the day was not counted, or an honest look was kept")
		}
	})
}

func TestLookUpsInVainSlowThenStop(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruth, omar := f.as("ruth"), f.as("omar")
		for i := range 10 {
			f.clock.Advance(time.Second)
			if held := f.lookUp(f.Service, ruth, miss(apart(i))); held != nil {
				t.Fatalf("%d: %v", i+1, held)
			}
		}
		f.clock.Advance(time.Millisecond)
		if held := f.lookUp(f.Service, ruth, miss("")); held != nil {
			t.Fatalf("the tenth already: %v", held)
		}
		// The eleventh in vain costs two seconds, each further one twice as much.
		wait := 2 * time.Second
		for i := 11; i < 30; i++ {
			f.clock.Advance(wait - time.Millisecond)
			held := f.lookUp(f.Service, ruth, hit(1, "Ann", "Member"))
			wantKind(t, fmt.Sprint("too early after ", i), held, fault.TooMany)
			if held != nil {
				wantText(t, fault.Text(held), "a second", "1-800-555-0142")
			}
			if held := f.lookUp(f.Service, omar, hit(2, "Ann", "Member")); held != nil {
				t.Errorf("a colleague is held up: %v", held)
			}
			f.clock.Advance(time.Millisecond)
			if held := f.lookUp(f.Service, ruth, miss(apart(i))); held != nil {
				t.Fatalf("after the wait of %s: %v", wait, held)
			}
			if n := i + 1 - 10; f.number("select count(*) from watch_look where at_us > $1", db.Micros(f.clock.Now().Add(-time.Hour))) == i+1 {
				wait = min(2*time.Second<<(n-1), 15*time.Minute)
			} else { // the first ones are more than an hour ago
				wait = 15 * time.Minute
				f.exec("update watch_guard set until_us = $1 where key = $2", db.Micros(f.clock.Now().Add(wait)), "person/"+string(f.ruth))
			}
		}
		f.clock.Advance(15 * time.Minute)
		if held := f.lookUp(f.Service, ruth, miss("")); held != nil {
			t.Fatal(held)
		}
		held := f.lookUp(f.Service, ruth, hit(1, "Ann", "Member"))
		wantKind(t, "stopped", held, fault.TooMany)
		wantText(t, fault.Text(held), "until tomorrow", "privacy officer", "1-800-555-0142")
		// Another copy of the portal, or the same one started again, knows it.
		again := watch.New(watch.Deps{DB: f.d, Zone: time.UTC, Call: "1-800-555-0142"})
		wantKind(t, "after a restart", f.lookUp(again, ruth, hit(1, "Ann", "Member")), fault.TooMany)
		if held := f.lookUp(f.Service, omar, hit(3, "Ann", "Member")); held != nil {
			t.Errorf("a colleague: %v", held)
		}
		f.clock.Set(time.Date(2026, 11, 25, 5, 1, 0, 0, time.UTC)) // past midnight in New York
		if held := f.lookUp(f.Service, ruth, hit(1, "Ann", "Member")); held != nil {
			t.Errorf("the next day: %v", held)
		}
	})
}

func TestStoppedTellsThePrivacyOfficerWhoMayLetGoOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tune(watch.Sequences, off)
		ruth := f.as("ruth")
		f.vain(ruth, 31)
		if at, err := f.StoppedAt(ctx, f.privacy, f.ruth); err != nil || at.IsZero() {
			t.Fatalf("not stopped: %v", err)
		}
		f.clock.Advance(time.Second)
		if f.run() != 1 {
			t.Fatal("no incident")
		}
		c := f.cases(watch.Open)[0]
		if c.Cause != watch.Stopped || c.Suspended || f.person(f.ruth).State != account.Active {
			t.Fatalf("%+v", c)
		}
		if got := f.steps(c.ID); got != "opened | account left open | privacy officer told by mail" {
			t.Error(got)
		}
		mails := f.mails("privacy@riverside.example")
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		wantText(t, mails[0], "look-ups stopped for the day", "https://portal.example.org/plan/incidents/"+string(c.ID))
		for who, want := range map[string]error{"desk": watch.MayLet(f.helpDesk), "admin": watch.MayLet(f.admin)} {
			wantKind(t, who, want, fault.Forbidden)
		}
		wantKind(t, "the HelpDesk", f.Let(ctx, f.helpDesk, f.ruth, "she called"), fault.Forbidden)
		wantKind(t, "an office", f.Let(ctx, ruth, f.ruth, "she called"), fault.NotFound)
		wantKind(t, "no reason", f.Let(ctx, f.privacy, f.ruth, " "), fault.Invalid)
		wantKind(t, "somebody who is not stopped", f.Let(ctx, f.privacy, f.omar, "he called"), fault.Conflict)
		twin := f.privacy
		twin.Person = f.create("ruth.plan", "Ruth Ọsẹ́i", access.Plan, access.PrivacyOfficer)
		wantKind(t, "her own, with another account", f.Let(ctx, twin, f.ruth, "I called myself"), fault.Conflict)
		must(t, f.Let(ctx, f.privacy, f.ruth, "An old list; she has the new one"))
		wantKind(t, "twice", f.Let(ctx, f.privacy, f.ruth, "An old list"), fault.Conflict)
		if got := f.steps(c.ID); !strings.HasSuffix(got, "look-ups let go on") || len(f.mails("ruth@riverside.example")) != 1 {
			t.Error(got, f.mails("ruth@riverside.example"))
		}
		for i := range 11 {
			f.clock.Advance(time.Millisecond)
			if held := f.lookUp(f.Service, ruth, miss(apart(500+i))); held != nil {
				t.Fatalf("let go on, look-up %d: %v", i, held)
			}
		}
		wantKind(t, "counted anew", f.lookUp(f.Service, ruth, miss("")), fault.TooMany)
	})
}

func TestWhoPressesOnIsSuspended(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruth := f.as("ruth")
		f.vain(ruth, 31)
		f.clock.Advance(time.Second)
		f.run()
		try := func(n int) {
			for range n {
				f.clock.Advance(time.Second)
				wantKind(t, "stopped", f.lookUp(f.Service, ruth, miss("")), fault.TooMany)
			}
		}
		try(20)
		if f.run() != 0 || f.person(f.ruth).State != account.Active {
			t.Error("twenty tries were too many")
		}
		try(1)
		if f.run() != 1 || f.person(f.ruth).State != account.Suspended {
			t.Error("not suspended")
		}
		c := f.cases(watch.Open)
		if len(c) != 1 || !c[0].Suspended {
			t.Fatalf("%+v", c)
		}
		wantText(t, f.steps(c[0].ID), "seen again", "account suspended", "person told by mail")
	})
}

// The rules about what was looked up: at the threshold, and just below.
func TestProbingRules(t *testing.T) {
	rows := func(n int, l func(i int) watch.Looked) func(f *fixture, who access.Actor) {
		return func(f *fixture, who access.Actor) {
			for i := range n {
				f.clock.Advance(time.Minute)
				f.lookUp(f.Service, who, l(i))
			}
		}
	}
	half := func(i int) watch.Looked {
		return watch.Looked{Outcome: disclosure.NotFound, Number: apart(i), Half: true}
	}
	byTwo := func(step int) func(i int) watch.Looked {
		return func(i int) watch.Looked { return miss(fmt.Sprintf("hsc 00%d-A", 123450+i*step)) }
	}
	kin := func(i int) watch.Looked { return hit(i, "Tom", "Ose\u0301i") }
	for _, c := range []struct {
		name     watch.Cause
		suspends bool
		fires    func(f *fixture, who access.Actor)
		below    map[string]func(f *fixture, who access.Actor)
		says     string
		refs     int
	}{
		{name: watch.WrongPairs, suspends: true, fires: rows(11, half), says: "11 look-ups within 24 hours had a member's number and not", refs: 11,
			below: map[string]func(f *fixture, who access.Actor){"ten": rows(10, half), "numbers of nobody": rows(30, func(i int) watch.Looked { return miss(apart(i)) })}},
		{name: watch.Sequences, suspends: true, fires: rows(7, byTwo(1)), says: "7 member numbers that follow one another were typed within 24 hours", refs: 7,
			below: map[string]func(f *fixture, who access.Actor){
				"six": rows(6, byTwo(1)), "one number again": rows(20, func(int) watch.Looked { return miss("HSC1234") }),
				"far apart": rows(30, byTwo(21)), "no number": rows(20, func(int) watch.Looked { return miss("") }),
				"other letters": rows(20, func(i int) watch.Looked { return miss(string(rune('A'+i)) + "12345") }),
			}},
		{name: watch.SameSurname, fires: rows(3, kin), says: "Opened 3 members with the person's own last name, of 3 opened in that time", refs: 3,
			below: map[string]func(f *fixture, who access.Actor){
				"two":        rows(2, kin),
				"one, often": rows(20, func(int) watch.Looked { return kin(1) }),
				"among many": rows(60, func(i int) watch.Looked {
					if i%20 == 0 {
						return kin(i)
					}
					return hit(i, "Ann", "Member")
				}),
			}},
		{name: watch.StaffAsMember, fires: func(f *fixture, who access.Actor) {
			f.create("ines", "Inês M. Duarte, RN", access.Office, access.Viewer)
			f.clock.Advance(time.Hour)
			f.run()
			rows(1, func(i int) watch.Looked { return hit(i, "Ines Maria", "Duarte") })(f, who)
		}, says: "Opened a member with the name of the person or of somebody", refs: 1,
			below: map[string]func(f *fixture, who access.Actor){
				"another first name": rows(3, func(i int) watch.Looked { return hit(i, "Rita", "Osei") }),
				"staff of the plan":  rows(3, func(i int) watch.Looked { return hit(i, "Petra", "Plan") }),
			}},
	} {
		t.Run(string(c.name), func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.alone(c.name)
				c.fires(f, f.as("ruth"))
				f.clock.Advance(time.Second)
				if n := f.run(); n != 1 {
					t.Fatalf("%d suspicions", n)
				}
				k := f.cases(watch.Open)[0]
				wantText(t, k.Evidence, c.says)
				if k.Cause != c.name || k.Suspended != c.suspends {
					t.Errorf("%+v", k)
				}
				for range 3 {
					f.clock.Advance(30 * time.Second)
					if f.run() != 0 {
						t.Error("the same evidence again")
					}
				}
				var all []watch.Pattern
				must(t, f.d.View(ctx, func(tx *db.Tx) (err error) {
					all, err = watch.ForPrivacy(tx, f.privacy, 10)
					return err
				}))
				if len(all) != 1 || all[0].ID != k.ID || len(all[0].Refs) != c.refs {
					t.Fatalf("%+v", all)
				}
				for _, ref := range all[0].Refs {
					if f.number("select count(*) from disclosure where id = $1 and person = $2", string(ref), string(f.ruth)) != 1 {
						t.Error("the evidence is not in the ledger")
					}
				}
				if len(f.mails("privacy@riverside.example")) != 1 {
					t.Error("the privacy officer was not told")
				}
			})
			for what, below := range c.below {
				t.Run(what, func(t *testing.T) {
					each(t, func(t *testing.T, f *fixture) {
						f.alone(c.name)
						f.create("petra", "Petra Plan", access.Plan, access.Nurse)
						f.clock.Advance(2 * time.Hour)
						f.run()
						below(f, f.as("ruth"))
						f.clock.Advance(time.Second)
						if f.run() != 0 {
							t.Errorf("fired: %s", f.cases(watch.Open)[0].Evidence)
						}
					})
				})
			}
		})
	}
}

func TestVolumeAgainstTheUsualDay(t *testing.T) {
	for _, c := range []struct {
		name             string
		days, usual, now int
		fires            bool
	}{
		{"five times and one", 6, 10, 51, true},
		{"five times", 6, 10, 50, false},
		{"not enough to be many", 6, 2, 40, false},
		{"nothing usual yet", 4, 10, 90, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.alone(watch.Volume)
				ruth := f.as("ruth")
				for range c.days {
					f.many(ruth, disclosure.Shown, c.usual, "member")
					f.clock.Advance(24 * time.Hour)
				}
				if f.run() != 0 {
					t.Fatal("usual days")
				}
				f.many(ruth, disclosure.Shown, c.now, "member")
				n := f.run()
				if (n == 1) != c.fires {
					t.Fatalf("%d suspicions", n)
				}
				if c.fires {
					wantText(t, f.cases(watch.Open)[0].Evidence, "51 different members were opened in a day. On the 6 days of use among the 30 before it were 10 a day.")
				}
			})
		})
	}
}

// Several accounts of one office, each below its own brake.
func TestSpreadOverAccountsOfOneOffice(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tune(watch.Sequences, off)
		var all []access.Actor
		for i := range 6 {
			name := fmt.Sprint("clerk", i)
			f.create(name, "Clerk "+string(rune('A'+i)), access.Office, access.Requester)
			all = append(all, f.as(name))
		}
		honest := f.as("omar")
		f.run()
		for i := range 50 {
			f.clock.Advance(time.Second)
			if held := f.lookUp(f.Service, all[i%6], miss(apart(i))); held != nil {
				t.Fatalf("%d: %v", i, held)
			}
		}
		if f.run() != 0 {
			t.Fatal("fifty are too many")
		}
		if held := f.lookUp(f.Service, all[2], miss(apart(50))); held != nil {
			t.Fatal(held)
		}
		for _, who := range all {
			wantKind(t, who.Username, f.lookUp(f.Service, who, miss("")), fault.TooMany)
		}
		if held := f.lookUp(f.Service, honest, hit(1, "Ann", "Member")); held != nil {
			t.Errorf("who looks for nobody in vain is held up: %v", held)
		}
		f.clock.Advance(2 * time.Second)
		if f.run() != 1 {
			t.Fatal("no incident")
		}
		c := f.cases(watch.Open)[0]
		wantText(t, c.Evidence, "51 look-ups found nothing", "by 6 accounts of one organization", "the most of them, 9")
		if c.Suspended || c.Cause != watch.Spread {
			t.Errorf("%+v", c)
		}
		if f.lookUp(f.Service, all[0], miss(apart(51))) != nil || f.run() != 0 {
			t.Error("the same evidence again")
		}
	})
}

// One person alone is no office, however much she tries.
func TestOnePersonIsNotHerOffice(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tune(watch.Slowed, off)
		f.tune(watch.Stopped, off)
		f.tune(watch.Misses, off)
		f.tune(watch.Sequences, off)
		ruth := f.as("ruth")
		for i := range 60 {
			f.clock.Advance(31 * time.Second)
			f.lookUp(f.Service, ruth, miss(apart(i)))
		}
		if f.run() != 0 {
			t.Errorf("%v", f.cases(watch.Open))
		}
	})
}

func TestFiftyAtOnceAreAsOneAfterTheOther(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruth := f.as("ruth")
		var answered, held atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				var no error
				err := f.d.Update(ctx, func(tx *db.Tx) (err error) {
					no, err = f.BeforeLook(tx, ruth)
					if err != nil || no != nil {
						return err
					}
					row, err := disclosure.Write(tx, ruth, disclosure.Look{Subject: "member", Purpose: access.Treatment, Outcome: disclosure.NotFound})
					if err != nil {
						return err
					}
					return f.AfterLook(tx, ruth, watch.Looked{Row: row, Outcome: disclosure.NotFound, Number: apart(i)})
				})
				switch {
				case err == nil && no == nil:
					answered.Add(1)
				case err == nil || fault.Is(err, fault.Unavailable): // it lost the race too often: no answer either
					held.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if answered.Load() != 11 || held.Load() != 39 {
			t.Errorf("%d answered, %d held", answered.Load(), held.Load())
		}
	})
}

// Those that find somebody are held up like those in vain: nobody gets the
// right ones out of many guesses that were sent at once.
func TestAHitWaitsForTheMissBesideIt(t *testing.T) {
	for name, before := range map[string]int{"past those that are free": 10, "the first of all": 0} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				ruth := f.as("ruth")
				f.warm(24)
				f.vain(ruth, before)
				f.clock.Advance(time.Second)
				inside, missed := make(chan struct{}), atomic.Bool{}
				var once sync.Once
				var found, vain, early atomic.Int64
				var all sync.WaitGroup
				guess := func(l watch.Looked, then func()) {
					held, err := f.lookUpThen(f.Service, ruth, l, then)
					if err != nil {
						if !fault.Is(err, fault.Unavailable) { // it lost the race too often: no answer either
							t.Error(err)
						}
						return
					}
					if held == nil && l.Outcome == disclosure.Shown {
						found.Add(1)
						if !missed.Load() {
							early.Add(1)
						}
					}
					if held == nil && l.Outcome != disclosure.Shown {
						vain.Add(1)
					}
				}
				for i := range 21 {
					all.Go(func() {
						guess(miss(apart(i)), func() {
							once.Do(func() { close(inside) })
							if !missed.Load() {
								time.Sleep(200 * time.Millisecond) // the hits are on their way
								missed.Store(true)
							}
						})
					})
				}
				<-inside
				for i := range 3 {
					all.Go(func() { guess(hit(i, "Ann", "Member"), func() {}) })
				}
				all.Wait()
				want, most := int64(1), int64(0) // the eleventh in vain makes the next wait
				if before == 0 {
					want, most = 11, 3
				}
				if vain.Load() != want || found.Load() > most || early.Load() > 0 {
					t.Errorf("%d in vain were answered, %d found, %d of these before one in vain was counted", vain.Load(), found.Load(), early.Load())
				}
			})
		})
	}
}

// warm opens connections, so that many transactions begin at once.
func (f *fixture) warm(n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			err := f.d.View(ctx, func(*db.Tx) error {
				time.Sleep(20 * time.Millisecond)
				return nil
			})
			if err != nil {
				f.t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestNothingTypedIsKept(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ruth := f.as("ruth")
		for _, l := range []watch.Looked{miss("HSC-777333111"), {Outcome: disclosure.NotFound, Number: "hsc 777333112", Half: true}, hit(1, "Zebulon", "Ọsẹ́i"), hit(2, "Ruth", "Osei")} {
			f.clock.Advance(time.Second)
			f.lookUp(f.Service, ruth, l)
		}
		f.run()
		for _, table := range []string{"watch_look", "watch_guard", "watch_kin", "watch_name", "watch_case", "watch_event", "watch_ref", "watch_evidence", "job", "disclosure"} {
			text := f.dump(table)
			for _, typed := range []string{"777333111", "777333112", "Zebulon", "zebulon"} {
				if strings.Contains(text, typed) {
					t.Errorf("%s keeps %s", table, typed)
				}
			}
		}
		if strings.Contains(f.dump("watch_name"), "addad") || f.number("select count(*) from watch_name") == 0 {
			t.Error("names are kept, or nothing is")
		}
		f.clock.Advance(26 * time.Hour)
		f.run()
		for _, table := range []string{"watch_look", "watch_kin", "watch_guard"} {
			if n := f.number("select count(*) from " + table); n != 0 {
				t.Errorf("%s has %d rows after a day", table, n)
			}
		}
	})
}

// dump gives a table as text.
func (f *fixture) dump(table string) string {
	f.t.Helper()
	var b strings.Builder
	must(f.t, f.d.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows("select * from " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			cells := make([]any, len(names))
			for i := range cells {
				cells[i] = new(any)
			}
			err = rows.Scan(cells...)
			if err != nil {
				return err
			}
			for _, c := range cells {
				v := *c.(*any)
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintln(&b, v)
			}
		}
		return rows.Err()
	}))
	return b.String()
}

// plainSeal stands for the deployment's keys.
type plainSeal struct{ pad byte }

func (p plainSeal) Encrypt(plain, about []byte) ([]byte, error) {
	out := append([]byte{p.pad}, plain...)
	for i := range plain {
		out[i+1] ^= p.pad
	}
	return out, nil
}

func (p plainSeal) Decrypt(sealed, about []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != p.pad {
		return nil, fault.New(fault.Internal, "another key")
	}
	out, err := p.Encrypt(sealed[1:], about)
	return out[1:], err
}

func TestTheKeyOfTheDigestsStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		who := access.SystemActor("watch")
		one, err := watch.LoadOrMakeKey(ctx, f.d, who, plainSeal{1})
		must(t, err)
		two, err := watch.LoadOrMakeKey(ctx, f.d, who, plainSeal{1})
		must(t, err)
		other, err := watch.LoadOrMakeKey(ctx, f.d, who, plainSeal{2})
		must(t, err)
		if string(one) != string(two) || string(one) == string(other) || len(one) != 32 || len(other) != 32 {
			t.Errorf("%d %d %d", len(one), len(two), len(other))
		}
		if strings.Contains(f.dump("watch_key"), string(other)) {
			t.Error("the key lies open")
		}
		// A sequence that is begun before a restart goes on after it.
		f.alone(watch.Sequences)
		ruth := f.as("ruth")
		for i := range 7 {
			f.clock.Advance(time.Second)
			s := watch.New(watch.Deps{DB: f.d, Key: other})
			f.lookUp(s, ruth, miss(fmt.Sprint("HSC", 1000+i*3)))
		}
		if f.run() != 1 {
			t.Error("no suspicion")
		}
	})
}
