// Package privacy is the privacy officer's desk: the ledger read by member,
// person, organization and thing, accountings of disclosures, what members ask
// for under the privacy rule, and the weekly review. It promises that
//
//   - reading the ledger about a member, and every page about a member's
//     request, is itself a line of the ledger, committed before anything is shown;
//   - what a member asked for, and each step of the answer, is kept as it was,
//     with an entry in the record; nothing is changed afterwards (P-05 to P-11,
//     45 CFR 164.522 to 164.528);
//   - an amendment never alters what it amends: it is appended to the record of
//     each request it is about, and leaves the house with every later export;
//   - an accounting covers the days up to its request, with what is known of
//     them when it is read; what was delivered is kept as it was given;
//   - nobody reviews what she did herself;
//   - mail says that something waits, and nothing about whom.
package privacy

import (
	"context"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
)

// Deps is what the service stands on.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger   // nil: nothing is logged
	Zone *time.Location // the plan's: days begin and end in it
	Plan string         // its name, on accountings
	Site string         // the portal's own address: "https://portal.example.org"
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d}
}

func (s *Service) today(tx *db.Tx) civil.Date { return civil.Of(tx.Now, s.Zone) }

// look runs fn in a transaction, and writes a fruitless look at a member down
// in one of its own.
func (s *Service) look(ctx context.Context, who access.Actor, subject, key string, fn func(tx *db.Tx) error) error {
	err := s.DB.Update(ctx, fn)
	if !fault.Is(err, fault.NotFound) || who.Person == "" {
		return err
	}
	written := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Subject: subject, Purpose: access.Operations, Outcome: disclosure.NotFound, Key: key})
		return err
	})
	if written != nil {
		return written
	}
	return err
}

// show gives a member's facts for a page about subject, with the line of the
// ledger that says so.
func show(tx *db.Tx, who access.Actor, subject string, c Case, shows ...access.Field) (member.Member, error) {
	return member.ForRights(tx, who, subject, c.Member, shows...)
}
