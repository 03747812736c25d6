package signon

import (
	"database/sql"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

const providerColumns = `p.id, p.org, p.side, p.name, p.issuer, p.client_id, p.sealed, p.trust_factor, p.acrs, p.disabled, p.created_us, p.changed_us`

// providerRow is a provider with its sealed secret.
type providerRow struct {
	Provider

	sealed []byte
}

func scanProvider(scan func(...any) error) (providerRow, error) {
	var r providerRow
	var side, trust, disabled, created, changed int64
	var acrs string
	err := scan(&r.ID, &r.Org, &side, &r.Name, &r.Issuer, &r.ClientID, &r.sealed, &trust, &acrs, &disabled, &created, &changed)
	r.Side, r.TrustFactor, r.Disabled = sideOf(side), trust == 1, disabled == 1
	r.ACRs, r.Created, r.Changed = split(acrs), db.Time(created), db.Time(changed)
	return r, err
}

func providerOf(tx *db.Tx, provider string) (providerRow, error) {
	r, err := scanProvider(tx.Row("select "+providerColumns+" from signon_provider p where p.id = $1", provider).Scan)
	if db.NoRows(err) {
		return providerRow{}, fault.New(fault.NotFound, "There is no such identity provider")
	}
	if err != nil {
		return providerRow{}, err
	}
	r.Domains, err = domainsOf(tx, provider)
	return r, err
}

func domainsOf(tx *db.Tx, provider string) ([]string, error) {
	return db.Collect(func(r *sql.Rows) (string, error) {
		var d string
		return d, r.Scan(&d)
	})(tx.Rows("select domain from signon_domain where provider = $1 order by domain", provider))
}

// providerFor reads as much for a domain that nobody has as for any other.
func providerFor(tx *db.Tx, domain string) (Provider, bool, error) {
	r, err := scanProvider(tx.Row("select "+providerColumns+` from signon_domain d join signon_provider p on p.id = d.provider
		where d.domain = $1 and p.disabled = 0`, domain).Scan)
	found := !db.NoRows(err)
	if found && err != nil {
		return Provider{}, false, err
	}
	r.Domains, err = domainsOf(tx, r.ID)
	if err != nil || !found {
		return Provider{}, false, err
	}
	return r.Provider, true, nil
}

func providers(tx *db.Tx) ([]Provider, error) {
	all, err := db.Collect(func(r *sql.Rows) (Provider, error) {
		p, err := scanProvider(r.Scan)
		return p.Provider, err
	})(tx.Rows("select " + providerColumns + " from signon_provider p order by p.name, p.id"))
	if err != nil {
		return nil, err
	}
	type owned struct{ domain, provider string }
	domains, err := db.Collect(func(r *sql.Rows) (owned, error) {
		var o owned
		return o, r.Scan(&o.domain, &o.provider)
	})(tx.Rows("select domain, provider from signon_domain order by domain"))
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(all))
	for i, p := range all {
		at[p.ID] = i
	}
	for _, o := range domains {
		i := at[o.provider]
		all[i].Domains = append(all[i].Domains, o.domain)
	}
	return all, nil
}

// only refuses a second enabled provider of an organization, and a domain
// that belongs to another enabled provider.
func only(tx *db.Tx, p Provider) error {
	var others int
	err := tx.Row("select count(1) from signon_provider where org = $1 and disabled = 0 and id <> $2", string(p.Org), p.ID).Scan(&others)
	if err != nil {
		return err
	}
	if others > 0 && !p.Disabled {
		return fault.New(fault.Conflict, "This organization has an identity provider already. Disable that one first, or change it")
	}
	for _, domain := range p.Domains {
		err = tx.Row("select count(1) from signon_domain d join signon_provider p on p.id = d.provider where d.domain = $1 and p.disabled = 0 and p.id <> $2",
			domain, p.ID).Scan(&others)
		if err != nil {
			return err
		}
		if others > 0 {
			return fault.Bad(fault.Problem{Path: "domains", Text: "One of the domains belongs to another identity provider. Take it from there first"})
		}
	}
	return nil
}

// own makes the provider's domains its own: one that a disabled provider had
// moves.
func own(tx *db.Tx, p Provider) error {
	_, err := tx.Exec("delete from signon_domain where provider = $1", p.ID)
	if err != nil {
		return err
	}
	for _, domain := range p.Domains {
		_, err = tx.Exec("insert into signon_domain (domain, provider) values ($1, $2) on conflict (domain) do update set provider = excluded.provider", domain, p.ID)
		if err != nil {
			return err
		}
	}
	return nil
}
