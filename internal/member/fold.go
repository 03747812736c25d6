package member

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxFold bounds, in bytes, what is looked at as a name or a number.
const maxFold = 1000

// Fold gives a name as it is compared (K-18, name normalization): without
// case, accents, hyphens, apostrophes, spaces and a generational suffix.
// Letters of every script are kept; a text without any folds to nothing.
func Fold(name string) string {
	if len(name) > maxFold {
		return ""
	}
	return strings.Join(words(name), "")
}

// words gives the words of a name as they are compared, without a
// generational suffix at the end.
func words(name string) []string {
	out := strings.FieldsFunc(decomposed(name), func(r rune) bool { return r == ' ' })
	for len(out) > 1 && isSuffix(out[len(out)-1]) {
		out = out[:len(out)-1]
	}
	return out
}

// decomposed gives lower-case letters and digits, with a space where words
// part.
func decomposed(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(norm.NFKC.String(name))) {
		switch {
		case plain(r) != "":
			b.WriteString(plain(r))
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsSpace(r), r == ',', r == '.', r == ';', r == '/', unicode.Is(unicode.Pd, r):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// plain gives the usual spelling of letters that do not fall apart into a
// letter and a mark.
func plain(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ς':
		return "σ"
	}
	return ""
}

func isSuffix(word string) bool {
	switch word {
	case "jr", "sr", "ii", "iii", "iv":
		return true
	}
	return false
}

// FoldNumber gives a member ID as it is compared: without case, spaces and
// hyphens.
func FoldNumber(number string) string {
	if len(number) > maxFold {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFKC.String(number) {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) || unicode.IsMark(r) {
			continue
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
