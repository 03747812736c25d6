package disclosure

import (
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Onlooker is an organization that was shown something of a member.
type Onlooker struct {
	Org    id.Organization
	Member id.Member
	Last   time.Time // the last time within the stretch asked for
}

// OrganizationsShown gives the organizations whose people were shown one fact
// of these members from a time on and before another, each with its last look
// of the kind, for the portal to tell them that it has changed. It takes at
// most a few hundred members at a time.
func OrganizationsShown(tx *db.Tx, members []id.Member, field access.Field, since, before time.Time) ([]Onlooker, error) {
	type found struct {
		Onlooker

		fields string
	}
	seen := map[[2]string]int{}
	var out []Onlooker
	members = slices.Compact(slices.Sorted(slices.Values(members)))
	for some := range slices.Chunk(members, chunk) {
		args := []any{string(Shown), db.Micros(since), db.Micros(before)}
		for i := range chunk {
			args = append(args, string(some[min(i, len(some)-1)])) // the last one fills up
		}
		all, err := db.Collect(func(r *sql.Rows) (found, error) {
			var f found
			var last int64
			err := r.Scan(&f.Org, &f.Member, &f.fields, &last)
			f.Last = db.Time(last)
			return f, err
		})(tx.Rows(`select org, member, fields, max(at_us) from disclosure
			where outcome = $1 and org <> '' and at_us >= $2 and at_us < $3 and member in (`+marks(3, chunk)+`)
			group by org, member, fields order by org, member, fields`, args...))
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			if !slices.Contains(splitFields(f.fields), field) {
				continue
			}
			key := [2]string{string(f.Org), string(f.Member)}
			at, twice := seen[key]
			switch {
			case !twice:
				seen[key] = len(out)
				out = append(out, f.Onlooker)
			case f.Last.After(out[at].Last):
				out[at].Last = f.Last
			}
		}
	}
	return out, nil
}

// marks gives n placeholders after the first taken ones.
func marks(taken, n int) string {
	out := make([]string, n)
	for i := range n {
		out[i] = "$" + strconv.Itoa(taken+i+1)
	}
	return strings.Join(out, ", ")
}
