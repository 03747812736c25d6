package member

import (
	"errors"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
)

// One answer for none, for many, for one who is none of the actor's, and for
// one under restriction whom the actor may not open: whether there is such a
// person is itself member information.
var (
	errNoMatch = fault.New(fault.NotFound, "We found no single member with exactly these details whom your organization may see. Check them against the member's card; the first name beside the last name helps where several share a birth date. If the patient is being seen at your office, say so and look again")
	errNone    = fault.New(fault.NotFound, "There is no such member, or your organization has no reason on record to see this member. Look the member up by member ID, Medicare number or last name, with the birth date")
)

// refusal is an answer of NotFound for a member who exists: the ledger tells
// the two apart, the answer does not.
type refusal struct {
	member id.Member
	says   error // the answer for nobody
}

// Error implements error with the text of the answer for nobody.
func (r refusal) Error() string { return r.says.Error() }

// Unwrap makes it the answer for nobody to whoever asks.
func (r refusal) Unwrap() error { return r.says }

// Refused reports whether an error stands for a member who exists and is not
// for the actor to see, and gives the member. It is for the ledger alone:
// nothing that the actor sees may depend on it.
func Refused(err error) (id.Member, bool) {
	var r refusal
	if errors.As(err, &r) {
		return r.member, true
	}
	return "", false
}

// RefusedAs gives says, the answer of another package for what there is not,
// with the member whom err refuses.
func RefusedAs(err, says error) error {
	m, refused := Refused(err)
	if !refused {
		return says
	}
	return refusal{m, says}
}

// Missed gives what the ledger says of a look that ended with err, and false
// where err is no refusal: l itself for nobody, and Refused with the member
// for one who exists, also for one whom an open glass would show.
func Missed(err error, l disclosure.Look) (disclosure.Look, bool) {
	m, refused := Refused(err)
	if !refused {
		m, refused = glass.Member(err)
	}
	if refused {
		l.Member, l.Outcome = m, disclosure.Refused
	}
	return l, refused || fault.Is(err, fault.NotFound)
}

// absent gives the answer for nobody, with the member where there is one.
func absent(tx *db.Tx, m id.Member) error {
	err := exists(tx, m)
	if err != nil {
		return err
	}
	return refusal{m, errNone}
}

// closedTo gives the refusal of a member under restriction: the way to open
// the member for somebody who may, and the answer for nobody for others.
func closedTo(who access.Actor, m id.Member) error {
	if !who.Has(access.BreakGlass) {
		return refusal{m, errNone}
	}
	return glass.Need(m)
}
