// Package civil promises dates without a time or a place: birth dates, dates
// of service, spans of coverage. A Date is the same day wherever it is read;
// it meets a time zone only in Of and In. What it prints it can read.
package civil

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar, from year 1 to 9999. The zero Date
// is no date at all, as in a span without an end.
type Date struct {
	Y int
	M time.Month
	D int
}

// The ways a date cannot be read. Every text may be shown; none repeats what
// was typed, which may be a birth date.
var (
	ErrISO     = errors.New("write the date as YYYY-MM-DD, such as 2026-11-27")
	ErrNoMonth = errors.New("there is no such month: write the month first, 01 to 12")
	ErrNoDay   = errors.New("that month does not have such a day: check the day and the year")
	ErrYear    = errors.New("write a year from 0001 to 9999")
)

const isoLength = len("2006-01-02")

// New makes a Date, or says which part does not exist (ErrYear, ErrNoMonth,
// ErrNoDay).
func New(y int, m time.Month, d int) (Date, error) {
	switch {
	case y < 1 || y > 9999:
		return Date{}, ErrYear
	case m < time.January || m > time.December:
		return Date{}, ErrNoMonth
	case d < 1 || d > daysIn(y, m):
		return Date{}, ErrNoDay
	}
	return Date{Y: y, M: m, D: d}, nil
}

// Parse reads exactly YYYY-MM-DD, the form of files, machines and the
// database. The error is ErrISO, or one of New.
func Parse(text string) (Date, error) {
	if len(text) != isoLength || text[4] != '-' || text[7] != '-' {
		return Date{}, ErrISO
	}
	y, okY := number(text[:4])
	m, okM := number(text[5:7])
	d, okD := number(text[8:])
	if !okY || !okM || !okD {
		return Date{}, ErrISO
	}
	return New(y, time.Month(m), d)
}

// Of gives the day it is at t in loc.
func Of(t time.Time, loc *time.Location) Date {
	y, m, d := t.In(loc).Date()
	return Date{Y: y, M: m, D: d}
}

// In gives the first instant of the day in loc. Where clocks are moved at
// midnight that is the first of two midnights, or the first instant after
// one that was skipped.
func (d Date) In(loc *time.Location) time.Time {
	t := time.Date(d.Y, d.M, d.D, 0, 0, 0, 0, loc)
	start, end := t.ZoneBounds()
	if h, m, s := t.Clock(); Of(t, loc) != d || h+m+s != 0 {
		// Midnight was skipped, and time.Date chose one side of the gap.
		if Of(t, loc).Before(d) {
			return end
		}
		return start
	}
	if !start.IsZero() {
		_, before := start.Add(-time.Nanosecond).Zone()
		_, after := t.Zone()
		first := t.Add(time.Duration(after-before) * time.Second)
		if before > after && first.Before(start) {
			return first
		}
	}
	return t
}

// String gives YYYY-MM-DD, and nothing for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Y, d.M, d.D)
}

// US gives the form of American offices, 11/27/2026.
func (d Date) US() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d/%02d/%04d", d.M, d.D, d.Y)
}

// Long gives the day with its weekday: Fri, Nov 27, 2026.
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format("Mon, Jan 2, 2006")
}

// IsZero reports whether d is no date at all.
func (d Date) IsZero() bool { return d == Date{} }

// Compare is negative when d is before o, 0 when they are the same day, and
// positive when d is after o.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Y, o.Y), cmp.Compare(d.M, o.M), cmp.Compare(d.D, o.D))
}

// Before reports whether d is an earlier day than o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After reports whether d is a later day than o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// AddDays gives the day n days later, or earlier for a negative n.
func (d Date) AddDays(n int) Date {
	return Of(time.Date(d.Y, d.M, d.D+n, 0, 0, 0, 0, time.UTC), time.UTC)
}

// DaysUntil counts the days from d to o: 1 from today to tomorrow, negative
// when o is earlier.
func (d Date) DaysUntil(o Date) int {
	return int(o.utc().Sub(d.utc()) / (24 * time.Hour))
}

// Age gives the full years from a birth on d until on. Who is born on
// February 29 comes of age on March 1 in a common year.
func (d Date) Age(on Date) int {
	years := on.Y - d.Y
	if on.M < d.M || (on.M == d.M && on.D < d.D) {
		years--
	}
	return years
}

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// MarshalText gives what String gives, for JSON and the like.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; no text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	got, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = got
	return nil
}

func (d Date) utc() time.Time { return time.Date(d.Y, d.M, d.D, 0, 0, 0, 0, time.UTC) }

func daysIn(y int, m time.Month) int {
	// Day 0 of the next month is the last day of this one.
	return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// number reads one to eight ASCII digits.
func number(digits string) (int, bool) {
	if digits == "" || len(digits) > 8 {
		return 0, false
	}
	n := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = 10*n + int(digits[i]-'0')
	}
	return n, true
}
