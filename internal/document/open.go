package document

import (
	"context"
	"errors"
	"io"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// Open gives a document and its bytes; the caller closes the reader. That it
// was shown is committed before. A document of another office, or of a draft
// when the plan asks, is NotFound like one that does not exist, and the
// attempt is written down. One about a member under restriction needs an open
// glass. The first opening by the plan is kept for the
// office to see, once the bytes are there to be read.
func (s *Service) Open(ctx context.Context, who access.Actor, doc id.Document) (Document, io.ReadCloser, error) {
	err := who.May(access.ReadDocuments)
	if err != nil {
		return Document{}, nil, err
	}
	var d Document
	var ref blob.Ref
	var refused error
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var l disclosure.Look
		var err error
		refused = nil
		d, l, err = look(tx, who, doc)
		if errors.Is(err, errNone) {
			refused, err = err, nil // told after the attempt is committed
		}
		if err != nil {
			return err
		}
		if refused == nil {
			l.Tie, err = guard(tx, who, l.Member)
			if missed, closed := member.Missed(err, l); closed {
				l, refused, err = missed, err, nil
				l.Fields = nil
			}
			if err != nil {
				return err
			}
		}
		_, err = disclosure.Write(tx, who, l)
		if err != nil || refused != nil {
			return err
		}
		ref, err = blob.Find(tx, d.blob)
		return err
	})
	if err != nil {
		return Document{}, nil, err
	}
	if refused != nil {
		return Document{}, nil, refused
	}
	body, err := s.Vault.Open(ctx, ref)
	if err != nil {
		return Document{}, nil, err
	}
	if who.Side == access.Plan && d.OpenedAt.IsZero() {
		err = s.opened(ctx, who, &d)
		if err != nil {
			return Document{}, nil, errors.Join(err, body.Close())
		}
	}
	return d, body, nil
}

// look finds a document for who, and says what the ledger keeps of it: errNone
// with a look at what was not for them.
func look(tx *db.Tx, who access.Actor, doc id.Document) (Document, disclosure.Look, error) {
	l := disclosure.Look{Subject: "document", Purpose: purpose(who), Outcome: disclosure.NotFound}
	parsed, err := id.Parse[id.Document](string(doc))
	if err != nil {
		return Document{}, l, errNone
	}
	l.Subject = "document/" + string(parsed)
	d, err := scan(tx.Row("select "+columns+"where d.id = $1", string(doc)).Scan)
	if db.NoRows(err) {
		return Document{}, l, errNone
	}
	if err != nil {
		return Document{}, l, err
	}
	l.Member = d.Member
	var submitted, removed int64
	err = tx.Row("select count(a.document), count(x.document) from document d left join document_attached a on a.document = d.id left join document_removed x on x.document = d.id where d.id = $1", string(doc)).
		Scan(&submitted, &removed)
	if err != nil {
		return Document{}, l, err
	}
	switch {
	case who.Side == access.Office && d.Org != who.Org, who.Side != access.Office && submitted == 0:
		// A draft is the office's own paper; the plan sees what was submitted.
		l.Outcome = disclosure.Refused
		return Document{}, l, errNone
	case removed > 0 && submitted == 0:
		return Document{}, l, errNone
	}
	l.Outcome, l.Fields = disclosure.Shown, []access.Field{access.FieldRequests}
	return d, l, nil
}

// purpose is why a document is looked at: an office treats, and the plan's
// review of care is part of payment (P-02, 45 CFR 164.501).
func purpose(who access.Actor) access.Purpose {
	if who.Side == access.Office {
		return access.Treatment
	}
	return access.Payment
}

// opened keeps the first opening by the plan, and gives it if another was
// faster.
func (s *Service) opened(ctx context.Context, who access.Actor, d *Document) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec("insert into document_opened (document, person, person_name, at_us) values ($1, $2, $3, $4) on conflict (document) do nothing",
			string(d.ID), string(who.Person), who.Name, db.Micros(tx.Now))
		if err != nil {
			return err
		}
		if n == 1 {
			d.OpenedAt, d.OpenedBy = tx.Now, who.Name
			return nil
		}
		var at int64
		err = tx.Row("select at_us, person_name from document_opened where document = $1", string(d.ID)).Scan(&at, &d.OpenedBy)
		d.OpenedAt = db.Time(at)
		return err
	})
}

// Bytes gives a document's bytes to a part of the portal that answers for the
// disclosure itself, such as the export of the record.
func (s *Service) Bytes(ctx context.Context, d Document) (io.ReadCloser, error) {
	var ref blob.Ref
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		ref, err = blob.Find(tx, d.blob)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Vault.Open(ctx, ref)
}
