package watch

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

const (
	day = 24 * time.Hour
	// notice is how long at least passes between the last warning and the
	// suspension, also where the portal did not run on the days of the warnings.
	notice = 3 * day
)

// Swept is what one look at unused accounts did.
type Swept struct {
	Warned    int
	Suspended int
	Kept      int // past the last day, but the plan's last working administrator or security officer
}

// Sweep warns the owners of accounts that nobody uses, and suspends those that
// were not used for the configured time (clause 8, A-09). Nobody is suspended
// who was not warned at least three days before.
func (s *Service) Sweep(ctx context.Context) (done Swept, err error) {
	var all error
	after := account.Person{}
	for {
		var page []account.Person
		err = s.db.View(ctx, func(tx *db.Tx) error {
			page, err = account.Unused(tx, tx.Now.Add(-time.Duration(s.nonUse.First)*day), after, batch)
			return err
		})
		if err != nil {
			return done, errors.Join(all, err)
		}
		for _, p := range page {
			var one Swept
			err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
				one, err = s.unused(tx, p.ID)
				return err
			})
			all = errors.Join(all, err)
			if err == nil {
				done.Warned, done.Suspended, done.Kept = done.Warned+one.Warned, done.Suspended+one.Suspended, done.Kept+one.Kept
			}
			after = p
		}
		if len(page) < batch {
			break
		}
	}
	if done != (Swept{}) {
		s.log.InfoContext(ctx, "unused accounts", slog.Int("warned", done.Warned), slog.Int("suspended", done.Suspended), slog.Int("kept", done.Kept))
	}
	return done, all
}

// unused does what is due for one account. It is read again: the person may
// have signed in meanwhile.
func (s *Service) unused(tx *db.Tx, person id.Person) (Swept, error) {
	p, err := account.Watched(tx, person)
	if err != nil || !p.Open() {
		return Swept{}, err
	}
	days := int(tx.Now.Sub(p.Used) / day)
	nth, last, err := warned(tx, p)
	if err != nil {
		return Swept{}, err
	}
	due := 0
	switch {
	case days >= s.nonUse.Second:
		due = 2
	case days >= s.nonUse.First:
		due = 1
	}
	if days >= s.nonUse.Suspend && nth > 0 && tx.Now.Sub(last) >= notice {
		role, err := account.LastOf(tx, person)
		if err != nil {
			return Swept{}, err
		}
		if role == "" {
			return Swept{Suspended: 1}, s.lapse(tx, p, days)
		}
		if nth >= due {
			return Swept{Kept: 1}, nil
		}
	}
	if nth >= due {
		return Swept{}, nil
	}
	return Swept{Warned: 1}, s.warn(tx, p, days, due)
}

// lapse suspends an account that nobody used.
func (s *Service) lapse(tx *db.Tx, p account.Person, days int) error {
	err := account.Suspend(tx, self(), p.ID, account.OfNonUse, "not used for "+strconv.Itoa(days)+" days")
	if err != nil {
		return err
	}
	_, err = s.tellPerson(tx, p, "account suspended", "Your account is suspended",
		"Your account was suspended because it had not been used for "+strconv.Itoa(days)+" days. Nothing that you entered is lost.",
		"Your local administrator can open it again; or prove yourself with “Forgot your password?” and your second factor. Questions? Call "+s.call+".")
	return err
}

// warn sends the nth warning, which is the second at once where the first was missed.
func (s *Service) warn(tx *db.Tx, p account.Person, days, nth int) error {
	left := max(s.nonUse.Suspend-days, int(notice/day))
	text := []string{
		"You have not used your account for " + strconv.Itoa(days) + " days. In " + strconv.Itoa(left) + " days it will be suspended, as the user agreement says.",
		"Sign in once to keep it. If you do not need it any more, close it on the page of your account, or tell your local administrator.",
	}
	role, err := account.LastOf(tx, p.ID)
	if err != nil {
		return err
	}
	if role != "" {
		text = []string{
			"You have not used your account for " + strconv.Itoa(days) + " days. You are the only " + string(role) + " of the plan whose account works, so it is not suspended.",
			"Sign in, and make a second person " + string(role) + ".",
		}
	}
	_, err = tx.Exec("insert into watch_warning (person, used_us, nth, at_us) values ($1, $2, $3, $4) on conflict (person, used_us, nth) do nothing",
		string(p.ID), db.Micros(p.Used), int64(nth), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	err = account.MarkWarned(tx, self(), p.ID, nth, "not used for "+strconv.Itoa(days)+" days")
	if err != nil {
		return err
	}
	_, err = s.tellPerson(tx, p, "unused account", "Your account will be suspended", text...)
	if err == nil && p.Email == "" {
		s.log.WarnContext(tx.Context(), "unused account without an e-mail address: nobody was warned", slog.String("person", string(p.ID)))
	}
	return err
}

// warned gives how often, and when last, the person was warned since the
// account was used last.
func warned(tx *db.Tx, p account.Person) (nth int, last time.Time, err error) {
	var at int64
	err = tx.Row("select coalesce(max(nth), 0), coalesce(max(at_us), 0) from watch_warning where person = $1 and used_us = $2", string(p.ID), db.Micros(p.Used)).Scan(&nth, &at)
	return nth, db.Time(at), err
}

// Warning gives the sentence that a page shows to somebody who has come back
// after a long time without use, or "". It reads nothing: the actor says when
// she signed in before.
func (s *Service) Warning(_ context.Context, who access.Actor) string {
	if who.LastSignIn.IsZero() {
		return ""
	}
	days := int(s.db.Now().Sub(who.LastSignIn) / day)
	if days < s.nonUse.First {
		return ""
	}
	return "Before today you had not signed in for " + strconv.Itoa(days) + " days. An account that is not used for " + strconv.Itoa(s.nonUse.Suspend) +
		" days is suspended. Do you still need yours? If not, close it on the page of your account."
}
