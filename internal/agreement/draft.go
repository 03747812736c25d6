package agreement

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Working is the next text while it is being written: there is one for the
// whole plan. It may be saved unfinished.
type Working struct {
	Draft
	Version int64 // counts the saves; 0 while nothing was saved
	By      id.Person
	ByName  string
	At      time.Time // of the last save
}

// Preview is what publishing the working draft now would make.
type Preview struct {
	Version       // without ID and PublishedAt; Number is the next one
	Draft   int64 // the version of the working draft
	Changed bool  // it says something else than the last published version
}

// Shipped is the text that comes with this release, as a draft to start from.
// After an upgrade it may be newer than what was published.
func Shipped() Draft { return Draft{Title: ShippedTitle, Markdown: shipped} }

// Field is one of the plan's own facts that a text names as {{name}}.
type Field struct {
	Name  string
	Value string // empty for the day on which the text takes effect
}

// Fields gives the fields that every text has to contain, as they are
// configured now.
func (s *Service) Fields() []Field {
	values := s.fields.values(civil.Date{Y: 1, M: 1, D: 1})
	values["effective"] = ""
	out := make([]Field, 0, len(values))
	for _, name := range names() {
		out = append(out, Field{Name: name, Value: values[name]})
	}
	return out
}

// Draft gives the working draft: the shipped text while nothing was saved.
func (s *Service) Draft(ctx context.Context, who access.Actor) (w Working, err error) {
	err = who.May(access.PublishAgreement)
	if err != nil {
		return Working{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		w, err = working(tx)
		return err
	})
	return w, err
}

func working(tx *db.Tx) (Working, error) {
	var w Working
	var effective string
	var at int64
	err := tx.Row("select d.version, d.title, d.markdown, d.effective, d.person, d.name, d.at_us from agreement_draft d where d.one = 1").
		Scan(&w.Version, &w.Title, &w.Markdown, &effective, &w.By, &w.ByName, &at)
	if db.NoRows(err) {
		return Working{Draft: Shipped()}, nil
	}
	if err != nil {
		return Working{}, err
	}
	w.At = db.Time(at)
	if effective != "" {
		w.Effective, err = civil.Parse(effective)
	}
	return w, err
}

// SaveDraft keeps the working draft as it is, finished or not. Version is the
// one that was read: it is fault.Conflict when somebody else has saved since.
// A text that cannot be kept is fault.Invalid.
func (s *Service) SaveDraft(ctx context.Context, who access.Actor, version int64, d Draft) (w Working, err error) {
	err = who.May(access.PublishAgreement)
	if err != nil {
		return Working{}, err
	}
	d.Title, d.Markdown = strings.TrimSpace(norm.NFC.String(d.Title)), norm.NFC.String(strings.ReplaceAll(d.Markdown, "\r\n", "\n"))
	bad := checkKept(d)
	if len(bad) > 0 {
		return Working{}, fault.Bad(bad...)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		w = Working{Draft: d, Version: version + 1, By: who.Person, ByName: who.Name, At: tx.Now}
		return keepDraft(tx, w)
	})
	return w, err
}

// checkKept says what keeps a draft from being saved.
func checkKept(d Draft) (bad []fault.Problem) {
	if !oneLine(d.Title, maxTitle) {
		bad = append(bad, fault.Problem{Path: "title", Text: textTitle})
	}
	switch {
	case len(d.Markdown) > maxMarkdown:
		bad = append(bad, fault.Problem{Path: "markdown", Text: textLong})
	case !utf8.ValidString(d.Markdown) || strings.ContainsRune(d.Markdown, 0):
		bad = append(bad, fault.Problem{Path: "markdown", Text: textBytes})
	}
	return bad
}

// keepDraft writes the draft as the version after the one that is there.
func keepDraft(tx *db.Tx, w Working) error {
	effective := ""
	if !w.Effective.IsZero() {
		effective = w.Effective.String()
	}
	values := []any{w.Version, w.Title, w.Markdown, effective, string(w.By), w.ByName, db.Micros(w.At)}
	var n int64
	var err error
	if w.Version == 1 {
		n, err = tx.Exec(`insert into agreement_draft (one, version, title, markdown, effective, person, name, at_us)
			values (1, $1, $2, $3, $4, $5, $6, $7) on conflict (one) do nothing`, values...)
	} else {
		n, err = tx.Exec(`update agreement_draft set version = $1, title = $2, markdown = $3, effective = $4, person = $5, name = $6, at_us = $7
			where one = 1 and version = $8`, append(values, w.Version-1)...)
	}
	if err == nil && n == 0 {
		return errDraftChanged()
	}
	return err
}

func errDraftChanged() error {
	return fault.New(fault.Conflict, "Somebody else has saved the draft since you opened it. Nothing of theirs was overwritten: compare, then save again")
}

// Preview composes the working draft exactly as people would be shown it. It
// is fault.Invalid, with everything that is wrong, while the draft cannot be
// published.
func (s *Service) Preview(ctx context.Context, who access.Actor) (p Preview, err error) {
	err = who.May(access.PublishAgreement)
	if err != nil {
		return Preview{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		w, err := working(tx)
		if err != nil {
			return err
		}
		p, err = s.preview(tx, w)
		return err
	})
	return p, err
}

func (s *Service) preview(tx *db.Tx, w Working) (Preview, error) {
	today := civil.Of(tx.Now, s.zone)
	v, err := s.compose(w.Draft, today)
	bad := fault.Problems(err)
	if err != nil && len(bad) == 0 {
		return Preview{}, err
	}
	if !w.Effective.IsZero() && w.Effective.Before(today) {
		bad = append(bad, fault.Problem{Path: "effective", Text: "Is in the past. Choose today or a later day, or leave it empty for the day of publishing"})
	}
	if len(bad) > 0 {
		return Preview{}, fault.Bad(bad...)
	}
	p := Preview{Version: v, Draft: w.Version, Changed: true}
	last, err := current(tx)
	switch {
	case fault.Is(err, fault.Unavailable): // the first of all
		p.Number = 1
		return p, nil
	case err != nil:
		return Preview{}, err
	}
	p.Number = last.Number + 1
	p.Changed, err = s.says(w.Draft, last)
	return p, err
}

// says reports whether a draft says something else than the last version,
// whatever the days on which they take effect.
func (s *Service) says(d Draft, last Version) (other bool, err error) {
	d.Effective = last.Effective
	same, err := s.compose(d, last.Effective)
	return same.HTML != last.HTML || same.Title != last.Title, err
}

// PublishDraft publishes the working draft, which everybody is asked to
// accept at their next step. Version and sha256 are those of the
// Preview that was read: it is fault.Conflict when either has changed since,
// and fault.Invalid when the draft cannot be published or says nothing new.
// The draft stays, as the start of the next one.
func (s *Service) PublishDraft(ctx context.Context, who access.Actor, version int64, sha256 string) (v Version, err error) {
	err = who.May(access.PublishAgreement)
	if err != nil {
		return Version{}, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		w, err := working(tx)
		if err != nil {
			return err
		}
		if w.Version != version {
			return errDraftChanged()
		}
		p, err := s.preview(tx, w)
		switch {
		case err != nil:
			return err
		case !p.Changed:
			return fault.New(fault.Invalid, "The draft says the same as the published version. Change it first: publishing asks everybody again")
		case p.SHA256 != sha256:
			return fault.New(fault.Conflict, "What would be published is no longer what you were shown. Read the preview again, then publish")
		}
		v, err = s.publish(tx, who, w.Draft)
		if err != nil {
			return err
		}
		w.Effective = civil.Date{} // the next one takes effect on another day
		w.Version, w.By, w.ByName, w.At = w.Version+1, who.Person, who.Name, tx.Now
		return keepDraft(tx, w)
	})
	return v, err
}
