package x12

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits bound what one segment may take. Zero fields take the defaults.
type Limits struct {
	SegmentBytes int // longest segment, default 32 KiB
	Elements     int // most elements in a segment, default 256
}

const (
	defaultSegmentBytes = 32 << 10
	defaultElements     = 256
	readAhead           = 64 << 10
)

func (l Limits) filled() Limits {
	if l.SegmentBytes <= 0 {
		l.SegmentBytes = defaultSegmentBytes
	}
	// The header is one segment and can't be refused for its length.
	l.SegmentBytes = max(l.SegmentBytes, isaLength)
	if l.Elements <= 0 {
		l.Elements = defaultElements
	}
	l.Elements = max(l.Elements, 16)
	return l
}

// What a byte means inside a segment.
const (
	plain = iota
	inner
	separator
	control
	high
)

// scanner cuts the input into segments. It knows the header and nothing else
// of envelopes: after IEA it expects a header again.
type scanner struct {
	in     *bufio.Reader
	limits Limits
	fixed  *repairs

	offset   int64
	line     int
	ordinal  int
	outside  bool // the next segment must be a header
	header   Interchange
	class    [256]uint8
	seg      Segment
	begun    bool
	previous Position // of the last segment read
}

func newScanner(r io.Reader, limits Limits, fixed *repairs) *scanner {
	limits = limits.filled()
	return &scanner{
		in:     bufio.NewReaderSize(r, max(readAhead, limits.SegmentBytes+1)),
		limits: limits, fixed: fixed, line: 1, outside: true,
	}
}

// next gives the next segment, or io.EOF when nothing but blanks is left.
func (s *scanner) next() (*Segment, error) {
	if !s.begun {
		s.begun = true
		err := s.skipMark()
		if err != nil {
			return nil, err
		}
	}
	err := s.skipBlanks()
	if err != nil {
		return nil, err
	}
	s.ordinal++
	s.seg = Segment{
		pos:    Position{Segment: s.ordinal, Line: s.line, Offset: s.offset},
		starts: s.seg.starts[:0],
	}
	if s.outside {
		err = s.readHeader()
		if err != nil {
			return nil, err
		}
	}
	raw, err := s.cut()
	if err != nil {
		return nil, err
	}
	s.seg.raw, s.seg.delim = raw, s.header.Delimiters
	err = s.split()
	if err != nil {
		return nil, err
	}
	s.outside = string(s.seg.tag()) == "IEA"
	s.previous = s.seg.pos
	return &s.seg, nil
}

func (s *scanner) skipMark() error {
	start, err := s.in.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return readFailed(err)
	}
	if string(start) != byteOrderMark {
		return nil
	}
	_, err = s.in.Discard(len(byteOrderMark))
	if err != nil {
		return readFailed(err)
	}
	s.fixed.note(RepairByteOrderMark, Position{Line: 1})
	s.offset += int64(len(byteOrderMark))
	return nil
}

// skipBlanks passes blanks and line breaks between segments.
func (s *scanner) skipBlanks() error {
	for {
		c, err := s.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return readFailed(err)
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			err = s.in.UnreadByte()
			if err != nil {
				return readFailed(err)
			}
			return nil
		}
		s.offset++
	}
}

// readHeader looks at the coming interchange header without consuming it.
func (s *scanner) readHeader() error {
	b, err := s.in.Peek(isaLength)
	if err != nil && !errors.Is(err, io.EOF) {
		return readFailed(err)
	}
	if len(b) < 3 || string(b[:3]) != "ISA" {
		if s.ordinal > 1 {
			return s.fault(CodeTrailing, 0, "something other than a new interchange follows the end of the interchange; remove it")
		}
		return s.fault(CodeNotX12, 0, "the file does not begin with an X12 interchange header (ISA); check that it is the right file and is not compressed or encrypted")
	}
	if len(b) < isaLength {
		return s.fault(CodeTruncated, 0, "the file ends inside the interchange header; send it again")
	}
	header, repaired, bad := parseISA(b)
	if bad != nil {
		e := s.fault(bad.code, bad.element, bad.text)
		e.Tag = "ISA"
		return e
	}
	if repaired {
		s.fixed.note(RepairRepetition, s.seg.pos)
	}
	s.header = header
	s.classify()
	return nil
}

// classify prepares the one table the inner loop looks bytes up in.
func (s *scanner) classify() {
	for c := range s.class {
		switch {
		case c < ' ' || c == 0x7f:
			s.class[c] = control
		case c > 0x7f:
			s.class[c] = high
		default:
			s.class[c] = plain
		}
	}
	d := s.header.Delimiters
	s.class[d.Component] = inner
	if d.Repetition != 0 {
		s.class[d.Repetition] = inner
	}
	s.class[d.Element] = separator
}

// cut reads up to the terminator and gives the bytes before it.
func (s *scanner) cut() ([]byte, error) {
	end := s.header.Delimiters.Segment
	raw, err := s.in.ReadSlice(end)
	s.offset += int64(len(raw))
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		if !mayLackTerminator(s.header.Delimiters, raw) {
			return nil, s.fault(CodeTruncated, 0, "the file ends inside a segment; it was cut off, send it again")
		}
		s.fixed.note(RepairLastLine, s.seg.pos)
		return bytes.TrimRight(raw, " \r"), nil
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, s.tooLong()
	default:
		return nil, readFailed(err)
	}
	raw = raw[:len(raw)-1]
	if len(raw) > s.limits.SegmentBytes {
		return nil, s.tooLong()
	}
	if end == '\n' {
		s.line++
		raw = bytes.TrimSuffix(raw, []byte{'\r'})
	}
	return raw, nil
}

func (s *scanner) tooLong() error {
	return s.fault(CodeTooLong, 0, fmt.Sprintf("the segment is longer than %d bytes; its terminator is probably missing or another than the header declares", s.limits.SegmentBytes))
}

// split finds the elements and refuses bytes that may not stand in data.
func (s *scanner) split() error {
	seg := &s.seg
	seg.starts = append(seg.starts, 0)
	wide := false
	for i, c := range seg.raw {
		switch s.class[c] {
		case plain:
		case inner:
			seg.parted = true
		case separator:
			seg.starts = append(seg.starts, i+1)
		case high:
			wide = true
		case control:
			seg.starts = append(seg.starts, len(seg.raw)+1)
			return s.badByte(i, CodeControlChar, "a control character or line break stands inside the data; remove it, or check that the segment terminator is the one the header declares")
		}
	}
	seg.starts = append(seg.starts, len(seg.raw)+1)
	if seg.Len() > s.limits.Elements {
		return s.fault(CodeTooManyElements, 0, fmt.Sprintf("the segment has more than %d elements", s.limits.Elements))
	}
	if wide {
		at := badText(seg.raw)
		if at >= 0 {
			return s.badByte(at, CodeEncoding, "the text is not UTF-8; save or send the file as UTF-8")
		}
	}
	tag := seg.tag()
	if !isTag(tag) {
		return s.fault(CodeTag, 0, "no segment identifier stands here; a terminator or separator is misplaced, or it is another than the header declares")
	}
	if string(tag) == "BIN" || string(tag) == "BDS" {
		return s.fault(CodeBinary, 0, "segments with binary data are not taken here")
	}
	return nil
}

// isTag says whether b has the form of a segment identifier.
func isTag(b []byte) bool {
	if len(b) < 2 || len(b) > 3 || b[0] < 'A' || b[0] > 'Z' {
		return false
	}
	for _, c := range b[1:] {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// badText gives the place of the first byte that is no UTF-8 or begins a
// control character outside ASCII, or -1.
func badText(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || r >= 0x80 && r < 0xa0 {
			return i
		}
		i += size
	}
	return -1
}

// badByte builds an Error at byte i of the segment.
func (s *scanner) badByte(i int, code Code, text string) *Error {
	element := 0
	for _, start := range s.seg.starts[1:] {
		if start <= i {
			element++
		}
	}
	e := s.fault(code, element, text)
	e.Offset += int64(i)
	return e
}

// fault builds an Error at the segment being read.
func (s *scanner) fault(code Code, element int, text string) *Error {
	e := &Error{
		Code: code, Segment: s.seg.pos.Segment, Element: element,
		Line: s.seg.pos.Line, Offset: s.seg.pos.Offset, Text: text,
	}
	if len(s.seg.starts) > 1 && isTag(s.seg.tag()) {
		e.Tag = s.seg.Tag()
	}
	return e
}

func readFailed(err error) error { return fmt.Errorf("x12: the input can't be read: %w", err) }
