package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/web"
)

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// address gives an address that the row answers.
func address(rt web.Route) string {
	path := strings.ReplaceAll(rt.Pattern, "{$}", "")
	path = strings.ReplaceAll(path, "{version}", "1")
	path = strings.ReplaceAll(path, "{number}", "A26-482913075-6")
	return parameter.ReplaceAllString(path, "01jdbq3h6m2t9v8x7c5b4a3z21")
}

// call sends what the row takes, as a page does or as a script does.
func call(b *portal.Browser, rt web.Route, script bool) portal.Answer {
	if rt.Method == http.MethodGet {
		header := http.Header{}
		if script {
			header.Set("Accept", "application/json")
		}
		return b.Send(http.MethodGet, address(rt), nil, header)
	}
	if script {
		return b.Autosave(address(rt), url.Values{"x": {"1"}})
	}
	return b.Post(address(rt), url.Values{"x": {"1"}})
}

func TestEveryRowStatesWhoAndWhy(t *testing.T) {
	table := web.Table(portal.SQLite(t).Handler)
	if len(table) < 20 {
		t.Fatalf("the table has %d rows", len(table))
	}
	for _, rt := range table {
		name := rt.Method + " " + rt.Pattern
		if rt.Permission == "" && len(rt.Why) < 10 {
			t.Errorf("%s: no permission and no reason", name)
		}
		if rt.Gate == web.Accepted && rt.Permission == "" && rt.Side == 0 && !strings.Contains(rt.Why, "own") {
			t.Errorf("%s: open to both sides without a permission: %s", name, rt.Why)
		}
		if rt.Gate == web.Public && rt.Shows && rt.Pattern != "/{$}" {
			t.Errorf("%s shows member information to anybody", name)
		}
		if rt.Idle && (rt.Method != http.MethodPost || rt.Shows) {
			t.Errorf("%s: only saving may go on after a time-out", name)
		}
		if rt.Machine && rt.Gate == web.Public && rt.Shows {
			t.Errorf("%s shows member information to programs", name)
		}
	}
}

func TestWithoutSessionNothingOpens(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Submit(p.Clerk, p.Eleanor, nil)
		b := p.Browser(t)
		for _, rt := range web.Table(p.Handler) {
			if rt.Gate == web.Public {
				continue
			}
			name := rt.Method + " " + rt.Pattern
			a := call(b, rt, false)
			if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/login") {
				t.Errorf("%s: %d to %q", name, a.Status, a.Location)
			}
			back := rt.Pattern != "/login/mfa" && rt.Pattern != "/confirm" // they lead on by themselves
			if rt.Method == http.MethodGet && back && !strings.Contains(a.Location, url.QueryEscape(address(rt))) {
				t.Errorf("%s: sign-in does not lead back: %q", name, a.Location)
			}
			a = call(b, rt, true)
			if a.Status != http.StatusUnauthorized || strings.Contains(a.Body, "<html") {
				t.Errorf("%s by a script: %d %q", name, a.Status, a.Body)
			}
		}
	})
}

// A session that has proven a password alone opens nothing but the second step (N-02).
func TestBeforeTheSecondFactorNothingOpens(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		for _, who := range []portal.Person{p.Clerk, p.Nurse} {
			b := p.Browser(t)
			if a := b.FirstStep(who, "/members"); a.Location != "/login/mfa?next=%2Fmembers" {
				t.Fatalf("the first step leads to %q", a.Location)
			}
			for _, rt := range web.Table(p.Handler) {
				if rt.Gate < web.Proven && rt.Pattern != "/{$}" {
					continue
				}
				name := who.Username + ": " + rt.Method + " " + rt.Pattern
				a := call(b, rt, false)
				if rt.Method == http.MethodGet {
					if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/login/mfa") {
						t.Errorf("%s: %d to %q", name, a.Status, a.Location)
					}
				} else if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "second factor") {
					t.Errorf("%s: %d", name, a.Status)
				}
				a = call(b, rt, true)
				if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "second factor") || strings.Contains(a.Body, "<html") {
					t.Errorf("%s by a script: %d %q", name, a.Status, a.Body)
				}
			}
			if a := b.Post("/login/mfa", url.Values{"code": {p.Code(who)}, "next": {"/account"}}); a.Location != "/account" {
				t.Errorf("%s: the second step leads to %q", who.Username, a.Location)
			}
			if a := b.Get("/account"); a.Status != http.StatusOK {
				t.Errorf("%s: after it %d", who.Username, a.Status)
			}
		}
	})
}

// Whoever is suspended in the middle of work opens nothing with the next request (S-12, V-08).
func TestSuspendedNothingOpens(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		err := p.Accounts.Suspend(t.Context(), portal.Operator(), p.Clerk.Actor.Person, "left the office")
		if err != nil {
			t.Fatal(err)
		}
		for _, rt := range web.Table(p.Handler) {
			if rt.Gate == web.Public {
				continue
			}
			if a := call(b, rt, true); a.Status != http.StatusUnauthorized || strings.Contains(a.Body, "<html") {
				t.Errorf("%s %s: %d %q", rt.Method, rt.Pattern, a.Status, a.Body)
			}
		}
	})
}

// Whose password may be known to others chooses a new one before anything else.
func TestBeforeTheNewPasswordNothingOpens(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
			return account.MustChange(tx, portal.Operator(), p.Clerk.Actor.Person, "said so")
		})
		if err != nil {
			t.Fatal(err)
		}
		b := p.SignedIn(t, p.Clerk)
		for _, rt := range web.Table(p.Handler) {
			if rt.Gate != web.Accepted && rt.Pattern != "/{$}" {
				continue
			}
			name := rt.Method + " " + rt.Pattern
			a := call(b, rt, false)
			if rt.Method == http.MethodGet {
				if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/account/password") {
					t.Errorf("%s: %d to %q", name, a.Status, a.Location)
				}
			} else if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "new password") {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		a := b.Post("/account/password", url.Values{"old": {portal.Password}, "new": {"marble ferns kneel sideways"}, "again": {"marble ferns kneel sideways"}, "next": {"/members"}})
		if a.Location != "/members" {
			t.Fatalf("after the new password: %d to %q\n%s", a.Status, a.Location, a.Text())
		}
		if a := b.Get("/members"); a.Status != http.StatusOK {
			t.Errorf("after it: %d", a.Status)
		}
	})
}

func TestBeforeTheAgreementNothingOpens(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		staff := p.Create(account.NewPerson{Username: "new.nurse", Name: "New Nurse", Side: access.Plan, Roles: []access.Role{access.Nurse}})
		for _, who := range []portal.Person{p.Fresh, staff} {
			b := p.SignedIn(t, who)
			for _, rt := range web.Table(p.Handler) {
				if rt.Gate != web.Accepted && rt.Pattern != "/{$}" {
					continue
				}
				name := who.Username + ": " + rt.Method + " " + rt.Pattern
				a := call(b, rt, false)
				if rt.Method == http.MethodGet {
					if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/agreement") {
						t.Errorf("%s: %d to %q", name, a.Status, a.Location)
					}
				} else if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "agreement") {
					t.Errorf("%s: %d", name, a.Status)
				}
				a = call(b, rt, true)
				if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "agreement") || strings.Contains(a.Body, "<html") {
					t.Errorf("%s by a script: %d %q", name, a.Status, a.Body)
				}
			}
		}
	})
}

func TestTheOtherSideIsRefused(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		office, plan := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Director)
		for _, rt := range web.Table(p.Handler) {
			b := map[access.Side]*portal.Browser{access.Office: plan, access.Plan: office}[rt.Side]
			if b == nil {
				continue
			}
			a := call(b, rt, false)
			if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "HelpDesk") {
				t.Errorf("%s %s: %d", rt.Method, rt.Pattern, a.Status)
			}
		}
	})
}

func TestARowWithoutThePermissionIsRefused(t *testing.T) {
	p := portal.SQLite(t)
	people := []portal.Person{p.Viewer, p.Clerk, p.Intake, p.Nurse, p.PlanAdmin, p.HelpDesk, p.Privacy}
	browsers := make([]*portal.Browser, len(people))
	for i, who := range people {
		browsers[i] = p.SignedIn(t, who)
	}
	tried := 0
	for _, rt := range web.Table(p.Handler) {
		for i, who := range people {
			if rt.Permission == "" || who.Actor.Has(rt.Permission) || rt.Side != 0 && rt.Side != who.Actor.Side {
				continue
			}
			tried++
			a := call(browsers[i], rt, false)
			if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "Your account may not "+string(rt.Permission)) {
				t.Errorf("%s %s as %s: %d", rt.Method, rt.Pattern, who.Username, a.Status)
			}
		}
	}
	t.Logf("%d refusals", tried)
}

func TestEveryPostRefusesOtherSites(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Clerk)
	for _, rt := range web.Table(p.Handler) {
		if rt.Method != http.MethodPost {
			continue
		}
		for name, header := range map[string]http.Header{
			"another origin":      {"Origin": {"https://evil.example"}},
			"another site":        {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"a sibling site":      {"Sec-Fetch-Site": {"same-site"}},
			"no origin":           {"Origin": {"null"}},
			"no mark at all":      {},
			"another page":        {"Referer": {"https://evil.example/x"}},
			"a look-alike page":   {"Referer": {"https://evil.example/http://" + strings.TrimPrefix(p.URL, "http://") + "/"}},
			"a page without host": {"Referer": {"/login"}},
		} {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
			a := b.Send(http.MethodPost, address(rt), strings.NewReader("x=1"), header)
			if rt.Programs && header.Get("Origin") == "" && header.Get("Sec-Fetch-Site") == "" { // a program, by which no browser speaks
				if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "invalid_request") {
					t.Errorf("%s, %s: %d", rt.Pattern, name, a.Status)
				}
				continue
			}
			if a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "page of the portal") && !strings.Contains(a.Body, "page of the portal") {
				t.Errorf("%s, %s: %d", rt.Pattern, name, a.Status)
			}
		}
	}
	if a := b.Get("/account"); a.Status != http.StatusOK {
		t.Fatalf("the session is gone: %d", a.Status)
	}
	for name, header := range map[string]http.Header{
		"its own origin": {"Origin": {p.URL}}, "a browser's mark": {"Sec-Fetch-Site": {"same-origin"}}, "its own page": {"Referer": {p.URL + "/account"}},
	} {
		if a := b.Send(http.MethodPost, "/session", nil, header); a.Status != http.StatusOK {
			t.Errorf("%s is refused: %d", name, a.Status)
		}
	}
}
