package web

import (
	"slices"

	"hsconnect/internal/account"
	"hsconnect/internal/fault"
	"hsconnect/internal/signon"
	"hsconnect/internal/web/kit"
)

// ownSignOnView is the page about the link of one's own account.
type ownSignOnView struct {
	form  *Form
	done  string
	org   string
	links []ownLink
}

// ownLink is one link that counts.
type ownLink struct {
	id    string
	name  string
	facts []kit.Fact
}

// signOnDone says what was done to a link or a provider, by the word that
// Call.Done left.
func signOnDone(word string) string {
	switch word {
	case "linked":
		return "Your account is linked. From now on you can sign in with your organization."
	case "unlinked":
		return "The link is removed. That sign-in opens your account no more."
	case "provider":
		return "The identity provider is saved, and counts from now on."
	case "off":
		return "The identity provider is disabled: nobody signs in through it from now on."
	}
	return ""
}

func (s *site) ownSignOnPage(c *Call) error { return c.showOwnSignOn(nil) }

// ownLinks gives the links of the actor that count.
func (c *Call) ownLinks() ([]signon.LinkRow, error) {
	all, err := c.site.SignOn.Links(c.Context(), c.Actor, c.Actor.Person)
	return slices.DeleteFunc(all, func(l signon.LinkRow) bool { return !l.Ended.IsZero() }), err
}

func (c *Call) showOwnSignOn(f *Form) error {
	links, err := c.ownLinks()
	if err != nil {
		return err
	}
	v := ownSignOnView{form: f, done: signOnDone(c.Query("done")), org: c.Actor.OrgName}
	for _, l := range links {
		used := "never"
		if !l.Used.IsZero() {
			used = c.Moment(l.Used).Text
		}
		v.links = append(v.links, ownLink{id: l.ID, name: l.ProviderName, facts: []kit.Fact{
			{Term: "Organization's sign-in", Text: l.ProviderName}, {Term: "Linked", Text: c.Moment(l.Linked).Text}, {Term: "Last used", Text: used},
		}})
	}
	return c.Show(Page{Title: "Sign in with your organization", Section: "account", Form: f, Body: ownSignOnBody(v)})
}

// ownSignOn links or unlinks the account of whoever is signed in.
func (s *site) ownSignOn(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	if f.Has("link") {
		return c.unlink(f)
	}
	p, found, err := s.SignOn.ForDomain(c.Context(), f.Text("address"))
	if err != nil {
		return err
	}
	if found && p.Org == c.Actor.Org && p.Side == c.Actor.Side {
		return c.toProvider(p, signon.Start{Person: c.Actor.Person})
	}
	f.Fail("address", signOnLabel, "The organization that you act for has no sign-in of its own for this address here. Check it, or ask your organization's IT")
	return c.showOwnSignOn(f)
}

// unlink ends a link, unless it is the only way in.
func (c *Call) unlink(f *Form) error {
	other, err := c.otherWayIn(f.Text("link"))
	if err != nil {
		return err
	}
	if !other {
		f.Fail("", "", "This is the only way in that we have seen you use. First add a passkey, or sign in once with your username and password "+
			"(“Forgot your password?” on the sign-in page sends a link to choose one). Then come back and remove the link")
		return c.showOwnSignOn(f)
	}
	err = c.site.SignOn.Unlink(c.Context(), c.Actor, c.Actor.Person, f.Text("link"), "removed by the person")
	if fault.Is(err, fault.NotFound) {
		return c.Redirect(ownSignOnPath) // somebody was faster: the page shows how it stands
	}
	if err != nil {
		return err
	}
	return c.Done(ownSignOnPath, "unlinked")
}

// mostEvents is how far back an account's events are asked for.
const mostEvents = 1000

// otherWayIn says whether the actor would get in without one of her links: by
// another link, by a passkey that knows her, or by a password that she has
// used. An account that was made through a provider has a password that
// nobody knows, so that there is one proves nothing.
func (c *Call) otherWayIn(link string) (bool, error) {
	links, err := c.ownLinks()
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(links, func(l signon.LinkRow) bool { return l.ID != link && !l.Used.IsZero() }) {
		return true, nil
	}
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return false, err
	}
	for _, k := range st.Passkeys {
		if k.Verifies {
			return true, nil
		}
	}
	events, err := c.site.Accounts.Events(c.Context(), c.Actor, c.Actor.Person, mostEvents)
	return slices.ContainsFunc(events, func(e account.Event) bool {
		return e.Kind == account.PasswordChanged || e.Kind == account.SignedIn && (e.Reason == "password" || e.Reason == "passkey")
	}), err
}
