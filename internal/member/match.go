package member

import (
	"database/sql"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// One answer for none and for many: whether there is such a person, or
// several, is itself member information.
var (
	errNoMatch = fault.New(fault.NotFound, "We found no single member with exactly these details. Check them against the member's card; the member ID, or the first name beside the last name and the birth date, helps to find the right person")
	errNone    = fault.New(fault.NotFound, "There is no such member, or your organization has not looked this member up yet. Look the member up by member ID, or by last name and birth date")
)

const columns = `m.id, m.number, m.subscriber, m.relationship, m.first, m.middle, m.last, m.suffix, m.birth, m.gender,
	m.street, m.city, m.state, m.zip, m.phone, m.language`

func scan(r *sql.Rows) (Member, error) {
	var m Member
	var birth string
	err := r.Scan(&m.ID, &m.Number, &m.Subscriber, &m.Relationship, &m.First, &m.Middle, &m.Last, &m.Suffix, &birth, &m.Gender,
		&m.Street, &m.City, &m.State, &m.Zip, &m.Phone, &m.Language)
	if err != nil {
		return Member{}, err
	}
	m.Birth, err = civil.Parse(birth)
	return m, err
}

// Match finds the one member that a key names, with all that the actor may be
// shown, and notes for an office that it has looked this member up. It
// answers Invalid for half a key, and NotFound alike for none and for many.
func Match(tx *db.Tx, who access.Actor, purpose access.Purpose, k Key) (Member, error) {
	err := who.May(access.LookUpMember)
	if err != nil {
		return Member{}, err
	}
	err = k.check()
	if err != nil {
		return Member{}, err
	}
	found, err := k.find(tx)
	if err != nil {
		return Member{}, err
	}
	if len(found) != 1 {
		return Member{}, errNoMatch
	}
	m := found[0]
	tie, err := opened(tx, who, m.ID)
	if err != nil {
		return Member{}, err
	}
	if who.Side == access.Office {
		err = Bind(tx, who, m.ID, TieVisit, tx.Now.Add(visitLasts))
		if err != nil {
			return Member{}, err
		}
	}
	fields, err := FieldsFor(tx, who, purpose, wholeMember)
	if err != nil {
		return Member{}, err
	}
	return show(tx, who, m, disclosure.Look{Subject: wholeMember, Fields: fields, Purpose: purpose, Key: k.kind(), Tie: tie})
}

func (k Key) check() error {
	if FoldNumber(k.Number) != "" {
		return nil
	}
	var problems []fault.Problem
	hasLast := Fold(k.Last) != ""
	if !hasLast && k.Birth.IsZero() {
		problems = append(problems, fault.Problem{Path: "number", Text: "Type the member ID from the card, or the last name and the birth date together"})
	} else {
		if !hasLast {
			problems = append(problems, fault.Problem{Path: "last", Text: "Type the last name too, or the member ID instead"})
		}
		if k.Birth.IsZero() {
			problems = append(problems, fault.Problem{Path: "birth", Text: "Type the birth date too, or the member ID instead"})
		}
	}
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	return nil
}

// find gives up to three members; more than one is as good as none.
func (k Key) find(tx *db.Tx) ([]Member, error) {
	const from = "select " + columns + " from member m where "
	var all []Member
	var err error
	switch number := FoldNumber(k.Number); {
	case number != "" && !k.Birth.IsZero():
		// Families whose cards carry the subscriber's number only are told
		// apart by their birth dates.
		all, err = db.Collect(scan)(tx.Rows(from+"(m.number_folded = $1 or m.subscriber_folded = $2) and m.birth = $3 limit 20", number, number, k.Birth.String()))
	case number != "":
		all, err = db.Collect(scan)(tx.Rows(from+"m.number_folded = $1", number))
	default:
		all, err = db.Collect(scan)(tx.Rows(from+"m.last_folded = $1 and m.birth = $2 limit 20", Fold(k.Last), k.Birth.String()))
	}
	if err != nil {
		return nil, err
	}
	var fits []Member
	for _, m := range all {
		if sameWhenTyped(k.Last, m.Last) && sameWhenTyped(k.First, m.First) {
			fits = append(fits, m)
		}
	}
	return fits, nil
}

// HalfFits says, of a key that found nobody, whether its number alone would
// have: somebody who has numbers and guesses birth dates. It shows nothing of
// anybody, and its answer is for the portal's own rules, never for the actor.
func HalfFits(tx *db.Tx, _ access.Actor, k Key) (bool, error) {
	number := FoldNumber(k.Number)
	if number == "" || k.Birth.IsZero() {
		return false, nil
	}
	var n int64
	err := tx.Row("select count(*) from (select m.id from member m where m.number_folded = $1 or m.subscriber_folded = $2 limit 1) fits", number, number).Scan(&n)
	return n > 0, err
}

func sameWhenTyped(typed, known string) bool {
	folded := Fold(typed)
	return folded == "" || folded == Fold(known)
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
	fields, err := FieldsFor(tx, who, purpose, subject, shows...)
	if err != nil {
		return Member{}, err
	}
	found, tie, err := admitted(tx, who, m)
	if err != nil {
		return Member{}, err
	}
	return show(tx, who, found, disclosure.Look{Subject: subject, Fields: fields, Purpose: purpose, Tie: tie})
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
		l := disclosure.Look{Member: m.ID, Subject: subject, Fields: fields, Purpose: purpose, Outcome: disclosure.Shown}
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

// pick reads members by id, each once, leaving out those that an office has
// no relation with.
func pick(tx *db.Tx, who access.Actor, ids []id.Member) ([]Member, error) {
	query, args := "select "+columns+" from member m where m.id in (", []any{}
	if who.Side == access.Office {
		query = "select " + columns + ` from member m where exists (select 1 from member_tie t
			where t.org = $1 and t.member = m.id and (t.until_us = 0 or t.until_us > $2)) and m.id in (`
		args = append(args, string(who.Org), db.Micros(tx.Now))
	}
	return inChunks(tx, query, args, distinct(ids))
}

// inChunks runs a query that ends in an open list of keys.
func inChunks[K ~string](tx *db.Tx, query string, args []any, keys []K) ([]Member, error) {
	var out []Member
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
