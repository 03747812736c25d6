package account

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/factor"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// StrongFor is how long a proof counts for what asks for a fresh one: signing
// a denial, changing somebody's access, the own factors (V-09).
const StrongFor = 10 * time.Minute

func errNoFactors() error {
	return fault.New(fault.Unavailable, "Second factors are not set up on this portal. Call the HelpDesk")
}

// Factors gives which second factors the actor has.
func (s *Service) Factors(ctx context.Context, who access.Actor) (st factor.State, err error) {
	if who.Person == "" {
		return st, errSignedOut()
	}
	if s.factors == nil {
		return st, errNoFactors()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		st, err = s.factors.Of(tx, who.Person)
		return err
	})
	return st, err
}

// strongly holds a change of the own factors to a fresh proof, unless there
// is none yet to prove anything with.
func (s *Service) strongly(tx *db.Tx, who access.Actor) (first bool, err error) {
	if s.factors == nil {
		return false, errNoFactors()
	}
	if who.Person == "" || who.Session == "" {
		return false, errSignedOut()
	}
	st, err := s.factors.Of(tx, who.Person)
	if err != nil {
		return false, err
	}
	if !st.Any() && st.Codes == 0 {
		return true, nil
	}
	var strong int64
	err = tx.Row("select strong_us from account_session where id = $1 and person = $2 and ended_us = 0 and proven_us > 0", string(who.Session), string(who.Person)).Scan(&strong)
	if db.NoRows(err) {
		return false, errNotProven()
	}
	if err == nil && tx.Now.Sub(db.Time(strong)) > StrongFor {
		err = errStale()
	}
	return false, err
}

func errNotProven() error {
	return fault.New(fault.Forbidden, "Prove who you are with your second factor first")
}

func errStale() error {
	return fault.New(fault.Forbidden, "Prove again that it is you: the last time was more than ten minutes ago")
}

// SetUpTOTP begins an authenticator app; ConfirmTOTP ends it. It is allowed
// without a second factor only as long as there is none.
func (s *Service) SetUpTOTP(ctx context.Context, who access.Actor) (setup factor.Setup, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := s.strongly(tx, who)
		if err != nil {
			return err
		}
		setup, err = s.factors.BeginTOTP(tx, who.Person, who.Username)
		return err
	})
	return setup, err
}

// Added is what adding a factor gave: at the first one recovery codes, shown
// once, and the session's new token.
type Added struct {
	Codes []string
	Token string
}

// ConfirmTOTP makes the app begun with SetUpTOTP a factor, once it shows the
// right code.
func (s *Service) ConfirmTOTP(ctx context.Context, who access.Actor, token, typed string) (Added, error) {
	return s.add(ctx, who, token, "authenticator app", func(tx *db.Tx) (bool, error) { return s.factors.ConfirmTOTP(tx, who.Person, typed) })
}

// BeginPasskey begins adding a passkey of the browser's.
func (s *Service) BeginPasskey(ctx context.Context, who access.Actor) (options json.RawMessage, ceremony string, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := s.strongly(tx, who)
		if err != nil {
			return err
		}
		options, ceremony, err = s.factors.BeginPasskey(tx, who.Person, who.Username, who.Name)
		return err
	})
	return options, ceremony, err
}

// AddPasskey keeps the passkey that the browser made.
func (s *Service) AddPasskey(ctx context.Context, who access.Actor, token, ceremony string, answer []byte, label string) (Added, error) {
	return s.add(ctx, who, token, "passkey", func(tx *db.Tx) (bool, error) {
		err := s.factors.FinishPasskey(tx, who.Person, ceremony, answer, label)
		if fault.Is(err, fault.Unauthenticated) {
			return false, nil
		}
		return err == nil, err
	})
}

func (s *Service) add(ctx context.Context, who access.Actor, token, what string, finish func(tx *db.Tx) (bool, error)) (out Added, err error) {
	good := false
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		out = Added{}
		first, err := s.strongly(tx, who)
		if err != nil {
			return err
		}
		err = charge(tx, factorKey(who.Person))
		if err != nil {
			return err
		}
		good, err = finish(tx)
		if err != nil || !good {
			return err
		}
		err = refund(tx, factorKey(who.Person))
		if err != nil {
			return err
		}
		err = s.done(tx, who, FactorAdded, who.Person, what)
		if err != nil {
			return err
		}
		if !first {
			return s.told(tx, who, "second factor added", "A second factor was added to your account", "Your account now also opens with: "+what+".")
		}
		out.Codes, err = s.factors.NewCodes(tx, who.Person)
		if err != nil {
			return err
		}
		r, err := sessionOf(tx, token)
		if err != nil {
			return err
		}
		out.Token = newToken()
		return pass(tx, r, token, out.Token, what)
	})
	if err != nil {
		return Added{}, err
	}
	if !good {
		return Added{}, fault.Bad(fault.Problem{Path: "code", Text: "Is not what the app shows now. Check the time on your phone, and type the newest code"})
	}
	return out, nil
}

// told is tell for the actor's own account.
func (s *Service) told(tx *db.Tx, who access.Actor, kind, subject, text string) error {
	p, err := personOf(tx, who.Person)
	if err != nil {
		return err
	}
	return s.tell(tx, p, kind, subject, text, "If that was not you, sign in and press “Someone may know my password” on your account page, and call the HelpDesk.")
}

// RemoveTOTP takes the authenticator app off the actor's account, unless it is
// the last factor.
func (s *Service) RemoveTOTP(ctx context.Context, who access.Actor) error {
	return s.remove(ctx, who, "authenticator app", func(tx *db.Tx) error { return s.factors.RemoveTOTP(tx, who.Person) })
}

// RemovePasskey takes a passkey off the actor's account, unless it is the last factor.
func (s *Service) RemovePasskey(ctx context.Context, who access.Actor, passkey string) error {
	return s.remove(ctx, who, "passkey", func(tx *db.Tx) error { return s.factors.RemovePasskey(tx, who.Person, passkey) })
}

func (s *Service) remove(ctx context.Context, who access.Actor, what string, take func(tx *db.Tx) error) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := s.strongly(tx, who)
		if err != nil {
			return err
		}
		err = take(tx)
		if err != nil {
			return err
		}
		left, err := s.factors.Of(tx, who.Person)
		if err != nil {
			return err
		}
		if !left.Any() {
			return fault.New(fault.Conflict, "This is your last second factor. Add another one first, then remove this")
		}
		err = s.done(tx, who, FactorRemoved, who.Person, what)
		if err != nil {
			return err
		}
		return s.told(tx, who, "second factor removed", "A second factor was removed from your account", "Your account no longer opens with: "+what+".")
	})
}

// NewCodes gives the actor ten new recovery codes; the old ones end.
func (s *Service) NewCodes(ctx context.Context, who access.Actor) (codes []string, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := s.strongly(tx, who)
		if err != nil {
			return err
		}
		codes, err = s.factors.NewCodes(tx, who.Person)
		if err != nil {
			return err
		}
		return s.done(tx, who, CodesMade, who.Person, "")
	})
	return codes, err
}

// ResetFactors takes every second factor off an account, after the person has
// been recognized by other means, which reason states. She sets up new ones at
// her next sign-in; nobody else ever sees or chooses them.
func (s *Service) ResetFactors(ctx context.Context, who access.Actor, person id.Person, reason string) error {
	if s.factors == nil {
		return errNoFactors()
	}
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := managed(tx, who, person)
		if err != nil {
			return err
		}
		if who.Person == person {
			return fault.New(fault.Conflict, "Nobody resets the own second factors here. Use a recovery code, or ask somebody else of the plan")
		}
		err = s.factors.Reset(tx, person)
		if err != nil {
			return err
		}
		_, err = endAll(tx, person, "", endedAll)
		if err != nil {
			return err
		}
		err = s.done(tx, who, FactorReset, person, reason)
		if err != nil {
			return err
		}
		return s.tell(tx, p, "second factors reset", "Your second factors were reset",
			"The HelpDesk has taken the second factors off your account. You set up a new one when you next sign in.",
			"If you did not ask for that, call the HelpDesk at once.")
	})
}

// Enrolled is what Enroll gave an account.
type Enrolled struct {
	Secret string // of the authenticator app
	Codes  []string
}

// LogValue keeps it out of logs.
func (e Enrolled) LogValue() slog.Value { return slog.StringValue("[factors]") }

// Enroll gives an account an authenticator app without asking for its code,
// and recovery codes, and gives both. It is for the operator on the command line and for
// made-up plans: nobody at the portal sees another person's factor.
func (s *Service) Enroll(ctx context.Context, who access.Actor, person id.Person) (out Enrolled, err error) {
	if !who.Is(access.Operator) {
		return Enrolled{}, fault.New(fault.Forbidden, "Nobody sets up another person's second factor here. The plan's operator can, on the command line")
	}
	if s.factors == nil {
		return Enrolled{}, errNoFactors()
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := personOf(tx, person)
		if err != nil {
			return err
		}
		setup, err := s.factors.BeginTOTP(tx, person, p.Username)
		if err != nil {
			return err
		}
		out.Secret = setup.Secret
		// Confirmed with the code before this one, so that the present one counts.
		code, err := factor.TOTP(out.Secret, tx.Now.Add(-30*time.Second))
		if err != nil {
			return err
		}
		ok, err := s.factors.ConfirmTOTP(tx, person, code)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Internal, "the authenticator app could not be confirmed")
		}
		out.Codes, err = s.factors.NewCodes(tx, person)
		if err != nil {
			return err
		}
		return s.done(tx, who, FactorAdded, person, "authenticator app, by the operator")
	})
	return out, err
}

// Passkeys reports whether the portal's address can have passkeys.
func (s *Service) Passkeys() bool { return s.factors != nil && s.factors.Passkeys() }
