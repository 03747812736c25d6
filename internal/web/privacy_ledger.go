package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/privacy"
	"hsconnect/internal/web/kit"
)

// ledgerView is the search of the ledger and a page of what it found.
type ledgerView struct {
	form      *Form // the search by anything but a member
	member    *Form // the look-up of a member, when it came back
	mayMember bool
	title     string
	sub       string
	rows      []kit.Row
	empty     kit.EmptyProps
	short     string
	pages     kit.Pages
	keep      [][2]string // hidden fields that carry a link's key
	by        []kit.Option
	outcomes  []kit.Option
	ties      []kit.Option
	doors     []kit.Option
	outside   string // address of the member's disclosures outside, or ""
}

func (s *site) ledgerPage(c *Call) error {
	f := NewForm(c.r.URL.Query())
	q, err := s.ledgerQuery(c, f)
	if err != nil {
		return err
	}
	if !f.OK() {
		return s.showLedger(c, f, nil, privacy.Found{}, q)
	}
	found, err := s.Privacy.Ledger(c.Context(), c.Actor, q)
	if err != nil {
		err = f.Blame(err, Places(map[string][2]string{"text": {"text", "What"}}))
		if err != nil {
			return err
		}
	}
	return s.showLedger(c, f, nil, found, q)
}

// ledgerMember is POST /plan/privacy/ledger: what was typed of a member is in
// the body, never in an address.
func (s *site) ledgerMember(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}
	if f.OK() {
		ref, err := s.Privacy.FindMember(c.Context(), c.Actor, key)
		if err == nil {
			return c.Redirect(ledgerPath + "?member=" + url.QueryEscape(string(ref)))
		}
		if fault.Is(err, fault.NotFound) {
			f.Fail("", "", fault.Text(err))
			err = nil
		}
		err = f.Blame(err, memberPlaces())
		if err != nil {
			return err
		}
	}
	return s.showLedger(c, NewForm(nil), f, privacy.Found{}, privacy.Query{})
}

func memberPlaces() Place {
	return Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}})
}

func (s *site) ledgerQuery(c *Call, f *Form) (privacy.Query, error) {
	var q privacy.Query
	q.Member, q.Person, q.Org, q.Subject = id.Member(f.Text("member")), id.Person(f.Text("person")), id.Organization(f.Text("org")), f.Text("subject")
	q.Filter = disclosure.Filter{Outcome: disclosure.Outcome(f.Text("outcome")), Tie: f.Text("tie"), Door: f.Text("door")}
	if from := f.Date("from", "From", c.Today()); !from.IsZero() {
		q.Filter.From = from.In(s.Zone)
	}
	if to := f.Date("to", "Until", c.Today()); !to.IsZero() {
		q.Filter.Until = to.AddDays(1).In(s.Zone)
	}
	q.Filter.After = cursorOf(f.Text("after"))
	text := f.Text("text")
	if text == "" || q.Member != "" || q.Person != "" || q.Org != "" || q.Subject != "" {
		return q, nil
	}
	switch f.Text("by") {
	case "organization":
		o, err := s.Providers.OrganizationByNPI(c.Context(), text)
		if fault.Is(err, fault.NotFound) {
			err = fault.Bad(fault.Problem{Path: "organization", Text: "There is no organization with this NPI"})
		}
		q.Org = o.ID
		return q, f.Blame(err, Places(map[string][2]string{"organization": {"text", "What"}}))
	case "request":
		number, err := id.ParseNumber(text)
		if err != nil {
			f.Fail("text", "What", "Type the authorization number as it stands on the receipt")
		}
		q.Number = number
	default:
		q.Username = text
	}
	return q, nil
}

// A cursor in an address: microseconds and reference.
func cursorOf(text string) disclosure.Cursor {
	us, ref, ok := strings.Cut(text, ".")
	n, err := strconv.ParseInt(us, 10, 64)
	at, bad := id.Parse[id.Disclosure](ref)
	if !ok || err != nil || bad != nil || n <= 0 {
		return disclosure.Cursor{}
	}
	return disclosure.Cursor{At: time.UnixMicro(n).UTC(), ID: at}
}

func cursorText(k disclosure.Cursor) string {
	return strconv.FormatInt(k.At.UnixMicro(), 10) + "." + string(k.ID)
}

func (s *site) showLedger(c *Call, f, lookup *Form, found privacy.Found, q privacy.Query) error {
	v := ledgerView{form: f, member: lookup, mayMember: c.Actor.Has(access.ReviewPrivacy), title: "Newest lines", sub: "that you read this is a line too",
		empty: kit.EmptyProps{Title: "No line fits", Text: "Widen the dates, or leave out what narrows the search."}}
	v.by = f.Choose("by", "person", []kit.Option{{Value: "person", Text: "A person: username"}, {Value: "organization", Text: "An organization: NPI"}, {Value: "request", Text: "A request: authorization number"}})
	v.outcomes = f.Choose("outcome", "", []kit.Option{{Text: "Any"}, {Value: string(disclosure.Shown), Text: "Shown"}, {Value: string(disclosure.Refused), Text: "Refused"}, {Value: string(disclosure.NotFound), Text: "Not found"}})
	v.ties = f.Choose("tie", "", []kit.Option{{Text: "Any"}, {Value: "panel", Text: "Panel"}, {Value: "request", Text: "Request"}, {Value: "claim", Text: "Claim"}, {Value: "visit", Text: "Visit"}, {Value: "glass", Text: "Break-glass"}})
	v.doors = f.Choose("door", "", []kit.Option{{Text: "Any"}, {Value: access.DoorWeb, Text: "Pages"}, {Value: access.DoorCLI, Text: "Command line"}, {Value: access.DoorJob, Text: "The portal itself"}})
	for _, k := range []string{"member", "person", "org", "subject"} {
		if value := f.Text(k); value != "" {
			v.keep = append(v.keep, [2]string{k, value})
		}
	}
	switch {
	case found.Who.ID != "":
		v.title = "Who was shown what about " + found.Who.Name()
		v.sub = "born " + found.Who.Birth.US() + ", member ID " + found.Who.Number + "; " + v.sub
		v.outside = outsidePath + "/" + string(found.Who.ID)
	case found.Person.ID != "":
		v.title = "Everything that " + found.Person.Name + " opened"
		v.sub = found.Person.Username + ", " + orPlan(found.Person.OrgName) + "; " + v.sub
	case q.Org != "":
		v.title = "What one organization opened"
	case q.Number != "" || q.Subject != "":
		v.title = "Who opened this"
	}
	for _, r := range found.Rows {
		v.rows = append(v.rows, c.ledgerRow(r))
	}
	if found.Short {
		v.short = "The newest 2,000 lines were looked through, back to " + c.Moment(found.Next.At).Text + ". What lies further back is on the next page."
	}
	if !found.Next.IsZero() {
		next := url.Values{}
		for k, all := range f.values {
			next[k] = all
		}
		next.Set("after", cursorText(found.Next))
		v.pages = kit.Pages{Text: "Newest first", Next: ledgerPath + "?" + next.Encode()}
	}
	page := Page{Title: "Ledger", Section: "ledger", Form: f, Wide: true, Body: ledgerBody(v)}
	if lookup != nil {
		page.Form = lookup
	}
	return c.Show(page)
}

func (c *Call) ledgerRow(r disclosure.Row) kit.Row {
	link := func(key, value string) string { return ledgerPath + "?" + key + "=" + url.QueryEscape(value) }
	who := kit.Cell{Text: r.Name, Sub: orPlan(r.OrgName), Href: link("person", string(r.Person))}
	about := kit.Cell{Text: "nobody", Muted: true}
	if r.Member != "" {
		about = kit.Cell{Text: "…" + string(r.Member[max(0, len(r.Member)-6):])}
		if c.Actor.Has(access.ReviewPrivacy) {
			about.Href = link("member", string(r.Member))
		}
	}
	what := kit.Cell{Text: privacy.Describe(r), Sub: capital(string(r.Outcome))}
	if r.Key != "" {
		what.Sub += ", by " + r.Key
	}
	if strings.Contains(r.Subject, "/") {
		what.Href = link("subject", r.Subject)
	}
	why := kit.Cell{Text: capital(r.Purpose.Words())}
	if tie, _, _ := strings.Cut(r.Tie, "/"); tie == "glass" {
		why.Sub = "Break-glass"
	} else if tie != "" {
		why.Sub = "Relation: " + tie
	}
	row := kit.Row{Cells: []kit.Cell{{Text: c.Moment(r.At).Text, Header: true}, who, about, what, why, {Text: r.Door, Sub: r.Address, Muted: true}}}
	if why.Sub == "Break-glass" || r.Outcome == disclosure.Refused {
		row.Tone = kit.Warning
	}
	return row
}

func ledgerColumns() []kit.Column {
	return []kit.Column{{Text: "When"}, {Text: "Who"}, {Text: "Member"}, {Text: "What", Wide: true}, {Text: "Why"}, {Text: "Through"}}
}

// usDay writes a day in the plan's zone.
func (c *Call) usDay(t time.Time) string { return civil.Of(t, c.site.Zone).US() }
