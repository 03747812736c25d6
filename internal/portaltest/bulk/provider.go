package bulk

import (
	"fmt"
	"strings"
	"time"

	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/provider"
)

// doctorsEach are the primary care providers of an organization.
const doctorsEach = 3

// npi gives a valid number that no other n has.
func npi(n int) string {
	nine := fmt.Sprintf("1%08d", n%100_000_000)
	for c := range 10 {
		whole := fmt.Sprintf("%s%d", nine, c)
		_, err := code.ParseNPI(whole)
		if err == nil {
			return whole
		}
	}
	panic("bulk: no check digit fits")
}

// firstNPI is where the numbers begin: below it are those of small tests.
const firstNPI = 10_000_000

func orgNPI(org int) string         { return npi(firstNPI + org) }
func doctorNPI(org, no int) string  { return npi(2*firstNPI + org*doctorsEach + no) }
func (p Plan) begin() time.Time     { return p.Now.AddDate(-p.Years, 0, 0) }
func (p Plan) orgID(org int) string { return p.ref(forOrg, org, p.begin()) }
func (p Plan) orgName(org int) string {
	d, n := newDice().throw(p.Seed, forOrg, org), readNames()
	return pick(d, n.families) + " " + strings.ReplaceAll(pick(d, n.kinds), "|", " ")
}

func (p Plan) orgs() table {
	return table{"organization", []string{"id", "name", "name_folded", "tin", "npi", "kind", "phone", "fax", "street", "city", "state", "zip", "in_network", "changed_us"},
		func(add func([]any) error) error {
			n, d, row := readNames(), newDice(), make([]any, 0, 14)
			for i := range p.Orgs {
				d.throw(p.Seed, forTie, i)
				town, zip, _ := strings.Cut(pick(d, n.towns), "|")
				name := p.orgName(i)
				err := add(append(row[:0], p.orgID(i), name, provider.Fold(name), fmt.Sprintf("8%08d", i), orgNPI(i), string(provider.OfficeKind), "614-555-0100", "",
					fmt.Sprintf("%d %s Street", d.IntN(900)+1, pick(d, n.streets)), town, "OH", zip, int64(1), db.Micros(p.begin())))
				if err != nil {
					return err
				}
			}
			return nil
		}}
}

func (p Plan) practitioners() table {
	return table{"practitioner", []string{"id", "npi", "first", "last", "last_folded", "suffix", "specialty", "taxonomy", "org", "phone", "in_network", "changed_us"},
		func(add func([]any) error) error {
			n, d, row := readNames(), newDice(), make([]any, 0, 12)
			for i := range p.Orgs * doctorsEach {
				d.throw(p.Seed, forDoctor, i)
				org, last := i/doctorsEach, n.family(d)
				err := add(append(row[:0], p.ref(forDoctor, i, p.begin()), doctorNPI(org, i%doctorsEach), n.given(d, d.in(500)), last, provider.Fold(last), "",
					"family medicine", "", p.orgID(org), "614-555-0100", int64(1), db.Micros(p.begin())))
				if err != nil {
					return err
				}
			}
			return nil
		}}
}

// plan is a product, and visits what its members pay in dollars.
type product struct {
	code, name, contract string
	visits               [2]int64
}

func products() []product {
	return []product{
		{"BULK-HMO", "Bulk Advantage HMO", "H9990-001", [2]int64{0, 35}}, {"BULK-PPO", "Bulk Advantage PPO", "H9990-002", [2]int64{10, 50}},
		{"BULK-SNP", "Bulk Dual Care", "H9990-003", [2]int64{0, 0}},
	}
}

func (p Plan) plans() table {
	return table{"coverage_plan", []string{"code", "name", "contract", "changed_us"}, func(add func([]any) error) error {
		for _, one := range products() {
			err := add([]any{one.code, one.name, one.contract, db.Micros(p.begin())})
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

func (p Plan) copays() table {
	return table{"coverage_copay", []string{"plan", "no", "service", "wording", "cents", "share"}, func(add func([]any) error) error {
		for _, one := range products() {
			for no, service := range []string{"Primary care visit", "Specialist visit"} {
				dollars := one.visits[no]
				err := add([]any{one.code, int64(no), service, fmt.Sprintf("$%d", dollars), dollars * 100, int64(0)})
				if err != nil {
					return err
				}
			}
		}
		return nil
	}}
}
