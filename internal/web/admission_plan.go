package web

import (
	"context"
	"net/url"
	"slices"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/code"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/provider"
	"hsconnect/internal/web/kit"
)

// organizationsView is the list of organizations for provider relations.
type organizationsView struct {
	name  string
	done  string
	more  bool
	table kit.Table
	found []kit.Row // in the directory, with nobody at the portal yet
	calls []callView
}

// callView is an office that asks for an administrator.
type callView struct {
	facts []kit.Fact
	id    string
	org   string
	href  string
}

func (s *site) organizationsPage(c *Call) error {
	name := c.Query("name")
	listed, more, err := s.Admission.Organizations(c.Context(), c.Actor, name)
	if err != nil {
		return err
	}
	calls, err := s.Admission.Calls(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := organizationsView{name: name, done: officeDone(c.Query("done")), more: more}
	v.table = kit.Table{Caption: "Organizations with people at the portal", HideCaption: true,
		Columns: []kit.Column{{Text: "Organization", Wide: true}, {Text: "People", Number: true}, {Text: "Administrators", Number: true}, {Text: "Standing"}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "None", Text: "No organization with people at the portal has a name that begins so."})}
	known := map[id.Organization]bool{}
	for _, l := range listed {
		known[l.Org] = true
		v.table.Rows = append(v.table.Rows, c.listedRow(l))
	}
	v.found, err = c.directoryRows(name, known)
	if err != nil {
		return err
	}
	for _, k := range calls {
		v.calls = append(v.calls, callView{id: string(k.ID), org: k.OrgName, href: organizationPath(string(k.Org)), facts: []kit.Fact{
			{Term: "Organization", Text: k.OrgName}, {Term: "From", Text: k.Name, Sub: c.Moment(k.At).Text}, {Term: "What they need", Body: kit.Words(k.Text)},
		}})
	}
	return c.Show(Page{Title: "Organizations", Section: "organizations", Body: organizationsBody(v)})
}

func organizationPath(org string) string { return "/plan/organizations/" + url.PathEscape(org) }

func (c *Call) listedRow(l admission.Listed) kit.Row {
	row := kit.Row{Cells: []kit.Cell{
		{Text: l.Name, Href: organizationPath(string(l.Org)), Header: true}, {Text: count(l.Open, "person", "people")}, {Text: count(l.Admins, "administrator", "administrators")},
		{Text: standingWords(l.Standing), Sub: c.endsWords(l.Standing)},
	}}
	if l.Admins == 0 {
		row.Tone = kit.Warning
		row.Cells[2].Text = "none: invite one"
	}
	return row
}

func standingWords(o account.Standing) string {
	switch {
	case o.Suspended:
		return "Suspended"
	case !o.Closes.IsZero():
		return "Leaving"
	}
	return "Open"
}

// directoryRows finds organizations of the plan's directory that have nobody
// at the portal, by the first three letters at least.
func (c *Call) directoryRows(name string, known map[id.Organization]bool) ([]kit.Row, error) {
	if utf8.RuneCountInString(provider.Fold(name)) < 3 {
		return nil, nil
	}
	found, err := c.site.Providers.Search(c.Context(), c.Actor, name)
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	var out []kit.Row
	for _, p := range found {
		if p.Kind == "practitioner" || p.Kind == string(provider.PlanKind) || known[p.Org] {
			continue
		}
		out = append(out, kit.Row{Cells: []kit.Cell{
			{Text: p.Name, Sub: "NPI " + string(p.NPI), Href: organizationPath(string(p.NPI)), Header: true}, {Text: capital(p.Kind)},
		}})
	}
	return out, err
}

// organizationView is one organization for provider relations.
type organizationView struct {
	form    *Form
	path    string
	name    string
	done    string
	facts   []kit.Fact
	people  kit.Table
	invites []kit.Row
	shut    bool
	leaving bool
}

// organizationOf gives the organization that the address names: by its
// reference, or by its NPI while nobody of it is at the portal.
func (c *Call) organizationOf() (admission.Office, error) {
	text := c.Path("org")
	npi, err := code.ParseNPI(text)
	if err == nil {
		o, err := c.site.Providers.OrganizationByNPI(c.Context(), string(npi))
		if err != nil {
			return admission.Office{}, err
		}
		office, err := c.site.Admission.Office(c.Context(), c.Actor, o.ID)
		office.Name, office.TIN = o.Name, o.TIN
		return office, err
	}
	org, err := id.Parse[id.Organization](text)
	if err != nil {
		return admission.Office{}, errNotFound()
	}
	office, err := c.site.Admission.Office(c.Context(), c.Actor, org)
	if err == nil && len(office.People) == 0 {
		err = errNotFound()
	}
	return office, err
}

func (s *site) organizationPage(c *Call) error {
	o, err := c.organizationOf()
	if err != nil {
		return err
	}
	return c.showOrganization(nil, o)
}

func (c *Call) showOrganization(f *Form, o admission.Office) error {
	invites, err := c.site.Admission.Invitations(c.Context(), c.Actor, o.Org)
	if err != nil {
		return err
	}
	v := organizationView{form: f, path: organizationPath(c.Path("org")), name: o.Name, done: officeDone(c.Query("done")), people: c.peopleTable(o.People, organizationPath(c.Path("org"))+"/people/"),
		shut: o.Standing.Suspended, leaving: !o.Standing.Closes.IsZero()}
	v.facts = []kit.Fact{{Term: "Tax ID", Text: code.TIN(o.TIN).Hyphened()}, {Term: "Standing", Text: standingWords(o.Standing), Sub: c.endsWords(o.Standing)}}
	if o.Standing.Reason != "" {
		v.facts = append(v.facts, kit.Fact{Term: "Reason", Text: o.Standing.Reason})
	}
	admins := kit.Fact{Term: "Local administrators", Text: count(o.Admins, "who can act", "who can act")}
	if o.Admins == 0 {
		admins.Text = "None who can act: invite one"
	}
	v.facts = append(v.facts, admins)
	v.people.Empty = kit.Empty(kit.EmptyProps{Title: "Nobody yet", Text: "Invite the first local administrator, who invites the rest."})
	for _, i := range invites {
		v.invites = append(v.invites, c.inviteRow(i, v.path))
	}
	return c.Show(Page{Title: o.Name, Section: "organizations", Form: f, Body: organizationBody(v)})
}

// onOrganization does something about an organization, after a fresh proof.
func (c *Call) onOrganization(done string, places map[string][2]string, do func(f *Form, o admission.Office) error) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	o, err := c.organizationOf()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(f, o)
	if err == nil && f.OK() {
		return c.Done(organizationPath(c.Path("org")), done)
	}
	err = f.Blame(err, Places(places))
	if err != nil {
		return err
	}
	return c.showOrganization(f, o)
}

func (s *site) inviteAdministrator(c *Call) error {
	return c.onOrganization("invited", map[string][2]string{"name": {"name", "Full name"}, "email": {"email", "E-mail address"}}, func(f *Form, o admission.Office) error {
		_, err := s.Admission.Invite(c.Context(), c.Actor, admission.NewInvitation{Org: o.Org, OrgName: o.Name, OrgTIN: o.TIN,
			Name: f.Text("name"), Email: f.Text("email"), Roles: []access.Role{access.LocalAdmin}}, s.inviteLink)
		return err
	})
}

func (s *site) suspendOrganization(c *Call) error {
	return c.onOrganization("suspended", map[string][2]string{"reason": {"standing-reason", "Reason"}}, func(f *Form, o admission.Office) error {
		return s.Admission.Suspend(c.Context(), c.Actor, o.Org, f.Text("standing-reason"))
	})
}

func (s *site) reopenOrganization(c *Call) error {
	return c.onOrganization("reopened", map[string][2]string{"reason": {"standing-reason", "Reason"}}, func(f *Form, o admission.Office) error {
		return s.Admission.ReopenOrganization(c.Context(), c.Actor, o.Org, f.Text("standing-reason"))
	})
}

func (s *site) leaveOrganization(c *Call) error {
	places := map[string][2]string{"reason": {"leaving-reason", "Reason"}, "viewonly": {"viewonly", "View-only from"}, "closes": {"closes", "Closed from"}}
	return c.onOrganization("leaving", places, func(f *Form, o admission.Office) error {
		view, closes := f.Date("viewonly", "View-only from", c.Today()), f.Date("closes", "Closed from", c.Today())
		if !f.OK() {
			return nil
		}
		return s.Admission.SetLeaving(c.Context(), c.Actor, o.Org, view, closes, f.Text("leaving-reason"))
	})
}

func (s *site) staffPersonPage(c *Call) error {
	o, err := c.organizationOf()
	if err != nil {
		return err
	}
	return c.showStaffPerson(nil, o)
}

// showStaffPerson shows somebody of an organization, with what staff may do.
func (c *Call) showStaffPerson(f *Form, o admission.Office) error {
	p, err := c.memberOf(o)
	if err != nil {
		return err
	}
	path := organizationPath(c.Path("org"))
	v := personView{form: f, path: path + "/people/" + string(p.Person), name: p.Name, state: accessWords(p), facts: c.personFacts(p)}
	return c.Show(Page{Title: p.Name, Section: "organizations", Form: f, Body: staffPersonBody(v, kit.Link{Text: o.Name, Href: path})})
}

// memberOf gives the person of an organization that the address names.
func (c *Call) memberOf(o admission.Office) (account.Colleague, error) {
	i := slices.IndexFunc(o.People, func(p account.Colleague) bool { return string(p.Person) == c.Path("person") })
	if i < 0 {
		return account.Colleague{}, errNotFound()
	}
	return o.People[i], nil
}

func (s *site) endStaff(c *Call) error { return c.onColleague("ended", "end-reason", s.Admission.End) }

func (s *site) reopenStaff(c *Call) error {
	return c.onColleague("reopened", "reopen-reason", s.Admission.Reopen)
}

// personDeed ends or opens somebody's access, with a reason.
type personDeed func(ctx context.Context, who access.Actor, org id.Organization, person id.Person, reason string) error

// onColleague does something about the access of somebody of an
// organization, after a fresh proof.
func (c *Call) onColleague(done, reason string, do personDeed) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	o, err := c.organizationOf()
	if err != nil {
		return err
	}
	p, err := c.memberOf(o)
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok || err != nil {
		return err
	}
	err = do(c.Context(), c.Actor, o.Org, p.Person, f.Text(reason))
	if err == nil {
		return c.Done(organizationPath(c.Path("org")), done)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {reason, "Reason"}}))
	if err != nil {
		return err
	}
	return c.showStaffPerson(f, o)
}

func (s *site) settleCall(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	which, err := id.Parse[admission.CallID](c.Path("call"))
	if err != nil {
		return errNotFound()
	}
	err = s.Admission.Settle(c.Context(), c.Actor, which, f.Text("reason"))
	if err != nil {
		return err
	}
	return c.Done("/plan/organizations", "settled")
}
