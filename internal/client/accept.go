package client

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/agreement"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// proof is what the official record keeps of an acceptance for a program (E-03).
type proof struct {
	ID         id.Acceptance   `json:"id"`
	Version    id.Agreement    `json:"version"`
	Number     int             `json:"number"`
	SHA256     string          `json:"sha256"`
	Client     ID              `json:"client"`
	ClientName string          `json:"client_name"`
	Person     id.Person       `json:"person"` // the administrator who accepted for it
	Username   string          `json:"username"`
	Name       string          `json:"name"`
	Org        id.Organization `json:"organization"`
	OrgName    string          `json:"organization_name"`
	Session    id.Session      `json:"session"`
	Button     string          `json:"button"`
	Address    string          `json:"address"`
	Agent      string          `json:"agent"`
	Locale     string          `json:"locale"`
	At         time.Time       `json:"at"`
}

// Accept keeps that a local administrator accepts the current agreement, as
// it was shown to her, for a program of her organization. It is
// fault.Conflict when that version is no longer current or its bytes were
// others; a second acceptance of the same version is the first one.
func (s *Service) Accept(ctx context.Context, who access.Actor, c ID, a agreement.Acceptance) error {
	v, err := s.agreements.Current(ctx)
	if err != nil {
		return err
	}
	a.Button, a.Address, a.Agent, a.Locale = clean(a.Button, 60), clean(a.Address, 64), clean(a.Agent, 300), clean(a.Locale, 35)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		who, r, err := own(tx, who, c)
		switch {
		case err != nil:
			return err
		case r.State != Active:
			return errState(r.State)
		case a.Button == "":
			return fault.New(fault.Invalid, "Press the button to accept")
		case a.Version != v.ID:
			return fault.New(fault.Conflict, "A newer version of the agreement has been published. Please read and accept that one")
		case a.SHA256 != v.SHA256:
			return fault.New(fault.Conflict, "The text you accepted is not the text that was published. Please load the page again and read it")
		}
		has, err := hasAccepted(tx, c, v.ID)
		if err != nil || has {
			return err
		}
		return keep(tx, who, r, v, a)
	})
}

func hasAccepted(tx *db.Tx, c ID, version id.Agreement) (bool, error) {
	var n int64
	err := tx.Row("select count(a.id) from client_acceptance a where a.client = $1 and a.version = $2", string(c), string(version)).Scan(&n)
	return n > 0, err
}

func keep(tx *db.Tx, who access.Actor, r row, v agreement.Version, a agreement.Acceptance) error {
	p := proof{
		ID: id.New[id.Acceptance](tx.Now), Version: v.ID, Number: v.Number, SHA256: v.SHA256, Client: r.ID, ClientName: r.Name,
		Person: who.Person, Username: who.Username, Name: who.Name, Org: who.Org, OrgName: who.OrgName, Session: who.Session,
		Button: a.Button, Address: a.Address, Agent: a.Agent, Locale: a.Locale, At: tx.Now,
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	receipt, err := record.Append(tx, who, record.New{Subject: "agreement/" + string(v.ID), Kind: "agreement.accepted", Body: body})
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into client_acceptance (id, client, version, sha256, client_name, person, username, name, org, org_name, session, button, address, agent, locale, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		string(p.ID), string(p.Client), string(p.Version), p.SHA256, p.ClientName, string(p.Person), p.Username, p.Name, string(p.Org), p.OrgName, string(p.Session),
		p.Button, p.Address, p.Agent, p.Locale, string(receipt.Entry), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	return event{kind: "agreement accepted", client: r.ID, org: r.Org, reason: string(v.ID)}.write(tx, who)
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
	return string(runes[:min(len(runes), most)])
}
