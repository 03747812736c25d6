package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/document"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
	"hsconnect/internal/web/kit"
)

// What both halves of the portal show of a request, in the kit's terms. There
// is one place for each, so that list, page and print say the same.

// statusView gives the status as the reader's side calls it.
func statusView(s priorauth.Status, side access.Side) kit.Status {
	return kit.Status(s.Words(side))
}

// linesView gives the lines of a request with what was decided about each.
func (c *Call) linesView(k priorauth.Case) []kit.LineView {
	out := make([]kit.LineView, 0, len(k.Lines))
	for _, l := range k.Lines {
		out = append(out, c.lineView(l, k))
	}
	return out
}

func (c *Call) lineView(l priorauth.CaseLine, k priorauth.Case) kit.LineView {
	v := kit.LineView{N: l.No, Code: l.Code, Service: l.Name, Detail: l.Line.Detail(), Requested: amount(l.Units, l.UnitKind, l.From, l.To)}
	if v.Service == "" {
		v.Service = l.System.Name() + " " + l.Code
	}
	d := l.Decision
	if d == nil {
		v.Status = statusView(k.Status, c.Actor.Side)
		return v
	}
	switch {
	case d.Action == priorauth.Deny:
		v.Status, v.Authorized = kit.Denied, "none"
	case d.Adverse(l.Line):
		v.Status, v.Authorized = kit.PartlyApproved, amount(d.Units, l.UnitKind, d.From, d.To)
	default:
		v.Status, v.Authorized = kit.Approved, amount(d.Units, l.UnitKind, d.From, d.To)
	}
	if d.Adverse(l.Line) && k.Determination != nil {
		v.Denial = &kit.Denial{Reason: review.ReasonName(d.Reason), Criterion: d.Criterion, Narrative: d.Narrative,
			Read: k.Read(), By: k.Determination.ByName, Change: "A reconsideration may be asked for within 65 days of the notice (42 CFR 422.582(b))."}
	}
	return v
}

// amount says how much and when: "6 units · 12/1/2026 – 12/31/2026".
func amount(units int64, kind priorauth.UnitKind, from, to civil.Date) string {
	much, when := priorauth.Amount(units, kind, from, to)
	return much + " · " + when
}

// postsView gives the thread. Internal notes are there only if the domain
// gave them, which it does to the plan alone.
func (c *Call) postsView(thread []message.Message) []kit.Post {
	out := make([]kit.Post, 0, len(thread))
	for _, m := range thread {
		org := "the plan"
		if m.Side == access.Office {
			org = "the office"
		}
		out = append(out, kit.Post{ID: "m-" + string(m.ID), From: m.Name, Org: org, At: c.Moment(m.At), Text: m.Body,
			Mine: m.Side == c.Actor.Side, Internal: m.Kind == message.Internal})
	}
	return out
}

// docsView gives the documents with what has become of each.
func (c *Call) docsView(docs []document.Document) []kit.Document {
	out := make([]kit.Document, 0, len(docs))
	for _, d := range docs {
		v := kit.Document{Name: d.Name, Kind: d.Kind, Facts: docFacts(d), By: d.ByName, Actions: c.documentCopy(d)}
		if c.Actor.Has(access.ReadDocuments) {
			v.Href = "/documents/" + string(d.ID)
		}
		at := c.Moment(d.ReceivedAt)
		v.States = append(v.States, kit.DocumentState{Step: kit.Received, At: &at})
		if !d.OpenedAt.IsZero() {
			opened := c.Moment(d.OpenedAt)
			v.States = append(v.States, kit.DocumentState{Step: kit.Opened, At: &opened})
		}
		out = append(out, v)
	}
	return out
}

func docFacts(d document.Document) string {
	facts := []string{d.TypeName()}
	if d.Pages == 1 {
		facts = append(facts, "1 page")
	}
	if d.Pages > 1 {
		facts = append(facts, fmt.Sprintf("%d pages", d.Pages))
	}
	return strings.Join(append(facts, kit.Bytes(d.Size), "SHA-256 "+d.Digest[:min(12, len(d.Digest))]+"…"), " · ")
}

// eventsView gives the timeline.
func (c *Call) eventsView(events []priorauth.Event) []kit.Event {
	out := make([]kit.Event, 0, len(events))
	for _, e := range events {
		org := ""
		switch e.Side {
		case access.Office:
			org = "the office"
		case access.Plan:
			org = "the plan"
		case access.System:
		}
		out = append(out, kit.Event{At: c.Moment(e.At), Who: e.Name, Org: org, What: e.What, Door: doorName(e.Door)})
	}
	return out
}

func doorName(door string) string {
	switch door {
	case access.DoorWeb:
		return "portal"
	case access.DoorCLI:
		return "operator"
	case access.DoorJob:
		return "system"
	}
	return door
}

// requestView gives what was submitted, as facts.
func (c *Call) requestView(k priorauth.Case) []kit.Fact {
	facts := []kit.Fact{
		{Term: "What is asked for", Text: capital(string(k.Kind))},
		{Term: "Urgency", Text: capital(string(k.Urgency))},
	}
	if k.Statement != "" {
		facts = append(facts, kit.Fact{Term: "Physician’s statement", Body: kit.Words(k.Statement), Sub: k.StatementBy})
	}
	if !k.AdmitOn.IsZero() {
		facts = append(facts, kit.Fact{Term: "Date of admission", Text: k.AdmitOn.Long()})
	}
	facts = append(facts,
		kit.Fact{Term: "Requesting provider", Text: k.Requesting.Name, Sub: partySub(string(k.Requesting.NPI), k.Requesting.Specialty, k.Requesting.OrgName)},
		kit.Fact{Term: "Servicing provider", Text: k.Servicing.Name, Sub: partySub(string(k.Servicing.NPI), k.Servicing.Specialty, k.Servicing.OrgName)},
	)
	for i, d := range k.Diagnoses {
		term := "Principal diagnosis"
		if i > 0 {
			term = "Diagnosis " + strconv.Itoa(i+1)
		}
		facts = append(facts, kit.Fact{Term: term, Text: d.Code, Sub: d.Name})
	}
	if k.Notes != "" {
		facts = append(facts, kit.Fact{Term: "Clinical notes", Body: kit.Words(k.Notes)})
	}
	return append(facts,
		kit.Fact{Term: "Contact", Text: k.ContactName, Sub: k.ContactPhone},
		kit.Fact{Term: "Submitted by", Text: k.SubmittedBy, Sub: k.OrgName},
		kit.Fact{Term: "Record entry", Text: k.Digest, Code: true},
	)
}

func partySub(parts ...string) string {
	var kept []string
	for i, p := range parts {
		if p == "" {
			continue
		}
		if i == 0 {
			p = "NPI " + p
		}
		kept = append(kept, p)
	}
	return strings.Join(kept, " · ")
}

// limitView tells the due time of a request with its rule, or that it was
// decided, and whether that was in time.
func (c *Call) limitView(k priorauth.Case) kit.Due {
	if k.Determination != nil {
		d := c.Due(k.Received, k.Deadline.Limit)
		d.Urgency, d.Used = kit.Met, 0
		spare := k.Deadline.Limit.Sub(k.Determination.At)
		d.Relative = "decided with " + kit.Span(spare) + " to spare"
		if spare < 0 {
			d.Relative = "decided " + kit.Span(-spare) + " late"
		}
		d.Rule = k.Deadline.Rule.Name + " (" + k.Deadline.Rule.Citation + ")"
		return d
	}
	d := c.Due(k.Received, k.Deadline.Limit)
	if !k.Status.Open() {
		d.Urgency, d.Relative, d.Used = kit.Met, "no longer runs", 0
	}
	d.Rule = k.Deadline.Rule.Name + " (" + k.Deadline.Rule.Citation + ")"
	return d
}

// dueCell tells the due time of a request in a list.
func (c *Call) dueCell(r priorauth.Summary) templ.Component {
	d := c.Due(r.Received, r.Limit)
	if !r.Status.Open() {
		d.Urgency, d.Used, d.Relative = kit.Met, 0, "no longer runs"
		if !r.Decided.IsZero() {
			d.Relative = "decided " + c.Moment(r.Decided).Text
		}
	}
	return kit.DueCell(d)
}

// lineFacts tells the lines as they were asked for, in a column too narrow for
// a table.
func lineFacts(lines []kit.LineView) []kit.Fact {
	out := make([]kit.Fact, 0, len(lines))
	for _, l := range lines {
		f := kit.Fact{Term: "Line " + strconv.Itoa(l.N), Text: l.Code + " " + l.Service, Sub: l.Requested}
		if strings.Contains(l.Service, l.Code) {
			f.Text = l.Service
		}
		if l.Detail != "" {
			f.Sub += " · " + l.Detail
		}
		out = append(out, f)
	}
	return out
}
