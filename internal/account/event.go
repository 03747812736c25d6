package account

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// eventID names a row of account_event.
type eventID string

// EventKind is what happened to an account.
type EventKind string

// The kinds of events.
const (
	Created         EventKind = "account created"
	SignedIn        EventKind = "signed in"
	SignInFailed    EventKind = "sign-in failed"
	SignedOut       EventKind = "signed out"
	SessionExpired  EventKind = "session expired"
	SessionsEnded   EventKind = "sessions ended"
	PasswordChanged EventKind = "password changed"
	PasswordFailed  EventKind = "password change refused"
	PasswordSet     EventKind = "password set by the operator"
	Disabled        EventKind = "account suspended"
	Enabled         EventKind = "account reinstated"
	Cancelled       EventKind = "account closed"
	Left            EventKind = "closed the own account"
	Unlocked        EventKind = "sign-in opened again"
	Compromised     EventKind = "said that somebody may know the password"
	FactorProven    EventKind = "second factor proven"
	FactorFailed    EventKind = "second factor refused"
	FactorAdded     EventKind = "second factor added"
	FactorRemoved   EventKind = "second factor removed"
	FactorReset     EventKind = "second factors reset"
	CodesMade       EventKind = "recovery codes made"
	CodeUsed        EventKind = "recovery code used"
	StrongProof     EventKind = "proved oneself again"
	AccessGiven     EventKind = "access given"
	AccessChanged   EventKind = "access changed"
	AccessEnded     EventKind = "access ended"
	ActedFor        EventKind = "acts for"
	OrgChanged      EventKind = "organization's access changed"
	ResetAsked      EventKind = "password reset asked for"
)

// Event is one thing that happened to an account. It is never changed.
type Event struct {
	Kind    EventKind
	Person  id.Person // whose account; empty when the username was nobody's
	Actor   id.Person // who did it; empty for a failed sign-in
	Reason  string
	Session id.Session
	Address string
	Agent   string
	At      time.Time
}

func (e Event) write(tx *db.Tx) error {
	return tx.Later(`insert into account_event (id, kind, person, actor, reason, session, address, agent, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(id.New[eventID](tx.Now)), string(e.Kind), string(e.Person), string(e.Actor), e.Reason, string(e.Session), e.Address, e.Agent, db.Micros(tx.Now))
}

// Events gives the newest events of a person's account, newest first, at most
// limit (and at most 1,000). Everybody may read their own; anybody else's
// takes the right to manage that account or to read who saw what.
func (s *Service) Events(ctx context.Context, who access.Actor, person id.Person, limit int) (events []Event, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if (who.Person == "" || who.Person != person) && !who.Has(access.ReadDisclosures) {
			_, err := managed(tx, who, person)
			if err != nil {
				return err
			}
		}
		events, err = db.Collect(scanEvent)(tx.Rows(`select kind, person, actor, reason, session, address, agent, at_us
			from account_event where person = $1 order by at_us desc, id desc limit $2`, string(person), int64(min(max(limit, 1), 1000))))
		return err
	})
	return events, err
}

func scanEvent(r *sql.Rows) (Event, error) {
	var e Event
	var at int64
	err := r.Scan(&e.Kind, &e.Person, &e.Actor, &e.Reason, &e.Session, &e.Address, &e.Agent, &at)
	e.At = db.Time(at)
	return e, err
}

const longestAgent = 300

// printable keeps what a browser says of itself to one short printable line.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > most {
		runes = runes[:most]
	}
	return string(runes)
}
