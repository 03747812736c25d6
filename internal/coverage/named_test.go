package coverage_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

// TestAComparisonThatRunsAgainCountsOnce loses a race at the commit of a batch,
// as PostgreSQL does when two write the same row: what the batch counted before
// counts no more.
func TestAComparisonThatRunsAgainCountsOnce(t *testing.T) {
	d := dbtest.Postgres(t, dbtest.NewClock().Now)
	s := service(d)
	load(t, s, people(0, 30, ""))
	check := func() coverage.Report {
		t.Helper()
		text := head + people(0, 10, "2027-12-31") + strings.ReplaceAll(people(10, 5, ""), "1990-05-05,", "1990-05-05,female") + people(100, 3, "")
		rep, err := s.Load(t.Context(), importer(), coverage.Order{Full: true, CheckOnly: true, Source: file(text), Feed: coverage.CSV})
		if err != nil || rep.RefusedTotal > 0 {
			t.Fatalf("%+v %v", rep, err)
		}
		return rep
	}
	want := check()
	if want.Added != 3 || want.Difference.Unnamed != 15 || want.Difference.Facts["gender"] != 5 || want.Difference.Ending != 25 {
		t.Fatalf("%+v", want)
	}
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			"create sequence tries",
			`create function lose() returns trigger as $$ begin
				if nextval('tries') = 1 then raise exception 'lost the race' using errcode = '40001'; end if; return null; end $$ language plpgsql`,
			"create constraint trigger lose after insert on coverage_named deferrable initially deferred for each row execute function lose()",
		} {
			_, err := tx.Exec(q)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := check()
	tries := 0
	err = d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("select last_value from tries").Scan(&tries) })
	if err != nil || tries < 15 {
		t.Fatalf("the race was not lost: %d %v", tries, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("run again: %+v, once: %+v", got, want)
	}
}

// TestTwoComparisonsAtOnceSeeTheSame lets one comparison of a file begin and
// end while another of the same file is on its way.
func TestTwoComparisonsAtOnceSeeTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, people(0, 40, ""))
		src := file(head + people(0, 25, ""))
		release, between := make(chan struct{}), make(chan coverage.Report, 1)
		second := func() {
			_, err := s.Load(t.Context(), importer(), coverage.Order{Full: true, Source: src, Feed: coverage.CSV, Ask: func(r coverage.Report) bool {
				between <- r
				<-release
				return false
			}})
			if err != nil {
				t.Error(err)
			}
			close(between)
		}
		var got, other coverage.Report
		begun := false
		_, err := s.Load(t.Context(), importer(), coverage.Order{
			Full: true, Source: src, Feed: coverage.CSV,
			Progress: func(done, _ int64) {
				if done >= 3*src.Size && !begun { // its rows are compared, and the unnamed not yet looked for
					begun = true
					go second()
					other = <-between
				}
			},
			Ask: func(r coverage.Report) bool { got = r; return false },
		})
		close(release)
		for range between { // until it has ended
		}
		if err != nil || !begun || got.Difference.Unnamed != 15 || !reflect.DeepEqual(got.Difference, other.Difference) {
			t.Errorf("%+v and %+v: %v", got.Difference, other.Difference, err)
		}
		if f, b, n := staged(t, d); f+b+n != 0 {
			t.Errorf("left %d %d %d", f, b, n)
		}
	})
}

// TestOneMemberUnderTwoIdentifiers names a member by number and, thousands of
// rows further, by the place in the family.
func TestOneMemberUnderTwoIdentifiers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "D7,F1,child,Lee,Deb,,,2005-01-01,,,,,,,,P1,,2025-01-01,2025-12-31,\n"+people(0, 1, ""))
		row := func(number string, line int, from string) coverage.Enrollment {
			at := coverage.Place{Line: line}
			e := coverage.Enrollment{At: at, Change: coverage.Add, Number: number, Last: "Lee", First: "Ann", Birth: day(t, "1990-05-05"),
				Spans: []coverage.Statement{{At: at, Change: coverage.Add, Line: coverage.Medical, Plan: "P1", From: day(t, from)}}}
			if number == "D7" || number == "" {
				e.First, e.Birth = "Deb", day(t, "2005-01-01")
			}
			if number == "" {
				e.Subscriber = "F1"
			}
			return e
		}
		others := func(n int) (out []coverage.Enrollment) {
			for i := range n {
				out = append(out, row(fmt.Sprint("X", i), i+3, "2026-01-01"))
			}
			return out
		}
		end := row("D7", 2, "2026-01-01")
		end.Spans[0].To = day(t, "2026-03-31")
		family := row("", 5000, "2026-04-01")
		again := row("D7", 5000, "2026-04-01")
		noBirth := row("", 2, "2026-01-01")
		noBirth.Birth, noBirth.Spans[0].To = day(t, ""), day(t, "2026-03-31")
		fresh := row("N9", 2, "2026-01-01")
		fresh.Subscriber, fresh.First, fresh.Spans[0].To = "F9", "Deb", day(t, "2026-03-31")
		freshFamily := row("", 5000, "2026-04-01")
		freshFamily.Subscriber, freshFamily.Birth = "F9", fresh.Birth
		for name, c := range map[string]struct {
			rows    []coverage.Enrollment
			refused bool
			later   bool // found when it is applied
		}{
			"by number, then in the family":       {slices.Concat([]coverage.Enrollment{end}, others(2500), []coverage.Enrollment{family}), true, false},
			"the same, in one batch":              {[]coverage.Enrollment{end, family}, true, false},
			"in the family, with and without day": {slices.Concat([]coverage.Enrollment{noBirth}, others(2500), []coverage.Enrollment{family}), true, false},
			"a new one":                           {slices.Concat([]coverage.Enrollment{fresh}, others(2500), []coverage.Enrollment{freshFamily}), true, true},
			"a new one, in one batch":             {[]coverage.Enrollment{fresh, freshFamily}, true, false},
			"twice by number":                     {slices.Concat([]coverage.Enrollment{end}, others(2500), []coverage.Enrollment{again}), false, false},
		} {
			t.Run(name, func(t *testing.T) {
				before := counts(t, d)
				for _, only := range []bool{true, false} {
					for _, full := range []bool{false, true} {
						rep, err := s.Load(t.Context(), importer(), coverage.Order{CheckOnly: only || !c.refused, Full: full, Source: file(name), Feed: feedOf(c.rows...)})
						if err != nil {
							t.Fatal(err)
						}
						want := c.refused && (!only || !c.later)
						if (rep.RefusedTotal == 1) != want || rep.RefusedTotal > 1 {
							t.Fatalf("check %v, full %v: %+v", only, full, rep.Refused)
						}
						if want && (rep.Refused[0].Where != "line 5000" || rep.Refused[0].Reason != "the same member stands at line 2 already, under another identifier") {
							t.Errorf("%+v", rep.Refused)
						}
					}
				}
				if counts(t, d) != before {
					t.Error("something was loaded")
				}
				if f, b, n := staged(t, d); f+b+n != 0 {
					t.Errorf("left %d %d %d", f, b, n)
				}
			})
		}
	})
}
