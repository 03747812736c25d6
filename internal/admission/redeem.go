package admission

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// errToken is the one answer to a link that is late, used, withdrawn, cut off
// or made up (V-04).
func errToken() error {
	return fault.New(fault.NotFound, "This link does not work. It may have been used, be too old, have been withdrawn, or been cut off on its way. Ask whoever invited you for a new one")
}

// valid gives the invitation that a link opens, and whoever answers for it as
// she stands now: what she may not give any more, her invitation does not.
func valid(tx *db.Tx, token string) (Invitation, access.Actor, error) {
	if !wellFormed(token) {
		return Invitation{}, access.Actor{}, errToken()
	}
	v, err := scanInvitation(tx.Row("select "+invitationColumns+" from admission_invitation where token_hash = $1", tokenHash(token)).Scan, tx.Now)
	if db.NoRows(err) || err == nil && (v.state != inviteOpen || v.Late) {
		return Invitation{}, access.Actor{}, errToken()
	}
	if err != nil {
		return Invitation{}, access.Actor{}, err
	}
	by, err := v.authority(tx)
	if err == nil {
		err = inviter(by, v.Org, v.Roles)
	}
	if err == nil {
		err = v.grant().Check(by)
	}
	if err == nil {
		var o account.Standing
		o, err = account.StandingOf(tx, v.Org)
		if err == nil && (shut(o, tx.Now) || viewOnly(o, tx.Now)) {
			err = errToken()
		}
	}
	if k := fault.KindOf(err); k > 0 && k <= fault.NotFound { // wrong, not allowed, or gone
		err = errToken()
	}
	return v, by, err
}

// authority gives the inviter as she stands now.
func (v Invitation) authority(tx *db.Tx) (access.Actor, error) {
	switch v.bySide {
	case access.System:
		return access.Actor{Person: v.by, Name: v.ByName, Side: access.System, Roles: []access.Role{access.Operator}}, nil
	case access.Office:
		return account.ActorFor(tx, v.by, v.Org)
	case access.Plan:
	}
	return account.ActorFor(tx, v.by, "")
}

// Open gives the invitation behind a link, for the page that asks whether to
// accept it. NotFound for whatever link does not work.
func (s *Service) Open(ctx context.Context, token string) (v Invitation, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		v, _, err = valid(tx, token)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	return v, nil
}

// Redeeming is what somebody without an account chooses for herself.
type Redeeming struct {
	Username string
	Name     string
	Password string
}

// Redeem makes the account of whoever holds the link, with the access that
// the invitation gives. Problems come back at username, name and password,
// and leave the invitation as it was. Of two at once one wins.
func (s *Service) Redeem(ctx context.Context, token string, r Redeeming) (id.Person, error) {
	v, err := s.Open(ctx, token)
	if err != nil {
		return "", err
	}
	bad := checkName(clean(r.Name))
	prepared, err := s.Accounts.Prepare(ctx, account.NewPerson{
		Username: r.Username, Name: r.Name, Email: v.Email, Password: r.Password, Side: access.Office,
		Org: v.Org, OrgName: v.OrgName, OrgTIN: v.OrgTIN, Roles: v.Roles, Providers: v.Providers,
	})
	if err == nil || fault.Is(err, fault.Invalid) && len(bad) > 0 && !hasPath(err, "name") {
		err = gather(err, bad)
	}
	if err != nil {
		return "", err
	}
	var person id.Person
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		v, _, err := valid(tx, token)
		if err != nil {
			return err
		}
		err = inTurn(tx, v.Org)
		if err != nil {
			return err
		}
		// What was prepared is what stands in the row now.
		prepared.Roles, prepared.Providers = v.Roles, v.Providers
		person, err = account.CreateIn(tx, access.Actor{}, prepared)
		if err != nil {
			return err
		}
		err = v.end(tx, inviteUsed, person)
		if err != nil {
			return err
		}
		return event{kind: "invitation accepted", org: v.Org, subject: string(v.ID), person: person, reason: "with a new account"}.write(tx, access.Actor{Person: person})
	})
	return person, err
}

func hasPath(err error, path string) bool {
	for _, p := range fault.Problems(err) {
		if p.Path == path {
			return true
		}
	}
	return false
}

// RedeemAs gives somebody who is signed in the access of an invitation, by the
// authority that the inviter has at this moment.
func (s *Service) RedeemAs(ctx context.Context, who access.Actor, token string) (id.Organization, error) {
	var org id.Organization
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		v, by, err := valid(tx, token)
		if err != nil {
			return err
		}
		if who.Side != access.Office {
			return fault.New(fault.Conflict, "Staff of the plan do not work for an office here. The invitation was not used")
		}
		org = v.Org
		err = inTurn(tx, v.Org)
		if err != nil {
			return err
		}
		m, err := account.MembershipIn(tx, who.Person, v.Org)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return err
		case m.State == account.MemberActive:
			return fault.New(fault.Conflict, "You work for this organization already. The invitation was not used: its administrator changes what you may do")
		default:
			err = mayReopen(by, m)
			if err != nil {
				return err
			}
		}
		err = account.Give(tx, by, who.Person, v.Org, v.OrgName, v.OrgTIN, v.grant(), "by invitation")
		if err != nil {
			return err
		}
		err = v.end(tx, inviteUsed, who.Person)
		if err != nil {
			return err
		}
		return event{kind: "invitation accepted", org: v.Org, subject: string(v.ID), person: who.Person, reason: "with the account there was"}.write(tx, who)
	})
	return org, err
}

// mayReopen says whether who may give back an access that is not active: an
// office may not undo what the plan did.
func mayReopen(who access.Actor, m account.Membership) error {
	if who.Side != access.Office {
		return nil
	}
	switch m.Cause {
	case account.ByStaff, account.OnSuspicion, account.OfficeClosed:
		return fault.New(fault.Forbidden, "The plan has ended or suspended this access. Only the plan gives it back: call the HelpDesk")
	case account.OfNonUse, account.InReview, account.OwnWish, byAdministrator:
	}
	return nil
}

// shut and viewOnly read an organization's standing on a moment.
func shut(o account.Standing, now time.Time) bool {
	return o.Suspended || !o.Closes.IsZero() && !now.Before(o.Closes)
}

func viewOnly(o account.Standing, now time.Time) bool {
	return !o.ViewOnly.IsZero() && !now.Before(o.ViewOnly)
}
