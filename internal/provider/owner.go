package provider

import (
	"database/sql"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Owned says whose the NPIs and tax numbers of organizations are.
type Owned struct {
	ByNPI map[code.NPI]id.Organization
	ByTIN map[code.TIN]id.Organization // "" where several have it: it names nobody
	TIN   map[id.Organization]code.TIN
}

// Owners gives which organization has which NPI and tax number, for an import
// to compare with. It takes the permission to import.
func Owners(tx *db.Tx, who access.Actor) (Owned, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Owned{}, err
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
		return Owned{}, err
	}
	out := Owned{ByNPI: make(map[code.NPI]id.Organization, len(found)), ByTIN: make(map[code.TIN]id.Organization, len(found)), TIN: make(map[id.Organization]code.TIN, len(found))}
	for _, o := range found {
		out.ByNPI[o.npi], out.TIN[o.org] = o.org, o.tin
		if _, twice := out.ByTIN[o.tin]; twice {
			out.ByTIN[o.tin] = ""
			continue
		}
		out.ByTIN[o.tin] = o.org
	}
	return out, nil
}
