package member

import (
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	byPersonDays  = 30
	mostVisits    = 200
	maxReviewNote = 2000 // characters
)

const visitColumns = `v.id, v.org, v.org_name, v.member, v.person, v.username, v.name, v.session, v.purpose, v.visit_on, v.note, v.disclosure,
	v.sampled, v.at_us, v.until_us, coalesce(r.outcome, ''), coalesce(r.note, ''), coalesce(r.name, ''), coalesce(r.at_us, 0),
	(select count(*) from member_tie t where t.org = v.org and t.member = v.member and t.kind in ('request', 'claim')),
	(select count(*) from member_visit o where o.person = v.person and o.at_us <= v.at_us and o.at_us > v.at_us - $1)`

func scanVisit(r *sql.Rows) (VisitStatement, error) {
	var v VisitStatement
	var on string
	var sampled, at, until, reviewed, followed int64
	err := r.Scan(&v.ID, &v.Org, &v.OrgName, &v.Member, &v.Person, &v.Username, &v.Name, &v.Session, &v.Purpose, &on, &v.Note, &v.Disclosure,
		&sampled, &at, &until, &v.Outcome, &v.ReviewNote, &v.Reviewer, &reviewed, &followed, &v.ByPerson)
	if err != nil {
		return VisitStatement{}, err
	}
	v.Sampled, v.Followed = sampled == 1, followed > 0
	v.At, v.Until, v.ReviewedAt = db.Time(at), db.Time(until), db.Time(reviewed)
	v.On, err = civil.Parse(on)
	return v, err
}

// VisitsToReview gives the statements drawn for review (one in 20, by their
// ids, and all of a person about a member after one that was not right) that
// nobody has reviewed, oldest first, at most limit (and at most
// 200). It takes the permission to review what touches privacy.
func VisitsToReview(tx *db.Tx, who access.Actor, limit int) ([]VisitStatement, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanVisit)(tx.Rows("select "+visitColumns+` from member_visit v left join member_visit_review r on r.visit = v.id
		where v.sampled = 1 and r.visit is null order by v.at_us, v.id limit $2`, byPersonMicros(), int64(min(max(limit, 1), mostVisits))))
}

// VisitsReviewed gives the statements reviewed since a time, newest review
// first, at most 200. It takes the permission to review what touches privacy.
func VisitsReviewed(tx *db.Tx, who access.Actor, since time.Time) ([]VisitStatement, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanVisit)(tx.Rows("select "+visitColumns+` from member_visit v join member_visit_review r on r.visit = v.id
		where r.at_us >= $2 order by r.at_us desc, v.id desc limit $3`, byPersonMicros(), db.Micros(since), int64(mostVisits)))
}

// VisitOf gives one statement. It takes the permission to review what touches
// privacy, and answers NotFound for an id that none has.
func VisitOf(tx *db.Tx, who access.Actor, visit id.Visit) (VisitStatement, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return VisitStatement{}, err
	}
	found, err := db.Collect(scanVisit)(tx.Rows("select "+visitColumns+` from member_visit v left join member_visit_review r on r.visit = v.id
		where v.id = $2`, byPersonMicros(), string(visit)))
	if err != nil {
		return VisitStatement{}, err
	}
	if len(found) == 0 {
		return VisitStatement{}, fault.New(fault.NotFound, "There is no such statement")
	}
	return found[0], nil
}

func byPersonMicros() int64 { return (byPersonDays * 24 * time.Hour).Microseconds() }

// ReviewVisit writes down what a review of a statement found, once: a second
// review is a Conflict. Nobody reviews the own
// statement, with no account of hers. What is mistaken or
// misuse ends the tie at once. It takes the permission to review what touches
// privacy, and answers NotFound for an id that none has.
func ReviewVisit(tx *db.Tx, who access.Actor, visit id.Visit, outcome VisitOutcome, note string) error {
	v, err := VisitOf(tx, who, visit)
	if err != nil {
		return err
	}
	note = strings.TrimSpace(note)
	var problems []fault.Problem
	if !slices.Contains(VisitOutcomes(), outcome) {
		problems = append(problems, fault.Problem{Path: "outcome", Text: "Choose what the review found"})
	}
	switch {
	case utf8.RuneCountInString(note) > maxReviewNote || !utf8.ValidString(note):
		problems = append(problems, fault.Problem{Path: "note", Text: "Write up to 2,000 characters"})
	case note == "" && outcome != VisitRight:
		problems = append(problems, fault.Problem{Path: "note", Text: "Write what you found: the review rests on it"})
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	own, err := account.OnePerson(tx, v.Person, who.Person)
	if err != nil {
		return err
	}
	if own {
		return fault.New(fault.Forbidden, "Nobody reviews the own statement. Ask another privacy officer")
	}
	n, err := tx.Exec(`insert into member_visit_review (visit, outcome, note, person, name, at_us) values ($1, $2, $3, $4, $5, $6)
		on conflict (visit) do nothing`, string(visit), string(outcome), note, string(who.Person), who.Name, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This statement has been reviewed already. Open it again to see what was found")
	}
	if outcome == VisitRight {
		return nil
	}
	_, err = tx.Exec("update member_tie set until_us = $1 where org = $2 and member = $3 and kind = $4 and until_us > $5",
		db.Micros(tx.Now), string(v.Org), string(v.Member), string(TieVisit), db.Micros(tx.Now))
	return err
}
