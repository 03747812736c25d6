package record

import (
	"context"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

// Archive is the complete record of one thing, to leave the house as one file:
// see WriteArchive and docs/record-format.md. Gather fills all but Documents
// and PDF.
type Archive struct {
	Number     string    // what people call it: the authorization's number
	Made       time.Time // when it was put together
	Entries    []Proven  // in order of index
	Checkpoint []byte    // signed; every proof is under it
	Key        PublicKey
	Signer     note.Signer // signs the list of files
	Documents  []File
	PDF        []byte // the record to read; may be missing
}

// Proven is an entry with the proof of its place.
type Proven struct {
	Entry
	Proof tlog.RecordProof
}

// File is a document of an archive. The body of some entry must name Digest
// in lower-case hexadecimal: that ties the document to the record.
type File struct {
	Title  string   // the name it came with
	Ext    string   // "pdf": the end of its name in the archive
	Digest [32]byte // SHA-256 of its bytes
	Open   func() (io.ReadCloser, error)
}

// name gives the file's name in the archive.
func (f File) name() string {
	ext := strings.ToLower(f.Ext)
	if ext == "" || len(ext) > 8 || strings.Trim(ext, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		ext = "bin"
	}
	return documentsFolder + hex.EncodeToString(f.Digest[:]) + "." + ext
}

// The names in an archive.
const (
	manifestFile    = "manifest.json"
	signatureFile   = "manifest.sig"
	readmeFile      = "README.txt"
	checkpointFile  = "checkpoint.txt"
	keyFile         = "key.pub"
	pdfFile         = "record.pdf"
	entriesFolder   = "entries/"
	documentsFolder = "documents/"
)

// manifest is manifest.json. Its SHA-256 is what manifest.sig signs.
type manifest struct {
	Format string         `json:"format"`
	Number string         `json:"number"`
	Made   string         `json:"made"`
	Files  []manifestLine `json:"files"`
}

type manifestLine struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Title  string `json:"title,omitempty"`
}

// entryFile is a file of entries/.
type entryFile struct {
	ID         string   `json:"id"`
	Index      int64    `json:"index"`
	Subject    string   `json:"subject"`
	Kind       string   `json:"kind"`
	Person     string   `json:"person"`
	Username   string   `json:"username"`
	Org        string   `json:"org"`
	Door       string   `json:"door"`
	AtUS       int64    `json:"at_us"`
	At         string   `json:"at"`
	Digest     string   `json:"digest"`
	BodySHA256 string   `json:"body_sha256"`
	Body       []byte   `json:"body"`
	Proof      []string `json:"proof"`
}

func newEntryFile(e *Proven) entryFile {
	f := entryFile{
		ID: string(e.ID), Index: e.Index, Subject: e.Subject, Kind: e.Kind, Person: string(e.Person), Username: e.Username,
		Org: string(e.Org), Door: e.Door, AtUS: db.Micros(e.At), At: stamp(e.At),
		Digest: hex.EncodeToString(e.Digest[:]), BodySHA256: hex.EncodeToString(e.BodyDigest[:]), Body: e.Body, Proof: []string{},
	}
	for _, h := range e.Proof {
		f.Proof = append(f.Proof, h.String())
	}
	return f
}

// gatherTries bounds how often Gather helps with entries that wait.
const gatherTries = 100

// Gather collects everything under the given subjects into an Archive, with
// proofs under the newest checkpoint. Entries that wait for their place are
// placed first, or waited for if another copy places them. It answers
// NotFound if there are no entries.
func (l *Log) Gather(ctx context.Context, number string, subjects ...string) (Archive, error) {
	for try := 0; ; try++ {
		a := Archive{Number: number, Key: l.key, Signer: l.signer}
		err := l.db.View(ctx, func(tx *db.Tx) error { return l.gather(tx, &a, subjects) })
		if !fault.Is(err, fault.Unavailable) || try == gatherTries {
			return a, err
		}
		n, elsewhere, err := l.step(ctx)
		if err != nil {
			return Archive{}, err
		}
		if n > 0 && !elsewhere {
			continue
		}
		timer := time.NewTimer(leaseTime / 30)
		select {
		case <-ctx.Done():
			timer.Stop()
			return Archive{}, ctx.Err()
		case <-timer.C:
		}
	}
}

func (l *Log) gather(tx *db.Tx, a *Archive, subjects []string) error {
	c, signed, err := l.head(tx)
	if err != nil {
		return err
	}
	a.Made, a.Checkpoint = tx.Now, signed
	for _, subject := range subjects {
		entries, err := Entries(tx, subject)
		if err != nil {
			return err
		}
		for _, e := range entries {
			p, err := prove(tx, c, signed, e.ID)
			if err != nil {
				return err
			}
			a.Entries = append(a.Entries, Proven{Entry: e, Proof: p.Hashes})
		}
	}
	if len(a.Entries) == 0 {
		return fault.New(fault.NotFound, "The record holds nothing under this number")
	}
	sortByIndex(a.Entries)
	return nil
}
