package record_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/record"
)

const scan = "%PDF-1.7 a scan <of> something שלום"

// sample fills a log and gathers one request out of it: three entries among
// others, one document, a PDF.
func sample(t *testing.T, d *db.DB) (record.Archive, note.Signer, record.PublicKey) {
	t.Helper()
	s, k := testKey(t)
	l := logWith(t, d, s, k, "")
	digest := sha256.Sum256([]byte(scan))
	for i, body := range []string{`{"units":12}`, `{"document":"` + hex.EncodeToString(digest[:]) + `"}`, `{"approved":true,"why":"<b>שלום</b> 🩺"}`} {
		_, err := appendOne(d, "request/x", body)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, d, 3+i)
		if i == 1 {
			sequence(t, l)
		}
	}
	a, err := l.Gather(context.Background(), "PA-77", "request/x")
	if err != nil {
		t.Fatal(err)
	}
	a.PDF = []byte("%PDF-1.7 to read")
	a.Documents = []record.File{{Title: "MRT <Knie>.pdf", Ext: "PDF", Digest: digest, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(scan)), nil }}}
	return a, s, k
}

func write(t *testing.T, a record.Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	err := record.WriteArchive(&b, a)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func check(t *testing.T, b []byte, k record.PublicKey) record.ArchiveReport {
	t.Helper()
	r, err := record.CheckArchive(bytes.NewReader(b), int64(len(b)), k.String()+"\n")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// file is one file of an archive taken apart.
type file struct {
	name string
	text []byte
}

func unpack(t *testing.T, b []byte) (files []file) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{f.Name, text})
	}
	return files
}

func pack(t *testing.T, files []file, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(f.text)
		if err != nil {
			t.Fatal(err)
		}
	}
	err := z.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// resign makes the list of files anew, and signs it if there is a signer: what
// somebody inside could do.
func resign(t *testing.T, files []file, s note.Signer) []file {
	t.Helper()
	var list struct {
		Format string           `json:"format"`
		Number string           `json:"number"`
		Made   string           `json:"made"`
		Files  []map[string]any `json:"files"`
	}
	out := slices.DeleteFunc(slices.Clone(files), func(f file) bool { return strings.HasPrefix(f.name, "manifest.") })
	for _, f := range files {
		if f.name == "manifest.json" {
			err := json.Unmarshal(f.text, &list)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	list.Files = nil
	for _, f := range out {
		list.Files = append(list.Files, map[string]any{"name": f.name, "size": len(f.text), "sha256": fmt.Sprintf("%x", sha256.Sum256(f.text))})
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("hsconnect record archive v1\nmanifest %x\n", sha256.Sum256(text))}, s)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, file{"manifest.json", text}, file{"manifest.sig", signed})
}

func TestArchiveIsWholeAndAlwaysTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, _, k := sample(t, d)
		one, two := write(t, a), write(t, a)
		if !bytes.Equal(one, two) {
			t.Error("the same archive twice gives other bytes")
		}
		r := check(t, one, k)
		if !r.Good() || r.Number != "PA-77" || r.Entries != 3 || r.Documents != 1 || r.Size != 15 || !r.Made.Equal(a.Made) {
			t.Errorf("%+v", r)
		}
		var names []string
		for _, f := range unpack(t, one) {
			names = append(names, f.name)
		}
		digest := fmt.Sprintf("%x", sha256.Sum256([]byte(scan)))
		want := []string{"README.txt", "entries/0001.json", "entries/0002.json", "entries/0003.json", "documents/" + digest + ".pdf", "record.pdf", "checkpoint.txt", "key.pub", "manifest.json", "manifest.sig"}
		if !slices.Equal(names, want) {
			t.Error(names)
		}
	})
}

// One changed byte in any file, a file gone, a file more.
func TestArchiveCheckSeesEveryChange(t *testing.T) {
	a, _, k := sample(t, dbtest.SQLite(t, time.Now))
	_, other := testKey(t)
	b := write(t, a)
	files := unpack(t, b)
	names := func(r record.ArchiveReport, name string) bool {
		return slices.ContainsFunc(r.Problems, func(p record.Problem) bool {
			return p.Place == name || name == "manifest.sig" && p.Place == "manifest.json"
		})
	}
	for i, f := range files {
		for at := 0; at < len(f.text); at += 1 + len(f.text)/40 {
			spoilt := slices.Clone(files)
			spoilt[i].text = slices.Clone(f.text)
			spoilt[i].text[at] ^= 1
			if r := check(t, pack(t, spoilt, zip.Store), k); !names(r, f.name) && f.name != "manifest.json" {
				t.Errorf("%s, byte %d: %v", f.name, at, r.Problems)
			} else if r.Good() {
				t.Errorf("%s, byte %d: good", f.name, at)
			}
		}
		if r := check(t, pack(t, slices.Delete(slices.Clone(files), i, i+1), zip.Store), k); !names(r, f.name) {
			t.Errorf("without %s: %v", f.name, r.Problems)
		}
	}
	if r := check(t, pack(t, append(slices.Clone(files), file{"entries/0004.json", []byte("{}")}), zip.Store), k); !names(r, "entries/0004.json") {
		t.Errorf("a file more: %v", r.Problems)
	}
	if r := check(t, pack(t, append(slices.Clone(files), files[0]), zip.Store), k); r.Good() {
		t.Error("one name twice: good")
	}
	if r := check(t, pack(t, files, zip.Deflate), k); r.Good() {
		t.Error("compressed: good")
	}
	if r := check(t, b, other); !names(r, "manifest.sig") {
		t.Errorf("another key: %v", r.Problems)
	}
	for at := 0; at < len(b); at += 7 { // the zip itself, as a damaged disk would have it
		spoilt := slices.Clone(b)
		spoilt[at] ^= 0x40
		_, _ = record.CheckArchive(bytes.NewReader(spoilt), int64(len(spoilt)), k.String())
	}
}

// What only the key's holder could put together is still held to the rules.
func TestArchiveCheckDoesNotTakeTheListsWord(t *testing.T) {
	a, s, k := sample(t, dbtest.SQLite(t, time.Now))
	files := unpack(t, write(t, a))
	if r := check(t, pack(t, resign(t, files, s), zip.Store), k); !r.Good() {
		t.Fatalf("signed anew: %v", r.Problems)
	}
	forger, _ := testKey(t)
	if r := check(t, pack(t, resign(t, files, forger), zip.Store), k); r.Good() {
		t.Error("signed by another key: good")
	}
	at := map[string]int{}
	for i, f := range files {
		at[f.name] = i
	}
	one, two := at["entries/0001.json"], at["entries/0002.json"]
	document := files[slices.IndexFunc(files, func(f file) bool { return strings.HasPrefix(f.name, "documents/") })].name
	edit := func(i int, from, to string) func([]file) {
		return func(f []file) {
			text := strings.Replace(string(f[i].text), from, to, 1)
			if text == string(f[i].text) {
				t.Fatalf("%s has no %q", f[i].name, from)
			}
			f[i].text = []byte(text)
		}
	}
	proof := a.Entries[0].Proof[0].String()
	for name, c := range map[string]struct {
		spoil func([]file)
		want  string
	}{
		"entries swapped":   {func(f []file) { f[one].text, f[two].text = f[two].text, f[one].text }, "entries/0002.json: its index is not after that of the entry before"},
		"another user":      {edit(one, "r.n\u00fañez", "r.n\u00fanez"), "entries/0001.json: header does not match the entry's digest"},
		"another body":      {edit(one, "eyJ1bml0cyI6MTJ9", "eyJ1bml0cyI6MTN9"), "entries/0001.json: body does not match its digest"},
		"another index":     {edit(one, `"index": 0`, `"index": 1`), "entries/0001.json: its proof does not lead to the checkpoint's root"},
		"another proof":     {edit(one, proof, "A"+proof[1:]), "entries/0001.json: its proof does not lead to the checkpoint's root"},
		"no proof":          {edit(one, proof, "?"), "entries/0001.json: its proof does not lead to the checkpoint's root"},
		"another time text": {edit(one, `"at": "20`, `"at": "19`), "entries/0001.json: header does not match the entry's digest"},
		"not an entry":      {func(f []file) { f[one].text = []byte(`{"index":0,"more":1}`) }, "entries/0001.json: this is not an entry"},
		"two in one":        {func(f []file) { f[one].text = append(f[one].text, f[two].text...) }, "entries/0001.json: this is not an entry"},
		"renamed":           {func(f []file) { f[one].name = "entries/0007.json" }, "entries/0007.json: entries are numbered one after the other: entries/0001.json belongs here"},
		"other document":    {func(f []file) { f[at[document]].text = []byte("other") }, document + ": its name is not the SHA-256 of its bytes"},
		"odd file":          {func(f []file) { f[at["record.pdf"]].name = "run-me.sh" }, "run-me.sh: an archive has no such file"},
		"odd checkpoint":    {func(f []file) { f[at["checkpoint.txt"]].text = f[at["manifest.sig"]].text }, "checkpoint.txt: this is not a checkpoint signed by the given key"},
		"odd key":           {func(f []file) { f[at["key.pub"]].text = []byte("x") }, "key.pub: this is not the given key"},
		"document unnamed": {func(f []file) {
			text := []byte("not from the record")
			f[at["record.pdf"]] = file{fmt.Sprintf("documents/%x.pdf", sha256.Sum256(text)), text}
		}, fmt.Sprintf("documents/%x.pdf: no entry names this document", sha256.Sum256([]byte("not from the record")))},
	} {
		spoilt := slices.Clone(files)
		for i := range spoilt {
			spoilt[i].text = slices.Clone(spoilt[i].text)
		}
		c.spoil(spoilt)
		r := check(t, pack(t, resign(t, spoilt, s), zip.Store), k)
		if !slices.ContainsFunc(r.Problems, func(p record.Problem) bool { return p.String() == c.want }) {
			t.Errorf("%s: %v, want %s", name, r.Problems, c.want)
		}
	}
}

func TestWriteArchiveRefusesWhatWouldNotCheck(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	for name, spoil := range map[string]func(a *record.Archive){
		"no entries": func(a *record.Archive) { a.Entries = nil },
		"body":       func(a *record.Archive) { a.Entries[1].Body = []byte("{}") },
		"header":     func(a *record.Archive) { a.Entries[1].Username = "x" },
		"order":      func(a *record.Archive) { slices.Reverse(a.Entries) },
		"checkpoint": func(a *record.Archive) { a.Checkpoint = a.Checkpoint[1:] },
		"document":   func(a *record.Archive) { a.Documents[0].Digest[0] ^= 1 },
		"unreadable": func(a *record.Archive) {
			a.Documents[0].Open = func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
		},
		"other bytes": func(a *record.Archive) {
			a.Documents[0].Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }
		},
	} {
		a, _, _ := sample(t, d)
		force(t, d, "delete from lease")
		a.Entries = slices.Clone(a.Entries)
		spoil(&a)
		err := record.WriteArchive(io.Discard, a)
		if err == nil {
			t.Errorf("%s: written", name)
		}
		d = again(t, d)
	}
}

func TestGatherAndCheckRefuse(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	l := newLog(t, d)
	_, err := l.Gather(context.Background(), "PA-1", "request/none")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing there: %v", err)
	}
	_, err = record.CheckArchive(strings.NewReader("rubbish"), 7, l.PublicKey().String())
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("no zip: %v", err)
	}
	_, err = record.CheckArchive(strings.NewReader("rubbish"), 7, "rubbish")
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("no key: %v", err)
	}
}

// Gather does not wait for the sequencer's next turn, and gives up with the
// caller when another copy has it.
func TestGatherPlacesWhatWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		l := logWith(t, d, s, k, "one")
		fill(t, d, 1)
		a, err := l.Gather(context.Background(), "PA-1", "request/0")
		if err != nil || len(a.Entries) != 1 {
			t.Fatalf("%d entries, %v", len(a.Entries), err)
		}
		fill(t, d, 1)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err = logWith(t, d, s, k, "two").Gather(ctx, "PA-1", "request/0")
		if err == nil {
			t.Error("gathered what has no place")
		}
	})
}
