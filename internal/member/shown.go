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
// ledger says that they were. Of a member under restriction nothing at all is
// shown, and none of these facts may be.
func ListedWith(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, ids []id.Member, also []access.Field) (map[id.Member]Member, []access.Field, error) {
	return ListedOnly(tx, who, purpose, subject, ids, append([]access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}, also...))
}

// ListedOnly is ListedWith for a list that shows these facts and no others.
func ListedOnly(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, ids []id.Member, shows []access.Field) (map[id.Member]Member, []access.Field, error) {
	fields, err := FieldsFor(tx, who, purpose, subject, shows...)
	if err != nil {
		return nil, nil, err
	}
	found, err := pick(tx, who, ids)
	if err != nil {
		return nil, nil, err
	}
	closed, open, err := withheld(tx, who, ids)
	if err != nil {
		return nil, nil, err
	}
	out := make(map[id.Member]Member, len(found))
	looks := make([]disclosure.Look, 0, len(found))
	for _, m := range found {
		if closed[m.ID] {
			out[m.ID] = Member{ID: m.ID, Restricted: true}
			continue
		}
		out[m.ID] = m.onlyFor(fields)
		l := disclosure.Look{Member: m.ID, Subject: subject, Fields: fields, Purpose: purpose, Outcome: disclosure.Shown, Tie: string(m.tie)}
		if open[m.ID] != "" {
			l.Tie = open[m.ID].Tie()
		}
		looks = append(looks, l)
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
