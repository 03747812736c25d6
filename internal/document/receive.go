package document

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// NewFile is a file on its way in: for a draft, or for a submitted request.
// The caller has established that who may write to either.
type NewFile struct {
	Draft    id.Draft   // either this
	Request  id.Request // or this
	Member   id.Member
	Name     string // as the sender calls it: may be hostile
	Kind     string
	Declared string // media type as the sender says; believed nowhere
	Reader   io.Reader
}

var (
	errNone  = fault.New(fault.NotFound, "There is no such document among yours")
	errPlace = errors.New("document: a file comes for one draft or one request, of a member")
)

// Receive seals a file and writes its row. The same bytes sent to the same
// draft or request again give the document there is. Refusals are Invalid at
// "documents", or TooLarge; Conflict says that the draft was submitted.
func (s *Service) Receive(ctx context.Context, who access.Actor, f NewFile) (Document, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Document{}, err
	}
	if (f.Draft == "") == (f.Request == "") || f.Member == "" || f.Reader == nil {
		return Document{}, errPlace
	}
	look := &inspector{}
	ref, err := s.Vault.Seal(ctx, io.TeeReader(f.Reader, look), MaxBytes)
	if fault.Is(err, fault.TooLarge) {
		return Document{}, fault.Wrap(fault.TooLarge, err, "One of the files is larger than 25 MB. Send it in parts, or scan it at a lower resolution")
	}
	if err != nil {
		return Document{}, err
	}
	found, err := look.judge(f.Name)
	if err != nil {
		return Document{}, s.discard(ctx, ref, err)
	}
	d := Document{Org: who.Org, Member: f.Member, Name: CleanName(f.Name, found.media), Kind: cleanText(f.Kind, 60), Type: found.media, Size: ref.Size,
		Digest: hex.EncodeToString(ref.Digest[:]), Pages: found.pages, Locked: found.locked, ByName: who.Name, blob: ref.Name}
	return s.settle(ctx, who, f, ref, d)
}

// settle writes the rows of a sealed file. What the transaction certainly did
// not keep is removed at once. After an error of the commit itself nobody
// knows: then the file stays, and is swept later if no row names it.
func (s *Service) settle(ctx context.Context, who access.Actor, f NewFile, ref blob.Ref, d Document) (Document, error) {
	var kept Document
	var refused error
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		kept, refused = d, nil
		refused = keep(tx, who, f, ref, &kept)
		return refused
	})
	if err != nil && refused == nil {
		return Document{}, err
	}
	if err != nil {
		return Document{}, s.discard(ctx, ref, err)
	}
	if kept.blob != ref.Name { // the same bytes were here already
		return kept, s.discard(ctx, ref, nil)
	}
	return kept, nil
}

// discard removes a sealed file that no row names, and gives err back. If the
// removal fails the file is swept up later.
func (s *Service) discard(ctx context.Context, ref blob.Ref, err error) error {
	gone := s.Vault.Store().Delete(context.WithoutCancel(ctx), ref.Name)
	if gone != nil {
		s.Log.Warn("a refused file was not removed at once", "blob", ref.Name, "err", gone)
	}
	return err
}

// keep writes the rows of a received file. If the same bytes are there
// already, d becomes that document and nothing is written.
func keep(tx *db.Tx, who access.Actor, f NewFile, ref blob.Ref, d *Document) error {
	have, err := beside(tx, who, f)
	if err != nil {
		return err
	}
	total := d.Size
	for _, h := range have {
		if h.Digest == d.Digest {
			*d = h
			return nil
		}
		total += h.Size
	}
	if len(have) >= MaxPerRequest {
		return refuse("A request carries at most 20 documents. Combine some of them into one PDF")
	}
	if total > MaxTotal {
		return refuse("The documents of this request are larger than 150 MB together. Leave out what the plan does not need")
	}
	d.ID, d.ReceivedAt = id.New[id.Document](tx.Now), tx.Now
	err = blob.Keep(tx, ref)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into document (id, org, member, draft, name, kind, type, size, digest, pages, locked, blob, person, person_name, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(d.ID), string(who.Org), string(f.Member), string(f.Draft), d.Name, d.Kind, d.Type, d.Size, d.Digest, int64(d.Pages), db.Bit(d.Locked), ref.Name,
		string(who.Person), who.Name, db.Micros(tx.Now))
	if err != nil || f.Request == "" {
		return err
	}
	return attach(tx, who, *d, f.Request)
}

// beside gives the documents that a new one joins.
func beside(tx *db.Tx, who access.Actor, f NewFile) ([]Document, error) {
	if f.Request != "" {
		return OfRequest(tx, who, f.Request)
	}
	var submitted int64
	err := tx.Row("select count(*) from document d join document_attached a on a.document = d.id where d.draft = $1", string(f.Draft)).Scan(&submitted)
	if err != nil {
		return nil, err
	}
	if submitted > 0 {
		return nil, fault.New(fault.Conflict, "This draft was submitted meanwhile. Add the file to the request itself")
	}
	return OfDraft(tx, who, f.Draft)
}

// attached is what the official record keeps of a document.
type attached struct {
	Document id.Document `json:"document"`
	Request  id.Request  `json:"request"`
	Name     string      `json:"name"`
	Kind     string      `json:"kind"`
	Type     string      `json:"type"`
	Size     int64       `json:"size"`
	SHA256   string      `json:"sha256"`
}

// attach makes a document part of a submitted request and of the record.
func attach(tx *db.Tx, who access.Actor, d Document, request id.Request) error {
	body, err := json.Marshal(attached{Document: d.ID, Request: request, Name: d.Name, Kind: d.Kind, Type: d.Type, Size: d.Size, SHA256: d.Digest})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "request/" + string(request), Kind: "document.attached", Body: body})
	if err != nil {
		return err
	}
	return tx.Later("insert into document_attached (document, request, entry, at_us) values ($1, $2, $3, $4)",
		string(d.ID), string(request), string(kept.Entry), db.Micros(tx.Now))
}

// Attach makes the documents of a draft part of the request it became, in the
// transaction of the submission.
func Attach(tx *db.Tx, who access.Actor, draft id.Draft, request id.Request) ([]Document, error) {
	docs, err := OfDraft(tx, who, draft)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		err = attach(tx, who, d, request)
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// Remove takes a document out of a draft. One that was submitted stays:
// Conflict. Removing one again is no error.
func (s *Service) Remove(ctx context.Context, who access.Actor, draft id.Draft, doc id.Document) error {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		var submitted int64
		err := tx.Row(`select count(a.document) from document d left join document_attached a on a.document = d.id
			where d.id = $1 and d.draft = $2 and d.org = $3 group by d.id`, string(doc), string(draft), string(who.Org)).Scan(&submitted)
		if db.NoRows(err) {
			return errNone
		}
		if err != nil {
			return err
		}
		if submitted > 0 {
			return fault.New(fault.Conflict, "This document was submitted with the request and can no longer be removed")
		}
		_, err = tx.Exec("insert into document_removed (document, person, at_us) values ($1, $2, $3) on conflict (document) do nothing",
			string(doc), string(who.Person), db.Micros(tx.Now))
		return err
	})
}

func refuse(text string) error {
	return fault.Bad(fault.Problem{Path: "documents", Text: text})
}
