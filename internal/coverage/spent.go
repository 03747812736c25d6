package coverage

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// Spent is how much of a yearly amount is used.
type Spent struct {
	Kind  Kind
	Cents int64 // used so far; 0 where nothing is known
	Of    int64 // the plan's limit in cents; -1 where the plan states none
	AsOf  civil.Date
	Known bool // the plan's system has said how much is used
}

// spent is what a row of a file says.
type spent struct {
	plan  string
	year  int64
	kind  Kind
	cents int64
	asOf  civil.Date
}

func spentTable() table {
	columns := []string{"member_number", "plan_code", "year", "kind", "amount", "as_of"}
	return table{columns: columns, needed: columns}
}

// ImportSpent loads how much of deductibles and out-of-pocket limits members
// have used, whole or not at all; see docs/import.md. Of two statements the
// one as of a later day holds, whichever comes first: an older one is left
// aside and counted. Loading the same file twice changes nothing.
func (s *Service) ImportSpent(ctx context.Context, who access.Actor, src Source) (StatementReport, error) {
	return s.LoadSpent(ctx, who, StatementOrder{Source: src})
}

// LoadSpent is ImportSpent for whoever wants to see before what would change.
func (s *Service) LoadSpent(ctx context.Context, who access.Actor, o StatementOrder) (StatementReport, error) {
	today := civil.Of(s.DB.Now(), s.Zone)
	plans := map[string]bool{}
	f := statements[spent]{table: spentTable(), kind: "spent.loaded", put: putSpent}
	f.same = func(s said[spent]) string { return string(s.member) + "|" + spentKey(s.what) }
	f.read = func(tx *db.Tx, cell func(string) string) (spent, string) {
		sp, reason := readSpent(cell, today)
		if reason != "" {
			return sp, reason
		}
		known, asked := plans[sp.plan]
		if !asked {
			err := tx.Row("select 1 from coverage_plan where code = $1", sp.plan).Scan(new(int64))
			known = err == nil
			plans[sp.plan] = known
		}
		if !known {
			return sp, "plan_code: no such plan is loaded: load plans or members first"
		}
		return sp, ""
	}
	return f.load(ctx, s, who, o)
}

func spentKey(s spent) string {
	return s.plan + "|" + strconv.FormatInt(s.year, 10) + "|" + string(s.kind)
}

func readSpent(cell func(string) string, today civil.Date) (spent, string) {
	sp := spent{plan: strings.Join(strings.Fields(cell("plan_code")), " ")}
	var ok bool
	sp.kind, ok = kindOf(cell("kind"))
	if !ok {
		return sp, "kind: write deductible, family deductible, out-of-pocket or family out-of-pocket"
	}
	year, err := strconv.ParseInt(cell("year"), 10, 64)
	if err != nil || year < 2000 || year > int64(today.Y)+1 {
		return sp, "year: write the plan year with four digits, from 2000 to the next one"
	}
	sp.year = year
	sp.cents, ok = dollars(cell("amount"))
	if !ok {
		return sp, "amount: write dollars up to 99999.99, such as 300 or 300.00, without a comma"
	}
	var reason string
	sp.asOf, reason = dayOf("as_of", cell("as_of"))
	switch {
	case reason != "":
		return sp, reason
	case sp.asOf.IsZero():
		return sp, "as_of: is missing"
	case sp.asOf.After(today):
		return sp, "as_of: is in the future"
	case int64(sp.asOf.Y) < sp.year:
		return sp, "as_of: is before the plan year begins"
	case sp.plan == "" || !isPlan(sp.plan):
		return sp, "plan_code: is missing, or has other characters than letters, digits, spaces and . _ - / # & +"
	}
	return sp, ""
}

// kindOf reads a kind as people write it.
func kindOf(text string) (Kind, bool) {
	fold := func(t string) string {
		return strings.Join(strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), " ")
	}
	i := slices.IndexFunc(Kinds(), func(k Kind) bool { return fold(string(k)) == fold(text) })
	if i < 0 {
		return "", false
	}
	return Kinds()[i], true
}

// spentRow is what is known.
type spentRow struct {
	spent
	known int64
}

func putSpent(tx *db.Tx, rows []said[spent], rep *StatementReport) error {
	members := make([]id.Member, 0, len(rows))
	for _, r := range rows {
		members = append(members, r.member)
	}
	old, err := spentOf(tx, members)
	if err != nil {
		return err
	}
	var out [][]any
	for _, r := range rows {
		w := r.what
		was, known := old[r.member][spentKey(w)]
		switch {
		case !known:
		case was.asOf.After(w.asOf):
			rep.Older++
			continue
		case was.asOf == w.asOf && was.cents == w.cents:
			rep.Same++
			continue
		case was.asOf == w.asOf && was.known == db.Micros(tx.Now):
			rep.refuse(r.line, "an earlier row gives another amount of the same kind as of the same day")
			continue
		}
		rep.Changed++
		out = append(out, []any{string(r.member), w.plan, w.year, string(w.kind), w.cents, w.asOf.String(), db.Micros(tx.Now)})
	}
	return inRows(tx, "insert into coverage_spent (member, plan, year, kind, cents, as_of, known_us) values ",
		" on conflict (member, plan, year, kind) do update set cents = excluded.cents, as_of = excluded.as_of, known_us = excluded.known_us", out)
}

func spentOf(tx *db.Tx, members []id.Member) (map[id.Member]map[string]spentRow, error) {
	slices.Sort(members)
	out := map[id.Member]map[string]spentRow{}
	err := eachChunk(slices.Compact(members), func(args []any) error {
		type found struct {
			member id.Member
			row    spentRow
		}
		all, err := db.Collect(func(r *sql.Rows) (found, error) {
			var f found
			var asOf string
			err := r.Scan(&f.member, &f.row.plan, &f.row.year, &f.row.kind, &f.row.cents, &asOf, &f.row.known)
			if err != nil {
				return f, err
			}
			f.row.asOf, err = civil.Parse(asOf)
			return f, err
		})(tx.Rows("select member, plan, year, kind, cents, as_of, known_us from coverage_spent where member in ("+placeholders(0, len(args))+")", args...))
		for _, f := range all {
			if out[f.member] == nil {
				out[f.member] = map[string]spentRow{}
			}
			out[f.member][spentKey(f.row.spent)] = f.row
		}
		return err
	})
	return out, err
}

// spentOn gives what is used of the limits of a plan in the year of a day:
// every kind that the plan states a limit for, or of which an amount is known.
func spentOn(tx *db.Tx, m id.Member, p Plan, day civil.Date) ([]Spent, error) {
	known, err := spentOf(tx, []id.Member{m})
	if err != nil {
		return nil, err
	}
	var out []Spent
	for _, k := range Kinds() {
		s := Spent{Kind: k, Of: -1}
		for _, l := range p.Limits {
			if l.Kind == k {
				s.Of = l.Cents
			}
		}
		row, ok := known[m][spentKey(spent{plan: p.Code, year: int64(day.Y), kind: k})]
		if ok {
			s.Cents, s.AsOf, s.Known = row.cents, row.asOf, true
		}
		if ok || s.Of >= 0 {
			out = append(out, s)
		}
	}
	return out, nil
}
