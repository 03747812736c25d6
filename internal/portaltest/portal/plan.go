package portal

import (
	"io"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/provider"
)

// Directory is the plan's providers.
type Directory struct {
	Office   provider.Organization // where Clerk works
	Other    provider.Organization // where Stranger works
	Facility provider.Organization

	Requesting provider.Practitioner // cardiologist at Office
	Neighbor   provider.Practitioner // family physician at Other
	Servicing  provider.Practitioner // physical therapist at Facility
}

// NPI gives a valid number; n is from 0 to 99,999,999.
func NPI(n int) code.NPI {
	digits := []byte("1000000000")
	for i := 8; i > 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	for c := byte('0'); c <= '9'; c++ {
		digits[9] = c
		npi, err := code.ParseNPI(string(digits))
		if err == nil {
			return npi
		}
	}
	panic("no check digit fits")
}

func (p *Portal) directory() {
	p.t.Helper()
	now := p.DB.Now()
	org := func(n int, name, tin string, kind provider.OrgKind) provider.Organization {
		return provider.Organization{ID: id.New[id.Organization](now), Name: name, TIN: tin, NPI: NPI(n), Kind: kind, Phone: "212-555-0100",
			Street: "1 Main Street", City: "Springfield", State: "NY", Zip: "10001", InNetwork: true}
	}
	p.Office = org(1, "Riverside Cardiology", "123456789", provider.OfficeKind)
	p.Other = org(2, "Hillside Family Practice", "234567891", provider.OfficeKind)
	p.Facility = org(3, "Lakeside Rehabilitation", "345678912", provider.FacilityKind)
	p.Requesting = provider.Practitioner{ID: id.New[id.Practitioner](now), NPI: NPI(11), First: "Li", Last: "Wei", Specialty: "cardiology",
		Org: p.Office.ID, OrgName: p.Office.Name, Phone: "212-555-0111", InNetwork: true}
	p.Servicing = provider.Practitioner{ID: id.New[id.Practitioner](now), NPI: NPI(12), First: "Ana", Last: "Souza", Specialty: "physical medicine",
		Org: p.Facility.ID, OrgName: p.Facility.Name, Phone: "212-555-0112", InNetwork: true}
	p.Neighbor = provider.Practitioner{ID: id.New[id.Practitioner](now), NPI: NPI(13), First: "Omar", Last: "Haddad", Specialty: "family medicine",
		Org: p.Other.ID, OrgName: p.Other.Name, Phone: "212-555-0113", InNetwork: true}
	must(p.t, p.DB.Update(p.ctx(), func(tx *db.Tx) error {
		for _, o := range []provider.Organization{p.Office, p.Other, p.Facility} {
			err := provider.PutOrganization(tx, Operator(), o)
			if err != nil {
				return err
			}
		}
		for _, d := range []provider.Practitioner{p.Requesting, p.Servicing, p.Neighbor} {
			err := provider.PutPractitioner(tx, Operator(), d)
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// Members are people the plan covers, or covered.
type Members struct {
	Eleanor member.Key // covered, by number
	Ended   member.Key // coverage ended on 10/31/2026
	Zoe     member.Key // covered; the name has accents, the address an RTL line
}

const enrolled = `member_number,subscriber_number,relationship,last,first,middle,suffix,birth,gender,street,city,state,zip,phone,plan,group,from,to,pcp_npi
SHA20987716,SHA20987716,self,Whitfield-Castellanos,Eleanor,Q,,1951-03-04,female,9 Elm Street,Springfield,NY,10001,212-555-0177,SHA-PLUS,G1,2026-01-01,,PCP
SHA30000002,SHA30000002,self,Marsh,Theodore,,Jr,1948-07-19,male,2 Oak Lane,Springfield,NY,10001,,SHA-PLUS,G1,2025-01-01,2026-10-31,PCP
SHA30000003,SHA30000003,self,Núñez-O'Brien,Zoë,,,1950-12-31,female,شارع ١٢,Springfield,NY,10001,,SHA-PLUS,G1,2026-01-01,,PCP
`

func (p *Portal) members() {
	p.t.Helper()
	must(p.t, p.Coverage.ImportPlans(p.ctx(), Operator(), []coverage.Plan{{
		Code: "SHA-PLUS", Name: "Sample Advantage Plus", Contract: "H0000-001", Copays: []coverage.Copay{
			{Service: "Primary care visit", Text: "$0", Cents: 0}, {Service: "Specialist visit", Text: "$35", Cents: 3500}, {Service: "Durable medical equipment", Text: "20%", Percent: 20},
		},
	}}))
	file := strings.ReplaceAll(enrolled, "PCP", string(p.Requesting.NPI))
	src := coverage.Source{Name: "members.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}
	report, err := p.Coverage.Import(p.ctx(), Operator(), src, coverage.CSV, nil)
	must(p.t, err)
	if len(report.Refused) > 0 {
		p.t.Fatalf("the test plan's members were refused: %v", report.Refused)
	}
	p.Eleanor = member.Key{Number: "SHA20987716", Birth: civil.Date{Y: 1951, M: 3, D: 4}}
	p.Ended = member.Key{Number: "SHA30000002", Birth: civil.Date{Y: 1948, M: 7, D: 19}}
	p.Zoe = member.Key{Last: "nunez obrien", Birth: civil.Date{Y: 1950, M: 12, D: 31}}
}

// Seen states that a patient is being seen today.
func (p *Portal) Seen() *member.Visit {
	return &member.Visit{On: civil.Of(p.Clock.Now(), p.Zone), Stated: true}
}

// LookUp finds a member for somebody, as the pages do. An office whose panel
// the member is not on states that the member is being seen there.
func (p *Portal) LookUp(who Person, k member.Key) coverage.Sheet {
	p.t.Helper()
	sheet, err := p.Coverage.LookUp(p.ctx(), who.Actor, coverage.Query{Key: k, Purpose: access.Treatment, Visit: p.Seen()})
	must(p.t, err)
	return sheet
}

// Submission gives a complete standard request for a member: two lines of
// supplies in the next weeks.
func (p *Portal) Submission(m id.Member) priorauth.Submission {
	today := civil.Of(p.Clock.Now(), p.Zone)
	line := func(no int, c string, units int64) priorauth.Line {
		return priorauth.Line{No: no, Code: c, System: code.HCPCS, Units: units, UnitKind: priorauth.Units, From: today.AddDays(7), To: today.AddDays(28), Place: "12"}
	}
	return priorauth.Submission{
		Member: m, Kind: priorauth.Outpatient, Urgency: priorauth.Standard, Requesting: string(p.Requesting.NPI), Servicing: string(p.Servicing.NPI),
		Diagnoses: []string{"I2510"}, Lines: []priorauth.Line{line(1, "E0110", 2), line(2, "E0601", 1)},
		Notes: "Angina since May; stress test attached.", ContactName: "Dana Okafor", ContactPhone: "212-555-0100",
	}
}

// Submit looks the member up, drafts and submits a request for somebody at an
// office.
func (p *Portal) Submit(who Person, k member.Key, change func(*priorauth.Submission)) priorauth.Receipt {
	p.t.Helper()
	sub := p.Submission(p.LookUp(who, k).Member.ID)
	draft, err := p.Priorauth.StartDraft(p.ctx(), who.Actor, sub.Member)
	must(p.t, err)
	sub.Draft = draft.ID
	if who.Actor.Org == p.Other.ID {
		sub.Requesting = string(p.Neighbor.NPI)
	}
	if change != nil {
		change(&sub)
	}
	receipt, err := p.Priorauth.Submit(p.ctx(), who.Actor, sub)
	must(p.t, err)
	return receipt
}
