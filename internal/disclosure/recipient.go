package disclosure

import (
	"database/sql"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Recipient is an organization that was shown something.
type Recipient struct {
	Org  id.Organization
	Name string
	Last time.Time
}

func scanRecipient(r *sql.Rows) (Recipient, error) {
	var out Recipient
	var at int64
	err := r.Scan(&out.Org, &out.Name, &at)
	out.Last = db.Time(at)
	return out, err
}
