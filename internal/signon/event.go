package signon

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Kind is what happened to a provider or a link.
type Kind string

// The kinds of events.
const (
	Added    Kind = "provider added"
	Changed  Kind = "provider changed"
	Disabled Kind = "provider disabled"
	Linked   Kind = "sign-on linked"
	Unlinked Kind = "sign-on unlinked"
	Answered Kind = "identity confirmed"
	Refused  Kind = "identity refused"
)

type eventID string

// event is one row of signon_event.
type event struct {
	kind     Kind
	provider string
	person   id.Person
	reason   string
	detail   string
}

func (e event) write(tx *db.Tx, who access.Actor) error {
	return tx.Later(`insert into signon_event (id, kind, provider, person, actor, reason, detail, session, address, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(id.New[eventID](tx.Now)), string(e.kind), e.provider, string(e.person), string(who.Person), e.reason, e.detail,
		string(who.Session), who.Address, db.Micros(tx.Now))
}
