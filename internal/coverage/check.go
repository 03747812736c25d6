package coverage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/member"
)

const (
	maxAge    = 130 // years
	maxNumber = 50  // characters of an identifier
	maxSpans  = 50  // of one row
)

// identity names the member of a row inside the file: the number, or the
// place in the family.
func identity(e Enrollment) string {
	if e.Number != "" {
		return "n:" + member.FoldNumber(e.Number)
	}
	return "f:" + member.FoldNumber(e.Subscriber) + "|" + member.Fold(e.First) + "|" + e.Birth.String()
}

// settle tidies the texts of a row and puts the member's own dates where a
// coverage has none.
func (r *row) settle() {
	for _, text := range r.texts() {
		*text.at = tidy(*text.at)
	}
	for i := range r.Spans {
		s := &r.Spans[i]
		s.Plan = strings.Join(strings.Fields(s.Plan), " ")
		if s.Plan == "" && s.Change == Add {
			s.Plan = s.Product
		}
		if s.From.IsZero() && (s.Change == Add || s.Change == Reinstate) {
			s.From = r.From
		}
		if s.To.IsZero() && s.Change != Void {
			s.To = r.To
		}
	}
}

// tidy drops blanks at the ends and the marks that turn the direction of
// text, which could make a name look like another.
func tidy(text string) string {
	if !utf8.ValidString(text) {
		return text // Unfit says so; mapping it would hide the fault
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, text))
}

type namedText struct {
	name string
	at   *string
}

func (r *row) texts() []namedText {
	return []namedText{
		{"the member number", &r.Number}, {"the subscriber number", &r.Subscriber}, {"the relationship", &r.Relationship},
		{"the last name", &r.Last}, {"the first name", &r.First}, {"the middle name", &r.Middle}, {"the suffix", &r.Suffix},
		{"the gender", &r.Gender}, {"the street", &r.Street}, {"the city", &r.City}, {"the state", &r.State}, {"the zip code", &r.Zip},
		{"the telephone number", &r.Phone}, {"the language", &r.Language}, {"the group", &r.Group},
		{"the Medicare number", &r.Medicare},
	}
}

// check gives what is wrong with a row by itself.
func (r *row) check(today civil.Date) []Refusal {
	problems := r.Problems
	bad := func(at Place, reason string) {
		problems = append(problems, Refusal{Where: at.String(), Reason: reason})
	}
	for _, text := range r.texts() {
		if reason := Unfit(*text.at); reason != "" {
			bad(r.At, text.name+" "+reason)
		}
	}
	switch {
	case len(problems) > 0: // the reader may have left out what it could not read
	case r.Change != Add && r.Change != Alter && r.Change != End && r.Change != Reinstate:
		bad(r.At, "what the row changes is not known")
	case r.Number == "" && r.Subscriber == "":
		bad(r.At, "the member identifier is missing")
	case r.Number != "" && !isNumber(r.Number):
		bad(r.At, "the member number has up to 50 letters, digits, spaces and . _ - / #")
	case r.Subscriber != "" && !isNumber(r.Subscriber):
		bad(r.At, "the subscriber number has up to 50 letters, digits, spaces and . _ - / #")
	case r.Number == "" && member.Fold(r.First) == "":
		bad(r.At, "a dependent without a number of their own needs the first name")
	}
	switch {
	case r.Birth.IsZero():
	case r.Birth.After(today):
		bad(r.At, "the birth date is in the future")
	case r.Birth.Age(today) > maxAge:
		bad(r.At, "the birth date is more than 130 years ago")
	}
	if r.PCP != "" {
		npi, err := code.ParseNPI(r.PCP)
		if err != nil {
			bad(r.At, "the primary care provider: "+err.Error())
		}
		r.PCP = string(npi)
	}
	if r.Medicare != "" {
		mbi, err := code.ParseMBI(r.Medicare)
		if err != nil {
			bad(r.At, "the Medicare number: "+err.Error())
		}
		r.Medicare = string(mbi)
	}
	return append(append(problems, r.checkSpans()...), r.checkOthers()...)
}

func (r *row) checkSpans() []Refusal {
	var problems []Refusal
	bad := func(at Place, reason string) {
		problems = append(problems, Refusal{Where: at.String(), Reason: reason})
	}
	if len(r.Spans) > maxSpans {
		bad(r.At, "more than 50 coverages of one member in one row")
		return problems
	}
	if len(r.Spans) == 0 && !r.From.IsZero() && !r.To.IsZero() && r.To.Before(r.From) {
		bad(r.At, "eligibility ends before it begins")
	}
	for i, s := range r.Spans {
		switch {
		case s.Plan == "" && s.Change == Add:
			bad(s.At, "the plan is missing")
		case !isPlan(s.Plan) || !isPlan(s.Product):
			bad(s.At, "a plan code has up to 50 letters, digits, spaces and . _ - / # & +")
		case s.From.IsZero() && s.Change == Add:
			bad(s.At, "the first day of the coverage is missing")
		case s.To.IsZero() && s.Change == End:
			bad(s.At, "the last day of the coverage is missing")
		case !s.From.IsZero() && !s.To.IsZero() && s.To.Before(s.From):
			bad(s.At, "the coverage ends before it begins")
		}
		mine := daysOf([]Statement{s})
		for _, other := range daysOf(r.Spans[:i]) {
			if len(mine) > 0 && other.overlaps(mine[0]) {
				bad(s.At, "two coverages of this member are on the same days: end one before the other begins")
				break
			}
		}
	}
	if len(r.Spans) == 0 && r.Change == End && r.To.IsZero() {
		bad(r.At, "the last day of the coverage is missing")
	}
	return problems
}

func isNumber(text string) bool {
	return member.FoldNumber(text) != "" && made(text, " ._-/#") && strings.ContainsFunc(text, alphanumeric)
}

func isPlan(text string) bool { return made(text, " ._-/#&+") }

func made(text, others string) bool {
	return len(text) <= maxNumber && !strings.ContainsFunc(text, func(r rune) bool {
		return !alphanumeric(r) && !strings.ContainsRune(others, r)
	})
}

func alphanumeric(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
