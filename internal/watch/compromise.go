package watch

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Compromised is what "Someone may know my password" does for the actor
// (clause 4, A-05): every session and every link for a new password ends,
// nothing opens before a new password is chosen, and the HelpDesk and the
// person herself are told by mail. Pressed twice, it is one case, and nothing
// is told again.
func (s *Service) Compromised(ctx context.Context, who access.Actor) (c ID, err error) {
	if who.Person == "" || who.Session == "" {
		return "", fault.New(fault.Unauthenticated, "Please sign in")
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		k, err := s.secure(tx, who, who.Person, ByPerson, "The owner of the account says that somebody else may know the password. Pressed on the network "+account.Network(who.Address)+".")
		c = k.ID
		return err
	})
	return c, err
}

// Report is Compromised by staff, for somebody who calls or of whom they have
// learned otherwise. reason says from whom.
func (s *Service) Report(ctx context.Context, who access.Actor, person id.Person, reason string) (c ID, err error) {
	err = mayRead(who)
	if err != nil {
		return "", err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return "", err
	}
	if who.Person == person {
		return "", fault.New(fault.Conflict, "For your own account press “Someone may know my password” on its page")
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		k, err := s.secure(tx, who, person, ByStaff, reason)
		c = k.ID
		return err
	})
	return c, err
}

// secure ends what opens the account, and opens the case.
func (s *Service) secure(tx *db.Tx, who access.Actor, person id.Person, cause Cause, evidence string) (Case, error) {
	p, err := account.Watched(tx, person)
	if err != nil {
		return Case{}, err
	}
	n, err := account.SessionsOpen(tx, person)
	if err != nil {
		return Case{}, err
	}
	old, err := openOf(tx, cause, person)
	if err != nil {
		return Case{}, err
	}
	if old != "" && n == 0 && p.MustChange { // pressed twice: there is nothing left to end
		return caseOf(tx, old)
	}
	c, fresh, err := open(tx, who, cause, p, evidence)
	if err != nil {
		return Case{}, err
	}
	err = account.MustChange(tx, who, person, evidence)
	if err != nil {
		return Case{}, err
	}
	err = account.EndLinks(tx, who, person)
	if err != nil {
		return Case{}, err
	}
	err = note(tx, who, c.ID, StepSecured, "")
	if err != nil || !fresh {
		return c, err
	}
	err = s.announce(tx, p, c, "password compromised",
		"Somebody may know a password: "+p.Username, "The account "+p.Username+" may be known to somebody else. Every session has ended, and a new password is required before anything opens.",
		"Your account was secured",
		"Somebody said that your password may be known to another person. Every browser that was signed in with your account is signed out, and you choose a new password when you next sign in.",
		"If that was not you, or you see anything in the portal that you did not do, call "+s.call+" at once.")
	return c, err
}

// announce tells the HelpDesk and the person by mail, and writes down whom.
func (s *Service) announce(tx *db.Tx, p account.Person, c Case, kind, deskSubject, deskText, subject string, text ...string) error {
	told, err := s.tellDesk(tx, c, deskSubject, deskText, "Cause: "+string(c.Cause)+".", "The evidence, and what to do next, is on the page of the incident.")
	if err != nil {
		return err
	}
	if told {
		err = note(tx, self(), c.ID, StepDesk, "")
		if err != nil {
			return err
		}
	}
	told, err = s.tellPerson(tx, p, kind, subject, text...)
	if err != nil {
		return err
	}
	step := StepNobody
	if told {
		step = StepPerson
	}
	return note(tx, self(), c.ID, step, "")
}
