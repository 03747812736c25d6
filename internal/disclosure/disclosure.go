// Package disclosure is the ledger of who was shown whose information, which
// facts, for what purpose and when (clauses 1 and 2 of the agreement; P-02,
// P-08, P-09, 45 CFR 164.528). It promises that a row, once committed, is
// never changed or removed, and that no row lacks who, what or why.
//
// Write joins the caller's transaction: whoever shows something commits the
// row first, and shows nothing if that fails (V-14). A look that found
// nothing, or that was refused, is written down as well; a caller that then
// answers with an error returns it after the commit, not from the closure.
package disclosure

import (
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Outcome says how a look ended.
type Outcome string

// The outcomes.
const (
	Shown    Outcome = "shown"
	NotFound Outcome = "not found" // no such member, or more than one
	Refused  Outcome = "refused"   // it exists, but not for this organization
)

func (o Outcome) valid() bool { return o == Shown || o == NotFound || o == Refused }

// Look is one showing of one member's information, or an attempt at it.
type Look struct {
	Member  id.Member      // empty when none was found
	Subject string         // what was opened: "member", "list", "request/<id>", "document/<id>"
	Fields  []access.Field // the facts that were shown
	Purpose access.Purpose
	Outcome Outcome
	Key     string // the kind of key that was typed ("member id"), never what was typed
	Tie     string // why the organization may see the member ("panel", "claim"), or the opening of a restricted member ("glass/<id>")
}

// Row is one line of the ledger, with names as they were at the time.
type Row struct {
	Look

	ID       id.Disclosure
	Person   id.Person
	Username string
	Name     string
	Org      id.Organization
	OrgName  string
	Session  id.Session
	Door     string
	Address  string
	At       time.Time
}

const (
	columns   = "id, member, subject, fields, purpose, outcome, key_kind, person, username, name, org, org_name, session, door, address, at_us, tie"
	columnsNo = 17
	chunk     = 50 // rows in one statement
	longest   = 40 // of the kind of a key
)

// Write adds one look to the ledger.
func Write(tx *db.Tx, who access.Actor, l Look) (id.Disclosure, error) {
	ids, err := write(tx, who, []Look{l})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// WriteAll adds many looks, such as the members named in a list, in few
// statements.
func WriteAll(tx *db.Tx, who access.Actor, looks []Look) error {
	_, err := write(tx, who, looks)
	return err
}

func write(tx *db.Tx, who access.Actor, looks []Look) ([]id.Disclosure, error) {
	for _, l := range looks {
		err := l.check(who)
		if err != nil {
			return nil, err
		}
	}
	ids := make([]id.Disclosure, 0, len(looks))
	for len(looks) > 0 {
		n := min(len(looks), chunk)
		args := make([]any, 0, n*columnsNo)
		for _, l := range looks[:n] {
			ref := id.New[id.Disclosure](tx.Now)
			ids = append(ids, ref)
			args = append(args,
				string(ref), string(l.Member), l.Subject, joinFields(l.Fields), string(l.Purpose), string(l.Outcome), l.Key,
				string(who.Person), who.Username, who.Name, string(who.Org), who.OrgName, string(who.Session), who.Door, who.Address, db.Micros(tx.Now), l.Tie)
		}
		err := tx.Later("insert into disclosure ("+columns+") values "+values(n), args...)
		if err != nil {
			return nil, err
		}
		looks = looks[n:]
	}
	return ids, nil
}

// check refuses a row that would not answer who, what or why (P-09). These
// are defects of the caller, so nothing of them is shown.
func (l Look) check(who access.Actor) error {
	switch {
	case who.Person == "":
		return fault.New(fault.Unauthenticated, "Please sign in first")
	case !l.Purpose.Valid():
		return fault.New(fault.Invalid, "Say what the information is needed for")
	case l.Subject == "":
		return fault.New(fault.Internal, "a disclosure without a subject")
	case !l.Outcome.valid():
		return fault.New(fault.Internal, "a disclosure without an outcome")
	case len(l.Key) > longest || strings.ContainsAny(l.Key, "0123456789"):
		// A kind of key has no digits; a member id or a birth date has.
		return fault.New(fault.Internal, "a disclosure that would keep what was typed")
	}
	return nil
}

const separator = ", "

func joinFields(fields []access.Field) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = string(f)
	}
	return strings.Join(words, separator)
}

func splitFields(text string) []access.Field {
	if text == "" {
		return nil
	}
	words := strings.Split(text, separator)
	out := make([]access.Field, len(words))
	for i, w := range words {
		out[i] = access.Field(w)
	}
	return out
}
