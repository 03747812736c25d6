package admission

import (
	"context"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// The quarterly access review (clause 8; 45 CFR 164.308(a)(4)(ii)(C)).
const (
	ReviewEvery  = 90 * 24 * time.Hour
	ReviewOpens  = 14 * 24 * time.Hour // before it is due
	ReviewSoon   = 3 * 24 * time.Hour  // before it is due: the second mail
	usedRecently = 90 * 24 * time.Hour // who used it so lately is proposed to be kept
)

// Answer is what an administrator, or the portal, did with one access.
type Answer string

// The answers. Lapsed is the portal's: nobody had answered on the due day.
const (
	Keep   Answer = "keep"
	EndIt  Answer = "end"
	lapsed Answer = "suspended"
)

// Review is an open access review.
type Review struct {
	ID      ReviewID
	Org     id.Organization
	OrgName string
	Opened  time.Time
	Due     time.Time // what is not confirmed by then is suspended
	Lines   []ReviewLine

	reminded, done time.Time
}

// ReviewLine is one person of a review.
type ReviewLine struct {
	account.Colleague

	Self    bool // the administrator herself: she is confirmed by reviewing
	Propose bool // proposed to be kept: the access was used in the last 90 days
}

const reviewColumns = "id, org, org_name, opened_us, due_us, reminded_us, done_us"

// lastReview gives an organization's newest review; the zero Review for none.
func lastReview(tx *db.Tx, org id.Organization) (Review, error) {
	var r Review
	var opened, due, reminded, done int64
	err := tx.Row("select "+reviewColumns+" from admission_review where org = $1 order by opened_us desc limit 1", string(org)).
		Scan(&r.ID, &r.Org, &r.OrgName, &opened, &due, &reminded, &done)
	if db.NoRows(err) {
		return Review{}, nil
	}
	r.Opened, r.Due, r.reminded, r.done = db.Time(opened), db.Time(due), db.Time(reminded), db.Time(done)
	return r, err
}

func (r Review) open() bool { return r.ID != "" && r.done.IsZero() }

// unconfirmed gives the people whose access is open and was neither given,
// changed nor confirmed since the review was opened.
func (r Review) unconfirmed(tx *db.Tx) ([]account.Colleague, error) {
	team, err := account.Team(tx, r.Org)
	return slices.DeleteFunc(team, func(c account.Colleague) bool {
		return c.Membership.State != account.MemberActive || !c.Confirmed.Before(r.Opened)
	}), err
}

// Review gives the open review of the actor's organization, if there is one.
func (s *Service) Review(ctx context.Context, who access.Actor) (r Review, open bool, err error) {
	err = account.MayManageOffice(who, who.Org)
	if err != nil || who.Side != access.Office {
		return Review{}, false, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		err = account.MayManageOffice(who, who.Org)
		if err != nil {
			return err
		}
		r, err = lastReview(tx, who.Org)
		open = r.open()
		if err != nil || !open {
			return err
		}
		people, err := r.unconfirmed(tx)
		for _, c := range people {
			line := ReviewLine{Colleague: c, Self: c.Person == who.Person, Propose: !c.Used.IsZero() && tx.Now.Sub(c.Used) < usedRecently}
			r.Lines = append(r.Lines, line)
		}
		return err
	})
	if !open {
		r = Review{}
	}
	return r, open, err
}

// Answer keeps or ends each access of the open review, all in one. Every
// person of it needs an answer but the reviewer, who is kept; a problem is at
// the path "people." and the person. Who came or went in the meantime needs
// none.
func (s *Service) Answer(ctx context.Context, who access.Actor, which ReviewID, answers map[id.Person]Answer) error {
	if who.Side != access.Office {
		return fault.New(fault.Forbidden, "Only a local administrator of the organization reviews who works there")
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who, who.Org)
		if err != nil {
			return err
		}
		r, err := lastReview(tx, who.Org)
		if err != nil {
			return err
		}
		if !r.open() || r.ID != which {
			return fault.New(fault.Conflict, "This review is over: somebody else finished it, or its day has come. Look at your people")
		}
		people, err := r.unconfirmed(tx)
		if err != nil {
			return err
		}
		err = complete(who, people, answers)
		if err != nil {
			return err
		}
		for _, c := range people {
			a := answers[c.Person]
			if c.Person == who.Person {
				a = Keep
			}
			err = r.answer(tx, who, c, a)
			if err != nil {
				return err
			}
		}
		return r.finish(tx, who)
	})
}

func complete(who access.Actor, people []account.Colleague, answers map[id.Person]Answer) error {
	var bad []fault.Problem
	for _, c := range people {
		a := answers[c.Person]
		if c.Person != who.Person && a != Keep && a != EndIt {
			bad = append(bad, fault.Problem{Path: "people." + string(c.Person), Text: "Choose whether to keep or to end this access"})
		}
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

// answer does and writes down what was answered about one access.
func (r Review) answer(tx *db.Tx, who access.Actor, c account.Colleague, a Answer) (err error) {
	switch a {
	case Keep:
		err = account.Confirm(tx, who, c.Person, r.Org)
	case EndIt:
		err = account.Take(tx, who, c.Person, r.Org, account.MemberEnded, account.InReview, "ended in the access review")
	case lapsed:
		err = account.Take(tx, who, c.Person, r.Org, account.MemberSuspended, account.InReview, "not confirmed in the access review")
	}
	if err != nil {
		return err
	}
	return tx.Later(`insert into admission_review_answer (id, review, org, person, answer, actor, session, address, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(id.New[answerID](tx.Now)), string(r.ID), string(r.Org), string(c.Person), string(a), string(who.Person), string(who.Session), who.Address, db.Micros(tx.Now))
}

func (r Review) finish(tx *db.Tx, who access.Actor) error {
	n, err := tx.Exec("update admission_review set done_us = $1, done_by = $2 where id = $3 and done_us = 0", db.Micros(tx.Now), string(who.Person), string(r.ID))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Somebody else finished this review in the meantime. Look at your people")
	}
	return event{kind: "access review finished", org: r.Org, subject: string(r.ID)}.write(tx, who)
}
