// Package admission decides how people and organizations get into the portal,
// are kept, and are let go. It promises:
//
//   - nobody gets an account or an access for an office but by an invitation,
//     or by a registration that somebody of the office approved; who gives an
//     access never gives more than she has, nor to another office, and her
//     authority is looked at again at the moment the access begins;
//   - an invitation works once, for seven days; one that is late, used,
//     withdrawn or made up gets one and the same answer (V-04);
//   - a registration tells nobody whether the plan knows an organization or a
//     username, and of its password only a hash is kept;
//   - the end or suspension of an access is told to the organization's
//     administrators within 24 hours (N-07);
//   - every organization looks at its people once a quarter, and who is not
//     confirmed is suspended, so that it can be taken back (S-12);
//   - an event, never changed afterwards, with actor and reason for each.
//
// An office without administrator is not lost: its people ask, and the plan's
// provider relations invite a new one.
package admission

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Organization is what the plan's directory says of one.
type Organization struct {
	ID   id.Organization
	Name string
	TIN  string
}

// Deps is what a Service is made of. DB, Accounts and Zone are required.
type Deps struct {
	DB       *db.DB
	Accounts *account.Service
	Log      *slog.Logger
	Zone     *time.Location // the plan's: in it the days begin on which an office closes

	// FindOrg gives the organization of the plan's directory that has both
	// numbers, which are well formed. nil: none has.
	FindOrg func(tx *db.Tx, tin, npi string) (org id.Organization, name, ownTIN string, found bool, err error)
	// Link makes the address of a page, for mails that jobs send. nil: they
	// name the page in words.
	Link func(path string) string
}

// Service admits people. It may be used from many goroutines.
type Service struct {
	Deps
}

// New makes a Service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d}
}

// The ids of this package's rows.
type (
	// InvitationID names an invitation; it is not its secret.
	InvitationID string
	// RegistrationID names a registration.
	RegistrationID string
	// CallID names a call for an administrator.
	CallID string
	// ReviewID names an access review.
	ReviewID string

	eventID  string
	answerID string
)

const tokenBytes = 32 // V-07 asks for 16 at least

// newToken gives the secret of a link: 256 random bits.
func newToken() string {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // it fills the slice or ends the program
	return base64.RawURLEncoding.EncodeToString(b)
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func wellFormed(token string) bool { return len(token) == base64.RawURLEncoding.EncodedLen(tokenBytes) }

// current gives an actor as she stands in this transaction: what she did a
// moment ago on another page counts already.
func current(tx *db.Tx, who access.Actor) (access.Actor, error) {
	if who.Person == "" {
		return access.Actor{}, fault.New(fault.Unauthenticated, "Please sign in first")
	}
	if who.Side == access.System {
		return who, nil
	}
	a, err := account.ActorFor(tx, who.Person, who.Org)
	if err != nil {
		return access.Actor{}, err
	}
	a.Session, a.Door, a.Address, a.LastSignIn = who.Session, who.Door, who.Address, who.LastSignIn
	return a, nil
}

// manager is current, for somebody who is about to change something among the
// people of an organization: one such change comes after the other, also on
// two machines.
func manager(tx *db.Tx, who access.Actor, org id.Organization) (access.Actor, error) {
	err := account.MayManageOffice(who, org)
	if err != nil {
		return access.Actor{}, err
	}
	err = inTurn(tx, org)
	if err != nil {
		return access.Actor{}, err
	}
	who, err = current(tx, who)
	if err != nil {
		return access.Actor{}, err
	}
	return who, account.MayManageOffice(who, org)
}

func inTurn(tx *db.Tx, org id.Organization) error {
	_, err := tx.Exec(`insert into admission_office (org, changes) values ($1, $2)
		on conflict (org) do update set changes = admission_office.changes + 1`, string(org), int64(1))
	return err
}

// event is one thing that happened here.
type event struct {
	kind    string
	org     id.Organization
	subject string // the row it is about
	person  id.Person
	reason  string
}

func (e event) write(tx *db.Tx, who access.Actor) error {
	return tx.Later(`insert into admission_event (id, kind, org, subject, person, actor, reason, session, address, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(id.New[eventID](tx.Now)), e.kind, string(e.org), e.subject, string(e.person), string(who.Person), e.reason,
		string(who.Session), who.Address, db.Micros(tx.Now))
}

// Lists stand in a column with a comma between; no role or number has one.
func splitRoles(text string) []access.Role {
	var out []access.Role
	for _, w := range splitList(text) {
		out = append(out, access.Role(w))
	}
	return out
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func joinList[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ",")
}
