package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fhir"
	"hsconnect/internal/portaltest/portal"
)

func eleanorForm(more url.Values) url.Values {
	f := url.Values{"number": {"SHA20987716"}, "birth": {"3/4/1951"}}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// looksOf counts the lines of the ledger that a person has made.
func looksOf(t *testing.T, p *portal.Portal, who portal.Person) (n int) {
	t.Helper()
	must(t, p.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select count(*) from disclosure where person = $1", string(who.Actor.Person)).Scan(&n)
	}))
	return n
}

func TestARequestOfAMemberThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LookUp(p.Clerk, p.Eleanor)
		b := p.SignedIn(t, p.Privacy)
		a := b.Post("/plan/privacy/outside/new", eleanorForm(url.Values{"on": {"11/02/2026"}, "basis": {"public health"}, "recipient": {"County <i>health</i> office"}, "description": {"One test"}, "purpose": {"A report"}}))
		if a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if page := b.Follow(a); !strings.Contains(page.Body, "County &lt;i&gt;health&lt;/i&gt; office") || faultsOf(page.Body) != nil {
			t.Errorf("the line outside: %v", faultsOf(page.Body))
		}
		a = b.Post("/plan/privacy/requests/new", eleanorForm(url.Values{"kind": {"accounting of disclosures"}, "asked": {"Whom did you tell?"}, "channel": {"letter"}}))
		if a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		page := b.Follow(a)
		for _, want := range []string{"Whitfield-Castellanos", "Whom did you tell?", "45 CFR 164.528(c)(1)", "Free: the first within 12 months"} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("the request lacks %q", want)
			}
		}
		if f := faultsOf(page.Body); f != nil {
			t.Error(f)
		}
		base, _, _ := strings.Cut(a.Location, "?")
		before := looksOf(t, p, p.Privacy)
		law, all := b.Get(base+"/accounting"), b.Get(base+"/accounting?reading=everything")
		if !strings.Contains(law.Text(), "One test") || strings.Contains(law.Text(), "Dana Okafor") || !strings.Contains(all.Text(), "Dana Okafor") || faultsOf(all.Body) != nil {
			t.Errorf("accountings: %v", faultsOf(all.Body))
		}
		for form, kind := range map[string]string{"pdf": "application/pdf", "ndjson": "application/fhir+ndjson", "json": "application/fhir+json"} {
			f := b.Get(base + "/accounting/" + form + "?reading=everything")
			if f.Status != http.StatusOK || f.Header.Get("Content-Type") != kind || strings.Contains(f.Header.Get("Content-Disposition"), "Whitfield") {
				t.Errorf("%s: %d %s", form, f.Status, f.Header.Get("Content-Type"))
			}
			if form == "json" {
				bundle, err := fhir.ParseBundle([]byte(f.Body))
				if err != nil || len(bundle.Entry) < 3 {
					t.Errorf("%v, %d entries", err, len(bundle.Entry))
				}
			}
		}
		if n := looksOf(t, p, p.Privacy) - before; n != 5 {
			t.Errorf("five readings left %d lines", n)
		}
		if a := b.Get(base + "/accounting/exe"); a.Status != http.StatusNotFound {
			t.Errorf("another form: %d", a.Status)
		}
		a = b.Post(base+"/answer", url.Values{"version": {"1"}, "outcome": {"delivered"}})
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Say what was done") || faultsOf(a.Body) != nil {
			t.Errorf("an answer without words: %d %v", a.Status, faultsOf(a.Body))
		}
		a = b.Post(base+"/extend", url.Values{"version": {"1"}, "reason": {"The archive of 2021"}})
		if a.Status != http.StatusSeeOther {
			t.Errorf("extending: %d", a.Status)
		}
		a = b.Post(base+"/answer", url.Values{"version": {"1"}, "outcome": {"delivered"}, "text": {"By letter, typed before"}})
		if a.Status != http.StatusConflict || !strings.Contains(a.Body, "By letter, typed before") {
			t.Errorf("somebody was first: %d", a.Status)
		}
		a = b.Post(base+"/answer", url.Values{"version": {"2"}, "outcome": {"delivered"}, "text": {"By letter"}})
		if a.Status != http.StatusSeeOther || !strings.Contains(b.Get("/plan/privacy/requests?show=answered").Text(), "Delivered") {
			t.Errorf("answering: %d", a.Status)
		}
	})
}

// What was agreed to is set on the page of the request, and a mistake keeps
// what was typed.
func TestAnotherAddressThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Privacy)
		a := b.Post("/plan/privacy/requests/new", eleanorForm(url.Values{"kind": {"confidential communication"}, "asked": {"Write to my sister"}, "channel": {"letter"}}))
		base, _, _ := strings.Cut(a.Location, "?")
		wants(t, b.Post(base+"/answer", url.Values{"version": {"1"}, "outcome": {"agreed"}, "text": {"Told by letter"}}), http.StatusSeeOther)
		wants(t, b.Get("/plan/privacy"), http.StatusOK, "Agreed to, not in effect", "Agreed to, and not set yet: confidential communication")
		place := url.Values{"version": {"2"}, "c-street": {"9 Otherplace Road"}}
		a = b.Post(base+"/effect", place)
		wants(t, a, http.StatusUnprocessableEntity, "Complete the address")
		if !strings.Contains(a.Body, `value="9 Otherplace Road"`) || faultsOf(a.Body) != nil {
			t.Errorf("what was typed is lost: %v", faultsOf(a.Body))
		}
		place["c-city"], place["c-state"], place["c-zip"] = []string{"Elsewhere"}, []string{"NY"}, []string{"10099"}
		a = b.Follow(b.Post(base+"/effect", place))
		wants(t, a, http.StatusOK, "It is in effect from now on", "Letters and calls go to the other place alone")
		if strings.Contains(a.Body, "Otherplace") {
			t.Error("the page repeats the place")
		}
		wants(t, b.Post(base+"/effect", place), http.StatusConflict, "changed while you had it open")

		a = b.Post("/plan/privacy/requests/new", eleanorForm(url.Values{"kind": {"restriction"}, "asked": {"Tell my brother nothing"}, "channel": {"letter"}}))
		base, _, _ = strings.Cut(a.Location, "?")
		wants(t, b.Post(base+"/answer", url.Values{"version": {"1"}, "outcome": {"agreed"}, "text": {"Told by letter"}}), http.StatusSeeOther)
		wants(t, b.Post(base+"/effect", url.Values{"version": {"2"}, "until": {"2/30/2027"}, "reason": {"typed before"}}), http.StatusUnprocessableEntity, "does not have such a day")
		wants(t, b.Post(base+"/effect", url.Values{"version": {"2"}, "kind": {""}}), http.StatusUnprocessableEntity, "Say how it is kept")
		wants(t, b.Follow(b.Post(base+"/effect", url.Values{"version": {"2"}, "kind": {"public person"}})), http.StatusOK, "The member is under restriction: public person")
		wants(t, b.Get("/plan/privacy/restrictions"), http.StatusOK, "Public person")
	})
}

func TestAnAmendmentThroughThePages(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	b := p.SignedIn(t, p.Privacy)
	a := b.Post("/plan/privacy/requests/new", eleanorForm(url.Values{"kind": {"amendment of the record"}, "asked": {"The left knee"}, "channel": {"letter"}}))
	base, _, _ := strings.Cut(a.Location, "?")
	for _, wrong := range []string{"A26-482913075-6", "nonsense <b>"} {
		a = b.Post(base+"/link", url.Values{"version": {"1"}, "authorization": {wrong}})
		if a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
			t.Errorf("%s: %d %v", wrong, a.Status, faultsOf(a.Body))
		}
	}
	a = b.Post(base+"/link", url.Values{"version": {"1"}, "authorization": {string(r.Number)}})
	if a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), string(r.Number)) {
		t.Fatalf("naming the record: %d", a.Status)
	}
	a = b.Post(base+"/answer", url.Values{"version": {"2"}, "outcome": {"denied"}, "text": {"It is accurate"}})
	if a.Status != http.StatusSeeOther {
		t.Fatalf("denying: %d %s", a.Status, a.Text())
	}
	if a = b.Post(base+"/disagree", url.Values{"version": {"3"}, "statement": {" "}}); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
		t.Errorf("an empty statement: %d", a.Status)
	}
	p.Clock.Advance(time.Minute)
	b.Post(base+"/disagree", url.Values{"version": {"3"}, "statement": {"It was the left one"}})
	a = b.Post(base+"/rebut", url.Values{"version": {"4"}, "rebuttal": {"We hold to it"}})
	if a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), "We hold to it") {
		t.Errorf("rebutting: %d %s", a.Status, a.Text())
	}
	office := p.SignedIn(t, p.Clerk).Get("/authorizations/" + string(r.Number))
	if !strings.Contains(office.Text(), "It was the left one") {
		t.Error("the office does not read the statement")
	}
	if a = b.Post(base+"/explode", url.Values{}); a.Status != http.StatusNotFound {
		t.Errorf("another verb: %d", a.Status)
	}
}

func TestLedgerPages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LookUp(p.Clerk, p.Eleanor)
		p.Submit(p.Clerk, p.Eleanor, nil)
		b := p.SignedIn(t, p.Privacy)
		a := b.Post("/plan/privacy/ledger", url.Values{"number": {"SHA20987716"}, "birth": {"3/5/1951"}})
		other := b.Post("/plan/privacy/ledger", url.Values{"number": {"SHA99999999"}, "birth": {"3/4/1951"}})
		if a.Status != http.StatusUnprocessableEntity || a.Status != other.Status || faultsOf(a.Body) != nil {
			t.Errorf("no such member: %d and %d, %v", a.Status, other.Status, faultsOf(a.Body))
		}
		a = b.Post("/plan/privacy/ledger", eleanorForm(nil))
		if a.Status != http.StatusSeeOther || strings.Contains(a.Location, "SHA") || strings.Contains(a.Location, "1951") {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		page := b.Follow(a)
		if !strings.Contains(page.Text(), "Who was shown what about Eleanor Q Whitfield-Castellanos") || !strings.Contains(page.Text(), "Dana Okafor") || faultsOf(page.Body) != nil {
			t.Errorf("by member: %v", faultsOf(page.Body))
		}
		for path, want := range map[string]string{
			"?by=person&text=dana.okafor":                             "Everything that Dana Okafor opened",
			"?by=organization&text=" + string(p.Office.NPI):           "What one organization opened",
			"?org=" + string(p.Office.ID) + "&outcome=shown&door=web": "Dana Okafor",
			"?person=" + string(p.Clerk.Actor.Person):                 "Everything that Dana Okafor opened",
			"?by=organization&text=12":                                "What:",
			"?by=person&text=nobody.at.all":                           "There is no account with this username",
			"?by=request&text=nonsense":                               "Type the authorization number",
			"?from=13/45/2026":                                        "From:",
			"?tie=glass&after=nonsense":                               "No line fits",
			"?outcome=not+found":                                      "Not found",
		} {
			a := b.Get("/plan/privacy/ledger" + path)
			if !strings.Contains(a.Text(), want) || a.Status >= 500 || faultsOf(a.Body) != nil {
				t.Errorf("%s: %d, %v", path, a.Status, faultsOf(a.Body))
			}
			if path != "?person="+string(p.Clerk.Actor.Person) && strings.Contains(a.Body, "SHA20987716") {
				t.Errorf("%s names a member", path)
			}
		}
	})
}

func TestLedgerPagesOn(t *testing.T) {
	p := portal.SQLite(t)
	ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
	for range 60 {
		p.Clock.Advance(time.Second)
		must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
			_, err := disclosure.Write(tx, p.Clerk.Actor, disclosure.Look{Member: ref, Subject: "member", Fields: []access.Field{access.FieldName}, Purpose: access.Treatment, Outcome: disclosure.Shown})
			return err
		}))
	}
	b := p.SignedIn(t, p.Privacy)
	first := b.Get("/plan/privacy/ledger?by=person&text=dana.okafor")
	_, rest, ok := strings.Cut(first.Body, `href="/plan/privacy/ledger?after=`)
	if !ok {
		t.Fatal("no next page")
	}
	after, _, _ := strings.Cut(rest, `"`)
	second := b.Get("/plan/privacy/ledger?after=" + strings.ReplaceAll(after, "&amp;", "&"))
	if strings.Count(first.Body, "<tr")-1 != 50 || strings.Count(second.Body, "<tr")-1 != 11 {
		t.Errorf("%d and %d rows", strings.Count(first.Body, "<tr")-1, strings.Count(second.Body, "<tr")-1)
	}
}

func TestSecurityOfficerReadsTheLedgerWithoutMembers(t *testing.T) {
	p := portal.SQLite(t)
	ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
	security := p.Create(account.NewPerson{Username: "sil.sec", Name: "Sil Sec", Side: access.Plan, OrgName: portal.PlanName, Roles: []access.Role{access.SecurityOfficer}})
	p.Accept(security)
	b := p.SignedIn(t, security)
	a := b.Get("/plan/privacy/ledger?by=person&text=dana.okafor")
	if a.Status != http.StatusOK || strings.Contains(a.Body, "By member") || strings.Contains(a.Body, "ledger?member=") || faultsOf(a.Body) != nil {
		t.Errorf("%d %v", a.Status, faultsOf(a.Body))
	}
	if a = b.Get("/plan/privacy/ledger?member=" + string(ref)); a.Status != http.StatusForbidden {
		t.Errorf("of a member: %d", a.Status)
	}
	if a = b.Get("/plan/privacy"); a.Status != http.StatusForbidden {
		t.Errorf("the desk: %d", a.Status)
	}
}

func TestDeskAndSignOff(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LookUp(p.Clerk, p.Eleanor)
		b := p.SignedIn(t, p.Privacy)
		b.Post("/plan/privacy/requests/new", eleanorForm(url.Values{"kind": {"access to the record"}, "asked": {"A copy"}, "channel": {"letter"}}))
		if a := b.Get("/plan/privacy"); strings.Contains(a.Body, "Whitfield") || strings.Contains(a.Text(), "Sign off the week") || faultsOf(a.Body) != nil {
			t.Errorf("%v", faultsOf(a.Body))
		}
		p.Clock.Advance(40 * 24 * time.Hour)
		b = p.SignedIn(t, p.Privacy)
		a := b.Get("/plan/privacy")
		for _, want := range []string{"A member asks for: access to the record", "1 is overdue", "late", "Week of 11/23/2026 to 11/29/2026", "Overdue: this week ended"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("the desk lacks %q", want)
			}
		}
		if a = b.Post("/plan/privacy/signoff", url.Values{"week": {"2026-11-23"}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "say why") || faultsOf(a.Body) != nil {
			t.Errorf("without a note: %d %v", a.Status, faultsOf(a.Body))
		}
		if a = b.Post("/plan/privacy/signoff", url.Values{"week": {"2027-11-23"}, "note": {"x"}}); a.Status != http.StatusConflict {
			t.Errorf("another week: %d", a.Status)
		}
		if a = b.Post("/plan/privacy/signoff", url.Values{"week": {"2026-11-23"}, "note": {"The archive is slow"}}); a.Status != http.StatusSeeOther {
			t.Errorf("signing: %d", a.Status)
		}
		if a = b.Follow(a); !strings.Contains(a.Text(), "The week is signed off") || !strings.Contains(a.Text(), "The archive is slow") {
			t.Error("the sign-off is not shown")
		}
	})
}

func TestHeldBackThroughThePages(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Privacy)
	a := b.Post("/plan/privacy/outside/new", eleanorForm(url.Values{"on": {"11/02/2026"}, "basis": {"law enforcement"}, "recipient": {"Police"}, "description": {"Dates"}, "purpose": {"A warrant"}}))
	base, _, _ := strings.Cut(a.Location, "?")
	_, rest, _ := strings.Cut(b.Get(base).Body, base+"?line=")
	line, _, _ := strings.Cut(rest, "#")
	page := b.Get(base + "?line=" + line)
	if !strings.Contains(page.Text(), "Hold back from accountings") || faultsOf(page.Body) != nil {
		t.Errorf("%v", faultsOf(page.Body))
	}
	form := url.Values{"form": {"oral"}, "official": {"Det. Ruiz"}, "statement": {"Would warn"}, "since": {"11/23/2026"}, "until": {"12/31/2026"}}
	if a = b.Post(base+"/"+line+"/suspend", form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "30 days at most") || !strings.Contains(a.Body, "Det. Ruiz") || faultsOf(a.Body) != nil {
		t.Errorf("too long: %d %v", a.Status, faultsOf(a.Body))
	}
	form.Set("until", "")
	if a = b.Post(base+"/"+line+"/suspend", form); a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), "Held back until") {
		t.Errorf("holding back: %d", a.Status)
	}
	if a = b.Post(base+"/"+line+"/withdraw", url.Values{"reason": {"Wrong member"}}); a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), "Taken out") {
		t.Errorf("taking out: %d", a.Status)
	}
	if a = b.Post(base+"/"+line+"/withdraw", url.Values{"reason": {"Again"}}); a.Status != http.StatusConflict {
		t.Errorf("taking out twice: %d", a.Status)
	}
	if a = b.Post("/plan/privacy/outside/new", url.Values{"number": {"x"}}); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
		t.Errorf("half a form: %d %v", a.Status, faultsOf(a.Body))
	}
}
