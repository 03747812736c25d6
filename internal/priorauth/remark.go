package priorauth

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Remark puts a line into a request's timeline, and changes nothing of the
// request: it may be decided long ago. What the line stands for is in the
// record as entry. With office set, the office sees the line too.
func Remark(tx *db.Tx, who access.Actor, st State, kind, what string, office bool, entry id.Entry) error {
	return event(tx, who, st.Request, kind, what, office, entry)
}
