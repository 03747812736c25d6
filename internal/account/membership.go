package account

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// MembershipState is whether a person may act for an organization.
type MembershipState string

// The states of an access. One that has ended can be given anew.
const (
	MemberActive    MembershipState = "active"
	MemberSuspended MembershipState = "suspended"
	MemberEnded     MembershipState = "ended"
)

// Membership is one person's access for one organization: for the plan's own
// staff, the plan, whose organization is empty.
type Membership struct {
	Org       id.Organization
	OrgName   string
	OrgTIN    string
	Roles     []access.Role
	Providers []string // NPIs she may request for; none: all
	State     MembershipState
	Cause     Cause
	Reason    string
	Changed   time.Time
	Since     time.Time
	Used      time.Time // last signed in for it; zero for never
	Confirmed time.Time // last confirmed in an access review, or given
}

const membershipColumns = `m.org, m.org_name, m.org_tin, m.roles, m.providers, m.state, m.state_cause, m.state_reason, m.state_us, m.since_us, m.used_us, m.confirmed_us`

// membershipRow reads membershipColumns.
type membershipRow struct {
	m                               Membership
	roles, providers                string
	changed, since, used, confirmed int64
}

func (r *membershipRow) targets() []any {
	m := &r.m
	return []any{&m.Org, &m.OrgName, &m.OrgTIN, &r.roles, &r.providers, &m.State, &m.Cause, &m.Reason, &r.changed, &r.since, &r.used, &r.confirmed}
}

func (r *membershipRow) membership() Membership {
	m := r.m
	for _, role := range splitList(r.roles) {
		m.Roles = append(m.Roles, access.Role(role))
	}
	m.Providers = splitList(r.providers)
	m.Changed, m.Since, m.Used, m.Confirmed = db.Time(r.changed), db.Time(r.since), db.Time(r.used), db.Time(r.confirmed)
	return m
}

func scanMembership(r *sql.Rows) (Membership, error) {
	var row membershipRow
	err := r.Scan(row.targets()...)
	return row.membership(), err
}

// memberships gives all of a person's, the one used last first.
func memberships(tx *db.Tx, person id.Person) ([]Membership, error) {
	return db.Collect(scanMembership)(tx.Rows("select "+membershipColumns+" from account_membership m where m.person = $1 order by m.used_us desc, m.org_name", string(person)))
}

func membershipOf(tx *db.Tx, person id.Person, org id.Organization) (Membership, error) {
	var r membershipRow
	err := tx.Row("select "+membershipColumns+" from account_membership m where m.person = $1 and m.org = $2"+tx.Lock(), string(person), string(org)).Scan(r.targets()...)
	if db.NoRows(err) {
		return Membership{}, fault.New(fault.NotFound, "This person does not work for the organization")
	}
	return r.membership(), err
}

func (m Membership) insert(tx *db.Tx, person id.Person) error {
	return tx.Later(`insert into account_membership (person, org, org_name, org_tin, roles, providers, state, state_cause, state_reason, state_by, state_us,
			since_us, used_us, confirmed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		string(person), string(m.Org), m.OrgName, m.OrgTIN, joinList(m.Roles), joinList(m.Providers), string(MemberActive), "", "", "", int64(0),
		db.Micros(tx.Now), int64(0), db.Micros(tx.Now))
}

// move changes the state of an access and ends the sessions that act for it.
func (m Membership) move(tx *db.Tx, who access.Actor, person id.Person, to MembershipState, cause Cause, reason string) error {
	n, err := tx.Exec(`update account_membership set state = $1, state_cause = $2, state_reason = $3, state_by = $4, state_us = $5
		where person = $6 and org = $7 and state = $8`,
		string(to), string(cause), reason, string(who.Person), db.Micros(tx.Now), string(person), string(m.Org), string(m.State))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "The access was changed by somebody else in the meantime. Look at it again")
	}
	kind := AccessGiven
	if to != MemberActive {
		kind = AccessEnded
		_, err = tx.Exec("update account_session set ended_us = $1, ended_why = $2 where person = $3 and org = $4 and ended_us = 0",
			db.Micros(tx.Now), endedDisabled, string(person), string(m.Org))
		if err != nil {
			return err
		}
	}
	return Event{Kind: kind, Person: person, Actor: who.Person, Reason: m.OrgName + ": " + reason, Session: who.Session, Address: who.Address}.write(tx)
}

// Memberships gives for whom a person works. Everybody may read their own.
func (s *Service) Memberships(ctx context.Context, who access.Actor, person id.Person) (all []Membership, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if who.Person == "" || who.Person != person {
			err := who.May(access.ManageAccounts)
			if err != nil {
				return err
			}
		}
		all, err = memberships(tx, person)
		return err
	})
	return all, err
}

// ActFor makes the actor's session act for another of her organizations.
func (s *Service) ActFor(ctx context.Context, who access.Actor, org id.Organization) error {
	if who.Person == "" || who.Session == "" {
		return errSignedOut()
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		m, err := membershipOf(tx, who.Person, org)
		if err != nil {
			return err
		}
		o, err := standingOf(tx, org)
		if err != nil {
			return err
		}
		if m.State != MemberActive || o.shut(tx.Now) {
			return fault.New(fault.Forbidden, "Your access for this organization is not open. Ask its local administrator, or the HelpDesk")
		}
		var how string
		err = tx.Row("select how from account_session where id = $1 and person = $2 and ended_us = 0", string(who.Session), string(who.Person)).Scan(&how)
		if db.NoRows(err) {
			return errSignedOut()
		}
		if err != nil {
			return err
		}
		if how == byProvider {
			return fault.New(fault.Forbidden, "You signed in through one organization's own sign-in, which answers for that organization alone. Sign in with your password or passkey to work for another")
		}
		_, err = tx.Exec("update account_session set org = $1 where id = $2 and ended_us = 0", string(org), string(who.Session))
		if err != nil {
			return err
		}
		_, err = tx.Exec("update account_membership set used_us = $1 where person = $2 and org = $3", db.Micros(tx.Now), string(who.Person), string(org))
		if err != nil {
			return err
		}
		return Event{Kind: ActedFor, Person: who.Person, Actor: who.Person, Reason: m.OrgName, Session: who.Session, Address: who.Address}.write(tx)
	})
}

// Colleague is somebody who works for an organization, as its local
// administrators see her.
type Colleague struct {
	Person   id.Person
	Username string
	Name     string
	Email    string
	State    State // of the account
	Cause    Cause
	Membership
}

// Colleagues gives everybody with an access for the organization, also ended,
// by name: for its local administrators, and for staff.
func (s *Service) Colleagues(ctx context.Context, who access.Actor, org id.Organization) (all []Colleague, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = Colleagues(tx, who, org)
		return err
	})
	return all, err
}

// Colleagues is Service.Colleagues in the caller's transaction.
func Colleagues(tx *db.Tx, who access.Actor, org id.Organization) ([]Colleague, error) {
	err := MayManageOffice(who, org)
	if err != nil {
		return nil, err
	}
	return db.Collect(func(r *sql.Rows) (Colleague, error) {
		var c Colleague
		var m membershipRow
		err := r.Scan(append([]any{&c.Person, &c.Username, &c.Name, &c.Email, &c.State, &c.Cause}, m.targets()...)...)
		c.Membership = m.membership()
		return c, err
	})(tx.Rows("select p.id, p.username, p.name, p.email, p.state, p.state_cause, "+membershipColumns+
		" from account_membership m join account_person p on p.id = m.person where m.org = $1 order by p.name, p.id", string(org)))
}

// MayManageOffice says whether who may manage the people of an organization:
// its own local administrator, or staff who manage accounts or organizations.
// Anybody else is told that there is none.
func MayManageOffice(who access.Actor, org id.Organization) error {
	switch {
	case who.Side == access.Office && who.Org == org && org != "":
		return who.May(access.ManageOffice)
	case who.Side == access.Office:
		return fault.New(fault.NotFound, "There is no such organization")
	case who.Has(access.ManageAccounts) || who.Has(access.ManageOrganizations):
		return nil
	}
	return who.May(access.ManageOrganizations)
}

// Grant is what a person may do for an organization.
type Grant struct {
	Roles     []access.Role
	Providers []string // NPIs; none: all
}

// check gives the problems of a grant, and what a local administrator may not
// give because she does not have it herself.
func (g Grant) check(who access.Actor) error {
	var bad []fault.Problem
	if len(g.Roles) == 0 {
		bad = append(bad, fault.Problem{Path: "roles", Text: "Choose at least one role"})
	}
	for _, r := range g.Roles {
		if r.Side() != access.Office {
			bad = append(bad, fault.Problem{Path: "roles", Text: "Choose roles of an office only"})
			break
		}
	}
	for _, npi := range g.Providers {
		_, err := code.ParseNPI(npi)
		if err != nil {
			bad = append(bad, fault.Problem{Path: "providers", Text: "Choose providers from the list"})
			break
		}
		if who.Side == access.Office && len(who.Providers) > 0 && !slices.Contains(who.Providers, npi) {
			bad = append(bad, fault.Problem{Path: "providers", Text: "You can only give access for the providers that you have yourself"})
			break
		}
	}
	if who.Side == access.Office && len(who.Providers) > 0 && len(g.Providers) == 0 {
		bad = append(bad, fault.Problem{Path: "providers", Text: "You are limited to some providers yourself: choose among them"})
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

func (g Grant) clean() Grant {
	g.Roles, g.Providers = slices.Clone(g.Roles), slices.Clone(g.Providers)
	slices.Sort(g.Roles)
	slices.Sort(g.Providers)
	return Grant{Roles: slices.Compact(g.Roles), Providers: slices.Compact(g.Providers)}
}

// Give gives a person access for an organization, or changes what she has.
// She gets the next request with it (V-11). Nobody changes her own.
func Give(tx *db.Tx, who access.Actor, person id.Person, org id.Organization, orgName, orgTIN string, g Grant, reason string) error {
	err := MayManageOffice(who, org)
	if err != nil {
		return err
	}
	g = g.clean()
	err = g.check(who)
	if err != nil {
		return err
	}
	if who.Person == person {
		return fault.New(fault.Conflict, "Nobody changes the own access. Ask another administrator, or the plan's provider relations")
	}
	p, err := personOf(tx, person)
	if err != nil {
		return err
	}
	if p.Side != access.Office {
		return fault.New(fault.Conflict, "Staff of the plan do not work for an office here")
	}
	m, err := membershipOf(tx, person, org)
	if fault.Is(err, fault.NotFound) {
		m = Membership{Org: org, OrgName: orgName, OrgTIN: orgTIN, Roles: g.Roles, Providers: g.Providers}
		err = m.insert(tx, person)
		if err != nil {
			return err
		}
		return Event{Kind: AccessGiven, Person: person, Actor: who.Person, Reason: orgName + ": " + joinList(g.Roles), Session: who.Session, Address: who.Address}.write(tx)
	}
	if err != nil {
		return err
	}
	if slices.Contains(m.Roles, access.LocalAdmin) && !slices.Contains(g.Roles, access.LocalAdmin) {
		err = staysManaged(tx, person, m)
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec("update account_membership set roles = $1, providers = $2, confirmed_us = $3 where person = $4 and org = $5",
		joinList(g.Roles), joinList(g.Providers), db.Micros(tx.Now), string(person), string(org))
	if err != nil {
		return err
	}
	if m.State != MemberActive {
		return m.move(tx, who, person, MemberActive, "", orDefault(reason, "given again"))
	}
	return Event{Kind: AccessChanged, Person: person, Actor: who.Person, Reason: m.OrgName + ": " + joinList(g.Roles), Session: who.Session, Address: who.Address}.write(tx)
}

func orDefault(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Take ends or suspends a person's access for an organization, at once.
func Take(tx *db.Tx, who access.Actor, person id.Person, org id.Organization, to MembershipState, cause Cause, reason string) error {
	if who.Side != access.System {
		err := MayManageOffice(who, org)
		if err != nil {
			return err
		}
	}
	if who.Person == person && cause != OwnWish {
		return fault.New(fault.Conflict, "Nobody ends the own access here. Ask another administrator, or close your account on its own page")
	}
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	m, err := membershipOf(tx, person, org)
	if err != nil {
		return err
	}
	if m.State == to || m.State == MemberEnded {
		return nil
	}
	if cause != OfficeClosed && who.Side == access.Office {
		err = staysManaged(tx, person, m)
		if err != nil {
			return err
		}
	}
	return m.move(tx, who, person, to, cause, reason)
}

// Transfer makes a colleague local administrator of the actor's organization,
// and the actor one of its requesters, in one step.
func Transfer(tx *db.Tx, who access.Actor, to id.Person) error {
	err := MayManageOffice(who, who.Org)
	if err != nil {
		return err
	}
	if who.Side != access.Office || to == who.Person {
		return fault.New(fault.Conflict, "Choose the colleague who becomes local administrator in your place")
	}
	m, err := membershipOf(tx, to, who.Org)
	if err != nil {
		return err
	}
	p, err := personOf(tx, to)
	if err != nil {
		return err
	}
	if m.State != MemberActive || !p.Open() {
		return fault.New(fault.Conflict, "This colleague's access is not active. Open it first, or choose somebody else")
	}
	grant := Grant{Roles: append(slices.Clone(m.Roles), access.LocalAdmin), Providers: who.Providers}.clean()
	for _, change := range []struct {
		person id.Person
		grant  Grant
	}{{to, grant}, {who.Person, Grant{Roles: []access.Role{access.Requester}, Providers: who.Providers}}} {
		_, err = tx.Exec("update account_membership set roles = $1, providers = $2, confirmed_us = $3 where person = $4 and org = $5",
			joinList(change.grant.Roles), joinList(change.grant.Providers), db.Micros(tx.Now), string(change.person), string(who.Org))
		if err != nil {
			return err
		}
		err = Event{Kind: AccessChanged, Person: change.person, Actor: who.Person, Reason: who.OrgName + ": " + joinList(change.grant.Roles) + " (handed over)",
			Session: who.Session, Address: who.Address}.write(tx)
		if err != nil {
			return err
		}
	}
	return nil
}

// Confirm keeps a person's access in an access review.
func Confirm(tx *db.Tx, who access.Actor, person id.Person, org id.Organization) error {
	err := MayManageOffice(who, org)
	if err != nil {
		return err
	}
	n, err := tx.Exec("update account_membership set confirmed_us = $1 where person = $2 and org = $3 and state = $4",
		db.Micros(tx.Now), string(person), string(org), string(MemberActive))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This access has ended in the meantime. Look at the list again")
	}
	return nil
}

// staysManaged refuses to take the last administrator from an organization in
// which others still work.
func staysManaged(tx *db.Tx, person id.Person, m Membership) error {
	if m.Org == "" || m.State != MemberActive || !slices.Contains(m.Roles, access.LocalAdmin) {
		return nil
	}
	rest, err := db.Collect(func(r *sql.Rows) (string, error) {
		var roles string
		return roles, r.Scan(&roles)
	})(tx.Rows(`select m.roles from account_membership m join account_person p on p.id = m.person
		where m.org = $1 and m.state = $2 and p.state = $3 and m.person <> $4`, string(m.Org), string(MemberActive), string(Active), string(person)))
	if err != nil || len(rest) == 0 {
		return err
	}
	for _, roles := range rest {
		if slices.Contains(splitList(roles), string(access.LocalAdmin)) {
			return nil
		}
	}
	return fault.New(fault.Conflict, "This is the last local administrator of "+m.OrgName+", where "+strconv.Itoa(len(rest))+
		" more still work. Make a colleague local administrator first, or ask the plan's provider relations")
}

// Standing is an organization's own access to the portal.
type Standing struct {
	Suspended bool
	ViewOnly  time.Time // from when on its people only look; zero for never
	Closes    time.Time // from when on nobody acts for it; zero for never
	Reason    string
}

func (o Standing) shut(now time.Time) bool {
	return o.Suspended || !o.Closes.IsZero() && !now.Before(o.Closes)
}

func (o Standing) viewOnly(now time.Time) bool {
	return !o.ViewOnly.IsZero() && !now.Before(o.ViewOnly)
}

func standingOf(tx *db.Tx, org id.Organization) (Standing, error) {
	var o Standing
	var suspended, view, closes int64
	err := tx.Row("select suspended, view_us, close_us, reason from account_org where org = $1", string(org)).Scan(&suspended, &view, &closes, &o.Reason)
	if db.NoRows(err) {
		return Standing{}, nil
	}
	o.Suspended, o.ViewOnly, o.Closes = suspended != 0, db.Time(view), db.Time(closes)
	return o, err
}

// StandingOf gives an organization's standing.
func StandingOf(tx *db.Tx, org id.Organization) (Standing, error) { return standingOf(tx, org) }

// SetStanding suspends, reopens or dates the end of an organization's access;
// live sessions feel it with their next request. It gives nobody's access
// away and keeps what was entered.
func SetStanding(tx *db.Tx, who access.Actor, org id.Organization, o Standing) error {
	may := who.May(access.ManageOrganizations)
	if may != nil && who.Has(access.SuspendAccess) {
		may = nil
	}
	if may != nil {
		return may
	}
	reason, err := cleanReason(o.Reason)
	if err != nil {
		return err
	}
	if org == "" {
		return fault.New(fault.NotFound, "There is no such organization")
	}
	if !o.Closes.IsZero() && !o.ViewOnly.IsZero() && o.Closes.Before(o.ViewOnly) {
		return fault.Bad(fault.Problem{Path: "closes", Text: "Comes before the day from which on the organization only looks. Choose a later day"})
	}
	_, err = tx.Exec(`insert into account_org (org, suspended, view_us, close_us, reason, person, at_us) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (org) do update set suspended = excluded.suspended, view_us = excluded.view_us, close_us = excluded.close_us,
			reason = excluded.reason, person = excluded.person, at_us = excluded.at_us`,
		string(org), db.Bit(o.Suspended), db.Micros(o.ViewOnly), db.Micros(o.Closes), reason, string(who.Person), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	return Event{Kind: OrgChanged, Actor: who.Person, Reason: string(org) + ": " + reason, Session: who.Session, Address: who.Address}.write(tx)
}
