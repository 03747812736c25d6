package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"hsconnect/internal/access"
	"hsconnect/internal/portaltest/idp"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/signon"
)

const officeMail = "dana@riverside.example"

// signOn is a portal with the identity provider of its office.
type signOn struct {
	*portal.Portal

	t        *testing.T
	idp      *idp.Provider
	provider signon.Provider
}

// dana is the clerk as her office's provider knows her.
func dana(amr ...string) idp.User {
	return idp.User{Subject: "dana-1", Email: officeMail, Verified: true, Name: "Dana Okafor", AMR: append([]string{"pwd"}, amr...)}
}

// eachSignOn runs fn on every engine. The portal's clock stands at the real
// time, by which the provider dates what it says.
func eachSignOn(t *testing.T, fn func(s *signOn)) {
	t.Helper()
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Clock.Set(time.Now())
		s := &signOn{Portal: p, t: t, idp: idp.Start(t, p.SignOn.Answers())}
		s.provider = s.save(signon.Provider{Org: p.Office.ID, Side: access.Office, Domains: []string{"riverside.example"}, TrustFactor: true})
		s.idp.SignIn(dana())
		fn(s)
	})
}

func (s *signOn) save(n signon.Provider) signon.Provider {
	s.t.Helper()
	n.Name, n.Issuer, n.ClientID, n.Secret = "Riverside sign-in", s.idp.Issuer, s.idp.ClientID, s.idp.Secret
	out, err := s.SignOn.Save(s.t.Context(), s.PlanAdmin.Actor, n, "asked for by the office")
	must(s.t, err)
	return out
}

// onward gives where a page leads to the provider.
func onward(t *testing.T, a portal.Answer) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.Body))
	must(t, err)
	for n := range doc.Descendants() {
		at := map[string]string{}
		for _, x := range n.Attr {
			at[x.Key] = x.Val
		}
		if at["id"] == "onward" {
			if a.Status != http.StatusOK || a.Header.Get("Refresh") != "0; url="+at["href"] {
				t.Errorf("%d, refresh %q", a.Status, a.Header.Get("Refresh"))
			}
			return at["href"]
		}
	}
	t.Fatalf("no way to the provider: %d %s", a.Status, a.Text())
	return ""
}

// answer gives the address that the provider sends the browser back to.
func (s *signOn) answer(a portal.Answer) string {
	s.t.Helper()
	return signon.AnswerPath + "?" + s.idp.Browse(s.t, onward(s.t, a)).Encode()
}

func (s *signOn) begin(b *portal.Browser, next string) portal.Answer {
	s.t.Helper()
	return b.Post("/login/organization", url.Values{"address": {officeMail}, "next": {next}})
}

// signIn goes to the provider and back.
func (s *signOn) signIn(b *portal.Browser, next string) portal.Answer {
	s.t.Helper()
	return b.Get(s.answer(s.begin(b, next)))
}

// link links somebody's account on its page, in a browser of hers.
func (s *signOn) link(who portal.Person) (*portal.Browser, portal.Answer) {
	s.t.Helper()
	b := s.SignedIn(s.t, who)
	return b, b.Get(s.answer(b.Post("/account/provider", url.Values{"address": {officeMail}})))
}

func (s *signOn) linked(who portal.Person) *portal.Browser {
	s.t.Helper()
	b, a := s.link(who)
	if a.Location != "/account/provider?done=linked" {
		s.t.Fatalf("linking: %d to %q: %s", a.Status, a.Location, a.Text())
	}
	return b
}

// refused wants a page that says so, and nobody signed in.
func refused(t *testing.T, what string, b *portal.Browser, a portal.Answer, status int, text string) {
	t.Helper()
	if a.Status != status || !strings.Contains(a.Text(), text) {
		t.Errorf("%s: %d %q, want %d with %q", what, a.Status, a.Text(), status, text)
	}
	wellMade(t, what, a)
	if got := b.Get("/account"); !strings.HasPrefix(got.Location, "/login") {
		t.Errorf("%s: the account answers %d", what, got.Status)
	}
}

func TestSigningInWithTheOrganization(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		own := s.linked(s.Clerk)
		page := own.Follow(portal.Answer{Location: "/account/provider?done=linked"})
		wellMade(s.t, "own links", page)
		if !strings.Contains(page.Text(), "Your account is linked") || !strings.Contains(page.Text(), "Riverside sign-in") {
			s.t.Errorf("after linking: %s", page.Text())
		}

		b := s.Browser(s.t)
		if got := b.Get("/login?next=/members").Body; !strings.Contains(got, `href="/login/organization?next=%2Fmembers"`) {
			s.t.Error("the sign-in page does not lead to the organization's")
		}
		form := b.Get("/login/organization?next=/members%23f-last")
		next, _ := form.Field("next")
		wellMade(s.t, "the form", form)
		wellMade(s.t, "on to the provider", s.begin(b, next))

		a := s.signIn(b, next) // a password at the provider alone: our second factor comes next
		if a.Location != "/login/mfa?next=%2Fmembers%23f-last" {
			s.t.Fatalf("%d to %q: %s", a.Status, a.Location, a.Text())
		}
		if got := b.Follow(a); !strings.Contains(got.Text(), "Prove that it is you") {
			s.t.Errorf("without the provider's second factor: %s", got.Text())
		}
		if got := b.Get("/members"); !strings.HasPrefix(got.Location, "/login/mfa") {
			s.t.Errorf("members before the second factor: %d", got.Status)
		}
		if got := b.Post("/login/mfa", url.Values{"code": {s.Code(s.Clerk)}, "next": {next}}); got.Location != next {
			s.t.Errorf("the second step leads to %q", got.Location)
		}

		b = s.Browser(s.t)
		s.idp.SignIn(dana("mfa"))
		a = s.signIn(b, "/members")
		if a = b.Follow(a); a.Location != "/members" {
			s.t.Fatalf("with the provider's second factor: %d to %q", a.Status, a.Location)
		}
		if a = b.Follow(a); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Dana Okafor") {
			s.t.Errorf("members: %d", a.Status)
		}
		if got := b.Get("/login/organization?next=/account"); got.Location != "/account" {
			s.t.Errorf("the form for somebody signed in: %d to %q", got.Status, got.Location)
		}
	})
}

func TestTheProvidersSecondFactorCountsWhereStaffSaySo(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		s.linked(s.Clerk)
		p := s.provider
		p.TrustFactor = false
		s.save(p)
		s.idp.SignIn(dana("mfa"))
		b := s.Browser(s.t)
		if a := b.Follow(s.signIn(b, "/members")); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Prove that it is you") {
			s.t.Errorf("%d to %q", a.Status, a.Location)
		}
	})
}

func TestAnswersThatDoNotCount(t *testing.T) {
	const again = "Start again from the sign-in page"
	claim := func(name string, value any) idp.Bend {
		return idp.Bend{Claims: func(c map[string]any) { c[name] = value }}
	}
	eachSignOn(t, func(s *signOn) {
		s.linked(s.Clerk)
		s.idp.SignIn(dana("mfa"))
		for name, bend := range map[string]idp.Bend{
			"another issuer":         claim("iss", "https://login.evil.example"),
			"another audience":       claim("aud", "another-portal"),
			"another nonce":          claim("nonce", "made up"),
			"an answer of another":   {Answer: func(q url.Values) { q.Set("iss", "https://login.evil.example") }},
			"an unsigned token":      {Sign: idp.Unsigned},
			"another key":            {Sign: idp.StrangeKey},
			"an error":               {Answer: func(q url.Values) { q.Set("error", "access_denied"); q.Del("code") }},
			"a code that is made up": {Answer: func(q url.Values) { q.Set("code", "made up") }},
		} {
			b := s.Browser(s.t)
			path := s.begin(b, "/members")
			s.idp.Bend(bend)
			a := b.Get(s.answer(path))
			s.idp.Bend(idp.Bend{})
			refused(s.t, name, b, a, http.StatusUnauthorized, again)
			if strings.Contains(a.Body, "evil") || strings.Contains(a.Body, "access_denied") {
				s.t.Errorf("%s: the page repeats what came", name)
			}
		}

		victim, other := s.Browser(s.t), s.Browser(s.t)
		path := s.answer(s.begin(victim, ""))
		refused(s.t, "no cookie", other, other.Get(path), http.StatusUnauthorized, again)
		s.begin(other, "")
		refused(s.t, "the cookie of another", other, other.Get(path), http.StatusUnauthorized, again)
		refused(s.t, "used up in another browser", victim, victim.Get(path), http.StatusUnauthorized, again)

		path = s.answer(s.begin(victim, ""))
		if a := victim.Get(path); a.Status != http.StatusSeeOther {
			s.t.Fatalf("the right answer: %d", a.Status)
		}
		victim.Post("/logout", nil)
		refused(s.t, "twice", victim, victim.Get(path), http.StatusUnauthorized, again)
		refused(s.t, "nothing at all", victim, victim.Get(signon.AnswerPath), http.StatusUnauthorized, again)

		path = s.answer(s.begin(victim, ""))
		s.Clock.Advance(signon.Lasts)
		refused(s.t, "too late", victim, victim.Get(path), http.StatusUnauthorized, again)
		if log := s.Log.String(); strings.Contains(log, "made up") || strings.Contains(log, officeMail) {
			s.t.Error("the log repeats what came")
		}
	})
}

func TestTheProviderIsDownOrDisabled(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		s.linked(s.Clerk)
		s.idp.SignIn(dana("mfa"))
		b := s.Browser(s.t)
		page := s.begin(b, "")
		path := s.answer(page)
		s.idp.Bend(idp.Bend{Down: true})
		refused(s.t, "down", b, b.Get(path), http.StatusServiceUnavailable, "Try again in a few minutes")
		s.idp.Bend(idp.Bend{})

		path = s.answer(s.begin(b, ""))
		must(s.t, s.SignOn.Disable(s.t.Context(), s.PlanAdmin.Actor, s.provider.ID, "the office asked"))
		refused(s.t, "disabled on the way", b, b.Get(path), http.StatusUnauthorized, "Start again")
		a := s.begin(b, "")
		refused(s.t, "disabled before", b, a, http.StatusUnprocessableEntity, "Nobody signs in here this way")
	})
}

func TestUnknownDomainsGetOneAnswer(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		b := s.Browser(s.t)
		first := ""
		for _, typed := range []string{"ruth@nowhere.example", "nowhere.example", "", "@", "<b>x</b>", "dana@riverside.example.evil.example", strings.Repeat("a", 5000)} {
			a := b.Post("/login/organization", url.Values{"address": {typed}})
			wellMade(s.t, "unknown domain", a)
			if back, _ := a.Field("address"); a.Status != http.StatusUnprocessableEntity || back != typed || a.Header.Get("Refresh") != "" {
				s.t.Errorf("%.40q: %d", typed, a.Status)
			}
			if first == "" {
				first = a.Text()
			}
			if a.Text() != first {
				s.t.Errorf("%.40q gets another answer", typed)
			}
		}
	})
}

func TestNextStaysWithinThePortal(t *testing.T) {
	eachSignOn(t, func(s *signOn) {
		s.linked(s.Clerk)
		s.idp.SignIn(dana("mfa"))
		for _, next := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/%09/evil.example", "/login"} {
			b := s.Browser(s.t)
			a := s.signIn(b, next)
			if a.Location != "/login/mfa" {
				s.t.Errorf("%q leads to %q", next, a.Location)
			}
			if a = b.Follow(a); a.Location != "/" {
				s.t.Errorf("%q leads on to %q", next, a.Location)
			}
		}
	})
}
