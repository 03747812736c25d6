package account

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

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
