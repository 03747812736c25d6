package member

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Seen answers as Get would whether the actor may open a member, and shows
// nothing.
func Seen(tx *db.Tx, who access.Actor, m id.Member) error {
	_, _, err := admitted(tx, who, m)
	return err
}
