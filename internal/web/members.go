package web

import (
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/printout"
	"hsconnect/internal/web/kit"
)

// memberView is GET /members/{id}: the limited facts on a day.
func (s *site) memberView(c *Call) error {
	f := NewForm(c.r.URL.Query())
	on := f.Date("on", "Date of service", c.Today())
	if !f.OK() {
		on = c.Today()
	}
	if on.IsZero() {
		on = c.Today()
	}
	who := id.Member(c.Path("id"))
	sheet, err := s.Coverage.Sheet(c.Context(), c.Actor, who, on)
	if fault.Is(err, fault.Invalid) {
		err = f.Blame(err, func(string) (string, string) { return "on", "Date of service" })
		if err == nil {
			sheet, err = s.Coverage.Sheet(c.Context(), c.Actor, who, c.Today())
		}
	}
	if err != nil {
		return err
	}
	p := memberPage{ID: string(who), On: f.Raw("on"), F: f, MayAsk: c.Actor.Has(access.SubmitRequests) && c.Actor.Side == access.Office, Copays: copaysTable(sheet)}
	p.Header = s.memberHeader(c, sheet)
	ref := printout.EligibilityRef(who, sheet.On)
	copy, err := c.copyLink(printout.Eligibility, ref, ref)
	if err != nil {
		return err
	}
	p.Header.Actions = memberActions(p.ID, p.MayAsk, copy)
	// The window's title goes onto paper and into the browser's history.
	return c.Show(Page{Title: "Member", Section: "members", Form: f, Body: memberBody(p), Copy: copy.Href})
}

func (s *site) memberHeader(c *Call, sheet coverage.Sheet) kit.Member {
	m := sheet.Member
	v := kit.Member{Name: m.Name(), MemberID: m.Number, Covered: sheet.Covered, On: "on " + sheet.On.Long()}
	if !m.Birth.IsZero() {
		v.BirthDate = m.Birth.US() + " (" + strconv.Itoa(m.Birth.Age(c.Today())) + ")"
	}
	if sheet.On == c.Today() {
		v.On = "today"
	}
	switch {
	case !slices.Contains(sheet.Fields, access.FieldCoverage):
		v.Untold, v.Coverage = true, "Coverage is not shown to your role."
	case sheet.Covered:
		v.Coverage = strings.TrimPrefix(sheet.Plan.Name+", since ", ", ") + sheet.Span.From.Long()
		if !sheet.Span.To.IsZero() {
			v.Coverage += ", until " + sheet.Span.To.Long()
		}
	case sheet.Last != nil:
		v.Coverage = "Coverage ended on " + sheet.Last.To.Long()
		v.Hint = "Ask the member about other coverage. A request needs coverage on the dates of service."
	case sheet.Next != nil:
		v.Coverage = "Coverage begins on " + sheet.Next.From.Long()
		v.Hint = "A request may be entered for dates from then on."
	default:
		v.Coverage = "No coverage is known"
		v.Hint = "Check the date, or ask the HelpDesk."
	}
	if sheet.PCP.NPI != "" {
		v.Facts = append(v.Facts, kit.Fact{Term: "PCP", Text: sheet.PCP.Name, Sub: partySub(string(sheet.PCP.NPI), sheet.PCP.OrgName, sheet.PCP.Phone)})
	}
	if sheet.Covered && sheet.Plan.Contract != "" {
		v.Facts = append(v.Facts, kit.Fact{Term: "Contract", Text: sheet.Plan.Contract})
	}
	if sheet.Covered && sheet.Span.Group != "" {
		v.Facts = append(v.Facts, kit.Fact{Term: "Group", Text: sheet.Span.Group})
	}
	v.Recorded = "This look-up was written down on " + c.Moment(sheet.LookedAt).Text + ", as " + access.Treatment.Words() + ", under reference " + string(sheet.Disclosure) + "."
	return v
}

func copaysTable(sheet coverage.Sheet) kit.Table {
	t := kit.Table{Caption: "What the member pays, by service", HideCaption: true,
		Columns: []kit.Column{{Text: "Service", Wide: true}, {Text: "Member pays", Number: true}, {Text: "Note", Wide: true}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nothing to show", Text: "Copays are shown for the days on which the member is covered."})}
	for _, p := range sheet.Copays {
		pays := "$" + strconv.FormatInt(p.Cents/100, 10)
		if cents := p.Cents % 100; cents != 0 {
			pays += "." + strconv.FormatInt(cents+100, 10)[1:]
		}
		if p.Percent > 0 {
			pays = strconv.FormatInt(p.Percent, 10) + "%"
		}
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{{Text: p.Service, Header: true}, {Text: pays}, {Text: p.Text}}})
	}
	return t
}
