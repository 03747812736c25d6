package record

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// readme is README.txt of every archive.
//
//go:embed readme.txt
var readme string

var (
	errArchive  = errors.New("record: the archive's parts do not fit together: run verify")
	errDocument = errors.New("record: a document's bytes are not those that the record names: run verify")
	errUnnamed  = errors.New("record: no entry of the archive names the digest of a document that should go with it")
)

func sortByIndex(list []Proven) {
	slices.SortFunc(list, func(a, b Proven) int { return int(min(max(a.Index-b.Index, -1), 1)) })
}

// WriteArchive writes a as a zip file, as docs/record-format.md lays down. The
// same Archive always gives the same bytes. It writes nothing out that
// CheckArchive would not accept: if the entries do not fit their proofs, or a
// document is not what the record names, it gives an error, and what w has
// received by then is to be thrown away.
func WriteArchive(w io.Writer, a Archive) error {
	err := a.check()
	if err != nil {
		return err
	}
	z := archiveWriter{zip: zip.NewWriter(w), made: a.Made, list: manifest{Format: archiveTag, Number: a.Number, Made: stamp(a.Made)}}
	z.bytes(readmeFile, []byte(strings.ReplaceAll(readme, "{{number}}", a.Number)))
	for i := range a.Entries {
		z.json(fmt.Sprintf("%s%04d.json", entriesFolder, i+1), newEntryFile(&a.Entries[i]))
	}
	done := map[string]bool{}
	for _, f := range a.Documents {
		if !done[f.name()] { // the same bytes attached twice
			done[f.name()] = true
			z.document(f)
		}
	}
	if len(a.PDF) > 0 {
		z.bytes(pdfFile, a.PDF)
	}
	z.bytes(checkpointFile, a.Checkpoint)
	z.bytes(keyFile, []byte(a.Key.String()+"\n"))
	return z.finish(a.Signer)
}

// check makes sure that every entry fits its digest, its proof and its turn.
func (a *Archive) check() error {
	c, err := OpenCheckpoint(a.Checkpoint, a.Key)
	if err != nil || len(a.Entries) == 0 {
		return errArchive
	}
	last := int64(-1)
	for i := range a.Entries {
		e := &a.Entries[i]
		err = tlog.CheckRecord(e.Proof, c.Size, c.Root, e.Index, leaf(e.Digest))
		if err != nil || e.Index <= last || sha256.Sum256(e.Body) != e.BodyDigest || e.Sum() != e.Digest {
			return errArchive
		}
		last = e.Index
	}
	for _, f := range a.Documents {
		text := []byte(hex.EncodeToString(f.Digest[:]))
		if !slices.ContainsFunc(a.Entries, func(e Proven) bool { return bytes.Contains(e.Body, text) }) {
			return errUnnamed
		}
	}
	return nil
}

// archiveWriter adds files to a zip and keeps the list of them. After an
// error it does nothing more; finish gives it.
type archiveWriter struct {
	zip  *zip.Writer
	made time.Time
	list manifest
	err  error
}

// create starts a file. Files are stored as they are: no compressor's version
// shows in the bytes, and a reader is never surprised by their size.
func (z *archiveWriter) create(name string) io.Writer {
	if z.err != nil {
		return io.Discard
	}
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: z.made.UTC().Truncate(time.Second)})
	if err != nil {
		z.err = err
		return io.Discard
	}
	return w
}

// stream adds a file and gives its digest.
func (z *archiveWriter) stream(name, title string, r io.Reader) (digest [32]byte) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(z.create(name), h), r)
	if z.err == nil {
		z.err = err
	}
	h.Sum(digest[:0])
	z.list.Files = append(z.list.Files, manifestLine{Name: name, Size: n, SHA256: hex.EncodeToString(digest[:]), Title: title})
	return digest
}

func (z *archiveWriter) bytes(name string, b []byte) { z.stream(name, "", bytes.NewReader(b)) }

func (z *archiveWriter) json(name string, v any) { z.bytes(name, z.encode(v)) }

func (z *archiveWriter) encode(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil && z.err == nil {
		z.err = err
	}
	return append(b, '\n')
}

func (z *archiveWriter) document(f File) {
	if z.err != nil {
		return
	}
	r, err := f.Open()
	if err != nil {
		z.err = err
		return
	}
	digest := z.stream(f.name(), f.Title, r)
	err = r.Close()
	if z.err == nil {
		z.err = err
	}
	if z.err == nil && digest != f.Digest {
		z.err = errDocument
	}
}

// finish writes the list of files and its signature.
func (z *archiveWriter) finish(s note.Signer) error {
	list := z.encode(z.list)
	_, err := z.create(manifestFile).Write(list)
	if z.err == nil {
		z.err = err
	}
	signed, err := note.Sign(&note.Note{Text: signatureText(list)}, s)
	if err != nil {
		return err
	}
	_, err = z.create(signatureFile).Write(signed)
	if z.err == nil {
		z.err = err
	}
	if z.err != nil {
		return z.err
	}
	return z.zip.Close()
}

// signatureText is what manifest.sig signs.
func signatureText(list []byte) string {
	digest := sha256.Sum256(list)
	return archiveTag + "\nmanifest " + hex.EncodeToString(digest[:]) + "\n"
}
