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
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/document"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web"
)

// things are one of everything that an office has under an address.
func things(t *testing.T, p *portal.Portal) map[string]string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sheet := p.LookUp(p.Clerk, p.Eleanor)
	r := p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Notes = "planted-note" })
	var picture bytes.Buffer
	must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))))
	doc, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "planted-scan.png", Reader: &picture})
	must(err)
	draft, err := p.Priorauth.StartDraft(t.Context(), p.Clerk.Actor, sheet.Member.ID)
	must(err)
	link := func(token string) string { return portal.Site + "/invite/" + token }
	invitation, err := p.Admission.Invite(t.Context(), p.Admin.Actor, admission.NewInvitation{Org: p.Office.ID, OrgName: p.Office.Name, OrgTIN: p.Office.TIN,
		Name: "Planted Guest", Email: "guest@example.org", Roles: []access.Role{access.Viewer}}, link)
	must(err)
	p.LoadClaims(strings.Join(strings.SplitAfter(portal.Claims, "\n")[:2], ""))
	return map[string]string{
		"/claims/{id}": "/claims/" + string(p.Claim(p.Clerk, "P-1001")),
		"{number}":     string(r.Number), "/members/{id}": "/members/" + string(sheet.Member.ID), "/documents/{id}": "/documents/" + string(doc.ID),
		"{draft}": string(draft.ID), "{person}": string(p.Clerk.Actor.Person), "{invitation}": string(invitation),
	}
}

// Every address that names a thing of an office answers somebody of another
// office as it answers a name that nothing has, and changes nothing (V-10,
// A-02, OWASP ASVS 5.0 8.2.2, 8.4.1).
func TestAnotherOrganizationsThingsAreNotThere(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		there := things(t, p)
		stranger := p.Create(account.NewPerson{Username: "all.roles", Name: "All Roles", Side: access.Office, Org: p.Other.ID, OrgName: p.Other.Name, OrgTIN: p.Other.TIN,
			Roles: []access.Role{access.LocalAdmin, access.Requester, access.Clinician, access.Viewer}})
		p.Accept(stranger)
		b, own := p.SignedIn(t, stranger), p.SignedIn(t, p.Admin)
		before := own.Get("/authorizations/"+there["{number}"]).Text() + own.Get("/office").Text()
		tried := 0
		for _, rt := range web.Table(p.Handler) {
			path := rt.Pattern
			for name, value := range there {
				path = strings.ReplaceAll(path, name, value)
			}
			if path == rt.Pattern || parameter.MatchString(path) || rt.Side == access.Plan {
				continue
			}
			tried++
			form := url.Values{"x": {"1"}, "reason": {"because of this"}, "roles": {"viewer"}, "text": {"hello"}, "body": {"hello"}}
			send := func(path string) portal.Answer {
				if rt.Method == http.MethodGet {
					return b.Get(path)
				}
				return b.Post(path, form)
			}
			real, none := send(path), send(address(rt))
			if real.Status != http.StatusNotFound || real.Status != none.Status || real.Text() != none.Text() {
				t.Errorf("%s %s: %d for what is another office's, %d for nothing", rt.Method, rt.Pattern, real.Status, none.Status)
			}
			for _, secret := range []string{"Eleanor", "planted", "Planted", "Dana"} {
				if strings.Contains(real.Body, secret) {
					t.Errorf("%s %s says %q", rt.Method, rt.Pattern, secret)
				}
			}
		}
		if tried < 15 {
			t.Errorf("only %d addresses were tried", tried)
		}
		if after := own.Get("/authorizations/"+there["{number}"]).Text() + own.Get("/office").Text(); after != before {
			t.Errorf("something changed:\n%s\n%s", before, after)
		}
	})
}
