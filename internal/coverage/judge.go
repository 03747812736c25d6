package coverage

import (
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// known is what the database has of the members of a batch.
type known struct {
	members  map[string]member.Member // by folded number
	families map[string][]member.Member
	spans    map[id.Member][]Span
	pcps     map[id.Member]code.NPI
}

// outcome is what a row comes to.
type outcome struct {
	said    *row
	member  member.Member
	isNew   bool
	before  bool     // stood in the file before: what it changes may be of the same file
	facts   []string // the member's own facts that differ
	ending  []Line   // kinds of coverage of which there are days less
	opens   []Line   // kinds that there are now, today or later, where there were none
	spans   spanChange
	pcp     code.NPI // empty: as it is
	newName string   // folded subscriber number of a dependent who still needs a number
}

// judge compares the waiting rows with the database.
func (l *loader) judge(tx *db.Tx) ([]outcome, error) {
	k, err := l.read(tx)
	if err != nil {
		return nil, err
	}
	var out []outcome
	for _, r := range l.batch {
		o, problems := l.outcome(tx, r, k)
		for _, p := range problems {
			l.report.refuse(p.Where, p.Reason)
		}
		if len(problems) == 0 && o.member.ID != "" {
			out = append(out, o)
		}
	}
	return l.twice(tx, out)
}

func (l *loader) read(tx *db.Tx) (known, error) {
	var k known
	var numbers, subscribers []string
	for _, r := range l.batch {
		if r.Number != "" {
			numbers = append(numbers, r.Number)
		} else {
			subscribers = append(subscribers, r.Subscriber)
		}
	}
	var err error
	k.members, err = member.Known(tx, l.who, numbers)
	if err != nil {
		return known{}, err
	}
	k.families, err = member.Families(tx, l.who, subscribers)
	if err != nil {
		return known{}, err
	}
	var ids []id.Member
	for _, m := range k.members {
		ids = append(ids, m.ID)
	}
	for _, f := range k.families {
		for _, m := range f {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids) // so that the statements are the same each time
	ids = slices.Compact(ids)
	k.spans, err = spansOf(tx, ids)
	if err != nil {
		return known{}, err
	}
	k.pcps, err = pcpsOf(tx, ids)
	return k, err
}

// outcome says what one row comes to, or why it is refused.
func (l *loader) outcome(tx *db.Tx, r *row, k known) (outcome, []Refusal) {
	refuse := func(reason string) (outcome, []Refusal) {
		return outcome{}, []Refusal{{r.At.String(), reason}}
	}
	old, found, reason := r.find(k)
	if reason != "" {
		return refuse(reason)
	}
	o := outcome{said: r, member: old, isNew: !found, before: r.before}
	if found {
		if otherPerson(old, r.Enrollment) {
			return refuse("this identifier belongs to a member with another name and birth date: a correction changes one of them and repeats the other")
		}
		o.member = merged(old, r.Enrollment)
		o.facts = facts(old, o.member)
	} else {
		if r.before && l.ref == "" {
			return outcome{}, nil // the row before it adds the member; the second reading sees it
		}
		r.fromEligibility()
		reason = r.lacks()
		if reason != "" {
			return refuse(reason)
		}
		o.member = merged(member.Member{ID: id.New[id.Member](tx.Now), Number: r.Number}, r.Enrollment)
		if r.Number == "" {
			o.newName = member.FoldNumber(r.Subscriber)
		}
	}
	var bad *Refusal
	var now []Span
	o.spans, now, bad = r.apply(k.spans[old.ID])
	if bad != nil {
		return outcome{}, []Refusal{*bad}
	}
	o.ending, o.opens = losing(k.spans[old.ID], o.spans, now), opening(k.spans[old.ID], now, l.today)
	if r.PCP != "" && k.pcps[old.ID] != code.NPI(r.PCP) {
		o.pcp = code.NPI(r.PCP)
	}
	return o, nil
}

// find gives the member of a row, if we have them.
func (r *row) find(k known) (m member.Member, found bool, reason string) {
	if r.Number != "" {
		m, found = k.members[member.FoldNumber(r.Number)]
		return m, found, ""
	}
	var fits []member.Member
	for _, m := range k.families[member.FoldNumber(r.Subscriber)] {
		if member.Fold(m.First) == member.Fold(r.First) && (r.Birth.IsZero() || m.Birth == r.Birth) {
			fits = append(fits, m)
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], true, ""
	case len(fits) > 1:
		return member.Member{}, false, "several of this family have this first name: send the birth date, or a number of the member's own"
	case r.Change != Add && !r.before:
		return member.Member{}, false, "the row has only the subscriber's number, and nobody of that family with this first name and birth date is known: send a number of the member's own"
	}
	return member.Member{}, false, ""
}

// otherPerson reports whether a row speaks of somebody else under the same
// identifier. One that corrects the name or the birth date repeats the other.
func otherPerson(m member.Member, e Enrollment) bool {
	last := e.Last == "" || member.Fold(e.Last) == member.Fold(m.Last)
	first := e.First == "" || member.Fold(e.First) == member.Fold(m.First)
	switch e.Birth {
	case m.Birth:
		return false
	case civil.Date{}:
		return !last && !first
	}
	return !last || !first
}

// fromEligibility gives coverages that end without having begun the first day
// of the member's eligibility: of a new member, nothing else is known.
func (r *row) fromEligibility() {
	for i := range r.Spans {
		s := &r.Spans[i]
		if s.From.IsZero() && s.Change != Void && !after(r.From, s.To) {
			s.From = r.From
		}
	}
}

// lacks says what a row has too little of to add a member.
func (r *row) lacks() string {
	var missing string
	switch {
	case r.Last == "":
		missing = "the last name is missing"
	case member.Fold(r.Last) == "":
		missing = "the last name has no letter"
	case r.Birth.IsZero():
		missing = "the birth date is missing"
	case !slices.ContainsFunc(r.Spans, func(s Statement) bool { return !s.From.IsZero() && s.Plan+s.Product != "" && s.Change != Void }):
		missing = "a coverage with plan and first day is missing"
	default:
		return ""
	}
	if r.Change == Add {
		return "this member is new, and " + missing
	}
	return "we do not have this member, and to add one " + missing
}

// merged lays what a row says over what is known.
func merged(m member.Member, e Enrollment) member.Member {
	if e.Last != "" {
		m.Last, m.First, m.Middle, m.Suffix = e.Last, e.First, e.Middle, e.Suffix
	}
	if e.Street != "" || e.City != "" || e.Zip != "" {
		m.Street, m.City, m.State, m.Zip = e.Street, e.City, e.State, e.Zip
	}
	put := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	put(&m.Subscriber, e.Subscriber)
	put(&m.Relationship, e.Relationship)
	put(&m.Gender, e.Gender)
	put(&m.Phone, e.Phone)
	put(&m.Language, e.Language)
	put(&m.Medicare, e.Medicare)
	if !e.Birth.IsZero() {
		m.Birth = e.Birth
	}
	if m.Subscriber == "" && (m.Relationship == "self" || m.Relationship == "") {
		m.Subscriber = m.Number
	}
	return m
}

// number gives the new dependents of families without numbers of their own
// the subscriber's number with a sequence from 02 on. Who has one keeps it:
// the next file finds them by first name and birth date.
func (l *loader) number(tx *db.Tx, done []outcome) error {
	given := map[string]bool{} // in this batch
	for _, o := range done {
		given[member.FoldNumber(o.member.Number)] = true
	}
	for i := range done {
		o := &done[i]
		if o.newName == "" {
			continue
		}
		family, err := member.Families(tx, l.who, []string{o.newName})
		if err != nil {
			return err
		}
		last := max(l.assigned[o.newName], 1)
		for _, m := range family[o.newName] {
			last = max(last, sequence(m.Number, o.member.Subscriber))
		}
		for {
			last++
			candidate := o.member.Subscriber + "-" + twoDigits(last)
			taken, err := member.Known(tx, l.who, []string{candidate})
			if err != nil {
				return err
			}
			if len(taken) == 0 && !given[member.FoldNumber(candidate)] {
				given[member.FoldNumber(candidate)] = true
				o.member.Number = candidate
				break
			}
		}
		l.assigned[o.newName] = last
	}
	return nil
}

func sequence(number, subscriber string) int {
	rest, ok := strings.CutPrefix(number, subscriber+"-")
	if !ok || len(rest) > 3 {
		return 0
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return 0
	}
	return n
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
