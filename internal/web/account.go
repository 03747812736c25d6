package web

import (
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/code"
	"hsconnect/internal/web/kit"
)

// Addresses of one's own account.
const (
	accountPath       = "/account"
	securityPath      = "/account/security"
	appPath           = "/account/security/app"
	sessionsPath      = "/account/sessions"
	organizationsPath = "/account/organizations"
	leavePath         = "/account/leave"
	goodbyePath       = "/account/goodbye"
)

// accountView is the overview of one's own account.
type accountView struct {
	facts    []kit.Fact
	office   bool
	access   []kit.Fact // for whom, and who controls it
	parts    []kit.Row
	accepted []kit.Row
}

// accountPage is GET /account: who one is here, who controls it, and where
// everything else about it is.
func (s *site) accountPage(c *Call) error {
	accepted, err := c.acceptances()
	if err != nil {
		return err
	}
	parts, err := c.accountParts()
	if err != nil {
		return err
	}
	controls, err := c.accessFacts()
	if err != nil {
		return err
	}
	v := accountView{facts: c.accountFacts(), office: c.Actor.Side == access.Office, access: controls, parts: parts, accepted: accepted}
	return c.Show(Page{Title: "Your account", Section: "account", Body: accountBody(v)})
}

func (c *Call) accountFacts() []kit.Fact {
	a := c.Actor
	facts := []kit.Fact{{Term: "Name", Text: a.Name}, {Term: "Username", Text: a.Username}}
	if a.Licence.Number != "" {
		facts = append(facts, kit.Fact{Term: "License", Text: a.Licence.State + " " + a.Licence.Number, Sub: "expires " + a.Licence.Expires.US()})
	}
	last := "this is the first"
	if !a.LastSignIn.IsZero() {
		last = c.Moment(a.LastSignIn).Text
	}
	return append(facts,
		kit.Fact{Term: "Signed in before", Text: last, Sub: "Not you? Press “Someone may know my password”."},
		kit.Fact{Term: "This session", Text: "since " + c.Moment(c.Session.Started).Text, Sub: "ends after 15 minutes without activity, at the latest " + c.Moment(c.Session.Expires).Text})
}

// accessFacts tells for whom the actor works, and who controls that.
func (c *Call) accessFacts() ([]kit.Fact, error) {
	a := c.Actor
	org := kit.Fact{Term: "Organization", Text: or(a.OrgName, c.site.Plan.Name)}
	if a.OrgTIN != "" {
		org.Sub = "TIN " + code.TIN(a.OrgTIN).Hyphened()
	}
	facts := []kit.Fact{org, {Term: "Role", Text: rolesInWords(a.Roles)}}
	control := kit.Fact{Term: "Who controls your access", Text: "The plan’s administrators", Sub: "They give, change and end it."}
	if a.Side == access.Office {
		names, err := c.site.Admission.Admins(c.Context(), a)
		if err != nil {
			return nil, err
		}
		control.Text, control.Sub = strings.Join(names, ", "), "Local administrator"
		switch len(names) {
		case 0:
			control.Text, control.Sub = "Nobody at the moment", "The plan’s provider relations invite an administrator when you ask."
		case 1:
		default:
			control.Sub = "Local administrators"
		}
		control.Sub = sentence(control.Sub)
	}
	return append(facts, control), nil
}

// accountParts lists the pages of one's account, each with how it stands.
func (c *Call) accountParts() ([]kit.Row, error) {
	st, err := c.site.Accounts.Factors(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	sessions, err := c.site.Accounts.Sessions(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	app := "no authenticator app"
	if st.TOTP {
		app = "authenticator app"
	}
	part := func(text, href, state string) kit.Row {
		return kit.Row{Cells: []kit.Cell{{Text: text, Href: href, Header: true}, {Text: capital(state)}}}
	}
	rows := []kit.Row{
		part("Password and second factors", securityPath, app+", "+count(len(st.Passkeys), "passkey", "passkeys")+", "+count(st.Codes, "recovery code", "recovery codes")+" left"),
		part("Where you are signed in", sessionsPath, count(len(sessions), "browser", "browsers")+", and what happened to your account"),
	}
	const provider = accountPath + "/provider"
	if _, ok := c.site.find(provider); ok { // as in the navigation, what the table has
		rows = append(rows, part("Sign in with your organization", provider, "through its own identity provider, where it has one"))
	}
	if c.Actor.Side == access.Office {
		places, err := c.site.Accounts.Workplaces(c.Context(), c.Actor)
		if err != nil {
			return nil, err
		}
		rows = append(rows, part("Organizations you work for", organizationsPath, strconv.Itoa(stillIn(places))))
	}
	return append(rows, part("Leave the portal", leavePath, "closes your account, at once and for good")), nil
}

// stillIn counts the organizations that have not ended a person's access.
func stillIn(places []account.Workplace) int {
	n := 0
	for _, w := range places {
		if w.State != account.MemberEnded {
			n++
		}
	}
	return n
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
