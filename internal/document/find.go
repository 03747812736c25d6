package document

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

// Find gives a document that the actor may open, and shows nothing of it: the
// answer to what is not for them is the NotFound of Open.
func Find(tx *db.Tx, who access.Actor, doc id.Document) (Document, error) {
	err := who.May(access.ReadDocuments)
	if err != nil {
		return Document{}, err
	}
	d, _, err := look(tx, who, doc)
	return d, err
}

// Shown writes down that a document is shown in another way than by opening
// it, which the ledger names as the subject.
func Shown(tx *db.Tx, who access.Actor, d Document, subject string) error {
	_, err := disclosure.Write(tx, who, disclosure.Look{Member: d.Member, Subject: subject, Purpose: purpose(who), Outcome: disclosure.Shown})
	return err
}
