package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/web"
)

func TestChangingThePassword(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, elsewhere := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Clerk)
		const fresh = "orchard pencil bicycle dune"
		for name, c := range map[string]struct {
			form url.Values
			want string
		}{
			"nothing":          {url.Values{}, "Type the password you have now"},
			"wrong old one":    {url.Values{"old": {"another old password"}, "new": {fresh}, "again": {fresh}}, "not your current password"},
			"not the same":     {url.Values{"old": {portal.Password}, "new": {fresh}, "again": {fresh + "x"}}, "not the same as the new password"},
			"too short":        {url.Values{"old": {portal.Password}, "new": {"short"}, "again": {"short"}}, "too short"},
			"the one there is": {url.Values{"old": {portal.Password}, "new": {portal.Password}, "again": {portal.Password}}, "already have"},
		} {
			a := b.Post("/account/password", c.form)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), c.want) {
				t.Errorf("%s: %d", name, a.Status)
			}
			if strings.Contains(a.Body, portal.Password) || strings.Contains(a.Body, fresh) {
				t.Errorf("%s: the page repeats a password", name)
			}
		}
		a := b.Post("/account/password", url.Values{"old": {portal.Password}, "new": {fresh}, "again": {fresh}})
		if a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), "Your password is changed") {
			t.Errorf("changing: %d to %q", a.Status, a.Location)
		}
		if a := elsewhere.Get("/account"); a.Status != http.StatusSeeOther {
			t.Errorf("the other browser is still signed in: %d", a.Status)
		}
		if a := p.Browser(t).SignIn(p.Clerk, ""); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("the old password: %d", a.Status)
		}
		if log := p.Log.String(); strings.Contains(log, portal.Password) || strings.Contains(log, fresh) {
			t.Error("a password is in the log")
		}
	})
}

func TestSigningOutEverywhere(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, elsewhere := p.SignedIn(t, p.Nurse), p.SignedIn(t, p.Nurse)
		a := b.Post("/account/sessions/end", nil)
		if a.Status != http.StatusSeeOther || !strings.Contains(b.Follow(a).Text(), "signed out in every browser") {
			t.Errorf("%d to %q", a.Status, a.Location)
		}
		for _, one := range []*portal.Browser{b, elsewhere} {
			if a := one.Get("/account"); a.Status != http.StatusSeeOther {
				t.Errorf("still signed in: %d", a.Status)
			}
		}
	})
}

func TestTheAccountPageIsOnesOwn(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.SignedIn(t, p.Stranger)
		b := p.SignedIn(t, p.Clerk)
		for path, wants := range map[string][]string{
			"/account": {"Dana Okafor", "dana.okafor", "Riverside Cardiology", "TIN 12-3456789", "Requester", "Signed in before", "Rosa Adler", "Local administrator",
				"Authenticator app, 0 passkeys, 10 recovery codes left", "1 browser", "Version 1", "Someone may know my password"},
			"/account/security":      {"Change your password", "You have none", "10 codes left"},
			"/account/sessions":      {"Test browser", "127.0.0.1", "this one", "Password and code", "Signed in", "Second factor proven"},
			"/account/organizations": {"Riverside Cardiology", "Requester", "You work for it now"},
			"/account/leave":         {"What leaving means", "stays in the plan’s records under your name"},
		} {
			a := b.Get(path)
			text := a.Text()
			for _, want := range wants {
				if !strings.Contains(text, want) {
					t.Errorf("%s lacks %q", path, want)
				}
			}
			if found := faultsOf(a.Body); a.Status != http.StatusOK || found != nil {
				t.Errorf("%s: %d, %v", path, a.Status, found)
			}
			if strings.Contains(text, "Elsewhere") {
				t.Errorf("somebody else stands on %s", path)
			}
		}
		if a := b.Get("/account"); !strings.Contains(a.Body, `href="/agreement/1/certificate"`) || !strings.Contains(a.Body, `href="/account/compromised"`) {
			t.Error("the proof of the acceptance, or the way to report a known password, is missing")
		}
		director := p.SignedIn(t, p.Director).Get("/account").Text()
		if !strings.Contains(director, "NY MD-20417") || !strings.Contains(director, "6/30/2028") {
			t.Error("the license is missing")
		}
	})
}

func TestBrowsersInWords(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                   "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0":   "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/604.1": "Safari on iPhone",
		"curl/8.5": "curl/8.5", "": "",
	} {
		if got := web.BrowserName(agent); got != want {
			t.Errorf("%q is called %q", agent, got)
		}
	}
	if got := web.BrowserName(strings.Repeat("ü", 200)); len([]rune(got)) != 60 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
