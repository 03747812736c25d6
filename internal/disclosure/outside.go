package disclosure

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Basis is why a disclosure outside the portal was allowed, or that it was not
// (P-10). The text is stored and shown.
type Basis string

// What an accounting names (45 CFR 164.512, and what no rule allowed).
const (
	RequiredByLaw  Basis = "required by law"
	PublicHealth   Basis = "public health"
	Abuse          Basis = "abuse, neglect or domestic violence"
	Oversight      Basis = "health oversight"
	Court          Basis = "court or administrative proceeding"
	LawEnforcement Basis = "law enforcement"
	Decedent       Basis = "coroner or funeral director"
	Donation       Basis = "organ or tissue donation"
	Research       Basis = "research without authorization"
	Threat         Basis = "serious threat to health or safety"
	Government     Basis = "military or other government function"
	WorkersComp    Basis = "workers' compensation"
	Breach         Basis = "by mistake or in breach"
)

// What an accounting leaves out (45 CFR 164.528(a)(1)(i) to (viii)).
const (
	CareAndPayment   Basis = "treatment, payment or operations"
	ToTheMember      Basis = "to the member"
	Incidental       Basis = "incident to an allowed use"
	Authorized       Basis = "by the member's authorization"
	InvolvedInCare   Basis = "to persons involved in the member's care"
	NationalSecurity Basis = "national security or intelligence"
	Custody          Basis = "correctional institution or custody"
	LimitedDataSet   Basis = "part of a limited data set"
)

// rule is one line of the table of bases.
type rule struct {
	basis    Basis
	citation string
	exempt   bool
	hinders  bool // an agency of this kind may ask for a suspension
}

func rules() []rule {
	return []rule{
		{RequiredByLaw, "45 CFR 164.512(a)", false, false},
		{PublicHealth, "45 CFR 164.512(b)", false, false},
		{Abuse, "45 CFR 164.512(c)", false, false},
		{Oversight, "45 CFR 164.512(d)", false, true},
		{Court, "45 CFR 164.512(e)", false, false},
		{LawEnforcement, "45 CFR 164.512(f)", false, true},
		{Decedent, "45 CFR 164.512(g)", false, false},
		{Donation, "45 CFR 164.512(h)", false, false},
		{Research, "45 CFR 164.512(i)", false, false},
		{Threat, "45 CFR 164.512(j)", false, false},
		{Government, "45 CFR 164.512(k)", false, false},
		{WorkersComp, "45 CFR 164.512(l)", false, false},
		{Breach, "45 CFR 164.528(a)(1)", false, false},
		{CareAndPayment, "45 CFR 164.528(a)(1)(i)", true, false},
		{ToTheMember, "45 CFR 164.528(a)(1)(ii)", true, false},
		{Incidental, "45 CFR 164.528(a)(1)(iii)", true, false},
		{Authorized, "45 CFR 164.528(a)(1)(iv)", true, false},
		{InvolvedInCare, "45 CFR 164.528(a)(1)(v)", true, false},
		{NationalSecurity, "45 CFR 164.528(a)(1)(vi)", true, false},
		{Custody, "45 CFR 164.528(a)(1)(vii)", true, false},
		{LimitedDataSet, "45 CFR 164.528(a)(1)(viii)", true, false},
	}
}

func (b Basis) rule() (rule, bool) {
	all := rules()
	i := slices.IndexFunc(all, func(r rule) bool { return r.basis == b })
	if i < 0 {
		return rule{}, false
	}
	return all[i], true
}

// Bases gives every basis, those that an accounting names first.
func Bases() []Basis {
	var out []Basis
	for _, r := range rules() {
		out = append(out, r.basis)
	}
	return out
}

// Exempt reports whether an accounting leaves the disclosure out. What is no
// basis is not exempt: in doubt the member is told.
func (b Basis) Exempt() bool {
	r, _ := b.rule()
	return r.exempt
}

// Suspends reports whether an agency of this kind may ask that the member is
// not told for a time (45 CFR 164.528(a)(2)(i)).
func (b Basis) Suspends() bool {
	r, _ := b.rule()
	return r.hinders
}

// Citation names the rule.
func (b Basis) Citation() string {
	r, _ := b.rule()
	return r.citation
}

// OutsideID names a disclosure outside the portal.
type OutsideID string

// Outside is a disclosure that happened outside the portal, with the four
// things that 45 CFR 164.528(b)(2) asks for: date, recipient with the address
// if known, what, and why.
type Outside struct {
	ID          OutsideID
	Member      id.Member
	Basis       Basis
	Recipient   string
	Address     string // of the recipient; "" when not known
	Description string
	Purpose     string // or what the recipient's request said
	On          civil.Date

	Person id.Person // who wrote it down
	Name   string
	Entry  id.Entry
	At     time.Time

	Withdrawn string    // why it was written down by mistake; "" when it was not
	Suspended time.Time // until when no accounting shows it; zero when every one does
	Official  string    // who asked for that
}

// Listed reports whether an accounting that is given at now names it.
func (o Outside) Listed(now time.Time) bool {
	return o.Withdrawn == "" && !o.Basis.Exempt() && !now.Before(o.Suspended)
}

// Bounds of what staff write.
const (
	lineMost = 200
	textMost = 2000
	// accountFor is how far back an accounting reaches, in years.
	accountFor = 6
)

// WriteOutside adds a disclosure outside the portal to the ledger, with an
// entry in the record. today is the day at the plan. It takes the permission
// to review privacy, and answers Invalid with every problem at once.
func WriteOutside(tx *db.Tx, who access.Actor, o Outside, today civil.Date) (Outside, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Outside{}, err
	}
	if o.Member == "" {
		return Outside{}, fault.New(fault.Internal, "a disclosure of nobody")
	}
	err = o.Check(today)
	if err != nil {
		return Outside{}, err
	}
	o.ID, o.Person, o.Name, o.At = id.New[OutsideID](tx.Now), who.Person, who.Name, tx.Now
	o.Entry, err = keep(tx, who, o.ID, "outside.recorded", map[string]string{
		"member": string(o.Member), "basis": string(o.Basis), "recipient": o.Recipient, "address": o.Address,
		"description": o.Description, "purpose": o.Purpose, "on": o.On.String(),
	})
	if err != nil {
		return Outside{}, err
	}
	return o, tx.Later(`insert into disclosure_outside (id, member, basis, recipient, address, description, purpose, on_day, person, name, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, string(o.ID), string(o.Member), string(o.Basis), o.Recipient, o.Address,
		o.Description, o.Purpose, o.On.String(), string(o.Person), o.Name, string(o.Entry), db.Micros(tx.Now))
}

func keep(tx *db.Tx, who access.Actor, o OutsideID, kind string, body map[string]string) (id.Entry, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	kept, err := record.Append(tx, who, record.New{Subject: "outside/" + string(o), Kind: kind, Body: raw})
	return kept.Entry, err
}

// Check tidies what was typed, and says what is wrong with it.
func (o *Outside) Check(today civil.Date) error {
	var bad []fault.Problem
	say := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	if _, ok := o.Basis.rule(); !ok {
		say("basis", "Choose why it was disclosed")
	}
	for _, f := range []struct {
		path, ask string
		text      *string
		most      int
		need      bool
	}{
		{"recipient", "Name who received it", &o.Recipient, lineMost, true},
		{"address", "Give the address", &o.Address, lineMost, false},
		{"description", "Say briefly what was disclosed", &o.Description, textMost, true},
		{"purpose", "Say why it was disclosed, or what the recipient's request said", &o.Purpose, textMost, true},
	} {
		*f.text = strings.TrimSpace(*f.text)
		switch n := utf8.RuneCountInString(*f.text); {
		case n == 0 && f.need:
			say(f.path, f.ask)
		case n > f.most:
			say(f.path, "This is too long: shorten it")
		case !utf8.ValidString(*f.text) || strings.ContainsFunc(*f.text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
			say(f.path, "Use plain text only")
		}
	}
	switch {
	case o.On.IsZero():
		say("on", "Give the date of the disclosure")
	case o.On.After(today):
		say("on", "The date is in the future: give the day on which it happened")
	case o.On.Before(civil.Date{Y: 2003, M: 4, D: 14}):
		say("on", "No accounting reaches back to before April 14, 2003")
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

const outsideColumns = `o.id, o.member, o.basis, o.recipient, o.address, o.description, o.purpose, o.on_day, o.person, o.name, o.entry, o.at_us,
	coalesce((select w.reason from disclosure_outside_withdrawn w where w.outside = o.id), '') withdrawn,
	coalesce((select max(s.until_us) from disclosure_suspension s where s.outside = o.id), 0) suspended,
	coalesce((select min(s.official) from disclosure_suspension s where s.outside = o.id), '') official`

func scanOutside(r *sql.Rows) (Outside, error) {
	var o Outside
	var on string
	var at, suspended int64
	err := r.Scan(&o.ID, &o.Member, &o.Basis, &o.Recipient, &o.Address, &o.Description, &o.Purpose, &on, &o.Person, &o.Name, &o.Entry, &at,
		&o.Withdrawn, &suspended, &o.Official)
	if err != nil {
		return Outside{}, err
	}
	o.At, o.Suspended = db.Time(at), db.Time(suspended)
	o.On, err = civil.Parse(on)
	return o, err
}

// OutsideOf gives a member's disclosures outside the portal from a day to a
// day, both included, newest first: all of them, also those that no accounting
// shows. It takes the permission to review privacy.
func OutsideOf(tx *db.Tx, who access.Actor, m id.Member, from, to civil.Date) ([]Outside, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanOutside)(tx.Rows("select "+outsideColumns+" from disclosure_outside o where o.member = $1 and o.on_day >= $2 and o.on_day <= $3 order by o.on_day desc, o.id desc",
		string(m), from.String(), to.String()))
}

func outsideOf(tx *db.Tx, who access.Actor, ref OutsideID) (Outside, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return Outside{}, err
	}
	found, err := db.Collect(scanOutside)(tx.Rows("select "+outsideColumns+" from disclosure_outside o where o.id = $1", string(ref)))
	if err != nil {
		return Outside{}, err
	}
	if len(found) == 0 {
		return Outside{}, fault.New(fault.NotFound, "There is no such disclosure")
	}
	return found[0], nil
}

// Withdraw notes that a line was written down by mistake. The line stays. A
// second time is a Conflict.
func Withdraw(tx *db.Tx, who access.Actor, ref OutsideID, reason string) error {
	o, err := outsideOf(tx, who, ref)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	switch {
	case o.Withdrawn != "":
		return fault.New(fault.Conflict, "This line was taken out already. Look at it again")
	case reason == "" || len(reason) > textMost:
		return fault.Bad(fault.Problem{Path: "reason", Text: "Say in a sentence why the line is a mistake"})
	}
	entry, err := keep(tx, who, ref, "outside.withdrawn", map[string]string{"member": string(o.Member), "reason": reason})
	if err != nil {
		return err
	}
	return tx.Later("insert into disclosure_outside_withdrawn (outside, person, name, reason, entry, at_us) values ($1, $2, $3, $4, $5, $6)",
		string(ref), string(who.Person), who.Name, reason, string(entry), db.Micros(tx.Now))
}

// Form is how an agency asked for a suspension.
type Form string

// The forms.
const (
	Oral    Form = "oral"    // at most 30 days
	Written Form = "written" // until the day it names
)

// oralDays bounds a suspension on an oral statement (45 CFR 164.528(a)(2)(ii)(C)).
const oralDays = 30

// Suspension is an agency's statement that telling the member would be likely
// to impede its work.
type Suspension struct {
	Outside   OutsideID
	Form      Form
	Official  string // who made the statement, and of which agency
	Statement string
	Since     civil.Date // the day of the statement
	Until     civil.Date // the last day; for an oral one at most 30 days after Since, which is also what zero means
}

// Suspend leaves a line out of accountings until the end of the last day in
// loc: on the next day it is back by itself.
func Suspend(tx *db.Tx, who access.Actor, s Suspension, loc *time.Location) error {
	o, err := outsideOf(tx, who, s.Outside)
	if err != nil {
		return err
	}
	if !o.Basis.Suspends() {
		return fault.New(fault.Conflict, "Only a health oversight agency or a law enforcement official can ask for a suspension")
	}
	err = s.check(civil.Of(tx.Now, loc))
	if err != nil {
		return err
	}
	if s.Form == Oral {
		var before int64
		err = tx.Row("select count(*) from disclosure_suspension where outside = $1 and form = $2", string(s.Outside), string(Oral)).Scan(&before)
		if err != nil {
			return err
		}
		if before > 0 {
			return fault.Bad(fault.Problem{Path: "form", Text: "An oral statement has suspended this line before, and lasts 30 days once (45 CFR 164.528(a)(2)(ii)). Get this one in writing"})
		}
	}
	entry, err := keep(tx, who, s.Outside, "outside.suspended", map[string]string{
		"member": string(o.Member), "form": string(s.Form), "official": s.Official, "statement": s.Statement, "since": s.Since.String(), "until": s.Until.String(),
	})
	if err != nil {
		return err
	}
	return tx.Later(`insert into disclosure_suspension (id, outside, form, official, statement, since_us, until_us, person, name, entry, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, string(id.New[id.Disclosure](tx.Now)), string(s.Outside), string(s.Form), s.Official, s.Statement,
		db.Micros(s.Since.In(loc)), db.Micros(s.Until.AddDays(1).In(loc)), string(who.Person), who.Name, string(entry), db.Micros(tx.Now))
}

func (s *Suspension) check(today civil.Date) error {
	var bad []fault.Problem
	say := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	s.Official, s.Statement = strings.TrimSpace(s.Official), strings.TrimSpace(s.Statement)
	if s.Form != Oral && s.Form != Written {
		say("form", "Say whether the statement was oral or in writing")
	}
	if s.Official == "" || len(s.Official) > lineMost {
		say("official", "Name the agency or official, in one line")
	}
	if s.Statement == "" || len(s.Statement) > textMost {
		say("statement", "Write down what the statement said")
	}
	switch {
	case s.Since.IsZero():
		say("since", "Give the day of the statement")
	case s.Since.After(today):
		say("since", "The day of the statement is in the future")
	}
	last := s.Since.AddDays(oralDays)
	switch {
	case s.Form == Oral && s.Until.IsZero():
		s.Until = last
	case s.Form == Oral && s.Until.After(last):
		say("until", "An oral statement suspends for 30 days at most. Get it in writing for longer")
	case s.Form == Written && s.Until.IsZero():
		say("until", "Give the day until which the written statement asks for it")
	}
	if !s.Until.IsZero() && s.Until.Before(s.Since) {
		say("until", "The last day is before the statement")
	}
	if len(bad) > 0 {
		return fault.Bad(bad...)
	}
	return nil
}

// Suspended gives the lines that are left out of accountings at now, those
// that come back first first, at most limit.
func Suspended(tx *db.Tx, who access.Actor, limit int) ([]Outside, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanOutside)(tx.Rows("select "+outsideColumns+` from disclosure_outside o where o.id in
		(select s.outside from disclosure_suspension s where s.until_us > $1) order by suspended, o.id limit $2`, db.Micros(tx.Now), bounded(limit)))
}

// LookBack gives the first day that an accounting asked for on a day reaches:
// six years before (45 CFR 164.528(a)(1), (b)(1)).
func LookBack(asked civil.Date) civil.Date {
	from := asked
	from.Y -= accountFor
	d, err := civil.New(from.Y, from.M, from.D)
	if err != nil { // February 29
		from.D--
		return from
	}
	return d
}
