package claim

import (
	"database/sql"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
)

// filter narrows the claims of an organization; its placeholders begin at $2.
type filter struct {
	where string
	args  []any
	few   bool // it names the claims one by one
}

// Searches by number: the plan's, of which there is one claim at most, and the
// organization's own. Each goes by its index; in one condition with "or" they
// would read every claim of the organization.
const (
	byPlan   = "select c.id from claim c where c.number_folded = $1"
	byOffice = "select p.claim from claim_party p where p.org = $1 and p.office_folded = $2 limit $3"
)

// ofNumber finds claims by the plan's number or by the organization's own.
func ofNumber(tx *db.Tx, org id.Organization, key string) (filter, error) {
	ref := func(r *sql.Rows) (ID, error) {
		var c ID
		return c, r.Scan(&c)
	}
	found, err := db.Collect(ref)(tx.Rows(byPlan, key))
	if err != nil {
		return filter{}, err
	}
	own, err := db.Collect(ref)(tx.Rows(byOffice, string(org), key, PageSize))
	return some(append(found, own...)), err
}

// some is of these claims, at most PageSize and one.
func some(ids []ID) filter {
	f := filter{few: true}
	places := make([]string, PageSize+1) // one size, so that the engine meets one statement
	for i := range places {
		var c ID
		if len(ids) > 0 {
			c = ids[min(i, len(ids)-1)] // the last one fills up
		}
		f.args, places[i] = append(f.args, string(c)), "$"+strconv.Itoa(i+2)
	}
	f.where = "p.claim in (" + strings.Join(places, ", ") + ")"
	return f
}

// reached leaves out the claims of providers that the actor has no access for.
func (f filter) reached(who access.Actor) filter {
	if len(who.Providers) == 0 {
		return f
	}
	var lists [2][]string
	for i := range lists {
		for _, npi := range who.Providers {
			f.args = append(f.args, npi)
			lists[i] = append(lists[i], "$"+strconv.Itoa(len(f.args)+1))
		}
	}
	f.where += " and (c.rendering_npi in (" + strings.Join(lists[0], ", ") + ") or c.billing_npi in (" + strings.Join(lists[1], ", ") + "))"
	return f
}

// rowsOf reads one page of the actor's organization's claims, without the
// members' names.
func rowsOf(tx *db.Tx, who access.Actor, purpose access.Purpose, f filter, after string) (Page, error) {
	fields, err := facts(tx, who, purpose)
	if err != nil {
		return Page{}, err
	}
	f = f.reached(who)
	f.args = append(f.args, text(shownFrom(tx.Now)))
	f.where += " and c.to_on >= $" + strconv.Itoa(len(f.args)+1)
	var rows []Summary
	for more := true; more && len(rows) <= PageSize; {
		var next []Summary
		next, more, err = someOf(tx, who.Org, f, after)
		if err != nil {
			return Page{}, err
		}
		if more {
			after = cursor(next[len(next)-1])
		}
		suspects := make([]suspect, len(next))
		for i, r := range next {
			suspects[i] = r.suspect
		}
		hide, err := withheld(tx, who.Org, suspects...)
		if err != nil {
			return Page{}, err
		}
		rows = append(rows, slices.DeleteFunc(next, func(r Summary) bool { return hide[r.ID] })...)
	}
	page := Page{Rows: rows, Amounts: slices.Contains(fields, access.FieldAmounts), fields: without(fields, access.FieldMemberID)} // a list has no member IDs
	if len(rows) > PageSize {
		page.Rows = rows[:PageSize]
		page.Next = cursor(rows[PageSize-1])
	}
	for i := range page.Rows {
		if !page.Amounts {
			page.Rows[i].HasAmounts, page.Rows[i].Amounts = false, Amounts{}
		}
	}
	return page, page.providers(tx)
}

// someOf reads the next claims of an organization after a cursor, those that
// are withheld among them.
func someOf(tx *db.Tx, org id.Organization, f filter, after string) (rows []Summary, more bool, err error) {
	query, args, err := f.query(org, after)
	if err != nil {
		return nil, false, err
	}
	rows, err = db.Collect(scanSummary)(tx.Rows(query, args...))
	return rows, len(rows) > PageSize, err
}

// query reads one more claim than a page holds.
func (f filter) query(org id.Organization, after string) (string, []any, error) {
	args := append([]any{string(org)}, f.args...)
	where := "p.org = $1 and " + f.where
	if f.few {
		where = "p.org || '' = $1 and " + f.where // by no index of the organization, which leads through all of its claims
	}
	if after != "" {
		on, last, err := readCursor(after)
		if err != nil {
			return "", nil, err
		}
		n := len(args)
		where += " and (p.from_on, p.claim) < ($" + strconv.Itoa(n+1) + ", $" + strconv.Itoa(n+2) + ")"
		args = append(args, on, last)
	}
	return `select c.id, c.number, c.office_number, c.member, c.from_on, c.to_on, c.status, c.front_on, c.rendering_npi,
			c.billing_org, c.detail, c.diagnoses,
			coalesce(d.amounts, 0), coalesce(d.charge, 0), coalesce(d.paid, 0), coalesce(d.owed, 0), coalesce(d.allowed, 0), coalesce(d.allowed_known, 0)
		from claim_party p join claim c on c.id = p.claim left join claim_statement d on d.id = c.detail
		where ` + where + " order by p.from_on desc, p.claim desc limit " + strconv.Itoa(PageSize+1), args, nil
}

// cursor says where the next page begins, after a row.
func cursor(last Summary) string {
	return base64.RawURLEncoding.EncodeToString([]byte(text(last.From) + " " + string(last.ID)))
}

func readCursor(after string) (on, last string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return "", "", errCursor
	}
	on, last, ok := strings.Cut(string(raw), " ")
	_, dayErr := civil.Parse(on)
	claim, idErr := id.Parse[ID](last)
	if !ok || dayErr != nil || idErr != nil {
		return "", "", errCursor
	}
	return on, string(claim), nil
}

func scanSummary(r *sql.Rows) (Summary, error) {
	var m Summary
	var from, to, front, diagnoses string
	var amounts, allowed int64
	err := r.Scan(&m.ID, &m.Number, &m.OfficeNumber, &m.member, &from, &to, &m.Status, &front, &m.renderingNPI, &m.suspect.biller, &m.suspect.detail, &diagnoses,
		&amounts, &m.Amounts.Charge, &m.Amounts.Paid, &m.Amounts.Owed, &m.Amounts.Allowed, &allowed)
	if err != nil {
		return m, err
	}
	m.HasAmounts, m.Amounts.AllowedKnown = amounts == 1, allowed == 1
	m.suspect.id, m.suspect.diagnoses = m.ID, strings.Fields(diagnoses)
	m.From, err = day(from)
	if err != nil {
		return m, err
	}
	m.To, err = day(to)
	if err != nil {
		return m, err
	}
	m.AsOf, err = day(front)
	return m, err
}

// providers puts names where the NPIs stand.
func (p *Page) providers(tx *db.Tx) error {
	var npis []code.NPI
	for _, r := range p.Rows {
		if npi := code.NPI(r.renderingNPI); npi != "" && !slices.Contains(npis, npi) {
			npis = append(npis, npi)
		}
	}
	found, err := provider.FindAll(tx, npis...)
	if err != nil {
		return err
	}
	for i := range p.Rows {
		p.Rows[i].Rendering = p.Rows[i].renderingNPI
		if name := found[code.NPI(p.Rows[i].renderingNPI)].Name; name != "" {
			p.Rows[i].Rendering = name
		}
	}
	return nil
}

// named puts the members in, writes down whose claims are shown, and leaves
// out those of members whom the organization may not see.
func (p *Page) named(tx *db.Tx, who access.Actor, purpose access.Purpose) error {
	if len(p.Rows) == 0 {
		return nil
	}
	var priced, bare []id.Member // with amounts that are shown, and without
	for _, r := range p.Rows {
		if r.HasAmounts {
			priced = append(priced, r.member)
		}
	}
	for _, r := range p.Rows {
		if !slices.Contains(priced, r.member) {
			bare = append(bare, r.member)
		}
	}
	members, err := member.Listed(tx, who, purpose, listSubject, priced, p.fields...)
	if err != nil {
		return err
	}
	others, err := member.Listed(tx, who, purpose, listSubject, bare, without(p.fields, access.FieldAmounts)...)
	if err != nil {
		return err
	}
	maps.Copy(members, others)
	kept := p.Rows[:0]
	for _, r := range p.Rows {
		m, ok := members[r.member]
		if !ok {
			continue
		}
		r.Member = m
		kept = append(kept, r)
	}
	p.Rows = kept
	return nil
}
