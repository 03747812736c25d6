package glass

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/watch"
)

// Open breaks the glass for a member under restriction. A member whom the
// actor could not see otherwise is NotFound like one that there is not, and
// the attempt is written down. Opened twice, the first one stands.
func (s *Service) Open(ctx context.Context, who access.Actor, a Ask) (Opening, error) {
	a.Kind = Restricted
	return s.open(ctx, who, a, attempt{find: func(tx *db.Tx) (id.Member, error) { return a.Member, s.Reach(tx, who, a.Member) }})
}

// Emergency breaks the glass for the patient whom a clinician names by member
// ID and birth date. What Deps.Patient answers is answered. A pair that finds
// nobody is a look-up in vain like any other; after too many she waits, half a
// minute at most, and is answered TooMany until then, or until the next day
// where her look-ups are stopped.
func (s *Service) Emergency(ctx context.Context, who access.Actor, number string, birth civil.Date, reason string) (Opening, error) {
	err := MayEmergency(who)
	if err != nil {
		return Opening{}, err
	}
	return s.open(ctx, who, Ask{Kind: Emergency, Reason: reason}, attempt{
		typed: true, number: number, birth: birth,
		find: func(tx *db.Tx) (id.Member, error) { return s.Patient(tx, who, number, birth) },
	})
}

// attempt is a way to the member whom somebody wants to open.
type attempt struct {
	typed  bool // by number and birth date: guarded by the watch over look-ups
	number string
	birth  civil.Date
	find   func(tx *db.Tx) (id.Member, error)
}

// open finds the member and opens, or writes down that it was in vain, in one
// transaction: what was in vain counts before the next attempt is let through.
func (s *Service) open(ctx context.Context, who access.Actor, a Ask, way attempt) (Opening, error) {
	err := who.May(access.BreakGlass)
	if err != nil {
		return Opening{}, err
	}
	if who.Session == "" {
		return Opening{}, fault.New(fault.Forbidden, "The glass opens in a signed-in browser only")
	}
	a.Reason, err = CleanReason(a.Reason)
	if err != nil {
		return Opening{}, err
	}
	var o Opening
	var instead error // of an opening, after the commit
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		o, instead = Opening{}, nil
		if way.typed {
			instead, err = s.Watch.BeforeEmergency(tx, who)
			if err != nil || instead != nil {
				return err
			}
		}
		a.Member, err = way.find(tx)
		if fault.Is(err, fault.NotFound) {
			instead = err
			return s.inVain(tx, who, way, err)
		}
		if err != nil {
			return err
		}
		o, err = s.openIn(tx, who, a)
		return err
	})
	if err == nil {
		err = instead
	}
	if err != nil {
		return Opening{}, err
	}
	return o, nil
}

// inVain writes an attempt that opened nobody into the ledger, and counts it
// where something was typed.
func (s *Service) inVain(tx *db.Tx, who access.Actor, way attempt, why error) error {
	look := disclosure.Look{Subject: "glass", Purpose: purpose(who), Outcome: disclosure.NotFound}
	half := false
	if way.typed {
		var err error
		look.Key, half, err = s.Vain(tx, who, way.number, way.birth)
		if err != nil {
			return err
		}
	}
	if m, refused := s.Refused(why); refused {
		look.Member, look.Outcome = m, disclosure.Refused
	}
	row, err := disclosure.Write(tx, who, look)
	if err != nil || !way.typed {
		return err
	}
	return s.Watch.AfterLook(tx, who, watch.Looked{Row: row, Outcome: look.Outcome, Number: way.number, Half: half})
}

// purpose is why the glass is broken: an office treats, and the plan's review
// is part of payment (P-02, 45 CFR 164.501).
func purpose(who access.Actor) access.Purpose {
	if who.Side == access.Office {
		return access.Treatment
	}
	return access.Payment
}
