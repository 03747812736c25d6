package privacy

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// visitsWaiting are the statements "seen at this visit" that were drawn for a
// review.
func visitsWaiting(tx *db.Tx, who access.Actor) ([]Item, error) {
	all, err := member.VisitsToReview(tx, who, casesMost)
	out := make([]Item, 0, len(all))
	for _, v := range all {
		out = append(out, Item{What: v.Name + ", " + v.OrgName + ", stated a visit on " + v.On.US(), Since: v.At, Link: "/plan/privacy/visits/" + string(v.ID), By: v.Person})
	}
	return out, err
}

func visitsDone(tx *db.Tx, who access.Actor, from, until time.Time) (int, error) {
	all, err := member.VisitsReviewed(tx, who, from)
	n := 0
	for _, v := range all {
		if v.ReviewedAt.Before(until) {
			n++
		}
	}
	return n, err
}

// Visit gives a statement that was drawn for a review, with the member it is
// about, and writes that down.
func (s *Service) Visit(ctx context.Context, who access.Actor, ref id.Visit) (v member.VisitStatement, m member.Member, err error) {
	err = s.look(ctx, who, "visit", "", func(tx *db.Tx) error {
		v, err = member.VisitOf(tx, who, ref)
		if err != nil {
			return err
		}
		m, err = member.ForRights(tx, who, "visit/"+string(ref), v.Member)
		return err
	})
	return v, m, err
}

// ReviewVisit keeps what the review of a statement found.
func (s *Service) ReviewVisit(ctx context.Context, who access.Actor, ref id.Visit, outcome member.VisitOutcome, note string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return member.ReviewVisit(tx, who, ref, outcome, note) })
}
