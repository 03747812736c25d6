package claim_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
)

// tableOfClaims is the example of the documentation.
const tableOfClaims = `claim_number,office_number,member_number,birth,billing_npi,rendering_npi,status,as_of,from,charge,paid,owed,payment_number,payment_date,line,code,line_charge,line_paid,line_owed,line_adjustments
C26100007,PT-20007,H100-200-300,1951-03-09,1234567893,1245319599,partly paid,2026-01-20,2026-01-05,300.00,150.00,20.00,4410001,2026-01-22,1,E0601,180.00,150.00,20.00,CO-45:10.00 PR-2:20.00
C26100007,,,,,,,,,,,,,,2,A7030,120.00,0,0,CO-197:120.00
C26100008,,H100-200-300,1951-03-09,1234567893,,in process,2026-01-20,2026-01-05,80.00,,,,,,,,,,
`

// asNDJSON writes a table as objects.
func asNDJSON(t testing.TB, table string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, row := range rows[1:] {
		object := map[string]string{}
		for i, name := range rows[0] {
			object[name] = row[i]
		}
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	return out.String()
}

func read(t testing.TB, feed claim.Feed, text string) []claim.Statement {
	t.Helper()
	var out []claim.Statement
	err := feed(strings.NewReader(text), func(s claim.Statement) error {
		s.At = coverage.Place{}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The same claims as a table and as objects are the same statements.
func TestNDJSONReadsWhatCSVReads(t *testing.T) {
	table, objects := read(t, claim.CSV, tableOfClaims), read(t, claim.NDJSON, asNDJSON(t, tableOfClaims))
	if len(table) < 2 || !reflect.DeepEqual(table, objects) {
		t.Errorf("%d statements and %d:\n%+v\n%+v", len(table), len(objects), table, objects)
	}
}

func TestNDJSONSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{"claim_number":"A1","secret_name":"x"}`: "holds a name that is none of",
		`{"claim_number":"A1"}`:                   "lacks member_number",
		`["A1"]`:                                  "is not one JSON object",
		`{"claim_number":1}`:                      "is not one JSON object",
	} {
		got := read(t, claim.NDJSON, text+"\n")
		if len(got) != 1 || len(got[0].Problems) == 0 || !strings.Contains(got[0].Problems[0].Reason, want) || strings.Contains(got[0].Problems[0].Reason, "secret_name") {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for _, text := range []string{"", "\n\n", `{"claim_number":"` + strings.Repeat("9", 70_000) + `"}`} {
		var bad *coverage.Unreadable
		err := claim.NDJSON(strings.NewReader(text), func(claim.Statement) error { return nil })
		if !errors.As(err, &bad) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzNDJSON(f *testing.F) {
	f.Add(asNDJSON(f, tableOfClaims))
	f.Add("{}\n{\"line\":\"1\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = claim.NDJSON(strings.NewReader(text), func(claim.Statement) error { return nil })
	})
}
