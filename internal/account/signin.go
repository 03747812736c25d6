package account

import (
	"context"
	"log/slog"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Attempt is what somebody sends to sign in.
type Attempt struct {
	Username string
	Password string
	Address  string // network address, without a port
	Agent    string // what the browser says of itself
	Replaces string // the token the browser still holds, if any: it ends (V-07)
}

// errSignIn is the one answer to every failed sign-in (V-04).
func errSignIn() error {
	return fault.New(fault.Unauthenticated, "That username and password do not open an account. Check both and try again, or call the HelpDesk")
}

// claimant is the account that an attempt names, if there is one.
type claimant struct {
	person   Person
	password string // its hash; empty for nobody
	counters []counter
	known    bool // the owner has signed in from this network lately
}

// SignIn opens a session and gives its token, which is shown nowhere else and
// stored only as a hash. Every failure gives the same fault.Unauthenticated
// after the same work: one hash and the same reads and writes, whether the
// username is unknown, the password wrong or the account closed. Who fails
// too often gets fault.TooMany, without any work.
func (s *Service) SignIn(ctx context.Context, a Attempt) (token string, who access.Actor, err error) {
	var c claimant
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = find(tx, a)
		if err != nil {
			return err
		}
		return peek(tx, c.counters)
	})
	if err == nil {
		err = s.db.Update(ctx, func(tx *db.Tx) error {
			c, err = find(tx, a)
			if err != nil {
				return err
			}
			return charge(tx, c.counters)
		})
	}
	if err != nil {
		if fault.Is(err, fault.TooMany) {
			s.log.WarnContext(ctx, "sign-in refused: too many failures", slog.String("address", networkOf(a.Address)))
		}
		return "", access.Actor{}, err
	}
	if !c.known {
		leave, err := s.hash.admit(ctx)
		if err != nil {
			return "", access.Actor{}, err
		}
		defer leave()
	}
	good, stale, err := s.hash.match(ctx, c.password, secretOf(a.Password))
	if err != nil {
		return "", access.Actor{}, err
	}
	if !good || !c.person.Open() {
		err = s.failed(ctx, a, c, good)
		if good && fault.Is(err, fault.Unauthenticated) {
			err = errNotOpen(c.person) // who knows the password may know why it does not open
		}
		return "", access.Actor{}, err
	}
	fresh := ""
	if stale {
		fresh, err = s.hash.make(ctx, normal(a.Password))
		if err != nil {
			return "", access.Actor{}, err
		}
	}
	token, who, err = s.admit(ctx, a, c, fresh)
	if fault.Is(err, fault.Forbidden) { // nobody to act for any more: that it was tried is kept
		lost := s.failedBecause(ctx, a, c, accessEnded)
		if lost != nil {
			return "", access.Actor{}, lost
		}
	}
	return token, who, err
}

// secretOf gives what is hashed for a typed password. One that nobody can
// have is not reckoned at length, but as another that nobody has.
func secretOf(typed string) string {
	const mostBytes = 4 * maxPassword * 4 // a character may come as several until it is composed
	if len(typed) > mostBytes {
		return ""
	}
	return normal(typed)
}

// find reads the account that the attempt names and under which keys a
// failure counts.
func find(tx *db.Tx, a Attempt) (claimant, error) {
	name, network := fold(a.Username), networkOf(a.Address)
	var c claimant
	var r personRow
	err := tx.Row("select p.password, "+personColumns+atHome+"where p.username_key = $1", name).
		Scan(append([]any{&c.password}, r.targets()...)...)
	if err != nil && !db.NoRows(err) {
		return claimant{}, err
	}
	if err == nil {
		c.person, err = r.person()
		if err != nil {
			return claimant{}, err
		}
	}
	there, err := known(tx, c.person.ID, network)
	if err != nil {
		return claimant{}, err
	}
	c.counters, c.known = counters(name, c.person, network, there), there
	return c, nil
}

// failed writes the event and gives the one answer.
func (s *Service) failed(ctx context.Context, a Attempt, c claimant, good bool) error {
	reason := "wrong password"
	switch {
	case c.person.ID == "":
		reason = "unknown username"
	case !c.person.Open() && good:
		reason = "account " + string(c.person.State)
	case !c.person.Open():
		reason = "wrong password, account " + string(c.person.State)
	}
	err := s.failedBecause(ctx, a, c, reason)
	if err != nil {
		return err
	}
	return errSignIn()
}

func (s *Service) failedBecause(ctx context.Context, a Attempt, c claimant, reason string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return Event{Kind: SignInFailed, Person: c.person.ID, Reason: reason, Address: printable(a.Address, 64), Agent: printable(a.Agent, longestAgent)}.write(tx)
	})
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "sign-in failed", slog.String("person", string(c.person.ID)), slog.String("reason", reason), slog.String("address", networkOf(a.Address)))
	return nil
}

// accessEnded is the reason of a sign-in by somebody whom no organization
// lets act for it any more.
const accessEnded = "access ended"

// admit opens the session. The account is read again: it may have been closed,
// or its password changed, while the hash was reckoned.
func (s *Service) admit(ctx context.Context, a Attempt, c claimant, fresh string) (string, access.Actor, error) {
	token := newToken()
	var who access.Actor
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		now, err := find(tx, a)
		if err != nil {
			return err
		}
		if now.password != c.password || !now.person.Open() {
			return errSignIn()
		}
		p, err := actingFor(tx, now.person, nil)
		if err != nil {
			return err
		}
		// Good, so the failures on the account are no longer consecutive (I-10).
		err = refund(tx, withName(c.counters, c.person))
		if err != nil {
			return err
		}
		if a.Replaces != "" {
			err = replaced(tx, a.Replaces)
			if err != nil {
				return err
			}
		}
		who, err = s.open(tx, token, a, p, byPassword, false)
		if err != nil || fresh == "" {
			return err
		}
		_, err = tx.Exec("update account_person set password = $1 where id = $2", fresh, string(c.person.ID))
		return err
	})
	if err != nil {
		return "", access.Actor{}, err
	}
	s.log.InfoContext(ctx, "signed in", slog.String("person", string(who.Person)), slog.String("session", string(who.Session)))
	return token, who, nil
}

// withName adds the counter of the username, where a good sign-in ends what
// strangers have piled up.
func withName(counters []counter, p Person) []counter {
	key := nameKey(fold(p.Username))
	for _, k := range counters {
		if k.key == key {
			return counters
		}
	}
	return append([]counter{{key: key, person: p.ID, slow: slowFrom, shuts: true}}, counters...)
}

// actingFor gives the person as somebody of the organization that she used
// last, among those that are open to her; or of only, where that is given.
func actingFor(tx *db.Tx, p Person, only *id.Organization) (Person, error) {
	all, err := memberships(tx, p.ID)
	if err != nil {
		return Person{}, err
	}
	ended := false
	var best *Membership
	for i := range all {
		m := &all[i]
		if only != nil && m.Org != *only {
			continue
		}
		o, err := standingOf(tx, m.Org)
		if err != nil {
			return Person{}, err
		}
		if m.State != MemberActive || o.shut(tx.Now) {
			ended = true
			continue
		}
		if best == nil || m.Used.Equal(best.Used) && m.Org == p.Org {
			best = m
		}
	}
	if best == nil {
		text := "Nobody has given this account access yet. Ask your local administrator, or the HelpDesk"
		if ended {
			text = "Your access has ended. Your organization's local administrator can give it again; or call the HelpDesk"
		}
		return Person{}, fault.New(fault.Forbidden, text)
	}
	p.Org, p.OrgName, p.OrgTIN, p.Roles, p.Providers, p.Member = best.Org, best.OrgName, best.OrgTIN, best.Roles, best.Providers, best.State
	return p, nil
}

// open writes the session, the place, the event and the time of sign-in.
func (s *Service) open(tx *db.Tx, token string, a Attempt, p Person, how string, proven bool) (access.Actor, error) {
	who := p.actor()
	who.Session, who.Door, who.LastSignIn = id.New[id.Session](tx.Now), access.DoorWeb, p.SignedIn
	who.Address = printable(a.Address, 64)
	agent := printable(a.Agent, longestAgent)
	at := int64(0)
	if proven {
		at = db.Micros(tx.Now)
	}
	err := tx.Later(`insert into account_session (token_hash, id, person, started_us, seen_us, expires_us, ended_us, ended_why, before_us, address, agent,
			org, proven_us, strong_us, how)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		tokenHash(token), string(who.Session), string(p.ID), db.Micros(tx.Now), db.Micros(tx.Now), db.Micros(tx.Now.Add(s.absolute)),
		int64(0), "", db.Micros(p.SignedIn), who.Address, agent, string(p.Org), at, at, how)
	if err != nil {
		return access.Actor{}, err
	}
	err = tx.Later("update account_person set signed_in_us = $1, used_us = $2, warned = 0 where id = $3", db.Micros(tx.Now), db.Micros(tx.Now), string(p.ID))
	if err != nil {
		return access.Actor{}, err
	}
	err = tx.Later("update account_membership set used_us = $1 where person = $2 and org = $3", db.Micros(tx.Now), string(p.ID), string(p.Org))
	if err != nil {
		return access.Actor{}, err
	}
	err = tx.Later(`insert into account_place (person, address, last_us) values ($1, $2, $3)
		on conflict (person, address) do update set last_us = excluded.last_us`, string(p.ID), networkOf(a.Address), db.Micros(tx.Now))
	if err != nil {
		return access.Actor{}, err
	}
	return who, Event{Kind: SignedIn, Person: p.ID, Actor: p.ID, Reason: how, Session: who.Session, Address: who.Address, Agent: agent}.write(tx)
}
