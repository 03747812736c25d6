package coverage

import (
	"database/sql"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
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

// sheet puts together what the actor may see of a member on a day, of the
// facts that the caller shows (nil: those of the member's own page).
func sheet(tx *db.Tx, who access.Actor, purpose access.Purpose, m member.Member, day civil.Date, shows []access.Field) (Sheet, error) {
	out := Sheet{Member: m, On: day, LookedAt: tx.Now, Disclosure: m.Shown}
	var err error
	out.Fields, err = member.FieldsFor(tx, who, purpose, "member", shows...) // those that the ledger names
	if err != nil {
		return Sheet{}, err
	}
	span, covered, err := On(tx, m.ID, day)
	if err != nil {
		return Sheet{}, err
	}
	if slices.Contains(out.Fields, access.FieldCoverage) {
		out.Covered, out.Span = covered, span
		if !covered {
			out.Last, out.Next, err = around(tx, m.ID, day)
			if err != nil {
				return Sheet{}, err
			}
		}
	}
	if covered {
		err = out.plan(tx, span.Plan)
		if err != nil {
			return Sheet{}, err
		}
	}
	if slices.Contains(out.Fields, access.FieldPCP) {
		out.PCP, err = pcp(tx, m.ID)
	}
	return out, err
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

func (s *Sheet) plan(tx *db.Tx, code string) error {
	p, err := planOf(tx, code)
	if err != nil {
		return err
	}
	if !slices.Contains(s.Fields, access.FieldCopays) {
		p.Copays = nil
	}
	s.Copays = p.Copays
	if slices.Contains(s.Fields, access.FieldPlan) {
		s.Plan = p
	}
	return nil
}

// pcp gives the member's primary care provider, with nothing but the NPI when
// the plan's directory does not know it, and nothing at all when there is none.
func pcp(tx *db.Tx, m id.Member) (provider.Party, error) {
	var npi code.NPI
	err := tx.Row("select npi from coverage_pcp where member = $1", string(m)).Scan(&npi)
	if db.NoRows(err) {
		return provider.Party{}, nil
	}
	if err != nil {
		return provider.Party{}, err
	}
	p, err := provider.Find(tx, npi)
	if fault.Is(err, fault.NotFound) {
		return provider.Party{NPI: npi, Kind: "practitioner"}, nil
	}
	return p, err
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
	p.Copays, err = db.Collect(func(r *sql.Rows) (Copay, error) {
		var c Copay
		return c, r.Scan(&c.Service, &c.Text, &c.Cents, &c.Percent)
	})(tx.Rows("select service, wording, cents, share from coverage_copay where plan = $1 order by no", code))
	return p, err
}
