package copies

import (
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Outcome is what a review of a second copy found.
type Outcome string

// The outcomes.
const (
	Explained Outcome = "explained" // the reason holds
	Reminded  Outcome = "reminded"  // it does not; the office was told what it agreed to
	Misused   Outcome = "misused"   // an incident, followed up elsewhere
)

// Outcomes are all outcomes in the order a form offers them.
func Outcomes() []Outcome { return []Outcome{Explained, Reminded, Misused} }

// Review is a privacy officer's answer to a second copy.
type Review struct {
	Outcome Outcome
	Note    string
	Person  id.Person
	Name    string
	At      time.Time
}

// Review keeps what a privacy officer found about a second copy, once. It
// answers NotFound for a first copy, Conflict where there is a review already,
// and Forbidden for whoever printed the copy, under every account of hers.
func (s *Service) Review(tx *db.Tx, who access.Actor, number id.CopyNumber, outcome Outcome, note string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	c, err := scan(tx.Row("select "+columns+"where c.id = $1 and c.no > 1", string(number)).Scan)
	if db.NoRows(err) {
		return fault.New(fault.NotFound, "There is no second copy with this number")
	}
	if err != nil {
		return err
	}
	own, err := s.Same(tx, c.Person, who.Person)
	if err != nil {
		return err
	}
	if own {
		return fault.New(fault.Forbidden, "You printed this copy yourself. Somebody else reviews it")
	}
	note = tidy(note)
	err = check(outcome, note)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"what": "A second copy was reviewed", "copy": c.ID, "outcome": outcome, "details": map[string]string{"reason": note}})
	if err != nil {
		return err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "copy/" + string(c.ID), Kind: "copy.reviewed", Body: body})
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into print_copy_review (copy, outcome, note, person, name, entry, at_us) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (copy) do nothing`, string(c.ID), string(outcome), note, string(who.Person), who.Name, string(kept.Entry), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	if n != 1 {
		return fault.New(fault.Conflict, "Somebody else has reviewed this copy in the meantime")
	}
	return nil
}

func check(outcome Outcome, note string) error {
	var problems []fault.Problem
	if !slices.Contains(Outcomes(), outcome) {
		problems = append(problems, fault.Problem{Path: "outcome", Text: "Choose what the review found"})
	}
	switch {
	case !Enough(note):
		problems = append(problems, fault.Problem{Path: "note", Text: "Say in a few words what you looked at, and whom you spoke to"})
	case utf8.RuneCountInString(note) > MaxReason:
		problems = append(problems, fault.Problem{Path: "note", Text: "Shorten the note to 500 characters"})
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return nil
}
