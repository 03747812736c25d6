package disclosure

import (
	"database/sql"
	"strings"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Trace is a line of the ledger as the rules of suspicion see it: that
// somebody looked, not at what.
type Trace struct {
	ID      id.Disclosure
	Person  id.Person
	Member  id.Member // a reference to count by; empty when none was found
	Listed  bool      // shown in a list, not opened by itself
	Outcome Outcome
	At      time.Time
}

// wholeMember is the subject of a member who was opened.
const wholeMember = "member"

const traceColumns = "id, person, member, subject, outcome, at_us"

// single reports whether a subject is one thing that was opened: a member, or
// a request or document by its id. Lists and home pages are named otherwise.
func single(subject string) bool { return subject == wholeMember || strings.Contains(subject, "/") }

func scanTrace(r *sql.Rows) (Trace, error) {
	var t Trace
	var subject string
	var at int64
	err := r.Scan(&t.ID, &t.Person, &t.Member, &subject, &t.Outcome, &at)
	t.Listed, t.At = !single(subject), db.Time(at)
	return t, err
}

// Since gives the lines from a time on, oldest first, at most limit. after is
// the last one that was read, or "". It names no member and needs no right:
// it is for the portal's own rules.
func Since(tx *db.Tx, from time.Time, after id.Disclosure, limit int) ([]Trace, error) {
	const digits = 9 // of an id: what tells its time, to 32 ms
	first := ""
	if from.Unix() > 0 {
		first = string(id.New[id.Disclosure](from))[:digits]
	}
	return db.Collect(scanTrace)(tx.Rows("select "+traceColumns+" from disclosure where id > $1 and at_us >= $2 order by id limit $3",
		max(string(after), first), db.Micros(from), int64(limit)))
}

// TracesOf gives one person's newest lines after a time, newest first, at most limit.
func TracesOf(tx *db.Tx, person id.Person, after time.Time, limit int) ([]Trace, error) {
	return db.Collect(scanTrace)(tx.Rows("select "+traceColumns+" from disclosure where person = $1 and at_us > $2 order by at_us desc, id desc limit $3",
		string(person), db.Micros(after), int64(limit)))
}

// OpenedBy gives how many different members one person opened from a time on,
// until another.
func OpenedBy(tx *db.Tx, person id.Person, from, until time.Time) (n int64, err error) {
	err = tx.Row("select count(distinct member) from disclosure where person = $1 and at_us >= $2 and at_us < $3 and subject = $4 and outcome = $5",
		string(person), db.Micros(from), db.Micros(until), wholeMember, string(Shown)).Scan(&n)
	return n, err
}

// UsualOf gives on how many of the days before a midnight one person opened
// members, and how many different ones, added up over these days.
func UsualOf(tx *db.Tx, person id.Person, midnight time.Time, days int) (active, members int64, err error) {
	const day = 24 * time.Hour
	err = tx.Row(`select count(distinct d.nth), count(*) from (select distinct member, (at_us - $1) / $2 as nth from disclosure
			where person = $3 and at_us >= $4 and at_us < $5 and subject = $6 and outcome = $7) d`,
		db.Micros(midnight)-int64(days)*day.Microseconds(), day.Microseconds(), string(person),
		db.Micros(midnight)-int64(days)*day.Microseconds(), db.Micros(midnight), wholeMember, string(Shown)).Scan(&active, &members)
	return active, members, err
}

// RefusedOf gives one person's looks at one member from a time on that were
// refused.
func RefusedOf(tx *db.Tx, person id.Person, member id.Member, from time.Time) ([]id.Disclosure, error) {
	return db.Collect(func(r *sql.Rows) (id.Disclosure, error) {
		var d id.Disclosure
		return d, r.Scan(&d)
	})(tx.Rows("select id from disclosure where person = $1 and at_us >= $2 and member = $3 and outcome = $4 order by id",
		string(person), db.Micros(from), string(member), string(Refused)))
}
