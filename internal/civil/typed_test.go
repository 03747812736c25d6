package civil_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hsconnect/internal/civil"
)

func TestParseTyped(t *testing.T) {
	today := day(2026, 11, 23)
	nov27 := day(2026, 11, 27)
	tests := []struct {
		text string
		want civil.Date
	}{
		{"11/27/2026", nov27}, {"11-27-26", nov27}, {"1127", nov27}, {"112726", nov27}, {"11272026", nov27},
		{"20261127", nov27}, {"Nov 27", nov27}, {"27 Nov 2026", nov27}, {"2026-11-27", nov27}, {"2026/11/27", nov27},
		{"11.27.2026", nov27}, {" 11 / 27 / 2026 ", nov27}, {"11 27 26", nov27}, {"11/27", nov27},
		{"NOVEMBER 27, 2026", nov27}, {"27nov2026", nov27}, {"27-Nov-26", nov27}, {"nov27", nov27}, {"2026 Nov 27", nov27},
		{"Nov. 27th, 2026", nov27}, {"Fri, Nov 27, 2026", nov27}, {"friday 11/27", nov27}, {"27th Nov", nov27},
		{"11–27–2026", nov27}, {"\u200e11/27/2026\u200f", nov27}, {"11/27/2026\u00a0", nov27}, {"2026‑11‑27", nov27},
		{"today", today}, {"T", today}, {"t+4", nov27}, {"t + 4", nov27}, {"t-1", day(2026, 11, 22)},
		{"Tomorrow", day(2026, 11, 24)}, {"yesterday", day(2026, 11, 22)}, {"t+365", day(2027, 11, 23)},
		{"1/2/2027", day(2027, 1, 2)}, {"1/2", day(2027, 1, 2)}, {"0102", day(2027, 1, 2)},
		{"sept 3", day(2026, 9, 3)}, {"may 1 26", day(2026, 5, 1)}, {"5/23", day(2027, 5, 23)}, {"5/25", day(2026, 5, 25)},
		{"2/29/2028", day(2028, 2, 29)}, {"1/1/76", day(1976, 1, 1)}, {"1/1/75", day(2075, 1, 1)},
		{"1/1/1900", day(1900, 1, 1)}, {"12/31/2199", day(2199, 12, 31)}, {"21991231", day(2199, 12, 31)},
	}
	for _, tt := range tests {
		got, err := civil.ParseTyped(tt.text, today)
		if err != nil || got != tt.want {
			t.Errorf("%q: %v %v, want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestParseTypedRefuses(t *testing.T) {
	today := day(2026, 11, 23)
	tests := []struct {
		text string
		want error
	}{
		{"", civil.ErrTyped}, {"   ", civil.ErrTyped}, {"//", civil.ErrTyped}, {"soon", civil.ErrTyped},
		{"27", civil.ErrTyped}, {"127", civil.ErrTyped}, {"1234567", civil.ErrTyped}, {"123456789", civil.ErrTyped},
		{"Nov 2026", civil.ErrTyped}, {"Nov", civil.ErrTyped}, {"no 27", civil.ErrTyped}, {"Nov Nov 27", civil.ErrTyped},
		{"11/27/2026 9:00", civil.ErrTyped}, {"1/2/3/4", civil.ErrTyped}, {"2026-11", civil.ErrTyped},
		{"27/11/2026", civil.ErrMonthFirst}, {"27/11", civil.ErrMonthFirst}, {"2026-27-11", civil.ErrMonthFirst},
		{"13/13/2026", civil.ErrNoMonth}, {"0/5/2026", civil.ErrNoMonth}, {"00/00", civil.ErrNoMonth}, {"99/9/26", civil.ErrNoMonth},
		{"11/31/2026", civil.ErrNoDay}, {"2/29/2026", civil.ErrNoDay}, {"2/30", civil.ErrNoDay}, {"Feb 0", civil.ErrNoDay},
		{"11/27/202", civil.ErrTypedYear}, {"11/27/6", civil.ErrTypedYear}, {"11/27/0026", civil.ErrTypedYear},
		{"11/27/2200", civil.ErrTypedYear}, {"11/27/1899", civil.ErrTypedYear}, {"11/27/20266", civil.ErrTypedYear},
		{"Mon, Nov 27, 2026", civil.ErrWeekday}, {"sat 11/27", civil.ErrWeekday},
		{"2/29", civil.ErrNeedsYear}, // next in 2028
		{"t+", civil.ErrTyped}, {"t+9999", civil.ErrTyped}, {"t*3", civil.ErrTyped},
		{"<b>11/27/2026</b>", civil.ErrTyped}, {"١١/٢٧/٢٠٢٦", civil.ErrTyped}, {"11/27/2026 🎂", civil.ErrTyped},
		{"11\x0027\x002026", civil.ErrTyped}, {"\xff\xfe", civil.ErrTyped}, {strings.Repeat("1", 4000), civil.ErrTyped},
		{strings.Repeat(" ", 70) + "11/27/2026", civil.ErrTyped},
	}
	for _, tt := range tests {
		got, err := civil.ParseTyped(tt.text, today)
		if !errors.Is(err, tt.want) || !got.IsZero() {
			t.Errorf("%q: %v %v, want %v", tt.text, got, err, tt.want)
		}
	}
}

// Around New Year the missing year is the one an office means.
func TestParseTypedNearestYear(t *testing.T) {
	tests := []struct {
		text  string
		today civil.Date
		want  civil.Date
	}{
		{"12/30", day(2027, 1, 4), day(2026, 12, 30)},
		{"1/4", day(2026, 12, 30), day(2027, 1, 4)},
		{"2/29", day(2028, 1, 15), day(2028, 2, 29)},
		{"2/29", day(2027, 12, 1), day(2028, 2, 29)},
		{"2/29", day(2028, 8, 1), day(2028, 2, 29)},
		{"7/2", day(2027, 1, 1), day(2027, 7, 2)},
		{"7/3", day(2027, 1, 1), day(2026, 7, 3)},
		{"3/1", day(2027, 8, 31), day(2028, 3, 1)}, // 183 days either way
	}
	for _, tt := range tests {
		got, err := civil.ParseTyped(tt.text, tt.today)
		if err != nil || got != tt.want {
			t.Errorf("%q on %v: %v %v, want %v", tt.text, tt.today, got, err, tt.want)
		}
	}
}

func TestParseBirth(t *testing.T) {
	today := day(2026, 11, 23)
	tests := []struct {
		text string
		want civil.Date
		err  error
	}{
		{"11/27/1945", day(1945, 11, 27), nil}, {"112745", day(1945, 11, 27), nil}, {"11-27-45", day(1945, 11, 27), nil},
		{"1945-11-27", day(1945, 11, 27), nil}, {"27 Nov 1945", day(1945, 11, 27), nil}, {"11271945", day(1945, 11, 27), nil},
		{"11/23/26", today, nil}, {"11/24/26", day(1926, 11, 24), nil}, {"1/1/00", day(2000, 1, 1), nil},
		{"2/29/28", day(1928, 2, 29), nil}, {"2/29/00", day(2000, 2, 29), nil}, {"11/23/2026", today, nil},
		{"11/24/1896", day(1896, 11, 24), nil}, {"12/31/1895", day(1895, 12, 31), nil},
		{"11/24/2026", civil.Date{}, civil.ErrBirthFuture}, {"1/1/2045", civil.Date{}, civil.ErrBirthFuture},
		{"11/22/1895", civil.Date{}, civil.ErrBirthAge}, {"1/1/0045", civil.Date{}, civil.ErrBirthAge},
		{"11/27", civil.Date{}, civil.ErrNeedsYear}, {"1127", civil.Date{}, civil.ErrNeedsYear},
		{"Nov 27", civil.Date{}, civil.ErrNeedsYear},
		{"2/29/01", civil.Date{}, civil.ErrNoDay}, {"2/30/1945", civil.Date{}, civil.ErrNoDay},
		{"27/11/1945", civil.Date{}, civil.ErrMonthFirst}, {"1/1/0000", civil.Date{}, civil.ErrYear},
		{"today", civil.Date{}, civil.ErrTyped}, {"t-9", civil.Date{}, civil.ErrTyped}, {"", civil.Date{}, civil.ErrTyped},
	}
	for _, tt := range tests {
		got, err := civil.ParseBirth(tt.text, today)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: %v %v, want %v %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

// What a page prints may be typed, or pasted, back into it.
func TestTypedReadsWhatIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := day(1900, 1, 1)
		d := first.AddDays(rapid.IntRange(0, first.DaysUntil(day(2199, 12, 31))).Draw(t, "days"))
		today := anyDate().Draw(t, "today")
		for _, text := range []string{d.String(), d.US(), d.Long(), strings.ReplaceAll(d.US(), "/", ""), strings.ReplaceAll(d.String(), "-", "")} {
			got, err := civil.ParseTyped(text, today)
			if err != nil || got != d {
				t.Fatalf("%q: %v %v", text, got, err)
			}
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	for _, seed := range []string{
		"11/27/2026", "11-27-26", "1127", "11272026", "Nov 27", "27 Nov 2026", "2026-11-27", "t+3", "Fri, Nov 27, 2026",
		"27th nov", "2/29", "<i>", "\u202e1/2/3", "//", "99999999",
	} {
		f.Add(seed, 0)
	}
	f.Fuzz(func(t *testing.T, text string, days int) {
		today := day(2026, 11, 23).AddDays(days % 20000)
		d, err := civil.ParseTyped(text, today)
		switch {
		case err != nil && !d.IsZero():
			t.Errorf("%q: a date beside an error", text)
		case err == nil:
			if again, err := civil.Parse(d.String()); err != nil || again != d {
				t.Errorf("%q gives %v, which is no date", text, d)
			}
		}
		b, err := civil.ParseBirth(text, today)
		switch {
		case err != nil && !b.IsZero():
			t.Errorf("%q: a birth date beside an error", text)
		case err == nil && b.After(today):
			t.Errorf("%q: born in the future on %v", text, b)
		}
	})
}
