package edi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/edi"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/shared"
)

func service(d *db.DB) *coverage.Service {
	return coverage.New(coverage.Deps{DB: d, Log: slog.New(slog.DiscardHandler), Zone: time.UTC})
}

func clerk() access.Actor {
	return access.Actor{Person: "clerk", Username: "clerk", Side: access.Office, Org: id.Organization("A"), Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
}

func source(data []byte) coverage.Source {
	return coverage.Source{Name: "file", Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func load(t testing.TB, s *coverage.Service, data []byte) coverage.Report {
	t.Helper()
	src := source(data)
	feed, err := edi.MembersFeed(src.Open)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := s.Import(t.Context(), access.OperatorActor("ops"), src, feed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// expectation says what becomes of a file on an empty database.
type expectation struct {
	added   int
	ended   int
	refused []string // place and some words of the reason
}

// published says what becomes of each public example, and why.
func published() map[string]expectation {
	const lfh, pyx, stu = "LinuxForHealth+x12__834_005010X220A1_", "azoner+pyx12__", "irobayna+stupidedi__pass_"
	return map[string]expectation{
		lfh + "add-dependent.834":                                            {added: 1},
		lfh + "enroll-employee-managed-care.834":                             {added: 1},
		pyx + "examples_example834_5010.txt":                                 {added: 1},
		pyx + "tests_834_deident_new_enroll.txt":                             {added: 1},
		pyx + "tests_834_deident_term.txt":                                   {added: 2, ended: 2},
		stu + "add-dependent-_full-time-student_-to-existing-enrollment.edi": {added: 1},

		// Changes of members that an empty database does not have, with too little to add them.
		lfh + "reinstate-employee-coverage-level.834":         {refused: []string{"segment 8 (line 8), INS: we do not have this member, and to add one the birth date"}},
		lfh + "reinstate-member-eligiblity-ins.834":           {refused: []string{"segment 8 (line 8), INS: we do not have this member, and to add one the birth date"}},
		stu + "reinstate-employee-at-coverage-_hd_-level.edi": {refused: []string{"segment 8 (line 1), INS: we do not have this member, and to add one the birth date"}},
		stu + "reinstate-member-eligibility-_ins_.edi":        {refused: []string{"segment 8 (line 1), INS: we do not have this member, and to add one the birth date"}},
		stu + "change-subscriber-information.edi":             {refused: []string{"segment 7 (line 1), INS: we do not have this member, and to add one a coverage"}},
		"cosyte+x12__golden_834.edi":                          {refused: []string{"segment 21 (line 1), INS: we do not have this member, and to add one a coverage"}},

		// A placeholder where the Medicare number stands.
		pyx + "tests_834_ls_le_ls.txt": {refused: []string{"segment 8 (line 8), INS: the Medicare number"}},
		// Dependents who are enrolled in nothing: nothing says which plan covers them.
		pyx + "tests_834_deident_family.txt": {refused: []string{
			"segment 17 (line 17), INS: this member is new, and a coverage", "segment 22 (line 22), INS: this member is new, and a coverage",
		}},
		// One member in four transactions of one file.
		pyx + "examples_multiple_st_loops.txt": {refused: []string{
			"segment 28 (line 28), INS: the same member stands at segment 8 (line 8)", "segment 48 (line 48), INS: the same member", "segment 68 (line 68), INS: the same member",
		}},
		// The only number is the social security number.
		stu + "enroll-employee-in-managed-care-product.edi": {refused: []string{"segment 7 (line 1), INS: the only number of the member"}},
		// Another guide, and a file made to be wrong.
		stu + "enroll-individuals-in-qualified-health-plan-through-health-insurance-exchange.edi": {refused: []string{"segment 2 (line 1), GS: the file follows 005010X307"}},
		"cosyte+x12__enrollment_834-edge.edi":                                                     {refused: []string{"segment 5 (line 5), DTP: the date is missing"}},

		"bad/834_bad_date.edi":           {refused: []string{"segment 11 (line 1), DTP: this is not a day"}},
		"bad/834_control_char.edi":       {refused: []string{"segment 12 (line 1), NM1: a control character"}},
		"bad/834_gs08_old_version.edi":   {refused: []string{"segment 2 (line 1), GS: the file follows another guide"}},
		"bad/834_iea01_count_wrong.edi":  {refused: []string{"segment 19 (line 1), IEA: the trailer counts"}},
		"bad/834_iea02_mismatch.edi":     {refused: []string{"segment 19 (line 1), IEA: the control number"}},
		"bad/834_isa12_version.edi":      {refused: []string{"segment 1 (line 1), ISA: ISA12"}},
		"bad/834_isa_short.edi":          {refused: []string{"segment 1 (line 1), ISA: the interchange header"}},
		"bad/834_missing_bht_or_bgn.edi": {refused: []string{"segment 4 (line 1), BGN: BGN is missing"}},
		"bad/834_se01_count_wrong.edi":   {refused: []string{"segment 17 (line 1), SE: the trailer counts"}},
		"bad/834_truncated_mid.edi":      {refused: []string{"segment 9 (line 1): the file ends"}},
	}
}

func TestPublishedFilesLoadOrSayWhyNot(t *testing.T) {
	root := shared.Dir(t, "data/x12/834")
	want := published()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".json") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		expect, listed := want[name]
		if !listed {
			t.Errorf("%s: nothing says what becomes of it", name)
		}
		delete(want, name)
		rep := load(t, service(dbtest.SQLite(t, dbtest.NewClock().Now)), data)
		if rep.Added != expect.added || rep.Ended != expect.ended || rep.RefusedTotal != len(expect.refused) || len(rep.Refused) != rep.RefusedTotal {
			t.Errorf("%s: %+v", name, rep)
			return nil
		}
		for i, r := range rep.Refused {
			if got := r.Where + ": " + r.Reason; !strings.HasPrefix(got, expect.refused[i]) {
				t.Errorf("%s: refused %q, want %q", name, got, expect.refused[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s: is gone", name)
	}
}

// TestMadeUpPlan loads the file of a thousand members and compares each with
// the list beside it.
func TestMadeUpPlan(t *testing.T) {
	dir := shared.Dir(t, "data/members")
	data, err := os.ReadFile(filepath.Join(dir, "enroll.834"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, "members.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		rep := load(t, s, data)
		if rep.Rows != 1000 || rep.Added != 1000 || rep.Ended != 60 || rep.RefusedTotal != 0 {
			t.Fatalf("%+v", rep)
		}
		n := 0
		for line := range strings.Lines(string(list)) {
			n++
			sameMember(t, s, line)
		}
		if n != 1000 {
			t.Errorf("%d members in the list", n)
		}
		if again := load(t, s, data); !again.Already {
			t.Errorf("again: %+v", again)
		}
	})
}

func sameMember(t *testing.T, s *coverage.Service, line string) {
	t.Helper()
	var want struct {
		Number     string `json:"member_id"`
		Subscriber string `json:"subscriber_id"`
		Family     string `json:"family"`
		Given      string `json:"given"`
		Birth      string `json:"dob"`
		Plan       string `json:"plan"`
		Effective  string `json:"effective"`
		Term       string `json:"term"`
	}
	err := json.Unmarshal([]byte(line), &want)
	if err != nil {
		t.Fatal(err)
	}
	born, err := civil.Parse(want.Birth)
	if err != nil {
		t.Fatal(err)
	}
	look := func(on civil.Date) coverage.Sheet {
		t.Helper()
		sheet, err := s.LookUp(t.Context(), clerk(), coverage.Query{
			Key: member.Key{Number: want.Number, Last: want.Family, First: want.Given, Birth: born}, On: on,
			Visit: &member.Visit{On: civil.Of(dbtest.Start, time.UTC), Stated: true},
		})
		if err != nil {
			t.Fatalf("%s: %v", want.Number, err)
		}
		return sheet
	}
	got := look(civil.Date{})
	span := got.Span
	if !got.Covered && got.Last != nil {
		span = look(got.Last.To).Span
	}
	compact := func(d civil.Date) string { return strings.ReplaceAll(d.String(), "-", "") }
	if got.Member.Birth.String() != want.Birth || got.Member.Subscriber != want.Subscriber || span.Plan != want.Plan ||
		compact(span.From) != want.Effective || compact(span.To) != want.Term || got.Covered != (want.Term == "") {
		t.Errorf("%s: covered %v by %q from %v to %v", want.Number, got.Covered, span.Plan, span.From, span.To)
	}
}

// file834 puts segments into an envelope with the right counts.
func file834(segments ...string) []byte {
	body := strings.Join(segments, "~\n")
	n := strings.Count(body, "\n") + 1 + 5
	return []byte("ISA*00*          *00*          *ZZ*SPONSOR        *ZZ*PLAN           *260601*1200*^*00501*000000001*0*T*:~\n" +
		"GS*BE*SPONSOR*PLAN*20260601*1200*1*X*005010X220A1~\nST*834*0001*005010X220A1~\nBGN*00*1*20260601*1200****2~\n" +
		"N1*P5*S*FI*1~\nN1*IN*P*FI*2~\n" + body + fmt.Sprintf("~\nSE*%d*0001~\nGE*1*1~\nIEA*1*000000001~\n", n))
}

func sheetOf(t *testing.T, s *coverage.Service, number, on string) coverage.Sheet {
	t.Helper()
	d, err := civil.Parse(on)
	if err != nil {
		t.Fatal(err)
	}
	nurse := access.Actor{Person: "nurse", Username: "nurse", Side: access.Plan, Roles: []access.Role{access.Nurse}}
	sheet, err := s.LookUp(t.Context(), nurse, coverage.Query{Key: member.Key{Number: number}, On: d})
	if err != nil {
		t.Fatalf("%s: %v", number, err)
	}
	return sheet
}

// TestALifeInFiles enrols, changes, ends and reinstates one member.
func TestALifeInFiles(t *testing.T) {
	dbtest.EachAt(t, dbtest.NewClock().Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		who := []string{"REF*0F*202443307", "REF*1L*G1"}
		ins := func(maintenance string, rest ...string) []byte {
			return file834(append(append([]string{"INS*Y*18*" + maintenance + "**A***FT"}, who...), rest...)...)
		}
		must := func(what string, rep coverage.Report, added, changed, ended int) {
			t.Helper()
			if rep.RefusedTotal > 0 || rep.Added != added || rep.Changed != changed || rep.Ended != ended {
				t.Errorf("%s: %+v", what, rep)
			}
		}
		must("enrolled", load(t, s, ins("021", "NM1*IL*1*SMITH*WILLIAM*Q**JR*ZZ*202443307", "PER*IP**WP*1*HP*2", "N3*1 ELM*APT 2", "N4*OCALA*FL*34462", "DMG*D8*19700614*M",
			"LUI*LE*ENG", "HD*021**HMO", "DTP*348*D8*20260101", "LX*1", "NM1*P3*1*BROWN*BERNARD****XX*1234567893", "HD*021**DEN*D1", "DTP*348*D8*20260101")), 1, 0, 0)
		sheet := sheetOf(t, s, "202443307", "2026-06-01")
		m := sheet.Member
		if !sheet.Covered || sheet.Span.Plan != "HMO" || sheet.Span.Group != "G1" || sheet.PCP.NPI != "1234567893" || m.Name() != "WILLIAM Q SMITH JR" ||
			m.Relationship != "self" || m.Phone != "2" || m.Street != "1 ELM, APT 2" || m.Language != "ENG" || m.Gender != "male" || m.Subscriber != "202443307" {
			t.Errorf("enrolled: %q %q %q %q", m.Name(), m.Phone, m.Street, sheet.Span.Plan)
		}
		must("changed", load(t, s, ins("001", "NM1*74*1*SMYTHE*WILLIAM****ZZ*202443307", "DMG*D8*19700614*M", "NM1*70*1*SMITH*WILLIAM")), 0, 1, 0)
		must("ended", load(t, s, ins("024", "DTP*357*D8*20260630", "NM1*IL*1*SMYTHE*WILLIAM****ZZ*202443307")), 0, 1, 1)
		sheet = sheetOf(t, s, "202443307", "2026-07-01")
		if sheet.Covered || sheet.Member.Last != "SMYTHE" || sheet.Last == nil || sheet.Last.To.String() != "2026-06-30" {
			t.Errorf("ended: %v %q", sheet.Covered, sheet.Member.Last)
		}
		// The public reinstatements, as they are.
		dir := shared.Dir(t, "data/x12/834")
		for _, name := range []string{"irobayna+stupidedi__pass_reinstate-member-eligibility-_ins_.edi", "irobayna+stupidedi__pass_reinstate-employee-at-coverage-_hd_-level.edi"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			must(name, load(t, s, data), 0, 1, 0)
			sheet = sheetOf(t, s, "202443307", "2026-07-01")
			if !sheet.Covered || sheet.Span.Plan != "HMO" || sheet.Span.From.String() != "2026-01-01" || !sheet.Span.To.IsZero() {
				t.Errorf("%s: covered %v %q %v", name, sheet.Covered, sheet.Span.Plan, sheet.Span.From)
			}
		}
	})
}

func TestWhatOneRowMayNotSay(t *testing.T) {
	const name, birth, hd, begin = "NM1*IL*1*DOE*JANE****ZZ*N1", "DMG*D8*19850515*F", "HD*021**HLT*P1", "DTP*348*D8*20260101"
	cases := map[string]struct {
		segments []string
		want     string
	}{
		"no identifier":      {[]string{"INS*Y*18*021**A***FT", "NM1*IL*1*DOE*JANE", birth, hd, begin}, "segment 7 (line 7), REF: nothing identifies"},
		"SSN only":           {[]string{"INS*Y*18*021**A***FT", "NM1*IL*1*DOE*JANE****34*123456789", birth, hd, begin}, "segment 7 (line 7), INS: the member identifier is missing"},
		"SSN again":          {[]string{"INS*Y*18*021**A***FT", "REF*0F*123-45-6789", "NM1*IL*1*DOE*JANE****34*123456789", birth, hd, begin}, "segment 7 (line 7), INS: the only number"},
		"birth to come":      {[]string{"INS*Y*18*021**A***FT", name, "DMG*D8*20270101*F", hd, begin}, "segment 7 (line 7), INS: the birth date is in the future"},
		"no birth":           {[]string{"INS*Y*18*021**A***FT", name, hd, begin}, "segment 7 (line 7), INS: this member is new, and the birth date"},
		"no begin":           {[]string{"INS*Y*18*021**A***FT", name, birth, hd}, "segment 10 (line 10), HD: the first day"},
		"end before start":   {[]string{"INS*Y*18*021**A***FT", name, birth, hd, begin, "DTP*349*D8*20251231"}, "segment 12 (line 12), DTP: the coverage ends before"},
		"eligibility ended":  {[]string{"INS*Y*18*021**A***FT", "DTP*357*D8*20251231", name, birth, hd, begin}, "segment 11 (line 11), HD: the coverage ends before"},
		"two plans a day":    {[]string{"INS*Y*18*021**A***FT", name, birth, hd, begin, "HD*021**HMO*P2", begin}, "segment 12 (line 12), HD: two coverages"},
		"odd plan":           {[]string{"INS*Y*18*021**A***FT", name, birth, "HD*021**HLT*<b>P1</b>", begin}, "segment 10 (line 10), HD: a plan code"},
		"odd maintenance":    {[]string{"INS*Y*18*099**A***FT", name, birth, hd, begin}, "segment 7 (line 7), INS: the maintenance type (INS03)"},
		"odd HD maintenance": {[]string{"INS*Y*18*021**A***FT", name, birth, "HD*ZZ**HLT*P1", begin}, "segment 10 (line 10), HD: the maintenance type (HD01)"},
		"no plan of her own": {[]string{"INS*Y*18*021**A***FT", name, birth, "HD*032**HLT*P1", begin}, "segment 7 (line 7), INS: this member is new, and a coverage"},
		"bad NPI":            {[]string{"INS*Y*18*021**A***FT", name, birth, hd, begin, "LX*1", "NM1*P3*1*B*B****XX*1234567890"}, "segment 7 (line 7), INS: the primary care provider"},
		"twice":              {[]string{"INS*Y*18*021**A***FT", name, birth, hd, begin, "INS*Y*18*021**A***FT", name, birth, "HD*021**HLT*P2", "DTP*348*D8*20260601"}, "segment 12 (line 12), INS: the same member stands at segment 7 (line 7)"},
		"ended, unknown":     {[]string{"INS*Y*18*024**A***FT", name, birth, "HD*024**HLT*P1", "DTP*349*D8*20260630"}, "segment 7 (line 7), INS: we do not have this member"},
	}
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	for what, c := range cases {
		rep := load(t, s, file834(c.segments...))
		if rep.RefusedTotal == 0 || !strings.HasPrefix(rep.Refused[0].Where+": "+rep.Refused[0].Reason, c.want) {
			t.Errorf("%s: %+v", what, rep)
		}
		for _, r := range rep.Refused {
			for _, secret := range []string{"DOE", "JANE", "123456789", "1985", "N1 "} {
				if strings.Contains(r.Where+r.Reason, secret) {
					t.Errorf("%s: the refusal repeats %q", what, secret)
				}
			}
		}
	}
}

func TestFormatByFirstBytes(t *testing.T) {
	s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
	good := file834("INS*Y*18*021**A***FT", "NM1*IL*1*DOE*JANE****MI*N1", "DMG*D8*19850515*F", "HD*021**HLT*P1", "DTP*348*D8*20260101")
	if rep := load(t, s, append([]byte("\ufeff"), good...)); rep.Added != 1 {
		t.Errorf("834 with a byte order mark: %+v", rep)
	}
	if rep := load(t, s, []byte("member_number,last,first,birth,plan,from\nN2,Roe,Max,1990-01-01,P1,2026-01-01\n")); rep.Added != 1 {
		t.Errorf("CSV: %+v", rep)
	}
	for name, data := range map[string][]byte{"empty": nil, "PDF": []byte("%PDF-1.7"), "short": []byte("ISA*"), "GS first": []byte("GS*BE*A*B~")} {
		if rep := load(t, s, data); rep.RefusedTotal != 1 {
			t.Errorf("%s: %+v", name, rep)
		}
	}
	_, err := edi.MembersFeed(func() (io.ReadCloser, error) { return nil, fs.ErrNotExist })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzMembers834(f *testing.F) {
	f.Add(string(file834("INS*Y*18*021**A***FT", "REF*0F*1", "NM1*IL*1*DOE*JANE****MI*N1", "DMG*D8*19850515*F", "HD*021**HLT*P1", "DTP*348*D8*20260101")))
	f.Add("ISA*")
	f.Fuzz(func(t *testing.T, text string) {
		err := edi.Members834(strings.NewReader(text), func(e coverage.Enrollment) error {
			if e.At.Segment < 4 {
				t.Errorf("a member at %v", e.At)
			}
			for _, p := range e.Problems {
				if p.Where == "" || p.Reason == "" {
					t.Errorf("a problem without place or reason: %+v", p)
				}
			}
			return nil
		})
		var bad *coverage.Unreadable
		if err != nil && (!errors.As(err, &bad) || bad.Where == "" || bad.Reason == "") {
			t.Errorf("%v", err)
		}
	})
}
