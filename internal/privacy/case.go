package privacy

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/message"
	"hsconnect/internal/record"
)

// ID names a case.
type ID string

// Kind is what a member asks for.
type Kind string

// The kinds.
const (
	Accounting   Kind = "accounting of disclosures"  // 45 CFR 164.528
	Access       Kind = "access to the record"       // 45 CFR 164.524
	Amendment    Kind = "amendment of the record"    // 45 CFR 164.526
	Restriction  Kind = "restriction"                // 45 CFR 164.522(a)
	Confidential Kind = "confidential communication" // 45 CFR 164.522(b)
)

// Kinds gives every kind.
func Kinds() []Kind { return []Kind{Accounting, Access, Amendment, Restriction, Confidential} }

func (k Kind) clock() clock.Kind {
	switch k {
	case Accounting:
		return clock.Accounting
	case Access:
		return clock.Inspection
	case Amendment:
		return clock.Amendment
	case Restriction, Confidential:
		return clock.Restriction
	}
	return ""
}

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered" // an accounting or the record
	Accepted  Outcome = "accepted"  // an amendment
	Agreed    Outcome = "agreed"    // a restriction or another address
	Denied    Outcome = "denied"
	Withdrawn Outcome = "withdrawn" // by the member
)

// Outcomes gives how a case of the kind can end.
func (k Kind) Outcomes() []Outcome {
	switch k {
	case Accounting:
		return []Outcome{Delivered, Withdrawn}
	case Access:
		return []Outcome{Delivered, Denied, Withdrawn}
	case Amendment:
		return []Outcome{Accepted, Denied, Withdrawn}
	case Restriction, Confidential:
		return []Outcome{Agreed, Denied, Withdrawn}
	}
	return nil
}

// Case is what one member asked for, and where it stands.
type Case struct {
	ID       ID
	Kind     Kind
	Member   id.Member
	Asked    string // what the member asks for, in the member's words where known
	Channel  string // how it came: "letter", "telephone"
	Received time.Time
	Rule     clock.Rule
	Free     bool // an accounting: the first that was asked for within 12 months
	OpenedBy string
	Opened   time.Time

	Pending  bool
	Version  int64
	Outcome  Outcome
	Extended bool
	Limit    time.Time
	Changed  time.Time
}

// Event is one step of a case. It is never changed.
type Event struct {
	Kind string // "opened", "extended", "statement", "told", "in effect" or an outcome
	Text string
	Name string
	At   time.Time
}

// NewCase is what staff enter when a member asks for something.
type NewCase struct {
	Key      member.Key
	Kind     Kind
	Asked    string
	Channel  string
	Received civil.Date // zero: today
	// Endangered says that the member states that the usual way of writing
	// could endanger her: then a plan must accommodate her (45 CFR
	// 164.522(b)(1)(ii)).
	Endangered bool
}

// Channels gives the ways in which something is asked for.
func Channels() []string { return []string{"letter", "telephone", "in person", "member portal", "fax"} }

const (
	openSubject = "privacy request"
	endangering = "The member states that the usual way could endanger her"
	// backdated is how far back the day of receipt may be.
	backdated = 60
)

// Begin opens a case, with its clock from the day of receipt, and gives it. A
// member that the key does not name, and one it names together with others,
// are the same NotFound.
func (s *Service) Begin(ctx context.Context, who access.Actor, n NewCase) (c Case, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return Case{}, err
	}
	err = s.look(ctx, who, openSubject, n.Key.Kind(), func(tx *db.Tx) error {
		fresh := n
		bad := fresh.problems(s.today(tx))
		if len(bad) > 0 {
			return fault.Bad(bad...)
		}
		m, err := member.Named(tx, who, openSubject, n.Key)
		if err != nil {
			return err
		}
		c, err = s.begin(tx, who, fresh, m.ID)
		return err
	})
	return c, err
}

func (n *NewCase) problems(today civil.Date) []fault.Problem {
	var bad []fault.Problem
	say := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	if !slices.Contains(Kinds(), n.Kind) {
		say("kind", "Choose what the member asks for")
	}
	if !slices.Contains(Channels(), n.Channel) {
		say("channel", "Choose how it came")
	}
	if member.FoldNumber(n.Key.Number) == "" {
		say("number", "Type the member ID")
	}
	if n.Key.Birth.IsZero() {
		say("birth", "Type the birth date too")
	}
	text, problem := message.Clean("asked", n.Asked)
	switch {
	case problem != nil:
		bad = append(bad, *problem)
	case text == "":
		say("asked", "Write down what the member asks for")
	}
	n.Asked = text
	if n.Received.IsZero() {
		n.Received = today
	}
	if n.Received.After(today) {
		say("received", "The day of receipt is in the future")
	} else if n.Received.Before(today.AddDays(-backdated)) {
		say("received", "The day of receipt is more than 60 days ago: its time has run out. Ask the plan's counsel how to enter it")
	}
	return bad
}

func (s *Service) begin(tx *db.Tx, who access.Actor, n NewCase, m id.Member) (Case, error) {
	c := Case{ID: id.New[ID](tx.Now), Kind: n.Kind, Member: m, Asked: n.Asked, Channel: n.Channel, Received: tx.Now, OpenedBy: who.Name, Opened: tx.Now,
		Pending: true, Version: 1, Changed: tx.Now}
	if n.Received != s.today(tx) {
		c.Received = n.Received.In(s.Zone).Add(12 * time.Hour)
	}
	if n.Endangered {
		c.Asked = endangering + ".\n" + c.Asked
	}
	due := clock.Due(n.Kind.clock(), c.Received, s.Zone)
	c.Rule, c.Limit = due.Rule, due.Limit
	var err error
	if c.Kind == Accounting {
		c.Free, err = firstInAYear(tx, c)
		if err != nil {
			return Case{}, err
		}
	}
	entry, err := keep(tx, who, c, "privacy.opened", map[string]any{"kind": c.Kind, "member": m, "asked": c.Asked, "channel": c.Channel,
		"received": c.Received, "limit": c.Limit, "rule": string(c.Rule.ID), "free": c.Free})
	if err != nil {
		return Case{}, err
	}
	err = tx.Later(`insert into privacy_case (id, kind, member, asked, channel, received_us, rule, rule_version, limit_us, free, person, name, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, string(c.ID), string(c.Kind), string(m), c.Asked, c.Channel, db.Micros(c.Received),
		string(c.Rule.ID), int64(c.Rule.Version), db.Micros(c.Limit), db.Bit(c.Free), string(who.Person), who.Name, string(entry), db.Micros(tx.Now))
	if err != nil {
		return Case{}, err
	}
	err = tx.Later(`insert into privacy_case_state (case_id, kind, pending, version, outcome, extended, limit_us, changed_us) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(c.ID), string(c.Kind), int64(1), c.Version, "", int64(0), db.Micros(c.Limit), db.Micros(tx.Now))
	if err != nil {
		return Case{}, err
	}
	return c, event(tx, who, c, "opened", "", entry)
}

// firstInAYear reports whether no accounting that stands was asked for in the
// twelve months before: then it is free (45 CFR 164.528(c)(2)).
func firstInAYear(tx *db.Tx, c Case) (bool, error) {
	var n int64
	err := tx.Row(`select count(*) from privacy_case c join privacy_case_state t on t.case_id = c.id
		where c.member = $1 and c.kind = $2 and c.received_us > $3 and t.outcome <> $4`, string(c.Member), string(Accounting), db.Micros(c.Received.AddDate(-1, 0, 0)), string(Withdrawn)).Scan(&n)
	return n == 0, err
}

// keep appends an entry about a case to the record.
func keep(tx *db.Tx, who access.Actor, c Case, kind string, body map[string]any) (id.Entry, error) {
	body["case"] = c.ID
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "privacy/" + string(c.ID), Kind: kind, Body: raw})
	return kept.Entry, err
}

func event(tx *db.Tx, who access.Actor, c Case, kind, text string, entry id.Entry) error {
	return tx.Later("insert into privacy_event (id, case_id, nth, kind, text, person, name, entry, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		string(id.New[id.Entry](tx.Now)), string(c.ID), c.Version, kind, text, string(who.Person), who.Name, string(entry), db.Micros(tx.Now))
}

// step writes a step of a case that was read under its lock: entry, event and
// the new state in c.
func step(tx *db.Tx, who access.Actor, c *Case, kind, text string, body map[string]any) (id.Entry, error) {
	was := c.Version
	c.Version++
	c.Changed = tx.Now
	if body == nil {
		body = map[string]any{}
	}
	body["text"] = text
	entry, err := keep(tx, who, *c, "privacy."+kind, body)
	if err != nil {
		return "", err
	}
	n, err := tx.Exec("update privacy_case_state set pending = $1, version = $2, outcome = $3, extended = $4, limit_us = $5, changed_us = $6 where case_id = $7 and version = $8",
		db.Bit(c.Pending), c.Version, string(c.Outcome), db.Bit(c.Extended), db.Micros(c.Limit), db.Micros(tx.Now), string(c.ID), was)
	if err != nil {
		return "", err
	}
	if n != 1 {
		return "", errChanged()
	}
	return entry, event(tx, who, *c, kind, text, entry)
}

func errChanged() error {
	return fault.New(fault.Conflict, "This request changed while you had it open. Look at what changed; what you wrote is kept on this page")
}

func errNoCase() error { return fault.New(fault.NotFound, "There is no such request") }

const caseColumns = `c.id, c.kind, c.member, c.asked, c.channel, c.received_us, c.rule, c.rule_version, c.free, c.name, c.at_us,
	t.pending, t.version, t.outcome, t.extended, t.limit_us, t.changed_us from privacy_case c join privacy_case_state t on t.case_id = c.id`

func scanCase(r *sql.Rows) (Case, error) {
	var c Case
	var received, free, at, pending, extended, limit, changed int64
	var rule string
	var version int
	err := r.Scan(&c.ID, &c.Kind, &c.Member, &c.Asked, &c.Channel, &received, &rule, &version, &free, &c.OpenedBy, &at,
		&pending, &c.Version, &c.Outcome, &extended, &limit, &changed)
	c.Received, c.Opened, c.Limit, c.Changed = db.Time(received), db.Time(at), db.Time(limit), db.Time(changed)
	c.Free, c.Pending, c.Extended = free == 1, pending == 1, extended == 1
	c.Rule, _ = clock.Find(clock.Kind(rule), version)
	return c, err
}

// caseOf reads a case for a change: its state is locked. A version that is
// not 0 and not the case's is a Conflict.
func caseOf(tx *db.Tx, who access.Actor, ref ID, version int64) (Case, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Case{}, err
	}
	lock := tx.Lock()
	if lock != "" {
		lock += " of t"
	}
	found, err := db.Collect(scanCase)(tx.Rows("select "+caseColumns+" where c.id = $1"+lock, string(ref)))
	switch {
	case err != nil:
		return Case{}, err
	case len(found) == 0:
		return Case{}, errNoCase()
	case version != 0 && found[0].Version != version:
		return Case{}, errChanged()
	}
	return found[0], nil
}

func scanEvent(r *sql.Rows) (Event, error) {
	var e Event
	var at int64
	err := r.Scan(&e.Kind, &e.Text, &e.Name, &at)
	e.At = db.Time(at)
	return e, err
}

func eventsOf(tx *db.Tx, ref ID) ([]Event, error) {
	return db.Collect(scanEvent)(tx.Rows("select kind, text, name, at_us from privacy_event where case_id = $1 order by nth", string(ref)))
}

// File is a case with everything about it.
type File struct {
	Case

	Who        member.Member
	Events     []Event // in order
	Linked     []Link
	Linkable   []Link      // of an amendment that waits: parts of the linked requests that are not linked themselves
	Recipients []Recipient // of an accepted amendment
	MustAgree  bool        // the member stated danger
}

// Open gives a case with the member's name, birth date and number, and writes
// that down.
func (s *Service) Open(ctx context.Context, who access.Actor, ref ID) (f File, err error) {
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, 0)
		if err != nil {
			return err
		}
		f = File{Case: c, MustAgree: c.mustAgree()}
		shows := []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}
		f.Linked, f.Linkable, err = s.links(tx, who, c)
		if err != nil {
			return err
		}
		if len(f.Linked) > 0 { // the page names the requests it is about
			shows = append(shows, access.FieldRequests)
		}
		f.Who, err = show(tx, who, "privacy/"+string(ref), c, shows...)
		if err != nil {
			return err
		}
		f.Events, err = eventsOf(tx, ref)
		if err != nil {
			return err
		}
		f.Recipients, err = recipientsOf(tx, c.ID)
		return err
	})
	return f, err
}

func (c Case) mustAgree() bool {
	return c.Kind == Confidential && strings.HasPrefix(c.Asked, endangering)
}

// Cases gives the cases that wait, those that are due first first, or the
// newest that are done, at most 200. No member is named.
func (s *Service) Cases(ctx context.Context, who access.Actor, pending bool) (all []Case, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		all, err = casesIn(tx, pending)
		return err
	})
	return all, err
}

const casesMost = 200

func casesIn(tx *db.Tx, pending bool) ([]Case, error) {
	order := " where t.pending = $1 order by t.limit_us, t.case_id limit $2"
	if !pending {
		order = " where t.pending = $1 order by t.changed_us desc, t.case_id desc limit $2"
	}
	return db.Collect(scanCase)(tx.Rows("select "+caseColumns+order, db.Bit(pending), int64(casesMost)))
}

// Extend gives the plan 30 more days, once, with the reason in writing.
func (s *Service) Extend(ctx context.Context, who access.Actor, ref ID, version int64, reason string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		if err != nil {
			return err
		}
		if !c.Pending {
			return errDone()
		}
		reason, problem := message.Clean("reason", reason)
		if problem != nil {
			return fault.Bad(*problem)
		}
		d := clock.Due(c.Kind.clock(), c.Received, s.Zone)
		if c.Extended {
			d.Ground = clock.Written
		}
		if tx.Now.After(c.Limit) {
			return fault.New(fault.Conflict, "The time is over: an extension has to be told within it. Answer now, and write down why it is late")
		}
		d, err = clock.ExtendBecause(d, reason, s.Zone)
		if err != nil {
			return err
		}
		c.Extended, c.Limit = true, d.Limit
		_, err = step(tx, who, &c, "extended", reason, map[string]any{"limit": c.Limit})
		return err
	})
}

func errDone() error {
	return fault.New(fault.Conflict, "This request is already answered. Look at how it stands now")
}

// Answer ends a case. Of an accounting and of access the text says how it was
// delivered; of a denial it is the basis, in writing; of what is agreed or
// accepted it is what was agreed or how the record is amended.
func (s *Service) Answer(ctx context.Context, who access.Actor, ref ID, version int64, outcome Outcome, text string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		c, err := caseOf(tx, who, ref, version)
		if err != nil {
			return err
		}
		text, err := c.checkAnswer(outcome, text)
		if err != nil {
			return err
		}
		c.Pending, c.Outcome = false, outcome
		body := map[string]any{"outcome": outcome}
		if outcome == Delivered && c.Kind == Accounting {
			body["lines"], err = s.deliver(tx, who, c)
			if err != nil {
				return err
			}
		}
		if c.Kind == Amendment && outcome != Withdrawn {
			return s.answerAmendment(tx, who, c, outcome, text, body)
		}
		_, err = step(tx, who, &c, string(outcome), text, body)
		return err
	})
}

func (c Case) checkAnswer(outcome Outcome, text string) (string, error) {
	if !c.Pending {
		return "", errDone()
	}
	var bad []fault.Problem
	if !slices.Contains(c.Kind.Outcomes(), outcome) {
		bad = append(bad, fault.Problem{Path: "outcome", Text: "Choose how it ends"})
	}
	text, problem := message.Clean("text", text)
	switch {
	case problem != nil:
		bad = append(bad, *problem)
	case text == "" && outcome == Denied:
		bad = append(bad, fault.Problem{Path: "text", Text: "Give the basis of the denial in plain words: the member gets it in writing"})
	case text == "":
		bad = append(bad, fault.Problem{Path: "text", Text: "Say what was done, and how the member was told"})
	}
	if c.mustAgree() && outcome == Denied {
		bad = append(bad, fault.Problem{Path: "outcome", Text: "The member states danger: a plan accommodates such a request (45 CFR 164.522(b)(1)(ii)). Agree to it"})
	}
	if len(bad) > 0 {
		return "", fault.Bad(bad...)
	}
	return text, nil
}
