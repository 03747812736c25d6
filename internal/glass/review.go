package glass

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/minimum"
)

// Outcome is what a review found.
type Outcome string

// The outcomes. FollowUp leaves the opening waiting.
const (
	Justified    Outcome = "justified"
	NotJustified Outcome = "not justified"
	FollowUp     Outcome = "needs follow-up"
)

// Outcomes gives every outcome, in the order a page offers them.
func Outcomes() []Outcome { return []Outcome{Justified, NotJustified, FollowUp} }

// Review is one review of an opening. It is never changed.
type Review struct {
	Outcome Outcome
	Note    string
	Person  id.Person
	Name    string
	At      time.Time
}

// Sheet is an opening with all that its review looks at.
type Sheet struct {
	Opening Opening
	Reviews []Review         // oldest first
	Shown   []disclosure.Row // under it, newest first
	Waits   bool             // for a review, or for what follows from one
}

const (
	toReviewMost = 200
	shownMost    = 500
	longestNote  = 2000
)

// ToReview gives the openings that wait for a review or for what follows from
// one, the longest first, at most 200. It takes the permission to review what
// touches privacy.
func (s *Service) ToReview(ctx context.Context, who access.Actor) ([]Opening, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	var out []Opening
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = ToReview(tx)
		return err
	})
	return out, err
}

// ToReview is Service.ToReview inside a transaction of the caller's, who has
// checked that it is for somebody who reviews.
func ToReview(tx *db.Tx) ([]Opening, error) {
	return db.Collect(scan)(tx.Rows("select "+columns+from+"join glass_waiting w on w.opening = o.id order by w.at_us, o.id limit $1", int64(toReviewMost)))
}

// Sheet gives an opening, its reviews and what was shown under it: references
// and names of facts. The reason is the person's own words and may be about
// the member: a line of the ledger says that it was shown, as the fact
// "requests", and it is empty for a role that is not shown that.
func (s *Service) Sheet(ctx context.Context, who access.Actor, ref ID) (Sheet, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Sheet{}, err
	}
	var out Sheet
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		out = Sheet{}
		var err error
		out.Opening, err = one(tx, ref)
		if err != nil {
			return err
		}
		out.Reviews, err = reviews(tx, ref)
		if err != nil {
			return err
		}
		var waits int64
		err = tx.Row("select count(*) from glass_waiting where opening = $1", string(ref)).Scan(&waits)
		if err != nil {
			return err
		}
		out.Waits = waits > 0
		out.Shown, err = disclosure.UnderTie(tx, who, out.Opening.Person, ref.Tie(), out.Opening.At, out.Opening.Until, shownMost)
		if err != nil {
			return err
		}
		return out.Opening.show(tx, who)
	})
	if err != nil {
		return Sheet{}, err
	}
	return out, nil
}

// show writes down that the reason is shown, or takes it away.
func (o *Opening) show(tx *db.Tx, who access.Actor) error {
	fields, err := minimum.Fields(tx, who, access.Operations)
	if err != nil {
		return err
	}
	if !slices.Contains(fields, access.FieldRequests) {
		o.Reason = ""
		return nil
	}
	_, err = disclosure.Write(tx, who, disclosure.Look{Member: o.Member, Subject: o.ID.Tie(), Fields: []access.Field{access.FieldRequests}, Purpose: access.Operations, Outcome: disclosure.Shown})
	return err
}

func reviews(tx *db.Tx, ref ID) ([]Review, error) {
	return db.Collect(func(r *sql.Rows) (Review, error) {
		var v Review
		var at int64
		err := r.Scan(&v.Outcome, &v.Note, &v.Person, &v.Name, &at)
		v.At = db.Time(at)
		return v, err
	})(tx.Rows("select outcome, note, person, name, at_us from glass_step where opening = $1 and what = 'reviewed' order by at_us, id", string(ref)))
}

// Review writes down what a review found, with a note. It takes the
// permission to review what touches privacy, and another person than the one
// who opened, with no account of hers. A review that asks for follow-up leaves the opening waiting.
func (s *Service) Review(ctx context.Context, who access.Actor, ref ID, outcome Outcome, note string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	var problems []fault.Problem
	if !slices.Contains(Outcomes(), outcome) {
		problems = append(problems, fault.Problem{Path: "outcome", Text: "Choose what the review found"})
	}
	if len([]rune(note)) < 3 || len(note) > longestNote {
		problems = append(problems, fault.Problem{Path: "note", Text: "Write what you looked at and whom you spoke to, in 3 to 2,000 characters"})
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		o, err := one(tx, ref)
		if err != nil {
			return err
		}
		own, err := account.OnePerson(tx, o.Person, who.Person)
		if err != nil {
			return err
		}
		if own {
			return fault.New(fault.Forbidden, "You opened this yourself. Somebody else who answers for privacy reviews it")
		}
		var waits int64
		err = tx.Row("select count(*) from glass_waiting where opening = $1", string(ref)).Scan(&waits)
		if err != nil {
			return err
		}
		if waits == 0 {
			return fault.New(fault.Conflict, "This opening has been reviewed already. Look at it again")
		}
		if outcome != FollowUp {
			n, err := tx.Exec("delete from glass_waiting where opening = $1", string(ref))
			if err != nil {
				return err
			}
			if n == 0 {
				return fault.New(fault.Conflict, "This opening has been reviewed already. Look at it again")
			}
		}
		return step(tx, who, ref, "reviewed", string(outcome), note)
	})
}

// Reviewed counts the reviews that were made from one time until another.
func Reviewed(tx *db.Tx, _ access.Actor, from, until time.Time) (n int, err error) {
	err = tx.Row("select count(*) from glass_step where what = 'reviewed' and at_us >= $1 and at_us < $2", db.Micros(from), db.Micros(until)).Scan(&n)
	return n, err
}
