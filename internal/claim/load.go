package claim

import (
	"fmt"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// batchSize is how many claims are compared with the database at a time.
const batchSize = 200

// loader takes the statements of one reading. Without an import id it only
// judges; with one it writes as well.
type loader struct {
	who    access.Actor
	today  civil.Date
	zone   *time.Location
	ref    id.Import // empty: judge only
	format string
	report Report

	finder finder

	batch    []*row
	lines    map[string]int // where each claim of a table stands
	payments map[*Payment]string
	no       int64
}

func newLoader(who access.Actor, today civil.Date, zone *time.Location, ref id.Import, format string) *loader {
	return &loader{who: who, today: today, zone: zone, ref: ref, format: format,
		lines: map[string]int{}, payments: map[*Payment]string{}}
}

// directory reads the organizations once for the whole file.
func (l *loader) directory(tx *db.Tx) error {
	var err error
	l.finder, err = finders(tx, l.who)
	return err
}

// take takes the next statement of the file.
func (l *loader) take(s Statement, within func(func(tx *db.Tx) error) error) error {
	l.report.Claims++
	if l.report.Claims > MaxClaims {
		return errTooLarge
	}
	r := &row{Statement: s}
	problems := r.check(l.today)
	if len(problems) == 0 && s.At.Segment == 0 {
		// A table tells each claim once; a remittance may take one back and pay
		// it again.
		if first, twice := l.lines[r.key]; twice {
			problems = append(problems, coverage.Refusal{Where: s.At.String(),
				Reason: fmt.Sprintf("the same claim begins on line %d: rows of a claim stand together", first)})
		}
		l.lines[r.key] = s.At.Line
	}
	for _, p := range problems {
		l.report.refuse(p.Where, p.Reason)
	}
	if len(problems) > 0 {
		return nil
	}
	l.batch = append(l.batch, r)
	if len(l.batch) < batchSize {
		return nil
	}
	return l.flush(within)
}

// flush judges the waiting statements, and writes them in a second reading.
func (l *loader) flush(within func(func(tx *db.Tx) error) error) error {
	if len(l.batch) == 0 {
		return nil
	}
	err := within(func(tx *db.Tx) error {
		known, err := l.judge(tx)
		if err != nil || l.ref == "" || l.report.RefusedTotal > 0 {
			return err
		}
		for _, r := range l.batch {
			err = l.write(tx, r, known)
			if err != nil {
				return err
			}
		}
		return nil
	})
	l.batch = l.batch[:0]
	return err
}

// judge finds the parties of each statement, refuses those whose member we do
// not have, and gives the claims that are known already by folded number.
func (l *loader) judge(tx *db.Tx) (map[string]*kept, error) {
	numbers, keys, bills := make([]string, 0, len(l.batch)), make([]string, 0, len(l.batch)), make([]billed, 0, len(l.batch))
	for _, r := range l.batch {
		numbers, keys, bills = append(numbers, r.Member.Number), append(keys, r.key), append(bills, r.billed)
	}
	own, err := member.Known(tx, l.who, numbers)
	if err != nil {
		return nil, err
	}
	families, err := member.Families(tx, l.who, numbers)
	if err != nil {
		return nil, err
	}
	err = l.finder.meet(tx, bills)
	if err != nil {
		return nil, err
	}
	known, err := keptByNumber(tx, keys)
	if err != nil {
		return nil, err
	}
	first := map[string]*row{} // of each claim in this batch, which nothing that is known holds against them
	for _, r := range l.batch {
		reason := l.place(r, own, families, known[r.key])
		if reason == "" {
			reason = r.differs(first[r.key])
		}
		if reason != "" {
			l.report.refuse(r.At.String(), reason)
			continue
		}
		if f := first[r.key]; f == nil {
			first[r.key] = r
		} else if f.billingOrg == "" {
			f.billingOrg = r.billingOrg
		}
	}
	return known, nil
}

// place finds member and organizations of a statement, or says why it cannot
// be taken.
func (l *loader) place(r *row, own map[string]member.Member, families map[string][]member.Member, known *kept) string {
	m, reason := r.Member.among(own, families)
	if reason != "" {
		return reason
	}
	if r.before(m.Birth) {
		return "the service is from before the member was born: check the member, and the days of service"
	}
	r.member = m.ID
	r.billingOrg = l.finder.biller(r.billed)
	biller := r.billingOrg
	if biller == "" && known != nil {
		biller = known.billingOrg
	}
	r.renderingOrg = l.finder.giver(r.billed, biller)
	switch {
	case known == nil && r.From.IsZero():
		return "the first day of service is missing for a claim that we do not have yet"
	case known != nil && known.member != r.member:
		return "the claim of this number is known for another member"
	case known != nil && known.billingOrg != "" && r.billingOrg != "" && known.billingOrg != r.billingOrg:
		return "the claim of this number is known of another organization"
	}
	return ""
}

// before reports whether a service was begun before a day.
func (r *row) before(day civil.Date) bool {
	is := func(on civil.Date) bool { return !on.IsZero() && on.Before(day) }
	return is(r.From) || slices.ContainsFunc(r.Lines, func(l Line) bool { return is(l.From) })
}

// differs says why a statement cannot be about the claim of another one.
func (r *row) differs(other *row) string {
	switch {
	case other == nil:
	case other.member != r.member:
		return "the file names another member for the claim of this number before: " + other.At.String()
	case other.billingOrg != "" && r.billingOrg != "" && other.billingOrg != r.billingOrg:
		return "the file names another organization for the claim of this number before: " + other.At.String()
	}
	return ""
}

// among finds whom a file means, or says why it cannot be told. The number on
// the card is the member's own or the family's. With a birth date that decides;
// without one (an 835 and a 277 send none) a name has to: the first name, where
// one is sent, since a family shares the last. A last name alone is enough only
// for a number that is one member's own and nobody's family has.
func (n Named) among(own map[string]member.Member, families map[string][]member.Member) (member.Member, string) {
	key := member.FoldNumber(n.Number)
	all := append([]member.Member{}, families[key]...)
	mine, is := own[key]
	if is && !contains(all, mine.ID) {
		all = append(all, mine)
	}
	last, first := member.Fold(n.Last), member.Fold(n.First)
	alone := is && len(all) == 1
	var fits []member.Member
	for _, m := range all {
		sameLast, sameFirst := last == member.Fold(m.Last), first == member.Fold(m.First)
		switch {
		case !n.Birth.IsZero():
			if m.Birth == n.Birth && (first == "" || sameFirst || alone) {
				fits = append(fits, m)
			}
		case first != "":
			if sameFirst && (alone || last == "" || sameLast) {
				fits = append(fits, m)
			}
		case alone && last != "" && sameLast:
			fits = append(fits, m)
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], ""
	case len(fits) > 1 && !n.Birth.IsZero() && is && contains(fits, mine.ID):
		return mine, "" // of several born on that day, the one whose own number it is
	case len(fits) > 1:
		return member.Member{}, "it fits several members of one family: send the member's own number"
	case n.Birth.IsZero() && first == "" && len(all) > 1:
		return member.Member{}, "a family shares the member's number, and there is no birth date: send the member's first name, or the member's own number"
	}
	return member.Member{}, "it names no member that we have: check the member's number with the birth date or the name, and load members first"
}

func contains(list []member.Member, m id.Member) bool {
	for _, one := range list {
		if one.ID == m {
			return true
		}
	}
	return false
}
