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

const personColumns = `p.id, p.username, p.name, p.email, p.side, p.org, p.org_name, p.org_tin, p.roles,
	p.licence_number, p.licence_state, p.licence_expires, p.licence_restricted, p.licence_specialties,
	p.disabled, p.created_us, p.signed_in_us`

// personRow reads personColumns.
type personRow struct {
	p                           Person
	roles, expires, specialties string
	side, restricted, disabled  int64
	created, signedIn           int64
}

func (r *personRow) targets() []any {
	p := &r.p
	return []any{
		&p.ID, &p.Username, &p.Name, &p.Email, &r.side, &p.Org, &p.OrgName, &p.OrgTIN, &r.roles,
		&p.Licence.Number, &p.Licence.State, &r.expires, &r.restricted, &r.specialties,
		&r.disabled, &r.created, &r.signedIn,
	}
}

func (r *personRow) person() (Person, error) {
	p := r.p
	p.Side, p.Disabled = access.Side(r.side), r.disabled != 0
	p.Created, p.SignedIn = db.Time(r.created), db.Time(r.signedIn)
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
	n, err := tx.Exec(`insert into account_person (id, username, username_key, name, email, side, org, org_name, org_tin, roles,
			licence_number, licence_state, licence_expires, licence_restricted, licence_specialties,
			password, password_us, disabled, created_us, signed_in_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		on conflict (username_key) do nothing`,
		string(p.ID), p.Username, folded, p.Name, p.Email, int64(p.Side), string(p.Org), p.OrgName, p.OrgTIN, joinList(p.Roles),
		p.Licence.Number, p.Licence.State, p.Licence.Expires.String(), db.Bit(p.Licence.Restricted), joinList(p.Licence.Specialties),
		hash, db.Micros(tx.Now), int64(0), db.Micros(tx.Now), int64(0))
	return n == 1, err
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
	err := tx.Row("select "+personColumns+" from account_person p where p.id = $1", string(person)).Scan(r.targets()...)
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
		people, err = db.Collect(scanPerson)(tx.Rows("select " + personColumns + " from account_person p order by p.username_key"))
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
		err := tx.Row("select "+personColumns+" from account_person p where p.username_key = $1", fold(username)).Scan(r.targets()...)
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
