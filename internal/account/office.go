package account

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Check gives the problems of a grant that who is about to make: none of the
// plan's roles, and for a local administrator nothing that she does not have
// herself.
func (g Grant) Check(who access.Actor) error { return g.clean().check(who) }

// ActorFor gives a person as she may act for an organization at this moment,
// for whoever rests on her authority after she has gone: without a session.
// Forbidden when her account, her access or the organization is not open.
func ActorFor(tx *db.Tx, person id.Person, org id.Organization) (access.Actor, error) {
	p, err := personOf(tx, person)
	if err != nil {
		return access.Actor{}, err
	}
	all, err := memberships(tx, person)
	if err != nil {
		return access.Actor{}, err
	}
	o, err := standingOf(tx, org)
	if err != nil {
		return access.Actor{}, err
	}
	i := slices.IndexFunc(all, func(m Membership) bool { return m.Org == org })
	if i < 0 || all[i].State != MemberActive || !p.Open() || o.shut(tx.Now) {
		return access.Actor{}, fault.New(fault.Forbidden, "Your access for this organization is not open any more. Sign in again, or ask the HelpDesk")
	}
	a, m := p.actor(), all[i]
	a.Org, a.OrgName, a.OrgTIN, a.Roles, a.Providers = m.Org, m.OrgName, m.OrgTIN, m.Roles, m.Providers
	if a.Side == access.Office && o.viewOnly(tx.Now) {
		a.Roles = []access.Role{access.Viewer}
	}
	return a, nil
}

// MembershipIn gives a person's access for an organization; NotFound when she
// never had any.
func MembershipIn(tx *db.Tx, person id.Person, org id.Organization) (Membership, error) {
	return membershipOf(tx, person, org)
}

// Team gives everybody with an access for the organization, also ended, by
// name, to the portal itself: the caller has decided who may know.
func Team(tx *db.Tx, org id.Organization) ([]Colleague, error) {
	return Colleagues(tx, access.Actor{Person: "team", Side: access.System, Roles: []access.Role{access.Operator}}, org)
}

// Administrators gives the local administrators of an organization whose
// account and access are open, by name.
func Administrators(tx *db.Tx, org id.Organization) ([]Colleague, error) {
	all, err := Team(tx, org)
	return slices.DeleteFunc(all, func(c Colleague) bool {
		return c.State != Active || c.Membership.State != MemberActive || !slices.Contains(c.Roles, access.LocalAdmin)
	}), err
}

// UsernameFree says whether a username was never used.
func UsernameFree(tx *db.Tx, username string) (bool, error) {
	var n int64
	err := tx.Row("select count(*) from account_person where username_key = $1", fold(username)).Scan(&n)
	return n == 0, err
}

// OfficeAccount is an organization with people at the portal.
type OfficeAccount struct {
	Org   id.Organization
	Name  string
	TIN   string
	Since time.Time // first access
}

// Offices gives every organization for which somebody works or worked, by name.
func Offices(tx *db.Tx) ([]OfficeAccount, error) {
	return db.Collect(func(r *sql.Rows) (OfficeAccount, error) {
		var o OfficeAccount
		var since int64
		err := r.Scan(&o.Org, &o.Name, &o.TIN, &since)
		o.Since = db.Time(since)
		return o, err
	})(tx.Rows(`select m.org, max(m.org_name), max(m.org_tin), min(m.since_us) from account_membership m join account_person p on p.id = m.person
		where p.side = $1 and m.org <> '' group by m.org order by max(m.org_name), m.org`, int64(access.Office)))
}

// Ending is the end or the suspension of somebody's access.
type Ending struct {
	Person id.Person
	Name   string
	Org    id.Organization
	Closed bool // for good, as opposed to suspended
	Cause  Cause
	At     time.Time
}

// Endings gives the ends of access that were written down after the event
// named after and until the given time, at most limit events of any kind, and
// the event to go on after. Everything until then must be committed: a
// little in the past. An empty after begins a day before until.
func Endings(tx *db.Tx, after string, until time.Time, limit int) (all []Ending, next string, err error) {
	if after == "" {
		err = tx.Row("select coalesce(max(id), '0') from account_event where at_us <= $1", db.Micros(until.Add(-24*time.Hour))).Scan(&after)
		if err != nil {
			return nil, "", err
		}
	}
	type row struct {
		id     string
		kind   EventKind
		person id.Person
		reason string
		at     int64
	}
	rows, err := db.Collect(func(r *sql.Rows) (e row, err error) { return e, r.Scan(&e.id, &e.kind, &e.person, &e.reason, &e.at) })(
		tx.Rows("select id, kind, person, reason, at_us from account_event where id > $1 and at_us <= $2 order by id limit $3", after, db.Micros(until), int64(limit)))
	if err != nil {
		return nil, "", err
	}
	for _, e := range rows {
		after = e.id
		// Who leaves by herself ends her accesses first, each with an event.
		if e.kind != AccessEnded && e.kind != Disabled && e.kind != Cancelled {
			continue
		}
		found, err := endingsOf(tx, e.person, e.kind, e.reason, e.at)
		if err != nil {
			return nil, "", err
		}
		all = append(all, found...)
	}
	return all, after, nil
}

// endingsOf tells which accesses an event ended. The event of one access
// names its organization by name alone: the row that changed in the same
// transaction tells two of one name apart.
func endingsOf(tx *db.Tx, person id.Person, kind EventKind, reason string, at int64) ([]Ending, error) {
	p, err := personOf(tx, person)
	if err != nil || p.Side != access.Office {
		return nil, err
	}
	members, err := memberships(tx, person)
	if err != nil {
		return nil, err
	}
	var all, exact []Ending
	for _, m := range members {
		e := Ending{Person: person, Name: p.Name, Org: m.Org, Closed: kind == Cancelled, Cause: p.Cause, At: db.Time(at)}
		if kind == AccessEnded {
			e.Closed, e.Cause = m.State == MemberEnded, m.Cause
			if !strings.HasPrefix(reason, m.OrgName+": ") {
				continue
			}
			if db.Micros(m.Changed) == at {
				exact = append(exact, e)
			}
		} else if m.State == MemberEnded {
			continue
		}
		all = append(all, e)
	}
	if len(exact) > 0 {
		return exact, nil
	}
	return all, nil
}

// PersonIn gives an account in the caller's transaction, who has decided who
// may know.
func PersonIn(tx *db.Tx, person id.Person) (Person, error) { return personOf(tx, person) }
