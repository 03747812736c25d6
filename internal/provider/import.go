package provider

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Refusal is a row that was not taken.
type Refusal struct {
	Line   int
	Reason string
}

// Report says what an import did. With Refused rows nothing was loaded.
type Report struct {
	Rows         int
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (r *Report) refuse(line int, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < maxRefusals {
		r.Refused = append(r.Refused, Refusal{Line: line, Reason: reason})
	}
}

// Bounds of a directory file.
const (
	MaxFile     = 128 << 20
	maxRows     = 500_000
	maxLine     = 64 << 10
	maxRefusals = 1000
	maxField    = 200
)

// The columns of the two files. The order does not matter; the first line names them.
var (
	organizationColumns = []string{"npi", "name", "tin", "kind", "phone", "fax", "street", "city", "state", "zip", "network"}
	practitionerColumns = []string{"npi", "first", "last", "suffix", "specialty", "taxonomy", "organization_npi", "phone", "network"}
)

// ImportOrganizations loads a CSV file of organizations, whole or not at all.
// Those whose NPI is known already are brought up to date.
func (s *Service) ImportOrganizations(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(bytes int64)) (Report, error) {
	l := &loading{who: who, name: name, columns: organizationColumns, others: "select npi from practitioner where npi in ("}
	l.read = func(row map[string]string) (func(*db.Tx) error, string) {
		o, reason := readOrganization(row)
		return func(tx *db.Tx) error { return PutOrganization(tx, who, o) }, reason
	}
	return s.load(ctx, l, r, progress)
}

// ImportPractitioners loads a CSV file of practitioners, whole or not at all.
// Each names its organization, which must be loaded first.
func (s *Service) ImportPractitioners(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(bytes int64)) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	known, err := s.organizationsByNPI(ctx)
	if err != nil {
		return Report{}, err
	}
	l := &loading{who: who, name: name, columns: practitionerColumns, others: "select npi from organization where npi in ("}
	l.read = func(row map[string]string) (func(*db.Tx) error, string) {
		p, reason := readPractitioner(row, known)
		return func(tx *db.Tx) error { return PutPractitioner(tx, who, p) }, reason
	}
	return s.load(ctx, l, r, progress)
}

func (s *Service) organizationsByNPI(ctx context.Context) (map[code.NPI]id.Organization, error) {
	type pair struct {
		npi code.NPI
		org id.Organization
	}
	known := map[code.NPI]id.Organization{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		pairs, err := db.Collect(func(r *sql.Rows) (pair, error) {
			var p pair
			return p, r.Scan(&p.npi, &p.org)
		})(tx.Rows("select npi, id from organization"))
		for _, p := range pairs {
			known[p.npi] = p.org
		}
		return err
	})
	return known, err
}

// loading is one file on its way.
type loading struct {
	who     access.Actor
	name    string
	columns []string
	others  string // an open query for NPIs that belong to the other kind of provider
	read    func(row map[string]string) (put func(*db.Tx) error, reason string)
	report  Report
	puts    []func(*db.Tx) error
	npis    []string
	lines   map[string]int // of each NPI
}

func (s *Service) load(ctx context.Context, l *loading, r io.Reader, progress func(int64)) (Report, error) {
	err := l.who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	l.lines = map[string]int{}
	err = eachRow(r, l.columns, progress, l.take)
	if err != nil {
		return Report{}, err
	}
	err = s.DB.View(ctx, l.checkOthers)
	if err != nil || l.report.RefusedTotal > 0 {
		return l.report, err
	}
	if l.report.Rows == 0 {
		return Report{}, fault.New(fault.Invalid, "The file names its columns and holds no row")
	}
	body, err := json.Marshal(map[string]any{"file": l.name, "rows": l.report.Rows})
	if err != nil {
		return Report{}, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		for _, put := range l.puts {
			err := put(tx)
			if err != nil {
				return err
			}
		}
		_, err := record.Append(tx, l.who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: "providers.loaded", Body: body})
		return err
	})
	if err != nil {
		return Report{}, err
	}
	return l.report, nil
}

// take reads one row, or refuses it.
func (l *loading) take(line int, row map[string]string, reason string) {
	l.report.Rows++
	var put func(*db.Tx) error
	if reason == "" {
		put, reason = l.read(row)
	}
	if reason == "" {
		if first, twice := l.lines[row["npi"]]; twice {
			reason = fmt.Sprintf("the same NPI stands on line %d", first)
		} else {
			l.lines[row["npi"]] = line
		}
	}
	if reason != "" {
		l.report.refuse(line, reason)
		return
	}
	l.puts = append(l.puts, put)
	l.npis = append(l.npis, row["npi"])
}

// checkOthers refuses an NPI that belongs to a provider of the other kind: an
// NPI names one provider (45 CFR 162.406).
func (l *loading) checkOthers(tx *db.Tx) error {
	const some = 100
	npis := l.npis
	for len(npis) > 0 {
		n := min(len(npis), some)
		args, places := make([]any, some), make([]string, some)
		for i := range some {
			args[i], places[i] = npis[min(i, n-1)], fmt.Sprintf("$%d", i+1) // the last one fills up
		}
		taken, err := db.Collect(func(r *sql.Rows) (string, error) {
			var npi string
			return npi, r.Scan(&npi)
		})(tx.Rows(l.others+strings.Join(places, ", ")+")", args...))
		if err != nil {
			return err
		}
		for _, npi := range taken {
			l.report.refuse(l.lines[npi], "npi: belongs to a provider of the other kind: organizations and practitioners have NPIs of their own")
		}
		npis = npis[n:]
	}
	return nil
}

func readOrganization(row map[string]string) (Organization, string) {
	reason := unfit(organizationColumns, row)
	npi, err := code.ParseNPI(row["npi"])
	if err != nil && reason == "" {
		reason = "npi: " + err.Error()
	}
	tin, err := code.ParseTIN(row["tin"])
	if err != nil && reason == "" {
		reason = "tin: " + err.Error()
	}
	o := Organization{NPI: npi, TIN: string(tin), Name: row["name"], Kind: OrgKind(strings.ToLower(row["kind"])), Phone: row["phone"], Fax: row["fax"],
		Street: row["street"], City: row["city"], State: strings.ToUpper(row["state"]), Zip: row["zip"]}
	switch {
	case reason != "":
	case o.Name == "":
		reason = "name: is missing"
	case o.Kind != OfficeKind && o.Kind != FacilityKind:
		reason = "kind: is office or facility"
	}
	o.InNetwork, reason = network(row, reason)
	row["npi"] = string(npi)
	return o, reason
}

func readPractitioner(row map[string]string, known map[code.NPI]id.Organization) (Practitioner, string) {
	reason := unfit(practitionerColumns, row)
	npi, err := code.ParseNPI(row["npi"])
	if err != nil && reason == "" {
		reason = "npi: " + err.Error()
	}
	org, err := code.ParseNPI(row["organization_npi"])
	if err != nil && reason == "" {
		reason = "organization_npi: " + err.Error()
	}
	p := Practitioner{NPI: npi, First: row["first"], Last: row["last"], Suffix: row["suffix"], Specialty: row["specialty"], Phone: row["phone"], Org: known[org]}
	switch {
	case reason != "":
	case p.Last == "":
		reason = "last: is missing"
	case p.Org == "":
		reason = "organization_npi: no such organization is loaded; load organizations first"
	case row["taxonomy"] != "":
		p.Taxonomy, err = code.ParseTaxonomy(row["taxonomy"])
		if err != nil {
			reason = "taxonomy: " + err.Error()
		}
	}
	p.InNetwork, reason = network(row, reason)
	row["npi"] = string(npi)
	return p, reason
}

// PutOrganization adds an organization or brings it up to date by its NPI.
func PutOrganization(tx *db.Tx, who access.Actor, o Organization) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	if o.ID == "" {
		o.ID = id.New[id.Organization](tx.Now)
	}
	_, err = tx.Exec(`insert into organization (id, name, name_folded, tin, npi, kind, phone, fax, street, city, city_folded, state, zip, in_network, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (npi) do update set name = excluded.name, name_folded = excluded.name_folded, tin = excluded.tin, kind = excluded.kind,
			phone = excluded.phone, fax = excluded.fax, street = excluded.street, city = excluded.city, city_folded = excluded.city_folded, state = excluded.state, zip = excluded.zip,
			in_network = excluded.in_network, changed_us = excluded.changed_us`,
		string(o.ID), o.Name, Fold(o.Name), o.TIN, string(o.NPI), string(o.Kind), o.Phone, o.Fax, o.Street, o.City, Fold(o.City), o.State, o.Zip, db.Bit(o.InNetwork), db.Micros(tx.Now))
	return err
}

// PutPractitioner adds a practitioner or brings them up to date by their NPI.
func PutPractitioner(tx *db.Tx, who access.Actor, p Practitioner) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	if p.ID == "" {
		p.ID = id.New[id.Practitioner](tx.Now)
	}
	_, err = tx.Exec(`insert into practitioner (id, npi, first, last, last_folded, suffix, specialty, taxonomy, org, phone, in_network, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (npi) do update set first = excluded.first, last = excluded.last, last_folded = excluded.last_folded, suffix = excluded.suffix,
			specialty = excluded.specialty, taxonomy = excluded.taxonomy, org = excluded.org, phone = excluded.phone, in_network = excluded.in_network,
			changed_us = excluded.changed_us`,
		string(p.ID), string(p.NPI), p.First, p.Last, Fold(p.Last), p.Suffix, p.Specialty, p.Taxonomy, string(p.Org), p.Phone, db.Bit(p.InNetwork), db.Micros(tx.Now))
	return err
}
