package account

import (
	"bufio"
	_ "embed" // the list of common words
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Every password has 15 characters or more, so a list of the most common ones
// (V-01, OWASP ASVS 5.0 6.2.4), nearly all shorter, would refuse almost
// nothing. What people do instead is to stretch one of them: with digits, a year,
// a second word, a repetition. So the common ones are kept as words, and a
// password is refused when little is left of it without words, runs and
// repeats. Whole phrases and the operator's own list are compared as they are.

// The reasons a password is refused for, to be shown (I-06).
const (
	reasonRepeat  = "Repeats the same few characters. Use several unrelated words instead"
	reasonRun     = "Is mostly a run of neighboring keys, letters or digits. Use several unrelated words instead"
	reasonContext = "Is mostly your own name or username, or that of your organization, the plan or the portal. Use unrelated words instead"
	reasonCommon  = "Is mostly made of words that are guessed first. Use less common, unrelated words instead"
	reasonListed  = "Is on the list of passwords that are guessed first. Choose another"
)

const (
	fewDistinct = 5  // a password with fewer different characters repeats itself
	shortPeriod = 10 // a piece up to this long, repeated to the end, too
	shortestRun = 4
	enoughLeft  = 4.0 // what has to be left without words and runs
	manyWords   = 4   // this many words are a phrase, however common each is
)

// rows are where runs are found, forwards and backwards.
const rows = "qwertyuiop asdfghjkl; zxcvbnm,./ 123456789012345678901234567890 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz " +
	"!@#$%^&*()_+ ~!@#$%^&*() qazwsxedcrfvtgbyhnujmikolp 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p 1q2w3e4r5t6y7u8i9o0p"

//go:embed common.txt
var commonText string

// common is common.txt, read into words and phrases.
type common struct {
	words   []string
	phrases map[string]bool // letters and digits only
}

func readCommon() common {
	c := common{phrases: map[string]bool{}}
	for line := range strings.Lines(commonText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.Contains(line, " ") || len(line) >= minPassword:
			c.phrases[squeeze(line)] = true
		default:
			c.words = append(c.words, line)
		}
	}
	return c
}

// weakness gives the reason to refuse a password, or "". It takes the words
// that belong to the person and the portal, in any writing.
func (list common) weakness(password string, context []string, block *Blocklist) string {
	low := strings.ToLower(password)
	bare := squeeze(low)
	if list.phrases[bare] || list.phrases[strings.TrimRight(bare, "0123456789")] || block.has(low) {
		return reasonListed
	}
	runes := []rune(low)
	if repeats(runes) {
		return reasonRepeat
	}
	return leftover(runes, contextWords(context), list.words)
}

// squeeze keeps letters and digits only.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

func repeats(runes []rune) bool {
	different := map[rune]bool{}
	for _, r := range runes {
		different[r] = true
	}
	if len(different) < fewDistinct {
		return true
	}
	for period := 1; period <= shortPeriod && 2*period <= len(runes); period++ {
		same := true
		for i := period; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-period]
		}
		if same {
			return true
		}
	}
	return false
}

// piece is how a password goes on from one place.
type piece struct {
	length int
	kind   byte    // 'o' an own word, 'w' a common word, 'r' a run, 0 one character
	left   float64 // what stays from here to the end, when all pieces are taken out
}

// pieces cuts the password so that as little as possible is left of it.
func pieces(runes []rune, context, words []string) []piece {
	best := make([]piece, len(runes)+1)
	for i := len(runes) - 1; i >= 0; i-- {
		best[i] = piece{length: 1, left: weight(runes[i]) + best[i+1].left}
		better := func(kind byte, lengths ...int) {
			for _, n := range lengths {
				if n > 0 && best[i+n].left < best[i].left {
					best[i] = piece{length: n, kind: kind, left: best[i+n].left}
				}
			}
		}
		better('o', starts(runes[i:], context)...)
		better('r', runLength(runes[i:]))
		better('w', starts(runes[i:], words)...)
	}
	return best
}

// leftover gives the reason when too little of the password is left without
// words and runs.
func leftover(runes []rune, context, words []string) string {
	all := pieces(runes, context, words)
	if all[0].left >= enoughLeft {
		return ""
	}
	own, run := false, false
	common := map[string]bool{} // a word twice is guessed as soon as once
	for i := 0; i < len(runes); i += all[i].length {
		switch all[i].kind {
		case 'o':
			own = true
		case 'w':
			common[string(runes[i:i+all[i].length])] = true
		case 'r':
			run = true
		}
	}
	switch {
	case len(common) >= manyWords:
		return ""
	case own:
		return reasonContext
	case len(common) > 0:
		return reasonCommon
	case run:
		return reasonRun
	}
	return ""
}

// weight is how much one character adds: a digit or sign that pads a word is
// guessed sooner than a letter.
func weight(r rune) float64 {
	switch {
	case unicode.IsSpace(r):
		return 0
	case unicode.IsDigit(r) || r < utf8.RuneSelf && (unicode.IsPunct(r) || unicode.IsSymbol(r)):
		return 0.5
	}
	return 1
}

// starts gives the lengths of the words that text starts with, also in the
// usual disguises, the longest first.
func starts(text []rune, words []string) (lengths []int) {
	for _, w := range words {
		n := utf8.RuneCountInString(w)
		if n <= len(text) && reads(text, w) {
			lengths = append(lengths, n)
		}
	}
	slices.SortFunc(lengths, func(a, b int) int { return b - a })
	return lengths
}

func reads(text []rune, word string) bool {
	i := 0
	for _, r := range word {
		if text[i] != r && !strings.ContainsRune(disguised(text[i]), r) {
			return false
		}
		i++
	}
	return true
}

// disguised gives the letters that a digit or sign is written for.
func disguised(r rune) string {
	switch r {
	case '@', '4':
		return "a"
	case '3':
		return "e"
	case '1', '!', '|':
		return "il"
	case '0':
		return "o"
	case '5', '$':
		return "s"
	case '7', '+':
		return "t"
	}
	return ""
}

// runLength gives the length of the run or year that text starts with, or 0.
func runLength(text []rune) int {
	best := 0
	for n := shortestRun; n <= len(text); n++ {
		piece := string(text[:n])
		if !strings.Contains(rows, piece) && !strings.Contains(rows, backwards(piece)) || strings.Contains(piece, " ") {
			break
		}
		best = n
	}
	best = max(best, repeated(text))
	if best == 0 && len(text) >= 4 {
		century := string(text[:2])
		if (century == "19" || century == "20") && unicode.IsDigit(text[2]) && unicode.IsDigit(text[3]) {
			best = 4
		}
	}
	return best
}

// repeated gives the length of one to four characters, over and over, that
// text starts with, or 0.
func repeated(text []rune) int {
	best := 0
	for period := 1; period <= 4; period++ {
		n := period
		for n < len(text) && text[n] == text[n-period] {
			n++
		}
		if n >= 3*period || period > 2 && n >= 2*period {
			best = max(best, n)
		}
	}
	return best
}

func backwards(text string) string {
	out := make([]rune, 0, len(text))
	for _, r := range text {
		out = append([]rune{r}, out...)
	}
	return string(out)
}

// contextWords gives the words of names, in lower case, of three letters and more.
func contextWords(names []string) []string {
	var out []string
	for _, name := range names {
		name = strings.ToLower(norm.NFC.String(name))
		for _, w := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				out = append(out, w)
			}
		}
		if utf8.RuneCountInString(name) >= 3 {
			out = append(out, name)
		}
	}
	return out
}

// Blocklist is an operator's list of refused passwords, held as hash prefixes.
type Blocklist struct {
	prefixes map[uint64]struct{}
}

const longestLine = 4096

var errLine = errors.New("the list of refused passwords has a line of more than 4,096 bytes: it should hold one password a line")

// ReadBlocklist reads one password a line. Upper and lower case do not matter;
// lines shorter than any allowed password are left out.
func ReadBlocklist(r io.Reader) (*Blocklist, error) {
	b := &Blocklist{prefixes: map[uint64]struct{}{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, longestLine), longestLine)
	for lines.Scan() {
		word := strings.ToLower(norm.NFC.String(strings.TrimRight(lines.Text(), "\r")))
		if utf8.RuneCountInString(word) >= minPassword {
			b.prefixes[prefix(word)] = struct{}{}
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return nil, errLine
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Len gives the number of passwords on the list.
func (b *Blocklist) Len() int { return len(b.prefixes) }

func (b *Blocklist) has(low string) bool {
	if b == nil {
		return false
	}
	_, there := b.prefixes[prefix(low)]
	return there
}
