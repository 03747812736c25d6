package watch

import (
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

// forgiven is how long after a look-up in vain the statement may come that the
// patient is being seen.
const forgiven = time.Hour

// Stated takes back the actor's look-ups of a member within the hour that were
// refused: now that she has stated that the patient is being seen, they were
// the first step of that. An office that meets many new patients would be
// stopped otherwise.
func (s *Service) Stated(tx *db.Tx, who access.Actor, m id.Member) error {
	rows, err := disclosure.RefusedOf(tx, who.Person, m, tx.Now.Add(-forgiven))
	if err != nil {
		return err
	}
	for _, row := range rows {
		err = tx.Later("delete from watch_look where disclosure = $1 and person = $2", string(row), string(who.Person))
		if err != nil {
			return err
		}
	}
	return nil
}
