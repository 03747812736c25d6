package web

import (
	"net/http"

	"hsconnect/internal/account"
	"hsconnect/internal/fault"
	"hsconnect/internal/signon"
)

// signOnCookie is the name of the cookie that ties an answer of a provider to
// the browser that asked.
func (s *site) signOnCookie() string { return s.cookieName() + "-signon" }

// setSignOn gives the browser the secret of what it begins, or takes it back
// with "".
func (c *Call) setSignOn(secret string) {
	cookie := &http.Cookie{ //nolint:gosec // plain HTTP is served on loopback only
		Name: c.site.signOnCookie(), Value: secret, Path: "/", HttpOnly: true, Secure: c.site.Secure, MaxAge: int(signon.Lasts.Seconds()),
		// Lax: the answer comes as a link of another site.
		SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.w, cookie)
}

func (s *site) signOnPage(c *Call) error {
	next := localPath(c.r.URL.Query().Get("next"))
	if c.SignedIn() {
		return c.Redirect(orHome(next))
	}
	f := NewForm(nil)
	f.Set("next", next)
	return c.Show(Page{Title: "Sign in with your organization", Body: signOnBody(f)})
}

// signOnBegin finds the provider of what somebody typed and leads there. What
// belongs to no provider gets the same page again.
func (s *site) signOnBegin(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Set("next", localPath(f.Raw("next")))
	p, found, err := s.SignOn.ForDomain(c.Context(), f.Text("address"))
	if err != nil {
		return err
	}
	if found {
		return c.toProvider(p, signon.Start{Next: f.Raw("next")})
	}
	f.Fail("address", signOnLabel, "Nobody signs in here this way with what you typed. Check it, ask your organization's IT, or sign in with your username and password")
	return c.Show(Page{Title: "Sign in with your organization", Form: f, Body: signOnBody(f)})
}

const signOnLabel = "E-mail address at your organization, or its domain"

// toProvider sends the browser to a provider: by a page, for browsers let no
// form of ours lead on to another site (form-action of our policy).
func (c *Call) toProvider(p signon.Provider, start signon.Start) error {
	start.Provider = p.ID
	to, secret, err := c.site.SignOn.Begin(c.Context(), start)
	if err != nil {
		return c.signOnFailed(err)
	}
	c.setSignOn(secret)
	c.unseen()
	c.w.Header().Set("Refresh", "0; url="+to)
	return c.Show(Page{Title: "On to your organization", Body: onwardBody(p.Name, to)})
}

// signOnAnswer takes what a provider sends the browser back with.
func (s *site) signOnAnswer(c *Call) error {
	c.unseen() // the address holds the provider's code
	secret := ""
	cookie, err := c.r.Cookie(s.signOnCookie())
	if err == nil {
		secret = cookie.Value
	}
	c.setSignOn("")
	q := c.r.URL.Query()
	i, err := s.SignOn.Finish(c.Context(), signon.Answer{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss"), Browser: secret})
	switch {
	case err != nil:
		return c.signOnFailed(err)
	case i.Start.Person != "":
		return c.linkAnswer(i)
	case i.Person != "":
		return c.enterWith(i)
	case i.Start.Invite != "":
		return c.joinWith(i)
	}
	return c.signOnSays(http.StatusForbidden, "Your sign-in is not linked to an account yet",
		"Your organization has confirmed who you are, but no account of the portal is linked to that. If you have an account, sign in with your username and password, "+
			"open your account's page and link it there. If you have none, ask a local administrator of your organization for an invitation.")
}

// signOnFailed says why signing in through a provider did not work, and what
// to do. What is not meant for people goes its usual way.
func (c *Call) signOnFailed(err error) error {
	kind := fault.KindOf(err)
	switch kind {
	case fault.Unauthenticated, fault.Forbidden, fault.Conflict, fault.NotFound:
		return c.signOnSays(statusOf(kind), "You are not signed in", sentence(fault.Text(err)))
	case fault.Unavailable:
		c.logCause("identity provider", err)
		return c.signOnSays(statusOf(kind), "Your organization's sign-in does not answer", sentence(fault.Text(err)))
	case fault.Invalid, fault.TooLarge, fault.TooMany, fault.Internal:
	}
	return err
}

func (c *Call) signOnSays(status int, title, text string) error {
	if c.SignedIn() && title == "You are not signed in" {
		title = "That did not work"
	}
	return c.Show(Page{Status: status, Title: title, Body: signOnEndBody(title, text, c.SignedIn(), c.site.Plan.HelpDesk)})
}

// enterWith opens the session of the person to whom the identity is linked,
// for the provider's organization alone. Where the provider asked for no
// second factor that counts, ours comes next.
func (c *Call) enterWith(i signon.Identity) error {
	s := c.site
	token, _, err := s.Accounts.SignInProvider(c.Context(), account.Attempt{Address: c.address, Agent: c.agent(), Replaces: s.token(c.r)}, i.Person, i.Provider.Org, i.Factor)
	if err != nil {
		return c.signOnFailed(err)
	}
	c.setToken(token)
	return c.Redirect(withNext("/login/mfa", i.Start.Next))
}

// linkAnswer links the identity to the account from whose page it was begun.
func (c *Call) linkAnswer(i signon.Identity) error {
	if !c.SignedIn() || c.Actor.Person != i.Start.Person || c.due(Accepted) != nil {
		return c.signOnSays(http.StatusConflict, "Nothing was linked", "The account from which this was begun is not signed in here any more. Sign in to it, and begin again on its page.")
	}
	err := c.site.LinkSignOn(c.Context(), c.Actor, i)
	if err != nil {
		return c.signOnFailed(err)
	}
	return c.Done(ownSignOnPath, "linked")
}
