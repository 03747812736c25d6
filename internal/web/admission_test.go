package web_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
	"hsconnect/internal/portaltest/portal"
)

// mailed gives the newest message to an address.
func mailed(t *testing.T, p *portal.Portal, address string) mail.Message {
	t.Helper()
	var found mail.Message
	must(t, p.DB.View(t.Context(), func(tx *db.Tx) error {
		all, err := db.Collect(func(r *sql.Rows) (m mail.Message, err error) {
			var payload []byte
			err = r.Scan(&payload)
			if err != nil {
				return m, err
			}
			return m, json.Unmarshal(payload, &m)
		})(tx.Rows("select payload from job where kind = $1 order by at_us", mail.Job))
		for _, m := range all {
			if m.Address == address {
				found = m
			}
		}
		return err
	}))
	return found
}

// pathIn gives the page that a mail links to.
func pathIn(t *testing.T, p *portal.Portal, address string) string {
	t.Helper()
	path, ok := strings.CutPrefix(mailed(t, p, address).Link, portal.Site)
	if !ok {
		t.Fatalf("no link to the portal in a mail to %s", address)
	}
	return path
}

// wellMade looks for what a screen reader or the content policy would trip
// over: one heading, no id twice, a name for every control, nothing inline.
func wellMade(t *testing.T, what string, a portal.Answer) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.Body))
	must(t, err)
	ids, labels, h1 := map[string]int{}, map[string]bool{}, 0
	var controls []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, x := range n.Attr {
			at[x.Key] = x.Val
			if x.Key == "style" || strings.HasPrefix(x.Key, "on") {
				t.Errorf("%s: %s in %s", what, x.Key, n.Data)
			}
		}
		if at["id"] != "" {
			ids[at["id"]]++
		}
		switch {
		case n.Data == "h1":
			h1++
		case n.Data == "label":
			labels[at["for"]] = true
		case (n.Data == "input" || n.Data == "select" || n.Data == "textarea") && at["type"] != "hidden":
			controls = append(controls, at["id"])
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %s stands %d times", what, id, n)
		}
	}
	for _, c := range controls {
		if !labels[c] {
			t.Errorf("%s: control %s has no label", what, c)
		}
	}
	if h1 != 1 {
		t.Errorf("%s: %d h1", what, h1)
	}
}

func (a words) in(t *testing.T, what string, got portal.Answer, status int) {
	t.Helper()
	if got.Status != status {
		t.Errorf("%s: %d to %q, want %d\n%.600s", what, got.Status, got.Location, status, got.Text())
	}
	text := got.Text()
	for _, w := range a {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q", what, w)
		}
	}
	if got.Status == http.StatusOK || got.Status == http.StatusUnprocessableEntity {
		wellMade(t, what, got)
	}
}

// words are words of a page.
type words []string

func inviteForm() url.Values {
	return url.Values{"name": {"Zoë <b>Núñez</b>"}, "email": {"zoe@office.example"}, "roles": {string(access.Requester)}}
}

func TestInvitingThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Admin)
		words{"People of Riverside Cardiology", "Dana Okafor", "You are the only local administrator"}.in(t, "office", b.Get("/office"), 200)
		words{"Invite somebody", "Li Wei", "manages the office"}.in(t, "invite", b.Get("/office/invite"), 200)
		words{"Choose at least one role", "Enter the person's full name", "Enter one e-mail address"}.in(t, "an empty invitation", b.Post("/office/invite", url.Values{}), 422)
		a := b.Post("/office/invite", inviteForm())
		if a.Location != "/office?done=invited" {
			t.Fatalf("%d %q %s", a.Status, a.Location, a.Text())
		}
		a = b.Follow(a)
		words{"The invitation is on its way", "Zoë <b>Núñez</b>", "zoe@office.example"}.in(t, "office", a, 200)
		first := pathIn(t, p, "zoe@office.example")
		if strings.Contains(a.Body, strings.TrimPrefix(first, "/invite/")) {
			t.Error("the secret stands on a page")
		}
		_, rest, _ := strings.Cut(a.Body, "/office/invitations/")
		which, _, _ := strings.Cut(rest, "/")
		p.Clock.Advance(time.Second)
		if a = b.Post("/office/invitations/"+which+"/resend", nil); a.Location != "/office?done=resent" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		stranger := p.Browser(t)
		words{"does not work"}.in(t, "the first link", stranger.Get(first), 404)
		path := pathIn(t, p, "zoe@office.example")
		words{"does not work"}.in(t, "a guess", stranger.Get(path[:len(path)-1]), 404)
		a = stranger.Get(path)
		words{"Your invitation", "Riverside Cardiology", "Rosa Adler", "Make your account"}.in(t, "the link", a, 200)
		if a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Error("the link's secret may be told to the next address")
		}
		form := url.Values{"name": {"Zoë Núñez"}, "username": {"dana.okafor"}, "password": {portal.Password}, "again": {portal.Password + "x"}}
		words{"not the same"}.in(t, "two passwords", stranger.Post(path, form), 422)
		form.Set("again", portal.Password)
		a = stranger.Post(path, form)
		words{"Is taken"}.in(t, "a taken name", a, 422)
		if strings.Contains(a.Body, portal.Password) {
			t.Error("the password comes back")
		}
		form.Set("username", "zoe.nunez")
		a = stranger.Post(path, form)
		if a.Location != "/invite/accepted" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Your account is made"}.in(t, "done", stranger.Follow(a), 200)
		words{"does not work"}.in(t, "a second time", stranger.Post(path, form), 404)
		if a = stranger.Post("/login", url.Values{"username": {"zoe.nunez"}, "password": {portal.Password}}); a.Status != 303 {
			t.Errorf("sign-in: %d", a.Status)
		}
		if log := p.Log.String(); strings.Contains(log, strings.TrimPrefix(path, "/invite/")) || strings.Contains(log, "zoe@office") {
			t.Error("the log holds a secret or an address")
		}
	})
}

func TestAcceptingWithTheAccountThereIs(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Admin)
	b.Post("/office/invite", inviteForm())
	path := pathIn(t, p, "zoe@office.example")
	half := p.Browser(t)
	half.FirstStep(p.Stranger, "")
	a := half.Post(path, url.Values{"as": {"yes"}})
	if a.Status == 303 && a.Location == "/invite/accepted" {
		t.Fatal("accepted with a password alone")
	}
	if a = p.Browser(t).Post(path, url.Values{"as": {"yes"}}); a.Location == "/invite/accepted" {
		t.Fatal("accepted by nobody")
	}
	other := p.SignedIn(t, p.Stranger)
	words{"Sam Elsewhere", "Accept it with your account"}.in(t, "the link", other.Get(path), 200)
	a = other.Post(path, url.Values{"as": {"yes"}})
	if a.Location != "/invite/accepted" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	words{"one more organization"}.in(t, "done", other.Follow(a), 200)
	words{"Sam Elsewhere"}.in(t, "office", b.Get("/office"), 200)
}

func TestRegisteringThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		must(t, setEmail(p, p.Admin, "rosa@office.example"))
		b := p.Browser(t)
		words{"Ask for an account"}.in(t, "register", b.Get("/register"), 200)
		words{"nine digits", "ten digits", "Enter the person's full name", "Choose the role"}.in(t, "an empty form", b.Post("/register", url.Values{}), 422)
		form := url.Values{"tin": {"12-3456789"}, "npi": {string(p.Office.NPI)}, "name": {"Ngọc Trần"}, "email": {"ngoc@mail.example"}, "username": {"ngoc.tran"},
			"password": {portal.Password}, "again": {portal.Password}, "role": {string(access.Viewer)}}
		a := b.Post("/register", form)
		if a.Location != "/register/sent" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Look into your mail"}.in(t, "sent", b.Follow(a), 200)
		unknown := url.Values{}
		for k, v := range form {
			unknown[k] = v
		}
		unknown.Set("npi", string(p.Other.NPI))
		unknown.Set("email", "other@mail.example")
		if got := b.Post("/register", unknown); got.Status != a.Status || got.Location != a.Location || got.Body != a.Body {
			t.Error("an organization that there is not gets another answer")
		}
		path := pathIn(t, p, "ngoc@mail.example")
		words{"Confirm your e-mail address", "ngoc@mail.example"}.in(t, "confirm", b.Get(path), 200)
		a = b.Post(path, url.Values{"username": {"ngoc.tran"}})
		if a.Location != "/register/confirmed" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Your e-mail address is confirmed"}.in(t, "confirmed", b.Follow(a), 200)
		words{"does not work"}.in(t, "confirmed twice", b.Post(path, nil), 404)
		if mailed(t, p, "rosa@office.example").Kind != "registration waiting" {
			t.Error("the administrator was not told")
		}
		admin := p.SignedIn(t, p.Admin)
		a = admin.Get("/office")
		words{"Registrations that wait for you", "Ngọc Trần"}.in(t, "office", a, 200)
		_, rest, _ := strings.Cut(a.Body, "/office/registrations/")
		which, _, _ := strings.Cut(rest, `"`)
		one := "/office/registrations/" + which
		words{"ngoc.tran", "Approve and open the account"}.in(t, "registration", admin.Get(one), 200)
		words{"Choose at least one role"}.in(t, "no role", admin.Post(one, url.Values{}), 422)
		words{"Give the reason"}.in(t, "no reason", admin.Post(one+"/refuse", url.Values{}), 422)
		if a = p.SignedIn(t, p.Clerk).Post(one, url.Values{"roles": {string(access.Viewer)}}); a.Status != 403 {
			t.Errorf("a requester: %d", a.Status)
		}
		if a = admin.Post(one, url.Values{"roles": {string(access.Viewer)}}); a.Location != "/office?done=approved" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if a = admin.Get(one); a.Status != 404 {
			t.Errorf("after it: %d", a.Status)
		}
	})
}

func setEmail(p *portal.Portal, who portal.Person, email string) error {
	return p.DB.Update(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec("update account_person set email = $1 where id = $2", email, string(who.Actor.Person))
		return err
	})
}

func TestAnOfficesPeopleThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Admin)
		clerk := p.SignedIn(t, p.Clerk)
		person := "/office/people/" + string(p.Clerk.Actor.Person)
		words{"Dana Okafor", "Change the access", "End the access"}.in(t, "person", b.Get(person), 200)
		if strings.Contains(clerk.Get("/").Body, `href="/office"`) || !strings.Contains(b.Get("/").Body, `href="/office"`) {
			t.Error("the navigation shows people to the wrong ones")
		}
		words{"Give the reason"}.in(t, "no reason", b.Post(person, url.Values{"roles": {string(access.Viewer)}}), 422)
		words{"Choose at least one role"}.in(t, "no role", b.Post(person, url.Values{"change-reason": {"because"}}), 422)
		words{"roles of an office"}.in(t, "a role of the plan", b.Post(person, url.Values{"roles": {string(access.PlanAdmin)}, "change-reason": {"because"}}), 422)
		a := b.Post(person, url.Values{"roles": {string(access.Viewer)}, "providers": {string(p.Requesting.NPI)}, "change-reason": {"at the desk now"}})
		if a.Location != "/office?done=changed" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if a = clerk.Get("/authorizations/new"); a.Status == 200 {
			t.Error("a viewer may still request")
		}
		words{"Nobody changes the own access"}.in(t, "herself", b.Get("/office/people/"+string(p.Admin.Actor.Person)), 200)
		if a = b.Post("/office/people/"+string(p.Admin.Actor.Person)+"/end", url.Values{"end-reason": {"because"}}); a.Status != 409 {
			t.Errorf("the last administrator ended herself: %d", a.Status)
		}
		if a = b.Get("/office/people/" + string(p.Stranger.Actor.Person)); a.Status != 404 {
			t.Errorf("another office's: %d", a.Status)
		}
		if a = b.Post(person+"/end", url.Values{"end-reason": {"left the office"}}); a.Location != "/office?done=ended" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if a = clerk.Get("/"); a.Status == 200 && strings.Contains(a.Text(), "Dana Okafor") {
			t.Error("her session goes on")
		}
		words{"This access has ended"}.in(t, "ended", b.Get(person), 200)

		viewer := p.SignedIn(t, p.Viewer)
		words{"Who controls your access", "Rosa Adler"}.in(t, "administrators", viewer.Get("/office/administrators"), 200)
		words{"10 to 1,000"}.in(t, "too short", viewer.Post("/office/administrators", url.Values{"text": {"help"}}), 422)
		if a = viewer.Post("/office/administrators", url.Values{"text": {"Rosa is leaving; I would do it."}}); a.Location != "/office/administrators?done=asked" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Choose the colleague"}.in(t, "to nobody", b.Post("/office/handover", url.Values{}), 422)
		words{"Vic Looker"}.in(t, "hand over", b.Get("/office/handover"), 200)
		if a = b.Post("/office/handover", url.Values{"person": {string(p.Viewer.Actor.Person)}}); a.Location != "/office/administrators" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if a = b.Get("/office"); a.Status != 403 {
			t.Errorf("after handing over: %d", a.Status)
		}
	})
}

func TestAChangeOfAccessAsksForAFreshProof(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Admin)
	p.Clock.Advance(11 * time.Minute)
	person := "/office/people/" + string(p.Clerk.Actor.Person)
	a := b.Post(person+"/end", url.Values{"end-reason": {"left the office"}})
	if a.Location != "" || !strings.Contains(a.Text(), "Prove that it is you") {
		t.Fatalf("%d %q %s", a.Status, a.Location, a.Text())
	}
	words{"End the access"}.in(t, "not yet ended", b.Get(person), 200)
	a = b.Post(person+"/end", url.Values{"end-reason": {"left the office"}, "proof_code": {p.Code(p.Admin)}})
	if a.Location != "/office?done=ended" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
}

func TestTheReviewThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Admin)
		words{"No review is open"}.in(t, "none", b.Get("/office/review"), 200)
		p.Clock.Advance(80 * 24 * time.Hour)
		must(t, p.Admission.Reviews(t.Context(), job.Job{}))
		p.SignedIn(t, p.Clerk)
		b = p.SignedIn(t, p.Admin)
		words{"Say who still needs the portal"}.in(t, "office", b.Get("/office"), 200)
		a := b.Get("/office/review")
		words{"Dana Okafor", "last used: never", "Your own access is kept"}.in(t, "review", a, 200)
		review, _ := a.Field("review")
		form := url.Values{"review": {review}, "person-" + string(p.Clerk.Actor.Person): {"keep"}}
		a = b.Post("/office/review", form)
		words{"Vic Looker: choose whether to keep or to end"}.in(t, "half an answer", a, 422)
		for _, who := range []portal.Person{p.Viewer, p.Clinician, p.Fresh} {
			form.Set("person-"+string(who.Actor.Person), "end")
		}
		if a = b.Post("/office/review", form); a.Location != "/office?done=reviewed" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		text := b.Get("/office").Text()
		if strings.Count(text, "not kept in the access review") != 3 || strings.Contains(text, "Say who still needs") {
			t.Errorf("%s", text)
		}
	})
}

func TestOrganizationsThroughThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		relations := p.Create(account.NewPerson{Username: "rob.relations", Name: "Rob Relations", Side: access.Plan, Roles: []access.Role{access.ProviderRelations}})
		p.Accept(relations)
		must(t, p.Admission.AskForAdministrator(t.Context(), p.Stranger.Actor, "We have nobody; I would do it. <i>Sam</i>"))
		b := p.SignedIn(t, relations)
		a := b.Get("/plan/organizations")
		words{"Riverside Cardiology", "none: invite one", "Offices that ask for an administrator", "<i>Sam</i>"}.in(t, "organizations", a, 200)
		if !strings.Contains(a.Body, `href="/plan/organizations"`) {
			t.Error("no item in the navigation")
		}
		_, rest, _ := strings.Cut(a.Body, "/plan/calls/")
		call, _, _ := strings.Cut(rest, "/")
		if a = b.Post("/plan/calls/"+call+"/settle", url.Values{"reason": {"told them on the phone"}}); a.Location != "/plan/organizations?done=settled" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		// One that nobody uses the portal for yet.
		words{"In the directory", "Lakeside Rehabilitation"}.in(t, "search", b.Get("/plan/organizations?name=lakes"), 200)
		lake := "/plan/organizations/" + string(p.Facility.NPI)
		words{"Lakeside Rehabilitation", "34-5678912", "Nobody yet"}.in(t, "by NPI", b.Get(lake), 200)
		words{"Enter one e-mail address"}.in(t, "an empty invitation", b.Post(lake+"/invite", url.Values{"name": {"Ana"}}), 422)
		if a = b.Post(lake+"/invite", url.Values{"name": {"Ana Souza"}, "email": {"ana@lake.example"}}); a.Location != lake+"?done=invited" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		stranger := p.Browser(t)
		form := url.Values{"name": {"Ana Souza"}, "username": {"ana.souza"}, "password": {portal.Password}, "again": {portal.Password}}
		if a = stranger.Post(pathIn(t, p, "ana@lake.example"), form); a.Location != "/invite/accepted" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"Ana Souza", "Local administrator"}.in(t, "by NPI", b.Get(lake), 200)

		river := "/plan/organizations/" + string(p.Office.ID)
		words{"Riverside Cardiology", "Dana Okafor", "Rosa Adler"}.in(t, "by reference", b.Get(river), 200)
		words{"Give the reason"}.in(t, "no reason", b.Post(river+"/suspend", url.Values{}), 422)
		words{"today or later"}.in(t, "a day that has passed", b.Post(river+"/leaving", url.Values{"viewonly": {"11/01/2026"}, "closes": {"12/31/2026"}, "leaving-reason": {"leaves"}}), 422)
		if a = b.Post(river+"/leaving", url.Values{"viewonly": {"12/01/2026"}, "closes": {"12/31/2026"}, "leaving-reason": {"leaves"}}); a.Location != river+"?done=leaving" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"From December 1, 2026"}.in(t, "leaving", b.Get(river), 200)
		clerk := p.SignedIn(t, p.Clerk)
		if a = b.Post(river+"/suspend", url.Values{"standing-reason": {"fraud is looked into"}}); a.Location != river+"?done=suspended" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if a = clerk.Get("/members"); a.Status == 200 {
			t.Error("its people go on")
		}
		if a = b.Post(river+"/reopen", url.Values{"standing-reason": {"nothing was found"}}); a.Location != river+"?done=reopened" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		viewer := river + "/people/" + string(p.Viewer.Actor.Person)
		words{"Vic Looker", "End the access"}.in(t, "a person", b.Get(viewer), 200)
		words{"Give the reason"}.in(t, "no reason", b.Post(viewer+"/end", url.Values{}), 422)
		if a = b.Get(river + "/people/" + string(p.Stranger.Actor.Person)); a.Status != 404 {
			t.Errorf("a person of another organization: %d", a.Status)
		}
		if a = b.Post(viewer+"/end", url.Values{"end-reason": {"asked for by the office"}}); a.Location != river+"?done=ended" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		words{"This access has ended"}.in(t, "a person whose access has ended", b.Get(viewer), 200)
		for _, path := range []string{"/plan/organizations/none", "/plan/organizations/1234567890", "/plan/organizations/01jdbq3h6m2t9v8x7c5b4a3z21"} {
			if a = b.Get(path); a.Status != 404 {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		if a = p.SignedIn(t, p.HelpDesk).Get(river); a.Status != 403 {
			t.Errorf("the HelpDesk: %d", a.Status)
		}
	})
}
