package x12

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// Options set what a Reader takes. The zero value takes 5010 interchanges
// within the default limits.
type Options struct {
	Versions []string // values of ISA12 to take; empty means 00501 only
	Limits   Limits
}

// version5010 is the interchange version HIPAA names.
const version5010 = "00501"

// Where the reader is between headers and trailers.
type depth int

const (
	outside depth = iota
	inInterchange
	inGroup
	inTransaction
)

// Reader gives the segments of a file one by one, checking the envelope as it
// goes. A file may hold several interchanges. After an error every further
// call gives the same error.
type Reader struct {
	scan     *scanner
	fixed    repairs
	versions []string
	err      error

	depth       depth
	interchange Interchange
	group       Group
	transaction Transaction

	groups       int // in the interchange
	transactions int // in the group
	segments     int // in the transaction, ST included
	acks         bool
}

// NewReader reads X12 from r. It does not close r.
func NewReader(r io.Reader, opt Options) *Reader {
	rd := &Reader{versions: opt.Versions}
	if len(rd.versions) == 0 {
		rd.versions = []string{version5010}
	}
	rd.scan = newScanner(r, opt.Limits, &rd.fixed)
	return rd
}

// Next gives the next segment, headers and trailers included. It gives io.EOF
// once every envelope is closed and nothing but blanks is left, an *Error when
// the input is at fault, and another error when the input could not be read.
// The segment is valid until the next call.
func (r *Reader) Next() (*Segment, error) {
	if r.err != nil {
		return nil, r.err
	}
	seg, err := r.scan.next()
	if errors.Is(err, io.EOF) {
		err = r.end()
	}
	if err == nil {
		err = r.enter(seg)
	}
	if err != nil {
		r.err = err
		return nil, err
	}
	return seg, nil
}

// Interchange gives the header of the interchange being read, or read last.
func (r *Reader) Interchange() Interchange { return r.interchange }

// Group gives the header of the group being read, or read last.
func (r *Reader) Group() Group { return r.group }

// Transaction gives the header of the transaction being read, or read last.
func (r *Reader) Transaction() Transaction { return r.transaction }

// Repairs gives the known mistakes of senders that were put right so far.
func (r *Reader) Repairs() []Repair { return slices.Clone(r.fixed) }

// end decides what the end of the input means here.
func (r *Reader) end() error {
	if r.depth == outside && r.scan.ordinal > 0 {
		return io.EOF
	}
	e := &Error{
		Code: CodeTruncated, Segment: r.scan.previous.Segment, Line: r.scan.previous.Line, Offset: r.scan.offset,
		Text: "the file ends after this segment, before its envelope is closed; it was cut off, send it again",
	}
	if r.depth == outside {
		e.Code, e.Line, e.Text = CodeEmpty, 1, "the file is empty"
	}
	return e
}

// enter moves through the envelope by one segment.
func (r *Reader) enter(s *Segment) error {
	if r.depth == inTransaction {
		r.segments++
	}
	switch string(s.tag()) {
	case "ISA":
		return r.openInterchange(s)
	case "GS":
		return r.openGroup(s)
	case "ST":
		return r.openTransaction(s)
	case "SE":
		return r.closeTransaction(s)
	case "GE":
		return r.closeGroup(s)
	case "IEA":
		return r.closeInterchange(s)
	case "TA1":
		if r.depth == inInterchange && r.groups == 0 {
			r.acks = true
			return nil
		}
	}
	if r.depth != inTransaction {
		return fail(s, CodeOrder, 0, "the segment stands outside a transaction (ST to SE)")
	}
	return nil
}

func (r *Reader) openInterchange(s *Segment) error {
	if r.depth != outside {
		return fail(s, CodeOrder, 0, "a new interchange begins before the one before it is closed by IEA")
	}
	if s.Len() != 16 || len(s.raw) != isaLength-1 {
		return fail(s, CodeHeader, 0, "the interchange header must have 16 elements of fixed width")
	}
	r.interchange = r.scan.header
	if !slices.Contains(r.versions, r.interchange.Version) {
		return fail(s, CodeVersion, 12, "ISA12 names an interchange version that is not read here; expected "+strings.Join(r.versions, " or "))
	}
	r.depth, r.groups, r.acks = inInterchange, 0, false
	return nil
}

func (r *Reader) openGroup(s *Segment) error {
	if r.depth != inInterchange {
		return fail(s, CodeOrder, 0, "a group begins inside another group or transaction; the trailer before it is missing")
	}
	for n := 1; n <= 8; n++ {
		if s.Value(n) == "" {
			return fail(s, CodeMissingElement, n, "the group header needs eight elements and this one is empty")
		}
	}
	r.group = Group{
		ID: s.Value(1), Sender: s.Value(2), Receiver: s.Value(3), Date: s.Value(4),
		Time: s.Value(5), Control: s.Value(6), Agency: s.Value(7), Version: s.Value(8),
	}
	if !validDate(r.group.Date) {
		return fail(s, CodeDate, 4, "the group date must be a day written as CCYYMMDD")
	}
	if !validTime(r.group.Time) {
		return fail(s, CodeInvalid, 5, "the group time must be written as HHMM")
	}
	r.depth, r.transactions = inGroup, 0
	r.groups++
	return nil
}

func (r *Reader) openTransaction(s *Segment) error {
	if r.depth != inGroup {
		return fail(s, CodeOrder, 0, "a transaction begins outside a group or before the one before it is closed by SE")
	}
	for n := 1; n <= 2; n++ {
		if s.Value(n) == "" {
			return fail(s, CodeMissingElement, n, "the transaction header needs its identifier and its control number")
		}
	}
	guide, repaired := repairedGuide(s.Value(3), r.group.Version)
	if repaired {
		r.fixed.note(RepairGuide, s.pos)
	}
	r.transaction = Transaction{ID: s.Value(1), Control: s.Value(2), Guide: guide}
	r.depth, r.segments = inTransaction, 1
	r.transactions++
	return nil
}

func (r *Reader) closeTransaction(s *Segment) error {
	if r.depth != inTransaction {
		return fail(s, CodeOrder, 0, "a transaction ends that never began; its ST is missing")
	}
	r.depth = inGroup
	return closing(s, r.segments, "segments", r.transaction.Control, "ST02")
}

func (r *Reader) closeGroup(s *Segment) error {
	if r.depth != inGroup {
		return fail(s, CodeOrder, 0, "a group ends here that is not open, or whose transaction is still open")
	}
	r.depth = inInterchange
	return closing(s, r.transactions, "transactions", r.group.Control, "GS06")
}

func (r *Reader) closeInterchange(s *Segment) error {
	if r.depth != inInterchange {
		return fail(s, CodeOrder, 0, "the interchange ends here while a group or transaction is still open; its trailer is missing")
	}
	if r.groups == 0 && !r.acks {
		return fail(s, CodeOrder, 0, "the interchange holds no group")
	}
	r.depth = outside
	return closing(s, r.groups, "groups", r.interchange.Control, "ISA13")
}

// closing compares a trailer with what was read.
func closing(s *Segment, count int, what, number, where string) error {
	got := s.Value(1)
	if got == "" {
		return fail(s, CodeMissingElement, 1, "the trailer does not count its "+what)
	}
	if !digits(got) || len(got) > 10 || number10(got) != int64(count) {
		return fail(s, CodeCount, 1, "the trailer counts another number of "+what+" than were read; some were lost or added on the way")
	}
	if s.Value(2) != number {
		return fail(s, CodeControlNumber, 2, "the control number differs from the one in "+where)
	}
	return nil
}

// number10 reads up to ten digits that were checked before.
func number10(s string) int64 {
	var n int64
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n
}
