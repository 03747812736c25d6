package disclosure

import (
	"database/sql"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// most is the largest number of rows one reading gives.
const most = 1000

// OfMember gives the newest looks at one member, newest first, at most limit
// (and at most 1,000). It takes the permission to read disclosures.
func OfMember(tx *db.Tx, who access.Actor, member id.Member, limit int) ([]Row, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	return db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where member = $1 order by at_us desc, id desc limit $2",
		string(member), bounded(limit)))
}

// OfPerson gives the newest looks of one person, newest first, at most limit
// (and at most 1,000). Everybody may read their own; anybody else's takes the
// permission to read disclosures.
func OfPerson(tx *db.Tx, who access.Actor, person id.Person, limit int) ([]Row, error) {
	if who.Person == "" || who.Person != person {
		err := who.May(access.ReadDisclosures)
		if err != nil {
			return nil, err
		}
	}
	return db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where person = $1 order by at_us desc, id desc limit $2",
		string(person), bounded(limit)))
}

// OfOrganization gives the newest looks by one organization's people, newest
// first, at most limit (and at most 1,000). It takes the permission to read
// disclosures.
func OfOrganization(tx *db.Tx, who access.Actor, org id.Organization, limit int) ([]Row, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	return db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where org = $1 order by at_us desc, id desc limit $2",
		string(org), bounded(limit)))
}

func bounded(limit int) int64 { return int64(min(max(limit, 1), most)) }

func scan(r *sql.Rows) (Row, error) {
	var row Row
	var fields string
	var at int64
	err := r.Scan(&row.ID, &row.Member, &row.Subject, &fields, &row.Purpose, &row.Outcome, &row.Key,
		&row.Person, &row.Username, &row.Name, &row.Org, &row.OrgName, &row.Session, &row.Door, &row.Address, &at, &row.Tie)
	row.Fields, row.At = splitFields(fields), db.Time(at)
	return row, err
}

// values gives n groups of placeholders, numbered through.
func values(n int) string {
	var b strings.Builder
	for i := range n * columnsNo {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columnsNo == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}

// UnderTie gives what one person was shown under a tie between two times,
// newest first, at most limit (and at most 1,000). It takes the permission to
// read disclosures.
func UnderTie(tx *db.Tx, who access.Actor, person id.Person, tie string, from, until time.Time, limit int) ([]Row, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	return db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where person = $1 and at_us >= $2 and at_us <= $3 and tie = $4 order by at_us desc, id desc limit $5",
		string(person), db.Micros(from), db.Micros(until), tie, bounded(limit)))
}

// First gives the time of the ledger's first line, or zero while it is empty.
// It names nobody and needs no right.
func First(tx *db.Tx) (time.Time, error) {
	var at int64
	err := tx.Row("select at_us from disclosure order by id limit 1").Scan(&at)
	if db.NoRows(err) {
		return time.Time{}, nil
	}
	return db.Time(at), err
}
