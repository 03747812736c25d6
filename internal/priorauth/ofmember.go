package priorauth

import (
	"database/sql"
	"slices"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/minimum"
)

// OfMemberRow is a request of one member with the length of its thread.
type OfMemberRow struct {
	Summary

	Thread message.Count
}

// MemberWork is what an office has in hand for one member.
type MemberWork struct {
	Shown    bool          // the actor may see requests
	Requests []OfMemberRow // the newest change first, at most twenty
	More     bool          // there are more requests
	Drafts   []Draft       // open, without the member's facts
}

const memberRows = 20

// OfMember gives the requests and open drafts that who's own organization has
// for a member, and writes down that they were shown for a purpose. Somebody
// who may see no requests, and the plan, gets nothing.
func (s *Service) OfMember(tx *db.Tx, who access.Actor, purpose access.Purpose, m id.Member) (MemberWork, error) {
	if who.Side != access.Office || !who.Has(access.ViewRequests) {
		return MemberWork{}, nil
	}
	fields, err := minimum.Fields(tx, who, purpose)
	if err != nil || !slices.Contains(fields, access.FieldRequests) {
		return MemberWork{}, err
	}
	out, err := s.ofMember(tx, who, m)
	out.Shown = true
	if err != nil || len(out.Requests)+len(out.Drafts) == 0 {
		return out, err
	}
	_, err = disclosure.Write(tx, who, disclosure.Look{Member: m, Subject: "member requests", Fields: []access.Field{access.FieldRequests},
		Purpose: purpose, Outcome: disclosure.Shown})
	return out, err
}

func (s *Service) ofMember(tx *db.Tx, who access.Actor, m id.Member) (MemberWork, error) {
	var out MemberWork
	rows, err := s.rows(tx, who, slice{where: "s.org = $1 and r.member = $2", args: []any{string(who.Org), string(m)}, key: "changed_us", desc: true}, "", memberRows+1)
	if err != nil {
		return out, err
	}
	if len(rows) > memberRows {
		rows, out.More = rows[:memberRows], true
	}
	ids := make([]id.Request, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	threads, err := message.Counts(tx, ids)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		r.Name = "" // the page that asks has it already
		out.Requests = append(out.Requests, OfMemberRow{Summary: r, Thread: threads[r.ID]})
	}
	if !who.Has(access.SubmitRequests) {
		return out, nil
	}
	out.Drafts, err = db.Collect(func(r *sql.Rows) (Draft, error) { return scanDraft(r.Scan) })(
		tx.Rows("select "+draftColumns+" from draft where org = $1 and state = $2 and member = $3 order by saved_us desc, id limit "+strconv.Itoa(memberRows),
			string(who.Org), string(DraftOpen), string(m)))
	return out, err
}
