package pdf

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const replacement = '\uFFFD'

// clean makes text fit to be printed; the package comment says how.
func clean(s string) string {
	s = strings.ToValidUTF8(s, string(replacement))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(cleanRune, s)
	// The normalizer splits very long runs of combining marks with an invisible
	// joiner (U+034F); as a character of its own it would print as a sign.
	s = strings.ReplaceAll(norm.NFC.String(s), "\u034F", "")
	return strings.Trim(s, " \n")
}

func cleanRune(r rune) rune {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return '\n'
	case '\t':
		return ' '
	case '\u034F':
		return -1
	}
	switch {
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return -1
	case unicode.Is(unicode.Noncharacter_Code_Point, r):
		return replacement
	}
	return r
}

// oneLine is clean for places that have no lines, such as a title.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(clean(s), func(r rune) bool { return r == ' ' || r == '\n' }), " ")
}

// line is one line of print. When space is set a word ended here, and a space is
// written after it so that words stay apart for software that reads the file.
type line struct {
	text  string
	space bool
}

// style is how text is set: face, size and distance of baselines in points.
type style struct {
	face *face
	size float64
	lead float64
	gray float64
}

func (st style) width(s string) float64 {
	var total float64
	for _, r := range s {
		total += st.advance(r)
	}
	return total
}

func (st style) advance(r rune) float64 { return st.face.advance(r) * st.size }

// wrap sets clean text in lines no wider than limit. Lines break at spaces; a
// word wider than a whole line is broken inside. A line always takes at least
// one character, however narrow the limit.
func wrap(st style, text string, limit float64) []line {
	var out []line
	for _, hard := range strings.Split(text, "\n") {
		out = wrapHard(out, st, hard, limit)
		out[len(out)-1].space = true
	}
	out[len(out)-1].space = false
	return out
}

func wrapHard(out []line, st style, text string, limit float64) []line {
	var cur strings.Builder
	var used float64
	flush := func(space bool) {
		s := cur.String()
		if space {
			s = strings.TrimRight(s, " ")
		}
		out = append(out, line{s, space})
		cur.Reset()
		used = 0
	}
	for text != "" {
		word, rest := nextWord(text)
		text = rest
		bare := strings.TrimRight(word, " ")
		if used > 0 && used+st.width(bare) > limit {
			flush(true)
		}
		for n := breakAt(st, bare, limit); n < len(bare); n = breakAt(st, bare, limit) {
			cur.WriteString(bare[:n])
			flush(false)
			bare, word = bare[n:], word[n:]
		}
		cur.WriteString(word)
		used += st.width(word)
	}
	flush(true)
	return out
}

// nextWord takes one word with the spaces after it.
func nextWord(s string) (word, rest string) {
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		return s, ""
	}
	for end < len(s) && s[end] == ' ' {
		end++
	}
	return s[:end], s[end:]
}

// breakAt says how many bytes of a word go on a line of its own: all when it fits,
// else up to a mark that people break at when there is one in the last third, else
// as many as fit, and one character at least. It looks no further than the line.
// A combining mark stays with its letter where there is room.
func breakAt(st style, word string, limit float64) int {
	var used float64
	fit, mark, start := 0, 0, 0
	for i, r := range word {
		adv := st.advance(r)
		if i > 0 && used+adv > limit {
			if unicode.Is(unicode.Mn, r) && start > 0 {
				fit = start
			}
			break
		}
		if !unicode.Is(unicode.Mn, r) {
			start = i
		}
		used += adv
		fit = i + len(string(r))
		if strings.ContainsRune("-/_.@?&=,;:", r) && used > limit*2/3 {
			mark = fit
		}
	}
	if mark > 0 && fit < len(word) {
		return mark
	}
	return fit
}

// wrapAnywhere sets text in lines filled to the limit, whatever the characters:
// for digests and other text that has no words.
func wrapAnywhere(st style, text string, limit float64) []line {
	var out []line
	for _, hard := range strings.Split(text, "\n") {
		from, used := 0, 0.0
		for i, r := range hard {
			adv := st.advance(r)
			if i > from && used+adv > limit {
				out = append(out, line{text: hard[from:i]})
				from, used = i, 0
			}
			used += adv
		}
		out = append(out, line{text: hard[from:], space: true})
	}
	out[len(out)-1].space = false
	return out
}
