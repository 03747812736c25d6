// Package mail sends the portal's own messages to people's mailboxes. A
// message is queued in the transaction that makes it necessary and leaves
// later, by a job.
//
// It promises:
//
//   - A message leaves only if the transaction that queued it was kept, and is
//     tried for about a day while the mail server is away or asks to wait.
//   - Every try of one message is the same bytes with the same Message-ID, so
//     that a mailbox can tell a repetition.
//   - What became of it stays in a row that nobody can change: who, what kind,
//     the domain of the address, the outcome, when.
//   - Neither address nor link, nor what a mail server says about them, comes
//     into the log or into the reason that an operator reads.
//
// A message holds no member information, no names of members and no secret
// but its one link. The package cannot know: whoever queues a message answers
// for its words.
package mail

import (
	"context"
	"html/template"
	"log/slog"
	netmail "net/mail"
	"strings"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

// Job is the kind of the jobs that send; Service.Handle does them.
const Job = "mail.send"

// tries is about twenty hours of trying.
const tries = 30

// What became of a message, as the trace keeps it.
const (
	Sent    = "sent"     // the mail server took it
	Refused = "refused"  // the mail server will never take it
	GivenUp = "given up" // the last try failed as those before it
)

// Message is what one person is told. The texts are ours, in plain words.
type Message struct {
	Person   id.Person // whom it is for; "" for somebody without an account
	Address  string    // anna@example.org, without a name
	Kind     string    // "invitation", "password reset": lower-case words, kept in the trace
	Subject  string
	Text     []string // paragraphs
	Link     string   // http or https; "" for none
	LinkText string   // what the link does; needed with a link
	By       string   // who asks for it, a username; "" is the portal itself
}

// Queue asks, in the caller's transaction, for the message to be sent. It
// answers Invalid, with a problem for each field, for an address that is none
// and for line breaks and other control characters anywhere.
func Queue(tx *db.Tx, m Message) error {
	problems := m.problems()
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	by := m.By
	if by == "" {
		by = "portal"
	}
	_, err := job.Enqueue(tx, Job, m, job.Options{MaxTries: tries, By: by})
	return err
}

// Sender hands one finished message (RFC 5322) to whatever carries it on. It
// answers an Invalid fault for a message that no further try will get through;
// after any other error the message is tried again. Its errors name neither
// address nor text.
type Sender interface {
	Send(ctx context.Context, from, to string, raw []byte) error
}

// Deps are what the service needs.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Send Sender
	From string   // the portal's own address, without a name
	Plan string   // the plan's name, shown as the sender
	Foot []string // lines under every message, such as how to reach the help desk
}

// Service sends what was queued.
type Service struct {
	db   *db.DB
	log  *slog.Logger
	send Sender
	from string
	plan string
	foot []string
	page *template.Template
}

// New gives the service, or an Invalid fault that names the setting to mend.
func New(d Deps) (*Service, error) {
	var problems []fault.Problem
	if !isAddress(d.From) {
		problems = append(problems, fault.Problem{Path: "from", Text: "Give the portal's own e-mail address, such as portal@example.org"})
	}
	if strings.TrimSpace(d.Plan) == "" || !oneLine(d.Plan) {
		problems = append(problems, fault.Problem{Path: "plan", Text: "Give the plan's name, on one line"})
	}
	for _, line := range d.Foot {
		if !oneLine(line) {
			problems = append(problems, fault.Problem{Path: "foot", Text: "Give each line under the messages as one line"})
			break
		}
	}
	if d.Send == nil {
		problems = append(problems, fault.Problem{Path: "send", Text: "Say how mail leaves: by a mail server or into a folder"})
	}
	if len(problems) > 0 {
		return nil, fault.Bad(problems...)
	}
	page, err := template.New("mail").Parse(pageText)
	if err != nil {
		return nil, err
	}
	s := &Service{db: d.DB, log: d.Log, send: d.Send, from: d.From, plan: d.Plan, foot: d.Foot, page: page}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Handle sends the message of one job, and ends the job together with the
// trace of it.
func (s *Service) Handle(ctx context.Context, j job.Job) error {
	var m Message
	err := j.Decode(&m)
	if err != nil || len(m.problems()) > 0 {
		// What does not decode may be quoted in its error: it is left out.
		return job.GiveUp(fault.New(fault.Invalid, "The message in the queue cannot be read"))
	}
	raw, err := s.render(j, m)
	if err != nil {
		return job.GiveUp(err)
	}
	err = s.send.Send(ctx, s.from, m.Address, raw)
	if err != nil {
		return s.failed(ctx, j, m, err)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		err := trace(tx, j, m, Sent)
		if err != nil {
			return err
		}
		return job.Finish(tx, j)
	})
	if err == nil {
		s.log.Info("mail sent", "job", j, "about", m.Kind)
	}
	return err
}

// failed keeps a trace of a message that will not be tried again.
func (s *Service) failed(ctx context.Context, j job.Job, m Message, cause error) error {
	outcome := ""
	switch {
	case ctx.Err() != nil: // the portal stops: that was no answer
	case fault.Is(cause, fault.Invalid):
		outcome = Refused
	case j.Tries >= j.MaxTries:
		outcome = GivenUp
	}
	if outcome == "" {
		return cause
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error { return trace(tx, j, m, outcome) })
	if err != nil {
		return err
	}
	s.log.Warn("mail not sent", "job", j, "about", m.Kind, "outcome", outcome)
	return job.GiveUp(cause)
}

// row is the type of the trace's own ids: one job asked for again has several.
type row string

func trace(tx *db.Tx, j job.Job, m Message, outcome string) error {
	return tx.Later("insert into mail_sent (id, job, person, kind, domain, outcome, at_us) values ($1, $2, $3, $4, $5, $6, $7)",
		string(id.New[row](tx.Now)), string(j.ID), string(m.Person), m.Kind, domain(m.Address), outcome, db.Micros(tx.Now))
}

func domain(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// isAddress takes the addresses that every mail server understands.
func isAddress(text string) bool {
	if len(text) > 254 || !addressForm.MatchString(text) {
		return false
	}
	local := text[:strings.LastIndexByte(text, '@')]
	parsed, err := netmail.ParseAddress(text)
	return err == nil && parsed.Address == text && parsed.Name == "" && len(local) <= 64
}
