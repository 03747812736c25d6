package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func TestDraftsBelongToTheirOffice(t *testing.T) {
	desks(t, func(k desk) {
		d := k.take("note.pdf", pdfFile(1, ""))
		if got := k.ofDraft(clerk); len(got) != 1 || got[0] != d {
			k.t.Fatalf("%+v", got)
		}
		if got := k.ofDraft(rival); len(got) != 0 {
			k.t.Fatalf("another office sees %+v", got)
		}
		for what, c := range map[string]struct {
			draft id.Draft
			doc   id.Document
		}{"other draft": {"draft-2", d.ID}, "other document": {draft, "nothing"}} {
			err := k.Remove(ctx, clerk, c.draft, c.doc)
			if !fault.Is(err, fault.NotFound) {
				k.t.Errorf("%s: %v", what, err)
			}
		}
		err := k.Remove(ctx, rival, draft, d.ID)
		if !fault.Is(err, fault.NotFound) {
			k.t.Errorf("another office removes: %v", err)
		}
		for range 2 {
			err = k.Remove(ctx, clerk, draft, d.ID)
			if err != nil {
				k.t.Fatal(err)
			}
		}
		if len(k.ofDraft(clerk)) != 0 || len(k.submit()) != 0 {
			k.t.Error("a removed document was submitted")
		}
	})
}

func TestSubmittedDocumentsStayAndAreOnRecord(t *testing.T) {
	desks(t, func(k desk) {
		first := k.take("note <b>.pdf", pdfFile(1, ""))
		k.clk.Advance(time.Second)
		k.take("mri.png", pngFile(9, 9))
		docs := k.submit()
		k.clk.Advance(time.Second)
		later, err := k.Receive(ctx, clerk, NewFile{Request: request, Member: patient, Name: "later.jpg", Reader: bytes.NewReader(jpegFile(9, 9))})
		if err != nil {
			k.t.Fatal(err)
		}
		all := append(docs, later)
		got := k.ofRequest()
		if len(docs) != 2 || len(got) != 3 || got[0] != all[0] || got[1] != all[1] || got[2] != all[2] {
			k.t.Fatalf("submitted %+v, found %+v", all, got)
		}
		entries := k.entries()
		if len(entries) != 3 {
			k.t.Fatalf("%d entries", len(entries))
		}
		for i, e := range entries {
			var body attached
			err = json.Unmarshal(e.Body, &body)
			if err != nil || e.Kind != "document.attached" || e.Person != clerk.Person || body.Document != all[i].ID || body.SHA256 != all[i].Digest || body.Request != request || body.Name != all[i].Name {
				k.t.Errorf("entry %d: %s, %v", i, e.Body, err)
			}
		}
		err = k.Remove(ctx, clerk, draft, first.ID)
		if !fault.Is(err, fault.Conflict) {
			k.t.Errorf("removed after it was submitted: %v", err)
		}
		_, err = k.send(clerk, "too late.pdf", pdfFile(5, ""))
		if !fault.Is(err, fault.Conflict) {
			k.t.Errorf("added to a submitted draft: %v", err)
		}
		err = k.d.Update(ctx, func(tx *db.Tx) error {
			_, err := Attach(tx, clerk, draft, "request-2")
			return err
		})
		if !db.Duplicate(err) || len(k.ofRequest()) != 3 || len(k.entries()) != 3 {
			k.t.Errorf("attached twice: %v", err)
		}
		for _, table := range []string{"document", "document_attached", "document_removed", "document_opened"} {
			if table == "document_removed" {
				k.update(func(tx *db.Tx) error {
					_, err := tx.Exec("insert into document_removed (document, person, at_us) values ('x', 'x', 1)")
					return err
				})
			}
			if table == "document_opened" {
				k.read(nurse, first.ID)
			}
			for _, q := range []string{"delete from " + table, "update " + table + " set at_us = 1"} {
				err = k.d.Update(ctx, func(tx *db.Tx) error {
					_, err := tx.Exec(q)
					return err
				})
				if !db.Refused(err) {
					k.t.Errorf("%s: %v", q, err)
				}
			}
		}
	})
}

// A document that one transaction removed while another submitted it stays
// readable: it is part of the request.
func TestSubmittedWinsOverRemoved(t *testing.T) {
	desks(t, func(k desk) {
		d := k.take("note.pdf", pdfFile(1, ""))
		k.submit()
		k.update(func(tx *db.Tx) error {
			_, err := tx.Exec("insert into document_removed (document, person, at_us) values ($1, 'clerk', 1)", string(d.ID))
			return err
		})
		k.read(nurse, d.ID)
		if len(k.ofRequest()) != 1 {
			k.t.Error("it left the request")
		}
	})
}

func TestOpeningIsWrittenDownAndToldToTheOffice(t *testing.T) {
	desks(t, func(k desk) {
		file := pdfFile(2, "")
		d := k.take("note.pdf", file)
		k.read(clerk, d.ID)
		k.submit()
		k.read(clerk, d.ID)
		if got := k.ofRequest()[0]; !got.OpenedAt.IsZero() || got.OpenedBy != "" {
			k.t.Fatalf("the office's own opening counts as the plan's: %+v", got)
		}
		at := k.clk.Now()
		got, b := k.read(nurse, d.ID)
		if !bytes.Equal(b, file) || !got.OpenedAt.Equal(at) || got.OpenedBy != nurse.Name {
			k.t.Fatalf("%+v, %d bytes", got, len(b))
		}
		got, _ = k.read(second, d.ID)
		if !got.OpenedAt.Equal(at) || got.OpenedBy != nurse.Name {
			k.t.Fatalf("the second opening replaced the first: %+v", got)
		}
		if shown := k.ofRequest()[0]; !shown.OpenedAt.Equal(at) || shown.OpenedBy != nurse.Name {
			k.t.Fatalf("the office is not told: %+v", shown)
		}
		seen := "shown document/" + string(d.ID) + " member-1 "
		for who, want := range map[id.Person][]string{
			"clerk": {seen + "TREATMENT", seen + "TREATMENT"}, "nurse": {seen + "HPAYMT"}, "second": {seen + "HPAYMT"},
		} {
			if got := k.ledger(who); fmt.Sprint(got) != fmt.Sprint(want) {
				k.t.Errorf("%s: %v, want %v", who, got, want)
			}
		}
		raw, err := k.Bytes(ctx, d)
		if err != nil {
			k.t.Fatal(err)
		}
		b, err = io.ReadAll(raw)
		if err != nil || raw.Close() != nil || !bytes.Equal(b, file) {
			k.t.Fatalf("%d bytes, %v", len(b), err)
		}
	})
}

func TestWhatIsNotForThemIsNotThereAndWrittenDown(t *testing.T) {
	desks(t, func(k desk) {
		own, gone := k.take("note.pdf", pdfFile(1, "")), k.take("gone.pdf", pdfFile(2, ""))
		err := k.Remove(ctx, clerk, draft, gone.ID)
		if err != nil {
			k.t.Fatal(err)
		}
		nothing := id.New[id.Document](k.clk.Now())
		try := func(who string, doc id.Document) {
			k.t.Helper()
			a := clerk
			switch who {
			case "rival":
				a = rival
			case "nurse":
				a = nurse
			}
			_, r, err := k.Open(ctx, a, doc)
			k.clk.Advance(time.Second)
			if !errors.Is(err, errNone) || r != nil {
				k.t.Errorf("%s opens %s: %v", who, doc, err)
			}
		}
		for _, who := range []string{"rival", "nurse", "clerk"} {
			if who != "clerk" {
				try(who, own.ID)
			}
			try(who, gone.ID)
			try(who, nothing)
			try(who, "../../etc/passwd")
		}
		row := func(outcome string, doc id.Document, rest string) string {
			return outcome + " document/" + string(doc) + " " + rest
		}
		for who, want := range map[id.Person][]string{
			"rival": {row("refused", own.ID, "member-1 TREATMENT"), row("refused", gone.ID, "member-1 TREATMENT"), row("not found", nothing, " TREATMENT"), "not found document  TREATMENT"},
			"nurse": {row("refused", own.ID, "member-1 HPAYMT"), row("refused", gone.ID, "member-1 HPAYMT"), row("not found", nothing, " HPAYMT"), "not found document  HPAYMT"},
			"clerk": {row("not found", gone.ID, "member-1 TREATMENT"), row("not found", nothing, " TREATMENT"), "not found document  TREATMENT"},
		} {
			if got := k.ledger(who); strings.Join(got, "\n") != strings.Join(want, "\n") {
				k.t.Errorf("%s:\n%s\nwant\n%s", who, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		_, _, err = k.Open(ctx, viewer, own.ID)
		if !fault.Is(err, fault.Forbidden) {
			k.t.Errorf("a viewer: %v", err)
		}
	})
}

// If the ledger cannot be written, nothing is shown and nothing is said to
// have been opened.
func TestWithoutTheLedgerNothingIsShown(t *testing.T) {
	desks(t, func(k desk) {
		d := k.take("note.pdf", pdfFile(1, ""))
		k.submit()
		k.update(func(tx *db.Tx) error { _, err := tx.Exec("drop table disclosure"); return err })
		_, r, err := k.Open(ctx, nurse, d.ID)
		if err == nil || r != nil || !k.ofRequest()[0].OpenedAt.IsZero() {
			k.t.Fatalf("shown without a trace: %v", err)
		}
	})
}

// Bytes that are gone were not opened, whatever was asked for.
func TestWhatCannotBeReadWasNotOpened(t *testing.T) {
	desks(t, func(k desk) {
		d := k.take("note.pdf", pdfFile(1, ""))
		k.submit()
		err := os.RemoveAll(filepath.Join(k.dir, d.blob[:2]))
		if err != nil {
			k.t.Fatal(err)
		}
		_, r, err := k.Open(ctx, nurse, d.ID)
		if !errors.Is(err, blob.ErrMissing) || r != nil || !k.ofRequest()[0].OpenedAt.IsZero() {
			k.t.Fatalf("%v, opened %v", err, k.ofRequest()[0].OpenedAt)
		}
	})
}

// The points at which a process or a database can go away between the steps
// of receiving a file.
func TestKillPoints(t *testing.T) {
	desks(t, func(k desk) {
		// Killed after the bytes are sealed, before the transaction: an orphan
		// in the store, no row, and the sweep takes it after a day.
		_, err := k.Vault.Seal(ctx, bytes.NewReader(pdfFile(1, "")), MaxBytes)
		if err != nil || k.stored() != 1 || len(k.ofDraft(clerk)) != 0 {
			k.t.Fatal(err)
		}
		n, err := blob.Sweep(ctx, k.d, k.Vault.Store())
		if err != nil || n != 0 {
			k.t.Fatalf("a young orphan was swept: %d, %v", n, err)
		}
		k.clk.Set(time.Now().Add(25 * time.Hour))
		kept := k.take("kept.pdf", pdfFile(2, ""))
		n, err = blob.Sweep(ctx, k.d, k.Vault.Store())
		if err != nil || n != 1 || k.stored() != 1 {
			k.t.Fatalf("swept %d, %v", n, err)
		}
		k.read(clerk, kept.ID)

		// The transaction fails: nothing stays of the file.
		k.update(func(tx *db.Tx) error { _, err := tx.Exec("alter table blob_key rename to away"); return err })
		_, err = k.send(clerk, "a.pdf", pdfFile(3, ""))
		if err == nil || k.stored() != 1 {
			k.t.Fatalf("%d files after a failed transaction, %v", k.stored(), err)
		}
		k.update(func(tx *db.Tx) error { _, err := tx.Exec("alter table away rename to blob_key"); return err })
		if got := k.ofDraft(clerk); len(got) != 1 || got[0].ID != kept.ID {
			k.t.Fatalf("half of a failed transaction stayed: %+v", got)
		}

		// The sender goes away between the bytes and the transaction.
		stopped, stop := context.WithCancel(ctx)
		file := io.MultiReader(bytes.NewReader(pdfFile(4, "")), &last1{stop})
		_, err = k.Receive(stopped, clerk, NewFile{Draft: draft, Member: patient, Name: "a.pdf", Reader: file})
		if !fault.Is(err, fault.Unavailable) || len(k.ofDraft(clerk)) != 1 {
			k.t.Fatalf("%v", err)
		}
	})
}

// last1 is an empty end of a file that calls back when it is reached.
type last1 struct{ reached func() }

func (l *last1) Read([]byte) (int, error) { l.reached(); return 0, io.EOF }

// When nobody knows whether the commit was kept, the bytes must stay: a row
// may name them.
func TestAnUnknownCommitKeepsTheBytes(t *testing.T) {
	d, err := db.Open(ctx, db.Config{Path: filepath.Join(t.TempDir(), "gone.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	folder, err := blob.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := blob.LoadOrMakeKeyring(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	k := desk{Service: New(Deps{DB: d, Vault: blob.NewVault(folder, keys)}), t: t, d: d, clk: dbtest.NewClock(), dir: dir}
	err = d.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.send(clerk, "a.pdf", pdfFile(1, ""))
	if !fault.Is(err, fault.Unavailable) || k.stored() != 1 {
		t.Fatalf("%d files, %v", k.stored(), err)
	}
}
