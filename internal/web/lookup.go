package web

import (
	"net/http"
	"net/url"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/web/kit"
)

// routesLookup are the rows of looking members up.
func (s *site) routesLookup() []Route {
	row := Route{Gate: Accepted, Side: access.Office, Permission: access.LookUpMember, Purpose: access.Treatment}
	empty := func(pattern string, handle func(*Call) error) Route {
		r := row
		r.Method, r.Pattern, r.Audit, r.Why, r.Handle = http.MethodGet, pattern, "nothing", "an empty form", handle
		return r
	}
	find, day := row, row
	find.Method, find.Pattern, find.Audit, find.Handle = http.MethodPost, "/members", "disclosure", s.lookUp
	day.Method, day.Pattern, day.Audit, day.Shows, day.Handle = http.MethodPost, "/members/day", "disclosure", true, s.lookUpDay
	return []Route{empty("/members", s.membersPage), find, empty("/members/day", s.dayPage), day}
}

// membersPage is GET /members: the look-up form.
func (s *site) membersPage(c *Call) error {
	return c.Show(Page{Title: "Look up a member", Section: "members", Body: lookupBody(s.lookupView(c, NewForm(nil)))})
}

// lookupView is the form as it was typed.
func (s *site) lookupView(c *Call, f *Form) lookupPage {
	return lookupPage{Number: f.Raw("number"), Last: f.Raw("last"), First: f.Raw("first"), Birth: f.Raw("birth"), F: f, Visit: visitView(c, f)}
}

func visitView(c *Call, f *Form) visitPart {
	v := visitPart{F: f, Org: c.Actor.OrgName, On: f.Raw("visit-on"), Note: f.Raw("visit-note"), Stated: f.Has("visit-seen"),
		Purposes: f.Choose("purpose", string(access.Treatment), purposes())}
	if !f.Has("visit-on") {
		v.On = c.Today().US()
	}
	v.Open = v.Stated || v.Note != "" || f.Error("visit-on") != "" || f.Error("visit-seen") != ""
	return v
}

// purposes are what a look-up can be for, in plain words.
func purposes() []kit.Option {
	return []kit.Option{
		{Value: string(access.Treatment), Text: "Treatment: seeing, referring or caring for the patient"},
		{Value: string(access.Payment), Text: "Payment: eligibility, billing or a claim"},
		{Value: string(access.Operations), Text: "Operations: quality, care management, audit"},
	}
}

// readPurpose gives what the form says the look-up is for; forms without the
// question are for treatment.
func readPurpose(f *Form) access.Purpose {
	p := access.Purpose(f.Text("purpose"))
	switch {
	case p == "":
		return access.Treatment
	case !p.Valid():
		f.Fail("purpose", "What it is for", "Choose what the look-up is for")
	}
	return p
}

// memberHref leads to a member's page, with what the look is for where that
// does not go without saying.
func memberHref(m id.Member, purpose access.Purpose) string {
	return "/members/" + url.PathEscape(string(m)) + purposeQuery(purpose)
}

func purposeQuery(p access.Purpose) string {
	if p == access.Treatment {
		return ""
	}
	return "?purpose=" + url.QueryEscape(string(p))
}

// readVisit gives what is stated of a visit, or nil when nothing was said.
func readVisit(c *Call, f *Form) *member.Visit {
	stated := f.Has("visit-seen")
	on := f.Date("visit-on", "Date of the visit", c.Today())
	if !stated && f.Text("visit-note") == "" && (on.IsZero() || on == c.Today()) {
		return nil
	}
	return &member.Visit{On: on, Stated: stated, Note: f.Text("visit-note")}
}

func lookupPlaces() Place {
	return Places(map[string][2]string{
		"number": {"number", "Member ID or Medicare number"}, "last": {"last", "Last name"}, "first": {"first", "First name"}, "birth": {"birth", "Date of birth"},
		"visit.on": {"visit-on", "Date of the visit"}, "visit.stated": {"visit-seen", "Statement"}, "visit.note": {"visit-note", "Note"}, "keys": {"members", "Members"},
	})
}

// lookUp is POST /members. What was typed is in the body, never in an address.
func (s *site) lookUp(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	q := coverage.Query{
		Key:     member.Key{Number: f.Text("number"), Last: f.Text("last"), First: f.Text("first"), Birth: f.Birth("birth", "Date of birth", c.Today())},
		Purpose: readPurpose(f), Visit: readVisit(c, f),
	}
	if f.OK() {
		found, err := s.Coverage.Find(c.Context(), c.Actor, q)
		if err == nil {
			return c.Redirect(memberHref(found, q.Purpose))
		}
		if fault.Is(err, fault.TooMany) {
			return s.lookUpHeld(c, s.lookupView(c, f), err)
		}
		if fault.Is(err, fault.NotFound) {
			p := s.lookupView(c, f)
			p.None = sentence(fault.Text(err))
			return c.Show(Page{Status: http.StatusNotFound, Title: "Look up a member", Section: "members", Body: lookupBody(p)})
		}
		err = f.Blame(err, lookupPlaces())
		if err != nil {
			return err
		}
	}
	return c.Show(Page{Title: "Look up a member", Section: "members", Form: f, Body: lookupBody(s.lookupView(c, f))})
}

// lookUpHeld answers somebody who has looked in vain too often: what was typed
// stays in the form.
func (s *site) lookUpHeld(c *Call, p lookupPage, err error) error {
	p.Held = sentence(fault.Text(err))
	c.w.Header().Set("Retry-After", "60")
	return c.Show(Page{Status: http.StatusTooManyRequests, Title: "Look up a member", Section: "members", Body: lookupBody(p)})
}
