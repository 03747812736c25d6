package signon

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

type linkID string

// LinkRow is one link between a person and what a provider calls her.
type LinkRow struct {
	ID           string
	Provider     string
	ProviderName string
	Person       id.Person
	Linked       time.Time
	Used         time.Time // last; zero for never
	Ended        time.Time // zero while it counts
}

// Link makes what a provider calls somebody the person's own, for ever. who is
// the person herself, acting for the provider's organization, or the portal.
// Linking what is linked to her already changes nothing; what belongs to
// somebody else is Conflict.
func Link(tx *db.Tx, who access.Actor, i Identity, p id.Person) error {
	r, err := linkable(tx, who, i, p)
	if err != nil {
		return err
	}
	var owner id.Person
	var ended int64
	err = tx.Row("select person, ended_us from signon_link where provider = $1 and subject = $2", r.ID, i.Subject).Scan(&owner, &ended)
	there := !db.NoRows(err)
	switch {
	case there && err != nil:
		return err
	case there && owner != p:
		return fault.New(fault.Conflict, "This sign-in of your organization belongs to another account of the portal. Ask the HelpDesk if that is not right")
	case there && ended == 0:
		return nil
	}
	var others int
	err = tx.Row("select count(1) from signon_link where person = $1 and provider = $2 and ended_us = 0", string(p), r.ID).Scan(&others)
	if err != nil {
		return err
	}
	if others > 0 {
		return fault.New(fault.Conflict, "Your account is linked to another sign-in of this organization already. Remove that link first")
	}
	var n int64
	if there {
		n, err = tx.Exec("update signon_link set ended_us = 0, linked_us = $1 where provider = $2 and subject = $3 and ended_us <> 0", db.Micros(tx.Now), r.ID, i.Subject)
	} else {
		n, err = tx.Exec(`insert into signon_link (provider, subject, id, person, linked_us, used_us, ended_us) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict do nothing`, r.ID, i.Subject, string(id.New[linkID](tx.Now)), string(p), db.Micros(tx.Now), int64(0), int64(0))
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Somebody changed this link in the meantime. Try again")
	}
	return event{kind: Linked, provider: r.ID, person: p}.write(tx, who)
}

// linkable gives the provider, as it stands, of an identity that the person
// may link.
func linkable(tx *db.Tx, who access.Actor, i Identity, p id.Person) (providerRow, error) {
	switch {
	case who.Person == "" || p == "" || i.Subject == "":
		return providerRow{}, fault.New(fault.Unauthenticated, "Please sign in")
	case who.Side != access.System && who.Person != p:
		return providerRow{}, fault.New(fault.Forbidden, "Everybody links the own account only. Ask the person to do it on the account page")
	case i.Start.Person != "" && i.Start.Person != p:
		return providerRow{}, fault.New(fault.Conflict, "This was begun by somebody else on this computer. Start again from your account page")
	}
	r, err := providerOf(tx, i.Provider.ID)
	if err != nil {
		return providerRow{}, err
	}
	switch {
	case r.Disabled:
		return providerRow{}, fault.New(fault.NotFound, "There is no such identity provider")
	case who.Side != access.System && who.Side != r.Side, who.Side == access.Office && who.Org != r.Org:
		return providerRow{}, fault.New(fault.Forbidden, "This identity provider is of an organization that you do not act for right now. Change to it first")
	case !i.Verified || i.Email == "" || !slices.Contains(r.Domains, domainOf(i.Email)):
		return providerRow{}, fault.New(fault.Forbidden,
			"Your organization's provider gives no verified e-mail address of your organization for you. Ask your organization's IT to add and verify it")
	}
	return r, nil
}

func mayLookAt(who access.Actor, person id.Person) error {
	if who.Person != "" && who.Person == person {
		return nil
	}
	return who.May(access.ManageAccounts)
}

// Links gives the links of a person, oldest first, also ended: her own, or
// anybody's for who manages accounts.
func (s *Service) Links(ctx context.Context, who access.Actor, person id.Person) (all []LinkRow, err error) {
	err = mayLookAt(who, person)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(func(r *sql.Rows) (LinkRow, error) {
			var l LinkRow
			var linked, used, ended int64
			err := r.Scan(&l.ID, &l.Provider, &l.ProviderName, &l.Person, &linked, &used, &ended)
			l.Linked, l.Used, l.Ended = db.Time(linked), db.Time(used), db.Time(ended)
			return l, err
		})(tx.Rows(`select l.id, l.provider, p.name, l.person, l.linked_us, l.used_us, l.ended_us
			from signon_link l join signon_provider p on p.id = l.provider where l.person = $1 order by l.linked_us, l.id`, string(person)))
		return err
	})
	return all, err
}

// Unlink ends a link: of one's own account, or of anybody's for who manages
// accounts. It still belongs to the person: nobody else can take it.
func (s *Service) Unlink(ctx context.Context, who access.Actor, person id.Person, link, reason string) error {
	err := mayLookAt(who, person)
	if err != nil {
		return err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		var provider string
		err := tx.Row("update signon_link set ended_us = $1 where id = $2 and person = $3 and ended_us = 0 returning provider",
			db.Micros(tx.Now), link, string(person)).Scan(&provider)
		if db.NoRows(err) {
			return fault.New(fault.NotFound, "There is no such link, or it has ended already")
		}
		if err != nil {
			return err
		}
		return event{kind: Unlinked, provider: provider, person: person, reason: reason}.write(tx, who)
	})
}
