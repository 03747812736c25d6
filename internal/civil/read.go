package civil

import (
	"strings"
	"time"
)

// read takes a tidied text apart. It decides what is month, day and year by
// shape alone; whether they exist is for New to say.
func read(text string) (typed, error) {
	parts, ok := split(text)
	if !ok {
		return typed{}, ErrTyped
	}
	var got typed
	var digits []string
	monthAt := -1
	for _, p := range parts {
		switch {
		case p[0] >= '0' && p[0] <= '9':
			digits = append(digits, p)
		case got.weekday == "" && len(digits) == 0 && monthAt < 0 && isWeekday(p):
			got.weekday = p
		case monthAt < 0 && monthOf(p) != 0:
			got.month = monthOf(p)
			monthAt = len(digits)
		case len(digits) > 0 && isOrdinal(p):
			// the th of 27th
		default:
			return typed{}, ErrTyped
		}
	}
	if monthAt >= 0 {
		return got.withMonthName(digits, monthAt)
	}
	if len(digits) == 1 {
		return got.packed(digits[0])
	}
	return got.numeric(digits)
}

// split cuts at separators and between letters and digits.
func split(text string) ([]string, bool) {
	var parts []string
	const none, letter, digit = 0, 1, 2
	last := none
	for _, r := range text {
		kind := none
		switch {
		case r >= '0' && r <= '9':
			kind = digit
		case r >= 'a' && r <= 'z':
			kind = letter
		case !strings.ContainsRune(" /-.,", r):
			return nil, false
		}
		switch {
		case kind == none:
		case kind == last:
			parts[len(parts)-1] += string(r)
		default:
			parts = append(parts, string(r))
		}
		last = kind
	}
	// Weekday, month, day, the th of the day, year.
	return parts, len(parts) > 0 && len(parts) <= 5
}

// withMonthName reads Nov 27, Nov 27 2026, 27 Nov, 27 Nov 2026 and
// 2026 Nov 27.
func (t typed) withMonthName(digits []string, monthAt int) (typed, error) {
	switch {
	case len(digits) == 0 || len(digits) > 2:
		return typed{}, ErrTyped
	case monthAt == 1 && len(digits) == 2 && len(digits[0]) == 4:
		digits[0], digits[1] = digits[1], digits[0]
	case monthAt == 2:
		return typed{}, ErrTyped
	}
	if len(digits[0]) > 2 {
		return typed{}, ErrTyped // Nov 2026 names no day
	}
	t.day, _ = number(digits[0])
	if len(digits) == 1 {
		return t, nil
	}
	return t.withYear(digits[1])
}

// packed reads digits without separators: 1127, 112726, 11272026, 20261127.
// Eight digits are never ambiguous: as a month, 19, 20 and 21 do not exist.
func (t typed) packed(all string) (typed, error) {
	switch len(all) {
	case 4:
		return t.numeric([]string{all[:2], all[2:]})
	case 6:
		return t.numeric([]string{all[:2], all[2:4], all[4:]})
	case 8:
		if all >= "19" && all < "22" {
			return t.numeric([]string{all[:4], all[4:6], all[6:]})
		}
		return t.numeric([]string{all[:2], all[2:4], all[4:]})
	}
	return typed{}, ErrTyped
}

// numeric reads month and day, month day and year, or year month and day.
func (t typed) numeric(digits []string) (typed, error) {
	if len(digits) == 3 && len(digits[0]) == 4 {
		digits = []string{digits[1], digits[2], digits[0]}
	}
	if len(digits) != 2 && len(digits) != 3 {
		return typed{}, ErrTyped
	}
	if len(digits[0]) > 2 || len(digits[1]) > 2 {
		return typed{}, ErrTyped
	}
	t.month, _ = number(digits[0])
	t.day, _ = number(digits[1])
	if t.month > 12 && t.month <= 31 && t.day >= 1 && t.day <= 12 {
		return typed{}, ErrMonthFirst
	}
	if len(digits) == 2 {
		return t, nil
	}
	return t.withYear(digits[2])
}

func (t typed) withYear(digits string) (typed, error) {
	if len(digits) != 2 && len(digits) != 4 {
		return typed{}, ErrTypedYear
	}
	t.year, _ = number(digits)
	t.yearDigits = len(digits)
	return t, nil
}

// monthOf gives the month whose English name starts with name, of which at
// least three letters are needed, or 0.
func monthOf(name string) int {
	if len(name) < 3 {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), name) {
			return int(m)
		}
	}
	return 0
}

func isWeekday(name string) bool {
	if len(name) < 3 {
		return false
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.HasPrefix(strings.ToLower(d.String()), name) {
			return true
		}
	}
	return false
}

func isOrdinal(name string) bool {
	return name == "st" || name == "nd" || name == "rd" || name == "th"
}
