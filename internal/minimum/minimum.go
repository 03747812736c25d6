// Package minimum keeps which facts about a member each role may be shown for
// each purpose (the minimum necessary: P-01, P-02, 45 CFR 164.514(d)(2)). It
// promises that
//
//   - what a role may be shown is read in the transaction that shows it, so
//     that a change counts with the next request, in every copy of the portal;
//   - nobody changes it alone: one person proposes with a reason, another
//     approves, and what was proposed against an older version is refused;
//   - nothing goes above a role's ceiling or below its floor (package access);
//   - every version stays, with who, when, why, from what and to what, and is
//     an entry of the official record.
//
// A role and purpose that nobody has changed is as shipped: access.DefaultFields.
package minimum

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Deps is what the service stands on.
type Deps struct {
	DB *db.DB
	// Same reports whether two accounts belong to one person, as far as the
	// portal can know. nil: only the account itself counts.
	Same func(tx *db.Tx, a, b id.Person) (bool, error)
}

// Service does what this package promises. It may be used from many goroutines.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Fields gives the facts about a member that the actor may be shown for a
// purpose, in the order of access.Fields: what any of her roles allows. It is
// empty for somebody who may see none, and Invalid for no purpose.
func Fields(tx *db.Tx, who access.Actor, purpose access.Purpose) ([]access.Field, error) {
	if !purpose.Valid() {
		return nil, fault.New(fault.Invalid, "Say what the information is needed for")
	}
	if who.Person == "" {
		return nil, nil
	}
	var roles []access.Role
	for _, r := range who.Roles {
		if who.Is(r) {
			roles = append(roles, r)
		}
	}
	key := once{purpose: purpose}
	for _, r := range roles {
		key.roles += string(r) + separator
	}
	fields, err := db.Once(tx, key, func() ([]access.Field, error) { return FieldsOf(tx, purpose, roles...) })
	return slices.Clone(fields), err
}

// once is a question whose answer holds for a transaction.
type once struct {
	purpose access.Purpose
	roles   string
}

// mostRoles is how many roles one statement asks for.
const mostRoles = 4

// FieldsOf gives the facts that any of the roles may be shown for a purpose.
func FieldsOf(tx *db.Tx, purpose access.Purpose, roles ...access.Role) ([]access.Field, error) {
	var all []access.Field
	for len(roles) > 0 {
		some := roles[:min(len(roles), mostRoles)]
		roles = roles[len(some):]
		args := []any{string(purpose)}
		for i := range mostRoles {
			args = append(args, string(some[min(i, len(some)-1)]))
		}
		changed, err := db.Collect(scanCell)(tx.Rows("select role, purpose, fields, version from minimum_field where purpose = $1 and role in ($2, $3, $4, $5)", args...))
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			all = append(all, inForce(changed, r, purpose)...)
		}
	}
	return access.InOrder(all), nil
}

// cell is one role's facts for one purpose.
type cell struct {
	role    access.Role
	purpose access.Purpose
	fields  []access.Field
	version int64
}

func scanCell(r *sql.Rows) (cell, error) {
	var c cell
	var fields string
	err := r.Scan(&c.role, &c.purpose, &fields, &c.version)
	c.fields = split(fields)
	return c, err
}

// inForce gives what was changed, or what was shipped. What the ceiling has
// come to forbid since is left out.
func inForce(changed []cell, r access.Role, p access.Purpose) []access.Field {
	fields := access.DefaultFields(r)
	i := slices.IndexFunc(changed, func(c cell) bool { return c.role == r && c.purpose == p })
	if i >= 0 {
		fields = changed[i].fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f access.Field) bool {
		ok, _ := access.Ceiling(r, f)
		return !ok
	})
}

const separator = ", "

func split(text string) []access.Field {
	if text == "" {
		return nil
	}
	words := strings.Split(text, separator)
	out := make([]access.Field, len(words))
	for i, w := range words {
		out[i] = access.Field(w)
	}
	return out
}

func join(fields []access.Field) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = string(f)
	}
	return strings.Join(words, separator)
}

// Purposes gives the purposes in the order a page shows them.
func Purposes() []access.Purpose {
	return []access.Purpose{access.Treatment, access.Payment, access.Operations}
}

// Roles gives the roles whose facts can be changed: those of people that may
// be given any fact at all, the offices' first.
func Roles() []access.Role {
	var out []access.Role
	for _, r := range slices.Concat(access.Roles(access.Office), access.Roles(access.Plan)) {
		if slices.ContainsFunc(access.Fields(), func(f access.Field) bool { ok, _ := access.Ceiling(r, f); return ok }) {
			out = append(out, r)
		}
	}
	return out
}

// Matrix is the table in force.
type Matrix struct {
	Version int64 // 0: as shipped
	fields  map[access.Role]map[access.Purpose][]access.Field
}

// Of gives what a role may be shown for a purpose.
func (m Matrix) Of(r access.Role, p access.Purpose) []access.Field { return m.fields[r][p] }

// Shows reports whether a role may be shown a fact for a purpose.
func (m Matrix) Shows(r access.Role, p access.Purpose, f access.Field) bool {
	return slices.Contains(m.Of(r, p), f)
}

// Matrix gives the table in force to those who may change it, and to those
// who review what touches privacy.
func (s *Service) Matrix(ctx context.Context, who access.Actor) (Matrix, error) {
	err := mayRead(who)
	if err != nil {
		return Matrix{}, err
	}
	var m Matrix
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		m, err = matrix(tx)
		return err
	})
	return m, err
}

func mayRead(who access.Actor) error {
	if who.Has(access.ReviewPrivacy) {
		return nil
	}
	return who.May(access.ManageFields)
}

func matrix(tx *db.Tx) (Matrix, error) {
	m := Matrix{fields: map[access.Role]map[access.Purpose][]access.Field{}}
	changed, err := db.Collect(scanCell)(tx.Rows("select role, purpose, fields, version from minimum_field order by role, purpose"))
	if err != nil {
		return Matrix{}, err
	}
	for _, r := range Roles() {
		m.fields[r] = map[access.Purpose][]access.Field{}
		for _, p := range Purposes() {
			m.fields[r][p] = inForce(changed, r, p)
		}
	}
	m.Version, err = version(tx)
	return m, err
}

func version(tx *db.Tx) (int64, error) {
	var v int64
	err := tx.Row("select coalesce(max(version), 0) from minimum_version").Scan(&v)
	return v, err
}

// Change is what one proposal would make of one role's facts for one purpose.
type Change struct {
	Role    access.Role
	Purpose access.Purpose
	Was     []access.Field
	Becomes []access.Field
}

// Added gives the facts that the role would be shown and is not now.
func (c Change) Added() []access.Field { return without(c.Becomes, c.Was) }

// Removed gives the facts that the role would no longer be shown.
func (c Change) Removed() []access.Field { return without(c.Was, c.Becomes) }

func without(a, b []access.Field) []access.Field {
	return slices.DeleteFunc(slices.Clone(a), func(f access.Field) bool { return slices.Contains(b, f) })
}

// Words says in a line what the change does.
func (c Change) Words() string {
	var parts []string
	if add := c.Added(); len(add) > 0 {
		parts = append(parts, "shows "+join(add))
	}
	if gone := c.Removed(); len(gone) > 0 {
		parts = append(parts, "no longer shows "+join(gone))
	}
	return strings.Join(parts, "; ")
}

// check holds a change to ceiling and floor, with the reason for each no.
func (c Change) check() []fault.Problem {
	var out []fault.Problem
	for _, f := range c.Becomes {
		ok, why := access.Ceiling(c.Role, f)
		if !ok {
			out = append(out, fault.Problem{Path: "fields", Text: capital(string(f)) + " may never be shown to the role " + string(c.Role) + ". " + why})
		}
		if more, ok := f.Implies(); ok && !slices.Contains(c.Becomes, more) {
			out = append(out, fault.Problem{Path: "fields", Text: capital(string(f)) + " tells " + string(more) + " by itself. Show both, or neither"})
		}
	}
	for _, f := range access.Fields() {
		if access.Floor(c.Role, f) && !slices.Contains(c.Becomes, f) {
			out = append(out, fault.Problem{Path: "fields", Text: "The role " + string(c.Role) + " cannot work without the " + string(f) + ". Take the role away from people instead"})
		}
	}
	return out
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
