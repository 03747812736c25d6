package coverage

import (
	"database/sql"
	"strconv"
	"strings"

	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// rowsOf gives how many of the rows left go into the next statement, and
// keysOf how many keys it names. The sizes are few, so that the engine meets
// few different statements.
func rowsOf(left int) int {
	switch {
	case left >= 100:
		return 100
	case left >= 10:
		return 10
	}
	return 1
}

func keysOf(left int) int {
	switch {
	case left > 10:
		return 100
	case left > 1:
		return 10
	}
	return 1
}

// write counts what a batch comes to, and stores it where that is wanted.
func (l *loader) write(tx *db.Tx, done []outcome) error {
	err := l.weigh(tx, done)
	if err != nil {
		return err
	}
	for _, o := range done {
		l.count(o)
	}
	if l.ref == "" {
		return nil
	}
	err = l.number(tx, done)
	if err != nil {
		return err
	}
	var fresh, members []member.Member
	var added []Span
	var closed []string
	for _, o := range done {
		switch {
		case o.isNew:
			fresh = append(fresh, o.member)
		case len(o.facts) > 0:
			members = append(members, o.member)
		}
		for _, s := range o.spans.added {
			s.ID, s.Member, s.KnownAt = id.New[id.Coverage](tx.Now), o.member.ID, tx.Now
			added = append(added, s)
		}
		for _, s := range o.spans.closed {
			closed = append(closed, string(s.ID))
		}
	}
	err = member.AddAll(tx, l.who, fresh)
	if err != nil {
		return err
	}
	err = member.PutAll(tx, l.who, members)
	if err != nil {
		return err
	}
	err = closeSpans(tx, closed)
	if err != nil {
		return err
	}
	err = addSpans(tx, added, l.ref)
	if err != nil {
		return err
	}
	err = addPlans(tx, added)
	if err != nil {
		return err
	}
	err = l.writePCPs(tx, done)
	if err != nil {
		return err
	}
	err = writeOther(tx, done)
	if err != nil {
		return err
	}
	return l.writeChanges(tx, done)
}

func (l *loader) count(o outcome) {
	rep := &l.report
	switch {
	case o.isNew:
		rep.Added++
	case len(o.facts) > 0 || o.spans.any() || o.pcp != "":
		rep.Changed++
	}
	if o.spans.ended {
		rep.Ended++
	}
	for _, fact := range o.facts {
		if rep.Difference.Facts == nil {
			rep.Difference.Facts = map[string]int{}
		}
		rep.Difference.Facts[fact]++
	}
	if o.pcp != "" {
		rep.Difference.PCPs++
	}
	rep.Difference.tally(o.spans, l.today, !o.isNew && !o.before)
}

func addSpans(tx *db.Tx, spans []Span, ref id.Import) error {
	rows := make([][]any, len(spans))
	for i, s := range spans {
		rows[i] = []any{string(s.ID), string(s.Member), string(s.Line), s.Plan, s.Group, s.From.String(), until(s.To), db.Micros(s.KnownAt), 0, string(ref)}
	}
	return tx.Copy("coverage_span", []string{"id", "member", "line", "plan", "grp", "from_on", "to_on", "known_us", "closed_us", "import"}, rows)
}

// addPlans makes plans of the codes that nobody has described yet.
func addPlans(tx *db.Tx, spans []Span) error {
	var rows [][]any
	seen := map[string]bool{}
	for _, s := range spans {
		if !seen[s.Plan] {
			seen[s.Plan] = true
			rows = append(rows, []any{s.Plan, s.Plan, "", db.Micros(tx.Now)})
		}
	}
	return inRows(tx, "insert into coverage_plan (code, name, contract, changed_us) values ", " on conflict (code) do nothing", rows)
}

func closeSpans(tx *db.Tx, ids []string) error {
	return eachChunk(ids, func(args []any) error {
		args = append([]any{db.Micros(tx.Now)}, args...)
		_, err := tx.Exec("update coverage_span set closed_us = $1 where id in ("+placeholders(1, len(args)-1)+")", args...)
		return err
	})
}

func spansOf(tx *db.Tx, ids []id.Member) (map[id.Member][]Span, error) {
	out := map[id.Member][]Span{}
	err := eachChunk(ids, func(args []any) error {
		spans, err := db.Collect(func(r *sql.Rows) (Span, error) { return scanSpan(r.Scan) })(
			tx.Rows("select "+spanColumns+" from coverage_span where closed_us = 0 and member in ("+placeholders(0, len(args))+") order by from_on, id", args...))
		for _, s := range spans {
			out[s.Member] = append(out[s.Member], s)
		}
		return err
	})
	return out, err
}

// pcpsOf gives the provider that was stated last of each member, to see whether
// a file states another. That one may begin on a later day: who it is on a day
// stands in coverage_pcp_span.
func pcpsOf(tx *db.Tx, ids []id.Member) (map[id.Member]code.NPI, error) {
	type pair struct {
		member id.Member
		npi    code.NPI
	}
	out := map[id.Member]code.NPI{}
	err := eachChunk(ids, func(args []any) error {
		pairs, err := db.Collect(func(r *sql.Rows) (pair, error) {
			var p pair
			return p, r.Scan(&p.member, &p.npi)
		})(tx.Rows("select member, npi from coverage_pcp where member in ("+placeholders(0, len(args))+")", args...))
		for _, p := range pairs {
			out[p.member] = p.npi
		}
		return err
	})
	return out, err
}

// eachChunk calls fn with some of the keys at a time; the last one fills up.
func eachChunk[K ~string](keys []K, fn func(args []any) error) error {
	for len(keys) > 0 {
		n := min(len(keys), keysOf(len(keys)))
		args := make([]any, keysOf(len(keys)))
		for i := range args {
			args[i] = string(keys[min(i, n-1)])
		}
		err := fn(args)
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// inRows inserts many rows in few statements: head, the values, tail.
func inRows(tx *db.Tx, head, tail string, rows [][]any) error {
	for len(rows) > 0 {
		n := rowsOf(len(rows))
		groups := make([]string, n)
		var args []any
		for i, r := range rows[:n] {
			groups[i] = "(" + placeholders(len(args), len(r)) + ")"
			args = append(args, r...)
		}
		_, err := tx.Exec(head+strings.Join(groups, ", ")+tail, args...)
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// placeholders gives n placeholders after the first taken ones.
func placeholders(taken, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(taken+i+1))
	}
	return b.String()
}
