package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Session is a signed-in browser.
type Session struct {
	ID        id.Session
	Actor     access.Actor
	Agreement bool // left to the caller: whether the current agreement is accepted
	Started   time.Time
	LastSeen  time.Time
	IdleUntil time.Time // when it ends without another request
	Expires   time.Time // when it ends in any case

	Proven     bool      // by a second factor too: without, nothing opens but proving it
	Strong     time.Time // last time that the person proved who she is
	MustChange bool      // a new password comes before everything else
	ViewOnly   bool      // the organization is leaving: its people look, and change nothing
}

// Why a session ended.
const (
	endedIdle     = "idle"
	endedAbsolute = "absolute"
	endedOut      = "signed out"
	endedReplaced = "replaced by a new sign-in"
	endedPassword = "password changed"
	endedDisabled = "access ended"
	endedAll      = "ended everywhere"
)

const tokenBytes = 32 // V-07 asks for 16 at least

// newToken gives the secret of a session: 256 random bits.
func newToken() string {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // it fills the slice or ends the program
	return base64.RawURLEncoding.EncodeToString(b)
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func wellFormed(token string) bool { return len(token) == base64.RawURLEncoding.EncodedLen(tokenBytes) }

func errSignedOut() error { return fault.New(fault.Unauthenticated, "Please sign in") }

// sessionRow is a session with its person, as they stand.
type sessionRow struct {
	id             id.Session
	person         Person
	started, seen  time.Time
	expires, ended time.Time
	before         time.Time // the sign-in before this one
	proven, strong time.Time
	standing       Standing
	why            string
	address        string
	how            string
	agent          string
}

func sessionOf(tx *db.Tx, token string) (sessionRow, error) {
	var r sessionRow
	var p personRow
	var started, seen, expires, ended, before, proven, strong, suspended, view, closes int64
	targets := append([]any{&r.id, &started, &seen, &expires, &ended, &r.why, &before, &proven, &strong, &r.address, &r.agent, &r.how,
		&suspended, &view, &closes}, p.targets()...)
	err := tx.Row(`select s.id, s.started_us, s.seen_us, s.expires_us, s.ended_us, s.ended_why, s.before_us, s.proven_us, s.strong_us, s.address, s.agent, s.how,
			coalesce(o.suspended, 0), coalesce(o.view_us, 0), coalesce(o.close_us, 0), `+personColumns+`
		from account_session s join account_person p on p.id = s.person join account_membership m on m.person = s.person and m.org = s.org
			left join account_org o on o.org = s.org where s.token_hash = $1`, tokenHash(token)).Scan(targets...)
	if db.NoRows(err) {
		return sessionRow{}, errSignedOut()
	}
	if err != nil {
		return sessionRow{}, err
	}
	r.started, r.seen, r.expires, r.ended, r.before = db.Time(started), db.Time(seen), db.Time(expires), db.Time(ended), db.Time(before)
	r.proven, r.strong = db.Time(proven), db.Time(strong)
	r.standing = Standing{Suspended: suspended != 0, ViewOnly: db.Time(view), Closes: db.Time(closes)}
	r.person, err = p.person()
	return r, err
}

// open reports whether the account, and its access for the organization that
// the session acts for, are open.
func (r sessionRow) open(now time.Time) bool {
	return r.person.Open() && r.person.Member == MemberActive && !r.standing.shut(now)
}

func (r sessionRow) actor(address string, now time.Time) access.Actor {
	a := r.person.actor()
	if r.standing.viewOnly(now) && a.Side == access.Office {
		a.Roles = []access.Role{access.Viewer}
	}
	a.Session, a.Door, a.Address, a.LastSignIn = r.id, access.DoorWeb, printable(address, 64), r.before
	return a
}

// Session gives the session that token opens, and counts as activity. It is
// one indexed read, and at most every 30 seconds one write. Anything but an
// open session of an open account is fault.Unauthenticated.
func (s *Service) Session(ctx context.Context, token, address string) (Session, error) {
	return s.session(ctx, token, address, touchEvery)
}

// Touch is Session for "stay signed in": the time of activity is written in any case.
func (s *Service) Touch(ctx context.Context, token, address string) (Session, error) {
	return s.session(ctx, token, address, 0)
}

func (s *Service) session(ctx context.Context, token, address string, stale time.Duration) (Session, error) {
	if !wellFormed(token) {
		return Session{}, errSignedOut()
	}
	var r sessionRow
	var now time.Time
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now
		r, err = sessionOf(tx, token)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if why := s.over(r, now); why != "" {
		return Session{}, s.expire(ctx, r, why)
	}
	switch {
	case !r.ended.IsZero() && r.why == endedIdle:
		return Session{}, errIdle()
	case !r.ended.IsZero(), !r.open(now):
		return Session{}, errSignedOut()
	}
	if now.Sub(r.seen) >= stale {
		err = s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("update account_session set seen_us = $1 where id = $2 and ended_us = 0", db.Micros(now), string(r.id))
			return err
		})
		if err != nil {
			return Session{}, err
		}
		r.seen = now
	}
	return Session{
		ID: r.id, Actor: r.actor(address, now), Started: r.started, LastSeen: r.seen, IdleUntil: earlier(r.seen.Add(s.idle), r.expires), Expires: r.expires,
		Proven: !r.proven.IsZero(), Strong: r.strong, MustChange: r.person.MustChange, ViewOnly: r.standing.viewOnly(now),
	}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func errIdle() error {
	return fault.New(fault.Unauthenticated, "You were signed out after a time without activity. Sign in to go on where you were")
}

// over says why an open session has run out, or "".
func (s *Service) over(r sessionRow, now time.Time) string {
	switch {
	case !r.ended.IsZero():
		return ""
	case !now.Before(r.expires):
		return endedAbsolute
	case now.Sub(r.seen) >= s.idle:
		return endedIdle
	}
	return ""
}

// expire writes down that a session has run out, and gives the answer. The
// row is read again, since another request may have been faster.
func (s *Service) expire(ctx context.Context, r sessionRow, why string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error { return end(tx, r.id, r.person.ID, why) })
	if err != nil {
		return err
	}
	if why == endedIdle {
		return errIdle()
	}
	return fault.New(fault.Unauthenticated, "You were signed out because you signed in a long time ago. Sign in to go on where you were")
}

// end ends one session that is still open, with its event.
func end(tx *db.Tx, session id.Session, person id.Person, why string) error {
	n, err := tx.Exec("update account_session set ended_us = $1, ended_why = $2 where id = $3 and ended_us = 0", db.Micros(tx.Now), why, string(session))
	if err != nil || n == 0 {
		return err
	}
	kind, actor := SessionExpired, id.Person("")
	if why == endedOut || why == endedReplaced {
		kind, actor = SignedOut, person
	}
	return Event{Kind: kind, Person: person, Actor: actor, Reason: why, Session: session}.write(tx)
}

// IdleSession gives the actor of a session that is open, or ended by idleness
// alone and younger than the absolute limit. Such an actor may save an own
// draft and nothing else: what was typed must not be lost to a time-out.
func (s *Service) IdleSession(ctx context.Context, token string) (access.Actor, error) {
	if !wellFormed(token) {
		return access.Actor{}, errSignedOut()
	}
	var r sessionRow
	var now time.Time
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now
		r, err = sessionOf(tx, token)
		return err
	})
	if err != nil {
		return access.Actor{}, err
	}
	if !r.open(now) || r.proven.IsZero() || !now.Before(r.expires) || !r.ended.IsZero() && r.why != endedIdle {
		return access.Actor{}, errSignedOut()
	}
	return r.actor("", now), nil
}

// SignOut ends the actor's own session.
func (s *Service) SignOut(ctx context.Context, who access.Actor) error {
	if who.Person == "" || who.Session == "" {
		return errSignedOut()
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		err := closeIdle(tx, "id", string(who.Session), endedOut)
		if err != nil {
			return err
		}
		return end(tx, who.Session, who.Person, endedOut)
	})
}

// replaced ends the session of a token that a new sign-in takes the place of.
func replaced(tx *db.Tx, token string) error {
	if !wellFormed(token) {
		return nil
	}
	r, err := sessionOf(tx, token)
	if fault.Is(err, fault.Unauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	err = closeIdle(tx, "id", string(r.id), endedReplaced)
	if err != nil {
		return err
	}
	return end(tx, r.id, r.person.ID, endedReplaced)
}

// closeIdle takes from idle sessions what IdleSession still gives them.
func closeIdle(tx *db.Tx, column, value, why string) error {
	const set = "update account_session set ended_why = $1 where ended_why = $2 and "
	var err error
	if column == "person" {
		_, err = tx.Exec(set+"person = $3", why, endedIdle, value)
	} else {
		_, err = tx.Exec(set+"id = $3", why, endedIdle, value)
	}
	return err
}

// endAll ends every session of a person but keep, and gives their number.
func endAll(tx *db.Tx, person id.Person, keep id.Session, why string) (int64, error) {
	err := closeIdle(tx, "person", string(person), why)
	if err != nil {
		return 0, err
	}
	return tx.Exec("update account_session set ended_us = $1, ended_why = $2 where person = $3 and ended_us = 0 and id <> $4",
		db.Micros(tx.Now), why, string(person), string(keep))
}
