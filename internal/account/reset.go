package account

import (
	"context"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
)

// resetLasts is how long a reset link works.
const resetLasts = time.Hour

// linksAtOnce is how many working links an account may have: more are not
// sent, so that nobody fills somebody's mailbox.
const linksAtOnce = 3

// Forgot sends a single-use link to the account's e-mail address, if the
// typed username and address belong together. It tells the caller nothing
// either way (V-04). link makes the address of a token.
func (s *Service) Forgot(ctx context.Context, username, email, address string, link func(token string) string) error {
	token := newToken()
	return s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := find(tx, Attempt{Username: username, Address: address})
		if err != nil {
			return err
		}
		// Only the network is charged: the owner is not held up by strangers.
		err = charge(tx, []counter{{key: "forgot/" + networkOf(address), slow: slowFromNet}})
		if err != nil {
			return err
		}
		p := c.person
		err = Event{Kind: ResetAsked, Person: p.ID, Address: printable(address, 64)}.write(tx)
		if err != nil {
			return err
		}
		may := p.Open() || p.State == Suspended && p.Cause == OfNonUse
		if p.ID == "" || p.Email == "" || !may || foldEmail(p.Email) != foldEmail(email) {
			return nil
		}
		return s.sendLink(tx, p, token, link)
	})
}

// StartReset is Forgot for staff: they start it and never see the link (V-06).
func (s *Service) StartReset(ctx context.Context, who access.Actor, person id.Person, reason string, link func(token string) string) error {
	reason, err := cleanReason(reason)
	if err != nil {
		return err
	}
	token := newToken()
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := managed(tx, who, person)
		if err != nil {
			return err
		}
		if p.Email == "" {
			return fault.New(fault.Conflict, "This account has no e-mail address to send a link to. Its local administrator can invite the person anew")
		}
		err = s.done(tx, who, ResetAsked, person, reason)
		if err != nil {
			return err
		}
		return s.sendLink(tx, p, token, link)
	})
}

func foldEmail(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func (s *Service) sendLink(tx *db.Tx, p Person, token string, link func(token string) string) error {
	var open int64
	err := tx.Row("select count(*) from account_link where person = $1 and used_us = 0 and expires_us > $2", string(p.ID), db.Micros(tx.Now)).Scan(&open)
	if err != nil || open >= linksAtOnce {
		return err
	}
	_, err = tx.Exec("insert into account_link (token_hash, person, made_us, expires_us, used_us) values ($1, $2, $3, $4, $5)",
		tokenHash(token), string(p.ID), db.Micros(tx.Now), db.Micros(tx.Now.Add(resetLasts)), int64(0))
	if err != nil {
		return err
	}
	return mail.Queue(tx, mail.Message{
		Person: p.ID, Address: p.Email, Kind: "password reset", Subject: "Choose a new password",
		Text: []string{"Hello " + p.Name + ",", "Somebody asked for a new password for your account. If that was you, open this link within an hour; it works once.",
			"If it was not you, do nothing: your password stays as it is."},
		Link: link(token), LinkText: "Choose a new password",
	})
}

func errLink() error {
	return fault.New(fault.NotFound, "This link has been used, is too old, or was cut off on its way. Ask for a new one")
}

// ResetFor says whether a reset link works, and whether it also asks for a
// code of the second factor.
func (s *Service) ResetFor(ctx context.Context, token string) (needsCode bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := linked(tx, token)
		if err != nil {
			return err
		}
		needsCode, err = s.needsCode(tx, p.ID)
		return err
	})
	return needsCode, err
}

func (s *Service) needsCode(tx *db.Tx, p id.Person) (bool, error) {
	if s.factors == nil {
		return false, nil
	}
	st, err := s.factors.Of(tx, p)
	return st.TOTP || st.Codes > 0, err
}

func linked(tx *db.Tx, token string) (Person, error) {
	if !wellFormed(token) {
		return Person{}, errLink()
	}
	var person id.Person
	var expires, used int64
	err := tx.Row("select person, expires_us, used_us from account_link where token_hash = $1", tokenHash(token)).Scan(&person, &expires, &used)
	if db.NoRows(err) || err == nil && (used != 0 || !tx.Now.Before(db.Time(expires))) {
		return Person{}, errLink()
	}
	if err != nil {
		return Person{}, err
	}
	p, err := personOf(tx, person)
	if err == nil && !p.Open() && p.Cause != OfNonUse {
		err = errLink()
	}
	return p, err
}

// Reset sets the password that the holder of a link chose. With an account
// that has a code to give, that proves it as well (I-14); then an account
// suspended for non-use is opened again. All sessions end. The link is used
// up only when it worked.
func (s *Service) Reset(ctx context.Context, token, fresh, typed string) error {
	var p Person
	var ask bool
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		p, err = linked(tx, token)
		if err != nil {
			return err
		}
		ask, err = s.needsCode(tx, p.ID)
		return err
	})
	if err != nil {
		return err
	}
	problem := s.checkPassword("new", fresh, p)
	if problem != nil {
		return fault.Bad(*problem)
	}
	hash, err := s.hash.make(ctx, normal(fresh))
	if err != nil {
		return err
	}
	good := true
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := linked(tx, token)
		if err != nil {
			return err
		}
		if ask {
			err = charge(tx, factorKey(p.ID))
			if err != nil {
				return err
			}
			how, err := s.checkCode(tx, p, typed)
			if err != nil {
				return err
			}
			good = how != ""
			if !good {
				return Event{Kind: FactorFailed, Person: p.ID, Reason: "at a password reset"}.write(tx)
			}
			err = refund(tx, factorKey(p.ID))
			if err != nil {
				return err
			}
		}
		return s.reset(tx, p, token, hash, ask)
	})
	if err == nil && !good {
		return fault.Bad(fault.Problem{Path: "code", Text: "Is not right, or was used before. Type the newest code of your app, or a recovery code"})
	}
	return err
}

func (s *Service) reset(tx *db.Tx, p Person, token, hash string, proven bool) error {
	n, err := tx.Exec("update account_link set used_us = $1 where token_hash = $2 and used_us = 0", db.Micros(tx.Now), tokenHash(token))
	if err != nil {
		return err
	}
	if n == 0 {
		return errLink()
	}
	_, err = tx.Exec("update account_person set password = $1, password_us = $2, must_change = 0, used_us = $3, warned = 0 where id = $4",
		hash, db.Micros(tx.Now), db.Micros(tx.Now), string(p.ID))
	if err != nil {
		return err
	}
	err = forget(tx, p)
	if err != nil {
		return err
	}
	_, err = endAll(tx, p.ID, "", endedPassword)
	if err != nil {
		return err
	}
	own := access.Actor{Person: p.ID}
	if p.State == Suspended && p.Cause == OfNonUse && proven {
		err = p.move(tx, own, Active, "", "proved herself again", Enabled)
		if err != nil {
			return err
		}
	}
	err = s.done(tx, own, PasswordChanged, p.ID, "with a link sent by mail")
	if err != nil {
		return err
	}
	return s.tell(tx, p, "password changed", "Your password was changed", "The password of your account was just changed, and every browser that was signed in is signed out.",
		"If that was not you, call the HelpDesk at once.")
}
