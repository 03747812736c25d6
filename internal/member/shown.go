package member

import (
	"cmp"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

// ListedWith is Listed for a list that shows other facts beside name, birth
// date and member ID. It gives which of all these facts may be shown: the
// ledger says that they were.
func ListedWith(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, ids []id.Member, also []access.Field) (map[id.Member]Member, []access.Field, error) {
	_, err := fieldsFor(who, subject)
	if err != nil {
		return nil, nil, err
	}
	fields := among(access.MemberFields(who), append([]access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}, also...))
	found, err := pick(tx, who, ids)
	if err != nil {
		return nil, nil, err
	}
	out := make(map[id.Member]Member, len(found))
	looks := make([]disclosure.Look, 0, len(found))
	for _, m := range found {
		out[m.ID] = m.onlyFor(fields)
		looks = append(looks, disclosure.Look{Member: m.ID, Subject: subject, Fields: fields, Purpose: purpose, Outcome: disclosure.Shown})
	}
	return out, fields, disclosure.WriteAll(tx, who, looks)
}

// InOrder sorts members by last name, first name and number. It shows nobody
// anything: what comes back are the ids that were given.
func InOrder(tx *db.Tx, ids []id.Member) ([]id.Member, error) {
	found, err := inChunks(tx, "select "+columns+" from member m where m.id in (", nil, distinct(ids))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Member) int {
		return cmp.Or(cmp.Compare(Fold(a.Last), Fold(b.Last)), cmp.Compare(Fold(a.First), Fold(b.First)), cmp.Compare(a.Number, b.Number))
	})
	out := make([]id.Member, len(found))
	for i, m := range found {
		out[i] = m.ID
	}
	return out, nil
}
