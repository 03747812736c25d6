package admission

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
)

const (
	// InvitationLasts is how long an invitation works.
	InvitationLasts = 7 * 24 * time.Hour

	openAtOnce = 100 // invitations of one organization
	sentAtMost = 5   // times that one invitation is mailed
)

// How an invitation stands.
const (
	inviteOpen      = "open"
	inviteUsed      = "used"
	inviteWithdrawn = "withdrawn"
)

// NewInvitation is whom to invite for what. An office's administrator invites
// for her own organization: Org, OrgName and OrgTIN are taken from her.
type NewInvitation struct {
	Org       id.Organization
	OrgName   string
	OrgTIN    string
	Name      string
	Email     string
	Roles     []access.Role
	Providers []string // NPIs she may request for; none: all
}

// Invitation is an invitation without its secret.
type Invitation struct {
	ID InvitationID
	NewInvitation

	ByName  string
	Made    time.Time // sent last
	Expires time.Time
	Sent    int  // how often it was mailed
	Late    bool // it has run out: it can be sent anew, or withdrawn

	bySide access.Side
	by     id.Person
	state  string
}

const invitationColumns = `id, org, org_name, org_tin, name, email, roles, providers, by_side, by_person, by_name, made_us, expires_us, sent, state`

func scanInvitation(scan func(...any) error, now time.Time) (Invitation, error) {
	var v Invitation
	var roles, providers string
	var side, made, expires int64
	err := scan(&v.ID, &v.Org, &v.OrgName, &v.OrgTIN, &v.Name, &v.Email, &roles, &providers, &side, &v.by, &v.ByName, &made, &expires, &v.Sent, &v.state)
	v.Roles, v.Providers, v.bySide = splitRoles(roles), splitList(providers), access.Side(side)
	v.Made, v.Expires = db.Time(made), db.Time(expires)
	v.Late = !now.Before(v.Expires)
	return v, err
}

func (v Invitation) grant() account.Grant {
	return account.Grant{Roles: v.Roles, Providers: v.Providers}
}

// inviter says whether who may invite for an organization: its own local
// administrator, or the plan's staff who admit organizations and give each
// its first administrator.
func inviter(who access.Actor, org id.Organization, roles []access.Role) error {
	if who.Side == access.Office {
		return account.MayManageOffice(who, org)
	}
	err := who.May(access.ManageOrganizations)
	if err == nil && !slices.Contains(roles, access.LocalAdmin) {
		err = fault.Bad(fault.Problem{Path: "roles", Text: "The plan invites local administrators; they invite the rest of their people themselves. Choose local administrator"})
	}
	return err
}

// Invite asks somebody by mail to work for an organization. The secret is in
// the mail alone; link makes its address.
func (s *Service) Invite(ctx context.Context, who access.Actor, n NewInvitation, link func(token string) string) (InvitationID, error) {
	n.Name, n.Email = clean(n.Name), clean(n.Email)
	if who.Side == access.Office {
		n.Org, n.OrgName, n.OrgTIN = who.Org, who.OrgName, who.OrgTIN
	}
	g := tidyGrant(account.Grant{Roles: n.Roles, Providers: n.Providers})
	n.Roles, n.Providers = g.Roles, g.Providers
	err := account.MayManageOffice(who, n.Org)
	if err == nil && n.Org == "" {
		err = fault.New(fault.NotFound, "There is no such organization")
	}
	if err != nil {
		return "", err
	}
	token := newToken()
	var made InvitationID
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		who, err := manager(tx, who, n.Org)
		if err != nil {
			return err
		}
		err = inviter(who, n.Org, n.Roles)
		if fault.KindOf(err) > fault.Invalid {
			return err
		}
		bad := slices.Concat(checkName(n.Name), checkEmail(n.Email), fault.Problems(g.Check(who)))
		err = gather(err, bad)
		if err != nil {
			return err
		}
		err = mayTakeIn(tx, n.Org)
		if err != nil {
			return err
		}
		made = id.New[InvitationID](tx.Now)
		err = insertInvitation(tx, who, made, token, n)
		if err != nil {
			return err
		}
		err = event{kind: "invited", org: n.Org, subject: string(made), reason: joinList(n.Roles)}.write(tx, who)
		if err != nil {
			return err
		}
		if who.Side != access.Office && slices.Contains(n.Roles, access.LocalAdmin) {
			err = answerCalls(tx, who, n.Org, "a local administrator was invited")
			if err != nil {
				return err
			}
		}
		return sendInvitation(tx, who, n, token, link)
	})
	return made, err
}

// mayTakeIn refuses new people for an organization that is shut or leaving,
// and more invitations than an office can have forgotten about.
func mayTakeIn(tx *db.Tx, org id.Organization) error {
	o, err := account.StandingOf(tx, org)
	if err != nil {
		return err
	}
	if shut(o, tx.Now) || viewOnly(o, tx.Now) {
		return fault.New(fault.Conflict, "This organization's access is closed, or ends: it takes in nobody new. Ask the plan's provider relations")
	}
	var open int64
	err = tx.Row("select count(*) from admission_invitation where org = $1 and state = $2 and expires_us > $3",
		string(org), inviteOpen, db.Micros(tx.Now)).Scan(&open)
	if err == nil && open >= openAtOnce {
		err = fault.New(fault.Conflict, "A hundred invitations are open already. Withdraw those that nobody needs, then invite again")
	}
	return err
}

func insertInvitation(tx *db.Tx, who access.Actor, made InvitationID, token string, n NewInvitation) error {
	return tx.Later(`insert into admission_invitation (id, token_hash, org, org_name, org_tin, name, email, roles, providers, by_side, by_person, by_name,
			made_us, expires_us, sent, state, ended_us, ended_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		string(made), tokenHash(token), string(n.Org), n.OrgName, n.OrgTIN, n.Name, n.Email, joinList(n.Roles), joinList(n.Providers),
		int64(who.Side), string(who.Person), who.Name, db.Micros(tx.Now), db.Micros(tx.Now.Add(InvitationLasts)), int64(1), inviteOpen, int64(0), "")
}

func sendInvitation(tx *db.Tx, who access.Actor, n NewInvitation, token string, link func(string) string) error {
	return mail.Queue(tx, mail.Message{
		Address: n.Email, Kind: "invitation", Subject: "Your invitation to the provider portal",
		Text: []string{
			"Hello " + plain(n.Name) + ",",
			plain(who.Name) + " invites you to work in the provider portal for " + plain(n.OrgName) + ", as " + rolesInWords(n.Roles) + ".",
			"Open the link within 7 days; it works once. You choose a username and a password of your own there, or sign in with the account you have.",
			"If you do not know why you get this, do nothing: without the link nobody gets in.",
		},
		Link: link(token), LinkText: "Accept the invitation", By: who.Username,
	})
}

// Invitations gives the open invitations of an organization, newest first,
// those that ran out in the last 30 days among them.
func (s *Service) Invitations(ctx context.Context, who access.Actor, org id.Organization) (all []Invitation, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		who, err := current(tx, who)
		if err != nil {
			return err
		}
		err = account.MayManageOffice(who, org)
		if err != nil {
			return err
		}
		all, err = db.Collect(func(r *sql.Rows) (Invitation, error) { return scanInvitation(r.Scan, tx.Now) })(
			tx.Rows("select "+invitationColumns+" from admission_invitation where org = $1 and state = $2 and expires_us > $3 order by made_us desc, id desc",
				string(org), inviteOpen, db.Micros(tx.Now.Add(-30*24*time.Hour))))
		return err
	})
	return all, err
}

func errNoInvitation() error { return fault.New(fault.NotFound, "There is no such invitation") }

// managedInvitation gives an open invitation that who may deal with, and who
// as she stands now.
func managedInvitation(tx *db.Tx, who access.Actor, which InvitationID) (access.Actor, Invitation, error) {
	v, err := scanInvitation(tx.Row("select "+invitationColumns+" from admission_invitation where id = $1", string(which)).Scan, tx.Now)
	if db.NoRows(err) {
		return who, v, errNoInvitation()
	}
	if err != nil {
		return who, v, err
	}
	who, err = manager(tx, who, v.Org)
	if fault.Is(err, fault.NotFound) {
		err = errNoInvitation()
	}
	if err == nil && v.state != inviteOpen {
		err = fault.New(fault.Conflict, "This invitation was accepted or withdrawn in the meantime. Look at the list again")
	}
	return who, v, err
}

// Withdraw makes an invitation that was not accepted worthless.
func (s *Service) Withdraw(ctx context.Context, who access.Actor, which InvitationID) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, v, err := managedInvitation(tx, who, which)
		if err != nil {
			return err
		}
		err = v.end(tx, inviteWithdrawn, who.Person)
		if err != nil {
			return err
		}
		return event{kind: "invitation withdrawn", org: v.Org, subject: string(v.ID)}.write(tx, who)
	})
}

// end takes an open invitation; of two at once one gets it.
func (v Invitation) end(tx *db.Tx, state string, by id.Person) error {
	n, err := tx.Exec("update admission_invitation set state = $1, ended_us = $2, ended_by = $3 where id = $4 and state = $5",
		state, db.Micros(tx.Now), string(by), string(v.ID), inviteOpen)
	if err == nil && n == 0 {
		err = errToken()
	}
	return err
}

// Resend mails an invitation again with a new secret, for seven days from
// now; the link sent before is worth nothing. Who sends it answers for it
// from now on, so she must be able to give what it gives.
func (s *Service) Resend(ctx context.Context, who access.Actor, which InvitationID, link func(token string) string) error {
	token := newToken()
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		who, v, err := managedInvitation(tx, who, which)
		if err != nil {
			return err
		}
		err = inviter(who, v.Org, v.Roles)
		if err != nil {
			return err
		}
		err = v.grant().Check(who)
		if err != nil {
			return err
		}
		if v.Sent >= sentAtMost {
			return fault.New(fault.Conflict, "This invitation was sent five times. Withdraw it, check the address, and invite anew")
		}
		err = mayTakeIn(tx, v.Org)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`update admission_invitation set token_hash = $1, by_side = $2, by_person = $3, by_name = $4, made_us = $5, expires_us = $6, sent = sent + 1
			where id = $7`, tokenHash(token), int64(who.Side), string(who.Person), who.Name, db.Micros(tx.Now), db.Micros(tx.Now.Add(InvitationLasts)), string(v.ID))
		if err != nil {
			return err
		}
		err = event{kind: "invitation sent again", org: v.Org, subject: string(v.ID)}.write(tx, who)
		if err != nil {
			return err
		}
		return sendInvitation(tx, who, v.NewInvitation, token, link)
	})
}
