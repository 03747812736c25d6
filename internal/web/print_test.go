package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/copies"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/pdf"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web"
)

// pdfTool runs a program that reads PDF files and gives what it prints.
func pdfTool(t *testing.T, body, name string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed: CI needs the Debian packages qpdf and poppler-utils", name)
		}
		t.Skipf("%s is not installed: install the Debian packages qpdf and poppler-utils to run this test", name)
	}
	path := filepath.Join(t.TempDir(), "copy.pdf")
	err = os.WriteFile(path, []byte(body), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = path
		}
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// pdfWords gives the text of a PDF, with each run of white space as one space.
func pdfWords(t *testing.T, body string) string {
	t.Helper()
	return strings.Join(strings.Fields(pdfTool(t, body, "pdftotext", "-layout", "FILE", "-")), " ")
}

// printForm opens the page before the print and gives the form that it sends.
func printForm(t *testing.T, b *portal.Browser, path string) (url.Values, portal.Answer) {
	t.Helper()
	a := b.Get(path)
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d\n%s", path, a.Status, a.Text())
	}
	token, _ := a.Field("token")
	return url.Values{"token": {token}}, a
}

// printedBy gives the newest line of somebody's disclosures with a subject that
// begins as said.
func printedBy(t *testing.T, p *portal.Portal, who portal.Person, subject string) []disclosure.Row {
	t.Helper()
	var out []disclosure.Row
	err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		rows, err := disclosure.OfPerson(tx, who.Actor, who.Actor.Person, 100)
		for _, r := range rows {
			if strings.HasPrefix(r.Subject, subject) {
				out = append(out, r)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// printable is a case with something to recognize in every part.
func printable(t *testing.T, p *portal.Portal) priorauth.Receipt {
	t.Helper()
	r := p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Notes = "planted-note about the heart" })
	return r
}

// the first copy comes at a press, another for a reason and a fresh
// proof; each carries its number and watermark, and stands in the ledgers.
func TestTheOneCopyOfACase(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		path := "/print/case/" + string(r.Number)
		b := p.SignedIn(t, p.Clerk)
		page := b.Get("/authorizations/" + string(r.Number))
		if !strings.Contains(page.Text(), "Print the one copy") || !strings.Contains(page.Body, path) {
			t.Error("the case does not lead to its copy")
		}
		form, before := printForm(t, b, path)
		for _, no := range []string{"Eleanor", "planted", "SHA20987716"} {
			if strings.Contains(before.Body, no) {
				t.Errorf("the page before the print says %q", no)
			}
		}
		if got := printedBy(t, p, p.Clerk, "print/"); len(got) != 0 {
			t.Errorf("something was disclosed before it was printed: %v", got)
		}
		a := b.Post(path, form)
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/pdf" {
			t.Fatalf("%d %s\n%s", a.Status, a.Header.Get("Content-Type"), a.Text())
		}
		if d := a.Header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename=copy-C26-\d{9}-\d\.pdf$`).MatchString(d) {
			t.Errorf("disposition %q", d)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Error("a cache may keep it")
		}
		pdfTool(t, a.Body, "qpdf", "--check", "FILE")
		text := pdfWords(t, a.Body)
		for _, want := range []string{"Eleanor", "planted-note", string(r.Number), portal.PlanName, p.Office.Name, "Dana Okafor", "Copy 1 of 1", "ET", "1-800-555-0142"} {
			if !strings.Contains(text, want) {
				t.Errorf("the copy lacks %q:\n%s", want, text)
			}
		}
		for _, no := range []string{"1951", "Example Street"} {
			if strings.Contains(text, no) {
				t.Errorf("the copy says %q, which the page does not", no)
			}
		}
		rows := printedBy(t, p, p.Clerk, "print/case/"+string(r.Request))
		if len(rows) != 1 || rows[0].Member != r.Member || !slices.Equal(rows[0].Fields, []access.Field{access.FieldName, access.FieldMemberID, access.FieldRequests}) {
			t.Fatalf("disclosures: %+v", rows)
		}

		if again := b.Post(path, form); again.Body != a.Body {
			t.Errorf("the same form gives something else: %d\n%s", again.Status, again.Text())
		}
		form, after := printForm(t, b, path)
		if !strings.Contains(after.Text(), "Copy 1") || !strings.Contains(after.Text(), "Dana Okafor") {
			t.Errorf("the page does not say who has the first:\n%s", after.Text())
		}
		if x := b.Post(path, form); x.Status != http.StatusUnprocessableEntity || !strings.Contains(x.Text(), "Say in a few words") {
			t.Errorf("another without a reason: %d", x.Status)
		}
		viewer := p.SignedIn(t, p.Viewer)
		form, _ = printForm(t, viewer, path)
		form.Set("reason", "the first was lost in the mail")
		p.Clock.Advance(11 * time.Minute)
		x := viewer.Post(path, form)
		if x.Status != http.StatusOK || !strings.Contains(x.Text(), "Prove that it is you") {
			t.Fatalf("no proof is asked for: %d\n%s", x.Status, x.Text())
		}
		form.Set("proof_code", p.Code(p.Viewer))
		x = viewer.Post(path, form)
		if x.Header.Get("Content-Type") != "application/pdf" {
			t.Fatalf("after the proof: %d\n%s", x.Status, x.Text())
		}
		text = pdfWords(t, x.Body)
		for _, want := range []string{"Copy 2, the first was given on", "Vic Looker", "the first was lost in the mail"} {
			if !strings.Contains(text, want) {
				t.Errorf("the second copy lacks %q", want)
			}
		}
		checkDesk(t, p, x.Body)
	})
}

// checkDesk is what the privacy officer sees of a second copy, and does.
func checkDesk(t *testing.T, p *portal.Portal, body string) {
	t.Helper()
	b := p.SignedIn(t, p.Privacy)
	list := b.Get("/plan/copies")
	number := strings.TrimPrefix(regexp.MustCompile(`"copy-C26-\d{9}-\d`).FindString(list.Body), `"copy-`)
	if !strings.Contains(list.Text(), "the first was lost in the mail") || number == "" {
		t.Fatalf("it does not wait for a review: %d\n%s", list.Status, list.Text())
	}
	a := b.Get("/plan/copies?number=" + url.QueryEscape(strings.ToLower(strings.ReplaceAll(number, "-", " "))))
	if a.Location != "/plan/copies/"+number {
		t.Fatalf("the look-up: %d %q\n%s", a.Status, a.Location, a.Text())
	}
	for typed, want := range map[string]string{"x": "looks like", number[:len(number)-1] + string('0'+(number[len(number)-1]-'0'+1)%10): "check digit", "C00-000000572-4": "no copy with this number"} {
		if a := b.Get("/plan/copies?number=" + url.QueryEscape(typed)); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), want) {
			t.Errorf("%q: %d\n%s", typed, a.Status, a.Text())
		}
	}
	sum := sha256.Sum256([]byte(body))
	page := b.Get("/plan/copies/" + number)
	for _, want := range []string{"Vic Looker", "Copy 2 of 2 so far", "Authorization A26-", hex.EncodeToString(sum[:]), "Dana Okafor"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("the copy's page lacks %q:\n%s", want, page.Text())
		}
	}
	if strings.Contains(page.Body, "Eleanor") {
		t.Error("the copy's page names the member")
	}
	if a := b.Post("/plan/copies/"+number, url.Values{"outcome": {"nothing"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty review: %d", a.Status)
	}
	if a := b.Post("/plan/copies/"+number, url.Values{"outcome": {"explained"}, "note": {"called the office, it burned"}}); a.Location != "/plan/copies?done=reviewed" {
		t.Fatalf("the review: %d\n%s", a.Status, a.Text())
	}
	if a := b.Get("/plan/copies?done=reviewed"); strings.Contains(a.Body, number) || !strings.Contains(a.Text(), "No second copy waits") {
		t.Error("it still waits")
	}
	if a := b.Post("/plan/copies/"+number, url.Values{"outcome": {"misused"}, "note": {"called the office again"}}); a.Status != http.StatusConflict {
		t.Errorf("a second review: %d", a.Status)
	}
}

// Each kind prints what its page shows, with exactly the facts in the ledger.
func TestEveryKindPrints(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		var scan bytes.Buffer
		err := png.Encode(&scan, image.NewGray(image.Rect(0, 0, 400, 500)))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "planted-scan.png", Reader: &scan})
		if err != nil {
			t.Fatal(err)
		}
		letter := pdf.New(pdf.Doc{Title: "Letter"})
		letter.Para("words-of-the-letter")
		letter.PageBreak()
		letter.Para("second-page-of-it")
		var file bytes.Buffer
		_, err = letter.WriteTo(&file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "letter.pdf", Reader: &file})
		if err != nil {
			t.Fatal(err)
		}
		today := civil.Of(p.Clock.Now(), p.Zone)
		b := p.SignedIn(t, p.Clerk)
		for name, c := range map[string]struct {
			kind, ref string
			says      []string
			fields    []access.Field
		}{
			"receipt": {printout.Receipt, string(r.Number), []string{string(r.Number), "Plan must answer by", r.Digest[:20]}, []access.Field{access.FieldRequests}},
			"eligibility": {printout.Eligibility, printout.EligibilityRef(r.Member, today), []string{"Eleanor", "Covered, since", "Sample", "Member pays", "no promise of payment"},
				[]access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded}},
			"picture": {printout.Document, string(picture.ID), nil, []access.Field{access.FieldRequests}},
			"letter":  {printout.Document, string(text.ID), []string{"words-of-the-letter", "second-page-of-it", "Page 2 of 2"}, []access.Field{access.FieldRequests}},
		} {
			path := "/print/" + c.kind + "/" + c.ref
			form, _ := printForm(t, b, path)
			a := b.Post(path, form)
			if a.Header.Get("Content-Type") != "application/pdf" {
				t.Errorf("%s: %d\n%s", name, a.Status, a.Text())
				continue
			}
			pdfTool(t, a.Body, "qpdf", "--check", "FILE")
			got := pdfWords(t, a.Body)
			for _, want := range append(c.says, "Dana Okafor", p.Office.Name, "Copy 1 of 1", "If you find this sheet") {
				if !strings.Contains(got, want) {
					t.Errorf("%s lacks %q:\n%s", name, want, got)
				}
			}
			rows := printedBy(t, p, p.Clerk, "print/"+c.kind+"/")
			if len(rows) == 0 || rows[0].Member != r.Member || !slices.Equal(rows[0].Fields, c.fields) {
				t.Errorf("%s: in the ledger %+v", name, rows)
			}
		}
	})
}

// What cannot carry the mark is not printed, and not counted.
func TestADocumentThatCannotBeMarkedIsNotPrinted(t *testing.T) {
	p := portal.SQLite(t)
	r := printable(t, p)
	broken := "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nstartxref\n5\n%%EOF\n"
	d, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "broken.pdf", Reader: strings.NewReader(broken)})
	if err != nil {
		t.Fatal(err)
	}
	b := p.SignedIn(t, p.Clerk)
	path := "/print/document/" + string(d.ID)
	form, _ := printForm(t, b, path)
	a := b.Post(path, form)
	if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Nothing was counted") {
		t.Errorf("%d\n%s", a.Status, a.Text())
	}
	if _, after := printForm(t, b, path); !strings.Contains(after.Text(), "has no copy of this yet") {
		t.Error("it was counted")
	}
	if got := printedBy(t, p, p.Clerk, "print/"); len(got) != 0 {
		t.Errorf("it was disclosed: %v", got)
	}
}

// Nothing of another organization prints, and the answer is that for nothing.
func TestNothingOfOthersPrints(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		b := p.SignedIn(t, p.Stranger)
		today := civil.Of(p.Clock.Now(), p.Zone)
		nothing := "01jdbq3h6m2t9v8x7c5b4a3z21"
		for kind, refs := range map[string][2]string{
			"case": {string(r.Number), "A00-000000572-4"}, "receipt": {string(r.Number), "A00-000000572-4"},
			"eligibility": {string(r.Member) + "." + today.String(), nothing + "." + today.String()}, "document": {nothing, "x"}, "secrets": {"a", "b"},
		} {
			for _, ref := range refs {
				got, sent := b.Get("/print/"+kind+"/"+ref), b.Post("/print/"+kind+"/"+ref, url.Values{"token": {strings.Repeat("T", 26)}})
				if got.Status != http.StatusNotFound || sent.Status != http.StatusNotFound || got.Text() != sent.Text() {
					t.Errorf("%s/%s: %d and %d", kind, ref, got.Status, sent.Status)
				}
			}
		}
		whose := 0
		for _, row := range printedBy(t, p, p.Stranger, "print/") {
			if row.Outcome != disclosure.Refused || row.Member != "" && (row.Member != r.Member || row.Subject != "print/eligibility") {
				t.Errorf("%+v", row)
			}
			if row.Member != "" {
				whose++
			}
		}
		if whose != 2 { // looked at and sent; the answer is that of nobody
			t.Errorf("%d lines say whose eligibility it was", whose)
		}
		if a := p.SignedIn(t, p.HelpDesk).Get("/print/case/" + string(r.Number)); a.Status != http.StatusForbidden {
			t.Errorf("somebody who may not print: %d", a.Status)
		}
	})
}

// The plan's own copy says so, and does not use up the office's.
func TestThePlanPrintsItsOwnCopy(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := printable(t, p)
		b := p.SignedIn(t, p.Nurse)
		if a := b.Get("/plan/cases/" + string(r.Number)); !strings.Contains(a.Text(), "Print the one copy") {
			t.Error("the review does not lead to its copy")
		}
		path := "/print/case/" + string(r.Number)
		form, _ := printForm(t, b, path)
		a := b.Post(path, form)
		if text := pdfWords(t, a.Body); !strings.Contains(text, "the plan’s own copy") || !strings.Contains(text, "Marisol Vega") {
			t.Errorf("%s", text)
		}
		office := p.SignedIn(t, p.Clerk)
		if _, page := printForm(t, office, path); !strings.Contains(page.Text(), "has no copy of this yet") {
			t.Error("the plan used up the office's copy")
		}
	})
}

// the notice stands on each page of a labelled copy.
func TestALabelledCopyCarriesTheNotice(t *testing.T) {
	p := portal.SQLite(t)
	r := printable(t, p)
	_, err := p.Sensitive.Import(t.Context(), portal.Operator(), "sensitive.csv", strings.NewReader("system,code,category\nicd-10-cm,I2510,substance use\n"))
	if err != nil {
		t.Fatal(err)
	}
	const notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
	out, err := p.Printout.Print(t.Context(), p.Clerk.Actor, printout.Order{Kind: printout.Case, Ref: string(r.Number), Token: strings.Repeat("T", 26)})
	if err != nil {
		t.Fatal(err)
	}
	text := pdfWords(t, string(out.PDF))
	pages := strings.Count(text, "If you find this sheet")
	if pages < 1 || strings.Count(text, notice) < pages+1 {
		t.Errorf("%d pages, the notice %d times", pages, strings.Count(text, notice))
	}
}

// V-14: what could not be written down is not given.
func TestWithoutTheLedgerNothingIsPrinted(t *testing.T) {
	p := portal.SQLite(t)
	r := printable(t, p)
	b := p.SignedIn(t, p.Clerk)
	path := "/print/case/" + string(r.Number)
	for _, table := range []string{"print_copy_given", "disclosure"} {
		form, _ := printForm(t, b, path)
		form.Set("reason", "because the ledger was down")
		err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("create trigger down before insert on " + table + " begin select raise(abort, 'down'); end")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		a := b.Post(path, form)
		if a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "%PDF") || strings.Contains(a.Body, "Eleanor") {
			t.Errorf("%s: %d", table, a.Status)
		}
		err = p.DB.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("drop trigger down")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePlanMayRefuseASecondCopy(t *testing.T) {
	p := portal.SQLite(t)
	r := printable(t, p)
	d := p.Deps()
	pd := p.Printout.Deps
	pd.Copies = copies.New(copies.Deps{Policy: copies.Never})
	d.Printout = printout.New(pd)
	h, err := web.New(d)
	if err != nil {
		t.Fatal(err)
	}
	p.Handler = h
	b := p.SignedIn(t, p.Clerk)
	path := "/print/case/" + string(r.Number)
	form, _ := printForm(t, b, path)
	if a := b.Post(path, form); a.Header.Get("Content-Type") != "application/pdf" {
		t.Fatalf("%d", a.Status)
	}
	page := b.Get(path)
	if _, has := page.Field("token"); has || !strings.Contains(page.Text(), "gives no second copy") {
		t.Errorf("%s", page.Text())
	}
	a := b.Post(path, url.Values{"token": {strings.Repeat("T", 26)}, "reason": {"the first was lost"}})
	if a.Status != http.StatusConflict || strings.Contains(a.Body, "%PDF") {
		t.Errorf("%d", a.Status)
	}
}

// reader gives for each row the browser of somebody who may open it.
func reader(t *testing.T, p *portal.Portal) func(web.Route) *portal.Browser {
	t.Helper()
	office, nurse, privacy := p.SignedIn(t, p.Admin), p.SignedIn(t, p.Nurse), p.SignedIn(t, p.Privacy)
	return func(rt web.Route) *portal.Browser {
		switch {
		case rt.Side != access.Plan:
			return office
		case p.Nurse.Actor.Has(rt.Permission):
			return nurse
		}
		return privacy
	}
}

// Clause 3: no list is handed out as a file. What holds member information is
// a page; the copy and the document itself are the only files.
func TestNoListIsDownloaded(t *testing.T) {
	p := portal.SQLite(t)
	there := things(t, p)
	there["/print/{kind}/{id}"] = "/print/case/" + there["{number}"]
	files := []string{"/documents/{id}", "/print/{kind}/{id}"}
	who := reader(t, p)
	seen := 0
	for _, rt := range web.Table(p.Handler) {
		if !rt.Shows {
			continue
		}
		path := rt.Pattern
		for name, value := range there {
			path = strings.ReplaceAll(path, name, value)
		}
		path = strings.ReplaceAll(path, "{$}", "")
		b := who(rt)
		var a portal.Answer
		switch {
		case rt.Method == http.MethodGet:
			a = b.Get(path)
		case rt.Pattern == "/print/{kind}/{id}":
			form, _ := printForm(t, b, path)
			a = b.Post(path, form)
		default:
			a = b.Post(path, url.Values{})
		}
		seen++
		kind, how := a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition")
		isFile := slices.Contains(files, rt.Pattern)
		switch {
		case strings.Contains(kind, "csv"), strings.Contains(kind, "spreadsheet"), strings.Contains(kind, "zip"):
			t.Errorf("%s %s gives %s", rt.Method, rt.Pattern, kind)
		case !isFile && (how != "" || a.Status == http.StatusOK && !strings.HasPrefix(kind, "text/html")):
			t.Errorf("%s %s gives a file: %s, %s", rt.Method, rt.Pattern, kind, how)
		case rt.Pattern == "/documents/{id}" && !strings.HasPrefix(how, "inline"):
			t.Errorf("a document is handed out to be saved: %s", how)
		}
	}
	if seen < 8 {
		t.Errorf("only %d rows were tried", seen)
	}
}

// A page that shows member information prints the notice, never itself.
func TestNoPageWithMembersPrintsItself(t *testing.T) {
	p := portal.SQLite(t)
	there := things(t, p)
	who := reader(t, p)
	for _, rt := range web.Table(p.Handler) {
		if !rt.Shows || rt.Method != http.MethodGet || rt.Pattern == "/documents/{id}" {
			continue
		}
		path := strings.ReplaceAll(rt.Pattern, "{$}", "")
		for name, value := range there {
			path = strings.ReplaceAll(path, name, value)
		}
		if parameter.MatchString(path) {
			continue // the walk of exact facts has it
		}
		a := who(rt).Get(path)
		if a.Status != http.StatusOK || strings.Contains(a.Body, "hs-printable") || !strings.Contains(a.Body, "hs-print-refused") {
			t.Errorf("%s: %d prints itself", rt.Pattern, a.Status)
		}
		title := regexp.MustCompile(`<title>(.*?)</title>`).FindString(a.Body)
		for _, no := range []string{"Eleanor", "Whitfield", "planted"} {
			if strings.Contains(title, no) {
				t.Errorf("%s puts %q into the window's title, which goes onto paper", rt.Pattern, no)
			}
		}
	}
}
