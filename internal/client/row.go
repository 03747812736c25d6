package client

import (
	"context"
	"database/sql"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// row is a program with what only this package sees.
type row struct {
	Client

	secret  []byte // SHA-256
	network string // from where it got its last token
}

const columns = `c.id, c.org, c.org_name, c.org_tin, c.name, c.role, c.providers, c.secret_hash, c.state, c.reason, c.by_name,
	c.made_us, c.changed_us, c.used_us, c.network`

type scanner interface{ Scan(targets ...any) error }

func scan(from scanner, more ...any) (row, error) {
	var r row
	var providers string
	var made, changed, used int64
	err := from.Scan(append([]any{&r.ID, &r.Org, &r.OrgName, &r.OrgTIN, &r.Name, &r.Role, &providers, &r.secret, &r.State, &r.Reason, &r.By,
		&made, &changed, &used, &r.network}, more...)...)
	if providers != "" {
		r.Providers = strings.Split(providers, ",")
	}
	r.Made, r.Changed, r.Used = db.Time(made), db.Time(changed), db.Time(used)
	return r, err
}

// rowOf gives a program and holds it until the transaction ends.
func rowOf(tx *db.Tx, c ID) (row, error) {
	r, err := scan(tx.Row("select "+columns+" from client c where c.id = $1"+tx.Lock(), string(c)))
	if db.NoRows(err) {
		return row{}, errNone()
	}
	return r, err
}

// List gives the programs of the actor's own organization by name, those that
// have ended last.
func (s *Service) List(ctx context.Context, who access.Actor) (all []Client, err error) {
	version, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who)
		if err != nil {
			return err
		}
		all, err = listed(tx.Rows("select "+columns+accepted+" from client c where c.org = $2 order by "+order+", c.name, c.id", string(version), string(who.Org)))
		return err
	})
	return all, err
}

// mostListed is the most programs that staff see on one page.
const mostListed = 500

// All gives the programs of every organization to the plan's staff who may
// suspend them: at most 500, by organization and name; those that have ended last.
func (s *Service) All(ctx context.Context, who access.Actor) (all []Client, err error) {
	err = who.May(access.SuspendAccess)
	if err != nil {
		return nil, err
	}
	version, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = listed(tx.Rows("select "+columns+accepted+" from client c order by "+order+", c.org_name, c.name, c.id limit $2", string(version), int64(mostListed)))
		return err
	})
	return all, err
}

const (
	accepted = ", (select count(a.id) from client_acceptance a where a.client = c.id and a.version = $1)"
	order    = "case c.state when 'active' then 0 when 'suspended' then 0 else 1 end"
)

func listed(rows *sql.Rows, err error) ([]Client, error) {
	return db.Collect(func(r *sql.Rows) (Client, error) {
		var n int64
		c, err := scan(r, &n)
		c.Accepted = n > 0
		return c.Client, err
	})(rows, err)
}

// current gives the agreement that has to be accepted.
func (s *Service) current(ctx context.Context) (id.Agreement, error) {
	v, err := s.agreements.Current(ctx)
	return v.ID, err
}

// Named gives one program of the actor's own organization.
func (s *Service) Named(ctx context.Context, who access.Actor, c ID) (Client, error) {
	return pick(c)(s.List(ctx, who))
}

// Any gives one program of any organization to the plan's staff.
func (s *Service) Any(ctx context.Context, who access.Actor, c ID) (Client, error) {
	return pick(c)(s.All(ctx, who))
}

func pick(c ID) func(all []Client, err error) (Client, error) {
	return func(all []Client, err error) (Client, error) {
		if err != nil {
			return Client{}, err
		}
		for _, one := range all {
			if one.ID == c {
				return one, nil
			}
		}
		return Client{}, errNone()
	}
}

// event is one thing that happened to a program.
type event struct {
	kind    string
	client  ID
	org     id.Organization
	reason  string
	address string // where it is not the actor's
}

func (e event) write(tx *db.Tx, who access.Actor) error {
	address := e.address
	if address == "" {
		address = who.Address
	}
	return tx.Later(`insert into client_event (id, kind, client, org, actor, reason, session, address, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(id.New[eventID](tx.Now)), e.kind, string(e.client), string(e.org), string(who.Person), e.reason, string(who.Session), address, db.Micros(tx.Now))
}

func refused() error {
	return fault.New(fault.Unauthenticated, "The client id or the secret is not right, or this program's access is not open. Its local administrator sees which under Programs")
}
