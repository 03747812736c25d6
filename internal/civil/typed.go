package civil

import (
	"errors"
	"strings"
	"time"
	"unicode"
)

// What ParseTyped and ParseBirth say beside the errors of New. Every text may
// be shown.
var (
	ErrTyped       = errors.New("write the date as month, day and year, such as 11/27/2026")
	ErrMonthFirst  = errors.New("write the month before the day, such as 11/27/2026")
	ErrNeedsYear   = errors.New("write the year too, such as 11/27/2026")
	ErrTypedYear   = errors.New("write a year from 1900 to 2199")
	ErrWeekday     = errors.New("that day of the week is not that date: check the date")
	ErrBirthFuture = errors.New("a birth date cannot be in the future")
	ErrBirthAge    = errors.New("that birth date is more than 130 years ago: check the year")
)

const (
	maxTyped    = 64  // bytes
	centuryBack = 50  // years before today's that two digits may mean; the other 49 lie after
	maxGuess    = 183 // days from today within which a missing year is guessed
	maxLifetime = 130 // years
	firstYear   = 1900
	lastYear    = 2199
)

// typed is a date as written: a year of one or two digits is not yet a year.
type typed struct {
	month, day, year int
	yearDigits       int // 0 when no year was written
	weekday          string
}

// ParseTyped reads a date as people type it into a form: 11/27/2026,
// 11-27-26, 1127, 112726, 11272026, Nov 27, 27 Nov 2026, 2026-11-27, what US
// and Long print, and today, tomorrow, yesterday, t+3. The month comes before
// the day, always. A two-digit year lies from 50 years before today's to 49
// after. A missing year is the one that puts the day nearest to today; where
// that is more than half a year away, the year must be written.
func ParseTyped(text string, today Date) (Date, error) {
	clean := tidy(text)
	if d, ok := relative(clean, today); ok {
		return d, nil
	}
	got, err := read(clean)
	if err != nil {
		return Date{}, err
	}
	switch got.yearDigits {
	case 0:
		return got.nearest(today)
	case 2:
		for got.year += today.Y - today.Y%100 - 100; got.year < today.Y-centuryBack; {
			got.year += 100
		}
	}
	if got.year < firstYear || got.year > lastYear {
		return Date{}, ErrTypedYear
	}
	return got.date()
}

// ParseBirth reads a birth date in the same forms. The year must be written;
// of two digits it is the latest year that is not in the future. A date after
// today, or more than 130 years before, is refused.
func ParseBirth(text string, today Date) (Date, error) {
	got, err := read(tidy(text))
	if err != nil {
		return Date{}, err
	}
	switch got.yearDigits {
	case 0:
		return Date{}, ErrNeedsYear
	case 2:
		return got.latest(today)
	}
	d, err := got.date()
	if err != nil {
		return Date{}, err
	}
	switch {
	case d.After(today):
		return Date{}, ErrBirthFuture
	case d.Age(today) > maxLifetime:
		return Date{}, ErrBirthAge
	}
	return d, nil
}

// latest puts a two-digit year into the last century in which the day is not
// in the future. A February 29 of a year like 1900 is refused, not moved.
func (t typed) latest(today Date) (Date, error) {
	for t.year += today.Y - today.Y%100; ; t.year -= 100 {
		d, err := t.date()
		if err != nil {
			return Date{}, err
		}
		if !d.After(today) {
			return d, nil
		}
	}
}

// nearest finds the year for a day written without one.
func (t typed) nearest(today Date) (Date, error) {
	var best Date
	distance := maxGuess + 1
	// 2024 has every day there is, so this error is about month or day alone.
	if _, err := New(2024, time.Month(t.month), t.day); err != nil {
		return Date{}, err
	}
	// On a tie the later year wins: people ask for what is to come.
	for _, y := range []int{today.Y + 1, today.Y, today.Y - 1} {
		d, err := New(y, time.Month(t.month), t.day)
		if err != nil {
			continue
		}
		if n := abs(today.DaysUntil(d)); n < distance {
			best, distance = d, n
		}
	}
	if best.IsZero() {
		return Date{}, ErrNeedsYear
	}
	t.year = best.Y
	return t.date()
}

func (t typed) date() (Date, error) {
	d, err := New(t.year, time.Month(t.month), t.day)
	if err != nil {
		return Date{}, err
	}
	if err := t.fits(d); err != nil {
		return Date{}, err
	}
	return d, nil
}

// fits compares a written weekday with the date: when they differ, one of
// the two is a slip, and guessing which would be ours.
func (t typed) fits(d Date) error {
	if t.weekday == "" || strings.HasPrefix(strings.ToLower(d.Weekday().String()), t.weekday) {
		return nil
	}
	return ErrWeekday
}

// relative reads the words of the front desk: today, t, t+3, t-1.
func relative(text string, today Date) (Date, bool) {
	switch text {
	case "today", "t":
		return today, true
	case "tomorrow":
		return today.AddDays(1), true
	case "yesterday":
		return today.AddDays(-1), true
	}
	rest, ok := strings.CutPrefix(strings.ReplaceAll(text, " ", ""), "t")
	if !ok || len(rest) < 2 || len(rest) > 4 {
		return Date{}, false
	}
	n, ok := number(rest[1:])
	switch {
	case ok && rest[0] == '+':
		return today.AddDays(n), true
	case ok && rest[0] == '-':
		return today.AddDays(-n), true
	}
	return Date{}, false
}

// tidy makes dashes hyphens and drops the invisible marks that come along
// when text is pasted.
func tidy(text string) string {
	if len(text) > maxTyped {
		return "" // read refuses it
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r):
			return '-'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, text))
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
