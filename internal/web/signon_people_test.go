package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/portaltest/idp"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/signon"
	"hsconnect/internal/web"
)

func TestWhoDoesNotComeInThroughTheOrganization(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		b := s.Browser(s.t)
		refused(s.t, "nobody's identity", b, s.signIn(b, ""), http.StatusForbidden, "ask a local administrator of your organization for an invitation")

		s.linked(s.Clerk)
		s.idp.SignIn(dana("mfa"))
		operator := access.OperatorActor("tester")
		must(s.t, s.DB.Update(s.t.Context(), func(tx *db.Tx) error {
			return account.Take(tx, s.PlanAdmin.Actor, s.Clerk.Actor.Person, s.Office.ID, account.MemberEnded, account.ByStaff, "left the office")
		}))
		refused(s.t, "ended access", b, s.signIn(b, ""), http.StatusForbidden, "Your access has ended")
		// Whoever works elsewhere as well is nobody else's to let in there.
		must(s.t, s.DB.Update(s.t.Context(), func(tx *db.Tx) error {
			return account.Give(tx, s.PlanAdmin.Actor, s.Clerk.Actor.Person, s.Other.ID, s.Other.Name, s.Other.TIN, account.Grant{Roles: []access.Role{access.Requester}}, "works there too")
		}))
		refused(s.t, "access of another organization", b, s.signIn(b, ""), http.StatusForbidden, "Your access has ended")
		must(s.t, s.DB.Update(s.t.Context(), func(tx *db.Tx) error {
			return account.Give(tx, s.PlanAdmin.Actor, s.Clerk.Actor.Person, s.Office.ID, s.Office.Name, s.Office.TIN, account.Grant{Roles: []access.Role{access.Requester}}, "came back")
		}))
		if a := b.Follow(s.signIn(b, "/account")); a.Location != "/account" {
			s.t.Fatalf("given again: %d to %q", a.Status, a.Location)
		}
		if a := b.Get("/account"); !strings.Contains(a.Text(), s.Office.Name) {
			s.t.Error("the session is not for the provider's organization")
		}

		b = s.Browser(s.t)
		must(s.t, s.Accounts.Suspend(s.t.Context(), operator, s.Clerk.Actor.Person, "under review"))
		refused(s.t, "suspended", b, s.signIn(b, ""), http.StatusForbidden, "This account is suspended")
	})
}

func TestLinkingOnesOwnAccount(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		b := s.SignedIn(s.t, s.Stranger)
		words{"has no sign-in of its own for this address"}.in(s.t, "the provider of another organization",
			b.Post("/account/provider", url.Values{"address": {officeMail}}), http.StatusUnprocessableEntity)

		unverified := dana()
		unverified.Verified = false
		s.idp.SignIn(unverified)
		_, a := s.link(s.Clerk)
		words{"gives no verified e-mail address"}.in(s.t, "an unverified address", a, http.StatusForbidden)
		elsewhere := dana()
		elsewhere.Email = "dana@elsewhere.example"
		s.idp.SignIn(elsewhere)
		_, a = s.link(s.Clerk)
		words{"gives no verified e-mail address"}.in(s.t, "an address of another domain", a, http.StatusForbidden)

		s.idp.SignIn(dana())
		b = s.SignedIn(s.t, s.Clerk)
		path := s.answer(b.Post("/account/provider", url.Values{"address": {officeMail}}))
		b.Post("/logout", nil)
		words{"Nothing was linked"}.in(s.t, "signed out on the way", b.Get(path), http.StatusConflict)
		path = s.answer(func() portal.Answer {
			b.SignIn(s.Clerk, "")
			return b.Post("/account/provider", url.Values{"address": {officeMail}})
		}())
		b.SignIn(s.Viewer, "")
		words{"Nothing was linked"}.in(s.t, "somebody else signed in on the way", b.Get(path), http.StatusConflict)

		s.linked(s.Clerk)
		_, a = s.link(s.Viewer)
		words{"belongs to another account"}.in(s.t, "an identity that is another's", a, http.StatusConflict)
	})
}

func TestALinkAsksForAFreshProof(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		b := s.SignedIn(s.t, s.Clerk)
		s.Clock.Advance(account.StrongFor + 1)
		a := b.Post("/account/provider", url.Values{"address": {officeMail}})
		words{"Prove that it is you"}.in(s.t, "linking", a, http.StatusOK)
		a = b.Post("/account/provider", url.Values{"address": {officeMail}, "proof_code": {s.Code(s.Clerk)}})
		if a = b.Get(s.answer(a)); a.Location != "/account/provider?done=linked" {
			s.t.Errorf("with the proof: %d %s", a.Status, a.Text())
		}
	})
}

func TestInvitedThroughTheOrganization(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		invite := func(email string) string {
			b := s.SignedIn(s.t, s.Admin)
			a := b.Post("/office/invite", url.Values{"name": {"Zoë Núñez"}, "email": {email}, "roles": {string(access.Requester)}})
			if a.Status != http.StatusSeeOther {
				s.t.Fatalf("inviting: %d %s", a.Status, a.Text())
			}
			return pathIn(s.t, s.Portal, email)
		}
		zoe := idp.User{Subject: "zoe-1", Email: "zoe@riverside.example", Verified: true, Name: "Zoë Núñez", AMR: []string{"mfa"}}
		s.idp.SignIn(zoe)
		path := invite(zoe.Email)
		b := s.Browser(s.t)
		page := b.Get(path)
		words{"Or without a password"}.in(s.t, "the invitation", page, http.StatusOK)
		if !strings.Contains(page.Body, `href="`+path+`/provider"`) {
			s.t.Error("the invitation does not lead to the organization's sign-in")
		}
		form := b.Get(path + "/provider")
		words{"You need no password here"}.in(s.t, "accepting", form, http.StatusOK)
		if name, _ := form.Field("name"); name != "Zoë Núñez" {
			s.t.Errorf("the name is %q", name)
		}
		words{"Username: ", "Full name: "}.in(s.t, "nothing chosen", b.Post(path+"/provider", url.Values{}), http.StatusUnprocessableEntity)

		chosen := url.Values{"name": {"Zoë Núñez"}, "username": {s.Clerk.Username}}
		a := b.Get(s.answer(b.Post(path+"/provider", chosen)))
		words{"Username: "}.in(s.t, "a username that is taken", a, http.StatusUnprocessableEntity)

		unverified := zoe
		unverified.Verified = false
		s.idp.SignIn(unverified)
		chosen.Set("username", "zoe.nunez")
		a = b.Get(s.answer(b.Post(path+"/provider", chosen)))
		words{"no verified e-mail address", "The invitation was not used"}.in(s.t, "an unverified address", a, http.StatusForbidden)

		s.idp.SignIn(zoe)
		a = b.Get(s.answer(b.Post(path+"/provider", chosen)))
		if a.Location != "/login/mfa" {
			s.t.Fatalf("accepting: %d to %q %s", a.Status, a.Location, a.Text())
		}
		if a = b.Follow(b.Follow(a)); !strings.Contains(a.Location, "/agreement") {
			s.t.Errorf("before the agreement: %d to %q", a.Status, a.Location)
		}
		a = b.Get("/account/provider")
		if !strings.HasPrefix(a.Location, "/agreement") {
			s.t.Errorf("the own link before the agreement: %d to %q", a.Status, a.Location)
		}
		words{"This link does not work"}.in(s.t, "the invitation again", b.Get(path), http.StatusNotFound)

		b = s.Browser(s.t)
		if a = b.Follow(s.signIn(b, "")); a.Location != "/" {
			s.t.Errorf("the next day: %d to %q", a.Status, a.Location)
		}
		other := invite("zoe@elsewhere.example")
		if a = s.Browser(s.t).Get(other + "/provider"); a.Status != http.StatusNotFound {
			s.t.Errorf("an invited address of another domain: %d", a.Status)
		}
	})
}

func TestTheOnlyWayInStays(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		// The viewer has never signed in with a password: she is as somebody
		// whose account was made through the provider.
		to, secret, err := s.SignOn.Begin(s.t.Context(), signon.Start{Provider: s.provider.ID, Person: s.Viewer.Actor.Person})
		must(s.t, err)
		q := s.idp.Browse(s.t, to)
		i, err := s.SignOn.Finish(s.t.Context(), signon.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Browser: secret})
		must(s.t, err)
		must(s.t, s.Deps().LinkSignOn(s.t.Context(), s.Viewer.Actor, i))
		s.idp.SignIn(dana("mfa"))
		b := s.Browser(s.t)
		s.signIn(b, "")
		link, _ := b.Get("/account/provider").Field("link")
		words{"This is the only way in"}.in(s.t, "the only way in", b.Post("/account/provider", url.Values{"link": {link}}), http.StatusUnprocessableEntity)
		b.SignIn(s.Viewer, "")
		if a := b.Post("/account/provider", url.Values{"link": {link}}); a.Location != "/account/provider?done=unlinked" {
			s.t.Errorf("after a sign-in with the password: %d %s", a.Status, a.Text())
		}
		other := s.Browser(s.t)
		refused(s.t, "an identity that was unlinked", other, s.signIn(other, ""), http.StatusForbidden, "not linked to an account")
		if a := b.Post("/account/provider", url.Values{"link": {"01jdbq3h6m2t9v8x7c5b4a3z21"}}); a.Location != "/account/provider" {
			s.t.Errorf("a link that is none: %d", a.Status)
		}
	})
}

func TestStaffSetUpAProvider(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		there := idp.Start(t, p.SignOn.Answers())
		b := p.SignedIn(t, p.PlanAdmin)
		path := "/plan/organizations/" + string(p.Office.ID) + "/provider"
		words{"Set up an identity provider", p.SignOn.Answers()}.in(t, "nothing yet", b.Get(path), http.StatusOK)
		words{"Give the reason"}.in(t, "an empty form", b.Post(path, url.Values{"issuer": {""}}), http.StatusUnprocessableEntity)
		form := url.Values{"name": {"Riverside <b>sign-in</b>"}, "issuer": {there.Issuer + "/"}, "client": {there.ClientID}, "secret": {there.Secret},
			"domains": {"riverside.example,\nCLINIC.example"}, "trust": {"yes"}, "reason": {"asked for by the office"}}
		a := b.Post(path, form)
		words{"gives another issuer"}.in(t, "another issuer", a, http.StatusUnprocessableEntity)
		if strings.Contains(a.Body, there.Secret) {
			t.Error("the secret comes back")
		}
		form.Set("issuer", "http://127.0.0.1:1")
		words{"Nothing there answers"}.in(t, "nobody there", b.Post(path, form), http.StatusUnprocessableEntity)
		form.Set("issuer", there.Issuer)
		if a = b.Post(path, form); a.Location != path+"?done=provider" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		a = b.Follow(a)
		words{"The identity provider is saved", "Disable at once"}.in(t, "saved", a, http.StatusOK)
		which, _ := a.Field("provider")
		domains, _ := a.Field("domains")
		if strings.Contains(a.Body, there.Secret) || domains != "clinic.example\nriverside.example" {
			t.Errorf("domains %q", domains)
		}
		stays(t, p, b, path, form, which)
		plan := url.Values{"name": {"Plan staff"}, "issuer": {there.Issuer}, "client": {there.ClientID}, "secret": {there.Secret}, "domains": {"clinic.example"}, "reason": {"for our own staff"}}
		words{"Verified domains"}.in(t, "a domain of the office", b.Post("/plan/provider", plan), http.StatusUnprocessableEntity)
		plan.Set("domains", "plan.example")
		if a = b.Post("/plan/provider", plan); a.Location != "/plan/provider?done=provider" {
			t.Errorf("the plan's own: %d %s", a.Status, a.Text())
		}
		off := url.Values{"provider": {which}}
		words{"Give the reason"}.in(t, "disabled without reason", b.Post(path+"/disable", off), http.StatusUnprocessableEntity)
		off.Set("off-reason", "the office asked")
		if a = b.Post("/plan/provider/disable", off); a.Status != http.StatusNotFound {
			t.Errorf("an office's provider disabled as the plan's: %d", a.Status)
		}
		if a = b.Post(path+"/disable", off); a.Location != path+"?done=off" {
			t.Errorf("disabled: %d %s", a.Status, a.Text())
		}
		words{"nobody signs in through it", "Others of", "Disabled"}.in(t, "disabled", b.Follow(portal.Answer{Location: path + "?done=off"}), http.StatusOK)
		words{"Check and enable"}.in(t, "the disabled one", b.Get(path+"?provider="+which), http.StatusOK)
	})
}

// stays changes a provider without its secret, and not without a fresh proof.
func stays(t *testing.T, p *portal.Portal, b *portal.Browser, path string, form url.Values, which string) {
	t.Helper()
	form.Set("provider", which)
	form.Del("secret")
	form.Del("trust")
	p.Clock.Advance(account.StrongFor + 1)
	words{"Prove that it is you"}.in(t, "late", b.Post(path, form), http.StatusOK)
	form.Set("proof_code", p.Code(p.PlanAdmin))
	if a := b.Post(path, form); a.Location != path+"?done=provider" {
		t.Fatalf("changed: %d %s", a.Status, a.Text())
	}
	all, err := p.SignOn.List(t.Context(), p.PlanAdmin.Actor)
	must(t, err)
	if len(all) != 1 || all[0].TrustFactor || all[0].ID != which {
		t.Errorf("%+v", all)
	}
}

func TestTheSignOnCookie(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		deps := s.Deps()
		deps.Secure = true
		h, err := web.New(deps)
		must(s.t, err)
		r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/login/organization", strings.NewReader("address=riverside.example"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			s.t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != "__Host-hsconnect-signon" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != int(signon.Lasts.Seconds()) {
			s.t.Errorf("%+v", c)
		}
		if w.Header().Get("Referrer-Policy") != "no-referrer" {
			s.t.Error("the provider learns more than it has to")
		}
	})
}
