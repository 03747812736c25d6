package coverage

import (
	"crypto/sha256"
	"encoding/binary"

	"hsconnect/internal/civil"
)

// key identifies a member inside a file, in few bytes: a large file names a
// million. Of two million members, two share a key once in ten million files.
type key uint64

// seen is what is remembered of a member met before in the file.
type seen struct {
	segment, line int32
	first         days
	more          int32 // index into checker.more, plus one; 0 for nothing
}

// days are the days of one statement, to find overlaps with.
type days struct {
	line     byte
	from, to int32 // civil days as yyyymmdd
}

// keyOf identifies the member of a row: by number, or inside the family.
func keyOf(e Enrollment) key {
	sum := sha256.Sum256([]byte(identity(e)))
	return key(binary.BigEndian.Uint64(sum[:]))
}

// remember notes the member, and refuses a second row whose days overlap with
// those of an earlier one: which of the two holds is not ours to guess.
func (c *checker) remember(r *row) bool {
	old, twice := c.seen[r.key]
	if !twice {
		now := seen{segment: int32(r.At.Segment), line: int32(r.At.Line)} //nolint:gosec // bounded by the size of a file
		c.keep(&now, r.days)
		c.seen[r.key] = now
		return true
	}
	r.before = true
	for _, d := range r.days {
		if old.overlaps(d, c.more) {
			at := Place{Segment: int(old.segment), Line: int(old.line)}
			c.refuse(r.At.String(), "the same member stands at "+at.String()+" already, with coverage on the same days: send each member's coverage once")
			return false
		}
	}
	c.keep(&old, r.days)
	c.seen[r.key] = old
	return true
}

// keep adds days to what is remembered of a member.
func (c *checker) keep(s *seen, add []days) {
	for _, d := range add {
		if s.first == (days{}) {
			s.first = d
			continue
		}
		if s.more == 0 {
			c.more = append(c.more, nil)
			s.more = int32(len(c.more)) //nolint:gosec // bounded by MaxRows
		}
		c.more[s.more-1] = append(c.more[s.more-1], d)
	}
}

func (s seen) overlaps(d days, more [][]days) bool {
	if s.first.overlaps(d) {
		return true
	}
	if s.more == 0 {
		return false
	}
	for _, other := range more[s.more-1] {
		if other.overlaps(d) {
			return true
		}
	}
	return false
}

func (d days) overlaps(o days) bool {
	return d != (days{}) && d.line == o.line && d.from <= o.to && o.from <= d.to
}

// daysOf gives the days that statements claim as covered. Statements without
// a first day end or void something and claim none.
func daysOf(spans []Statement) []days {
	var out []days
	for _, s := range spans {
		if s.From.IsZero() || s.Change == Void {
			continue
		}
		out = append(out, days{line: lineByte(s.Line), from: packed(s.From), to: packedEnd(s.To)})
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
