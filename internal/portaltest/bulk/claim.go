package bulk

import (
	"fmt"
	"strings"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/claim"
	"hsconnect/internal/db"
)

// claimsEach is how many claims each member has, spread over three years.
const claimsEach = 3

// bill is one made-up claim with its one statement and its one line.
type bill struct {
	id, statement, number, member, org, npi, doctor string
	on                                              string // day of service
	known                                           int64
	charge, paid, owed                              int64 // cents
}

// eachBill tells fn every claim: the newest of a member within the last year,
// each other a year before, all from the office of the care provider.
func (p Plan) eachBill(fn func(b bill) error) error {
	d := newDice()
	today := civil.Of(p.Now, time.UTC)
	for i := range p.Members {
		d.throw(p.Seed, forClaim, i)
		org := p.panelOrg(i)
		for k := range claimsEach {
			on := today.AddDays(-10 - d.IntN(340) - 365*k)
			no := i*claimsEach + k
			at := on.In(time.UTC).AddDate(0, 0, 7)
			charge := int64(4000 + d.IntN(40_000))
			owed := charge / 10
			err := fn(bill{
				id: p.ref(forClaim, 2*no, at), statement: p.ref(forClaim, 2*no+1, at), number: fmt.Sprintf("BC%010d", no), member: p.memberID(i),
				org: p.orgID(org), npi: orgNPI(org), doctor: doctorNPI(org, i/p.Orgs%doctorsEach), on: on.String(), known: db.Micros(at),
				charge: charge, paid: charge - charge/4 - owed, owed: owed,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Plan) claims() table {
	return table{"claim", []string{"id", "number", "number_folded", "office_number", "member", "billing_org", "billing_npi", "billing_tin", "rendering_org", "rendering_npi",
		"from_on", "to_on", "received_on", "authorized", "diagnoses", "status", "front", "front_on", "detail", "detail_on", "detail_source", "payment", "changed_us"},
		func(add func([]any) error) error {
			row := make([]any, 0, 23)
			return p.eachBill(func(b bill) error {
				return add(append(row[:0], b.id, b.number, strings.ToUpper(b.number), "", b.member, b.org, b.npi, "", b.org, b.doctor,
					b.on, b.on, b.on, "", "", string(claim.Paid), b.statement, b.on, b.statement, b.on, "csv", "", b.known))
			})
		}}
}

func (p Plan) claimParties() table {
	return table{"claim_party", []string{"org", "claim", "member", "from_on", "office_folded"}, func(add func([]any) error) error {
		row := make([]any, 0, 5)
		return p.eachBill(func(b bill) error { return add(append(row[:0], b.org, b.id, b.member, b.on, "")) })
	}}
}

func (p Plan) claimStatements() table {
	return table{"claim_statement", []string{"id", "claim", "import", "no", "source", "status", "as_of", "known_us", "codes", "remarks", "amounts", "charge", "paid", "owed",
		"allowed", "allowed_known", "payment"}, func(add func([]any) error) error {
		row, file := make([]any, 0, 17), p.ref(forClaim, -1, p.begin())
		return p.eachBill(func(b bill) error {
			return add(append(row[:0], b.statement, b.id, file, int64(1), "csv", string(claim.Paid), b.on, b.known, "", "", int64(1), b.charge, b.paid, b.owed,
				b.paid+b.owed, int64(1), ""))
		})
	}}
}

func (p Plan) claimLines() table {
	return table{"claim_line", []string{"statement", "no", "system", "code", "modifiers", "revenue", "units", "from_on", "to_on", "charge", "paid", "owed", "allowed", "allowed_known",
		"codes", "remarks"}, func(add func([]any) error) error {
		row := make([]any, 0, 16)
		return p.eachBill(func(b bill) error {
			return add(append(row[:0], b.statement, int64(1), "hcpcs", "G0438", "", "", int64(1000), b.on, b.on, b.charge, b.paid, b.owed, b.paid+b.owed, int64(1), "", ""))
		})
	}}
}
