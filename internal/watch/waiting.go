package watch

import (
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

// Waiting gives the cases that wait for a review, oldest first, at most 200.
func Waiting(tx *db.Tx, who access.Actor) ([]Case, error) {
	err := mayRead(who)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanCases)(tx.Rows("select "+caseColumns+" from watch_case where state = $1 order by opened_us, id limit 200", string(Open)))
}

// Reviewed gives how many cases were closed from a time until another.
func Reviewed(tx *db.Tx, who access.Actor, from, until time.Time) (n int, err error) {
	err = mayRead(who)
	if err != nil {
		return 0, err
	}
	err = tx.Row("select count(*) from watch_case where state = $1 and closed_us >= $2 and closed_us < $3", string(Closed), db.Micros(from), db.Micros(until)).Scan(&n)
	return n, err
}
