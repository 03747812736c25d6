package disclosure

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

var reviewer = access.Actor{Person: "officer", Username: "pia", Name: "Pia", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}}

func search(t *testing.T, d *db.DB, f Filter) (p Page) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) (err error) {
		p, err = Search(tx, reviewer, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// filled writes 130 looks, two at each of 65 times a minute apart: every third
// is refused, every fifth through break-glass.
func filled(t *testing.T, d *db.DB, clock *dbtest.Clock) {
	t.Helper()
	for i := range 65 {
		clock.Advance(time.Minute)
		update(t, d, func(tx *db.Tx) error {
			l := look("m1")
			l.Subject = fmt.Sprintf("request/%d", i%4)
			if i%3 == 0 {
				l.Outcome = Refused
			}
			if i%5 == 0 {
				l.Tie = "glass/x"
			}
			other := look(id.Member(fmt.Sprintf("other%d", i)))
			return WriteAll(tx, clerk, []Look{l, other})
		})
	}
}

func TestSearchPagesWithoutGapOrTwice(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		filled(t, d, clock)
		for name, c := range map[string]struct {
			f    Filter
			want int
		}{
			"everybody":     {Filter{}, 130},
			"member":        {Filter{Member: "m1"}, 65},
			"person":        {Filter{Person: "clerk"}, 130},
			"organization":  {Filter{Org: "org-a"}, 130},
			"request":       {Filter{Subject: "request/1"}, 16},
			"member's page": {Filter{Subject: "member"}, 65},
			"refused":       {Filter{Outcome: Refused}, 22},
			"glass":         {Filter{Person: "clerk", Tie: "glass"}, 13},
			"another door":  {Filter{Door: "cli"}, 0},
			"shown, member": {Filter{Member: "m1", Outcome: Shown}, 43},
		} {
			seen := map[id.Disclosure]bool{}
			last := time.Time{}
			pages := 0
			for f := c.f; ; pages++ {
				p := search(t, d, f)
				for _, r := range p.Rows {
					if seen[r.ID] {
						t.Errorf("%s: a line twice", name)
					}
					seen[r.ID] = true
					if !last.IsZero() && r.At.After(last) {
						t.Errorf("%s: not newest first", name)
					}
					last = r.At
				}
				if p.Next.IsZero() {
					break
				}
				f.After = p.Next
			}
			if len(seen) != c.want || pages > c.want/PageSize {
				t.Errorf("%s: %d lines on %d further pages, want %d", name, len(seen), pages, c.want)
			}
		}
	})
}

func TestSearchKeepsToItsDates(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		start := clock.Now()
		filled(t, d, clock)
		for _, f := range []Filter{{Member: "m1"}, {}, {Outcome: Refused}} {
			f.From, f.Until = start.Add(10*time.Minute), start.Add(20*time.Minute)
			p := search(t, d, f)
			if len(p.Rows) == 0 {
				t.Errorf("%+v finds nothing", f)
			}
			for _, r := range p.Rows {
				if r.At.Before(f.From) || !r.At.Before(f.Until) {
					t.Errorf("a line of %s", r.At)
				}
			}
		}
		f := Filter{Member: "m1", From: start.Add(10 * time.Minute), Until: start.Add(20 * time.Minute)}
		if n := len(search(t, d, f).Rows); n != 10 {
			t.Errorf("%d lines in ten minutes", n)
		}
	})
}

// A search that nearly nothing fits ends after a bounded number of lines and
// goes on from there.
func TestSearchReadsABoundedNumberOfLines(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		update(t, d, func(tx *db.Tx) error {
			l := look("m1")
			l.Tie = "glass/1"
			_, err := Write(tx, clerk, l)
			return err
		})
		clock.Advance(time.Second)
		update(t, d, func(tx *db.Tx) error {
			many := make([]Look, scanMost+5)
			for i := range many {
				many[i] = look("m1")
			}
			return WriteAll(tx, clerk, many)
		})
		p := search(t, d, Filter{Member: "m1", Tie: "glass"})
		if len(p.Rows) != 0 || !p.Short || p.Next.IsZero() {
			t.Fatalf("%d lines, short %v", len(p.Rows), p.Short)
		}
		p = search(t, d, Filter{Member: "m1", Tie: "glass", After: p.Next})
		if len(p.Rows) != 1 || p.Short || !p.Next.IsZero() {
			t.Errorf("%d lines, short %v", len(p.Rows), p.Short)
		}
	})
}

func TestSearchByOneKeyAndByThoseWhoMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(tx *db.Tx) error {
			_, err := Search(tx, reviewer, Filter{Member: "m", Person: "p"})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("two keys: %v", err)
			}
			_, err = Search(tx, clerk, Filter{Person: "clerk"})
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("an office: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Every search goes by an index: a scan of the ledger would be a defect that
// only shows at fifty million lines.
func TestSearchesGoByAnIndex(t *testing.T) {
	clock := dbtest.NewClock()
	d := dbtest.SQLite(t, clock.Now)
	filled(t, d, clock)
	want := map[string]string{
		"member = $1":                          "disclosure_member",
		"person = $1":                          "disclosure_person",
		"org = $1":                             "disclosure_org",
		"subject <> 'member' and subject = $1": "disclosure_subject",
		"outcome <> 'shown' and outcome = $1":  "disclosure_unshown",
	}
	for where, index := range want {
		plan := planOf(t, d, "select "+columns+" from disclosure where "+where+" and at_us >= $2 and at_us <= $3 order by at_us desc, id desc limit $4", "x", int64(0), int64(1), int64(50))
		if !strings.Contains(plan, "SEARCH disclosure USING INDEX "+index+" ") {
			t.Errorf("%s: %s", where, plan)
		}
	}
	plan := planOf(t, d, "select "+columns+" from disclosure where id < $1 and id >= $2 order by id desc limit $3", "8", "", int64(50))
	if !strings.Contains(plan, "SEARCH disclosure USING INDEX sqlite_autoindex_disclosure_1") {
		t.Errorf("by time: %s", plan)
	}
}

func planOf(t *testing.T, d *db.DB, query string, args ...any) string {
	t.Helper()
	var out []string
	err := d.View(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.Rows("explain query plan "+query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a, b, c int64
			var detail string
			err = rows.Scan(&a, &b, &c, &detail)
			if err != nil {
				return err
			}
			out = append(out, detail)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ") + " "
}

func TestWhoWasShownAThing(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		other := clerk
		other.Person, other.Org, other.OrgName = "other", "org-b", "Hillside"
		update(t, d, func(tx *db.Tx) error {
			l := look("m1")
			l.Subject = "request/7"
			refused := l
			refused.Outcome = Refused
			third := other
			third.Org = "org-c"
			for who, one := range map[*access.Actor]Look{&clerk: l, &other: l, &third: refused, &reviewer: l} {
				_, err := Write(tx, *who, one)
				if err != nil {
					return err
				}
			}
			return nil
		})
		err := d.View(context.Background(), func(tx *db.Tx) error {
			all, err := ShownTo(tx, reviewer, []string{"request/7", "document/none"})
			if err != nil || len(all) != 2 {
				t.Errorf("%v %v", all, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func day(y int, m time.Month, d int) civil.Date { return civil.Date{Y: y, M: m, D: d} }

func outside() Outside {
	return Outside{Member: "m1", Basis: Oversight, Recipient: "State department <of> health", Description: "Copy of request A26", Purpose: "Audit of 2026", On: day(2026, 11, 3)}
}

func TestAnOutsideDisclosureHasWhatTheLawAsks(t *testing.T) {
	today := day(2026, 11, 23)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for path, edit := range map[string]func(*Outside){
			"basis": func(o *Outside) { o.Basis = "curiosity" }, "recipient": func(o *Outside) { o.Recipient = " " },
			"description": func(o *Outside) { o.Description = "" }, "purpose": func(o *Outside) { o.Purpose = "" },
			"on": func(o *Outside) { o.On = day(2026, 11, 24) }, "address": func(o *Outside) { o.Address = strings.Repeat("x", 201) },
		} {
			o := outside()
			edit(&o)
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				_, err := WriteOutside(tx, reviewer, o, today)
				return err
			})
			problems := fault.Problems(err)
			if len(problems) != 1 || problems[0].Path != path {
				t.Errorf("without %s: %v", path, err)
			}
		}
		// The database refuses it too (P-09).
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into disclosure_outside (id, member, basis, recipient, address, description, purpose, on_day, person, name, entry, at_us)
				values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, "x", "m", "b", "r", "", "d", "", "2026-11-01", "p", "n", "e", int64(1))
			return err
		})
		if err == nil {
			t.Error("a disclosure without a purpose was kept")
		}
		err = d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := WriteOutside(tx, clerk, outside(), today)
			return err
		})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("an office: %v", err)
		}
	})
}

func TestEveryBasisIsExemptOrNot(t *testing.T) {
	exempt := 0
	for _, b := range Bases() {
		if b.Citation() == "" {
			t.Errorf("%s has no citation", b)
		}
		if b.Exempt() {
			exempt++
		}
	}
	if len(Bases()) != 21 || exempt != 8 {
		t.Errorf("%d bases, %d exempt", len(Bases()), exempt)
	}
	if Basis("made up").Exempt() {
		t.Error("what is no basis must be told")
	}
}

func TestLookBack(t *testing.T) {
	for asked, want := range map[civil.Date]civil.Date{
		day(2026, 11, 23): day(2020, 11, 23), day(2028, 2, 29): day(2022, 2, 28), day(2026, 3, 1): day(2020, 3, 1),
	} {
		if got := LookBack(asked); got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}

func TestSuspensionEndsByItself(t *testing.T) {
	clock := dbtest.NewClock()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		today := civil.Of(clock.Now(), zone)
		var kept, court Outside
		update(t, d, func(tx *db.Tx) (err error) {
			kept, err = WriteOutside(tx, reviewer, outside(), today)
			if err != nil {
				return err
			}
			o := outside()
			o.Basis = Court
			court, err = WriteOutside(tx, reviewer, o, today)
			return err
		})
		suspend := func(s Suspension) error {
			return d.Update(context.Background(), func(tx *db.Tx) error { return Suspend(tx, reviewer, s, zone) })
		}
		oral := Suspension{Outside: kept.ID, Form: Oral, Official: "Det. Ruiz", Statement: "Would warn a suspect", Since: today}
		for name, c := range map[string]struct {
			edit func(*Suspension)
			kind fault.Kind
		}{
			"31 days on an oral statement": {func(s *Suspension) { s.Until = today.AddDays(31) }, fault.Invalid},
			"written without an end":       {func(s *Suspension) { s.Form = Written }, fault.Invalid},
			"in the future":                {func(s *Suspension) { s.Since = today.AddDays(1) }, fault.Invalid},
			"no statement":                 {func(s *Suspension) { s.Statement = "" }, fault.Invalid},
			"a court cannot":               {func(s *Suspension) { s.Outside = court.ID }, fault.Conflict},
			"nothing":                      {func(s *Suspension) { s.Outside = "x" }, fault.NotFound},
		} {
			s := oral
			c.edit(&s)
			if err := suspend(s); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := suspend(oral); err != nil {
			t.Fatal(err)
		}
		listed := func() bool {
			var all []Outside
			err := d.View(context.Background(), func(tx *db.Tx) (err error) {
				all, err = OutsideOf(tx, reviewer, "m1", day(2020, 1, 1), today)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range all {
				if o.ID == kept.ID {
					return o.Listed(clock.Now())
				}
			}
			t.Fatal("the line is gone")
			return false
		}
		for days, want := range map[int]bool{0: false, 30: false, 31: true} { // P-11
			clock.Set(today.AddDays(days).In(zone).Add(time.Hour))
			if listed() != want {
				t.Errorf("day %d: listed is %v", days, !want)
			}
		}
		clock.Set(today.AddDays(31).In(zone))
		update(t, d, func(tx *db.Tx) error { return Withdraw(tx, reviewer, kept.ID, "Wrong member") })
		if listed() {
			t.Error("a line that was withdrawn is listed")
		}
		err := d.Update(context.Background(), func(tx *db.Tx) error { return Withdraw(tx, reviewer, kept.ID, "Again") })
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("withdrawn twice: %v", err)
		}
	})
}
