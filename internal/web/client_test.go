package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/db"
	"hsconnect/internal/portaltest/portal"
)

var secretOnPage = regexp.MustCompile(`[A-Za-z0-9_-]{43}`)

// asProgram sends a form as a program does: without Origin.
func asProgram(b *portal.Browser, form url.Values, user, password string) portal.Answer {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if user != "" {
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
	}
	return b.Send(http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()), header)
}

func bearer(b *portal.Browser, token string) portal.Answer {
	return b.Send(http.MethodGet, "/api/whoami", nil, http.Header{"Authorization": {"Bearer " + token}})
}

func jsonOf(t *testing.T, a portal.Answer) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %.300s", a.Status, a.Header, a.Body)
	}
	return out
}

func grant() url.Values { return url.Values{"grant_type": {"client_credentials"}} }

// program registers a program through the page and gives its id and secret.
func program(t *testing.T, b *portal.Browser) (id, secret string) {
	t.Helper()
	a := b.Post("/office/programs", url.Values{"name": {"Zoë’s <b>scheduler</b>"}, "role": {"requester"}})
	words{"It is shown this once", "Zoë’s <b>scheduler</b>", "/oauth/token"}.in(t, "the secret", a, 200)
	id = regexp.MustCompile(`/office/programs/([0-9a-z]{26})`).FindStringSubmatch(a.Body)[1]
	secret = secretOnPage.FindString(a.Text())
	if secret == "" {
		t.Fatal(a.Text())
	}
	return id, secret
}

// acceptFor accepts the agreement for a program through the page.
func acceptFor(t *testing.T, b *portal.Browser, id string) {
	t.Helper()
	page := b.Get("/office/programs/" + id + "/agreement")
	words{"Agreement for Zoë’s <b>scheduler</b>", "Your decision for the program"}.in(t, "the agreement", page, 200)
	version, _ := page.Field("version")
	sum, _ := page.Field("sha256")
	form := url.Values{"version": {version}, "sha256": {sum}}
	words{"Tick the box"}.in(t, "without the tick", b.Post("/office/programs/"+id+"/agreement", form), 422)
	form.Set("agree", "yes")
	old := url.Values{"version": {"01jdbq3h6m2t9v8x7c5b4a3z21"}, "sha256": form["sha256"], "agree": {"yes"}}
	words{"has changed while you were reading"}.in(t, "an old version", b.Post("/office/programs/"+id+"/agreement", old), 409)
	if a := b.Post("/office/programs/"+id+"/agreement", form); a.Location != "/office/programs/"+id+"?done=accepted" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
}

func TestAProgramFromRegistrationToItsEnd(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		office, staff, machine := p.SignedIn(t, p.Admin), p.SignedIn(t, p.HelpDesk), p.Browser(t)
		if a := office.Get("/office"); !strings.Contains(a.Body, `href="/office/programs"`) {
			t.Error("no link from the office's people")
		}
		if a := staff.Get("/plan/accounts"); !strings.Contains(a.Body, `href="/plan/programs"`) {
			t.Error("no link from the accounts")
		}
		words{"No program yet", "Register a program"}.in(t, "programs", office.Get("/office/programs"), 200)
		words{"No program yet"}.in(t, "staff's programs", staff.Get("/plan/programs"), 200)
		words{"Name the program in 3 to 60 characters"}.in(t, "nothing", office.Post("/office/programs", url.Values{}), 422)
		id, secret := program(t, office)
		words{"had a program of this name"}.in(t, "sent twice", office.Post("/office/programs", url.Values{"name": {"Zoë’s <b>scheduler</b>"}, "role": {"viewer"}}), 422)

		got := jsonOf(t, asProgram(machine, grant(), id, secret))
		token, _ := got["access_token"].(string)
		if got["token_type"] != "Bearer" || got["expires_in"] != 300.0 || len(token) != 43 {
			t.Fatalf("%v", got)
		}
		if a := bearer(machine, token); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "agreement has to be accepted for this program first") {
			t.Errorf("before the agreement: %d %s", a.Status, a.Body)
		}
		words{"The agreement waits for you"}.in(t, "the program", office.Get("/office/programs/"+id), 200)
		acceptFor(t, office, id)
		words{"The agreement is accepted", "See and send requests"}.in(t, "accepted", office.Get("/office/programs/"+id+"?done=accepted"), 200)
		me := jsonOf(t, bearer(machine, token))
		if len(me) != 3 || me["organization"] != p.Office.Name || me["name"] != "Zoë’s <b>scheduler</b>" || me["roles"].([]any)[0] != "requester" {
			t.Errorf("%v", me)
		}

		a := office.Post("/office/programs/"+id+"/secret", nil)
		words{"It is shown this once"}.in(t, "a new secret", a, 200)
		if a := bearer(machine, token); a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("the old token: %d", a.Status)
		}
		secret = secretOnPage.FindString(a.Text())
		token, _ = jsonOf(t, asProgram(machine, grant(), id, secret))["access_token"].(string)

		words{"Give the reason"}.in(t, "no reason", staff.Post("/plan/programs/"+id+"/suspend", url.Values{}), 422)
		if a := staff.Post("/plan/programs/"+id+"/suspend", url.Values{"suspend-reason": {"asks <i>too</i> much"}}); a.Location != "/plan/programs?done=suspended" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"The program is suspended", "asks <i>too</i> much", p.Office.Name}.in(t, "staff's list", staff.Get("/plan/programs?done=suspended"), 200)
		words{"Reinstate it", "Cancel it", "asks <i>too</i> much"}.in(t, "staff's page", staff.Get("/plan/programs/"+id), 200)
		words{"Suspended", "by the plan’s staff"}.in(t, "the office's page", office.Get("/office/programs/"+id), 200)
		if a := bearer(machine, token); a.Status != http.StatusUnauthorized {
			t.Errorf("suspended: %d", a.Status)
		}
		if a := asProgram(machine, grant(), id, secret); a.Status != http.StatusUnauthorized {
			t.Errorf("suspended: %d", a.Status)
		}
		for _, step := range []struct{ b, path, field, to string }{
			{"staff", "/plan/programs/" + id + "/reinstate", "reinstate-reason", "/plan/programs?done=reinstated"},
			{"office", "/office/programs/" + id + "/end", "end-reason", "/office/programs?done=ended"},
		} {
			b := map[string]*portal.Browser{"staff": staff, "office": office}[step.b]
			words{"Give the reason"}.in(t, step.path, b.Post(step.path, url.Values{}), 422)
			if a := b.Post(step.path, url.Values{step.field: {"because"}}); a.Location != step.to {
				t.Errorf("%s: %d %s", step.path, a.Status, a.Text())
			}
		}
		if a := staff.Post("/plan/programs/"+id+"/cancel", url.Values{"cancel-reason": {"because"}}); a.Status != http.StatusConflict {
			t.Errorf("cancelling an ended one: %d", a.Status)
		}
		words{"Ended", "by its organization"}.in(t, "ended", office.Get("/office/programs/"+id), 200)
		for _, s := range []string{secret, token} {
			if strings.Contains(p.Log.String(), s) || strings.Contains(office.Get("/office/programs/"+id).Body, s) {
				t.Error("a secret stands in the log or on a page")
			}
		}
	})
}

// What a program may get wrong has its word of RFC 6749.
func TestTheTokenAddressAnswersProgramsInTheirWords(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		id, secret := program(t, p.SignedIn(t, p.Admin))
		b := p.Browser(t)
		body := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
		if a := asProgram(b, body, "", ""); a.Status != http.StatusOK {
			t.Errorf("in the body: %d %s", a.Status, a.Body)
		}
		if a := b.Send(http.MethodPost, "/oauth/token", strings.NewReader(body.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://evil.example"}}); a.Status != http.StatusForbidden {
			t.Errorf("from a page of another site: %d", a.Status)
		}
		other := "01jdbq3h6m2t9v8x7c5b4a3z21"
		for what, c := range map[string]struct {
			form           url.Values
			user, password string
			status         int
			word           string
		}{
			"nothing":        {url.Values{}, "", "", 400, "invalid_request"},
			"another grant":  {url.Values{"grant_type": {"password"}}, id, secret, 400, "unsupported_grant_type"},
			"twice":          {url.Values{"grant_type": {"client_credentials", "client_credentials"}}, id, secret, 400, "invalid_request"},
			"a scope":        {url.Values{"grant_type": {"client_credentials"}, "scope": {"system/*.*"}}, id, secret, 400, "invalid_scope"},
			"two ways":       {body, id, secret, 400, "invalid_request"},
			"two ids":        {url.Values{"grant_type": {"client_credentials"}, "client_id": {other}}, id, secret, 400, "invalid_request"},
			"no key":         {grant(), "", "", 401, "invalid_client"},
			"a wrong secret": {grant(), id, secret[1:] + "x", 401, "invalid_client"},
			"an unknown id":  {grant(), other, secret, 401, "invalid_client"},
			"a hostile id":   {grant(), "' or 1=1 --", "%zz\x00", 401, "invalid_client"},
		} {
			a := asProgram(b, c.form, c.user, c.password)
			if got := jsonOf(t, a); a.Status != c.status || got["error"] != c.word || got["error_description"] == "" {
				t.Errorf("%s: %d %v", what, a.Status, got)
			}
			if a.Status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic") {
				t.Errorf("%s: %v", what, a.Header)
			}
		}
		for what, header := range map[string]http.Header{"none": {}, "basic": {"Authorization": {"Basic xyz"}}, "empty": {"Authorization": {"Bearer "}}, "made up": {"Authorization": {"Bearer " + secret}}} {
			if a := b.Send(http.MethodGet, "/api/whoami", nil, header); a.Status != http.StatusUnauthorized || strings.Contains(a.Body, "<html") {
				t.Errorf("whoami, %s: %d", what, a.Status)
			}
		}
		if a := p.SignedIn(t, p.Clerk).Get("/api/whoami"); a.Status != http.StatusUnauthorized {
			t.Errorf("a person's session counts: %d", a.Status)
		}
		last := portal.Answer{}
		for range 12 {
			last = asProgram(b, grant(), id, "wrong")
		}
		if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
			t.Errorf("too often: %d %s", last.Status, last.Body)
		}
		p.Clock.Advance(time.Minute)
		if a := asProgram(b, grant(), id, secret); a.Status != http.StatusOK {
			t.Errorf("a minute later: %d %s", a.Status, a.Body)
		}
	})
}

func TestProgramsArePrivateToTheirOfficeAndAskForAFreshProof(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		office, machine := p.SignedIn(t, p.Admin), p.Browser(t)
		id, secret := program(t, office)
		acceptFor(t, office, id)
		stranger := p.Create(account.NewPerson{Username: "other.admin", Name: "Other Admin", Side: access.Office, Org: p.Other.ID, OrgName: p.Other.Name, OrgTIN: p.Other.TIN, Roles: p.Admin.Actor.Roles})
		p.Accept(stranger)
		b := p.SignedIn(t, stranger)
		if strings.Contains(b.Get("/office/programs").Body, "scheduler") {
			t.Error("another office's program is listed")
		}
		for _, path := range []string{"", "/agreement"} {
			real, none := b.Get("/office/programs/"+id+path), b.Get("/office/programs/01jdbq3h6m2t9v8x7c5b4a3z21"+path)
			if real.Status != http.StatusNotFound || real.Text() != none.Text() {
				t.Errorf("%s: %d", path, real.Status)
			}
		}
		for _, path := range []string{"/secret", "/end", "/agreement"} {
			if a := b.Post("/office/programs/"+id+path, url.Values{"end-reason": {"because"}, "agree": {"yes"}}); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		staff := p.SignedIn(t, p.HelpDesk)
		p.Clock.Advance(account.StrongFor + time.Second)
		token, _ := jsonOf(t, asProgram(machine, grant(), id, secret))["access_token"].(string)
		for path, who := range map[string]*portal.Browser{
			"/office/programs": office, "/office/programs/" + id + "/secret": office, "/office/programs/" + id + "/end": office, "/office/programs/" + id + "/agreement": office,
			"/plan/programs/" + id + "/suspend": staff, "/plan/programs/" + id + "/cancel": staff, "/plan/programs/" + id + "/reinstate": staff,
		} {
			form := url.Values{"name": {"Another"}, "role": {"viewer"}, "end-reason": {"because"}, "suspend-reason": {"because"}, "cancel-reason": {"because"}}
			if a := who.Post(path, form); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Prove that it is you") {
				t.Errorf("%s without a fresh proof: %d to %q", path, a.Status, a.Location)
			}
		}
		if a := bearer(machine, token); a.Status != http.StatusOK {
			t.Errorf("something was done without a proof: %d", a.Status)
		}
	})
}

func TestAnOrganizationsEndAndANewAgreementStopItsPrograms(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		office, machine := p.SignedIn(t, p.Admin), p.Browser(t)
		id, secret := program(t, office)
		acceptFor(t, office, id)
		token, _ := jsonOf(t, asProgram(machine, grant(), id, secret))["access_token"].(string)
		_, err := p.Agreements.Publish(t.Context(), portal.Operator(), agreement.Draft{Title: "User Agreement",
			Markdown: "## One\n\nNew words {{plan}} {{helpdesk_phone}} {{helpdesk_email}} {{helpdesk_address}} {{effective}}\n"})
		must(t, err)
		if a := bearer(machine, token); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "agreement") {
			t.Errorf("a new version: %d %s", a.Status, a.Body)
		}
		must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
			return account.SetStanding(tx, p.PlanAdmin.Actor, p.Office.ID, account.Standing{Suspended: true, Reason: "left the network"})
		}))
		if a := bearer(machine, token); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "not open") {
			t.Errorf("a suspended organization: %d %s", a.Status, a.Body)
		}
	})
}
