package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/member"
)

// Difference counts what a file changes. It names nobody. Coverages are those
// of every kind, except where it says medical.
type Difference struct {
	Facts       map[string]int `json:"facts,omitempty"`       // members we had, by the fact that is known differently
	PCPs        int            `json:"pcps,omitempty"`        // members who get a primary care provider, or another one
	Begun       int            `json:"begun,omitempty"`       // coverages
	Ended       int            `json:"ended,omitempty"`       // coverages that get an earlier last day, or never were
	Changed     int            `json:"changed,omitempty"`     // coverages that go on differently
	Retroactive int            `json:"retroactive,omitempty"` // of these three, of members we had, those that change days gone by
	Unnamed     int            `json:"unnamed,omitempty"`     // members whom a full file does not name although they are covered
	Ending      int            `json:"ending,omitempty"`      // members who would lose days of medical coverage, to come or gone by
	Open        int            `json:"open,omitempty"`        // members with medical coverage now or later; 0 where nobody loses any
	Others      map[Line]Loss  `json:"others,omitempty"`      // the same of the other kinds of coverage
}

// Count is one line of what a file changes, fit to be shown.
type Count struct {
	What string
	N    int
	More string
}

// Counts puts what a file changes, or would change, into words; nothing for a
// file that changes nothing.
func (r Report) Counts() []Count {
	d := r.Difference
	var byFact []string
	for _, name := range slices.Sorted(maps.Keys(d.Facts)) {
		byFact = append(byFact, fmt.Sprintf("%s %d", name, d.Facts[name]))
	}
	all := []Count{
		{"members added", r.Added, ""},
		{"members changed", r.Changed, strings.Join(byFact, ", ")},
		{"primary care providers", d.PCPs, "new or another"},
		{"coverages begun", d.Begun, ""},
		{"coverages ended", d.Ended, ""},
		{"coverages changed", d.Changed, ""},
		{"retroactive changes", d.Retroactive, "of members known before, for days gone by"},
		{"members not named", d.Unnamed, "covered, and not in a file that should name everybody"},
	}
	for _, line := range lines() {
		n, of := d.lost(line), ""
		if n.Open > 0 {
			of = fmt.Sprintf("of %d members who have it (%s)", n.Open, inPercent(float64(n.Ending)/float64(n.Open)))
		}
		all = append(all, Count{string(line) + " coverage lost", n.Ending, of})
	}
	var out []Count
	for _, c := range all {
		if c.N > 0 {
			out = append(out, c)
		}
	}
	return out
}

// facts names the facts of a member that differ.
func facts(old, now member.Member) []string {
	var out []string
	differs := func(name string, yes bool) {
		if yes {
			out = append(out, name)
		}
	}
	differs("name", old.Last != now.Last || old.First != now.First || old.Middle != now.Middle || old.Suffix != now.Suffix)
	differs("birth date", old.Birth != now.Birth)
	differs("gender", old.Gender != now.Gender)
	differs("address", old.Street != now.Street || old.City != now.City || old.State != now.State || old.Zip != now.Zip)
	differs("telephone", old.Phone != now.Phone)
	differs("language", old.Language != now.Language)
	differs("Medicare number", old.Medicare != now.Medicare)
	differs("family", old.Subscriber != now.Subscriber || old.Relationship != now.Relationship)
	if len(out) == 0 && old != now {
		out = append(out, "other")
	}
	return out
}

// tally adds to the difference what becomes of the coverages of one member;
// had says that the member is not new.
func (d *Difference) tally(c spanChange, today civil.Date, had bool) {
	past := func(yes bool) {
		if had && yes {
			d.Retroactive++
		}
	}
	kept := make([]bool, len(c.closed))
	for _, a := range c.added {
		old := -1
		for i, b := range c.closed {
			if !kept[i] && b.Line == a.Line && b.From == a.From && b.Plan == a.Plan {
				old = i
				break
			}
		}
		if old < 0 {
			d.Begun++
			past(a.From.Before(today))
			continue
		}
		kept[old] = true
		b := c.closed[old]
		switch {
		case after(b.To, a.To):
			d.Ended++
			past(a.To.AddDays(1).Before(today))
		case b.To == a.To: // another group
			d.Changed++
			past(a.From.Before(today))
		default:
			d.Changed++
			past(b.To.AddDays(1).Before(today))
		}
	}
	for i, b := range c.closed {
		if !kept[i] {
			d.Ended++
			past(b.From.Before(today))
		}
	}
}
