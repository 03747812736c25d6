package x12_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hsconnect/internal/portaltest/shared"
	"hsconnect/internal/x12"
)

func read834(data []byte, opt x12.Options834) ([]x12.Enrollment834, x12.File834, error) {
	var members []x12.Enrollment834
	file, err := x12.Read834(bytes.NewReader(data), opt, func(m x12.Enrollment834) error {
		members = append(members, m)
		return nil
	})
	return members, file, err
}

// TestPublic834Files: how many members each example holds, and the fault of
// the two that are refused.
func TestPublic834Files(t *testing.T) {
	const linux, pyx, stupid = "LinuxForHealth+x12__834_005010X220A1_", "azoner+pyx12__", "irobayna+stupidedi__pass_"
	members := map[string]int{
		linux + "add-dependent.834":                                             1,
		linux + "enroll-employee-managed-care.834":                              1,
		linux + "reinstate-employee-coverage-level.834":                         1,
		linux + "reinstate-member-eligiblity-ins.834":                           1,
		pyx + "examples_example834_5010.txt":                                    1,
		pyx + "examples_multiple_st_loops.txt":                                  4,
		pyx + "tests_834_deident_family.txt":                                    3,
		pyx + "tests_834_deident_new_enroll.txt":                                1,
		pyx + "tests_834_deident_term.txt":                                      2,
		pyx + "tests_834_ls_le_ls.txt":                                          1,
		"cosyte+x12__golden_834.edi":                                            2,
		stupid + "change-subscriber-information.edi":                            1,
		stupid + "enroll-employee-in-managed-care-product.edi":                  1,
		stupid + "reinstate-employee-at-coverage-_hd_-level.edi":                1,
		stupid + "reinstate-member-eligibility-_ins_.edi":                       1,
		stupid + "add-dependent-_full-time-student_-to-existing-enrollment.edi": 1,
	}
	files := publicFiles(t, "data/x12/834")
	for name, want := range members {
		data, found := files[name]
		if !found {
			t.Errorf("%s is not among the public examples", name)
			continue
		}
		delete(files, name)
		got, file, err := read834(data, x12.Options834{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got) != want || file.Enrollments != want {
			t.Errorf("%s: %d members, counted %d, want %d", name, len(got), file.Enrollments, want)
		}
		for _, m := range got {
			for _, p := range m.Problems {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
	faults := map[string]x12.Error{
		// A header date without its day.
		"cosyte+x12__enrollment_834-edge.edi":                                                        {Code: x12.CodeMissingElement, Segment: 5, Line: 5, Tag: "DTP", Element: 3},
		stupid + "enroll-individuals-in-qualified-health-plan-through-health-insurance-exchange.edi": {Code: x12.CodeVersion, Segment: 2, Line: 1, Tag: "GS", Element: 8},
	}
	for name, data := range files {
		want, listed := faults[name]
		if strings.HasPrefix(name, "bad/") {
			continue
		}
		_, _, err := read834(data, x12.Options834{})
		var e *x12.Error
		if !listed || !errors.As(err, &e) {
			t.Errorf("%s: not expected, or not refused: %v", name, err)
			continue
		}
		if e.Code != want.Code || e.Segment != want.Segment || e.Line != want.Line || e.Tag != want.Tag || e.Element != want.Element {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

func TestExchangeGuideReadsWhenAllowed(t *testing.T) {
	name := "irobayna+stupidedi__pass_enroll-individuals-in-qualified-health-plan-through-health-insurance-exchange.edi"
	data, err := os.ReadFile(filepath.Join(shared.Dir(t, "data/x12/834"), name))
	if err != nil {
		t.Fatal(err)
	}
	members, _, err := read834(data, x12.Options834{Exchange: true})
	if err != nil || len(members) != 2 {
		t.Fatalf("%d members, %v", len(members), err)
	}
	for _, m := range members {
		if len(m.Problems) > 0 || m.Identifier("POL") != "123456" || m.Home.County != "COOK" {
			t.Errorf("%+v", m)
		}
	}
}

// TestDemoFileAgreesWithItsSource compares every member of the made-up plan
// with the list the file was made from.
func TestDemoFileAgreesWithItsSource(t *testing.T) {
	dir := shared.Dir(t, "data/members")
	data, err := os.ReadFile(filepath.Join(dir, "enroll.834"))
	if err != nil {
		t.Fatal(err)
	}
	members, file, err := read834(data, x12.Options834{})
	if err != nil || file.Faulty != 0 {
		t.Fatal(file, err)
	}
	list, err := os.Open(filepath.Join(dir, "members.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	at := 0
	for lines := bufio.NewScanner(list); lines.Scan(); at++ {
		var want struct {
			MemberID     string `json:"member_id"`
			SubscriberID string `json:"subscriber_id"`
			Rel, DOB     string
			Family       string
			Street, Plan string
			Effective    string
			Term         string
		}
		err = json.Unmarshal(lines.Bytes(), &want)
		if err != nil {
			t.Fatal(err)
		}
		if at >= len(members) {
			continue
		}
		m := members[at]
		got := []string{
			m.Identifier("17"), m.SubscriberID, m.Relationship, string(m.Birth), m.Name.Last, m.Home.Lines[0],
			m.Coverages[0].Plan, string(m.Coverages[0].Begin), string(m.Coverages[0].End),
		}
		effective, _ := x12.ParseDate(want.Effective)
		term, _ := x12.ParseDate(want.Term)
		expect := []string{
			want.MemberID, want.SubscriberID, want.Rel, want.DOB, strings.ToUpper(want.Family), want.Street,
			want.Plan, string(effective), string(term),
		}
		if !reflect.DeepEqual(got, expect) {
			t.Errorf("member %d: got %v, want %v", at+1, got, expect)
		}
	}
	if at != len(members) || at == 0 {
		t.Errorf("the file holds %d members, the list %d", len(members), at)
	}
}

// member wraps segments of one member's loop into a sound file, one segment a
// line. INS stands on line 6.
func member(segments ...string) []byte {
	return enrollment(append([]string{"INS*Y*18*021**A***FT"}, segments...)...)
}

func enrollment(segments ...string) []byte {
	all := append([]string{"ST*834*0001*005010X220A1", "BGN*00*1*20260101*0800****2", "N1*P5**FI*1"}, segments...)
	return envelope("BE", "005010X220A1", all...)
}

func envelope(group, guide string, segments ...string) []byte {
	var b bytes.Buffer
	b.WriteString("ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*0800*^*00501*000000011*0*T*:~\n")
	b.WriteString("GS*" + group + "*S*R*20260101*0800*1*X*" + guide + "~\n")
	for _, s := range segments {
		b.WriteString(s + "~\n")
	}
	b.WriteString("SE*" + itoa(len(segments)+1) + "*0001~\nGE*1*1~\nIEA*1*000000011~\n")
	return b.Bytes()
}

const named = "NM1*IL*1*DOE*JANE****34*000000001"

func TestRowProblems(t *testing.T) {
	cases := []struct {
		name     string
		segments []string // behind INS on line 6
		want     []x12.RowError
	}{
		{"sound", []string{"REF*0F*A1", named, "DMG*D8*19800229*F", "HD*021**HLT*P", "DTP*348*D8*20260101", "DTP*349*D8*20260101"}, nil},
		{"without birth date", []string{"REF*0F*A1", named}, nil},
		{"no such day", []string{"REF*0F*A1", named, "DMG*D8*19810229*F"}, []x12.RowError{{Code: x12.CodeDate, Line: 9, Tag: "DMG", Element: 2}}},
		{"year nought", []string{"REF*0F*A1", named, "DMG*D8*00010101*F"}, []x12.RowError{{Code: x12.CodeDate, Line: 9, Tag: "DMG", Element: 2}}},
		{"date without format", []string{"REF*0F*A1", named, "DMG**19800101"}, []x12.RowError{{Code: x12.CodeMissingElement, Line: 9, Tag: "DMG", Element: 1}}},
		{"wrong format", []string{"REF*0F*A1", "DTP*356*RD8*20260101-20260102", named}, []x12.RowError{{Code: x12.CodeInvalid, Line: 8, Tag: "DTP", Element: 2}}},
		{"coverage ends before it begins", []string{"REF*0F*A1", named, "HD*021**HLT*P", "DTP*349*D8*20251231", "DTP*348*D8*20260101"},
			[]x12.RowError{{Code: x12.CodeDateOrder, Line: 10, Tag: "DTP", Element: 3}}},
		{"eligibility ends before it begins", []string{"REF*0F*A1", "DTP*356*D8*20260101", "DTP*357*D8*20250101", named},
			[]x12.RowError{{Code: x12.CodeDateOrder, Line: 9, Tag: "DTP", Element: 3}}},
		{"no identifier", []string{"NM1*IL*1*DOE*JANE"}, []x12.RowError{{Code: x12.CodeMissingID, Line: 6, Tag: "REF"}}},
		{"no name", []string{"REF*0F*A1"}, []x12.RowError{{Code: x12.CodeMissingSegment, Line: 6, Tag: "NM1"}}},
		{"two names", []string{"REF*0F*A1", named, "NM1*IL*1*ROE*JANE"}, []x12.RowError{{Code: x12.CodeOrder, Line: 9, Tag: "NM1"}}},
		{"late identifier", []string{"REF*0F*A1", named, "REF*17*A100"}, []x12.RowError{{Code: x12.CodeOrder, Line: 9, Tag: "REF"}}},
		{"provider without coverage", []string{"REF*0F*A1", named, "NM1*P3*1*BROWN"}, []x12.RowError{{Code: x12.CodeOrder, Line: 9, Tag: "NM1"}}},
		{"foreign segment", []string{"REF*0F*A1", named, "CLM*1*100"}, []x12.RowError{{Code: x12.CodeOrder, Line: 9}}},
		{"data cut off by a terminator", []string{"REF*0F*A1", "NM1*IL*1*O", "LEE*JANE"}, []x12.RowError{{Code: x12.CodeOrder, Line: 9}}},
		{"two subscriber numbers", []string{"REF*0F*A1", "REF*0F*A2", named}, []x12.RowError{{Code: x12.CodeRepeated, Line: 8, Tag: "REF", Element: 2}}},
		{"the same number twice", []string{"REF*0F*A1", "REF*0F*A1", named}, nil},
		{"torn name", []string{"REF*0F*A1", "NM1*IL*1*DOE:ROE*JANE"}, []x12.RowError{{Code: x12.CodeInvalid, Line: 8, Tag: "NM1", Element: 3}}},
		{"several at once", []string{"REF*0F", "NM1*IL*1**JANE*****1", "HD***"}, []x12.RowError{
			{Code: x12.CodeMissingElement, Line: 7, Tag: "REF", Element: 2},
			{Code: x12.CodeMissingElement, Line: 8, Tag: "NM1", Element: 8},
			{Code: x12.CodeMissingElement, Line: 8, Tag: "NM1", Element: 3},
			{Code: x12.CodeMissingElement, Line: 9, Tag: "HD", Element: 1},
			{Code: x12.CodeMissingElement, Line: 9, Tag: "HD", Element: 3}}},
		{"change of nobody", []string{"REF*0F*A1", named, "HD*021**HLT", "LX*1", "NM1*P3*1*B", "LX*2", "PLA*2*1P*20260101"},
			[]x12.RowError{{Code: x12.CodeOrder, Line: 13, Tag: "PLA"}}},
		{"report range backwards", []string{"REF*0F*A1", named, "LS*2700", "LX*1", "N1*75*X", "DTP*007*RD8*20260102-20260101", "LE*2700"},
			[]x12.RowError{{Code: x12.CodeDateOrder, Line: 12, Tag: "DTP", Element: 3}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			// A sound member behind the faulty one must be read all the same.
			rest := append(c.segments, "INS*N*19*021**A", "REF*0F*A1", named)
			members, file, err := read834(member(rest...), x12.Options834{})
			if err != nil || len(members) != 2 || len(members[1].Problems) != 0 {
				t.Fatal(len(members), err)
			}
			got := members[0].Problems
			if len(got) != len(c.want) || (file.Faulty > 0) != (len(c.want) > 0) {
				t.Fatalf("got %v", got)
			}
			for i, p := range got {
				if p.Text == "" || p.Segment != p.Line {
					t.Errorf("no text or wrong segment: %+v", p)
				}
				p.Text, p.Segment = "", 0
				if p != c.want[i] {
					t.Errorf("got %+v, want %+v", p, c.want[i])
				}
			}
		})
	}
}

func TestINSFaults(t *testing.T) {
	data := enrollment("INS*X*18*021", "REF*0F*A1", named, "INS**18*021", "REF*0F*A1", named, "INS*Y", "REF*0F*A1", named)
	members, _, err := read834(data, x12.Options834{})
	if err != nil || len(members) != 3 {
		t.Fatal(err)
	}
	for i, want := range []int{1, 1, 2} {
		if len(members[i].Problems) != want {
			t.Errorf("member %d: %v", i, members[i].Problems)
		}
	}
}
