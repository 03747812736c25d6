package watch

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// ID names a case.
type ID string

// Cause is what opened a case: the name of a rule, or one of these.
type Cause string

// The causes that are no rule.
const (
	ByPerson Cause = "somebody may know the password"
	ByStaff  Cause = "reported to staff"
)

// State is whether a case waits for its review.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed"
)

// Outcome is what a review found.
type Outcome string

// The outcomes.
const (
	Misuse     Outcome = "misuse"                // by the owner of the account
	Stranger   Outcome = "used by somebody else" // who had the password, the device, or both
	Mistake    Outcome = "mistake"               // unusual, but the owner's own and harmless
	FalseAlarm Outcome = "false alarm"           // nothing unusual at all
	Secured    Outcome = "password changed"      // in time: nobody else got in
)

// Outcomes gives every outcome, in the order a page offers them.
func Outcomes() []Outcome { return []Outcome{FalseAlarm, Mistake, Secured, Stranger, Misuse} }

// StepKind is what was done in a case.
type StepKind string

// The steps.
const (
	StepOpened     StepKind = "opened"
	StepAgain      StepKind = "seen again"
	StepSuspended  StepKind = "account suspended"
	StepKept       StepKind = "account left open"
	StepSecured    StepKind = "sessions ended, new password required"
	StepDesk       StepKind = "HelpDesk told by mail"
	StepPerson     StepKind = "person told by mail"
	StepNobody     StepKind = "person not told: no e-mail address"
	StepRead       StepKind = "ledger of what was opened read"
	StepReviewed   StepKind = "reviewed"
	StepReinstated StepKind = "account reinstated"
	StepPrivacy    StepKind = "privacy officer told by mail"
	StepLet        StepKind = "look-ups let go on"
)

// Case is a suspicion about an account.
type Case struct {
	ID        ID
	Cause     Cause
	Person    id.Person
	Username  string
	Evidence  string // in words: counts and networks, nothing about members
	OpenedBy  id.Person
	Opened    time.Time
	Suspended bool // the account was suspended because of it

	State    State
	Outcome  Outcome
	Reason   string
	Reviewer string // name
	Closed   time.Time
}

// Step is one thing that was done in a case. It is never changed.
type Step struct {
	Kind   StepKind
	Person id.Person
	Name   string
	Reason string
	At     time.Time
}

const caseColumns = "id, cause, person, username, evidence, opened_by, opened_us, suspended, state, outcome, reason, reviewer, closed_us"

func scanCase(r interface{ Scan(...any) error }) (Case, error) {
	var c Case
	var opened, suspended, closed int64
	err := r.Scan(&c.ID, &c.Cause, &c.Person, &c.Username, &c.Evidence, &c.OpenedBy, &opened, &suspended, &c.State, &c.Outcome, &c.Reason, &c.Reviewer, &closed)
	c.Opened, c.Suspended, c.Closed = db.Time(opened), suspended != 0, db.Time(closed)
	return c, err
}

func scanCases(r *sql.Rows) (Case, error) { return scanCase(r) }

func errNoCase() error { return fault.New(fault.NotFound, "There is no such incident") }

// open makes a case for a cause and person, or gives the one that is open:
// then fresh is false, and the evidence is added to it as a step.
func open(tx *db.Tx, by access.Actor, cause Cause, p account.Person, evidence string) (c Case, fresh bool, err error) {
	c = Case{ID: id.New[ID](tx.Now), Cause: cause, Person: p.ID, Username: p.Username, Evidence: evidence, OpenedBy: by.Person, Opened: tx.Now, State: Open}
	old, err := openOf(tx, cause, p.ID)
	if err != nil {
		return Case{}, false, err
	}
	if old != "" {
		c, err = caseOf(tx, old)
		if err != nil {
			return Case{}, false, err
		}
		return c, false, note(tx, by, old, StepAgain, evidence)
	}
	_, err = tx.Exec(`insert into watch_case (id, cause, person, username, evidence, opened_by, opened_us, suspended, state, outcome, reason, reviewer, closed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(c.ID), string(cause), string(p.ID), p.Username, evidence, string(by.Person), db.Micros(tx.Now), int64(0), string(Open), "", "", "", int64(0))
	if err != nil {
		return Case{}, false, err
	}
	// Two at once meet at this row: the later one runs again and finds the first.
	n, err := tx.Exec("insert into watch_open (cause, person, case_id) values ($1, $2, $3) on conflict (cause, person) do nothing", string(cause), string(p.ID), string(c.ID))
	if err != nil {
		return Case{}, false, err
	}
	if n == 0 {
		return Case{}, false, fault.New(fault.Conflict, "This was reported just now by somebody else")
	}
	return c, true, note(tx, by, c.ID, StepOpened, evidence)
}

func openOf(tx *db.Tx, cause Cause, person id.Person) (ID, error) {
	var c ID
	err := tx.Row("select case_id from watch_open where cause = $1 and person = $2", string(cause), string(person)).Scan(&c)
	if db.NoRows(err) {
		return "", nil
	}
	return c, err
}

func caseOf(tx *db.Tx, c ID) (Case, error) {
	k, err := scanCase(tx.Row("select "+caseColumns+" from watch_case where id = $1"+tx.Lock(), string(c)))
	if db.NoRows(err) {
		return Case{}, errNoCase()
	}
	return k, err
}

// mayRead says whether who may read cases: all who may suspend people.
func mayRead(who access.Actor) error {
	if who.Side == access.Office {
		return errNoCase()
	}
	return who.May(access.SuspendAccess)
}

// List gives open cases, oldest first, or the newest closed ones, at most 200.
func (s *Service) List(ctx context.Context, who access.Actor, state State) (all []Case, err error) {
	err = mayRead(who)
	if err != nil {
		return nil, err
	}
	order := "order by opened_us, id limit 200"
	if state == Closed {
		order = "order by opened_us desc, id desc limit 200"
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(scanCases)(tx.Rows("select "+caseColumns+" from watch_case where state = $1 "+order, string(state)))
		return err
	})
	return all, err
}

// OfPerson gives the cases about one account, newest first, at most 50.
func (s *Service) OfPerson(ctx context.Context, who access.Actor, person id.Person) (all []Case, err error) {
	err = mayRead(who)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(scanCases)(tx.Rows("select "+caseColumns+" from watch_case where person = $1 order by opened_us desc, id desc limit 50", string(person)))
		return err
	})
	return all, err
}

// Case gives one case with its steps, oldest first, and the account it is about.
func (s *Service) Case(ctx context.Context, who access.Actor, c ID) (k Case, p account.Person, steps []Step, err error) {
	err = mayRead(who)
	if err != nil {
		return k, p, nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		k, err = scanCase(tx.Row("select "+caseColumns+" from watch_case where id = $1", string(c)))
		if db.NoRows(err) {
			return errNoCase()
		}
		if err != nil {
			return err
		}
		p, err = account.Watched(tx, k.Person)
		if err != nil {
			return err
		}
		steps, err = db.Collect(scanStep)(tx.Rows("select kind, person, name, reason, at_us from watch_event where case_id = $1 order by at_us, place, id limit 1000", string(c)))
		return err
	})
	return k, p, steps, err
}

func scanStep(r *sql.Rows) (Step, error) {
	var st Step
	var at int64
	err := r.Scan(&st.Kind, &st.Person, &st.Name, &st.Reason, &at)
	st.At = db.Time(at)
	return st, err
}

// cleanReason gives the reason that everything done by hand needs.
func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(norm.NFC.String(reason))
	if n := utf8.RuneCountInString(reason); n < 3 || n > 500 || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line"})
	}
	return reason, nil
}

func (o Outcome) valid() bool { return slices.Contains(Outcomes(), o) }
