package priorauth

import (
	"context"
	"database/sql"
	"log/slog"
	"strconv"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// MaxForm bounds what a door keeps of a half-filled form, in bytes.
const MaxForm = 512 << 10

// DraftState says whether a draft can still be written in.
type DraftState string

// The draft states.
const (
	DraftOpen      DraftState = "open"
	DraftSubmitted DraftState = "submitted"
	DraftDropped   DraftState = "dropped"
)

// Draft is a request that has not been submitted. It belongs to its
// organization: any colleague who may submit can finish it.
type Draft struct {
	ID        id.Draft
	Version   int64
	State     DraftState
	Org       id.Organization
	By        id.Person
	ByName    string
	Member    member.Member // only where the call says so
	Form      []byte        // the door's own fields, kept as they were typed
	SavedAt   time.Time
	SavedBy   string
	Documents []document.Document
	Number    id.Number // once submitted
}

// LogValue keeps the draft's content out of logs.
func (d Draft) LogValue() slog.Value { return slog.StringValue("[draft " + string(d.ID) + "]") }

var errNoDraft = fault.New(fault.NotFound, "There is no such draft. It may have been submitted or dropped by a colleague")

const draftColumns = "id, org, member, person, person_name, version, state, form, saved_us, saved_by"

func scanDraft(scan func(...any) error) (Draft, error) {
	var d Draft
	var saved int64
	err := scan(&d.ID, &d.Org, &d.Member.ID, &d.By, &d.ByName, &d.Version, &d.State, &d.Form, &saved, &d.SavedBy)
	d.SavedAt = db.Time(saved)
	return d, err
}

func findDraft(tx *db.Tx, who access.Actor, draft id.Draft) (Draft, error) {
	// The organization is compared here: in the query it would offer the
	// database's planner a second, far slower index.
	d, err := scanDraft(tx.Row("select "+draftColumns+" from draft where id = $1"+tx.Lock(), string(draft)).Scan)
	if db.NoRows(err) || err == nil && d.Org != who.Org {
		return Draft{}, errNoDraft
	}
	return d, err
}

// StartDraft begins a request for a member the organization has looked up. It
// shows nothing of the member: Draft does.
func (s *Service) StartDraft(ctx context.Context, who access.Actor, m id.Member) (Draft, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Draft{}, err
	}
	var d Draft
	err = s.look(ctx, who, "draft", func(tx *db.Tx) error {
		var err error
		d = Draft{ID: id.New[id.Draft](tx.Now), Version: 1, State: DraftOpen, Org: who.Org, By: who.Person, ByName: who.Name,
			Form: []byte("{}"), SavedAt: tx.Now, SavedBy: who.Name}
		d.Member.ID = m
		err = member.Admit(tx, who, m)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into draft (id, org, member, person, person_name, version, state, form, saved_us, saved_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(d.ID), string(d.Org), string(m), string(d.By), d.ByName, d.Version, string(d.State), d.Form, db.Micros(d.SavedAt), d.SavedBy)
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	return d, nil
}

// SaveDraft keeps what has been typed so far. With version 0 the last writer
// wins, which is what a time-out must do; otherwise a draft that a colleague
// has saved since is a Conflict, and nothing is overwritten.
func (s *Service) SaveDraft(ctx context.Context, who access.Actor, draft id.Draft, version int64, form []byte) (Draft, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Draft{}, err
	}
	if len(form) > MaxForm {
		return Draft{}, fault.New(fault.TooLarge, "The form holds more text than a request may carry. Attach long texts as a document")
	}
	var d Draft
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		d, err = findDraft(tx, who, draft)
		if err != nil {
			return err
		}
		err = d.writable()
		if err != nil {
			return err
		}
		if version != 0 && version != d.Version {
			return fault.New(fault.Conflict, "This draft was saved elsewhere since you opened it. Your typing is still on this page: open the draft in a second window and bring both together")
		}
		d.Version, d.Form, d.SavedAt, d.SavedBy = d.Version+1, form, tx.Now, who.Name
		_, err = tx.Exec("update draft set version = $1, form = $2, saved_us = $3, saved_by = $4 where id = $5",
			d.Version, form, db.Micros(tx.Now), who.Name, string(draft))
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	return d, nil
}

func (d Draft) writable() error {
	switch d.State {
	case DraftOpen:
		return nil
	case DraftSubmitted:
		return fault.New(fault.Conflict, "This draft has already been submitted. What was submitted can no longer be changed")
	case DraftDropped:
		return fault.New(fault.Conflict, "This draft was dropped. Start a new request")
	}
	return errNoDraft
}

// Draft gives a draft with its member and documents, and writes that down.
func (s *Service) Draft(ctx context.Context, who access.Actor, draft id.Draft) (Draft, error) {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return Draft{}, err
	}
	var d Draft
	err = s.look(ctx, who, "draft/"+string(draft), func(tx *db.Tx) error {
		var err error
		d, err = findDraft(tx, who, draft)
		if err != nil {
			return err
		}
		if d.State == DraftSubmitted {
			err = tx.Row("select number from request where org = $1 and door = $2 and trace = $3", string(d.Org), who.Door, string(d.ID)).Scan(&d.Number)
			if err != nil && !db.NoRows(err) {
				return err
			}
		}
		d.Member, err = shownFor(tx, who, "draft/"+string(draft), d.Member.ID, errNoDraft, access.FieldName, access.FieldBirth, access.FieldMemberID)
		if err != nil {
			return err
		}
		d.Documents, err = document.OfDraft(tx, who, draft)
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	return d, nil
}

// Drafts gives the organization's open drafts, the newest first, with the
// members' names.
func (s *Service) Drafts(ctx context.Context, who access.Actor) ([]Draft, error) {
	var out []Draft
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		out, err = drafts(tx, who)
		return err
	})
	return out, err
}

// maxDrafts is how many drafts a list shows.
const maxDrafts = 50

func drafts(tx *db.Tx, who access.Actor) ([]Draft, error) {
	if !who.Has(access.SubmitRequests) {
		return nil, nil
	}
	out, err := db.Collect(func(r *sql.Rows) (Draft, error) { return scanDraft(r.Scan) })(
		tx.Rows("select "+draftColumns+" from draft where org = $1 and state = $2 order by saved_us desc, id limit "+strconv.Itoa(maxDrafts), string(who.Org), string(DraftOpen)))
	if err != nil || len(out) == 0 {
		return nil, err
	}
	ids := make([]id.Member, len(out))
	for i := range out {
		ids[i] = out[i].Member.ID
	}
	members, err := member.Listed(tx, who, purpose(who), "draft list", ids, access.FieldName)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Member = members[out[i].Member.ID]
	}
	return out, nil
}

// DropDraft gives a draft up. Its documents go with it.
func (s *Service) DropDraft(ctx context.Context, who access.Actor, draft id.Draft) error {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		d, err := findDraft(tx, who, draft)
		if err != nil {
			return err
		}
		if d.State == DraftDropped {
			return nil
		}
		err = d.writable()
		if err != nil {
			return err
		}
		_, err = tx.Exec("update draft set state = $1, version = version + 1, saved_us = $2, saved_by = $3 where id = $4",
			string(DraftDropped), db.Micros(tx.Now), who.Name, string(draft))
		return err
	})
}

// shownFor gives the member whom something of the office's is about. One who
// is not for the actor is answered as if there were no such thing.
func shownFor(tx *db.Tx, who access.Actor, opened string, m id.Member, none error, shows ...access.Field) (member.Member, error) {
	shown, err := member.Get(tx, who, purpose(who), opened, m, shows...)
	if fault.Is(err, fault.NotFound) {
		return member.Member{}, member.RefusedAs(err, none)
	}
	return shown, err
}

// look runs fn, and writes down that who asked for something that is not for
// them when it answers NotFound, or that a glass is needed: in a transaction
// of its own, since the one that failed has left no trace.
func (s *Service) look(ctx context.Context, who access.Actor, subject string, fn func(tx *db.Tx) error) error {
	err := s.DB.Update(ctx, fn)
	missed, refused := member.Missed(err, disclosure.Look{Subject: subject, Purpose: purpose(who), Outcome: disclosure.Refused})
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
	return err
}
