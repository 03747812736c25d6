package dossier_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/dossier"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/record"
	"hsconnect/internal/review"
	"hsconnect/internal/sensitive"
)

const page = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\nxref\n0 4\n0000000000 65535 f \n" +
	"0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n167\n%%EOF\n"

// decided gives a request with a document, a question, an answer, an internal
// note and a decision that denies a line.
func decided(t *testing.T, p *portal.Portal) priorauth.Receipt {
	t.Helper()
	ctx := context.Background()
	sub := p.Submission(p.LookUp(p.Clerk, p.Zoe).Member.ID)
	d, err := p.Priorauth.StartDraft(ctx, p.Clerk.Actor, sub.Member)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Documents.Receive(ctx, p.Clerk.Actor, document.NewFile{Draft: d.ID, Member: sub.Member, Name: "study.pdf", Declared: "application/pdf", Reader: strings.NewReader(page)})
	if err != nil {
		t.Fatal(err)
	}
	sub.Draft = d.ID
	r, err := p.Priorauth.Submit(ctx, p.Clerk.Actor, sub)
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Review.Open(ctx, p.Director.Actor, r.Number)
	if err != nil {
		t.Fatal(err)
	}
	lines := []priorauth.LineDecision{{Line: f.Lines[0].ID, Action: priorauth.Approve},
		{Line: f.Lines[1].ID, Action: priorauth.Deny, Reason: "criteria", Criterion: "NCD 240.4, section B", Narrative: "The sleep study of October names an index of three, below the five that the criterion asks for."}}
	_, err = p.Review.Decide(ctx, p.Director.Actor, review.Decision{Number: r.Number, Version: f.Version, Lines: lines, Attest: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func service(p *portal.Portal) *dossier.Service {
	return dossier.New(dossier.Deps{DB: p.DB, Record: p.Record, Documents: p.Documents, Plan: portal.PlanName, Zone: p.Zone})
}

func TestExportIsCheckedByAStranger(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := decided(t, p)
		var out bytes.Buffer
		err := service(p).Export(context.Background(), portal.Operator(), r.Number, &out)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := record.CheckArchive(bytes.NewReader(out.Bytes()), int64(out.Len()), p.Record.PublicKey().String())
		if err != nil || !rep.Good() || rep.Documents != 1 || rep.Entries < 4 {
			t.Fatalf("%+v %v", rep, err)
		}
		files := unzip(t, out.Bytes())
		found := false
		for name, b := range files {
			found = found || strings.HasPrefix(name, "documents/") && string(b) == page
		}
		if !found || !bytes.HasPrefix(files["record.pdf"], []byte("%PDF-")) {
			t.Fatal("the document's own bytes or the PDF are missing")
		}
		bad := bytes.Clone(out.Bytes())
		bad[len(bad)/2] ^= 1
		rep, err = record.CheckArchive(bytes.NewReader(bad), int64(len(bad)), p.Record.PublicKey().String())
		if err == nil && rep.Good() {
			t.Fatal("a changed archive passed")
		}
	})
}

func unzip(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name], err = io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestExportIsForThoseWhoMayAndIsWrittenDown(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := decided(t, p)
		for _, who := range []portal.Person{p.Clerk, p.Nurse, p.Director, p.HelpDesk} {
			err := service(p).Export(context.Background(), who.Actor, r.Number, io.Discard)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s exported: %v", who.Username, err)
			}
		}
		err := service(p).Export(context.Background(), p.Privacy.Actor, r.Number, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		err = p.DB.View(context.Background(), func(tx *db.Tx) error {
			return tx.Row("select count(*) from disclosure where subject = $1 and person = $2", "record/"+string(r.Request), string(p.Privacy.Actor.Person)).Scan(&n)
		})
		if err != nil || n != 1 {
			t.Fatalf("the export was written down %d times, %v", n, err)
		}
		err = service(p).Export(context.Background(), p.Privacy.Actor, "A26-000000000-0", io.Discard)
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("got %v", err)
		}
	})
}

// A record of substance use treatment goes to a legal proceeding under a court
// order and a subpoena alone; either way it is kept (Q-02, 42 CFR 2.61).
func TestAProceedingTakesAnOrder(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := decided(t, p)
		who := p.Privacy.Actor
		ledger := func(outcome disclosure.Outcome) (n int) {
			t.Helper()
			err := p.DB.View(t.Context(), func(tx *db.Tx) error {
				return tx.Row("select count(*) from disclosure where subject = $1 and outcome = $2 and member = $3", "record/"+string(r.Request), string(outcome), string(r.Member)).Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := service(p).ExportFor(t.Context(), who, r.Number, dossier.Proceeding{}, io.Discard)
		if err != nil {
			t.Errorf("without a label: %v", err)
		}
		err = p.Review.Label(t.Context(), p.Nurse.Actor, r.Number, []string{string(sensitive.SubstanceUse)})
		if err != nil {
			t.Fatal(err)
		}
		shown := ledger(disclosure.Shown)
		for _, order := range []string{"", "  \n "} {
			var out bytes.Buffer
			err = service(p).ExportFor(t.Context(), who, r.Number, dossier.Proceeding{Order: order}, &out)
			if !fault.Is(err, fault.Forbidden) || out.Len() > 0 || !strings.Contains(fault.Text(err), "42 CFR 2.61") {
				t.Errorf("without an order: %v, %d bytes", err, out.Len())
			}
		}
		if ledger(disclosure.Refused) != 2 || ledger(disclosure.Shown) != shown {
			t.Error("what was refused is not in the ledger, or as shown")
		}
		var out bytes.Buffer
		err = service(p).ExportFor(t.Context(), who, r.Number, dossier.Proceeding{Order: "Order 26-CV-1 of the District Court, subpoena of November 2"}, &out)
		if err != nil || out.Len() == 0 {
			t.Fatalf("with an order: %v", err)
		}
		if ledger(disclosure.Shown) != shown+1 {
			t.Error("what was given is not in the ledger")
		}
		err = p.DB.View(t.Context(), func(tx *db.Tx) error {
			all, err := record.Entries(tx, "request/"+string(r.Request))
			kept := 0
			for _, e := range all {
				if e.Kind == "record.proceeding" && strings.Contains(string(e.Body), "26-CV-1") {
					kept++
				}
			}
			if kept != 1 {
				t.Errorf("the record tells of the proceeding %d times", kept)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = service(p).Export(t.Context(), who, r.Number, io.Discard)
		if err != nil {
			t.Errorf("for the plan's own work: %v", err)
		}
	})
}
