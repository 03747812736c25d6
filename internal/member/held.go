package member

import (
	"context"
	"database/sql"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Held is a member with what stands about the member.
type Held struct {
	Member      Member       // name, birth date and member ID, as the reader may see them
	Restriction *Restriction // Reason is empty where the reader may not see what is written about members
	Confidence  *Confidence
}

// HeldPage is one page of such members.
type HeldPage struct {
	Rows []Held
	Next string // the cursor of the page after it; empty on the last one
}

// heldMost is how many members stand on a page.
const heldMost = 50

var errCursor = fault.New(fault.NotFound, "This page of the list no longer exists. Start again at the first page")

// List gives a page of the members under restriction and of those who are
// written to elsewhere, the newest first, and writes down that they were
// shown. after is the cursor of an earlier page, or "" for the first.
func (k *Keeper) List(ctx context.Context, who access.Actor, after string) (HeldPage, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return HeldPage{}, err
	}
	var out HeldPage
	err = k.DB.Update(ctx, func(tx *db.Tx) error {
		var ids []id.Member
		var err error
		ids, out.Next, err = heldIDs(tx, after)
		if err != nil {
			return err
		}
		out.Rows, err = heldRows(tx, who, ids)
		return err
	})
	return out, err
}

// heldIDs gives the members of a page and the cursor of the next one.
func heldIDs(tx *db.Tx, after string) (ids []id.Member, next string, err error) {
	before, last := int64(1)<<62, ""
	if after != "" {
		before, last, err = readCursor(after)
		if err != nil {
			return nil, "", err
		}
	}
	type row struct {
		member id.Member
		since  int64
	}
	rows, err := db.Collect(func(r *sql.Rows) (row, error) {
		var v row
		return v, r.Scan(&v.member, &v.since)
	})(tx.Rows(`select held.member, held.since from (
			select every.member as member, max(every.since_us) as since from (
				select member, since_us from member_restricted where until_us = 0 or until_us > $1
				union all select member, since_us from member_confidential) every
			group by every.member) held
		where held.since < $2 or held.since = $3 and held.member > $4 order by held.since desc, held.member limit $5`,
		db.Micros(tx.Now), before, before, last, int64(heldMost+1)))
	if err != nil {
		return nil, "", err
	}
	if len(rows) > heldMost {
		rows = rows[:heldMost]
		end := rows[heldMost-1]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(end.since, 10) + " " + string(end.member)))
	}
	for _, v := range rows {
		ids = append(ids, v.member)
	}
	return ids, next, nil
}

func readCursor(after string) (since int64, last string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return 0, "", errCursor
	}
	first, last, ok := strings.Cut(string(raw), " ")
	since, err = strconv.ParseInt(first, 10, 64)
	if err != nil || !ok {
		return 0, "", errCursor
	}
	_, err = id.Parse[id.Member](last)
	if err != nil {
		return 0, "", errCursor
	}
	return since, last, nil
}

// heldRows gives what stands about members, in their order.
func heldRows(tx *db.Tx, who access.Actor, ids []id.Member) ([]Held, error) {
	out := make([]Held, len(ids))
	at := make(map[id.Member]int, len(ids))
	for i, m := range ids {
		out[i].Member, at[m] = Member{ID: m}, i
	}
	rs, err := collect(tx, scanRestriction, `select member, 'restricted', kind, reason, since_us, until_us, person, name from member_restricted
		where (until_us = 0 or until_us > $1) and member in (`, []any{db.Micros(tx.Now)}, ids)
	if err != nil {
		return nil, err
	}
	var restricted []id.Member
	for i := range rs {
		out[at[rs[i].Member]].Restriction = &rs[i]
		restricted = append(restricted, rs[i].Member)
	}
	type row struct {
		member id.Member
		c      Confidence
	}
	cs, err := collect(tx, func(r *sql.Rows) (row, error) {
		var v row
		var since int64
		err := r.Scan(&v.member, &since, &v.c.ByName)
		v.c.Since = db.Time(since)
		return v, err
	}, "select member, since_us, name from member_confidential where member in (", nil, ids)
	if err != nil {
		return nil, err
	}
	for i := range cs {
		out[at[cs[i].member]].Confidence = &cs[i].c
	}
	return out, named(tx, who, out, restricted)
}

// named puts in who the members are. A reason that is shown is somebody's
// words about the member, and named as such.
func named(tx *db.Tx, who access.Actor, rows []Held, restricted []id.Member) error {
	with, fields, err := ListedWith(tx, who, access.Operations, listSubject, restricted, []access.Field{access.FieldRequests})
	if err != nil {
		return err
	}
	others := make([]id.Member, 0, len(rows))
	for _, h := range rows {
		if h.Restriction == nil {
			others = append(others, h.Member.ID)
		}
	}
	without, err := Listed(tx, who, access.Operations, listSubject, others)
	if err != nil {
		return err
	}
	for i := range rows {
		from := without
		if rows[i].Restriction != nil {
			from = with
			if !slices.Contains(fields, access.FieldRequests) {
				rows[i].Restriction.Reason = ""
			}
		}
		if m, ok := from[rows[i].Member.ID]; ok {
			rows[i].Member = m
		}
	}
	return nil
}
