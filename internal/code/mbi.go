package code

import (
	"errors"
	"strings"
)

// MBI is a Medicare Beneficiary Identifier: the number on a Medicare card,
// eleven characters without dashes.
type MBI string

// ErrMBI says what a Medicare number looks like. It repeats nothing.
var ErrMBI = errors.New("a Medicare number has 11 characters, such as 1EG4-TE5-MK73, and none of the letters S, L, O, I, B and Z")

// shapeMBI is the format that CMS publishes for the number (Understanding the
// Medicare Beneficiary Identifier Format): c is a digit from 1 to 9, n a
// digit, a a letter, x a letter or a digit.
const shapeMBI = "caxnaxnaann"

// ParseMBI reads a Medicare number as people copy it from the card: in either
// case, with or without dashes and spaces. The number has no check digit, so
// that only its shape can be judged. The error is ErrMBI.
func ParseMBI(text string) (MBI, error) {
	number := strings.ReplaceAll(bare(text), "-", "")
	if len(number) != len(shapeMBI) {
		return "", ErrMBI
	}
	for i := range len(shapeMBI) {
		if !fitsMBI(shapeMBI[i], number[i]) {
			return "", ErrMBI
		}
	}
	return MBI(number), nil
}

func fitsMBI(want, c byte) bool {
	digit := c >= '0' && c <= '9'
	letter := c >= 'A' && c <= 'Z' && !strings.ContainsRune("SLOIBZ", rune(c))
	switch want {
	case 'c':
		return digit && c != '0'
	case 'n':
		return digit
	case 'a':
		return letter
	}
	return digit || letter
}
