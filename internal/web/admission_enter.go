package web

import (
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/admission"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// inviteView is the page behind an invitation's link.
type inviteView struct {
	form   *Form
	token  string
	invite admission.Invitation
	as     string // the name of whoever is signed in and may take it; "" for a new account
	facts  []kit.Fact
	signOn string // the name of the organization's own sign-in, where it takes it
}

// unseen keeps the secret of a link out of what the browser tells the next
// address.
func (c *Call) unseen() { c.w.Header().Set("Referrer-Policy", "no-referrer") }

func (s *site) invitePage(c *Call) error {
	c.unseen()
	v, err := s.Admission.Open(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	f := NewForm(nil)
	f.Set("name", v.Name)
	return c.showInvite(f, v)
}

func (c *Call) showInvite(f *Form, v admission.Invitation) error {
	view := inviteView{form: f, token: c.Path("token"), invite: v}
	if c.SignedIn() && c.Actor.Side == access.Office {
		view.as = c.Actor.Name
	}
	p, found, err := c.invitedProvider(v)
	if err != nil {
		return err
	}
	if found {
		view.signOn = p.Name
	}
	view.facts = []kit.Fact{{Term: "Organization", Text: v.OrgName}, {Term: "You can", Text: rolesInWords(v.Roles), Sub: providersSub(v.Providers)},
		{Term: "Invited by", Text: v.ByName}, {Term: "E-mail address", Text: v.Email}, {Term: "Works until", Text: c.Moment(v.Expires).Text}}
	return c.Show(Page{Title: "Your invitation", Form: f, Body: inviteBody(view)})
}

func providersSub(npis []string) string {
	if len(npis) == 0 {
		return ""
	}
	return "for " + count(len(npis), "provider", "providers") + " only"
}

func newAccountPlaces() Place {
	return Places(map[string][2]string{
		"username": {"username", "Username"}, "name": {"name", "Full name"}, "password": {"password", "Password"}, "email": {"email", "E-mail address"},
		"tin": {"tin", "Tax ID"}, "npi": {"npi", "NPI"}, "role": {"role", "What you need to do"},
	})
}

func (s *site) acceptInvite(c *Call) error {
	c.unseen()
	f, err := c.Form()
	if err != nil {
		return err
	}
	token := c.Path("token")
	v, err := s.Admission.Open(c.Context(), token)
	if err != nil {
		return err
	}
	if f.Has("as") {
		return c.acceptAs(f, token)
	}
	f.twice()
	if f.OK() {
		_, err = s.Admission.Redeem(c.Context(), token, admission.Redeeming{Username: f.Text("username"), Name: f.Text("name"), Password: f.Secret("password")})
		if err == nil {
			return c.Redirect("/invite/accepted")
		}
		err = f.Blame(err, newAccountPlaces())
		if err != nil {
			return err
		}
	}
	return c.showInvite(f, v)
}

// twice asks that a new password was typed the same two times.
func (f *Form) twice() {
	if f.Secret("password") != f.Secret("again") {
		f.Fail("again", "Password again", "Is not the same as the password. Type both again")
	}
}

// acceptAs takes an invitation with the account that is signed in: no less
// is asked of it than anywhere else.
func (c *Call) acceptAs(f *Form, token string) error {
	if !c.SignedIn() {
		return fault.New(fault.Unauthenticated, "Please sign in")
	}
	err := c.due(Accepted)
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	_, err = c.site.Admission.RedeemAs(c.Context(), c.Actor, token)
	if err != nil {
		return err
	}
	return c.Redirect("/invite/accepted")
}

func (s *site) inviteDone(c *Call) error {
	text, do := "Your account is made. Sign in with the username and the password that you chose; you set up a second factor then.", kit.Link{Text: "Sign in", Href: "/login"}
	if c.SignedIn() {
		text, do = "You work for one more organization now. Your account’s page lets you choose for which one you act.", kit.Link{Text: "Go to your account", Href: "/account"}
	}
	return c.Show(Page{Title: "The invitation is accepted", Body: nextBody("The invitation is accepted", text, do)})
}

func (s *site) registerPage(c *Call) error {
	return c.Show(Page{Title: "Ask for an account", Body: registerBody(nil, registerRoles(nil))})
}

// registerRoles are the roles that somebody may ask for.
func registerRoles(f *Form) []kit.Option { return f.Choose("role", "", roleOptions(false)) }

func (s *site) registerPerson(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.twice()
	if f.OK() {
		err = s.Admission.Register(c.Context(), admission.NewRegistration{
			TIN: f.Text("tin"), NPI: f.Text("npi"), Name: f.Text("name"), Email: f.Text("email"), Username: f.Text("username"), Password: f.Secret("password"),
			Role: access.Role(f.Text("role")), Address: c.address,
		}, func(token string) string { return s.link("/register/" + token) })
		if err == nil {
			return c.Redirect("/register/sent")
		}
		err = f.Blame(err, newAccountPlaces())
		if err != nil {
			return err
		}
	}
	return c.Show(Page{Title: "Ask for an account", Form: f, Body: registerBody(f, registerRoles(f))})
}

func (s *site) registerSent(c *Call) error {
	return c.Show(Page{Title: "Look into your mail", Body: nextBody("Look into your mail",
		"We have sent a message to the address that you gave. Open the link in it within 14 days. Then the organization’s local administrators decide, and you hear from us by mail.",
		kit.Link{Text: "Go to the first page", Href: "/"})})
}

func (s *site) registeredPage(c *Call) error {
	c.unseen()
	r, err := s.Admission.Registered(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	f := NewForm(nil)
	f.Set("username", r.Username)
	return c.Show(Page{Title: "Confirm your e-mail address", Body: confirmBody(f, c.Path("token"), r.Email)})
}

func (s *site) confirmRegistration(c *Call) error {
	c.unseen()
	f, err := c.Form()
	if err != nil {
		return err
	}
	token := c.Path("token")
	r, err := s.Admission.Registered(c.Context(), token)
	if err != nil {
		return err
	}
	err = s.Admission.ConfirmRegistration(c.Context(), token, f.Text("username"))
	if err == nil {
		return c.Redirect("/register/confirmed")
	}
	err = f.Blame(err, newAccountPlaces())
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Confirm your e-mail address", Form: f, Body: confirmBody(f, token, r.Email)})
}

func (s *site) registerDone(c *Call) error {
	return c.Show(Page{Title: "Your e-mail address is confirmed", Body: nextBody("Your e-mail address is confirmed",
		"The organization’s local administrators decide now. You hear from us by mail, within 14 days. Ask them if it is urgent: we cannot tell you who they are.",
		kit.Link{Text: "Go to the first page", Href: "/"})})
}

// roleOptions are the roles of an office with what each may do; admin offers
// the local administrator too.
func roleOptions(admin bool) []kit.Option {
	var out []kit.Option
	for _, r := range access.Roles(access.Office) {
		if r == access.LocalAdmin && !admin {
			continue
		}
		out = append(out, kit.Option{Value: string(r), Text: capital(string(r)), Hint: roleHint(r)})
	}
	return out
}

func roleHint(r access.Role) string {
	var can []string
	for _, one := range []struct {
		p    access.Permission
		text string
	}{
		{access.LookUpMember, "looks up members"}, {access.ViewRequests, "sees authorizations"}, {access.SubmitRequests, "submits requests"}, {access.ManageOffice, "manages the office’s people"},
	} {
		if r.Permits(one.p) {
			can = append(can, one.text)
		}
	}
	return capital(strings.Join(can, ", "))
}
