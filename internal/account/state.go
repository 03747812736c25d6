package account

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// State is whether an account may be used.
type State string

// The states of an account. A closed one is never opened again.
const (
	Active    State = "active"
	Suspended State = "suspended"
	Closed    State = "closed"
)

// Cause is why an account or an access is not active.
type Cause string

// The causes.
const (
	ByStaff      Cause = "staff"
	OnSuspicion  Cause = "suspicion"
	OfNonUse     Cause = "non-use"
	InReview     Cause = "access review"
	OwnWish      Cause = "own wish"
	OfficeClosed Cause = "organization"
)

// Words says the cause to the person it is about.
func (c Cause) Words() string {
	switch c {
	case ByStaff:
		return "Staff of the plan have suspended it"
	case OnSuspicion:
		return "It was suspended because somebody else may be using it"
	case OfNonUse:
		return "It was suspended because it had not been used for a long time"
	case InReview:
		return "Your office did not confirm it in its access review"
	case OwnWish:
		return "You closed it yourself"
	case OfficeClosed:
		return "Your organization's access to the portal has ended"
	}
	return "It is not open"
}

// wayBack says what opens it again.
func (c Cause) wayBack() string {
	switch c {
	case OfNonUse:
		return "Your local administrator can open it again; or prove yourself with “Forgot your password?” and your second factor"
	case InReview:
		return "Your local administrator can open it again"
	case OwnWish:
		return "A closed account stays closed. Ask your local administrator for a new one, with another username"
	case ByStaff, OnSuspicion, OfficeClosed:
	}
	return "Call the HelpDesk"
}

// errNotOpen is the answer to somebody who has given the right password of an
// account that is not open: only then may she learn of it.
func errNotOpen(p Person) error {
	if p.State == Closed {
		return fault.New(fault.Forbidden, "This account is closed. "+OwnWish.wayBack())
	}
	return fault.New(fault.Forbidden, "This account is suspended. "+p.Cause.Words()+". "+p.Cause.wayBack())
}

// maySuspend says whether who may suspend or reinstate the person. Nobody
// does it to herself; the plan's own people are a plan administrator's or
// security officer's.
func maySuspend(who access.Actor, p Person) error {
	err := who.May(access.SuspendAccess)
	if err != nil {
		return err
	}
	if who.Person == p.ID {
		return fault.New(fault.Conflict, "Nobody suspends or reinstates the own account. Ask somebody else of the plan")
	}
	if p.Side == access.Plan && who.Side == access.Plan && !who.Is(access.PlanAdmin) && !who.Is(access.SecurityOfficer) {
		return fault.New(fault.Forbidden, "Accounts of the plan's own staff are suspended by a plan administrator or a security officer. Ask one of them")
	}
	return nil
}

// Suspend shuts an account at once: its sessions end with their next request
// (S-12, V-08). What the person entered stays under the name.
func (s *Service) Suspend(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error { return Suspend(tx, who, person, ByStaff, reason) })
}

// Suspend is Service.Suspend in the caller's transaction, for a cause.
// Suspending what is not active changes nothing.
func Suspend(tx *db.Tx, who access.Actor, person id.Person, cause Cause, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	p, err := personOf(tx, person)
	if err != nil {
		return err
	}
	err = maySuspend(who, p)
	if err != nil || p.State != Active {
		return err
	}
	return p.move(tx, who, Suspended, cause, reason, Disabled)
}

// Cancel closes an account for good, with the reason. Its username is never
// used again.
func (s *Service) Cancel(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, person)
		if err != nil {
			return err
		}
		err = maySuspend(who, p)
		if err != nil || p.State == Closed {
			return err
		}
		return p.move(tx, who, Closed, ByStaff, reason, Cancelled)
	})
}

// Leave closes the actor's own account at once (clause 8). What she entered
// stays under her name. The last administrator of an office cannot leave
// people behind: Conflict.
func (s *Service) Leave(ctx context.Context, who access.Actor) error {
	if who.Person == "" || who.Session == "" {
		return errSignedOut()
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, who.Person)
		if err != nil {
			return err
		}
		all, err := memberships(tx, p.ID)
		if err != nil {
			return err
		}
		for _, m := range all {
			err = staysManaged(tx, p.ID, m)
			if err != nil {
				return err
			}
		}
		for _, m := range all {
			if m.State == MemberEnded {
				continue
			}
			err = m.move(tx, who, p.ID, MemberEnded, OwnWish, "left the portal")
			if err != nil {
				return err
			}
		}
		return p.move(tx, who, Closed, OwnWish, "left the portal", Left)
	})
}

// Reinstate opens a suspended account again, with the reason.
func (s *Service) Reinstate(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error { return Reinstate(tx, who, person, reason) })
}

// Reinstate is Service.Reinstate in the caller's transaction. Where the cause
// was non-use, a local administrator of an organization of the person may do
// it as well; one that was suspended on suspicion takes more than the HelpDesk.
func Reinstate(tx *db.Tx, who access.Actor, person id.Person, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	p, err := personOf(tx, person)
	if err != nil {
		return err
	}
	if p.Cause == OfNonUse && who.Side == access.Office && who.Has(access.ManageOffice) && who.Person != person {
		_, err = membershipOf(tx, person, who.Org)
	} else {
		err = maySuspend(who, p)
	}
	switch {
	case err != nil:
		return err
	case p.State == Active:
		return nil
	case p.State == Closed:
		return fault.New(fault.Conflict, "A closed account stays closed. Make a new one, with another username")
	case p.Cause == OnSuspicion && who.Side == access.Plan && !who.Is(access.PlanAdmin) && !who.Is(access.SecurityOfficer) && !who.Is(access.PrivacyOfficer):
		return fault.New(fault.Forbidden, "An account suspended on suspicion is reviewed and reinstated by a privacy officer, a security officer or a plan administrator. Ask one of them")
	}
	_, err = tx.Exec("update account_person set used_us = $1, warned = 0 where id = $2", db.Micros(tx.Now), string(person))
	if err != nil {
		return err
	}
	return p.move(tx, who, Active, "", reason, Enabled)
}

// move changes an account's state, ends its sessions unless it is opened, and
// writes the event.
func (p Person) move(tx *db.Tx, who access.Actor, to State, cause Cause, reason string, kind EventKind) error {
	n, err := tx.Exec(`update account_person set state = $1, state_cause = $2, state_reason = $3, state_by = $4, state_us = $5
		where id = $6 and state = $7`,
		string(to), string(cause), reason, string(who.Person), db.Micros(tx.Now), string(p.ID), string(p.State))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "The account was changed by somebody else in the meantime. Look at it again")
	}
	if to != Active {
		_, err = endAll(tx, p.ID, "", endedDisabled)
		if err != nil {
			return err
		}
	}
	return Event{Kind: kind, Person: p.ID, Actor: who.Person, Reason: reason, Session: who.Session, Address: who.Address}.write(tx)
}

// MustChange makes the person choose a new password before anything else
// opens, and ends every session of hers: somebody else may know the old one
// (clause 4, A-05).
func MustChange(tx *db.Tx, who access.Actor, person id.Person, reason string) error {
	_, err := tx.Exec("update account_person set must_change = 1 where id = $1", string(person))
	if err != nil {
		return err
	}
	_, err = endAll(tx, person, "", endedAll)
	if err != nil {
		return err
	}
	return Event{Kind: Compromised, Person: person, Actor: who.Person, Reason: reason, Session: who.Session, Address: who.Address}.write(tx)
}
