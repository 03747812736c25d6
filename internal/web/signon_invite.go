package web

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/signon"
)

// invitedProvider gives the identity provider of the organization that an
// invitation is for, where the invited address is one of its.
func (c *Call) invitedProvider(v admission.Invitation) (p signon.Provider, found bool, err error) {
	p, found, err = c.site.SignOn.ForDomain(c.Context(), v.Email)
	return p, found && p.Side == access.Office && p.Org == v.Org, err
}

func invitePath(token string) string { return "/invite/" + url.PathEscape(token) }

func (s *site) signOnInvitePage(c *Call) error {
	c.unseen()
	v, err := s.Admission.Open(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	f := NewForm(nil)
	f.Set("name", v.Name)
	return c.showSignOnInvite(f, v)
}

func (c *Call) showSignOnInvite(f *Form, v admission.Invitation) error {
	if c.SignedIn() { // she accepts with the account that she has, and links it afterwards
		return c.Redirect(invitePath(c.Path("token")))
	}
	p, found, err := c.invitedProvider(v)
	if err != nil {
		return err
	}
	if !found {
		return errNotFound()
	}
	return c.Show(Page{Title: "Accept with your organization's sign-in", Form: f, Body: signOnInviteBody(f, v.OrgName, p.Name, c.Path("token"))})
}

// signOnInvite checks what the account is to be called and leads to the
// provider. The account is made when its answer comes.
func (s *site) signOnInvite(c *Call) error {
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
	p, found, err := c.invitedProvider(v)
	if err != nil {
		return err
	}
	if !found || c.SignedIn() {
		return c.showSignOnInvite(f, v)
	}
	username, name := f.Text("username"), f.Text("name")
	if name == "" {
		f.Fail("name", "Full name", "Enter your full name")
	}
	_, err = s.Accounts.Prepare(c.Context(), account.NewPerson{Username: username, Name: name, Email: v.Email, Password: unknownPassword(),
		Side: access.Office, Org: v.Org, OrgName: v.OrgName, OrgTIN: v.OrgTIN, Roles: v.Roles, Providers: v.Providers})
	err = f.Blame(err, newAccountPlaces())
	if err != nil {
		return err
	}
	if !f.OK() {
		return c.showSignOnInvite(f, v)
	}
	// What she chose waits, sealed, with the rest of what was begun. Whoever
	// turns out to have an account goes on to the invitation itself.
	chosen := url.Values{"username": {username}, "name": {name}}
	return c.toProvider(p, signon.Start{Invite: token, Next: invitePath(token) + "?" + chosen.Encode()})
}

// unknownPassword is for an account whose owner signs in with her
// organization: nobody ever sees it. She can choose one with "Forgot your
// password?" at any time.
func unknownPassword() string { return rand.Text() + rand.Text() }

// joinWith makes the account of somebody who was invited and whom her
// organization has confirmed, links it and signs her in.
func (c *Call) joinWith(i signon.Identity) error {
	s, token := c.site, i.Start.Invite
	v, err := s.Admission.Open(c.Context(), token)
	if err != nil {
		return c.signOnFailed(err)
	}
	switch {
	case c.SignedIn():
		return c.Redirect(invitePath(token))
	case v.Org != i.Provider.Org || i.Provider.Side != access.Office:
		return c.signOnSays(http.StatusForbidden, "The invitation was not used", "It is for another organization than this sign-in belongs to. Open its link again, and make an account with a password.")
	case !i.Verified:
		return c.signOnSays(http.StatusForbidden, "The invitation was not used",
			"Your organization's sign-in gives no verified e-mail address of your organization for you. Ask your organization's IT to add it, or open the link again and make an account with a password.")
	}
	chosen, err := url.Parse(i.Start.Next)
	if err != nil {
		return err
	}
	q := chosen.Query()
	person, err := s.Admission.Redeem(c.Context(), token, admission.Redeeming{Username: q.Get("username"), Name: q.Get("name"), Password: unknownPassword()})
	if fault.Is(err, fault.Invalid) { // the username was taken: she chooses another, and goes to the provider once more
		f := NewForm(q)
		err = f.Blame(err, newAccountPlaces())
		if err != nil {
			return err
		}
		return c.Show(Page{Title: "Accept with your organization's sign-in", Form: f, Body: signOnInviteBody(f, v.OrgName, i.Provider.Name, token)})
	}
	if err != nil {
		return c.signOnFailed(err)
	}
	return c.joined(i, person)
}

// joined links a new account to the identity that made it, and signs in.
func (c *Call) joined(i signon.Identity, person id.Person) error {
	err := c.site.LinkSignOn(c.Context(), access.Actor{Person: person, Side: access.Office, Org: i.Provider.Org, Address: c.address, Door: access.DoorWeb}, i)
	if fault.Is(err, fault.Conflict) {
		return c.signOnSays(http.StatusConflict, "Your account is made, but not linked",
			sentence(fault.Text(err))+" Until then choose a password with “Forgot your password?” on the sign-in page.")
	}
	if err != nil {
		return err
	}
	i.Person, i.Start.Next = person, ""
	return c.enterWith(i)
}
