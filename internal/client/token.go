package client

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	// TokenLasts is how long an access token works.
	TokenLasts = 5 * time.Minute // no longer, as SMART App Launch 2.2.0 advises (W-02)

	mostTokens = 100 // that one program may hold at a time
)

// Token gives a program an access token for TokenLasts, against its id and
// secret. Anything that is not right is one fault.Unauthenticated; too many
// attempts are fault.TooMany.
func (s *Service) Token(ctx context.Context, clientID, secret, address string) (string, error) {
	address = clean(address, 64)
	network, token := networkOf(address), newSecret()
	var bad error
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		bad = nil
		r, err := named(tx, clientID)
		if err != nil {
			return err
		}
		counters := countersOf(clientID, network, r.network == network)
		err = charge(tx, counters)
		if err != nil {
			return err
		}
		standing, err := account.StandingOf(tx, r.Org)
		if err != nil {
			return err
		}
		// Compared in any case, so that an unknown program costs the same.
		right := subtle.ConstantTimeCompare(digest(secret), r.secret) == 1
		if !right || r.State != Active || shut(standing, tx.Now) {
			bad = refused() // outside, so that the attempt stays counted
			return refusal(tx, r, right, address)
		}
		err = refund(tx, counters)
		if err != nil {
			return err
		}
		return issue(tx, r, token, address, network)
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		s.log.InfoContext(ctx, "no token for a program", slog.String("kind", fault.KindOf(err).String()))
		return "", err
	}
	return token, nil
}

// named gives the program of a typed id, or one that no secret opens.
func named(tx *db.Tx, clientID string) (row, error) {
	nobody := row{secret: make([]byte, len(digest("")))}
	c, err := id.Parse[ID](clientID)
	if err != nil {
		return nobody, nil //nolint:nilerr // a made-up id is answered as a wrong secret
	}
	r, err := rowOf(tx, c)
	if fault.Is(err, fault.NotFound) {
		return nobody, nil
	}
	return r, err
}

func refusal(tx *db.Tx, r row, right bool, address string) error {
	if r.ID == "" {
		return nil
	}
	reason := "wrong secret"
	if right {
		reason = "access not open"
	}
	return event{kind: "token refused", client: r.ID, org: r.Org, reason: reason, address: address}.write(tx, access.Actor{})
}

func issue(tx *db.Tx, r row, token, address, network string) error {
	_, err := tx.Exec("delete from client_token where client = $1 and expires_us <= $2", string(r.ID), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	var held int64
	err = tx.Row("select count(*) from client_token where client = $1", string(r.ID)).Scan(&held)
	if err != nil {
		return err
	}
	if held >= mostTokens {
		return fault.New(fault.TooMany, "This program holds 100 tokens. Use one for its 15 minutes instead of asking for another each time")
	}
	session := id.New[id.Session](tx.Now)
	_, err = tx.Exec("insert into client_token (token_hash, id, client, made_us, expires_us) values ($1, $2, $3, $4, $5)",
		digest(token), string(session), string(r.ID), db.Micros(tx.Now), db.Micros(tx.Now.Add(TokenLasts)))
	if err != nil {
		return err
	}
	_, err = tx.Exec("update client set used_us = $1, network = $2 where id = $3", db.Micros(tx.Now), network, string(r.ID))
	if err != nil {
		return err
	}
	return event{kind: "token given", client: r.ID, org: r.Org, address: address}.write(tx, access.Actor{Person: person(r.ID), Session: session})
}

func person(c ID) id.Person { return id.Person("client:" + string(c)) }

// Actor gives the program that token opens, as it stands now. Unauthenticated
// for a token that is unknown, late or ended; Forbidden while the current
// agreement is not accepted for the program, or its organization's access is
// not open. The caller adds the network address.
func (s *Service) Actor(ctx context.Context, token string) (access.Actor, error) {
	if !wellFormed(token) {
		return access.Actor{}, errToken()
	}
	version, err := s.current(ctx)
	if err != nil {
		return access.Actor{}, err
	}
	var who access.Actor
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var expires int64
		var session id.Session
		r, err := scan(tx.Row("select "+columns+", t.id, t.expires_us from client_token t join client c on c.id = t.client where t.token_hash = $1", digest(token)), &session, &expires)
		if db.NoRows(err) {
			return errToken()
		}
		if err != nil {
			return err
		}
		if r.State != Active || !tx.Now.Before(db.Time(expires)) {
			return errToken()
		}
		standing, err := account.StandingOf(tx, r.Org)
		if err != nil {
			return err
		}
		if shut(standing, tx.Now) {
			return fault.New(fault.Forbidden, "The access of this program's organization is not open. Call the HelpDesk")
		}
		ok, err := hasAccepted(tx, r.ID, version)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Forbidden, "The agreement has to be accepted for this program first")
		}
		who = r.actor(session)
		if !standing.ViewOnly.IsZero() && !tx.Now.Before(standing.ViewOnly) {
			who.Roles = []access.Role{access.Viewer}
		}
		return nil
	})
	return who, err
}

func (r row) actor(session id.Session) access.Actor {
	return access.Actor{
		Person: person(r.ID), Username: "client:" + r.Name, Name: r.Name, Side: access.Office, Org: r.Org, OrgName: r.OrgName, OrgTIN: r.OrgTIN,
		Roles: []access.Role{r.Role}, Providers: r.Providers, Session: session, Door: Door,
	}
}

func errToken() error {
	return fault.New(fault.Unauthenticated, "This token does not work, or not any more. Ask for a new one")
}

// shut says that nobody acts for the organization now.
func shut(o account.Standing, now time.Time) bool {
	return o.Suspended || !o.Closes.IsZero() && !now.Before(o.Closes)
}
