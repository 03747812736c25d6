package claim

import (
	"fmt"
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
	m, ok := r.Member.among(own, families)
	if !ok {
		return "it names no member that we have: check the member's number with the birth date or the name, and load members first"
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

// among finds whom a file means: the number on the card, the member's own or
// the family's, together with the birth date, or with a name where no birth
// date is sent.
func (n Named) among(own map[string]member.Member, families map[string][]member.Member) (member.Member, bool) {
	key := member.FoldNumber(n.Number)
	all := append([]member.Member{}, families[key]...)
	if m, ok := own[key]; ok && !contains(all, m.ID) {
		all = append(all, m)
	}
	last, first := member.Fold(n.Last), member.Fold(n.First)
	var fits []member.Member
	for _, m := range all {
		switch {
		case !n.Birth.IsZero() && m.Birth != n.Birth:
		case n.Birth.IsZero() && (first == "" || first != member.Fold(m.First)) && (last == "" || last != member.Fold(m.Last)):
		default:
			fits = append(fits, m)
		}
	}
	if len(fits) > 1 && first != "" {
		var closer []member.Member
		for _, m := range fits {
			if member.Fold(m.First) == first {
				closer = append(closer, m)
			}
		}
		fits = closer
	}
	if len(fits) > 1 {
		// Of several, the one whose own number it is.
		m, ok := own[key]
		if ok && contains(fits, m.ID) {
			return m, true
		}
	}
	if len(fits) != 1 {
		return member.Member{}, false
	}
	return fits[0], true
}

func contains(list []member.Member, m id.Member) bool {
	for _, one := range list {
		if one.ID == m {
			return true
		}
	}
	return false
}
