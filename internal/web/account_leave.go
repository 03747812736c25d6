package web

import (
	"net/http"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

// leaveWord is typed to close one's account: a slip of the finger does not.
const leaveWord = "leave"

// leaveView is the page before one's account is closed.
type leaveView struct {
	form   *Form
	first  string // what has to be done before, in the service's words
	office bool
	desk   HelpDesk
}

func (s *site) leavePage(c *Call) error {
	err := s.Accounts.MayLeave(c.Context(), c.Actor)
	if fault.Is(err, fault.Conflict) {
		return c.showLeave(nil, fault.Text(err), 0)
	}
	if err != nil {
		return err
	}
	return c.showLeave(nil, "", 0)
}

func (c *Call) showLeave(f *Form, first string, status int) error {
	v := leaveView{form: f, first: first, office: c.Actor.Side == access.Office, desk: c.site.Plan.HelpDesk}
	return c.Show(Page{Title: "Leave the portal", Section: "account", Status: status, Form: f, Body: leaveBody(v)})
}

// leave closes one's own account (clause 8): asked for by a word, and by a
// fresh proof.
func (s *site) leave(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if !strings.EqualFold(f.Text("word"), leaveWord) {
		f.Fail("word", "Confirmation", "Type the word “"+leaveWord+"” to close your account. To keep it, go back")
		return c.showLeave(f, "", 0)
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	err = s.Accounts.Leave(c.Context(), c.Actor)
	if fault.Is(err, fault.Conflict) {
		return c.showLeave(f, fault.Text(err), http.StatusConflict)
	}
	if err != nil {
		return err
	}
	c.setToken("")
	return c.Redirect(goodbyePath)
}

func (s *site) goodbyePage(c *Call) error {
	return c.Show(Page{Title: "Goodbye", Body: goodbyeBody(s.Plan.HelpDesk)})
}
