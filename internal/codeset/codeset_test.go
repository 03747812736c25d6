package codeset_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/codeset"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

func operator() access.Actor { return access.OperatorActor("ops") }

func day(t testing.TB, text string) civil.Date {
	t.Helper()
	d, err := civil.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func load(t testing.TB, s *codeset.Service, rows ...string) {
	t.Helper()
	rep, err := s.Import(t.Context(), operator(), "codes.csv", strings.NewReader("system,code,display,from,to\n"+strings.Join(rows, "\n")+"\n"))
	if err != nil || len(rep.Refused) > 0 || rep.Rows != len(rows) {
		t.Fatalf("%+v %v", rep, err)
	}
}

func known(t testing.TB, d *db.DB, system code.System, c, on string) (display string, state code.State) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var err error
		display, state, err = codeset.Known(tx, system, c, day(t, on))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return display, state
}

func TestKnownOnTheDayOfService(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if text, state := known(t, d, code.ICD10CM, "M17.11", "2026-11-23"); state != code.NoTable || text != "" {
			t.Errorf("without a table: %q %v", text, state)
		}
		load(t, codeset.New(codeset.Deps{DB: d}),
			"icd-10-cm,M1711,always,,",
			"icd-10-cm,M17.12,first,2020-01-01,2021-12-31", "icd-10-cm,M17.12,second,2023-01-01,2024-12-31",
			"icd-10-cm,M17.2,to come,2027-01-01,",
			"icd-10-cm,M17.3,long,2020-01-01,", "icd-10-cm,M17.3,newer,2025-01-01,")
		for _, c := range []struct {
			code, on, display string
			state             code.State
		}{
			{"M17.11", "1999-01-01", "always", code.Known},
			{"M17.12", "2019-12-31", "first", code.NotYet},
			{"M17.12", "2020-01-01", "first", code.Known},
			{"M17.12", "2021-12-31", "first", code.Known},
			{"M17.12", "2022-06-01", "first", code.Ended},
			{"M17.12", "2024-12-31", "second", code.Known},
			{"M17.12", "2025-01-01", "second", code.Ended},
			{"M17.2", "2026-12-31", "to come", code.NotYet},
			{"M17.2", "2027-01-01", "to come", code.Known},
			{"M17.3", "2024-12-31", "long", code.Known},
			{"M17.3", "2025-01-01", "newer", code.Known},
			{"M17.9", "2026-01-01", "", code.Unknown},
		} {
			display, state := known(t, d, code.ICD10CM, c.code, c.on)
			if display != c.display || state != c.state {
				t.Errorf("%s on %s: %q %v, want %q %v", c.code, c.on, display, state, c.display, c.state)
			}
		}
		if _, state := known(t, d, code.HCPCS, "E0100", "2026-01-01"); state != code.NoTable {
			t.Errorf("a system without a table: %v", state)
		}
	})
}

// TestKnownAnswersLikeTheSet compares the table in the database with the same
// table in memory.
func TestKnownAnswersLikeTheSet(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	rapid.Check(t, func(rt *rapid.T) {
		date := rapid.Custom(func(rt *rapid.T) civil.Date {
			if rapid.IntRange(0, 3).Draw(rt, "none") == 0 {
				return civil.Date{}
			}
			return civil.Date{Y: 2026, M: 1, D: rapid.IntRange(1, 9).Draw(rt, "day")}
		})
		var rows []code.Row
		seen := map[civil.Date]bool{}
		for range rapid.IntRange(0, 4).Draw(rt, "spans") {
			r := code.Row{System: code.HCPCS, Code: "E0100", Display: rapid.StringMatching("[a-z]{3}").Draw(rt, "words"), From: date.Draw(rt, "from"), To: date.Draw(rt, "to")}
			if !seen[r.From] && (r.To.IsZero() || !r.To.Before(r.From)) {
				seen[r.From] = true
				rows = append(rows, r)
			}
		}
		rows = append(rows, code.Row{System: code.HCPCS, Code: "E0105", Display: "other"})
		err := d.Update(t.Context(), func(tx *db.Tx) error { return codeset.Replace(tx, operator(), "x", rows) })
		if err != nil {
			rt.Fatal(err)
		}
		on := civil.Date{Y: 2026, M: 1, D: rapid.IntRange(1, 9).Draw(rt, "on")}
		wantText, wantState := code.NewSet(rows).Known(code.HCPCS, "E0100", on)
		text, state := known(t, d, code.HCPCS, "E0100", on.String())
		if state != wantState || text != wantText {
			rt.Fatalf("%v on %v: %q %v, in memory %q %v", rows, on, text, state, wantText, wantState)
		}
	})
}

func TestImportReplacesASystemWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := codeset.New(codeset.Deps{DB: d})
		load(t, s, "hcpcs,E0100,cane,,", "pos,11,office,,")
		load(t, s, "hcpcs,E0105,quad cane,,")
		if _, state := known(t, d, code.HCPCS, "E0100", "2026-01-01"); state != code.Unknown {
			t.Errorf("a code that the newer table leaves out is %v", state)
		}
		if _, state := known(t, d, code.PlaceOfService, "11", "2026-01-01"); state != code.Known {
			t.Errorf("a system that the newer file does not name is %v", state)
		}
		for name, c := range map[string]struct {
			text string
			kind fault.Kind // 0: refused rows
		}{
			"empty":      {"", fault.Invalid},
			"no header":  {"hcpcs,E0100,cane,,\n", fault.Invalid},
			"no rows":    {"system,code,display,from,to\n", fault.Invalid},
			"bad code":   {"system,code,display,from,to\nhcpcs,E0110,crutch,,\nhcpcs,E01,cane,,\n", 0},
			"end before": {"system,code,display,from,to\nhcpcs,E0110,crutch,2026-01-02,2026-01-01\n", 0},
			"twice":      {"system,code,display,from,to\nhcpcs,E0110,crutch,,\nhcpcs,E0110,crutches,,\n", 0},
		} {
			rep, err := s.Import(t.Context(), operator(), name, strings.NewReader(c.text))
			if fault.KindOf(err) != c.kind || c.kind == 0 && (len(rep.Refused) != 1 || rep.Refused[0].Line < 2 || rep.Refused[0].Reason == "") {
				t.Errorf("%s: %+v %v", name, rep, err)
			}
			if _, state := known(t, d, code.HCPCS, "E0110", "2026-01-01"); state != code.Unknown {
				t.Errorf("%s: a part of the file was loaded", name)
			}
		}
		_, err := s.Import(t.Context(), operator(), "cut", io.MultiReader(strings.NewReader("system,code,display,from,to\nhcpcs,E0110,crutch,,\n"), cut{}))
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("cut: %v", err)
		}
		clerk := access.Actor{Person: "c", Username: "c", Side: access.Office, Org: "A", Roles: []access.Role{access.Requester}}
		_, err = s.Import(t.Context(), clerk, "x", strings.NewReader("system,code,display,from,to\nhcpcs,E0110,crutch,,\n"))
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk loads codes: %v", err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error { return codeset.Replace(tx, clerk, "x", nil) })
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk replaces codes: %v", err)
		}
		var entries int
		err = d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("select count(*) from record_entry where kind = 'codes.loaded'").Scan(&entries)
		})
		if err != nil || entries != 2 {
			t.Errorf("%d entries, %v", entries, err)
		}
	})
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errors.New("cut") }

func TestSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := codeset.New(codeset.Deps{DB: d})
		rows := []string{
			"icd-10-cm,M17.11,\"Arthrosis, right knee\",,", "icd-10-cm,M17.12,100% of the left Knee,,", "icd-10-cm,M1A,gone_by,2020-01-01,2021-01-01",
			"icd-10-cm,Z99,later,2030-01-01,", "hcpcs,L1810,knee brace,,",
		}
		for i := range 30 {
			rows = append(rows, "icd-10-cm,S"+string(rune('0'+i/10))+string(rune('0'+i%10))+",many <b>é</b>,,")
		}
		load(t, s, rows...)
		for text, want := range map[string][]string{
			"m17": {"M17.11", "M17.12"}, "M1711": {"M17.11"}, " knee ": {"M17.11", "M17.12"}, "KNEE": {"M17.11", "M17.12"}, "100%": {"M17.12"},
			"%": nil, "%%": nil, "__": nil, "m": nil, "": nil, "gone": nil, "later": nil, "M\x0017": nil, "\xff\xfe": nil, "É</b": {"S00"},
			strings.Repeat("k", 200): nil, "!!": nil, "'; drop": nil, "éé": nil,
		} {
			got, err := s.Search(t.Context(), code.ICD10CM, text, day(t, "2026-11-23"))
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			var codes []string
			for _, m := range got {
				codes = append(codes, m.Code)
			}
			if text == "É</b" {
				if len(codes) != 20 {
					t.Errorf("%q finds %d", text, len(codes))
				}
				continue
			}
			if !slices.Equal(codes, want) {
				t.Errorf("%q finds %v, want %v", text, codes, want)
			}
		}
	})
}
