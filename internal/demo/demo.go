// Package demo makes up a health plan: members, offices, staff and two months
// of work on authorization requests, so that somebody who has just started the
// portal has something to look at. It promises that
//
//   - nobody in it is real: names are drawn from lists, identifiers come from
//     ranges that nobody has (see identifiers.go), and of codes only those of
//     the public domain are in it, with our own words;
//   - the same seed, size and moment make the same content; dates move with today;
//   - everything is done through the portal's own services, so that every
//     request has its record entries, disclosures and clock;
//   - a plan that was only half made is recognized, and a database that holds
//     anything else is never touched.
//
// It is for looking only: the passwords are printed, so whoever opens it
// serves it to this machine alone.
package demo

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/claim"
	"hsconnect/internal/codeset"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
	"hsconnect/internal/review"
	"hsconnect/internal/sensitive"
)

// What the made-up plan is called, where its days end, and whom to call.
const (
	PlanName        = "Sample Health Advantage"
	ZoneName        = "America/New_York"
	HelpDeskAddress = "1 Almanac Street, Riverside, OH 00028"
	HelpDeskPhone   = "555-010-0100"
	HelpDeskEmail   = "helpdesk@example.org"
	HelpDeskHours   = "Monday to Friday, 8 AM to 6 PM ET"
)

// Seed is the seed of the demo that everybody sees.
const Seed = 20261123

// Size says how much is made up.
type Size struct {
	Members  int
	People   int // who sign in; never fewer than those whose passwords are known and one for each office
	Requests int // in all states; one of each at least
	Drafts   int // not submitted
}

// Full is the size of the demo that everybody sees.
func Full() Size { return Size{Members: 2400, People: 150, Requests: fullRequests, Drafts: 24} }

// Deps is what Build works with. The database's clock is Clock; for a fresh
// database it is held at Begin while the services are made, so that nothing in
// it is newer than the made-up past.
type Deps struct {
	DB         *db.DB
	Clock      *Clock
	Zone       *time.Location
	Log        *slog.Logger // nil: nothing is logged
	Accounts   *account.Service
	Agreements *agreement.Service
	Providers  *provider.Service
	Codes      *codeset.Service
	Coverage   *coverage.Service
	Sensitive  *sensitive.Service
	Claims     *claim.Service
	Documents  *document.Service
	Priorauth  *priorauth.Service
	Review     *review.Service
	Record     *record.Log
	Privacy    *privacy.Service

	Now      func() time.Time      // the real time, which the dates lean on
	Size     Size                  // zero: Full
	Progress func(done, total int) // called by one goroutine at a time
}

// Build makes the plan in an empty database and gives the sign-ins whose
// passwords are known. It answers ErrForeign, ErrBroken or ErrBuilt for a
// database that is not empty. If it fails or is killed, State says Broken from
// then on, and the caller removes the database and the documents to begin again.
func Build(ctx context.Context, d Deps, seed uint64) (SignIns, error) {
	if d.Size == (Size{}) {
		d.Size = Full()
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Progress == nil {
		d.Progress = func(int, int) {}
	}
	state, err := StateOf(ctx, d)
	if err != nil {
		return nil, err
	}
	err = map[State]error{Broken: ErrBroken, Foreign: ErrForeign, Built: ErrBuilt}[state]
	if err != nil {
		return nil, err
	}
	w, err := imagine(d.Now(), d.Zone, seed, d.Size)
	if err != nil {
		return nil, err
	}
	err = mark(ctx, d, seed, false)
	if err != nil {
		return nil, err
	}
	defer d.Clock.Go()
	h := newHand(d, w)
	err = h.tell(ctx)
	if err != nil {
		return nil, err
	}
	d.Clock.Go()
	err = h.sequence(ctx)
	if err != nil {
		return nil, err
	}
	err = mark(ctx, d, seed, true)
	if err != nil {
		return nil, err
	}
	return w.signIns(), nil
}

// Why Build leaves a database alone.
var (
	ErrBuilt   = errors.New("the made-up plan is there already")
	ErrBroken  = errors.New("the made-up plan is only half made: building it was interrupted. Remove the data folder, or start with --reset")
	ErrForeign = errors.New("this data folder holds something else than a made-up plan. Choose another with --data")
)
