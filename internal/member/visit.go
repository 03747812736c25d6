package member

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	// A visit is stated for a day that an office really has in its book: a
	// few days ago while the paperwork is done, and a month ahead.
	visitBack  = 7  // days
	visitAhead = 30 // days

	// visitLasts is how many days after the visit the statement is believed.
	// What an office does for a patient it goes on seeing has become a
	// request or a claim by then, and each is a tie of its own.
	visitLasts = 30

	// visitSample is one in how many statements a privacy officer looks at.
	visitSample = 20

	maxVisitNote = 200 // characters
)

// Visit is somebody's statement that a member is being seen at the office. It
// ties the organization to the member until 30 days after the visit.
type Visit struct {
	On     civil.Date // the visit: 7 days back to 30 days ahead
	Stated bool       // that somebody ticked the statement
	Note   string     // in free words, for whoever reviews it
}

// String keeps the statement out of formatted text.
func (v Visit) String() string { return "[visit]" }

// Check gives Invalid for half a statement, or for a day that none is taken
// for. Match says the same.
func (v Visit) Check(today civil.Date) error {
	problems := v.problems(today)
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return nil
}

func (v Visit) problems(today civil.Date) []fault.Problem {
	var out []fault.Problem
	switch {
	case v.On.IsZero():
		out = append(out, fault.Problem{Path: "visit.on", Text: "Type the date of the visit"})
	case v.On.Before(today.AddDays(-visitBack)):
		out = append(out, fault.Problem{Path: "visit.on", Text: "A visit can be stated up to 7 days later: choose a day from " + today.AddDays(-visitBack).US() + " on"})
	case v.On.After(today.AddDays(visitAhead)):
		out = append(out, fault.Problem{Path: "visit.on", Text: "A visit can be stated up to 30 days before: choose a day up to " + today.AddDays(visitAhead).US()})
	}
	if !v.Stated {
		out = append(out, fault.Problem{Path: "visit.stated", Text: "Tick the statement, if it is so"})
	}
	if utf8.RuneCountInString(v.Note) > maxVisitNote || !utf8.ValidString(v.Note) || strings.ContainsFunc(v.Note, unicode.IsControl) {
		out = append(out, fault.Problem{Path: "visit.note", Text: "Write up to 200 characters on one line"})
	}
	return out
}

// keep writes the statement down and ties the organization to the member.
func (v Visit) keep(tx *db.Tx, who access.Actor, s Search, shown Member) error {
	until := v.On.AddDays(visitLasts + 1).In(s.zone())
	err := Bind(tx, who, shown.ID, TieVisit, until)
	if err != nil {
		return err
	}
	ref := id.New[id.Visit](tx.Now)
	drawn := sampled(ref)
	if !drawn {
		drawn, err = foundWrong(tx, who, shown.ID)
		if err != nil {
			return err
		}
	}
	return tx.Later(`insert into member_visit (id, org, org_name, member, person, username, name, session, purpose, visit_on, note, disclosure, sampled, at_us, until_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(ref), string(who.Org), who.OrgName, string(shown.ID), string(who.Person), who.Username, who.Name, string(who.Session), string(s.Purpose),
		v.On.String(), v.Note, string(shown.Shown), db.Bit(drawn), db.Micros(tx.Now), db.Micros(until))
}

// foundWrong reports whether a review has found an earlier statement of the
// actor's about a member not to be right: then each further one is drawn.
func foundWrong(tx *db.Tx, who access.Actor, m id.Member) (bool, error) {
	var n int64
	err := tx.Row(`select count(*) from member_visit v join member_visit_review r on r.visit = v.id
		where v.org = $1 and v.member = $2 and v.person = $3 and r.outcome <> $4`, string(who.Org), string(m), string(who.Person), string(VisitRight)).Scan(&n)
	return n > 0, err
}

// sampled draws one in visitSample statements by their ids. Nobody can tell
// beforehand whether a statement will be drawn, and everybody can check
// afterwards that it was drawn rightly.
func sampled(v id.Visit) bool {
	sum := sha256.Sum256([]byte(v))
	return binary.BigEndian.Uint64(sum[:8])%visitSample == 0
}

// VisitOutcome is what a review of a statement found.
type VisitOutcome string

// The outcomes. Whatever is not right ends the tie.
const (
	VisitRight    VisitOutcome = "right"    // the member was seen, or was to be
	VisitMistaken VisitOutcome = "mistaken" // another member was meant, or another day
	VisitMisuse   VisitOutcome = "misuse"   // there was no such visit
)

// VisitOutcomes gives every outcome, in the order a page offers them.
func VisitOutcomes() []VisitOutcome {
	return []VisitOutcome{VisitRight, VisitMistaken, VisitMisuse}
}

// VisitStatement is a statement as whoever reviews it sees it, with names as
// they were at the time. It names the member by reference only: who shows
// more reads it with Listed.
type VisitStatement struct {
	ID         id.Visit
	Org        id.Organization
	OrgName    string
	Member     id.Member
	Person     id.Person
	Username   string
	Name       string
	Session    id.Session
	Purpose    access.Purpose
	On         civil.Date
	Note       string
	Disclosure id.Disclosure // what was shown with it
	Sampled    bool
	At         time.Time
	Until      time.Time
	Followed   bool // a request or a claim of the organization's for the member came after it, or was there
	ByPerson   int  // statements of the same person in the 30 days up to this one, with it

	Outcome    VisitOutcome // of its review; empty before
	ReviewNote string
	Reviewer   string // name
	ReviewedAt time.Time
}
