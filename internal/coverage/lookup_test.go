package coverage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

const headMBI = "member_number,last,first,birth,plan,from,pcp_npi,medicare_number\n"

func loadMBI(t testing.TB, s *coverage.Service, rows string) coverage.Report {
	t.Helper()
	rep, err := s.Import(t.Context(), importer(), file(headMBI+rows), coverage.CSV, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// TestThePanelIsFoundInThePlansOwnData looks at a member of the clinic's
// panel, at one who leaves it, and at another office's.
func TestThePanelIsFoundInThePlansOwnData(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		s := service(d)
		directory(t, d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,1234567893,\nM3,Roe,Bob,1990-05-05,P1,2025-01-01,1245319599,\nM4,Poe,Cyd,1990-05-05,P1,2025-01-01,,\n")
		look := func(who access.Actor, number string) (coverage.Sheet, error) {
			return s.LookUp(t.Context(), who, coverage.Query{Key: member.Key{Number: number, Birth: day(t, "1990-05-05")}})
		}
		clinic := clerk("org")
		sheet, err := look(clinic, "M1")
		if err != nil {
			t.Fatal(err)
		}
		// The plan's list may name the clinic itself as primary care provider.
		_, err = look(clinic, "M3")
		if err != nil {
			t.Errorf("the clinic as PCP: %v", err)
		}
		for _, r := range ledger(t, d, clinic) {
			if r.Tie != "panel" || r.Outcome != disclosure.Shown {
				t.Errorf("the ledger says %+v", r)
			}
		}
		_, own := look(clinic, "M4")
		_, other := look(clerk("A"), "M1")
		_, none := look(clerk("A"), "M9")
		for _, err := range []error{own, other, none} {
			if !fault.Is(err, fault.NotFound) || err.Error() != none.Error() {
				t.Errorf("the answers differ: %v, %v", err, none)
			}
		}
		rows := ledger(t, d, clerk("A"))
		outcomes := map[disclosure.Outcome]id.Member{}
		for _, r := range rows {
			outcomes[r.Outcome] = r.Member
			if len(r.Fields) > 0 || r.Key != "member id and birth date" {
				t.Errorf("the ledger says %+v", r)
			}
		}
		if len(rows) != 2 || outcomes[disclosure.Refused] != sheet.Member.ID || outcomes[disclosure.NotFound] != "" {
			t.Errorf("the ledger does not tell refused from not found: %+v", rows)
		}
		// She changes her doctor: the clinic sees her for a month yet, and no longer.
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,1003000126,\n")
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			return provider.PutPractitioner(tx, importer(), provider.Practitioner{ID: "val", NPI: "1003000126", First: "Val", Last: "Else", Org: "elsewhere"})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			days int
			open bool
		}{{1, true}, {30, true}, {31, false}, {400, false}} {
			clock.Set(dbtest.Start.AddDate(0, 0, step.days))
			_, err = s.Sheet(t.Context(), clinic, sheet.Member.ID, coverage.Ask{})
			if (err == nil) != step.open {
				t.Errorf("%d days after: %v", step.days, err)
			}
		}
	})
}

// TestThePageOpensForThePanel opens the page of a member that the clinic never
// looked up, from its panel's list.
func TestThePageOpensForThePanel(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		directory(t, d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,1234567893,\n")
		plan, err := byNumber(t, s, nurse(), "M1", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Sheet(t.Context(), clerk("org"), plan.Member.ID, coverage.Ask{})
		if err != nil {
			t.Errorf("its own: %v", err)
		}
		_, err = s.Sheet(t.Context(), clerk("A"), plan.Member.ID, coverage.Ask{})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("another's: %v", err)
		}
	})
}

// TestOpeningByAddressIsSeenLikeALookUp opens kin from a list: the rules about
// names see it, whatever is shown, and it counts as no look-up.
func TestOpeningByAddressIsSeenLikeALookUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		directory(t, d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,1234567893,\nM2,Roe,Bob,1991-05-05,P1,2025-01-01,1234567893,\n")
		who := clerk("org")
		who.Name = "Bea Lee"
		known := map[string]member.Member{}
		err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			known, err = member.Known(tx, importer(), []string{"M1", "M2"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, ask := range []coverage.Ask{{}, {Shows: []access.Field{access.FieldCoverage}}} {
			for _, m := range []string{"M1", "M2"} {
				sheet, err := s.Sheet(t.Context(), who, known[m].ID, ask)
				if err != nil {
					t.Fatal(err)
				}
				if m == "M1" {
					rows = append(rows, string(sheet.Disclosure))
				}
			}
		}
		var seen []string
		err = d.View(t.Context(), func(tx *db.Tx) (err error) {
			seen, err = db.Collect(func(r *sql.Rows) (string, error) {
				var line, kind, person, of string
				err := r.Scan(&line, &kind, &person, &of)
				if kind != "surname" || person != string(who.Person) || of != string(known["M1"].ID) {
					t.Errorf("seen: %s %s %s", kind, person, of)
				}
				return line, err
			})(tx.Rows("select disclosure, kind, person, member from watch_kin"))
			if err != nil {
				return err
			}
			var n int
			err = tx.Row("select (select count(*) from watch_look) + (select count(*) from watch_guard)").Scan(&n)
			if n != 0 {
				t.Errorf("%d rows of look-ups", n)
			}
			return err
		})
		slices.Sort(rows)
		slices.Sort(seen)
		if err != nil || !slices.Equal(rows, seen) {
			t.Errorf("seen %v, opened %v: %v", seen, rows, err)
		}
	})
}

// TestTiesOfOthersAreAsked gives the service what another package finds.
func TestTiesOfOthersAreAsked(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		s.Ties = []member.TieFinder{func(_ *db.Tx, org id.Organization, m id.Member) (member.Tie, bool, error) {
			return member.TieClaim, org == "A" && m != "", nil
		}}
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,,\n")
		for org, want := range map[string]bool{"A": true, "B": false} {
			_, err := s.LookUp(t.Context(), clerk(org), coverage.Query{Key: member.Key{Number: "M1", Birth: day(t, "1990-05-05")}})
			if (err == nil) != want || want && ledger(t, d, clerk(org))[0].Tie != "claim" {
				t.Errorf("%s: %v", org, err)
			}
		}
	})
}

func TestMedicareNumber(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		rows := "M1,Lee,Ann,1990-05-05,P1,2025-01-01,,1EG4-TE5-MK73\nM2,Roe,Bob,1990-05-05,P1,2025-01-01,,1eg4te5mk74\nM4,Doe,Dan,1990-05-05,P1,2025-01-01,,\n"
		rep := loadMBI(t, s, rows)
		if rep.Added != 3 {
			t.Fatalf("%+v", rep)
		}
		rep = loadMBI(t, s, "M3,Poe,Cyd,1990-05-05,P1,2025-01-01,,123-45-6789A\n")
		if rep.Added != 0 || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "Medicare number") || strings.Contains(rep.Refused[0].Reason, "123") {
			t.Fatalf("%+v", rep)
		}
		look := func(number, birth string) (coverage.Sheet, error) {
			return s.LookUp(t.Context(), clerk("A"), coverage.Query{Key: member.Key{Number: number, Birth: day(t, birth)}, Visit: seen(s)})
		}
		for typed, want := range map[string]string{"1EG4-TE5-MK73": "M1", "1eg4 te5 mk73": "M1", "1EG4TE5MK74": "M2"} {
			sheet, err := look(typed, "1990-05-05")
			if err != nil || sheet.Member.Number != want || sheet.Member.Medicare != "" {
				t.Errorf("%s: %q %v", typed, sheet.Member.Number, err)
			}
		}
		for name, k := range map[string][2]string{"one digit wrong": {"1EG4-TE5-MK75", "1990-05-05"}, "another birth date": {"1EG4-TE5-MK73", "1990-05-06"}, "a part": {"1EG4", "1990-05-05"}} {
			if _, err := look(k[0], k[1]); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		keys := map[string]bool{}
		for _, r := range ledger(t, d, clerk("A")) {
			keys[r.Key] = true
		}
		if !keys["medicare number and birth date"] || !keys["member id and birth date"] || len(keys) != 2 {
			t.Errorf("kinds of keys: %v", keys)
		}
		// A file without the column leaves the number as it is, another number replaces it.
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,en,P1,,2025-01-01,,\n")
		if _, err := look("1EG4TE5MK73", "1990-05-05"); err != nil {
			t.Errorf("the number is gone: %v", err)
		}
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,,2EG4TE5MK73\n")
		if _, err := look("1EG4TE5MK73", "1990-05-05"); !fault.Is(err, fault.NotFound) {
			t.Errorf("the former number still finds somebody: %v", err)
		}
	})
}

// TestFindDisclosesWhatItConfirms: the door that only opens the page is given
// no more than that.
func TestFindDisclosesWhatItConfirms(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,,1EG4TE5MK73\n")
		for _, c := range []struct {
			key  member.Key
			want []access.Field
		}{
			{member.Key{Number: "M1"}, []access.Field{access.FieldBirth, access.FieldMemberID}},
			{member.Key{Last: "Lee"}, []access.Field{access.FieldName, access.FieldBirth}},
			{member.Key{Number: "1EG4TE5MK73", Last: "Lee"}, []access.Field{access.FieldName, access.FieldBirth}}, // a clerk sees no Medicare number
		} {
			who := clerk(c.key.Kind())
			c.key.Birth = day(t, "1990-05-05")
			found, err := s.Find(t.Context(), who, coverage.Query{Key: c.key, Purpose: access.Payment, Visit: seen(s)})
			rows := ledger(t, d, who)
			if err != nil || found == "" || len(rows) != 1 || !slices.Equal(rows[0].Fields, c.want) || rows[0].Purpose != access.Payment {
				t.Errorf("%v: %v, the ledger says %+v", c.key, err, rows)
			}
		}
	})
}

// TestADay looks up a clinic's day: who is found, who is not, who stands there
// twice, and what could not be asked.
func TestADay(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		s := service(d)
		directory(t, d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,1234567893,1EG4TE5MK73\nM2,Roe,Bob,1980-05-05,P1,2025-01-01,,\nM3,Twin,Cyd,1990-05-05,P1,2027-01-01,,\nM4,Twin,Dan,1990-05-05,P1,2025-01-01,,\n")
		keys := []member.Key{
			{Number: "M1", Birth: day(t, "1990-05-05")}, {Number: "M2", Birth: day(t, "1980-05-06")}, {Last: "Roe, Bob", Birth: day(t, "1980-05-05")},
			{Last: "Twin", Birth: day(t, "1990-05-05")}, {Last: "Twin", First: "Cyd", Birth: day(t, "1990-05-05")}, {Number: "M2"}, {Number: "m-1", Birth: day(t, "1990-05-05")},
		}
		kinds := func(answers []coverage.Answer) (out []string) {
			for _, a := range answers {
				text := fault.KindOf(a.Err).String()
				if a.Err == nil {
					text = fmt.Sprint(a.Sheet.Member.Number, " ", a.Sheet.Covered)
				}
				out = append(out, text)
			}
			return out
		}
		got, err := s.Day(t.Context(), clerk("org"), coverage.DayQuery{Keys: keys})
		if err != nil || !slices.Equal(kinds(got), []string{"M1 true", "not found", "not found", "not found", "not found", "invalid", "conflict"}) || got[6].SameAs != 1 {
			t.Errorf("nothing is stated: %v %v", kinds(got), err)
		}
		for _, i := range []int{2, 3, 4} {
			if got[i].Err.Error() != got[1].Err.Error() {
				t.Errorf("line %d has another answer than one who does not exist: %v", i, got[i].Err)
			}
		}
		clock.Advance(time.Minute)
		got, err = s.Day(t.Context(), clerk("org"), coverage.DayQuery{Keys: keys, Visit: seen(s), Purpose: access.Treatment})
		if err != nil || !slices.Equal(kinds(got), []string{"M1 true", "not found", "M2 true", "not found", "M3 false", "invalid", "conflict"}) {
			t.Errorf("the day is stated: %v %v", kinds(got), err)
		}
		sheet := got[0].Sheet
		if sheet.Plan.Name != "P1" || sheet.PCP.Name != "Pat Care" || len(sheet.Copays) != 0 || slices.Contains(sheet.Fields, access.FieldCopays) {
			t.Errorf("the answer of a day: %v", sheet.Fields)
		}
		shown, ties := 0, map[string]int{}
		for _, r := range ledger(t, d, clerk("org")) {
			if r.Outcome == disclosure.Shown {
				shown++
				ties[r.Tie]++
				want := sheet.Fields
				if r.Member == got[4].Sheet.Member.ID { // not covered: no plan is shown
					want = got[4].Sheet.Fields
				}
				if !slices.Equal(r.Fields, want) || slices.Contains(want, access.FieldPlan) != (r.Member != got[4].Sheet.Member.ID) {
					t.Errorf("the ledger says %v, shown were %v", r.Fields, want)
				}
			}
		}
		if shown != 4 || ties["panel"] != 2 || ties["visit"] != 2 {
			t.Errorf("%d shown, by tie %v", shown, ties)
		}
		before := len(ledger(t, d, clerk("org")))
		many := make([]member.Key, coverage.MaxDay+1)
		for name, q := range map[string]coverage.DayQuery{
			"none": {}, "51": {Keys: many}, "half a statement": {Keys: keys, Visit: &member.Visit{On: day(t, "2026-11-23")}},
		} {
			_, err = s.Day(t.Context(), clerk("org"), q)
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(ledger(t, d, clerk("org"))); n != before {
			t.Errorf("what was refused as a whole left %d rows", n-before)
		}
		_, err = s.Day(t.Context(), actor("help", access.Plan, "", access.HelpDesk), coverage.DayQuery{Keys: keys})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("the help desk: %v", err)
		}
	})
}

// TestAFailureInADayLosesNoOther breaks one look of a day.
func TestAFailureInADayLosesNoOther(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		loadMBI(t, s, "M1,Lee,Ann,1990-05-05,P1,2025-01-01,,\nM2,Roe,Bob,1990-05-05,P1,2025-01-01,,\nM3,Poe,Cyd,1990-05-05,P1,2025-01-01,,\n")
		asked := 0
		s.Ties = []member.TieFinder{func(*db.Tx, id.Organization, id.Member) (member.Tie, bool, error) {
			asked++
			if asked == 2 {
				return "", false, errors.New("broken on purpose")
			}
			return "", false, nil
		}}
		var keys []member.Key
		for _, n := range []string{"M1", "M2", "M3"} {
			keys = append(keys, member.Key{Number: n, Birth: day(t, "1990-05-05")})
		}
		got, err := s.Day(t.Context(), clerk("A"), coverage.DayQuery{Keys: keys, Visit: seen(s)})
		if err != nil || got[0].Err != nil || !fault.Is(got[1].Err, fault.Internal) || got[2].Err != nil {
			t.Errorf("%v: %v", got, err)
		}
		if n := len(ledger(t, d, clerk("A"))); n != 2 {
			t.Errorf("%d rows for two who were shown", n)
		}
	})
}

// TestNewPatientsAreNoProbing looks thirty-five new patients up in a day, each
// first without a word and then with the statement: nobody has to wait for it.
// Who states nothing waits, and as long as for people who do not exist.
func TestNewPatientsAreNoProbing(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		s := service(d)
		var rows strings.Builder
		for i := range 35 {
			fmt.Fprintf(&rows, "N%d,Lee,Ann,1990-05-05,P1,2025-01-01,,\n", i)
		}
		loadMBI(t, s, rows.String())
		look := func(who access.Actor, number string, v *member.Visit) error {
			_, err := s.LookUp(t.Context(), who, coverage.Query{Key: member.Key{Number: number, Birth: day(t, "1990-05-05")}, Visit: v})
			return err
		}
		for i := range 35 {
			n := fmt.Sprintf("N%d", i)
			if err := look(clerk("A"), n, nil); !fault.Is(err, fault.NotFound) {
				t.Fatalf("patient %d without a word: %v", i, err)
			}
			if err := look(clerk("A"), n, seen(s)); err != nil {
				t.Fatalf("patient %d with the statement: %v", i, err)
			}
		}
		held := func(org, prefix string) int {
			for i := range 35 {
				if fault.Is(look(clerk(org), fmt.Sprintf("%s%d", prefix, i), nil), fault.TooMany) {
					return i
				}
			}
			return -1
		}
		refused, none := held("B", "N"), held("C", "Z")
		if refused != none || none < 1 {
			t.Errorf("held up after %d who are another office's, and %d who do not exist", refused, none)
		}
	})
}
