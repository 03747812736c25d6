package coverage

import (
	"database/sql"
	"log/slog"
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

// PastChange tells that something else became known of a member's coverage on
// days gone by.
type PastChange struct {
	What    string // "ended", "began", "moved" to another plan
	From    civil.Date
	To      civil.Date
	KnownAt time.Time
}

// LogValue keeps the days of coverage out of logs.
func (c PastChange) LogValue() slog.Value { return slog.StringValue("[change]") }

// changesOf gives a member's changes of the last twelve months, the newest
// first, at most mostNotices.
func changesOf(tx *db.Tx, m id.Member, since time.Time) ([]PastChange, error) {
	all, err := db.Collect(scanChange)(tx.Rows(`select id, member, what, from_on, to_on, known_us from coverage_change
		where member = $1 and known_us > $2 order by known_us desc, from_on desc limit $3`, string(m), db.Micros(since), int64(mostNotices)))
	out := make([]PastChange, 0, len(all))
	for _, c := range all {
		out = append(out, PastChange{What: c.what, From: c.from, To: c.to, KnownAt: db.Time(c.known)})
	}
	return out, err
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
	changes := map[id.Member][]change{}
	var members []id.Member
	for _, o := range done {
		if o.isNew {
			continue // nobody was shown anything of a member who was not there
		}
		if c := o.spans.retroactive(l.today); len(c) > 0 {
			changes[o.member.ID] = c
			members = append(members, o.member.ID)
		}
	}
	members, err := knownBefore(tx, members)
	if err != nil || len(members) == 0 {
		return err
	}
	var rows [][]any
	for _, m := range members {
		for _, c := range changes[m] {
			rows = append(rows, []any{string(id.New[id.Coverage](tx.Now)), string(m), c.what, c.from.String(), c.to.String(), db.Micros(tx.Now), 0})
		}
	}
	err = inRows(tx, "insert into coverage_change (id, member, what, from_on, to_on, known_us, told_us) values ", "", rows)
	if err != nil {
		return err
	}
	_, err = job.Enqueue(tx, JobTell, struct{}{}, job.Options{Key: "all", By: l.who.Username})
	return err
}

// knownBefore keeps the members of whom coverage was known before this
// transaction: a file that brings a new member in two rows changes nothing
// that anybody could have seen.
func knownBefore(tx *db.Tx, members []id.Member) ([]id.Member, error) {
	var out []id.Member
	err := eachChunk(members, func(args []any) error {
		args = append(args, db.Micros(tx.Now))
		some, err := db.Collect(func(r *sql.Rows) (id.Member, error) {
			var m id.Member
			return m, r.Scan(&m)
		})(tx.Rows("select member from coverage_span where member in ("+placeholders(0, len(args)-1)+") and known_us < "+
			placeholders(len(args)-1, 1)+" group by member order by member", args...))
		out = append(out, some...)
		return err
	})
	return out, err
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
