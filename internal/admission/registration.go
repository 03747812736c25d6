package admission

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
)

const (
	// RegistrationLasts is how long a registration waits, confirmed or not.
	RegistrationLasts = 14 * 24 * time.Hour

	perEmail   = 3  // registrations of one address a day; more are not mailed
	perNetwork = 20 // registrations from one network an hour
)

// How a registration stands.
const (
	regUnconfirmed = "unconfirmed" // the e-mail address is not proved yet
	regWaiting     = "waiting"     // for an administrator
	regApproved    = "approved"
	regRefused     = "refused"
	regExpired     = "expired"
)

// NewRegistration is what somebody fills in who wants to work for an
// organization and was not invited.
type NewRegistration struct {
	TIN      string
	NPI      string // of the organization
	Name     string
	Email    string
	Username string
	Password string
	Role     access.Role // wanted: an administrator decides
	Address  string      // network address it comes from
}

// Registration is one without its secrets, as those who decide see it.
type Registration struct {
	ID        RegistrationID
	Org       id.Organization
	Name      string
	Email     string
	Username  string
	Role      access.Role
	Made      time.Time
	Confirmed time.Time // when the e-mail address was proved
	Expires   time.Time

	orgName, orgTIN string
	hash            string
	state           string
}

const registrationColumns = `id, org, org_name, org_tin, name, email, username, password, role, made_us, expires_us, confirmed_us, state`

func scanRegistration(scan func(...any) error) (Registration, error) {
	var r Registration
	var made, expires, confirmed int64
	err := scan(&r.ID, &r.Org, &r.orgName, &r.orgTIN, &r.Name, &r.Email, &r.Username, &r.hash, &r.Role, &made, &expires, &confirmed, &r.state)
	r.Made, r.Expires, r.Confirmed = db.Time(made), db.Time(expires), db.Time(confirmed)
	return r, err
}

// person gives the account that the registration asks for.
func (r Registration) person(roles []access.Role, providers []string) account.NewPerson {
	return account.NewPerson{
		Username: r.Username, Name: r.Name, Email: r.Email, Side: access.Office, Org: r.Org, OrgName: r.orgName, OrgTIN: r.orgTIN, Roles: roles, Providers: providers,
	}
}

// Register takes in somebody's wish to work for an organization. A mail asks
// her to prove the address; before that nobody sees the wish. The answer and
// the work are the same whether or not there is such an organization, and
// whether or not the username is free (V-04). Only what is wrong with the
// form itself comes back, as problems.
func (s *Service) Register(ctx context.Context, n NewRegistration, link func(token string) string) error {
	n.Name, n.Email, n.Username = clean(n.Name), clean(n.Email), strings.TrimSpace(n.Username)
	tin, npi, bad := n.check()
	roles := []access.Role{n.Role}
	if n.Role.Side() != access.Office {
		roles = []access.Role{access.Viewer} // named as a problem already
	}
	prepared, err := s.Accounts.Prepare(ctx, account.NewPerson{
		Username: n.Username, Name: n.Name, Email: n.Email, Password: n.Password, Side: access.Office, Org: "unknown", Roles: roles,
	})
	if fault.Is(err, fault.Invalid) {
		for _, p := range fault.Problems(err) {
			if !slices.ContainsFunc(bad, func(b fault.Problem) bool { return b.Path == p.Path }) {
				bad = append(bad, p)
			}
		}
		err = nil
	}
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	token := newToken()
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		r := Registration{ID: id.New[RegistrationID](tx.Now), Name: n.Name, Email: n.Email, Username: n.Username, Role: n.Role, hash: prepared.Hash}
		if s.FindOrg != nil {
			org, name, ownTIN, found, err := s.FindOrg(tx, string(tin), string(npi))
			if err != nil {
				return err
			}
			if found {
				r.Org, r.orgName, r.orgTIN = org, name, ownTIN
			}
		}
		send, err := mayRegister(tx, n)
		if err != nil {
			return err
		}
		err = r.insert(tx, token, networkOf(n.Address))
		if err != nil || !send {
			return err
		}
		return mail.Queue(tx, mail.Message{
			Address: r.Email, Kind: "registration", Subject: "Confirm your e-mail address",
			Text: []string{
				"Hello " + plain(r.Name) + ",",
				"Somebody asked for an account in the provider portal with this e-mail address. If that was you, open the link within 14 days; it works once.",
				"Then the organization's local administrators decide, and you hear from us by mail.",
				"If it was not you, do nothing.",
			},
			Link: link(token), LinkText: "Confirm this e-mail address",
		})
	})
}

func (n NewRegistration) check() (code.TIN, code.NPI, []fault.Problem) {
	bad := slices.Concat(checkName(n.Name), checkEmail(n.Email))
	tin, err := code.ParseTIN(n.TIN)
	if err != nil {
		bad = append(bad, fault.Problem{Path: "tin", Text: "Enter the organization's tax ID with its nine digits, such as 12-3456789"})
	}
	npi, err := code.ParseNPI(n.NPI)
	if err != nil {
		bad = append(bad, fault.Problem{Path: "npi", Text: "Enter the organization's own NPI: ten digits. One of them may be wrong, or two swapped"})
	}
	if n.Role.Side() != access.Office {
		bad = append(bad, fault.Problem{Path: "role", Text: "Choose the role you ask for"})
	}
	return tin, npi, bad
}

// mayRegister holds up whoever registers again and again: a network is told,
// a mailbox is just not written to any more.
func mayRegister(tx *db.Tx, n NewRegistration) (send bool, err error) {
	var fromNet, toEmail int64
	err = tx.Row("select count(*) from admission_registration where network = $1 and made_us > $2",
		networkOf(n.Address), db.Micros(tx.Now.Add(-time.Hour))).Scan(&fromNet)
	if err != nil {
		return false, err
	}
	if fromNet >= perNetwork {
		return false, fault.New(fault.TooMany, "Too many registrations came from your network in the last hour. Try again in an hour, or ask the HelpDesk")
	}
	err = tx.Row("select count(*) from admission_registration where email_key = $1 and made_us > $2",
		emailKey(n.Email), db.Micros(tx.Now.Add(-24*time.Hour))).Scan(&toEmail)
	return toEmail < perEmail, err
}

// networkOf gives what counts as one place: an IPv4 address, or the /64 that
// one IPv6 customer has.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

func (r Registration) insert(tx *db.Tx, token, network string) error {
	return tx.Later(`insert into admission_registration (id, token_hash, org, org_name, org_tin, name, email, email_key, username, username_key, password, role, network,
			made_us, expires_us, confirmed_us, state, ended_us, ended_by, reason, person)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		string(r.ID), tokenHash(token), string(r.Org), r.orgName, r.orgTIN, r.Name, r.Email, emailKey(r.Email), r.Username, strings.ToLower(r.Username), r.hash,
		string(r.Role), network, db.Micros(tx.Now), db.Micros(tx.Now.Add(RegistrationLasts)), int64(0), regUnconfirmed, int64(0), "", "", "")
}

// unconfirmed gives the registration whose address a link proves.
func unconfirmed(tx *db.Tx, token string) (Registration, error) {
	if !wellFormed(token) {
		return Registration{}, errConfirm()
	}
	r, err := scanRegistration(tx.Row("select "+registrationColumns+" from admission_registration where token_hash = $1", tokenHash(token)).Scan)
	if db.NoRows(err) || err == nil && (r.state != regUnconfirmed || !tx.Now.Before(r.Expires)) {
		return Registration{}, errConfirm()
	}
	return r, err
}

func errConfirm() error {
	return fault.New(fault.NotFound, "This link does not work. It may have been used, be too old, or been cut off on its way. If you still need an account, register again")
}

// Registered gives the registration behind a link, for the page on which its
// sender confirms it.
func (s *Service) Registered(ctx context.Context, token string) (r Registration, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		r, err = unconfirmed(tx, token)
		return err
	})
	return r, err
}

// ConfirmRegistration proves the e-mail address: from now on the
// organization's administrators see the registration. Whoever holds the link
// may learn here, and not before, that the username is taken, and choose
// another; username is the one wanted, "" keeps it.
func (s *Service) ConfirmRegistration(ctx context.Context, token, username string) error {
	username = strings.TrimSpace(username)
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		r, err := unconfirmed(tx, token)
		if err != nil {
			return err
		}
		if username == "" {
			username = r.Username
		}
		err = freeName(tx, r, username)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`update admission_registration set state = $1, confirmed_us = $2, username = $3, username_key = $4 where id = $5 and state = $6`,
			regWaiting, db.Micros(tx.Now), username, strings.ToLower(username), string(r.ID), regUnconfirmed)
		if err != nil {
			return err
		}
		if n == 0 {
			return errConfirm()
		}
		err = event{kind: "registration confirmed", org: r.Org, subject: string(r.ID)}.write(tx, access.Actor{Person: "applicant:" + id.Person(r.ID)})
		if err != nil || r.Org == "" {
			return err
		}
		return s.tellAdministrators(tx, r.Org, "registration waiting", "Somebody asks for an account",
			[]string{plain(r.Name) + " asks to work in the provider portal for " + plain(r.orgName) + ". Decide within 14 days; after that the registration lapses."}, "/office")
	})
}

// freeName checks the shape of a username, and that nobody has it, had it, or
// waits for it.
func freeName(tx *db.Tx, r Registration, username string) error {
	if !usernameShape(username) {
		return fault.Bad(fault.Problem{Path: "username", Text: "Use 3 to 64 letters and digits; after the first also . _ - @"})
	}
	free, err := account.UsernameFree(tx, username)
	if err != nil {
		return err
	}
	var waiting int64
	err = tx.Row("select count(*) from admission_registration where username_key = $1 and state = $2 and expires_us > $3 and id <> $4",
		strings.ToLower(username), regWaiting, db.Micros(tx.Now), string(r.ID)).Scan(&waiting)
	if err == nil && (!free || waiting > 0) {
		err = fault.Bad(fault.Problem{Path: "username", Text: "Is taken, or was once: a username is never used again. Choose another"})
	}
	return err
}

// usernameShape is the shape that package account takes.
func usernameShape(username string) bool {
	if len(username) < 3 || len(username) > 64 {
		return false
	}
	for i := range len(username) {
		c := username[i]
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !word && (i == 0 || !strings.ContainsRune("._-@", rune(c))) {
			return false
		}
	}
	return true
}
