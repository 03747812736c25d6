package account

import (
	"context"
	"database/sql"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// EndAll ends every session of a person at once: of one's own account, or of
// one that who may manage. It gives how many there were.
func (s *Service) EndAll(ctx context.Context, who access.Actor, person id.Person) (ended int64, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if who.Person == "" || who.Person != person {
			_, err := managed(tx, who, person)
			if err != nil {
				return err
			}
		}
		ended, err = endAll(tx, person, "", endedAll)
		if err != nil {
			return err
		}
		return s.done(tx, who, SessionsEnded, person, "")
	})
	return ended, err
}

func (s *Service) done(tx *db.Tx, who access.Actor, kind EventKind, person id.Person, reason string) error {
	return Event{Kind: kind, Person: person, Actor: who.Person, Reason: reason, Session: who.Session, Address: who.Address}.write(tx)
}

// ChangePassword changes the actor's own password and ends all other sessions
// of the account. Wrong guesses of the old one are slowed down as at sign-in.
func (s *Service) ChangePassword(ctx context.Context, who access.Actor, old, fresh string) error {
	if who.Person == "" {
		return errSignedOut()
	}
	var p Person
	var stored string
	guesses := []counter{{key: "change/" + string(who.Person), person: who.Person, slow: slowFrom, shuts: true}}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		p, stored, err = secret(tx, who.Person)
		if err != nil {
			return err
		}
		return charge(tx, guesses)
	})
	if err != nil {
		return err
	}
	good, _, err := s.hash.match(ctx, stored, secretOf(old))
	if err != nil {
		return err
	}
	if !good {
		err = s.db.Update(ctx, func(tx *db.Tx) error { return s.done(tx, who, PasswordFailed, p.ID, "wrong password") })
		if err != nil {
			return err
		}
		return fault.Bad(fault.Problem{Path: "old", Text: "Is not your current password. Type it again"})
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error { return refund(tx, guesses) })
	if err != nil {
		return err
	}
	if normal(old) == normal(fresh) {
		return fault.Bad(fault.Problem{Path: "new", Text: "Is the password you already have. Choose another"})
	}
	return s.setPassword(ctx, who, p, stored, fresh, PasswordChanged)
}

// secret gives an open account and its password's hash.
func secret(tx *db.Tx, person id.Person) (Person, string, error) {
	p, err := personOf(tx, person)
	if err != nil {
		return Person{}, "", err
	}
	if !p.Open() {
		return Person{}, "", errSignedOut()
	}
	var stored string
	err = tx.Row("select p.password from account_person p where p.id = $1"+tx.Lock(), string(person)).Scan(&stored)
	return p, stored, err
}

// setPassword checks, hashes and stores a password, if the stored one is
// still what it was, and ends the sessions but the actor's own.
func (s *Service) setPassword(ctx context.Context, who access.Actor, p Person, stored, fresh string, kind EventKind) error {
	problem := s.checkPassword("new", fresh, p)
	if problem != nil {
		return fault.Bad(*problem)
	}
	hash, err := s.hash.make(ctx, normal(fresh))
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec("update account_person set password = $1, password_us = $2, must_change = 0 where id = $3 and password = $4",
			hash, db.Micros(tx.Now), string(p.ID), stored)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "The password was changed elsewhere in the meantime. Sign in with the new one")
		}
		_, err = endAll(tx, p.ID, who.Session, endedPassword)
		if err != nil {
			return err
		}
		return s.done(tx, who, kind, p.ID, "")
	})
}

// SetPassword gives an account a new password, opens its sign-in again and
// ends its sessions. It is for the operator on the command line, to get a
// first or a last administrator in: nobody at the portal chooses another
// person's password (V-06).
func (s *Service) SetPassword(ctx context.Context, who access.Actor, person id.Person, fresh string) error {
	if !who.Is(access.Operator) {
		return fault.New(fault.Forbidden, "Nobody sets another person's password here. The plan's operator can, on the command line")
	}
	var p Person
	var stored string
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		p, stored, err = secret(tx, person)
		if err != nil {
			return err
		}
		return forget(tx, p)
	})
	if err != nil {
		return err
	}
	return s.setPassword(ctx, who, p, stored, fresh, PasswordSet)
}

// Unlock opens the sign-in of an account that failed too often, after the
// person has been recognized by other means, which reason states.
func (s *Service) Unlock(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := managed(tx, who, person)
		if err != nil {
			return err
		}
		err = forget(tx, p)
		if err != nil {
			return err
		}
		return s.done(tx, who, Unlocked, person, reason)
	})
}

// forget deletes the failures counted on an account, wherever they came from.
func forget(tx *db.Tx, p Person) error {
	_, err := tx.Exec("delete from account_throttle where person = $1 or key = $2", string(p.ID), nameKey(fold(p.Username)))
	return err
}

// Purged is what Purge did.
type Purged struct {
	Sessions int   // ended, since they had run out
	Counters int64 // of failures, forgotten
}

// purgeAtOnce bounds one Purge, so that it never holds up sign-ins for long.
const purgeAtOnce = 500

// Purge ends sessions that have run out and that nobody came back to, and
// forgets failures of networks and of usernames that nobody has. Failures on
// an account are kept: only a good sign-in or recovery ends those (I-10).
func (s *Service) Purge(ctx context.Context, who access.Actor) (Purged, error) {
	if who.Side != access.System {
		return Purged{}, fault.New(fault.Forbidden, "The portal does this by itself")
	}
	var done Purged
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		done = Purged{}
		over, err := db.Collect(scanOver)(tx.Rows(`select id, person, expires_us from account_session
			where ended_us = 0 and (seen_us <= $1 or expires_us <= $2) order by seen_us limit $3`,
			db.Micros(tx.Now.Add(-s.idle)), db.Micros(tx.Now), int64(purgeAtOnce)))
		if err != nil {
			return err
		}
		for _, r := range over {
			why := endedIdle
			if !tx.Now.Before(r.expires) {
				why = endedAbsolute
			}
			err = end(tx, r.id, r.person.ID, why)
			if err != nil {
				return err
			}
		}
		done.Sessions = len(over)
		done.Counters, err = tx.Exec("delete from account_throttle where person = '' and last_us < $1", db.Micros(tx.Now.Add(-namesForgets)))
		return err
	})
	return done, err
}

func scanOver(r *sql.Rows) (sessionRow, error) {
	var s sessionRow
	var expires int64
	err := r.Scan(&s.id, &s.person.ID, &expires)
	s.expires = db.Time(expires)
	return s, err
}
