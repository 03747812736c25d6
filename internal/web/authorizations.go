package web

import (
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/web/kit"
)

// groupName gives the words of a filter.
func groupName(g priorauth.Group, side access.Side) string {
	switch g {
	case priorauth.GroupOpen:
		return "Open"
	case priorauth.GroupWaiting:
		return "Waiting for you"
	case priorauth.GroupDecided:
		return "Decided"
	case priorauth.GroupAll:
		return "All"
	case priorauth.GroupMine:
		return "Mine"
	case priorauth.GroupFree:
		return "Nobody’s"
	case priorauth.GroupReferred:
		return "Referred"
	case priorauth.GroupExpedited:
		return "Expedited"
	}
	return string(g)
}

// chips gives the filters of a list at base with their counts.
func (c *Call) chips(base string, groups []priorauth.Group, on priorauth.Group, counts map[priorauth.Group]int) []kit.Chip {
	out := make([]kit.Chip, 0, len(groups))
	for _, g := range groups {
		text := groupName(g, c.Actor.Side)
		if counts[g] >= priorauth.MostCounted {
			text += " (1,000 or more)"
		}
		chip := kit.Chip{Text: text, Href: base + "?show=" + string(g), On: g == on}
		if counts[g] < priorauth.MostCounted {
			chip.Count = counts[g]
		}
		out = append(out, chip)
	}
	return out
}

// authorizationsPage is GET /authorizations: the office's list, or with a
// number the way to one request.
func (s *site) authorizationsPage(c *Call) error {
	p, typed := listPage{MayAsk: c.Actor.Has(access.SubmitRequests), Withheld: sensitive.Withheld(s.Plan.HelpDesk.Phone)}, c.Query("number")
	if typed != "" {
		number, err := id.ParseNumber(typed)
		if err == nil {
			return c.Redirect("/authorizations/" + string(number))
		}
		p.None = capital(err.Error()) + "."
	}
	group := priorauth.Group(c.Query("show"))
	if group == "" {
		group = priorauth.GroupOpen
	}
	page, err := s.Priorauth.List(c.Context(), c.Actor, priorauth.Filter{Group: group, After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Chips = c.chips("/authorizations", priorauth.OfficeGroups(), group, page.Counts)
	p.Title = groupName(group, c.Actor.Side) + " requests"
	p.Table = c.officeTable(page.Rows, p.Title)
	p.Pages = pages("/authorizations?show="+string(group), c.Query("after"), page)
	if group == priorauth.GroupOpen && p.MayAsk && c.Query("after") == "" {
		drafts, err := s.Priorauth.Drafts(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		p.Drafts = c.draftTasks(drafts)
	}
	return c.Show(Page{Title: "Authorizations", Section: "authorizations", Search: typed, Body: listBody(p)})
}

// pages leads to the next page, and from any page but the first back to it: a
// list in order of what is due moves while it is read.
func pages(base, after string, page priorauth.Page) kit.Pages {
	p := kit.Pages{Text: strconv.Itoa(len(page.Rows)) + " shown"}
	if page.Next != "" {
		p.Next = base + "&after=" + page.Next
	}
	if after != "" {
		p.Previous = base
	}
	return p
}

func (c *Call) officeTable(rows []priorauth.Summary, caption string) kit.Table {
	t := kit.Table{Caption: caption, HideCaption: true, Worklist: true,
		Columns: []kit.Column{{Text: "Number", Shrink: true}, {Text: "Member", Wide: true}, {Text: "Service"}, {Text: "Status", Shrink: true}, {Text: "Plan must answer by", Wide: true}, {Text: "Submitted by"}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nothing here", Text: "Requests of your office appear here as soon as they are submitted.", Do: &kit.Link{Text: "Look up a member to begin one", Href: "/members"}})}
	for _, r := range rows {
		cells := []kit.Cell{
			{Text: string(r.Number), Href: "/authorizations/" + string(r.Number), Header: true},
			{Text: r.Name, Strong: true},
			{Text: r.Service, Sub: string(r.Kind)},
			{Body: kit.StatusTag(statusView(r.Status, c.Actor.Side))},
			{Body: c.dueCell(r)},
			{Text: r.By, Muted: true},
		}
		t.Rows = append(t.Rows, kit.Row{ID: "r-" + string(r.Number), Fresh: r.New, Tone: tone(r), Cells: cells})
	}
	return t
}

func tone(r priorauth.Summary) kit.Tone {
	if r.Lapsed && r.Status.Open() {
		return kit.Danger
	}
	return kit.Plain
}

func (c *Call) draftTasks(drafts []priorauth.Draft) []kit.Task {
	out := make([]kit.Task, 0, len(drafts))
	for _, d := range drafts {
		at := c.Moment(d.SavedAt)
		out = append(out, kit.Task{Who: d.Member.Name(), Href: "/authorizations/new?draft=" + string(d.ID), Kind: "Draft", Icon: "edit",
			What: "not submitted; last saved by " + d.SavedBy, When: &at, Status: kit.Draft})
	}
	return out
}

// caseNumber reads the number in the address. One that is no number is
// nothing that exists.
func (c *Call) caseNumber() (id.Number, error) {
	number, err := id.ParseNumber(c.Path("number"))
	if err != nil {
		return "", fault.Wrap(fault.NotFound, err, "There is no such request among yours. Check the number, or ask the HelpDesk")
	}
	return number, nil
}
