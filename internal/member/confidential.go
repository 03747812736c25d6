package member

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Contact is where a member is written to and called.
type Contact struct {
	Street, City, State, Zip string
	Phone                    string
}

// String keeps the place out of formatted text.
func (c Contact) String() string { return masked }

// GoString keeps the place out of text formatted with %#v.
func (c Contact) GoString() string { return masked }

// MarshalText keeps the place out of JSON.
func (c Contact) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Confidence is that a member is written to and called elsewhere (P-13, 45
// CFR 164.522(b)). It holds no place.
type Confidence struct {
	Since  time.Time
	ByName string
}

func (c Contact) tidy() Contact {
	one := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return Contact{one(c.Street), one(c.City), strings.ToUpper(one(c.State)), one(c.Zip), one(c.Phone)}
}

func (c Contact) problems() []fault.Problem {
	const longest = 200
	var out []fault.Problem
	for _, f := range []struct{ path, text string }{{"street", c.Street}, {"city", c.City}, {"state", c.State}, {"zip", c.Zip}, {"phone", c.Phone}} {
		if !utf8.ValidString(f.text) || len(f.text) > longest || strings.ContainsFunc(f.text, unicode.IsControl) {
			out = append(out, fault.Problem{Path: f.path, Text: "Shorten this to 200 characters, on one line"})
		}
	}
	switch {
	case c.Street == "" && c.Phone == "":
		out = append(out, fault.Problem{Path: "street", Text: "Give an address to write to, a telephone number to call, or both"})
	case c.Street != "" && (c.City == "" || c.State == "" || c.Zip == ""):
		out = append(out, fault.Problem{Path: "city", Text: "Complete the address: city, state and ZIP code"})
	}
	return out
}

// Confide sets where a member wants to be written to and called instead of
// the address that the plan has. It takes the permission to review what
// touches privacy. While it stands, no office is given either.
func Confide(tx *db.Tx, who access.Actor, m id.Member, c Contact, reason string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	c = c.tidy()
	problems := c.problems()
	reason, err = cleanReason(reason)
	problems = append(problems, fault.Problems(err)...)
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	err = exists(tx, m)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into member_confidential (member, street, city, state, zip, phone, since_us, person, name) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (member) do update set street = excluded.street, city = excluded.city, state = excluded.state, zip = excluded.zip, phone = excluded.phone,
			since_us = excluded.since_us, person = excluded.person, name = excluded.name`,
		string(m), c.Street, c.City, c.State, c.Zip, c.Phone, db.Micros(tx.Now), string(who.Person), who.Name)
	if err != nil {
		return err
	}
	return confidenceStep(tx, who, m, "set", c, reason)
}

// Unconfide takes the other place back, with the reason. It takes the
// permission to review what touches privacy, and answers Conflict where none
// stands.
func Unconfide(tx *db.Tx, who access.Actor, m id.Member, reason string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return err
	}
	n, err := tx.Exec("delete from member_confidential where member = $1", string(m))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This was taken back already")
	}
	return confidenceStep(tx, who, m, "taken back", Contact{}, reason)
}

func confidenceStep(tx *db.Tx, who access.Actor, m id.Member, what string, c Contact, reason string) error {
	return tx.Later(`insert into member_confidence (id, member, what, street, city, state, zip, phone, reason, person, name, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(id.New[stepID](tx.Now)), string(m), what, c.Street, c.City, c.State, c.Zip, c.Phone, reason, string(who.Person), who.Name, db.Micros(tx.Now))
}

// Confidential tells the plan's people that a member is to be written to and
// called elsewhere, and nothing of the place; nil where not. Offices are told
// neither.
func Confidential(tx *db.Tx, who access.Actor, m id.Member) (*Confidence, error) {
	if who.Side != access.Plan || !who.Has(access.WorkCases) && !who.Has(access.ReviewPrivacy) {
		return nil, nil //nolint:nilnil // nothing that they are told
	}
	var out Confidence
	var since int64
	err := tx.Row("select since_us, name from member_confidential where member = $1", string(m)).Scan(&since, &out.ByName)
	if db.NoRows(err) {
		return nil, nil //nolint:nilnil // none stands
	}
	out.Since = db.Time(since)
	return &out, err
}

// ContactOf gives where a member is written to and called: the other place
// alone while one stands, so that nothing goes to the ordinary one. It is for
// the portal itself, which prints and sends letters; nobody is shown it.
func ContactOf(tx *db.Tx, who access.Actor, m id.Member) (Contact, error) {
	if who.Side != access.System {
		return Contact{}, fault.New(fault.Forbidden, "Where a member is written to is for the letters alone")
	}
	var c Contact
	err := tx.Row("select street, city, state, zip, phone from member_confidential where member = $1", string(m)).Scan(&c.Street, &c.City, &c.State, &c.Zip, &c.Phone)
	if !db.NoRows(err) {
		return c, err
	}
	err = tx.Row("select street, city, state, zip, phone from member where id = $1", string(m)).Scan(&c.Street, &c.City, &c.State, &c.Zip, &c.Phone)
	if db.NoRows(err) {
		return Contact{}, errNone
	}
	return c, err
}
