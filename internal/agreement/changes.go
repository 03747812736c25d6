package agreement

import (
	"context"
	"strings"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

// Changes is what the working draft changes in the last published version.
// Both texts have their fields filled in.
type Changes struct {
	Against      int // number of the published version; 0 when there is none
	TitleWas     string
	Title        string
	EffectiveWas civil.Date
	Effective    civil.Date
	Rows         []DiffRow // long runs of unchanged lines are left out
}

// Any reports whether there is a change in title or text.
func (c Changes) Any() bool {
	if c.Title != c.TitleWas {
		return true
	}
	for _, r := range c.Rows {
		if r.Kind != DiffSame && r.Kind != DiffSkipped {
			return true
		}
	}
	return false
}

// Diff compares the working draft with the last published version, finished
// or not.
func (s *Service) Diff(ctx context.Context, who access.Actor) (c Changes, err error) {
	err = who.May(access.PublishAgreement)
	if err != nil {
		return Changes{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		w, err := working(tx)
		if err != nil {
			return err
		}
		last, err := current(tx)
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		c = s.changes(w.Draft, last, civil.Of(tx.Now, s.zone))
		return nil
	})
	return c, err
}

func (s *Service) changes(d Draft, last Version, today civil.Date) Changes {
	c := Changes{Against: last.Number, TitleWas: last.Title, Title: d.Title, EffectiveWas: last.Effective, Effective: d.Effective}
	if c.Effective.IsZero() {
		c.Effective = today
	}
	text := norm.NFC.String(strings.ReplaceAll(fill(d.Markdown, s.fields.values(c.Effective)), "\r\n", "\n"))
	c.Rows = Compare(last.Markdown, text)
	return c
}
