package x12_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/x12"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestEveryFactOfAMember(t *testing.T) {
	data := enrollment(
		"INS*N*19*021*28*A***FT***D8*20260301",
		"REF*0F*SUB1", "REF*1L*GRP1", "REF*17*MEM1", "REF*23*OLD1",
		"DTP*356*D8*20260101", "DTP*357*D8*20261231", "DTP*336*D8*20250601",
		"NM1*74*1*NUÑEZ*ZOË*Q*DR*JR*MI*MEM1 ", "PER*IP**TE*5551234*EM*Z@EXAMPLE.ORG", "N3*1 MAIN ST*APT 2", "N4*OCALA*FL*34462*US*CY*MARION",
		"DMG*D8*20100612*F**C:RET:1", "LUI*LE*SPA**7",
		"NM1*70*1*WRONG", "DMG*D8*20100613*F", "NM1*31*1", "N3*PO BOX 1", "N4*TAMPA*FL*33601",
		"HD*021**HLT*GOLD*FAM", "DTP*348*D8*20260101", "DTP*349*D8*20261231", "REF*1L*SUBGRP",
		"LX*1", "NM1*P3*1*BROWN*BO****XX*1234567893*25", "PLA*2*1P*20260201**14",
		"COB*P*POL1*1*1^35", "REF*6P*G7", "DTP*344*D8*20250101", "DTP*345*D8*20260630", "NM1*36*2*MILL", "NM1*IN*2*OTHER PLAN", "NM1*GW*2*GROUP",
		"COB*U**6", "LX*9",
	)
	members, file, err := read834(data[:], x12.Options834{})
	if err != nil || len(members) != 1 {
		t.Fatal(err)
	}
	m := members[0]
	// The last LX stands behind other coverage, which is too late.
	if len(m.Problems) != 1 || m.Problems[0].Code != x12.CodeOrder || m.Problems[0].Tag != "LX" {
		t.Errorf("problems %v", m.Problems)
	}
	h := m.Header
	if h.Purpose != "00" || h.Reference != "1" || h.Created != "2026-01-01" || h.Action != "2" || h.Sponsor.ID != "1" ||
		h.Position.Line != 3 || h.Interchange.Sender != "SENDER" || h.Transaction.Guide != "005010X220A1" {
		t.Errorf("header %+v", h)
	}
	m.Header, m.Problems = nil, nil
	want := x12.Enrollment834{
		Position:     m.Position,
		Relationship: "19", Maintenance: "021", Reason: "28", BenefitStatus: "A", Employment: "FT", Death: "2026-03-01",
		SubscriberID: "SUB1", Group: "GRP1", Identifiers: []x12.Identifier{{"17", "MEM1"}, {"23", "OLD1"}},
		NameID: x12.Identifier{Qualifier: "MI", Value: "MEM1"}, Corrected: true,
		Name:  x12.Name{Last: "NUÑEZ", First: "ZOË", Middle: "Q", Prefix: "DR", Suffix: "JR"},
		Birth: "2010-06-12", Gender: "F",
		Home:             x12.Address{Lines: [2]string{"1 MAIN ST", "APT 2"}, City: "OCALA", State: "FL", PostalCode: "34462", Country: "US", County: "MARION"},
		Mailing:          x12.Address{Lines: [2]string{"PO BOX 1", ""}, City: "TAMPA", State: "FL", PostalCode: "33601"},
		Contacts:         []x12.Contact{{"TE", "5551234"}, {"EM", "Z@EXAMPLE.ORG"}},
		Languages:        []x12.Language{{System: "LE", Code: "SPA", Use: "7"}},
		EligibilityBegin: "2026-01-01", EligibilityEnd: "2026-12-31",
		Dates: []x12.DatedFact{{"356", "2026-01-01"}, {"357", "2026-12-31"}, {"336", "2025-06-01"}},
		Coverages: []x12.Coverage834{{
			Position: m.Coverages[0].Position, Maintenance: "021", Line: "HLT", Plan: "GOLD", Level: "FAM",
			Begin: "2026-01-01", End: "2026-12-31",
			Dates:       []x12.DatedFact{{"348", "2026-01-01"}, {"349", "2026-12-31"}},
			Identifiers: []x12.Identifier{{"1L", "SUBGRP"}},
			Providers: []x12.Provider834{{
				Position: m.Coverages[0].Providers[0].Position, Role: "P3", Person: true, Name: x12.Name{Last: "BROWN", First: "BO"},
				IDQualifier: "XX", ID: "1234567893", Relation: "25", Effective: "2026-02-01",
			}},
			Others: []x12.Other834{
				{Position: m.Coverages[0].Others[0].Position, Sequence: "P", Policy: "POL1", Coordination: "1", Payer: "OTHER PLAN", Begin: "2025-01-01", End: "2026-06-30"},
				{Position: m.Coverages[0].Others[1].Position, Sequence: "U", Coordination: "6"},
			},
		}},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	at := [3]x12.Position{m.Position, m.Coverages[0].Position, m.Coverages[0].Providers[0].Position}
	if at[0].Line != 6 || at[1].Segment != 25 || at[2].Line != 30 {
		t.Errorf("places %+v", at)
	}
	pcp, found := m.Coverages[0].PCP()
	if !found || pcp.ID != "1234567893" || m.Date("336") != "2025-06-01" || m.Date("1") != "" {
		t.Error("lookups")
	}
	if file.Segments != 5+35+3 || file.Transactions != 1 || file.Interchanges != 1 || file.First.Control != "000000011" {
		t.Errorf("file %+v", file)
	}
}

// TestPublicProviderAndPosition looks into two of the published files.
func TestPublicProviderAndPosition(t *testing.T) {
	dir := shared.Dir(t, "data/x12/834")
	read := func(name string) []x12.Enrollment834 {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		members, _, err := read834(data, x12.Options834{})
		if err != nil {
			t.Fatal(err)
		}
		return members
	}
	m := read("LinuxForHealth+x12__834_005010X220A1_enroll-employee-managed-care.834")[0]
	pcp, found := m.Coverages[0].PCP()
	if !found || pcp.ID != "143766" || pcp.IDQualifier != "SV" || m.Position.Line != 7 || m.Date("358") != "1996-05-23" {
		t.Errorf("%+v", m)
	}
	four := read("azoner+pyx12__examples_multiple_st_loops.txt")
	for i, m := range four {
		if m.Position.Line != 8+20*i || m.Header.Transaction.Control != "000"+itoa(i+1) {
			t.Errorf("member %d at %+v in %+v", i, m.Position, m.Header.Transaction)
		}
	}
	m = read("azoner+pyx12__tests_834_ls_le_ls.txt")[0]
	if !m.Corrected || m.Birth != "1983-07-19" || m.Mailing.City != "SALEM" || len(m.Languages) != 2 || m.Identifier("23") != "REF 23" {
		t.Errorf("%+v", m)
	}
	// REF*17 behind HD belongs to the coverage, not to the member.
	if m.Identifier("17") != "" || m.Coverages[0].Identifiers[0].Value != "D4" {
		t.Errorf("%+v", m.Coverages)
	}
}

func TestFileFaultsEndTheReading(t *testing.T) {
	cases := []struct {
		name string
		data []byte
		code x12.Code
		line int
	}{
		{"another group", envelope("HC", "005010X220A1", "ST*834*0001"), x12.CodeTransaction, 2},
		{"another transaction", envelope("BE", "005010X220A1", "ST*837*0001"), x12.CodeTransaction, 3},
		{"guides differ", envelope("BE", "005010X220A1", "ST*834*0001*005010X307"), x12.CodeVersion, 3},
		{"old guide", envelope("BE", "004010X095A1", "ST*834*0001"), x12.CodeVersion, 2},
		{"no BGN at all", envelope("BE", "005010X220A1", "ST*834*0001"), x12.CodeMissingSegment, 4},
		{"two BGN", enrollment("BGN*00*1*20260101*0800****2"), x12.CodeOrder, 6},
		{"late header date", enrollment("DTP*007*D8*20260228"), x12.CodeOrder, 6},
		{"claim in the header", enrollment("CLM*1"), x12.CodeOrder, 6},
		{"no BGN date", envelope("BE", "005010X220A1", "ST*834*0001", "BGN*00*1*2026*0800****2"), x12.CodeDate, 4},
		{"no such day in the header", envelope("BE", "005010X220A1", "ST*834*0001", "BGN*00*1*20260101*0800****2", "DTP*007*D8*20260230"), x12.CodeDate, 5},
		{"no transaction", []byte(strings.Replace(string(envelope("BE", "005010X220A1")), "SE*1*0001~\nGE*1", "GE*0", 1)), x12.CodeMissingSegment, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			members, _, err := read834(c.data, x12.Options834{})
			var e *x12.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Line != c.line || len(members) != 0 {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestMissingGuideIsRepairedAndReported(t *testing.T) {
	data := []byte(strings.Replace(string(member("REF*0F*A1", named)), "ST*834*0001*005010X220A1", "ST*834*0001", 1))
	members, file, err := read834(data, x12.Options834{})
	if err != nil || len(members) != 1 || len(file.Repairs) != 1 {
		t.Fatal(err, file)
	}
	r := file.Repairs[0]
	if r.Code != x12.RepairGuide || r.First.Line != 3 || r.Count != 1 || members[0].Header.Transaction.Guide != "005010X220A1" {
		t.Errorf("%+v", r)
	}
}

func TestOneMemberIsBounded(t *testing.T) {
	segments := []string{"REF*0F*A1"}
	for i := range 50 {
		segments = append(segments, "REF*ZZ*"+itoa(i))
	}
	_, _, err := read834(member(append(segments, named)...), x12.Options834{MemberSegments: 20})
	var e *x12.Error
	if !errors.As(err, &e) || e.Code != x12.CodeTooManySegments || e.Segment != 26 {
		t.Errorf("got %v", err)
	}
}

func TestCallersErrorEndsTheReading(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	data := member("REF*0F*A1", named, "INS*N*19*021**A", "REF*0F*A2", named)
	_, err := x12.Read834(strings.NewReader(string(data)), x12.Options834{}, func(x12.Enrollment834) error {
		n++
		return stop
	})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// TestNoFaultRepeatsData plants a value and looks for it in every complaint.
func TestNoFaultRepeatsData(t *testing.T) {
	const planted = "PLANTED7"
	sound := string(member("REF*0F*"+planted, "DTP*356*D8*20260101", "NM1*IL*1*"+planted+"*JANE****34*"+planted,
		"N3*"+planted, "DMG*D8*19800101*F", "HD*021**HLT*"+planted, "DTP*348*D8*20260101"))
	check := func(what string, err error) {
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), planted) {
			t.Errorf("%s repeats data: %v", what, err)
		}
	}
	found := 0
	for i := range len(sound) {
		for _, insert := range []string{"*", "~", ":", "^", "\x00", "\xff", "DTP*356*D8*" + planted + "~"} {
			members, _, err := read834([]byte(sound[:i]+insert+sound[i:]), x12.Options834{})
			check("file fault", err)
			for _, m := range members {
				for _, p := range m.Problems {
					found++
					check("row fault", p)
				}
			}
			_, _, err = read834([]byte(sound[:i]), x12.Options834{})
			check("truncation", err)
			if err == nil && i < len(sound)-1 {
				t.Fatalf("cut at %d of %d and accepted", i, len(sound))
			}
		}
	}
	if found == 0 {
		t.Error("no row fault was met")
	}
}
