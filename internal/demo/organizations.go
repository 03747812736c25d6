package demo

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"hsconnect/internal/code"
	"hsconnect/internal/provider"
)

// organization is an office or facility with those who treat in it.
type organization struct {
	provider.Organization

	field string
	staff []*practitioner
	users []*person
}

type practitioner struct {
	provider.Practitioner

	org *organization
}

// titled gives a practitioner's name as a letter has it.
func (p *practitioner) titled() string { return "Dr. " + p.Name() }

// names are the lists that people are named from.
type names struct {
	women, men, family []string
	towns              [][]string
	streets            []string
}

func readNames() (names, error) {
	var n names
	given, err := rows("given", 2)
	if err != nil {
		return n, err
	}
	for _, g := range given {
		if g[0] == "f" {
			n.women = append(n.women, g[1])
		} else {
			n.men = append(n.men, g[1])
		}
	}
	n.family, err = lines("family")
	if err != nil {
		return n, err
	}
	n.towns, err = rows("towns", 2)
	if err != nil {
		return n, err
	}
	n.streets, err = lines("streets")
	return n, err
}

func (n names) given(d dice, woman bool) string {
	if woman {
		return pick(d, n.women)
	}
	return pick(d, n.men)
}

// makeOrganizations makes the offices and facilities with their practitioners.
func (w *world) makeOrganizations(seed uint64) error {
	d := newDice(seed, forOrganizations, 0)
	fields, err := rows("practitioners", 3)
	if err != nil {
		return err
	}
	list, err := rows("organizations", 5)
	if err != nil {
		return err
	}
	taken := map[code.NPI]bool{}
	fresh := func() code.NPI {
		n := npi(d)
		for taken[n] {
			n = npi(d)
		}
		taken[n] = true
		return n
	}
	for _, row := range list {
		count, err := number(row[2])
		if err != nil {
			return err
		}
		town := w.townOf(d, row[4])
		o := &organization{field: row[1], Organization: provider.Organization{
			Name: row[4], TIN: tin(d), NPI: fresh(), Kind: provider.OrgKind(row[0]), Phone: phone(d), Fax: phone(d),
			Street: fmt.Sprintf("%d %s", d.between(1, 990), pick(d, w.names.streets)), City: town[0], State: "OH", Zip: town[1], InNetwork: row[3] == "yes",
		}}
		for range count {
			o.staff = append(o.staff, w.makePractitioner(d, o, fresh(), fields))
		}
		w.orgs = append(w.orgs, o)
	}
	return nil
}

// townOf gives the town that an organization is named after, or any.
func (w *world) townOf(d dice, name string) []string {
	for _, t := range w.names.towns {
		if strings.HasPrefix(name, t[0]) {
			return t
		}
	}
	return pick(d, w.names.towns)
}

func (w *world) makePractitioner(d dice, o *organization, n code.NPI, fields [][]string) *practitioner {
	var fitting [][]string
	for _, f := range fields {
		if f[0] == o.field {
			fitting = append(fitting, f)
		}
	}
	what := pick(d, fitting)
	p := &practitioner{org: o, Practitioner: provider.Practitioner{
		NPI: n, First: w.names.given(d, d.in(50)), Last: pick(d, w.names.family), Specialty: what[1], Taxonomy: what[2],
		Phone: o.Phone, InNetwork: o.InNetwork,
	}}
	if d.in(4) {
		p.Suffix = "Jr."
	}
	return p
}

// organizationsOf gives those of one of the fields, in the order of the list.
func (w *world) organizationsOf(fields []string) []*organization {
	var out []*organization
	for _, o := range w.orgs {
		if slices.Contains(fields, o.field) {
			out = append(out, o)
		}
	}
	return out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// organizationsFile gives the organizations as the file that a plan would load.
func (w *world) organizationsFile() ([]byte, error) {
	table := [][]string{{"npi", "name", "tin", "kind", "phone", "fax", "street", "city", "state", "zip", "network"}}
	for _, o := range w.orgs {
		table = append(table, []string{string(o.NPI), o.Name, o.TIN, string(o.Kind), o.Phone, o.Fax, o.Street, o.City, o.State, o.Zip, yes(o.InNetwork)})
	}
	return asCSV(table)
}

// practitionersFile is organizationsFile for those who treat.
func (w *world) practitionersFile() ([]byte, error) {
	table := [][]string{{"npi", "first", "last", "suffix", "specialty", "taxonomy", "organization_npi", "phone", "network"}}
	for _, o := range w.orgs {
		for _, p := range o.staff {
			table = append(table, []string{string(p.NPI), p.First, p.Last, p.Suffix, p.Specialty, p.Taxonomy, string(o.NPI), p.Phone, yes(p.InNetwork)})
		}
	}
	return asCSV(table)
}

func asCSV(table [][]string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	err := w.WriteAll(table)
	return out.Bytes(), err
}
