// Package account keeps the people who sign in: their own username and
// password, their sessions, and what was done to their accounts (clause 4 of
// the agreement). It promises:
//
//   - one account a person, and no username twice, not even after an account
//     was closed (A-04, 45 CFR 164.312(a)(2)(i));
//   - passwords by NIST SP 800-63B-4 (I-01 to I-10), kept as Argon2id only;
//   - one answer and the same work for every failed sign-in, whatever its
//     cause (V-04), slower and slower for who keeps failing, without letting a
//     stranger lock somebody out of the office she works in;
//   - sessions that end after 15 idle minutes and after 12 hours (S-03,
//     45 CFR 164.312(a)(2)(iii)), and with the next request when the account is
//     closed (S-12, V-08);
//   - an event, never changed afterwards, for each of these (V-13).
//
// What is typed as a username or password reaches no log and no table, but
// for the password's hash and the chosen username of an account.
package account

import (
	"log/slog"
	"runtime"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/factor"
	"hsconnect/internal/id"
)

// Session lengths (S-03; NIST SP 800-63B-4 allows 1 h and 24 h at most, I-12).
const (
	DefaultIdle     = 15 * time.Minute
	DefaultAbsolute = 12 * time.Hour
)

// touchEvery is how stale the stored time of the last request may be. A
// session can end that much early, never late.
const touchEvery = 30 * time.Second

// Deps is what a Service is made of. DB is required.
type Deps struct {
	DB    *db.DB
	Log   *slog.Logger
	Argon Params // zero: 19 MiB, 2 passes, 1 lane

	// Words are refused as the main part of a password: the plan's name, its
	// domain (I-06).
	Words []string
	// Blocklist is the operator's own list of refused passwords, or nil.
	Blocklist *Blocklist

	// Factors keeps the second factors. Without it nobody gets further than
	// the first.
	Factors *factor.Service

	Idle     time.Duration // 0: DefaultIdle
	Absolute time.Duration // 0: DefaultAbsolute
}

// Service signs people in and keeps their accounts. It may be used from many
// goroutines.
type Service struct {
	db       *db.DB
	log      *slog.Logger
	hash     *hasher
	words    []string
	block    *Blocklist
	common   common
	factors  *factor.Service
	idle     time.Duration
	absolute time.Duration
}

// New makes a Service.
func New(d Deps) *Service {
	s := &Service{
		db: d.DB, log: d.Log, hash: newHasher(d.Argon), words: d.Words, block: d.Blocklist, common: readCommon(),
		factors: d.Factors,
		idle:    d.Idle, absolute: d.Absolute,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.idle <= 0 {
		s.idle = DefaultIdle
	}
	if s.absolute <= 0 {
		s.absolute = DefaultAbsolute
	}
	return s
}

// Person is an account as its keepers see it: no secret in it.
type Person struct {
	ID       id.Person
	Username string
	Name     string
	Email    string
	Side     access.Side
	Org      id.Organization
	OrgName  string
	OrgTIN   string
	Roles    []access.Role
	Licence  access.Licence
	Created  time.Time
	SignedIn time.Time // last; zero for never
	Used     time.Time // last signed in, or opened again after non-use
	Warned   int       // of non-use: 0, 1 or 2 times since

	State  State
	Cause  Cause  // why it is not active
	Reason string // in somebody's words
	Since  time.Time

	MustChange bool            // somebody else may know the password
	Member     MembershipState // of the access to Org
	Providers  []string        // NPIs she may request for; none: all of Org's
}

// Open reports whether somebody may sign in with the account.
func (p Person) Open() bool { return p.State == Active }

// actor gives the person as somebody who acts.
func (p Person) actor() access.Actor {
	return access.Actor{
		Person: p.ID, Username: p.Username, Name: p.Name, Side: p.Side, Org: p.Org, OrgName: p.OrgName, OrgTIN: p.OrgTIN,
		Roles: p.Roles, Licence: p.Licence, Providers: p.Providers,
	}
}

// LogValue logs a person as a reference only.
func (p Person) LogValue() slog.Value { return slog.StringValue("[person " + string(p.ID) + "]") }

// parallelHashes is how many password hashes are reckoned at once by default:
// with 19 MiB each, 16 of them take 304 MiB.
func parallelHashes() int { return min(max(runtime.NumCPU(), 2), 16) }
