package member

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
)

// Named finds the one member that a number and a birth date name together,
// for the plan's people who answer members about their rights. It takes the
// permission to review privacy; both parts are needed, and the answer for none
// and for many is the same NotFound. The look is written down as about subject.
func Named(tx *db.Tx, who access.Actor, subject string, k Key) (Member, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Member{}, err
	}
	var bad []fault.Problem
	if FoldNumber(k.Number) == "" {
		bad = append(bad, fault.Problem{Path: "number", Text: "Type the member ID"})
	}
	if k.Birth.IsZero() {
		bad = append(bad, fault.Problem{Path: "birth", Text: "Type the birth date too"})
	}
	if len(bad) > 0 {
		return Member{}, fault.Bad(bad...)
	}
	fields, err := fieldsFor(who, subject)
	if err != nil {
		return Member{}, err
	}
	found, err := k.find(tx)
	if err != nil {
		return Member{}, err
	}
	if len(found) != 1 {
		return Member{}, errNoMatch
	}
	return show(tx, who, found[0], disclosure.Look{Subject: subject, Fields: fields, Purpose: access.Operations, Key: k.kind()})
}
