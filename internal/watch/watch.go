// Package watch looks after accounts that somebody else may be using, and
// after those that nobody uses (clauses 4 and 8 of the agreement). It promises:
//
//   - one press of "Someone may know my password" ends every session, makes a
//     new password come before everything else, and tells person and HelpDesk;
//   - rules that staff can read and tune suspend an account on suspicion, at
//     most once for the same evidence, and never the plan's last working
//     administrator or security officer;
//   - every suspicion is a case with its evidence in words, a reviewer, an
//     outcome and a reason, and each step is written down for good;
//   - an account that nobody uses is warned about and then suspended, on the
//     days that the plan has set;
//   - who looks for members in vain, again and again, waits longer and longer,
//     and is then refused for the day, by rows that every copy of the portal
//     sees; what was typed is nowhere, and its digests are gone after a day.
//
// A case holds no member information: counts, networks and references into the
// ledger of disclosures, where those who may read it find what was opened.
package watch

import (
	"context"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
)

// The jobs, and how often they run.
const (
	JobRules    = "watch.rules"
	JobNonUse   = "watch.nonuse"
	EveryRules  = time.Minute
	EveryNonUse = 24 * time.Hour
)

const (
	name      = "watch" // of the portal itself, in what it does here
	casesPath = "/plan/incidents/"
	theDesk   = "the HelpDesk"
)

// NonUse is after how many days without use an account is warned about and
// suspended. Zero fields are the defaults: 60, 80 and 90 days.
type NonUse struct {
	First, Second, Suspend int
}

func (n NonUse) orDefault() NonUse {
	if n.First <= 0 {
		n.First = 60
	}
	if n.Second <= 0 {
		n.Second = 80
	}
	if n.Suspend <= 0 {
		n.Suspend = 90
	}
	return n
}

// Deps is what a Service is made of. DB is required.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Zone *time.Location // in which a night is a night; nil: UTC

	HelpDesk string // its e-mail address; nothing is sent to what is not one
	Call     string // its telephone number; may be empty
	Site     string // base address of the portal, for the links of mails; empty: no links

	NonUse NonUse

	Key []byte // of the digests of typed numbers, from LoadOrMakeKey; nil: one that lasts as long as the Service
}

// Service keeps the cases and runs the rules. It may be used from many goroutines.
type Service struct {
	db     *db.DB
	log    *slog.Logger
	zone   *time.Location
	desk   string
	call   string
	site   string
	nonUse NonUse
	key    []byte
}

// New makes a Service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, log: d.Log, zone: d.Zone, desk: d.HelpDesk, call: theDesk, site: d.Site, nonUse: d.NonUse.orDefault(), key: d.Key}
	if len(s.key) == 0 {
		s.key = freshKey()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if d.Call != "" {
		s.call += " (" + d.Call + ")"
	}
	return s
}

// HandleRules does the job JobRules.
func (s *Service) HandleRules(ctx context.Context, _ job.Job) error {
	_, err := s.Run(ctx)
	return err
}

// HandleNonUse does the job JobNonUse.
func (s *Service) HandleNonUse(ctx context.Context, _ job.Job) error {
	_, err := s.Sweep(ctx)
	return err
}

// self is the portal acting by itself.
func self() access.Actor { return access.SystemActor(name) }

// tellPerson queues a mail to the person, where she has an address.
func (s *Service) tellPerson(tx *db.Tx, p account.Person, kind, subject string, text ...string) (bool, error) {
	if p.Email == "" {
		return false, nil
	}
	return s.post(tx, mail.Message{Person: p.ID, Address: p.Email, Kind: kind, Subject: subject, Text: append([]string{"Hello,"}, text...)})
}

// tellDesk queues a mail about a case to the HelpDesk.
func (s *Service) tellDesk(tx *db.Tx, c Case, subject string, text ...string) (bool, error) {
	if s.desk == "" {
		return false, nil
	}
	m := mail.Message{Address: s.desk, Kind: "incident", Subject: subject, Text: text}
	if s.site != "" {
		m.Link, m.LinkText = s.site+casesPath+string(c.ID), "Open the incident"
	}
	return s.post(tx, m)
}

// tellPrivacy queues a mail about a case to each privacy officer, and writes
// down that they were told.
func (s *Service) tellPrivacy(tx *db.Tx, c Case) error {
	officers, err := account.Holders(tx, access.PrivacyOfficer)
	if err != nil {
		return err
	}
	any := false
	for _, p := range officers {
		if p.ID == c.Person || p.Email == "" {
			continue
		}
		m := mail.Message{Person: p.ID, Address: p.Email, Kind: "incident", Subject: "Look-ups to review: " + c.Username,
			Text: []string{"Hello,", "A rule has opened an incident about how the account " + c.Username + " looks up members.", "Cause: " + string(c.Cause) + ".",
				"The evidence, and what was done about it, is on the page of the incident."}}
		if s.site != "" {
			m.Link, m.LinkText = s.site+casesPath+string(c.ID), "Open the incident"
		}
		told, err := s.post(tx, m)
		if err != nil {
			return err
		}
		any = any || told
	}
	if !any {
		return nil
	}
	return note(tx, self(), c.ID, StepPrivacy, "")
}

// post queues a mail. An address that no mail server takes must not undo what
// the mail is about: then it is only logged, and the case says that nobody was told.
func (s *Service) post(tx *db.Tx, m mail.Message) (bool, error) {
	err := mail.Queue(tx, m)
	if fault.Is(err, fault.Invalid) {
		s.log.WarnContext(tx.Context(), "mail not queued: the address or text cannot be sent", slog.String("about", m.Kind), slog.String("person", string(m.Person)))
		return false, nil
	}
	return err == nil, err
}

// eventID and changeID name rows of watch_event and watch_change.
type (
	eventID  string
	changeID string
)

// note writes one step of a case. Steps of one transaction have one time:
// their place keeps them in order.
func note(tx *db.Tx, by access.Actor, c ID, kind StepKind, reason string) error {
	return tx.Later(`insert into watch_event (id, case_id, kind, person, name, reason, at_us, place)
		values ($1, $2, $3, $4, $5, $6, $7, (select count(*) from watch_event where case_id = $8))`,
		string(id.New[eventID](tx.Now)), string(c), string(kind), string(by.Person), by.Name, reason, db.Micros(tx.Now), string(c))
}
