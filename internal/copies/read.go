package copies

import (
	"database/sql"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const columns = `c.id, c.org, c.org_name, c.side, c.kind, c.ref, c.label, c.no, c.person, c.username, c.name, c.session, c.reason, c.at_us, coalesce(g.digest, ''),
	coalesce(r.outcome, ''), coalesce(r.note, ''), coalesce(r.person, ''), coalesce(r.name, ''), coalesce(r.at_us, 0)
	from print_copy c left join print_copy_given g on g.copy = c.id left join print_copy_review r on r.copy = c.id `

// most is the largest number of rows one reading gives.
const most = 500

func scan(into func(...any) error) (Copy, error) {
	var c Copy
	var r Review
	var side, no, at, reviewed int64
	err := into(&c.ID, &c.Org, &c.OrgName, &side, &c.Kind, &c.Ref, &c.Label, &no, &c.Person, &c.Username, &c.Name, &c.Session, &c.Reason, &at, &c.Digest,
		&r.Outcome, &r.Note, &r.Person, &r.Name, &reviewed)
	c.Side, c.No, c.At = access.Side(side), int(no), db.Time(at)
	if r.Outcome != "" {
		r.At = db.Time(reviewed)
		c.Review = &r
	}
	return c, err
}

func scanRow(r *sql.Rows) (Copy, error) { return scan(r.Scan) }

func byToken(tx *db.Tx, token string) (Copy, bool, error) {
	c, err := scan(tx.Row("select "+columns+"where c.token = $1", token).Scan)
	if db.NoRows(err) {
		return Copy{}, false, nil
	}
	return c, err == nil, err
}

func of(tx *db.Tx, who access.Actor, kind, ref string) ([]Copy, error) {
	return db.Collect(scanRow)(tx.Rows("select "+columns+"where c.org = $1 and c.kind = $2 and c.ref = $3 order by c.no limit $4",
		string(orgOf(who)), kind, ref, int64(most)))
}

// Of gives the copies of a thing that the actor's own organization has taken,
// the first one first. The caller has found that the actor may see the thing.
func (s *Service) Of(tx *db.Tx, who access.Actor, kind, ref string) ([]Copy, error) {
	err := who.May(access.PrintCopy)
	if err != nil {
		return nil, err
	}
	return of(tx, who, kind, ref)
}

// Find gives the copy with a number, and every copy that the same organization
// has of the same thing. It takes the permission to read who saw what.
func (s *Service) Find(tx *db.Tx, who access.Actor, number id.CopyNumber) (Copy, []Copy, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return Copy{}, nil, err
	}
	c, err := scan(tx.Row("select "+columns+"where c.id = $1", string(number)).Scan)
	if db.NoRows(err) {
		return Copy{}, nil, fault.New(fault.NotFound, "There is no copy with this number: the portal has not printed that sheet. Compare the number with the foot of the page")
	}
	if err != nil {
		return Copy{}, nil, err
	}
	all, err := db.Collect(scanRow)(tx.Rows("select "+columns+"where c.org = $1 and c.kind = $2 and c.ref = $3 order by c.no limit $4",
		string(c.Org), c.Kind, c.Ref, int64(most)))
	if err != nil {
		return Copy{}, nil, err
	}
	c.First = all[0].At
	return c, all, nil
}

// Reviewed gives how many later copies a privacy officer closed from a time on
// and before another.
func (s *Service) Reviewed(tx *db.Tx, who access.Actor, from, until time.Time) (n int, err error) {
	err = who.May(access.ReviewPrivacy)
	if err != nil {
		return 0, err
	}
	err = tx.Row("select count(*) from print_copy_review where at_us >= $1 and at_us < $2", db.Micros(from), db.Micros(until)).Scan(&n)
	return n, err
}

// Second gives the second and later copies that no privacy officer has
// reviewed yet, the oldest first, at most limit (and at most 500).
func (s *Service) Second(tx *db.Tx, who access.Actor, limit int) ([]Copy, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanRow)(tx.Rows("select "+columns+"where c.no > 1 and r.copy is null order by c.at_us, c.id limit $1", int64(min(max(limit, 1), most))))
}
