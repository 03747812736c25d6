package admission

import (
	"context"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
)

// The jobs of this package and how often they run.
const (
	JobNotices   = "admission.notices"
	NoticesEvery = 15 * time.Minute
	JobReviews   = "admission.reviews"
	ReviewsEvery = 24 * time.Hour
)

const (
	// settled is how old an event must be to be read: younger ones may still
	// be followed by one that was begun earlier and is committed later.
	settled = 2 * time.Minute

	eventsAtOnce = 500
)

// Notices tells organizations' administrators whose access has ended or was
// suspended since it ran last (N-07), and ends registrations that lapsed. An
// event is told once: the place in the events moves in the transaction that
// queues the mails.
func (s *Service) Notices(ctx context.Context, _ job.Job) error {
	who := access.SystemActor("admission")
	err := s.DB.Update(ctx, func(tx *db.Tx) error { return lapse(tx, who) })
	if err != nil {
		return err
	}
	for more := true; more; {
		err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
			more, err = s.noticesIn(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) noticesIn(tx *db.Tx) (more bool, err error) {
	var after string
	err = tx.Row("select after from admission_cursor where name = $1"+tx.Lock(), JobNotices).Scan(&after)
	if err != nil && !db.NoRows(err) {
		return false, err
	}
	ends, next, err := account.Endings(tx, after, tx.Now.Add(-settled), eventsAtOnce)
	if err != nil || next == after {
		return false, err
	}
	_, err = tx.Exec(`insert into admission_cursor (name, after) values ($1, $2) on conflict (name) do update set after = excluded.after`, JobNotices, next)
	if err != nil {
		return false, err
	}
	byOrg := map[id.Organization][]account.Ending{}
	var orgs []id.Organization
	for _, e := range ends {
		if byOrg[e.Org] == nil {
			orgs = append(orgs, e.Org)
		}
		byOrg[e.Org] = append(byOrg[e.Org], e)
	}
	for _, org := range orgs {
		err = s.tellEndings(tx, org, byOrg[org])
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// tellEndings sends one mail about all that ended in an organization. It says
// whose access it was and why in general; the words of the reason, in which
// somebody may have written anything, stay on the portal.
func (s *Service) tellEndings(tx *db.Tx, org id.Organization, ends []account.Ending) error {
	const most = 50
	lines := make([]string, 0, len(ends)+2)
	for i, e := range ends {
		if i == most {
			lines = append(lines, "And more: the list of your people has them all.")
			break
		}
		what := "was suspended"
		if e.Closed {
			what = "has ended"
		}
		line := "The access of " + plain(e.Name) + " " + what + " on " + e.At.In(s.Zone).Format("Jan 2, 2006, 3:04 PM MST") + ". " + causeWords(e.Cause) + "."
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return s.tellAdministrators(tx, org, "end of access", "Somebody's access has ended", lines, "/office")
}

func causeWords(c account.Cause) string {
	switch c {
	case account.ByStaff:
		return "Staff of the plan did it"
	case account.OnSuspicion:
		return "Somebody else may have been using it; the HelpDesk knows more"
	case account.OfNonUse:
		return "It had not been used for a long time; you can open it again"
	case account.InReview:
		return "It was not kept in the access review; what was only suspended you can open again"
	case account.OwnWish:
		return "It was the person's own wish"
	case account.OfficeClosed:
		return "The organization's access has ended"
	case byAdministrator:
		return "A local administrator did it"
	}
	return "The portal says why"
}

// tellAdministrators sends the same mail to every local administrator who can
// act. None of them may be reachable; then provider relations' list says so.
func (s *Service) tellAdministrators(tx *db.Tx, org id.Organization, kind, subject string, text []string, page string) error {
	admins, err := account.Administrators(tx, org)
	if err != nil {
		return err
	}
	for _, a := range admins {
		if a.Email == "" {
			continue
		}
		m := mail.Message{Person: a.Person, Address: a.Email, Kind: kind, Subject: subject, Text: append([]string{"Hello " + plain(a.Name) + ","}, text...)}
		if s.Link != nil {
			m.Link, m.LinkText = s.Link(page), "Look at your office's people"
		}
		err = mail.Queue(tx, m)
		if fault.Is(err, fault.Invalid) {
			s.Log.Warn("an administrator's address takes no mail", "person", string(a.Person))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellOffice tells what becomes of an organization; %s in text is its name.
func (s *Service) tellOffice(tx *db.Tx, org id.Organization, text []string) error {
	team, err := account.Team(tx, org)
	if err != nil || len(team) == 0 {
		return err
	}
	lines := make([]string, len(text))
	for i, t := range text {
		lines[i] = strings.ReplaceAll(t, "%s", plain(team[0].OrgName))
	}
	return s.tellAdministrators(tx, org, "organization", "About your organization's access", append(lines, "Questions? The plan's provider relations answer them."), "/office")
}
