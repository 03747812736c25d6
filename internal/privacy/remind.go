package privacy

import (
	"context"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
)

// The job that sends word of what is late or soon due.
const (
	JobRemind   = "privacy.remind"
	EveryRemind = time.Hour
)

// remindBefore is how long before its limit word of a request goes out.
const remindBefore = 7 * 24 * time.Hour

// HandleRemind does the job.
func (s *Service) HandleRemind(ctx context.Context, _ job.Job) error {
	_, err := s.Remind(ctx)
	return err
}

// word is one mail that is due: what it is about names it for ever.
type word struct{ about, kind, subject, text, link, linkText string }

// Remind sends the privacy officers word of each request that is due within
// seven days, and of a week's sign-off that is overdue: each once. It gives how
// many things were told.
func (s *Service) Remind(ctx context.Context) (told int, err error) {
	var words []word
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		words, err = s.words(tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, w := range words {
		fresh := false
		err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
			fresh, err = s.send(tx, w)
			return err
		})
		if err != nil {
			return told, err
		}
		if fresh {
			told++
			s.Log.InfoContext(ctx, "privacy officers told", slog.String("about", w.kind))
		}
	}
	return told, nil
}

func (s *Service) words(tx *db.Tx) ([]word, error) {
	all, err := casesIn(tx, true)
	if err != nil {
		return nil, err
	}
	var out []word
	for _, c := range all {
		if tx.Now.Before(c.Limit.Add(-remindBefore)) {
			continue
		}
		out = append(out, word{"due/" + string(c.ID) + "/" + c.Limit.Format(time.DateOnly), "privacy request due", "A request under the privacy rule is due",
			"A member's request is due on " + c.Limit.In(s.Zone).Format("Monday, January 2") + ".", "/plan/privacy/requests/" + string(c.ID), "Open the request"})
	}
	d, err := s.nextSignOff(tx)
	if err == nil && d != nil && d.Overdue {
		out = append(out, word{"signoff/" + d.Monday.String(), "weekly review overdue", "The weekly privacy review is overdue",
			"The review of the week of " + d.Monday.Long() + " is not signed off.", "/plan/privacy", "Open the desk"})
	}
	return out, err
}

func (s *Service) nextSignOff(tx *db.Tx) (*Week, error) {
	last, err := db.Collect(scanSignOff)(tx.Rows("select week, reviewed, remaining, own, note, name, at_us from privacy_signoff order by week desc limit 1"))
	if err != nil {
		return nil, err
	}
	return s.nextWeek(tx, last)
}

// send queues a word for every privacy officer with an address, unless it was
// sent before.
func (s *Service) send(tx *db.Tx, w word) (bool, error) {
	n, err := tx.Exec("insert into privacy_reminder (about, at_us) values ($1, $2) on conflict (about) do nothing", w.about, db.Micros(tx.Now))
	if err != nil || n == 0 {
		return false, err
	}
	officers, err := account.Holders(tx, access.PrivacyOfficer)
	if err != nil {
		return false, err
	}
	for _, p := range officers {
		if p.Email == "" {
			continue
		}
		err = mail.Queue(tx, mail.Message{Person: p.ID, Address: p.Email, Kind: w.kind, Subject: w.subject, Text: []string{w.text}, Link: s.Site + w.link, LinkText: w.linkText})
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
