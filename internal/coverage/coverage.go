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
	"io"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
	"hsconnect/internal/watch"
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

// Plan is one of the products that members are enrolled in.
type Plan struct {
	Code     string
	Name     string
	Contract string
	Copays   []Copay
	Limits   []Limit // of a plan year, those that the plan states
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
	Purpose    access.Purpose // what it was asked for
	Covered    bool
	Plan       Plan
	Span       Span
	Last       *Span    // the one that ended last before On, when not covered
	Next       *Span    // the one that begins next after On, when not covered
	Known      []Belief // what was known of On and from when on, oldest first
	PCP        provider.Party
	PCPSince   civil.Date // the first day of the PCP of On
	PCPs       []PCP      // everybody who was, is or will be, the newest first
	Panel      civil.Date // since when On is a day on the panel of the actor's organization (K-24); zero: it is not
	Copays     []Copay
	Spent      []Spent // of the plan year of On
	Other      []OtherCoverage
	Changes    []PastChange // of days gone by, in the last twelve months
	Notices    []Notice     // those after the actor's organization had looked
	Fields     []access.Field
	LookedAt   time.Time
	Disclosure id.Disclosure

	unborn bool // On is before the member's birth: nothing else is filled in
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
	Visit   *member.Visit // what an office states of a member it has no other tie with
}

// Ask is what is asked about a member whom the actor has already. The zero Ask
// is for the member's own page, today, for the purpose that goes without
// saying: treatment for an office, payment for the plan.
type Ask struct {
	On      civil.Date // zero: today in the plan's zone
	Purpose access.Purpose
	Shows   []access.Field // where they are fewer than those of the member's own page
}

// Deps is what the service stands on.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Zone *time.Location // the plan's

	Watch *watch.Service // holds up who looks in vain; nil: one of its own
	// Ties look for reasons why an office may see a member, beside those that
	// this package and package member know (panel, request, visit): the office
	// has sent a claim for the member. They are asked at each look.
	Ties []member.TieFinder

	// Intake stages files and holds them; without it, they are staged in DB
	// and none can be held.
	Intake *intake.Service
	// HoldShare is the share of the members with medical coverage whose
	// coverage a file may not end without a second person; 0 holds none.
	HoldShare float64
	// Feeds finds the reader for the bytes of a held file.
	Feeds func(open func() (io.ReadCloser, error)) (Feed, error)
	// Link gives the address of a page of the portal, for mails; nil: no links.
	Link func(path string) string
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Watch == nil {
		d.Watch = watch.New(watch.Deps{DB: d.DB, Log: d.Log, Zone: d.Zone})
	}
	if d.Intake == nil {
		d.Intake = intake.New(intake.Deps{DB: d.DB, Log: d.Log, Dropped: []func(*db.Tx, access.Actor, string) error{Forget}})
	}
	return &Service{Deps: d}
}

// LookUp finds the one member that the key names and gives the member's
// eligibility on a day. The disclosure is committed before the answer, for a
// look that found nothing as well. It answers Invalid for half a key, half a
// statement or a day outside the window, NotFound alike for no member, for
// several and for one whom the office has no tie with, and TooMany to somebody
// who has looked in vain too often.
func (s *Service) LookUp(ctx context.Context, who access.Actor, q Query) (Sheet, error) {
	return s.lookUp(ctx, who, q, nil, func(tx *db.Tx, m member.Member, a *asked) (Sheet, error) {
		return s.sheet(tx, who, purposeOr(who, q.Purpose), m, a)
	})
}

// Find is LookUp for a door that then opens the member's page: it gives the
// member's id, and its disclosure names what that confirms, which is what was
// typed.
func (s *Service) Find(ctx context.Context, who access.Actor, q Query) (id.Member, error) {
	found, err := s.lookUp(ctx, who, q, q.Key.Facts(), func(_ *db.Tx, m member.Member, _ *asked) (Sheet, error) {
		return Sheet{Member: m}, nil
	})
	return found.Member.ID, err
}

// lookUp finds the member with fields (nil: all that the actor may see) and
// gives what fill makes of the member.
func (s *Service) lookUp(ctx context.Context, who access.Actor, q Query, fields []access.Field,
	fill func(tx *db.Tx, m member.Member, a *asked) (Sheet, error),
) (Sheet, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return Sheet{}, err
	}
	purpose := purposeOr(who, q.Purpose)
	var first, last string
	search := member.Search{
		Key: q.Key, Purpose: purpose, Visit: q.Visit, Fields: fields, Ties: s.ties(), Zone: s.Zone,
		Found: func(m member.Member) { first, last = m.First, m.Last },
	}
	return s.look(ctx, who, q.On, finding{
		guarded: true, stated: q.Visit != nil, missed: disclosure.Look{Subject: "member", Purpose: purpose, Outcome: disclosure.NotFound, Key: q.Key.Kind()}, key: q.Key,
		day: asked{shows: fields, confirmed: q.Key.Facts()},
		find: func(tx *db.Tx, a *asked) (member.Member, error) {
			search := search
			search.Choose = a.choose
			return member.Match(tx, who, search)
		},
		fill: fill, name: func() (string, string) { return first, last },
	})
}

// Sheet gives the eligibility on a day of a member that the actor's
// organization has a tie with. Without one, and for an unknown id, the answer
// is NotFound, and the attempt is written down: as refused for a member who
// exists.
func (s *Service) Sheet(ctx context.Context, who access.Actor, m id.Member, ask Ask) (Sheet, error) {
	return s.SheetWith(ctx, who, m, ask, func(*db.Tx, Sheet) error { return nil })
}

// SheetWith is Sheet for a page that shows more of the member: also reads it in
// the same transaction. Where there is no sheet to show, it is not called.
func (s *Service) SheetWith(ctx context.Context, who access.Actor, m id.Member, ask Ask, also func(*db.Tx, Sheet) error) (Sheet, error) {
	purpose := purposeOr(who, ask.Purpose)
	var first, last string
	return s.look(ctx, who, ask.On, finding{
		missed: disclosure.Look{Subject: "member", Purpose: purpose, Outcome: disclosure.NotFound},
		day:    asked{shows: ask.Shows, confirmed: []access.Field{access.FieldBirth}},
		find: func(tx *db.Tx, a *asked) (member.Member, error) {
			if who.Side == access.Office && who.Has(access.LookUpMember) {
				_, err := member.Renew(tx, who, m, s.ties()...)
				if err != nil {
					return member.Member{}, err
				}
			}
			told := func(tx *db.Tx, m member.Member, fields []access.Field) ([]access.Field, error) {
				first, last = m.First, m.Last
				return a.choose(tx, m, fields)
			}
			return member.GetChosen(tx, who, purpose, "member", m, told, ask.Shows...)
		},
		name: func() (string, string) { return first, last },
		fill: func(tx *db.Tx, m member.Member, a *asked) (Sheet, error) {
			sheet, err := s.sheet(tx, who, purpose, m, a)
			if err != nil || sheet.unborn {
				return sheet, err
			}
			return sheet, also(tx, sheet)
		},
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

// finding is a way to find a member, and what the ledger says when it does not.
type finding struct {
	guarded bool            // by the watch over look-ups: something was typed
	stated  bool            // that the member is being seen
	missed  disclosure.Look // what is written down in vain
	key     member.Key      // what was typed
	day     asked           // without the day itself
	find    func(tx *db.Tx, a *asked) (member.Member, error)
	fill    func(tx *db.Tx, m member.Member, a *asked) (Sheet, error)
	name    func() (first, last string) // of the member, for the watch, whoever may see it
}

var errUnborn = fault.Bad(fault.Problem{Path: "on", Text: "This day is before the member was born: choose a later one"})

// look shows a sheet, or writes down that nothing was found, in one
// transaction: what was in vain counts before the next look is let through.
func (s *Service) look(ctx context.Context, who access.Actor, on civil.Date, f finding) (Sheet, error) {
	var out Sheet
	var instead error // of a sheet, after the commit
	err := s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		out, instead = Sheet{}, nil
		today := civil.Of(tx.Now, s.Zone)
		a := f.day
		a.on = on
		if on.IsZero() {
			a.on = today
		}
		err = inWindow(a.on, today)
		if err != nil {
			return err
		}
		if f.guarded {
			instead, err = s.Watch.BeforeLook(tx, who)
			if err != nil || instead != nil {
				return err
			}
		}
		m, err := f.find(tx, &a)
		missed, refused := member.Missed(err, f.missed)
		if refused {
			instead = err
			return s.inVain(tx, who, f, missed, err)
		}
		if err != nil {
			return err
		}
		out, err = f.fill(tx, m, &a)
		if out.unborn {
			instead = errUnborn // after the commit: that the key fits is told with it
		}
		if err != nil {
			return err
		}
		first, last := f.name()
		looked := watch.Looked{Row: m.Shown, Outcome: disclosure.Shown, Member: m.ID, First: first, Last: last}
		if !f.guarded {
			return s.Watch.OpenedByAddress(tx, who, looked)
		}
		if f.stated {
			err = s.Watch.Stated(tx, who, m.ID)
			if err != nil {
				return err
			}
		}
		return s.Watch.AfterLook(tx, who, looked)
	})
	if err == nil {
		err = instead
	}
	if err != nil {
		return Sheet{}, err
	}
	return out, nil
}

// inVain writes a look that showed nothing into the ledger, and counts it. Who
// exists and is none of the office's counts as nobody does, or else the count
// would tell them apart; but the pair that was typed was right. A look that
// ended at a member under restriction, whom the actor may open with a reason,
// was not in vain, and counts for nothing.
func (s *Service) inVain(tx *db.Tx, who access.Actor, f finding, missed disclosure.Look, why error) error {
	row, err := disclosure.Write(tx, who, missed)
	if _, closed := glass.Member(why); err != nil || closed || !f.guarded {
		return err
	}
	half, err := member.HalfFits(tx, who, f.key)
	if err != nil {
		return err
	}
	return s.Watch.AfterLook(tx, who, watch.Looked{Row: row, Outcome: missed.Outcome, Number: f.key.Number, Half: half && missed.Member == ""})
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
