package web

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/civil"
	"hsconnect/internal/member"
)

// dayLine is one line of a list of members: whom it names, or what is wrong
// with it. Text is the line as it was typed.
type dayLine struct {
	No      int // in the list, from 1
	Text    string
	Key     member.Key
	Problem string
}

// String keeps what was typed out of formatted text.
func (l dayLine) String() string { return "[line]" }

const (
	maxDayLine = 300 // characters
	maxDayDate = 4   // words of a date: "Sat, May 5, 1990"
)

// readDay reads a list of members, one a line: a number or a name, then the
// birth date, as people type it. Between them stand commas, semicolons, tabs,
// bars or spaces; quotation marks count for nothing. Blank lines are passed
// over, and so is a first line of headings.
func readDay(text string, today civil.Date) []dayLine {
	var out []dayLine
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || len(out) == 0 && isHeading(line) {
			continue
		}
		l := dayLine{No: i + 1, Text: line}
		l.Key, l.Problem = readDayLine(line, today)
		out = append(out, l)
	}
	return out
}

func isHeading(line string) bool {
	lower := strings.ToLower(line)
	return !strings.ContainsFunc(line, unicode.IsDigit) && (strings.Contains(lower, "birth") || strings.Contains(lower, "dob") || strings.Contains(lower, "born"))
}

// dayWord is one word of a line. Parted says that more than one space stood
// before it.
type dayWord struct {
	text   string
	parted bool
}

func readDayLine(line string, today civil.Date) (k member.Key, problem string) {
	if utf8.RuneCountInString(line) > maxDayLine {
		return k, "The line is longer than 300 characters: put one member on each line"
	}
	words := dayWords(line)
	birth, rest, problem := dayBirth(words, today)
	if problem != "" {
		return k, problem
	}
	k.Birth = birth
	cells := dayCells(rest)
	if strings.ContainsFunc(cells[0], unicode.IsDigit) {
		k.Number, cells = cells[0], cells[1:]
	}
	k.Last = strings.Join(cells, ", ")
	return k, ""
}

func dayWords(line string) []dayWord {
	var out []dayWord
	var word strings.Builder
	spaces, parted := 0, false
	flush := func() {
		if word.Len() > 0 {
			out = append(out, dayWord{word.String(), parted})
			word.Reset()
			spaces, parted = 0, false
		}
	}
	for _, r := range line {
		switch {
		case r == '"' || r == '“' || r == '”':
		case r == ',' || r == ';' || r == '\t' || r == '|':
			flush()
			parted = true
		case unicode.IsSpace(r):
			flush()
			spaces++
			parted = parted || spaces > 1
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return out
}

// dayBirth finds the birth date at the end of a line.
func dayBirth(words []dayWord, today civil.Date) (birth civil.Date, rest []dayWord, problem string) {
	problem = "Put the date of birth at the end of the line, such as 3/4/1951"
	if len(words) < 2 {
		return birth, nil, problem
	}
	for i := max(1, len(words)-maxDayDate); i < len(words); i++ {
		d, err := civil.ParseBirth(joinWords(words[i:]), today)
		if err == nil {
			return d, words[:i], ""
		}
		if !errors.Is(err, civil.ErrTyped) {
			problem = capital(err.Error())
		}
	}
	return birth, nil, problem
}

func joinWords(words []dayWord) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

// dayCells puts words together that only a space parts.
func dayCells(words []dayWord) []string {
	var out []string
	for i, w := range words {
		if i > 0 && !w.parted {
			out[len(out)-1] += " " + w.text
			continue
		}
		out = append(out, w.text)
	}
	return out
}
