package member

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/minimum"
)

// onPage are the facts that a member's own page shows, of those that the
// reader may be shown. What a page gains is added here: the ledger names what
// stands on it, no more and no less.
func onPage() []access.Field {
	return append(own(), access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded)
}

// A Chooser says which of the facts that an actor may be shown a look at a
// member shows: those that stand on the page, once it is known who the member
// is. The ledger names them, and no others are given.
type Chooser func(tx *db.Tx, m Member, fields []access.Field) ([]access.Field, error)

// choose asks a chooser, where there is one.
func (c Chooser) choose(tx *db.Tx, m Member, fields []access.Field) ([]access.Field, error) {
	if c == nil {
		return fields, nil
	}
	return c(tx, m, fields)
}

// FieldsFor gives the facts about a member that the actor is shown when she
// opens subject for a purpose: those that the table in force allows, of those
// that the caller shows. Without shows these are the facts of the member's own
// page, and beside another subject the member's own facts. It answers
// Forbidden for somebody who may see none.
func FieldsFor(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, shows ...access.Field) ([]access.Field, error) {
	fields, err := minimum.Fields(tx, who, purpose)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		err := who.May(access.LookUpMember)
		if err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Forbidden, "Your account may not see member information. Ask the HelpDesk")
	}
	switch {
	case len(shows) > 0:
		return among(fields, shows), nil
	case subject == wholeMember:
		return among(fields, onPage()), nil
	}
	return among(fields, append(own(), access.FieldRequests)), nil
}
