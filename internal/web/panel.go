package web

import (
	"net/http"
	"net/url"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// routesBenefits are the rows of the panel and of the provider directory.
func (s *site) routesBenefits() []Route {
	return []Route{
		{Method: http.MethodGet, Pattern: "/panel", Gate: Accepted, Side: access.Office, Permission: access.ViewPanel, Purpose: access.Treatment,
			Audit: "disclosure", Shows: true, Handle: s.panelPage},
		{Method: http.MethodGet, Pattern: "/providers", Gate: Accepted, Permission: access.ViewRequests,
			Audit: "nothing", Why: "the plan's directory holds nothing about a member", Handle: s.directoryPage},
	}
}

// panelView is the members whose PCP works at the office.
type panelView struct {
	F         *Form
	Sub       string
	Months    []kit.Option
	Providers []kit.Option
	Tabs      []kit.TabLink
	Title     string
	Table     kit.Table
	Pages     kit.Pages
	Hidden    int // rows whose member the office may no longer see
	Order     string
	List      string
}

// panelPage is GET /panel.
func (s *site) panelPage(c *Call) error {
	f := NewForm(c.r.URL.Query())
	month := monthOf(f.Text("month"))
	q := coverage.PanelQuery{Month: month, Provider: code.NPI(f.Text("provider")), List: coverage.PanelList(f.Text("show")), Page: pageOf(f)}
	if q.List != coverage.PanelAdded && q.List != coverage.PanelDropped {
		q.List = coverage.PanelAll
	}
	panel, err := s.Coverage.Panel(c.Context(), c.Actor, q)
	if fault.Is(err, fault.Invalid) {
		err = f.Blame(err, func(string) (string, string) { return "month", "Month" })
		if err == nil {
			q.Month = civil.Date{}
			panel, err = s.Coverage.Panel(c.Context(), c.Actor, q)
		}
	}
	if err != nil {
		return err
	}
	v := panelView{F: f, List: string(q.List), Months: c.panelMonths(q.Month), Sub: "Members whose primary care provider works at " + c.Actor.OrgName + " and who are covered on " + panel.On.Long()}
	v.Providers = []kit.Option{{Value: "", Text: "All practitioners"}}
	for _, p := range panel.Providers {
		v.Providers = append(v.Providers, kit.Option{Value: string(p.NPI), Text: p.Name, Selected: p.NPI == q.Provider})
	}
	v.Tabs = []kit.TabLink{
		{Text: "Members", Count: panel.Members, Current: q.List == coverage.PanelAll, Href: panelHref(q, coverage.PanelAll, 1)},
		{Text: "Added since " + panel.Before.US(), Count: panel.Added, Current: q.List == coverage.PanelAdded, Href: panelHref(q, coverage.PanelAdded, 1)},
		{Text: "Gone since " + panel.Before.US(), Count: panel.Dropped, Current: q.List == coverage.PanelDropped, Href: panelHref(q, coverage.PanelDropped, 1)},
	}
	v.Table, v.Hidden = panelTable(panel, q)
	v.Order = "The newest on the panel first: choose a practitioner to see a shorter list by name."
	if panel.ByName {
		v.Order = "By last name."
	}
	v.Pages = panelPages(q, panel)
	v.Title = map[coverage.PanelList]string{coverage.PanelAll: "Members", coverage.PanelAdded: "Added", coverage.PanelDropped: "Gone"}[q.List]
	return c.Show(Page{Title: "Panel", Section: "panel", Form: f, Body: panelBody(v)})
}

// monthOf reads "2026-11".
func monthOf(text string) civil.Date {
	d, err := civil.Parse(text + "-01")
	if err != nil {
		return civil.Date{}
	}
	return d
}

func pageOf(f *Form) int {
	n, err := strconv.Atoi(f.Text("page"))
	if err != nil || n < 1 || n > 10_000 {
		return 1
	}
	return n
}

// panelMonths are the lists to choose from: today's and fourteen months'.
func (c *Call) panelMonths(chosen civil.Date) []kit.Option {
	today := c.Today()
	first := civil.Date{Y: today.Y, M: today.M, D: 1}
	out := []kit.Option{{Value: "", Text: "Today, " + today.Long(), Selected: chosen.IsZero()}}
	for range 14 {
		value := first.String()[:7]
		out = append(out, kit.Option{Value: value, Text: first.Long(), Selected: !chosen.IsZero() && chosen.String()[:7] == value})
		last := first.AddDays(-1)
		first = civil.Date{Y: last.Y, M: last.M, D: 1}
	}
	return out
}

func panelHref(q coverage.PanelQuery, list coverage.PanelList, page int) string {
	v := url.Values{}
	if !q.Month.IsZero() {
		v.Set("month", q.Month.String()[:7])
	}
	if q.Provider != "" {
		v.Set("provider", string(q.Provider))
	}
	if list != coverage.PanelAll {
		v.Set("show", string(list))
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	if len(v) == 0 {
		return "/panel"
	}
	return "/panel?" + v.Encode()
}

func panelPages(q coverage.PanelQuery, p coverage.Panel) kit.Pages {
	first := (max(q.Page, 1) - 1) * coverage.PanelPage
	out := kit.Pages{Text: "Nobody on this page"}
	total := map[coverage.PanelList]int{coverage.PanelAll: p.Members, coverage.PanelAdded: p.Added, coverage.PanelDropped: p.Dropped}[q.List]
	if len(p.Rows) > 0 {
		out.Text = strconv.Itoa(first+1) + "–" + strconv.Itoa(first+len(p.Rows)) + " of " + strconv.Itoa(total)
	}
	if p.More {
		out.Next = panelHref(q, q.List, q.Page+1)
	}
	if q.Page > 1 {
		out.Previous = panelHref(q, q.List, q.Page-1)
	}
	return out
}

func panelTable(p coverage.Panel, q coverage.PanelQuery) (t kit.Table, hidden int) {
	t = kit.Table{Caption: "Members of the panel on " + p.On.Long(), HideCaption: true,
		Columns: []kit.Column{{Text: "Member", Wide: true}, {Text: "Born"}, {Text: "Member ID", Shrink: true}, {Text: "Primary care provider"}, {Text: "Plan"}, {Text: "Covered", Shrink: true}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nobody", Text: emptyPanel(q.List)})}
	changes := q.List != coverage.PanelAll
	if changes {
		t.Columns = append(t.Columns, kit.Column{Text: "Why"})
	}
	for _, r := range p.Rows {
		if r.Member.ID == "" {
			hidden++
			continue
		}
		born := "—"
		if !r.Member.Birth.IsZero() {
			born = r.Member.Birth.US()
		}
		name := kit.Cell{Text: r.Member.Name(), Href: "/members/" + string(r.Member.ID), Header: true}
		pcp := kit.Cell{Text: r.PCP.Name}
		if !r.Since.IsZero() {
			pcp.Sub = "since " + r.Since.US()
		}
		cells := []kit.Cell{name, {Text: born}, {Text: r.Member.Number}, pcp, {Text: r.Plan}, {Text: fromTo(r.From, r.To)}}
		if changes {
			cells = append(cells, kit.Cell{Text: r.Why})
		}
		t.Rows = append(t.Rows, kit.Row{Cells: cells})
	}
	return t, hidden
}

func emptyPanel(list coverage.PanelList) string {
	switch list {
	case coverage.PanelAdded:
		return "Nobody came to the panel since the day that is compared with."
	case coverage.PanelDropped:
		return "Nobody left the panel since the day that is compared with."
	case coverage.PanelAll:
	}
	return "Members appear here when the plan lists one of your practitioners as their primary care provider."
}
