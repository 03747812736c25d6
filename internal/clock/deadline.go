package clock

import (
	"slices"
	"strings"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
)

// Deadline is when an answer is due, and the rule it comes from. Store
// Rule.ID, Rule.Version and Received with it. Times are UTC, to the
// microsecond.
type Deadline struct {
	Rule     Rule
	Received time.Time
	Target   time.Time // what the plan works to; never after Limit
	Limit    time.Time // the last legal moment: an answer at Limit is in time
	Ground   Ground    // why it was extended; "" when it was not
}

// Due gives the deadline of what was received at a moment, by the version of
// the rule in force on that day in loc, the plan's time zone. Holidays are
// the plan's, and count for business days only.
//
// Days: the first is the day after receipt, and the limit is the end of the
// last one in loc; the target is as many times 24 hours after receipt, or the
// limit where a clock change would carry it past (C-10). Hours: target and
// limit are the same moment, so many elapsed hours after receipt (C-12).
//
// It panics for a kind that is none of the constants: a request without a
// clock must not come to be.
func Due(kind Kind, received time.Time, loc *time.Location, holidays ...civil.Date) Deadline {
	received = received.UTC().Truncate(time.Microsecond)
	day := civil.Of(received, loc)
	rule, ok := inForce(kind, day)
	if !ok {
		panic("clock: there is no rule for this kind")
	}
	d := Deadline{Rule: rule, Received: received}
	switch rule.Counting {
	case Elapsed:
		d.Limit = received.Add(time.Duration(rule.Length) * time.Hour)
		d.Target = d.Limit
	case Calendar:
		d.Limit = endOf(day.AddDays(rule.Length), loc)
		d.Target = earlier(received.Add(days(rule.Length)), d.Limit)
	case Business:
		d.Limit = endOf(addBusinessDays(day, rule.Length, holidays), loc)
		d.Target = d.Limit
	}
	return d
}

// Ground is a reason for which the law lets a plan take longer (C-14; 42 CFR
// 422.568(b)(2), 422.572(b)). Evidence from a provider under contract is none.
type Ground string

// The grounds for an extension.
const (
	EnrolleeAsked       Ground = "enrollee-asked"
	NoncontractEvidence Ground = "noncontract-evidence"
	Extraordinary       Ground = "extraordinary"
)

// Written is what stands in place of a ground where the law asks for a reason
// in writing. It is none of Grounds.
const Written Ground = "written"

// Grounds lists the grounds in the order of the regulation.
func Grounds() []Ground { return []Ground{EnrolleeAsked, NoncontractEvidence, Extraordinary} }

// Words says the ground in a sentence for a form and a notice, or "" when it
// is none.
func (g Ground) Words() string {
	switch g {
	case EnrolleeAsked:
		return "The member asked for more time"
	case NoncontractEvidence:
		return "Evidence is needed from a provider outside the network that may change a denial, and waiting is in the member's interest"
	case Extraordinary:
		return "Extraordinary circumstances, not routine ones, make waiting the member's interest"
	case Written: // its reason is the plan's own words
	}
	return ""
}

// Extend gives the deadline extended once, by the calendar days of its rule,
// in the time zone it was made in. A ground that is missing or none of
// Grounds is fault.Invalid at "ground"; a rule without extension (C-13) or a
// second extension is fault.Conflict.
//
// It doesn't know the time: what has expired is decided (see State), and the
// caller extends only what is still Open.
func Extend(d Deadline, ground Ground, loc *time.Location) (Deadline, error) {
	if !d.Rule.Extendable() {
		return d, fault.New(fault.Conflict, "The law allows no extension for this kind of request: decide it by its due time")
	}
	if d.Ground != "" {
		return d, fault.New(fault.Conflict, "This request was extended once already, and the law allows no second extension")
	}
	if ground.Words() == "" {
		return d, fault.Bad(fault.Problem{Path: "ground", Text: "Choose one of the grounds the law allows. Evidence from a provider under contract with the plan is not one of them"})
	}
	d = d.later(loc)
	d.Ground = ground
	return d, nil
}

// ExtendBecause is Extend for the clocks of the privacy rule, which take a
// reason in the plan's own words instead of a ground (45 CFR
// 164.524(b)(2)(iii), 164.526(b)(2)(ii), 164.528(c)(1)(ii)). No reason is
// fault.Invalid at "reason". What comes of it has Written as its ground.
func ExtendBecause(d Deadline, reason string, loc *time.Location) (Deadline, error) {
	if !d.Rule.Extendable() {
		return d, fault.New(fault.Conflict, "There is no extension for this: answer it by its due time")
	}
	if d.Ground != "" {
		return d, fault.New(fault.Conflict, "This was extended once already, and the law allows no second extension")
	}
	if strings.TrimSpace(reason) == "" {
		return d, fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason for the delay: the member gets it in writing, with the new date"})
	}
	d = d.later(loc)
	d.Ground = Written
	return d, nil
}

// later gives the deadline moved by the extension of its rule.
func (d Deadline) later(loc *time.Location) Deadline {
	more := d.Rule.Extension
	last := endOf(civil.Of(d.Limit, loc).AddDays(more), loc)
	switch d.Rule.Counting {
	case Elapsed:
		// So many times 24 hours, yet never past the last of the days, which
		// a clock change in spring could otherwise cause.
		d.Limit = earlier(d.Limit.Add(days(more)), last)
		d.Target = d.Limit
	case Calendar, Business:
		d.Limit = last
		d.Target = earlier(d.Target.Add(days(more)), last)
	}
	return d
}

// State says where something with a deadline stands.
type State int

// The states. Late is an answer or a silence that the law takes for a denial;
// Missed is one that only counts in a report.
const (
	Open   State = iota + 1 // not answered, and still in time
	InTime                  // answered in time
	Late                    // adverse by law, with the right to appeal (C-20; 42 CFR 422.568(g), 422.572(f))
	Missed                  // not in time, by a rule that decides nothing
)

// String names the state for logs and tests.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case InTime:
		return "in time"
	case Late:
		return "late"
	case Missed:
		return "missed"
	}
	return "invalid"
}

// State tells at now where a request stands that was answered at a moment,
// or not yet when answered is zero. Once Late it stays Late: a decision that
// comes after the limit does not undo it.
func (d Deadline) State(now, answered time.Time) State {
	done := !answered.IsZero()
	at := now
	if done {
		at = answered
	}
	switch inTime := !at.Truncate(time.Microsecond).After(d.Limit); {
	case inTime && done:
		return InTime
	case inTime:
		return Open
	case d.Rule.Expiry == DeemedAdverse:
		return Late
	}
	return Missed
}

func addBusinessDays(d civil.Date, n int, holidays []civil.Date) civil.Date {
	for n > 0 {
		d = d.AddDays(1)
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		if !weekend && !slices.Contains(holidays, d) {
			n--
		}
	}
	return d
}

// endOf gives the last microsecond of a day, which is as fine as we store.
func endOf(d civil.Date, loc *time.Location) time.Time {
	return d.AddDays(1).In(loc).Add(-time.Microsecond).UTC()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
