package web_test

import (
	"crypto/rand"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/minimum"
	"hsconnect/internal/portaltest/portal"
)

// What a look-up is for goes with the member: to the page that it opens, to
// what stands on it, to the day asked for next and to the printed copy, and
// the facts are those of that purpose (P-01, P-02).
func TestThePurposeGoesWithTheMember(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		m, err := p.Minimum.Matrix(t.Context(), p.Privacy.Actor)
		s.must(t, err)
		ref, err := p.Minimum.Propose(t.Context(), p.Privacy.Actor, minimum.Wish{Role: access.Requester, Purposes: []access.Purpose{access.Payment},
			Fields: without(access.DefaultFields(access.Requester), []access.Field{access.FieldOther, access.FieldAmounts}), Version: m.Version, Reason: "billing does not need it"})
		s.must(t, err)
		s.must(t, p.Minimum.Approve(t.Context(), p.PlanAdmin.Actor, ref))
		b := s.browser[p.Clerk.Username]

		treated := s.opened(t, b, "/members", lookup("PLT770001", "", "", "4/17/1949"), access.Treatment)
		wants(t, treated, http.StatusOK, "Plantedmutual", "as treatment", "$7,707.07")
		paid := s.opened(t, b, "/members", lookup("PLT770001", "", "", "4/17/1949", "purpose", string(access.Payment)), access.Payment)
		wants(t, paid, http.StatusOK, "as payment", "PLC770077", string(s.open))
		if strings.Contains(paid.Body, "Plantedmutual") || strings.Contains(paid.Body, "$7,707.07") {
			t.Error("the page for payment shows what the table withholds for it")
		}

		member := "/members/" + string(s.member)
		s.purposes(t, access.Operations, func() {
			a := b.Get(member + "?" + url.Values{"on": {"11/1/2026"}, "purpose": {string(access.Operations)}}.Encode())
			wants(t, a, http.StatusOK, "as health care operations", "Nov 1, 2026")
		})
		s.purposes(t, access.Payment, func() {
			wants(t, b.Get(member+"?"+url.Values{"on": {"2/30/2026"}, "purpose": {string(access.Payment)}}.Encode()), http.StatusUnprocessableEntity, "as payment")
		})
		s.purposes(t, access.Treatment, func() {
			wants(t, b.Get(member+"?purpose=curiosity"), http.StatusUnprocessableEntity, "Choose what the look-up is for", "as treatment")
		})

		day := b.Post("/members/day", url.Values{"members": {"PLT770001, 4-17-1949"}, "purpose": {string(access.Payment)}})
		print := "/print/eligibility/" + string(s.member) + "." + civil.Of(p.Clock.Now(), p.Zone).String()
		forPayment := "?purpose=" + string(access.Payment)
		leads(t, day, member+forPayment)
		leads(t, b.Get("/claims/"+string(s.claim)), member+forPayment)
		leads(t, paid, print+forPayment)
		ask := b.Get(print + forPayment)
		leads(t, ask, member+"?on=11%2F23%2F2026&purpose="+string(access.Payment))
		if !strings.Contains(ask.Body, `name="purpose" value="`+string(access.Payment)+`"`) {
			t.Error("the form of the copy forgets what it is for")
		}

		s.purposes(t, access.Payment, func() {
			a := b.Post(print, url.Values{"token": {rand.Text()}, "purpose": {string(access.Payment)}})
			if words := pdfWords(t, a.Body); !strings.Contains(words, "Plantedlast") || strings.Contains(words, "Plantedmutual") {
				t.Errorf("the copy for payment says\n%s", words)
			}
		})
	})
}

// opened sends a form and opens the page that it leads to.
func (s *stage) opened(t *testing.T, b *portal.Browser, path string, form url.Values, want access.Purpose) (out portal.Answer) {
	t.Helper()
	s.purposes(t, want, func() { out = b.Follow(b.Post(path, form)) })
	return out
}

// leads holds that a page leads somewhere.
func leads(t *testing.T, a portal.Answer, to string) {
	t.Helper()
	if !strings.Contains(html.UnescapeString(a.Body), `href="`+to+`"`) {
		t.Errorf("%d: nothing leads to %s", a.Status, to)
	}
}

// purposes holds that everything the ledger gains about the member is for one
// purpose.
func (s *stage) purposes(t *testing.T, want access.Purpose, do func()) {
	t.Helper()
	before := s.ledger(t)
	do()
	rows := 0
	for ref, r := range s.ledger(t) {
		if _, old := before[ref]; old {
			continue
		}
		rows++
		if r.Purpose != want {
			t.Errorf("%s is in the ledger as %s, not %s", r.Subject, r.Purpose.Words(), want.Words())
		}
	}
	if rows == 0 {
		t.Error("nothing is in the ledger")
	}
}
