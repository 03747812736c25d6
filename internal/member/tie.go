package member

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Tie is why an organization may see a member (A-02, clause 1 of the
// agreement). There is one of each kind between an organization and a member.
type Tie string

// The ties.
const (
	TiePanel   Tie = "panel"   // the member's primary care provider works there
	TieRequest Tie = "request" // it has sent a request for the member
	TieClaim   Tie = "claim"   // it has sent a claim for the member
	TieVisit   Tie = "visit"   // somebody there said that the member is being seen
)

// strongest orders the ties: the first that holds is the one that the ledger
// names. A statement comes last, since nothing but somebody's word is behind it.
func strongest() []Tie { return []Tie{TieRequest, TieClaim, TiePanel, TieVisit} }

const (
	// FoundLasts is how long a tie that the portal finds in its own data
	// (panel, claim) is believed after it was last found: as long as the
	// longest month, so that who changes the primary care provider is not
	// lost to the former one in the middle of a month's work.
	FoundLasts = 31 * 24 * time.Hour
	// foundAgain is when such a tie is written anew, so that a member who is
	// looked at all day is written once a day.
	foundAgain = 30 * 24 * time.Hour
)

// A TieFinder looks in the portal's own data for a reason why an organization
// may see a member, such as a claim of the organization's for the member. It
// is asked at each look by an office, also for the member "" that nobody is,
// and gives false for none. What it finds is bound for 31 days.
type TieFinder func(tx *db.Tx, org id.Organization, m id.Member) (Tie, bool, error)

// Bind notes that the actor's organization may see a member until a time
// (zero: for good). A tie of the kind that lasts longer stays as it is.
func Bind(tx *db.Tx, who access.Actor, m id.Member, kind Tie, until time.Time) error {
	if who.Org == "" {
		return fault.New(fault.Forbidden, "Your account belongs to no organization. Ask the HelpDesk")
	}
	return bind(tx, who, who.Org, m, kind, until)
}

// BindFor is Bind for an organization that a file names. It takes the
// permission to import.
func BindFor(tx *db.Tx, who access.Actor, org id.Organization, m id.Member, kind Tie, until time.Time) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	return bind(tx, who, org, m, kind, until)
}

// bind makes the tie or lengthens it. A tie that holds long enough is touched
// by neither statement, so that those who bind it at once do not wait for one
// another.
func bind(tx *db.Tx, who access.Actor, org id.Organization, m id.Member, kind Tie, until time.Time) error {
	err := tx.Later("insert into member_tie (org, member, kind, since_us, until_us, person) values ($1, $2, $3, $4, $5, $6) on conflict (org, member, kind) do nothing",
		string(org), string(m), string(kind), db.Micros(tx.Now), db.Micros(until), string(who.Person))
	if err != nil {
		return err
	}
	const lengthen = "update member_tie set until_us = $1, since_us = $2, person = $3 where org = $4 and member = $5 and kind = $6 and until_us <> 0"
	args := []any{db.Micros(until), db.Micros(tx.Now), string(who.Person), string(org), string(m), string(kind)}
	if until.IsZero() {
		return tx.Later(lengthen, args...)
	}
	return tx.Later(lengthen+" and until_us < $7", append(args, db.Micros(until))...)
}

// Renew asks the finders and binds what they find for the actor's
// organization, unless a tie is bound for good or was found within the last
// day. It gives the strongest tie that is live, or "" for none.
func Renew(tx *db.Tx, who access.Actor, m id.Member, finders ...TieFinder) (Tie, error) {
	if who.Org == "" {
		return "", fault.New(fault.Forbidden, "Your account belongs to no organization. Ask the HelpDesk")
	}
	live, err := liveTies(tx, who.Org, []id.Member{m})
	if err != nil {
		return "", err
	}
	kinds := make([]Tie, 0, len(live)+len(finders))
	for _, t := range live {
		kinds = append(kinds, t.kind)
		if t.until.IsZero() || t.kind != TieVisit && t.until.After(tx.Now.Add(foundAgain)) {
			finders = nil
		}
	}
	for _, find := range finders {
		kind, ok, err := find(tx, who.Org, m)
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		err = Bind(tx, who, m, kind, tx.Now.Add(FoundLasts))
		if err != nil {
			return "", err
		}
		kinds = append(kinds, kind)
	}
	return best(kinds), nil
}

func best(kinds []Tie) Tie {
	for _, t := range strongest() {
		if slices.Contains(kinds, t) {
			return t
		}
	}
	return ""
}

// bound is one live tie of an organization.
type bound struct {
	member id.Member
	kind   Tie
	until  time.Time // zero: for good
}

func liveTies(tx *db.Tx, org id.Organization, members []id.Member) ([]bound, error) {
	return collect(tx, func(r *sql.Rows) (bound, error) {
		var b bound
		var until int64
		err := r.Scan(&b.member, &b.kind, &until)
		b.until = db.Time(until)
		return b, err
	}, "select member, kind, until_us from member_tie where org = $1 and (until_us = 0 or until_us > $2) and member in (",
		[]any{string(org), db.Micros(tx.Now)}, members)
}
