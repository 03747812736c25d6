package member

import (
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Tie is why an organization may see a member (A-02, clause 1 of the
// agreement). There is one of each kind between an organization and a member.
type Tie string

// The ties.
const (
	TiePanel   Tie = "panel"   // the member's primary care provider works there
	TieRequest Tie = "request" // it has sent a request for the member
	TieClaim   Tie = "claim"   // it has sent a claim for the member
	TieVisit   Tie = "visit"   // somebody there said that the member is being seen
)

// visitLasts is how long it is believed that a member is being seen.
const visitLasts = 30 * 24 * time.Hour

// Bind notes that the actor's organization may see a member until a time
// (zero: for good). A tie of the kind that lasts longer stays as it is.
func Bind(tx *db.Tx, who access.Actor, m id.Member, kind Tie, until time.Time) error {
	if who.Org == "" {
		return fault.New(fault.Forbidden, "Your account belongs to no organization. Ask the HelpDesk")
	}
	return tx.Later(`insert into member_tie (org, member, kind, since_us, until_us, person) values ($1, $2, $3, $4, $5, $6)
		on conflict (org, member, kind) do update set until_us = excluded.until_us, since_us = excluded.since_us, person = excluded.person
		where member_tie.until_us <> 0 and (excluded.until_us = 0 or excluded.until_us > member_tie.until_us)`,
		string(who.Org), string(m), string(kind), db.Micros(tx.Now), db.Micros(until), string(who.Person))
}
