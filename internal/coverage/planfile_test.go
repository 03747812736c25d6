package coverage_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

const planHead = "plan_code,plan_name,contract,service,wording,copay,coinsurance\n"

func TestAFileOfPlans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,MA 01,,2025-01-01,,\n")
		for _, file := range []string{
			planHead + "MA 01,Old,H1,Gone,,1,\n",
			"\ufeffService,PLAN_CODE,plan_name,copay,coinsurance,wording,contract\r\n" +
				"Primary care visit, MA  01 ,Señor & Söhne <b>,0,,,H0001\r\n" +
				"Hospital,B,Bronze,$99999.99,,,\r\n" +
				"Specialist visit,MA 01,,12.50,,\"First, call us\",\r\n",
		} {
			rep, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(file))
			if err != nil || rep.RefusedTotal > 0 {
				t.Fatalf("%+v, %v", rep, err)
			}
		}
		rep, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(planHead+"MA 01,Señor & Söhne <b>,H0001,Primary care visit,,0,\nB,Bronze,,,,,\n"+
			"MA 01,,,Specialist visit,\"First, call us\",12.50,\nMA 01,Señor & Söhne <b>,H0001,Equipment,,,20%\n"))
		if err != nil || rep.Rows != 4 || rep.Plans != 2 || rep.Copays != 3 {
			t.Fatalf("%+v, %v", rep, err)
		}
		sheet, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || sheet.Plan.Name != "Señor & Söhne <b>" || sheet.Plan.Contract != "H0001" {
			t.Fatalf("%+v, %v", sheet.Plan, err)
		}
		want := []coverage.Copay{{Service: "Primary care visit"}, {Service: "Specialist visit", Text: "First, call us", Cents: 1250}, {Service: "Equipment", Percent: 20}}
		if !slices.Equal(sheet.Copays, want) {
			t.Fatalf("%+v", sheet.Copays)
		}
		rep, err = s.ImportPlanFile(t.Context(), importer(), strings.NewReader(planHead+"MA 01,New,,Visit,,1,\nMA 01,,,Visit,,2,\n"))
		if err != nil || rep.RefusedTotal != 1 {
			t.Fatalf("%+v, %v", rep, err)
		}
		again, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || again.Plan.Name != sheet.Plan.Name || !slices.Equal(again.Copays, want) {
			t.Fatalf("a refused file changed the plan: %+v, %v", again.Plan, err)
		}
		_, err = s.ImportPlanFile(t.Context(), clerk("A"), strings.NewReader(planHead+"C,C,,,,,\n"))
		if !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a clerk loads plans: %v", err)
		}
	})
}

func TestRowsOfPlansThatAreRefused(t *testing.T) {
	s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
	for _, c := range []struct{ rows, where, reason string }{
		{",Gold,,Visit,,1,\n", "line 2", "plan_code: is missing"},
		{"MÄ,Gold,,Visit,,1,\n", "line 2", "plan_code: has up to 50"},
		{"A,,,Visit,,1,\n", "line 2", "plan_name: is missing"},
		{"A,Gold,,Visit,,1,\nA,Silver,,Other,,1,\n", "line 3", "plan_name: an earlier row"},
		{"A,Gold,H1,Visit,,1,\nA,,H2,Other,,1,\n", "line 3", "contract: an earlier row"},
		{"A,Gold,,Visit,,1,\nA,,H2,Other,,1,\n", "line 3", "contract: an earlier row"},
		{"A,Gold,,,,1,\n", "line 2", "service: is missing"},
		{"A,Gold,,,note,,\n", "line 2", "service: is missing"},
		{"A,Gold,,Visit,,1,\nA,,,VISIT,,2,\n", "line 3", "service: the plan has"},
		{"A,Gold,,,,,\nA,,,Visit,,2,\n", "line 3", "service: is missing. Only"},
		{"A,Gold,,Visit,,2,\nA,,,,,,\n", "line 3", "service: is missing. Only"},
		{"A,Gold,,Visit,,,\n", "line 2", "copay: write either"},
		{"A,Gold,,Visit,,1,2\n", "line 2", "copay: write either"},
		{"A,Gold,,Visit,,-1,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,+1,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,1.5,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,1.-5,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,.50,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,100000,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,\"1,000\",\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,free,\n", "line 2", "copay: write dollars"},
		{"A,Gold,,Visit,,,101\n", "line 2", "coinsurance: write"},
		{"A,Gold,,Visit,,,0.2\n", "line 2", "coinsurance: write"},
		{"A,Gold,,Visit,,,-1%\n", "line 2", "coinsurance: write"},
		{"A,Go\x00ld,,Visit,,1,\n", "line 2", "plan_name: contains a control"},
		{"A,Gold,,Visit,\xff,1,\n", "line 2", "wording: is not UTF-8"},
		{"A,Gold,," + strings.Repeat("ä", 201) + ",,1,\n", "line 2", "service: is longer"},
		{"A,Gold,,Visit,1,\n", "line 2", "has another number of cells"},
		{"A,Gold,,\"Visit,,1,\nB", "line 2", "a quotation mark"},
		{"A,Gold,,\"" + strings.Repeat("x\n", 64<<10), "the file", "a row is longer than 64 KB"},
		{"", "the file", "it names its columns and holds no plan"},
	} {
		refused(t, s, planHead+c.rows, c.where, c.reason)
	}
	var many strings.Builder
	for i := range 101 {
		fmt.Fprintf(&many, "A,Gold,,Visit %d,,1,\n", i)
	}
	refused(t, s, planHead+many.String(), "line 102", "service: a plan has at most 100")
	for head, reason := range map[string]string{
		"":                            "The file is empty",
		"plan_code,plan_code\n":       "the first line names a column twice",
		"plan_code;plan_name\n":       "the first line names a column that is none of",
		"plan_code,plan_name,copay\n": "the first line must name",
	} {
		where := "line 1"
		if head == "" {
			where = "the file"
		}
		refused(t, s, head, where, reason)
	}
}

func refused(t *testing.T, s *coverage.Service, file, where, reason string) {
	t.Helper()
	rep, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(file))
	if err != nil || rep.RefusedTotal != 1 || len(rep.Refused) != 1 || rep.Refused[0].Where != where || !strings.HasPrefix(rep.Refused[0].Reason, reason) {
		t.Errorf("%.60q: %+v, %v; want %s: %s", file, rep, err, where, reason)
	}
}

func TestFilesOfPlansThatCannotBeRead(t *testing.T) {
	s := service(dbtest.SQLite(t, dbtest.NewClock().Now))
	row := "A,Gold,,Visit,,1,\n"
	_, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(planHead+strings.Repeat(row, coverage.MaxPlanFile/len(row)+1)))
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large: %v", err)
	}
	_, err = s.ImportPlanFile(t.Context(), importer(), io.MultiReader(strings.NewReader(planHead+row), unplugged{}))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("broken: %v", err)
	}
	rep, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(planHead+strings.Repeat(row, 2002)))
	if err != nil || rep.RefusedTotal != 2001 || len(rep.Refused) != coverage.MaxRefusals {
		t.Errorf("%d, %d, %v", rep.RefusedTotal, len(rep.Refused), err)
	}
}

type unplugged struct{}

func (unplugged) Read([]byte) (int, error) { return 0, errors.New("unplugged") }
