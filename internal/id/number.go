package id

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Number is an authorization number in the one shape that is stored, printed
// and sent: "A26-482913075-6". A letter, the year of receipt, nine random
// digits, and a check digit over all eleven digits before it. The digits are
// random, so a number tells nothing of how many came before it.
type Number string

const (
	numberDigits = 12 // two of the year, nine random, one to check
	maxTyped     = 64 // bytes; longer is not a number with some spaces in it
)

// ErrNumberShape and ErrNumberCheck are the two ways to mistype a number.
// Both texts may be shown.
var (
	ErrNumberShape = errors.New("an authorization number looks like A26-482913075-6: the letter A and twelve digits")
	ErrNumberCheck = errors.New("the check digit does not fit: one digit is wrong or two are swapped. Compare the number with the receipt")
)

// NewNumber makes the number of a request received at now; the year is the
// one of now's own location. Two calls in a year give the same number once in
// a thousand million pairs: the caller keeps a unique index and calls again.
func NewNumber(now time.Time) Number {
	return Number(newShape('A', now))
}

// newShape draws the digits after a letter, and adds the check digit.
func newShape(letter byte, now time.Time) string {
	digits := fmt.Sprintf("%02d%09d", now.Year()%100, nineDigits())
	return shape(letter, digits+string(checkDigit(digits)))
}

// ParseNumber takes a number as somebody typed or pasted it: any case, with
// or without hyphens and spaces. The error is ErrNumberShape or
// ErrNumberCheck.
func ParseNumber(typed string) (Number, error) {
	digits, fits := bareDigits('A', typed)
	if !fits {
		return "", ErrNumberShape
	}
	if !checked(digits) {
		return "", ErrNumberCheck
	}
	return Number(shape('A', digits)), nil
}

// bareDigits takes the twelve digits after a letter out of what was typed.
func bareDigits(letter byte, typed string) (digits string, ok bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	bare := strings.Map(func(r rune) rune {
		// Mail programs turn hyphens into dashes and add invisible marks.
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, typed)
	if len(bare) != 1+numberDigits || (bare[0] != letter && bare[0] != letter+('a'-'A')) {
		return "", false
	}
	digits = bare[1:]
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
	}
	return digits, true
}

// checked reports whether the last of twelve digits fits the others.
func checked(digits string) bool {
	return checkDigit(digits[:numberDigits-1]) == digits[numberDigits-1]
}

func shape(letter byte, digits string) string {
	return string(letter) + digits[:2] + "-" + digits[2:11] + "-" + digits[11:]
}

// nineDigits draws evenly from 0 to 999,999,999: thirty bits, drawn again
// when they lie above, which happens one time in fifteen.
func nineDigits() uint32 {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // has no error to give
		n := binary.BigEndian.Uint32(b[:]) & (1<<30 - 1)
		if n < 1_000_000_000 {
			return n
		}
	}
}

// checkDigit is Damm's: it steps through a quasigroup of order ten in which
// no two neighbours may be exchanged and zero stands on the diagonal, so
// every single wrong digit and every swap of two neighbours changes the end.
func checkDigit(digits string) byte {
	const table = "" +
		"0317598642" +
		"7092154863" +
		"4206871359" +
		"1750983426" +
		"6123045978" +
		"3674209581" +
		"5869720134" +
		"8945362017" +
		"9438617205" +
		"2581436790"
	state := byte('0')
	for i := range len(digits) {
		state = table[10*int(state-'0')+int(digits[i]-'0')]
	}
	return state
}
