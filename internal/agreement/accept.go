package agreement

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Acceptance is what a person sends by pressing the button.
type Acceptance struct {
	Version id.Agreement // the version that was shown
	SHA256  string       // of the bytes that were shown
	Button  string       // its words
	Address string       // network address, without a port
	Agent   string       // what the browser says of itself
	Locale  string       // language of the page: "en-US"
}

// Accepted is an acceptance as it is kept (E-03).
type Accepted struct {
	ID        id.Acceptance
	Version   id.Agreement
	Number    int
	Title     string
	SHA256    string
	Effective civil.Date
	Person    id.Person
	Username  string
	Name      string
	Org       id.Organization
	OrgName   string
	Session   id.Session
	Button    string
	Address   string
	Agent     string
	Locale    string
	Entry     id.Entry // of the official record
	At        time.Time
}

// proof is what the official record keeps of an acceptance.
type proof struct {
	ID       id.Acceptance   `json:"id"`
	Version  id.Agreement    `json:"version"`
	Number   int             `json:"number"`
	SHA256   string          `json:"sha256"`
	Person   id.Person       `json:"person"`
	Username string          `json:"username"`
	Name     string          `json:"name"`
	Org      id.Organization `json:"organization"`
	OrgName  string          `json:"organization_name"`
	Session  id.Session      `json:"session"`
	Button   string          `json:"button"`
	Address  string          `json:"address"`
	Agent    string          `json:"agent"`
	Locale   string          `json:"locale"`
	At       time.Time       `json:"at"`
}

const (
	maxButton  = 60
	maxAddress = 64
	maxAgent   = 300
	maxLocale  = 35
)

// errTwice undoes a second acceptance of the same version.
var errTwice = errors.New("accepted already")

// Accept keeps that the actor accepts the current version as it was shown.
// It is fault.Conflict when that version is no longer current or its bytes
// were others; a second acceptance of the same version is the first one.
func (s *Service) Accept(ctx context.Context, who access.Actor, a Acceptance) error {
	err := mayAccept(who)
	if err != nil {
		return err
	}
	a.Button, a.Address, a.Agent, a.Locale = clean(a.Button, maxButton), clean(a.Address, maxAddress), clean(a.Agent, maxAgent), clean(a.Locale, maxLocale)
	if a.Button == "" {
		return fault.New(fault.Invalid, "Press the button to accept")
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		v, err := current(tx)
		if err != nil {
			return err
		}
		if a.Version != v.ID {
			return fault.New(fault.Conflict, "A newer version of the agreement has been published. Please read and accept that one")
		}
		if a.SHA256 != v.SHA256 {
			return fault.New(fault.Conflict, "The text you accepted is not the text that was published. Please load the page again and read it")
		}
		has, err := accepted(tx, who.Person)
		if err != nil || has {
			return err
		}
		return keep(tx, who, v, a)
	})
	if errors.Is(err, errTwice) {
		return nil
	}
	return err
}

// mayAccept says that a person accepts, signed in, and nothing else does (E-05).
func mayAccept(who access.Actor) error {
	if who.Person == "" || who.Session == "" || who.Side == access.System {
		return fault.New(fault.Unauthenticated, "Sign in first: everyone accepts the agreement in person")
	}
	return nil
}

func keep(tx *db.Tx, who access.Actor, v Version, a Acceptance) error {
	p := proof{
		ID: id.New[id.Acceptance](tx.Now), Version: v.ID, Number: v.Number, SHA256: v.SHA256,
		Person: who.Person, Username: who.Username, Name: who.Name, Org: who.Org, OrgName: who.OrgName, Session: who.Session,
		Button: a.Button, Address: a.Address, Agent: a.Agent, Locale: a.Locale, At: tx.Now,
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	receipt, err := record.Append(tx, who, record.New{Subject: subject(v.ID), Kind: "agreement.accepted", Body: body})
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into acceptance (id, person, version, sha256, username, name, org, org_name, session, button, address, agent, locale, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict (person, version) do nothing`,
		string(p.ID), string(p.Person), string(p.Version), p.SHA256, p.Username, p.Name, string(p.Org), p.OrgName, string(p.Session),
		p.Button, p.Address, p.Agent, p.Locale, string(receipt.Entry), db.Micros(tx.Now))
	if err == nil && n == 0 {
		return errTwice
	}
	return err
}

// Accepted reports whether the actor has accepted the current version. It is
// false while none is published. It is one read by index, for every request.
func (s *Service) Accepted(ctx context.Context, who access.Actor) (has bool, err error) {
	if who.Person == "" {
		return false, nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		has, err = accepted(tx, who.Person)
		return err
	})
	return has, err
}

func accepted(tx *db.Tx, person id.Person) (bool, error) {
	var n int64
	err := tx.Row(`select count(a.id) from acceptance a where a.person = $1
		and a.version = (select v.id from agreement v order by v.number desc limit 1)`, string(person)).Scan(&n)
	return n > 0, err
}

// Mine gives what the actor has accepted, the newest first.
func (s *Service) Mine(ctx context.Context, who access.Actor) (mine []Accepted, err error) {
	if who.Person == "" {
		return nil, fault.New(fault.Unauthenticated, "Please sign in first")
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		mine, err = acceptedBy(tx, who.Person)
		return err
	})
	return mine, err
}

func scanAccepted(r *sql.Rows) (Accepted, error) {
	var a Accepted
	var number, at int64
	var effective string
	err := r.Scan(&a.ID, &a.Version, &number, &a.Title, &a.SHA256, &effective, &a.Person, &a.Username, &a.Name,
		&a.Org, &a.OrgName, &a.Session, &a.Button, &a.Address, &a.Agent, &a.Locale, &a.Entry, &at)
	if err != nil {
		return Accepted{}, err
	}
	a.Number, a.At = int(number), db.Time(at)
	a.Effective, err = civil.Parse(effective)
	return a, err
}

// refusal is what the official record keeps of a refusal.
type refusal struct {
	Version id.Agreement    `json:"version"`
	Number  int             `json:"number"`
	SHA256  string          `json:"sha256"`
	Person  id.Person       `json:"person"`
	Org     id.Organization `json:"organization"`
	Session id.Session      `json:"session"`
	Address string          `json:"address"`
	At      time.Time       `json:"at"`
}

// Declined keeps in the official record that the actor declined the current
// version. Signing out is the caller's part. It changes nothing about an
// earlier acceptance.
func (s *Service) Declined(ctx context.Context, who access.Actor) error {
	err := mayAccept(who)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		v, err := current(tx)
		if err != nil {
			return err
		}
		body, err := json.Marshal(refusal{
			Version: v.ID, Number: v.Number, SHA256: v.SHA256, Person: who.Person, Org: who.Org, Session: who.Session,
			Address: clean(who.Address, maxAddress), At: tx.Now,
		})
		if err != nil {
			return err
		}
		_, err = record.Append(tx, who, record.New{Subject: subject(v.ID), Kind: "agreement.declined", Body: body})
		return err
	})
}

// clean keeps what a browser sends to one short printable line.
func clean(text string, most int) string {
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
