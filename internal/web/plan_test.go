package web_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/document"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
)

const narrative = "The stress test of May shows no limitation at ordinary effort; a later test that does would change this."

func casePath(r priorauth.Receipt) string { return "/plan/cases/" + string(r.Number) }

func wants(t *testing.T, a portal.Answer, status int, texts ...string) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d\n%s", a.Status, status, a.Text())
	}
	body := a.Text()
	for _, x := range texts {
		if !strings.Contains(body, x) {
			t.Errorf("lacks %q\n%s", x, body)
		}
	}
}

// versionAt opens a request and gives the version that its forms carry.
func versionAt(t *testing.T, b *portal.Browser, path string) string {
	t.Helper()
	v, ok := b.Get(path).Field("version")
	if !ok {
		t.Fatal("the page carries no version")
	}
	return v
}

// denial denies every line of the two-line request with all that is asked for.
func denial(version string) url.Values {
	f := url.Values{"version": {version}, "attest": {"yes"}}
	for _, n := range []string{"1", "2"} {
		f.Set("line-"+n+"-action", "deny")
		f.Set("line-"+n+"-reason", "unsupported")
		f.Set("line-"+n+"-criterion", "Internal criteria MOB-2, version 3")
		f.Set("line-"+n+"-narrative", narrative)
	}
	return f
}

func approval(version string) url.Values {
	return url.Values{"version": {version}, "line-1-action": {"approve"}, "line-2-action": {"approve"}}
}

// fitting submits a request whose lines fit the test plan's physician.
func fitting(p *portal.Portal) priorauth.Receipt {
	return p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Lines[0].Code, s.Lines[1].Code = "E0431", "E0601" })
}

// unfitting submits one that does not: prosthetics.
func unfitting(p *portal.Portal) priorauth.Receipt {
	return p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Lines[0].Code, s.Lines[1].Code = "L1830", "L3908" })
}

func TestNurseAsksAndDecides(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := fitting(p)
		path := casePath(r)
		nurse, clerk := p.SignedIn(t, p.Nurse), p.SignedIn(t, p.Clerk)
		wants(t, nurse.Get(path), 200, "Eleanor", "In review", "Sign decision", "Only a licensed physician may decide less")
		if strings.Contains(nurse.Get(path).Body, `value="deny"`) {
			t.Error("denying is offered to a nurse")
		}
		wants(t, clerk.Get("/authorizations/"+string(r.Number)), 200, "In review")

		a := nurse.Post(path+"/take", url.Values{"version": {versionAt(t, nurse, path)}})
		wants(t, nurse.Follow(a), 200, "The request is yours", "You have taken this request")
		wants(t, nurse.Post(path+"/ask", url.Values{"version": {versionAt(t, nurse, path)}, "body": {" "}}), 422)
		a = nurse.Post(path+"/ask", url.Values{"version": {versionAt(t, nurse, path)}, "body": {"Which <b>day</b> was the stress test?"}})
		wants(t, nurse.Follow(a), 200, "Waiting for the office", "Which <b>day</b> was the stress test?")
		a = nurse.Post(path+"/note", url.Values{"version": {versionAt(t, nurse, path)}, "note": {"Compare with the spring request."}})
		wants(t, nurse.Follow(a), 200, "Internal note — the office never sees this", "Compare with the spring request.")

		office := "/authorizations/" + string(r.Number)
		seen := clerk.Get(office)
		wants(t, seen, 200, "Waiting for you", "Which <b>day</b> was the stress test?")
		if strings.Contains(seen.Body, "spring request") || strings.Contains(seen.Body, "nternal note") {
			t.Error("an internal note reached the office")
		}
		v, _ := seen.Field("version")
		a = clerk.Post(office+"/messages", url.Values{"version": {v}, "body": {"On May 4."}})
		if a.Status != http.StatusSeeOther {
			t.Fatalf("the answer: %d %s", a.Status, a.Text())
		}
		wants(t, nurse.Get(path), 200, "Waiting for you", "On May 4.")
		wants(t, nurse.Get("/plan/worklist?show=waiting"), 200, string(r.Number))

		a = nurse.Post(path+"/decide", denial(versionAt(t, nurse, path)))
		wants(t, a, 403, "Only a licensed physician")
		a = nurse.Post(path+"/decide", approval(versionAt(t, nurse, path)))
		if a.Status != http.StatusSeeOther || !strings.Contains(a.Location, "done=decided") {
			t.Fatalf("approval: %d %s\n%s", a.Status, a.Location, a.Text())
		}
		done := nurse.Follow(a)
		wants(t, done, 200, "The decision is signed", "Approved", "Marisol Vega, RN")
		if strings.Contains(done.Body, "Sign decision") {
			t.Error("a decided request is offered for decision")
		}
		wants(t, clerk.Get(office), 200, "Approved")
	})
}

func TestWhoMayDeny(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		restricted := p.Director.Actor.Licence
		restricted.Restricted, restricted.Expires = true, civil.Date{Y: 2028, M: 6, D: 30}
		bound := p.Create(account.NewPerson{Username: "rita.bound", Name: "Rita Bound, MD", Side: access.Plan, OrgName: portal.PlanName,
			Roles: []access.Role{access.MedicalDirector}, Licence: restricted})
		p.Accept(bound)
		good, bad := fitting(p), unfitting(p)
		for _, c := range []struct {
			who  portal.Person
			r    priorauth.Receipt
			text string
		}{
			{p.Lapsed, good, "expired"}, {bound, good, "restricted"}, {p.Director, bad, "specialty does not fit"},
		} {
			b := p.SignedIn(t, c.who)
			page := b.Get(casePath(c.r))
			wants(t, page, 200, c.text)
			if strings.Contains(page.Body, `value="deny"`) {
				t.Errorf("%s is offered to deny", c.who.Username)
			}
			wants(t, b.Post(casePath(c.r)+"/decide", denial(versionAt(t, b, casePath(c.r)))), 403, c.text)
		}
		b := p.SignedIn(t, p.Director)
		path := casePath(good)
		if !strings.Contains(b.Get(path).Body, `value="deny"`) {
			t.Error("a fitting physician is not offered to deny")
		}
		short := denial(versionAt(t, b, path))
		short.Set("line-2-narrative", "Too short <i>&")
		short.Del("attest")
		a := b.Post(path+"/decide", short)
		wants(t, a, 422, "Narrative, line 2", "Confirmation", "Too short <i>&", narrative)
		odd := denial(versionAt(t, b, path))
		odd.Set("line-1-action", "modify")
		odd.Set("line-1-units", "two")
		odd.Set("line-1-to", "someday")
		a = b.Post(path+"/decide", odd)
		wants(t, a, 422, "Units authorized, line 1", "Last day, line 1")
		if v, _ := a.Field("line-1-to"); v != "someday" {
			t.Errorf("typed text is lost: %q", v)
		}
		a = b.Post(path+"/decide", denial(versionAt(t, b, path)))
		wants(t, b.Follow(a), 200, "Denied", "Henry Cole, MD", "MD-20417", narrative)
		wants(t, p.SignedIn(t, p.Clerk).Get("/authorizations/"+string(good.Number)), 200, "Denied", narrative)
	})
}

func TestTwoDecideAtOnce(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := fitting(p)
		path := casePath(r)
		one, two := p.SignedIn(t, p.Nurse), p.SignedIn(t, p.Director)
		v := versionAt(t, one, path)
		versionAt(t, two, path)
		var both [2]portal.Answer
		var wg sync.WaitGroup
		wg.Go(func() { both[0] = one.Post(path+"/decide", approval(v)) })
		wg.Go(func() { both[1] = two.Post(path+"/decide", denial(v)) })
		wg.Wait()
		lost := both[0]
		if both[0].Status == http.StatusSeeOther {
			lost = both[1]
		}
		if both[0].Status+both[1].Status != http.StatusSeeOther+http.StatusConflict {
			t.Fatalf("%d and %d", both[0].Status, both[1].Status)
		}
		wants(t, lost, 409, "Somebody else was first", "Changed by", "Line 1")
		if both[1].Status == http.StatusConflict {
			wants(t, lost, 409, narrative, "Marisol Vega, RN")
		}
	})
}

func TestStaleStepIsToldWhatChanged(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		path := casePath(fitting(p))
		nurse, director := p.SignedIn(t, p.Nurse), p.SignedIn(t, p.Director)
		v := versionAt(t, nurse, path)
		p.Clock.Advance(time.Minute)
		director.Post(path+"/take", url.Values{"version": {versionAt(t, director, path)}})
		a := nurse.Post(path+"/ask", url.Values{"version": {v}, "body": {"Is there a newer ECG?"}})
		wants(t, a, 409, "Henry Cole, MD", "took the request", "Is there a newer ECG?")
		if typed, _ := a.Field("body"); typed != "Is there a newer ECG?" {
			t.Errorf("typed text is lost: %q", typed)
		}
		fresh, _ := a.Field("version")
		if fresh == v {
			t.Error("the page that came back is as stale as the one that was sent")
		}
		a = nurse.Post(path+"/refer", url.Values{"version": {fresh}, "specialty": {"witchcraft"}, "reason": {"Beyond me."}})
		wants(t, a, 422, "Choose the specialty", "Beyond me.")
		a = nurse.Post(path+"/refer", url.Values{"version": {fresh}, "specialty": {"pulmonology"}, "reason": {"Oxygen at rest."}})
		wants(t, nurse.Follow(a), 200, "Referred to a physician (pulmonology)", "Oxygen at rest.")
		wants(t, nurse.Get("/plan/worklist?show=referred"), 200, strings.TrimPrefix(path, "/plan/cases/"))
	})
}

func TestWorklistIsInOrderOfWhatIsDue(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		standard := fitting(p)
		p.Clock.Advance(time.Hour)
		fast := p.Submit(p.Clinician, p.Zoe, func(s *priorauth.Submission) {
			s.Urgency, s.Statement, s.StatementBy = priorauth.Expedited, "Angina at rest; waiting risks an infarction.", "Li Wei, MD"
		})
		b := p.SignedIn(t, p.Nurse)
		list := b.Get("/plan/worklist")
		wants(t, list, 200, "2 requests open", "Expedited", "Riverside Cardiology", "nobody")
		if strings.Index(list.Body, string(fast.Number)) > strings.Index(list.Body, string(standard.Number)) {
			t.Error("what is due next does not come first")
		}
		if strings.Contains(list.Body, "Whitfield") || strings.Contains(list.Body, "SHA2098") {
			t.Error("the worklist shows more than initials")
		}
		a := b.Post("/plan/cases/"+string(fast.Number)+"/take", url.Values{"show": {"free"}, "after": {""}})
		if want := "/plan/worklist?show=free&done=taken#r-" + string(fast.Number); a.Location != want {
			t.Errorf("leads to %q", a.Location)
		}
		mine := b.Get("/plan/worklist?show=mine")
		wants(t, mine, 200, string(fast.Number), "Marisol Vega, RN")
		if strings.Contains(mine.Body, string(standard.Number)) {
			t.Error("another's request is among mine")
		}
		if a := b.Get("/plan/worklist?number=" + string(fast.Number)); a.Location != "/plan/cases/"+string(fast.Number) {
			t.Errorf("a number leads to %q", a.Location)
		}
		wants(t, b.Get("/plan/worklist?number=%3Cb%3E"), 200, "Nothing found")
		wants(t, b.Get("/plan/worklist?show=everything"), 404)
		if a := b.Get("/plan"); a.Location != "/plan/worklist" {
			t.Errorf("a reviewer is led to %q", a.Location)
		}
		wants(t, p.SignedIn(t, p.PlanAdmin).Get("/plan"), 200, "Petra Plan")
	})
}

func TestOfficesStayOutOfThePlansHalf(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := fitting(p)
		for _, who := range []portal.Person{p.Clerk, p.Clinician, p.PlanAdmin} {
			b := p.SignedIn(t, who)
			for _, path := range []string{"/plan/worklist", casePath(r), "/plan/cases/nonsense"} {
				if a := b.Get(path); a.Status != 403 && a.Status != 404 || strings.Contains(a.Body, "Whitfield") {
					t.Errorf("%s: %s gives %d", who.Username, path, a.Status)
				}
			}
			for _, verb := range []string{"take", "release", "ask", "note", "refer", "decide"} {
				if a := b.Post(casePath(r)+"/"+verb, approval("1")); a.Status != 403 && a.Status != 404 {
					t.Errorf("%s: %s gives %d", who.Username, verb, a.Status)
				}
			}
		}
		b := p.SignedIn(t, p.Nurse)
		wants(t, b.Get("/plan/cases/A26-000000000-0"), 404)
		wants(t, p.SignedIn(t, p.Intake).Get(casePath(r)), 200, "A nurse reviewer or a physician decides")
	})
}

// A document stands in a frame only when the reviewer asks for it, and the
// office then sees that it was opened.
func TestReviewerReadsADocument(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := fitting(p)
		var scan bytes.Buffer
		err := png.Encode(&scan, image.NewGray(image.Rect(0, 0, 40, 40)))
		if err != nil {
			t.Fatal(err)
		}
		picture := scan.Bytes()
		d, err := p.Documents.Receive(context.Background(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "Stress \"test\" <1>.png", Reader: bytes.NewReader(picture)})
		if err != nil {
			t.Fatal(err)
		}
		b := p.SignedIn(t, p.Nurse)
		plain := b.Get(casePath(r))
		if strings.Contains(plain.Body, "<iframe") || strings.Contains(plain.Header.Get("Content-Security-Policy"), "frame-src") {
			t.Error("a document is in a frame before anybody asked for it")
		}
		shown := b.Get(casePath(r) + "?view=" + string(d.ID))
		if !strings.Contains(shown.Body, `<iframe src="/documents/`+string(d.ID)+`"`) || !strings.Contains(shown.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
			t.Error("no frame")
		}
		if a := b.Get("/documents/" + string(d.ID)); a.Status != 200 || a.Body != string(picture) {
			t.Errorf("the document: %d", a.Status)
		}
		wants(t, p.SignedIn(t, p.Clerk).Get("/authorizations/"+string(r.Number)), 200, "Opened by the plan")
	})
}

// With HSCONNECT_LOOK the pages are written there, to be looked at.
func TestWritePlanPagesToLookAt(t *testing.T) {
	dir := os.Getenv("HSCONNECT_LOOK")
	if dir == "" {
		t.Log("HSCONNECT_LOOK is not set: the pages are rendered and not kept")
		dir = t.TempDir()
	}
	p := portal.SQLite(t)
	r := fitting(p)
	for range 12 {
		p.Clock.Advance(7 * time.Hour)
		p.Submit(p.Clerk, p.Zoe, nil)
	}
	b := p.SignedIn(t, p.Director)
	ask := func(verb string, f url.Values) {
		f.Set("version", versionAt(t, b, casePath(r)))
		b.Post(casePath(r)+"/"+verb, f)
	}
	ask("take", url.Values{})
	ask("ask", url.Values{"body": {"Which day was the stress test?"}})
	ask("note", url.Values{"note": {"Compare with the spring request."}})
	open := b.Get(casePath(r)).Body
	refused := b.Post(casePath(r)+"/decide", url.Values{"version": {versionAt(t, b, casePath(r))}, "line-1-action": {"deny"}}).Body
	stale := b.Post(casePath(r)+"/decide", denial("1")).Body
	worklist := b.Get("/plan/worklist").Body
	ask("decide", denial(""))
	for name, body := range map[string]string{"worklist": worklist, "open": open, "refused": refused, "stale": stale, "decided": b.Get(casePath(r)).Body} {
		err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(body), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A reviewer labels what the codes do not tell: the label stands with
// the office too, goes with the copy, and is set once.
func TestAReviewerProtectsARequestSpecially(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		b, path := p.SignedIn(t, p.Nurse), "/plan/cases/"+string(r.Number)
		for _, labels := range [][]string{nil, {"everything"}} {
			if a := b.Post(path+"/label", url.Values{"labels": labels}); a.Status != http.StatusUnprocessableEntity {
				t.Errorf("%v: %d", labels, a.Status)
			}
		}
		for range 2 { // a double click
			if a := b.Post(path+"/label", url.Values{"labels": {"substance use"}}); a.Status != http.StatusSeeOther {
				t.Fatalf("%d\n%s", a.Status, a.Text())
			}
		}
		const label, notice = "Substance use treatment (42 CFR part 2)", "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
		for who, at := range map[*portal.Browser]string{b: path, p.SignedIn(t, p.Clerk): "/authorizations/" + string(r.Number)} {
			text := who.Get(at).Text()
			if !strings.Contains(text, label) || !strings.Contains(text, notice) || strings.Count(text, "Protected specially: ") != 1 {
				t.Errorf("%s: %s", at, text)
			}
		}
		if a := p.SignedIn(t, p.Clerk).Post(path+"/label", url.Values{"labels": {"hiv"}}); a.Status != http.StatusForbidden {
			t.Errorf("an office labels: %d", a.Status)
		}
		out, err := p.Printout.Print(t.Context(), p.Clerk.Actor, printout.Order{Kind: printout.Case, Ref: string(r.Number), Token: strings.Repeat("T", 26)})
		if err != nil || !strings.Contains(pdfWords(t, string(out.PDF)), notice) {
			t.Errorf("the copy lacks the notice: %v", err)
		}
	})
}
