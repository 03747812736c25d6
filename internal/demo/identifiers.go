package demo

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/code"
)

// What is made up must never be somebody's: an NPI begins with 2, where none
// has been given out; a tax number begins with 000, which is neither an
// employer's nor a person's; area code 555 is nobody's; the ZIP codes in
// towns.txt belong to no post office; example.org is nobody's.

// npi makes an NPI with a right check digit.
func npi(d dice) code.NPI {
	for {
		first := fmt.Sprintf("2%08d", d.IntN(100_000_000))
		for check := range 10 {
			n, err := code.ParseNPI(fmt.Sprintf("%s%d", first, check))
			if err == nil {
				return n
			}
		}
	}
}

func tin(d dice) string { return fmt.Sprintf("000%06d", d.between(100_000, 999_999)) }

func phone(d dice) string { return fmt.Sprintf("555-01%d-%04d", d.IntN(10), d.IntN(10_000)) }

// plain gives a name in the letters of a username.
func plain(name string) string {
	name = strings.NewReplacer("ł", "l", "ø", "o", "ð", "d", "đ", "d", "þ", "th", "ß", "ss", "æ", "ae", "ı", "i").Replace(strings.ToLower(name))
	var out strings.Builder
	for _, r := range norm.NFD.String(name) {
		if r < unicode.MaxASCII && unicode.IsLetter(r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}
