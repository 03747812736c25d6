package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/claim"
	"hsconnect/internal/db"
	"hsconnect/internal/portaltest/portal"
)

// bare loads a claim of the planted member that tells no amounts, and gives its
// address.
func (s *stage) bare(t *testing.T) claim.ID {
	t.Helper()
	rep, err := s.Claims.Import(t.Context(), portal.Operator(), csvSource("claim_number,office_number,member_number,birth,billing_npi,status,as_of,from\n"+
		"PLC770077-2,OWN-2,PLT770001,1949-04-17,"+string(s.Office.NPI)+",in process,2026-11-21,2026-10-10\n"), "csv", claim.CSV, nil)
	s.must(t, err)
	if rep.RefusedTotal > 0 {
		t.Fatalf("refused: %v", rep.Refused)
	}
	var ref claim.ID
	s.must(t, s.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select id from claim where number = 'PLC770077-2'").Scan(&ref)
	}))
	return ref
}

// A claim without amounts is shown without amounts, and the ledger names none.
func TestAClaimWithoutAmountsNamesNone(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		s.claim = s.bare(t)
		s.instead = map[string]func() (string, url.Values){
			"GET /claims": func() (string, url.Values) { return "/claims?from=10/1/2026&to=10/20/2026", nil },
		}
		for _, route := range []string{"GET /claims", "GET /claims/{id}"} {
			for _, who := range []portal.Person{p.Clerk, p.Viewer} {
				l := s.lookAt(t, route, who)
				l.exact(t, s)
				if !slices.Contains(l.named, access.FieldClaims) || slices.Contains(l.named, access.FieldAmounts) || slices.Contains(l.named, access.FieldRequests) {
					t.Errorf("%s as %s names %v", route, who.Username, l.named)
				}
			}
		}
	})
}

// A search by number that finds one claim shows nothing of it: the page that
// opens does, and its row says so.
func TestASearchByNumberShowsNothingItself(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		s.bare(t)
		search := func(number string) look {
			s.instead = map[string]func() (string, url.Values){
				"POST /claims": func() (string, url.Values) { return "/claims", url.Values{"claim": {number}} },
			}
			l := s.lookAt(t, "POST /claims", p.Clerk)
			l.exact(t, s)
			return l
		}
		if l := search("plc-770077"); l.answer.Status != http.StatusSeeOther || l.answer.Location != "/claims/"+string(s.claim) || len(l.rows) > 0 {
			t.Errorf("one claim: %d to %q, %d rows", l.answer.Status, l.answer.Location, len(l.rows))
		}
		l := s.lookAt(t, "GET /claims/{id}", p.Clerk)
		l.exact(t, s)
		if !slices.Contains(l.named, access.FieldAmounts) || !slices.Contains(l.named, access.FieldRequests) {
			t.Errorf("its page names %v", l.named)
		}
		if l := search("PLC77-none"); l.answer.Status != http.StatusNotFound {
			t.Errorf("no claim: %d", l.answer.Status)
		}
	})
}
