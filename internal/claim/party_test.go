package claim_test

import (
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/claim"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/provider"
	"hsconnect/internal/schema"
)

// rest are the empty cells after the first day of service.
var rest = strings.Repeat(",", 24)

// atFacility gives somebody of the facility who may see claims.
func atFacility(p *portal.Portal) portal.Person {
	who := p.Create(account.NewPerson{Username: "fay.facility", Name: "Fay Facility", Side: access.Office, Org: p.Facility.ID, OrgName: p.Facility.Name, OrgTIN: p.Facility.TIN,
		Roles: []access.Role{access.Requester}})
	p.Accept(who)
	return who
}

// sameTIN makes office and facility two places of one company.
func sameTIN(t *testing.T, p *portal.Portal) {
	t.Helper()
	p.Facility.TIN = p.Office.TIN
	err := p.DB.Update(t.Context(), func(tx *db.Tx) error { return provider.PutOrganization(tx, portal.Operator(), p.Facility) })
	if err != nil {
		t.Fatal(err)
	}
}

// seen gives the numbers of the claims that somebody is shown, by every way to them.
func seen(t *testing.T, p *portal.Portal, who portal.Person, numbers ...string) []string {
	t.Helper()
	page, err := p.Claims.ByDays(t.Context(), who.Actor, civil.Date{Y: 2026, M: 11, D: 1}, civil.Date{Y: 2026, M: 11, D: 23}, "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range page.Rows {
		out = append(out, r.Number)
	}
	for _, number := range numbers {
		var ref claim.ID
		err := p.DB.View(t.Context(), func(tx *db.Tx) error { return tx.Row("select id from claim where number = $1", number).Scan(&ref) })
		if err != nil {
			t.Fatal(err)
		}
		_, byNumber := p.Claims.ByNumber(t.Context(), who.Actor, number)
		_, byID := p.Claims.Get(t.Context(), who.Actor, ref)
		listed := slices.Contains(out, number)
		if (byNumber == nil) != listed || (byID == nil) != listed || !listed && !fault.Is(byID, fault.NotFound) {
			t.Errorf("%s as %s: listed %t, by number %v, opened %v", number, who.Username, listed, byNumber, byID)
		}
	}
	slices.Sort(out)
	return out
}

func tied(t *testing.T, p *portal.Portal, org id.Organization) (found, bound bool) {
	t.Helper()
	err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		var ref id.Member
		err := tx.Row("select id from member where number = 'SHA20987716'").Scan(&ref)
		if err != nil {
			return err
		}
		found, err = claim.Tied(tx, org, ref)
		if err != nil {
			return err
		}
		var n int
		err = tx.Row("select count(*) from member_tie where org = $1 and member = $2 and kind = 'claim'", string(org), string(ref)).Scan(&n)
		bound = n > 0
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, bound
}

// A practitioner who worked for another when the service was given brings the
// claim to nobody's list today: it is who billed that counts.
func TestWhereAPractitionerWorksTodayIsNoParty(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims("P-3001,,SHA20987716,1951-03-04,OTHER," + string(p.Servicing.NPI) + ",paid,2026-11-10,,2026-11-02" + rest + "\n" + // billed by another
			"P-3002,,SHA20987716,1951-03-04," + string(portal.NPI(99)) + "," + string(p.Servicing.NPI) + ",paid,2026-11-10,,2026-11-02" + rest + "\n") // by one we do not have
		if got := seen(t, p, atFacility(p), "P-3001", "P-3002"); len(got) != 0 {
			t.Errorf("the practitioner's organization of today is shown %v", got)
		}
		if found, bound := tied(t, p, p.Facility.ID); found || bound {
			t.Errorf("and tied to the member: found %t, bound %t", found, bound)
		}
	})
}

// A party of the same tax number is shown a claim of its practitioner, but not
// what the law protects: that is for who billed it alone.
func TestASensitiveClaimIsForWhoBilledIt(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		sameTIN(t, p)
		given := func(number, more string) string {
			return number + ",,SHA20987716,1951-03-04,OFFICE," + string(p.Servicing.NPI) + ",paid,2026-11-10,,2026-11-02,,10.00,,10.00,,,,," + more + "\n"
		}
		p.LoadClaims(given("P-3001", ",,hiv,,,,,,,,,,,,,") + given("P-3002", ",F11.20,,,,,,,,,,,,,,"))
		facility := atFacility(p)
		_, err := p.Sensitive.Import(t.Context(), portal.Operator(), "s.csv", strings.NewReader("system,code,category\nicd-10-cm,F11*,substance use\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := seen(t, p, facility, "P-3001"); len(got) != 0 {
			t.Errorf("by its label: shown %v", got)
		}
		if got := seen(t, p, p.Clerk, "P-3001", "P-3002"); !slices.Equal(got, []string{"P-3001", "P-3002"}) {
			t.Errorf("who billed them is shown %v", got)
		}
		if found, _ := tied(t, p, p.Facility.ID); found {
			t.Error("a withheld claim ties its party to the member")
		}
		rep, err := p.Claims.Import(t.Context(), portal.Operator(), p.ClaimFile(given("P-3003", ",I10,,,,,,,,,,,,,,")), "csv", claim.CSV, nil)
		if err != nil || rep.Added != 1 {
			t.Fatal(rep, err)
		}
		if got := seen(t, p, facility, "P-3001", "P-3002", "P-3003"); !slices.Equal(got, []string{"P-3003"}) {
			t.Errorf("of three claims shown %v", got)
		}
		if found, bound := tied(t, p, p.Facility.ID); !found || !bound {
			t.Errorf("a plain claim of the same tax number: found %t, bound %t", found, bound)
		}
	})
}

// What is known to be sensitive when it is loaded binds no party but the biller.
func TestASensitiveClaimBindsWhoBilledIt(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		sameTIN(t, p)
		p.LoadClaims("P-3001,,SHA20987716,1951-03-04,OFFICE," + string(p.Servicing.NPI) + ",paid,2026-11-10,,2026-11-02,,10.00,,10.00,,,,,,,hiv,,,,,,,,,,,,,\n")
		if _, bound := tied(t, p, p.Facility.ID); bound {
			t.Error("a withheld claim binds its party to the member")
		}
		if _, bound := tied(t, p, p.Office.ID); !bound {
			t.Error("the biller is not bound")
		}
	})
}

// Withheld claims leave no gap in a list: the pages after them are full.
func TestPagesAreFullBehindWithheldClaims(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		sameTIN(t, p)
		var rows strings.Builder
		for i := range 130 {
			label := "hiv"
			if i%2 == 0 {
				label = ""
			}
			rows.WriteString("P-" + string(rune('A'+i/26)) + string(rune('A'+i%26)) + ",,SHA20987716,1951-03-04,OFFICE," + string(p.Servicing.NPI) +
				",received,2026-11-10,,2026-11-02,,,,,,,,,,," + label + ",,,,,,,,,,,,,\n")
		}
		p.LoadClaims(rows.String())
		who, total := atFacility(p), []int{}
		for after := ""; len(total) < 4; {
			page, err := p.Claims.ByDays(t.Context(), who.Actor, civil.Date{Y: 2026, M: 11, D: 1}, civil.Date{Y: 2026, M: 11, D: 23}, after)
			if err != nil {
				t.Fatal(err)
			}
			total = append(total, len(page.Rows))
			after = page.Next
			if after == "" {
				break
			}
		}
		if !slices.Equal(total, []int{50, 15}) {
			t.Errorf("pages of %v claims", total)
		}
	})
}

// A claim of an organization that enters the directory later is shown to it
// from then on.
func TestAClaimFindsItsOrganizationLater(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		late := string(portal.NPI(41))
		rep := p.LoadClaims("P-3001,,SHA20987716,1951-03-04," + late + ",,paid,2026-11-10,,2026-11-02" + rest + "\n" +
			"P-3002,,SHA20987716,1951-03-04," + string(portal.NPI(99)) + ",,paid,2026-11-10,,2026-11-02" + rest + "\n")
		if rep.Unplaced != 2 {
			t.Fatalf("%+v", rep)
		}
		table := "npi,name,tin,kind,phone,fax,street,city,state,zip,network\n" + late + ",Late Office,456789123,office,212-555-0141,,1 Late Street,Springfield,NY,10001,yes\n"
		loaded, err := p.Providers.ImportOrganizations(t.Context(), portal.Operator(), "late.csv", strings.NewReader(table), nil)
		if err != nil || loaded.Added != 1 {
			t.Fatal(loaded, err)
		}
		org, err := p.Providers.OrganizationByNPI(t.Context(), late)
		if err != nil {
			t.Fatal(err)
		}
		who := p.Create(account.NewPerson{Username: "lea.late", Name: "Lea Late", Side: access.Office, Org: org.ID, OrgName: org.Name, OrgTIN: org.TIN, Roles: []access.Role{access.Requester}})
		p.Accept(who)
		if got := seen(t, p, who, "P-3001", "P-3002"); !slices.Equal(got, []string{"P-3001"}) {
			t.Errorf("shown %v", got)
		}
		if found, bound := tied(t, p, org.ID); !found || !bound {
			t.Errorf("found %t, bound %t", found, bound)
		}
	})
}

// A portal in use loses the parties that were none, with their ties, and keeps
// the others.
func TestTheMigrationTakesOutWhoWasNoParty(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LoadClaims(portal.Claims)
		folder := "sqlite"
		if p.DB.Engine() == db.Postgres {
			folder = "postgres"
		}
		text, err := schema.FS.ReadFile(folder + "/20261128000300_claim_party.sql")
		if err != nil {
			t.Fatal(err)
		}
		err = p.DB.Update(t.Context(), func(tx *db.Tx) error {
			var ref, member string
			err := tx.Row("select id, member from claim where number = 'P-2001'").Scan(&ref, &member)
			if err != nil {
				return err
			}
			org := string(p.Facility.ID) // as it was before
			_, err = tx.Exec("insert into claim_party (org, claim, member, from_on, office_folded) values ($1, $2, $3, $4, $5)", org, ref, member, "2026-11-11", "")
			if err == nil {
				_, err = tx.Exec("insert into member_tie (org, member, kind, since_us, until_us, person) values ($1, $2, $3, $4, $5, $6)", org, member, "claim", 0, int64(1)<<60, "")
			}
			if err == nil {
				_, err = tx.Exec("update claim set rendering_org = $1 where id = $2", org, ref)
			}
			for _, query := range strings.Split(strings.SplitN(string(text), "+goose Up", 2)[1], ";\n") {
				if err == nil && strings.TrimSpace(query) != "" {
					_, err = tx.Exec(query) //nolint:dialect // the migration's own
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var parties, ties, others int
		err = p.DB.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row(`select (select count(*) from claim_party where org = $1), (select count(*) from member_tie where org = $2 and kind = 'claim'),
				(select count(*) from claim_party) + (select count(*) from member_tie where kind = 'claim') + (select count(*) from claim where rendering_org <> '')`,
				string(p.Facility.ID), string(p.Facility.ID)).Scan(&parties, &ties, &others)
		})
		if err != nil || parties != 0 || ties != 0 || others != 4+3+2 {
			t.Errorf("%d parties, %d ties, %d others: %v", parties, ties, others, err)
		}
	})
}
