package coverage

import (
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/civil"
	"hsconnect/internal/intake"
)

// Change says what a row of a file does.
type Change string

// The changes.
const (
	Add       Change = "add"       // covers from a day on; also a full statement of what is
	Alter     Change = "change"    // facts of a member we have
	End       Change = "end"       // coverage ends
	Reinstate Change = "reinstate" // coverage that ended goes on or begins again
	Void      Change = "void"      // of a span: it never was
)

// Mode is what a file says of itself as a whole.
type Mode string

// The modes. A file that says nothing holds changes.
const (
	Changes Mode = ""
	Verify  Mode = "verify"  // everybody who is covered, to compare with; nobody ends by not being named
	Replace Mode = "replace" // everybody who is covered
)

// Enrollment is one row of a file: one member and what is said of them. Facts
// that were not sent are empty and leave what is known as it is; the parts of
// a name, and those of an address, are replaced together.
type Enrollment struct {
	At           Place
	Mode         Mode       // of the whole file
	FileDate     civil.Date // of the whole file: from which day it holds
	Change       Change
	Number       string // empty: found in the subscriber's family by first name and birth date
	Subscriber   string
	Relationship string
	Last         string
	First        string
	Middle       string
	Suffix       string
	Birth        civil.Date
	Gender       string
	Street       string
	City         string
	State        string
	Zip          string
	Phone        string
	Language     string
	Group        string
	PCP          string     // NPI as sent
	PCPFrom      civil.Date // since when; zero: not said
	Others       []OtherStatement
	Medicare     string     // Medicare number as sent
	From, To     civil.Date // of the member as a whole, where spans do not say
	Spans        []Statement
	Problems     []Refusal // what the reader found wrong already
}

const masked = "[enrollment]"

// String keeps the row out of formatted text.
func (e Enrollment) String() string { return masked }

// GoString keeps the row out of text formatted with %#v.
func (e Enrollment) GoString() string { return masked }

// LogValue keeps the row out of logs.
func (e Enrollment) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText keeps the row out of JSON.
func (e Enrollment) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Statement is what a row says of one coverage.
type Statement struct {
	At     Place
	Change Change
	Line   Line
	Plan   string
	// Product is the plan of a sponsor who names none, because there is only
	// one of its kind. What is known of the member goes before it.
	Product string
	From    civil.Date
	To      civil.Date
}

// Place is where something stands in a file.
type Place struct {
	Segment int    // ordinal of an X12 segment, from 1; 0 in files of lines
	Line    int    // from 1; 0 when it is not known
	Tag     string // identifier of the segment
}

// String gives "segment 12 (line 12), INS", or "line 7".
func (p Place) String() string {
	if p.Segment == 0 {
		if p.Line == 0 {
			return "the file"
		}
		return "line " + strconv.Itoa(p.Line)
	}
	text := "segment " + strconv.Itoa(p.Segment) + " (line " + strconv.Itoa(p.Line) + ")"
	if p.Tag != "" {
		text += ", " + p.Tag
	}
	return text
}

// Refusal is one row that was not taken: its place and why, fit to be shown.
// It repeats nothing of the row.
type Refusal struct {
	Where  string
	Reason string
}

// Unreadable is the error of a Feed for a file whose bytes or envelope are at
// fault: nothing in it can be trusted.
type Unreadable struct{ Refusal }

// Error gives place and reason.
func (u *Unreadable) Error() string { return u.Where + ": " + u.Reason }

// Feed reads rows from a file and hands them on in order. It gives back the
// error of emit, an *Unreadable, or what r gave.
type Feed func(r io.Reader, emit func(Enrollment) error) error

// Source is a file that can be read more than once.
type Source = intake.Source

const maxText = 200

// Unfit says why a text cannot be kept, or nothing.
func Unfit(text string) string {
	switch {
	case !utf8.ValidString(text):
		return "is not UTF-8: save the file as UTF-8"
	case utf8.RuneCountInString(text) > maxText:
		return "is longer than 200 characters"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}
