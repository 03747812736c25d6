package account

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const personColumns = `p.id, p.username, p.name, p.email, p.side, m.org, m.org_name, m.org_tin, m.roles, m.providers, m.state,
	p.licence_number, p.licence_state, p.licence_expires, p.licence_restricted, p.licence_specialties,
	p.state, p.state_cause, p.state_reason, p.state_us, p.must_change, p.created_us, p.signed_in_us, p.used_us, p.warned`

// atHome is a person with the organization that she signs in for.
const atHome = " from account_person p join account_membership m on m.person = p.id and m.org = p.org "

// personRow reads personColumns.
type personRow struct {
	p                                      Person
	roles, providers, expires, specialties string
	side, restricted, mustChange           int64
	since, created, signedIn, used, warned int64
}

func (r *personRow) targets() []any {
	p := &r.p
	return []any{
		&p.ID, &p.Username, &p.Name, &p.Email, &r.side, &p.Org, &p.OrgName, &p.OrgTIN, &r.roles, &r.providers, &p.Member,
		&p.Licence.Number, &p.Licence.State, &r.expires, &r.restricted, &r.specialties,
		&p.State, &p.Cause, &p.Reason, &r.since, &r.mustChange, &r.created, &r.signedIn, &r.used, &r.warned,
	}
}

func (r *personRow) person() (Person, error) {
	p := r.p
	p.Side, p.MustChange, p.Warned = access.Side(r.side), r.mustChange != 0, int(r.warned)
	p.Created, p.SignedIn, p.Used, p.Since = db.Time(r.created), db.Time(r.signedIn), db.Time(r.used), db.Time(r.since)
	p.Providers = splitList(r.providers)
	p.Licence.Restricted = r.restricted != 0
	for _, role := range splitList(r.roles) {
		p.Roles = append(p.Roles, access.Role(role))
	}
	for _, sp := range splitList(r.specialties) {
		p.Licence.Specialties = append(p.Licence.Specialties, access.Specialty(sp))
	}
	if r.expires == "" {
		return p, nil
	}
	d, err := civil.Parse(r.expires)
	p.Licence.Expires = d
	return p, err
}

// Lists stand in a column with a comma between; no role or specialty has one.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func joinList[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ",")
}

// Create makes an account. Everything wrong with it comes back at once.
func (s *Service) Create(ctx context.Context, who access.Actor, n NewPerson) (id.Person, error) {
	ids, err := s.CreateAll(ctx, who, []NewPerson{n})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// CreateAll makes many accounts, all or none. With more than one, the path of
// a problem starts with its place: "people[3].username".
func (s *Service) CreateAll(ctx context.Context, who access.Actor, people []NewPerson) ([]id.Person, error) {
	err := s.mayCreate(who, people)
	if err != nil {
		return nil, err
	}
	hashes, err := s.hashAll(ctx, people)
	if err != nil {
		return nil, err
	}
	var ids []id.Person
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		ids = ids[:0]
		for i, n := range people {
			p := n.person()
			p.ID = id.New[id.Person](tx.Now)
			free, err := insert(tx, p, hashes[i])
			if err != nil {
				return err
			}
			if !free {
				return fault.Bad(fault.Problem{Path: place(i, len(people)) + "username", Text: "Is taken, or was once: a username is never used again. Choose another"})
			}
			err = Event{Kind: Created, Person: p.ID, Actor: who.Person, Session: who.Session, Address: who.Address}.write(tx)
			if err != nil {
				return err
			}
			ids = append(ids, p.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (s *Service) mayCreate(who access.Actor, people []NewPerson) error {
	var bad []fault.Problem
	for i, n := range people {
		err := mayManage(who, n.Side)
		if err != nil {
			return err
		}
		for _, problem := range s.check(n) {
			problem.Path = place(i, len(people)) + problem.Path
			bad = append(bad, problem)
		}
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

func place(i, n int) string {
	if n == 1 {
		return ""
	}
	return "people[" + strconv.Itoa(i) + "]."
}

// hashAll reckons the hashes side by side; the hasher bounds how many at once.
func (s *Service) hashAll(ctx context.Context, people []NewPerson) ([]string, error) {
	hashes, errs := make([]string, len(people)), make([]error, len(people))
	var all sync.WaitGroup
	for i, n := range people {
		all.Go(func() { hashes[i], errs[i] = s.hash.make(ctx, normal(n.Password)) })
	}
	all.Wait()
	return hashes, errors.Join(errs...)
}

// insert reports false when the username belongs, or belonged, to somebody.
func insert(tx *db.Tx, p Person, hash string) (bool, error) {
	folded := fold(p.Username)
	n, err := tx.Exec(`insert into account_person (id, username, username_key, name, email, side, org,
			licence_number, licence_state, licence_expires, licence_restricted, licence_specialties,
			password, password_us, created_us, signed_in_us, used_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		on conflict (username_key) do nothing`,
		string(p.ID), p.Username, folded, p.Name, p.Email, int64(p.Side), string(p.Org),
		p.Licence.Number, p.Licence.State, p.Licence.Expires.String(), db.Bit(p.Licence.Restricted), joinList(p.Licence.Specialties),
		hash, db.Micros(tx.Now), db.Micros(tx.Now), int64(0), db.Micros(tx.Now))
	if err != nil || n == 0 {
		return false, err
	}
	return true, Membership{Org: p.Org, OrgName: p.OrgName, OrgTIN: p.OrgTIN, Roles: p.Roles, Providers: p.Providers}.insert(tx, p.ID)
}

// mayManage says whether who may make, close or open an account of that side.
// The HelpDesk works on offices' accounts only: it could otherwise make
// itself an account that reads cases.
func mayManage(who access.Actor, side access.Side) error {
	err := who.May(access.ManageAccounts)
	if err != nil {
		return err
	}
	if side == access.Plan && who.Side == access.Plan && !who.Is(access.PlanAdmin) {
		return fault.New(fault.Forbidden, "Accounts of the plan's own staff are managed by a plan administrator. Ask one of them")
	}
	return nil
}

// managed gives an account that who may manage.
func managed(tx *db.Tx, who access.Actor, person id.Person) (Person, error) {
	err := who.May(access.ManageAccounts)
	if err != nil {
		return Person{}, err
	}
	p, err := personOf(tx, person)
	if err != nil {
		return Person{}, err
	}
	return p, mayManage(who, p.Side)
}

func personOf(tx *db.Tx, person id.Person) (Person, error) {
	var r personRow
	err := tx.Row("select "+personColumns+atHome+"where p.id = $1", string(person)).Scan(r.targets()...)
	if db.NoRows(err) {
		return Person{}, errNoAccount()
	}
	if err != nil {
		return Person{}, err
	}
	return r.person()
}

func errNoAccount() error { return fault.New(fault.NotFound, "There is no such account") }

// People gives every account, by username.
func (s *Service) People(ctx context.Context, who access.Actor) (people []Person, err error) {
	err = who.May(access.ManageAccounts)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		people, err = db.Collect(scanPerson)(tx.Rows("select " + personColumns + atHome + "order by p.username_key"))
		return err
	})
	return people, err
}

func scanPerson(r *sql.Rows) (Person, error) {
	var row personRow
	err := r.Scan(row.targets()...)
	if err != nil {
		return Person{}, err
	}
	return row.person()
}

// Find gives the account with the username, in any case.
func (s *Service) Find(ctx context.Context, who access.Actor, username string) (p Person, err error) {
	err = who.May(access.ManageAccounts)
	if err != nil {
		return Person{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var r personRow
		err := tx.Row("select "+personColumns+atHome+"where p.username_key = $1", fold(username)).Scan(r.targets()...)
		if db.NoRows(err) {
			return errNoAccount()
		}
		if err != nil {
			return err
		}
		p, err = r.person()
		return err
	})
	return p, err
}

// Prepared is a new account that was checked and whose password is hashed,
// ready to be made in a transaction. Its Password is empty.
type Prepared struct {
	NewPerson

	Hash string
}

// Prepare checks a new account and hashes its password, for whoever makes it
// in a transaction of its own. It gives no right: CreateIn's caller decides.
func (s *Service) Prepare(ctx context.Context, n NewPerson) (Prepared, error) {
	bad := s.check(n)
	if len(bad) > 0 {
		return Prepared{}, fault.Bad(bad...)
	}
	hash, err := s.hash.make(ctx, normal(n.Password))
	n.Password = ""
	return Prepared{NewPerson: n, Hash: hash}, err
}

// CreateIn makes a prepared account. The caller has established that by may
// do so: by an invitation, a vetted registration, or a right. by is the
// zero Actor when the person makes it herself.
func CreateIn(tx *db.Tx, by access.Actor, n Prepared) (id.Person, error) {
	p := n.person()
	p.ID = id.New[id.Person](tx.Now)
	free, err := insert(tx, p, n.Hash)
	if err != nil {
		return "", err
	}
	if !free {
		return "", fault.Bad(fault.Problem{Path: "username", Text: "Is taken, or was once: a username is never used again. Choose another"})
	}
	actor := by.Person
	if actor == "" {
		actor = p.ID
	}
	return p.ID, Event{Kind: Created, Person: p.ID, Actor: actor, Session: by.Session, Address: by.Address}.write(tx)
}
