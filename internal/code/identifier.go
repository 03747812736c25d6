package code

import (
	"errors"
	"strings"
	"unicode"
)

// NPI is a National Provider Identifier: ten digits, the first 1 or 2, the
// last a check digit (T-10; 45 CFR 162.406).
type NPI string

// TIN is a taxpayer number: nine digits without hyphens. It may be a
// person's social security number, so it is shown to its own office only.
type TIN string

// What is wrong with an identifier.
var (
	ErrNPIShape = errors.New("an NPI has ten digits and starts with 1 or 2")
	ErrNPICheck = errors.New("the check digit of this NPI does not fit: one digit is wrong or two are swapped. Compare it with the NPI registry")
	ErrTIN      = errors.New("a tax ID has nine digits, such as 12-3456789")
)

// maxTyped bounds, in bytes, what is looked at as a typed code.
const maxTyped = 64

// ParseNPI reads a typed NPI; spaces and hyphens are forgiven. The error is
// ErrNPIShape or ErrNPICheck.
func ParseNPI(text string) (NPI, error) {
	digits := strings.ReplaceAll(bare(text), "-", "")
	if len(digits) != 10 || !all(digits, isDigit) || (digits[0] != '1' && digits[0] != '2') {
		return "", ErrNPIShape
	}
	if !luhn("80840" + digits) {
		return "", ErrNPICheck
	}
	return NPI(digits), nil
}

// ParseTIN reads a typed tax ID with or without hyphens. The error is ErrTIN.
func ParseTIN(text string) (TIN, error) {
	digits := strings.ReplaceAll(bare(text), "-", "")
	if len(digits) != 9 || !all(digits, isDigit) || strings.Count(digits, digits[:1]) == len(digits) {
		return "", ErrTIN
	}
	return TIN(digits), nil
}

// Hyphened gives the printed form of an employer's number, 12-3456789.
func (t TIN) Hyphened() string {
	if len(t) != 9 {
		return string(t)
	}
	return string(t[:2] + "-" + t[2:])
}

// luhn reports whether the last digit is the check digit of those before it:
// counted from the right, every second digit is doubled, the digits of the
// doubles are added up with the rest, and the sum ends in zero.
func luhn(digits string) bool {
	sum := 0
	double := false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// bare makes a typed code comparable: upper case, without blanks and the
// invisible marks of pasted text, and with plain hyphens. A text too long
// for any code becomes empty, which no parser takes.
func bare(text string) string {
	if len(text) > maxTyped {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Pd, r):
			return '-'
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, text)
}

func all(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
