package web

import (
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// planPage is GET /plan: reviewers go to their worklist.
func (s *site) planPage(c *Call) error {
	if c.Actor.Has(access.WorkCases) {
		return c.Redirect("/plan/worklist")
	}
	return s.plainPlanHome(c)
}

// listView is the worklist as it is rendered.
type listView struct {
	None  string
	Chips []kit.Chip
	Table kit.Table
	Pages kit.Pages
}

// worklistPage is GET /plan/worklist: open requests, next due first. With a
// number it is the way to one request.
func (s *site) worklistPage(c *Call) error {
	v := listView{}
	typed := c.Query("number")
	if typed != "" {
		number, err := id.ParseNumber(typed)
		if err == nil {
			return c.Redirect("/plan/cases/" + string(number))
		}
		v.None = sentence(capital(err.Error()))
	}
	group := priorauth.Group(c.Query("show"))
	if group == "" {
		group = priorauth.GroupOpen
	}
	page, err := s.Review.Worklist(c.Context(), c.Actor, priorauth.Filter{Group: group, After: c.Query("after")})
	if err != nil {
		return err
	}
	v.Chips = c.chips("/plan/worklist", priorauth.PlanGroups(), group, page.Counts)
	v.Table = c.planTable(page.Rows)
	v.Pages = pages("/plan/worklist?show="+string(group), c.Query("after"), page)
	return c.Show(Page{Title: "Worklist", Section: "worklist", Wide: true, Search: typed, Body: worklistBody(v),
		Keys: []kit.Key{{Keys: "j, k", Does: "next and previous request"}, {Keys: "Enter", Does: "open the request"}}})
}

func (c *Call) planTable(rows []priorauth.Summary) kit.Table {
	t := kit.Table{ID: "worklist", Caption: "Open requests, next due first", HideCaption: true, Worklist: true, Sticky: true,
		Columns: []kit.Column{{Text: "Due", Shrink: true}, {Text: "Number", Shrink: true}, {Text: "Member", Shrink: true}, {Text: "Service", Wide: true}, {Text: "Office", Wide: true},
			{Text: "State", Shrink: true}, {Text: "Owner"}, {Text: "Age", Shrink: true}},
		Empty: kit.Empty(kit.EmptyProps{Title: "Nothing to do here", Text: "Requests appear as soon as an office submits them."})}
	for _, r := range rows {
		owner := kit.Cell{Text: r.Owner}
		if r.Owner == "" {
			owner = kit.Cell{Text: "nobody", Muted: true}
		}
		service := kit.Cell{Text: r.Service, Sub: string(r.Kind)}
		if r.Urgency == priorauth.Expedited {
			service.Sub = "EXPEDITED · " + service.Sub
		}
		t.Rows = append(t.Rows, kit.Row{ID: "r-" + string(r.Number), Tone: c.urgencyTone(r), Cells: []kit.Cell{
			{Body: c.dueCell(r)},
			{Text: string(r.Number), Href: "/plan/cases/" + string(r.Number), Header: true},
			{Text: r.Name},
			service,
			{Text: r.OrgName},
			{Body: kit.StatusTag(statusView(r.Status, c.Actor.Side))},
			owner,
			{Text: strings.TrimSpace(kit.Span(c.Now().Sub(r.Received))), Muted: true},
		}})
	}
	return t
}

// urgencyTone marks rows that are late or nearly so; the due cell says it in words.
func (c *Call) urgencyTone(r priorauth.Summary) kit.Tone {
	switch left := r.Limit.Sub(c.Now()); {
	case left < 0:
		return kit.Danger
	case left < r.Limit.Sub(r.Received)/4:
		return kit.Warning
	}
	return kit.Plain
}
