package agreement

import (
	"context"
	"database/sql"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

// Mine gives what who has accepted, the newest first.
func (s *Service) Mine(ctx context.Context, who access.Actor) ([]Accepted, error) {
	var out []Accepted
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (Accepted, error) {
			var a Accepted
			var at int64
			err := r.Scan(&a.ID, &a.Version, &a.Number, &a.SHA256, &at)
			a.At = db.Time(at)
			return a, err
		})(tx.Rows(`select c.id, c.agreement, a.number, c.sha256, c.at_us from acceptance c join agreement a on a.id = c.agreement
			where c.person = $1 order by c.at_us desc`, string(who.Person)))
		return err
	})
	return out, err
}
