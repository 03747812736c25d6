// Package agreement keeps the user agreement: its versions, who accepted
// which, and the answer to "may this person go on?". It promises that
//
//   - a version never changes once it is published, and its SHA-256 is that of
//     the exact bytes that people are shown (E-03, E-04);
//   - an acceptance is of the current version and of those bytes, or it is
//     refused; it is an entry of the official record and is never changed;
//   - whoever has not accepted the current version is told apart from who has
//     by one indexed read, so that the gate can stand before everything;
//   - what is published is what was previewed, once, and says something new
//     (E-01, E-02); the working draft never loses an editor's words to
//     another's.
//
// The shipped text is ours and covers the nine clauses of product.md.
package agreement

import (
	"context"
	"database/sql"
	_ "embed" // the shipped text
	"encoding/json"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

//go:embed agreement.md
var shipped string

// ShippedTitle is the title of the text that comes with the portal.
const ShippedTitle = "HSConnect User Agreement"

// Deps is what a Service is made of. DB is required.
type Deps struct {
	DB     *db.DB
	Fields Fields
	Zone   *time.Location // of the day a version takes effect; nil: UTC
}

// Service keeps the agreement. It may be used from many goroutines.
type Service struct {
	db     *db.DB
	fields Fields
	zone   *time.Location
}

// New makes a Service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, fields: d.Fields, zone: d.Zone}
	if s.zone == nil {
		s.zone = time.UTC
	}
	return s
}

// Version is one published text.
type Version struct {
	ID          id.Agreement
	Number      int // 1, 2, 3 …; the highest is the current one
	Title       string
	Markdown    string // with the fields filled in
	HTML        string // what is shown; headings start at h2, no raw HTML
	SHA256      string // of HTML, in hex
	Effective   civil.Date
	PublishedAt time.Time
}

// Draft is a text to publish.
type Draft struct {
	Title     string
	Markdown  string     // with the fields as {{plan}}, {{effective}} …
	Effective civil.Date // zero: the day it is published
}

// published is what the official record keeps of a version.
type published struct {
	ID        id.Agreement `json:"id"`
	Number    int          `json:"number"`
	Title     string       `json:"title"`
	Markdown  string       `json:"markdown"`
	HTML      string       `json:"html"`
	SHA256    string       `json:"sha256"`
	Effective string       `json:"effective"`
}

const versionColumns = "v.id, v.number, v.title, v.markdown, v.html, v.sha256, v.effective, v.at_us"

// EnsurePublished publishes the shipped text if nothing has been published
// yet. Otherwise it does nothing: what people accepted is never replaced by
// an upgrade. It gives the current version.
func (s *Service) EnsurePublished(ctx context.Context, who access.Actor) (v Version, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		v, err = current(tx)
		if err == nil || !fault.Is(err, fault.Unavailable) {
			return err
		}
		v, err = s.publish(tx, who, Draft{Title: ShippedTitle, Markdown: shipped})
		return err
	})
	return v, err
}

// Publish makes a new version, which everybody is asked to accept at their
// next step.
func (s *Service) Publish(ctx context.Context, who access.Actor, d Draft) (v Version, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		v, err = s.publish(tx, who, d)
		return err
	})
	return v, err
}

func (s *Service) publish(tx *db.Tx, who access.Actor, d Draft) (Version, error) {
	err := who.May(access.PublishAgreement)
	if err != nil {
		return Version{}, err
	}
	v, err := s.compose(d, civil.Of(tx.Now, s.zone))
	if err != nil {
		return Version{}, err
	}
	var last int64
	err = tx.Row("select coalesce(max(number), 0) from agreement").Scan(&last)
	if err != nil {
		return Version{}, err
	}
	v.ID, v.Number, v.PublishedAt = id.New[id.Agreement](tx.Now), int(last)+1, tx.Now
	body, err := json.Marshal(published{
		ID: v.ID, Number: v.Number, Title: v.Title, Markdown: v.Markdown, HTML: v.HTML, SHA256: v.SHA256, Effective: v.Effective.String(),
	})
	if err != nil {
		return Version{}, err
	}
	entry, err := record.Append(tx, who, record.New{Subject: subject(v.ID), Kind: "agreement.published", Body: body})
	if err != nil {
		return Version{}, err
	}
	n, err := tx.Exec(`insert into agreement (id, number, title, markdown, html, sha256, effective, person, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (number) do nothing`,
		string(v.ID), int64(v.Number), v.Title, v.Markdown, v.HTML, v.SHA256, v.Effective.String(), string(who.Person), string(entry.Entry), db.Micros(tx.Now))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "Somebody else published a version of the agreement just now. Read it, then publish yours if it is still needed")
	}
	return v, err
}

func subject(version id.Agreement) string { return "agreement/" + string(version) }

// Current gives the version that has to be accepted. Before any is published
// it is fault.Unavailable: nobody gets in.
func (s *Service) Current(ctx context.Context) (v Version, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		v, err = current(tx)
		return err
	})
	return v, err
}

func current(tx *db.Tx) (Version, error) {
	v, err := scanVersion(tx.Row("select " + versionColumns + " from agreement v order by v.number desc limit 1"))
	if db.NoRows(err) {
		return Version{}, fault.New(fault.Unavailable, "The portal is not open yet: no user agreement has been published")
	}
	return v, err
}

// ByNumber gives a version, current or not, exactly as it was shown.
func (s *Service) ByNumber(ctx context.Context, number int) (v Version, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		v, err = scanVersion(tx.Row("select "+versionColumns+" from agreement v where v.number = $1", int64(number)))
		if db.NoRows(err) {
			return fault.New(fault.NotFound, "There is no such version of the agreement")
		}
		return err
	})
	return v, err
}

// row is a row of a query, whether alone or of many.
type row interface{ Scan(targets ...any) error }

func scanVersion(r row) (Version, error) {
	var v Version
	var number, at int64
	var effective string
	err := r.Scan(&v.ID, &number, &v.Title, &v.Markdown, &v.HTML, &v.SHA256, &effective, &at)
	if err != nil {
		return Version{}, err
	}
	v.Number, v.PublishedAt = int(number), db.Time(at)
	v.Effective, err = civil.Parse(effective)
	return v, err
}

// Versions gives every version, the newest first.
func (s *Service) Versions(ctx context.Context) (all []Version, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(func(r *sql.Rows) (Version, error) { return scanVersion(r) })(
			tx.Rows("select " + versionColumns + " from agreement v order by v.number desc"))
		return err
	})
	return all, err
}
