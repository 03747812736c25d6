package member

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Named finds the one member that a number and a birth date name together,
// for the plan's people who answer members about their rights. It takes the
// permission to review privacy; both parts are needed, and the answer for none
// and for many is the same NotFound. The look is written down as about subject.
// A restriction does not hold her back, who answers the member herself.
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
	fields, err := FieldsFor(tx, who, access.Operations, subject, access.FieldBirth, access.FieldMemberID)
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
	// What was typed is confirmed, and nothing else is told.
	return show(tx, who, found[0], disclosure.Look{Subject: subject, Fields: fields, Purpose: access.Operations, Key: k.kind()})
}

// ForRights gives one member by reference to the plan's people who answer
// members about their rights, with the facts that shows names: name, birth
// date and member ID where it names none. It takes the permission to review privacy. A restriction
// does not hold: the member it protects is the one who asks.
func ForRights(tx *db.Tx, who access.Actor, subject string, m id.Member, shows ...access.Field) (Member, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Member{}, err
	}
	if len(shows) == 0 {
		shows = []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}
	}
	fields, err := FieldsFor(tx, who, access.Operations, subject, shows...)
	if err != nil {
		return Member{}, err
	}
	found, err := pick(tx, who, []id.Member{m})
	if err != nil {
		return Member{}, err
	}
	if len(found) == 0 {
		return Member{}, errNone
	}
	return show(tx, who, found[0].Member, disclosure.Look{Subject: subject, Fields: fields, Purpose: access.Operations})
}
