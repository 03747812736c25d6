// Package review is the plan's work on a request: the worklist, taking and
// handing over, asking the office, referring to a physician, deciding. It
// promises that nobody decides what the law reserves to somebody else: a
// decision that gives less than was asked is signed by a licensed physician of
// a fitting specialty, with a coded reason, a criterion and a narrative of
// their own (C-21, 42 CFR 422.566(d); C-24, 42 CFR 422.122(a)).
package review

import (
	"context"
	"log/slog"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/message"
	"hsconnect/internal/priorauth"
)

// Deps is what the service stands on.
type Deps struct {
	DB        *db.DB
	Log       *slog.Logger
	Priorauth *priorauth.Service
}

// Service does what this package promises.
type Service struct {
	Deps
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Worklist gives open requests in order of what is due next.
func (s *Service) Worklist(ctx context.Context, who access.Actor, f priorauth.Filter) (priorauth.Page, error) {
	return s.Priorauth.Queue(ctx, who, f)
}

// File is a request as the plan's reviewer sees it, with what that reviewer
// may do about it.
type File struct {
	priorauth.Case
	MayDecide  bool   // favourably
	MayDeny    bool   // adversely, every line of it
	WhyNotDeny string // in words, where MayDeny is false
	Fitting    []access.Specialty
}

// LogValue keeps the member out of logs.
func (f File) LogValue() slog.Value { return slog.StringValue(string(f.Number)) }

// Open gives a request to a reviewer and writes down that it was shown. The
// first opening moves it from submitted to in review, which the office sees.
func (s *Service) Open(ctx context.Context, who access.Actor, number id.Number) (File, error) {
	err := who.May(access.WorkCases)
	if err != nil {
		return File{}, err
	}
	var f File
	err = s.look(ctx, who, func(tx *db.Tx) error {
		st, err := priorauth.StateOf(tx, who, number, 0)
		if err != nil {
			return err
		}
		if st.Status == priorauth.Submitted {
			_, err = priorauth.Move(tx, who, st, priorauth.Step{Kind: "opened", What: "Opened for review", Office: true,
				Apply: func(st *priorauth.State) { st.Status = priorauth.InReview }})
			if err != nil {
				return err
			}
		}
		f.Case, err = s.Priorauth.CaseIn(tx, who, number)
		if err != nil {
			return err
		}
		lines := make([]priorauth.Line, len(f.Lines))
		for i := range f.Lines {
			lines[i] = f.Lines[i].Line
		}
		f.Fitting = Fitting(lines)
		f.MayDecide = who.Has(access.DecideFavorably)
		err = maySignAdverse(who, lines, tx.Now, s.Priorauth.Zone)
		f.MayDeny, f.WhyNotDeny = err == nil, fault.Text(err)
		return nil
	})
	if err != nil {
		return File{}, err
	}
	if f.MayDeny {
		f.WhyNotDeny = ""
	}
	return f, nil
}

// look runs fn, and writes down a request for something that is not there.
func (s *Service) look(ctx context.Context, who access.Actor, fn func(tx *db.Tx) error) error {
	err := s.DB.Update(ctx, fn)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	lost := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := disclosure.Write(tx, who, disclosure.Look{Subject: "request", Purpose: access.Operations, Outcome: disclosure.Refused})
		return err
	})
	if lost != nil {
		return lost
	}
	return err
}

// step changes an open request under its version.
func (s *Service) step(ctx context.Context, who access.Actor, number id.Number, version int64, fn func(tx *db.Tx, st priorauth.State) error) error {
	err := who.May(access.WorkCases)
	if err != nil {
		return err
	}
	return s.look(ctx, who, func(tx *db.Tx) error {
		st, err := priorauth.StateOf(tx, who, number, version)
		if err != nil {
			return err
		}
		return fn(tx, st)
	})
}

// Take makes the reviewer the request's owner. Another owner must hand over.
func (s *Service) Take(ctx context.Context, who access.Actor, number id.Number, version int64) error {
	return s.step(ctx, who, number, version, func(tx *db.Tx, st priorauth.State) error {
		if st.Owner == who.Person {
			return nil
		}
		if st.Owner != "" {
			return fault.New(fault.Conflict, "A colleague is working on this request. Ask them to hand it over")
		}
		_, err := priorauth.Move(tx, who, st, priorauth.Step{Kind: "taken", What: "Took the request", Apply: func(st *priorauth.State) {
			st.Owner, st.OwnerName = who.Person, who.Name
			if st.Status == priorauth.Submitted {
				st.Status = priorauth.InReview
			}
		}})
		return err
	})
}

// Release gives the request back to the worklist.
func (s *Service) Release(ctx context.Context, who access.Actor, number id.Number, version int64) error {
	return s.step(ctx, who, number, version, func(tx *db.Tx, st priorauth.State) error {
		if st.Owner != who.Person {
			return fault.New(fault.Conflict, "You are not working on this request, so there is nothing to hand back")
		}
		_, err := priorauth.Move(tx, who, st, priorauth.Step{Kind: "released", What: "Handed the request back to the worklist",
			Apply: func(st *priorauth.State) { st.Owner, st.OwnerName = "", "" }})
		return err
	})
}

// Ask posts a question to the office, which then has the next step. The clock
// goes on (C-15, 42 CFR 422.568(b), 422.572).
func (s *Service) Ask(ctx context.Context, who access.Actor, number id.Number, version int64, text string) error {
	return s.step(ctx, who, number, version, func(tx *db.Tx, st priorauth.State) error {
		m, err := message.Post(tx, who, st.Request, message.Question, text)
		if err != nil {
			return err
		}
		_, err = priorauth.Move(tx, who, st, priorauth.Step{Kind: "asked", What: "Asked the office a question", Office: true, Entry: m.Entry,
			Apply: func(st *priorauth.State) { st.Status = priorauth.WaitingForOffice }})
		return err
	})
}

// Note keeps an internal note, which the office never sees.
func (s *Service) Note(ctx context.Context, who access.Actor, number id.Number, text string) error {
	return s.step(ctx, who, number, 0, func(tx *db.Tx, st priorauth.State) error {
		_, err := message.Post(tx, who, st.Request, message.Internal, text)
		return err
	})
}

// Refer passes the request to physicians of a specialty and frees it for one
// of them to take. The reason is an internal note.
func (s *Service) Refer(ctx context.Context, who access.Actor, number id.Number, version int64, to access.Specialty, reason string) error {
	err := who.May(access.DecideFavorably)
	if err != nil {
		return err
	}
	if !to.Valid() {
		return fault.Bad(fault.Problem{Path: "specialty", Text: "Choose the specialty of the physician"})
	}
	return s.step(ctx, who, number, version, func(tx *db.Tx, st priorauth.State) error {
		_, err := message.Post(tx, who, st.Request, message.Internal, reason)
		if err != nil {
			return rename(err, "body", "reason")
		}
		_, err = priorauth.Move(tx, who, st, priorauth.Step{Kind: "referred", What: "Referred to a physician (" + string(to) + ")", Office: true,
			Apply: func(st *priorauth.State) {
				st.Specialty, st.Owner, st.OwnerName = to, "", ""
				if st.Status == priorauth.Submitted {
					st.Status = priorauth.InReview
				}
			}})
		return err
	})
}

// rename gives an Invalid fault's problems another path.
func rename(err error, from, to string) error {
	found := fault.Problems(err)
	if len(found) == 0 {
		return err
	}
	out := make([]fault.Problem, len(found))
	for i, p := range found {
		out[i] = p
		if p.Path == from {
			out[i].Path = to
		}
	}
	return fault.Bad(out...)
}
