package admission

import (
	"context"
	"database/sql"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
)

// Waiting gives the registrations on which an organization's administrators
// have to decide, oldest first.
func (s *Service) Waiting(ctx context.Context, who access.Actor, org id.Organization) (all []Registration, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		err = account.MayManageOffice(who, org)
		if err != nil || org == "" {
			return err
		}
		all, err = db.Collect(func(r *sql.Rows) (Registration, error) { return scanRegistration(r.Scan) })(
			tx.Rows("select "+registrationColumns+" from admission_registration where org = $1 and state = $2 and expires_us > $3 order by made_us, id",
				string(org), regWaiting, db.Micros(tx.Now)))
		return err
	})
	return all, err
}

// deciding gives a waiting registration that who may decide on, and who as
// she stands now.
func deciding(tx *db.Tx, who access.Actor, which RegistrationID) (access.Actor, Registration, error) {
	none := fault.New(fault.NotFound, "There is no such registration")
	r, err := scanRegistration(tx.Row("select "+registrationColumns+" from admission_registration where id = $1", string(which)).Scan)
	if db.NoRows(err) || err == nil && r.Org == "" {
		return who, r, none
	}
	if err != nil {
		return who, r, err
	}
	who, err = manager(tx, who, r.Org)
	switch {
	case fault.Is(err, fault.NotFound):
		return who, r, none
	case err != nil:
		return who, r, err
	case r.state == regUnconfirmed:
		return who, r, none // its e-mail address may be somebody else's
	case r.state != regWaiting || !tx.Now.Before(r.Expires):
		return who, r, fault.New(fault.Conflict, "This registration was decided or has lapsed in the meantime. Look at the list again")
	}
	return who, r, nil
}

// Approve makes the account that was asked for, with what the administrator
// grants. Which roles were wanted does not bind her.
func (s *Service) Approve(ctx context.Context, who access.Actor, which RegistrationID, g account.Grant) (id.Person, error) {
	g = tidyGrant(g)
	var person id.Person
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		who, r, err := deciding(tx, who, which)
		if err != nil {
			return err
		}
		err = g.Check(who)
		if err != nil {
			return err
		}
		err = mayTakeIn(tx, r.Org)
		if err != nil {
			return err
		}
		person, err = account.CreateIn(tx, who, account.Prepared{NewPerson: r.person(g.Roles, g.Providers), Hash: r.hash})
		if fault.Is(err, fault.Invalid) {
			return fault.New(fault.Conflict, "Somebody else got this username in the meantime. Refuse the registration, and invite the person")
		}
		if err != nil {
			return err
		}
		err = r.end(tx, who, regApproved, "", person)
		if err != nil {
			return err
		}
		err = event{kind: "registration approved", org: r.Org, subject: string(r.ID), person: person, reason: joinList(g.Roles)}.write(tx, who)
		if err != nil {
			return err
		}
		return mail.Queue(tx, mail.Message{Person: person, Address: r.Email, Kind: "registration approved", Subject: "Your account is open", By: who.Username, Text: []string{
			"Hello " + plain(r.Name) + ",",
			"You may work in the provider portal for " + plain(r.orgName) + ", as " + rolesInWords(g.Roles) + ". Sign in with the username and the password that you chose.",
		}})
	})
	return person, err
}

// Refuse turns a registration down, with a reason that stays here.
func (s *Service) Refuse(ctx context.Context, who access.Actor, which RegistrationID, reason string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, r, err := deciding(tx, who, which)
		if err != nil {
			return err
		}
		err = r.end(tx, who, regRefused, reason, "")
		if err != nil {
			return err
		}
		err = event{kind: "registration refused", org: r.Org, subject: string(r.ID), reason: reason}.write(tx, who)
		if err != nil {
			return err
		}
		return mail.Queue(tx, mail.Message{Address: r.Email, Kind: "registration refused", Subject: "Your registration was not accepted", By: who.Username, Text: []string{
			"Hello " + plain(r.Name) + ",",
			"Your registration in the provider portal was not accepted. What you had entered as a password is deleted. If you think this is a mistake, ask the local administrator of your organization.",
		}})
	})
}

// end closes a waiting registration and forgets its password; of two at once
// one gets it.
func (r Registration) end(tx *db.Tx, who access.Actor, state, reason string, person id.Person) error {
	n, err := tx.Exec(`update admission_registration set state = $1, ended_us = $2, ended_by = $3, reason = $4, person = $5, password = ''
		where id = $6 and state = $7`, state, db.Micros(tx.Now), string(who.Person), reason, string(person), string(r.ID), r.state)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "This registration was decided in the meantime. Look at the list again")
	}
	return err
}

// lapse ends the registrations that nobody confirmed or decided in time. Who
// had proved her address is told, in words that say nothing about the
// organization.
func lapse(tx *db.Tx, who access.Actor) error {
	for _, state := range []string{regUnconfirmed, regWaiting} {
		late, err := db.Collect(func(r *sql.Rows) (Registration, error) { return scanRegistration(r.Scan) })(
			tx.Rows("select "+registrationColumns+" from admission_registration where state = $1 and expires_us <= $2 order by expires_us limit 200", state, db.Micros(tx.Now)))
		if err != nil {
			return err
		}
		for _, r := range late {
			err = r.end(tx, who, regExpired, "nobody decided in time", "")
			if err != nil {
				return err
			}
			err = event{kind: "registration lapsed", org: r.Org, subject: string(r.ID)}.write(tx, who)
			if err != nil {
				return err
			}
			if state != regWaiting {
				continue
			}
			err = mail.Queue(tx, mail.Message{Address: r.Email, Kind: "registration lapsed", Subject: "Nobody decided on your registration", Text: []string{
				"Hello " + plain(r.Name) + ",",
				"Nobody decided on your registration in the provider portal within 14 days, so it has lapsed. Check the tax ID and the NPI with your organization and register again, or ask its local administrator for an invitation.",
			}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
