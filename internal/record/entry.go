package record

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// MaxBody is the most bytes one entry holds. What is larger is a document,
// kept by digest.
const MaxBody = 32 << 20

// maxText bounds each header field, in bytes.
const maxText = 1000

var (
	errNoActor = errors.New("record: an entry names who made it")
	errHeader  = errors.New("record: an entry has a subject and a kind, and its header is short plain text")
	errNoBody  = errors.New("record: an entry without a body says nothing")
)

// New is what an owner hands to the record.
type New struct {
	Subject string // what it is about: "request/<id>"
	Kind    string // what happened: "request.submitted"
	Body    []byte // canonical JSON of the thing; bytes a door received stand in it as base64 in "original"
}

// Receipt is what the record answers at once. Log.SignReceipt makes it
// something to hand out.
type Receipt struct {
	Entry  id.Entry
	Digest [32]byte
	At     time.Time
}

// Entry is one entry of the record.
type Entry struct {
	ID         id.Entry
	Index      int64 // its place in the log, from 0; -1 until it has one
	Subject    string
	Kind       string
	Person     id.Person
	Username   string
	Org        id.Organization
	Door       string
	At         time.Time // UTC, to the microsecond
	Body       []byte
	BodyDigest [32]byte // SHA-256 of Body
	Digest     [32]byte // see Sum
}

// Append adds an entry in the caller's transaction, under the transaction's
// one time: it is kept if the transaction is. Every call makes an entry of
// its own; guarding against doing a thing twice is the caller's part. It
// answers TooLarge for a body over MaxBody.
func Append(tx *db.Tx, who access.Actor, n New) (Receipt, error) {
	err := n.check(who)
	if err != nil {
		return Receipt{}, err
	}
	e := Entry{
		ID: id.New[id.Entry](tx.Now), Subject: n.Subject, Kind: n.Kind,
		Person: who.Person, Username: who.Username, Org: who.Org, Door: who.Door,
		At: db.Time(db.Micros(tx.Now)), BodyDigest: sha256.Sum256(n.Body),
	}
	e.Digest = e.Sum()
	err = tx.Later(`insert into record_entry (id, subject, kind, person, username, org, door, at_us, body, body_digest, digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(e.ID), e.Subject, e.Kind, string(e.Person), e.Username, string(e.Org), e.Door, db.Micros(e.At),
		n.Body, e.BodyDigest[:], e.Digest[:])
	if err != nil {
		return Receipt{}, err
	}
	err = tx.Later("insert into record_waiting (at_us, nth, entry) select at_us, nth, id from record_entry where id = $1", string(e.ID))
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Entry: e.ID, Digest: e.Digest, At: e.At}, nil
}

func (n New) check(who access.Actor) error {
	if who.Person == "" || who.Username == "" {
		return errNoActor
	}
	if n.Subject == "" || n.Kind == "" {
		return errHeader
	}
	for _, text := range []string{n.Subject, n.Kind, string(who.Person), who.Username, string(who.Org), who.Door} {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return errHeader
		}
	}
	if len(n.Body) == 0 {
		return errNoBody
	}
	if len(n.Body) > MaxBody {
		return fault.New(fault.TooLarge, "This is more than one entry of the record may hold (32 MB). Please attach large parts as documents")
	}
	return nil
}

// Entries gives the entries of one subject in the order they were made,
// whether or not they have a place yet.
func Entries(tx *db.Tx, subject string) ([]Entry, error) {
	return db.Collect(scanEntry)(tx.Rows("select coalesce(p.idx, -1), "+entryColumns+`
		from record_entry e left join record_place p on p.entry = e.id
		where e.subject = $1 order by e.at_us, e.nth`, subject))
}

// entryColumns are the columns that entryScan reads after the index.
const entryColumns = "e.id, e.subject, e.kind, e.person, e.username, e.org, e.door, e.at_us, e.body, e.body_digest, e.digest"

func scanEntry(r *sql.Rows) (Entry, error) {
	var e Entry
	var s entryScan
	err := r.Scan(s.into(&e, &e.Body)...)
	if err != nil {
		return Entry{}, err
	}
	s.fill(&e)
	return e, nil
}

// entryScan holds the columns of an entry that need a change of type.
type entryScan struct {
	at           int64
	body, digest sql.RawBytes
	dest         []any
}

// into gives the places to scan an entry's columns into; see entryColumns.
func (s *entryScan) into(e *Entry, body any) []any {
	s.dest = append(s.dest[:0], &e.Index, &e.ID, &e.Subject, &e.Kind, &e.Person, &e.Username, &e.Org, &e.Door, &s.at, body, &s.body, &s.digest)
	return s.dest
}

// fill completes e after a scan. A stored digest of a wrong length is no
// digest: it stays zero, which fits nothing.
func (s *entryScan) fill(e *Entry) {
	e.At = db.Time(s.at)
	e.BodyDigest, e.Digest = [32]byte{}, [32]byte{}
	if len(s.body) == len(e.BodyDigest) {
		copy(e.BodyDigest[:], s.body)
	}
	if len(s.digest) == len(e.Digest) {
		copy(e.Digest[:], s.digest)
	}
}
