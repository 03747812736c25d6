package coverage

import (
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/member"
)

// asked is the day that a sheet is about, on its way: what is known of the day
// says which facts stand on the sheet, before the ledger names them.
type asked struct {
	on        civil.Date
	shows     []access.Field // of the caller's page; nil: those of the member's own
	confirmed []access.Field // what an answer tells that is given instead of a sheet, on a day before the birth

	fields  []access.Field // those that stand on the sheet
	span    Span
	covered bool
	before  []knownSpan // that was ever believed, where it had to be read
	unborn  bool
}

// ofPlan are the facts that a plan says: of a day without one, there is
// nothing to show of them.
func ofPlan() []access.Field {
	return []access.Field{access.FieldPlan, access.FieldCopays, access.FieldSpent, access.FieldNeeded}
}

// choose is the member.Chooser of the sheet.
func (a *asked) choose(tx *db.Tx, m member.Member, fields []access.Field) ([]access.Field, error) {
	tells := slices.DeleteFunc(slices.Clone(fields), func(f access.Field) bool { return !slices.Contains(a.confirmed, f) })
	if a.on.Before(m.Birth) && len(tells) > 0 {
		a.unborn, a.fields = true, tells
		return tells, nil
	}
	if !slices.ContainsFunc(fields, func(f access.Field) bool { return f == access.FieldCoverage || slices.Contains(ofPlan(), f) }) {
		a.fields = fields // none of them depends on the coverage of the day
		return fields, nil
	}
	var err error
	a.span, a.covered, err = On(tx, m.ID, a.on)
	if err != nil {
		return nil, err
	}
	a.fields = fields
	if a.covered {
		return fields, nil
	}
	a.fields = slices.DeleteFunc(slices.Clone(fields), func(f access.Field) bool { return slices.Contains(ofPlan(), f) })
	if !a.wholePage() || !slices.Contains(fields, access.FieldCoverage) || !slices.Contains(fields, access.FieldPlan) {
		return a.fields, nil
	}
	// What was believed of the day before is told with its plan.
	a.before, err = medicalKnown(tx, m.ID)
	if slices.ContainsFunc(a.before, func(k knownSpan) bool { return k.holds(a.on) }) {
		a.fields = access.InOrder(append(a.fields, access.FieldPlan))
	}
	return a.fields, err
}

// wholePage says whether the sheet is the member's own page, which tells what
// was known when; a list does not.
func (a *asked) wholePage() bool { return len(a.shows) == 0 }
