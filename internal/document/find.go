package document

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// Find gives a document that the actor may open, and shows nothing of it: the
// answers to what is not for them, and to one about a member under
// restriction, are those of Open.
func Find(tx *db.Tx, who access.Actor, doc id.Document) (Document, error) {
	err := who.May(access.ReadDocuments)
	if err != nil {
		return Document{}, err
	}
	d, l, err := look(tx, who, doc)
	if err != nil {
		return Document{}, err
	}
	_, err = guard(tx, who, l.Member)
	if err != nil {
		return Document{}, err
	}
	return d, nil
}

// Shown writes down that a document is shown in another way than by opening
// it, which the ledger names as the subject. It holds the actor to what Open
// does.
func Shown(tx *db.Tx, who access.Actor, doc id.Document, subject string) error {
	_, l, err := look(tx, who, doc)
	if err != nil {
		return err
	}
	l.Tie, err = guard(tx, who, l.Member)
	if err != nil {
		return err
	}
	l.Subject = subject
	_, err = disclosure.Write(tx, who, l)
	return err
}

// guard is member.Guard, with one answer for what is not for the actor.
// Somebody who may not break the glass is answered as of no document.
func guard(tx *db.Tx, who access.Actor, m id.Member) (tie string, err error) {
	tie, err = member.Guard(tx, who, m)
	if fault.Is(err, fault.NotFound) {
		return "", member.RefusedAs(err, errNone)
	}
	return tie, err
}

// SentWith gives the request that a document was sent with; empty for one of
// a draft.
func SentWith(tx *db.Tx, d Document) (id.Request, error) {
	var r id.Request
	err := tx.Row("select request from document_attached where document = $1", string(d.ID)).Scan(&r)
	if db.NoRows(err) {
		return "", nil
	}
	return r, err
}
