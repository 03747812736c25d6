package x12

import "time"

// Date is a civil day written YYYY-MM-DD, or empty for none. Dates compare as
// text.
type Date string

// earliestYear refuses the zero dates some systems write for "unknown".
const earliestYear = 1800

// ParseDate reads a day written CCYYMMDD. It says false for anything that is
// not a day of the calendar from the year 1800 on.
func ParseDate(s string) (Date, bool) {
	if !validDate(s) {
		return "", false
	}
	return Date(s[:4] + "-" + s[4:6] + "-" + s[6:]), true
}

func validDate(s string) bool {
	if len(s) != 8 || !digits(s) {
		return false
	}
	year, month, day := number(s[:4]), number(s[4:6]), number(s[6:])
	if year < earliestYear || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// validTime takes HHMM, HHMMSS and one or two digits of a second's fraction.
func validTime(s string) bool {
	if len(s) < 4 || len(s) == 5 || len(s) > 8 || !digits(s) {
		return false
	}
	return number(s[:2]) < 24 && number(s[2:4]) < 60 && (len(s) < 6 || number(s[4:6]) < 60)
}

// number reads digits that were checked before.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
