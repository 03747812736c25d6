package coverage_test

import (
	"strings"
	"testing"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

// What a file would change is told before it is loaded, and nothing of it
// stays until somebody says yes; NDJSON is read like CSV.
func TestPlansAndStatementsAreComparedFirst(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, ann)
		plan := func(copay string) coverage.PlanOrder {
			return coverage.PlanOrder{File: strings.NewReader(`{"plan_code": "MA01", "plan_name": "Gold", "service": "Visit", "copay": "` + copay + `", "deductible": "500"}` + "\n")}
		}
		plans := func(o coverage.PlanOrder, want coverage.PlanReport) {
			t.Helper()
			rep, err := s.LoadPlanFile(t.Context(), importer(), o)
			if err != nil || rep.RefusedTotal > 0 || rep.Added != want.Added || rep.Changed != want.Changed || rep.Declined != want.Declined {
				t.Errorf("%+v, want %+v: %v", rep, want, err)
			}
		}
		plans(plan("5"), coverage.PlanReport{Changed: 1}) // the members' file names the plan
		plans(plan("5"), coverage.PlanReport{})
		check := plan("6")
		check.CheckOnly = true
		plans(check, coverage.PlanReport{Changed: 1})
		asked := plan("6")
		asked.Ask = func(rep coverage.PlanReport) bool { return rep.Changed == 0 }
		plans(asked, coverage.PlanReport{Changed: 1, Declined: true})
		plans(plan("5"), coverage.PlanReport{})

		spent := func(amount string) coverage.StatementOrder {
			return coverage.StatementOrder{Source: file(`{"member_number": "M1", "plan_code": "MA01", "year": "2026", "kind": "deductible", "amount": "` + amount + `", "as_of": "2026-10-31"}` + "\n")}
		}
		statements := func(o coverage.StatementOrder, changed, same int, declined bool) {
			t.Helper()
			rep, err := s.LoadSpent(t.Context(), importer(), o)
			if err != nil || rep.RefusedTotal > 0 || rep.Changed != changed || rep.Same != same || rep.Declined != declined {
				t.Errorf("%+v: %v", rep, err)
			}
		}
		seen := spent("300")
		seen.CheckOnly = true
		statements(seen, 1, 0, false)
		no := spent("300")
		no.Ask = func(rep coverage.StatementReport) bool { return rep.Changed != 1 }
		statements(no, 1, 0, true)
		yes := spent("300")
		yes.Ask = func(rep coverage.StatementReport) bool { return rep.Changed == 1 }
		statements(yes, 1, 0, false)
		statements(spent("300"), 0, 1, false)

		for text, reason := range map[string]string{
			`{"member_number": "M1", "sum": "3"}` + "\n":                      "line 1: holds",
			`{"member_number": "M1", "year": 2026}` + "\n":                    "line 1: is not one JSON object",
			"\n  " + `{"member_number": "M1"}` + "\n":                         "line 2: kind:",
			`{"member_number": "` + strings.Repeat("M", 70_000) + `"}` + "\n": "the file: a line is longer",
		} {
			rep, err := s.LoadSpent(t.Context(), importer(), coverage.StatementOrder{Source: file(text)})
			if err != nil || rep.RefusedTotal != 1 || !strings.HasPrefix(rep.Refused[0].Where+": "+rep.Refused[0].Reason, reason) {
				t.Errorf("%.40q: %+v %v", text, rep, err)
			}
		}
	})
}
