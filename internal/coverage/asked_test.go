package coverage_test

import (
	"slices"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
)

// TestTheLedgerNamesNoPlanOfADayWithoutOne looks at days that are covered, that
// never were, and that were believed to be: then the page tells by which plan.
func TestTheLedgerNamesNoPlanOfADayWithoutOne(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		at(t, clock, "2026-10-15T15:00:00Z")
		s := service(d)
		loadPCP(t, s, withPCP("M1", "Lee", "2026-01-01", "", "", ""))
		at(t, clock, "2026-11-23T15:00:00Z")
		loadPCP(t, s, withPCP("M1", "Lee", "2026-01-01", "2026-06-30", "", ""))
		plan := []access.Field{access.FieldPlan, access.FieldCopays, access.FieldSpent, access.FieldNeeded}
		for on, want := range map[string][]access.Field{
			"2026-03-01": plan,
			"2025-12-15": {},
			"2026-08-01": {access.FieldPlan},
		} {
			sheet, err := byNumber(t, s, clerk("A"), "M1", on)
			if err != nil {
				t.Fatal(err)
			}
			rows := ledger(t, d, clerk("A"))
			i := slices.IndexFunc(rows, func(r disclosure.Row) bool { return r.ID == sheet.Disclosure })
			named := slices.DeleteFunc(rows[i].Fields, func(f access.Field) bool { return !slices.Contains(plan, f) })
			if !slices.Equal(named, want) || sheet.Covered != (len(want) == len(plan)) {
				t.Errorf("%s: the ledger names %v of the plan", on, named)
			}
		}
	})
}
