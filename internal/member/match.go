package member

import (
	"cmp"
	"database/sql"
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
)

const columns = `m.id, m.number, m.subscriber, m.relationship, m.first, m.middle, m.last, m.suffix, m.birth, m.gender,
	m.street, m.city, m.state, m.zip, m.phone, m.language, m.medicare`

func scan(r *sql.Rows) (Member, error) { return scanWith(r) }

// scanWith reads a member and what stands behind the columns.
func scanWith(r *sql.Rows, more ...any) (Member, error) {
	var m Member
	var birth string
	err := r.Scan(append([]any{
		&m.ID, &m.Number, &m.Subscriber, &m.Relationship, &m.First, &m.Middle, &m.Last, &m.Suffix, &birth, &m.Gender,
		&m.Street, &m.City, &m.State, &m.Zip, &m.Phone, &m.Language, &m.Medicare,
	}, more...)...)
	if err != nil {
		return Member{}, err
	}
	m.Birth, err = civil.Parse(birth)
	return m, err
}

// Search is a look-up by key.
type Search struct {
	Key     Key
	Purpose access.Purpose
	Visit   *Visit         // for an office: what somebody states in case nothing else ties it to the member; nil: nothing
	Fields  []access.Field // the facts wanted, of those the actor may be shown; nil: all of them
	Choose  Chooser        // which of these facts the answer shows; nil: all of them
	Ties    []TieFinder    // what the portal knows of beside the ties that are bound
	Zone    *time.Location // the plan's
	// Found is told of the one member whom an answer shows, before the facts
	// are left out that the actor may not see: for the portal's own rules,
	// never for the actor. Nil tells nobody.
	Found func(Member)
}

// Match finds the one member that a key names, with what the actor may be
// shown. An office needs a live tie with the member, or states that the
// member is being seen there. Match answers Invalid for half a key or half a
// statement, and NotFound alike for none, for several and for one who is none
// of the office's: see Refused.
func Match(tx *db.Tx, who access.Actor, s Search) (Member, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return Member{}, err
	}
	err = s.check(who, civil.Of(tx.Now, s.zone()))
	if err != nil {
		return Member{}, err
	}
	found, err := s.Key.find(tx)
	if err != nil {
		return Member{}, err
	}
	var m Member
	if len(found) == 1 {
		m = found[0]
	}
	var tie Tie
	if who.Side == access.Office {
		// Asked for nobody as well, so that the time taken tells nothing.
		tie, err = Renew(tx, who, m.ID, s.Ties...)
		if err != nil {
			return Member{}, err
		}
	}
	states := who.Side == access.Office && s.Visit != nil && (tie == "" || tie == TieVisit)
	switch {
	case m.ID == "":
		return Member{}, errNoMatch
	case who.Side == access.Office && tie == "" && !states:
		return Member{}, refusal{m.ID, errNoMatch}
	case states:
		tie = TieVisit
	}
	under, err := s.guard(tx, who, m.ID, states)
	if err != nil {
		return Member{}, err
	}
	if s.Found != nil {
		s.Found(m)
	}
	fields, err := FieldsFor(tx, who, s.Purpose, wholeMember, s.Fields...)
	if err != nil {
		return Member{}, err
	}
	fields, err = s.Choose.choose(tx, m, fields)
	if err != nil {
		return Member{}, err
	}
	shown, err := show(tx, who, m, disclosure.Look{Subject: wholeMember, Fields: fields, Purpose: s.Purpose, Key: s.Key.kind(), Tie: cmp.Or(under, string(tie))})
	if err != nil || !states {
		return shown, err
	}
	return shown, s.Visit.keep(tx, who, s, shown)
}

// guard is Guard for a member who was found. Where an open glass would help,
// the statement stands, so that the way to open the member leads there.
func (s Search) guard(tx *db.Tx, who access.Actor, m id.Member, states bool) (under string, err error) {
	under, closed := Guard(tx, who, m)
	if fault.Is(closed, fault.NotFound) {
		return "", RefusedAs(closed, errNoMatch)
	}
	if _, needed := glass.Member(closed); needed && states {
		err = s.Visit.keep(tx, who, s, Member{ID: m})
		if err != nil {
			return "", err
		}
	}
	return under, closed
}

func (s Search) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func (s Search) check(who access.Actor, today civil.Date) error {
	problems := s.Key.problems(who)
	if who.Side == access.Office && s.Visit != nil {
		problems = append(problems, s.Visit.problems(today)...)
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return nil
}

// problems says what a key lacks. Every key of an office has the birth date:
// a number alone can be guessed or read off a screen.
func (k Key) problems(who access.Actor) []fault.Problem {
	number, name := FoldNumber(k.Number) != "", len(k.keys()) > 0 && (Fold(k.Last) != "" || strings.ContainsAny(k.First, ",;"))
	switch {
	case number && k.Birth.IsZero() && who.Side == access.Office:
		return []fault.Problem{{Path: "birth", Text: "Type the date of birth too: a number alone is not enough"}}
	case number:
	case !name && k.Birth.IsZero():
		return []fault.Problem{{Path: "number", Text: "Type the member ID or the Medicare number, or the last name, and the date of birth with it"}}
	case !name:
		return []fault.Problem{{Path: "last", Text: "Type the last name too, or the member ID or Medicare number instead"}}
	case k.Birth.IsZero():
		return []fault.Problem{{Path: "birth", Text: "Type the date of birth too"}}
	}
	return nil
}

// most is how many members with one key are looked at. More than one is as
// good as none.
const most = 50

// find gives the members whom everything that was typed fits.
func (k Key) find(tx *db.Tx) ([]Member, error) {
	const from = "select " + columns + " from member m where "
	number, birth := FoldNumber(k.Number), k.Birth.String()
	medicare, noMedicare := code.ParseMBI(k.Number)
	var all []Member
	var err error
	switch {
	case number != "" && k.Birth.IsZero():
		all, err = db.Collect(scan)(tx.Rows(from+"m.number_folded = $1", number))
	case number != "" && noMedicare != nil:
		// Families whose cards carry the subscriber's number only are told
		// apart by their birth dates.
		all, err = db.Collect(scan)(tx.Rows(from+"(m.number_folded = $1 or m.subscriber_folded = $2) and m.birth = $3 limit $4", number, number, birth, most))
	case number != "":
		all, err = db.Collect(scan)(tx.Rows(from+"(m.number_folded = $1 or m.subscriber_folded = $2 or m.medicare = $3) and m.birth = $4 limit $5",
			number, number, string(medicare), birth, most))
	default:
		all, err = inChunks(tx, from+"m.birth = $1 and m.last_folded in (", []any{birth}, k.keys())
	}
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, m := range all {
		if k.fits(m) {
			out = append(out, m)
		}
	}
	return out, nil
}

// noMBI is no Medicare number: members without one have an empty one.
const noMBI = "none"

// HalfFits says, of a key that found nobody, whether its number alone would
// have: somebody who has numbers and guesses birth dates. It shows nothing of
// anybody, and its answer is for the portal's own rules, never for the actor.
func HalfFits(tx *db.Tx, _ access.Actor, k Key) (bool, error) {
	number := FoldNumber(k.Number)
	if number == "" || k.Birth.IsZero() {
		return false, nil
	}
	medicare, err := code.ParseMBI(k.Number)
	if err != nil {
		medicare = noMBI
	}
	var n int64
	err = tx.Row("select count(*) from (select m.id from member m where m.number_folded = $1 or m.subscriber_folded = $2 or m.medicare = $3 limit 1) fits",
		number, number, string(medicare)).Scan(&n)
	return n > 0, err
}

// wholeMember is the subject of a look at everything the actor may be shown
// about a member. Other subjects show the member's own facts beside the thing
// that was opened.
const wholeMember = "member"

// show writes the disclosure and gives what it says.
func show(tx *db.Tx, who access.Actor, m Member, l disclosure.Look) (Member, error) {
	l.Member, l.Outcome = m.ID, disclosure.Shown
	shown, err := disclosure.Write(tx, who, l)
	if err != nil {
		return Member{}, err
	}
	m = m.onlyFor(l.Fields)
	m.Shown = shown
	return m, nil
}

// Get gives one member to somebody who opens subject: "member" for the
// member's own page, "request/<id>" and the like for a thing about the
// member. An office needs a relation with the member; without one, and for an
// unknown id, the answer is the same NotFound. One under restriction needs an
// open glass: glass.Member tells that refusal from others. shows are the facts
// that the caller shows, where they are not those of FieldsFor.
func Get(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, m id.Member, shows ...access.Field) (Member, error) {
	return GetChosen(tx, who, purpose, subject, m, nil, shows...)
}

// GetChosen is Get for a page of which only the member tells which facts stand
// on it.
func GetChosen(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, m id.Member, which Chooser, shows ...access.Field) (Member, error) {
	fields, err := FieldsFor(tx, who, purpose, subject, shows...)
	if err != nil {
		return Member{}, err
	}
	found, tie, err := admitted(tx, who, m)
	if err != nil {
		return Member{}, err
	}
	fields, err = which.choose(tx, found, fields)
	if err != nil {
		return Member{}, err
	}
	return show(tx, who, found, disclosure.Look{Subject: subject, Fields: fields, Purpose: purpose, Tie: tie})
}

// Tied finds the one member that a key names, number and birth date both,
// among those that the actor's organization may see already. It notes no new
// reason to see anybody and shows nothing: who shows something reads it with
// Get. It answers NotFound alike for none, for several, and for a member whom
// the organization may not see: see Refused.
func Tied(tx *db.Tx, who access.Actor, k Key) (id.Member, error) {
	var problems []fault.Problem
	if FoldNumber(k.Number) == "" {
		problems = append(problems, fault.Problem{Path: "number", Text: "Type the member ID from the card"})
	}
	if k.Birth.IsZero() {
		problems = append(problems, fault.Problem{Path: "birth", Text: "Type the birth date too"})
	}
	if len(problems) > 0 {
		return "", fault.Bad(problems...)
	}
	found, err := k.find(tx)
	if err != nil {
		return "", err
	}
	var m id.Member
	if len(found) == 1 {
		m = found[0].ID
	}
	err = Admit(tx, who, m) // asked for nobody as well, so that the time taken tells nothing
	switch {
	case m == "" && (err == nil || fault.Is(err, fault.NotFound)):
		return "", errNoMatch
	case fault.Is(err, fault.NotFound):
		return "", RefusedAs(err, errNoMatch)
	case err != nil:
		return "", err
	}
	return m, nil
}

// Listed gives the members of a list, each with the facts that the list shows
// (name, birth date and member ID, where the caller names no others), and
// writes one disclosure for each. Members that an office has no relation with
// are not among them. One under restriction is there as Restricted, without
// any fact of the member's own.
func Listed(tx *db.Tx, who access.Actor, purpose access.Purpose, subject string, ids []id.Member, shows ...access.Field) (map[id.Member]Member, error) {
	if len(shows) == 0 {
		shows = []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}
	}
	fields, err := FieldsFor(tx, who, purpose, subject, shows...)
	if err != nil {
		return nil, err
	}
	found, err := pick(tx, who, ids)
	if err != nil {
		return nil, err
	}
	closed, open, err := withheld(tx, who, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[id.Member]Member, len(found))
	looks := make([]disclosure.Look, 0, len(found))
	for _, m := range found {
		l := disclosure.Look{Member: m.ID, Subject: subject, Fields: fields, Purpose: purpose, Outcome: disclosure.Shown, Tie: string(m.tie)}
		if closed[m.ID] {
			out[m.ID] = Member{ID: m.ID, Restricted: true}
			l.Fields = without(fields, own())
			if len(l.Fields) == 0 {
				continue // nothing of the member is shown
			}
		} else {
			out[m.ID] = m.onlyFor(fields)
			if open[m.ID] != "" {
				l.Tie = open[m.ID].Tie()
			}
		}
		looks = append(looks, l)
	}
	err = disclosure.WriteAll(tx, who, looks)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// chunk gives how many keys the next statement names, of left. The sizes are
// few, so that the engine meets few different statements.
func chunk(left int) int {
	switch {
	case left > 10:
		return 100
	case left > 1:
		return 10
	}
	return 1
}

// known is a member, and the strongest tie under which an office may see the
// member.
type known struct {
	Member

	tie Tie
}

// pick reads members by id, each once, leaving out those that an office has
// no live tie with.
func pick(tx *db.Tx, who access.Actor, ids []id.Member) ([]known, error) {
	ids = distinct(ids)
	if who.Side != access.Office {
		return collect(tx, func(r *sql.Rows) (known, error) {
			m, err := scan(r)
			return known{Member: m}, err
		}, "select "+columns+" from member m where m.id in (", nil, ids)
	}
	found, err := collect(tx, func(r *sql.Rows) (known, error) {
		var k known
		var err error
		k.Member, err = scanWith(r, &k.tie)
		return k, err
	}, "select "+columns+`, t.kind from member m join member_tie t on t.member = m.id
		where t.org = $1 and (t.until_us = 0 or t.until_us > $2) and m.id in (`, []any{string(who.Org), db.Micros(tx.Now)}, ids)
	if err != nil {
		return nil, err
	}
	var out []known
	at := map[id.Member]int{}
	for _, k := range found {
		i, again := at[k.ID]
		if !again {
			at[k.ID] = len(out)
			out = append(out, k)
			continue
		}
		out[i].tie = best([]Tie{out[i].tie, k.tie})
	}
	return out, nil
}

// inChunks runs a query that ends in an open list of keys.
func inChunks[K ~string](tx *db.Tx, query string, args []any, keys []K) ([]Member, error) {
	return collect(tx, scan, query, args, keys)
}

func collect[K ~string, T any](tx *db.Tx, scan func(*sql.Rows) (T, error), query string, args []any, keys []K) ([]T, error) {
	var out []T
	for len(keys) > 0 {
		size := chunk(len(keys))
		n := min(len(keys), size)
		some := append([]any{}, args...)
		for i := range size {
			some = append(some, string(keys[min(i, n-1)])) // the last one fills up
		}
		found, err := db.Collect(scan)(tx.Rows(query+placeholders(len(args), size)+")", some...))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		keys = keys[n:]
	}
	return out, nil
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

func distinct[K comparable](keys []K) []K {
	seen := make(map[K]bool, len(keys))
	var out []K
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
