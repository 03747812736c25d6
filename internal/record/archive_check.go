package record

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	maxFiles = 100_000
	// maxWhole bounds the files that are read whole: an entry's body in
	// base64 with its header, and any list of files.
	maxWhole = MaxBody/3*4 + 1<<20
)

// ArchiveReport is what CheckArchive found.
type ArchiveReport struct {
	Number    string
	Made      time.Time
	Entries   int
	Documents int
	Size      int64 // entries in the plan's whole record when the checkpoint was signed
	Root      tlog.Hash
	Problems  []Problem // places are names of files in the archive
}

// Good reports whether nothing was found wrong.
func (r ArchiveReport) Good() bool { return len(r.Problems) == 0 }

// CheckArchive checks an archive with nothing but the public key, as
// docs/record-format.md lays down: the signed list of files, every file's
// bytes, every entry's digest and proof, the checkpoint's signature, and that
// each document is named by an entry. What is wrong becomes a Problem. The
// error is for what kept it from reading: r, a key that is none, or bytes
// that are no zip file (Invalid). It reads each byte at most twice and holds
// one entry at a time, whatever the archive says.
func CheckArchive(r io.ReaderAt, size int64, pub string) (ArchiveReport, error) {
	key, err := ParsePublicKey(pub)
	if err != nil {
		return ArchiveReport{}, fault.Wrap(fault.Invalid, err, "This is not the public key of a record. It is one line that looks like NAME+12345678+BASE64")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return ArchiveReport{}, fault.Wrap(fault.Invalid, err, "This is not an archive of a record: it cannot be read as a zip file")
	}
	c := &archiveCheck{key: key, files: map[string]*zip.File{}, unnamed: map[string]string{}, last: -1}
	if c.open(z, size) && c.manifest() {
		c.listed()
		c.signed()
		c.entries()
		c.documents()
	}
	return c.report, nil
}

type archiveCheck struct {
	key        PublicKey
	files      map[string]*zip.File
	list       manifest
	checkpoint Checkpoint
	report     ArchiveReport
	last       int64             // index of the entry before
	unnamed    map[string]string // documents that no entry has named so far: digest to file name
}

func (c *archiveCheck) bad(place, format string, args ...any) {
	if len(c.report.Problems) < maxProblems {
		c.report.Problems = append(c.report.Problems, Problem{place, fmt.Sprintf(format, args...)})
	}
}

// open takes the files by name. Everything in an archive is stored as it is,
// so that no file can be larger than the archive.
func (c *archiveCheck) open(z *zip.Reader, size int64) bool {
	if len(z.File) > maxFiles {
		c.bad("the archive", "it holds more files than a record can have")
		return false
	}
	total := uint64(0)
	for _, f := range z.File {
		total += f.UncompressedSize64
		switch {
		case f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64 || total > uint64(size): //nolint:gosec // a size is not negative
			c.bad(f.Name, "the archive was packed anew: files in it are stored, not compressed")
			return false
		case c.files[f.Name] != nil:
			c.bad(f.Name, "the archive holds two files of this name")
			return false
		}
		c.files[f.Name] = f
	}
	return true
}

// whole reads a small file.
func (c *archiveCheck) whole(name string) ([]byte, bool) {
	f := c.files[name]
	if f == nil {
		c.bad(name, "this file is missing")
		return nil, false
	}
	if f.UncompressedSize64 > maxWhole {
		c.bad(name, "this file is larger than one of its kind can be")
		return nil, false
	}
	r, err := f.Open()
	if err != nil {
		c.bad(name, "this file cannot be read")
		return nil, false
	}
	b, err := io.ReadAll(r)
	err = errors.Join(err, r.Close())
	if err != nil {
		c.bad(name, "this file cannot be read: its bytes were changed")
		return nil, false
	}
	return b, true
}

// manifest reads the list of files and checks its signature. A list that the
// plan did not sign is not worth going on with.
func (c *archiveCheck) manifest() bool {
	list, ok := c.whole(manifestFile)
	signed, ok2 := c.whole(signatureFile)
	if !ok || !ok2 {
		return false
	}
	text, err := openNote(signed, c.key)
	if err != nil {
		c.bad(signatureFile, "this is not a signature by the given key")
		return false
	}
	if text != signatureText(list) {
		c.bad(manifestFile, "this is not the list of files that was signed")
		return false
	}
	err = strict(list, &c.list)
	if err != nil || c.list.Format != archiveTag {
		c.bad(manifestFile, "this is not a list of files in the format %q", archiveTag)
		return false
	}
	c.report.Number = c.list.Number
	c.report.Made, err = time.Parse(stampLayout, c.list.Made)
	if err != nil {
		c.bad(manifestFile, "its time cannot be read")
	}
	return true
}

// strict reads JSON that has our fields and nothing else.
func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err != nil {
		return err
	}
	_, err = d.Token()
	if !errors.Is(err, io.EOF) {
		return errors.New("more follows")
	}
	return nil
}

// listed compares every file with its line of the list.
func (c *archiveCheck) listed() {
	lines := map[string]bool{manifestFile: true, signatureFile: true}
	for _, line := range c.list.Files {
		if lines[line.Name] {
			c.bad(line.Name, "the list has this file twice")
			continue
		}
		lines[line.Name] = true
		f := c.files[line.Name]
		if f == nil {
			c.bad(line.Name, "this file is missing")
			continue
		}
		digest, err := digestOf(f)
		if err != nil || hex.EncodeToString(digest[:]) != line.SHA256 || f.UncompressedSize64 != uint64(line.Size) { //nolint:gosec // a negative size is a difference too
			c.bad(line.Name, "this file is not the one that was put in: its SHA-256 differs")
		}
	}
	var extra []string
	for name := range c.files {
		if !lines[name] {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	for _, name := range extra {
		c.bad(name, "this file was added: the list does not have it")
	}
}

func digestOf(f *zip.File) (digest [32]byte, err error) {
	r, err := f.Open()
	if err != nil {
		return digest, err
	}
	h := sha256.New()
	_, err = io.Copy(h, r)
	h.Sum(digest[:0])
	return digest, errors.Join(err, r.Close())
}

// signed checks the key and the checkpoint.
func (c *archiveCheck) signed() {
	text, ok := c.whole(keyFile)
	if ok && strings.TrimSpace(string(text)) != c.key.String() {
		c.bad(keyFile, "this is not the given key")
	}
	note, ok := c.whole(checkpointFile)
	if !ok {
		return
	}
	point, err := OpenCheckpoint(note, c.key)
	if err != nil {
		c.bad(checkpointFile, "this is not a checkpoint signed by the given key")
		return
	}
	c.checkpoint = point
	c.report.Size, c.report.Root = point.Size, point.Root
}

// entries checks entries/ in the order of the list, which is that of their index.
func (c *archiveCheck) entries() {
	for _, line := range c.list.Files {
		if digest, ok := documentDigest(line.Name); ok {
			c.unnamed[digest] = line.Name
		}
	}
	for _, line := range c.list.Files {
		if !strings.HasPrefix(line.Name, entriesFolder) || c.files[line.Name] == nil {
			continue
		}
		c.report.Entries++
		if want := fmt.Sprintf("%s%04d.json", entriesFolder, c.report.Entries); line.Name != want {
			c.bad(line.Name, "entries are numbered one after the other: %s belongs here", want)
		}
		text, ok := c.whole(line.Name)
		if ok {
			c.entry(line.Name, text)
		}
	}
	if c.report.Entries == 0 {
		c.bad(entriesFolder, "there are no entries")
	}
}

func (c *archiveCheck) entry(name string, text []byte) {
	var f entryFile
	err := strict(text, &f)
	if err != nil {
		c.bad(name, "this is not an entry")
		return
	}
	e := f.entry()
	sum := e.Sum()
	if hex.EncodeToString(e.BodyDigest[:]) != f.BodySHA256 {
		c.bad(name, "body does not match its digest")
	}
	if hex.EncodeToString(sum[:]) != f.Digest || stamp(e.At) != f.At {
		c.bad(name, "header does not match the entry's digest")
	}
	if f.Index <= c.last {
		c.bad(name, "its index is not after that of the entry before")
	}
	c.last = f.Index
	if c.checkpoint.Size > 0 {
		proof, err := f.proof()
		if err == nil {
			err = tlog.CheckRecord(proof, c.checkpoint.Size, c.checkpoint.Root, f.Index, leaf(sum))
		}
		if err != nil {
			c.bad(name, "its proof does not lead to the checkpoint's root")
		}
	}
	for digest := range c.unnamed {
		if bytes.Contains(f.Body, []byte(digest)) {
			delete(c.unnamed, digest)
		}
	}
}

// entry gives what the file says, with the digest of the body as it is.
func (f *entryFile) entry() Entry {
	return Entry{
		ID: id.Entry(f.ID), Index: f.Index, Subject: f.Subject, Kind: f.Kind, Person: id.Person(f.Person), Username: f.Username,
		Org: id.Organization(f.Org), Door: f.Door, At: db.Time(f.AtUS), Body: f.Body, BodyDigest: sha256.Sum256(f.Body),
	}
}

func (f *entryFile) proof() (tlog.RecordProof, error) {
	proof := tlog.RecordProof{}
	for _, text := range f.Proof {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		proof = append(proof, h)
	}
	return proof, nil
}

// documentDigest gives the digest that a document's name carries.
func documentDigest(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, documentsFolder)
	if !ok {
		return "", false
	}
	digest := strings.TrimSuffix(rest, path.Ext(rest))
	raw, err := hex.DecodeString(digest)
	return digest, err == nil && len(raw) == sha256.Size && digest == strings.ToLower(digest)
}

// documents checks that each file of documents/ is the one its name says, and
// that an entry names it.
func (c *archiveCheck) documents() {
	for _, line := range c.list.Files {
		switch {
		case strings.HasPrefix(line.Name, documentsFolder):
			c.report.Documents++
			digest, ok := documentDigest(line.Name)
			if !ok || digest != line.SHA256 {
				c.bad(line.Name, "its name is not the SHA-256 of its bytes")
			} else if c.unnamed[digest] != "" {
				c.bad(line.Name, "no entry names this document")
			}
		case strings.HasPrefix(line.Name, entriesFolder), slices.Contains([]string{readmeFile, pdfFile, checkpointFile, keyFile}, line.Name):
		default:
			c.bad(line.Name, "an archive has no such file")
		}
	}
}
