package web

import (
	"net/url"
	"slices"
	"strings"

	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// place is where somebody stands in the worklist.
type place struct {
	show  priorauth.Group
	after string
}

// placeAt reads a place that a page carries; what is no place is the beginning.
func placeAt(show, after string) place {
	p := place{show: priorauth.Group(show), after: after}
	if !slices.Contains(priorauth.PlanGroups(), p.show) {
		return place{show: priorauth.GroupOpen}
	}
	return p
}

func (p place) href() string {
	path := "/plan/worklist?show=" + url.QueryEscape(string(p.show))
	if p.after != "" {
		path += "&after=" + url.QueryEscape(p.after)
	}
	return path
}

func rowID(number id.Number) string { return "r-" + string(number) }

// worklistPage is GET /plan/worklist: the plan's open requests, the next due
// first, or with a number the way to one request.
func (s *site) worklistPage(c *Call) error {
	p := worklistView{}
	typed := c.Query("number")
	if typed != "" {
		number, err := id.ParseNumber(typed)
		if err == nil {
			return c.Redirect("/plan/cases/" + string(number))
		}
		p.None = sentence(capital(err.Error()))
	}
	at := place{show: priorauth.Group(c.Query("show")), after: c.Query("after")}
	if at.show == "" {
		at.show = priorauth.GroupOpen
	}
	page, err := s.Review.Worklist(c.Context(), c.Actor, priorauth.Filter{Group: at.show, After: at.after})
	if err != nil {
		return err
	}
	if c.Query("done") == "taken" {
		p.Done = "The request is yours."
	}
	p.Title = groupName(at.show, c.Actor.Side)
	p.Sub = c.worklistSummary(page.Counts)
	p.Chips = c.chips("/plan/worklist", priorauth.PlanGroups(), at.show, page.Counts)
	p.Table = c.workTable(page.Rows, at)
	p.Pages = pages("/plan/worklist?show="+string(at.show), at.after, page)
	return c.Show(Page{Title: "Worklist", Section: "worklist", Search: typed, Wide: true, Body: worklistBody(p),
		Keys: []kit.Key{{Keys: "j", Does: "next request"}, {Keys: "k", Does: "previous request"}, {Keys: "Enter", Does: "open the request"}, {Keys: "t", Does: "take the request"}}})
}

func (c *Call) worklistSummary(counts map[priorauth.Group]int) string {
	parts := []string{count(counts[priorauth.GroupOpen], "request", "requests") + " open"}
	if counts[priorauth.GroupOpen] >= priorauth.MostCounted {
		parts[0] = "1,000 or more requests open"
	}
	if n := counts[priorauth.GroupMine]; n > 0 {
		parts = append(parts, count(n, "is yours", "are yours"))
	}
	return strings.Join(append(parts, "the next due first"), " · ")
}

func (c *Call) workTable(rows []priorauth.Summary, at place) kit.Table {
	t := kit.Table{ID: "worklist", Caption: "Open requests, the next due first", HideCaption: true, Worklist: true,
		Columns: []kit.Column{{Text: "Due", Shrink: true}, {Text: "Number", Shrink: true}, {Text: "Urgency", Shrink: true}, {Text: "Member", Shrink: true},
			{Text: "Service"}, {Text: "Office"}, {Text: "State", Shrink: true}, {Text: "Owner"}, {Text: "Age", Shrink: true}, {Text: "Take", HideText: true, Shrink: true}},
		Empty: kit.Empty(kit.EmptyProps{Title: "Nothing to do here", Text: "Requests appear here as soon as an office submits them. Choose another view above, or come back later."})}
	for _, r := range rows {
		owner := kit.Cell{Text: r.Owner}
		take := kit.Cell{}
		if r.Owner == "" {
			owner.Text, owner.Muted = "nobody", true
			take.Body = takeButton(string(r.Number), at)
		}
		t.Rows = append(t.Rows, kit.Row{ID: rowID(r.Number), Tone: c.workTone(r), Cells: []kit.Cell{
			{Body: c.dueCell(r)},
			{Text: string(r.Number), Href: "/plan/cases/" + string(r.Number), Sub: string(r.Kind), Header: true},
			{Text: capital(string(r.Urgency)), Strong: r.Urgency == priorauth.Expedited},
			{Text: r.Name},
			{Text: r.Service},
			{Text: r.OrgName},
			{Body: kit.StatusTag(statusView(r.Status, c.Actor.Side))},
			owner,
			{Text: kit.Span(c.Now().Sub(r.Received)), Muted: true},
			take,
		}})
	}
	return t
}

// workTone marks rows that are late or nearly so; the due cell says it in words.
func (c *Call) workTone(r priorauth.Summary) kit.Tone {
	switch c.Due(r.Received, r.Limit).Urgency {
	case kit.Late:
		return kit.Danger
	case kit.Soon:
		return kit.Warning
	case kit.Calm, kit.Met, kit.Paused:
	}
	return kit.Plain
}
