package claim

import (
	"context"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// placeSize is how many claims are placed in one transaction.
const placeSize = 2000

// Place looks for the organizations of claims that had none in the directory,
// and shows the claims to those that it finds. It is for whoever has loaded a
// file of the directory; when it stops half-way, the next one goes on.
func (s *Service) Place(ctx context.Context, who access.Actor) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	last, more := ID(""), true
	for more && err == nil {
		var next ID
		err = s.DB.Update(ctx, func(tx *db.Tx) error {
			var err error
			next, more, err = s.placeSome(tx, who, last)
			return err
		})
		last = next
	}
	return err
}

// placeSome places the next batch of claims after one, and gives its last.
func (s *Service) placeSome(tx *db.Tx, who access.Actor, after ID) (last ID, more bool, err error) {
	err = alone(tx, id.New[id.Import](tx.Now))
	if err != nil {
		return "", false, err
	}
	found, err := db.Collect(scanKept)(tx.Rows("select "+keptColumns+" from claim c where c.billing_org = '' and c.id > $1 order by c.id limit $2", string(after), placeSize))
	if err != nil || len(found) == 0 {
		return "", false, err
	}
	f, err := finders(tx, who)
	if err != nil {
		return "", false, err
	}
	bills := make([]billed, len(found))
	for i, k := range found {
		bills[i] = billed{billing: code.NPI(k.billingNPI), tin: code.TIN(k.billingTIN), rendering: code.NPI(k.renderingNPI)}
	}
	err = f.meet(tx, bills)
	if err != nil {
		return "", false, err
	}
	for i, k := range found {
		before := k.parties
		k.billingOrg = f.biller(bills[i])
		if org := f.giver(bills[i], k.billingOrg); org != "" {
			k.renderingOrg = org
		}
		if k.parties == before {
			continue
		}
		err = k.store(tx, false)
		if err == nil {
			err = k.join(tx, who, s.Zone)
		}
		if err != nil {
			return "", false, err
		}
	}
	return found[len(found)-1].id, len(found) == placeSize, nil
}
