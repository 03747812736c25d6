package coverage

import (
	"crypto/sha256"
	"encoding/binary"

	"hsconnect/internal/civil"
)

// key identifies a member inside a file, in few bytes: a large file names a
// million. Of two million members, two share a key once in ten million files.
type key uint64

// keyOf identifies the member of a row: by number, or inside the family.
func keyOf(e Enrollment) key {
	sum := sha256.Sum256([]byte(identity(e)))
	return key(binary.BigEndian.Uint64(sum[:]))
}

const (
	seenParts = 256  // by the first byte of a key
	seenSize  = 4096 // members, or further days, in a piece
	indexBits = 21   // of a slot; the others are a tag of the key
	indexMask = 1<<indexBits - 1
	firstPart = 16 // slots
)

// Every member of a file has a number that fits into a slot.
const _ = uint(indexMask - MaxRows)

// seen is what is remembered of the members met before in a file: where each
// stands, and the days of its statements. Members are numbered from 1 as they
// are met and kept in pieces of fixed size, so that nothing is moved or thrown
// away as a file goes on; a member is found by tables of these numbers, one
// for each first byte of a key.
type seen struct {
	parts   [seenParts]part
	members []*piece
	further []*further
	count   int // members
	extra   int // further days
}

// part is an open table: a slot holds the tag of a key above a number, or 0.
type part struct {
	slots []uint32
	used  int
}

type piece struct {
	keys    [seenSize]key
	days    [seenSize]days
	line    [seenSize]int32
	segment *[seenSize]int32  // nil: it is a file of lines
	more    *[seenSize]uint32 // further days, by their number; nil: none has any
}

// further is the second and later days of members, each with the number of the
// one before it.
type further struct {
	days [seenSize]days
	next [seenSize]uint32
}

// find gives the number of a member, or 0.
func (s *seen) find(k key) int {
	p := &s.parts[k>>56]
	for i := range p.slots {
		slot := p.slots[p.at(k, i)]
		if slot == 0 {
			return 0
		}
		n := int(slot & indexMask)
		if slot>>indexBits == k.tag() && s.members[(n-1)/seenSize].keys[(n-1)%seenSize] == k {
			return n
		}
	}
	return 0
}

// tag is what a slot keeps of a key.
func (k key) tag() uint32 { return uint32(k) >> indexBits } //nolint:gosec // the low half

// at gives the slot to look at after i others: the place comes from bits that
// neither the part nor the tag is made of.
func (p *part) at(k key, i int) int {
	middle := uint64(k) >> 24 & 0xFFFFFFFF
	return int((middle*uint64(len(p.slots))>>32 + uint64(i)) % uint64(len(p.slots))) //nolint:gosec // less than the number of slots
}

// add notes a member who is not known yet, and gives the number.
func (s *seen) add(k key, at Place) int {
	i := s.count % seenSize
	if i == 0 {
		s.members = append(s.members, &piece{})
	}
	s.count++
	m := s.members[len(s.members)-1]
	m.keys[i], m.line[i] = k, int32(at.Line) //nolint:gosec // bounded by the size of a file
	if at.Segment > 0 {
		if m.segment == nil {
			m.segment = new([seenSize]int32)
		}
		m.segment[i] = int32(at.Segment) //nolint:gosec // bounded by the size of a file
	}
	p := &s.parts[k>>56]
	if p.used*8 >= len(p.slots)*7 {
		s.grow(p)
	}
	p.put(k, s.count)
	p.used++
	return s.count
}

func (p *part) put(k key, n int) {
	for i := range p.slots {
		slot := &p.slots[p.at(k, i)]
		if *slot == 0 {
			*slot = k.tag()<<indexBits | uint32(n) //nolint:gosec // at most MaxRows
			return
		}
	}
}

// grow gives a part half as many slots more. The parts are small, and grow one
// after the other.
func (s *seen) grow(p *part) {
	old := p.slots
	p.slots = make([]uint32, max(firstPart, len(old)*3/2))
	for _, slot := range old {
		if n := int(slot & indexMask); n > 0 {
			p.put(s.members[(n-1)/seenSize].keys[(n-1)%seenSize], n)
		}
	}
}

// place gives where a member stands.
func (s *seen) place(n int) Place {
	m, i := s.members[(n-1)/seenSize], (n-1)%seenSize
	at := Place{Line: int(m.line[i])}
	if m.segment != nil {
		at.Segment = int(m.segment[i])
	}
	return at
}

// keep adds days to what is remembered of a member.
func (s *seen) keep(n int, add []days) {
	m, i := s.members[(n-1)/seenSize], (n-1)%seenSize
	for _, d := range add {
		if m.days[i] == 0 {
			m.days[i] = d
			continue
		}
		j := s.extra % seenSize
		if j == 0 {
			s.further = append(s.further, &further{})
		}
		if m.more == nil {
			m.more = new([seenSize]uint32)
		}
		s.extra++
		f := s.further[len(s.further)-1]
		f.days[j], f.next[j] = d, m.more[i]
		m.more[i] = uint32(s.extra) //nolint:gosec // at most maxSpans of MaxRows
	}
}

// overlaps reports whether a member has days that overlap with d.
func (s *seen) overlaps(n int, d days) bool {
	m, i := s.members[(n-1)/seenSize], (n-1)%seenSize
	if m.days[i].overlaps(d) {
		return true
	}
	if m.more == nil {
		return false
	}
	for j := m.more[i]; j > 0; {
		f, at := s.further[(j-1)/seenSize], (j-1)%seenSize
		if f.days[at].overlaps(d) {
			return true
		}
		j = f.next[at]
	}
	return false
}

// remember notes the member, and refuses a second row whose days overlap with
// those of an earlier one: which of the two holds is not ours to guess.
func (c *checker) remember(r *row) bool {
	n := c.seen.find(r.key)
	r.before = n > 0
	if !r.before {
		n = c.seen.add(r.key, r.At)
	}
	for _, d := range r.days {
		if r.before && c.seen.overlaps(n, d) {
			c.refuse(r.At.String(), "the same member stands at "+c.seen.place(n).String()+" already, with coverage on the same days: send each member's coverage once")
			return false
		}
	}
	c.seen.keep(n, r.days)
	return true
}

// days are the days of one statement, to find overlaps with: the first and the
// last in 27 bits each, as yyyymmdd, behind the kind of coverage. 0 is none.
type days uint64

const dayBits = 27

func daysFrom(line Line, from, to civil.Date) days {
	return days(lineByte(line))<<(2*dayBits) | days(packed(from))<<dayBits | days(packedEnd(to)) //nolint:gosec // days of the calendar
}

func (d days) line() days { return d >> (2 * dayBits) }
func (d days) from() days { return d >> dayBits & (1<<dayBits - 1) }
func (d days) to() days   { return d & (1<<dayBits - 1) }

func (d days) overlaps(o days) bool {
	return d != 0 && d.line() == o.line() && d.from() <= o.to() && o.from() <= d.to()
}

// daysOf gives the days that statements claim as covered. Statements without
// a first day end or void something and claim none.
func daysOf(spans []Statement) []days {
	var out []days
	for _, s := range spans {
		if s.From.IsZero() || s.Change == Void {
			continue
		}
		out = append(out, daysFrom(s.Line, s.From, s.To))
	}
	return out
}

func lineByte(l Line) byte {
	switch l {
	case Medical:
		return 'm'
	case Dental:
		return 'd'
	case Vision:
		return 'v'
	case Drug:
		return 'r'
	case Other:
	}
	return 'o'
}

func packed(d civil.Date) int32 {
	return int32(d.Y*10000 + int(d.M)*100 + d.D) //nolint:gosec // a year has four digits
}

func packedEnd(d civil.Date) int32 {
	if d.IsZero() {
		return 99991231
	}
	return packed(d)
}
