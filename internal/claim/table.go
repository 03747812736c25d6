package claim

import (
	"database/sql"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/sensitive"
)

// kept is a claim as its row stands.
type kept struct {
	parties

	id           ID
	number       string
	officeNumber string
	billingNPI   string
	billingTIN   string
	renderingNPI string
	from, to     civil.Date
	received     civil.Date
	authorized   string
	diagnoses    []string
	status       Status
	front        string // statement
	frontOn      civil.Date
	detail       string // statement; empty while no amounts or lines are known
	detailOn     civil.Date
	detailSource string
	detailStatus Status // that it told
	payment      string // of the same statement
}

const keptColumns = `c.id, c.number, c.office_number, c.member, c.billing_org, c.billing_npi, c.billing_tin, c.rendering_org, c.rendering_npi,
	c.from_on, c.to_on, c.received_on, c.authorized, c.diagnoses, c.status, c.front, c.front_on, c.detail, c.detail_on, c.detail_source, c.payment,
	coalesce((select d.status from claim_statement d where d.id = c.detail), '')`

func scanKept(r *sql.Rows) (*kept, error) {
	var k kept
	var from, to, received, diagnoses, frontOn, detailOn string
	err := r.Scan(&k.id, &k.number, &k.officeNumber, &k.member, &k.billingOrg, &k.billingNPI, &k.billingTIN, &k.renderingOrg, &k.renderingNPI,
		&from, &to, &received, &k.authorized, &diagnoses, &k.status, &k.front, &frontOn, &k.detail, &detailOn, &k.detailSource, &k.payment, &k.detailStatus)
	if err != nil {
		return nil, err
	}
	k.diagnoses = strings.Fields(diagnoses)
	k.from, err = day(from)
	if err != nil {
		return nil, err
	}
	k.to, err = day(to)
	if err != nil {
		return nil, err
	}
	k.received, err = day(received)
	if err != nil {
		return nil, err
	}
	k.frontOn, err = day(frontOn)
	if err != nil {
		return nil, err
	}
	k.detailOn, err = day(detailOn)
	return &k, err
}

// day reads a day as it is kept; no text is no day.
func day(text string) (civil.Date, error) {
	if text == "" {
		return civil.Date{}, nil
	}
	return civil.Parse(text)
}

// text gives a day as it is kept.
func text(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// keptByNumber gives the claims with these folded numbers.
func keptByNumber(tx *db.Tx, keys []string) (map[string]*kept, error) {
	out := make(map[string]*kept, len(keys))
	const size = 100
	for len(keys) > 0 {
		n := min(len(keys), size)
		args, places := make([]any, size), make([]string, size)
		for i := range size {
			args[i], places[i] = keys[min(i, n-1)], "$"+strconv.Itoa(i+1) // the last one fills up
		}
		found, err := db.Collect(scanKept)(tx.Rows("select "+keptColumns+" from claim c where c.number_folded in ("+strings.Join(places, ", ")+")", args...))
		if err != nil {
			return nil, err
		}
		for _, k := range found {
			out[fold(k.number)] = k
		}
		keys = keys[n:]
	}
	return out, nil
}

// write keeps a statement for good, and lets the claim point to it where it is
// newer than what is known.
func (l *loader) write(tx *db.Tx, r *row, known map[string]*kept) error {
	l.no++
	statement := string(id.New[ID](tx.Now))
	payment, err := l.pay(tx, r.Payment)
	if err != nil {
		return err
	}
	k, is := known[r.key], false
	if k == nil {
		k, is = &kept{id: id.New[ID](tx.Now), number: r.Number}, true
		known[r.key] = k
	}
	err = l.keep(tx, r, string(k.id), statement, payment)
	if err != nil {
		return err
	}
	changed := k.learn(r, l.format, statement, payment)
	l.count(k, is, changed)
	err = k.store(tx, is)
	if err != nil {
		return err
	}
	err = sensitive.Mark(tx, l.who, subject(k.id), r.Labels...)
	if err != nil {
		return err
	}
	return k.join(tx, l.who, l.zone)
}

// join writes down the parties of a claim, and lets them see the member, but
// for those from whom the claim is withheld.
func (k *kept) join(tx *db.Tx, who access.Actor, zone *time.Location) error {
	until := tiedUntil(k.to, zone)
	for _, org := range k.orgs() {
		err := tx.Later(`insert into claim_party (org, claim, member, from_on, office_folded) values ($1, $2, $3, $4, $5)
			on conflict (org, claim) do update set from_on = excluded.from_on, office_folded = excluded.office_folded`,
			string(org), string(k.id), string(k.member), text(k.from), fold(k.officeNumber))
		if err != nil {
			return err
		}
		if !until.After(tx.Now) {
			continue
		}
		hide, err := withheld(tx, org, k.suspect())
		if err != nil {
			return err
		}
		if hide[k.id] {
			continue
		}
		err = member.BindFor(tx, who, org, k.member, member.TieClaim, until)
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *kept) suspect() suspect {
	return suspect{id: k.id, biller: k.billingOrg, detail: k.detail, diagnoses: k.diagnoses}
}

// learn takes in what a statement says, and reports whether another statement
// stands in front now. One about an earlier day fills only what is not known.
func (k *kept) learn(r *row, source, statement, payment string) bool {
	newer := k.front == "" || !r.AsOf.Before(k.frontOn)
	set := func(to *string, v string) {
		if v != "" && (newer || *to == "") {
			*to = v
		}
	}
	set(&k.officeNumber, r.OfficeNumber)
	set(&k.billingNPI, string(r.billing))
	set(&k.billingTIN, string(r.tin))
	set(&k.renderingNPI, string(r.rendering))
	set(&k.authorized, r.Authorized)
	k.member = r.member
	if r.billingOrg != "" && k.billingOrg == "" {
		k.billingOrg = r.billingOrg
	}
	if r.renderingOrg != "" && k.renderingOrg == "" {
		k.renderingOrg = r.renderingOrg
	}
	if !r.From.IsZero() && (newer || k.from.IsZero()) {
		k.from, k.to = r.From, r.To
	}
	if !r.Received.IsZero() && (newer || k.received.IsZero()) {
		k.received = r.Received
	}
	if len(r.Diagnoses) > 0 && (newer || len(k.diagnoses) == 0) {
		k.diagnoses = r.Diagnoses
	}
	changed := false
	if newer {
		k.status, k.front, k.frontOn, changed = r.Status, statement, r.AsOf, true
	}
	if (r.HasAmounts || len(r.Lines) > 0) && k.tells(r, source) {
		k.detail, k.detailOn, k.detailSource, k.detailStatus, changed = statement, r.AsOf, source, r.Status, true
		k.payment = payment
	}
	if k.status == Reversed && k.detailStatus != Reversed {
		k.payment = "" // it was taken back
	}
	return changed
}

// sourceStatus is the format of claim statuses. They tell less than a table or
// a remittance: no adjustments, and nothing of the member's part.
const sourceStatus = "277"

// tells reports whether amounts, lines and payment of a statement are to be
// shown: it is no older than the one that is, and no poorer, unless that one
// speaks of a claim that was not finished yet.
func (k *kept) tells(r *row, source string) bool {
	switch {
	case k.detail == "":
		return true
	case r.AsOf.Before(k.detailOn):
		return false
	case source == sourceStatus && k.detailSource != sourceStatus:
		return r.HasAmounts && r.Status.Finished() && !k.detailStatus.Finished()
	}
	return true
}

func (k *kept) store(tx *db.Tx, is bool) error {
	if is {
		return tx.Later(`insert into claim (id, number, number_folded, office_number, member, billing_org, billing_npi, billing_tin, rendering_org, rendering_npi,
				from_on, to_on, received_on, authorized, diagnoses, status, front, front_on, detail, detail_on, detail_source, payment, changed_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
			string(k.id), k.number, fold(k.number), k.officeNumber, string(k.member), string(k.billingOrg), k.billingNPI, k.billingTIN, string(k.renderingOrg), k.renderingNPI,
			text(k.from), text(k.to), text(k.received), k.authorized, strings.Join(k.diagnoses, " "), string(k.status), k.front, text(k.frontOn),
			k.detail, text(k.detailOn), k.detailSource, k.payment, db.Micros(tx.Now))
	}
	return tx.Later(`update claim set office_number = $1, billing_org = $2, billing_npi = $3, billing_tin = $4, rendering_org = $5, rendering_npi = $6,
			from_on = $7, to_on = $8, received_on = $9, authorized = $10, diagnoses = $11, status = $12, front = $13, front_on = $14,
			detail = $15, detail_on = $16, detail_source = $17, payment = $18, changed_us = $19 where id = $20`,
		k.officeNumber, string(k.billingOrg), k.billingNPI, k.billingTIN, string(k.renderingOrg), k.renderingNPI,
		text(k.from), text(k.to), text(k.received), k.authorized, strings.Join(k.diagnoses, " "), string(k.status), k.front, text(k.frontOn),
		k.detail, text(k.detailOn), k.detailSource, k.payment, db.Micros(tx.Now), string(k.id))
}

// keep writes a statement with its lines and adjustments.
func (l *loader) keep(tx *db.Tx, r *row, claim, statement, payment string) error {
	a := r.Amounts
	err := tx.Later(`insert into claim_statement (id, claim, import, no, source, status, as_of, known_us, codes, remarks, amounts, charge, paid, owed, allowed, allowed_known, payment)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		statement, claim, string(l.ref), l.no, l.format, string(r.Status), text(r.AsOf), db.Micros(tx.Now), joinStates(r.States), strings.Join(r.Remarks, " "),
		db.Bit(r.HasAmounts), a.Charge, a.Paid, a.Owed, a.Allowed, db.Bit(a.AllowedKnown), payment)
	if err != nil {
		return err
	}
	err = adjust(tx, statement, 0, r.Adjustments)
	if err != nil {
		return err
	}
	for _, line := range r.Lines {
		remarks := make([]string, len(line.Remarks))
		for i, m := range line.Remarks {
			remarks[i] = m.Code
		}
		err = tx.Later(`insert into claim_line (statement, no, system, code, modifiers, revenue, units, from_on, to_on, charge, paid, owed, allowed, allowed_known, codes, remarks)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			statement, int64(line.No), string(line.System), line.Code, strings.Join(line.Modifiers, " "), line.Revenue, line.Units, text(line.From), text(line.To),
			line.Charge, line.Paid, line.Owed, line.Allowed, db.Bit(line.AllowedKnown), joinStates(line.States), strings.Join(remarks, " "))
		if err != nil {
			return err
		}
		err = adjust(tx, statement, line.No, line.Adjustments)
		if err != nil {
			return err
		}
	}
	return nil
}

func adjust(tx *db.Tx, statement string, line int, list []Adjustment) error {
	for i, a := range list {
		err := tx.Later("insert into claim_adjustment (statement, line, no, grp, reason, cents, units) values ($1, $2, $3, $4, $5, $6, $7)",
			statement, int64(line), int64(i+1), a.Group, a.Reason, a.Cents, a.Units)
		if err != nil {
			return err
		}
	}
	return nil
}

// pay writes a payment once for all claims of the file that it pays.
func (l *loader) pay(tx *db.Tx, p *Payment) (string, error) {
	if p == nil {
		return "", nil
	}
	if known, ok := l.payments[*p]; ok {
		return known, nil
	}
	ref := string(id.New[ID](tx.Now))
	l.payments[*p] = ref
	return ref, tx.Later(`insert into claim_payment (id, import, method, trace, paid_on, cents, cents_known, payer, payee_npi, payee_tin, known_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		ref, string(l.ref), p.Method, p.Trace, text(p.On), p.Cents, db.Bit(p.CentsKnown), p.Payer, p.PayeeNPI, p.PayeeTIN, db.Micros(tx.Now))
}

// joinStates writes states as "P3:317:QC F2:88".
func joinStates(states []State) string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = strings.TrimRight(s.Category+":"+s.Code+":"+s.Entity, ":")
	}
	return strings.Join(out, " ")
}

func splitStates(text string) []State {
	var out []State
	for _, word := range strings.Fields(text) {
		category, rest, _ := strings.Cut(word, ":")
		c, entity, _ := strings.Cut(rest, ":")
		out = append(out, State{Category: category, Code: c, Entity: entity})
	}
	return out
}

func remarksOf(text string) []Remark {
	var out []Remark
	for _, word := range strings.Fields(text) {
		out = append(out, Remark{Code: word})
	}
	return out
}

// linesOf reads the lines of a statement with their adjustments, and the
// adjustments of the claim itself.
func linesOf(tx *db.Tx, statement string) ([]Line, []Adjustment, error) {
	lines, err := db.Collect(scanLine)(tx.Rows(`select no, system, code, modifiers, revenue, units, from_on, to_on, charge, paid, owed, allowed, allowed_known, codes, remarks
		from claim_line where statement = $1 order by no`, statement))
	if err != nil {
		return nil, nil, err
	}
	type placed struct {
		Adjustment

		line int
	}
	found, err := db.Collect(func(r *sql.Rows) (placed, error) {
		var p placed
		return p, r.Scan(&p.line, &p.Group, &p.Reason, &p.Cents, &p.Units)
	})(tx.Rows("select line, grp, reason, cents, units from claim_adjustment where statement = $1 order by line, no", statement))
	if err != nil {
		return nil, nil, err
	}
	var own []Adjustment
	for _, p := range found {
		if p.line == 0 {
			own = append(own, p.Adjustment)
		}
		for i := range lines {
			if lines[i].No == p.line {
				lines[i].Adjustments = append(lines[i].Adjustments, p.Adjustment)
			}
		}
	}
	return lines, own, nil
}

func scanLine(r *sql.Rows) (Line, error) {
	var l Line
	var system code.System
	var modifiers, from, to, codes, remarks string
	var allowed int64
	err := r.Scan(&l.No, &system, &l.Code, &modifiers, &l.Revenue, &l.Units, &from, &to, &l.Charge, &l.Paid, &l.Owed, &l.Allowed, &allowed, &codes, &remarks)
	if err != nil {
		return Line{}, err
	}
	l.System, l.Modifiers, l.AllowedKnown = system, strings.Fields(modifiers), allowed == 1
	l.States, l.Remarks = splitStates(codes), remarksOf(remarks)
	l.From, err = day(from)
	if err != nil {
		return Line{}, err
	}
	l.To, err = day(to)
	return l, err
}
