// Package client keeps the programs of offices that work with the portal
// without a person at the keyboard. It promises:
//
//   - a program belongs to one organization, is registered by its local
//     administrator, and may do no more than she may;
//   - of its secret and its tokens, 256 random bits each, only SHA-256 digests
//     are kept; the secret is shown once;
//   - nothing opens before a local administrator has accepted the current
//     agreement for the program, with the evidence of a person's acceptance;
//     a new version asks again (A-01, E-03);
//   - every change of a program's standing ends its tokens at once (S-12), and
//     it acts only while its organization's access is open;
//   - a program that does not exist, a wrong secret and an access that is not
//     open get one and the same answer (V-04), slower and slower for who keeps
//     failing, and no stranger holds a program up for more than a minute;
//   - an event, never changed afterwards, for each of these (V-13).
package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Door is the door that programs come through.
const Door = "api"

// Deps is what a Service is made of. DB and Agreements are required.
type Deps struct {
	DB         *db.DB
	Agreements *agreement.Service
	Log        *slog.Logger
}

// Service keeps programs. It may be used from many goroutines.
type Service struct {
	db         *db.DB
	agreements *agreement.Service
	log        *slog.Logger
}

// New makes a Service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, agreements: d.Agreements, log: d.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// ID names a program; it is not its secret.
type ID string

type (
	eventID string
)

// State is a program's standing.
type State string

// The states.
const (
	Active    State = "active"
	Suspended State = "suspended" // by the plan's staff; it can be taken back
	Cancelled State = "cancelled" // by the plan's staff, for good
	Ended     State = "ended"     // by the organization, for good
)

// Client is a program as pages show it.
type Client struct {
	ID        ID
	Org       id.Organization
	OrgName   string
	OrgTIN    string
	Name      string
	Role      access.Role
	Providers []string // NPIs it may request for; none: all of the organization's
	State     State
	Reason    string // of the last change of State
	By        string // name of who registered it
	Made      time.Time
	Changed   time.Time // of State
	Used      time.Time // last token; zero for never
	Accepted  bool      // the current agreement, for it
}

// Key is what a program signs in with. It is shown once and kept nowhere.
type Key struct {
	ID     ID
	Secret string
}

const (
	secretBytes = 32 // V-07 asks for 16 at least
	maxName     = 60
	maxReason   = 500
	mostOpen    = 50 // programs of an organization that have not ended
)

// newSecret gives 256 random bits as text.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // it fills the slice or ends the program
	return base64.RawURLEncoding.EncodeToString(b)
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func wellFormed(secret string) bool {
	return len(secret) == base64.RawURLEncoding.EncodedLen(secretBytes)
}

// manager gives a local administrator as she stands in this transaction.
func manager(tx *db.Tx, who access.Actor) (access.Actor, error) {
	if who.Person == "" || who.Session == "" {
		return access.Actor{}, fault.New(fault.Unauthenticated, "Please sign in first")
	}
	if who.Side != access.Office {
		return access.Actor{}, fault.New(fault.Forbidden, "An office's programs are managed by its own local administrators")
	}
	a, err := account.ActorFor(tx, who.Person, who.Org)
	if err != nil {
		return access.Actor{}, err
	}
	a.Session, a.Door, a.Address, a.LastSignIn = who.Session, who.Door, who.Address, who.LastSignIn
	return a, account.MayManageOffice(a, a.Org)
}

// Register makes a program of the actor's own organization, with the role of
// a requester or a viewer and the providers that she may act for herself.
func (s *Service) Register(ctx context.Context, who access.Actor, name string, role access.Role) (Key, error) {
	name, bad := cleanName(name)
	var key Key
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who)
		if err != nil {
			return err
		}
		found := append(slices.Clone(bad), checkRole(who, role)...)
		if len(found) > 0 {
			return fault.Bad(found...)
		}
		var open int64
		err = tx.Row("select count(*) from client where org = $1 and state in ($2, $3)", string(who.Org), string(Active), string(Suspended)).Scan(&open)
		if err != nil {
			return err
		}
		if open >= mostOpen {
			return fault.New(fault.Conflict, "Your organization has 50 programs. End one that is not used any more first")
		}
		key = Key{ID: id.New[ID](tx.Now), Secret: newSecret()}
		n, err := tx.Exec(`insert into client (id, org, org_name, org_tin, name, name_key, role, providers, secret_hash, state, reason, by_person, by_name,
				made_us, changed_us, used_us, network)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict (org, name_key) do nothing`,
			string(key.ID), string(who.Org), who.OrgName, who.OrgTIN, name, strings.ToLower(name), string(role), strings.Join(who.Providers, ","),
			digest(key.Secret), string(Active), "", string(who.Person), who.Name, db.Micros(tx.Now), db.Micros(tx.Now), int64(0), "")
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Bad(fault.Problem{Path: "name", Text: "Your organization had a program of this name. Choose another: a name is never used twice"})
		}
		return event{kind: "registered", client: key.ID, org: who.Org, reason: string(role)}.write(tx, who)
	})
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

func cleanName(name string) (string, []fault.Problem) {
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	n := utf8.RuneCountInString(name)
	if n < 3 || n > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", []fault.Problem{{Path: "name", Text: "Name the program in 3 to 60 characters, such as Scheduling at the front desk"}}
	}
	return name, nil
}

// checkRole allows a role that an administrator may give a program: one of
// two, and nothing that she may not do herself.
func checkRole(who access.Actor, role access.Role) []fault.Problem {
	if role != access.Requester && role != access.Viewer {
		return []fault.Problem{{Path: "role", Text: "Choose what the program may do"}}
	}
	as := access.Actor{Person: "role", Side: access.Office, Roles: []access.Role{role}}
	for _, p := range access.Permissions() {
		if as.Has(p) && !who.Has(p) {
			return []fault.Problem{{Path: "role", Text: "A program gets no more than you have yourself. Choose a smaller role"}}
		}
	}
	return nil
}

// NewSecret gives an active program another secret. The old one and its
// tokens work no more.
func (s *Service) NewSecret(ctx context.Context, who access.Actor, c ID) (Key, error) {
	key := Key{ID: c, Secret: newSecret()}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		who, r, err := own(tx, who, c)
		if err != nil {
			return err
		}
		if r.State != Active {
			return errState(r.State)
		}
		_, err = tx.Exec("update client set secret_hash = $1 where id = $2", digest(key.Secret), string(c))
		if err != nil {
			return err
		}
		return settle(tx, who, r, event{kind: "new secret"})
	})
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

// own gives an administrator and a program of her own organization, locked.
func own(tx *db.Tx, who access.Actor, c ID) (access.Actor, row, error) {
	who, err := manager(tx, who)
	if err != nil {
		return who, row{}, err
	}
	r, err := rowOf(tx, c)
	if err == nil && r.Org != who.Org {
		err = errNone()
	}
	return who, r, err
}

// End ends a program of the actor's own organization for good.
func (s *Service) End(ctx context.Context, who access.Actor, c ID, reason string) error {
	return s.move(ctx, c, Ended, reason, func(tx *db.Tx) (access.Actor, row, error) { return own(tx, who, c) })
}

// Suspend stops a program at once, by the plan's staff.
func (s *Service) Suspend(ctx context.Context, who access.Actor, c ID, reason string) error {
	return s.byStaff(ctx, who, c, Suspended, reason)
}

// Reinstate lets a suspended program work again. It asks for a new token.
func (s *Service) Reinstate(ctx context.Context, who access.Actor, c ID, reason string) error {
	return s.byStaff(ctx, who, c, Active, reason)
}

// Cancel ends a program for good, by the plan's staff.
func (s *Service) Cancel(ctx context.Context, who access.Actor, c ID, reason string) error {
	return s.byStaff(ctx, who, c, Cancelled, reason)
}

func (s *Service) byStaff(ctx context.Context, who access.Actor, c ID, to State, reason string) error {
	err := who.May(access.SuspendAccess)
	if err != nil {
		return err
	}
	return s.move(ctx, c, to, reason, func(tx *db.Tx) (access.Actor, row, error) {
		r, err := rowOf(tx, c)
		return who, r, err
	})
}

// move gives a program another state and ends its tokens.
func (s *Service) move(ctx context.Context, c ID, to State, reason string, allow func(tx *db.Tx) (access.Actor, row, error)) error {
	reason, bad := cleanReason(reason)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		who, r, err := allow(tx)
		if err != nil {
			return err
		}
		if bad != nil {
			return bad
		}
		if !leads(r.State, to) {
			return errState(r.State)
		}
		_, err = tx.Exec("update client set state = $1, reason = $2, changed_us = $3 where id = $4", string(to), reason, db.Micros(tx.Now), string(c))
		if err != nil {
			return err
		}
		return settle(tx, who, r, event{kind: kindOf(to), reason: reason})
	})
}

func kindOf(to State) string {
	if to == Active {
		return "reinstated"
	}
	return string(to)
}

// leads says which change of state there is.
func leads(from, to State) bool {
	switch to {
	case Active:
		return from == Suspended
	case Suspended:
		return from == Active
	case Cancelled, Ended:
		return from == Active || from == Suspended
	}
	return false
}

func errState(now State) error {
	switch now {
	case Active:
		return fault.New(fault.Conflict, "This program is active already. Look at the list again")
	case Suspended:
		return fault.New(fault.Conflict, "The plan's staff have suspended this program. Call the HelpDesk")
	case Cancelled, Ended:
	}
	return fault.New(fault.Conflict, "This program has ended for good. Register a new one in its place")
}

func errNone() error { return fault.New(fault.NotFound, "There is no such program") }

func cleanReason(reason string) (string, error) {
	reason = strings.TrimSpace(norm.NFC.String(reason))
	n := utf8.RuneCountInString(reason)
	if n < 3 || n > maxReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters, on one line"})
	}
	return reason, nil
}

// settle ends a program's tokens and writes down why.
func settle(tx *db.Tx, who access.Actor, r row, e event) error {
	_, err := tx.Exec("delete from client_token where client = $1", string(r.ID))
	if err != nil {
		return err
	}
	e.client, e.org = r.ID, r.Org
	return e.write(tx, who)
}
