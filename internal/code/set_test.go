package code_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
)

func day(y int, m time.Month, d int) civil.Date { return civil.Date{Y: y, M: m, D: d} }

func TestSetKnown(t *testing.T) {
	set := code.NewSet([]code.Row{
		{System: code.ICD10CM, Code: "E11.65", Display: "new words", From: day(2025, 10, 1)},
		{System: code.ICD10CM, Code: "E11.65", Display: "old words", To: day(2025, 9, 30)},
		{System: code.ICD10CM, Code: "A00", Display: "retired", From: day(2015, 10, 1), To: day(2026, 9, 30)},
		{System: code.ICD10CM, Code: "Z99.9", Display: "to come", From: day(2027, 10, 1)},
		{System: code.ICD10CM, Code: "B00", Display: "first life", From: day(2015, 1, 1), To: day(2016, 12, 31)},
		{System: code.ICD10CM, Code: "B00", Display: "second life", From: day(2020, 1, 1), To: day(2020, 1, 1)},
		{System: code.ICD10CM, Code: "C00", Display: "long", From: day(2015, 1, 1)},
		{System: code.ICD10CM, Code: "C00", Display: "short, inside the long one", From: day(2018, 1, 1), To: day(2018, 12, 31)},
		{System: code.ICD10CM, Code: "D00", Display: "ended last", From: day(2015, 1, 1), To: day(2020, 12, 31)},
		{System: code.ICD10CM, Code: "D00", Display: "began last, ended first", From: day(2018, 1, 1), To: day(2018, 12, 31)},
	})
	tests := []struct {
		name    string
		system  code.System
		code    string
		on      civil.Date
		display string
		state   code.State
	}{
		{"valid", code.ICD10CM, "E11.65", day(2026, 11, 23), "new words", code.Known},
		{"any writing", code.ICD10CM, "e1165", day(2026, 11, 23), "new words", code.Known},
		{"older words then", code.ICD10CM, "E11.65", day(2025, 9, 30), "old words", code.Known},
		{"first day", code.ICD10CM, "E11.65", day(2025, 10, 1), "new words", code.Known},
		{"retired 10-01 valid 09-30", code.ICD10CM, "A00", day(2026, 9, 30), "retired", code.Known},
		{"retired", code.ICD10CM, "A00", day(2026, 10, 1), "retired", code.Ended},
		{"before its time", code.ICD10CM, "A00", day(2015, 9, 30), "retired", code.NotYet},
		{"to come", code.ICD10CM, "Z99.9", day(2026, 11, 23), "to come", code.NotYet},
		{"between two lives", code.ICD10CM, "B00", day(2018, 1, 1), "first life", code.Ended},
		{"one day", code.ICD10CM, "B00", day(2020, 1, 1), "second life", code.Known},
		{"after both", code.ICD10CM, "B00", day(2021, 1, 1), "second life", code.Ended},
		{"inside", code.ICD10CM, "C00", day(2018, 6, 1), "short, inside the long one", code.Known},
		{"outlives the later span", code.ICD10CM, "C00", day(2019, 6, 1), "long", code.Known},
		{"both ended", code.ICD10CM, "D00", day(2021, 6, 1), "ended last", code.Ended},
		{"nowhere", code.ICD10CM, "X99", day(2026, 11, 23), "", code.Unknown},
		{"hostile", code.ICD10CM, strings.Repeat("x", 9000), day(2026, 11, 23), "", code.Unknown},
		{"no table", code.HCPCS, "E0601", day(2026, 11, 23), "", code.NoTable},
	}
	for _, tt := range tests {
		display, state := set.Known(tt.system, tt.code, tt.on)
		if display != tt.display || state != tt.state {
			t.Errorf("%s: %q %v, want %q %v", tt.name, display, state, tt.display, tt.state)
		}
	}
	if set.Count(code.ICD10CM) != 6 || set.Count(code.HCPCS) != 0 {
		t.Error("counts", set.Count(code.ICD10CM), set.Count(code.HCPCS))
	}
	var none code.Set
	if _, state := none.Known(code.ICD10CM, "E11.65", day(2026, 1, 1)); state != code.NoTable {
		t.Error("the zero set:", state)
	}
	for _, s := range []code.State{code.Known, code.Unknown, code.NotYet, code.Ended, code.NoTable} {
		refused := s == code.Unknown || s == code.NotYet || s == code.Ended
		if (s.Text() != "") != refused || s.String() == "invalid" {
			t.Errorf("%v: %q", s, s.Text())
		}
	}
}

// Known agrees with reading the rows one by one.
func TestSetAgreesWithRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := day(2025, 1, 1)
		var rows []code.Row
		for range rapid.IntRange(1, 6).Draw(t, "rows") {
			r := code.Row{System: code.HCPCS, Code: "E0601", Display: "x", From: base.AddDays(rapid.IntRange(0, 40).Draw(t, "from"))}
			if n := rapid.IntRange(-1, 20).Draw(t, "length"); n >= 0 {
				r.To = r.From.AddDays(n)
			}
			rows = append(rows, r)
		}
		on := base.AddDays(rapid.IntRange(-5, 70).Draw(t, "on"))
		want := code.NotYet
		for _, r := range rows {
			begun := !on.Before(r.From)
			switch over := !r.To.IsZero() && on.After(r.To); {
			case begun && !over:
				want = code.Known
			case begun && want == code.NotYet:
				want = code.Ended
			}
		}
		if _, got := code.NewSet(rows).Known(code.HCPCS, "E0601", on); got != want {
			t.Fatalf("%v on %v: %v, want %v", rows, on, got, want)
		}
	})
}

const table = "\ufeffSystem, code,display,from,to\r\n" +
	"icd-10-cm,e1165,\"Made-up text, with a comma\",2015-10-01,\r\n" +
	"HCPCS,E0601,  Breathing device  ,,2026-09-30\r\n" +
	"http://www.ama-assn.org/go/cpt,0001T,Ours,2020-01-01,2020-01-01\r\n" +
	"pos,28,Newer than our words,2027-01-01,\r\n" +
	"revenue,120,Ñandú <b>&amp; عيادة 🏥,,\r\n" +
	"taxonomy,207r00000x,Doctor,,\r\n" +
	"loinc,11506-3,Note,,\r\n" +
	"icd-10-cm,E11.65,Later words,2026-10-01,\r\n"

func TestReadTable(t *testing.T) {
	rows, refused, err := code.ReadTable(strings.NewReader(table))
	if err != nil || refused != nil || len(rows) != 8 {
		t.Fatal(rows, refused, err)
	}
	want := code.Row{System: code.ICD10CM, Code: "E11.65", Display: "Made-up text, with a comma", From: day(2015, 10, 1)}
	if rows[0] != want {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Display != "Breathing device" || rows[1].To != day(2026, 9, 30) || rows[4].Code != "0120" || rows[5].Code != "207R00000X" {
		t.Errorf("%+v", rows)
	}
	if rows[4].Display != "Ñandú <b>&amp; عيادة 🏥" {
		t.Errorf("%q", rows[4].Display)
	}
	if display, state := code.NewSet(rows).Known(code.ICD10CM, "E11.65", day(2026, 11, 1)); display != "Later words" || state != code.Known {
		t.Error(display, state)
	}
}

func TestReadTableColumnsInAnyOrder(t *testing.T) {
	rows, refused, err := code.ReadTable(strings.NewReader("to,from,display,code,system\n2026-01-02,2026-01-01,x,E0601,hcpcs\n"))
	if err != nil || refused != nil || len(rows) != 1 || rows[0].From != day(2026, 1, 1) || rows[0].To != day(2026, 1, 2) {
		t.Fatal(rows, refused, err)
	}
}

func TestReadTableRefusesRows(t *testing.T) {
	const head = "system,code,display,from,to\nicd-10-cm,I10,good,,\n"
	tests := []struct {
		row    string
		reason string // a part of it
	}{
		{"icd-9,250,x,,", "system is none"},
		{"icd-10-cm,250.00,x,,", "ICD-10-CM code"},
		{"hcpcs,12345,x,,", "other procedure system"},
		{"cpt,E0601,x,,", "other procedure system"},
		{"hcpcs,D1234,x,,", "dental"},
		{"pos,1,x,,", "two digits"},
		{"loinc,<script>,x,,", "letters, digits and hyphens"},
		{"ndc,,x,,", "letters, digits and hyphens"},
		{"hcpcs,E0601,,,", "display is missing"},
		{"hcpcs,E0601,\xff\xfe,,", "UTF-8"},
		{"hcpcs,E0601,\"a\nb\",,", "line break"},
		{"hcpcs,E0601," + strings.Repeat("é", 501) + ",,", "500 characters"},
		{"hcpcs,E0601,x,10/01/2026,", "from: write the date"},
		{"hcpcs,E0601,x,,2026-02-30", "to: that month"},
		{"hcpcs,E0601,x,2026-10-01,2026-09-30", "to is before from"},
		{"hcpcs,E0601,x,", "five columns"},
		{"hcpcs,E0601,x,y,,", "five columns"},
		{"icd-10-cm,i10,again,,", "line 2 already"},
		{"hcpcs,E0601,\"never closed,,", "quotation mark"},
		{"hcpcs,E0601,5\" wide,,", "quotation mark"},
	}
	for _, tt := range tests {
		rows, refused, err := code.ReadTable(strings.NewReader(head + tt.row + "\n"))
		if err != nil || rows != nil || len(refused) != 1 {
			t.Errorf("%q: %v %v %v", tt.row, rows, refused, err)
			continue
		}
		if refused[0].Line != 3 || !strings.Contains(refused[0].Reason, tt.reason) {
			t.Errorf("%q: %+v, want %q in line 3", tt.row, refused[0], tt.reason)
		}
	}
}

func TestReadTableRefusesFiles(t *testing.T) {
	for _, text := range []string{"", "\n\n", "system,code,display,from\n", "a,b,c,d,e\n", "system,system,display,from,to\n", "\"system", "PK\x03\x04\x00"} {
		if _, _, err := code.ReadTable(strings.NewReader(text)); !errors.Is(err, code.ErrTableHeader) {
			t.Errorf("%q: %v", text, err)
		}
	}
	rows, refused, err := code.ReadTable(strings.NewReader("system,code,display,from,to\n"))
	if err != nil || refused != nil || len(rows) != 0 {
		t.Error("a table without rows:", rows, refused, err)
	}
	broken := errors.New("the disk is gone")
	if _, _, err := code.ReadTable(failing{strings.NewReader(table), broken}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// failing gives an error where the text ends.
type failing struct {
	r   *strings.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	if f.r.Len() == 0 {
		return 0, f.err
	}
	return f.r.Read(p)
}

func TestReadTableLimits(t *testing.T) {
	size := int64(len(table))
	if _, _, err := code.ReadTableWithin(strings.NewReader(table), size, 8); err != nil {
		t.Error("just at the limits:", err)
	}
	if _, _, err := code.ReadTableWithin(strings.NewReader(table), size-1, 8); !errors.Is(err, code.ErrTableSize) {
		t.Error("a byte too many:", err)
	}
	if _, _, err := code.ReadTableWithin(strings.NewReader(table), size, 7); !errors.Is(err, code.ErrTableSize) {
		t.Error("a row too many:", err)
	}
	_, refused, err := code.ReadTable(strings.NewReader("system,code,display,from,to\n" + strings.Repeat("bad\n", 5000)))
	if err != nil || len(refused) != code.MaxRefusals {
		t.Error(len(refused), err)
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add(table)
	f.Add("system,code,display,from,to\nhcpcs,E0601,\"x\"\"y\",,\n")
	f.Add("system,code,display,from,to\nhcpcs,E0601,\"x")
	f.Fuzz(func(t *testing.T, text string) {
		rows, refused, err := code.ReadTableWithin(strings.NewReader(text), 1<<16, 100)
		if len(rows) > 0 && (len(refused) > 0 || err != nil) {
			t.Fatal("rows beside refusals: the file would be half loaded")
		}
		for _, r := range refused {
			if r.Line < 2 || r.Reason == "" {
				t.Errorf("%+v", r)
			}
		}
		set := code.NewSet(rows)
		for _, r := range rows {
			on := r.From
			if on.IsZero() {
				on = day(1, 1, 1)
			}
			if _, state := set.Known(r.System, r.Code, on); state != code.Known {
				t.Errorf("%+v is %v on its first day", r, state)
			}
		}
	})
}
