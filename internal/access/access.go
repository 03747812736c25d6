// Package access says who somebody is and what that lets them do. Its
// decisions are pure functions of the Actor handed in: nothing is looked up,
// nothing is remembered, so a right that is taken away is gone with the next
// request (V-11, OWASP ASVS 5.0 8.3.2). Whatever the tables of this package
// do not grant is refused.
//
// Has answers for code; May answers for people, with a reason that names what
// is missing and whom to ask. DefaultFields is the minimum necessary of each
// role as the portal is shipped (P-01, 45 CFR 164.514(d)(2)), and Ceiling what
// no change of it may go above: the allow-lists in force are in package
// minimum.
package access

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/id"
)

// Side is the part of the house an actor belongs to.
type Side int

// The sides. An office sees only what belongs to its own organization; the
// plan and the system see everything that a permission opens.
const (
	Office Side = iota + 1 // a provider's office, facility or billing firm
	Plan                   // the health plan's own staff
	System                 // the portal itself, and its operator on the command line
)

// String names the side for logs and stored rows.
func (s Side) String() string {
	switch s {
	case Office:
		return "office"
	case Plan:
		return "plan"
	case System:
		return "system"
	}
	return "unknown"
}

// Actor is who does something. It is a parameter of everything that reads
// member information or writes anything, and it is complete: what is decided
// about an actor needs nothing else.
type Actor struct {
	Person     id.Person // never empty for somebody who is signed in (S-01, 45 CFR 164.312(a)(2)(i))
	Username   string
	Name       string
	Side       Side
	Org        id.Organization
	OrgName    string
	OrgTIN     string
	Roles      []Role   // those of another side than the actor's count for nothing
	Providers  []string // NPIs of the providers she may request for; none: all of the organization's
	Session    id.Session
	Door       string // "web", "cli" or "job"
	Address    string // network address, without a port
	Licence    Licence
	LastSignIn time.Time // the sign-in before this one; zero at the first
}

// Reaches reports whether the actor may see and send requests of a provider:
// an office may give somebody access for chosen providers only.
func (a Actor) Reaches(npi string) bool {
	return len(a.Providers) == 0 || slices.Contains(a.Providers, npi)
}

// Licence is a clinician's licence to practice. The zero Licence is none.
type Licence struct {
	Number      string
	State       string // two letters
	Expires     civil.Date
	Restricted  bool // by the board: no adverse decision may rest on it
	Specialties []Specialty
}

// Holds reports whether the licence is good on the given day: there is one,
// it has not run out, and no board has restricted it.
func (l Licence) Holds(on civil.Date) bool {
	return l.Number != "" && !l.Restricted && !l.Expires.IsZero() && !l.Expires.Before(on)
}

// Fits reports whether one of the licence's specialties is among wanted.
func (l Licence) Fits(wanted ...Specialty) bool {
	return slices.ContainsFunc(l.Specialties, func(s Specialty) bool { return slices.Contains(wanted, s) })
}

// Doors that an actor comes through.
const (
	DoorWeb = "web"
	DoorCLI = "cli"
	DoorJob = "job"
)

// SystemActor is the portal acting by itself, under the name of the part that
// acts: "sequencer", "import". The same name is always the same subject.
func SystemActor(name string) Actor {
	name = subject(name)
	return Actor{
		Person: id.Person("system:" + name), Username: "system:" + name, Name: "HSConnect (" + name + ")",
		Side: System, Roles: []Role{Machine}, Door: DoorJob,
	}
}

// OperatorActor is whoever runs a command on the plan's machine, by the name
// the operating system knows.
func OperatorActor(osUser string) Actor {
	osUser = subject(osUser)
	return Actor{
		Person: id.Person("operator:" + osUser), Username: "operator:" + osUser, Name: "Operator " + osUser,
		Side: System, Roles: []Role{Operator}, Door: DoorCLI,
	}
}

// subject keeps a name from outside to what may stand in a stored row.
func subject(name string) string {
	kept := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@-", r) {
			return r
		}
		return '-'
	}, name)
	if len(kept) > 64 {
		kept = kept[:64]
	}
	if kept == "" {
		return "unnamed"
	}
	return kept
}

// LogValue logs an actor as stable references, without the person's name.
func (a Actor) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("person", string(a.Person)),
		slog.String("side", a.Side.String()),
		slog.String("org", string(a.Org)),
		slog.String("door", a.Door),
	)
}

// Purpose is why member information is looked at: the codes of HL7's
// PurposeOfUse that a plan's portal can have (P-02, 45 CFR 164.506(c)).
type Purpose string

// The purposes.
const (
	Treatment  Purpose = "TREATMENT"
	Payment    Purpose = "HPAYMT"
	Operations Purpose = "HOPERAT"
)

// Valid reports whether p is one of the purposes.
func (p Purpose) Valid() bool { return p == Treatment || p == Payment || p == Operations }

// Words says the purpose as it stands on a page.
func (p Purpose) Words() string {
	switch p {
	case Treatment:
		return "treatment"
	case Payment:
		return "payment"
	case Operations:
		return "health care operations"
	}
	return "no stated purpose"
}
