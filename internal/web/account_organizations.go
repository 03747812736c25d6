package web

import (
	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/code"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// workplacesPage is GET /account/organizations: for whom one works, and from
// where one goes over to another.
func (s *site) workplacesPage(c *Call) error {
	all, err := s.Accounts.Workplaces(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	rows := make([]kit.Row, len(all))
	for i, w := range all {
		rows[i] = c.workplaceRow(w)
	}
	return c.Show(Page{Title: "Organizations you work for", Section: "account", Body: workplacesBody(rows)})
}

func (c *Call) workplaceRow(w account.Workplace) kit.Row {
	name := kit.Cell{Text: w.OrgName, Header: true}
	if w.OrgTIN != "" {
		name.Sub = "TIN " + code.TIN(w.OrgTIN).Hyphened()
	}
	used := kit.Cell{Text: "never", Muted: true}
	if !w.Used.IsZero() {
		used = kit.Cell{Text: c.Moment(w.Used).Text}
	}
	state := c.workplaceState(w)
	var do kit.Cell
	switch {
	case w.Now:
		do.Text = "You work for it now"
	case w.Open:
		do.Body = workFor(string(w.Org), w.OrgName)
	default:
		do = kit.Cell{Text: "Not open", Muted: true}
	}
	return kit.Row{Cells: []kit.Cell{name, {Text: rolesInWords(w.Roles)}, state, used, do}}
}

// workplaceState tells how an access stands, and where it does not open, why
// and what opens it.
func (c *Call) workplaceState(w account.Workplace) kit.Cell {
	o := w.Standing
	switch {
	case w.State == account.MemberEnded:
		return kit.Cell{Text: "Ended", Sub: c.Moment(w.Changed).Text}
	case w.State == account.MemberSuspended:
		return kit.Cell{Text: "Suspended", Sub: sentence(w.Cause.Words()) + " Ask its local administrator."}
	case o.Suspended:
		return kit.Cell{Text: "The organization is suspended", Sub: "Nobody of it can go on. Call the HelpDesk."}
	case !w.Open:
		return kit.Cell{Text: "The organization has left the portal", Sub: c.Moment(o.Closes).Text}
	case w.ViewOnly && o.Closes.IsZero():
		return kit.Cell{Text: "Open, to look only", Sub: "The organization is leaving the portal."}
	case w.ViewOnly:
		return kit.Cell{Text: "Open, to look only", Sub: "The organization is leaving the portal: it closes " + c.Moment(o.Closes).Text + "."}
	}
	return kit.Cell{Text: "Open"}
}

// workForOrganization makes this browser act for another organization.
func (s *site) workForOrganization(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	org, err := id.Parse[id.Organization](f.Text("org"))
	if err != nil {
		return errNotFound()
	}
	err = s.Accounts.ActFor(c.Context(), c.Actor, org)
	if err != nil {
		return err
	}
	return c.Redirect("/")
}

// switchHref is where somebody who works for several organizations chooses
// another, or "". A page that tells of an error goes without.
func (c *Call) switchHref() string {
	if c.Session.ID == "" {
		return ""
	}
	all, err := c.site.Accounts.Memberships(c.Context(), c.Actor, c.Actor.Person)
	if err != nil {
		return ""
	}
	n := 0
	for _, m := range all {
		if m.State != account.MemberEnded {
			n++
		}
	}
	if n < 2 {
		return ""
	}
	return organizationsPath
}

// leavingNotice is the banner where the organization's people only look.
func (c *Call) leavingNotice() []kit.Announcement {
	if !c.Session.ViewOnly || c.Actor.Side != access.Office {
		return nil
	}
	return []kit.Announcement{{Tone: kit.Warning, Text: "Your organization is leaving the portal: you can look, and change nothing."}}
}
