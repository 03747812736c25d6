package web

import (
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/web/kit"
)

// officeView is an office's people.
type officeView struct {
	name    string
	done    string
	oneOnly bool
	review  *admission.Review
	due     string
	people  kit.Table
	waiting []kit.Row
	invites []kit.Row
	ends    string // when its access ends
}

// officeDone says what was just done, by the word that Call.Done left.
func officeDone(word string) string {
	switch word {
	case "invited":
		return "The invitation is on its way. It works for 7 days."
	case "resent":
		return "The invitation is on its way again. The link that was sent before does not work any more."
	case "withdrawn":
		return "The invitation is withdrawn: its link does not work any more."
	case "changed":
		return "The access is changed, with the person’s next click."
	case "ended":
		return "The access has ended. What the person entered stays under that name."
	case "reopened":
		return "The access is open again."
	case "approved":
		return "The account is open, and the person was told by mail."
	case "refused":
		return "The registration is refused, and the person was told by mail."
	case "reviewed":
		return "The access review is done. The next one comes in about three months."
	case "suspended":
		return "The organization’s access is suspended: nobody of it can go on."
	case "leaving":
		return "The dates are set, and the organization’s administrators were told."
	case "settled":
		return "The call is settled."
	}
	return ""
}

func (s *site) officePage(c *Call) error {
	o, err := s.Admission.Office(c.Context(), c.Actor, c.Actor.Org)
	if err != nil {
		return err
	}
	invites, err := s.Admission.Invitations(c.Context(), c.Actor, c.Actor.Org)
	if err != nil {
		return err
	}
	waiting, err := s.Admission.Waiting(c.Context(), c.Actor, c.Actor.Org)
	if err != nil {
		return err
	}
	v := officeView{name: c.Actor.OrgName, done: officeDone(c.Query("done")), oneOnly: o.OnlyOne(), people: c.peopleTable(o.People, "/office/people/"), ends: c.endsWords(o.Standing)}
	for _, i := range invites {
		v.invites = append(v.invites, c.inviteRow(i, "/office"))
	}
	for _, r := range waiting {
		v.waiting = append(v.waiting, kit.Row{Cells: []kit.Cell{
			{Text: r.Name, Sub: r.Email, Href: "/office/registrations/" + string(r.ID), Header: true}, {Text: capital(string(r.Role))},
			{Text: c.Moment(r.Confirmed).Text}, {Text: c.Moment(r.Expires).Text},
		}})
	}
	r, open, err := s.Admission.Review(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if open {
		v.review, v.due = &r, c.Moment(r.Due).Text
	}
	return c.Show(Page{Title: "People of " + c.Actor.OrgName, Section: "people", Body: officeBody(v)})
}

// endsWords says when an organization's access ends, if it does.
func (c *Call) endsWords(o account.Standing) string {
	switch {
	case o.Suspended:
		return "The plan has suspended this organization’s access."
	case !o.Closes.IsZero() && !c.Now().Before(o.Closes):
		return "This organization’s access ended on " + c.day(o.Closes) + "."
	case !o.ViewOnly.IsZero():
		return "From " + c.day(o.ViewOnly) + " on this organization’s people only look; from " + c.day(o.Closes) + " on nobody acts for it."
	}
	return ""
}

func (c *Call) day(t time.Time) string { return t.In(c.site.Zone).Format("January 2, 2006") }

// peopleTable lists people with a link to the page of each, or without.
func (c *Call) peopleTable(people []account.Colleague, path string) kit.Table {
	t := kit.Table{Caption: "People with access", HideCaption: true,
		Columns: []kit.Column{{Text: "Name", Wide: true}, {Text: "Role"}, {Text: "Last used"}, {Text: "Access"}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nobody yet", Text: "Who accepts an invitation stands here."})}
	for _, p := range people {
		row := kit.Row{ID: "person-" + string(p.Person), Cells: []kit.Cell{
			{Text: p.Name, Sub: p.Username, Header: true}, {Text: rolesInWords(p.Roles), Sub: providersSub(p.Providers)},
			{Text: c.lastUsed(p)}, {Text: accessWords(p), Sub: whySub(p)},
		}}
		if path != "" {
			row.Cells[0].Href = path + string(p.Person)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (c *Call) lastUsed(p account.Colleague) string {
	if p.Used.IsZero() {
		return "never"
	}
	return c.Moment(p.Used).Text
}

// accessWords says whether somebody can act for the organization.
func accessWords(p account.Colleague) string {
	switch {
	case p.Membership.State == account.MemberEnded || p.State == account.Closed:
		return "Ended"
	case p.Membership.State == account.MemberSuspended || p.State == account.Suspended:
		return "Suspended"
	}
	return "Open"
}

// whySub says why somebody cannot.
func whySub(p account.Colleague) string {
	cause := p.Membership.Cause
	if p.Membership.State == account.MemberActive {
		cause = p.Cause
	}
	switch cause {
	case account.ByStaff:
		return "by the plan’s staff"
	case account.OnSuspicion:
		return "somebody else may be using it"
	case account.OfNonUse:
		return "not used for a long time"
	case account.InReview:
		return "not kept in the access review"
	case account.OwnWish:
		return "own wish"
	case account.OfficeClosed:
		return "the organization’s access has ended"
	}
	return ""
}

func (c *Call) inviteRow(v admission.Invitation, path string) kit.Row {
	state := "until " + c.Moment(v.Expires).Text
	if v.Late {
		state = "has run out: send it again, or withdraw it"
	}
	at := path + "/invitations/" + string(v.ID)
	return kit.Row{Cells: []kit.Cell{
		{Text: v.Name, Sub: v.Email, Header: true}, {Text: rolesInWords(v.Roles), Sub: providersSub(v.Providers)}, {Text: v.ByName, Sub: state},
		{Body: inviteButtons(at, v.Name)},
	}}
}

func (s *site) administratorsPage(c *Call) error { return c.showAdministrators(nil) }

func (c *Call) showAdministrators(f *Form) error {
	names, err := c.site.Admission.Admins(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	done := ""
	if c.Query("done") == "asked" {
		done = "The plan’s provider relations have your call. They answer by inviting an administrator."
	}
	return c.Show(Page{Title: "Who controls your access", Section: "people", Form: f, Body: administratorsBody(f, c.Actor.OrgName, names, done, c.site.Plan.HelpDesk)})
}

func (s *site) askForAdministrator(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Admission.AskForAdministrator(c.Context(), c.Actor, f.Text("text"))
	if err == nil {
		return c.Done("/office/administrators", "asked")
	}
	err = f.Blame(err, Places(map[string][2]string{"text": {"text", "What you need"}}))
	if err != nil {
		return err
	}
	return c.showAdministrators(f)
}

func (s *site) handOverPage(c *Call) error { return c.showHandOver(nil) }

func (c *Call) showHandOver(f *Form) error {
	o, err := c.site.Admission.Office(c.Context(), c.Actor, c.Actor.Org)
	if err != nil {
		return err
	}
	var options []kit.Option
	for _, p := range o.People {
		if p.Person != c.Actor.Person && accessWords(p) == "Open" {
			options = append(options, kit.Option{Value: string(p.Person), Text: p.Name, Hint: rolesInWords(p.Roles)})
		}
	}
	return c.Show(Page{Title: "Hand over", Section: "people", Form: f, Body: handOverBody(f, c.Actor.OrgName, f.Choose("person", "", options))})
}

// reviewPeopleView is the quarterly access review.
type reviewPeopleView struct {
	form  *Form
	id    string
	org   string
	due   string
	lines []reviewPerson
	own   bool // the reviewer herself is of it
}

type reviewPerson struct {
	field   kit.Field
	options []kit.Option
}

func (s *site) reviewPeoplePage(c *Call) error { return c.showReviewPeople(nil) }

func (c *Call) showReviewPeople(f *Form) error {
	r, open, err := c.site.Admission.Review(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if !open {
		return c.Show(Page{Title: "Access review", Section: "people", Body: noReviewBody(c.Actor.OrgName)})
	}
	v := reviewPeopleView{form: f, id: string(r.ID), org: r.OrgName, due: c.Moment(r.Due).Text}
	for _, l := range r.Lines {
		if l.Self {
			v.own = true
			continue
		}
		propose := ""
		if l.Propose {
			propose = string(admission.Keep)
		}
		name := "person-" + string(l.Person)
		v.lines = append(v.lines, reviewPerson{
			field:   f.In(kit.Field{Name: name, Label: l.Name, Hint: rolesInWords(l.Roles) + " · " + l.Username + " · last used: " + c.lastUsed(l.Colleague)}),
			options: f.Choose(name, propose, []kit.Option{{Value: string(admission.Keep), Text: "Keep"}, {Value: string(admission.EndIt), Text: "End the access"}}),
		})
	}
	return c.Show(Page{Title: "Access review", Section: "people", Form: f, Body: reviewPeopleBody(v)})
}

// mayHave keeps the providers that an administrator may give: those of the
// office, or only her own.
func mayHave(who access.Actor, npi string) bool {
	return len(who.Providers) == 0 || slices.Contains(who.Providers, npi)
}
