package admission

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Suspend shuts an organization's access at once: its people's sessions end
// with their next request. ReopenOrganization takes it back.
func (s *Service) Suspend(ctx context.Context, who access.Actor, org id.Organization, reason string) error {
	return s.stand(ctx, who, org, reason, "organization suspended", func(_ time.Time, o *account.Standing) ([]string, error) {
		o.Suspended = true
		return []string{"The plan has suspended the access of %s to the provider portal, from now on. Nobody of it can sign in."}, nil
	})
}

// ReopenOrganization ends an organization's suspension; the dates on which it leaves, if
// any, stay.
func (s *Service) ReopenOrganization(ctx context.Context, who access.Actor, org id.Organization, reason string) error {
	return s.stand(ctx, who, org, reason, "organization opened again", func(_ time.Time, o *account.Standing) ([]string, error) {
		o.Suspended = false
		return []string{"The access of %s to the provider portal is open again."}, nil
	})
}

// SetLeaving says from which day on an organization's people only look, and
// from which day on nobody acts for it any more (clause 8). Both zero: it
// stays after all.
func (s *Service) SetLeaving(ctx context.Context, who access.Actor, org id.Organization, viewOnly, closes civil.Date, reason string) error {
	return s.stand(ctx, who, org, reason, "leaving dates set", func(now time.Time, o *account.Standing) ([]string, error) {
		o.ViewOnly, o.Closes = time.Time{}, time.Time{}
		if viewOnly.IsZero() && closes.IsZero() {
			return []string{"The access of %s to the provider portal goes on: the dates on which it was to end are taken back."}, nil
		}
		today := civil.Of(now, s.Zone)
		var bad []fault.Problem
		if viewOnly.IsZero() || viewOnly.Before(today) {
			bad = append(bad, fault.Problem{Path: "viewonly", Text: "Enter the day from which on its people only look: today or later"})
		}
		if closes.IsZero() || closes.Before(viewOnly) {
			bad = append(bad, fault.Problem{Path: "closes", Text: "Enter the day from which on nobody acts for it: on or after the day from which on its people only look"})
		}
		if len(bad) > 0 {
			return nil, fault.Bad(bad...)
		}
		o.ViewOnly, o.Closes = viewOnly.In(s.Zone), closes.In(s.Zone)
		return []string{"The access of %s to the provider portal ends.", "From " + viewOnly.Long() + " its people can look, and change nothing. From " + closes.Long() + " nobody can sign in for it.",
			"What was entered stays in the official record."}, nil
	})
}

// stand changes an organization's standing and tells its administrators.
func (s *Service) stand(ctx context.Context, who access.Actor, org id.Organization, reason, kind string,
	change func(now time.Time, o *account.Standing) ([]string, error),
) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		if who.Side == access.Office { // may not even learn whether there is one
			return who.May(access.ManageOrganizations)
		}
		err = inTurn(tx, org)
		if err != nil {
			return err
		}
		o, err := account.StandingOf(tx, org)
		if err != nil {
			return err
		}
		text, err := change(tx.Now, &o)
		if err != nil {
			return err
		}
		o.Reason = reason
		err = account.SetStanding(tx, who, org, o)
		if err != nil {
			return err
		}
		err = event{kind: kind, org: org, reason: reason}.write(tx, who)
		if err != nil {
			return err
		}
		return s.tellOffice(tx, org, text)
	})
}

// Listed is an organization with people at the portal, as staff list it.
type Listed struct {
	account.OfficeAccount

	Standing account.Standing
	Open     int // people who can act for it
	Admins   int
}

// listedAtOnce bounds a list of organizations; more letters find the rest.
const listedAtOnce = 50

// Organizations gives the organizations with people at the portal whose name
// begins with prefix, in any case, by name, to staff who admit or suspend.
// more says that there are others than the 50 given.
func (s *Service) Organizations(ctx context.Context, who access.Actor, prefix string) (all []Listed, more bool, err error) {
	if !who.Has(access.SuspendAccess) || who.Side == access.Office {
		err = who.May(access.ManageOrganizations)
		if err != nil {
			return nil, false, err
		}
	}
	prefix = strings.ToLower(clean(prefix))
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		offices, err := account.Offices(tx)
		if err != nil {
			return err
		}
		offices = slices.DeleteFunc(offices, func(o account.OfficeAccount) bool { return !strings.HasPrefix(strings.ToLower(o.Name), prefix) })
		more = len(offices) > listedAtOnce
		all = nil
		for _, o := range offices[:min(len(offices), listedAtOnce)] {
			l, err := listed(tx, o)
			if err != nil {
				return err
			}
			all = append(all, l)
		}
		return nil
	})
	return all, more, err
}

func listed(tx *db.Tx, o account.OfficeAccount) (l Listed, err error) {
	l.OfficeAccount = o
	l.Standing, err = account.StandingOf(tx, o.Org)
	if err != nil {
		return l, err
	}
	team, err := account.Team(tx, o.Org)
	for _, c := range team {
		if c.State != account.Active || c.Membership.State != account.MemberActive {
			continue
		}
		l.Open++
		if slices.Contains(c.Roles, access.LocalAdmin) {
			l.Admins++
		}
	}
	return l, err
}

// Event is one thing that happened among an organization's people.
type Event struct {
	Kind   string
	Person id.Person
	Actor  id.Person
	Reason string
	At     time.Time
}

// Events gives the newest events of an organization, newest first, at most 200.
func (s *Service) Events(ctx context.Context, who access.Actor, org id.Organization) (all []Event, err error) {
	err = account.MayManageOffice(who, org)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(func(r *sql.Rows) (Event, error) {
			var e Event
			var at int64
			err := r.Scan(&e.Kind, &e.Person, &e.Actor, &e.Reason, &at)
			e.At = db.Time(at)
			return e, err
		})(tx.Rows("select kind, person, actor, reason, at_us from admission_event where org = $1 order by at_us desc, id desc limit 200", string(org)))
		return err
	})
	return all, err
}
