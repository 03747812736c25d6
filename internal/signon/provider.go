package signon

import (
	"context"
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Provider is an identity provider: that of an office, or the plan's own.
type Provider struct {
	ID          string
	Org         id.Organization // "" for the plan's own
	Side        access.Side     // whose people it knows
	Name        string          // as it stands on the button
	Issuer      string          // exactly as the provider writes it
	ClientID    string
	Secret      string   // of the client; given to Save only, empty to keep the one there is
	Domains     []string // of e-mail addresses, verified by staff, in ASCII and lower case
	TrustFactor bool     // a second factor that it says it asked for counts here
	ACRs        []string // values of "acr" that say so, beside "mfa" in "amr"
	Disabled    bool
	Created     time.Time
	Changed     time.Time
}

// LogValue logs a provider as a reference only.
func (p Provider) LogValue() slog.Value { return slog.StringValue("[identity provider " + p.ID + "]") }

type providerID string

// Save adds a provider (ID empty) or changes one. An enabled one is asked for
// its discovery document first, which has to be in order. What its links hang
// on (issuer, organization, side) never changes. An organization has one
// enabled provider, a domain belongs to one. Caller and organization are as
// ManageOrganizations allows; that the organization exists is the caller's to
// see to. What it gives has no secret.
func (s *Service) Save(ctx context.Context, who access.Actor, p Provider, reason string) (Provider, error) {
	err := who.May(access.ManageOrganizations)
	if err != nil {
		return Provider{}, err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return Provider{}, err
	}
	p, err = s.clean(p)
	if err != nil {
		return Provider{}, err
	}
	if !p.Disabled {
		_, err = s.discover(ctx, p.Issuer)
		if err != nil {
			s.log.InfoContext(ctx, "an identity provider does not fit", slog.Any("actor", who), slog.String("reason", cause(err)))
			return Provider{}, unfit(err)
		}
	}
	fresh := p.ID == ""
	if fresh {
		p.ID = string(id.New[providerID](s.db.Now()))
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if fresh {
			return s.add(tx, who, p, reason)
		}
		return s.change(tx, who, p, reason)
	})
	if db.Duplicate(err) {
		return Provider{}, fault.Wrap(fault.Conflict, err, "Somebody else changed the identity providers in the meantime. Look at the list again")
	}
	if err != nil {
		return Provider{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err := providerOf(tx, p.ID)
		p = r.Provider
		return err
	})
	return p, err
}

// add stores a new provider.
func (s *Service) add(tx *db.Tx, who access.Actor, p Provider, reason string) error {
	err := only(tx, p)
	if err != nil {
		return err
	}
	sealed, err := s.seal.Encrypt([]byte(p.Secret), []byte(p.ID))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into signon_provider (id, org, side, name, issuer, client_id, sealed, trust_factor, acrs, disabled, created_us, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.ID, string(p.Org), int64(p.Side), p.Name, p.Issuer, p.ClientID, sealed, db.Bit(p.TrustFactor), join(p.ACRs),
		db.Bit(p.Disabled), db.Micros(tx.Now), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	err = own(tx, p)
	if err != nil {
		return err
	}
	return event{kind: Added, provider: p.ID, reason: reason, detail: differences(Provider{}, p)}.write(tx, who)
}

// change stores what is new of a provider.
func (s *Service) change(tx *db.Tx, who access.Actor, p Provider, reason string) error {
	r, err := providerOf(tx, p.ID)
	if err != nil {
		return err
	}
	err = sameRoots(r.Provider, p)
	if err != nil {
		return err
	}
	err = only(tx, p)
	if err != nil {
		return err
	}
	if p.Secret != "" {
		r.sealed, err = s.seal.Encrypt([]byte(p.Secret), []byte(p.ID))
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(`update signon_provider set name = $1, client_id = $2, sealed = $3, trust_factor = $4, acrs = $5, disabled = $6, changed_us = $7 where id = $8`,
		p.Name, p.ClientID, r.sealed, db.Bit(p.TrustFactor), join(p.ACRs), db.Bit(p.Disabled), db.Micros(tx.Now), p.ID)
	if err != nil {
		return err
	}
	err = own(tx, p)
	if err != nil {
		return err
	}
	kind := Changed
	if p.Disabled && !r.Disabled {
		kind = Disabled
	}
	return event{kind: kind, provider: p.ID, reason: reason, detail: differences(r.Provider, p)}.write(tx, who)
}

// sameRoots refuses to move a provider whose links would then mean others.
func sameRoots(old, p Provider) error {
	const fixed = "Cannot change: the links of people hang on it. Disable this provider and add another"
	var bad []fault.Problem
	if p.Issuer != old.Issuer {
		bad = append(bad, fault.Problem{Path: "issuer", Text: fixed})
	}
	if p.Org != old.Org || p.Side != old.Side {
		bad = append(bad, fault.Problem{Path: "organization", Text: fixed})
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

// Disable ends the use of a provider with the next request. Its links stay,
// and count again when it is enabled.
func (s *Service) Disable(ctx context.Context, who access.Actor, provider, reason string) error {
	err := who.May(access.ManageOrganizations)
	if err != nil {
		return err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := providerOf(tx, provider)
		if err != nil || r.Disabled {
			return err
		}
		_, err = tx.Exec("update signon_provider set disabled = 1, changed_us = $1 where id = $2", db.Micros(tx.Now), provider)
		if err != nil {
			return err
		}
		return event{kind: Disabled, provider: provider, reason: reason}.write(tx, who)
	})
}

// List gives every provider, also disabled, by name, without secrets.
func (s *Service) List(ctx context.Context, who access.Actor) (all []Provider, err error) {
	err = who.May(access.ManageOrganizations)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = providers(tx)
		return err
	})
	return all, err
}

// ForDomain gives the enabled provider of the domain of an e-mail address, or
// of a domain, as somebody typed it who is not signed in. It does the same
// work whether there is one or not.
func (s *Service) ForDomain(ctx context.Context, typed string) (p Provider, found bool, err error) {
	domain := domainOf(typed)
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, found, err = providerFor(tx, domain)
		return err
	})
	return p, found, err
}
