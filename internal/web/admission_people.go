package web

import (
	"net/url"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// personView is one person of an office.
type personView struct {
	form      *Form
	path      string
	name      string
	facts     []kit.Fact
	roles     []kit.Option
	providers []kit.Option
	self      bool
	state     string // "Open", "Suspended", "Ended"
}

func (s *site) personPage(c *Call) error {
	p, err := c.personOf()
	if err != nil {
		return err
	}
	values := url.Values{}
	for _, r := range p.Roles {
		values.Add("roles", string(r))
	}
	values["providers"] = p.Providers
	return c.showPerson(NewForm(values), p)
}

// personOf gives the person that the address names.
func (c *Call) personOf() (account.Colleague, error) {
	person, err := id.Parse[id.Person](c.Path("person"))
	if err != nil {
		return account.Colleague{}, errNotFound()
	}
	return c.site.Admission.Colleague(c.Context(), c.Actor, c.Actor.Org, person)
}

func (c *Call) showPerson(f *Form, p account.Colleague) error {
	providers, err := c.providerOptions(f)
	if err != nil {
		return err
	}
	v := personView{form: f, path: "/office/people/" + string(p.Person), name: p.Name, roles: f.Choose("roles", "", roleOptions(true)), providers: providers,
		self: p.Person == c.Actor.Person, state: accessWords(p), facts: c.personFacts(p)}
	return c.Show(Page{Title: p.Name, Section: "people", Form: f, Body: personBody(v)})
}

// personFacts tells an access.
func (c *Call) personFacts(p account.Colleague) []kit.Fact {
	email := p.Email
	if email == "" {
		email = "none"
	}
	return []kit.Fact{{Term: "Username", Text: p.Username}, {Term: "E-mail address", Text: email}, {Term: "Role", Text: rolesInWords(p.Roles), Sub: providersSub(p.Providers)},
		{Term: "Access", Text: accessWords(p), Sub: whySub(p)}, {Term: "Since", Text: c.Moment(p.Membership.Since).Text}, {Term: "Last used", Text: c.lastUsed(p)}}
}

// providerOptions are the office's practitioners, to limit somebody to some.
func (c *Call) providerOptions(f *Form) ([]kit.Option, error) {
	all, err := c.site.Providers.Practitioners(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	var out []kit.Option
	for _, p := range all {
		if mayHave(c.Actor, string(p.NPI)) {
			out = append(out, kit.Option{Value: string(p.NPI), Text: p.Name, Hint: "NPI " + string(p.NPI)})
		}
	}
	return f.Choose("providers", "", out), nil
}

// grantOf reads the roles and providers that were ticked.
func grantOf(f *Form) account.Grant {
	var g account.Grant
	for _, r := range f.All("roles") {
		g.Roles = append(g.Roles, access.Role(r))
	}
	g.Providers = f.All("providers")
	return g
}

// grantPlaces shows problems of a grant, and of the reason in the given field.
func grantPlaces(reason string) Place {
	return Places(map[string][2]string{"roles": {"roles", "Role"}, "providers": {"providers", "Providers"}, "reason": {reason, "Reason"},
		"name": {"name", "Full name"}, "email": {"email", "E-mail address"}})
}

func (s *site) changePerson(c *Call) error {
	return c.onPerson("change-reason", "changed", func(f *Form, p account.Colleague) error {
		return s.Admission.Change(c.Context(), c.Actor, c.Actor.Org, p.Person, grantOf(f), f.Text("change-reason"))
	})
}

func (s *site) endPerson(c *Call) error {
	return c.onPerson("end-reason", "ended", func(f *Form, p account.Colleague) error {
		return s.Admission.End(c.Context(), c.Actor, c.Actor.Org, p.Person, f.Text("end-reason"))
	})
}

func (s *site) reopenPerson(c *Call) error {
	return c.onPerson("reopen-reason", "reopened", func(f *Form, p account.Colleague) error {
		return s.Admission.Reopen(c.Context(), c.Actor, c.Actor.Org, p.Person, f.Text("reopen-reason"))
	})
}

// onPerson does something about one person's access, after a fresh proof.
func (c *Call) onPerson(reason, done string, do func(f *Form, p account.Colleague) error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	p, err := c.personOf()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(f, p)
	if err == nil {
		return c.Done("/office", done)
	}
	err = f.Blame(err, grantPlaces(reason))
	if err != nil {
		return err
	}
	if reason != "change-reason" { // that form does not carry what stands in the other
		for _, r := range p.Roles {
			f.values.Add("roles", string(r))
		}
		f.values["providers"] = p.Providers
	}
	return c.showPerson(f, p)
}

func (s *site) officeInvitePage(c *Call) error {
	return c.showOfficeInvite(nil)
}

func (c *Call) showOfficeInvite(f *Form) error {
	providers, err := c.providerOptions(f)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Invite somebody", Section: "people", Form: f, Body: officeInviteBody(f, c.Actor.OrgName, f.Choose("roles", "", roleOptions(true)), providers)})
}

func (s *site) officeInvite(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	g := grantOf(f)
	_, err = s.Admission.Invite(c.Context(), c.Actor, admission.NewInvitation{Name: f.Text("name"), Email: f.Text("email"), Roles: g.Roles, Providers: g.Providers}, s.inviteLink)
	if err == nil {
		return c.Done("/office", "invited")
	}
	err = f.Blame(err, grantPlaces(""))
	if err != nil {
		return err
	}
	return c.showOfficeInvite(f)
}

func (s *site) inviteLink(token string) string { return s.link("/invite/" + token) }

// listOf is the page on which an invitation of the address stands.
func (c *Call) listOf() string {
	if org := c.Path("org"); org != "" {
		return "/plan/organizations/" + url.PathEscape(org)
	}
	return "/office"
}

func (s *site) resendInvitation(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	which, err := id.Parse[admission.InvitationID](c.Path("invitation"))
	if err != nil {
		return errNotFound()
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = s.Admission.Resend(c.Context(), c.Actor, which, s.inviteLink)
	if err != nil {
		return err
	}
	return c.Done(c.listOf(), "resent")
}

func (s *site) withdrawInvitation(c *Call) error {
	which, err := id.Parse[admission.InvitationID](c.Path("invitation"))
	if err != nil {
		return errNotFound()
	}
	err = s.Admission.Withdraw(c.Context(), c.Actor, which)
	if err != nil {
		return err
	}
	return c.Done(c.listOf(), "withdrawn")
}

// registrationView is a registration on which an administrator decides.
type registrationView struct {
	form      *Form
	path      string
	name      string
	facts     []kit.Fact
	roles     []kit.Option
	providers []kit.Option
}

func (s *site) registrationPage(c *Call) error { return c.showRegistration(nil) }

func (c *Call) showRegistration(f *Form) error {
	which, err := id.Parse[admission.RegistrationID](c.Path("registration"))
	if err != nil {
		return errNotFound()
	}
	all, err := c.site.Admission.Waiting(c.Context(), c.Actor, c.Actor.Org)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.ID != which {
			continue
		}
		providers, err := c.providerOptions(f)
		if err != nil {
			return err
		}
		v := registrationView{form: f, path: "/office/registrations/" + string(r.ID), name: r.Name, roles: f.Choose("roles", string(r.Role), roleOptions(true)), providers: providers}
		v.facts = []kit.Fact{{Term: "Name", Text: r.Name}, {Term: "E-mail address", Text: r.Email, Sub: "confirmed " + c.Moment(r.Confirmed).Text}, {Term: "Username", Text: r.Username},
			{Term: "Asks for", Text: capital(string(r.Role))}, {Term: "Lapses", Text: c.Moment(r.Expires).Text}}
		return c.Show(Page{Title: "Registration of " + r.Name, Section: "people", Form: f, Body: registrationBody(v)})
	}
	return errNotFound()
}

func (s *site) approveRegistration(c *Call) error {
	return c.onRegistration("approved", func(f *Form, which admission.RegistrationID) error {
		_, err := s.Admission.Approve(c.Context(), c.Actor, which, grantOf(f))
		return err
	})
}

func (s *site) refuseRegistration(c *Call) error {
	return c.onRegistration("refused", func(f *Form, which admission.RegistrationID) error {
		return s.Admission.Refuse(c.Context(), c.Actor, which, f.Text("reason"))
	})
}

func (c *Call) onRegistration(done string, do func(f *Form, which admission.RegistrationID) error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	which, err := id.Parse[admission.RegistrationID](c.Path("registration"))
	if err != nil {
		return errNotFound()
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(f, which)
	if err == nil {
		return c.Done("/office", done)
	}
	err = f.Blame(err, grantPlaces("reason"))
	if err != nil {
		return err
	}
	return c.showRegistration(f)
}

func (s *site) handOver(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	to, err := id.Parse[id.Person](f.Text("person"))
	if err != nil {
		f.Fail("person", "New administrator", "Choose the colleague who becomes local administrator in your place")
		return c.showHandOver(f)
	}
	err = s.Admission.HandOver(c.Context(), c.Actor, to)
	if err != nil {
		return err
	}
	return c.Redirect("/office/administrators")
}

func (s *site) reviewPeople(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	answers, names := map[id.Person]admission.Answer{}, map[string]string{}
	for name := range f.values {
		person, is := strings.CutPrefix(name, "person-")
		if is {
			answers[id.Person(person)] = admission.Answer(f.Text(name))
		}
	}
	r, _, err := s.Admission.Review(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	for _, l := range r.Lines {
		names[string(l.Person)] = l.Name
	}
	err = s.Admission.Answer(c.Context(), c.Actor, admission.ReviewID(f.Text("review")), answers)
	if err == nil {
		return c.Done("/office", "reviewed")
	}
	err = f.Blame(err, func(path string) (string, string) {
		person := strings.TrimPrefix(path, "people.")
		return "person-" + person, names[person]
	})
	if err != nil {
		return err
	}
	return c.showReviewPeople(f)
}
