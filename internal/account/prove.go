package account

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
)

// How somebody proved who she is.
const (
	byPassword = "password"
	byTOTP     = "password and code"
	byRecovery = "password and recovery code"
	byPasskey  = "passkey"
	byBoth     = "password and passkey"
	byProvider = "identity provider"
)

func errFactor() error {
	return fault.New(fault.Unauthenticated, "That did not prove it is you. A code from the app counts once and for about a minute: wait for the next one and type it. A recovery code counts once")
}

// factorKey is under which wrong second factors count: whoever gets this far
// knows the password, so no stranger holds the owner up.
func factorKey(p id.Person) []counter {
	return []counter{{key: "factor/" + string(p), person: p, slow: slowFrom, shuts: true}}
}

// ProveCode takes a code of the authenticator app, or a recovery code, and
// opens the session of token with it; in one that is open it is the fresh
// proof that a step asks for (V-09). The session gets a new token (V-07).
func (s *Service) ProveCode(ctx context.Context, token, typed string) (string, error) {
	return s.prove(ctx, token, func(tx *db.Tx, p Person) (string, error) { return s.checkCode(tx, p, typed) })
}

// checkCode gives how the code proves the person, or "".
func (s *Service) checkCode(tx *db.Tx, p Person, typed string) (string, error) {
	ok, err := s.factors.CheckTOTP(tx, p.ID, typed)
	if err != nil {
		return "", err
	}
	if ok {
		return byTOTP, nil
	}
	ok, left, err := s.factors.UseCode(tx, p.ID, typed)
	if err != nil || !ok {
		return "", err
	}
	err = Event{Kind: CodeUsed, Person: p.ID, Actor: p.ID}.write(tx)
	if err != nil {
		return "", err
	}
	return byRecovery, s.tell(tx, p, "recovery code used", "A recovery code of your account was used",
		"One of your recovery codes was just used to sign in, and does not work again. You have "+howMany(left, "recovery code")+" left.",
		"If that was not you, sign in and press “Someone may know my password” on your account page, and call the HelpDesk.")
}

func howMany(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "one " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// tell sends the person word of something that happened to her account, where
// she has an address. It carries nothing about anybody else.
func (s *Service) tell(tx *db.Tx, p Person, kind, subject string, text ...string) error {
	if p.Email == "" {
		return nil
	}
	return mail.Queue(tx, mail.Message{Person: p.ID, Address: p.Email, Kind: kind, Subject: subject, Text: append([]string{"Hello " + p.Name + ","}, text...)})
}

// BeginPasskeyCheck gives what a browser's passkey has to answer: one of the
// actor's own, or of anybody who has one here when who is nobody.
func (s *Service) BeginPasskeyCheck(ctx context.Context, who access.Actor, address string) (options json.RawMessage, ceremony string, err error) {
	if s.factors == nil {
		return nil, "", errNoFactors()
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if who.Person == "" { // what a stranger asks for costs a row
			err := charge(tx, []counter{{key: "passkey/" + networkOf(address), slow: slowFromNet}})
			if err != nil {
				return err
			}
		}
		options, ceremony, err = s.factors.BeginCheck(tx, who.Person)
		return err
	})
	return options, ceremony, err
}

// ProvePasskey takes a passkey's answer as the second factor of the session of token.
func (s *Service) ProvePasskey(ctx context.Context, token, ceremony string, answer []byte) (string, error) {
	return s.prove(ctx, token, func(tx *db.Tx, p Person) (string, error) { return s.checkPasskey(tx, p, ceremony, answer) })
}

func (s *Service) checkPasskey(tx *db.Tx, p Person, ceremony string, answer []byte) (string, error) {
	c, err := s.factors.FinishCheck(tx, ceremony, answer)
	if fault.Is(err, fault.Unauthenticated) || err == nil && c.Person != p.ID {
		return "", nil
	}
	return byBoth, err
}

// check says how an attempt proves the person, or "" that it does not.
type check func(tx *db.Tx, p Person) (string, error)

// prove runs a check for the open session of token, throttled, and opens the
// session's way on.
func (s *Service) prove(ctx context.Context, token string, ok check) (string, error) {
	if s.factors == nil {
		return "", errNoFactors()
	}
	if !wellFormed(token) {
		return "", errSignedOut()
	}
	fresh, how := newToken(), ""
	var person id.Person
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := sessionOf(tx, token)
		if err != nil {
			return err
		}
		if !r.ended.IsZero() || s.over(r, tx.Now) != "" || !r.person.Open() {
			return errSignedOut()
		}
		person = r.person.ID
		err = charge(tx, factorKey(person))
		if err != nil {
			return err
		}
		how, err = ok(tx, r.person)
		if err != nil {
			return err
		}
		if how == "" {
			return Event{Kind: FactorFailed, Person: person, Session: r.id}.write(tx)
		}
		err = refund(tx, factorKey(person))
		if err != nil {
			return err
		}
		return pass(tx, r, token, fresh, how)
	})
	if err != nil {
		return "", err
	}
	if how == "" {
		s.log.InfoContext(ctx, "second factor refused", slog.String("person", string(person)))
		return "", errFactor()
	}
	return fresh, nil
}

// pass marks the session as proven and gives it a new token.
func pass(tx *db.Tx, r sessionRow, old, fresh, how string) error {
	n, err := tx.Exec("update account_session set token_hash = $1, proven_us = $2, strong_us = $3, how = $4, seen_us = $5 where token_hash = $6 and ended_us = 0",
		tokenHash(fresh), db.Micros(tx.Now), db.Micros(tx.Now), how, db.Micros(tx.Now), tokenHash(old))
	if err != nil {
		return err
	}
	if n == 0 {
		return errSignedOut()
	}
	kind := FactorProven
	if !r.proven.IsZero() {
		kind = StrongProof
	}
	return Event{Kind: kind, Person: r.person.ID, Actor: r.person.ID, Reason: how, Session: r.id, Address: r.address}.write(tx)
}

// SignInPasskey signs in with a passkey alone, which the browser has unlocked
// by the person's finger, face or PIN: that is two factors (I-11). a needs no
// username and no password.
func (s *Service) SignInPasskey(ctx context.Context, a Attempt, ceremony string, answer []byte) (string, access.Actor, error) {
	if s.factors == nil {
		return "", access.Actor{}, errNoFactors()
	}
	token := newToken()
	var who access.Actor
	var refused error
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		refused = nil
		c, err := s.factors.FinishCheck(tx, ceremony, answer)
		if fault.Is(err, fault.Unauthenticated) || err == nil && !c.Verified {
			refused = errFactor() // outside, so that the question is used up
			return Event{Kind: FactorFailed, Person: c.Person, Reason: byPasskey, Address: printable(a.Address, 64), Agent: printable(a.Agent, longestAgent)}.write(tx)
		}
		if err != nil {
			return err
		}
		err = refund(tx, []counter{{key: "passkey/" + networkOf(a.Address), slow: slowFromNet}})
		if err != nil {
			return err
		}
		who, err = s.enter(tx, token, a, c.Person, nil, byPasskey, true)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return "", access.Actor{}, err
	}
	return token, who, nil
}

// SignInProvider signs in a person whom the identity provider of org has
// recognized: for that organization and no other, since nobody else's
// provider answers for it. proven says that it has checked a second factor.
func (s *Service) SignInProvider(ctx context.Context, a Attempt, person id.Person, org id.Organization, proven bool) (string, access.Actor, error) {
	token := newToken()
	var who access.Actor
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		who, err = s.enter(tx, token, a, person, &org, byProvider, proven)
		return err
	})
	if err != nil {
		return "", access.Actor{}, err
	}
	return token, who, nil
}

// enter opens a session without a password.
func (s *Service) enter(tx *db.Tx, token string, a Attempt, person id.Person, org *id.Organization, how string, proven bool) (access.Actor, error) {
	p, err := personOf(tx, person)
	if err != nil {
		return access.Actor{}, err
	}
	if !p.Open() {
		return access.Actor{}, errNotOpen(p)
	}
	if a.Replaces != "" {
		err = replaced(tx, a.Replaces)
		if err != nil {
			return access.Actor{}, err
		}
	}
	p, err = actingFor(tx, p, org)
	if err != nil {
		return access.Actor{}, err
	}
	return s.open(tx, token, a, p, how, proven)
}
