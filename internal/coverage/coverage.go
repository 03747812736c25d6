// Package coverage knows the plans, who is covered by which of them on which
// days, and each member's primary care provider. It promises that the facts
// it shows about a member are those that the actor's role may see, and that a
// file of enrollments is loaded whole or not at all, with every refused row
// named.
//
// A newer statement about a span never overwrites the older one: the older
// row is closed and stays, so that it can be told later what was known on the
// day of a decision.
package coverage

import (
	"context"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// Line is a kind of insurance. Eligibility for the services that the portal
// handles rests on medical coverage alone; the other lines are kept.
type Line string

// The lines.
const (
	Medical Line = "medical"
	Dental  Line = "dental"
	Vision  Line = "vision"
	Drug    Line = "drug"
	Other   Line = "other"
)

// Copay is what a member pays for one kind of service.
type Copay struct {
	Service string
	Text    string
	Cents   int64 // 0 where it is a share
	Percent int64 // 0 where it is an amount
}

// Plan is one of the products that members are enrolled in.
type Plan struct {
	Code     string
	Name     string
	Contract string
	Copays   []Copay
}

// Span is the days on which a member is covered by a plan, both included.
type Span struct {
	ID      id.Coverage
	Member  id.Member
	Line    Line
	Plan    string
	Group   string
	From    civil.Date
	To      civil.Date // zero: open
	KnownAt time.Time  // when the portal learned it
}

// LogValue keeps the days of coverage out of logs.
func (s Span) LogValue() slog.Value { return slog.StringValue("[coverage " + string(s.ID) + "]") }

// Sheet is what somebody sees of one member's eligibility on a day. Facts
// that Fields does not name are empty.
type Sheet struct {
	Member     member.Member
	On         civil.Date
	Covered    bool
	Plan       Plan
	Span       Span
	Last       *Span // the one that ended last before On, when not covered
	Next       *Span // the one that begins next after On, when not covered
	PCP        provider.Party
	Copays     []Copay
	Fields     []access.Field
	LookedAt   time.Time
	Disclosure id.Disclosure
}

const maskedSheet = "[eligibility]"

// String keeps the sheet out of formatted text.
func (s Sheet) String() string { return maskedSheet }

// GoString keeps the sheet out of text formatted with %#v.
func (s Sheet) GoString() string { return maskedSheet }

// LogValue keeps the sheet out of logs.
func (s Sheet) LogValue() slog.Value { return slog.StringValue(maskedSheet) }

// MarshalText keeps the sheet out of JSON: a door writes the facts it shows
// one by one.
func (s Sheet) MarshalText() ([]byte, error) { return []byte(maskedSheet), nil }

// Query asks for one member's eligibility.
type Query struct {
	Key     member.Key
	On      civil.Date // zero: today in the plan's zone
	Purpose access.Purpose
}

// Deps is what the service stands on.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Zone *time.Location // the plan's
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	return &Service{Deps: d}
}

// LookUp finds the one member that the key names and gives the member's
// eligibility on a day. The disclosure is committed before the answer, for a
// look that found nothing as well. It answers Invalid for half a key or a day
// outside the window, and NotFound alike for no member and for several.
func (s *Service) LookUp(ctx context.Context, who access.Actor, q Query) (Sheet, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return Sheet{}, err
	}
	purpose := purposeOr(who, q.Purpose)
	return s.look(ctx, who, purpose, q.Key.Kind(), disclosure.NotFound, q.On, func(tx *db.Tx) (member.Member, error) {
		return member.Match(tx, who, purpose, q.Key)
	})
}

// Sheet gives the eligibility on a day (zero: today) of a member that the
// actor's organization has looked up before. Without that, and for an unknown
// id, the answer is NotFound, and the attempt is written down as refused.
func (s *Service) Sheet(ctx context.Context, who access.Actor, m id.Member, on civil.Date) (Sheet, error) {
	purpose := purposeOr(who, "")
	return s.look(ctx, who, purpose, "", disclosure.Refused, on, func(tx *db.Tx) (member.Member, error) {
		return member.Get(tx, who, purpose, "member", m)
	})
}

// purposeOr gives the purpose that goes without saying: an office treats, and
// the plan's reviews are part of payment (45 CFR 164.501).
func purposeOr(who access.Actor, p access.Purpose) access.Purpose {
	switch {
	case p != "":
		return p
	case who.Side == access.Office:
		return access.Treatment
	}
	return access.Payment
}

// look shows a sheet in one transaction, or writes in another that nothing
// was found: the first leaves no trace when it fails.
func (s *Service) look(ctx context.Context, who access.Actor, purpose access.Purpose, key string, missed disclosure.Outcome,
	on civil.Date, find func(tx *db.Tx) (member.Member, error),
) (Sheet, error) {
	var out Sheet
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		today := civil.Of(tx.Now, s.Zone)
		day := on
		if day.IsZero() {
			day = today
		}
		err := inWindow(day, today)
		if err != nil {
			return err
		}
		m, err := find(tx)
		if err != nil {
			return err
		}
		out, err = sheet(tx, who, m, day)
		return err
	})
	if err == nil {
		return out, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return Sheet{}, err
	}
	lost := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Subject: "member", Purpose: purpose, Outcome: missed, Key: key})
		return err
	})
	if lost != nil {
		return Sheet{}, lost
	}
	return Sheet{}, err
}

// inWindow holds the day asked for to twelve months back and to the end of
// the current month (K-23, CORE 154): beyond it, what is known today is not
// reliable enough to be acted on.
func inWindow(day, today civil.Date) error {
	first, last := window(today)
	switch {
	case day.Before(first):
		return fault.Bad(fault.Problem{Path: "on", Text: "Eligibility can be looked up twelve months back: choose a day from " + first.US() + " on"})
	case day.After(last):
		return fault.Bad(fault.Problem{Path: "on", Text: "Eligibility can be looked up to the end of this month: choose a day up to " + last.US()})
	}
	return nil
}

func window(today civil.Date) (first, last civil.Date) {
	first, err := civil.New(today.Y-1, today.M, today.D)
	if err != nil { // February 29
		first = civil.Date{Y: today.Y - 1, M: today.M, D: today.D - 1}
	}
	next := civil.Date{Y: today.Y, M: today.M + 1, D: 1}
	if today.M == time.December {
		next = civil.Date{Y: today.Y + 1, M: time.January, D: 1}
	}
	return first, next.AddDays(-1)
}
