package priorauth

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Seen gives which request a number stands for, if who may see it at all, and
// shows nothing of it.
func Seen(tx *db.Tx, who access.Actor, number id.Number) (id.Request, error) {
	err := who.May(access.ViewRequests)
	if err != nil {
		return "", err
	}
	var request id.Request
	var org id.Organization
	var requesting string
	err = tx.Row("select id, org, requesting_npi from request where number = $1", string(number)).Scan(&request, &org, &requesting)
	if db.NoRows(err) || err == nil && who.Side == access.Office && (org != who.Org || !who.Reaches(requesting)) {
		return "", errNoRequest
	}
	return request, err
}
