// Package agreement keeps the versions of the user agreement and who accepted
// which. It promises that an acceptance can be proved: it names the person,
// the version and the SHA-256 of the exact text that was shown, with time,
// address, browser, session and the words of the button (E-03, 15 USC
// 7001), and is an entry of the official record that nothing changes.
package agreement

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the shipped text
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/yuin/goldmark"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

//go:embed agreement.md
var shipped string

// Version is one text of the agreement.
type Version struct {
	ID          id.Agreement
	Number      int // from 1
	Title       string
	Markdown    string // the exact text
	HTML        string // made from it; headings from h2 on, no raw HTML
	SHA256      string // of Markdown, in hex
	Effective   civil.Date
	PublishedAt time.Time
}

// Acceptance is what somebody agreed to, and how.
type Acceptance struct {
	Version id.Agreement
	SHA256  string // of the text that was shown
	Button  string // its words
	Address string
	Agent   string
	Locale  string
}

// Accepted is an acceptance as its person sees it.
type Accepted struct {
	ID      id.Acceptance
	Version id.Agreement
	Number  int
	SHA256  string
	At      time.Time
}

// Fields are what the shipped text says of the plan.
type Fields struct {
	Plan            string
	HelpDeskAddress string
	HelpDeskPhone   string
	HelpDeskEmail   string
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Fields Fields
	Zone   *time.Location // the plan's: versions take effect with its days
}

// Service does what this package promises.
type Service struct {
	db     *db.DB
	fields Fields
	zone   *time.Location
}

// New makes the service. Every field must be filled.
func New(d Deps) (*Service, error) {
	for _, f := range []string{d.Fields.Plan, d.Fields.HelpDeskAddress, d.Fields.HelpDeskPhone, d.Fields.HelpDeskEmail} {
		if strings.TrimSpace(f) == "" {
			return nil, fault.New(fault.Invalid, "The agreement needs the plan's name and the HelpDesk's address, telephone and e-mail")
		}
	}
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	return &Service{db: d.DB, fields: d.Fields, zone: d.Zone}, nil
}

// title is what every version is called.
const title = "User agreement"

// text fills the shipped text in.
func (s *Service) text(effective civil.Date) string {
	f := s.fields
	return strings.NewReplacer(
		"{{plan}}", plain(f.Plan), "{{effective}}", effective.Long(),
		"{{helpdesk}}", plain(f.HelpDeskAddress)+"; telephone "+plain(f.HelpDeskPhone)+"; e-mail "+plain(f.HelpDeskEmail),
	).Replace(shipped)
}

// plain keeps a field from being read as Markdown.
func plain(field string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(field), " ") {
		if strings.ContainsRune("\\`*_{}[]<>()#!|&~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// EnsurePublished publishes the shipped text if no version is in force yet. A
// later change of the shipped text or its fields does not publish by itself:
// staff do, since publishing asks everybody again.
func (s *Service) EnsurePublished(ctx context.Context, who access.Actor) error {
	_, err := s.Current(ctx)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := current(tx)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		today := civil.Of(tx.Now, s.zone)
		return publish(tx, who, s.text(today), today)
	})
}

// Publish makes text the version in force. Everybody is asked again at their
// next step.
func (s *Service) Publish(ctx context.Context, who access.Actor, text string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error { return publish(tx, who, text, civil.Of(tx.Now, s.zone)) })
}

func publish(tx *db.Tx, who access.Actor, text string, effective civil.Date) error {
	err := who.May(access.PublishAgreement)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" || len(text) > 200_000 {
		return fault.Bad(fault.Problem{Path: "text", Text: "Write the agreement's text, at most 200,000 characters"})
	}
	var last int64
	err = tx.Row("select coalesce(max(number), 0) from agreement").Scan(&last)
	if err != nil {
		return err
	}
	v := Version{ID: id.New[id.Agreement](tx.Now), Number: int(last) + 1, SHA256: digest(text)}
	body, err := json.Marshal(map[string]any{"agreement": v.ID, "number": v.Number, "title": title, "text": text, "sha256": v.SHA256, "effective": effective})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "agreement/" + string(v.ID), Kind: "agreement.published", Body: body})
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into agreement (id, number, title, markdown, sha256, effective_on, person, person_name, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(v.ID), int64(v.Number), title, text, v.SHA256, effective.String(), string(who.Person), who.Name, string(kept.Entry), db.Micros(tx.Now))
	return err
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

const versionColumns = "id, number, title, markdown, sha256, effective_on, at_us"

var errNone = fault.New(fault.NotFound, "There is no such version of the agreement")

func scanVersion(scan func(...any) error) (Version, error) {
	var v Version
	var effective string
	var at int64
	err := scan(&v.ID, &v.Number, &v.Title, &v.Markdown, &v.SHA256, &effective, &at)
	if db.NoRows(err) {
		return Version{}, errNone
	}
	if err != nil {
		return Version{}, err
	}
	v.PublishedAt = db.Time(at)
	v.Effective, err = civil.Parse(effective)
	return v, err
}

func current(tx *db.Tx) (Version, error) {
	return scanVersion(tx.Row("select " + versionColumns + " from agreement order by number desc limit 1").Scan)
}

// Current gives the version in force.
func (s *Service) Current(ctx context.Context) (Version, error) {
	return s.read(ctx, current)
}

// ByNumber gives any version, for whoever accepted it.
func (s *Service) ByNumber(ctx context.Context, number int) (Version, error) {
	return s.read(ctx, func(tx *db.Tx) (Version, error) {
		return scanVersion(tx.Row("select "+versionColumns+" from agreement where number = $1", int64(number)).Scan)
	})
}

func (s *Service) read(ctx context.Context, find func(*db.Tx) (Version, error)) (Version, error) {
	var v Version
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		v, err = find(tx)
		return err
	})
	if err != nil {
		return Version{}, err
	}
	var html bytes.Buffer
	err = goldmark.New().Convert([]byte(v.Markdown), &html) // raw HTML is left out unless asked for
	v.HTML = html.String()
	return v, err
}

// Accepted reports whether who has accepted the version in force.
func (s *Service) Accepted(ctx context.Context, who access.Actor) (bool, error) {
	var n int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`select count(*) from acceptance where person = $1
			and agreement = (select id from agreement order by number desc limit 1)`, string(who.Person)).Scan(&n)
	})
	return n > 0, err
}

// Accept keeps that who agreed to the version in force, exactly as shown.
// Accepting twice is one acceptance. Another version, or another text than
// the version's, is a Conflict: it must be shown and asked again.
func (s *Service) Accept(ctx context.Context, who access.Actor, a Acceptance) error {
	if who.Person == "" || who.Session == "" {
		return fault.New(fault.Unauthenticated, "Sign in first")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		v, err := current(tx)
		if err != nil {
			return err
		}
		if a.Version != v.ID || a.SHA256 != v.SHA256 {
			return fault.New(fault.Conflict, "A newer version of the agreement was published while you read. Please read and accept that one")
		}
		var have int64
		err = tx.Row("select count(*) from acceptance where person = $1 and agreement = $2", string(who.Person), string(v.ID)).Scan(&have)
		if err != nil || have > 0 {
			return err
		}
		return keep(tx, who, v, a)
	})
}

func keep(tx *db.Tx, who access.Actor, v Version, a Acceptance) error {
	acceptance := id.New[id.Acceptance](tx.Now)
	body, err := json.Marshal(map[string]any{"acceptance": acceptance, "agreement": v.ID, "number": v.Number, "sha256": v.SHA256, "person": who.Person,
		"username": who.Username, "name": who.Name, "organization": who.OrgName, "button": a.Button, "address": a.Address, "agent": a.Agent,
		"locale": a.Locale, "session": who.Session})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "agreement/" + string(v.ID), Kind: "agreement.accepted", Body: body})
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into acceptance (id, person, agreement, username, name, org, org_name, sha256, button, address, agent, locale, session, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(acceptance), string(who.Person), string(v.ID), who.Username, who.Name, string(who.Org), who.OrgName, v.SHA256, a.Button, a.Address, a.Agent,
		a.Locale, string(who.Session), string(kept.Entry), db.Micros(tx.Now))
	return err
}

// Declined keeps that who did not agree.
func (s *Service) Declined(ctx context.Context, who access.Actor) error {
	if who.Person == "" {
		return fault.New(fault.Unauthenticated, "Sign in first")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		v, err := current(tx)
		if err != nil {
			return err
		}
		body, err := json.Marshal(map[string]any{"agreement": v.ID, "number": v.Number, "person": who.Person})
		if err != nil {
			return err
		}
		_, err = record.Append(tx, who, record.New{Subject: "agreement/" + string(v.ID), Kind: "agreement.declined", Body: body})
		return err
	})
}
