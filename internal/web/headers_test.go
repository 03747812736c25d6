package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/web"
)

func TestHeadersOfEveryAnswer(t *testing.T) {
	p := portal.SQLite(t)
	nobody, clerk := p.Browser(t), p.SignedIn(t, p.Clerk)
	for name, a := range map[string]portal.Answer{
		"first page": nobody.Get("/"), "sign-in": nobody.Get("/login"), "no such page": nobody.Get("/no/such/page"), "redirect": nobody.Get("/account"),
		"health": nobody.Get("/healthz"), "checkpoint": nobody.Get("/record/checkpoint"), "no such asset": nobody.Get("/assets/none.css"),
		"home": clerk.Get("/"), "account": clerk.Get("/account"), "JSON": clerk.Post("/session", nil), "refused form": clerk.Post("/account/password", url.Values{}),
		"wrong method": clerk.Get("/agreement/decline"),
	} {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s: %s", name, part, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: unsafe policy %s", name, policy)
		}
		if a.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: promises TLS without it", name)
		}
	}
}

func TestOverTLSTheCookieIsBoundToTheHost(t *testing.T) {
	p := portal.SQLite(t)
	d := p.Deps()
	d.Secure = true
	h, err := web.New(d)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "https://portal.example/login", strings.NewReader(url.Values{"username": {p.Clerk.Username}, "password": {portal.Password}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://portal.example")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("%d, %d cookies", w.Code, len(cookies))
	}
	c := cookies[0]
	if c.Name != "__Host-hsconnect" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || len(c.Value) < 43 {
		t.Errorf("cookie %s", c.Name)
	}
	if !strings.Contains(w.Header().Get("Strict-Transport-Security"), "max-age=31536000") {
		t.Error("no HSTS")
	}
}

func TestBodyOverTheLimit(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Clerk)
	large := url.Values{"old": {strings.Repeat("x", 1<<20)}}.Encode()
	a := b.Send(http.MethodPost, "/account/password", strings.NewReader(large), http.Header{"Origin": {p.URL}, "Content-Type": {"application/x-www-form-urlencoded"}})
	if a.Status != http.StatusRequestEntityTooLarge || !strings.Contains(a.Text(), "at most 1 MB") {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": "a=%zz", "multipart/form-data; boundary=x": "--x\r\nbroken", "multipart/form-data": "x",
	} {
		a := b.Send(http.MethodPost, "/account/password", strings.NewReader(body), http.Header{"Origin": {p.URL}, "Content-Type": {kind}})
		if a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", kind, a.Status)
		}
	}
}

func TestHeadAndMethods(t *testing.T) {
	p := portal.SQLite(t)
	b := p.Browser(t)
	for path, want := range map[string]int{"/": 200, "/help": 200, "/healthz": 200, "/account": 303, "/nothing/here": 404} {
		a := b.Send(http.MethodHead, path, nil, nil)
		if a.Status != want || a.Body != "" {
			t.Errorf("HEAD %s: %d %q", path, a.Status, a.Body)
		}
	}
	a := b.Send(http.MethodPost, "/help", strings.NewReader(""), http.Header{"Origin": {p.URL}})
	if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /help: %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	a = b.Send(http.MethodDelete, "/session", nil, http.Header{"Origin": {p.URL}})
	if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
		t.Errorf("DELETE /session: %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	a = b.Get("/no/such/page?member=SHA20987716")
	if a.Status != http.StatusNotFound || !strings.Contains(a.Text(), "Page not found") || strings.Contains(a.Body, "SHA20987716") {
		t.Errorf("unknown address: %d %s", a.Status, a.Text())
	}
}

func TestStrangePathsLeadNowhereElse(t *testing.T) {
	p := portal.SQLite(t)
	b := p.Browser(t)
	for _, path := range []string{"//evil.example", "//evil.example/..", "/%2f%2fevil.example", "/\\evil.example", "/..//evil.example", "/login/../../evil.example", "/%00", "/a%0d%0aX: y"} {
		a := b.Send(http.MethodGet, path, nil, nil)
		if strings.HasPrefix(a.Location, "//") || strings.Contains(a.Location, "://") || strings.HasPrefix(a.Location, "/\\") {
			t.Errorf("%s leads to %q", path, a.Location)
		}
		if a.Status >= 500 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestMachines(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Submit(p.Clerk, p.Eleanor, nil)
		p.Sequence()
		b := p.Browser(t)
		if a := b.Get("/healthz"); a.Status != 200 || a.Body != "ok\n" {
			t.Errorf("healthz: %d %q", a.Status, a.Body)
		}
		if a := b.Get("/readyz"); a.Status != 200 {
			t.Errorf("readyz: %d", a.Status)
		}
		a := b.Get("/record/checkpoint")
		want, err := p.Record.Checkpoint(t.Context())
		if err != nil || a.Body != string(want) || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("checkpoint: %v %q", err, a.Body)
		}
		status := b.Get("/status").Text()
		if !strings.Contains(status, "The portal is working") || !strings.Contains(status, "newest signed checkpoint") {
			t.Errorf("status: %s", status)
		}
		p.Break(bytes.ErrTooLarge)
		a = b.Get("/readyz")
		if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || strings.Contains(a.Body, "too large") {
			t.Errorf("readyz when broken: %d %q", a.Status, a.Body)
		}
		if a := b.Get("/status"); a.Status != 200 || !strings.Contains(a.Text(), "interrupted") {
			t.Errorf("status when broken: %d %s", a.Status, a.Text())
		}
		if a := b.Get("/healthz"); a.Status != 200 {
			t.Errorf("healthz when broken: %d", a.Status)
		}
	})
}
