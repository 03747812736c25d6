package record

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// receiptTag and archiveTag open the other texts that the log's key signs, so
// that none can be taken for another or for a checkpoint.
const (
	receiptTag = "hsconnect record receipt v1"
	archiveTag = "hsconnect record archive v1"
)

// Deps are what a Log is made of.
type Deps struct {
	DB       *db.DB
	Signer   note.Signer
	Verifier PublicKey     // the public half of Signer
	Log      *slog.Logger  // nil: nothing is logged
	Origin   string        // the log's name in checkpoints; "": the key's name. It never changes.
	Holder   string        // names this copy of the portal among the others; "": a random name
	Every    time.Duration // how often Run looks for work; 0: twice a second
}

// Log is the Merkle log over the record's entries. It may be used from many
// goroutines, and several copies of the portal may each have one.
type Log struct {
	db     *db.DB
	signer note.Signer
	key    PublicKey
	log    *slog.Logger
	origin string
	holder string
	every  time.Duration
	wake   chan struct{}
}

var (
	errDeps   = errors.New("record: a log needs a database, a signer and its public key")
	errOrigin = errors.New("record: the log's origin is one word")
)

// NewLog makes a Log. It does not touch the database.
func NewLog(d Deps) (*Log, error) {
	if d.DB == nil || d.Signer == nil || d.Verifier.Verifier == nil || d.Signer.KeyHash() != d.Verifier.KeyHash() || d.Signer.Name() != d.Verifier.Name() {
		return nil, errDeps
	}
	l := &Log{db: d.DB, signer: d.Signer, key: d.Verifier, log: d.Log, origin: d.Origin, holder: d.Holder, every: d.Every, wake: make(chan struct{}, 1)}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.origin == "" {
		l.origin = d.Signer.Name()
	}
	if len(strings.Fields(l.origin)) != 1 || strings.TrimSpace(l.origin) != l.origin {
		return nil, errOrigin
	}
	if l.holder == "" {
		l.holder = rand.Text()
	}
	if l.every <= 0 {
		l.every = 500 * time.Millisecond
	}
	return l, nil
}

// PublicKey gives the key that checks everything the log has signed.
func (l *Log) PublicKey() PublicKey { return l.key }

// Checkpoint gives the newest signed checkpoint: a note of which OpenCheckpoint
// reads the text. An empty log has one too.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	var last stored
	err := l.db.View(ctx, func(tx *db.Tx) error {
		var err error
		last, err = newest(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if last.size == 0 {
		root, err := tlog.TreeHash(0, nil)
		if err != nil {
			return nil, err
		}
		return l.sign(Checkpoint{Origin: l.origin, Root: root}.Text())
	}
	return []byte(last.note), nil
}

// SignReceipt makes a receipt that can be handed out at once, before the entry
// has its place: a signed note that names the authorization's number, the
// entry, its digest and its time.
func (l *Log) SignReceipt(r Receipt, number string) (string, error) {
	if number == "" || len(number) > 100 || strings.ContainsFunc(number, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", errors.New("record: a receipt carries a number in plain characters")
	}
	signed, err := l.sign(receiptTag + "\nnumber " + number + "\nentry " + string(r.Entry) +
		"\ndigest " + hex.EncodeToString(r.Digest[:]) + "\nat " + stamp(r.At) + "\n")
	return string(signed), err
}

func (l *Log) sign(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, l.signer)
}

// stampLayout is RFC 3339 in UTC with six digits of a second: a time as every
// file and note of the record writes it.
const stampLayout = "2006-01-02T15:04:05.000000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

// stored is a row of record_checkpoint; size 0 says that there is none.
type stored struct {
	size int64
	note string
}

func newest(tx *db.Tx) (stored, error) {
	var s stored
	err := tx.Row("select size, note from record_checkpoint order by size desc limit 1").Scan(&s.size, &s.note)
	if db.NoRows(err) {
		return stored{}, nil
	}
	return s, err
}

var errForeign = errors.New("record: the newest checkpoint was not signed by this log's key: is this the key that belongs to this database?")

// open reads a stored checkpoint and checks that it is this log's own.
func (l *Log) open(s stored) (Checkpoint, error) {
	if s.size == 0 {
		root, err := tlog.TreeHash(0, nil)
		return Checkpoint{Origin: l.origin, Root: root}, err
	}
	c, err := OpenCheckpoint([]byte(s.note), l.key)
	if err != nil || c.Origin != l.origin || c.Size != s.size {
		return Checkpoint{}, errForeign
	}
	return c, nil
}

// Proof shows that an entry stands at Index in the log that the signed
// Checkpoint describes.
type Proof struct {
	Entry      id.Entry
	Index      int64
	Size       int64
	Root       tlog.Hash
	Hashes     tlog.RecordProof // from the leaf's neighbour up to the root's child
	Checkpoint []byte
}

// Prove gives the proof of one entry under the newest checkpoint. It answers
// NotFound if there is no such entry, and Unavailable while the entry waits
// for its place, which takes about a second.
func (l *Log) Prove(ctx context.Context, entry id.Entry) (Proof, error) {
	var p Proof
	err := l.db.View(ctx, func(tx *db.Tx) error {
		c, signed, err := l.head(tx)
		if err != nil {
			return err
		}
		p, err = prove(tx, c, signed, entry)
		return err
	})
	return p, err
}

// head gives the newest checkpoint, opened and as it was signed.
func (l *Log) head(tx *db.Tx) (Checkpoint, []byte, error) {
	last, err := newest(tx)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c, err := l.open(last)
	return c, []byte(last.note), err
}

var errTorn = errors.New("record: the stored tree does not prove an entry: run verify")

func prove(tx *db.Tx, c Checkpoint, signed []byte, entry id.Entry) (Proof, error) {
	var index int64
	var digest []byte
	err := tx.Row("select coalesce(p.idx, -1), e.digest from record_entry e left join record_place p on p.entry = e.id where e.id = $1", string(entry)).Scan(&index, &digest)
	if db.NoRows(err) {
		return Proof{}, fault.New(fault.NotFound, "There is no such entry in the record")
	}
	if err != nil {
		return Proof{}, err
	}
	if index < 0 || index >= c.Size {
		return Proof{}, fault.New(fault.Unavailable, "This entry is safely kept but has no place in the log yet. Please try again in a few seconds")
	}
	hashes, err := tlog.ProveRecord(c.Size, index, newTree(tx))
	if err != nil {
		return Proof{}, err
	}
	err = tlog.CheckRecord(hashes, c.Size, c.Root, index, tlog.RecordHash(digest))
	if err != nil {
		return Proof{}, errTorn
	}
	return Proof{Entry: entry, Index: index, Size: c.Size, Root: c.Root, Hashes: hashes, Checkpoint: signed}, nil
}

// leaf gives the leaf hash over an entry's digest.
func leaf(digest [sha256.Size]byte) tlog.Hash { return tlog.RecordHash(digest[:]) }
