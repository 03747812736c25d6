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
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/provider"
)

// sessionOf gives the session in which a person's only browser is.
func sessionOf(t *testing.T, p *portal.Portal, who portal.Person, browser int) string {
	t.Helper()
	me := who.Actor
	me.Session = "01jdbq3h6m2t9v8x7c5b4a3z21" // none of them
	all, err := p.Accounts.Sessions(t.Context(), me)
	if err != nil || len(all) <= browser {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	return string(all[browser].ID)
}

func TestBrowsersAreSignedOutOneByOneAndTogether(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		other := p.SignedIn(t, p.Clerk)
		id := sessionOf(t, p, p.Clerk, 0)
		p.Clock.Advance(time.Minute)
		b, strange := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Stranger)
		p.Browser(t).FirstStep(p.Clerk, "") // somebody with the password
		page := b.Get("/account/sessions")
		if !strings.Contains(page.Text(), "Password only: the second factor was not given") || !strings.Contains(page.Body, "/account/sessions/"+id+"/end") || faultsOf(page.Body) != nil {
			t.Errorf("the list: %v", faultsOf(page.Body))
		}
		path := "/account/sessions/" + id + "/end"
		for name, one := range map[string]struct {
			from *portal.Browser
			path string
		}{"somebody else's": {strange, path}, "nobody's": {b, "/account/sessions/01jdbq3h6m2t9v8x7c5b4a3z21/end"}, "malformed": {b, "/account/sessions/%00/end"}} {
			if a := one.from.Post(one.path, nil); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		if a := other.Get("/account"); a.Status != http.StatusOK {
			t.Fatalf("it ended: %d", a.Status)
		}
		a := b.Post(path, nil)
		if !strings.Contains(b.Follow(a).Text(), "That browser is signed out") {
			t.Errorf("ending one: %d to %q", a.Status, a.Location)
		}
		if a := other.Get("/account"); a.Status != http.StatusSeeOther {
			t.Errorf("the other one is signed in: %d", a.Status)
		}
		if a := b.Post(path, nil); a.Status != http.StatusNotFound || !strings.Contains(a.Text(), "signed out already") {
			t.Errorf("twice: %d", a.Status)
		}
		other = p.SignedIn(t, p.Clerk)
		for range 2 {
			a = b.Post("/account/sessions/others", nil)
			if !strings.Contains(b.Follow(a).Text(), "Every other browser is signed out") {
				t.Errorf("the others: %d to %q", a.Status, a.Location)
			}
		}
		if a := other.Get("/account"); a.Status != http.StatusSeeOther {
			t.Errorf("another one is signed in: %d", a.Status)
		}
		if a := strange.Get("/account"); a.Status != http.StatusOK {
			t.Errorf("the stranger was signed out: %d", a.Status)
		}
		a = b.Post("/account/sessions/"+sessionOf(t, p, p.Clerk, 0)+"/end", nil)
		if !strings.Contains(b.Follow(a).Text(), "You are signed out") || len(b.Cookies()) != 0 {
			t.Errorf("this one: %d to %q", a.Status, a.Location)
		}
	})
}

func TestLeaving(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, elsewhere := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Clerk)
		for _, word := range []string{"", "yes", "<b>leave</b>"} {
			a := b.Post("/account/leave", url.Values{"word": {word}})
			if kept, _ := a.Field("word"); a.Status != http.StatusUnprocessableEntity || kept != word || faultsOf(a.Body) != nil {
				t.Errorf("%q: %d, kept %q, %v", word, a.Status, kept, faultsOf(a.Body))
			}
		}
		a := b.Post("/account/leave", url.Values{"word": {" Leave "}})
		page := b.Follow(a)
		if a.Location != "/account/goodbye" || !strings.Contains(page.Text(), "Your account is closed") || faultsOf(page.Body) != nil || len(b.Cookies()) != 0 {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		for name, one := range map[string]*portal.Browser{"this browser": b, "another": elsewhere} {
			if a := one.Post("/account/leave", url.Values{"word": {"leave"}}); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/login") {
				t.Errorf("%s again: %d to %q", name, a.Status, a.Location)
			}
		}
		if a := p.Browser(t).FirstStep(p.Clerk, ""); !strings.Contains(a.Text(), "This account is closed") {
			t.Errorf("signing in: %d", a.Status)
		}
	})
}

// The agreement may be declined for good: leaving needs no acceptance.
func TestLeavingWithoutTheAgreement(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Fresh)
		if a := b.Get("/account/leave"); a.Status != http.StatusOK || strings.Contains(a.Body, `href="/members"`) {
			t.Errorf("the page: %d", a.Status)
		}
		if a := b.Post("/account/leave", url.Values{"word": {"leave"}}); a.Location != "/account/goodbye" {
			t.Errorf("leaving: %d to %q", a.Status, a.Location)
		}
	})
}

func TestTheLastAdministratorIsToldWhatComesFirst(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Admin)
		page := b.Get("/account/leave")
		if !strings.Contains(page.Text(), "last local administrator of Riverside Cardiology") || !strings.Contains(page.Body, `href="/office/handover"`) ||
			strings.Contains(page.Body, `name="word"`) || faultsOf(page.Body) != nil {
			t.Errorf("%d, %v\n%s", page.Status, faultsOf(page.Body), page.Text())
		}
		a := b.Post("/account/leave", url.Values{"word": {"leave"}})
		if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Make a colleague local administrator first") || faultsOf(a.Body) != nil {
			t.Errorf("all the same: %d", a.Status)
		}
		if a := b.Get("/account"); a.Status != http.StatusOK {
			t.Errorf("she left: %d", a.Status)
		}
	})
}

func TestWorkingForAnotherOrganization(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		const link = `href="/account/organizations">Switch`
		if strings.Contains(b.Get("/members").Body, link) {
			t.Error("one organization can be switched")
		}
		must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
			hostile := p.Facility
			hostile.Name = "<i>Lakeside</i> مركز"
			for _, o := range []provider.Organization{p.Other, hostile} {
				err := account.Give(tx, p.PlanAdmin.Actor, p.Clerk.Actor.Person, o.ID, o.Name, o.TIN, account.Grant{Roles: []access.Role{access.Viewer}}, "")
				if err != nil {
					return err
				}
			}
			return account.SetStanding(tx, p.PlanAdmin.Actor, p.Facility.ID, account.Standing{Suspended: true, Reason: "under review"})
		}))
		if !strings.Contains(b.Get("/members").Body, link) {
			t.Error("the header does not lead to the choice")
		}
		page := b.Get("/account/organizations")
		for _, want := range []string{"You work for it now", "Work for this organization", "The organization is suspended", "<i>Lakeside</i> مركز", "never"} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("the list lacks %q", want)
			}
		}
		if faultsOf(page.Body) != nil || strings.Count(page.Body, "Work for this organization") != 1 {
			t.Errorf("%v", faultsOf(page.Body))
		}
		for org, status := range map[string]int{"": 404, "nonsense": 404, "01jdbq3h6m2t9v8x7c5b4a3z21": 404, string(p.Facility.ID): 403} {
			if a := b.Post("/account/organizations", url.Values{"org": {org}}); a.Status != status {
				t.Errorf("%q: %d", org, a.Status)
			}
		}
		if a := p.SignedIn(t, p.Stranger).Post("/account/organizations", url.Values{"org": {string(p.Office.ID)}}); a.Status != http.StatusNotFound {
			t.Errorf("a stranger: %d", a.Status)
		}
		for range 2 {
			a := b.Post("/account/organizations", url.Values{"org": {string(p.Other.ID)}})
			if a.Location != "/" {
				t.Fatalf("switching: %d", a.Status)
			}
		}
		home := b.Get("/account")
		if !strings.Contains(home.Text(), "Acting for Hillside Family Practice") || !strings.Contains(home.Text(), "Viewer") {
			t.Error("the session does not act for it")
		}
		if a := b.Get("/authorizations/new"); a.Status != http.StatusForbidden {
			t.Errorf("with the roles of the other organization: %d", a.Status)
		}
	})
}

func TestALeavingOrganizationsPeopleAreTold(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, plan := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Nurse)
		const banner = "Your organization is leaving the portal: you can look, and change nothing."
		must(t, p.DB.Update(t.Context(), func(tx *db.Tx) error {
			return account.SetStanding(tx, p.PlanAdmin.Actor, p.Office.ID, account.Standing{ViewOnly: tx.Now.Add(5 * time.Minute), Closes: tx.Now.Add(time.Hour), Reason: "leaves the network"})
		}))
		if strings.Contains(b.Get("/members").Text(), banner) {
			t.Error("told too early")
		}
		p.Clock.Advance(5 * time.Minute)
		for _, path := range []string{"/", "/members", "/account", "/authorizations", "/no/such/page"} {
			if a := b.Get(path); !strings.Contains(a.Text(), banner) {
				t.Errorf("%s does not tell", path)
			}
		}
		if a := b.Get("/authorizations/new"); a.Status != http.StatusForbidden {
			t.Errorf("a request may be written: %d", a.Status)
		}
		if text := b.Get("/account/organizations").Text(); !strings.Contains(text, "Open, to look only") || !strings.Contains(text, "it closes") {
			t.Error("the list does not say so")
		}
		if strings.Contains(plan.Get("/account").Text(), banner) {
			t.Error("the plan's own people are told")
		}
	})
}

func TestThePlansPeopleSeeTheirAccount(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Nurse)
		a := b.Get("/account")
		if !strings.Contains(a.Text(), "The plan’s administrators") || strings.Contains(a.Body, "/office/administrators") || strings.Contains(a.Body, `href="/account/organizations"`) || faultsOf(a.Body) != nil {
			t.Errorf("%d, %v", a.Status, faultsOf(a.Body))
		}
		for _, path := range []string{"/account/security", "/account/security/app", "/account/sessions", "/account/leave"} {
			if a := b.Get(path); a.Status != http.StatusOK || faultsOf(a.Body) != nil {
				t.Errorf("%s: %d, %v", path, a.Status, faultsOf(a.Body))
			}
		}
	})
}
