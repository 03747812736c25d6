package x12

import (
	"fmt"
	"strings"
)

// Code says what kind of fault an Error or RowError reports. Codes are stable
// and may be compared; the text beside them may change.
type Code string

// Faults of the bytes and of the envelope.
const (
	CodeEmpty           Code = "empty"             // nothing but blanks
	CodeNotX12          Code = "not-x12"           // does not begin with an interchange header
	CodeHeader          Code = "header"            // a field of ISA has the wrong width or content
	CodeDelimiter       Code = "delimiter"         // delimiters missing, equal or unusable
	CodeVersion         Code = "version"           // ISA12, GS08 or ST03 is not one we read
	CodeTruncated       Code = "truncated"         // the input ends inside a segment or an envelope
	CodeTrailing        Code = "trailing"          // something follows the closed interchange
	CodeControlChar     Code = "control-char"      // a control character inside data
	CodeEncoding        Code = "encoding"          // the text is not UTF-8
	CodeTooLong         Code = "too-long"          // a segment over Limits.SegmentBytes
	CodeTooManyElements Code = "too-many"          // a segment over Limits.Elements
	CodeTag             Code = "tag"               // no segment identifier where one must stand
	CodeBinary          Code = "binary"            // a segment that carries binary data
	CodeOrder           Code = "order"             // a segment outside the envelope or loop it belongs to
	CodeControlNumber   Code = "control-number"    // trailer and header disagree
	CodeCount           Code = "count"             // a trailer counts wrong
	CodeTransaction     Code = "transaction"       // another transaction or group than expected
	CodeMissingSegment  Code = "missing-segment"   // a required segment is absent
	CodeMissingElement  Code = "missing-element"   // a required element is absent
	CodeInvalid         Code = "invalid"           // an element has a form it may not have
	CodeDate            Code = "date"              // not a day of the calendar
	CodeDateOrder       Code = "date-order"        // an end before its start
	CodeRepeated        Code = "repeated"          // a second, differing statement of the same thing
	CodeBalance         Code = "balance"           // amounts that do not add up
	CodeMissingID       Code = "missing-id"        // nothing identifies the member
	CodeTooManySegments Code = "too-many-segments" // a member over Options834.MemberSegments
)

// Error is a fault that ends reading: what follows it can't be trusted. Its
// text never repeats data from the input.
type Error struct {
	Code      Code
	Segment   int    // ordinal of the segment in the file, from 1; 0 when there is none
	Tag       string // identifier of the segment, empty when it has none
	Element   int    // position of the element in the segment, from 1; 0 for the whole segment
	Component int    // position inside a composite element, from 1; 0 for the whole element
	Line      int    // line of the file, from 1
	Offset    int64  // byte offset of the segment, or of the byte at fault
	Text      string // what is wrong and what to do, fit to be shown
}

// Error gives place and text in one line.
func (e *Error) Error() string {
	return "x12: " + where(e.Segment, e.Tag, e.Element, e.Component, e.Line) + e.Text
}

// RowError is a fault inside one member's or claim's loop. Reading goes on; what it
// belongs to must not be used as it stands. Its text never repeats data.
type RowError struct {
	Code    Code
	Segment int    // ordinal of the segment in the file, from 1
	Line    int    // line of the file, from 1
	Tag     string // identifier of the segment at fault or missing
	Element int    // position of the element, from 1; 0 for the whole segment
	Text    string // what is wrong and what to do, fit to be shown
}

// Error gives place and text in one line.
func (e RowError) Error() string {
	return "x12: " + where(e.Segment, e.Tag, e.Element, 0, e.Line) + e.Text
}

func where(segment int, tag string, element, component, line int) string {
	var b strings.Builder
	if segment > 0 {
		fmt.Fprintf(&b, "segment %d", segment)
		if tag != "" {
			fmt.Fprintf(&b, " (%s)", tag)
		}
		fmt.Fprintf(&b, ", line %d", line)
	} else if line > 0 {
		fmt.Fprintf(&b, "line %d", line)
	}
	if element > 0 {
		fmt.Fprintf(&b, ", element %d", element)
	}
	if component > 0 {
		fmt.Fprintf(&b, ", component %d", component)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	return b.String()
}

// fail builds an Error at a segment.
func fail(s *Segment, code Code, element int, text string) *Error {
	return &Error{
		Code: code, Segment: s.pos.Segment, Tag: s.Tag(), Element: element,
		Line: s.pos.Line, Offset: s.pos.Offset, Text: text,
	}
}
