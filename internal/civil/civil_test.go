package civil_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/civil"
)

func day(y int, m time.Month, d int) civil.Date { return civil.Date{Y: y, M: m, D: d} }

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want civil.Date
		err  error
	}{
		{"2026-11-27", day(2026, 11, 27), nil},
		{"2024-02-29", day(2024, 2, 29), nil},
		{"2000-02-29", day(2000, 2, 29), nil},
		{"0001-01-01", day(1, 1, 1), nil},
		{"9999-12-31", day(9999, 12, 31), nil},
		{"1900-02-29", civil.Date{}, civil.ErrNoDay},
		{"2026-02-29", civil.Date{}, civil.ErrNoDay},
		{"2026-11-31", civil.Date{}, civil.ErrNoDay},
		{"2026-11-00", civil.Date{}, civil.ErrNoDay},
		{"2026-13-01", civil.Date{}, civil.ErrNoMonth},
		{"2026-00-01", civil.Date{}, civil.ErrNoMonth},
		{"0000-01-01", civil.Date{}, civil.ErrYear},
		{"", civil.Date{}, civil.ErrISO},
		{"2026-1-01", civil.Date{}, civil.ErrISO},
		{"20261127", civil.Date{}, civil.ErrISO},
		{"2026-11-27T00:00", civil.Date{}, civil.ErrISO},
		{" 2026-11-27", civil.Date{}, civil.ErrISO},
		{"-026-11-27", civil.Date{}, civil.ErrISO},
		{"2026-+1-27", civil.Date{}, civil.ErrISO},
		{"٢٠٢٦-11-27", civil.Date{}, civil.ErrISO},
	}
	for _, tt := range tests {
		got, err := civil.Parse(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: %v %v, want %v %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestForms(t *testing.T) {
	d := day(2026, 11, 7)
	for got, want := range map[string]string{
		d.String(): "2026-11-07", d.US(): "11/07/2026", d.Long(): "Sat, Nov 7, 2026",
		civil.Date{}.String(): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if (civil.Date{}).US() != "" || (civil.Date{}).Long() != "" {
		t.Error("the zero date prints something")
	}
	if !(civil.Date{}).IsZero() || d.IsZero() {
		t.Error("IsZero")
	}
	if d.Weekday() != time.Saturday {
		t.Error(d.Weekday())
	}
}

func TestArithmetic(t *testing.T) {
	tests := []struct {
		from civil.Date
		days int
		want civil.Date
	}{
		{day(2026, 11, 27), 0, day(2026, 11, 27)},
		{day(2026, 11, 27), 7, day(2026, 12, 4)},
		{day(2026, 12, 31), 1, day(2027, 1, 1)},
		{day(2024, 2, 28), 1, day(2024, 2, 29)},
		{day(2026, 2, 28), 1, day(2026, 3, 1)},
		{day(2027, 1, 1), -1, day(2026, 12, 31)},
		{day(2024, 2, 29), 365, day(2025, 2, 28)},
	}
	for _, tt := range tests {
		if got := tt.from.AddDays(tt.days); got != tt.want {
			t.Errorf("%v + %d: %v, want %v", tt.from, tt.days, got, tt.want)
		}
		if got := tt.from.DaysUntil(tt.want); got != tt.days {
			t.Errorf("from %v until %v: %d, want %d", tt.from, tt.want, got, tt.days)
		}
	}
}

func TestAge(t *testing.T) {
	tests := []struct {
		born, on civil.Date
		want     int
	}{
		{day(1960, 11, 23), day(2026, 11, 23), 66},
		{day(1960, 11, 24), day(2026, 11, 23), 65},
		{day(1960, 12, 1), day(2026, 11, 23), 65},
		{day(2004, 2, 29), day(2026, 2, 28), 21},
		{day(2004, 2, 29), day(2026, 3, 1), 22},
		{day(2004, 2, 29), day(2028, 2, 29), 24},
	}
	for _, tt := range tests {
		if got := tt.born.Age(tt.on); got != tt.want {
			t.Errorf("born %v on %v: %d, want %d", tt.born, tt.on, got, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	at := time.Date(2026, 11, 24, 4, 30, 0, 0, time.UTC) // 23:30 the evening before in New York
	if got := civil.Of(at, zone(t, "America/New_York")); got != day(2026, 11, 23) {
		t.Error(got)
	}
	if got := civil.Of(at, time.UTC); got != day(2026, 11, 24) {
		t.Error(got)
	}
}

// Clocks that move at midnight, beside the ordinary ones that move at two.
func TestInAtChanges(t *testing.T) {
	tests := []struct {
		name string
		zone string
		d    civil.Date
		want string
	}{
		{"ordinary", "America/New_York", day(2026, 11, 27), "2026-11-27T00:00:00-05:00"},
		{"spring", "America/New_York", day(2026, 3, 8), "2026-03-08T00:00:00-05:00"},
		{"day after spring", "America/New_York", day(2026, 3, 9), "2026-03-09T00:00:00-04:00"},
		{"autumn", "America/Chicago", day(2026, 11, 1), "2026-11-01T00:00:00-05:00"},
		{"midnight skipped", "America/Sao_Paulo", day(2018, 11, 4), "2018-11-04T01:00:00-02:00"},
		{"midnight skipped", "America/Havana", day(2026, 3, 8), "2026-03-08T01:00:00-04:00"},
		{"midnight twice", "America/Havana", day(2026, 11, 1), "2026-11-01T00:00:00-04:00"},
		{"midnight twice, east of Greenwich", "Asia/Amman", day(2021, 10, 29), "2021-10-29T00:00:00+03:00"},
		{"never changes", "UTC", day(2026, 11, 1), "2026-11-01T00:00:00Z"},
		{"half hours", "Asia/Kolkata", day(2026, 11, 1), "2026-11-01T00:00:00+05:30"},
	}
	for _, tt := range tests {
		if got := tt.d.In(zone(t, tt.zone)).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s, %s %v: %s, want %s", tt.name, tt.zone, tt.d, got, tt.want)
		}
	}
}

func anyDate() *rapid.Generator[civil.Date] {
	return rapid.Custom(func(t *rapid.T) civil.Date {
		return day(1, 1, 1).AddDays(rapid.IntRange(0, 3652058).Draw(t, "days"))
	})
}

func TestRoundTrips(t *testing.T) {
	zones := []*time.Location{
		time.UTC, zone(t, "America/New_York"), zone(t, "America/Havana"), zone(t, "America/Sao_Paulo"),
		zone(t, "America/Phoenix"), zone(t, "Pacific/Honolulu"), zone(t, "Africa/Cairo"),
	}
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate().Draw(t, "date")
		if got, err := civil.Parse(d.String()); err != nil || got != d {
			t.Fatalf("%v reads back as %v, %v", d, got, err)
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back civil.Date
		if err := json.Unmarshal(b, &back); err != nil || back != d {
			t.Fatalf("%s reads back as %v, %v", b, back, err)
		}
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		start := d.In(loc)
		if civil.Of(start, loc) != d {
			t.Fatalf("the start of %v in %v is on %v", d, loc, civil.Of(start, loc))
		}
		if civil.Of(start.Add(-time.Nanosecond), loc) == d {
			t.Fatalf("%v in %v starts before its start", d, loc)
		}
	})
}

func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := anyDate().Draw(t, "date"), rapid.IntRange(-100000, 100000).Draw(t, "days")
		o := d.AddDays(n)
		if d.DaysUntil(o) != n {
			t.Fatalf("%v until %v: %d", d, o, d.DaysUntil(o))
		}
		if d.Before(o) != (n > 0) || d.After(o) != (n < 0) || (d.Compare(o) == 0) != (n == 0) {
			t.Fatalf("order of %v and %v", d, o)
		}
	})
}

func TestTextOfZero(t *testing.T) {
	b, err := json.Marshal(struct{ To civil.Date }{})
	if err != nil || string(b) != `{"To":""}` {
		t.Fatal(string(b), err)
	}
	got := struct{ To civil.Date }{To: day(2026, 1, 1)}
	if err := json.Unmarshal(b, &got); err != nil || !got.To.IsZero() {
		t.Fatal(got, err)
	}
	if err := json.Unmarshal([]byte(`{"To":"2026-02-30"}`), &got); !errors.Is(err, civil.ErrNoDay) {
		t.Fatal(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"2026-11-27", "2026-02-30", "", "0000-00-00", "20261127"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := civil.Parse(text)
		if err != nil {
			if !d.IsZero() {
				t.Errorf("a date beside an error: %v", d)
			}
			return
		}
		if d.String() != text {
			t.Errorf("%q reads as %v", text, d)
		}
	})
}
