package member

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
)

// RestrictionKind is why a member's information is given to nobody without an
// open glass.
type RestrictionKind string

// The kinds.
const (
	RestrictVIP      RestrictionKind = "public person"
	RestrictStaff    RestrictionKind = "works for the plan"
	RestrictViolence RestrictionKind = "threatened by violence"
	RestrictOther    RestrictionKind = "other"
)

// RestrictionKinds gives every kind, in the order a page offers them.
func RestrictionKinds() []RestrictionKind {
	return []RestrictionKind{RestrictVIP, RestrictStaff, RestrictViolence, RestrictOther}
}

// Restriction is a member's restriction as it stands, or a step of its history.
type Restriction struct {
	Member id.Member
	What   string // of a step: "restricted", "changed", "lifted"
	Kind   RestrictionKind
	Reason string
	At     time.Time // since when, or of the step
	Until  time.Time // zero: until it is lifted
	By     id.Person
	ByName string
}

type stepID string

const longestReason = 500

func cleanReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	if n := utf8.RuneCountInString(reason); n < 3 || n > longestReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fault.Bad(fault.Problem{Path: "reason", Text: "Give the reason in 3 to 500 characters"})
	}
	return reason, nil
}

// Restrict puts a member under restriction until a time (zero: until it is
// lifted), or changes the restriction that stands. It takes the permission to
// review what touches privacy.
func Restrict(tx *db.Tx, who access.Actor, m id.Member, kind RestrictionKind, reason string, until time.Time) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	var problems []fault.Problem
	if !slices.Contains(RestrictionKinds(), kind) {
		problems = append(problems, fault.Problem{Path: "kind", Text: "Choose why the member is under restriction"})
	}
	if !until.IsZero() && !until.After(tx.Now) {
		problems = append(problems, fault.Problem{Path: "until", Text: "Choose a day in the future, or none"})
	}
	reason, err = cleanReason(reason)
	problems = append(problems, fault.Problems(err)...)
	if len(problems) > 0 {
		return fault.Bad(problems...)
	}
	err = exists(tx, m)
	if err != nil {
		return err
	}
	held, err := restricted(tx, []id.Member{m})
	if err != nil {
		return err
	}
	what := "restricted"
	if held[m] {
		what = "changed"
	}
	_, err = tx.Exec(`insert into member_restricted (member, kind, reason, since_us, until_us, person, name) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (member) do update set kind = excluded.kind, reason = excluded.reason, since_us = excluded.since_us, until_us = excluded.until_us,
			person = excluded.person, name = excluded.name`,
		string(m), string(kind), reason, db.Micros(tx.Now), db.Micros(until), string(who.Person), who.Name)
	if err != nil {
		return err
	}
	return restrictionStep(tx, who, Restriction{Member: m, What: what, Kind: kind, Reason: reason, Until: until})
}

// Unrestrict lifts a member's restriction, with the reason. It takes the
// permission to review what touches privacy, and answers Conflict where none
// stands.
func Unrestrict(tx *db.Tx, who access.Actor, m id.Member, reason string) error {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return err
	}
	reason, err = cleanReason(reason)
	if err != nil {
		return err
	}
	n, err := tx.Exec("delete from member_restricted where member = $1", string(m))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This restriction was lifted already")
	}
	return restrictionStep(tx, who, Restriction{Member: m, What: "lifted", Reason: reason})
}

func restrictionStep(tx *db.Tx, who access.Actor, r Restriction) error {
	return tx.Later("insert into member_restriction (id, member, what, kind, reason, until_us, person, name, at_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		string(id.New[stepID](tx.Now)), string(r.Member), r.What, string(r.Kind), r.Reason, db.Micros(r.Until), string(who.Person), who.Name, db.Micros(tx.Now))
}

func exists(tx *db.Tx, m id.Member) error {
	var n int64
	err := tx.Row("select count(*) from member where id = $1", string(m)).Scan(&n)
	if err == nil && n == 0 {
		return errNone
	}
	return err
}

// RestrictionsOf gives the history of a member's restrictions, newest first.
// It takes the permission to review what touches privacy, and shows no fact
// about the member.
func RestrictionsOf(tx *db.Tx, who access.Actor, m id.Member) ([]Restriction, error) {
	err := who.May(access.ReviewPrivacy)
	if err != nil {
		return nil, err
	}
	return db.Collect(scanRestriction)(tx.Rows("select member, what, kind, reason, at_us, until_us, person, name from member_restriction where member = $1 order by at_us desc, id desc", string(m)))
}

func scanRestriction(r *sql.Rows) (Restriction, error) {
	var out Restriction
	var at, until int64
	err := r.Scan(&out.Member, &out.What, &out.Kind, &out.Reason, &at, &until, &out.By, &out.ByName)
	out.At, out.Until = db.Time(at), db.Time(until)
	return out, err
}

// restricted gives which of the members are under restriction right now.
func restricted(tx *db.Tx, ids []id.Member) (map[id.Member]bool, error) {
	out := map[id.Member]bool{}
	ids = distinct(ids)
	for len(ids) > 0 {
		size := chunk(len(ids))
		n := min(len(ids), size)
		args := []any{db.Micros(tx.Now)}
		for i := range size {
			args = append(args, string(ids[min(i, n-1)]))
		}
		found, err := db.Collect(func(r *sql.Rows) (id.Member, error) {
			var m id.Member
			return m, r.Scan(&m)
		})(tx.Rows("select member from member_restricted where (until_us = 0 or until_us > $1) and member in ("+placeholders(1, size)+")", args...))
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			out[m] = true
		}
		ids = ids[n:]
	}
	return out, nil
}

// sees says that restrictions do not bind the actor: whoever sets and lifts
// them, and the portal's own work and its operator, which show nobody a page.
func sees(who access.Actor) bool { return who.Side == access.System || who.Has(access.ReviewPrivacy) }

// withheld gives the members under restriction whose facts the actor is not
// given, and the openings under which she is given the others'.
func withheld(tx *db.Tx, who access.Actor, ids []id.Member) (closed map[id.Member]bool, open map[id.Member]glass.ID, err error) {
	if sees(who) {
		return nil, nil, nil
	}
	closed, err = restricted(tx, ids)
	if err != nil || len(closed) == 0 {
		return nil, nil, err
	}
	open, err = glass.Live(tx, who, ids)
	if err != nil {
		return nil, nil, err
	}
	for m := range open {
		delete(closed, m)
	}
	return closed, open, nil
}

// Withheld gives the members whose facts the actor is not given, because they
// are under restriction and no glass of hers is open. It shows nobody anything.
func Withheld(tx *db.Tx, who access.Actor, ids []id.Member) (map[id.Member]bool, error) {
	closed, _, err := withheld(tx, who, ids)
	return closed, err
}

// Guard holds an actor who could see a member otherwise to the member's
// restriction. It gives the tie of the open glass for the ledger ("" where
// none is needed), or a refusal: one that glass.Member tells from others for
// somebody who may break the glass, and NotFound for somebody who may not, who
// is not told of the restriction.
func Guard(tx *db.Tx, who access.Actor, m id.Member) (tie string, err error) {
	closed, open, err := withheld(tx, who, []id.Member{m})
	switch {
	case err != nil:
		return "", err
	case closed[m]:
		return "", closedTo(who, m)
	case open[m] != "":
		return open[m].Tie(), nil
	}
	return "", nil
}

// Admit says whether the actor could be shown a member right now: NotFound
// for somebody else's member and for none (Refused tells them apart), and the
// refusal of Guard for one under restriction. It shows nothing and writes nothing.
func Admit(tx *db.Tx, who access.Actor, m id.Member) error {
	_, _, err := admitted(tx, who, m)
	return err
}

// admitted gives a member whom the actor may see, and the tie for the ledger:
// of the glass that is open for her, or else of her organization.
func admitted(tx *db.Tx, who access.Actor, m id.Member) (Member, string, error) {
	found, err := pick(tx, who, []id.Member{m})
	if err != nil {
		return Member{}, "", err
	}
	if len(found) == 0 {
		return emergency(tx, who, m)
	}
	under, err := Guard(tx, who, m)
	if err != nil {
		return Member{}, "", err
	}
	return found[0].Member, cmp.Or(under, string(found[0].tie)), nil
}

// emergency gives a member without a tie to a clinician who has broken the
// glass for the patient.
func emergency(tx *db.Tx, who access.Actor, m id.Member) (Member, string, error) {
	open, err := glass.Live(tx, who, []id.Member{m})
	if err != nil {
		return Member{}, "", err
	}
	if open[m] == "" {
		return Member{}, "", absent(tx, m)
	}
	found, err := inChunks(tx, "select "+columns+" from member m where m.id in (", nil, []id.Member{m})
	if err != nil {
		return Member{}, "", err
	}
	if len(found) == 0 {
		return Member{}, "", errNone
	}
	return found[0], open[m].Tie(), nil
}

// Reach says whether the actor may break the glass for a member: nil for one
// under restriction whom she could see otherwise, Conflict for one whom she
// can see without, and NotFound alike for somebody else's and for none (Refused
// tells them apart). An opening of hers that holds is no obstacle.
func Reach(tx *db.Tx, who access.Actor, m id.Member) error {
	found, err := pick(tx, who, []id.Member{m})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return absent(tx, m)
	}
	held, err := restricted(tx, []id.Member{m})
	if err != nil {
		return err
	}
	if !held[m] || sees(who) {
		return fault.New(fault.Conflict, "This member's information is open to you without it: nothing was opened, and nobody was told")
	}
	return nil
}

// Patient gives the member whom a clinician in an emergency names by a full
// key: the member ID and the birth date. It shows nothing. NotFound is for
// none and for several alike.
func Patient(tx *db.Tx, who access.Actor, number string, birth civil.Date) (id.Member, error) {
	err := glass.MayEmergency(who)
	if err != nil {
		return "", err
	}
	return FullKey(tx, Key{Number: number, Birth: birth})
}

// Vain says, of a full key that found nobody, which kind it is in the words of
// the ledger, and whether its number alone would have fitted; see HalfFits.
func Vain(tx *db.Tx, who access.Actor, number string, birth civil.Date) (kind string, half bool, err error) {
	k := Key{Number: number, Birth: birth}
	half, err = HalfFits(tx, who, k)
	return k.kind(), half, err
}

// FullKey gives the one member with a member ID and a birth date, to a caller
// who has asked whether the actor may know. It shows nothing.
func FullKey(tx *db.Tx, k Key) (id.Member, error) {
	var problems []fault.Problem
	if FoldNumber(k.Number) == "" {
		problems = append(problems, fault.Problem{Path: "number", Text: "Type the member ID from the card"})
	}
	if k.Birth.IsZero() {
		problems = append(problems, fault.Problem{Path: "birth", Text: "Type the date of birth too"})
	}
	if len(problems) > 0 {
		return "", fault.Bad(problems...)
	}
	found, err := Key{Number: k.Number, Birth: k.Birth}.find(tx)
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", errNoMatch
	}
	return found[0].ID, nil
}

// ForRecord gives a member's facts for what somebody enters into the official
// record, whole: the record does not depend on which facts she is shown. An
// office needs a tie, or an open glass. It shows nobody anything; the entry is
// its trace.
func ForRecord(tx *db.Tx, who access.Actor, m id.Member) (Member, error) {
	found, err := pick(tx, who, []id.Member{m})
	if err != nil {
		return Member{}, err
	}
	if len(found) == 0 {
		out, _, err := emergency(tx, who, m)
		return out, err
	}
	return found[0].Member, nil
}
