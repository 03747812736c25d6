package copies_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/copies"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

func person(name string, org id.Organization, role access.Role) access.Actor {
	a := access.Actor{Person: id.Person(name), Username: name, Name: "Person " + name, Side: role.Side(), Org: org, OrgName: "Org " + string(org), Roles: []access.Role{role},
		Session: id.Session("s-" + name), Door: access.DoorWeb}
	return a
}

var (
	dana    = person("dana", "org-a", access.Requester)
	vic     = person("vic", "org-a", access.Viewer)
	sam     = person("sam", "org-b", access.Requester)
	privacy = person("pia", "", access.PrivacyOfficer)
)

func token(n string) string { return "token-token-token-token-" + n }

func ask(n string) copies.Ask {
	return copies.Ask{Kind: "case", Ref: "r1", Label: "Authorization A26-000000000-0", About: "request/r1", Token: token(n)}
}

func again(n string) copies.Ask {
	a := ask(n)
	a.Reason, a.Proven = "the first one was lost", true
	return a
}

func take(t *testing.T, d *db.DB, s *copies.Service, who access.Actor, a copies.Ask) (c copies.Copy, err error) {
	t.Helper()
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		var err error
		c, err = s.Take(tx, who, a)
		return err
	})
	return c, err
}

func mustTake(t *testing.T, d *db.DB, s *copies.Service, who access.Actor, a copies.Ask) copies.Copy {
	t.Helper()
	c, err := take(t, d, s, who, a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// the first copy needs nothing, another needs a reason and a fresh proof.
func TestTheSecondCopyNeedsAReason(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := copies.New(copies.Deps{})
		first := mustTake(t, d, s, dana, ask("1"))
		if first.No != 1 || first.Repeated || first.First != first.At {
			t.Errorf("the first copy: %+v", first)
		}
		_, err := id.ParseCopyNumber(string(first.ID))
		if err != nil {
			t.Error(err)
		}
		for _, reason := range []string{"", "lost", "a b", strings.Repeat("x ", 400)} {
			a := again("2")
			a.Reason = reason
			_, err := take(t, d, s, vic, a)
			if ps := fault.Problems(err); len(ps) != 1 || ps[0].Path != "reason" {
				t.Errorf("a second copy for %q: %v", reason, err)
			}
		}
		unproven := again("2")
		unproven.Proven = false
		_, err = take(t, d, s, vic, unproven)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a second copy without a fresh proof: %v", err)
		}
		clock.Advance(time.Hour)
		second := mustTake(t, d, s, vic, again("2"))
		if second.No != 2 || second.Reason != "the first one was lost" || second.First != first.At || second.ID == first.ID {
			t.Errorf("the second copy: %+v", second)
		}
		other := mustTake(t, d, s, sam, ask("3"))
		if other.No != 1 {
			t.Errorf("another organization starts at %d", other.No)
		}
		thing := ask("4")
		thing.Ref = "r2"
		if c := mustTake(t, d, s, dana, thing); c.No != 1 {
			t.Errorf("another thing starts at %d", c.No)
		}
		_, err = take(t, d, s, person("fran", "org-a", access.HelpDesk), ask("5"))
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody who may not print: %v", err)
		}
	})
}

func TestThePlanMayRefuseSecondCopies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := copies.New(copies.Deps{Policy: copies.Never})
		mustTake(t, d, s, dana, ask("1"))
		_, err := take(t, d, s, dana, again("2"))
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "no second") {
			t.Error(err)
		}
	})
}

// Whoever sends the form twice has the same copy; anybody else, another form
// or a later day has not.
func TestTheSameFormIsTheSameCopy(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		s := copies.New(copies.Deps{})
		first := mustTake(t, d, s, dana, ask("1"))
		clock.Advance(copies.RetryFor)
		repeated := mustTake(t, d, s, dana, ask("1"))
		if !repeated.Repeated || repeated.ID != first.ID || repeated.No != 1 || !repeated.At.Equal(first.At) {
			t.Errorf("the same form: %+v", repeated)
		}
		other := ask("1")
		other.Ref = "r2"
		elsewhere := dana
		elsewhere.Session = "another"
		for name, try := range map[string]func() error{
			"another person":  func() error { _, err := take(t, d, s, vic, ask("1")); return err },
			"another session": func() error { _, err := take(t, d, s, elsewhere, ask("1")); return err },
			"another thing":   func() error { _, err := take(t, d, s, dana, other); return err },
			"no token":        func() error { a := ask(""); a.Token = ""; _, err := take(t, d, s, dana, a); return err },
		} {
			if err := try(); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		clock.Advance(time.Microsecond)
		_, err := take(t, d, s, dana, ask("1"))
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("after the time for it: %v", err)
		}
		give := func(digest string) error {
			return d.Update(t.Context(), func(tx *db.Tx) error { return s.Give(tx, dana, first, digest, 10) })
		}
		if err := errors.Join(give("aa"), give("aa")); err != nil {
			t.Error(err)
		}
		if err := give("bb"); !fault.Is(err, fault.Conflict) {
			t.Errorf("other bytes under the same number: %v", err)
		}
	})
}

func TestOfTwoAtOnceOneHasTheFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := copies.New(copies.Deps{})
		var wg sync.WaitGroup
		const people = 8
		errs := make([]error, people)
		for i := range people {
			wg.Go(func() {
				who := person(string(rune('a'+i)), "org-a", access.Requester)
				errs[i] = d.Update(t.Context(), func(tx *db.Tx) error {
					_, err := s.Take(tx, who, ask(string(rune('a'+i))))
					return err
				})
			})
		}
		wg.Wait()
		had := 0
		for _, err := range errs {
			switch {
			case err == nil:
				had++
			case !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict):
				t.Errorf("an answer that helps nobody: %v", err)
			}
		}
		if had != 1 {
			t.Errorf("%d people have the one copy", had)
		}
	})
}

func TestSecondCopiesAreReviewedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := copies.New(copies.Deps{})
		first := mustTake(t, d, s, dana, ask("1"))
		second := mustTake(t, d, s, vic, again("2"))
		open := func(who access.Actor) (out []copies.Copy, err error) {
			err = d.View(t.Context(), func(tx *db.Tx) error {
				var err error
				out, err = s.Second(tx, who, 10)
				return err
			})
			return out, err
		}
		list, err := open(privacy)
		if err != nil || len(list) != 1 || list[0].ID != second.ID || list[0].Name != vic.Name || list[0].Reason == "" {
			t.Fatalf("%+v, %v", list, err)
		}
		_, err = open(dana)
		if !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		review := func(who access.Actor, number id.CopyNumber, o copies.Outcome, note string) error {
			return d.Update(t.Context(), func(tx *db.Tx) error { return s.Review(tx, who, number, o, note) })
		}
		if err := review(privacy, second.ID, "", ""); len(fault.Problems(err)) != 2 {
			t.Errorf("an empty review: %v", err)
		}
		if err := review(privacy, first.ID, copies.Explained, "nothing to say"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a first copy: %v", err)
		}
		if err := review(dana, second.ID, copies.Explained, "nothing to say"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by the office: %v", err)
		}
		if err := review(privacy, second.ID, copies.Explained, "asked the office, it burned"); err != nil {
			t.Fatal(err)
		}
		if err := review(privacy, second.ID, copies.Misused, "asked the office again"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second review: %v", err)
		}
		list, err = open(privacy)
		if err != nil || len(list) != 0 {
			t.Errorf("after the review %d are open, %v", len(list), err)
		}
		err = d.View(t.Context(), func(tx *db.Tx) error {
			c, all, err := s.Find(tx, privacy, second.ID)
			if err != nil {
				return err
			}
			if c.Review == nil || c.Review.Outcome != copies.Explained || len(all) != 2 || c.First != first.At {
				t.Errorf("%+v of %d", c, len(all))
			}
			_, _, err = s.Find(tx, privacy, id.NewCopyNumber(tx.Now))
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("a number that no copy has: %v", err)
			}
			_, _, err = s.Find(tx, dana, first.ID)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("by the office: %v", err)
			}
			for subject, want := range map[string]int{"request/r1": 2, "copy/" + string(second.ID): 1} {
				kept, err := record.Entries(tx, subject)
				if err != nil {
					return err
				}
				if len(kept) != want {
					t.Errorf("%s has %d entries in the record, not %d", subject, len(kept), want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// what was printed is never unsaid.
func TestTheLedgerIsAppendOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := copies.New(copies.Deps{})
		mustTake(t, d, s, dana, ask("1"))
		second := mustTake(t, d, s, dana, again("2"))
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			return errors.Join(s.Give(tx, dana, second, "aa", 1), s.Review(tx, privacy, second.ID, copies.Reminded, "told the office manager"))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{
			"update print_copy set no = 1", "delete from print_copy", "update print_copy_given set digest = ''", "delete from print_copy_given",
			"update print_copy_review set note = ''", "delete from print_copy_review",
		} {
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}
