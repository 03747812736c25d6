package admission

import (
	"context"
	"slices"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

// Reviews opens the access reviews whose time has come, reminds of those that
// are due soon, and ends those that are due. Doing it again the same day does
// nothing more.
func (s *Service) Reviews(ctx context.Context, _ job.Job) error {
	var offices []account.OfficeAccount
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		offices, err = account.Offices(tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range offices {
		err = s.DB.Update(ctx, func(tx *db.Tx) error { return s.step(tx, o) })
		if err != nil {
			return err
		}
	}
	return nil
}

// step moves one organization's review on.
func (s *Service) step(tx *db.Tx, o account.OfficeAccount) error {
	err := inTurn(tx, o.Org)
	if err != nil {
		return err
	}
	standing, err := account.StandingOf(tx, o.Org)
	if err != nil || shut(standing, tx.Now) || viewOnly(standing, tx.Now) {
		return err // nobody of it can review, nor change anything
	}
	r, err := lastReview(tx, o.Org)
	if err != nil {
		return err
	}
	switch {
	case !r.open():
		last := o.Since
		if r.ID != "" {
			last = r.done
		}
		due := last.Add(ReviewEvery)
		if tx.Now.Before(due.Add(-ReviewOpens)) {
			return nil
		}
		return s.open(tx, o, latest(due, tx.Now.Add(ReviewOpens)))
	case !tx.Now.Before(r.Due):
		return s.overdue(tx, r)
	case r.reminded.IsZero() && !tx.Now.Before(r.Due.Add(-ReviewSoon)):
		_, err = tx.Exec("update admission_review set reminded_us = $1 where id = $2", db.Micros(tx.Now), string(r.ID))
		if err != nil {
			return err
		}
		return s.tellReview(tx, r, "access review reminder", "Last days to review who may use the portal")
	}
	return nil
}

// latest gives every review its two weeks, also where the portal was down or
// the office is older than the review.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Service) open(tx *db.Tx, o account.OfficeAccount, due time.Time) error {
	r := Review{ID: id.New[ReviewID](tx.Now), Org: o.Org, OrgName: o.Name, Opened: tx.Now, Due: due}
	err := tx.Later("insert into admission_review (id, org, org_name, opened_us, due_us, reminded_us, done_us, done_by) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		string(r.ID), string(r.Org), r.OrgName, db.Micros(r.Opened), db.Micros(r.Due), int64(0), int64(0), "")
	if err != nil {
		return err
	}
	err = event{kind: "access review opened", org: r.Org, subject: string(r.ID)}.write(tx, reviewer())
	if err != nil {
		return err
	}
	return s.tellReview(tx, r, "access review", "Review who may use the portal")
}

func reviewer() access.Actor { return access.SystemActor("access-review") }

func (s *Service) tellReview(tx *db.Tx, r Review, kind, subject string) error {
	people, err := r.unconfirmed(tx)
	if err != nil || len(people) == 0 {
		return err
	}
	who := "1 person of "
	if len(people) > 1 {
		who = strconv.Itoa(len(people)) + " people of "
	}
	due := civil.Of(r.Due, s.Zone).Long()
	return s.tellAdministrators(tx, r.Org, kind, subject, []string{
		"Once a quarter you say who still needs the provider portal. " + who + plain(r.OrgName) + " wait for your word; it takes about two minutes.",
		"Keep or end each access by " + due + ". What nobody has confirmed then is suspended; you can open it again.",
	}, "/office/review")
}

// overdue suspends what nobody confirmed. Where that would leave nobody to
// open anything again, the administrators who used the portal in the last 90
// days keep their own access: whom they have not confirmed is suspended all
// the same.
func (s *Service) overdue(tx *db.Tx, r Review) error {
	people, err := r.unconfirmed(tx)
	if err != nil {
		return err
	}
	admins, err := account.Administrators(tx, r.Org)
	if err != nil {
		return err
	}
	confirmed := slices.ContainsFunc(admins, func(a account.Colleague) bool { return !a.Confirmed.Before(r.Opened) })
	for _, c := range people {
		recent := !c.Used.IsZero() && tx.Now.Sub(c.Used) < usedRecently
		if !confirmed && recent && slices.Contains(c.Roles, access.LocalAdmin) && c.State == account.Active {
			continue
		}
		err = r.answer(tx, reviewer(), c, lapsed)
		if err != nil {
			return err
		}
	}
	return r.finish(tx, reviewer())
}
