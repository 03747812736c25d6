package x12

import (
	"bytes"
	"strings"
)

// Delimiters are the four bytes that structure an interchange.
type Delimiters struct {
	Element    byte // between elements, ISA byte 4
	Component  byte // between parts of a composite, ISA16
	Repetition byte // between repeats of an element, ISA11; 0 when the interchange has none
	Segment    byte // after each segment, the byte behind ISA16
}

// Position is the place of a segment in its file.
type Position struct {
	Segment int   // ordinal in the file, from 1; the first ISA is 1
	Line    int   // line, from 1, counting line feeds
	Offset  int64 // bytes before the first byte of the segment
}

// Segment is one segment as it stood in the input. A Segment given by
// Reader.Next is valid until the next call; the strings it gave stay valid.
type Segment struct {
	pos    Position
	delim  Delimiters
	raw    []byte // without terminator; borrowed from the reader's buffer
	text   string // the same, made when first asked for
	parted bool   // holds a component or repetition separator somewhere
	starts []int  // where tag and elements begin, and one past the end
}

// Position gives the place of the segment.
func (s *Segment) Position() Position { return s.pos }

// Raw gives the bytes without the terminator. They are only valid until the
// next segment is read.
func (s *Segment) Raw() []byte { return s.raw }

// Len gives the number of elements behind the tag.
func (s *Segment) Len() int { return len(s.starts) - 2 }

// Tag gives the segment identifier, for example "NM1".
func (s *Segment) Tag() string { return s.slice(0) }

// Element gives element n, from 1, as it stands, with padding, repeats and
// components inside. An element that is not there is empty.
func (s *Segment) Element(n int) string {
	if n < 1 {
		return ""
	}
	return s.slice(n)
}

// Value gives element n without surrounding blanks: senders pad.
func (s *Segment) Value(n int) string { return strings.Trim(s.Element(n), " ") }

// Repeats gives the repeats of element n, one when the interchange has no
// repetition separator, none when the element is empty.
func (s *Segment) Repeats(n int) []string {
	el := s.Element(n)
	if el == "" {
		return nil
	}
	if s.delim.Repetition == 0 {
		return []string{el}
	}
	return strings.Split(el, string(rune(s.delim.Repetition)))
}

// Component gives component c, from 1, of the first repeat of element n.
func (s *Segment) Component(n, c int) string {
	el := s.Element(n)
	if s.delim.Repetition != 0 {
		el, _, _ = strings.Cut(el, string(rune(s.delim.Repetition)))
	}
	return s.part(el, c)
}

// Part gives component c, from 1, of one repeat as Repeats gave it.
func (s *Segment) Part(repeat string, c int) string { return s.part(repeat, c) }

func (s *Segment) part(el string, c int) string {
	if c < 1 {
		return ""
	}
	sep := string(rune(s.delim.Component))
	for ; c > 1; c-- {
		_, rest, found := strings.Cut(el, sep)
		if !found {
			return ""
		}
		el = rest
	}
	el, _, _ = strings.Cut(el, sep)
	return el
}

// slice makes the text once for the whole segment: one allocation however
// many elements are asked for.
func (s *Segment) slice(n int) string {
	if n > s.Len() {
		return ""
	}
	if s.text == "" {
		s.text = string(s.raw)
	}
	return s.text[s.starts[n] : s.starts[n+1]-1]
}

// tag gives the identifier without making text, for comparisons.
func (s *Segment) tag() []byte { return s.raw[:s.starts[1]-1] }

// bare says whether the bytes of element n hold no delimiter of a composite.
func (s *Segment) bare(n int) bool {
	if !s.parted || n > s.Len() {
		return true
	}
	el := s.raw[s.starts[n] : s.starts[n+1]-1]
	if bytes.IndexByte(el, s.delim.Component) >= 0 {
		return false
	}
	return s.delim.Repetition == 0 || bytes.IndexByte(el, s.delim.Repetition) < 0
}
