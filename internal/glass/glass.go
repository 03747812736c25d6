// Package glass opens the information of a member who is under restriction,
// or of a patient in an emergency, to somebody who breaks the glass for it
// (S-02, 45 CFR 164.312(a)(2)(ii)). It promises that
//
//   - an opening has a reason and holds for one person in one session, for
//     sixty minutes or until she ends it, and then it takes another;
//   - it is written down for good and in the official record, and those who
//     answer for privacy are told at once, without anything about the member;
//   - each waits for a review by one of them who did not open it, and what was
//     shown under it can be told from the ledger.
//
// The door asks for a second factor before it calls Open (V-09). That a member
// is under restriction is said only to somebody who could see the member
// otherwise: that is what Deps.Reach decides, for this package knows no members.
package glass

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
	"hsconnect/internal/record"
	"hsconnect/internal/watch"
)

// Lasts is how long an opening holds.
const Lasts = 60 * time.Minute

// ID names an opening.
type ID string

// Tie is how the ledger names what was shown under an opening.
func (i ID) Tie() string { return "glass/" + string(i) }

// Kind is why the glass is broken.
type Kind string

// The kinds.
const (
	Restricted Kind = "restricted" // the member is under restriction
	Emergency  Kind = "emergency"  // a clinician treats a patient whom her organization has no tie with
)

// Words says the kind as it stands on a page.
func (k Kind) Words() string {
	if k == Emergency {
		return "emergency treatment"
	}
	return "restricted member"
}

// Needed is the cause of the refusal that an open glass would lift. Only
// somebody who could see the member otherwise is told.
type Needed struct{ Member id.Member }

// Error implements error. It names nobody.
func (n Needed) Error() string { return "an open glass is needed" }

// Need gives the refusal of a restricted member. Member tells it from others.
func Need(m id.Member) error {
	return fault.Wrap(fault.Forbidden, Needed{Member: m}, "This member's information is under restriction. It opens for an hour to somebody who gives the reason and proves who she is. The plan's privacy officer is told and reviews it")
}

// Member gives whose glass an error says is needed.
func Member(err error) (id.Member, bool) {
	var n Needed
	ok := errors.As(err, &n)
	return n.Member, ok
}

// Opening is one breaking of the glass. Reason is in the person's own words
// and may be about the member: it is for who reviews it.
type Opening struct {
	ID       ID
	Member   id.Member
	Kind     Kind
	Purpose  access.Purpose
	Reason   string
	Person   id.Person
	Username string
	Name     string
	Org      id.Organization
	OrgName  string
	Session  id.Session
	Address  string
	At       time.Time
	Until    time.Time
	Ended    time.Time // by hand; zero: it ran out, or still holds
}

// LogValue keeps the reason out of logs.
func (o Opening) LogValue() slog.Value { return slog.StringValue(o.ID.Tie()) }

// Ask is what somebody asks to open.
type Ask struct {
	Member id.Member
	Kind   Kind
	Reason string
}

// LogValue keeps the reason out of logs.
func (a Ask) LogValue() slog.Value { return slog.StringValue("[glass]") }

// Deps is what the service stands on.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Site string // base address of the portal, for the links of mails; empty: no links
	// Reach says whether the glass may be broken for the member: nil when the
	// actor could see the member otherwise and the member is under
	// restriction, Conflict when it is open anyway, and NotFound alike for
	// somebody else's member and for none.
	Reach func(tx *db.Tx, who access.Actor, m id.Member) error
	// Patient gives the one member with a member ID and a birth date, to a
	// clinician in an emergency. NotFound is for none and for several alike.
	Patient func(tx *db.Tx, who access.Actor, number string, birth civil.Date) (id.Member, error)
	// Vain says, of a number and a birth date that found nobody, which kind of
	// key they are in the words of the ledger, and whether the number alone
	// would have fitted.
	Vain func(tx *db.Tx, who access.Actor, number string, birth civil.Date) (kind string, half bool, err error)
	// Refused gives the member whom an answer of NotFound stands for, where
	// there is one: for the ledger alone.
	Refused func(err error) (id.Member, bool)
	// Watch holds up who looks in vain; nil: one of its own.
	Watch *watch.Service
}

// Service does what this package promises. It may be used from many goroutines.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Watch == nil {
		d.Watch = watch.New(watch.Deps{DB: d.DB, Log: d.Log})
	}
	return &Service{Deps: d}
}

const (
	fewestWords   = 3
	longestReason = 500
)

// CleanReason gives a reason as it is kept, or Invalid with what is missing.
func CleanReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	switch {
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) || utf8.RuneCountInString(reason) > longestReason:
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in at most 500 characters"})
	case len(strings.Fields(reason)) < fewestWords || utf8.RuneCountInString(reason) < 10:
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Say in a few words why you need to see this now: somebody reads it within days"})
	}
	return reason, nil
}

// MayEmergency says whether the actor may open a patient's information in an
// emergency: a clinician of an office, nobody else.
func MayEmergency(who access.Actor) error {
	err := who.May(access.BreakGlass)
	if err != nil {
		return err
	}
	if !who.Is(access.Clinician) {
		return fault.New(fault.Forbidden, "Only a clinician who treats the patient opens a record in an emergency. Ask one in your office, or look the member up as for a visit")
	}
	return nil
}

func (s *Service) openIn(tx *db.Tx, who access.Actor, a Ask) (Opening, error) {
	held, err := live(tx, who, a.Member)
	if err != nil {
		return Opening{}, err
	}
	if held != "" {
		return one(tx, held)
	}
	o := Opening{ID: id.New[ID](tx.Now), Member: a.Member, Kind: a.Kind, Purpose: purpose(who), Reason: a.Reason, Person: who.Person, Username: who.Username,
		Name: who.Name, Org: who.Org, OrgName: who.OrgName, Session: who.Session, Address: who.Address, At: tx.Now, Until: tx.Now.Add(Lasts)}
	err = o.keep(tx, who)
	if err != nil {
		return Opening{}, err
	}
	return o, s.tell(tx, o)
}

// entry is an opening as the official record keeps it.
type entry struct {
	Opening ID             `json:"opening"`
	Member  id.Member      `json:"member"`
	Kind    Kind           `json:"kind"`
	Purpose access.Purpose `json:"purpose"`
	Reason  string         `json:"reason"`
	Until   time.Time      `json:"until"`
}

func (o Opening) keep(tx *db.Tx, who access.Actor) error {
	body, err := json.Marshal(entry{o.ID, o.Member, o.Kind, o.Purpose, o.Reason, o.Until})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: o.ID.Tie(), Kind: "glass.opened", Body: body})
	if err != nil {
		return err
	}
	err = tx.Later(`insert into glass_opening (id, member, kind, purpose, reason, person, username, name, org, org_name, session, address, at_us, until_us, entry)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(o.ID), string(o.Member), string(o.Kind), string(o.Purpose), o.Reason, string(o.Person), o.Username, o.Name, string(o.Org), o.OrgName,
		string(o.Session), o.Address, db.Micros(o.At), db.Micros(o.Until), string(kept.Entry))
	if err != nil {
		return err
	}
	err = tx.Later(`insert into glass_open (session, member, opening, person, until_us) values ($1, $2, $3, $4, $5)
		on conflict (session, member) do update set opening = excluded.opening, person = excluded.person, until_us = excluded.until_us`,
		string(o.Session), string(o.Member), string(o.ID), string(o.Person), db.Micros(o.Until))
	if err != nil {
		return err
	}
	return tx.Later("insert into glass_waiting (opening, at_us) values ($1, $2)", string(o.ID), db.Micros(o.At))
}

// ReviewPath is where an opening is reviewed.
const ReviewPath = "/plan/privacy/glass/"

// tell queues a mail to each of those who answer for privacy: that something
// was opened and its number, nothing about the member. An address that no mail
// server takes must not undo the opening; it is logged.
func (s *Service) tell(tx *db.Tx, o Opening) error {
	staff, err := account.StaffWho(tx, access.ReviewPrivacy)
	if err != nil {
		return err
	}
	for _, p := range staff {
		if p.Email == "" {
			continue
		}
		m := mail.Message{Person: p.ID, Address: p.Email, Kind: "glass broken", Subject: "A restricted record was opened",
			Text: []string{"Hello,", "Somebody has opened a record that takes a reason (" + o.Kind.Words() + "). Its number is " + string(o.ID) + ".",
				"It holds for " + strconv.Itoa(int(Lasts.Minutes())) + " minutes and waits for your review."}}
		if s.Site != "" {
			m.Link, m.LinkText = s.Site+ReviewPath+string(o.ID), "Review the opening"
		}
		err = mail.Queue(tx, m)
		if fault.Is(err, fault.Invalid) {
			s.Log.WarnContext(tx.Context(), "mail not queued: the address or text cannot be sent", slog.String("about", m.Kind), slog.String("person", string(m.Person)))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// live gives the opening that holds for the actor's session and a member, or "".
func live(tx *db.Tx, who access.Actor, m id.Member) (ID, error) {
	held, err := Live(tx, who, []id.Member{m})
	return held[m], err
}

// Live gives the openings that hold for the actor right now, of these
// members. They are the person's own, of the session she acts in, and end with
// the permission.
func Live(tx *db.Tx, who access.Actor, members []id.Member) (map[id.Member]ID, error) {
	if who.Session == "" || len(members) == 0 || !who.Has(access.BreakGlass) {
		return nil, nil //nolint:nilnil // nothing holds
	}
	type pair struct {
		member  id.Member
		opening ID
	}
	all, err := db.Collect(func(r *sql.Rows) (pair, error) {
		var p pair
		return p, r.Scan(&p.member, &p.opening)
	})(tx.Rows("select member, opening from glass_open where session = $1 and person = $2 and until_us > $3", string(who.Session), string(who.Person), db.Micros(tx.Now)))
	if err != nil {
		return nil, err
	}
	out := make(map[id.Member]ID, len(all))
	for _, p := range all {
		out[p.member] = p.opening
	}
	return out, nil
}

// Mine gives the openings that hold for the actor's session right now, the
// first to end first.
func (s *Service) Mine(ctx context.Context, who access.Actor) ([]Opening, error) {
	if who.Session == "" || !who.Has(access.BreakGlass) {
		return nil, nil
	}
	var out []Opening
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(scan)(tx.Rows("select "+columns+from+`join glass_open g on g.opening = o.id
			where g.session = $1 and g.person = $2 and g.until_us > $3 order by g.until_us, o.id`, string(who.Session), string(who.Person), db.Micros(tx.Now)))
		return err
	})
	return out, err
}

var errNone = fault.New(fault.NotFound, "There is no such opening, or it is not yours")

// End closes an opening of one's own before its hour is over. What has ended
// already stays as it is.
func (s *Service) End(ctx context.Context, who access.Actor, ref ID) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		o, err := one(tx, ref)
		if err != nil {
			return err
		}
		if who.Person == "" || o.Person != who.Person || o.Session != who.Session {
			return errNone
		}
		n, err := tx.Exec("delete from glass_open where opening = $1 and until_us > $2", string(ref), db.Micros(tx.Now))
		if err != nil || n == 0 {
			return err
		}
		return step(tx, who, ref, "ended", "", "")
	})
}

type stepID string

func step(tx *db.Tx, who access.Actor, ref ID, what, outcome, note string) error {
	return tx.Later("insert into glass_step (id, opening, what, outcome, note, person, name, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		string(id.New[stepID](tx.Now)), string(ref), what, outcome, note, string(who.Person), who.Name, db.Micros(tx.Now))
}

const columns = `o.id, o.member, o.kind, o.purpose, o.reason, o.person, o.username, o.name, o.org, o.org_name, o.session, o.address, o.at_us, o.until_us,
	coalesce((select min(s.at_us) from glass_step s where s.opening = o.id and s.what = 'ended'), 0)`

const from = " from glass_opening o "

func scan(r *sql.Rows) (Opening, error) {
	var o Opening
	var at, until, ended int64
	err := r.Scan(&o.ID, &o.Member, &o.Kind, &o.Purpose, &o.Reason, &o.Person, &o.Username, &o.Name, &o.Org, &o.OrgName, &o.Session, &o.Address, &at, &until, &ended)
	o.At, o.Until, o.Ended = db.Time(at), db.Time(until), db.Time(ended)
	return o, err
}

func one(tx *db.Tx, ref ID) (Opening, error) {
	found, err := db.Collect(scan)(tx.Rows("select "+columns+from+"where o.id = $1", string(ref)))
	if err != nil {
		return Opening{}, err
	}
	if len(found) == 0 {
		return Opening{}, errNone
	}
	return found[0], nil
}
