package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/portaltest/portal"
)

const withheld = "Some information may be withheld by law. Call 1-800-555-0142."

func TestClaimsPages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		b := p.SignedIn(t, p.Clerk)
		wants(t, b.Get("/claims"), http.StatusOK, "By member", "By claim number", withheld)
		days := b.Get("/claims?from=11%2F1%2F2026&to=11%2F23%2F2026")
		wants(t, days, http.StatusOK, "P-1001", "P-1002", "P-1003", "Partly paid", "$300.00", "$150.00", "yours: A-1", "Zoë Núñez-O'Brien", withheld)
		if strings.Contains(days.Body, "P-2001") {
			t.Error("another office's claim is in the list")
		}
		found := b.Post("/claims", url.Values{"claim": {"p-1001"}})
		if found.Status != http.StatusSeeOther || !strings.HasPrefix(found.Location, "/claims/") {
			t.Fatalf("%d %q", found.Status, found.Location)
		}
		wants(t, b.Get(found.Location), http.StatusOK, "Claim P-1001", "Partly paid", "Post the payment below", "F1 / 65", "CO 197 $120.00", "Remark N130", "Check", "CHECK-77",
			"$130.00", "everything is explained", "I25.10", "99213 25", withheld, "as payment, under reference")
		own := b.Post("/claims", url.Values{"claim": {"A-1"}})
		if own.Location != found.Location {
			t.Errorf("the office's own number: %d %q", own.Status, own.Location)
		}
		member := b.Post("/claims", url.Values{"number": {"SHA20987716"}, "birth": {"3/4/1951"}})
		wants(t, member, http.StatusOK, "P-1001", "P-1002", "Claims for Eleanor Q Whitfield-Castellanos")
	})
}

func TestClaimsPagesRefuse(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	b := p.SignedIn(t, p.Clerk)
	wants(t, b.Get("/claims?from=2%2F30%2F2026&to=11%2F23%2F2026"), http.StatusUnprocessableEntity, "First day of service")
	wants(t, b.Get("/claims?from=1%2F1%2F2026&to=11%2F23%2F2026"), http.StatusUnprocessableEntity, "at most 92 days")
	half := b.Post("/claims", url.Values{"number": {"SHA20987716"}, "birth": {""}})
	wants(t, half, http.StatusUnprocessableEntity, "birth date")
	if !strings.Contains(half.Body, "SHA20987716") {
		t.Error("what was typed is lost")
	}
	wants(t, b.Post("/claims", url.Values{"claim": {"P-2001"}}), http.StatusNotFound, "There is no such claim among your office’s")
	wants(t, b.Get("/claims/nothing"), http.StatusNotFound)
	wants(t, p.SignedIn(t, p.Nurse).Get("/claims"), http.StatusForbidden)
}

// A viewer sees where a claim stands and no amount (P-01).
func TestAViewerSeesNoAmounts(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	b := p.SignedIn(t, p.Viewer)
	for _, path := range []string{"/claims?from=11%2F1%2F2026&to=11%2F23%2F2026", "/claims/" + string(p.Claim(p.Clerk, "P-1001"))} {
		a := b.Get(path)
		wants(t, a, http.StatusOK, "Partly paid", withheld)
		if strings.Contains(a.Text(), "$") {
			t.Errorf("%s shows an amount:\n%s", path, a.Text())
		}
	}
}

// The label and the notice stand on what the law protects; the line about
// withholding is the same where nothing is protected.
func TestProtectedClaimsAndRequestsSaySo(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	b := p.SignedIn(t, p.Clerk)
	const notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
	wants(t, b.Get("/claims/"+string(p.Claim(p.Clerk, "P-1002"))), http.StatusOK, "Substance use treatment (42 CFR part 2)", notice, withheld)
	plain := b.Get("/claims/" + string(p.Claim(p.Clerk, "P-1001")))
	wants(t, plain, http.StatusOK, withheld)
	if strings.Contains(plain.Text(), notice) {
		t.Error("a notice on what is not protected")
	}
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	before := b.Get("/authorizations/" + string(r.Number))
	if strings.Contains(before.Text(), notice) {
		t.Error("a notice on a request that is not protected")
	}
	_, err := p.Sensitive.Import(t.Context(), portal.Operator(), "s.csv", strings.NewReader("system,code,category\nhcpcs,E01*,substance use\n"))
	if err != nil {
		t.Fatal(err)
	}
	wants(t, b.Get("/authorizations/"+string(r.Number)), http.StatusOK, notice)
	wants(t, p.SignedIn(t, p.Nurse).Get(casePath(r)), http.StatusOK, notice)
	wants(t, b.Get("/authorizations?show=all"), http.StatusOK, withheld)
}

func TestAMembersPageListsTheOfficesClaims(t *testing.T) {
	p := portal.SQLite(t)
	p.LoadClaims(portal.Claims)
	sheet := p.LookUp(p.Clerk, p.Eleanor)
	a := p.SignedIn(t, p.Clerk).Get("/members/" + string(sheet.Member.ID))
	wants(t, a, http.StatusOK, "Claims of your office", "P-1001", "P-1002", withheld)
	if strings.Contains(a.Body, "P-2001") {
		t.Error("another office's claim is on the page")
	}
}

// A right pair of another office's member answers as a wrong one does, to the
// last byte; the ledger says whose it was (Q-06, P-02).
func TestAnotherOfficesMemberLeavesATraceThatNobodySees(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Stranger)
		search := func(number, birth string) string {
			p.Clock.Advance(time.Minute)
			a := b.Post("/claims", url.Values{"number": {number}, "birth": {birth}})
			wants(t, a, http.StatusNotFound, "Nothing found")
			return strings.NewReplacer(number, "", birth, "").Replace(a.Body)
		}
		right, wrong := search("SHA30000003", "12/31/1950"), search("SHA39999993", "12/31/1950")
		if right != wrong {
			t.Errorf("the answers differ:\n%s\n%s", right, wrong)
		}
		var rows []disclosure.Row
		err := p.DB.View(t.Context(), func(tx *db.Tx) error {
			var err error
			rows, err = disclosure.OfPerson(tx, p.Privacy.Actor, p.Stranger.Actor.Person, 10)
			return err
		})
		if err != nil || len(rows) != 2 || rows[0].Outcome != disclosure.NotFound || rows[0].Member != "" || rows[1].Outcome != disclosure.Refused || rows[1].Member == "" || len(rows[1].Fields) > 0 {
			t.Errorf("%+v %v", rows, err)
		}
	})
}
