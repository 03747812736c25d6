package coverage

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
)

// MaxDay is how many members are looked up at once: a clinic's day.
const MaxDay = 50

// DayQuery asks for several members, such as those of a clinic's day.
type DayQuery struct {
	Keys    []member.Key
	Purpose access.Purpose
	Visit   *member.Visit // what is stated of all whom the office has no other tie with
}

// Answer is what one key of several comes to: a sheet, or why there is none.
// Sheet.Fields are name, birth date, member ID, coverage, plan and primary
// care provider, as far as the actor may see them.
type Answer struct {
	Sheet  Sheet
	Err    error
	SameAs int // the number, from 1, of an earlier key that says the same; it is not looked up again
}

// String keeps the answer out of formatted text.
func (a Answer) String() string { return maskedSheet }

// dayFacts are the facts of an answer.
func dayFacts() []access.Field {
	return []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP}
}

// Day looks up several members for today, each as LookUp does and in a
// transaction of its own: what becomes of one does not touch the others, and
// each has its own row in the ledger. It gives an answer for each key, in
// order. It answers Invalid as a whole for no keys, for more than MaxDay, and
// for half a statement, and Internal where no key at all could be answered;
// otherwise an error belongs to one key.
func (s *Service) Day(ctx context.Context, who access.Actor, q DayQuery) ([]Answer, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return nil, err
	}
	switch {
	case len(q.Keys) == 0:
		return nil, fault.Bad(fault.Problem{Path: "keys", Text: "Type or paste one member a line, or choose a file"})
	case len(q.Keys) > MaxDay:
		return nil, fault.Bad(fault.Problem{Path: "keys", Text: "Look up to 50 members at once: take the rest in a second turn"})
	}
	if q.Visit != nil {
		err = q.Visit.Check(civil.Of(s.DB.Now(), s.Zone))
		if err != nil {
			return nil, err
		}
	}
	fill := func(tx *db.Tx, m member.Member, a *asked) (Sheet, error) {
		return s.sheet(tx, who, purposeOr(who, q.Purpose), m, a)
	}
	out := make([]Answer, len(q.Keys))
	first := map[string]int{}
	for i, k := range q.Keys {
		same, again := first[k.Folded()]
		if again {
			out[i].SameAs = same + 1
			out[i].Err = fault.New(fault.Conflict, "This member stands here already")
			continue
		}
		first[k.Folded()] = i
		out[i].Sheet, out[i].Err = s.lookUp(ctx, who, Query{Key: k, Purpose: q.Purpose, Visit: q.Visit}, dayFacts(), fill)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, brokenFor(out)
}

// brokenFor gives the error of a day of which not one key could be answered
// for a defect of ours: then the whole is refused, as one look-up would be.
func brokenFor(answers []Answer) error {
	var broken error
	for _, a := range answers {
		switch {
		case a.SameAs > 0:
		case a.Err == nil || !fault.Is(a.Err, fault.Internal):
			return nil
		default:
			broken = a.Err
		}
	}
	return broken
}
