package account

import (
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

// Holders gives the plan's people with a role whose accounts are open, by
// name, for word that goes to whoever has the work. It needs no right: it is
// for the portal's own mails.
func Holders(tx *db.Tx, role access.Role) ([]Person, error) {
	all, err := db.Collect(scanPerson)(tx.Rows("select "+personColumns+atHome+"where p.side = $1 and p.state = $2 order by p.name, p.id", int64(access.Plan), string(Active)))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p Person) bool { return !slices.Contains(p.Roles, role) }), nil
}

// ByUsername gives the account with a username, in any case, to those who may
// read who saw what.
func ByUsername(tx *db.Tx, who access.Actor, username string) (Person, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return Person{}, err
	}
	found, err := db.Collect(scanPerson)(tx.Rows("select "+personColumns+atHome+"where p.username_key = $1", fold(username)))
	if err != nil {
		return Person{}, err
	}
	if len(found) == 0 {
		return Person{}, errNoAccount()
	}
	return found[0], nil
}
