package coverage

import (
	"database/sql"
	"maps"
	"slices"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// full reports whether whoever is not named ends; names, whether the file is
// to be compared with everybody who is covered.
func (l *loader) full() bool  { return l.order.Full || l.mode == Replace }
func (l *loader) names() bool { return l.full() || l.mode == Verify }

// unnamed goes through everybody who has coverage, of a kind that the file
// speaks of, beyond the last day that not being named leaves, and is not
// named; in order of their ids, so that it needs no memory.
func (l *loader) unnamed(in *reading, tx within) error {
	const some = 500
	if l.ends.IsZero() {
		l.ends = l.today.AddDays(-1)
	}
	after := ""
	for {
		var ids []id.Member
		before := l.counted()
		err := tx(func(tx *db.Tx) error {
			l.restore(before) // the closure may run again
			var err error
			ids, err = l.unnamedAfter(tx, after, some)
			if err != nil || len(ids) == 0 {
				return err
			}
			return l.endUnnamed(tx, ids)
		})
		if err != nil || len(ids) < some {
			return err
		}
		after = string(ids[len(ids)-1])
		err = in.Stopped()
		if err != nil {
			return err
		}
	}
}

func (l *loader) unnamedAfter(tx *db.Tx, after string, some int) ([]id.Member, error) {
	if len(l.lines) == 0 {
		return nil, nil
	}
	args := []any{l.ends.String(), after, string(l.ref), l.run}
	for _, line := range slices.Sorted(maps.Keys(l.lines)) { // so that the statements are the same each time
		args = append(args, string(line))
	}
	args = append(args, some)
	return db.Collect(func(r *sql.Rows) (id.Member, error) {
		var m id.Member
		return m, r.Scan(&m)
	})(tx.Rows(`select distinct s.member from coverage_span s where s.closed_us = 0 and s.to_on > $1 and s.member > $2 and s.import <> $3
		and not exists (select 1 from coverage_named n where n.run = $4 and n.member = s.member)
		and s.line in (`+placeholders(4, len(args)-5)+") order by s.member limit "+placeholders(len(args)-1, 1), args...))
}

// endUnnamed counts members whom the file does not name and, where it is a
// full one, ends their coverage.
func (l *loader) endUnnamed(tx *db.Tx, ids []id.Member) error {
	l.report.Difference.Unnamed += len(ids)
	if !l.full() {
		return nil
	}
	spans, err := spansOf(tx, ids)
	if err != nil {
		return err
	}
	done := make([]outcome, 0, len(ids))
	for _, m := range ids {
		old := spans[m]
		now := slices.Clone(old)
		for line := range l.lines {
			now = Statement{Change: End, Line: line, To: l.ends}.cut(now)
		}
		o := outcome{said: &row{}, spans: changeOf(old, now)}
		o.member.ID = m
		o.spans.ended = o.spans.any()
		o.ending = losing(old, o.spans, now)
		done = append(done, o)
	}
	return l.write(tx, done)
}
