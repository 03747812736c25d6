package disclosure

import (
	"math"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// PageSize is how many lines one page of a search gives.
const PageSize = 50

// scanMost is how many lines one page reads at most while it looks for those
// that fit: a page costs the same however long the ledger is.
const scanMost = 2000

// Filter says which lines are looked for. At most one of Member, Person, Org
// and Subject is the key that the search goes by; without one, a search goes
// by outcome when it is not Shown, or else by time alone. Everything else
// narrows.
type Filter struct {
	Member  id.Member
	Person  id.Person
	Org     id.Organization
	Subject string // "request/<id>": exactly

	Outcome Outcome
	Tie     string // a kind ("panel", "glass"): also what follows a slash
	Door    string
	From    time.Time // included
	Until   time.Time // not included
	After   Cursor    // the last line of the page before
}

// Cursor is a place in a search, as Page.Next gives it.
type Cursor struct {
	At time.Time
	ID id.Disclosure
}

// IsZero reports that the cursor is at the beginning.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// Page is one page of a search, newest first.
type Page struct {
	Rows []Row
	Next Cursor // zero on the last page
	// Short says that the page ended because 2,000 lines were read, not
	// because it was full: Next.At says how far it came.
	Short bool
}

// Search gives the lines that fit, newest first, a page at a time. It reads
// one index and 2,000 lines at most. It takes the permission to read
// disclosures; that it was read is the caller's to write down.
func Search(tx *db.Tx, who access.Actor, f Filter) (Page, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return Page{}, err
	}
	keys := 0
	for _, k := range []string{string(f.Member), string(f.Person), string(f.Org), f.Subject} {
		if k != "" {
			keys++
		}
	}
	if keys > 1 {
		return Page{}, fault.New(fault.Invalid, "Search by one of member, person, organization or thing at a time")
	}
	var p Page
	read := 0
	for read < scanMost {
		n := PageSize + 1
		if read > 0 {
			n = scanMost / 4
		}
		n = min(n, scanMost-read)
		rows, err := f.read(tx, n)
		if err != nil {
			return Page{}, err
		}
		for i, r := range rows {
			if len(p.Rows) == PageSize {
				p.Next = f.After
				return p, nil
			}
			f.After = Cursor{At: r.At, ID: r.ID}
			if f.fits(r) {
				p.Rows = append(p.Rows, rows[i])
			}
		}
		read += len(rows)
		if len(rows) < n {
			return p, nil
		}
	}
	p.Next, p.Short = f.After, true
	return p, nil
}

// read gives the next n lines by the key alone.
func (f Filter) read(tx *db.Tx, n int) ([]Row, error) {
	where, key := f.key()
	if where == "" {
		return f.readByTime(tx, n)
	}
	until, before := int64(math.MaxInt64), ""
	if !f.Until.IsZero() {
		until = db.Micros(f.Until) - 1
	}
	// A line of the cursor's own time comes after it when its id is smaller;
	// every line of an earlier time does.
	if !f.After.IsZero() && db.Micros(f.After.At) <= until {
		until, before = db.Micros(f.After.At), string(f.After.ID)
	}
	query := "select " + columns + " from disclosure where " + where + " = $1 and at_us >= $2 and at_us <= $3"
	args := []any{key, db.Micros(f.From), until}
	if before != "" {
		query += " and (at_us < $4 or id < $5) order by at_us desc, id desc limit $6"
		args = append(args, until, before, int64(n))
	} else {
		query += " order by at_us desc, id desc limit $4"
		args = append(args, int64(n))
	}
	return db.Collect(scan)(tx.Rows(query, args...))
}

// key gives the column of the index that the search goes by, with what the
// index is limited to, and its value.
func (f Filter) key() (where, key string) {
	switch {
	case f.Member != "":
		return "member", string(f.Member)
	case f.Person != "":
		return "person", string(f.Person)
	case f.Org != "":
		return "org", string(f.Org)
	case f.Subject != "" && f.Subject != "member":
		return "subject <> 'member' and subject", f.Subject
	case f.Outcome != "" && f.Outcome != Shown:
		return "outcome <> 'shown' and outcome", string(f.Outcome)
	}
	return "", ""
}

// readByTime walks the primary key, whose order is that of time to the
// millisecond.
func (f Filter) readByTime(tx *db.Tx, n int) ([]Row, error) {
	before := "8" // after every id
	if !f.Until.IsZero() {
		before = idsFrom(f.Until.Add(-time.Microsecond).Add(time.Millisecond))
	}
	if !f.After.IsZero() {
		before = min(before, string(f.After.ID))
	}
	return db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where id < $1 and id >= $2 order by id desc limit $3", before, idsFrom(f.From), int64(n)))
}

// idsFrom gives what every id made in t's millisecond or later is not less than.
func idsFrom(t time.Time) string {
	const digits = 10 // of an id: what tells its millisecond
	if t.Unix() <= 0 {
		return ""
	}
	return string(id.New[id.Disclosure](t))[:digits]
}

func (f Filter) fits(r Row) bool {
	tie, _, _ := strings.Cut(r.Tie, "/")
	return (f.Outcome == "" || r.Outcome == f.Outcome) && (f.Tie == "" || tie == f.Tie) && (f.Door == "" || r.Door == f.Door) &&
		(f.From.IsZero() || !r.At.Before(f.From)) && (f.Until.IsZero() || r.At.Before(f.Until)) && (f.Subject == "" || r.Subject == f.Subject)
}

// ShownTo gives the organizations other than the plan that were shown any of the
// subjects, each with the last time, those that looked last first. It takes
// the permission to read disclosures.
func ShownTo(tx *db.Tx, who access.Actor, subjects []string) ([]Recipient, error) {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return nil, err
	}
	last := map[id.Organization]Recipient{}
	var order []id.Organization
	for _, s := range subjects {
		found, err := db.Collect(scanRecipient)(tx.Rows(`select org, max(org_name), max(at_us) from disclosure
			where subject <> 'member' and subject = $1 and outcome = $2 and org <> '' group by org order by max(at_us) desc, org limit 1000`, s, string(Shown)))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			before, known := last[r.Org]
			if !known {
				order = append(order, r.Org)
			}
			if r.Last.After(before.Last) {
				last[r.Org] = r
			}
		}
	}
	out := make([]Recipient, len(order))
	for i, o := range order {
		out[i] = last[o]
	}
	return out, nil
}

// Walk gives every line about a member from a time until another (not
// included), newest first, to fn, in steps of 1,000. It takes the permission to
// read disclosures.
func Walk(tx *db.Tx, who access.Actor, m id.Member, from, until time.Time, fn func(Row) error) error {
	err := who.May(access.ReadDisclosures)
	if err != nil {
		return err
	}
	f := Filter{Member: m, From: from, Until: until}
	for {
		rows, err := f.read(tx, most)
		if err != nil {
			return err
		}
		for _, r := range rows {
			f.After = Cursor{At: r.At, ID: r.ID}
			err = fn(r)
			if err != nil {
				return err
			}
		}
		if len(rows) < most {
			return nil
		}
	}
}
