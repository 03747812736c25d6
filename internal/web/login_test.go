package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/web"
)

func TestSigningIn(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.Browser(t)
		form := b.Get("/login?next=/members%23f-last")
		if form.Status != http.StatusOK || !strings.Contains(form.Body, `autocomplete="username"`) || !strings.Contains(form.Body, `autocomplete="current-password"`) {
			t.Fatalf("the form: %d", form.Status)
		}
		next, _ := form.Field("next")
		if next != "/members#f-last" {
			t.Errorf("next is %q", next)
		}
		a := b.SignIn(p.Clerk, next)
		if a.Status != http.StatusSeeOther || a.Location != "/members#f-last" {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		if got := b.Get("/login?next=/account"); got.Location != "/account" {
			t.Errorf("the sign-in page for somebody signed in: %d to %q", got.Status, got.Location)
		}
		home := b.Get("/")
		if home.Status != http.StatusOK || !strings.Contains(home.Text(), "Dana Okafor") {
			t.Errorf("home: %d", home.Status)
		}
		a = b.Post("/logout", nil)
		if a.Status != http.StatusSeeOther || len(b.Cookies()) != 0 {
			t.Errorf("sign-out: %d, %d cookies", a.Status, len(b.Cookies()))
		}
		if got := b.Follow(a); !strings.Contains(got.Text(), "You are signed out") {
			t.Errorf("after sign-out: %s", got.Text())
		}
		if got := b.Get("/account"); got.Status != http.StatusSeeOther {
			t.Errorf("after sign-out the account answers %d", got.Status)
		}
	})
}

func TestOneAnswerForEveryFailedSignIn(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		err := p.Accounts.Suspend(t.Context(), portal.Operator(), p.Viewer.Actor.Person, "left the office")
		if err != nil {
			t.Fatal(err)
		}
		var first string
		for i, form := range []url.Values{
			{"username": {p.Clerk.Username}, "password": {"not the password at all"}},
			{"username": {"nobody.here"}, "password": {portal.Password}},
			{"username": {p.Viewer.Username}, "password": {"not the password at all"}},
			{"username": {""}, "password": {""}},
			{"username": {`<script>alert(1)</script>`}, "password": {portal.Password}},
		} {
			b := p.Browser(t)
			a := b.Post("/login", form)
			if a.Status != http.StatusUnprocessableEntity || len(b.Cookies()) != 0 {
				t.Fatalf("case %d: %d", i, a.Status)
			}
			if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, portal.Password) || strings.Contains(a.Body, "not the password at all") {
				t.Errorf("case %d: the page repeats what it must not", i)
			}
			if kept, _ := a.Field("username"); kept != form.Get("username") {
				t.Errorf("case %d: the username is not kept: %q", i, kept)
			}
			text := a.Text()
			if first == "" {
				first = text
			}
			if text != first {
				t.Errorf("case %d answers differently:\n%s\n%s", i, text, first)
			}
		}
		// Whoever knows the password learns why it does not open, and whom to call.
		b := p.Browser(t)
		a := b.Post("/login", url.Values{"username": {p.Viewer.Username}, "password": {portal.Password}})
		if a.Status != http.StatusForbidden || len(b.Cookies()) != 0 || !strings.Contains(a.Text(), "suspended") || !strings.Contains(a.Text(), "HelpDesk") {
			t.Errorf("suspended: %d %s", a.Status, a.Text())
		}
		if !strings.HasPrefix(first, "1 problem") {
			t.Errorf("the window title does not say that there is a problem: %s", first)
		}
	})
}

func TestTooManyFailedSignIns(t *testing.T) {
	p := portal.SQLite(t)
	b := p.Browser(t)
	for range 60 {
		a := b.Post("/login", url.Values{"username": {p.Clerk.Username}, "password": {"wrong wrong wrong wrong"}})
		if a.Status == http.StatusUnprocessableEntity {
			continue
		}
		if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || !strings.Contains(a.Text(), "failed too often") {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		return
	}
	t.Error("60 wrong passwords in a row are let through")
}

func TestNoOpenRedirect(t *testing.T) {
	for next, want := range map[string]string{
		"/members": "/members", "/authorizations?show=open#row-3": "/authorizations?show=open#row-3", "/": "/",
		"": "", "members": "", "//evil.example": "", "/\\evil.example": "", "\\\\evil.example": "", "https://evil.example": "", "javascript:alert(1)": "",
		"/\t/evil.example": "", "/ /evil.example": "", "///evil.example": "", "/%5cevil.example": "", "/%2f%2fevil.example": "", "/%09/evil.example": "",
		"/login": "", "/login?next=/login": "", "/logout": "", "/session": "", "/\r\nLocation: https://evil.example": "", "/" + strings.Repeat("a", 3000): "",
		"http:/evil.example": "", "/@evil.example": "/@evil.example", "/.//evil.example": "/.//evil.example",
	} {
		if got := web.LocalPath(next); got != want {
			t.Errorf("%q leads to %q, not %q", next, got, want)
		}
	}
	p := portal.SQLite(t)
	b := p.Browser(t)
	if a := b.Get("/login?next=https://evil.example/x"); strings.Contains(a.Body, "evil.example") {
		t.Error("the form carries a foreign address")
	}
	if a := b.SignIn(p.Clerk, "//evil.example"); a.Location != "/" {
		t.Errorf("signing in leads to %q", a.Location)
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/members#x", "//evil", "/\\evil", "/%2fevil", "/a?b=c#d", "/:x", "/..//x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://portal.example/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := web.LocalPath(next)
		if got == "" {
			return
		}
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t ") {
			t.Fatalf("%q gives %q", next, got)
		}
		u, err := base.Parse(got)
		if err != nil || u.Host != "portal.example" || u.Scheme != "https" {
			t.Fatalf("%q leads to %v, %v", next, u, err)
		}
		if web.LocalPath(got) != got {
			t.Fatalf("%q is not stable: %q", got, web.LocalPath(got))
		}
	})
}

func TestTheSessionEndsAndSaysSo(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		a := b.Post("/session", nil)
		if a.Status != http.StatusOK || strings.TrimSpace(a.Body) != `{"seconds":900}` {
			t.Errorf("staying: %d %s", a.Status, a.Body)
		}
		p.Clock.Advance(10 * time.Minute)
		page := b.Get("/account")
		if !strings.Contains(page.Body, `data-session-seconds="900"`) {
			t.Error("the page does not say how long the session lasts")
		}
		p.Clock.Advance(15 * time.Minute)
		a = b.Get("/members?x=1")
		if a.Status != http.StatusSeeOther || a.Location != "/login?next="+url.QueryEscape("/members?x=1")+"&ended=1" {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		if got := b.Follow(a); !strings.Contains(got.Text(), "Your session has ended") {
			t.Errorf("the sign-in page says nothing: %s", got.Text())
		}
		a = b.Autosave("/session", nil)
		if a.Status != http.StatusUnauthorized {
			t.Errorf("staying after the end: %d", a.Status)
		}
		a = b.Send(http.MethodPost, "/account/password", strings.NewReader("old=x"), http.Header{
			"Origin": {p.URL}, "Referer": {p.URL + "/account?x=1"}, "Content-Type": {"application/x-www-form-urlencoded"}})
		if a.Location != "/login?next="+url.QueryEscape("/account?x=1")+"&ended=1" {
			t.Errorf("a form sent too late leads to %q", a.Location)
		}
		if got := b.SignIn(p.Clerk, "/account?x=1"); got.Location != "/account?x=1" {
			t.Errorf("signing in again leads to %q", got.Location)
		}
	})
}

// A draft must outlive the time-out: the row that saves it takes a session
// that ended by idleness, and no other row does.
func TestOnlyADraftSaveOutlivesTheTimeOut(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		saved := ""
		with(t, p, web.Route{Method: http.MethodPost, Pattern: "/test/draft", Gate: web.Accepted, Why: "test of its own", Audit: "nothing", Idle: true,
			Handle: func(c *web.Call) error {
				saved = string(c.Actor.Person) + " " + strconv.FormatBool(c.Idle)
				return c.SignInAgain("/authorizations/new?draft=1#f-notes")
			}})
		b := p.SignedIn(t, p.Clerk)
		p.Clock.Advance(20 * time.Minute)
		if a := b.Get("/account"); a.Status != http.StatusSeeOther {
			t.Fatalf("the session is still open: %d", a.Status)
		}
		a := b.Post("/test/draft", url.Values{"x": {"1"}})
		if saved != string(p.Clerk.Actor.Person)+" true" || a.Location != "/login?next="+url.QueryEscape("/authorizations/new?draft=1#f-notes")+"&ended=1" {
			t.Errorf("%q, to %q", saved, a.Location)
		}
		saved = ""
		p.Clock.Advance(12 * time.Hour)
		if a := b.Post("/test/draft", nil); saved != "" || a.Status != http.StatusSeeOther {
			t.Errorf("after the absolute limit: %q, %d", saved, a.Status)
		}
		fresh := p.SignedIn(t, p.Fresh)
		p.Clock.Advance(20 * time.Minute)
		if a := fresh.Post("/test/draft", nil); saved != "" || a.Status != http.StatusForbidden {
			t.Errorf("before the agreement: %q, %d", saved, a.Status)
		}
	})
}
