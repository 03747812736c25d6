package member

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Keeper sets and lifts restrictions and confidential addresses for those who
// answer for privacy, each call in a transaction of its own.
type Keeper struct{ DB *db.DB }

// listSubject is how the ledger names the page of restrictions.
const listSubject = "restriction list"

// Restrict puts the member with a member ID and a birth date under
// restriction; see the function Restrict. NotFound is written down.
func (k *Keeper) Restrict(ctx context.Context, who access.Actor, key Key, kind RestrictionKind, reason string, until time.Time) error {
	return k.named(ctx, who, key, func(tx *db.Tx, m id.Member) error { return Restrict(tx, who, m, kind, reason, until) })
}

// Unrestrict lifts a restriction; see the function Unrestrict.
func (k *Keeper) Unrestrict(ctx context.Context, who access.Actor, m id.Member, reason string) error {
	return k.DB.Update(ctx, func(tx *db.Tx) error { return Unrestrict(tx, who, m, reason) })
}

// Confide sets where the member with a member ID and a birth date wants to be
// written to; see the function Confide. NotFound is written down.
func (k *Keeper) Confide(ctx context.Context, who access.Actor, key Key, c Contact, reason string) error {
	return k.named(ctx, who, key, func(tx *db.Tx, m id.Member) error { return Confide(tx, who, m, c, reason) })
}

// Unconfide takes the other place back; see the function Unconfide.
func (k *Keeper) Unconfide(ctx context.Context, who access.Actor, m id.Member, reason string) error {
	return k.DB.Update(ctx, func(tx *db.Tx) error { return Unconfide(tx, who, m, reason) })
}

// named does something about the member that a full key names, and writes
// down that one was looked for in vain.
func (k *Keeper) named(ctx context.Context, who access.Actor, key Key, do func(tx *db.Tx, m id.Member) error) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	err = k.DB.Update(ctx, func(tx *db.Tx) error {
		m, err := FullKey(tx, key)
		if fault.Is(err, fault.Invalid) {
			// What is wrong with the rest is said at the same time.
			return fault.Bad(append(fault.Problems(err), fault.Problems(do(tx, ""))...)...)
		}
		if err != nil {
			return err
		}
		return do(tx, m)
	})
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	lost := k.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Subject: listSubject, Purpose: access.Operations, Outcome: disclosure.NotFound, Key: key.kind()})
		return err
	})
	if lost != nil {
		return lost
	}
	return err
}
