package document

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// longestName is how many characters of a name are kept, extension included.
	longestName = 120
	// longestBytes keeps a name below what file systems take.
	longestBytes = 240
	// longestExtension, in letters: what follows the last dot of "Referral Dr.
	// Adebayo" is a name.
	longestExtension = 4
)

// CleanName gives a name that can be shown, stored and saved anywhere: no
// path, no control or direction characters, nothing that a header or a shell
// would read, composed, not too long, never empty, with the extension of its
// type. Cleaning a clean name changes nothing.
func CleanName(name, media string) string {
	base, typed := splitName(cleanText(baseName(name), 4*longestName))
	ext := ".bin"
	for _, t := range types() {
		if t.media != media {
			continue
		}
		ext = t.extensions[0]
		if slices.Contains(t.extensions, strings.ToLower(typed)) {
			ext = strings.ToLower(typed)
		}
	}
	if strings.EqualFold(typed, ext) {
		typed = ""
	}
	base = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*;%$&'\`+"`", r) {
			return '_'
		}
		return r
	}, base+typed)
	base = shorten(base, longestName-len(ext), longestBytes-len(ext))
	if base == "" || reserved(base) {
		base = "document"
	}
	return base + ext
}

// shorten cuts to so many characters and bytes, and takes from both ends what
// hides a file, makes it an option or is cut off by some system.
func shorten(base string, runes, size int) string {
	const edge = " .-~"
	base = strings.Trim(base, edge)
	n := 0
	for i, r := range base {
		if n == runes || i+utf8.RuneLen(r) > size {
			base = base[:i]
			break
		}
		n++
	}
	return strings.TrimRight(base, edge)
}

// baseName cuts every path off, of either system.
func baseName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return name
}

// splitName cuts off the extension, if what follows the last dot looks like one.
func splitName(name string) (base, ext string) {
	ext = path.Ext(name)
	letters := strings.TrimPrefix(ext, ".")
	if letters == "" || len(letters) > longestExtension || !asciiLetter(letters[0]) {
		return name, ""
	}
	for i := range len(letters) {
		if c := letters[i]; !asciiLetter(c) && (c < '0' || c > '9') {
			return name, ""
		}
	}
	return strings.TrimSuffix(name, ext), ext
}

func asciiLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// reserved are names that one system keeps for its devices, whatever follows
// the first dot.
func reserved(base string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(base), ".")
	stem = strings.TrimSpace(stem)
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) {
		return true
	}
	if !strings.HasPrefix(stem, "COM") && !strings.HasPrefix(stem, "LPT") {
		return false
	}
	digit, _ := utf8.DecodeRuneInString(stem[3:])
	return utf8.RuneCountInString(stem) == 4 && strings.ContainsRune("0123456789¹²³", digit)
}

// cleanText takes out what cannot be seen, and bounds the length.
func cleanText(text string, most int) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(norm.NFC.String(text)), " ")
	if r := []rune(text); len(r) > most {
		text = strings.TrimSpace(string(r[:most]))
	}
	return text
}
