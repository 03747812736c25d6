package web

import (
	"net/http"

	"hsconnect/internal/account"
	"hsconnect/internal/fault"
)

// longestAgent bounds what is kept of a browser's own name.
const longestAgent = 300

func (c *Call) agent() string {
	agent := oneLine(c.r.UserAgent())
	if len(agent) > longestAgent {
		agent = agent[:longestAgent]
	}
	return agent
}

func (s *site) loginPage(c *Call) error {
	next := localPath(c.r.URL.Query().Get("next"))
	if c.SignedIn() {
		return c.Redirect(orHome(next))
	}
	f := NewForm(nil)
	f.Set("next", next)
	return c.Show(Page{Title: "Sign in", Body: loginBody(f, loginNote(c))})
}

// loginNote says why somebody came to the sign-in page.
func loginNote(c *Call) string {
	switch {
	case c.Query("done") == "password":
		return "password"
	case c.Query("ended") != "":
		return "ended"
	}
	return ""
}

// login opens a session. Whatever is wrong, the answer is the same (V-04).
func (s *site) login(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Set("next", localPath(f.Raw("next")))
	token, _, err := s.Accounts.SignIn(c.Context(), account.Attempt{
		Username: f.Text("username"), Password: f.Secret("password"), Address: c.address, Agent: c.agent(), Replaces: c.site.token(c.r),
	})
	switch {
	case err == nil:
		c.setToken(token)
		return c.Redirect(withNext("/login/mfa", f.Raw("next")))
	case c.WantsJSON():
		return err
	}
	return c.notIn(f, err)
}

// notIn shows the sign-in page again, with why.
func (c *Call) notIn(f *Form, err error) error {
	status, kind := 0, fault.KindOf(err)
	switch kind {
	case fault.TooMany:
		status = http.StatusTooManyRequests
		c.w.Header().Set("Retry-After", "60")
	case fault.Forbidden: // the password was right, and the account is not open
		status = http.StatusForbidden
	case fault.Unauthenticated, fault.Invalid:
	default:
		return err
	}
	f.Fail("", "", fault.Text(err)) // beside neither field: it does not say which is wrong
	c.forget()
	return c.Show(Page{Status: status, Title: "Sign in", Form: f, Body: loginBody(f, "")})
}

// forget makes the rest of the call one of nobody.
func (c *Call) forget() { c.Actor, c.Session, c.accepted = noActor(), account.Session{}, false }

func (s *site) logoutPage(c *Call) error {
	if !c.SignedIn() {
		return c.Redirect("/")
	}
	return c.Show(Page{Title: "Sign out", Body: logoutBody()})
}

func (s *site) logout(c *Call) error {
	if c.lost != nil {
		return c.lost // a session that is still open must not look ended
	}
	if c.SignedIn() {
		err := s.Accounts.SignOut(c.Context(), c.Actor)
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			return err
		}
	}
	c.setToken("")
	return c.Done("/", "out")
}

// stay keeps the session: the page's script asks for it.
func (s *site) stay(c *Call) error {
	session, err := s.Accounts.Touch(c.Context(), c.token, c.address)
	if err != nil {
		return err
	}
	c.Session = session
	return c.JSON(http.StatusOK, map[string]int{"seconds": c.secondsLeft()})
}

func orHome(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
