package web

import (
	"net/http"

	"hsconnect/internal/fault"
)

// link makes an absolute address, for mails.
func (s *site) link(path string) string { return s.Site + path }

func (s *site) forgotPage(c *Call) error {
	return c.Show(Page{Title: "Forgot your password?", Body: forgotBody(nil)})
}

// forgot answers the same whether or not there is such an account (V-04).
func (s *site) forgot(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Text("username") == "" {
		f.Fail("username", "Username", "Type your username. If you do not know it, ask your local administrator or the HelpDesk")
	}
	if f.Text("email") == "" {
		f.Fail("email", "E-mail address", "Type the e-mail address of your account")
	}
	if !f.OK() {
		return c.Show(Page{Title: "Forgot your password?", Form: f, Body: forgotBody(f)})
	}
	err = s.Accounts.Forgot(c.Context(), f.Text("username"), f.Text("email"), c.address, func(token string) string { return s.link("/forgot/" + token) })
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Look into your mail", Body: forgotSentBody(s.Plan.HelpDesk)})
}

func (s *site) resetPage(c *Call) error {
	c.w.Header().Set("Referrer-Policy", "no-referrer")
	ask, err := s.Accounts.ResetFor(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Choose a new password", Body: resetBody(nil, c.Path("token"), ask)})
}

func (s *site) reset(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	token := c.Path("token")
	ask, err := s.Accounts.ResetFor(c.Context(), token)
	if err != nil {
		return err
	}
	if f.Secret("new") != f.Secret("again") {
		f.Fail("again", "New password again", "Is not the same as the new password. Type both again")
	}
	if f.OK() {
		err = s.Accounts.Reset(c.Context(), token, f.Secret("new"), f.Text("code"))
		if err == nil {
			c.setToken("")
			return c.Redirect("/login?done=password")
		}
		if fault.Is(err, fault.TooMany) {
			f.Fail("code", "Code", fault.Text(err))
		} else {
			err = f.Blame(err, Places(map[string][2]string{"new": {"new", "New password"}, "code": {"code", "Code of your second factor"}}))
			if err != nil {
				return err
			}
		}
	}
	return c.Show(Page{Title: "Choose a new password", Form: f, Status: http.StatusUnprocessableEntity, Body: resetBody(f, token, ask)})
}

// mustChangePage is what somebody whose password may be known to others sees
// before everything else.
func (s *site) mustChangePage(c *Call) error {
	if !c.Session.MustChange {
		return c.Redirect("/account")
	}
	return c.Show(Page{Title: "Choose a new password", Body: mustChangeBody(nil, c.Actor.Username, localPath(c.r.URL.Query().Get("next")))})
}
