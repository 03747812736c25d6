package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

var (
	ctx     = context.Background()
	clerk   = access.Actor{Person: "clerk", Username: "m.quinones", Name: "Marisol Quiñones-Ó'Brien", Side: access.Office, Org: "office-a", Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
	rival   = access.Actor{Person: "rival", Username: "r.ival", Name: "Rival", Side: access.Office, Org: "office-b", Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
	viewer  = access.Actor{Person: "viewer", Username: "v.iewer", Name: "Viewer", Side: access.Office, Org: "office-a", Roles: []access.Role{access.Viewer}, Door: access.DoorWeb}
	nurse   = access.Actor{Person: "nurse", Username: "n.urse", Name: "Ada Nurse, RN", Side: access.Plan, Org: "plan", Roles: []access.Role{access.Nurse}, Door: access.DoorWeb}
	second  = access.Actor{Person: "second", Username: "s.econd", Name: "Second Nurse", Side: access.Plan, Org: "plan", Roles: []access.Role{access.Nurse}, Door: access.DoorWeb}
	officer = access.Actor{Person: "officer", Username: "o.fficer", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}}
)

const (
	draft   = id.Draft("draft-1")
	request = id.Request("request-1")
	patient = id.Member("member-1")
)

// desk is the service on one database and one folder.
type desk struct {
	*Service
	t   *testing.T
	d   *db.DB
	clk *dbtest.Clock
	dir string
}

func desks(t *testing.T, fn func(k desk)) {
	t.Helper()
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		clk.Set(dbtest.Start)
		dir := t.TempDir()
		folder, err := blob.Folder(filepath.Join(dir, "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := blob.LoadOrMakeKeyring(filepath.Join(dir, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		fn(desk{New(Deps{DB: d, Vault: blob.NewVault(folder, keys)}), t, d, clk, filepath.Join(dir, "blobs")})
	})
}

func (k desk) update(fn func(tx *db.Tx) error) {
	k.t.Helper()
	err := k.d.Update(ctx, fn)
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k desk) send(who access.Actor, name string, file []byte) (Document, error) {
	return k.Receive(ctx, who, NewFile{Draft: draft, Member: patient, Name: name, Kind: "clinical note", Declared: "text/html", Reader: bytes.NewReader(file)})
}

func (k desk) take(name string, file []byte) Document {
	k.t.Helper()
	d, err := k.send(clerk, name, file)
	if err != nil {
		k.t.Fatal(err)
	}
	return d
}

func (k desk) submit() []Document {
	k.t.Helper()
	var docs []Document
	k.update(func(tx *db.Tx) error {
		var err error
		docs, err = Attach(tx, clerk, draft, request)
		return err
	})
	return docs
}

func (k desk) ofDraft(who access.Actor) (docs []Document) {
	k.t.Helper()
	k.update(func(tx *db.Tx) error {
		var err error
		docs, err = OfDraft(tx, who, draft)
		return err
	})
	return docs
}

func (k desk) ofRequest() (docs []Document) {
	k.t.Helper()
	k.update(func(tx *db.Tx) error {
		var err error
		docs, err = OfRequest(tx, nurse, request)
		return err
	})
	return docs
}

// stored gives the number of files in the folder, unfinished ones included.
func (k desk) stored() (n int) {
	k.t.Helper()
	err := filepath.WalkDir(k.dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// ledger gives what is written down of a person, oldest first, as
// "outcome subject member purpose".
func (k desk) ledger(who id.Person) (out []string) {
	k.t.Helper()
	k.update(func(tx *db.Tx) error {
		rows, err := disclosure.OfPerson(tx, officer, who, 100)
		out = nil
		for _, r := range rows {
			out = append([]string{fmt.Sprint(r.Outcome, " ", r.Subject, " ", r.Member, " ", r.Purpose)}, out...)
		}
		return err
	})
	return out
}

func (k desk) read(who access.Actor, doc id.Document) (Document, []byte) {
	k.t.Helper()
	d, r, err := k.Open(ctx, who, doc)
	if err != nil {
		k.t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	closed := r.Close()
	if err != nil || closed != nil {
		k.t.Fatal(err, closed)
	}
	k.clk.Advance(time.Minute)
	return d, b
}

func TestReceivedFilesAreKeptAndShown(t *testing.T) {
	desks(t, func(k desk) {
		for _, s := range samples() {
			d, err := k.Receive(ctx, clerk, NewFile{Draft: id.Draft("draft of " + s.what), Member: patient, Name: s.name, Kind: "lab", Reader: iotest.HalfReader(bytes.NewReader(s.bytes))})
			before := k.stored()
			if s.refused != "" {
				if !fault.Is(err, fault.Invalid) || d.ID != "" {
					k.t.Errorf("%s: %+v, %v", s.what, d, err)
				}
				continue
			}
			if err != nil || d.TypeName()[:3] != s.found[:3] || d.Pages != s.pages || d.Size != int64(len(s.bytes)) || d.ByName != clerk.Name || !d.ReceivedAt.Equal(dbtest.Start) || before == 0 {
				k.t.Fatalf("%s: %+v, %v", s.what, d, err)
			}
			got, b := k.read(clerk, d.ID)
			k.clk.Set(dbtest.Start)
			if got != d || !bytes.Equal(b, s.bytes) {
				k.t.Errorf("%s: received %+v, opened %+v with %d bytes", s.what, d, got, len(b))
			}
			if s.locked != strings.Contains(d.TypeName(), "password") {
				k.t.Errorf("%s: %s", s.what, d.TypeName())
			}
		}
	})
}

func TestRefusedFilesLeaveNothing(t *testing.T) {
	desks(t, func(k desk) {
		for _, s := range samples() {
			if s.refused == "" {
				continue
			}
			_, err := k.send(clerk, s.name, s.bytes)
			if !fault.Is(err, fault.Invalid) {
				k.t.Errorf("%s: %v", s.what, err)
			}
		}
		large := io.MultiReader(bytes.NewReader(pdfFile(1, "")), io.LimitReader(zeros{}, MaxBytes), bytes.NewReader(pdfFile(1, "")))
		for what, c := range map[string]struct {
			r    io.Reader
			kind fault.Kind
		}{
			"too large":    {large, fault.TooLarge},
			"broken off":   {io.MultiReader(bytes.NewReader(pdfFile(1, "")), iotest.ErrReader(io.ErrUnexpectedEOF)), fault.Invalid},
			"endless junk": {zeros{}, fault.Invalid},
		} {
			_, err := k.Receive(ctx, clerk, NewFile{Draft: draft, Member: patient, Name: "a.pdf", Reader: c.r})
			if !fault.Is(err, c.kind) {
				k.t.Errorf("%s: %v", what, err)
			}
		}
		if n := len(k.ofDraft(clerk)); n != 0 || k.stored() != 0 {
			k.t.Fatalf("%d rows and %d files of refused files", n, k.stored())
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestOnlyThoseWhoMaySend(t *testing.T) {
	desks(t, func(k desk) {
		for _, who := range []access.Actor{viewer, nurse} {
			_, err := k.send(who, "a.pdf", pdfFile(1, ""))
			if !fault.Is(err, fault.Forbidden) {
				k.t.Errorf("%s: %v", who.Person, err)
			}
			err = k.Remove(ctx, who, draft, "x")
			if !fault.Is(err, fault.Forbidden) {
				k.t.Errorf("%s removes: %v", who.Person, err)
			}
		}
		file := bytes.NewReader(pdfFile(1, ""))
		for what, f := range map[string]NewFile{
			"no place":   {Member: patient, Reader: file},
			"two places": {Draft: draft, Request: request, Member: patient, Reader: file},
			"no member":  {Draft: draft, Reader: file},
			"no bytes":   {Draft: draft, Member: patient},
		} {
			_, err := k.Receive(ctx, clerk, f)
			if !errors.Is(err, errPlace) {
				k.t.Errorf("%s: %v", what, err)
			}
		}
		if k.stored() != 0 {
			k.t.Error("something was stored")
		}
	})
}

func TestTheSameBytesAgainAreTheSameDocument(t *testing.T) {
	desks(t, func(k desk) {
		first := k.take("note.pdf", pdfFile(1, ""))
		again := k.take("copy of note.pdf", pdfFile(1, ""))
		other := k.take("other.pdf", pdfFile(2, ""))
		if again != first || other.ID == first.ID || k.stored() != 2 {
			k.t.Fatalf("first %+v, again %+v, %d files", first, again, k.stored())
		}
		theirs, err := k.send(rival, "note.pdf", pdfFile(1, ""))
		if err != nil || theirs.ID == first.ID {
			k.t.Fatalf("another office got this one's document: %v", err)
		}
		err = k.Remove(ctx, clerk, draft, first.ID)
		if err != nil {
			k.t.Fatal(err)
		}
		if back := k.take("note.pdf", pdfFile(1, "")); back.ID == first.ID {
			k.t.Fatal("a removed document came back by itself")
		}
		k.submit()
		later, err := k.Receive(ctx, clerk, NewFile{Request: request, Member: patient, Name: "x.pdf", Reader: bytes.NewReader(pdfFile(2, ""))})
		if err != nil || later.ID != other.ID {
			k.t.Fatalf("the request has these bytes already: %+v, %v", later, err)
		}
	})
}

func TestQuotas(t *testing.T) {
	desks(t, func(k desk) {
		for i := range MaxPerRequest {
			k.take("a.pdf", pdfFile(1, fmt.Sprint(i)))
		}
		_, err := k.send(clerk, "a.pdf", pdfFile(1, "one more"))
		if p := fault.Problems(err); len(p) != 1 || !strings.Contains(p[0].Text, "at most 20") {
			k.t.Fatalf("the 21st: %v", err)
		}
		k.submit()
		_, err = k.Receive(ctx, clerk, NewFile{Request: request, Member: patient, Name: "a.pdf", Reader: bytes.NewReader(pdfFile(1, "one more"))})
		if !fault.Is(err, fault.Invalid) {
			k.t.Fatalf("the 21st of the request: %v", err)
		}
		if k.stored() != MaxPerRequest {
			k.t.Fatalf("%d files", k.stored())
		}
	})
}

func TestTotalQuota(t *testing.T) {
	desks(t, func(k desk) {
		k.update(func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into document (id, org, member, draft, name, kind, type, size, digest, pages, blob, person, person_name, at_us)
				values ($1, $2, $3, $4, 'a.pdf', '', 'application/pdf', $5, 'd', 0, 'b', 'p', 'P', 1)`, "x", string(clerk.Org), string(patient), string(draft), MaxTotal-int64(len(pdfFile(1, ""))))
			return err
		})
		k.take("fits.pdf", pdfFile(1, ""))
		_, err := k.send(clerk, "too-much.png", pngFile(4, 4))
		if p := fault.Problems(err); len(p) != 1 || !strings.Contains(p[0].Text, "150 MB together") {
			k.t.Fatalf("over the total: %v", err)
		}
	})
}

func TestLogsShowNoNames(t *testing.T) {
	var out bytes.Buffer
	d := Document{ID: "x", Name: "Quiñones biopsy.pdf", ByName: "Marisol", Member: patient}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "document", d)
	if !strings.Contains(out.String(), "[document x]") || strings.Contains(out.String(), "biopsy") {
		t.Fatal(out.String())
	}
	if (Document{}).TypeName() != "file" || d.SafeName() != "Quiñones biopsy.pdf.bin" {
		t.Error(d.SafeName())
	}
}

// entries gives the record's entries about the request.
func (k desk) entries() (out []record.Entry) {
	k.t.Helper()
	k.update(func(tx *db.Tx) error {
		var err error
		out, err = record.Entries(tx, "request/"+string(request))
		return err
	})
	return out
}
