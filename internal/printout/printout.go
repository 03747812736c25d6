// Package printout makes the one printed copy of a thing (clause 3 of the
// agreement, A-03): a tagged PDF that says on each page whose copy it is, who
// printed it when, and which copy it is. It promises that
//
//   - a copy shows what the thing's page shows to the same person, and no
//     more: it is made from the same structs;
//   - the disclosure, with exactly the facts printed, and the row of the
//     ledger of copies are committed together before a byte of it is made, and
//     the digest of its bytes before one of them leaves;
//   - what cannot carry the mark of a copy on each page is not printed;
//   - the notice that forbids redisclosure stands on each page of a copy of
//     something labelled (Q-04, 42 CFR 2.32).
//
// Another kind of thing to print is one row of kinds.
package printout

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/copies"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/pdf"
	"hsconnect/internal/priorauth"
)

// Deps is what the service stands on. Log may be nil.
type Deps struct {
	DB        *db.DB
	Copies    *copies.Service
	Priorauth *priorauth.Service
	Coverage  *coverage.Service
	Documents *document.Service
	Plan      string // name, for each page
	Call      string // how to reach the HelpDesk: whoever finds a sheet is to call
	Zone      *time.Location
	Log       *slog.Logger
}

// Service does what this package promises.
type Service struct {
	Deps

	// heavy bounds how many documents are unpacked at once.
	heavy chan struct{}
}

// atOnce is how many documents are unpacked at once in one process.
const atOnce = 2

// New makes the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d, heavy: make(chan struct{}, atOnce)}
}

// Item is a thing that may be printed, told without a word about a member.
type Item struct {
	Kind    string
	Ref     string // as in the address
	Title   string // "Authorization A26-…"
	Holds   string // what the copy shows, in a sentence
	Given   []copies.Copy
	Refused bool // the plan gives no second copy, and there is a first
}

// errNone is one answer for what does not exist and what is not for the
// asker.
var errNone = fault.New(fault.NotFound, "There is nothing here to print, or it is not yours to see. Open the page again and print from there")

// About says what would be printed, and which copies of it the actor's
// organization has. It shows nothing of it.
func (s *Service) About(ctx context.Context, who access.Actor, kind, ref string) (Item, error) {
	k, err := s.kind(who, kind)
	if err != nil {
		return Item{}, err
	}
	var out Item
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		t, err := k.find(s, tx, who, ref)
		if err != nil {
			return err
		}
		out = Item{Kind: kind, Ref: ref, Title: t.title, Holds: k.holds}
		out.Given, err = s.Copies.Of(tx, who, kind, t.counted())
		return err
	})
	if err != nil {
		return Item{}, s.missed(ctx, who, Order{Kind: kind}, err)
	}
	out.Refused = len(out.Given) > 0 && s.Copies.Policy == copies.Never
	return out, nil
}

// Given says how many copies of a thing the actor's organization has, for the
// page that leads to the print; of an eligibility, by what CountedAs gives. It
// is 0 for somebody who may not print.
func (s *Service) Given(tx *db.Tx, who access.Actor, kind, ref string) (int, error) {
	if !who.Has(access.PrintCopy) {
		return 0, nil
	}
	all, err := s.Copies.Of(tx, who, kind, ref)
	return len(all), err
}

// GivenNow is Given in a transaction of its own.
func (s *Service) GivenNow(ctx context.Context, who access.Actor, kind, ref string) (n int, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		n, err = s.Given(tx, who, kind, ref)
		return err
	})
	return n, err
}

// Order is a copy that somebody asks for; the fields are those of copies.Ask.
type Order struct {
	Kind    string
	Ref     string
	Token   string
	Reason  string
	Proven  bool
	Purpose access.Purpose // what an eligibility is for; empty: what goes without saying
}

// Printed is a copy that may be handed out.
type Printed struct {
	Copy copies.Copy
	Name string // of the file; it names no member
	PDF  []byte
}

// Print takes a copy and makes it. The errors of copies.Take come through:
// Invalid at "reason", Unauthenticated, Conflict. A document that cannot carry
// the mark of a copy is a Conflict that says what to do, and no copy is taken.
func (s *Service) Print(ctx context.Context, who access.Actor, o Order) (Printed, error) {
	k, err := s.kind(who, o.Kind)
	if err != nil {
		return Printed{}, err
	}
	var ready any
	if k.ready != nil {
		err = s.DB.View(ctx, func(tx *db.Tx) error {
			t, err := k.find(s, tx, who, o.Ref)
			if err != nil {
				return err
			}
			return s.Copies.Could(tx, who, o.ask(t))
		})
		if err != nil {
			return Printed{}, s.missed(ctx, who, o, err)
		}
		select { // until the copy is made: what is unpacked is large
		case s.heavy <- struct{}{}:
			defer func() { <-s.heavy }()
		case <-ctx.Done():
			return Printed{}, ctx.Err()
		}
		ready, err = k.ready(ctx, s, who, o.Ref)
		if err != nil {
			return Printed{}, s.missed(ctx, who, o, err)
		}
	}
	var c copies.Copy
	var p paper
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		t, err := k.find(s, tx, who, o.Ref)
		if err != nil {
			return err
		}
		t.ready, t.purpose = ready, o.Purpose
		c, err = s.Copies.Take(tx, who, o.ask(t))
		if err != nil {
			return err
		}
		p, err = k.load(s, tx, who, t)
		return err
	})
	if err != nil {
		return Printed{}, s.missed(ctx, who, o, err)
	}
	data, err := s.render(c, p)
	if err != nil {
		return Printed{}, err
	}
	sum := sha256.Sum256(data)
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		return s.Copies.Give(tx, who, c, hex.EncodeToString(sum[:]), int64(len(data)))
	})
	if err != nil {
		return Printed{}, err
	}
	return Printed{Copy: c, Name: "copy-" + string(c.ID) + ".pdf", PDF: data}, nil
}

func (o Order) ask(t thing) copies.Ask {
	return copies.Ask{Kind: o.Kind, Ref: t.counted(), Label: t.title, About: t.about, Token: o.Token, Reason: o.Reason, Proven: o.Proven}
}

// missed writes down that somebody asked for what there is not for them, or
// for what takes an open glass, and of whom where that is known; any other
// error it gives back.
func (s *Service) missed(ctx context.Context, who access.Actor, o Order, err error) error {
	missed, refused := member.Missed(err, disclosure.Look{Subject: "print/" + o.Kind, Purpose: cmp.Or(o.Purpose, purpose(who)), Outcome: disclosure.Refused})
	if !refused {
		return err
	}
	lost := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, missed)
		return err
	})
	if lost != nil {
		return lost
	}
	if fault.Is(err, fault.NotFound) {
		return errNone
	}
	return err
}

// purpose is why something is printed: an office treats, and the plan's review
// of care is part of payment (P-02, 45 CFR 164.501).
func purpose(who access.Actor) access.Purpose {
	if who.Side == access.Office {
		return access.Treatment
	}
	return access.Payment
}

// Look tells who printed the sheet with a number, to somebody who may read who
// saw what. It names no member.
func (s *Service) Look(ctx context.Context, who access.Actor, number id.CopyNumber) (c copies.Copy, all []copies.Copy, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		c, all, err = s.Copies.Find(tx, who, number)
		return err
	})
	return c, all, err
}

// Second gives the second copies that wait for a review, the oldest first.
func (s *Service) Second(ctx context.Context, who access.Actor, limit int) (out []copies.Copy, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = s.Copies.Second(tx, who, limit)
		return err
	})
	return out, err
}

// Review keeps what a privacy officer found about a second copy.
func (s *Service) Review(ctx context.Context, who access.Actor, number id.CopyNumber, outcome copies.Outcome, note string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return s.Copies.Review(tx, who, number, outcome, note) })
}

// render makes the PDF. The same copy of the same facts is the same bytes.
func (s *Service) render(c copies.Copy, p paper) ([]byte, error) {
	w := pdf.New(s.frame(c, p))
	p.write(w)
	if p.mark {
		s.aboutCopy(w, c)
	}
	var out bytes.Buffer
	_, err := w.WriteTo(&out)
	if err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
