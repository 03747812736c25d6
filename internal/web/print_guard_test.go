package web_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
)

// scanned sends a picture with a request.
func scanned(t *testing.T, p *portal.Portal, r priorauth.Receipt) document.Document {
	t.Helper()
	var scan bytes.Buffer
	err := png.Encode(&scan, image.NewGray(image.Rect(0, 0, 40, 50)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "scan.png", Reader: &scan})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Priorauth.AddedDocument(t.Context(), p.Clerk.Actor, r.Number)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What takes an open glass on the screen takes it on paper; then the ledger
// says under which, and names facts as it does for the screen.
func TestNothingOfARestrictedMemberPrints(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		d := scanned(t, p, r)
		err := p.Restricted.Restrict(t.Context(), p.Privacy.Actor, p.Eleanor, member.RestrictViolence, "has asked for it", p.Clock.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		b := p.SignedIn(t, p.Clerk)
		paths := []string{"/print/case/" + string(r.Number), "/print/document/" + string(d.ID), "/print/eligibility/" + printout.EligibilityRef(r.Member, civil.Of(p.Clock.Now(), p.Zone))}
		for _, path := range paths {
			a := b.Post(path, url.Values{"token": {strings.Repeat("T", 26)}})
			if a.Status != http.StatusForbidden || strings.Contains(a.Body, "%PDF") {
				t.Errorf("%s: %d %s", path, a.Status, a.Header.Get("Content-Type"))
			}
		}
		s := &stage{Portal: p, member: r.Member, browser: map[string]*portal.Browser{p.Clerk.Username: b}}
		s.breakGlass(t, p.Clerk, "/members/"+string(r.Member))
		for _, path := range paths {
			form, _ := printForm(t, b, path)
			a := b.Post(path, form)
			if a.Header.Get("Content-Type") != "application/pdf" {
				t.Errorf("%s: %d with the glass open\n%s", path, a.Status, a.Text())
			}
		}
		rows := 0
		for _, row := range s.ledger(t) {
			if !strings.HasPrefix(row.Subject, "print/") || row.Outcome != disclosure.Shown {
				continue
			}
			rows++
			if !strings.HasPrefix(row.Tie, "glass/") || len(row.Fields) == 0 {
				t.Errorf("%s under the tie %q, with %v", row.Subject, row.Tie, row.Fields)
			}
		}
		if rows != len(paths) {
			t.Errorf("%d lines for %d copies", rows, len(paths))
		}
	})
}

// The notice goes with a document of a labelled request: before it on the
// screen, and on each page of its copy (Q-03, Q-04, 42 CFR 2.32).
func TestADocumentOfALabelledRequestCarriesTheNotice(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		d := scanned(t, p, r)
		b, path := p.SignedIn(t, p.Clerk), "/documents/"+string(d.ID)
		if a := b.Get(path); a.Status != http.StatusOK || a.Header.Get("Content-Type") != "image/png" {
			t.Fatalf("without a label: %d %s", a.Status, a.Header.Get("Content-Type"))
		}
		_, err := p.Sensitive.Import(t.Context(), portal.Operator(), "sensitive.csv", strings.NewReader("system,code,category\nicd-10-cm,I2510,substance use\n"))
		if err != nil {
			t.Fatal(err)
		}
		const notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
		a := b.Get(path)
		wants(t, a, http.StatusOK, notice, "Open the document")
		leads(t, a, path+"?notice=read")
		if rows := printedBy(t, p, p.Clerk, "notice/document/"+string(d.ID)); len(rows) != 1 || rows[0].Member != r.Member || len(rows[0].Fields) == 0 {
			t.Errorf("that the label was told is in the ledger as %+v", rows)
		}
		if a := b.Get(path + "?notice=read"); a.Header.Get("Content-Type") != "image/png" {
			t.Errorf("after the notice: %d", a.Status)
		}
		if a := p.SignedIn(t, p.Stranger).Get(path); a.Status != http.StatusNotFound {
			t.Errorf("somebody else: %d", a.Status)
		}
		out, err := p.Printout.Print(t.Context(), p.Clerk.Actor, printout.Order{Kind: printout.Document, Ref: string(d.ID), Token: strings.Repeat("T", 26)})
		if err != nil {
			t.Fatal(err)
		}
		if words := pdfWords(t, string(out.PDF)); !strings.Contains(words, notice) {
			t.Errorf("the copy lacks the notice:\n%s", words)
		}
	})
}

// Eligibility is counted by member and month: a copy for each day would be no
// limit.
func TestOneCopyOfEligibilityAMonth(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		order := func(day, token string) printout.Order {
			return printout.Order{Kind: printout.Eligibility, Ref: string(r.Member) + "." + day, Token: strings.Repeat(token, 26)}
		}
		first, err := p.Printout.Print(t.Context(), p.Clerk.Actor, order("2026-11-20", "A"))
		if err != nil || first.Copy.No != 1 {
			t.Fatalf("%+v %v", first.Copy, err)
		}
		_, err = p.Printout.Print(t.Context(), p.Clerk.Actor, order("2026-11-21", "B"))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("another day of the month without a reason: %v", err)
		}
		last, err := p.Printout.Print(t.Context(), p.Clerk.Actor, order("2026-10-20", "C"))
		if err != nil || last.Copy.No != 1 {
			t.Errorf("another month: %+v %v", last.Copy, err)
		}
		b := p.SignedIn(t, p.Clerk)
		wants(t, b.Get("/members/"+string(r.Member)+"?on=11/3/2026"), http.StatusOK, "Printed once: print another")
	})
}

// A copy does not say "not covered" where it may not say either.
func TestACopyDoesNotTellWhatItMayNot(t *testing.T) {
	p := portal.SQLite(t)
	s := newStage(t, p)
	s.change(t, access.Requester, without(access.DefaultFields(access.Requester),
		[]access.Field{access.FieldCoverage, access.FieldPlan, access.FieldCopays, access.FieldSpent, access.FieldNeeded}))
	out, err := p.Printout.Print(t.Context(), p.Clerk.Actor, printout.Order{Kind: printout.Eligibility, Ref: string(s.member) + ".2026-11-20", Token: strings.Repeat("A", 26)})
	if err != nil {
		t.Fatal(err)
	}
	words := pdfWords(t, string(out.PDF))
	if strings.Contains(words, "Not covered") || !strings.Contains(words, "Not shown to the role") {
		t.Errorf("the copy says\n%s", words)
	}
}

// What could not be taken is not unpacked: the copy is asked for first.
func TestADocumentIsNotUnpackedInVain(t *testing.T) {
	p := portal.SQLite(t)
	r := printable(t, p)
	d := scanned(t, p, r)
	order := printout.Order{Kind: printout.Document, Ref: string(d.ID), Token: strings.Repeat("A", 26)}
	_, err := p.Printout.Print(t.Context(), p.Clerk.Actor, order)
	if err != nil {
		t.Fatal(err)
	}
	p.Printout.Documents = nil // whoever reads the bytes now falls
	order.Token = strings.Repeat("B", 26)
	_, err = p.Printout.Print(t.Context(), p.Clerk.Actor, order)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a second copy without a reason: %v", err)
	}
	order.Token = "short"
	_, err = p.Printout.Print(t.Context(), p.Clerk.Actor, order)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a form of somebody else: %v", err)
	}
}
