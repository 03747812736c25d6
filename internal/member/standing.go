package member

import (
	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Standing gives the restriction that a member is under, to somebody who
// answers for privacy; nil for none. It shows no fact of the member.
func Standing(tx *db.Tx, who access.Actor, m id.Member) (*Restriction, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	r := Restriction{Member: m}
	var at, until int64
	err = tx.Row("select kind, reason, since_us, until_us, person, name from member_restricted where member = $1 and (until_us = 0 or until_us > $2)",
		string(m), db.Micros(tx.Now)).Scan(&r.Kind, &r.Reason, &at, &until, &r.By, &r.ByName)
	if db.NoRows(err) {
		return nil, nil //nolint:nilnil // none stands
	}
	r.At, r.Until = db.Time(at), db.Time(until)
	return &r, err
}
