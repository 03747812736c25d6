package claim

import (
	"context"
	"database/sql"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
	"hsconnect/internal/watch"
)

// Bounds of a search.
const (
	PageSize    = 50
	longestSpan = 92 // days of service in one search
	mostHistory = 50
)

// listSubject is the subject of a look at a list of claims.
const listSubject = "claims"

var (
	errNone   = fault.New(fault.NotFound, "There is no such claim among your office’s. Check the number, or ask the HelpDesk")
	errCursor = fault.New(fault.NotFound, "This page of the list no longer exists. Start again at the first page")
)

func may(who access.Actor) error {
	err := who.May(access.ViewClaims)
	if err != nil {
		return err
	}
	if who.Side != access.Office || who.Org == "" {
		return fault.New(fault.Forbidden, "Claims are shown to the offices they are about. The plan looks them up in its own system")
	}
	return nil
}

// facts gives which facts of claims and of their members somebody may be
// shown for a purpose: what the ledger says is shown, where there are any.
// Somebody who may not see claims is Forbidden.
func facts(tx *db.Tx, who access.Actor, purpose access.Purpose, also ...access.Field) ([]access.Field, error) {
	err := may(who)
	if err != nil {
		return nil, err
	}
	fields, err := member.FieldsFor(tx, who, purpose, listSubject, append(also, access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldClaims, access.FieldAmounts)...)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(fields, access.FieldClaims) {
		return nil, fault.New(fault.Forbidden, "Your account may not see claims. Ask your office's local administrator, or the HelpDesk")
	}
	return fields, nil
}

// without leaves a fact out: one of which there is nothing to show.
func without(fields []access.Field, f access.Field) []access.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(one access.Field) bool { return one == f })
}

// finding is a way to claims, and what the ledger says when it leads nowhere.
type finding struct {
	guarded bool // by the watch over look-ups: something was typed
	missed  disclosure.Look
	key     member.Key // of a member, when one was typed
	find    func(tx *db.Tx) error
}

// looked finds, or writes down that nothing was found, in one transaction:
// what was in vain counts before the next look is let through. A finding that
// answers NotFound has written nothing.
func (s *Service) looked(ctx context.Context, who access.Actor, f finding) error {
	err := may(who)
	if err != nil {
		return err
	}
	f.missed.Purpose = access.Payment
	var instead error // of an answer, after the commit
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		instead = nil
		if f.guarded {
			instead, err = s.Watch.BeforeLook(tx, who)
			if err != nil || instead != nil {
				return err
			}
		}
		err = f.find(tx)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		instead = err
		return s.inVain(tx, who, f, err)
	})
	if err == nil {
		err = instead
	}
	return err
}

// inVain writes a look that found nothing into the ledger, and counts it. Of a
// member who exists and is none of the organization's the ledger says who it
// was; it counts as nobody does, but the pair that was typed was right.
func (s *Service) inVain(tx *db.Tx, who access.Actor, f finding, why error) error {
	m, refused := member.Refused(why)
	if refused {
		f.missed.Member, f.missed.Outcome = m, disclosure.Refused
	}
	row, err := disclosure.Write(tx, who, f.missed)
	if err != nil || !f.guarded {
		return err
	}
	half := false
	if f.key != (member.Key{}) {
		half, err = member.HalfFits(tx, who, f.key)
		if err != nil {
			return err
		}
	}
	return s.Watch.AfterLook(tx, who, watch.Looked{Row: row, Outcome: f.missed.Outcome, Number: f.key.Number, Half: half && !refused})
}

// ByMember gives the claims of the actor's organization for the member that
// the key names by number and birth date, newest service first. The
// organization must be able to see the member already, as a claim lets it for
// 18 months. It answers TooMany to somebody who has looked in vain too often.
func (s *Service) ByMember(ctx context.Context, who access.Actor, key member.Key, after string) (Page, error) {
	var page Page
	err := s.looked(ctx, who, finding{guarded: true, key: key, missed: disclosure.Look{Subject: listSubject, Key: key.Kind(), Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		ref, err := member.Tied(tx, who, key)
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, filter{where: "p.member = $2", args: []any{string(ref)}}, after)
		if err != nil {
			return err
		}
		shows := page.fields
		switch {
		case len(page.Rows) == 0:
			shows = []access.Field{access.FieldName} // of the member to whom there are no claims
		case !slices.ContainsFunc(page.Rows, Summary.hasAmounts):
			shows = without(shows, access.FieldAmounts)
		}
		m, err := member.Get(tx, who, access.Payment, listSubject, ref, shows...)
		if err != nil {
			return err
		}
		page.Member = m
		for i := range page.Rows {
			page.Rows[i].Member = m
		}
		return nil
	}})
	return page, err
}

// ByNumber gives the claims of the actor's organization with a number: the
// plan's, or the office's own. Of a single one it gives the ID alone, for a
// door that then opens the claim: that shows it, and writes down that it did.
// It answers NotFound for none.
func (s *Service) ByNumber(ctx context.Context, who access.Actor, number string) (Page, error) {
	key := fold(number)
	if key == "" || len(key) > longestNumber {
		return Page{}, fault.Bad(fault.Problem{Path: "claim", Text: "Type the claim number: the plan's, or your own"})
	}
	var page Page
	err := s.looked(ctx, who, finding{guarded: true, missed: disclosure.Look{Subject: listSubject, Key: "claim number", Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		f, err := ofNumber(tx, who.Org, key)
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, f, "")
		if err != nil {
			return err
		}
		page.Rows, err = admitted(tx, who, page.Rows)
		switch {
		case err != nil:
			return err
		case len(page.Rows) == 0:
			return errNone
		case len(page.Rows) == 1:
			page = Page{Rows: []Summary{{ID: page.Rows[0].ID}}}
			return nil
		}
		return page.named(tx, who, access.Payment)
	}})
	return page, err
}

// admitted leaves out the claims of members whom the actor may not see. Those
// under restriction stay: their page asks for a reason. It shows nothing.
func admitted(tx *db.Tx, who access.Actor, rows []Summary) ([]Summary, error) {
	var out []Summary
	for _, r := range rows {
		err := member.Admit(tx, who, r.member)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if _, closed := glass.Member(err); err != nil && !closed {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// ByDays gives the claims of the actor's organization for service that began
// between two days, newest first. The days lie within the last 18 months and
// at most 92 days apart.
func (s *Service) ByDays(ctx context.Context, who access.Actor, from, to civil.Date, after string) (Page, error) {
	var page Page
	err := s.looked(ctx, who, finding{missed: disclosure.Look{Subject: listSubject, Key: "days of service", Outcome: disclosure.NotFound}, find: func(tx *db.Tx) error {
		err := daysFit(from, to, civil.Of(tx.Now, s.Zone))
		if err != nil {
			return err
		}
		page, err = rowsOf(tx, who, access.Payment, filter{where: "p.from_on >= $2 and p.from_on <= $3", args: []any{text(from), text(to)}}, after)
		if err != nil {
			return err
		}
		return page.named(tx, who, access.Payment)
	}})
	return page, err
}

func daysFit(from, to, today civil.Date) error {
	first := since(today)
	bad := func(path, text string) error { return fault.Bad(fault.Problem{Path: path, Text: text}) }
	switch {
	case from.IsZero():
		return bad("from", "Type the first day of service")
	case to.IsZero():
		return bad("to", "Type the last day of service")
	case to.Before(from):
		return bad("to", "The last day is before the first")
	case from.Before(first):
		return bad("from", "Claims are shown for 18 months after the service: choose a day from "+first.US()+" on")
	case to.After(today):
		return bad("to", "This day is in the future: there are no claims yet")
	case from.AddDays(longestSpan).Before(to):
		return bad("to", "Choose at most 92 days at a time")
	}
	return nil
}

// OfMember gives the newest claims of the actor's organization for a member
// that the actor may see, at most limit, and writes down that they were shown
// when there are any. Somebody who may see no claims gets none.
func OfMember(tx *db.Tx, who access.Actor, purpose access.Purpose, m id.Member, limit int) (Page, error) {
	_, err := facts(tx, who, purpose)
	if fault.Is(err, fault.Forbidden) {
		return Page{}, nil
	}
	if err != nil {
		return Page{}, err
	}
	page, err := rowsOf(tx, who, purpose, filter{where: "p.member = $2", args: []any{string(m)}}, "")
	if err != nil || len(page.Rows) == 0 {
		return page, err
	}
	page.Rows = page.Rows[:min(len(page.Rows), max(limit, 0))]
	return page, page.named(tx, who, purpose)
}

// Tied reports whether an organization has billed or given a service to a
// member, by what the plan's system has told, so lately that the claim ties
// them for as long as what a member.TieFinder has found is believed. The very
// end of the 18 months is in the tie that was bound when the claim was loaded.
func Tied(tx *db.Tx, org id.Organization, m id.Member) (bool, error) {
	first := since(civil.Of(tx.Now.Add(member.FoundLasts), time.UTC))
	found, err := db.Collect(func(r *sql.Rows) (suspect, error) {
		var s suspect
		var diagnoses string
		err := r.Scan(&s.id, &s.biller, &s.detail, &diagnoses)
		s.diagnoses = strings.Fields(diagnoses)
		return s, err
	})(tx.Rows(`select c.id, c.billing_org, c.detail, c.diagnoses from claim_party p join claim c on c.id = p.claim
		where p.org = $1 and p.member = $2 and c.to_on >= $3 order by case when c.billing_org = p.org then 0 else 1 end limit $4`,
		string(org), string(m), text(first), PageSize))
	if err != nil || len(found) == 0 {
		return false, err
	}
	if found[0].biller == org {
		return true, nil
	}
	hide, err := withheld(tx, org, found...)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(found, func(s suspect) bool { return !hide[s.id] }), nil
}

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
