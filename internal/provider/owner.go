package provider

import (
	"database/sql"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Owners gives which organization has an NPI, and which has a tax number that
// no other has, for an import to compare with. It takes the permission to
// import.
func Owners(tx *db.Tx, who access.Actor) (byNPI map[code.NPI]id.Organization, byTIN map[code.TIN]id.Organization, err error) {
	err = who.May(access.ImportData)
	if err != nil {
		return nil, nil, err
	}
	type owner struct {
		org id.Organization
		npi code.NPI
		tin code.TIN
	}
	found, err := db.Collect(func(r *sql.Rows) (owner, error) {
		var o owner
		return o, r.Scan(&o.org, &o.npi, &o.tin)
	})(tx.Rows("select id, npi, tin from organization"))
	if err != nil {
		return nil, nil, err
	}
	byNPI, byTIN = make(map[code.NPI]id.Organization, len(found)), make(map[code.TIN]id.Organization, len(found))
	for _, o := range found {
		byNPI[o.npi] = o.org
		if _, twice := byTIN[o.tin]; twice {
			byTIN[o.tin] = "" // shared: it names nobody
			continue
		}
		byTIN[o.tin] = o.org
	}
	return byNPI, byTIN, nil
}
