package coverage

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

// What a retroactive change makes of the days that it is about.
const (
	nowEnded = "ended" // were covered, are not
	nowBegun = "began" // were not, are
	nowMoved = "moved" // covered by another plan
)

// change is a stretch of days gone by of which something else is known now.
type change struct {
	id       string
	member   id.Member
	what     string
	from, to civil.Date
	known    int64
}

// JobTell is the job that finds the offices which had looked at members whose
// coverage changed for days gone by.
const JobTell = "coverage.tell"

// retroactive gives the days before today of which a change of medical spans
// says something else than was known.
func (c spanChange) retroactive(today civil.Date) []change {
	var marks []civil.Date // days on which something may be different from the day before
	for _, s := range slices.Concat(c.closed, c.added) {
		if s.Line != Medical {
			continue
		}
		marks = append(marks, s.From)
		if !s.To.IsZero() {
			marks = append(marks, s.To.AddDays(1))
		}
	}
	slices.SortFunc(marks, civil.Date.Compare)
	marks = slices.Compact(marks)
	var out []change
	for i, day := range marks {
		if !day.Before(today) {
			break
		}
		last := today.AddDays(-1)
		if i+1 < len(marks) && marks[i+1].Before(today) {
			last = marks[i+1].AddDays(-1)
		}
		what := different(planOn(c.closed, day), planOn(c.added, day))
		if what == "" {
			continue
		}
		if n := len(out) - 1; n >= 0 && out[n].what == what && out[n].to.AddDays(1) == day {
			out[n].to = last
			continue
		}
		out = append(out, change{what: what, from: day, to: last})
	}
	return out
}

func planOn(spans []Span, day civil.Date) string {
	for _, s := range spans {
		if s.Line == Medical && s.holds(day) {
			return s.Plan
		}
	}
	return ""
}

func different(was, is string) string {
	switch {
	case was == is:
		return ""
	case is == "":
		return nowEnded
	case was == "":
		return nowBegun
	}
	return nowMoved
}

// writeChanges keeps what a batch changes of days gone by, and asks for the
// offices to be told that had looked. It comes last in a transaction.
func (l *loader) writeChanges(tx *db.Tx, done []outcome) error {
	var rows [][]any
	for _, o := range done {
		if o.isNew {
			continue // nobody was shown anything of a member who was not there
		}
		for _, c := range o.spans.retroactive(l.today) {
			rows = append(rows, []any{string(id.New[id.Coverage](tx.Now)), string(o.member.ID), c.what, c.from.String(), c.to.String(), db.Micros(tx.Now), 0})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	err := inRows(tx, "insert into coverage_change (id, member, what, from_on, to_on, known_us, told_us) values ", "", rows)
	if err != nil {
		return err
	}
	_, err = job.Enqueue(tx, JobTell, struct{}{}, job.Options{Key: "all", By: l.who.Username})
	return err
}

func scanChange(r *sql.Rows) (change, error) {
	var c change
	var from, to string
	err := r.Scan(&c.id, &c.member, &c.what, &from, &to, &c.known)
	if err != nil {
		return c, err
	}
	c.from, err = civil.Parse(from)
	if err != nil {
		return c, err
	}
	c.to, err = civil.Parse(to)
	return c, err
}

// looksFrom gives the time from which on looks count that were made before a
// change: its first day, and at most twelve months before.
func (c change) looksFrom(zone *time.Location) time.Time {
	first, _ := window(civil.Of(db.Time(c.known), zone))
	if c.from.After(first) {
		first = c.from
	}
	return first.In(zone)
}
