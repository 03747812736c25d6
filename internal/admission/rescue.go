package admission

import (
	"context"
	"database/sql"
	"time"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Call is an office that asks the plan for a local administrator: the only
// one has left, or does not answer.
type Call struct {
	ID      CallID
	Org     id.Organization
	OrgName string
	Person  id.Person
	Name    string
	Text    string
	At      time.Time
}

// AskForAdministrator tells provider relations that the actor's organization
// needs a local administrator. One call a person is open at a time.
func (s *Service) AskForAdministrator(ctx context.Context, who access.Actor, text string) error {
	if who.Side != access.Office {
		return fault.New(fault.Conflict, "This is for provider offices. Accounts of the plan are managed by its plan administrators")
	}
	text = clean(text)
	if n := utf8.RuneCountInString(text); n < 10 || !fits(text, maxBody) {
		return fault.Bad(fault.Problem{Path: "text", Text: "Say in 10 to 1,000 characters, on one line, who should become administrator and why, without anything about a patient"})
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		var open int64
		err = tx.Row("select count(*) from admission_call where person = $1 and org = $2 and done_us = 0", string(who.Person), string(who.Org)).Scan(&open)
		if err != nil {
			return err
		}
		if open > 0 {
			return fault.New(fault.Conflict, "You have asked already. The plan's provider relations answer by inviting an administrator; if it is urgent, call the HelpDesk")
		}
		call := id.New[CallID](tx.Now)
		err = tx.Later(`insert into admission_call (id, org, org_name, person, name, body, at_us, done_us, done_by, reason) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(call), string(who.Org), who.OrgName, string(who.Person), who.Name, text, db.Micros(tx.Now), int64(0), "", "")
		if err != nil {
			return err
		}
		return event{kind: "asked for an administrator", org: who.Org, subject: string(call), person: who.Person}.write(tx, who)
	})
}

// Calls gives the open calls for an administrator, oldest first, to staff who
// admit organizations.
func (s *Service) Calls(ctx context.Context, who access.Actor) (all []Call, err error) {
	err = who.May(access.ManageOrganizations)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(func(r *sql.Rows) (Call, error) {
			var c Call
			var at int64
			err := r.Scan(&c.ID, &c.Org, &c.OrgName, &c.Person, &c.Name, &c.Text, &at)
			c.At = db.Time(at)
			return c, err
		})(tx.Rows("select id, org, org_name, person, name, body, at_us from admission_call where done_us = 0 order by at_us, id limit 500"))
		return err
	})
	return all, err
}

// Settle closes a call that was answered otherwise than by an invitation,
// with the reason.
func (s *Service) Settle(ctx context.Context, who access.Actor, which CallID, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	err = who.May(access.ManageOrganizations)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		err = who.May(access.ManageOrganizations)
		if err != nil {
			return err
		}
		var org id.Organization
		err = tx.Row("select org from admission_call where id = $1", string(which)).Scan(&org)
		if db.NoRows(err) {
			return fault.New(fault.NotFound, "There is no such call")
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec("update admission_call set done_us = $1, done_by = $2, reason = $3 where id = $4 and done_us = 0",
			db.Micros(tx.Now), string(who.Person), reason, string(which))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "This call was answered in the meantime. Look at the list again")
		}
		return event{kind: "call for an administrator settled", org: org, subject: string(which), reason: reason}.write(tx, who)
	})
}

// answerCalls closes the calls of an organization that just got its answer.
func answerCalls(tx *db.Tx, who access.Actor, org id.Organization, reason string) error {
	return tx.Later("update admission_call set done_us = $1, done_by = $2, reason = $3 where org = $4 and done_us = 0",
		db.Micros(tx.Now), string(who.Person), reason, string(org))
}
