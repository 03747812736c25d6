package coverage_test

import (
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

const ann = "M1,,,Lee,Ann,,,1990-05-05,,,,,,,,MA01,G1,2025-01-01,,\n"

func plansFile(t testing.TB, s *coverage.Service, text string) coverage.PlanReport {
	t.Helper()
	rep, err := s.ImportPlanFile(t.Context(), importer(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

const benefitHead = "plan_code,plan_name,contract,service,wording,copay,coinsurance,service_type,authorization,authorization_note,deductible,family_deductible,out_of_pocket,family_out_of_pocket\n"

const benefits = benefitHead +
	"MA01,Gold,H1,,,,,,,,500,1000,6700,\n" +
	"MA01,,,Specialist visit,,35,,S98,no,,,,,\n" +
	"MA01,,,Imaging,after the deductible,,20,S4,Maybe,MRI and CT only,500,,,\n" +
	"MA01,,,Transplant,,,,S70,yes,,,,,\n"

func TestBenefitsByServiceType(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, ann)
		for range 2 {
			rep := plansFile(t, s, benefits)
			if rep.RefusedTotal > 0 || rep.Copays != 3 {
				t.Fatalf("%+v", rep)
			}
		}
		got, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil {
			t.Fatal(err)
		}
		want := []coverage.Copay{
			{Service: "Specialist visit", Cents: 3500, Code: "S98", Needed: coverage.NeededNo},
			{Service: "Imaging", Text: "after the deductible", Percent: 20, Code: "S4", Needed: coverage.NeededMaybe, NeededNote: "MRI and CT only"},
			{Service: "Transplant", Unpriced: true, Code: "S70", Needed: coverage.NeededYes},
		}
		if !slices.Equal(got.Copays, want) {
			t.Errorf("got %+v", got.Copays)
		}
		limits := []coverage.Limit{{Kind: coverage.Deductible, Cents: 50000}, {Kind: coverage.FamilyDeductible, Cents: 100000}, {Kind: coverage.OutOfPocket, Cents: 670000}}
		if !slices.Equal(got.Plan.Limits, limits) || len(got.Spent) != 3 || got.Spent[0] != (coverage.Spent{Kind: coverage.Deductible, Of: 50000}) {
			t.Errorf("limits %+v, spent %+v", got.Plan.Limits, got.Spent)
		}
	})
}

func TestBenefitsThatMakeNoSense(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		for row, want := range map[string]string{
			"MA01,Gold,,Visit,,1,,,perhaps,,,,,\n":                             "authorization: write yes, no or maybe",
			"MA01,Gold,,Visit,,1,,,,only MRI,,,,\n":                            "authorization: is missing beside its note",
			"MA01,Gold,,Visit,,,,S98,,,,,,\n":                                  "copay: write either",
			"MA01,Gold,,,,,,S98,,,,,,\n":                                       "service: is missing",
			"MA01,Gold,,Visit,,1,,toolongacode,,,,,,\n":                        "service_type:",
			"MA01,Gold,,,,,,,,,abc,,,\n":                                       "deductible: write dollars",
			"MA01,Gold,,A,,1,,,,,500,,,\nMA01,Gold,,B,,1,,,,,501,,,\n":         "deductible: an earlier row",
			"MA01,Gold,,A,,1,,,,,,,,\nMA01,Gold,,a,,2,,,,,,,,\n":               "service: the plan has a row for this service",
			"MA01,Gold,,,,,,,,,,,,\nMA01,Gold,,A,,1,,,,,,,,\n":                 "service: is missing. Only a plan without copays",
			"MA01,Gold,,Visit,,1,2,,yes,,,,,\n":                                "copay: write either",
			"MA01,Gold,,Visit,,1,,S98,yes,\"a note\nof two lines\",,,,\n":      "authorization_note: contains a control character",
			"MA01,Gold,,Visit,,,,S98,yes," + strings.Repeat("x", 201) + ",,,,": "authorization_note: is longer",
		} {
			rep := plansFile(t, s, benefitHead+row)
			if rep.RefusedTotal != 1 || !strings.HasPrefix(rep.Refused[0].Reason, want) {
				t.Errorf("%q: %+v", row, rep)
			}
		}
	})
}

const spentHead = "member_number,plan_code,year,kind,amount,as_of\n"

func TestWhatIsUsedOfDeductibles(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, ann)
		plansFile(t, s, benefits)
		spend := func(rows string) coverage.StatementReport {
			t.Helper()
			rep, err := s.ImportSpent(t.Context(), importer(), file(spentHead+rows))
			if err != nil {
				t.Fatal(err)
			}
			return rep
		}
		first := "m-1,MA01,2026,deductible,300,2026-10-31\nM1,MA01,2026,Out of pocket,1250.50,2026-10-31\nM1,MA01,2025,deductible,500,2025-12-31\n"
		if rep := spend(first); rep.Changed != 3 || rep.RefusedTotal > 0 {
			t.Fatalf("%+v", rep)
		}
		if rep := spend(first); rep.Changed != 0 || rep.Same != 3 {
			t.Errorf("the same file again: %+v", rep)
		}
		if rep := spend("M1,MA01,2026,deductible,200,2026-09-30\n"); rep.Changed != 0 || rep.Older != 1 {
			t.Errorf("an older file: %+v", rep)
		}
		see := func() []coverage.Spent {
			t.Helper()
			got, err := byNumber(t, s, clerk("A"), "M1", "")
			if err != nil {
				t.Fatal(err)
			}
			return got.Spent
		}
		want := []coverage.Spent{
			{Kind: coverage.Deductible, Cents: 30000, Of: 50000, AsOf: day(t, "2026-10-31"), Known: true},
			{Kind: coverage.FamilyDeductible, Of: 100000},
			{Kind: coverage.OutOfPocket, Cents: 125050, Of: 670000, AsOf: day(t, "2026-10-31"), Known: true},
		}
		if got := see(); !slices.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
		if rep := spend("M1,MA01,2026,deductible,500,2026-11-22\n"); rep.Changed != 1 {
			t.Errorf("a newer file: %+v", rep)
		}
		for rows, reason := range map[string]string{
			"M9,MA01,2026,deductible,1,2026-10-31\n":                                         "line 2: member_number: no such member",
			"M1,MA09,2026,deductible,1,2026-10-31\n":                                         "line 2: plan_code: no such plan",
			"M1,MA01,26,deductible,1,2026-10-31\n":                                           "line 2: year:",
			"M1,MA01,2026,copays,1,2026-10-31\n":                                             "line 2: kind:",
			"M1,MA01,2026,deductible,-1,2026-10-31\n":                                        "line 2: amount:",
			"M1,MA01,2026,deductible,1,2026-11-24\n":                                         "line 2: as_of: is in the future",
			"M1,MA01,2026,deductible,1,2026-02-30\n":                                         "line 2: as_of:",
			"M1,MA01,2026,deductible,1,2025-12-31\n":                                         "line 2: as_of: is before",
			"M1,MA01,2026,deductible,1\n":                                                    "line 2: has another number of cells",
			"M1,MA01,2026,deductible,1,2026-11-23\nM1,MA01,2026,deductible,2,2026-11-23\n":   "line 3: an earlier row gives another amount",
			"M1,MA01,2026,deductible,400,2026-11-23\nM2,MA01,2026,deductible,2,2026-11-23\n": "line 3: member_number: no such member",
			"": "the file: it names its columns and holds no row",
			"M1,MA01,2026,deductible,\"1,2026-11-23\n": "line 2: a quotation mark",
			strings.Repeat("M1,MA01,2026,deductible,400,2026-11-23\n", 250) + "M9,MA01,2026,deductible,1,2026-10-31\n": "line 252: member_number",
		} {
			rep := spend(rows)
			if rep.RefusedTotal != 1 || rep.Changed > 0 {
				t.Errorf("%.60q: %+v", rows, rep)
				continue
			}
			if got := rep.Refused[0].Where + ": " + rep.Refused[0].Reason; !strings.HasPrefix(got, reason) {
				t.Errorf("%.60q: %s", rows, got)
			}
		}
		if got := see(); got[0].Cents != 50000 || got[0].AsOf != day(t, "2026-11-22") {
			t.Errorf("a refused file changed something: %+v", got)
		}
		_, err := s.ImportSpent(t.Context(), clerk("A"), file(spentHead))
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk loads: %v", err)
		}
	})
}

const otherHead = "member_number,payer,policy_kind,pays,from,to\n"

func TestOtherCoverage(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, ann)
		say := func(rows string) coverage.StatementReport {
			t.Helper()
			rep, err := s.ImportOther(t.Context(), importer(), file(otherHead+rows))
			if err != nil {
				t.Fatal(err)
			}
			return rep
		}
		see := func(on string) []coverage.OtherCoverage {
			t.Helper()
			got, err := byNumber(t, s, clerk("A"), "M1", on)
			if err != nil {
				t.Fatal(err)
			}
			return got.Other
		}
		if rep := say("M1,Mill & Söhne Health,employer,primary,2026-01-01,\nM1,Vision Co,vision,secondary,,2026-06-30\n"); rep.Changed != 1 {
			t.Fatalf("%+v", rep)
		}
		mill := coverage.OtherCoverage{Payer: "Mill & Söhne Health", Kind: "employer", Pays: coverage.PaysFirst, From: day(t, "2026-01-01")}
		vision := coverage.OtherCoverage{Payer: "Vision Co", Kind: "vision", Pays: coverage.PaysSecond, To: day(t, "2026-06-30")}
		if got := see("2026-06-30"); !slices.Equal(got, []coverage.OtherCoverage{mill, vision}) {
			t.Errorf("got %+v", got)
		}
		if got := see("2025-12-31"); !slices.Equal(got, []coverage.OtherCoverage{vision}) {
			t.Errorf("before: %+v", got)
		}
		clock.Advance(1)
		if rep := say("M1,mill & sohne HEALTH,Employer,unknown,,\n"); rep.Changed != 1 || len(see("")) != 1 {
			t.Errorf("another spelling is another statement of the same: %+v", rep)
		}
		if rep := say("M1,Mill & Söhne Health,employer,primary,,2026-10-31\n"); rep.Changed != 1 || len(see("")) != 0 || len(see("2026-10-31")) != 1 {
			t.Errorf("an end: %+v", rep)
		}
		if rep := say("M1,,,,,\n"); rep.Changed != 1 || len(see("2026-06-30")) != 0 {
			t.Errorf("none: %+v", rep)
		}
		if rep := say("M1,,,,,\n"); rep.Changed != 0 || rep.Same != 1 {
			t.Errorf("none again: %+v", rep)
		}
		for row, want := range map[string]string{
			"M9,Mill,,primary,,\n":                       "member_number: no such",
			"M1,,,primary,,\n":                           "payer: is missing",
			"M1,---,,primary,,\n":                        "payer: has no letter",
			"M1,Mill,,first,,\n":                         "pays: write",
			"M1,Mill,,primary,2026-02-01,2026-01-31\n":   "to: the other insurance ends",
			"M1,Mill,,primary,2026-02-30,\n":             "from:",
			"M1,Mill," + strings.Repeat("k", 61) + ",,,": "policy_kind:",
		} {
			rep := say(row)
			if rep.RefusedTotal != 1 || !strings.HasPrefix(rep.Refused[0].Reason, want) {
				t.Errorf("%q: %+v", row, rep)
			}
		}
	})
}

// A role that may not be shown a fact gets none of it: the sheet of the
// privacy officer names the member and nothing of coverage.
func TestFactsThatAreNotAllowedAreEmpty(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, strings.Replace(ann, ",,\n", ",,1234567893\n", 1))
		plansFile(t, s, benefits)
		_, err := s.ImportOther(t.Context(), importer(), file(otherHead+"M1,Mill,employer,primary,,\n"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || len(found.Other) != 1 || len(found.PCPs) != 1 || len(found.Known) != 1 {
			t.Fatalf("%d %d %d %v", len(found.Other), len(found.PCPs), len(found.Known), err)
		}
		got, err := s.Sheet(t.Context(), privacy(), found.Member.ID, coverage.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Covered || got.Span != (coverage.Span{}) || got.Plan.Name != "" || got.Known != nil || got.PCPs != nil || got.Copays != nil || got.Spent != nil ||
			got.Other != nil || got.Notices != nil || got.Last != nil || !got.Panel.IsZero() {
			t.Errorf("%v", got.Fields)
		}
	})
}
