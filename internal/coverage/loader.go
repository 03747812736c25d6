package coverage

import (
	"crypto/sha256"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// batchSize is how many rows are compared with the database at a time.
const batchSize = 200

// loader takes the rows of one reading. Without an import id it only judges;
// with one it writes as well. Both readings judge alike, so what the second
// one meets has been checked, unless the database moved in between.
type loader struct {
	who    access.Actor
	today  civil.Date
	ref    id.Import // empty: judge only
	report Report

	measures bool // the engine plans by what it believes of the tables' sizes
	written  int  // batches

	batch    []*row
	inBatch  map[key]bool
	seen     map[key]seen   // everybody in the file so far
	more     [][]days       // what does not fit into seen
	assigned map[string]int // by folded subscriber number: the last sequence given out
}

// key identifies a member inside a file, in few bytes: a large file names a
// million.
type key [16]byte

// seen is what is remembered of a member met before in the file.
type seen struct {
	segment, line int32
	first         days
	more          int32 // index into loader.more, plus one; 0 for nothing
}

// days are the days of one statement, to find overlaps with.
type days struct {
	line     byte
	from, to int32 // civil days as yyyymmdd
}

// row is one enrollment on its way.
type row struct {
	Enrollment

	key    key
	days   []days
	before bool // the member stood in the file before
}

func newLoader(who access.Actor, today civil.Date, ref id.Import) *loader {
	return &loader{who: who, today: today, ref: ref, inBatch: map[key]bool{}, seen: map[key]seen{}, assigned: map[string]int{}}
}

func (l *loader) refuse(where, reason string) {
	l.report.RefusedTotal++
	if len(l.report.Refused) < MaxRefusals {
		l.report.Refused = append(l.report.Refused, Refusal{Where: where, Reason: reason})
	}
}

// take takes the next row of the file.
func (l *loader) take(e Enrollment, within func(func(tx *db.Tx) error) error) error {
	l.report.Rows++
	if l.report.Rows > MaxRows {
		return errTooLarge
	}
	r := &row{Enrollment: e}
	r.settle()
	problems := r.check(l.today)
	for _, p := range problems {
		l.refuse(p.Where, p.Reason)
	}
	if len(problems) > 0 {
		return nil
	}
	r.key, r.days = keyOf(r.Enrollment), daysOf(r.Spans)
	if !l.remember(r) {
		return nil
	}
	if l.inBatch[r.key] || len(l.batch) >= batchSize {
		err := l.flush(within)
		if err != nil {
			return err
		}
	}
	l.batch = append(l.batch, r)
	l.inBatch[r.key] = true
	return nil
}

// flush judges the waiting rows, and writes them in a second reading.
func (l *loader) flush(within func(func(tx *db.Tx) error) error) error {
	if len(l.batch) == 0 {
		return nil
	}
	err := within(func(tx *db.Tx) error {
		done, err := l.judge(tx)
		if err != nil || l.ref == "" || l.report.RefusedTotal > 0 {
			return err
		}
		err = l.write(tx, done)
		if err != nil {
			return err
		}
		return l.measure(tx)
	})
	l.batch = l.batch[:0]
	clear(l.inBatch)
	return err
}

// measure brings the planner up to date when the tables have grown tenfold.
func (l *loader) measure(tx *db.Tx) error {
	l.written++
	if !l.measures || l.written != 5 && l.written != 50 && l.written != 500 {
		return nil
	}
	err := member.Measure(tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec("analyze coverage_span")
	if err != nil {
		return err
	}
	_, err = tx.Exec("analyze coverage_pcp")
	return err
}

// keyOf identifies the member of a row: by number, or inside the family.
func keyOf(e Enrollment) key {
	sum := sha256.Sum256([]byte(identity(e)))
	return key(sum[:16])
}

// remember notes the member, and refuses a second row whose days overlap with
// those of an earlier one: which of the two holds is not ours to guess.
func (l *loader) remember(r *row) bool {
	old, twice := l.seen[r.key]
	if !twice {
		now := seen{segment: int32(r.At.Segment), line: int32(r.At.Line)} //nolint:gosec // bounded by the size of a file
		l.keep(&now, r.days)
		l.seen[r.key] = now
		return true
	}
	r.before = true
	for _, d := range r.days {
		if old.overlaps(d, l.more) {
			at := Place{Segment: int(old.segment), Line: int(old.line)}
			l.refuse(r.At.String(), "the same member stands at "+at.String()+" already, with coverage on the same days: send each member's coverage once")
			return false
		}
	}
	l.keep(&old, r.days)
	l.seen[r.key] = old
	return true
}

// keep adds days to what is remembered of a member.
func (l *loader) keep(s *seen, add []days) {
	for _, d := range add {
		if s.first == (days{}) {
			s.first = d
			continue
		}
		if s.more == 0 {
			l.more = append(l.more, nil)
			s.more = int32(len(l.more)) //nolint:gosec // bounded by MaxRows
		}
		l.more[s.more-1] = append(l.more[s.more-1], d)
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
