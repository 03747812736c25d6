package x12_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/x12"
)

func read277(data []byte) ([]x12.Claim277, x12.File277, error) {
	var claims []x12.Claim277
	file, err := x12.Read277(bytes.NewReader(data), x12.Options277{}, func(c x12.Claim277) error {
		claims = append(claims, c)
		return nil
	})
	return claims, file, err
}

// TestPublic277Files: what each public example comes to. 005010X214 is the
// acknowledgment of claims, another guide.
func TestPublic277Files(t *testing.T) {
	const linux, stupid = "LinuxForHealth+x12__277_005010X212_", "irobayna+stupidedi__pass_"
	other := x12.Error{Code: x12.CodeVersion, Segment: 2, Tag: "GS", Element: 8}
	want := map[string]outcome{
		"Inteligenz+X12Parser___5010_277_Deidentified_from_nth.txt": {fault: other},
		"Inteligenz+X12Parser___5010_FromAlexbrodsky.txt":           {fault: other},
		"cosyte+x12__golden_277ca.edi":                              {fault: other},
		"cosyte+x12__status_277ca-hl-orphan.edi":                    {fault: other},
		"cosyte+x12__golden_277.edi":                                {claims: 1},
		linux + "claim-level-status-ncpdp.277":                      {claims: 1},
		linux + "claim-level-status.277":                            {claims: 3},
		linux + "provider-level-status.277":                         {claims: 1, others: 1},
		stupid + "1.era":                                            {claims: 1, fault: x12.Error{Code: x12.CodeControlNumber, Segment: 20, Tag: "IEA", Element: 2}},
		stupid + "claim-ncpdp-response.edi":                         {claims: 1},
		stupid + "claim-response.edi":                               {claims: 3},
		stupid + "provider-response.edi":                            {claims: 1, others: 1},
		"bad/277_bad_date.edi":                                      {claims: 1, faulty: 1},
		"bad/277_control_char.edi":                                  {fault: x12.Error{Code: x12.CodeControlChar, Segment: 6, Tag: "NM1", Element: 3}},
		"bad/277_gs08_old_version.edi":                              {fault: other},
		"bad/277_hl_duplicate_id.edi":                               {fault: x12.Error{Code: x12.CodeInvalid, Segment: 9, Tag: "HL", Element: 1}},
		"bad/277_hl_parent_wrong.edi":                               {fault: x12.Error{Code: x12.CodeInvalid, Segment: 9, Tag: "HL", Element: 2}},
		"bad/277_iea01_count_wrong.edi":                             {claims: 1, fault: x12.Error{Code: x12.CodeCount, Segment: 20, Tag: "IEA", Element: 1}},
		"bad/277_iea02_mismatch.edi":                                {claims: 1, fault: x12.Error{Code: x12.CodeControlNumber, Segment: 20, Tag: "IEA", Element: 2}},
		"bad/277_isa12_version.edi":                                 {fault: x12.Error{Code: x12.CodeVersion, Segment: 1, Tag: "ISA", Element: 12}},
		"bad/277_isa_short.edi":                                     {fault: x12.Error{Code: x12.CodeHeader, Segment: 1, Tag: "ISA", Element: 5}},
		"bad/277_missing_bht_or_bgn.edi":                            {fault: x12.Error{Code: x12.CodeMissingSegment, Segment: 4, Tag: "BHT"}},
		"bad/277_se01_count_wrong.edi":                              {fault: x12.Error{Code: x12.CodeCount, Segment: 18, Tag: "SE", Element: 1}},
		"bad/277_truncated_mid.edi":                                 {fault: x12.Error{Code: x12.CodeTruncated, Segment: 10}},
	}
	files := publicFiles(t, "data/x12/277")
	for name := range want {
		if _, found := files[name]; !found {
			t.Errorf("%s is not among the public examples", name)
		}
	}
	for name, data := range files {
		w, listed := want[name]
		if !listed {
			t.Errorf("%s: no expectation", name)
			continue
		}
		claims, file, err := read277(data)
		if len(claims) != w.claims || file.Claims != w.claims || file.Faulty != w.faulty || file.Others != w.others {
			t.Errorf("%s: %d claims, counted %+v, want %+v", name, len(claims), file, w)
		}
		sameFault(t, name, err, w.fault)
	}
}

// TestPublic277BadFilesRefused: every file the outside checkers' list expects to
// be refused is refused as a whole or has a refused claim.
func TestPublic277BadFilesRefused(t *testing.T) {
	dir := shared.Dir(t, "data/x12/277/bad")
	raw, err := os.ReadFile(filepath.Join(dir, "VERDICTS.json"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts map[string]struct{ Expected string }
	err = json.Unmarshal(raw, &verdicts)
	if err != nil || len(verdicts) < 10 {
		t.Fatal(len(verdicts), err)
	}
	for name := range verdicts {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, file, err := read277(data)
		if err == nil && file.Faulty == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestStatusFacts(t *testing.T) {
	data := publicFiles(t, "data/x12/277")["LinuxForHealth+x12__277_005010X212_claim-level-status.277"]
	claims, _, err := read277(data)
	if err != nil || len(claims) != 3 {
		t.Fatal(len(claims), err)
	}
	first, last := claims[0], claims[2]
	if first.Identifier("1K") != "05347006051" || first.Identifier("EJ") != "SM123456" || first.From != "2005-08-31" || first.To != "2005-09-06" ||
		first.Provider.ID != "1666666661" || first.Subscriber.ID != "123456789A" || first.Patient().ID != "123456789A" || first.Trace != "ABCXYZ1" {
		t.Errorf("%+v", first)
	}
	st := first.Statuses[0]
	if st.Codes[0] != (x12.StatusCode{Category: "P3", Status: "317"}) || st.Charge != 851388 || st.On != "2005-09-13" || st.Paid != 0 {
		t.Errorf("%+v", st)
	}
	if last.Dependent.Name.First != "JOSEPH" || last.Patient().Name.First != "JOSEPH" || last.Provider.ID != "166666666" || len(last.Lines) != 1 ||
		last.Lines[0].Procedure.Code != "99203" || last.Lines[0].Statuses[0].Codes[0] != (x12.StatusCode{Category: "F2", Status: "88", Entity: "QC"}) {
		t.Errorf("%+v", last)
	}
	if claims[1].Dependent.Position.Segment != 0 {
		t.Error("a subscriber's claim names a dependent")
	}
}

// inquiry wraps the segments of one subscriber's claim into a sound file.
func inquiry(segments ...string) []byte {
	all := append([]string{
		"ST*277*0001*005010X212", "BHT*0010*08*REF*20260105*0810*DG", "HL*1**20*1", "NM1*PR*2*PLAN*****PI*1", "HL*2*1*21*1", "NM1*41*2*S*****46*X",
		"HL*3*2*19*1", "NM1*1P*2*OFFICE*****XX*1234567893", "HL*4*3*22*0", "NM1*IL*1*DOE*JANE****MI*M1",
	}, segments...)
	return envelope("HN", "005010X212", all...)
}

func TestStatusProblems(t *testing.T) {
	cases := []struct {
		name     string
		segments []string
		want     []x12.RowError
	}{
		{"sound", []string{"TRN*2*A", "STC*P1:20*20260105**10"}, nil},
		{"no status", []string{"TRN*2*A", "REF*1K*P"}, []x12.RowError{{Code: x12.CodeMissingSegment, Line: 13, Tag: "STC"}}},
		{"status without a code", []string{"TRN*2*A", "STC*P1*20260105"}, []x12.RowError{{Code: x12.CodeMissingElement, Line: 14, Tag: "STC", Element: 1}}},
		{"no such day", []string{"TRN*2*A", "STC*P1:20*20261305"}, []x12.RowError{{Code: x12.CodeDate, Line: 14, Tag: "STC", Element: 2}}},
		{"range backwards", []string{"TRN*2*A", "STC*P1:20*20260105", "DTP*472*RD8*20260102-20260101"}, []x12.RowError{{Code: x12.CodeDateOrder, Line: 15, Tag: "DTP", Element: 3}}},
		{"two dates of service", []string{"TRN*2*A", "STC*P1:20*20260105", "DTP*472*D8*20260102", "DTP*472*D8*20260103"}, []x12.RowError{{Code: x12.CodeRepeated, Line: 16, Tag: "DTP", Element: 3}}},
		{"foreign segment", []string{"TRN*2*A", "STC*P1:20*20260105", "CLM*1"}, []x12.RowError{{Code: x12.CodeOrder, Line: 15}}},
	}
	for _, c := range cases {
		claims, _, err := read277(inquiry(append(c.segments, "TRN*2*B", "STC*F1:65*20260105")...))
		if err != nil || len(claims) != 2 || len(claims[1].Problems) > 0 {
			t.Errorf("%s: %d claims, %v", c.name, len(claims), err)
			continue
		}
		got := claims[0].Problems
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v", c.name, got)
			continue
		}
		for i, p := range got {
			p.Text, p.Segment = "", 0
			if p != c.want[i] {
				t.Errorf("%s: got %+v", c.name, p)
			}
		}
	}
}
