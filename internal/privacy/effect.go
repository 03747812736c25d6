package privacy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
	"hsconnect/internal/message"
)

// Effect is how the portal keeps what was agreed to. What is not the kind's is
// not looked at.
type Effect struct {
	Contact member.Contact         // of another address: the place
	Kind    member.RestrictionKind // of a restriction; empty: it is kept otherwise, as Reason says
	Until   time.Time              // of a restriction; zero: until it is lifted
	Reason  string                 // may be empty where the portal keeps it
}

// inEffect is the kind of the step that ends what was agreed to.
const inEffect = "in effect"

// Waits reports whether the plan has agreed and nothing keeps it yet.
func (f File) Waits() bool {
	return f.Outcome == Agreed && !slices.ContainsFunc(f.Events, func(e Event) bool { return e.Kind == inEffect })
}

// PutIntoEffect sets what the plan has agreed to on the member, once, together
// with the step of the case: from the next request on it counts. A restriction
// that the portal cannot keep for the plan, such as one on what is said on the
// telephone, is kept in words. The place of another address is no part of the
// step or of the record.
func (s *Service) PutIntoEffect(ctx context.Context, who access.Actor, ref ID, version int64, e Effect) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		if err != nil {
			return err
		}
		if c.Outcome != Agreed {
			return fault.New(fault.Conflict, "Nothing was agreed to here. Look at how it stands now")
		}
		events, err := eventsOf(tx, ref)
		if err != nil {
			return err
		}
		if !(File{Case: c, Events: events}).Waits() {
			return fault.New(fault.Conflict, "This is in effect already. Change it under restrictions")
		}
		text, err := s.keepAgreed(tx, who, c, e)
		if err != nil {
			return err
		}
		_, err = step(tx, who, &c, inEffect, text, nil)
		return err
	})
}

// keepAgreed sets what was agreed to, and gives the words of the step.
func (s *Service) keepAgreed(tx *db.Tx, who access.Actor, c Case, e Effect) (string, error) {
	reason := strings.Join(strings.Fields(e.Reason), " ")
	onRequest := cmp.Or(reason, "Agreed to on the member's request of "+civil.Of(c.Received, s.Zone).Long())
	switch {
	case c.Kind == Confidential:
		return "Letters and calls go to the other place alone.", member.Confide(tx, who, c.Member, e.Contact, onRequest)
	case e.Kind != "":
		standing, err := member.Standing(tx, who, c.Member)
		if err != nil {
			return "", err
		}
		if standing != nil {
			return "", fault.Bad(fault.Problem{Path: "kind", Text: "The member is under restriction already (" + string(standing.Kind) + "). Choose none of these, and change that one under restrictions where it is not enough"})
		}
		return "The member is under restriction: " + string(e.Kind) + ".", member.Restrict(tx, who, c.Member, e.Kind, onRequest, e.Until)
	}
	reason, problem := message.Clean("reason", reason)
	switch {
	case problem != nil:
		return "", fault.Bad(*problem)
	case reason == "":
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Say how it is kept, or choose a restriction"})
	}
	return "Kept otherwise: " + reason, nil
}

// agreedWaiting are requests that the plan has agreed to and that nothing
// keeps yet.
func agreedWaiting(tx *db.Tx, _ access.Actor) ([]Item, error) {
	all, err := db.Collect(scanCase)(tx.Rows("select "+caseColumns+` where t.pending = $1 and t.outcome = $2
		and not exists (select 1 from privacy_event e where e.case_id = c.id and e.kind = $3) order by t.changed_us, t.case_id limit $4`,
		int64(0), string(Agreed), inEffect, int64(casesMost)))
	out := make([]Item, 0, len(all))
	for _, c := range all {
		out = append(out, Item{What: "Agreed to, and not set yet: " + string(c.Kind), Since: c.Changed, Link: "/plan/privacy/requests/" + string(c.ID)})
	}
	return out, err
}
