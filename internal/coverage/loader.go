package coverage

import (
	"maps"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
)

// loader compares what was staged of a file with the database. Without an
// import id it only judges; with one it writes as well.
type loader struct {
	who    access.Actor
	today  civil.Date
	ref    id.Import // empty: judge only
	run    string    // names this comparison in coverage_named
	file   intake.File
	order  Order
	report Report

	measures bool         // the engine plans by what it believes of the tables' sizes
	written  int          // rows
	open     map[Line]int // members with coverage today or later before this file; nil until somebody loses some
	opened   map[Line]int // those who have it only by this file

	families bool // some rows may name a member inside a family
	mode     Mode
	ends     civil.Date    // of those whom a full file does not name
	lines    map[Line]bool // the kinds of coverage that the file speaks of

	batch    []*row
	inBatch  map[key]bool
	assigned map[string]int // by folded subscriber number: the last sequence given out
}

// row is one enrollment on its way.
type row struct {
	Enrollment

	key    key
	days   []days
	before bool // the member stood in the file before
}

func newLoader(who access.Actor, today civil.Date, ref id.Import, run string, o Order, f intake.File, read Report) *loader {
	return &loader{
		who: who, today: today, ref: ref, run: run, families: read.families, file: f, order: o, report: Report{Rows: read.Rows, Resumed: read.Resumed, Digest: f.Digest},
		ends: o.Ends, opened: map[Line]int{}, lines: map[Line]bool{}, inBatch: map[key]bool{}, assigned: map[string]int{},
	}
}

// within gives its function a transaction.
type within func(func(tx *db.Tx) error) error

// all takes every staged row, and then those whom a full file does not name.
func (l *loader) all(in *reading, tx within) error {
	for no, left := 0, l.report.Rows; left > 0; no++ {
		var rows []stagedRow
		err := tx(func(tx *db.Tx) error {
			var err error
			rows, err = intake.Rows[stagedRow](tx, l.who, l.file.Key, no)
			return err
		})
		if err != nil {
			return err
		}
		for i := range rows {
			err = l.take(&rows[i], tx)
			if err != nil {
				return err
			}
		}
		err = l.flush(tx)
		if err != nil {
			return err
		}
		left -= len(rows)
		err = in.Step(len(rows), l.report.Rows)
		if err != nil {
			return err
		}
	}
	if l.report.RefusedTotal > 0 || !l.names() {
		return nil
	}
	return l.unnamed(in, tx)
}

func (l *loader) take(s *stagedRow, tx within) error {
	r := &row{Enrollment: Enrollment(s.Row), before: s.Before}
	r.key = keyOf(r.Enrollment)
	if l.mode == "" && r.Mode != "" {
		l.mode = r.Mode
	}
	if l.ends.IsZero() && !r.FileDate.IsZero() {
		l.ends = r.FileDate.AddDays(-1)
	}
	for _, st := range r.Spans {
		l.lines[st.Line] = true
	}
	if l.inBatch[r.key] {
		err := l.flush(tx)
		if err != nil {
			return err
		}
	}
	l.batch = append(l.batch, r)
	l.inBatch[r.key] = true
	return nil
}

// flush judges the waiting rows, and writes what they come to.
func (l *loader) flush(tx within) error {
	if len(l.batch) == 0 {
		return nil
	}
	before := l.counted()
	err := tx(func(tx *db.Tx) error {
		l.restore(before) // the closure may run again
		done, err := l.judge(tx)
		if err != nil || l.report.RefusedTotal > 0 {
			return err
		}
		err = l.note(tx, done)
		if err != nil {
			return err
		}
		err = l.write(tx, done)
		if err != nil || l.ref == "" {
			return err
		}
		return l.measure(tx)
	})
	if err == nil {
		l.written += len(l.batch)
	}
	l.batch = l.batch[:0]
	clear(l.inBatch)
	return err
}

// sums is what a loader has counted so far.
type sums struct {
	report Report
	open   map[Line]int
	opened map[Line]int
}

// counted gives a copy that later counting leaves alone.
func (l *loader) counted() sums {
	c := sums{l.report, maps.Clone(l.open), maps.Clone(l.opened)}
	c.report.Difference.Facts = maps.Clone(c.report.Difference.Facts)
	c.report.Difference.Others = maps.Clone(c.report.Difference.Others)
	return c
}

func (l *loader) restore(c sums) {
	l.report = c.report
	l.report.Difference.Facts = maps.Clone(c.report.Difference.Facts)
	l.report.Difference.Others = maps.Clone(c.report.Difference.Others)
	l.open, l.opened = maps.Clone(c.open), maps.Clone(c.opened)
}

// measure brings the planner up to date when the tables have grown tenfold.
func (l *loader) measure(tx *db.Tx) error {
	now := l.written + len(l.batch)
	grown := slices.ContainsFunc([]int{1000, 10_000, 100_000}, func(n int) bool { return l.written < n && now >= n })
	if !l.measures || !grown {
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
	for _, table := range []string{"coverage_pcp", "coverage_pcp_span"} {
		_, err = tx.Exec("analyze " + table)
		if err != nil {
			return err
		}
	}
	return nil
}
