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
	"hsconnect/internal/member"
)

// Pays is in which order an insurance pays beside the plan.
type Pays string

// The orders, as the other insurance's.
const (
	PaysFirst   Pays = "primary"
	PaysSecond  Pays = "secondary"
	PaysThird   Pays = "tertiary"
	PaysUnknown Pays = "unknown"
)

// OtherCoverage is insurance that a member has beside the plan's.
type OtherCoverage struct {
	Payer string
	Kind  string // of policy, in the sender's words
	Pays  Pays
	From  civil.Date // zero: not known
	To    civil.Date // zero: open
}

// OtherStatement is what a file says of it. Without a payer it says that the
// member has no other insurance.
type OtherStatement struct {
	At Place
	OtherCoverage
}

const (
	unknownFrom  = "0000-00-00" // sorts before every day
	maxOther     = 20           // of one member in one row
	maxOtherKind = 60           // characters
)

func otherTable() table {
	return table{columns: []string{"member_number", "payer", "policy_kind", "pays", "from", "to"}, needed: []string{"member_number", "payer", "pays"}}
}

// ImportOther loads other insurance of members from CSV, whole or not at all;
// see docs/import.md. A row is laid over what is known of the same payer and
// kind of policy; a row without a payer ends what is known.
func (s *Service) ImportOther(ctx context.Context, who access.Actor, src Source) (StatementReport, error) {
	return s.LoadOther(ctx, who, StatementOrder{Source: src})
}

// LoadOther is ImportOther for whoever wants to see before what would change.
func (s *Service) LoadOther(ctx context.Context, who access.Actor, order StatementOrder) (StatementReport, error) {
	f := statements[OtherStatement]{table: otherTable(), kind: "other-coverage.loaded"}
	f.same = func(s said[OtherStatement]) string { return strconv.Itoa(s.line) } // rows of one member go together
	f.read = func(_ *db.Tx, cell func(string) string) (OtherStatement, string) { return readOther(cell) }
	f.put = func(tx *db.Tx, rows []said[OtherStatement], rep *StatementReport) error {
		all := map[id.Member][]OtherStatement{}
		for _, r := range rows {
			all[r.member] = append(all[r.member], r.what)
		}
		changed, err := putOther(tx, all)
		rep.Changed += changed
		rep.Same += len(all) - changed
		return err
	}
	return f.load(ctx, s, who, order)
}

func readOther(cell func(string) string) (OtherStatement, string) {
	o := OtherStatement{OtherCoverage: OtherCoverage{Payer: cell("payer"), Kind: cell("policy_kind"), Pays: Pays(strings.ToLower(cell("pays")))}}
	var reason string
	o.From, reason = dayOf("from", cell("from"))
	if reason != "" {
		return o, reason
	}
	o.To, reason = dayOf("to", cell("to"))
	if reason != "" {
		return o, reason
	}
	reason = o.wrong()
	return o, reason
}

// wrong says what is wrong with a statement, or nothing.
func (o *OtherStatement) wrong() string {
	if o.Pays == "" {
		o.Pays = PaysUnknown
	}
	switch {
	case o.Payer == "" && (o.Kind != "" || o.Pays != PaysUnknown || !o.From.IsZero() || !o.To.IsZero()):
		return "payer: is missing. Only a row that says that there is no other insurance has none, and nothing beside it"
	case o.Payer != "" && member.Fold(o.Payer) == "":
		return "payer: has no letter"
	case !slices.Contains([]Pays{PaysFirst, PaysSecond, PaysThird, PaysUnknown}, o.Pays):
		return "pays: write primary, secondary, tertiary or unknown"
	case len(o.Kind) > maxOtherKind:
		return "policy_kind: has at most 60 characters"
	case !o.From.IsZero() && !o.To.IsZero() && o.To.Before(o.From):
		return "to: the other insurance ends before it begins"
	}
	return ""
}

// checkOthers gives what is wrong with the other insurance that a row of a
// file of members names.
func (r *row) checkOthers() []Refusal {
	if len(r.Others) > maxOther {
		return []Refusal{{r.At.String(), "more than 20 other insurances of one member in one row"}}
	}
	var problems []Refusal
	for i := range r.Others {
		o := &r.Others[i]
		o.Payer, o.Kind = tidy(o.Payer), tidy(o.Kind)
		reason := o.wrong()
		if reason == "" {
			reason = Unfit(o.Payer + o.Kind)
		}
		if reason != "" {
			problems = append(problems, Refusal{o.At.String(), reason})
		}
	}
	return problems
}

// otherRow is what is known.
type otherRow struct {
	OtherCoverage

	id     string
	member id.Member
	known  int64
}

func otherOf(tx *db.Tx, members []id.Member) (map[id.Member][]otherRow, error) {
	out := map[id.Member][]otherRow{}
	err := eachChunk(members, func(args []any) error {
		all, err := db.Collect(scanOther)(tx.Rows(`select id, member, payer, kind, pays, from_on, to_on, known_us from coverage_other
			where closed_us = 0 and member in (`+placeholders(0, len(args))+") order by from_on desc, id", args...))
		for _, o := range all {
			out[o.member] = append(out[o.member], o)
		}
		return err
	})
	return out, err
}

func scanOther(r *sql.Rows) (otherRow, error) {
	var o otherRow
	var from, to string
	err := r.Scan(&o.id, &o.member, &o.Payer, &o.Kind, &o.Pays, &from, &to, &o.known)
	if err != nil {
		return o, err
	}
	if from != unknownFrom {
		o.From, err = civil.Parse(from)
	}
	if err != nil || to == open {
		return o, err
	}
	o.To, err = civil.Parse(to)
	return o, err
}

// putOther lays what is said of members over what is known, and gives of how
// many of them something changed.
func putOther(tx *db.Tx, all map[id.Member][]OtherStatement) (int, error) {
	members := make([]id.Member, 0, len(all))
	for m := range all {
		members = append(members, m)
	}
	slices.Sort(members) // so that the statements are the same each time
	old, err := otherOf(tx, members)
	if err != nil {
		return 0, err
	}
	var closed []string
	var added [][]any
	changed := 0
	for _, m := range members {
		rows, gone := layOther(old[m], all[m])
		if len(rows)+len(gone) > 0 {
			changed++
		}
		closed = append(closed, gone...)
		for _, o := range rows {
			from := unknownFrom
			if !o.From.IsZero() {
				from = o.From.String()
			}
			added = append(added, []any{string(id.New[id.Coverage](tx.Now)), string(m), o.Payer, member.Fold(o.Payer), o.Kind, string(o.Pays), from, until(o.To), db.Micros(tx.Now), 0})
		}
	}
	err = eachChunk(closed, func(args []any) error {
		args = append([]any{db.Micros(tx.Now)}, args...)
		_, err := tx.Exec("update coverage_other set closed_us = $1 where id in ("+placeholders(1, len(args)-1)+")", args...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return changed, inRows(tx, "insert into coverage_other (id, member, payer, payer_folded, kind, pays, from_on, to_on, known_us, closed_us) values ", "", added)
}

// writeOther keeps what the rows of a file of members say of other insurance.
func writeOther(tx *db.Tx, done []outcome) error {
	all := map[id.Member][]OtherStatement{}
	for _, o := range done {
		if len(o.said.Others) > 0 {
			all[o.member.ID] = o.said.Others
		}
	}
	_, err := putOther(tx, all)
	return err
}

// layOther gives the rows that hold from now on beside those that stay, and
// the ids of those that no longer do.
func layOther(old []otherRow, said []OtherStatement) (added []OtherCoverage, closed []string) {
	kept := slices.Clone(old)
	for _, st := range said {
		now := otherRow{OtherCoverage: st.OtherCoverage}
		same := func(o otherRow) bool {
			return st.Payer == "" || sameInsurance(o.OtherCoverage, now.OtherCoverage)
		}
		if i := slices.IndexFunc(kept, same); st.Payer != "" && i >= 0 {
			now.OtherCoverage = completed(now.OtherCoverage, kept[i].OtherCoverage)
			if now.OtherCoverage == kept[i].OtherCoverage {
				continue
			}
		}
		kept = slices.DeleteFunc(kept, same)
		if st.Payer != "" {
			kept = append(kept, now)
		}
	}
	for _, o := range old {
		if !slices.Contains(kept, o) {
			closed = append(closed, o.id)
		}
	}
	for _, o := range kept {
		if o.id == "" {
			added = append(added, o.OtherCoverage)
		}
	}
	return added, closed
}

// sameInsurance reports whether a statement is about what is known: the same
// payer and kind, on days that meet.
func sameInsurance(known, said OtherCoverage) bool {
	return member.Fold(known.Payer) == member.Fold(said.Payer) && strings.EqualFold(known.Kind, said.Kind) &&
		!after(said.From, known.To) && (said.To.IsZero() || known.From.IsZero() || !known.From.After(said.To))
}

// completed takes the first day from what is known where a statement has none.
func completed(now, known OtherCoverage) OtherCoverage {
	if now.From.IsZero() {
		now.From = known.From
	}
	if now.Pays == PaysUnknown {
		now.Pays = known.Pays
	}
	return now
}

// otherOn gives the other insurance that a member has on a day.
func otherOn(tx *db.Tx, m id.Member, day civil.Date) ([]OtherCoverage, error) {
	known, err := otherOf(tx, []id.Member{m})
	if err != nil {
		return nil, err
	}
	var out []OtherCoverage
	for _, o := range known[m] {
		if !day.Before(o.From) && !after(day, o.To) {
			out = append(out, o.OtherCoverage)
		}
	}
	return out, nil
}
