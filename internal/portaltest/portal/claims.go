package portal

import (
	"io"
	"strings"

	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
)

// claimHead names the columns of the claims that tests load.
const claimHead = "claim_number,office_number,member_number,birth,billing_npi,rendering_npi,status,as_of,received,from,to,charge,allowed,paid,owed,category,status_code,adjustments,authorization,diagnoses,label,payment_method,payment_number,payment_date,line,code,modifiers,units,line_charge,line_allowed,line_paid,line_owed,line_adjustments,line_remarks\n"

// Claims are rows in the columns of LoadClaims. OFFICE, OTHER, CARDIOLOGIST and
// NEIGHBOR stand for the NPIs of the directory. The claims: one that Office
// billed for Eleanor and was paid in part, one of it that is sensitive by its
// label, one of it for Zoe that is in process, and one of Other for Eleanor.
const Claims = `P-1001,A-1,SHA20987716,1951-03-04,OFFICE,CARDIOLOGIST,partly paid,2026-11-10,2026-11-03,2026-11-02,2026-11-02,300.00,200.00,150.00,20.00,F1,65,,A26-000000,I25.10,,CHK,CHECK-77,2026-11-12,1,93000,,1,180.00,170.00,150.00,20.00,CO-45:10.00 PR-2:20.00,
P-1001,,,,,,,,,,,,,,,,,,,,,,,,2,99213,25,1,120.00,30.00,0,0,CO-197:120.00,N130
P-1002,A-2,SHA20987716,1951-03-04,OFFICE,CARDIOLOGIST,denied,2026-11-09,2026-11-05,2026-11-04,2026-11-04,80.00,,0,0,F2,88,CO-29:80.00,,F10.20,substance use,,,,1,H0001,,1,80.00,,0,0,,
P-1003,A-3,SHA30000003,1950-12-31,OFFICE,,in process,2026-11-20,2026-11-18,2026-11-16,,55.50,,,,P1,20,,,,,,,,,,,,,,,,,
P-2001,B-1,SHA20987716,1951-03-04,OTHER,NEIGHBOR,paid,2026-11-15,2026-11-12,2026-11-11,2026-11-11,60.00,60.00,60.00,0,F1,65,,,,,ACH,EFT-9,2026-11-16,1,99214,,1,60.00,60.00,60.00,0,,
`

// ClaimFile gives a file of claims from rows.
func (p *Portal) ClaimFile(rows string) coverage.Source {
	rows = strings.NewReplacer("OFFICE", string(p.Office.NPI), "OTHER", string(p.Other.NPI), "CARDIOLOGIST", string(p.Requesting.NPI), "NEIGHBOR", string(p.Neighbor.NPI)).Replace(rows)
	file := claimHead + rows
	return coverage.Source{Name: "claims.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}
}

// LoadClaims loads rows of claims as the operator does, and fails the test when
// any is refused.
func (p *Portal) LoadClaims(rows string) claim.Report {
	p.t.Helper()
	rep, err := p.Claims.Import(p.ctx(), Operator(), p.ClaimFile(rows), "csv", claim.CSV, nil)
	must(p.t, err)
	if rep.RefusedTotal > 0 {
		p.t.Fatalf("claims were refused: %v", rep.Refused)
	}
	return rep
}

// Claim gives the id of the claim with a number, as its office finds it.
func (p *Portal) Claim(who Person, number string) claim.ID {
	p.t.Helper()
	page, err := p.Claims.ByNumber(p.ctx(), who.Actor, number)
	must(p.t, err)
	return page.Rows[0].ID
}
