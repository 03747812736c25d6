// Package document keeps the files that come with requests. It promises that
// a file is what it says it is, judged by its bytes; that its name can harm
// nobody; that its bytes are sealed before a row names them; that a submitted
// document is never changed or removed; and that opening one is written down
// before its first byte leaves, and told to the office when the plan does it.
package document

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// The limits, which pages show before a file is chosen.
const (
	MaxBytes      = 25_000_000  // of one file
	MaxTotal      = 150_000_000 // of all files of a draft
	MaxPerRequest = 20
)

// Document is a file with what became of it.
type Document struct {
	ID         id.Document
	Org        id.Organization
	Member     id.Member
	Name       string // cleaned
	Kind       string // what the office calls it, such as "clinical note"; may be empty
	Type       string // media type, by the bytes
	Size       int64
	Digest     string // SHA-256 of the bytes, in hex
	Pages      int    // of a PDF; 0 where that is not known
	ByName     string
	ReceivedAt time.Time
	OpenedAt   time.Time // first opening by the plan; zero before
	OpenedBy   string
	blob       string
}

// LogValue keeps names of files out of logs: people put patients into them.
func (d Document) LogValue() slog.Value { return slog.StringValue("[document " + string(d.ID) + "]") }

// TypeName gives the type in a word.
func (d Document) TypeName() string {
	for _, t := range types() {
		if t.media == d.Type {
			return t.name
		}
	}
	return "file"
}

// SafeName gives the name as a file may be called on any system.
func (d Document) SafeName() string { return CleanName(d.Name, d.Type) }

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Vault *blob.Vault
	Log   *slog.Logger
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// NewFile is a file on its way in: for a draft, or for a submitted request.
// The caller has established that who may write to either.
type NewFile struct {
	Draft    id.Draft
	Request  id.Request
	Member   id.Member
	Name     string // as the sender calls it: may be hostile
	Kind     string
	Declared string // media type as the sender says; believed nowhere
	Reader   io.Reader
}

// Receive seals a file and writes its row. The same bytes sent to the same
// draft again give the document there is. Refusals are Invalid at
// "documents", or TooLarge.
func (s *Service) Receive(ctx context.Context, who access.Actor, f NewFile) (Document, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Document{}, err
	}
	look := &inspector{}
	ref, err := s.Vault.Seal(ctx, io.TeeReader(f.Reader, look), MaxBytes)
	if fault.Is(err, fault.TooLarge) {
		return Document{}, fault.Wrap(fault.TooLarge, err, "One of the files is larger than 25 MB. Send it in parts, or scan it at a lower resolution")
	}
	if err != nil {
		return Document{}, err
	}
	found, err := look.judge(f.Name, ref.Size)
	if err != nil {
		return Document{}, s.discard(ctx, ref, err)
	}
	d := Document{Org: who.Org, Member: f.Member, Name: CleanName(f.Name, found.media), Kind: cleanText(f.Kind, 60), Type: found.media, Size: ref.Size,
		Digest: hex.EncodeToString(ref.Digest[:]), Pages: look.pages(found), ByName: who.Name, blob: ref.Name}
	again := false
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		again, err = s.keep(tx, who, f, ref, &d)
		return err
	})
	if err != nil || again {
		return d, s.discard(ctx, ref, err)
	}
	return d, nil
}

// discard removes a sealed file that no row names, and gives err back. If the
// removal fails the file is swept up later.
func (s *Service) discard(ctx context.Context, ref blob.Ref, err error) error {
	gone := s.Vault.Store().Delete(context.WithoutCancel(ctx), ref.Name)
	if gone != nil && s.Log != nil {
		s.Log.Warn("a refused file was not removed at once", "blob", ref.Name, "err", gone)
	}
	return err
}

// keep writes the rows of a received file, unless the draft has it already.
func (s *Service) keep(tx *db.Tx, who access.Actor, f NewFile, ref blob.Ref, d *Document) (again bool, err error) {
	if f.Draft != "" {
		have, err := OfDraft(tx, who, f.Draft)
		if err != nil {
			return false, err
		}
		total := d.Size
		for _, h := range have {
			if h.Digest == d.Digest {
				*d = h
				return true, nil
			}
			total += h.Size
		}
		if len(have) >= MaxPerRequest {
			return false, refuse("A request carries at most 20 documents. Combine some of them into one PDF")
		}
		if total > MaxTotal {
			return false, refuse("The documents of this request are larger than 150 MB together. Leave out what the plan does not need")
		}
	}
	d.ID, d.ReceivedAt = id.New[id.Document](tx.Now), tx.Now
	err = blob.Keep(tx, ref)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(`insert into document (id, org, member, draft, name, kind, type, size, digest, pages, blob, person, person_name, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		string(d.ID), string(who.Org), string(f.Member), string(f.Draft), d.Name, d.Kind, d.Type, d.Size, d.Digest, int64(d.Pages), ref.Name,
		string(who.Person), who.Name, db.Micros(tx.Now))
	if err != nil || f.Request == "" {
		return false, err
	}
	return false, attach(tx, who, *d, f.Request)
}

// attach makes a document part of a submitted request and of the record.
func attach(tx *db.Tx, who access.Actor, d Document, request id.Request) error {
	body, err := json.Marshal(map[string]any{"document": d.ID, "request": request, "name": d.Name, "kind": d.Kind, "type": d.Type, "size": d.Size, "sha256": d.Digest})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "request/" + string(request), Kind: "document.attached", Body: body})
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into document_attached (document, request, entry, at_us) values ($1, $2, $3, $4)",
		string(d.ID), string(request), string(kept.Entry), db.Micros(tx.Now))
	return err
}

// Attach makes the documents of a draft part of the request it became.
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

const columns = `d.id, d.org, d.member, d.name, d.kind, d.type, d.size, d.digest, d.pages, d.blob, d.person_name, d.at_us,
	coalesce(o.at_us, 0), coalesce(o.person_name, '')
	from document d left join document_opened o on o.document = d.id `

func scan(into func(...any) error) (Document, error) {
	var d Document
	var at, opened, pages int64
	err := into(&d.ID, &d.Org, &d.Member, &d.Name, &d.Kind, &d.Type, &d.Size, &d.Digest, &pages, &d.blob, &d.ByName, &at, &opened, &d.OpenedBy)
	d.Pages, d.ReceivedAt, d.OpenedAt = int(pages), db.Time(at), db.Time(opened)
	return d, err
}

func scanRow(r *sql.Rows) (Document, error) { return scan(r.Scan) }

// OfDraft gives the documents of a draft of who's organization, in order.
func OfDraft(tx *db.Tx, who access.Actor, draft id.Draft) ([]Document, error) {
	if draft == "" {
		return nil, nil
	}
	return db.Collect(scanRow)(tx.Rows("select "+columns+`where d.draft = $1 and d.org = $2
		and not exists (select 1 from document_removed x where x.document = d.id) order by d.at_us, d.id`, string(draft), string(who.Org)))
}

// OfRequest gives the documents of a submitted request, in order. The caller
// has established that who may see the request.
func OfRequest(tx *db.Tx, _ access.Actor, request id.Request) ([]Document, error) {
	return db.Collect(scanRow)(tx.Rows("select "+columns+`join document_attached a on a.document = d.id
		where a.request = $1 order by a.at_us, d.id`, string(request)))
}

var errNone = fault.New(fault.NotFound, "There is no such document among yours")

// Remove takes a document out of a draft. One that was submitted stays.
func (s *Service) Remove(ctx context.Context, who access.Actor, draft id.Draft, doc id.Document) error {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		var attached int64
		err := tx.Row(`select count(a.document) from document d left join document_attached a on a.document = d.id
			where d.id = $1 and d.draft = $2 and d.org = $3 group by d.id`, string(doc), string(draft), string(who.Org)).Scan(&attached)
		if db.NoRows(err) {
			return errNone
		}
		if err != nil {
			return err
		}
		if attached > 0 {
			return fault.New(fault.Conflict, "This document was submitted with the request and can no longer be removed")
		}
		_, err = tx.Exec("insert into document_removed (document, person, at_us) values ($1, $2, $3) on conflict (document) do nothing",
			string(doc), string(who.Person), db.Micros(tx.Now))
		return err
	})
}

// Open gives a document and its bytes. That it was shown is committed before;
// the first opening by the plan is kept for the office to see. The caller
// closes the reader.
func (s *Service) Open(ctx context.Context, who access.Actor, doc id.Document) (Document, io.ReadCloser, error) {
	err := who.May(access.ReadDocuments)
	if err != nil {
		return Document{}, nil, err
	}
	var d Document
	var ref blob.Ref
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		d, ref, err = open(tx, who, doc)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		lost := s.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := disclosure.Write(tx, who, disclosure.Look{Subject: "document", Purpose: access.Treatment, Outcome: disclosure.Refused})
			return err
		})
		if lost != nil {
			err = lost
		}
	}
	if err != nil {
		return Document{}, nil, err
	}
	body, err := s.Vault.Open(ctx, ref)
	if err != nil {
		return Document{}, nil, err
	}
	return d, body, nil
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

func open(tx *db.Tx, who access.Actor, doc id.Document) (Document, blob.Ref, error) {
	d, err := scan(tx.Row("select "+columns+`where d.id = $1
		and not exists (select 1 from document_removed x where x.document = d.id)`, string(doc)).Scan)
	if db.NoRows(err) {
		return Document{}, blob.Ref{}, errNone
	}
	if err != nil {
		return Document{}, blob.Ref{}, err
	}
	var attached int64
	err = tx.Row("select count(*) from document_attached where document = $1", string(doc)).Scan(&attached)
	if err != nil {
		return Document{}, blob.Ref{}, err
	}
	// A draft is the office's own paper; the plan sees what was submitted.
	if who.Side == access.Office && d.Org != who.Org || who.Side == access.Plan && attached == 0 {
		return Document{}, blob.Ref{}, errNone
	}
	_, err = disclosure.Write(tx, who, disclosure.Look{Member: d.Member, Subject: "document/" + string(d.ID), Purpose: access.Treatment, Outcome: disclosure.Shown})
	if err != nil {
		return Document{}, blob.Ref{}, err
	}
	if who.Side == access.Plan {
		_, err = tx.Exec("insert into document_opened (document, person, person_name, at_us) values ($1, $2, $3, $4) on conflict (document) do nothing",
			string(doc), string(who.Person), who.Name, db.Micros(tx.Now))
		if err != nil {
			return Document{}, blob.Ref{}, err
		}
	}
	ref, err := blob.Find(tx, d.blob)
	return d, ref, err
}

func refuse(text string) error {
	return fault.Bad(fault.Problem{Path: "documents", Text: text})
}
