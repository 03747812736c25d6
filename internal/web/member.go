package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// memberPage is the limited facts about a member on a day.
type memberPage struct {
	Header   kit.Member
	ID       string
	On       string // the day as it was typed
	Day      string // the day that the page is about, in full
	F        *Form
	Looked   []string // changes of days gone by after this office had looked
	Changed  []string // the others
	Known    []kit.Fact
	Services []kit.Option // of the look-up "authorization needed for"
	Answer   *neededAnswer
	Benefits kit.Table
	Year     string
	Spent    []kit.Fact
	PCPs     []kit.Fact
	Other    []kit.Fact
	Work     kit.Table
	WorkMore bool
	// Claims is what the claims pages put here; nil shows nothing.
	Claims templ.Component

	Purposes []kit.Option // what it is for

	ShowsBenefits, ShowsNeeded, ShowsSpent, ShowsPCP, ShowsOther, ShowsWork, MayAsk bool
}

// neededAnswer says whether one service needs an authorization.
type neededAnswer struct {
	Service string
	Words   string
	Note    string
	Tone    kit.Tone
}

// memberView is GET /members/{id}: the limited facts on a day.
func (s *site) memberView(c *Call) error {
	f := NewForm(c.r.URL.Query())
	on := f.Date("on", "Date of service", c.Today())
	purpose := readPurpose(f)
	if !purpose.Valid() {
		purpose = access.Treatment
	}
	if !f.OK() {
		on = c.Today()
	}
	who := id.Member(c.Path("id"))
	page, err := s.MemberPage.Open(c.Context(), c.Actor, who, coverage.Ask{On: on, Purpose: purpose})
	if fault.Is(err, fault.Invalid) {
		err = f.Blame(err, func(string) (string, string) { return "on", "Date of service" })
		if err == nil {
			page, err = s.MemberPage.Open(c.Context(), c.Actor, who, coverage.Ask{Purpose: purpose})
		}
	}
	if err != nil {
		return err
	}
	p := c.memberPage(page.Sheet, f)
	p.MayAsk = c.Actor.Has(access.SubmitRequests) && c.Actor.Side == access.Office
	var copy copyLink
	if c.Actor.Has(access.PrintCopy) {
		copy = copyLink{Href: printPath(printout.Eligibility, printout.EligibilityRef(who, page.Sheet.On)) + purposeQuery(purpose), Given: page.Copies}
	}
	p.Header.Actions = memberActions(p.ID, p.MayAsk, copy)
	p.ShowsWork = page.Work.Shown
	p.Work, p.WorkMore = c.memberWork(page.Work), page.Work.More
	p.Claims = s.claimsOfMember(c, page.Claims)
	// The window's title goes onto paper and into the browser's history.
	return c.Show(Page{Title: "Member", Section: "members", Form: f, Body: memberBody(p), Copy: copy.Href})
}

// memberPage lays a sheet out.
func (c *Call) memberPage(sheet coverage.Sheet, f *Form) memberPage {
	p := memberPage{ID: string(sheet.Member.ID), On: f.Raw("on"), Day: sheet.On.Long(), F: f, Header: c.memberHeader(sheet), Year: strconv.Itoa(sheet.On.Y),
		ShowsBenefits: sheet.Covered && (sheet.Shows(access.FieldCopays) || sheet.Shows(access.FieldNeeded)), ShowsNeeded: sheet.Shows(access.FieldNeeded),
		Purposes: f.Choose("purpose", string(sheet.Purpose), purposes()), ShowsSpent: sheet.Shows(access.FieldSpent) && sheet.Covered, ShowsPCP: sheet.Shows(access.FieldPCP), ShowsOther: sheet.Shows(access.FieldOther)}
	told := map[time.Time]bool{}
	for _, n := range sheet.Notices {
		told[n.KnownAt] = true
		p.Looked = append(p.Looked, c.changeWords(n.What, n.From, n.To, n.KnownAt)+"; your office had looked last on "+c.Moment(n.Looked).Text+".")
	}
	for _, n := range sheet.Changes {
		if !told[n.KnownAt] {
			p.Changed = append(p.Changed, c.changeWords(n.What, n.From, n.To, n.KnownAt)+".")
		}
	}
	if len(sheet.Known) > 1 {
		p.Known = c.knownFacts(sheet.Known)
	}
	p.Benefits = benefitsTable(sheet)
	if p.ShowsNeeded {
		p.Services, p.Answer = neededFor(sheet.Copays, f.Text("service"))
	}
	for _, s := range sheet.Spent {
		p.Spent = append(p.Spent, spentFact(s))
	}
	for _, pcp := range sheet.PCPs {
		p.PCPs = append(p.PCPs, pcpFact(pcp, sheet.On))
	}
	for _, o := range sheet.Other {
		p.Other = append(p.Other, kit.Fact{Term: o.Pays.Words(), Text: o.Payer, Sub: strings.Join(nonEmpty(capital(o.Kind), fromTo(o.From, o.To)), " · ")})
	}
	return p
}

func (c *Call) memberHeader(sheet coverage.Sheet) kit.Member {
	m := sheet.Member
	v := kit.Member{Name: m.Name(), MemberID: m.Number, Covered: sheet.Covered, On: "on " + sheet.On.Long()}
	if !m.Birth.IsZero() {
		v.BirthDate = m.Birth.US() + " (" + strconv.Itoa(m.Birth.Age(c.Today())) + ")"
	}
	if sheet.On == c.Today() {
		v.On = "today"
	}
	switch {
	case !sheet.Shows(access.FieldCoverage):
		v.Untold, v.Coverage = true, "Coverage is not shown to your role."
	case sheet.Covered:
		v.Coverage = strings.Join(nonEmpty(sheet.Plan.Name, "since "+sheet.Span.From.Long()), ", ")
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
	v.Facts = c.headerFacts(sheet)
	v.Recorded = "This look-up was written down on " + c.Moment(sheet.LookedAt).Text + ", as " + sheet.Purpose.Words() + ", under reference " + string(sheet.Disclosure) + "."
	return v
}

func (c *Call) headerFacts(sheet coverage.Sheet) []kit.Fact {
	var out []kit.Fact
	if sheet.PCP.NPI != "" {
		out = append(out, kit.Fact{Term: "PCP", Text: sheet.PCP.Name, Sub: partySub(string(sheet.PCP.NPI), sheet.PCP.OrgName, sheet.PCP.Phone)})
	}
	if !sheet.Panel.IsZero() {
		out = append(out, kit.Fact{Term: "On your panel", Text: "Since " + sheet.Panel.Long()})
	}
	if sheet.Covered && sheet.Plan.Contract != "" {
		out = append(out, kit.Fact{Term: "Contract", Text: sheet.Plan.Contract})
	}
	if sheet.Covered && sheet.Span.Group != "" {
		out = append(out, kit.Fact{Term: "Group", Text: sheet.Span.Group})
	}
	if n := len(sheet.Known); n > 0 {
		last := sheet.Known[n-1]
		fact := kit.Fact{Term: "Known since", Text: c.Moment(last.At).Text}
		if last.Retroactive {
			fact.Sub = "changed after the day; see what was known before"
		}
		out = append(out, fact)
	}
	return out
}

// changeWords tells what changed of days gone by, and when it became known.
func (c *Call) changeWords(what string, from, to civil.Date, known time.Time) string {
	days := from.US()
	if to != from {
		days += " to " + to.US()
	}
	words := "Another coverage holds"
	switch what {
	case "ended":
		words = "The member is no longer covered"
	case "began":
		words = "The member is covered after all"
	}
	return words + " for " + days + ". The plan told the portal on " + c.Moment(known).Text
}

// knownFacts tells what was known of the day, the newest first.
func (c *Call) knownFacts(all []coverage.Belief) []kit.Fact {
	out := make([]kit.Fact, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		b := all[i]
		f := kit.Fact{Term: "On " + c.Moment(b.At).Text, Text: "Not covered"}
		if b.Covered {
			f.Text = "Covered" + prefixed(" by ", b.Plan) + " " + fromTo(b.From, b.To)
		}
		switch {
		case b.Retroactive:
			f.Sub = "Changed after the day had passed"
		case i == 0:
			f.Sub = "The first that was known"
		}
		if i == len(all)-1 {
			f.Sub = strings.Join(nonEmpty(f.Sub, "holds now"), " · ")
		}
		out = append(out, f)
	}
	return out
}

func fromTo(from, to civil.Date) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case from.IsZero():
		return "until " + to.US()
	case to.IsZero():
		return "since " + from.US()
	}
	return "from " + from.US() + " to " + to.US()
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func nonEmpty(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// dollarsOf writes an amount as a sign would: "$35", "$12.50", "$1,250".
// benefitsTable is what services cost and whether the plan authorizes them first.
func benefitsTable(sheet coverage.Sheet) kit.Table {
	t := kit.Table{Caption: "What the member pays and what needs an authorization, by service", HideCaption: true,
		Columns: []kit.Column{{Text: "Service", Wide: true}, {Text: "Member pays", Number: true}, {Text: "Authorization needed"}, {Text: "Note", Wide: true}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nothing is stated", Text: "The plan has not said what services cost under this coverage. Ask the HelpDesk."})}
	for _, b := range sheet.Copays {
		name := kit.Cell{Text: b.Service, Header: true}
		if b.Code != "" {
			name.Sub = "Service type " + b.Code
		}
		note := strings.Join(nonEmpty(b.Text, b.NeededNote), ". ")
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{name, {Text: b.Pays()}, {Text: b.Needed.Words(), Strong: b.Needed == coverage.NeededYes, Muted: b.Needed == ""}, {Text: note}}})
	}
	return t
}

// neededFor gives the services to choose from, by their place in the table so
// that no address says what is wrong with somebody, and the answer for the one
// chosen.
func neededFor(all []coverage.Copay, chosen string) ([]kit.Option, *neededAnswer) {
	var answer *neededAnswer
	options := []kit.Option{{Value: "", Text: "Choose a service"}}
	for i, b := range all {
		value := strconv.Itoa(i + 1)
		options = append(options, kit.Option{Value: value, Text: b.Service, Selected: value == chosen})
		if value != chosen {
			continue
		}
		answer = &neededAnswer{Service: b.Service, Note: b.NeededNote, Tone: kit.Info}
		switch b.Needed {
		case coverage.NeededYes:
			answer.Words, answer.Tone = "An authorization is needed", kit.Warning
		case coverage.NeededNo:
			answer.Words = "No authorization is needed"
		case coverage.NeededMaybe:
			answer.Words, answer.Tone = "It depends whether an authorization is needed", kit.Warning
		default:
			answer.Words = "The plan has not stated it for this service: ask the HelpDesk"
		}
	}
	return options, answer
}

func spentFact(s coverage.Spent) kit.Fact {
	f := kit.Fact{Term: s.Kind.Words()}
	switch {
	case s.Known && s.Of >= 0:
		f.Text, f.Sub = "Used "+coverage.Dollars(s.Cents)+" of "+coverage.Dollars(s.Of), "as of "+s.AsOf.Long()
		if s.Cents < s.Of {
			f.Sub += " · " + coverage.Dollars(s.Of-s.Cents) + " left"
		}
	case s.Known:
		f.Text, f.Sub = "Used "+coverage.Dollars(s.Cents), "as of "+s.AsOf.Long()
	default:
		f.Text, f.Sub = coverage.Dollars(s.Of)+" a year", "what is used is not known here"
	}
	return f
}

func pcpFact(p coverage.PCP, on civil.Date) kit.Fact {
	f := kit.Fact{Term: capital(fromTo(p.From, p.To)), Text: p.Name, Sub: partySub(string(p.NPI), p.OrgName, p.Phone)}
	if !on.Before(p.From) && (p.To.IsZero() || !on.After(p.To)) {
		f.Sub += " · on the date of service"
	}
	if f.Text == "" {
		f.Text = "Not in the plan’s directory"
	}
	return f
}

// memberWork is what the office has in hand for the member: drafts first.
func (c *Call) memberWork(work priorauth.MemberWork) kit.Table {
	t := kit.Table{Caption: "Your office’s requests and drafts for this member", HideCaption: true,
		Columns: []kit.Column{{Text: "Request", Shrink: true}, {Text: "Service", Wide: true}, {Text: "Status", Shrink: true}, {Text: "When"}, {Text: "Messages"}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "Nothing yet", Text: "Requests and drafts of your office for this member appear here."})}
	for _, d := range work.Drafts {
		t.Rows = append(t.Rows, kit.Row{Cells: []kit.Cell{
			{Text: "Finish draft", Href: "/authorizations/new?draft=" + string(d.ID), Header: true},
			{Text: "Begun by " + d.ByName, Sub: "not submitted: the plan has not seen it"},
			{Body: kit.StatusTag(kit.Draft)}, {Text: "saved " + c.Moment(d.SavedAt).Text, Muted: true}, {Text: "—", Muted: true}}})
	}
	for _, r := range work.Requests {
		thread := kit.Cell{Text: "None", Muted: true}
		if r.Thread.Messages > 0 {
			thread = kit.Cell{Text: count(r.Thread.Messages, "message", "messages"), Href: caseHref(r.Summary) + "#thread", Sub: "last " + c.Moment(r.Thread.Last).Text}
		}
		t.Rows = append(t.Rows, kit.Row{Fresh: r.New, Tone: tone(r.Summary), Cells: []kit.Cell{
			{Text: string(r.Number), Href: caseHref(r.Summary), Header: true},
			{Text: r.Service, Sub: string(r.Kind)},
			{Body: kit.StatusTag(statusView(r.Status, c.Actor.Side))}, {Body: c.dueCell(r.Summary)}, thread}})
	}
	return t
}
