package admission

import (
	"context"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// byAdministrator is why an access ended that an office's own administrator,
// or the plan's staff in her place, took away.
const byAdministrator account.Cause = "local administrator"

// Office is an organization's people and standing, for those who manage them.
type Office struct {
	Org      id.Organization
	Name     string
	TIN      string
	People   []account.Colleague // those whose access has ended last
	Standing account.Standing
	Admins   int // local administrators who can act
}

// OnlyOne advises a second administrator: with one alone, an illness stops
// the office's changes.
func (o Office) OnlyOne() bool { return o.Admins == 1 }

// Office gives the people of an organization.
func (s *Service) Office(ctx context.Context, who access.Actor, org id.Organization) (o Office, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		o = Office{Org: org}
		o.People, err = account.Colleagues(tx, who, org)
		if err != nil {
			return err
		}
		admins, err := account.Administrators(tx, org)
		if err != nil {
			return err
		}
		o.Admins = len(admins)
		o.Standing, err = account.StandingOf(tx, org)
		if len(o.People) > 0 {
			o.Name, o.TIN = o.People[0].OrgName, o.People[0].OrgTIN
		}
		return err
	})
	slices.SortStableFunc(o.People, func(a, b account.Colleague) int { return order(a) - order(b) })
	return o, err
}

func order(c account.Colleague) int {
	switch c.Membership.State {
	case account.MemberActive:
		return 0
	case account.MemberSuspended:
		return 1
	case account.MemberEnded:
	}
	return 2
}

// Colleague gives one person of an organization.
func (s *Service) Colleague(ctx context.Context, who access.Actor, org id.Organization, person id.Person) (account.Colleague, error) {
	o, err := s.Office(ctx, who, org)
	if err != nil {
		return account.Colleague{}, err
	}
	i := slices.IndexFunc(o.People, func(c account.Colleague) bool { return c.Person == person })
	if i < 0 {
		return account.Colleague{}, fault.New(fault.NotFound, "This person does not work for the organization")
	}
	return o.People[i], nil
}

// Change gives somebody of an organization other roles and providers, with
// her next request. An access that has ended is invited anew instead.
func (s *Service) Change(ctx context.Context, who access.Actor, org id.Organization, person id.Person, g account.Grant, reason string) error {
	return s.regrant(ctx, who, org, person, reason, "access changed", func(m account.Membership) (account.Grant, error) {
		if m.State != account.MemberActive {
			return g, fault.New(fault.Conflict, "This access is not open. Open it again first, or invite the person anew")
		}
		return g, nil
	})
}

// Reopen gives a suspended access back as it was, and opens an account that
// was suspended for non-use.
func (s *Service) Reopen(ctx context.Context, who access.Actor, org id.Organization, person id.Person, reason string) error {
	return s.regrant(ctx, who, org, person, reason, "access opened again", func(m account.Membership) (account.Grant, error) {
		if m.State == account.MemberEnded {
			return account.Grant{}, fault.New(fault.Conflict, "This access has ended. Invite the person anew")
		}
		return account.Grant{Roles: m.Roles, Providers: m.Providers}, nil
	})
}

func (s *Service) regrant(ctx context.Context, who access.Actor, org id.Organization, person id.Person, reason, kind string,
	grant func(account.Membership) (account.Grant, error),
) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who, org)
		if err != nil {
			return err
		}
		m, err := account.MembershipIn(tx, person, org)
		if err != nil {
			return err
		}
		g, err := grant(m)
		if err != nil {
			return err
		}
		err = reinstateUnused(tx, who, person, reason)
		if err != nil {
			return err
		}
		if m.State != account.MemberActive {
			err = mayReopen(who, m)
			if err != nil {
				return err
			}
		}
		err = account.Give(tx, who, person, org, m.OrgName, m.OrgTIN, g, reason)
		if err != nil {
			return err
		}
		return event{kind: kind, org: org, person: person, reason: reason}.write(tx, who)
	})
}

// reinstateUnused opens an account that was suspended because nobody used it.
// Any other suspension of an account stays: it is not the office's.
func reinstateUnused(tx *db.Tx, who access.Actor, person id.Person, reason string) error {
	c, err := account.PersonIn(tx, person)
	if err != nil || c.State != account.Suspended || c.Cause != account.OfNonUse {
		return err
	}
	return account.Reinstate(tx, who, person, reason)
}

// End ends somebody's access for an organization, at once and with a reason.
// The account stays: she may work elsewhere.
func (s *Service) End(ctx context.Context, who access.Actor, org id.Organization, person id.Person, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who, org)
		if err != nil {
			return err
		}
		cause := byAdministrator
		if who.Side != access.Office {
			cause = account.ByStaff
		}
		err = account.Take(tx, who, person, org, account.MemberEnded, cause, reason)
		if err != nil {
			return err
		}
		return event{kind: "access ended", org: org, person: person, reason: reason}.write(tx, who)
	})
}

// HandOver makes a colleague local administrator in the actor's place.
func (s *Service) HandOver(ctx context.Context, who access.Actor, to id.Person) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who, who.Org)
		if err != nil {
			return err
		}
		err = account.Transfer(tx, who, to)
		if err != nil {
			return err
		}
		return event{kind: "administration handed over", org: who.Org, person: to}.write(tx, who)
	})
}

// Admins gives the names of those who control the actor's access: the local
// administrators of the organization she works for.
func (s *Service) Admins(ctx context.Context, who access.Actor) (names []string, err error) {
	if who.Side != access.Office {
		return nil, fault.New(fault.Conflict, "Accounts of the plan are managed by its plan administrators")
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		admins, err := account.Administrators(tx, who.Org)
		names = nil
		for _, a := range admins {
			names = append(names, a.Name)
		}
		return err
	})
	return names, err
}
