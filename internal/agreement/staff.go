package agreement

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Progress is how far a version has got.
type Progress struct {
	ID          id.Agreement
	Number      int
	Title       string
	SHA256      string
	Effective   civil.Date
	PublishedAt time.Time
	Accepted    int  // people who accepted it
	Waiting     int  // of the people asked about, who have not; 0 unless Current
	Current     bool // it is the one that has to be accepted
}

// Proof is an acceptance with the text it is about.
type Proof struct {
	Accepted
	Holds bool // the stored text still has the fingerprint that was accepted (E-03)
}

const acceptedColumns = `a.id, a.version, v.number, v.title, a.sha256, v.effective, a.person, a.username, a.name,
	a.org, a.org_name, a.session, a.button, a.address, a.agent, a.locale, a.entry, a.at_us`

// mayProve says who may see what others accepted: who writes the agreement,
// who runs accounts, and who answers for the record (E-04).
func mayProve(who access.Actor) error {
	if who.Side != access.Office && (who.Has(access.ManageAccounts) || who.Has(access.ReadRecord)) {
		return nil
	}
	return who.May(access.PublishAgreement)
}

// Progress gives every version, the newest first, with how many accepted it,
// and how many of people still have to accept the current one. People are
// those who may sign in: who that is, this package does not know.
func (s *Service) Progress(ctx context.Context, who access.Actor, people []id.Person) (all []Progress, err error) {
	err = mayProve(who)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Collect(scanProgress)(tx.Rows(`select v.id, v.number, v.title, v.sha256, v.effective, v.at_us,
			(select count(a.id) from acceptance a where a.version = v.id) from agreement v order by v.number desc`))
		if err != nil || len(all) == 0 {
			return err
		}
		done, err := db.Collect(func(r *sql.Rows) (p id.Person, err error) { return p, r.Scan(&p) })(
			tx.Rows("select a.person from acceptance a where a.version = $1", string(all[0].ID)))
		if err != nil {
			return err
		}
		all[0].Current, all[0].Waiting = true, missing(people, done)
		return nil
	})
	return all, err
}

// missing counts the people who are not among done.
func missing(people, done []id.Person) int {
	has := make(map[id.Person]bool, len(done))
	for _, p := range done {
		has[p] = true
	}
	n := 0
	for _, p := range people {
		if !has[p] {
			n++
		}
	}
	return n
}

func scanProgress(r *sql.Rows) (Progress, error) {
	var p Progress
	var number, at, accepted int64
	var effective string
	err := r.Scan(&p.ID, &number, &p.Title, &p.SHA256, &effective, &at, &accepted)
	if err != nil {
		return Progress{}, err
	}
	p.Number, p.PublishedAt, p.Accepted = int(number), db.Time(at), int(accepted)
	p.Effective, err = civil.Parse(effective)
	return p, err
}

// AcceptancesOf gives what a person has accepted, the newest first, to staff
// who may prove it.
func (s *Service) AcceptancesOf(ctx context.Context, who access.Actor, person id.Person) (all []Accepted, err error) {
	err = mayProve(who)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = acceptedBy(tx, person)
		return err
	})
	return all, err
}

func acceptedBy(tx *db.Tx, person id.Person) ([]Accepted, error) {
	return db.Collect(scanAccepted)(tx.Rows("select "+acceptedColumns+
		" from acceptance a join agreement v on v.id = a.version where a.person = $1 order by v.number desc", string(person)))
}

// Certificate proves the actor's own acceptance of a version. It is
// fault.NotFound when there is none.
func (s *Service) Certificate(ctx context.Context, who access.Actor, number int) (p Proof, err error) {
	if who.Person == "" {
		return Proof{}, fault.New(fault.Unauthenticated, "Please sign in first")
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		mine, err := acceptedBy(tx, who.Person)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(mine, func(a Accepted) bool { return a.Number == number })
		if at < 0 {
			return fault.New(fault.NotFound, "You have not accepted this version of the agreement")
		}
		p, err = proven(tx, mine[at])
		return err
	})
	return p, err
}

// Prove proves anybody's acceptance to staff who may see it.
func (s *Service) Prove(ctx context.Context, who access.Actor, acceptance id.Acceptance) (p Proof, err error) {
	err = mayProve(who)
	if err != nil {
		return Proof{}, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := db.Collect(scanAccepted)(tx.Rows("select "+acceptedColumns+
			" from acceptance a join agreement v on v.id = a.version where a.id = $1", string(acceptance)))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fault.New(fault.NotFound, "There is no such acceptance")
		}
		p, err = proven(tx, found[0])
		return err
	})
	return p, err
}

// proven hashes the stored text again.
func proven(tx *db.Tx, a Accepted) (Proof, error) {
	var html string
	err := tx.Row("select v.html from agreement v where v.id = $1", string(a.Version)).Scan(&html)
	if err != nil {
		return Proof{}, err
	}
	sum := sha256.Sum256([]byte(html))
	return Proof{Accepted: a, Holds: hex.EncodeToString(sum[:]) == a.SHA256}, nil
}
