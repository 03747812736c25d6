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

const traceColumns = "id, person, member, subject, outcome, at_us"

// single reports whether a subject is one thing that was opened: a member, or
// a request or document by its id. Lists and home pages are named otherwise.
func single(subject string) bool { return subject == "member" || strings.Contains(subject, "/") }

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
