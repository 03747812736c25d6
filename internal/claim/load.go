package claim

import (
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
)

// batchSize is how many claims are compared with the database at a time.
const batchSize = 200

// loader compares what was staged of a file with the database. Without an
// import id it only judges; with one it writes as well.
type loader struct {
	who    access.Actor
	today  civil.Date
	zone   *time.Location
	ref    id.Import // empty: judge only
	format string
	report Report
	finder finder

	batch    []*row
	payments map[Payment]string
	no       int64
	kept     map[string]*kept // claims that the file names again, as it has left them; nil when they are written
}

func newLoader(who access.Actor, today civil.Date, zone *time.Location, ref id.Import, format string) *loader {
	return &loader{who: who, today: today, zone: zone, ref: ref, format: format, payments: map[Payment]string{}}
}

// within gives its function a transaction.
type within func(func(tx *db.Tx) error) error

// all takes every staged statement.
func (l *loader) all(in *intake.Reading, staging string, read Report, tx within) error {
	l.report = Report{Claims: read.Claims, Resumed: read.Resumed}
	err := tx(func(tx *db.Tx) error {
		var err error
		l.finder, err = finders(tx, l.who)
		return err
	})
	if err == nil && l.ref == "" {
		l.kept = map[string]*kept{}
		err = l.each(staging, tx, func(rows []stagedRow) error {
			for i := range rows {
				if rows[i].Before {
					l.kept[fold(rows[i].Row.Number)] = nil
				}
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	return l.each(staging, tx, func(rows []stagedRow) error {
		for i := range rows {
			err := l.take(Statement(rows[i].Row), tx)
			if err != nil {
				return err
			}
		}
		err := l.flush(tx)
		if err != nil {
			return err
		}
		return in.Step(len(rows), l.report.Claims)
	})
}

// each goes through the staged batches.
func (l *loader) each(staging string, tx within, do func(rows []stagedRow) error) error {
	for no, left := 0, l.report.Claims; left > 0; no++ {
		var rows []stagedRow
		err := tx(func(tx *db.Tx) error {
			var err error
			rows, err = intake.Rows[stagedRow](tx, l.who, staging, no)
			return err
		})
		if err != nil {
			return err
		}
		err = do(rows)
		if err != nil {
			return err
		}
		left -= len(rows)
	}
	return nil
}

func (l *loader) take(s Statement, tx within) error {
	r := &row{Statement: s}
	problems := r.check(l.today) // again: it has the form in which it is kept, and not what check makes of it beside
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
	return l.flush(tx)
}

// flush judges the waiting statements, and writes what they come to.
func (l *loader) flush(tx within) error {
	if len(l.batch) == 0 {
		return nil
	}
	before := l.report
	var known map[string]*kept
	err := tx(func(tx *db.Tx) error {
		l.report = before // the closure may run again
		var err error
		known, err = l.judge(tx)
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
	if err == nil && l.ref == "" && l.report.RefusedTotal == 0 {
		for _, r := range l.batch {
			l.weigh(r, known)
		}
	}
	l.batch = l.batch[:0]
	return err
}

// weigh counts what a statement would change.
func (l *loader) weigh(r *row, known map[string]*kept) {
	k, is := known[r.key], false
	if k == nil {
		k, is = &kept{number: r.Number}, true
		known[r.key] = k
	}
	l.count(k, is, k.learn(r, l.format, judged, ""))
	if _, again := l.kept[r.key]; again {
		l.kept[r.key] = k
	}
}

// judged stands for the id of a statement that is not written.
const judged = "judged"

func (l *loader) count(k *kept, is, changed bool) {
	switch {
	case is:
		l.report.Added++
	case changed:
		l.report.Changed++
	}
	if changed && k.status == Reversed {
		l.report.Reversed++
	}
	if is && len(k.orgs()) == 0 {
		l.report.Unplaced++
	}
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
	for _, key := range keys {
		if k := l.kept[key]; k != nil {
			known[key] = k
		}
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
