package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/watch"
)

func TestSomeoneMayKnowMyPassword(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, elsewhere := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Clerk)
		late := p.SignedIn(t, p.Nurse)
		if a := b.Get("/account"); !strings.Contains(a.Body, `href="/account/compromised"`) {
			t.Error("the account page does not lead to it")
		}
		page := b.Get("/account/compromised")
		if page.Status != http.StatusOK || !strings.Contains(page.Text(), "Sign out everywhere and tell the HelpDesk") || faultsOf(page.Body) != nil {
			t.Errorf("%d %v", page.Status, faultsOf(page.Body))
		}
		a := b.Post("/account/compromised", nil)
		if a.Location != "/account/compromised/next" {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		next := b.Follow(a)
		for _, want := range []string{"What happens next", "new password at once", "1-800-555-0142"} {
			if !strings.Contains(next.Text(), want) {
				t.Errorf("the next page lacks %q", want)
			}
		}
		if a := elsewhere.Get("/account"); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/login") {
			t.Errorf("the other browser: %d to %q", a.Status, a.Location)
		}
		// Pressed at the other browser, or twice: the same page, and one incident.
		if a := elsewhere.Post("/account/compromised", nil); a.Location != "/account/compromised/next" {
			t.Errorf("pressed again: %d to %q", a.Status, a.Location)
		}
		all, err := p.Watch.List(t.Context(), p.Privacy.Actor, watch.Open)
		must(t, err)
		if len(all) != 1 || all[0].Person != p.Clerk.Actor.Person {
			t.Errorf("%d incidents", len(all))
		}
		// A session that has run out by itself has not been secured.
		p.Clock.Advance(16 * time.Minute)
		if a := late.Post("/account/compromised", nil); !strings.HasPrefix(a.Location, "/login") {
			t.Errorf("after a time-out: %d to %q", a.Status, a.Location)
		}
		if a := p.Browser(t).Post("/account/compromised", nil); !strings.HasPrefix(a.Location, "/login") {
			t.Errorf("nobody: %d to %q", a.Status, a.Location)
		}
		if a := b.SignIn(p.Clerk, "/members"); a.Location != "/members" {
			t.Fatalf("signing in again: %d to %q", a.Status, a.Location)
		}
		if a := b.Get("/members"); !strings.HasPrefix(a.Location, "/account/password") {
			t.Errorf("before the new password: %d to %q", a.Status, a.Location)
		}
	})
}

func accountPath(p portal.Person) string { return "/plan/accounts/" + string(p.Actor.Person) }

func TestStaffFindAndHelp(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		desk := p.SignedIn(t, p.HelpDesk)
		if nav := desk.Get("/plan").Body; !strings.Contains(nav, `href="/plan/accounts"`) || !strings.Contains(nav, `href="/plan/incidents"`) {
			t.Error("the sections are not offered")
		}
		if nav := p.SignedIn(t, p.Nurse).Get("/plan/worklist").Body; strings.Contains(nav, `href="/plan/accounts"`) || strings.Contains(nav, `href="/plan/incidents"`) {
			t.Error("the sections are offered to a nurse")
		}
		for text, want := range map[string]string{"OKAFOR": "dana.okafor", "dana": "dana.okafor", "zzz": "No account starts like that", "x": "at least two letters", "<script>": "No account starts like that"} {
			a := desk.Get("/plan/accounts?text=" + url.QueryEscape(text))
			if !strings.Contains(a.Text(), want) || strings.Contains(a.Body, "<script>") || faultsOf(a.Body) != nil {
				t.Errorf("%q: %d %v", text, a.Status, faultsOf(a.Body))
			}
		}
		page := desk.Get(accountPath(p.Clerk))
		for _, want := range []string{"dana.okafor", "Works for", "Authenticator app one", "Recovery codes left", "Account created", "operator:tester"} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("the file lacks %q", want)
			}
		}
		if bad := faultsOf(page.Body); bad != nil || strings.Contains(page.Body, p.Clerk.Secret) {
			t.Error(bad)
		}
		if a := desk.Get("/plan/accounts/" + string(id.New[id.Person](p.Clock.Now()))); a.Status != http.StatusNotFound {
			t.Errorf("nobody: %d", a.Status)
		}
		for what, form := range map[string]url.Values{
			"nothing chosen": {"reason": {"she called"}}, "no reason": {"action": {"suspend"}, "reason": {" "}}, "no action": {"action": {"promote"}, "reason": {"she called"}},
		} {
			if a := desk.Post(accountPath(p.Clerk), form); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
				t.Errorf("%s: %d %v", what, a.Status, faultsOf(a.Body))
			}
		}
		clerk := p.SignedIn(t, p.Clerk)
		for _, action := range []string{"sessions", "suspend", "reinstate", "factors", "link", "secure"} {
			p.Clock.Advance(time.Millisecond)
			a := desk.Post(accountPath(p.Clerk), url.Values{"action": {action}, "reason": {"she called about " + action}})
			if a.Location != accountPath(p.Clerk)+"?done="+action && action != "link" {
				t.Fatalf("%s: %d to %q\n%s", action, a.Status, a.Location, a.Text())
			}
			if action == "sessions" {
				if a := clerk.Get("/account"); a.Status != http.StatusSeeOther {
					t.Errorf("the session goes on: %d", a.Status)
				}
			}
			if action == "suspend" && !strings.Contains(desk.Follow(a).Text(), "Staff of the plan have suspended it") {
				t.Error("the reason is not said")
			}
		}
		text := desk.Get(accountPath(p.Clerk)).Text()
		for _, want := range []string{"she called about factors", "Account suspended", "Second factors reset", "hal.desk", "new password due"} {
			if !strings.Contains(text, want) {
				t.Errorf("the file lacks %q", want)
			}
		}
		// The plan's own staff are not the HelpDesk's; nobody's own account is her own.
		if a := desk.Post(accountPath(p.Nurse), url.Values{"action": {"suspend"}, "reason": {"for fun"}}); a.Status != http.StatusForbidden {
			t.Errorf("a nurse: %d", a.Status)
		}
		if a := desk.Post(accountPath(p.HelpDesk), url.Values{"action": {"suspend"}, "reason": {"for fun"}}); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("herself: %d", a.Status)
		}
		privacy := p.SignedIn(t, p.Privacy)
		if a := privacy.Get(accountPath(p.Clerk)); strings.Contains(a.Body, "Reset the second factors") || !strings.Contains(a.Body, "Suspend the account") {
			t.Error("a privacy officer is offered what is not hers")
		}
		if a := privacy.Post(accountPath(p.Clerk), url.Values{"action": {"factors"}, "reason": {"for fun"}}); a.Status != http.StatusForbidden {
			t.Errorf("factors by a privacy officer: %d", a.Status)
		}
	})
}

func TestChangesToAccountsAskForAFreshProof(t *testing.T) {
	p := portal.SQLite(t)
	desk := p.SignedIn(t, p.HelpDesk)
	p.Clock.Advance(11 * time.Minute)
	form := url.Values{"action": {"suspend"}, "reason": {"left the office"}}
	a := desk.Post(accountPath(p.Clerk), form)
	if !strings.Contains(a.Text(), "Prove") || p.SignedIn(t, p.Clerk) == nil {
		t.Errorf("%d", a.Status)
	}
	form.Set("proof_code", p.Code(p.HelpDesk))
	if a := desk.Post(accountPath(p.Clerk), form); a.Status != http.StatusSeeOther {
		t.Errorf("with the proof: %d", a.Status)
	}
}

// suspicious makes the clerk sign in from two networks, and lets the rules look.
func suspicious(t *testing.T, p *portal.Portal) watch.Case {
	t.Helper()
	must(t, p.Watch.HandleRules(t.Context(), job.Job{}))
	for _, address := range []string{"192.0.2.1", "198.51.100.2"} {
		p.Clock.Advance(time.Second)
		_, who, err := p.Accounts.SignIn(t.Context(), account.Attempt{Username: p.Clerk.Username, Password: portal.Password, Address: address})
		must(t, err)
		prove(t, p, who.Session)
	}
	p.Clock.Advance(time.Second)
	must(t, p.Watch.HandleRules(t.Context(), job.Job{}))
	all, err := p.Watch.List(t.Context(), p.Privacy.Actor, watch.Open)
	must(t, err)
	if len(all) != 1 || !all[0].Suspended {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

func TestIncidentsFromSuspicionToTheWayBack(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LookUp(p.Clerk, p.Eleanor)
		clerk := p.SignedIn(t, p.Clerk)
		k := suspicious(t, p)
		if a := clerk.Get("/members"); a.Status != http.StatusSeeOther {
			t.Errorf("the suspended session: %d", a.Status)
		}
		if a := p.Browser(t).FirstStep(p.Clerk, ""); !strings.Contains(a.Text(), "Call the HelpDesk") {
			t.Errorf("the answer to the user says not whom to call: %s", a.Text())
		}
		path := "/plan/incidents/" + string(k.ID)
		desk, privacy := p.SignedIn(t, p.HelpDesk), p.SignedIn(t, p.Privacy)
		list := desk.Get("/plan/incidents")
		page := desk.Get(path)
		for _, want := range []string{"192.0.2.1", "Account suspended", "HelpDesk told by mail", "Ask one of them"} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("the HelpDesk's page lacks %q", want)
			}
		}
		for what, a := range map[string]portal.Answer{"list": list, "page": page, "file": desk.Get(accountPath(p.Clerk)), "rules": desk.Get("/plan/incidents/rules")} {
			if bad := faultsOf(a.Body); bad != nil || a.Status != http.StatusOK {
				t.Errorf("%s: %d %v", what, a.Status, bad)
			}
			if strings.Contains(a.Body, "Eleanor") || strings.Contains(a.Body, p.Eleanor.Number) {
				t.Errorf("%s: a member is on the HelpDesk's page", what)
			}
		}
		if a := desk.Get(path + "/opened"); a.Status != http.StatusForbidden {
			t.Errorf("what was opened, for the HelpDesk: %d", a.Status)
		}
		if a := desk.Post(path, url.Values{"outcome": {"mistake"}, "reason": {"it was her"}}); a.Status != http.StatusForbidden {
			t.Errorf("a review by the HelpDesk: %d", a.Status)
		}
		opened := privacy.Get(path + "/opened")
		if opened.Status != http.StatusOK || !strings.Contains(opened.Text(), "Members 1") || strings.Contains(opened.Body, "Eleanor") || faultsOf(opened.Body) != nil {
			t.Errorf("what was opened: %d %s %v", opened.Status, opened.Text(), faultsOf(opened.Body))
		}
		if a := privacy.Post(path, url.Values{"outcome": {"misuse"}, "reason": {"x"}, "reinstate": {"yes"}}); a.Status != http.StatusUnprocessableEntity || faultsOf(a.Body) != nil {
			t.Errorf("a bad review: %d %v", a.Status, faultsOf(a.Body))
		}
		a := privacy.Post(path, url.Values{"outcome": {"mistake"}, "reason": {"Phone and desk <b>PC</b>, she says"}, "reinstate": {"yes"}})
		if a.Location != "/plan/incidents?done=reviewed" {
			t.Fatalf("%d to %q %s", a.Status, a.Location, a.Text())
		}
		reviewed := privacy.Get("/plan/incidents?show=reviewed")
		if !strings.Contains(reviewed.Text(), "Mistake") || faultsOf(reviewed.Body) != nil {
			t.Error("the reviewed incident is not in the list")
		}
		if a := privacy.Get(path); !strings.Contains(a.Body, "&lt;b&gt;PC") || !strings.Contains(a.Text(), "Account reinstated") {
			t.Error("the review is not in the incident")
		}
		if a := clerk.SignIn(p.Clerk, "/members"); a.Location != "/members" || clerk.Get("/members").Status != http.StatusOK {
			t.Errorf("after it was given back: %d to %q", a.Status, a.Location)
		}
		if a := privacy.Post(path, url.Values{"outcome": {"mistake"}, "reason": {"again"}}); a.Status != http.StatusConflict {
			t.Errorf("reviewed twice: %d", a.Status)
		}
		for _, bad := range []string{"/plan/incidents/x", "/plan/incidents/" + string(id.New[watch.ID](p.Clock.Now()))} {
			if a := privacy.Get(bad); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", bad, a.Status)
			}
		}
	})
}

func TestTuningARuleOnItsPage(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		security := p.Create(account.NewPerson{Username: "sol.secure", Name: "Sol Secure", Side: access.Plan, Roles: []access.Role{access.SecurityOfficer}})
		p.Accept(security)
		b := p.SignedIn(t, security)
		page := b.Get("/plan/incidents/rules")
		if bad := faultsOf(page.Body); bad != nil || !strings.Contains(page.Text(), "networks, not places on a map") {
			t.Errorf("%d %v", page.Status, bad)
		}
		form := url.Values{"rule": {string(watch.LookUps)}, "version": {"0"}, "enabled": {"yes"}, "most": {"many"}, "minutes": {"60"}, "reason": {"quiet"}}
		a := b.Post("/plan/incidents/rules", form)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="many"`) || !strings.Contains(a.Body, `href="#f-rule-4-most"`) || faultsOf(a.Body) != nil {
			t.Errorf("%d %v", a.Status, faultsOf(a.Body))
		}
		form.Set("most", "1,500")
		form.Set("minutes", "0")
		if a := b.Post("/plan/incidents/rules", form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "1 to 1440") {
			t.Errorf("%d", a.Status)
		}
		form.Set("minutes", "30")
		if a := b.Post("/plan/incidents/rules", form); a.Location != "/plan/incidents/rules?done=tuned" {
			t.Fatalf("%d to %q %s", a.Status, a.Location, a.Text())
		}
		text := b.Get("/plan/incidents/rules").Text()
		for _, want := range []string{"more than 1500 different members, 30 minutes", "opens an incident only", "Sol Secure", "quiet"} {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q", want)
			}
		}
		if a := b.Post("/plan/incidents/rules", form); a.Status != http.StatusConflict {
			t.Errorf("from an old page: %d", a.Status)
		}
		if a := p.SignedIn(t, p.HelpDesk).Get("/plan/incidents/rules"); strings.Contains(a.Body, `name="most"`) {
			t.Error("the HelpDesk is offered the form")
		}
	})
}

func TestABannerAfterALongTime(t *testing.T) {
	p := portal.SQLite(t)
	p.SignedIn(t, p.Clerk)
	p.Clock.Advance(61 * 24 * time.Hour)
	if a := p.SignedIn(t, p.Clerk).Get("/account"); !strings.Contains(a.Text(), "had not signed in for 61 days") {
		t.Error("no banner")
	}
	if a := p.SignedIn(t, p.Clerk).Get("/account"); strings.Contains(a.Text(), "had not signed in for") {
		t.Error("a banner after a short time")
	}
}

// prove marks a session as opened with both factors.
func prove(t *testing.T, p *portal.Portal, session id.Session) {
	t.Helper()
	must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("update account_session set proven_us = $1, strong_us = $2 where id = $3", db.Micros(tx.Now), db.Micros(tx.Now), string(session))
		return err
	}))
}
