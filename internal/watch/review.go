package watch

import (
	"context"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
)

// openedBefore is how far before a case its list of what was opened reaches.
const openedBefore = 30 * 24 * time.Hour

// Opened gives what the account of a case was used to look at, from 30 days
// before the case on, newest first, at most limit (and at most 1,000), for
// those who may read who saw what. That they read it is written in the case.
func (s *Service) Opened(ctx context.Context, who access.Actor, c ID, limit int) (rows []disclosure.Row, err error) {
	err = who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		k, err := caseOf(tx, c)
		if err != nil {
			return err
		}
		all, err := disclosure.OfPerson(tx, who, k.Person, limit)
		if err != nil {
			return err
		}
		rows = rows[:0]
		for _, r := range all {
			if !r.At.Before(k.Opened.Add(-openedBefore)) {
				rows = append(rows, r)
			}
		}
		return note(tx, who, c, StepRead, "")
	})
	return rows, err
}

// MayReview says whether who may close cases and give accounts back that were
// suspended on suspicion: a privacy officer, a security officer or a plan
// administrator. The HelpDesk reads them only.
func MayReview(who access.Actor) error {
	err := mayRead(who)
	if err != nil {
		return err
	}
	if who.Is(access.PrivacyOfficer) || who.Is(access.SecurityOfficer) || who.Is(access.PlanAdmin) {
		return nil
	}
	return fault.New(fault.Forbidden, "Incidents are reviewed by a privacy officer, a security officer or a plan administrator. Ask one of them")
}

// Review closes a case with its outcome and reason, and gives the account back
// where reinstate says so. Nobody reviews a case about an account of her own. After
// use by somebody else the owner chooses a new password first.
func (s *Service) Review(ctx context.Context, who access.Actor, c ID, outcome Outcome, reason string, reinstate bool) error {
	err := MayReview(who)
	if err != nil {
		return err
	}
	err = checkReview(outcome, &reason, reinstate)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		k, err := caseOf(tx, c)
		if err != nil {
			return err
		}
		own, err := account.OnePerson(tx, k.Person, who.Person)
		switch {
		case err != nil:
			return err
		case own:
			return fault.New(fault.Conflict, "This incident is about your own account. Somebody else reviews it")
		case k.State != Open:
			return fault.New(fault.Conflict, "This incident was reviewed in the meantime. Look at it again")
		}
		n, err := tx.Exec("update watch_case set state = $1, outcome = $2, reason = $3, reviewer = $4, closed_us = $5 where id = $6 and state = $7",
			string(Closed), string(outcome), reason, who.Name, db.Micros(tx.Now), string(c), string(Open))
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec("delete from watch_open where cause = $1 and person = $2", string(k.Cause), string(k.Person))
		if err != nil {
			return err
		}
		err = note(tx, who, c, StepReviewed, string(outcome)+": "+reason)
		if err != nil || !reinstate {
			return err
		}
		return s.giveBack(tx, who, k, outcome, reason)
	})
}

func checkReview(outcome Outcome, reason *string, reinstate bool) error {
	var bad []fault.Problem
	if !outcome.valid() {
		bad = append(bad, fault.Problem{Path: "outcome", Text: "Say what the review found"})
	}
	text, err := cleanReason(*reason)
	bad = append(bad, fault.Problems(err)...)
	if outcome == Misuse && reinstate {
		bad = append(bad, fault.Problem{Path: "reinstate", Text: "An account that its owner has misused stays suspended. Leave this out, or choose another outcome"})
	}
	*reason = text
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

// giveBack opens the account again and tells the person.
func (s *Service) giveBack(tx *db.Tx, who access.Actor, k Case, outcome Outcome, reason string) error {
	p, err := account.Watched(tx, k.Person)
	if err != nil || p.State == account.Active {
		return err
	}
	err = account.Reinstate(tx, who, k.Person, reason)
	if err != nil {
		return err
	}
	text := []string{"Your account was reviewed and is open again. Sign in as usual."}
	if outcome == Stranger || outcome == Secured {
		err = account.MustChange(tx, who, k.Person, "after an incident: "+string(outcome))
		if err != nil {
			return err
		}
		text = []string{"Your account was reviewed and is open again. You choose a new password when you next sign in."}
	}
	err = note(tx, who, k.ID, StepReinstated, reason)
	if err != nil {
		return err
	}
	_, err = s.tellPerson(tx, p, "account reinstated", "Your account is open again", append(text, "Questions? Call "+s.call+".")...)
	return err
}
