package coverage

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// PanelPage is how many members a page of the panel shows.
const PanelPage = 50

const (
	panelMonths = 13                  // how far back a monthly list goes
	panelTie    = 31 * 24 * time.Hour // how long the last day on a panel lets an office see a member
	sortedPanel = 2000                // a larger list is not sorted by name
)

// PanelList is one of the lists of a panel.
type PanelList string

// The lists.
const (
	PanelAll     PanelList = "members"
	PanelAdded   PanelList = "added"
	PanelDropped PanelList = "dropped"
)

// PanelQuery asks for a page of the panel of the actor's organization.
type PanelQuery struct {
	Month    civil.Date // any day of it; zero: today
	Provider code.NPI   // one of the organization's practitioners; empty: all
	List     PanelList
	Page     int // from 1
}

// PanelMember is a member on a list. Facts that may not be shown are empty.
type PanelMember struct {
	Member member.Member // without facts: the office may no longer see the member
	PCP    provider.Party
	Since  civil.Date // the first day with that provider
	Plan   string     // its name
	From   civil.Date // of the coverage
	To     civil.Date
	Why    string // of an addition or a drop, in words
}

// Panel is the members whose primary care provider works at an organization.
type Panel struct {
	On        civil.Date // the day that the list is about
	Before    civil.Date // the day that it is compared with
	Members   int
	Added     int
	Dropped   int
	Rows      []PanelMember
	More      bool // there are further pages
	ByName    bool // rows are in order of names; else the newest come first
	Providers []provider.Party
	Fields    []access.Field
}

// Why somebody was added or dropped.
const (
	whyBegan  = "Coverage began"
	whyEnded  = "Coverage ended"
	whyNew    = "New to this provider"
	whyMoved  = "Moved to another provider"
	whyWithin = "Moved within your organization"
)

// place is a member's place on a panel on a day.
type place struct {
	npi        code.NPI
	since      civil.Date
	plan       string
	from, to   civil.Date // of the coverage
	pcpTo      civil.Date
	memberOnly id.Member
}

// Panel gives a page of the members whose primary care provider works at the
// actor's organization and who are covered: today, or on the first day of a
// month (up to thirteen back), with who came and who went since the first day
// of the month before. It is what is known now of those days. Who is shown is
// written down, and may be opened for 31 days after the last day on the panel;
// of somebody whose days are over longer, only that there was a member.
func (s *Service) Panel(ctx context.Context, who access.Actor, q PanelQuery) (Panel, error) {
	err := who.May(access.ViewPanel)
	if err != nil {
		return Panel{}, err
	}
	if who.Side != access.Office || who.Org == "" {
		return Panel{}, fault.New(fault.Forbidden, "A panel is an office's own")
	}
	var out Panel
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		out, err = s.panel(tx, who, q)
		return err
	})
	if err != nil {
		return Panel{}, err
	}
	return out, nil
}

func (s *Service) panel(tx *db.Tx, who access.Actor, q PanelQuery) (Panel, error) {
	var out Panel
	var err error
	today := civil.Of(tx.Now, s.Zone)
	out.On, out.Before, err = panelDays(q.Month, today)
	if err != nil {
		return out, err
	}
	out.Providers, err = provider.Staff(tx, who.Org)
	if err != nil {
		return out, err
	}
	// Somebody with access for chosen providers only sees theirs.
	out.Providers = slices.DeleteFunc(out.Providers, func(p provider.Party) bool { return !who.Reaches(string(p.NPI)) })
	npis := make([]code.NPI, 0, len(out.Providers))
	for _, p := range out.Providers {
		if q.Provider == "" || p.NPI == q.Provider {
			npis = append(npis, p.NPI)
		}
	}
	if q.Provider != "" && len(npis) == 0 {
		return out, fault.New(fault.NotFound, "This provider is none of your organization's. Choose one from the list")
	}
	now, err := panelOn(tx, npis, out.On)
	if err != nil {
		return out, err
	}
	before, err := panelOn(tx, npis, out.Before)
	if err != nil {
		return out, err
	}
	rows := out.choose(q.List, now, before)
	return out, s.fill(tx, who, &out, rows, q, today)
}

// panelDays gives the day of a list and the one that it is compared with.
func panelDays(month, today civil.Date) (on, before civil.Date, err error) {
	this := civil.Date{Y: today.Y, M: today.M, D: 1}
	if month.IsZero() {
		if today == this {
			return today, monthBefore(this), nil
		}
		return today, this, nil
	}
	on = civil.Date{Y: month.Y, M: month.M, D: 1}
	first := this
	for range panelMonths {
		first = monthBefore(first)
	}
	if on.Before(first) || on.After(this) {
		return on, on, fault.Bad(fault.Problem{Path: "month", Text: "A panel is kept for thirteen months back: choose one of the months from the list"})
	}
	return on, monthBefore(on), nil
}

func monthBefore(first civil.Date) civil.Date {
	last := first.AddDays(-1)
	return civil.Date{Y: last.Y, M: last.M, D: 1}
}

// panelOn gives everybody on the panel of some providers on a day, by member.
func panelOn(tx *db.Tx, npis []code.NPI, day civil.Date) (map[id.Member]place, error) {
	out := map[id.Member]place{}
	err := eachChunk(npis, func(args []any) error {
		n := len(args)
		args = append(args, day.String(), day.String(), string(Medical), day.String(), day.String())
		all, err := db.Collect(scanPlace)(tx.Rows(`select p.member, p.npi, p.from_on, p.to_on, s.plan, s.from_on, s.to_on
			from coverage_pcp_span p join coverage_span s on s.member = p.member
			where p.npi in (`+placeholders(0, n)+`) and p.closed_us = 0`+numbered(` and p.from_on <= ? and p.to_on >= ?
				and s.line = ? and s.closed_us = 0 and s.from_on <= ? and s.to_on >= ?`, n), args...))
		for _, p := range all {
			out[p.memberOnly] = p
		}
		return err
	})
	return out, err
}

// numbered puts placeholders after the first taken ones for question marks.
func numbered(text string, taken int) string {
	var b []byte
	for _, c := range []byte(text) {
		if c != '?' {
			b = append(b, c)
			continue
		}
		b = append(b, placeholders(taken, 1)...)
		taken++
	}
	return string(b)
}

func scanPlace(r *sql.Rows) (place, error) {
	var p place
	var since, pcpTo, from, to string
	err := r.Scan(&p.memberOnly, &p.npi, &since, &pcpTo, &p.plan, &from, &to)
	if err != nil {
		return p, err
	}
	for _, d := range []struct {
		at   *civil.Date
		text string
	}{{&p.since, since}, {&p.pcpTo, pcpTo}, {&p.from, from}, {&p.to, to}} {
		if d.text == open {
			continue
		}
		*d.at, err = civil.Parse(d.text)
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// choose counts the lists and gives the members of one with their places.
func (p *Panel) choose(list PanelList, now, before map[id.Member]place) map[id.Member]place {
	added, dropped := map[id.Member]place{}, map[id.Member]place{}
	for m, at := range now {
		if _, was := before[m]; !was {
			added[m] = at
		}
	}
	for m, at := range before {
		if _, is := now[m]; !is {
			dropped[m] = at
		}
	}
	p.Members, p.Added, p.Dropped = len(now), len(added), len(dropped)
	switch list {
	case PanelAdded:
		return added
	case PanelDropped:
		return dropped
	case PanelAll:
	}
	return now
}

// fill puts the page's members in, after it has written down that they are
// shown.
func (s *Service) fill(tx *db.Tx, who access.Actor, out *Panel, all map[id.Member]place, q PanelQuery, today civil.Date) error {
	ids := make([]id.Member, 0, len(all))
	for m := range all {
		ids = append(ids, m)
	}
	slices.SortFunc(ids, func(a, b id.Member) int {
		if c := all[b].since.Compare(all[a].since); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	out.ByName = len(ids) <= sortedPanel
	if out.ByName {
		var err error
		ids, err = member.InOrder(tx, ids)
		if err != nil {
			return err
		}
	}
	first := min((max(q.Page, 1)-1)*PanelPage, len(ids))
	last := min(first+PanelPage, len(ids))
	out.More = last < len(ids)
	ids = ids[first:last]
	why, err := s.reasons(tx, q.List, ids, all, out.Before, out.On, who.Org)
	if err != nil {
		return err
	}
	shown, err := s.discloseRows(tx, who, out, ids, all, today)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, m := range ids {
		at := all[m]
		row := PanelMember{Member: shown[m]}
		if row.Member.ID == "" || row.Member.Restricted {
			out.Rows = append(out.Rows, row)
			continue
		}
		err = row.facts(tx, out, at, names)
		if err != nil {
			return err
		}
		if out.mayTell(why[m]) {
			row.Why = why[m]
		}
		out.Rows = append(out.Rows, row)
	}
	return nil
}

// discloseRows binds the members of a page to the organization as long as
// their days on its panel allow, and shows those that it may see.
func (s *Service) discloseRows(tx *db.Tx, who access.Actor, out *Panel, ids []id.Member, all map[id.Member]place, today civil.Date) (map[id.Member]member.Member, error) {
	for _, m := range ids {
		until := all[m].lastDay(today).AddDays(1).In(s.Zone).Add(panelTie)
		if !until.After(tx.Now) {
			continue
		}
		err := member.Bind(tx, who, m, member.TiePanel, until)
		if err != nil {
			return nil, err
		}
	}
	shown, fields, err := member.ListedWith(tx, who, access.Treatment, "panel", ids, []access.Field{access.FieldPlan, access.FieldCoverage, access.FieldPCP})
	out.Fields = fields
	return shown, err
}

// lastDay gives the last day until today on which a member's place on the
// panel holds: with this provider, and covered by this plan.
func (p place) lastDay(today civil.Date) civil.Date {
	for _, end := range []civil.Date{p.pcpTo, p.to} {
		if !end.IsZero() && end.Before(today) {
			today = end
		}
	}
	return today
}

// mayTell says whether a reason is among the facts that may be shown.
func (p *Panel) mayTell(why string) bool {
	if why == whyBegan || why == whyEnded {
		return slices.Contains(p.Fields, access.FieldCoverage)
	}
	return slices.Contains(p.Fields, access.FieldPCP)
}

// facts fills in what the row may show.
func (r *PanelMember) facts(tx *db.Tx, out *Panel, at place, names map[string]string) error {
	if slices.Contains(out.Fields, access.FieldPCP) {
		r.Since, r.PCP = at.since, provider.Party{NPI: at.npi}
		for _, p := range out.Providers {
			if p.NPI == at.npi {
				r.PCP = p
			}
		}
	}
	if slices.Contains(out.Fields, access.FieldCoverage) {
		r.From, r.To = at.from, at.to
	}
	if !slices.Contains(out.Fields, access.FieldPlan) {
		return nil
	}
	name, known := names[at.plan]
	if !known {
		var err error
		name, err = planName(tx, at.plan)
		if err != nil {
			return err
		}
		names[at.plan] = name
	}
	r.Plan = name
	return nil
}

// reasons says why the members of a page came (they were not there on the day
// before) or went (they are not there on the day).
func (s *Service) reasons(tx *db.Tx, list PanelList, ids []id.Member, all map[id.Member]place, before, on civil.Date, org id.Organization) (map[id.Member]string, error) {
	if list != PanelAdded && list != PanelDropped {
		return nil, nil
	}
	day := before
	if list == PanelDropped {
		day = on
	}
	spans, err := spansOf(tx, ids)
	if err != nil {
		return nil, err
	}
	out := map[id.Member]string{}
	for _, m := range ids {
		covered := planOn(spans[m], day) != ""
		switch {
		case list == PanelAdded && !covered:
			out[m] = whyBegan
		case list == PanelDropped && !covered:
			out[m] = whyEnded
		case list == PanelAdded:
			out[m] = whyNew
		default:
			out[m] = whyMoved
		}
	}
	within, err := ours(tx, ids, day, org)
	for m := range within {
		if out[m] == whyNew || out[m] == whyMoved {
			out[m] = whyWithin
		}
	}
	return out, err
}

// ours gives those who have a provider of the organization on a day: with a
// list of one provider they moved to or from a colleague.
func ours(tx *db.Tx, ids []id.Member, day civil.Date, org id.Organization) (map[id.Member]bool, error) {
	history, err := pcpSpansOf(tx, ids)
	if err != nil {
		return nil, err
	}
	staff, err := provider.Staff(tx, org)
	if err != nil {
		return nil, err
	}
	out := map[id.Member]bool{}
	for m, all := range history {
		for _, p := range all {
			if !day.Before(p.from) && !after(day, p.to) && slices.ContainsFunc(staff, func(s provider.Party) bool { return s.NPI == p.npi }) {
				out[m] = true
			}
		}
	}
	return out, nil
}
