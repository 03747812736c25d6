package intake

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"strings"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/job"
	"hsconnect/internal/record"
)

// Approve lets a held file be applied: a job does it, or who calls Open next.
// Whoever loaded it cannot approve it, with no account of hers.
func (s *Service) Approve(ctx context.Context, who access.Actor, which ID, reason string) error {
	return s.decide(ctx, who, which, Approved, reason)
}

// Refuse says that a held file will not be applied.
func (s *Service) Refuse(ctx context.Context, who access.Actor, which ID, reason string) error {
	return s.decide(ctx, who, which, Refused, reason)
}

func (s *Service) decide(ctx context.Context, who access.Actor, which ID, to State, reason string) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) < 3 || utf8.RuneCountInString(reason) > maxReason {
		return fault.Bad(fault.Problem{Path: "reason", Text: "Say in 3 to 500 characters why: it goes into the official record"})
	}
	var h Held
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		h, err = heldOf(tx, which, tx.Lock())
		if err != nil {
			return err
		}
		if h.State != Waiting && (h.State != Stalled || to != Refused) {
			return fault.New(fault.Conflict, "This file was decided in the meantime. Open the list again to see how")
		}
		own, err := s.Same(tx, h.person, who.Person)
		if err != nil {
			return err
		}
		if to == Approved && own {
			return errOwn
		}
		_, err = tx.Exec("update intake_decision set state = $1, reason = $2, person = $3, by_name = $4, decided_us = $5 where held = $6",
			string(to), reason, string(who.Person), who.Name, db.Micros(tx.Now), string(which))
		if err != nil {
			return err
		}
		err = h.enter(tx, who, "file."+string(to), map[string]any{"reason": reason})
		if err != nil {
			return err
		}
		if to == Refused {
			return blob.Drop(tx, h.blob)
		}
		return h.ask(tx, who)
	})
	if err == nil && to == Refused {
		s.remove(ctx, h)
	}
	return err
}

// enter puts what became of a held file into the official record, with what it
// would change in counts.
func (h Held) enter(tx *db.Tx, who access.Actor, kind string, more map[string]any) error {
	entry := map[string]any{"file": h.Name, "kind": h.Kind, "sha256": h.Digest, "counts": json.RawMessage(h.Counts)}
	maps.Copy(entry, more)
	body, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: subject(h.ID), Kind: kind, Body: body})
	return err
}

// ask asks for the job that applies an approved file.
func (h Held) ask(tx *db.Tx, who access.Actor) error {
	_, err := job.Enqueue(tx, JobApply(h.Kind), Payload{Held: h.ID}, job.Options{Key: string(h.ID), By: who.Username})
	return err
}

// Again lets an approved file that could not be applied be tried again. It
// takes somebody who may approve it.
func (s *Service) Again(ctx context.Context, who access.Actor, which ID) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		h, err := heldOf(tx, which, tx.Lock())
		if err != nil {
			return err
		}
		own, err := s.Same(tx, h.person, who.Person)
		switch {
		case err != nil:
			return err
		case h.State != Stalled:
			return fault.New(fault.Conflict, "This file is not one that could not be loaded. Open the list again to see what became of it")
		case own:
			return errOwn
		}
		_, err = tx.Exec("update intake_decision set state = $1, outcome = $2, settled_us = $3 where held = $4", string(Approved), "", 0, string(which))
		if err != nil {
			return err
		}
		err = h.enter(tx, who, "file.again", nil)
		if err != nil {
			return err
		}
		return h.ask(tx, who)
	})
}

// remove takes the bytes of a settled file out of the store. What cannot be
// removed now is swept: without its key nobody can read it.
func (s *Service) remove(ctx context.Context, h Held) {
	if s.Vault == nil {
		return
	}
	err := s.Vault.Remove(context.WithoutCancel(ctx), h.blob)
	if err != nil {
		s.Log.WarnContext(ctx, "a settled file stays in the store until it is swept", "held", string(h.ID), "err", err)
	}
}

// Settled is told of a file after the transaction that settled it: its bytes
// go, digest and counts stay.
func (s *Service) Settled(ctx context.Context, who access.Actor, which ID) {
	h, err := s.Get(ctx, who, which)
	if err == nil && (h.State == Refused || h.State == Applied || h.State == Failed) {
		s.remove(ctx, h)
	}
}

// Payload is that of the job that applies an approved file.
type Payload struct{ Held ID }

// Open gives the bytes of an approved file. They are those that were held, or
// reading them fails.
func (s *Service) Open(ctx context.Context, who access.Actor, which ID) (io.ReadCloser, error) {
	err := mayImport(who)
	if err != nil {
		return nil, err
	}
	var ref blob.Ref
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		h, err := heldOf(tx, which, "")
		if err != nil {
			return err
		}
		if h.State != Approved {
			return fault.New(fault.Conflict, "This file is not approved")
		}
		ref, err = blob.Find(tx, h.blob)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Vault.Open(ctx, ref)
}

// Settle notes what applying an approved file came to, in the transaction that
// applied it, or when it turned out that it cannot be. Unless it is to be tried
// again, its bytes are not kept: Service.Settled removes them after the commit.
func Settle(tx *db.Tx, who access.Actor, which ID, to State, outcome string) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	n, err := tx.Exec("update intake_decision set state = $1, outcome = $2, settled_us = $3 where held = $4 and state = 'approved'",
		string(to), outcome, db.Micros(tx.Now), string(which))
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "This file is not approved, or was applied in the meantime")
	}
	if err != nil || to == Stalled {
		return err
	}
	h, err := heldOf(tx, which, "")
	if err != nil {
		return err
	}
	return blob.Drop(tx, h.blob)
}
