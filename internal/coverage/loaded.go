package coverage

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// mostLoaded is how many files a list shows.
const mostLoaded = 100

// Loaded is a file that was loaded.
type Loaded struct {
	ID     id.Import
	Name   string
	By     string // name of who loaded it, or of the portal; empty for old ones
	At     time.Time
	Report Report
}

// Loaded gives the files of members that were loaded last, the newest first.
func (s *Service) Loaded(ctx context.Context, who access.Actor) ([]Loaded, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return nil, err
	}
	var out []Loaded
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(scanLoaded)(tx.Rows(`select id, digest, name, row_count, added, changed, ended, difference, by_name, at_us
			from coverage_import order by at_us desc, id desc limit $1`, mostLoaded))
		return err
	})
	return out, err
}

func scanLoaded(r *sql.Rows) (Loaded, error) {
	var l Loaded
	var difference string
	var at int64
	rep := &l.Report
	err := r.Scan(&l.ID, &rep.Digest, &l.Name, &rep.Rows, &rep.Added, &rep.Changed, &rep.Ended, &difference, &l.By, &at)
	l.At = db.Time(at)
	rep.Digest, _, _ = strings.Cut(rep.Digest, " ")
	if err != nil || difference == "" {
		return l, err
	}
	return l, json.Unmarshal([]byte(difference), &rep.Difference)
}
