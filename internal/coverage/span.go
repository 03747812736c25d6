package coverage

import (
	"slices"

	"hsconnect/internal/civil"
)

// spanChange is what a row does to the spans of a member.
type spanChange struct {
	closed []Span // rows that no longer hold
	added  []Span // rows that hold from now on, without id
	ended  bool
}

func (c spanChange) any() bool { return len(c.closed)+len(c.added) > 0 }

// apply lays the statements of a row over the spans known so far.
func (r *row) apply(old []Span) (change spanChange, now []Span, bad *Refusal) {
	spans := slices.Clone(old)
	statements := r.Spans
	if len(statements) == 0 {
		statements = r.forAll(spans)
		if len(statements) == 0 && (r.Change == Reinstate || r.Change == End) {
			return spanChange{}, nil, &Refusal{r.At.String(), "no coverage of this member is known that this could be about: send the coverage with plan and first day"}
		}
	}
	ended := false
	for _, st := range statements {
		var reason string
		spans, reason = st.over(spans, r.Group)
		if reason != "" {
			return spanChange{}, nil, &Refusal{st.At.String(), reason}
		}
		ended = ended || st.Change == End || st.Change == Void
	}
	out := changeOf(old, spans)
	out.ended = out.any() && (ended || shorter(old, spans))
	return out, spans, nil
}

// changeOf gives what to close and to add to get from old to now.
func changeOf(old, spans []Span) spanChange {
	var out spanChange
	for _, s := range old {
		if !slices.Contains(spans, s) {
			out.closed = append(out.closed, s)
		}
	}
	for _, s := range spans {
		if !slices.Contains(old, s) {
			out.added = append(out.added, s)
		}
	}
	return out
}

// shorter reports whether medical coverage now ends earlier than it did.
func shorter(old, now []Span) bool {
	was, covered := latest(old, Medical, "")
	is, still := latest(now, Medical, "")
	return covered && (!still || after(was.To, is.To))
}

// forAll makes statements of what a row without a coverage says of the member
// as a whole: an end, or a reinstatement, of every line.
func (r *row) forAll(spans []Span) []Statement {
	change := r.Change
	switch {
	case change == Reinstate:
	case !r.To.IsZero():
		change = End
	default:
		return nil
	}
	var out []Statement
	for _, line := range []Line{Medical, Dental, Vision, Drug, Other} {
		last, ok := latest(spans, line, "")
		if !ok {
			continue
		}
		st := Statement{At: r.At, Change: change, Line: line, To: r.To}
		if change == Reinstate && !r.From.IsZero() {
			st.Plan, st.From = last.Plan, r.From
		}
		out = append(out, st)
	}
	return out
}

func latest(spans []Span, line Line, plan string) (last Span, ok bool) {
	for _, s := range spans {
		if s.Line == line && (plan == "" || s.Plan == plan) && (!ok || s.From.After(last.From)) {
			last, ok = s, true
		}
	}
	return last, ok
}

// over lays one statement over the spans of a member, or says why it cannot.
func (st Statement) over(spans []Span, group string) ([]Span, string) {
	if st.Change == Void {
		return slices.DeleteFunc(spans, func(s Span) bool {
			return s.Line == st.Line && (st.Plan == "" || s.Plan == st.Plan) && (st.From.IsZero() || s.From == st.From)
		}), ""
	}
	last, known := latest(spans, st.Line, st.Plan)
	if !known {
		last, known = latest(spans, st.Line, "")
	}
	if !st.From.IsZero() {
		plan := st.Plan
		switch {
		case plan != "":
		case known:
			plan = last.Plan
		case st.Product != "":
			plan = st.Product
		default:
			return nil, "the plan is missing"
		}
		if group == "" && known {
			group = last.Group
		}
		return st.lay(spans, Span{Line: st.Line, Plan: plan, Group: group, From: st.From, To: st.To}), ""
	}
	if !known {
		return nil, "no coverage of this kind is known of the member: send it with plan and first day"
	}
	switch st.Change {
	case End:
		return st.cut(spans), ""
	case Reinstate, Alter:
		if st.Plan != "" && st.Plan != last.Plan {
			return nil, "this is another plan than the member has: send the first day of the coverage"
		}
		now := last
		if st.Change == Reinstate || !st.To.IsZero() {
			now.To = st.To
		}
		if !now.To.IsZero() && now.To.Before(now.From) {
			return nil, "the coverage would end before it begins"
		}
		return replaced(spans, last, now), ""
	case Add, Void:
	}
	return spans, ""
}

// lay puts a span over those that overlap with it: what it says is the newer
// knowledge. An earlier beginning of another span stays. A later end stays
// only where another plan follows.
func (st Statement) lay(spans []Span, now Span) []Span {
	var out []Span
	for _, s := range spans {
		if s.Line != now.Line || !overlap(s, now) {
			out = append(out, s)
			continue
		}
		if s.From == now.From && s.To == now.To && s.Plan == now.Plan && s.Group == now.Group {
			return spans // nothing new
		}
		if s.From.Before(now.From) {
			out = append(out, fresh(s, s.From, now.From.AddDays(-1)))
		} else if st.Change != End && s.Plan != now.Plan && after(s.To, now.To) {
			out = append(out, fresh(s, now.To.AddDays(1), s.To))
		}
	}
	return append(out, now)
}

// cut ends what runs beyond the statement's last day: spans of its plan if
// the member has it, of its line otherwise.
func (st Statement) cut(spans []Span) []Span {
	_, has := latest(spans, st.Line, st.Plan)
	var out []Span
	for _, s := range spans {
		concerned := s.Line == st.Line && (!has || st.Plan == "" || s.Plan == st.Plan)
		switch {
		case !concerned || !after(s.To, st.To):
			out = append(out, s)
		case s.From.After(st.To): // it will not begin
		default:
			out = append(out, fresh(s, s.From, st.To))
		}
	}
	return out
}

func replaced(spans []Span, old, now Span) []Span {
	if old == now {
		return spans
	}
	out := slices.DeleteFunc(spans, func(s Span) bool { return s == old })
	return append(out, fresh(now, now.From, now.To))
}

// fresh is s on other days: a row of its own.
func fresh(s Span, from, to civil.Date) Span {
	return Span{Line: s.Line, Plan: s.Plan, Group: s.Group, From: from, To: to}
}

func overlap(a, b Span) bool { return !after(a.From, b.To) && !after(b.From, a.To) }

// after reports whether day lies after end, where a zero end is open. A zero
// day is an open end itself and lies after every day.
func after(day, end civil.Date) bool {
	switch {
	case end.IsZero():
		return false
	case day.IsZero():
		return true
	}
	return day.After(end)
}
