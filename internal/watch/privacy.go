package watch

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Pattern is an open case about how members were looked up, with the lines of
// the ledger that are its evidence, oldest first, at most 1,000.
type Pattern struct {
	Case

	Refs []id.Disclosure
}

// ForPrivacy gives the open patterns for the privacy officer's desk, oldest
// first, at most limit and at most 200. It reads references only, and nothing
// about members.
func ForPrivacy(tx *db.Tx, who access.Actor, limit int) ([]Pattern, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	all, err := db.Collect(scanCases)(tx.Rows("select "+caseColumns+" from watch_case where state = $1 order by opened_us, id limit 1000", string(Open)))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c Case) bool { return !slices.Contains(Probing(), c.Cause) })
	all = all[:min(len(all), max(limit, 1), 200)]
	out := make([]Pattern, len(all))
	for i, c := range all {
		refs, err := Evidence(tx, who, c.ID)
		if err != nil {
			return nil, err
		}
		out[i] = Pattern{Case: c, Refs: refs}
	}
	return out, nil
}

// Evidence gives the lines of the ledger that are the evidence of a case,
// oldest first, at most 1,000, to those who may read the ledger.
func Evidence(tx *db.Tx, who access.Actor, c ID) ([]id.Disclosure, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	return db.Collect(func(r *sql.Rows) (id.Disclosure, error) {
		var ref id.Disclosure
		return ref, r.Scan(&ref)
	})(tx.Rows("select disclosure from watch_ref where case_id = $1 order by disclosure limit 1000", string(c)))
}

// MayLet says whether who may let somebody's look-ups go on that were stopped.
func MayLet(who access.Actor) error {
	err := mayRead(who)
	if err != nil {
		return err
	}
	if who.Is(access.PrivacyOfficer) || who.Is(access.SecurityOfficer) {
		return nil
	}
	return fault.New(fault.Forbidden, "Look-ups that were stopped are let go on by a privacy officer or a security officer. Ask one of them")
}

// StoppedAt gives when a person's look-ups were stopped, or the zero time
// where they are open.
func (s *Service) StoppedAt(ctx context.Context, who access.Actor, person id.Person) (at time.Time, err error) {
	err = mayRead(who)
	if err != nil {
		return time.Time{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var us int64
		err := tx.Row("select stopped_us from watch_guard where key = $1", personGuard(person)).Scan(&us)
		if db.NoRows(err) {
			err = nil
		}
		at = db.Time(us)
		if !s.stands(at, tx.Now) {
			at = time.Time{}
		}
		return err
	})
	return at, err
}

// Let lets a person's look-ups go on, with the reason: what was in vain before
// counts no longer. Nobody does it for herself. The person is told by mail.
func (s *Service) Let(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	err := MayLet(who)
	if err != nil {
		return err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		own, err := account.OnePerson(tx, person, who.Person)
		if err != nil {
			return err
		}
		if own {
			return fault.New(fault.Conflict, "These are your own look-ups. Somebody else lets them go on")
		}
		p, err := account.Watched(tx, person)
		if err != nil {
			return err
		}
		n, err := tx.Exec("update watch_guard set stopped_us = 0, until_us = 0, tries = 0, since_us = $1 where key = $2 and stopped_us >= $3",
			db.Micros(tx.Now), personGuard(person), max(db.Micros(s.midnight(tx.Now)), 1))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "The look-ups of this account are not stopped, or somebody has let them go on in the meantime. Look at it again")
		}
		c, err := openOf(tx, Stopped, person)
		if err != nil {
			return err
		}
		if c == "" { // the rules have not looked yet, or the case was reviewed
			k, _, err := open(tx, who, Stopped, p, "Look-ups with this account were stopped for the day.")
			if err != nil {
				return err
			}
			c = k.ID
		}
		err = note(tx, who, c, StepLet, reason)
		if err != nil {
			return err
		}
		_, err = s.tellPerson(tx, p, "lookups open", "You can look up members again", "Your look-ups were stopped because too many had found nothing. Somebody at the plan has looked at it, and you can go on.",
			"Check the details against the member's card before you look.")
		return err
	})
}
