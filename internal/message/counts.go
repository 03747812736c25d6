package message

import (
	"database/sql"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Count is how long a thread is, without internal notes.
type Count struct {
	Messages int
	Last     time.Time
}

// Counts gives the length of the threads about some requests (fifty at most
// are looked at), without a word of them.
func Counts(tx *db.Tx, requests []id.Request) (map[id.Request]Count, error) {
	const most = 50
	out := map[id.Request]Count{}
	if len(requests) == 0 {
		return out, nil
	}
	requests = requests[:min(len(requests), most)]
	args := []any{string(Internal)}
	marks := make([]string, most)
	for i := range most {
		args = append(args, string(requests[min(i, len(requests)-1)])) // the last one fills up
		marks[i] = "$" + strconv.Itoa(i+2)
	}
	type counted struct {
		Count

		request id.Request
	}
	all, err := db.Collect(func(r *sql.Rows) (counted, error) {
		var c counted
		var last int64
		err := r.Scan(&c.request, &c.Messages, &last)
		c.Last = db.Time(last)
		return c, err
	})(tx.Rows("select request, count(*), max(at_us) from message where kind <> $1 and request in ("+strings.Join(marks, ", ")+") group by request", args...))
	for _, c := range all {
		out[c.request] = c.Count
	}
	return out, err
}
