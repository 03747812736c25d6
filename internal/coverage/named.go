package coverage

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Forget is what intake calls when it removes what was staged and left.
func Forget(tx *db.Tx, who access.Actor, key string) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	return forget(tx, key)
}

// forget empties the lists of those whom a file names, of all runs over it.
func forget(tx *db.Tx, key string) error {
	_, err := tx.Exec("delete from coverage_named where key = $1", key)
	return err
}

// longestRun is how long a comparison may take; the list of one that was
// killed is removed after it.
const longestRun = 24 * time.Hour

// begin removes what killed runs left.
func begin(tx *db.Tx) error {
	_, err := tx.Exec("delete from coverage_named where run < $1", string(id.New[id.Import](tx.Now.Add(-longestRun))))
	return err
}

// end removes the list of this run.
func (l *loader) end(tx *db.Tx) error {
	_, err := tx.Exec("delete from coverage_named where run = $1", l.run)
	return err
}

// notes says whether the run lists whom the file names: to find who is not
// named, and to find one member under two identifiers, which takes rows that
// name somebody inside a family.
func (l *loader) notes() bool { return l.names() || l.families }

// naming is how a file has named a member.
type naming struct {
	ident key
	at    Place
}

// named gives how the file has named members before this batch.
func (l *loader) named(tx *db.Tx, ids []id.Member) (map[id.Member]naming, error) {
	out := map[id.Member]naming{}
	if !l.families {
		return out, nil
	}
	err := eachChunk(ids, func(args []any) error {
		args = append([]any{l.run}, args...)
		_, err := db.Collect(func(r *sql.Rows) (id.Member, error) {
			var m id.Member
			var n naming
			var ident int64
			err := r.Scan(&m, &ident, &n.at.Segment, &n.at.Line)
			n.ident = key(ident) //nolint:gosec // the same bits
			out[m] = n
			return m, err
		})(tx.Rows("select member, ident, segment, place from coverage_named where run = $1 and member in ("+placeholders(1, len(args)-1)+")", args...))
		return err
	})
	return out, err
}

// note lists which members the file names. Those that a comparison would add
// have no id yet.
func (l *loader) note(tx *db.Tx, done []outcome) error {
	if !l.notes() {
		return nil
	}
	var rows [][]any
	for _, o := range done {
		if o.member.ID != "" && (!o.isNew || l.ref != "") {
			r := o.said
			rows = append(rows, []any{l.run, string(o.member.ID), l.file.Key, int64(r.key), r.At.Segment, r.At.Line}) //nolint:gosec // the same bits
		}
	}
	return inRows(tx, "insert into coverage_named (run, member, key, ident, segment, place) values ", " on conflict (run, member) do nothing", rows)
}

// twice refuses rows about a member whom another row names in another way:
// which of the two holds is not ours to guess.
func (l *loader) twice(tx *db.Tx, done []outcome) ([]outcome, error) {
	ids := make([]id.Member, 0, len(done))
	for _, o := range done {
		if !o.isNew {
			ids = append(ids, o.member.ID)
		}
	}
	met, err := l.named(tx, ids)
	if err != nil {
		return nil, err
	}
	fresh := map[key]naming{} // members who come in with this batch, by their place in the family
	return slices.DeleteFunc(done, func(o outcome) bool {
		first, again := met[o.member.ID]
		if o.isNew && l.families {
			inside := o.said.Enrollment
			inside.Number, inside.Subscriber = "", o.member.Subscriber
			place := keyOf(inside)
			other, there := fresh[place]
			if there && (other.ident == place || o.said.key == place) {
				first, again = other, true
			}
			fresh[place] = naming{o.said.key, o.said.At}
		}
		if !again {
			met[o.member.ID] = naming{o.said.key, o.said.At}
			return false
		}
		if first.ident == o.said.key {
			return false
		}
		l.report.refuse(o.said.At.String(), "the same member stands at "+first.at.String()+" already, under another identifier")
		return true
	}), nil
}
