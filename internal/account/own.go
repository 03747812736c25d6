package account

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

// Workplace is an organization that the actor works for, or did.
type Workplace struct {
	Membership
	Standing Standing // the organization's own
	Now      bool     // the session acts for it
	Open     bool     // ActFor would work
	ViewOnly bool     // its people look, and change nothing
}

// Workplaces gives every organization of the actor's, the one used last first.
func (s *Service) Workplaces(ctx context.Context, who access.Actor) (all []Workplace, err error) {
	if who.Person == "" || who.Session == "" {
		return nil, errSignedOut()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all = nil
		members, err := memberships(tx, who.Person)
		if err != nil {
			return err
		}
		for _, m := range members {
			o, err := standingOf(tx, m.Org)
			if err != nil {
				return err
			}
			all = append(all, Workplace{Membership: m, Standing: o, Now: m.Org == who.Org,
				Open: m.State == MemberActive && !o.shut(tx.Now), ViewOnly: o.viewOnly(tx.Now)})
		}
		return nil
	})
	return all, err
}

// MayLeave says whether Leave would work now; where it would not, what the
// actor does first: fault.Conflict.
func (s *Service) MayLeave(ctx context.Context, who access.Actor) error {
	if who.Person == "" || who.Session == "" {
		return errSignedOut()
	}
	return s.db.View(ctx, func(tx *db.Tx) error {
		all, err := memberships(tx, who.Person)
		if err != nil {
			return err
		}
		for _, m := range all {
			err = staysManaged(tx, who.Person, m)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
