package provider

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

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
	Rows    int
	Refused []Refusal
}

// Bounds of a directory file.
const (
	MaxFile     = 256 << 20
	maxRows     = 2_000_000
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
	return s.load(ctx, who, name, r, progress, organizationColumns, func(row map[string]string) (func(*db.Tx) error, string) {
		o, reason := readOrganization(row)
		return func(tx *db.Tx) error { return PutOrganization(tx, who, o) }, reason
	})
}

// ImportPractitioners loads a CSV file of practitioners, whole or not at all.
// Each names its organization, which must be loaded first.
func (s *Service) ImportPractitioners(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(bytes int64)) (Report, error) {
	known, err := s.organizationsByNPI(ctx)
	if err != nil {
		return Report{}, err
	}
	return s.load(ctx, who, name, r, progress, practitionerColumns, func(row map[string]string) (func(*db.Tx) error, string) {
		p, reason := readPractitioner(row, known)
		return func(tx *db.Tx) error { return PutPractitioner(tx, who, p) }, reason
	})
}

func (s *Service) organizationsByNPI(ctx context.Context) (map[code.NPI]id.Organization, error) {
	known := map[code.NPI]id.Organization{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows("select npi, id from organization")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n code.NPI
			var o id.Organization
			err = rows.Scan(&n, &o)
			if err != nil {
				return err
			}
			known[n] = o
		}
		return rows.Err()
	})
	return known, err
}

func (s *Service) load(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(int64), columns []string,
	read func(map[string]string) (func(*db.Tx) error, string),
) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	var rep Report
	var puts []func(*db.Tx) error
	seen := map[string]int{}
	err = eachRow(r, columns, progress, func(line int, row map[string]string) {
		rep.Rows++
		put, reason := read(row)
		if reason == "" {
			if first, twice := seen[row["npi"]]; twice {
				reason = fmt.Sprintf("the same NPI stands on line %d", first)
			}
			seen[row["npi"]] = line
		}
		if reason != "" {
			if len(rep.Refused) < maxRefusals {
				rep.Refused = append(rep.Refused, Refusal{Line: line, Reason: reason})
			}
			return
		}
		puts = append(puts, put)
	})
	if err != nil || len(rep.Refused) > 0 {
		return rep, err
	}
	body, err := json.Marshal(map[string]any{"file": name, "rows": rep.Rows})
	if err != nil {
		return rep, err
	}
	return rep, s.DB.Update(ctx, func(tx *db.Tx) error {
		for _, put := range puts {
			err := put(tx)
			if err != nil {
				return err
			}
		}
		_, err := record.Append(tx, who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: "providers.loaded", Body: body})
		return err
	})
}

// eachRow reads a CSV file whose first line names its columns.
func eachRow(r io.Reader, columns []string, progress func(int64), fn func(line int, row map[string]string)) error {
	in := csv.NewReader(io.LimitReader(r, MaxFile+1))
	in.ReuseRecord = true
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "The file is empty, or its first line cannot be read as CSV")
	}
	head = append([]string{}, head...)
	at := map[string]int{}
	for i, h := range head {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		at[h] = i
	}
	for _, c := range columns {
		if _, ok := at[c]; !ok {
			return fault.New(fault.Invalid, "The first line must name the columns "+strings.Join(columns, ", ")+"; \""+c+"\" is missing")
		}
	}
	for n := 0; ; n++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "The file cannot be read as CSV: "+csvReason(err))
		}
		if n >= maxRows || in.InputOffset() > MaxFile {
			return fault.New(fault.TooLarge, "The file is larger than a directory file may be. Split it")
		}
		line, _ := in.FieldPos(0)
		row := make(map[string]string, len(columns))
		for _, c := range columns {
			if at[c] < len(fields) {
				row[c] = strings.TrimSpace(fields[at[c]])
			}
		}
		fn(line, row)
		if progress != nil {
			progress(in.InputOffset())
		}
	}
}

func csvReason(err error) string {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Sprintf("line %d is not CSV", p.Line)
	}
	return "it ends in the middle"
}

func readOrganization(row map[string]string) (Organization, string) {
	reason := tooLong(row)
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
	reason := tooLong(row)
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

func network(row map[string]string, reason string) (bool, string) {
	switch strings.ToLower(row["network"]) {
	case "yes", "y", "in", "1", "true":
		return true, reason
	case "no", "n", "out", "0", "false":
		return false, reason
	}
	if reason == "" {
		reason = "network: is yes or no"
	}
	return false, reason
}

func tooLong(row map[string]string) string {
	for c, v := range row {
		if !utf8.ValidString(v) {
			return c + ": is not UTF-8 text; save the file as UTF-8"
		}
		if utf8.RuneCountInString(v) > maxField {
			return c + ": is longer than 200 characters"
		}
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) {
			return c + ": contains a control character"
		}
	}
	return ""
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
	_, err = tx.Exec(`insert into organization (id, name, name_folded, tin, npi, kind, phone, fax, street, city, state, zip, in_network, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		on conflict (npi) do update set name = excluded.name, name_folded = excluded.name_folded, tin = excluded.tin, kind = excluded.kind,
			phone = excluded.phone, fax = excluded.fax, street = excluded.street, city = excluded.city, state = excluded.state, zip = excluded.zip,
			in_network = excluded.in_network, changed_us = excluded.changed_us`,
		string(o.ID), o.Name, Fold(o.Name), o.TIN, string(o.NPI), string(o.Kind), o.Phone, o.Fax, o.Street, o.City, o.State, o.Zip, db.Bit(o.InNetwork), db.Micros(tx.Now))
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
