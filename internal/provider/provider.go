// Package provider keeps the organizations and practitioners that the plan
// has in its directory. It promises that every NPI in it has a right check
// digit (T-10, 45 CFR 162.406) and belongs to one provider.
package provider

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// OrgKind says what an organization is.
type OrgKind string

// The kinds of organization.
const (
	OfficeKind   OrgKind = "office"
	FacilityKind OrgKind = "facility"
	PlanKind     OrgKind = "plan"
)

// Organization is an office, a facility or the plan itself.
type Organization struct {
	ID        id.Organization
	Name      string
	TIN       string
	NPI       code.NPI
	Kind      OrgKind
	Phone     string
	Fax       string
	Street    string
	City      string
	State     string
	Zip       string
	InNetwork bool
}

// Practitioner is somebody who treats.
type Practitioner struct {
	ID        id.Practitioner
	NPI       code.NPI
	First     string
	Last      string
	Suffix    string
	Specialty string
	Taxonomy  string
	Org       id.Organization
	OrgName   string
	Phone     string
	InNetwork bool
}

// Name gives the practitioner's name as it is shown.
func (p Practitioner) Name() string {
	return strings.Join(strings.Fields(p.First+" "+p.Last+" "+p.Suffix), " ")
}

// Party is a provider of either kind, as a request names it.
type Party struct {
	NPI       code.NPI
	Name      string
	Kind      string // "practitioner", or the kind of organization
	Specialty string
	Phone     string
	Org       id.Organization
	OrgName   string
	InNetwork bool
}

// Deps is what the service stands on.
type Deps struct {
	DB  *db.DB
	Log *slog.Logger
	// Loaded is told when a file of the directory was loaded; nil tells nobody.
	Loaded func(ctx context.Context, who access.Actor) error
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

var errNone = fault.New(fault.NotFound, "There is no such provider in the plan's directory")

// Find gives the provider with an NPI.
func Find(tx *db.Tx, npi code.NPI) (Party, error) {
	found, err := FindAll(tx, npi)
	if err != nil {
		return Party{}, err
	}
	p, ok := found[npi]
	if !ok {
		return Party{}, errNone
	}
	return p, nil
}

// FindAll gives those of the providers that there are, in one read.
func FindAll(tx *db.Tx, npis ...code.NPI) (map[code.NPI]Party, error) {
	if len(npis) == 0 {
		return nil, nil
	}
	var q strings.Builder
	args := make([]any, 0, 2*len(npis))
	for i, part := range []string{organizationParty + " where o.npi in (", " union all " + practitionerParty + " where p.npi in ("} {
		q.WriteString(part)
		for j, npi := range npis {
			if j > 0 {
				q.WriteString(", ")
			}
			q.WriteString("$" + strconv.Itoa(i*len(npis)+j+1))
			args = append(args, string(npi))
		}
		q.WriteString(")")
	}
	rows, err := db.Collect(func(r *sql.Rows) (Party, error) { return scanParty(r.Scan) })(tx.Rows(q.String(), args...))
	if err != nil {
		return nil, err
	}
	found := make(map[code.NPI]Party, len(npis))
	for _, p := range rows {
		found[p.NPI] = p
	}
	return found, nil
}

const practitionerParty = `select p.npi, trim(p.first || ' ' || p.last || ' ' || p.suffix), 'practitioner', p.specialty, p.phone, o.id, o.name, p.in_network
	from practitioner p join organization o on o.id = p.org`

const organizationParty = `select o.npi, o.name, o.kind, '', o.phone, o.id, o.name, o.in_network from organization o`

func scanParty(scan func(...any) error) (Party, error) {
	var p Party
	var in int64
	err := scan(&p.NPI, &p.Name, &p.Kind, &p.Specialty, &p.Phone, &p.Org, &p.OrgName, &in)
	p.InNetwork = in == 1
	return p, err
}

// OrganizationOf gives one organization.
func OrganizationOf(tx *db.Tx, org id.Organization) (Organization, error) {
	var o Organization
	var in int64
	err := tx.Row("select id, name, tin, npi, kind, phone, fax, street, city, state, zip, in_network from organization where id = $1", string(org)).
		Scan(&o.ID, &o.Name, &o.TIN, &o.NPI, &o.Kind, &o.Phone, &o.Fax, &o.Street, &o.City, &o.State, &o.Zip, &in)
	o.InNetwork = in == 1
	if db.NoRows(err) {
		return Organization{}, errNone
	}
	return o, err
}

// OrganizationByNPI gives the organization with an NPI.
func (s *Service) OrganizationByNPI(ctx context.Context, typed string) (Organization, error) {
	npi, err := code.ParseNPI(typed)
	if err != nil {
		return Organization{}, fault.Bad(fault.Problem{Path: "organization", Text: err.Error()})
	}
	var o Organization
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var org id.Organization
		err := tx.Row("select id from organization where npi = $1", string(npi)).Scan(&org)
		if db.NoRows(err) {
			return errNone
		}
		if err != nil {
			return err
		}
		o, err = OrganizationOf(tx, org)
		return err
	})
	return o, err
}

// Practitioners gives those of who's organization, by last name: the ones it
// may name as requesting provider.
func (s *Service) Practitioners(ctx context.Context, who access.Actor) ([]Party, error) {
	var out []Party
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (Party, error) { return scanParty(r.Scan) })(
			tx.Rows(practitionerParty+" where p.org = $1 order by p.last_folded, p.first limit 200", string(who.Org)))
		return err
	})
	return out, err
}

// Search gives up to 20 providers by NPI, or by the beginning (three letters
// at least) of a last name or of an organization's name. The directory is
// public: nothing about a member is in it.
func (s *Service) Search(ctx context.Context, who access.Actor, text string) ([]Party, error) {
	if who.Person == "" {
		return nil, fault.New(fault.Unauthenticated, "Sign in first")
	}
	var out []Party
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		npi, err := code.ParseNPI(text)
		if err == nil {
			p, err := Find(tx, npi)
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			out = []Party{p}
			return err
		}
		low := Fold(text)
		if utf8.RuneCountInString(low) < 3 {
			return fault.Bad(fault.Problem{Path: "provider", Text: "Type an NPI, or at least the first three letters of a name"})
		}
		high := low + "\U0010FFFF"
		people, err := db.Collect(func(r *sql.Rows) (Party, error) { return scanParty(r.Scan) })(
			tx.Rows(practitionerParty+" where p.last_folded >= $1 and p.last_folded < $2 order by p.last_folded, p.first limit 20", low, high))
		if err != nil {
			return err
		}
		places, err := db.Collect(func(r *sql.Rows) (Party, error) { return scanParty(r.Scan) })(
			tx.Rows(organizationParty+" where o.name_folded >= $1 and o.name_folded < $2 and o.kind <> 'plan' order by o.name_folded limit 20", low, high))
		// Neither kind crowds the other out.
		out = slices.Concat(people[:min(len(people), max(10, 20-len(places)))], places)
		out = out[:min(len(out), 20)]
		return err
	})
	return out, err
}

// Fold gives a name as it is compared: without case, marks, hyphens,
// apostrophes and double spaces.
func Fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.IsSpace(r) || r == '-':
			b.WriteRune(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
