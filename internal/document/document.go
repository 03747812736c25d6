// Package document keeps the files that come with requests. It promises:
//
//   - A file is what it says it is, judged by its bytes; its name can harm
//     nobody (V-12). What is not taken is refused with what to do about it.
//   - Its bytes are sealed before a row names them, and nothing slow happens
//     inside a transaction. A failure in between leaves at most an encrypted
//     file that no row names, which is swept later.
//   - A submitted document is never changed or removed (clause 9 of the
//     agreement, A-10), and is an entry of the official record.
//   - Opening one is written down before its first byte leaves; the first
//     opening by the plan is told to the office.
package document

import (
	"database/sql"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// The limits, which pages show before a file is chosen. MaxTotal and
// MaxPerRequest hold for a draft and for a request alike; uploads that arrive
// at the same moment may go over by one another.
const (
	MaxBytes      = 25_000_000  // of one file
	MaxTotal      = 150_000_000 // of all files together
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
	Pages      int    // of a PDF or TIFF; 0 where that is not known
	Locked     bool   // an encrypted PDF: it may ask for a password
	ByName     string
	ReceivedAt time.Time
	OpenedAt   time.Time // first opening by the plan; zero before
	OpenedBy   string
	blob       string
}

// LogValue keeps names of files out of logs: people put patients into them.
func (d Document) LogValue() slog.Value { return slog.StringValue("[document " + string(d.ID) + "]") }

// TypeName gives the type in a word, and says if the file is locked.
func (d Document) TypeName() string {
	for _, t := range types() {
		if t.media != d.Type {
			continue
		}
		if d.Locked {
			return t.name + ", encrypted: it may ask for a password"
		}
		return t.name
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
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d}
}

const columns = `d.id, d.org, d.member, d.name, d.kind, d.type, d.size, d.digest, d.pages, d.locked, d.blob, d.person_name, d.at_us,
	coalesce(o.at_us, 0), coalesce(o.person_name, '')
	from document d left join document_opened o on o.document = d.id `

func scan(into func(...any) error) (Document, error) {
	var d Document
	var at, opened, pages, locked int64
	err := into(&d.ID, &d.Org, &d.Member, &d.Name, &d.Kind, &d.Type, &d.Size, &d.Digest, &pages, &locked, &d.blob, &d.ByName, &at, &opened, &d.OpenedBy)
	d.Pages, d.Locked, d.ReceivedAt, d.OpenedAt = int(pages), locked != 0, db.Time(at), db.Time(opened)
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
	if request == "" {
		return nil, nil
	}
	return db.Collect(scanRow)(tx.Rows("select "+columns+`join document_attached a on a.document = d.id
		where a.request = $1 order by a.at_us, d.id`, string(request)))
}
