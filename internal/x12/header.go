package x12

import (
	"bytes"
	"strings"
)

// Interchange is what the interchange header (ISA) says, without padding. The
// two password fields are not kept.
type Interchange struct {
	SenderQualifier   string // ISA05
	Sender            string // ISA06
	ReceiverQualifier string // ISA07
	Receiver          string // ISA08
	Date              string // ISA09, YYMMDD
	Time              string // ISA10, HHMM
	Version           string // ISA12, for example 00501
	Control           string // ISA13, nine digits
	AckRequested      bool   // ISA14
	Usage             string // ISA15: P production, T test, I information
	Delimiters        Delimiters
}

// Group is what the functional group header (GS) says.
type Group struct {
	ID       string // GS01
	Sender   string // GS02
	Receiver string // GS03
	Date     string // GS04, CCYYMMDD
	Time     string // GS05
	Control  string // GS06
	Agency   string // GS07
	Version  string // GS08, the guide
}

// Transaction is what the transaction set header (ST) says.
type Transaction struct {
	ID      string // ST01, for example 834
	Control string // ST02
	Guide   string // ST03; GS08 when ST03 is empty
}

const isaLength = 106

// isaWidths are the fixed widths of ISA01 to ISA16.
func isaWidths() [16]int {
	return [16]int{2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1}
}

// headerError names the element of ISA that is wrong; place is added by the
// caller.
type headerError struct {
	code    Code
	element int
	text    string
}

// parseISA reads an interchange header from exactly isaLength bytes, the
// terminator being the last.
func parseISA(b []byte) (Interchange, bool, *headerError) {
	var ic Interchange
	sep := b[3]
	if !usableDelimiter(sep) {
		return ic, false, &headerError{CodeDelimiter, 0, "the character behind ISA can't separate elements; it must be a sign that is neither letter, digit nor blank"}
	}
	var field [17]string
	at := 3
	for i, width := range isaWidths() {
		start, end := at+1, at+1+width
		got := bytes.IndexByte(b[start:], sep)
		last := i == 15
		if b[at] != sep || (!last && got != width) {
			return ic, false, &headerError{CodeHeader, i + 1, "the interchange header has fixed widths and this field is too short or too long; pad it with blanks"}
		}
		field[i+1] = string(b[start:end])
		at = end
	}
	d := Delimiters{Element: sep, Component: b[104], Segment: b[105]}
	var repaired bool
	d.Repetition, repaired = repairedRepetition(b[82], field[12])
	ic = Interchange{
		SenderQualifier: strings.TrimSpace(field[5]), Sender: strings.TrimSpace(field[6]),
		ReceiverQualifier: strings.TrimSpace(field[7]), Receiver: strings.TrimSpace(field[8]),
		Date: field[9], Time: field[10], Version: field[12], Control: field[13],
		AckRequested: field[14] == "1", Usage: field[15], Delimiters: d,
	}
	bad := checkDelimiters(d)
	if bad != nil {
		return ic, false, bad
	}
	return ic, repaired, checkISA(b, field)
}

func checkISA(b []byte, field [17]string) *headerError {
	for _, c := range b[4:104] {
		if c < ' ' || c > '~' {
			if c != b[3] && c != b[82] {
				return &headerError{CodeControlChar, 0, "the interchange header holds a character that may not stand there"}
			}
		}
	}
	if !digits(field[13]) {
		return &headerError{CodeHeader, 13, "the interchange control number must be nine digits"}
	}
	if !digits(field[9]) || !validDate("20"+field[9]) {
		return &headerError{CodeHeader, 9, "the interchange date must be a day written as YYMMDD"}
	}
	if !validTime(field[10]) {
		return &headerError{CodeHeader, 10, "the interchange time must be written as HHMM"}
	}
	if field[14] != "0" && field[14] != "1" {
		return &headerError{CodeHeader, 14, "acknowledgment requested must be 0 or 1"}
	}
	if !strings.Contains("PTI", field[15]) {
		return &headerError{CodeHeader, 15, "the usage indicator must be P, T or I"}
	}
	return nil
}

func checkDelimiters(d Delimiters) *headerError {
	if !usableDelimiter(d.Component) {
		return &headerError{CodeDelimiter, 16, "the component separator must be a sign that is neither letter, digit nor blank"}
	}
	if !usableDelimiter(d.Segment) {
		return &headerError{CodeDelimiter, 0, "the character behind ISA16 can't end segments; it must be a sign that is neither letter, digit nor blank"}
	}
	if d.Repetition != 0 && !usableDelimiter(d.Repetition) {
		return &headerError{CodeDelimiter, 11, "the repetition separator must be a sign that is neither letter, digit nor blank"}
	}
	for _, c := range [3]byte{d.Element, d.Component, d.Repetition} {
		if c == '\r' || c == '\n' {
			return &headerError{CodeDelimiter, 0, "a line break may end segments but not separate elements"}
		}
	}
	if d.Element == d.Component || d.Element == d.Segment || d.Component == d.Segment ||
		d.Repetition == d.Element || d.Repetition == d.Component || d.Repetition == d.Segment {
		return &headerError{CodeDelimiter, 0, "two delimiters are the same character; each must be its own"}
	}
	return nil
}

// usableDelimiter refuses letters, digits, blanks, NUL and everything outside
// ASCII. Control characters such as line feed or 0x1D are in real use.
func usableDelimiter(c byte) bool {
	switch {
	case c == 0, c == ' ', c >= 0x7f:
		return false
	case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		return false
	}
	return true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
