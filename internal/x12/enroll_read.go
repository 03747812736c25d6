package x12

import (
	"errors"
	"fmt"
	"io"
)

// Options834 set what Read834 takes. The zero value takes 005010X220A1 within
// the default limits.
type Options834 struct {
	Limits         Limits
	MemberSegments int  // most segments in one member's loop, default 2,000
	Exchange       bool // take 005010X307, the marketplace guide, as well
}

const (
	guideEnrollment = "005010X220A1"
	guideExchange   = "005010X307"

	defaultMemberSegments = 2000
)

// Read834 reads an enrollment file and calls fn with every member in order.
//
// A fault of the envelope, of a transaction header or of the bytes ends the
// reading with an *Error: nothing of the file can be trusted then. A fault
// inside a member's loop is put into that member's Problems and reading goes
// on. An error of fn, or of r, ends the reading and is given back. The last
// trailer proves that nothing was lost, so act on the members only when
// Read834 has returned without error.
//
// Optional facts that are absent are no fault: a reinstatement may come
// without a birth date. The caller decides what it needs.
func Read834(r io.Reader, opt Options834, fn func(Enrollment834) error) (File834, error) {
	if opt.MemberSegments <= 0 {
		opt.MemberSegments = defaultMemberSegments
	}
	e := &enroller{
		opt: opt, emit: fn, plan: newPlan(loops834()), fill: fill834(),
		reader: NewReader(r, Options{Limits: opt.Limits}),
	}
	err := e.run()
	e.file.Repairs = e.reader.Repairs()
	return e.file, err
}

// enroller carries the state of one Read834.
type enroller struct {
	keeper

	opt    Options834
	emit   func(Enrollment834) error
	plan   *plan
	fill   map[slot]filler
	reader *Reader
	file   File834

	walk   *walker
	header *Header834
	begun  bool           // BGN was read
	member *Enrollment834 // nil before the first INS
	inLoop int            // segments of the member so far
	marks  marks
}

// marks remember where statements stood that are compared later.
type marks struct {
	named    bool             // a name segment was read
	provider bool             // the open provider loop has named its provider
	payer    bool             // the open loop of other insurance has named its insurer
	end      Position         // of the member's DTP*357
	ends     map[int]Position // of DTP*349, by coverage
}

// slot is a segment in a loop.
type slot struct {
	loop loopID
	tag  string
}

// filler takes one segment's facts.
type filler func(e *enroller, s *Segment)

func (e *enroller) run() error {
	for {
		seg, err := e.reader.Next()
		if errors.Is(err, io.EOF) {
			if e.file.Transactions == 0 {
				return &Error{Code: CodeMissingSegment, Tag: "ST", Text: "the file holds no enrollment transaction (834)"}
			}
			return nil
		}
		if err != nil {
			return err
		}
		e.file.Segments++
		err = e.take(seg)
		if err != nil {
			return err
		}
	}
}

// take handles one segment.
func (e *enroller) take(s *Segment) error {
	switch s.Tag() {
	case "ISA":
		e.file.Interchanges++
		if e.file.Interchanges == 1 {
			e.file.First = e.reader.Interchange()
		}
		return nil
	case "GS":
		return e.checkGroup(s)
	case "ST":
		return e.begin(s)
	case "SE":
		return e.end(s)
	case "GE", "IEA", "TA1":
		return nil
	}
	return e.inside(s)
}

func (e *enroller) checkGroup(s *Segment) error {
	g := e.reader.Group()
	if g.ID != "BE" {
		return fail(s, CodeTransaction, 1, "the group does not hold enrollment (834); send enrollment files only")
	}
	if g.Agency != "X" {
		return fail(s, CodeVersion, 7, "GS07 must be X")
	}
	return e.checkGuide(s, 8, g.Version)
}

func (e *enroller) checkGuide(s *Segment, element int, guide string) error {
	switch {
	case guide == guideEnrollment:
		return nil
	case guide == guideExchange && e.opt.Exchange:
		return nil
	case guide == guideExchange:
		return fail(s, CodeVersion, element, "the file follows 005010X307, the marketplace guide, whose members are identified differently; expected 005010X220A1")
	}
	return fail(s, CodeVersion, element, "the file follows another guide or version; expected 005010X220A1")
}

// begin starts a transaction.
func (e *enroller) begin(s *Segment) error {
	t := e.reader.Transaction()
	if t.ID != "834" {
		return fail(s, CodeTransaction, 1, "the transaction is not an enrollment (834)")
	}
	if t.Guide != e.reader.Group().Version {
		return fail(s, CodeVersion, 3, "ST03 names another guide than GS08")
	}
	e.file.Transactions++
	e.walk = newWalker(e.plan)
	e.header = &Header834{
		Position: s.Position(), Interchange: e.reader.Interchange(), Group: e.reader.Group(), Transaction: t,
	}
	e.begun, e.member, e.open = false, nil, nil
	return nil
}

// end closes a transaction and with it the last member.
func (e *enroller) end(s *Segment) error {
	if !e.begun {
		return e.noBGN(s)
	}
	return e.finish()
}

func (e *enroller) noBGN(s *Segment) error {
	err := fail(s, CodeMissingSegment, 0, "BGN is missing: it must follow ST")
	err.Tag = "BGN"
	return err
}

// inside handles a segment between ST and SE.
func (e *enroller) inside(s *Segment) error {
	if !e.begun && s.Tag() != "BGN" {
		return e.noBGN(s)
	}
	e.begun = true
	if s.Tag() == "INS" {
		err := e.finish()
		if err != nil {
			return err
		}
		e.start(s)
	}
	e.inLoop++
	if e.member != nil && e.inLoop > e.opt.MemberSegments {
		return fail(s, CodeTooManySegments, 0, fmt.Sprintf("one member has more than %d segments; the next INS is probably missing", e.opt.MemberSegments))
	}
	loop, why := e.walk.place(s.Tag(), s.Value(1))
	if why != placed {
		e.misplaced(e.plan, s, why)
	} else if fill := e.fill[slot{loop, s.Tag()}]; fill != nil {
		e.checkSimple(s)
		fill(e, s)
	}
	if e.faulted != nil {
		return e.faulted
	}
	return nil
}

// start opens a member.
func (e *enroller) start(s *Segment) {
	e.member = &Enrollment834{Position: s.Position(), Header: e.header}
	e.open = &e.member.Problems
	e.inLoop, e.marks = 0, marks{}
}

// finish closes the open member, if any, and hands it on.
func (e *enroller) finish() error {
	if e.member == nil {
		return nil
	}
	e.checkMember()
	m := *e.member
	e.member, e.open = nil, nil
	e.file.Enrollments++
	if len(m.Problems) > 0 {
		e.file.Faulty++
	}
	return e.emit(m)
}

// checkMember compares what the whole loop said.
func (e *enroller) checkMember() {
	m := e.member
	if !e.marks.named {
		e.problemAt(m.Position, CodeMissingSegment, "NM1", 0, "the member has no name segment (NM1*IL)")
	}
	if m.SubscriberID == "" && len(m.Identifiers) == 0 && m.NameID.Value == "" {
		e.problemAt(m.Position, CodeMissingID, "REF", 0, "nothing identifies the member: send a member identifier (REF or NM109)")
	}
	if m.EligibilityBegin != "" && m.EligibilityEnd != "" && m.EligibilityEnd < m.EligibilityBegin {
		e.problemAt(e.marks.end, CodeDateOrder, "DTP", 3, "eligibility ends before it begins")
	}
	for i := range m.Coverages {
		c := &m.Coverages[i]
		if c.Begin != "" && c.End != "" && c.End < c.Begin {
			e.problemAt(e.marks.ends[i], CodeDateOrder, "DTP", 3, "the coverage ends before it begins")
		}
	}
}
