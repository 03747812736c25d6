package coverage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
)

func importIDs(tx *db.Tx) ([]string, error) {
	return db.Collect(func(r *sql.Rows) (string, error) {
		var s string
		return s, r.Scan(&s)
	})(tx.Rows("select id from coverage_import order by at_us, id"))
}

// counts gives how many rows each table has: members, spans that hold, spans
// in all, plans, imports.
func counts(t testing.TB, d *db.DB) [5]int {
	t.Helper()
	var out [5]int
	err := d.View(t.Context(), func(tx *db.Tx) error {
		for i, query := range []string{
			"select count(*) from member", "select count(*) from coverage_span where closed_us = 0", "select count(*) from coverage_span",
			"select count(*) from coverage_plan", "select count(*) from coverage_import",
		} {
			err := tx.Row(query).Scan(&out[i])
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// history gives the medical spans that hold of a member, in order, as text.
func history(t testing.TB, d *db.DB, number string) string {
	t.Helper()
	var out []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		k, err := member.Known(tx, importer(), []string{number})
		if err != nil {
			return err
		}
		out, err = db.Collect(func(r *sql.Rows) (string, error) {
			var line, plan, from, to string
			err := r.Scan(&line, &plan, &from, &to)
			text := plan + " " + from + ".." + strings.TrimSuffix(to, "9999-12-31")
			if line != "medical" {
				text = line + " " + text
			}
			return text, err
		})(tx.Rows("select line, plan, from_on, to_on from coverage_span where member = $1 and closed_us = 0 order by line, from_on", string(k[member.FoldNumber(number)].ID)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ")
}

func TestWholeOrNothing(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		good := "M1,,self,Lee,Ann,,,1990-05-05,f,,,,,,,P1,G,2025-01-01,,1245319599\n"
		rep, err := s.Import(t.Context(), importer(), file(head+good+"M2,,self,Roe,Bob,,,1990-02-31,m,,,,,,,P1,G,2025-01-01,,\n"+
			"M3,,self,Poe,,,,,m,,,,,,,P1,G,2025-01-01,2024-01-01,\n"), coverage.CSV, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Rows != 3 || rep.RefusedTotal != 2 || rep.Added != 0 || rep.Refused[0].Where != "line 3" || !strings.HasPrefix(rep.Refused[0].Reason, "birth: ") ||
			rep.Refused[1].Where != "line 4" || !strings.Contains(rep.Refused[1].Reason, "ends before it begins") {
			t.Errorf("%+v", rep)
		}
		if c := counts(t, d); c != [5]int{} {
			t.Errorf("a refused file left %v", c)
		}
		rep = load(t, s, good)
		if rep.Rows != 1 || rep.Added != 1 || rep.Changed+rep.Ended != 0 || rep.Already || len(rep.Digest) != 64 {
			t.Errorf("%+v", rep)
		}
		again := load(t, s, good)
		if !again.Already || again.Added != 1 || again.Digest != rep.Digest {
			t.Errorf("the same file again: %+v", again)
		}
		if c := counts(t, d); c != [5]int{1, 1, 1, 1, 1} {
			t.Errorf("%v", c)
		}
		same := load(t, s, good+"\n") // other bytes, the same facts
		if same.Already || same.Added+same.Changed+same.Ended != 0 {
			t.Errorf("nothing new: %+v", same)
		}
		if c := counts(t, d); c != [5]int{1, 1, 1, 1, 2} {
			t.Errorf("%v", c)
		}
		for _, e := range entries(t, d) {
			if e.Kind != "members.loaded" || strings.Contains(string(e.Body), "Lee") || strings.Contains(string(e.Body), "M1") || !strings.Contains(string(e.Body), `"file":"test.csv"`) {
				t.Errorf("entry %s: %s", e.Kind, e.Body)
			}
		}
		if n := len(entries(t, d)); n != 2 {
			t.Errorf("%d entries", n)
		}
		_, err = s.Import(t.Context(), clerk("A"), file(head+good), coverage.CSV, nil)
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk imports: %v", err)
		}
	})
}

// TestRefusals names what is wrong with a row.
func TestRefusals(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	load(t, s, "OLD,,self,Known,Kim,,,1980-01-01,,,,,,,,P1,,2025-01-01,,\n")
	cases := map[string]struct{ row, reason string }{
		"no number":          {",S1,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "member_number: is missing"},
		"odd number":         {"<b>1</b>,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "the member number has"},
		"odd subscriber":     {"N1,<,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "the subscriber number has"},
		"no last name":       {"N1,,,,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "the last name is missing"},
		"emoji last name":    {"N1,,,🙂,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "has no letter"},
		"no birth":           {"N1,,,Lee,Ann,,,,,,,,,,,P1,,2025-01-01,,", "birth date is missing"},
		"American birth":     {"N1,,,Lee,Ann,,,5/5/1990,,,,,,,,P1,,2025-01-01,,", "birth: write the date as YYYY-MM-DD"},
		"birth to come":      {"N1,,,Lee,Ann,,,2026-11-24,,,,,,,,P1,,2025-01-01,,", "in the future"},
		"birth long ago":     {"N1,,,Lee,Ann,,,1890-01-01,,,,,,,,P1,,2025-01-01,,", "130 years"},
		"no plan":            {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,,,2025-01-01,,", "the plan is missing"},
		"odd plan":           {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1;drop,,2025-01-01,,", "a plan code has"},
		"no first day":       {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,,,", "the first day of the coverage is missing"},
		"end before start":   {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-02,2025-01-01,", "ends before it begins"},
		"no coverage":        {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,,,,,", "a coverage with plan and first day is missing"},
		"bad NPI":            {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,1234567890", "check digit"},
		"odd relationship":   {"N1,,cousin,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "relationship: write"},
		"odd gender":         {"N1,,,Lee,Ann,,,1990-05-05,7,,,,,,,P1,,2025-01-01,,", "gender: write"},
		"control character":  {"N1,,,Lee,A\x01nn,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "control character"},
		"not UTF-8":          {"N1,,,L\xe9e,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "UTF-8"},
		"long name":          {"N1,,," + strings.Repeat("e", 201) + ",Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "200 characters"},
		"few cells":          {"N1,,,Lee", "another number of cells"},
		"many cells":         {"N1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,,", "another number of cells"},
		"somebody else":      {"OLD,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,", "another name and birth date"},
		"twin of the number": {"OLD,,,Known,Kit,,,1981-01-01,,,,,,,,P1,,2025-01-01,,", "another name and birth date"},
	}
	for name, c := range cases {
		rep, err := s.Import(t.Context(), importer(), file(head+c.row+"\n"), coverage.CSV, nil)
		if err != nil || rep.RefusedTotal == 0 || rep.Refused[0].Where != "line 2" {
			t.Errorf("%s: %+v %v", name, rep, err)
			continue
		}
		if !slices.ContainsFunc(rep.Refused, func(r coverage.Refusal) bool { return strings.Contains(r.Reason, c.reason) }) {
			t.Errorf("%s: refused for %v", name, rep.Refused)
		}
		for _, r := range rep.Refused {
			for cell := range strings.SplitSeq(c.row, ",") {
				if len(cell) > 2 && strings.Contains(r.Reason, cell) && !strings.Contains("birth", cell) {
					t.Errorf("%s: the reason repeats %q: %s", name, cell, r.Reason)
				}
			}
		}
	}
	if c := counts(t, d); c[0] != 1 || c[4] != 1 {
		t.Errorf("refused files left %v", c)
	}
}

func TestCorrectionsKeepThePerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "N1,S1,child,Lee,Ann,Q,Jr,1990-05-05,f,1 Elm,Ocala,FL,34462,555,en,P1,,2025-01-01,,1245319599\n")
		rep := load(t, s, "n-1,,,Lee-Roe,Ann,,,1990-05-05,,,,,,,,,,,,\n") // a new last name, nothing else
		if rep.Changed != 1 {
			t.Errorf("%+v", rep)
		}
		rep = load(t, s, "N1,,,Lee-Roe,Ann,,,1991-05-05,,,Miami,,,,,P1,,2025-01-01,,1234567893\n") // a corrected birth date, a new city and PCP
		if rep.Changed != 1 || rep.Ended != 0 {
			t.Errorf("%+v", rep)
		}
		sheet, err := byNumber(t, s, nurse(), "N1", "")
		m := sheet.Member
		if err != nil || m.Name() != "Ann Lee-Roe" || m.Birth != day(t, "1991-05-05") || m.Street != "" || m.City != "Miami" || m.Phone != "555" ||
			m.Relationship != "child" || m.Subscriber != "S1" || m.Gender != "female" || sheet.PCP.NPI != "1234567893" {
			t.Errorf("%s %v %q %q %q %v", m.Name(), m.Birth, m.City, m.Phone, m.Relationship, err)
		}
		if c := counts(t, d); c[0] != 1 || c[2] != 1 {
			t.Errorf("%v", c)
		}
	})
}

func TestOneMemberTwiceInAFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		row := func(number, plan, from, to string) string {
			return fmt.Sprintf("%s,,,Lee,Ann,,,1990-05-05,,,,,,,,%s,,%s,%s,\n", number, plan, from, to)
		}
		for name, second := range map[string]string{
			"the same":       row("M1", "P1", "2025-01-01", ""),
			"another plan":   row("M1", "P2", "2026-01-01", ""),
			"typed another":  row("m-1", "P1", "2024-01-01", "2025-01-01"),
			"far apart line": strings.Repeat(row("X", "P1", "2025-01-01", ""), 0) + row("M1", "P1", "2025-01-01", "2025-01-01"),
		} {
			rep, err := s.Import(t.Context(), importer(), file(head+row("M1", "P1", "2025-01-01", "")+row("M2", "P1", "2025-01-01", "")+second), coverage.CSV, nil)
			if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Where != "line 4" || !strings.Contains(rep.Refused[0].Reason, "line 2") {
				t.Errorf("%s: %+v %v", name, rep, err)
			}
		}
		load(t, s, row("M1", "P1", "2023-01-01", "2023-12-31")+row("M1", "P2", "2024-01-01", "2024-12-31")+row("M1", "P3", "2025-01-01", ""))
		if h := history(t, d, "M1"); h != "P1 2023-01-01..2023-12-31; P2 2024-01-01..2024-12-31; P3 2025-01-01.." {
			t.Error(h)
		}
	})
}

// feedOf gives a feed of made rows, for what a table of cells cannot say.
func feedOf(rows ...coverage.Enrollment) coverage.Feed {
	return func(_ io.Reader, emit func(coverage.Enrollment) error) error {
		for _, r := range rows {
			err := emit(r)
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// TestStatementsOverStatements lays one statement over what is known.
func TestStatementsOverStatements(t *testing.T) {
	const a, e, r, v, ch = coverage.Add, coverage.End, coverage.Reinstate, coverage.Void, coverage.Alter
	type st struct {
		change         coverage.Change
		plan, from, to string
		line           coverage.Line
	}
	cases := []struct {
		name   string
		before []st
		change coverage.Change
		from   string
		to     string
		spans  []st
		want   string // the history, or "refused: " and words of the reason
		ended  bool
	}{
		{"new plan follows", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "P2", "2026-01-01", "", ""}}, "P1 2025-01-01..2025-12-31; P2 2026-01-01..", false},
		{"earlier beginning", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "P1", "2024-07-01", "", ""}}, "P1 2024-07-01..", false},
		{"says it again", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "P1", "2025-01-01", "", ""}}, "P1 2025-01-01..", false},
		{"now with an end", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"corrected past keeps what follows", []st{{a, "P2", "2025-04-01", "", ""}}, a, "", "", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30; P2 2025-07-01..", false},
		{"dental beside medical", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "D", "2025-03-01", "", coverage.Dental}}, "dental D 2025-03-01..; P1 2025-01-01..", false},
		{"end of the plan", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", []st{{e, "P1", "", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"end without plan", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", []st{{e, "", "", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"end under another code", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", []st{{e, "HMO", "", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"end stated whole", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", []st{{e, "P1", "2025-01-01", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"end twice", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, e, "", "", []st{{e, "P1", "", "2025-06-30", ""}}, "P1 2025-01-01..2025-06-30", false},
		{"end before what was to begin", []st{{a, "P1", "2025-01-01", "2025-12-31", ""}, {a, "P2", "2026-01-01", "", ""}}, e, "", "", []st{{e, "", "", "2025-10-31", ""}}, "P1 2025-01-01..2025-10-31", true},
		{"end of the member", []st{{a, "P1", "2025-01-01", "", ""}, {a, "D", "2025-01-01", "", coverage.Dental}}, e, "", "2025-06-30", nil, "dental D 2025-01-01..2025-06-30; P1 2025-01-01..2025-06-30", true},
		{"end of the member, undated", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", nil, "refused: last day", false},
		{"end of what is not", []st{{a, "P1", "2025-01-01", "", ""}}, e, "", "", []st{{e, "D", "", "2025-06-30", coverage.Dental}}, "refused: no coverage of this kind", false},
		{"reopened", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, r, "", "", nil, "P1 2025-01-01..", false},
		{"reinstated from a day", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, r, "2025-09-01", "", nil, "P1 2025-01-01..2025-06-30; P1 2025-09-01..", false},
		{"reinstated coverage from a day", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, r, "", "", []st{{r, "", "2025-09-01", "", ""}}, "P1 2025-01-01..2025-06-30; P1 2025-09-01..", false},
		{"reinstated, not ended", []st{{a, "P1", "2025-01-01", "", ""}}, r, "", "", nil, "P1 2025-01-01..", false},
		{"void", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}, {a, "P2", "2025-07-01", "", ""}}, ch, "", "", []st{{v, "P2", "", "", ""}}, "P1 2025-01-01..2025-06-30", true},
		{"plan change in one row", []st{{a, "P1", "2025-01-01", "", ""}}, ch, "", "", []st{{e, "P1", "", "2025-12-31", ""}, {a, "P2", "2026-01-01", "", ""}}, "P1 2025-01-01..2025-12-31; P2 2026-01-01..", true},
		{"change of an end", []st{{a, "P1", "2025-01-01", "2025-06-30", ""}}, ch, "", "", []st{{ch, "P1", "", "2025-08-31", ""}}, "P1 2025-01-01..2025-08-31", false},
		{"change of plan, undated", []st{{a, "P1", "2025-01-01", "", ""}}, ch, "", "", []st{{ch, "P2", "", "", ""}}, "refused: another plan", false},
		{"two on the same days", []st{{a, "P1", "2025-01-01", "", ""}}, a, "", "", []st{{a, "P1", "2026-01-01", "", ""}, {a, "P2", "2026-02-01", "", ""}}, "refused: same days", false},
	}
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		for i, c := range cases {
			number := fmt.Sprintf("M%d", i)
			enrollment := func(change coverage.Change, from, to string, spans []st) coverage.Enrollment {
				out := coverage.Enrollment{At: coverage.Place{Line: 2}, Change: change, Number: number, Last: "Lee", First: "Ann", Birth: day(t, "1990-05-05"), From: day(t, from), To: day(t, to)}
				for _, sp := range spans {
					line := sp.line
					if line == "" {
						line = coverage.Medical
					}
					out.Spans = append(out.Spans, coverage.Statement{At: out.At, Change: sp.change, Line: line, Plan: sp.plan, From: day(t, sp.from), To: day(t, sp.to)})
				}
				return out
			}
			for n, step := range []coverage.Enrollment{enrollment(a, "", "", c.before), enrollment(c.change, c.from, c.to, c.spans)} {
				rep, err := s.Import(t.Context(), importer(), file(fmt.Sprintf("%s %d", c.name, n)), feedOf(step), nil)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				if reason, refused := strings.CutPrefix(c.want, "refused: "); refused && n == 1 {
					if rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, reason) {
						t.Errorf("%s: %+v", c.name, rep)
					}
					continue
				}
				if rep.RefusedTotal != 0 || n == 1 && (rep.Ended == 1) != c.ended {
					t.Errorf("%s: %+v", c.name, rep)
				}
			}
			if h := history(t, d, number); !strings.HasPrefix(c.want, "refused") && h != c.want {
				t.Errorf("%s: %s", c.name, h)
			}
		}
	})
}

// TestDependentsWithoutNumbers are told apart by first name and birth date.
func TestDependentsWithoutNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		row := func(change coverage.Change, number, first, birth string) coverage.Enrollment {
			out := coverage.Enrollment{At: coverage.Place{Segment: 9, Line: 9, Tag: "INS"}, Change: change, Number: number, Subscriber: "F1", Last: "Roe", First: first, Birth: day(t, birth)}
			if change == coverage.Add {
				out.Spans = []coverage.Statement{{At: out.At, Change: change, Line: coverage.Medical, Plan: "P1", From: day(t, "2025-01-01")}}
			}
			return out
		}
		rep, err := s.Import(t.Context(), importer(), file("1"), feedOf(row(coverage.Add, "F1", "Tom", "1970-01-01"), row(coverage.Add, "", "Tim", "2005-01-01"), row(coverage.Add, "", "Kim", "2005-01-01")), nil)
		if err != nil || rep.Added != 3 {
			t.Fatalf("%+v %v", rep, err)
		}
		rep, err = s.Import(t.Context(), importer(), file("2"), feedOf(row(coverage.Add, "", "TIM", "2005-01-01"), row(coverage.Add, "", "Zoe", "2026-01-01"), row(coverage.Alter, "", "Kim", "")), nil)
		if err != nil || rep.Added != 1 || rep.Changed != 1 { // TIM is written another way now
			t.Errorf("%+v %v", rep, err)
		}
		for number, want := range map[string]string{"F1": "Tom", "F1-02": "TIM", "F1-03": "Kim", "F1-04": "Zoe"} {
			sheet, err := byNumber(t, s, clerk("A"), number, "")
			if err != nil || sheet.Member.First != want {
				t.Errorf("%s: %q %v", number, sheet.Member.First, err)
			}
		}
		for name, bad := range map[string]coverage.Enrollment{
			"nobody of that name": row(coverage.Alter, "", "Max", "1999-01-01"),
			"no first name":       row(coverage.Add, "", "", "1999-01-01"),
		} {
			rep, err = s.Import(t.Context(), importer(), file(name), feedOf(bad), nil)
			if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Where != "segment 9 (line 9), INS" {
				t.Errorf("%s: %+v %v", name, rep, err)
			}
		}
		rep, err = s.Import(t.Context(), importer(), file("two ways"), feedOf(row(coverage.Alter, "", "Zoe", "2026-01-01"), row(coverage.Alter, "F1-04", "Zoe", "2026-01-01")), nil)
		if err != nil || rep.RefusedTotal != 1 {
			t.Errorf("one person under two identifiers: %+v %v", rep, err)
		}
	})
}

// TestBrokenInTheMiddle ends the second reading at every kind of place.
func TestBrokenInTheMiddle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		var rows strings.Builder
		for i := range 500 {
			fmt.Fprintf(&rows, "M%d,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n", i)
		}
		text := head + rows.String()
		second := func(spoil func() (io.Reader, error)) coverage.Source {
			opened := 0
			return coverage.Source{Name: "x", Size: int64(len(text)), Open: func() (io.ReadCloser, error) {
				opened++
				if opened == 1 {
					return io.NopCloser(strings.NewReader(text)), nil
				}
				r, err := spoil()
				if err != nil {
					return nil, err
				}
				return io.NopCloser(r), nil
			}}
		}
		cut := errors.New("cut")
		cases := map[string]struct {
			spoil func() (io.Reader, error)
			kind  fault.Kind
		}{
			"gone": {func() (io.Reader, error) { return nil, cut }, fault.Invalid},
			"cut": {func() (io.Reader, error) {
				return io.MultiReader(strings.NewReader(text[:len(text)/2]), broken{cut}), nil
			}, fault.Unavailable},
			"shorter":     {func() (io.Reader, error) { return strings.NewReader(head + rows.String()[:4000]), nil }, fault.Conflict},
			"other bytes": {func() (io.Reader, error) { return strings.NewReader(text + "\n"), nil }, fault.Conflict},
		}
		for name, c := range cases {
			if name == "shorter" {
				at := strings.LastIndex(rows.String()[:4000], "\n") + 1
				c.spoil = func() (io.Reader, error) { return strings.NewReader(head + rows.String()[:at]), nil }
			}
			_, err := s.Import(t.Context(), importer(), second(c.spoil), coverage.CSV, nil)
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
			if got := counts(t, d); got != [5]int{} || len(entries(t, d)) != 0 {
				t.Errorf("%s: left %v", name, got)
			}
		}
		// The database moved between the readings: what the first allowed, the
		// second refuses, and says so.
		moved := second(func() (io.Reader, error) { return strings.NewReader(text[:len(text)-2] + "x\n"), nil })
		rep, err := s.Import(t.Context(), importer(), moved, coverage.CSV, nil)
		if err == nil && rep.RefusedTotal == 0 || counts(t, d) != [5]int{} {
			t.Errorf("a row spoilt between the readings: %+v %v", rep, err)
		}
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestTwoImportsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		for n := range 2 { // every statement is known to the engine before many use it
			var first strings.Builder
			for i := range 333 {
				fmt.Fprintf(&first, "Z%d,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-0%d,,\n", i, n+1)
			}
			load(t, s, first.String())
		}
		var same, other strings.Builder
		for i := range 300 {
			fmt.Fprintf(&same, "M%d,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n", i)
			fmt.Fprintf(&other, "M%d,,,Lee,Ann,,,1990-05-05,,,,,,,,P2,,2026-01-01,,\n", i)
		}
		var wg sync.WaitGroup
		reports := make([]coverage.Report, 6)
		for i := range reports {
			text := same.String()
			if i%2 == 1 {
				text = other.String()
			}
			wg.Go(func() {
				rep, err := s.Import(t.Context(), importer(), file(head+text), coverage.CSV, nil)
				if err != nil || rep.RefusedTotal > 0 {
					t.Errorf("%+v %v", rep, err)
				}
				reports[i] = rep
			})
		}
		wg.Wait()
		loaded, added := 0, 0
		for _, r := range reports {
			if !r.Already {
				loaded++
				added += r.Added
			}
		}
		if loaded != 2 || added != 300 {
			t.Errorf("%d files loaded, %d members added", loaded, added)
		}
		if c := counts(t, d); c[0] != 633 || c[4] != 4 {
			t.Errorf("%v", c)
		}
		h := history(t, d, "M7")
		if h != "P1 2025-01-01..2025-12-31; P2 2026-01-01.." && h != "P1 2025-01-01.." {
			t.Error(h)
		}
	})
}

func TestHostileTables(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s := service(d)
	row := "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n"
	for name, c := range map[string]struct{ text, where, reason string }{
		"empty":               {"", "the file", "empty"},
		"only a mark":         {"\ufeff", "line 1", "the first line names a column"},
		"no header":           {row, "line 1", "the first line names a column"},
		"semicolons":          {strings.ReplaceAll(head, ",", ";"), "line 1", "commas"},
		"a column twice":      {"birth,birth\n", "line 1", "twice"},
		"unknown column":      {strings.Replace(head, "suffix", "ssn", 1), "line 1", "none of"},
		"column missing":      {strings.Replace(head, "birth,", "", 1), "line 1", "birth is missing"},
		"UTF-16":              {"\xff\xfem\x00e\x00", "line 1", "UTF-8"},
		"stray quote":         {head + "M1,,,L\"ee,Ann\n", "line 2", "quotation mark"},
		"open quote":          {head + "\"M1,,\n" + strings.Repeat(row, 10), "line 2", "quotation mark"},
		"open quote, endless": {head + "\"" + strings.Repeat(row, 20_000), "the file", "64 KB"},
		"endless line":        {head + strings.Repeat("a,", 1<<20), "the file", "64 KB"},
		"endless first line":  {strings.Repeat("a", 1<<20), "the file", "64 KB"},
	} {
		rep, err := s.Import(t.Context(), importer(), file(c.text), coverage.CSV, nil)
		if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Where != c.where || !strings.Contains(rep.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
	big := file(head)
	big.Size = coverage.MaxFile + 1
	_, err := s.Import(t.Context(), importer(), big, coverage.CSV, nil)
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large: %v", err)
	}
	rep, err := s.Import(t.Context(), importer(), file("\ufeff"+strings.ToUpper(head)+row), coverage.CSV, nil)
	if err != nil || rep.Added != 1 {
		t.Errorf("a mark and capitals: %+v %v", rep, err)
	}
	rep, err = s.Import(t.Context(), importer(), file("from,plan,birth,first,last,member_number\n2025-01-01,P1,1990-05-05,\"Ann \u202eevil\",\"<b>O'Neil 🙂</b> כהן\",M9\n"), coverage.CSV, nil)
	if err != nil || rep.Added != 1 {
		t.Errorf("another order: %+v %v", rep, err)
	}
	sheet, err := byNumber(t, s, clerk("A"), "M9", "")
	if err != nil || sheet.Member.Last != "<b>O'Neil 🙂</b> כהן" || sheet.Member.First != "Ann evil" {
		t.Errorf("%q %q %v", sheet.Member.Last, sheet.Member.First, err)
	}
}

func TestManyRefusalsAreCounted(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	rep, err := service(d).Import(t.Context(), importer(), file(head+strings.Repeat("M1,x\n", 5000)), coverage.CSV, nil)
	if err != nil || rep.Rows != 5000 || rep.RefusedTotal != 5000 || len(rep.Refused) != coverage.MaxRefusals {
		t.Errorf("%d rows, %d refused, %d named: %v", rep.Rows, rep.RefusedTotal, len(rep.Refused), err)
	}
}

// generated is a large file that is made while it is read.
type generated struct {
	rows, next int
	rest       []byte
}

func (g *generated) Read(p []byte) (int, error) {
	if len(g.rest) == 0 {
		if g.next > g.rows {
			return 0, io.EOF
		}
		g.rest = []byte(head)
		if g.next > 0 {
			g.rest = fmt.Appendf(nil, "M%09d,S%09d,self,Last%d,First%d,,,19%02d-05-05,f,%d Elm Street Apartment 12,Springfield,IL,62701,217-555-0100,en,PLAN%02d,GROUP-%d,2025-01-01,,1245319599\n",
				g.next, g.next, g.next, g.next, g.next%100, g.next, g.next%50, g.next%100)
		}
		g.next++
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// TestLargeFileInBoundedMemory judges a file of 200 MB whose last row is
// refused.
func TestLargeFileInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 MB: run without -short")
	}
	rows := 1_350_000
	if raceDetector {
		rows /= 5 // it reads five times slower
	}
	d := dbtest.SQLite(t, time.Now)
	var most uint64
	source := coverage.Source{Name: "large", Size: 0, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(&generated{rows: rows}, strings.NewReader("x\n"))), nil
	}}
	var read int64
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	base := ms.HeapInuse
	rep, err := service(d).Import(t.Context(), importer(), source, coverage.CSV, func(done, _ int64) {
		if done-read > 20<<20 {
			read = done
			runtime.ReadMemStats(&ms)
			most = max(most, ms.HeapInuse)
		}
	})
	if err != nil || rep.Rows != rows+1 || rep.RefusedTotal != 1 || rep.Refused[0].Where != fmt.Sprintf("line %d", rows+2) {
		t.Fatalf("%+v %v", rep, err)
	}
	t.Logf("read %d MB, heap grew by %d MB", read>>20, (most-base)>>20)
	if most-base > 400<<20 {
		t.Errorf("the heap grew by %d MB", (most-base)>>20)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add(head + "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n")
	f.Add("member_number,last,first,birth,plan,from\n1,2,3,4,5,6\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		err := coverage.CSV(strings.NewReader(text), func(e coverage.Enrollment) error {
			if e.At.Line < 2 {
				t.Errorf("a row at %v", e.At)
			}
			return nil
		})
		var bad *coverage.Unreadable
		if err != nil && (!errors.As(err, &bad) || bad.Where == "" || bad.Reason == "") {
			t.Errorf("%v", err)
		}
	})
}
