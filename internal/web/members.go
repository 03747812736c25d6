package web

import (
	"net/http"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
)

// membersPage is GET /members: the look-up form.
func (s *site) membersPage(c *Call) error {
	return c.Show(Page{Title: "Look up a member", Section: "members", Body: lookupBody(lookupPage{F: NewForm(nil)})})
}

// lookUp is POST /members. What was typed is in the body, never in an address.
func (s *site) lookUp(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	p := lookupPage{Number: f.Raw("number"), Last: f.Raw("last"), First: f.Raw("first"), Birth: f.Raw("birth"), F: f}
	key := member.Key{Number: f.Text("number"), Last: f.Text("last"), First: f.Text("first"), Birth: f.Birth("birth", "Date of birth", c.Today())}
	if f.OK() {
		sheet, err := s.Coverage.LookUp(c.Context(), c.Actor, coverage.Query{Key: key, Purpose: access.Treatment})
		if err == nil {
			return c.Redirect("/members/" + string(sheet.Member.ID))
		}
		if fault.Is(err, fault.TooMany) {
			return s.lookUpHeld(c, p, err)
		}
		if fault.Is(err, fault.NotFound) {
			p.None = fault.Text(err)
			return c.Show(Page{Status: http.StatusNotFound, Title: "Look up a member", Section: "members", Body: lookupBody(p)})
		}
		err = f.Blame(err, Places(map[string][2]string{
			"number": {"number", "Member ID"}, "last": {"last", "Last name"}, "first": {"first", "First name"}, "birth": {"birth", "Date of birth"},
		}))
		if err != nil {
			return err
		}
	}
	return c.Show(Page{Title: "Look up a member", Section: "members", Form: f, Body: lookupBody(p)})
}

// lookUpHeld answers somebody who has looked in vain too often: what was typed
// stays in the form.
func (s *site) lookUpHeld(c *Call, p lookupPage, err error) error {
	p.Held = sentence(fault.Text(err))
	c.w.Header().Set("Retry-After", "60")
	return c.Show(Page{Status: http.StatusTooManyRequests, Title: "Look up a member", Section: "members", Body: lookupBody(p)})
}
