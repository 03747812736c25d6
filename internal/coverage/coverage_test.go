package coverage_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
)

func actor(name string, side access.Side, org string, roles ...access.Role) access.Actor {
	return access.Actor{Person: id.Person(name), Username: name, Name: name, Side: side, Org: id.Organization(org), OrgName: org, Roles: roles, Door: access.DoorWeb}
}

func clerk(org string) access.Actor { return actor("clerk-"+org, access.Office, org, access.Requester) }
func nurse() access.Actor           { return actor("nurse", access.Plan, "", access.Nurse) }
func privacy() access.Actor         { return actor("privacy", access.Plan, "", access.PrivacyOfficer) }
func importer() access.Actor        { return access.OperatorActor("ops") }

func day(t testing.TB, text string) civil.Date {
	t.Helper()
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func service(d *db.DB) *coverage.Service {
	zone := time.FixedZone("plan", -5*3600)
	return coverage.New(coverage.Deps{DB: d, Log: slog.New(slog.DiscardHandler), Zone: zone})
}

func file(text string) coverage.Source {
	return coverage.Source{Name: "test.csv", Size: int64(len(text)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

const head = "member_number,subscriber_number,relationship,last,first,middle,suffix,birth,gender,street,city,state,zip,phone,language,plan,group,from,to,pcp_npi\n"

// load imports a CSV file of which nothing may be refused.
func load(t testing.TB, s *coverage.Service, rows string) coverage.Report {
	t.Helper()
	rep, err := s.Import(t.Context(), importer(), file(head+rows), coverage.CSV, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rep.RefusedTotal > 0 {
		t.Fatalf("refused: %v", rep.Refused)
	}
	return rep
}

func ledger(t testing.TB, d *db.DB, who access.Actor) []disclosure.Row {
	t.Helper()
	var out []disclosure.Row
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = disclosure.OfPerson(tx, privacy(), who.Person, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// byNumber looks up by member ID: the plan with nothing else, an office with
// the birth date and as one that sees the patient.
func byNumber(t testing.TB, s *coverage.Service, who access.Actor, number, on string) (coverage.Sheet, error) {
	t.Helper()
	q := coverage.Query{Key: member.Key{Number: number}, On: day(t, on), Purpose: access.Treatment, Visit: seen(s)}
	if who.Side == access.Office {
		births := map[string]string{"M2": "1980-05-05", "F1": "1970-01-01", "F1-02": "2005-01-01", "F1-03": "2005-01-01", "F1-04": "2026-01-01"}
		born, other := births[number]
		if !other {
			born = "1990-05-05"
		}
		q.Key.Birth = day(t, born)
	}
	return s.LookUp(t.Context(), who, q)
}

// seen states that the member is being seen today.
func seen(s *coverage.Service) *member.Visit {
	return &member.Visit{On: civil.Of(s.DB.Now(), s.Zone), Stated: true}
}

const pcpNPI = code.NPI("1234567893")

func directory(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		err := provider.PutOrganization(tx, importer(), provider.Organization{ID: "org", Name: "Elm Clinic", TIN: "123456789", NPI: "1245319599", Kind: provider.OfficeKind, InNetwork: true})
		if err != nil {
			return err
		}
		return provider.PutPractitioner(tx, importer(), provider.Practitioner{NPI: pcpNPI, First: "Pat", Last: "Care", Org: "org", InNetwork: true})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLookUpShowsTheSheet(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		directory(t, d)
		err := s.ImportPlans(t.Context(), importer(), []coverage.Plan{{Code: "MA01", Name: "Gold Advantage", Contract: "H0001",
			Copays: []coverage.Copay{{Service: "primary care", Cents: 1500}, {Service: "specialist", Percent: 20, Text: "after deductible"}}}})
		if err != nil {
			t.Fatal(err)
		}
		load(t, s, "M-1,S-1,child,Lee,Ann,,,1990-05-05,f,1 Elm St,Ocala,FL,34462,555,en,MA01,G1,2025-01-01,,1234567893\n")
		got, err := s.LookUp(t.Context(), clerk("A"), coverage.Query{Key: member.Key{Last: "LEE", Birth: day(t, "1990-05-05")}, Visit: seen(s)})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Covered || got.Plan.Name != "Gold Advantage" || len(got.Copays) != 2 || got.Copays[0].Cents != 1500 || got.Copays[1].Percent != 20 ||
			got.PCP.Name != "Pat Care" || got.PCP.OrgName != "Elm Clinic" || got.Span.Group != "G1" || got.Span.From != day(t, "2025-01-01") || !got.Span.To.IsZero() {
			t.Errorf("got covered=%v %q %v %q %+v", got.Covered, got.Plan.Name, got.Copays, got.PCP.Name, got.Span)
		}
		if got.On != day(t, "2026-11-23") || got.LookedAt.IsZero() || got.Last != nil || got.Next != nil {
			t.Errorf("on %v, looked at %v", got.On, got.LookedAt)
		}
		if got.Member.Name() != "Ann Lee" || got.Member.Street != "" || !slices.Equal(got.Fields, []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded}) {
			t.Error("an office sees other facts than its own")
		}
		rows := ledger(t, d, clerk("A"))
		if len(rows) != 1 || rows[0].ID != got.Disclosure || rows[0].Outcome != disclosure.Shown || rows[0].Key != "name and birth date" ||
			rows[0].Member != got.Member.ID || !slices.Contains(rows[0].Fields, access.FieldCopays) || rows[0].Purpose != access.Treatment {
			t.Errorf("the ledger says %+v", rows)
		}
		plan, err := byNumber(t, s, nurse(), "m1", "")
		if err != nil || plan.Member.Street != "1 Elm St" || plan.Member.Gender != "female" {
			t.Errorf("a nurse: %v", err)
		}
		_, err = byNumber(t, s, actor("help", access.Plan, "", access.HelpDesk), "m1", "")
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("the help desk: %v", err)
		}
	})
}

func TestNotCovered(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2024-01-01,2024-12-31,\nM1,,,Lee,Ann,,,1990-05-05,,,,,,,,P2,,2025-03-01,2026-06-30,\n"+
			"M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P3,,2026-11-30,,\n"+
			"M2,,,Roe,Bob,,,1980-05-05,,,,,,,,P1,,2026-11-24,,1245319599\n")
		got, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || got.Covered || got.Last == nil || got.Last.Plan != "" || got.Last.To != day(t, "2026-06-30") || got.Next == nil || got.Next.Plan != "" || got.Plan.Code != "" {
			t.Errorf("between two spans: %+v %v", got.Span, err)
		}
		for on, want := range map[string]string{"2026-06-30": "P2", "2026-07-01": "", "2026-11-29": "", "2026-11-30": "P3", "2025-11-23": "P2"} {
			got, err := byNumber(t, s, clerk("A"), "M1", on)
			if err != nil || got.Covered != (want != "") || got.Span.Plan != want || got.Plan.Name != want {
				t.Errorf("%s: %v %q %v", on, got.Covered, got.Span.Plan, err)
			}
		}
		got, err = byNumber(t, s, clerk("A"), "M2", "")
		if err != nil || got.Covered || got.Last != nil || got.Next == nil || got.PCP.NPI != "" || len(got.PCPs) != 1 ||
			got.PCPs[0].NPI != "1245319599" || got.PCPs[0].Name != "" || got.PCPs[0].From != day(t, "2026-11-24") {
			t.Errorf("not covered yet, PCP not in the directory: %+v %v", got.PCPs, err)
		}
	})
}

// TestWindow holds the days that may be asked for: K-23, CORE 154.
func TestWindow(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		cases := []struct {
			now      string
			on       string
			ok       bool
			sentence string
		}{
			{"2026-11-23T20:00:00Z", "2025-11-23", true, ""},
			{"2026-11-23T20:00:00Z", "2025-11-22", false, "11/23/2025"},
			{"2026-11-23T20:00:00Z", "2026-11-30", true, ""},
			{"2026-11-23T20:00:00Z", "2026-12-01", false, "11/30/2026"},
			{"2026-12-01T04:59:59Z", "2026-12-01", false, "11/30/2026"}, // still November where the plan is
			{"2026-12-01T05:00:00Z", "2026-12-31", true, ""},
			{"2026-12-31T20:00:00Z", "2027-01-01", false, "12/31/2026"},
			{"2028-02-29T20:00:00Z", "2027-02-28", true, ""},
			{"2028-02-29T20:00:00Z", "2027-02-27", false, "02/28/2027"},
			{"2028-02-10T20:00:00Z", "2028-02-29", true, ""},
		}
		for _, c := range cases {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			clock.Set(now)
			_, err = byNumber(t, s, clerk("A"), "nobody", c.on)
			if c.ok {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s on %s: %v", c.now, c.on, err)
				}
				continue
			}
			p := fault.Problems(err)
			if len(p) != 1 || p[0].Path != "on" || !strings.Contains(p[0].Text, c.sentence) {
				t.Errorf("%s on %s: %v", c.now, c.on, err)
			}
		}
	})
}

func TestWhatWasNotFoundIsWrittenDown(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n")
		found, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = byNumber(t, s, clerk("B"), "M2", "")
		if !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		_, other := s.Sheet(t.Context(), clerk("B"), found.Member.ID, coverage.Ask{})
		_, none := s.Sheet(t.Context(), clerk("B"), "00000000000000000000000000", coverage.Ask{})
		if !fault.Is(other, fault.NotFound) || other.Error() != none.Error() {
			t.Errorf("another office's member answers %v, none answers %v", other, none)
		}
		rows := ledger(t, d, clerk("B"))
		var outcomes []disclosure.Outcome
		for _, r := range rows {
			outcomes = append(outcomes, r.Outcome)
			if (r.Outcome == disclosure.Refused) != (r.Member == found.Member.ID) || r.Member != "" && r.Outcome != disclosure.Refused || len(r.Fields) != 0 {
				t.Errorf("a fruitless look: %+v", r)
			}
		}
		slices.Sort(outcomes)
		if !slices.Equal(outcomes, []disclosure.Outcome{disclosure.NotFound, disclosure.NotFound, disclosure.Refused}) {
			t.Errorf("the ledger says %v", outcomes)
		}
		own, err := s.Sheet(t.Context(), clerk("A"), found.Member.ID, coverage.Ask{On: day(t, "2026-01-01")})
		if err != nil || !own.Covered || own.Disclosure == "" || own.Disclosure == found.Disclosure {
			t.Errorf("the office's own member: %v", err)
		}
		before := len(ledger(t, d, clerk("A")))
		_, err = s.LookUp(t.Context(), clerk("A"), coverage.Query{Key: member.Key{Last: "Lee"}})
		if !fault.Is(err, fault.Invalid) || len(ledger(t, d, clerk("A"))) != before {
			t.Errorf("half a key: %v", err)
		}
	})
}

func TestOnReadsWhatIsKnown(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,,\n")
		sheet, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,P1,,2025-01-01,2026-10-31,\n")
		err = d.View(t.Context(), func(tx *db.Tx) error {
			span, ok, err := coverage.On(tx, sheet.Member.ID, day(t, "2026-10-31"))
			if err != nil || !ok || span.To != day(t, "2026-10-31") || !span.KnownAt.Equal(clock.Now()) {
				t.Errorf("the newer statement: %+v %v %v", span, ok, err)
			}
			_, ok, err = coverage.On(tx, sheet.Member.ID, day(t, "2026-11-01"))
			if err != nil || ok {
				t.Errorf("after the end: %v %v", ok, err)
			}
			var closed int64
			err = tx.Row("select closed_us from coverage_span where id = $1", string(sheet.Span.ID)).Scan(&closed)
			if err != nil || !db.Time(closed).Equal(clock.Now()) {
				t.Errorf("the older statement is not kept as closed: %v %v", closed, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestImportPlans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		for name, plans := range map[string][]coverage.Plan{
			"none":    nil,
			"no code": {{Name: "x"}},
			"twice":   {{Code: "A"}, {Code: "A"}},
			"control": {{Code: "A", Name: "a\x00b"}},
			"share":   {{Code: "A", Copays: []coverage.Copay{{Service: "x", Percent: 101}}}},
			"unnamed": {{Code: "A", Copays: []coverage.Copay{{Percent: 1}}}},
		} {
			if err := s.ImportPlans(t.Context(), importer(), plans); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.ImportPlans(t.Context(), clerk("A"), []coverage.Plan{{Code: "A"}}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk loads plans: %v", err)
		}
		load(t, s, "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,A,,2025-01-01,,\n")
		for _, name := range []string{"One <b>", "Two"} {
			err := s.ImportPlans(t.Context(), importer(), []coverage.Plan{{Code: "A", Name: name, Copays: []coverage.Copay{{Service: "visit", Cents: 1}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		sheet, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || sheet.Plan.Name != "Two" || len(sheet.Copays) != 1 {
			t.Errorf("%+v %v", sheet.Plan, err)
		}
	})
}

func TestNothingPlantedIsPrinted(t *testing.T) {
	m := member.Member{ID: "plantedid", Number: "planted1", Last: "planted2", Birth: civil.Date{Y: 1961, M: 7, D: 13}}
	sheet := coverage.Sheet{Member: m, Plan: coverage.Plan{Name: "planted3"}, Span: coverage.Span{Plan: "planted4"}}
	row := coverage.Enrollment{Number: "planted5", Last: "planted6"}
	query := coverage.Query{Key: member.Key{Number: "planted7", Birth: m.Birth}}
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		log.Info("seen", "sheet", sheet, "row", row, "query", query, "span", sheet.Span)
	}
	for _, v := range []any{sheet, query, row} {
		fmt.Fprintf(&out, "%v %+v %#v\n", v, v, v)
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	for _, secret := range []string{"planted", "1961"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is printed: %s", secret, out.String())
		}
	}
}

func entries(t testing.TB, d *db.DB) []record.Entry {
	t.Helper()
	var out []record.Entry
	err := d.View(t.Context(), func(tx *db.Tx) error {
		subjects, err := importIDs(tx)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			e, err := record.Entries(tx, "import/"+s)
			if err != nil {
				return err
			}
			out = append(out, e...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
