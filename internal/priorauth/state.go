package priorauth

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/message"
	"hsconnect/internal/record"
)

var errNoRequest = fault.New(fault.NotFound, "There is no such request among yours. Check the number, or ask the HelpDesk")

// errChanged answers whoever acts on what they saw a while ago.
var errChanged = fault.New(fault.Conflict, "This request changed while you had it open. Look at what changed and then decide whether your step is still right; what you wrote is kept on this page")

// State is what moves about a request. It is read under a lock by whoever is
// about to change it.
type State struct {
	Request   id.Request
	Number    id.Number
	Org       id.Organization
	Member    id.Member
	Kind      Kind
	Version   int64
	Status    Status
	Owner     id.Person
	OwnerName string
	Specialty access.Specialty
	Lapsed    bool
}

// StateOf gives a request's state for a change, if who may see the request
// at all. A version other than 0 that is not the request's is a Conflict.
func StateOf(tx *db.Tx, who access.Actor, number id.Number, version int64) (State, error) {
	var st State
	var lapsed int64
	var requesting string
	err := tx.Row(`select r.id, r.number, r.org, r.member, r.kind, r.requesting_npi, s.version, s.status, s.owner, s.owner_name, s.specialty, s.lapsed
		from request r join request_state s on s.request = r.id where r.number = $1`+lockState(tx), string(number)).
		Scan(&st.Request, &st.Number, &st.Org, &st.Member, &st.Kind, &requesting, &st.Version, &st.Status, &st.Owner, &st.OwnerName, &st.Specialty, &lapsed)
	if db.NoRows(err) {
		return State{}, errNoRequest
	}
	if err != nil {
		return State{}, err
	}
	st.Lapsed = lapsed == 1
	if who.Side == access.Office && (st.Org != who.Org || !who.Reaches(requesting)) {
		return State{}, errNoRequest
	}
	if version != 0 && version != st.Version {
		return State{}, errChanged
	}
	return st, nil
}

// lockState locks the moving row alone: the request itself never changes.
func lockState(tx *db.Tx) string {
	if tx.Lock() == "" {
		return ""
	}
	return tx.Lock() + " of s"
}

// Step is one change of a request's state.
type Step struct {
	Kind   string // of the record entry and the event, such as "asked"
	What   string // for the timeline, in the past tense, without clinical text
	Office bool   // the office sees it in its timeline
	Body   any    // what the record keeps, beside the state
	Entry  id.Entry
	Apply  func(st *State) // the new state
}

// Move changes a request's state, with its record entry and its event. With
// Step.Entry set the record already has the entry.
func Move(tx *db.Tx, who access.Actor, st State, step Step) (State, error) {
	if !st.Status.Open() {
		return State{}, fault.New(fault.Conflict, "This request is already decided or cancelled. Look at how it stands now")
	}
	after := st
	if step.Apply != nil {
		step.Apply(&after)
	}
	after.Version++
	entry := step.Entry
	if entry == "" {
		body, err := json.Marshal(map[string]any{"request": st.Request, "number": st.Number, "status": after.Status, "owner": after.Owner,
			"specialty": after.Specialty, "what": step.What, "details": step.Body})
		if err != nil {
			return State{}, err
		}
		kept, err := record.Append(tx, who, record.New{Subject: subject(st.Request), Kind: "request." + step.Kind, Body: body})
		if err != nil {
			return State{}, err
		}
		entry = kept.Entry
	}
	n, err := tx.Exec(`update request_state set version = $1, status = $2, pending = $3, owner = $4, owner_name = $5, specialty = $6, referred = $7, lapsed = $8, changed_us = $9
		where request = $10 and version = $11`,
		after.Version, string(after.Status), db.Bit(after.Status.Open()), string(after.Owner), after.OwnerName, string(after.Specialty), db.Bit(after.Specialty != ""), db.Bit(after.Lapsed), db.Micros(tx.Now),
		string(st.Request), st.Version)
	if err != nil {
		return State{}, err
	}
	if n != 1 {
		return State{}, errChanged
	}
	return after, event(tx, who, st.Request, step.Kind, step.What, step.Office, entry)
}

func event(tx *db.Tx, who access.Actor, request id.Request, kind, what string, office bool, entry id.Entry) error {
	return tx.Later(`insert into request_event (id, request, at_us, person, name, side, door, kind, what, office, entry)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(id.New[id.Entry](tx.Now)), string(request), db.Micros(tx.Now), string(who.Person), who.Name, int64(who.Side), who.Door, kind, what, db.Bit(office), string(entry))
}

// Answer posts an office's answer. If the plan was waiting for it, the plan has
// the next step again; the clock never stopped (C-15).
func (s *Service) Answer(ctx context.Context, who access.Actor, number id.Number, version int64, text string) error {
	err := who.May(access.SendMessages)
	if err != nil {
		return err
	}
	return s.look(ctx, who, "request", func(tx *db.Tx) error {
		st, err := StateOf(tx, who, number, version)
		if err != nil {
			return err
		}
		kind := message.Plain
		if st.Status == WaitingForOffice {
			kind = message.Answer
		}
		m, err := message.Post(tx, who, st.Request, kind, text)
		if err != nil {
			return err
		}
		if kind == message.Plain {
			return event(tx, who, st.Request, "message", "Wrote a message", true, m.Entry)
		}
		_, err = Move(tx, who, st, Step{Kind: "answered", What: "Answered the plan's question", Office: true, Entry: m.Entry,
			Apply: func(st *State) { st.Status = WaitingForPlan }})
		return err
	})
}

// Cancel ends an open request at the office's wish. What was submitted stays
// in the record.
func (s *Service) Cancel(ctx context.Context, who access.Actor, number id.Number, version int64, reason string) error {
	err := who.May(access.SubmitRequests)
	if err != nil {
		return err
	}
	reason, bad := message.Clean("reason", reason)
	switch {
	case bad != nil:
		return fault.Bad(*bad)
	case reason == "":
		return fault.Bad(fault.Problem{Path: "reason", Text: "Say why the request is no longer needed"})
	case utf8.RuneCountInString(reason) > 2000:
		return fault.Bad(fault.Problem{Path: "reason", Text: "Shorten the reason to 2,000 characters"})
	}
	return s.look(ctx, who, "request", func(tx *db.Tx) error {
		st, err := StateOf(tx, who, number, version)
		if err != nil {
			return err
		}
		_, err = Move(tx, who, st, Step{Kind: "cancelled", What: "Cancelled the request", Office: true,
			Body: map[string]string{"reason": reason}, Apply: func(st *State) { st.Status = Cancelled }})
		return err
	})
}

// AddedDocument puts a document that came after submission into the timeline
// and gives the plan the next step where it was waiting for the office.
func (s *Service) AddedDocument(ctx context.Context, who access.Actor, number id.Number) error {
	return s.look(ctx, who, "request", func(tx *db.Tx) error {
		st, err := StateOf(tx, who, number, 0)
		if err != nil {
			return err
		}
		_, err = Move(tx, who, st, Step{Kind: "document", What: "Added a document", Office: true, Apply: func(st *State) {
			if st.Status == WaitingForOffice {
				st.Status = WaitingForPlan
			}
		}})
		return err
	})
}

type limitPayload struct {
	Request id.Request `json:"request"`
}

// LimitPassed is the handler of JobLimit: a request that is undecided at its
// legal limit counts as adversely decided, and may be appealed (C-20, 42 CFR
// 422.568(g), 422.572(f)). It still waits for the plan's answer.
func (s *Service) LimitPassed(ctx context.Context, j job.Job) error {
	var p limitPayload
	err := json.Unmarshal(j.Payload, &p)
	if err != nil {
		return err
	}
	who := access.SystemActor("clock")
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		var number id.Number
		err := tx.Row("select number from request where id = $1", string(p.Request)).Scan(&number)
		if err != nil {
			return err
		}
		st, err := StateOf(tx, who, number, 0)
		if err != nil {
			return err
		}
		if !st.Status.Open() || st.Lapsed {
			return nil
		}
		_, err = Move(tx, who, st, Step{Kind: "lapsed", What: "The legal limit passed without a decision. This counts as an adverse decision that may be appealed", Office: true,
			Apply: func(st *State) { st.Lapsed = true }})
		return err
	})
}

// Decide writes a determination: the only place that does. Whoever calls has
// established that who may sign it and that every line has one decision.
func Decide(tx *db.Tx, who access.Actor, st State, licence string, decisions []LineDecision) (Determination, error) {
	lines, err := linesOf(tx, st.Request)
	if err != nil {
		return Determination{}, err
	}
	byLine := make(map[string]LineDecision, len(decisions))
	var last civil.Date
	for _, d := range decisions {
		byLine[string(d.Line)] = d
		if d.Action != Deny && d.To.After(last) {
			last = d.To
		}
	}
	det := Determination{ID: id.New[id.Determination](tx.Now), Request: st.Request, By: who.Person, ByName: who.Name, Licence: licence, At: tx.Now, Lines: decisions}
	status := outcome(lines, byLine)
	body, err := json.Marshal(map[string]any{"id": det.ID, "request": st.Request, "number": st.Number, "by": who.Name, "licence": licence,
		"outcome": status, "lines": decisions})
	if err != nil {
		return Determination{}, err
	}
	kept, err := record.Append(tx, who, record.New{Subject: subject(st.Request), Kind: "request.decided", Body: body})
	if err != nil {
		return Determination{}, err
	}
	det.Entry = kept.Entry
	_, err = Move(tx, who, st, Step{Kind: "decided", What: "Decided: " + status.Words(access.Plan), Office: true, Entry: kept.Entry,
		Apply: func(st *State) { st.Status = status }})
	if err != nil {
		return Determination{}, err
	}
	lastOn := ""
	if !last.IsZero() {
		lastOn = last.String()
	}
	err = tx.Later("update request_state set decided_us = $1, last_on = $2 where request = $3", db.Micros(tx.Now), lastOn, string(st.Request))
	if err != nil {
		return Determination{}, err
	}
	err = tx.Later("insert into determination (id, request, person, name, licence, at_us, entry) values ($1, $2, $3, $4, $5, $6, $7)",
		string(det.ID), string(st.Request), string(who.Person), who.Name, licence, db.Micros(tx.Now), string(kept.Entry))
	if err != nil {
		return Determination{}, err
	}
	for _, d := range decisions {
		from, to := d.From.String(), d.To.String()
		if d.Action == Deny {
			from, to = "", ""
		}
		err = tx.Later(`insert into determination_line (determination, line, action, units, from_on, to_on, reason, criterion, narrative)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			string(det.ID), string(d.Line), string(d.Action), d.Units, from, to, d.Reason, d.Criterion, d.Narrative)
		if err != nil {
			return Determination{}, err
		}
	}
	return det, nil
}
