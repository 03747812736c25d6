package privacy

import (
	"context"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/priorauth"
)

// Query is a search of the ledger as staff put it: by at most one key.
type Query struct {
	Member   id.Member
	Username string
	Person   id.Person // from a link, instead of a username
	Org      id.Organization
	Number   id.Number // of an authorization: who opened the request
	Subject  string    // from a link: "document/<id>"
	Filter   disclosure.Filter
}

// Found is a page of the ledger.
type Found struct {
	disclosure.Page

	Who    member.Member  // of a search by member
	Person account.Person // of a search by person
}

// ledgerSubject is what is written down when the ledger itself is read.
const ledgerSubject = "ledger"

// FindMember gives the reference of the one member that a number and a birth
// date name, and writes down that it was asked.
func (s *Service) FindMember(ctx context.Context, who access.Actor, k member.Key) (ref id.Member, err error) {
	err = who.May(access.ReadDisclosures)
	if err != nil {
		return "", err
	}
	err = s.look(ctx, who, ledgerSubject, k.Kind(), func(tx *db.Tx) error {
		m, err := member.Named(tx, who, ledgerSubject, k)
		ref = m.ID
		return err
	})
	return ref, err
}

// Ledger gives a page of the ledger, newest first. Reading it is itself a line
// of it, written in the same transaction: of a member with the facts shown, of
// anything else without any.
func (s *Service) Ledger(ctx context.Context, who access.Actor, q Query) (f Found, err error) {
	err = who.May(access.ReadDisclosures)
	if err != nil {
		return Found{}, err
	}
	err = s.look(ctx, who, ledgerSubject, "", func(tx *db.Tx) error {
		f = Found{}
		search, err := q.filter(tx, who, &f)
		if err != nil {
			return err
		}
		if search.Member != "" {
			f.Who, err = member.ForRights(tx, who, ledgerSubject, search.Member)
		} else {
			_, err = disclosure.Write(tx, who, disclosure.Look{Subject: ledgerSubject + q.words(), Purpose: access.Operations, Outcome: disclosure.Shown})
		}
		if err != nil {
			return err
		}
		f.Page, err = disclosure.Search(tx, who, search)
		return err
	})
	return f, err
}

// words says by what the ledger was searched, for the line that says so.
func (q Query) words() string {
	switch {
	case q.Username != "" || q.Person != "":
		return " of a person"
	case q.Org != "":
		return " of an organization"
	case q.Number != "" || q.Subject != "":
		return " of a thing"
	}
	return ""
}

func (q Query) filter(tx *db.Tx, who access.Actor, f *Found) (disclosure.Filter, error) {
	search := q.Filter
	search.Member, search.Org, search.Person, search.Subject = q.Member, q.Org, q.Person, q.Subject
	var err error
	switch {
	case q.Username != "":
		f.Person, err = account.ByUsername(tx, who, q.Username)
		if fault.Is(err, fault.NotFound) {
			return search, fault.Bad(fault.Problem{Path: "text", Text: "There is no account with this username"})
		}
		search.Person = f.Person.ID
	case q.Person != "" && !strings.Contains(string(q.Person), ":"): // the portal's own actors have no account
		f.Person, err = account.PersonIn(tx, q.Person)
	case q.Number != "":
		st, err := priorauth.StateOf(tx, who, q.Number, 0)
		if fault.Is(err, fault.NotFound) {
			return search, fault.Bad(fault.Problem{Path: "text", Text: "There is no request with this number"})
		}
		search.Subject = "request/" + string(st.Request)
		return search, err
	}
	return search, err
}
