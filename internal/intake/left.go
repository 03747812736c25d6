package intake

import (
	"context"
	"database/sql"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/job"
)

// Decide is how long a held file waits for somebody to decide. Its bytes hold
// what nobody may keep without need, such as numbers of social security.
const Decide = 30 * 24 * time.Hour

const mostLeft = 100 // files in one go; the next day has another

// Left refuses the held files that nobody decided in time, and notes which
// approved ones nobody is loading any more. It says how many of both.
func (s *Service) Left(ctx context.Context, who access.Actor) (int, error) {
	err := mayImport(who)
	if err != nil {
		return 0, err
	}
	late, err := s.heldIn(ctx, "(d.state = 'waiting' and h.at_us < $1 or d.state = 'stalled' and d.settled_us < $2)", Decide)
	if err != nil {
		return 0, err
	}
	for _, which := range late {
		err = s.Refuse(ctx, who, which, "Nobody decided within 30 days")
		if err != nil && !fault.Is(err, fault.Conflict) { // else somebody just did
			return 0, err
		}
	}
	approved, err := s.heldIn(ctx, "d.state = 'approved' and h.at_us < $1 and d.decided_us < $2", 0)
	if err != nil {
		return 0, err
	}
	n := len(late)
	for _, which := range approved {
		var stalled bool
		err = s.DB.Update(ctx, func(tx *db.Tx) error {
			stalled, err = stall(tx, who, which)
			return err
		})
		if err != nil {
			return n, err
		}
		if stalled {
			n++
		}
	}
	return n, nil
}

// stall notes that an approved file is not being loaded any more: the portal
// was killed while it did for the last time.
func stall(tx *db.Tx, who access.Actor, which ID) (bool, error) {
	h, err := heldOf(tx, which, tx.Lock())
	if err != nil || h.State != Approved {
		return false, err
	}
	asked, err := job.Asked(tx, JobApply(h.Kind), string(which))
	if err != nil || asked {
		return false, err
	}
	return true, Settle(tx, who, which, Stalled, "The portal was stopped while it loaded the file, and did not try again")
}

// heldIn gives the files for which a condition holds, of those older than age.
func (s *Service) heldIn(ctx context.Context, where string, age time.Duration) (out []ID, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		before := db.Micros(tx.Now.Add(-age))
		out, err = db.Collect(func(r *sql.Rows) (ID, error) {
			var which ID
			return which, r.Scan(&which)
		})(tx.Rows("select h.id from intake_held h join intake_decision d on d.held = h.id where "+where+" order by h.at_us limit $3", before, before, mostLeft))
		return err
	})
	return out, err
}
