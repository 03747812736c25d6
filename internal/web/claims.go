package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/claim"
	"hsconnect/internal/code"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/web/kit"
)

const claimsTitle = "Claims"

// claimsPage is GET /claims: the search, and with two days what began between
// them. Nothing about a member stands in the address.
func (s *site) claimsPage(c *Call) error {
	f := NewForm(c.r.URL.Query())
	p := s.claimsForm(c, f)
	if !f.Has("from") && !f.Has("to") {
		return s.showClaims(c, p)
	}
	from, to := f.Date("from", "First day of service", c.Today()), f.Date("to", "Last day of service", c.Today())
	if !f.OK() {
		return s.showClaims(c, p)
	}
	page, err := s.Claims.ByDays(c.Context(), c.Actor, from, to, f.Text("after"))
	err = f.Blame(err, Places(map[string][2]string{"from": {"from", "First day of service"}, "to": {"to", "Last day of service"}}))
	if err != nil {
		return err
	}
	if f.OK() {
		p.results(page, "Service from "+from.US()+" to "+to.US())
		base := "/claims?" + url.Values{"from": {f.Text("from")}, "to": {f.Text("to")}}.Encode()
		if page.Next != "" {
			p.Pages.Next = base + "&after=" + page.Next
		}
		if f.Text("after") != "" {
			p.Pages.Previous = base
		}
	}
	return s.showClaims(c, p)
}

// claimsSearch is POST /claims: by member, or by number. What was typed is in
// the body.
func (s *site) claimsSearch(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	p := s.claimsForm(c, f)
	var page claim.Page
	var caption string
	if f.Has("claim") {
		caption = "Claims of this number"
		page, err = s.Claims.ByNumber(c.Context(), c.Actor, f.Text("claim"))
		if err == nil && len(page.Rows) == 1 {
			return c.Redirect("/claims/" + string(page.Rows[0].ID))
		}
	} else {
		key := member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}
		if !f.OK() {
			return s.showClaims(c, p)
		}
		page, err = s.Claims.ByMember(c.Context(), c.Actor, key, f.Text("after"))
		caption = "Claims for " + page.Member.Name()
	}
	switch {
	case fault.Is(err, fault.NotFound):
		p.None, p.Status = fault.Text(err), http.StatusNotFound
		return s.showClaims(c, p)
	case fault.Is(err, fault.TooMany):
		p.Held, p.Status = sentence(fault.Text(err)), http.StatusTooManyRequests
		c.w.Header().Set("Retry-After", "60")
		return s.showClaims(c, p)
	}
	err = f.Blame(err, Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}, "claim": {"claim", "Claim number"}}))
	if err != nil {
		return err
	}
	if f.OK() {
		p.results(page, caption)
		p.More = page.Next
	}
	return s.showClaims(c, p)
}

func (s *site) claimsForm(c *Call, f *Form) claimsView {
	return claimsView{F: f, Withheld: sensitive.Withheld(s.Plan.HelpDesk.Phone), Month: c.Today().AddDays(-31).US(), Today: c.Today().US()}
}

func (s *site) showClaims(c *Call, p claimsView) error {
	return c.Show(Page{Status: p.Status, Title: claimsTitle, Section: "claims", Form: p.F, Body: claimsBody(p)})
}

// results puts what was found on the page.
func (p *claimsView) results(page claim.Page, caption string) {
	p.Searched = true
	p.Table = claimsTable(page, caption)
	p.Pages.Text = plural(len(page.Rows), "claim", "claims") + " shown"
	p.Title = caption
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// claimsTable is claims in a list: of a search, or on a member's page.
func claimsTable(page claim.Page, caption string) kit.Table {
	t := kit.Table{Caption: caption, HideCaption: true, Worklist: true,
		Columns: []kit.Column{{Text: "Claim", Shrink: true}, {Text: "Member", Wide: true}, {Text: "Service"}, {Text: "Status", Wide: true}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "No claims", Text: "Claims that your office billed, or whose service it gave under its own tax number, appear here when the plan’s system has told of them."})}
	if page.Amounts {
		t.Columns = append(t.Columns, kit.Column{Text: "Charged", Number: true}, kit.Column{Text: "Paid", Number: true})
	}
	for _, r := range page.Rows {
		cells := []kit.Cell{
			{Text: r.Number, Sub: prefixed("yours: ", r.OfficeNumber), Href: "/claims/" + string(r.ID), Header: true},
			{Text: r.Member.Name(), Sub: r.Member.Birth.US(), Strong: true},
			{Text: days(r), Sub: r.Rendering},
			{Body: claimTag(r.Status), Sub: "as of " + r.AsOf.US()},
		}
		if page.Amounts {
			charged, paid := "not told", ""
			if r.HasAmounts {
				charged, paid = dollars(r.Amounts.Charge), dollars(r.Amounts.Paid)
			}
			cells = append(cells, kit.Cell{Text: charged, Muted: !r.HasAmounts}, kit.Cell{Text: paid})
		}
		t.Rows = append(t.Rows, kit.Row{ID: "c-" + string(r.ID), Cells: cells})
	}
	return t
}

func days(r claim.Summary) string {
	if r.To == r.From || r.To.IsZero() {
		return r.From.US()
	}
	return r.From.US() + " – " + r.To.US()
}

// dollars writes cents as people do: "$1,234.50".
func dollars(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + "$" + whole + "." + strconv.FormatInt(100+cents%100, 10)[1:]
}

// units writes thousandths: "2", "0.5".
func unitsText(n int64) string {
	text := strconv.FormatInt(n/1000, 10)
	if part := n % 1000; part != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(1000+part, 10)[1:], "0")
	}
	return text
}

// claimPage is GET /claims/{id}.
func (s *site) claimPage(c *Call) error {
	ref, err := id.Parse[claim.ID](c.Path("id"))
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "There is no such claim among your office’s. Check the number, or ask the HelpDesk")
	}
	v, err := s.Claims.Get(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Claim " + v.Number, Section: "claims", Body: claimBody(s.claimView(c, v))})
}

func (s *site) claimView(c *Call, v claim.View) claimView {
	p := claimView{
		Number: v.Number, Sub: v.Member.Name() + " · service " + days(v.Summary), Status: v.Status, Next: v.Status.Next(), AsOf: v.AsOf.Long(),
		Lines: claimLines(v), Withheld: sensitive.Withheld(s.Plan.HelpDesk.Phone), Notice: v.Notice, Labels: labelWords(v.Labels),
		Recorded: "This was written down on " + c.Moment(v.LookedAt).Text + ", as payment, under reference " + string(v.Disclosure) + ".",
	}
	for _, st := range v.States {
		p.Codes = append(p.Codes, kit.Fact{Term: "Claim status", Text: stateCode(st), Sub: st.Text, Code: true})
	}
	for _, r := range v.Remarks {
		p.Codes = append(p.Codes, kit.Fact{Term: "Remark", Text: r.Code, Sub: r.Text, Code: true})
	}
	if v.HasAmounts {
		p.Amounts = amountFacts(v)
	}
	if len(v.Adjustments) > 0 {
		p.Adjustments = adjustmentFacts(v.Adjustments, v.HasAmounts)
	}
	if v.DetailOn != v.AsOf && !v.DetailOn.IsZero() {
		p.DetailNote = "Amounts and lines as told for " + v.DetailOn.US() + "; the status is newer or older."
	}
	p.Payment = paymentFacts(v.Payment)
	p.Facts = claimFacts(v)
	for _, h := range v.History {
		p.History = append(p.History, kit.Event{At: c.Moment(h.KnownAt), Who: "The plan’s system", What: capital(string(h.Status)) + ", as of " + h.AsOf.US(), Door: sourceName(h.Source)})
	}
	return p
}

func labelWords(labels []sensitive.Category) []string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = l.Words()
	}
	return out
}

func stateCode(st claim.State) string {
	text := st.Category
	if st.Code != "" {
		text += " / " + st.Code
	}
	if st.Entity != "" {
		text += " / " + st.Entity
	}
	return text
}

func sourceName(source string) string {
	switch source {
	case "835":
		return "remittance (835)"
	case "277":
		return "claim status (277)"
	}
	return "file"
}

func amountFacts(v claim.View) []kit.Fact {
	a := v.Summary.Amounts
	facts := []kit.Fact{{Term: "Charged", Text: dollars(a.Charge)}}
	if a.AllowedKnown {
		facts = append(facts, kit.Fact{Term: "Allowed", Text: dollars(a.Allowed)})
	}
	facts = append(facts,
		kit.Fact{Term: "Taken off", Text: dollars(v.Adjusted()), Sub: "by contract and for other reasons"},
		kit.Fact{Term: "Paid by the plan", Text: dollars(a.Paid)},
		kit.Fact{Term: "Member’s part", Text: dollars(a.Owed)})
	left := kit.Fact{Term: "Left", Text: dollars(v.Balance()), Sub: "everything is explained"}
	if v.Balance() != 0 {
		left.Sub = "of the charge is not explained yet"
	}
	return append(facts, left)
}

// groupName says in our own words whose an adjustment is.
func adjustmentGroup(group string) string {
	switch group {
	case "CO":
		return "by contract; do not bill the member"
	case "PR":
		return "member’s part"
	case "OA":
		return "other"
	case "PI":
		return "the plan’s own reduction"
	}
	return ""
}

func adjustmentFacts(list []claim.Adjustment, amounts bool) []kit.Fact {
	var out []kit.Fact
	for _, a := range list {
		f := kit.Fact{Term: a.Group + " " + a.Reason, Text: adjustmentGroup(a.Group), Sub: a.Text}
		if amounts {
			f.Text = dollars(a.Cents) + " · " + f.Text
		}
		out = append(out, f)
	}
	return out
}

func paymentFacts(p *claim.Payment) []kit.Fact {
	if p == nil {
		return nil
	}
	what := "Check or transfer"
	switch p.Method {
	case "CHK":
		what = "Check"
	case "ACH", "FWT", "BOP":
		what = "Electronic transfer (EFT)"
	case "NON":
		what = "Notice without payment"
	}
	facts := []kit.Fact{
		{Term: what, Text: p.Trace, Code: true, Sub: "dated " + p.On.Long()},
		{Term: "Remittance reference", Text: p.ID, Code: true},
	}
	if p.CentsKnown {
		facts = append(facts, kit.Fact{Term: "Whole payment", Text: dollars(p.Cents), Sub: "may pay other claims too"})
	}
	if p.Payer != "" {
		facts = append(facts, kit.Fact{Term: "Payer", Text: p.Payer})
	}
	return facts
}

func claimFacts(v claim.View) []kit.Fact {
	facts := []kit.Fact{
		{Term: "Member", Body: linkTo(memberHref(v.Member.ID, access.Payment), v.Member.Name()), Sub: v.Member.Number + " · born " + v.Member.Birth.US()},
		{Term: "Service", Text: days(v.Summary)},
	}
	if !v.Received.IsZero() {
		facts = append(facts, kit.Fact{Term: "Received by the plan", Text: v.Received.Long()})
	}
	facts = append(facts, kit.Fact{Term: "Billed by", Text: v.Billing.Name, Sub: partySub(string(v.Billing.NPI))})
	if v.Servicing.NPI != "" {
		facts = append(facts, kit.Fact{Term: "Service given by", Text: v.Servicing.Name, Sub: partySub(string(v.Servicing.NPI), v.Servicing.Specialty)})
	}
	if v.OfficeNumber != "" {
		facts = append(facts, kit.Fact{Term: "Your number", Text: v.OfficeNumber, Code: true})
	}
	if v.Authorized != "" {
		f := kit.Fact{Term: "Authorization", Text: v.Authorized, Code: true}
		if number, err := id.ParseNumber(v.Authorized); err == nil {
			f.Body = linkTo("/authorizations/"+string(number), v.Authorized)
		}
		facts = append(facts, f)
	}
	if len(v.Diagnoses) > 0 {
		facts = append(facts, kit.Fact{Term: "Diagnoses", Text: strings.Join(v.Diagnoses, ", "), Code: true})
	}
	return facts
}

// claimLines are the services with what became of each.
func claimLines(v claim.View) kit.Table {
	t := kit.Table{Caption: "Service lines", HideCaption: true,
		Columns: []kit.Column{{Text: "Line", Shrink: true}, {Text: "Service", Wide: true}, {Text: "Date", Shrink: true}, {Text: "Units", Number: true}},
		Empty:   kit.Empty(kit.EmptyProps{Title: "No lines are known", Text: "The plan’s system has told where the claim stands, but not its lines yet."})}
	if v.HasAmounts {
		for _, name := range []string{"Charged", "Allowed", "Paid", "Member’s part"} {
			t.Columns = append(t.Columns, kit.Column{Text: name, Number: true})
		}
	}
	t.Columns = append(t.Columns, kit.Column{Text: "Why", Wide: true})
	for _, l := range v.Lines {
		t.Rows = append(t.Rows, kit.Row{Cells: claimLine(l, v.HasAmounts)})
	}
	return t
}

func claimLine(l claim.Line, amounts bool) []kit.Cell {
	name := strings.TrimSpace(l.Code + " " + strings.Join(l.Modifiers, " "))
	if l.Code == "" {
		name = "Revenue " + l.Revenue
	} else if l.Revenue != "" {
		name += " · revenue " + l.Revenue
	}
	when := l.From.US()
	if l.To != l.From {
		when += " – " + l.To.US()
	}
	cells := []kit.Cell{{Text: strconv.Itoa(l.No), Header: true}, {Text: name, Sub: serviceSub(l)}, {Text: when}, {Text: unitsText(l.Units)}}
	if amounts {
		allowed := "not told"
		if l.AllowedKnown {
			allowed = dollars(l.Allowed)
		}
		cells = append(cells, kit.Cell{Text: dollars(l.Charge)}, kit.Cell{Text: allowed, Muted: !l.AllowedKnown}, kit.Cell{Text: dollars(l.Paid)}, kit.Cell{Text: dollars(l.Owed)})
	}
	return append(cells, kit.Cell{Body: lineReasons(lineWhy(l, amounts))})
}

func serviceSub(l claim.Line) string {
	if l.Name != "" {
		return l.Name
	}
	if l.System == code.NDC {
		return "drug"
	}
	return ""
}

// lineWhy gives the codes of a line, each with the operator's words if there
// are any.
func lineWhy(l claim.Line, amounts bool) []string {
	var out []string
	for _, a := range l.Adjustments {
		text := a.Group + " " + a.Reason
		if amounts {
			text += " " + dollars(a.Cents)
		}
		out = append(out, text+prefixed(": ", a.Text))
	}
	for _, r := range l.Remarks {
		out = append(out, "Remark "+r.Code+prefixed(": ", r.Text))
	}
	for _, st := range l.States {
		out = append(out, "Status "+stateCode(st)+prefixed(": ", st.Text))
	}
	return out
}

// claimShape gives a status the color and the shape of its kind.
func claimShape(s claim.Status) (class, icon string) {
	switch s {
	case claim.Received:
		return "submitted", "send"
	case claim.InProcess:
		return "in-review", "hourglass_empty"
	case claim.Waiting:
		return "waiting-for-you", "flag"
	case claim.WaitsMember:
		return "waiting-for-the-office", "chat"
	case claim.Paid:
		return "approved", "check_circle"
	case claim.PartlyPaid:
		return "partly-approved", "half"
	case claim.MemberOwes:
		return "partly-approved", "info"
	case claim.Denied, claim.NotAccepted:
		return "denied", "cancel"
	case claim.Reversed:
		return "cancelled", "remove_circle"
	case claim.NoPayment, claim.Forwarded:
		return "expired", "expired"
	}
	return "draft", "info"
}

// claimsOfMember is the list on a member's page.
func (s *site) claimsOfMember(c *Call, page claim.Page) templ.Component {
	if !c.Actor.Has(access.ViewClaims) {
		return nil
	}
	return memberClaims(claimsTable(page, "Claims of your office for this member"), sensitive.Withheld(s.Plan.HelpDesk.Phone))
}
