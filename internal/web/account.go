package web

import (
	"strings"

	"hsconnect/internal/account"
	"hsconnect/internal/code"
	"hsconnect/internal/web/kit"
)

// accountView is one's own account.
type accountView struct {
	facts    []kit.Fact
	form     *Form
	note     string
	username string
	accepted []kit.Row
	events   []kit.Row
}

// eventsShown is how much of an account's history its owner sees.
const eventsShown = 20

func (s *site) accountPage(c *Call) error {
	note := ""
	if c.Query("done") == "password" {
		note = "Your password is changed. Every other browser that was signed in with your account is signed out."
	}
	return c.showAccount(nil, note)
}

func (c *Call) showAccount(f *Form, note string) error {
	accepted, err := c.acceptances()
	if err != nil {
		return err
	}
	events, err := c.site.Accounts.Events(c.Context(), c.Actor, c.Actor.Person, eventsShown)
	if err != nil {
		return err
	}
	v := accountView{facts: c.accountFacts(), form: f, note: note, username: c.Actor.Username, accepted: accepted}
	for _, e := range events {
		v.events = append(v.events, c.eventRow(e))
	}
	return c.Show(Page{Title: "Your account", Section: "account", Form: f, Body: accountBody(v)})
}

func (c *Call) accountFacts() []kit.Fact {
	a := c.Actor
	facts := []kit.Fact{{Term: "Name", Text: a.Name}, {Term: "Username", Text: a.Username}}
	if a.OrgName != "" {
		org := kit.Fact{Term: "Organization", Text: a.OrgName}
		if a.OrgTIN != "" {
			org.Sub = "TIN " + code.TIN(a.OrgTIN).Hyphened()
		}
		facts = append(facts, org)
	}
	facts = append(facts, kit.Fact{Term: "Role", Text: rolesInWords(a.Roles)})
	if a.Licence.Number != "" {
		facts = append(facts, kit.Fact{Term: "License", Text: a.Licence.State + " " + a.Licence.Number, Sub: "expires " + a.Licence.Expires.US()})
	}
	last := "this is the first"
	if !a.LastSignIn.IsZero() {
		last = c.Moment(a.LastSignIn).Text
	}
	return append(facts,
		kit.Fact{Term: "Signed in before", Text: last, Sub: "Not you? Change your password, and tell the HelpDesk."},
		kit.Fact{Term: "This session", Text: "since " + c.Moment(c.Session.Started).Text, Sub: "ends after 15 minutes without activity, at the latest " + c.Moment(c.Session.Expires).Text})
}

func (c *Call) eventRow(e account.Event) kit.Row {
	return kit.Row{Cells: []kit.Cell{
		{Text: capital(string(e.Kind)), Sub: e.Reason, Header: true},
		{Text: c.Moment(e.At).Text},
		{Text: e.Address, Muted: true},
		{Text: browserName(e.Agent), Muted: true},
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
			return c.Done("/account", "password")
		}
		err = f.Blame(err, passwordPlaces())
		if err != nil {
			return err
		}
	}
	if c.due(Accepted) != nil {
		return c.Show(Page{Title: "Choose a new password", Form: f, Body: mustChangeBody(f, c.Actor.Username, localPath(f.Raw("next")))})
	}
	return c.showAccount(f, "")
}

// endSessions signs the actor out everywhere, here too.
func (s *site) endSessions(c *Call) error {
	_, err := s.Accounts.EndAll(c.Context(), c.Actor, c.Actor.Person)
	if err != nil {
		return err
	}
	c.setToken("")
	return c.Done("/", "everywhere")
}

// browserName tells a browser's long name of itself in a few words, for
// people to recognize their own.
func browserName(agent string) string {
	pick := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	// Most claim to be several: the one that is itself comes first.
	name := pick("Edg/", "Edge", "OPR/", "Opera", "SamsungBrowser/", "Samsung Internet", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := pick("Windows", "Windows", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case name == "" || system == "":
		const most = 60
		runes := []rune(agent)
		return string(runes[:min(len(runes), most)])
	default:
		return name + " on " + system
	}
}
