package minimum

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// ID names a proposal.
type ID string

// Answer is how a proposal ended.
type Answer string

// The answers; Waiting is none yet.
const (
	Waiting   Answer = ""
	Approved  Answer = "approved"
	Refused   Answer = "refused"
	Withdrawn Answer = "withdrawn"
)

// Proposal is a change that somebody proposed, and what became of it.
type Proposal struct {
	ID      ID
	Base    int64 // the version of the table that it was made against
	Person  id.Person
	Name    string
	Reason  string
	At      time.Time
	Changes []Change

	Answer       Answer
	AnswerName   string
	AnswerReason string
	AnswerAt     time.Time
	Version      int64 // that it made, once approved
	Stale        bool  // the table has changed since: it can only be withdrawn or refused
}

// Wish is what somebody proposes: the facts that a role is to be shown for
// some purposes, in place of those it is shown now.
type Wish struct {
	Role     access.Role
	Purposes []access.Purpose
	Fields   []access.Field
	Version  int64 // of the table that was looked at
	Reason   string
}

const openMost = 50

var (
	errNoProposal = fault.New(fault.NotFound, "There is no such proposal")
	errAnswered   = fault.New(fault.Conflict, "This proposal has been answered already. Look at it again")
	errStale      = fault.New(fault.Conflict, "The table of facts has changed since this was proposed, so it is no longer clear what it would do. Refuse or withdraw it, and propose it again on the table as it is now")
)

// Propose writes down a change for another person to approve. It answers
// Invalid with each reason why not (a fact above the role's ceiling, one that
// it cannot work without, nothing changed), and Conflict when the table has
// changed since the version that was looked at.
func (s *Service) Propose(ctx context.Context, who access.Actor, w Wish) (ID, error) {
	err := who.May(access.ManageFields)
	if err != nil {
		return "", err
	}
	reason, problems := w.problems()
	if len(problems) > 0 {
		return "", fault.Bad(problems...)
	}
	var ref ID
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		m, err := matrix(tx)
		if err != nil {
			return err
		}
		if m.Version != w.Version {
			return fault.New(fault.Conflict, "The table of facts was changed by others in the meantime. Look at it again, and propose on what it says now")
		}
		changes := w.changes(m)
		if len(changes) == 0 {
			return fault.Bad(fault.Problem{Path: "fields", Text: "This is what the role is shown already. Choose what to add or to take away"})
		}
		ref = id.New[ID](tx.Now)
		return insert(tx, who, Proposal{ID: ref, Base: m.Version, Reason: reason, Changes: changes})
	})
	return ref, err
}

func (w Wish) problems() (reason string, problems []fault.Problem) {
	if !slices.Contains(Roles(), w.Role) {
		problems = append(problems, fault.Problem{Path: "role", Text: "Choose a role from the list: the others see nothing of members, whatever is proposed"})
	} else {
		problems = append(problems, Change{Role: w.Role, Becomes: w.Fields}.check()...)
	}
	if len(w.Purposes) == 0 || slices.ContainsFunc(w.Purposes, func(p access.Purpose) bool { return !p.Valid() }) {
		problems = append(problems, fault.Problem{Path: "purpose", Text: "Choose what the facts are needed for"})
	}
	if slices.ContainsFunc(w.Fields, func(f access.Field) bool { return !slices.Contains(access.Fields(), f) }) {
		problems = append(problems, fault.Problem{Path: "fields", Text: "Choose facts from the list"})
	}
	reason, err := cleanReason(w.Reason)
	return reason, append(problems, fault.Problems(err)...)
}

// changes gives what the wish would change in the table.
func (w Wish) changes(m Matrix) []Change {
	becomes := access.InOrder(w.Fields)
	var out []Change
	for _, p := range Purposes() {
		was := m.Of(w.Role, p)
		if slices.Contains(w.Purposes, p) && !slices.Equal(was, becomes) {
			out = append(out, Change{Role: w.Role, Purpose: p, Was: was, Becomes: becomes})
		}
	}
	return out
}

const longestReason = 500

func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 3 || n > longestReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line, without naming a member"})
	}
	return reason, nil
}

func insert(tx *db.Tx, who access.Actor, p Proposal) error {
	err := tx.Later("insert into minimum_proposal (id, base, person, name, reason, at_us) values ($1, $2, $3, $4, $5, $6)",
		string(p.ID), p.Base, string(who.Person), who.Name, p.Reason, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	for _, c := range p.Changes {
		err = tx.Later("insert into minimum_change (proposal, role, purpose, was, becomes) values ($1, $2, $3, $4, $5)",
			string(p.ID), string(c.Role), string(c.Purpose), join(c.Was), join(c.Becomes))
		if err != nil {
			return err
		}
	}
	return nil
}

// Approve puts a proposal into force. It takes another person than the one
// who proposed it; an account that belongs to the same person does not do. It
// answers Conflict for a proposal that was answered, or made against an older
// table.
func (s *Service) Approve(ctx context.Context, who access.Actor, ref ID) error {
	return s.answer(ctx, who, ref, Approved, "", func(tx *db.Tx, p Proposal) error {
		err := s.another(tx, who, p)
		if err != nil {
			return err
		}
		if p.Stale {
			return errStale
		}
		for _, c := range p.Changes {
			problems := c.check() // the ceiling may have come down since
			if len(problems) > 0 {
				return fault.New(fault.Conflict, problems[0].Text)
			}
		}
		return apply(tx, who, p)
	})
}

// Refuse ends a proposal of somebody else's, with the reason.
func (s *Service) Refuse(ctx context.Context, who access.Actor, ref ID, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.answer(ctx, who, ref, Refused, reason, func(*db.Tx, Proposal) error { return nil })
}

// Withdraw ends a proposal of one's own.
func (s *Service) Withdraw(ctx context.Context, who access.Actor, ref ID) error {
	return s.answer(ctx, who, ref, Withdrawn, "", func(_ *db.Tx, p Proposal) error {
		if p.Person != who.Person {
			return fault.New(fault.Forbidden, "Only the person who proposed this can withdraw it. You may refuse it, with the reason")
		}
		return nil
	})
}

// another refuses the proposer, under whatever account the portal can tell.
func (s *Service) another(tx *db.Tx, who access.Actor, p Proposal) error {
	same := p.Person == who.Person
	if !same && s.Same != nil {
		var err error
		same, err = s.Same(tx, p.Person, who.Person)
		if err != nil {
			return err
		}
	}
	if same {
		return fault.New(fault.Forbidden, "A change of what a role sees takes two people: whoever proposed it cannot approve it, with no account of hers. Ask a colleague who may change which facts a role sees")
	}
	return nil
}

func (s *Service) answer(ctx context.Context, who access.Actor, ref ID, a Answer, reason string, do func(tx *db.Tx, p Proposal) error) error {
	err := who.May(access.ManageFields)
	if err != nil {
		return err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		p, err := proposal(tx, ref)
		if err != nil {
			return err
		}
		if p.Answer != Waiting {
			return errAnswered
		}
		err = do(tx, p)
		if err != nil {
			return err
		}
		_, err = tx.Exec("insert into minimum_answer (proposal, answer, person, name, reason, at_us) values ($1, $2, $3, $4, $5, $6)",
			string(ref), string(a), string(who.Person), who.Name, reason, db.Micros(tx.Now))
		return err
	})
	if db.Duplicate(err) {
		return errAnswered
	}
	return err
}

// entry is an approved change as the official record keeps it.
type entry struct {
	Version  int64         `json:"version"`
	Proposal ID            `json:"proposal"`
	By       string        `json:"proposedBy"`
	ByPerson id.Person     `json:"proposedByPerson"`
	Reason   string        `json:"reason"`
	Changes  []entryChange `json:"changes"`
}

type entryChange struct {
	Role    access.Role    `json:"role"`
	Purpose access.Purpose `json:"purpose"`
	Was     []access.Field `json:"was"`
	Becomes []access.Field `json:"becomes"`
}

// apply makes the next version of the table. Of two at once the primary key
// of minimum_version lets one through.
func apply(tx *db.Tx, who access.Actor, p Proposal) error {
	next := p.Base + 1
	_, err := tx.Exec("insert into minimum_version (version, proposal, at_us) values ($1, $2, $3)", next, string(p.ID), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	e := entry{Version: next, Proposal: p.ID, By: p.Name, ByPerson: p.Person, Reason: p.Reason}
	for _, c := range p.Changes {
		_, err = tx.Exec(`insert into minimum_field (role, purpose, fields, version) values ($1, $2, $3, $4)
			on conflict (role, purpose) do update set fields = excluded.fields, version = excluded.version`,
			string(c.Role), string(c.Purpose), join(c.Becomes), next)
		if err != nil {
			return err
		}
		e.Changes = append(e.Changes, entryChange(c))
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "fields", Kind: "fields.changed", Body: body})
	return err
}

const proposalColumns = `p.id, p.base, p.person, p.name, p.reason, p.at_us,
	coalesce(a.answer, ''), coalesce(a.name, ''), coalesce(a.reason, ''), coalesce(a.at_us, 0), coalesce(v.version, 0)`

const proposalFrom = ` from minimum_proposal p left join minimum_answer a on a.proposal = p.id left join minimum_version v on v.proposal = p.id `

func scanProposal(r *sql.Rows) (Proposal, error) {
	var p Proposal
	var at, answered int64
	err := r.Scan(&p.ID, &p.Base, &p.Person, &p.Name, &p.Reason, &at, &p.Answer, &p.AnswerName, &p.AnswerReason, &answered, &p.Version)
	p.At, p.AnswerAt = db.Time(at), db.Time(answered)
	return p, err
}

func proposal(tx *db.Tx, ref ID) (Proposal, error) {
	found, err := complete(tx)(db.Collect(scanProposal)(tx.Rows("select "+proposalColumns+proposalFrom+"where p.id = $1", string(ref))))
	if err != nil {
		return Proposal{}, err
	}
	if len(found) == 0 {
		return Proposal{}, errNoProposal
	}
	return found[0], nil
}

// complete adds to proposals what they would change, and whether they still can.
func complete(tx *db.Tx) func([]Proposal, error) ([]Proposal, error) {
	return func(ps []Proposal, err error) ([]Proposal, error) {
		if err != nil || len(ps) == 0 {
			return nil, err
		}
		now, err := version(tx)
		if err != nil {
			return nil, err
		}
		for i := range ps {
			ps[i].Stale = ps[i].Answer == Waiting && ps[i].Base != now
			ps[i].Changes, err = db.Collect(scanChange)(tx.Rows("select role, purpose, was, becomes from minimum_change where proposal = $1 order by role, purpose", string(ps[i].ID)))
			if err != nil {
				return nil, err
			}
		}
		return ps, nil
	}
}

func scanChange(r *sql.Rows) (Change, error) {
	var c Change
	var was, becomes string
	err := r.Scan(&c.Role, &c.Purpose, &was, &becomes)
	c.Was, c.Becomes = split(was), split(becomes)
	return c, err
}

// Proposal gives one proposal to those who may change the table or review
// what touches privacy.
func (s *Service) Proposal(ctx context.Context, who access.Actor, ref ID) (Proposal, error) {
	err := mayRead(who)
	if err != nil {
		return Proposal{}, err
	}
	var p Proposal
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		p, err = proposal(tx, ref)
		return err
	})
	return p, err
}

// Proposals gives the proposals that wait, oldest first, and the newest that
// were answered, newest first: at most 50 of each.
func (s *Service) Proposals(ctx context.Context, who access.Actor) (open, answered []Proposal, err error) {
	err = mayRead(who)
	if err != nil {
		return nil, nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		open, err = complete(tx)(db.Collect(scanProposal)(tx.Rows("select "+proposalColumns+proposalFrom+"where a.proposal is null order by p.at_us, p.id limit $1", int64(openMost))))
		if err != nil {
			return err
		}
		answered, err = complete(tx)(db.Collect(scanProposal)(tx.Rows("select "+proposalColumns+proposalFrom+"where a.proposal is not null order by a.at_us desc, p.id desc limit $1", int64(openMost))))
		return err
	})
	return open, answered, err
}
