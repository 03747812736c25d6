package priorauth

import (
	"context"
	"database/sql"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// PageSize is how many requests a list shows at a time.
const PageSize = 30

// MostCounted is where counts beside a filter stop: more is shown as "1,000+",
// so that counting never costs more than the page itself.
const MostCounted = 1000

// Group is a filter of a list of requests.
type Group string

// The groups of an office's list, and those of the plan's worklist.
const (
	GroupOpen      Group = "open"      // undecided, next due first
	GroupWaiting   Group = "waiting"   // for the reader's side
	GroupDecided   Group = "decided"   // newest decision first
	GroupAll       Group = "all"       // newest change first
	GroupMine      Group = "mine"      // open, taken by the reader
	GroupFree      Group = "free"      // open, taken by nobody
	GroupReferred  Group = "referred"  // open, referred to a physician
	GroupExpedited Group = "expedited" // open, on the 72-hour clock
)

// Filter is what a list shows, and from where on.
type Filter struct {
	Group Group
	After string // Page.Next of the page before; empty for the first
}

// Page is one page of a list.
type Page struct {
	Rows   []Summary
	Next   string // empty on the last page
	Counts map[Group]int
}

// slice is a condition and an order of request_state, both served by an index.
type slice struct {
	where string // with its placeholders from $1
	args  []any
	key   string // the column of the order
	desc  bool
}

var errGroup = fault.New(fault.NotFound, "There is no such list")

// asked, like the other constants in these conditions, stands in the text so
// that the planner knows the index that holds just such rows.
const asked = "s.status = '" + string(WaitingForOffice) + "'"

func officeSlice(who access.Actor, g Group) (slice, error) {
	org := string(who.Org)
	switch g {
	case GroupOpen:
		return slice{where: "s.org = $1 and s.pending = 1", args: []any{org}, key: "due_us"}, nil
	case GroupWaiting:
		return slice{where: "s.org = $1 and " + asked, args: []any{org}, key: "due_us"}, nil
	case GroupDecided:
		return slice{where: "s.org = $1 and s.decided_us > 0", args: []any{org}, key: "decided_us", desc: true}, nil
	case GroupAll:
		return slice{where: "s.org = $1", args: []any{org}, key: "changed_us", desc: true}, nil
	case GroupMine, GroupFree, GroupReferred, GroupExpedited:
	}
	return slice{}, errGroup
}

func planSlice(who access.Actor, g Group) (slice, error) {
	switch g {
	case GroupOpen:
		return slice{where: "s.pending = 1", key: "due_us"}, nil
	case GroupWaiting:
		return slice{where: "s.pending = 1 and s.status = '" + string(WaitingForPlan) + "'", key: "due_us"}, nil
	case GroupMine:
		return slice{where: "s.pending = 1 and s.owner <> '' and s.owner = $1", args: []any{string(who.Person)}, key: "due_us"}, nil
	case GroupFree:
		return slice{where: "s.pending = 1 and s.owner = ''", key: "due_us"}, nil
	case GroupReferred:
		return slice{where: "s.pending = 1 and s.referred = 1", key: "due_us"}, nil
	case GroupExpedited:
		return slice{where: "s.pending = 1 and s.urgency = 'expedited'", key: "due_us"}, nil
	case GroupDecided, GroupAll:
	}
	return slice{}, errGroup
}

// OfficeGroups are the filters of an office's list in their order.
func OfficeGroups() []Group { return []Group{GroupOpen, GroupWaiting, GroupDecided, GroupAll} }

// PlanGroups are the filters of the plan's worklist in their order.
func PlanGroups() []Group {
	return []Group{GroupOpen, GroupExpedited, GroupMine, GroupFree, GroupWaiting, GroupReferred}
}

// List gives the requests of who's organization, with the members' names, and
// writes down whose were shown.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter) (Page, error) {
	err := who.May(access.ViewRequests)
	if err != nil {
		return Page{}, err
	}
	if who.Side != access.Office {
		return Page{}, fault.New(fault.Forbidden, "This list is an office's own. The plan works from its worklist")
	}
	var page Page
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		page, err = s.page(tx, who, f, officeSlice, OfficeGroups())
		if err != nil {
			return err
		}
		return named(tx, who, "authorization list", page.Rows)
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

// Queue gives the plan's open requests in order of what is due next. It shows
// initials only: opening a request is what is written down.
func (s *Service) Queue(ctx context.Context, who access.Actor, f Filter) (Page, error) {
	err := who.May(access.WorkCases)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		page, err = s.page(tx, who, f, planSlice, PlanGroups())
		if err != nil {
			return err
		}
		return veiled(tx, who, page.Rows)
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

func (s *Service) page(tx *db.Tx, who access.Actor, f Filter, pick func(access.Actor, Group) (slice, error), groups []Group) (Page, error) {
	sl, err := pick(who, f.Group)
	if err != nil {
		return Page{}, err
	}
	rows, err := s.rows(tx, who, sl, f.After, PageSize+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{Rows: rows, Counts: make(map[Group]int, len(groups))}
	if len(rows) > PageSize {
		page.Rows = rows[:PageSize]
		page.Next = cursor(sl, page.Rows[PageSize-1])
	}
	for _, g := range groups {
		sl, err := pick(who, g)
		if err != nil {
			return Page{}, err
		}
		sl = sl.reached(who)
		var n int
		err = tx.Row("select count(*) from (select 1 from request_state s where "+sl.where+" limit 1000) counted", sl.args...).Scan(&n)
		if err != nil {
			return Page{}, err
		}
		page.Counts[g] = n
	}
	return page, nil
}

// reached leaves out the requests of providers that the actor has no access for.
func (sl slice) reached(who access.Actor) slice {
	if who.Side != access.Office || len(who.Providers) == 0 {
		return sl
	}
	args := append([]any{}, sl.args...)
	marks := make([]string, len(who.Providers))
	for i, npi := range who.Providers {
		args = append(args, npi)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	sl.where += " and exists (select 1 from request q where q.id = s.request and q.requesting_npi in (" + strings.Join(marks, ", ") + "))"
	sl.args = args
	return sl
}

// rows reads requests in the order of a slice, after a cursor.
func (s *Service) rows(tx *db.Tx, who access.Actor, sl slice, after string, limit int) ([]Summary, error) {
	sl = sl.reached(who)
	where, args, op, dir := sl.where, sl.args, ">", ""
	if sl.desc {
		op, dir = "<", " desc"
	}
	if after != "" {
		key, last, err := readCursor(after)
		if err != nil {
			return nil, err
		}
		n := len(args)
		where += " and (s." + sl.key + ", s.request) " + op + " ($" + strconv.Itoa(n+1) + ", $" + strconv.Itoa(n+2) + ")"
		args = append(append([]any{}, args...), key, last)
	}
	return db.Collect(func(r *sql.Rows) (Summary, error) { return s.scanSummary(r, tx.Now, who) })(
		tx.Rows(`select r.id, r.number, r.kind, r.urgency, r.member, r.member_initials, r.service, r.org, r.org_name, r.person_name, r.received_us,
			s.status, s.owner_name, s.due_us, s.limit_us, s.changed_us, s.decided_us, s.lapsed, s.last_on
		from request_state s join request r on r.id = s.request where `+where+" order by s."+sl.key+dir+", s.request"+dir+" limit "+strconv.Itoa(limit), args...))
}

func (s *Service) scanSummary(r *sql.Rows, now time.Time, who access.Actor) (Summary, error) {
	var m Summary
	var received, due, limit, changed, decided, lapsed int64
	var last string
	err := r.Scan(&m.ID, &m.Number, &m.Kind, &m.Urgency, &m.Member, &m.Name, &m.Service, &m.Org, &m.OrgName, &m.By, &received,
		&m.Status, &m.Owner, &due, &limit, &changed, &decided, &lapsed, &last)
	if err != nil {
		return m, err
	}
	lastOn, err := civilOrZero(last)
	if err != nil {
		return m, err
	}
	m.Received, m.Due, m.Limit, m.Changed, m.Decided, m.Lapsed = db.Time(received), db.Time(due), db.Time(limit), db.Time(changed), db.Time(decided), lapsed == 1
	m.Status = shown(m.Status, lastOn, now, s.Zone)
	m.New = !m.Decided.IsZero() && m.Decided.After(who.LastSignIn)
	return m, nil
}

// named puts the members' names where the initials stand.
func named(tx *db.Tx, who access.Actor, subject string, lists ...[]Summary) error {
	var ids []id.Member
	for _, rows := range lists {
		for _, r := range rows {
			ids = append(ids, r.Member)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	members, err := member.Listed(tx, who, purpose(who), subject, ids, access.FieldName, access.FieldRequests)
	if err != nil {
		return err
	}
	for _, rows := range lists {
		for i := range rows {
			if m, ok := members[rows[i].Member]; ok {
				rows[i].Name = m.Name()
			}
		}
	}
	return nil
}

// veiled takes the initials of members under restriction away.
func veiled(tx *db.Tx, who access.Actor, rows []Summary) error {
	ids := make([]id.Member, len(rows))
	for i, r := range rows {
		ids[i] = r.Member
	}
	closed, err := member.Withheld(tx, who, ids)
	if err != nil {
		return err
	}
	for i := range rows {
		if closed[rows[i].Member] {
			rows[i].Name = member.Member{Restricted: true}.Name()
		}
	}
	return nil
}

func cursor(sl slice, last Summary) string {
	key := last.Due
	switch sl.key {
	case "decided_us":
		key = last.Decided
	case "changed_us":
		key = last.Changed
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(db.Micros(key), 10) + " " + string(last.ID)))
}

func readCursor(text string) (key int64, last string, err error) {
	bad := fault.New(fault.NotFound, "This page of the list no longer exists. Start again at the first page")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", bad
	}
	first, last, ok := strings.Cut(string(raw), " ")
	key, err = strconv.ParseInt(first, 10, 64)
	if err != nil || !ok || len(last) > 40 {
		return 0, "", bad
	}
	return key, last, nil
}

// Home is what an office's first page shows of its requests.
type Home struct {
	Act     []Summary // waiting for the office
	Drafts  []Draft
	Due     []Summary // the plan has the next step, next due first
	Decided []HomeDecision
}

// HomeDecision is a decided request with its lines and reasons.
type HomeDecision struct {
	Summary
	Lines []CaseLine
}

// How much of each band the home page shows, and for how long a decision
// stays on it for somebody who signs in every day.
const (
	homeRows     = 10
	decidedStays = 3 * 24 * time.Hour
)

// Home gives the bands of the office's first page, and writes down whose
// requests were shown.
func (s *Service) Home(ctx context.Context, who access.Actor) (Home, error) {
	err := who.May(access.ViewRequests)
	if err != nil {
		return Home{}, err
	}
	var h Home
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		var err error
		h, err = s.home(tx, who)
		return err
	})
	if err != nil {
		return Home{}, err
	}
	return h, nil
}

func (s *Service) home(tx *db.Tx, who access.Actor) (Home, error) {
	var h Home
	org := string(who.Org)
	var err error
	h.Act, err = s.rows(tx, who, slice{where: "s.org = $1 and " + asked, args: []any{org}, key: "due_us"}, "", homeRows)
	if err != nil {
		return h, err
	}
	h.Due, err = s.rows(tx, who, slice{where: "s.org = $1 and s.pending = 1 and s.status <> $2", args: []any{org, string(WaitingForOffice)}, key: "due_us"}, "", homeRows)
	if err != nil {
		return h, err
	}
	since := tx.Now.Add(-decidedStays)
	if !who.LastSignIn.IsZero() && who.LastSignIn.Before(since) {
		since = who.LastSignIn
	}
	decided, err := s.rows(tx, who, slice{where: "s.org = $1 and s.decided_us > 0 and s.decided_us > $2", args: []any{org, db.Micros(since)}, key: "decided_us", desc: true}, "", homeRows)
	if err != nil {
		return h, err
	}
	err = named(tx, who, "home", h.Act, h.Due, decided)
	if err != nil {
		return h, err
	}
	for _, d := range decided {
		lines, err := linesOf(tx, d.ID)
		if err != nil {
			return h, err
		}
		det, err := determinationOf(tx, d.ID)
		if err != nil {
			return h, err
		}
		cl, err := caseLines(tx, lines, det)
		if err != nil {
			return h, err
		}
		h.Decided = append(h.Decided, HomeDecision{Summary: d, Lines: cl})
	}
	h.Drafts, err = drafts(tx, who)
	return h, err
}
