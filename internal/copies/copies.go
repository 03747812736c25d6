// Package copies is the ledger of printed copies (clause 3 of the agreement,
// each organization has one copy of each thing, numbered, and every
// further one has a reason and reaches the privacy officer. It promises that
//
//   - no copy is handed out that does not stand here first, in the same
//     transaction as the disclosure of what it shows;
//   - of two people who take the first copy at once, one has it and the other
//     is asked why a second is needed;
//   - a form that is sent twice takes one copy, and gives the same bytes or
//     none;
//   - a row, once committed, is never changed or removed, and is an entry of
//     the official record.
//
// The ledger holds nothing about a member but the reference of what was
// printed.
package copies

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Policy says what becomes of a second copy.
type Policy string

// The policies.
const (
	WithReason Policy = "reason" // it is given for a reason, and reviewed
	Never      Policy = "refuse" // it is not given
)

// Valid reports whether p is one of the policies.
func (p Policy) Valid() bool { return p == WithReason || p == Never }

// Deps is what the ledger stands on.
type Deps struct {
	Policy Policy // of a second copy; empty: WithReason
	// Same reports whether two accounts belong to one person, as far as the
	// portal can know. nil: only the account itself counts.
	Same func(tx *db.Tx, a, b id.Person) (bool, error)
}

// Service does what this package promises, inside its callers' transactions.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Policy == "" {
		d.Policy = WithReason
	}
	if d.Same == nil {
		d.Same = func(_ *db.Tx, a, b id.Person) (bool, error) { return a == b, nil }
	}
	return &Service{Deps: d}
}

// Bounds. RetryFor is how long a form may be sent again after a copy was
// taken with it: for a connection that broke, not for a drawer of copies.
const (
	RetryFor   = 10 * time.Minute
	MaxReason  = 500
	minLetters = 10
	minWords   = 2
	maxLabel   = 200
)

// Ask is what somebody wants a copy of.
type Ask struct {
	Kind   string // "case", as in the address
	Ref    string // the thing's id; of an eligibility with the month
	Label  string // the thing in words that name no member: "Authorization A26-…"
	About  string // the subject of the official record it belongs to; empty: the copy's own
	Token  string // of the form, drawn at random: the same token is the same copy
	Reason string // why a second one is needed
	Proven bool   // the person has just proved again who she is (V-09)
}

// Copy is one printed copy, with names as they were when it was taken.
type Copy struct {
	ID       id.CopyNumber
	Kind     string
	Ref      string
	Label    string
	Org      id.Organization
	OrgName  string
	Side     access.Side
	Person   id.Person
	Username string
	Name     string
	Session  id.Session
	No       int // from 1
	Reason   string
	At       time.Time
	First    time.Time // when copy 1 was taken
	Repeated bool      // the form had been sent before: this is its copy again
	Digest   string    // SHA-256 of the bytes handed out, in hex; empty where none were
	Review   *Review
}

// ThePlan stands for the plan where the ledger names organizations.
const ThePlan id.Organization = "plan"

func orgOf(who access.Actor) id.Organization {
	if who.Org == "" && who.Side == access.Plan {
		return ThePlan
	}
	return who.Org
}

// Take takes a copy for the actor's organization. The first needs nothing; for
// another it answers Unauthenticated until the person has proved again who she
// is, Invalid until there is a reason (at "reason"), and Conflict where the
// plan gives no second one. The caller has found that the actor may see the
// thing.
func (s *Service) Take(tx *db.Tx, who access.Actor, a Ask) (Copy, error) {
	c, err := s.next(tx, who, a)
	if err != nil || c.Repeated {
		return c, err
	}
	return c, insert(tx, who, a, c)
}

// Could answers as Take would, and takes nothing: for what costs much to make.
func (s *Service) Could(tx *db.Tx, who access.Actor, a Ask) error {
	_, err := s.next(tx, who, a)
	return err
}

// next gives the copy that Take takes, or the one that the form took before.
func (s *Service) next(tx *db.Tx, who access.Actor, a Ask) (Copy, error) {
	err := who.May(access.PrintCopy)
	if err != nil {
		return Copy{}, err
	}
	err = a.check(who)
	if err != nil {
		return Copy{}, err
	}
	before, found, err := byToken(tx, a.Token)
	if err != nil {
		return Copy{}, err
	}
	if found {
		return again(tx, who, a, before)
	}
	given, err := of(tx, who, a.Kind, a.Ref)
	if err != nil {
		return Copy{}, err
	}
	c := Copy{ID: id.NewCopyNumber(tx.Now), Kind: a.Kind, Ref: a.Ref, Label: a.Label, Org: orgOf(who), OrgName: who.OrgName, Side: who.Side,
		Person: who.Person, Username: who.Username, Name: who.Name, Session: who.Session, No: 1, At: tx.Now, First: tx.Now}
	if len(given) > 0 {
		err = s.another(a)
		if err != nil {
			return Copy{}, err
		}
		c.No, c.First, c.Reason = given[len(given)-1].No+1, given[0].At, tidy(a.Reason)
	}
	return c, nil
}

// another says whether a second copy may be had.
func (s *Service) another(a Ask) error {
	switch {
	case s.Policy == Never:
		return fault.New(fault.Conflict, "Your organization has its one copy of this already, and the plan gives no second one. Ask the person who has it, or the HelpDesk")
	case !Enough(a.Reason):
		return fault.Bad(fault.Problem{Path: "reason", Text: "Your organization has a copy of this already. Say in a few words why another one is needed"})
	case len(a.Reason) > 4*MaxReason || utf8.RuneCountInString(a.Reason) > MaxReason:
		return fault.Bad(fault.Problem{Path: "reason", Text: "Shorten the reason to 500 characters"})
	case !a.Proven:
		return fault.New(fault.Unauthenticated, "Prove again that it is you before you take another copy")
	}
	return nil
}

// Enough reports whether a reason says something: two words at least.
func Enough(reason string) bool {
	words := strings.Fields(reason)
	return len(words) >= minWords && utf8.RuneCountInString(strings.Join(words, "")) >= minLetters
}

// check refuses an ask that the ledger could not answer for; these are
// defects of the caller, but for a form without its token.
func (a Ask) check(who access.Actor) error {
	switch {
	case a.Kind == "" || a.Ref == "" || a.Label == "" || len(a.Label) > maxLabel || orgOf(who) == "":
		return fault.New(fault.Internal, "a copy of nothing, or for nobody")
	case len(a.Token) < 20 || len(a.Token) > 64:
		return errForm
	}
	return nil
}

var errForm = fault.New(fault.Conflict, "This form was used before, or is not one of ours. Open the page again and print from there")

// again gives the copy that a form took when it was sent before: to the same
// person in the same session, for as long as a broken connection lasts.
func again(tx *db.Tx, who access.Actor, a Ask, c Copy) (Copy, error) {
	if c.Person != who.Person || c.Session != who.Session || c.Kind != a.Kind || c.Ref != a.Ref || tx.Now.Sub(c.At) > RetryFor {
		return Copy{}, errForm
	}
	all, err := of(tx, who, c.Kind, c.Ref)
	if err != nil {
		return Copy{}, err
	}
	c.First, c.Repeated = all[0].At, true
	return c, nil
}

func insert(tx *db.Tx, who access.Actor, a Ask, c Copy) error {
	about := a.About
	if about == "" {
		about = "copy/" + string(c.ID)
	}
	body, err := json.Marshal(map[string]any{"what": "A copy was printed", "copy": c.ID, "kind": c.Kind, "ref": c.Ref, "number": c.No, "org": c.Org,
		"orgName": c.OrgName, "name": c.Name, "details": map[string]string{"reason": c.Reason}})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: about, Kind: "copy.printed", Body: body})
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into print_copy (id, org, org_name, side, kind, ref, label, no, person, username, name, session, token, reason, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing`,
		string(c.ID), string(c.Org), c.OrgName, int64(c.Side), c.Kind, c.Ref, c.Label, int64(c.No), string(c.Person), c.Username, c.Name, string(c.Session),
		a.Token, c.Reason, string(kept.Entry), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	if n != 1 {
		return fault.New(fault.Conflict, "Somebody in your organization took a copy of this at the same moment. Open the page again")
	}
	return nil
}

// Give notes the digest of the bytes that are about to be handed out. For a
// copy that was given before they must be the same: what a second sending
// would show otherwise is another copy.
func (s *Service) Give(tx *db.Tx, who access.Actor, c Copy, digest string, size int64) error {
	err := who.May(access.PrintCopy)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into print_copy_given (copy, digest, size, at_us) values ($1, $2, $3, $4) on conflict (copy) do nothing",
		string(c.ID), digest, size, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	var kept string
	err = tx.Row("select digest from print_copy_given where copy = $1", string(c.ID)).Scan(&kept)
	if err != nil {
		return err
	}
	if kept != digest {
		return fault.New(fault.Conflict, "What this copy shows has changed since it was printed. Open the page again and ask for another copy")
	}
	return nil
}

func tidy(text string) string { return strings.Join(strings.Fields(text), " ") }
