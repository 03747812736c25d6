package account

import (
	"context"
	"database/sql"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// endedElsewhere is why a session ended that its owner ended from another one.
const endedElsewhere = "ended from another browser"

// OwnSession is one of the actor's open sessions, as she recognizes it.
type OwnSession struct {
	ID       id.Session
	Started  time.Time
	LastSeen time.Time
	Network  string // address; the /64 prefix for IPv6, "unknown" where there is none
	Agent    string // what the browser says of itself, one printable line
	How      string // "password and code", "passkey", "identity provider"; "password" as long as that is all
	Proven   bool   // by a second factor too
	OrgName  string // for whom it acts
	This     bool   // the one that asks
}

// Sessions gives the actor's open sessions, the one that asks first and then
// the one used last. One that waits for its second factor is among them: a
// stranger who has the password would be seen there (V-08).
func (s *Service) Sessions(ctx context.Context, who access.Actor) (all []OwnSession, err error) {
	if who.Person == "" || who.Session == "" {
		return nil, errSignedOut()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(func(r *sql.Rows) (OwnSession, error) { return scanOwn(r, who.Session) })(tx.Rows(
			`select s.id, s.started_us, s.seen_us, s.proven_us, s.address, s.agent, s.how, m.org_name
			from account_session s join account_membership m on m.person = s.person and m.org = s.org
			where s.person = $1 and s.ended_us = 0 and s.seen_us > $2 and s.expires_us > $3
			order by case when s.id = $4 then 0 else 1 end, s.seen_us desc, s.id`,
			string(who.Person), db.Micros(tx.Now.Add(-s.idle)), db.Micros(tx.Now), string(who.Session)))
		return err
	})
	return all, err
}

func scanOwn(r *sql.Rows, this id.Session) (OwnSession, error) {
	var o OwnSession
	var started, seen, proven int64
	var address string
	err := r.Scan(&o.ID, &started, &seen, &proven, &address, &o.Agent, &o.How, &o.OrgName)
	o.Started, o.LastSeen, o.Proven = db.Time(started), db.Time(seen), proven > 0
	o.Network, o.This = networkOf(address), o.ID == this
	return o, err
}

// EndSession ends one of the actor's own open sessions at once; it may be the
// one that asks. One that is over, or somebody else's, is fault.NotFound.
func (s *Service) EndSession(ctx context.Context, who access.Actor, session id.Session) error {
	if who.Person == "" || who.Session == "" {
		return errSignedOut()
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		why := endedElsewhere
		if session == who.Session {
			why = endedOut
		}
		n, err := tx.Exec(`update account_session set ended_us = $1, ended_why = $2
			where id = $3 and person = $4 and ended_us = 0 and seen_us > $5 and expires_us > $6`,
			db.Micros(tx.Now), why, string(session), string(who.Person), db.Micros(tx.Now.Add(-s.idle)), db.Micros(tx.Now))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "This browser is signed out already, or it is not yours. Look at the list again")
		}
		// The event names the session that ended; who ended it is the same person.
		return Event{Kind: SessionsEnded, Person: who.Person, Actor: who.Person, Reason: why, Session: session, Address: who.Address}.write(tx)
	})
}

// EndOthers ends every session of the actor's but the one that asks, at once,
// and gives how many there were. It also takes from idle ones what they could
// still save.
func (s *Service) EndOthers(ctx context.Context, who access.Actor) (ended int64, err error) {
	if who.Person == "" || who.Session == "" {
		return 0, errSignedOut()
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		ended, err = endAll(tx, who.Person, who.Session, endedElsewhere)
		if err != nil {
			return err
		}
		return s.done(tx, who, SessionsEnded, who.Person, "all others, from this browser")
	})
	return ended, err
}
