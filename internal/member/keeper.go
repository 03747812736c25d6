package member

import (
	"context"
	"database/sql"
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

// Held is a member with what stands about the member.
type Held struct {
	Member      Member // name, birth date and member ID, as the reader may see them
	Restriction *Restriction
	Confidence  *Confidence
}

// listSubject is how the ledger names the page of restrictions.
const listSubject = "restriction list"

// List gives the members under restriction and those who are written to
// elsewhere, newest first, and writes down that their names were shown.
func (k *Keeper) List(ctx context.Context, who access.Actor) ([]Held, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	var out []Held
	err = k.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		out, err = held(tx, who)
		if err != nil || len(out) == 0 {
			return err
		}
		ids := make([]id.Member, len(out))
		for i, h := range out {
			ids[i] = h.Member.ID
		}
		found, err := Listed(tx, who, access.Operations, listSubject, ids)
		if err != nil {
			return err
		}
		for i := range out {
			m, ok := found[out[i].Member.ID]
			if ok {
				out[i].Member = m
			}
		}
		return nil
	})
	return out, err
}

func held(tx *db.Tx, who access.Actor) ([]Held, error) {
	rs, err := Restrictions(tx, who)
	if err != nil {
		return nil, err
	}
	var out []Held
	at := map[id.Member]int{}
	for i := range rs {
		at[rs[i].Member] = len(out)
		out = append(out, Held{Member: Member{ID: rs[i].Member}, Restriction: &rs[i]})
	}
	type row struct {
		member id.Member
		c      Confidence
	}
	cs, err := db.Collect(func(r *sql.Rows) (row, error) {
		var v row
		var since int64
		err := r.Scan(&v.member, &since, &v.c.ByName)
		v.c.Since = db.Time(since)
		return v, err
	})(tx.Rows("select member, since_us, name from member_confidential order by since_us desc, member limit $1", int64(restrictionsMost)))
	if err != nil {
		return nil, err
	}
	for i := range cs {
		n, ok := at[cs[i].member]
		if !ok {
			n = len(out)
			out = append(out, Held{Member: Member{ID: cs[i].member}})
		}
		out[n].Confidence = &cs[i].c
	}
	return out, nil
}

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
