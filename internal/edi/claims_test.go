package edi_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/claim"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/edi"
	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/provider"
)

// billed gives a plan with one office and three members, and the service.
func billed(t *testing.T, d *db.DB) (*claim.Service, access.Actor) {
	t.Helper()
	cover := service(d)
	load(t, cover, []byte("member_number,last,first,birth,plan,from\nM1,Doe,Jane,1951-03-09,MA01,2020-01-01\nMBR0001,Doe,Jane,1950-01-01,MA01,2020-01-01\n"+
		"MEMBER001,Patient,Test,1950-01-01,MA01,2020-01-01\n"))
	var org provider.Organization
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		org = provider.Organization{ID: "01m00000000000000000000000", NPI: "1234567893", TIN: "123456789", Name: "Office", Kind: provider.OfficeKind}
		return provider.PutOrganization(tx, access.OperatorActor("ops"), org)
	})
	if err != nil {
		t.Fatal(err)
	}
	who := access.Actor{Person: "clerk", Username: "clerk", Side: access.Office, Org: org.ID, Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
	return claim.New(claim.Deps{DB: d, Log: slog.New(slog.DiscardHandler), Zone: time.UTC}), who
}

func loadClaims(t *testing.T, s *claim.Service, data []byte) claim.Report {
	t.Helper()
	src := source(data)
	feed, format, err := edi.ClaimsFeed(src.Open)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := s.Import(t.Context(), access.OperatorActor("ops"), src, format, feed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func interchange(group, guide, id string, segments ...string) []byte {
	var b strings.Builder
	b.WriteString("ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260601*0800*^*00501*000000011*0*T*:~\n")
	fmt.Fprintf(&b, "GS*%s*S*R*20260601*0800*1*X*%s~\nST*%s*0001*%s~\n", group, guide, id, guide)
	for _, s := range segments {
		b.WriteString(s + "~\n")
	}
	fmt.Fprintf(&b, "SE*%d*0001~\nGE*1*1~\nIEA*1*000000011~\n", len(segments)+2)
	return []byte(b.String())
}

func statusFile(category string) []byte {
	return interchange("HN", "005010X212", "277", "BHT*0010*08*R*20260520*0810*DG", "HL*1**20*1", "NM1*PR*2*PLAN*****PI*1", "HL*2*1*21*1", "NM1*41*2*S*****46*X",
		"HL*3*2*19*1", "NM1*1P*2*OFFICE*****XX*1234567893", "HL*4*3*22*0", "NM1*IL*1*DOE*JANE****MI*M1", "TRN*2*T", "STC*"+category+":20*20260520**300", "REF*1K*P1", "REF*EJ*A1",
		"DTP*472*D8*20260510", "SVC*HC:99213*100*0", "STC*"+category+":20*20260520")
}

func remittance() []byte {
	return interchange("HP", "005010X221A1", "835", "BPR*I*180*C*ACH************20260603", "TRN*1*EFT7*1999999999", "DTM*405*20260601", "N1*PR*PLAN", "N1*PE*OFFICE*XX*1234567893", "REF*TJ*123456789",
		"LX*1", "CLP*A1*1*300*180*20*12*P1", "NM1*QC*1*DOE*JANE****MI*M1", "REF*G1*AUTH-1", "SVC*HC:99213:25*200*180**1", "DTM*472*20260510", "CAS*PR*2*20", "AMT*B6*200",
		"SVC*HC:85025*100*0**1", "DTM*472*20260510", "CAS*CO*97*100", "LQ*HE*N130", "AMT*B6*0")
}

// A status, then the remittance, then another status: the newest stands in
// front, and the remittance keeps the amounts, which a status tells less of.
func TestStatusAndRemittanceOfOneClaim(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s, who := billed(t, d)
		if rep := loadClaims(t, s, statusFile("P1")); rep.Added != 1 || rep.RefusedTotal != 0 {
			t.Fatalf("%+v", rep)
		}
		get := func() claim.View {
			page, err := s.ByNumber(t.Context(), who, "P1")
			if err != nil || len(page.Rows) != 1 {
				t.Fatal(len(page.Rows), err)
			}
			v, err := s.Get(t.Context(), who, page.Rows[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		v := get()
		if v.Status != claim.InProcess || v.Summary.Amounts.Charge != 30000 || len(v.Lines) != 1 || v.States[0].Code != "20" || v.OfficeNumber != "A1" {
			t.Errorf("%s %+v", v.Status, v.Summary.Amounts)
		}
		if rep := loadClaims(t, s, remittance()); rep.Added != 0 || rep.Changed != 1 || rep.RefusedTotal != 0 {
			t.Fatalf("%+v", rep)
		}
		v = get()
		if v.Status != claim.PartlyPaid || v.Summary.Amounts != (claim.Amounts{Charge: 30000, Paid: 18000, Owed: 2000, Allowed: 20000, AllowedKnown: true}) || v.Balance() != 0 ||
			v.Authorized != "AUTH-1" || v.Payment.Trace != "EFT7" || v.Payment.Cents != 18000 || v.Lines[0].Modifiers[0] != "25" || v.Lines[1].Remarks[0].Code != "N130" || v.Lines[0].Owed != 2000 {
			t.Errorf("%s %+v %+v", v.Status, v.Summary.Amounts, v.Payment)
		}
		later := strings.ReplaceAll(string(statusFile("F1")), "20260520", "20260610")
		if rep := loadClaims(t, s, []byte(later)); rep.Changed != 1 || rep.RefusedTotal != 0 {
			t.Fatalf("%+v", rep)
		}
		v = get()
		if len(v.History) != 3 || len(v.Lines) != 2 || v.Summary.Amounts.Paid != 18000 || v.AsOf.String() != "2026-06-10" || v.DetailOn.String() != "2026-06-01" {
			t.Errorf("after another status: %d statements, %d lines, %+v", len(v.History), len(v.Lines), v.Summary.Amounts)
		}
		if rep := loadClaims(t, s, remittance()); !rep.Already {
			t.Error("the same file was loaded twice")
		}
	})
}

// One refused claim keeps the whole file out, and is named by its segment.
func TestClaimsAreRefusedByTheirSegment(t *testing.T) {
	s, who := billed(t, dbtest.SQLite(t, dbtest.NewClock().Now))
	base := string(remittance())
	for name, c := range map[string]struct{ data, want string }{
		"another member":       {strings.Replace(base, "MI*M1", "MI*M9", 1), "segment 11 (line 11), CLP: it names no member"},
		"another name":         {strings.Replace(base, "DOE*JANE", "ROE*RUTH", 1), "segment 11 (line 11), CLP: it names no member"},
		"social security":      {strings.Replace(base, "MI*M1", "34*M1", 1), "segment 11 (line 11), CLP: the member's number is missing"},
		"does not balance":     {strings.Replace(base, "CAS*PR*2*20", "CAS*PR*2*19", 1), "segment 14 (line 14), SVC: the line does not balance"},
		"payment":              {strings.Replace(base, "BPR*I*180", "BPR*I*181", 1), "BPR: the amount of the payment"},
		"only an estimate":     {strings.Replace(base, "CLP*A1*1*", "CLP*A1*25*", 1), "segment 11 (line 11), CLP: the status of the claim"},
		"NPI of another shape": {strings.Replace(base, "XX*1234567893", "XX*1234567890", 1), "segment 11 (line 11), CLP: the NPI of who billed"},
		"cut off":              {base[:len(base)-30], "the file ends"},
	} {
		rep := loadClaims(t, s, []byte(c.data))
		if rep.RefusedTotal == 0 || !strings.Contains(rep.Refused[0].Where+": "+rep.Refused[0].Reason, c.want) {
			t.Errorf("%s: %+v", name, rep.Refused)
		}
	}
	_, err := s.ByNumber(t.Context(), who, "P1")
	if err == nil {
		t.Error("a refused file loaded a claim")
	}
}

// TestPublishedClaimsLoadOrSayWhyNot: what becomes of published examples whose
// members we have.
func TestPublishedClaimsLoadOrSayWhyNot(t *testing.T) {
	root := shared.Dir(t, "data/x12")
	for name, want := range map[string]string{
		"835/cosyte+x12__golden_835.edi":              "CLP: the NPI of who gave the service",
		"277/cosyte+x12__golden_277.edi":              "TRN: the NPI of who billed",
		"835/irobayna+stupidedi__pass_era-sample.edi": "CLP: it names no member",
		"277/cosyte+x12__golden_277ca.edi":            "GS: the file follows another guide",
		"834/cosyte+x12__golden_834.edi":              "GS: the group holds another kind",
	} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		s, _ := billed(t, dbtest.SQLite(t, dbtest.NewClock().Now))
		rep := loadClaims(t, s, data)
		if rep.RefusedTotal == 0 || !strings.Contains(rep.Refused[0].Where+": "+rep.Refused[0].Reason, want) {
			t.Errorf("%s: %+v", name, rep.Refused)
		}
	}
	s, who := billed(t, dbtest.SQLite(t, dbtest.NewClock().Now))
	data, err := os.ReadFile(filepath.Join(root, "835/cosyte+x12__golden_835.edi"))
	if err != nil {
		t.Fatal(err)
	}
	// Made-up NPIs of the example fail their check digit: with ours it loads.
	mended := strings.NewReplacer("XX*1234567890", "XX*1234567893", "N1*PE*SAMPLE CLINIC INC", "N1*PE*SAMPLE CLINIC INC*XX*1234567893").Replace(string(data))
	if rep := loadClaims(t, s, []byte(mended)); rep.Added != 1 || rep.RefusedTotal != 0 {
		t.Fatalf("%+v", rep)
	}
	page, err := s.ByNumber(t.Context(), who, "PT-ACCT-001")
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(len(page.Rows), err)
	}
	v, err := s.Get(t.Context(), who, page.Rows[0].ID)
	if err != nil || v.Status != claim.Paid || v.Summary.Amounts.Paid != 45000 {
		t.Errorf("%s %+v %v", v.Status, v.Summary.Amounts, err)
	}
}

// What a plan's system says of an inquiry that failed is about no claim.
func TestStatusesWithoutAClaimArePassedOver(t *testing.T) {
	s, _ := billed(t, dbtest.SQLite(t, dbtest.NewClock().Now))
	rep := loadClaims(t, s, statusFile("E0"))
	if rep.RefusedTotal != 1 || rep.Refused[0].Reason != "it holds no claim" {
		t.Errorf("%+v", rep)
	}
}
