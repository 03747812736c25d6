package coverage

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// open is how the database keeps an open end, so that one comparison finds
// the span of a day.
const open = "9999-12-31"

const spanColumns = "id, member, line, plan, grp, from_on, to_on, known_us"

func scanSpan(scan func(...any) error) (Span, error) {
	var s Span
	var from, to string
	var known int64
	err := scan(&s.ID, &s.Member, &s.Line, &s.Plan, &s.Group, &from, &to, &known)
	if err != nil {
		return Span{}, err
	}
	s.KnownAt = db.Time(known)
	s.From, err = civil.Parse(from)
	if err != nil || to == open {
		return s, err
	}
	s.To, err = civil.Parse(to)
	return s, err
}

func until(to civil.Date) string {
	if to.IsZero() {
		return open
	}
	return to.String()
}

// On gives the medical coverage of a member on a day, as it is known now, and
// whether there is any. It shows nobody anything: the caller has the member
// from package member.
func On(tx *db.Tx, m id.Member, day civil.Date) (Span, bool, error) {
	return one(scanSpan(tx.Row("select "+spanColumns+` from coverage_span
		where member = $1 and line = $2 and closed_us = 0 and from_on <= $3 and to_on >= $4
		order by from_on desc limit 1`, string(m), string(Medical), day.String(), day.String()).Scan))
}

func one(s Span, err error) (Span, bool, error) {
	if db.NoRows(err) {
		return Span{}, false, nil
	}
	return s, err == nil, err
}

func lastBefore(tx *db.Tx, m id.Member, day civil.Date) (Span, bool, error) {
	return one(scanSpan(tx.Row("select "+spanColumns+` from coverage_span
		where member = $1 and line = $2 and closed_us = 0 and to_on < $3
		order by to_on desc limit 1`, string(m), string(Medical), day.String()).Scan))
}

func nextAfter(tx *db.Tx, m id.Member, day civil.Date) (Span, bool, error) {
	return one(scanSpan(tx.Row("select "+spanColumns+` from coverage_span
		where member = $1 and line = $2 and closed_us = 0 and from_on > $3
		order by from_on limit 1`, string(m), string(Medical), day.String()).Scan))
}

// sheet puts together what the actor may see of a member on a day: the facts
// that were chosen when the member was shown.
func (s *Service) sheet(tx *db.Tx, who access.Actor, purpose access.Purpose, m member.Member, a *asked) (Sheet, error) {
	out := Sheet{Member: m, On: a.on, Purpose: purpose, LookedAt: tx.Now, Disclosure: m.Shown, Fields: a.fields, unborn: a.unborn}
	if out.unborn {
		return out, nil
	}
	var err error
	if out.Shows(access.FieldCoverage) {
		err = out.covered(tx, a.span, a.covered)
		if err == nil && a.wholePage() {
			err = out.history(tx, who, s.Zone, a.before)
		}
		if err != nil {
			return Sheet{}, err
		}
	}
	if a.covered {
		err = out.plan(tx, a.span.Plan)
		if err != nil {
			return Sheet{}, err
		}
	}
	if out.Shows(access.FieldPCP) {
		err = out.pcp(tx, who.Org)
		if err != nil {
			return Sheet{}, err
		}
	}
	if out.Shows(access.FieldOther) {
		out.Other, err = otherOn(tx, m.ID, a.on)
	}
	return out, err
}

// Shows says whether a fact is one of the sheet's.
func (s Sheet) Shows(f access.Field) bool { return slices.Contains(s.Fields, f) }

// covered fills in the coverage of the day.
func (s *Sheet) covered(tx *db.Tx, span Span, covered bool) error {
	s.Covered, s.Span = covered, span
	var err error
	if !covered {
		s.Last, s.Next, err = around(tx, s.Member.ID, s.On)
		if err != nil {
			return err
		}
	}
	if !s.Shows(access.FieldPlan) {
		s.Span.Plan, s.Span.Group = "", ""
		for _, other := range []*Span{s.Last, s.Next} {
			if other != nil {
				other.Plan, other.Group = "", ""
			}
		}
	}
	return nil
}

// history fills in what was known of the day when, and what changed of days
// gone by. What the actor's office is told by it counts as seen. all is every
// span that was ever believed, where it was read already.
func (s *Sheet) history(tx *db.Tx, who access.Actor, zone *time.Location, all []knownSpan) error {
	err := s.known(tx, zone, all)
	if err != nil {
		return err
	}
	first, _ := window(civil.Of(tx.Now, zone))
	s.Changes, err = changesOf(tx, s.Member.ID, first.In(zone))
	if err != nil {
		return err
	}
	s.Notices, err = noticesOf(tx, who, s.Member.ID)
	return err
}

func around(tx *db.Tx, m id.Member, day civil.Date) (last, next *Span, err error) {
	l, ok, err := lastBefore(tx, m, day)
	if err != nil {
		return nil, nil, err
	}
	if ok {
		last = &l
	}
	n, ok, err := nextAfter(tx, m, day)
	if err != nil {
		return nil, nil, err
	}
	if ok {
		next = &n
	}
	return last, next, nil
}

// plan fills in what the plan of the day says.
func (s *Sheet) plan(tx *db.Tx, code string) error {
	p, err := planOf(tx, code)
	if err != nil {
		return err
	}
	p.Copays = costs(p.Copays, s.Shows(access.FieldCopays), s.Shows(access.FieldNeeded))
	if s.Shows(access.FieldSpent) {
		s.Spent, err = spentOn(tx, s.Member.ID, p, s.On)
		if err != nil {
			return err
		}
	} else {
		p.Limits = nil
	}
	s.Copays = p.Copays
	if s.Shows(access.FieldPlan) {
		s.Plan = p
	}
	return nil
}

func planOf(tx *db.Tx, code string) (Plan, error) {
	p := Plan{Code: code}
	err := tx.Row("select name, contract from coverage_plan where code = $1", code).Scan(&p.Name, &p.Contract)
	if db.NoRows(err) {
		p.Name = code
		return p, nil
	}
	if err != nil {
		return Plan{}, err
	}
	p.Copays, err = db.Collect(scanCopay)(
		tx.Rows("select service, wording, cents, share, priced, code, needed, needed_note from coverage_copay where plan = $1 order by no", code))
	if err != nil {
		return Plan{}, err
	}
	p.Limits, err = limitsOf(tx, code)
	return p, err
}

func scanCopay(r *sql.Rows) (Copay, error) {
	var c Copay
	var priced int64
	err := r.Scan(&c.Service, &c.Text, &c.Cents, &c.Percent, &priced, &c.Code, &c.Needed, &c.NeededNote)
	c.Unpriced = priced == 0
	return c, err
}
