package factor

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Lengths in characters. Authenticators cut names at 64 bytes themselves.
const (
	longestName  = 60
	longestLabel = 60
	longestTyped = 200 // bytes of a code with whatever stands between its characters
)

// printable keeps a name to one short printable line: no control, and none of
// the invisible characters that turn the direction of what follows.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200d' || r == '\u200c':
			return r // joins emoji, and letters of some scripts
		case unicode.Is(unicode.Cf, r):
			return -1
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(text, " ")))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		runes = runes[:most]
	}
	return strings.TrimSpace(string(runes))
}

// compact takes out of a typed code what people and phones put between its
// characters, and makes wide digits plain ones.
func compact(typed string) string {
	if len(typed) > longestTyped {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Pd, r) || r == '\u2212' {
			return -1
		}
		return r
	}, norm.NFKC.String(typed))
}
