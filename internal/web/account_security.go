package web

import (
	"net/http"

	"hsconnect/internal/account"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// securityView is what one signs in with.
type securityView struct {
	form     *Form
	note     string // what was just done
	refused  string // what was not, and why
	username string
	state    factor.State
	passkeys []kit.Row
	offered  bool // the portal's address can have passkeys
	fresh    bool // the last proof is good for beginning one
}

// securityDone says what was just done, by the word that Call.Done left.
func securityDone(word string) string {
	switch word {
	case "password":
		return "Your password is changed. Every other browser that was signed in with your account is signed out."
	case "app":
		return "The authenticator app is set up. From now on only its codes count; those of an earlier app do not."
	case "app-removed":
		return "The authenticator app is removed: its codes do not count any more."
	case "passkey":
		return "The passkey is added."
	case "passkey-removed":
		return "The passkey is removed: it does not open your account any more. You may delete it on the device, too."
	case "codes":
		return "Your new recovery codes count now. The earlier ones do not."
	}
	return ""
}

func (s *site) securityPage(c *Call) error {
	return c.showSecurity(securityView{note: securityDone(c.Query("done"))}, 0)
}

func (c *Call) showSecurity(v securityView, status int) error {
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v.state, v.username, v.offered = st, c.Actor.Username, c.site.Accounts.Passkeys()
	v.fresh = c.Now().Sub(c.Session.Strong) <= account.StrongFor
	for _, k := range st.Passkeys {
		v.passkeys = append(v.passkeys, c.passkeyRow(k))
	}
	return c.Show(Page{Title: "Password and second factors", Section: "account", Status: status, Form: v.form, Body: securityBody(v)})
}

func (c *Call) passkeyRow(k factor.Passkey) kit.Row {
	used := "never"
	if !k.Used.IsZero() {
		used = c.Moment(k.Used).Text
	}
	label := or(k.Label, "Passkey")
	sub := "second step only"
	if k.Verifies {
		sub = "signs in without a password, too"
	}
	return kit.Row{ID: "passkey-" + k.ID, Cells: []kit.Cell{
		{Text: label, Sub: sub, Header: true},
		{Text: c.Moment(k.Added).Text},
		{Text: used, Muted: k.Used.IsZero()},
		{Body: removePasskey(k.ID, label)},
	}}
}

// passwordPlaces is where the problems of a new password are shown.
func passwordPlaces() Place {
	return Places(map[string][2]string{"old": {"old", "Current password"}, "new": {"new", "New password"}})
}

func (s *site) changePassword(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Secret("old") == "" {
		f.Fail("old", "Current password", "Type the password you have now")
	}
	if f.Secret("new") != f.Secret("again") {
		f.Fail("again", "New password again", "Is not the same as the new password. Type both again")
	}
	if f.OK() {
		err = s.Accounts.ChangePassword(c.Context(), c.Actor, f.Secret("old"), f.Secret("new"))
		if err == nil {
			if next := localPath(f.Raw("next")); next != "" {
				return c.Redirect(next)
			}
			return c.Done(securityPath, "password")
		}
		err = f.Blame(err, passwordPlaces())
		if err != nil {
			return err
		}
	}
	if c.due(Accepted) != nil {
		return c.Show(Page{Title: "Choose a new password", Form: f, Body: mustChangeBody(f, c.Actor.Username, localPath(f.Raw("next")))})
	}
	return c.showSecurity(securityView{form: f}, 0)
}

// newAppPage sets up an authenticator app. It holds the key, so it opens to a
// fresh proof only.
func (s *site) newAppPage(c *Call) error {
	if c.Now().Sub(c.Session.Strong) > account.StrongFor {
		return c.Redirect(withNext("/confirm", appPath))
	}
	return c.showNewApp(nil, 0)
}

// appView is a new authenticator app on its way.
type appView struct {
	form     *Form
	secret   string
	link     string
	replaces bool
}

func (c *Call) showNewApp(f *Form, status int) error {
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	setup, err := c.site.Accounts.SetUpTOTP(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := appView{form: f, secret: spaced(setup.Secret), link: setup.URL, replaces: st.TOTP}
	return c.Show(Page{Title: "Set up an authenticator app", Section: "account", Status: status, Form: f, Body: newAppBody(v)})
}

func (s *site) newApp(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	_, err = s.Accounts.ConfirmTOTP(c.Context(), c.Actor, c.token, f.Text("code"))
	switch fault.KindOf(err) {
	case fault.Invalid:
		err = f.Blame(err, Places(map[string][2]string{"code": {"code", "Code"}}))
		if err != nil {
			return err
		}
		return c.showNewApp(f, 0)
	case fault.Conflict:
		f.Fail("code", "", fault.Text(err)+": scan the picture below, which is a new one")
		return c.showNewApp(f, http.StatusConflict)
	case fault.TooMany:
		f.Fail("code", "", fault.Text(err))
		return c.showNewApp(f, http.StatusTooManyRequests)
	case fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.TooLarge, fault.Unavailable:
	}
	if err != nil {
		return err
	}
	return c.Done(securityPath, "app")
}

// removeApp takes the app away; sent twice, the second finds nothing to do.
func (s *site) removeApp(c *Call) error {
	return c.changeFactors("app-removed", func() error {
		st, err := s.Accounts.Factors(c.Context(), c.Actor)
		if err != nil || !st.TOTP {
			return err
		}
		return s.Accounts.RemoveTOTP(c.Context(), c.Actor)
	})
}

func (s *site) removePasskey(c *Call) error {
	return c.changeFactors("passkey-removed", func() error {
		return s.Accounts.RemovePasskey(c.Context(), c.Actor, oneLine(c.Path("passkey")))
	})
}

// changeFactors changes what one signs in with, after a fresh proof. A change
// that cannot be is answered on the page, in the service's words.
func (c *Call) changeFactors(done string, change func() error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	err = change()
	if fault.Is(err, fault.Conflict) {
		return c.showSecurity(securityView{refused: fault.Text(err)}, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	return c.Done(securityPath, done)
}

// addPasskey takes the passkey that the browser has made.
func (s *site) addPasskey(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	_, err = s.Accounts.AddPasskey(c.Context(), c.Actor, c.token, f.Raw("ceremony"), []byte(f.Raw("answer")), browserName(c.agent()))
	switch {
	case fault.Is(err, fault.Invalid):
		return c.showSecurity(securityView{refused: "The passkey was not added: the browser’s answer did not fit the question, came late, or was sent twice. Press the button again"},
			http.StatusUnprocessableEntity)
	case fault.Is(err, fault.Conflict):
		return c.showSecurity(securityView{refused: fault.Text(err)}, http.StatusConflict)
	case err != nil:
		return err
	}
	return c.Done(securityPath, "passkey")
}

// newCodes makes recovery codes and shows them, this once.
func (s *site) newCodes(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	codes, err := s.Accounts.NewCodes(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Your recovery codes", Section: "account", Body: codesBody(codes, securityPath+"?done=codes")})
}
