package account

import (
	"database/sql"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// WarnedOfNonUse is the event of a mail that says an account is about to be
// suspended because nobody uses it.
const WarnedOfNonUse EventKind = "warned of non-use"

// Network gives what counts as one place: an IPv4 address, the /64 of an IPv6
// one, or "unknown".
func Network(address string) string { return networkOf(address) }

// Watched gives a person as the rules of suspicion need her, or NotFound.
func Watched(tx *db.Tx, person id.Person) (Person, error) { return personOf(tx, person) }

// Arrival is an event that the rules of suspicion start from.
type Arrival struct {
	ID      string
	Kind    EventKind
	Person  id.Person
	Session id.Session
	Network string
	At      time.Time
}

// Arrivals gives, oldest first and at most limit, the sign-ins, the proofs of
// a second factor and the good passwords on closed accounts, or of people
// whose access has ended, from a time on.
// after is the ID of the last one that was read, or "".
func Arrivals(tx *db.Tx, from time.Time, after string, limit int) ([]Arrival, error) {
	return db.Collect(func(r *sql.Rows) (Arrival, error) {
		var a Arrival
		var address string
		var at int64
		err := r.Scan(&a.ID, &a.Kind, &a.Person, &a.Session, &address, &at)
		a.Network, a.At = networkOf(address), db.Time(at)
		return a, err
	})(tx.Rows(`select id, kind, person, session, address, at_us from account_event
		where id > $1 and at_us >= $2 and person <> '' and (kind = $3 or kind = $4 or kind = $5 and reason in ($6, $7)) order by id limit $8`,
		max(after, idFrom(from)), db.Micros(from), string(SignedIn), string(FactorProven), string(SignInFailed), "account "+string(Closed), accessEnded, int64(limit)))
}

// idFrom gives a text that no id made from then on sorts before: the part of
// an id that tells the time, to 32 ms, without its last digits.
func idFrom(t time.Time) string {
	const digits = 9
	if t.Unix() <= 0 {
		return ""
	}
	return string(id.New[eventID](t))[:digits]
}

// FailuresOf gives the failed sign-ins and refused second factors on an
// account after one time and up to another, oldest first, at most 1,000.
func FailuresOf(tx *db.Tx, person id.Person, after, until time.Time) ([]Arrival, error) {
	return db.Collect(func(r *sql.Rows) (Arrival, error) {
		a := Arrival{Person: person}
		var address string
		var at int64
		err := r.Scan(&a.ID, &a.Kind, &address, &at)
		a.Network, a.At = networkOf(address), db.Time(at)
		return a, err
	})(tx.Rows(`select id, kind, address, at_us from account_event
		where person = $1 and at_us > $2 and at_us <= $3 and (kind = $4 or kind = $5) order by at_us, id limit 1000`,
		string(person), db.Micros(after), db.Micros(until), string(SignInFailed), string(FactorFailed)))
}

// Stay is one session as the rules see it: when it was proven by a second
// factor (zero for not), last used and ended (zero for open), and the network
// it was opened from.
type Stay struct {
	Session id.Session
	Network string
	Started time.Time
	Proven  time.Time
	Seen    time.Time
	Ended   time.Time
}

// Stays gives a person's sessions that were started from a time on, oldest first.
func Stays(tx *db.Tx, person id.Person, from time.Time) ([]Stay, error) {
	return db.Collect(func(r *sql.Rows) (Stay, error) {
		var s Stay
		var address string
		var started, proven, seen, ended int64
		err := r.Scan(&s.Session, &address, &started, &proven, &seen, &ended)
		s.Network = networkOf(address)
		s.Started, s.Proven, s.Seen, s.Ended = db.Time(started), db.Time(proven), db.Time(seen), db.Time(ended)
		return s, err
	})(tx.Rows(`select id, address, started_us, proven_us, seen_us, ended_us from account_session
		where person = $1 and started_us >= $2 order by started_us, id`, string(person), db.Micros(from)))
}

// Abroad gives the people who have open and proven sessions from more than
// one address that were used since a time.
func Abroad(tx *db.Tx, since time.Time) ([]id.Person, error) {
	return db.Collect(scanID)(tx.Rows(`select person from account_session where ended_us = 0 and seen_us >= $1 and proven_us > 0
		group by person having count(distinct address) > 1 order by person`, db.Micros(since)))
}

func scanID(r *sql.Rows) (id.Person, error) {
	var p id.Person
	return p, r.Scan(&p)
}

// SessionsOpen gives how many sessions a person has open.
func SessionsOpen(tx *db.Tx, person id.Person) (n int64, err error) {
	err = tx.Row("select count(*) from account_session where person = $1 and ended_us = 0", string(person)).Scan(&n)
	return n, err
}

// EndLinks makes the links for a new password that were sent for an account
// worthless: somebody else may hold one.
func EndLinks(tx *db.Tx, _ access.Actor, person id.Person) error {
	_, err := tx.Exec("update account_link set used_us = $1 where person = $2 and used_us = 0", db.Micros(tx.Now), string(person))
	return err
}

// LastOf gives the role in which nobody but the person is left at the plan:
// plan administrator or security officer. It is "" when others can do the work.
func LastOf(tx *db.Tx, person id.Person) (access.Role, error) {
	type staff struct {
		person id.Person
		roles  []string
	}
	all, err := db.Collect(func(r *sql.Rows) (staff, error) {
		var s staff
		var roles string
		err := r.Scan(&s.person, &roles)
		s.roles = splitList(roles)
		return s, err
	})(tx.Rows(`select p.id, m.roles from account_person p join account_membership m on m.person = p.id and m.org = p.org
		where p.side = $1 and p.state = $2 and m.state = $3 order by p.id`, int64(access.Plan), string(Active), string(MemberActive)))
	if err != nil {
		return "", err
	}
	for _, role := range []access.Role{access.PlanAdmin, access.SecurityOfficer} {
		holders := slices.DeleteFunc(slices.Clone(all), func(s staff) bool { return !slices.Contains(s.roles, string(role)) })
		if len(holders) == 1 && holders[0].person == person {
			return role, nil
		}
	}
	return "", nil
}

// Holders gives the active people of the plan who have a role, at most 100.
func Holders(tx *db.Tx, role access.Role) ([]Person, error) {
	all, err := db.Collect(scanPerson)(tx.Rows("select "+personColumns+atHome+"where p.side = $1 and p.state = $2 and m.state = $3 order by p.id",
		int64(access.Plan), string(Active), string(MemberActive)))
	all = slices.DeleteFunc(all, func(p Person) bool { return !slices.Contains(p.Roles, role) })
	return all[:min(len(all), 100)], err
}

// Named is somebody's name in an organization; the plan's own is "".
type Named struct {
	Org  id.Organization
	Name string
}

// Names gives the names of everybody with open access, by organization.
func Names(tx *db.Tx) ([]Named, error) {
	return db.Collect(func(r *sql.Rows) (Named, error) {
		var n Named
		return n, r.Scan(&n.Org, &n.Name)
	})(tx.Rows("select m.org, p.name from account_membership m join account_person p on p.id = m.person where m.state = $1 order by m.org, p.name", string(MemberActive)))
}

// Unused gives the active accounts that nobody has used since a time, those
// that have waited longest first. after is the last one of the page before.
func Unused(tx *db.Tx, since time.Time, after Person, limit int) ([]Person, error) {
	return db.Collect(scanPerson)(tx.Rows("select "+personColumns+atHome+`where p.state = $1 and p.used_us <= $2
			and (p.used_us > $3 or p.used_us = $4 and p.id > $5) order by p.used_us, p.id limit $6`,
		string(Active), db.Micros(since), db.Micros(after.Used), db.Micros(after.Used), string(after.ID), int64(limit)))
}

// MarkWarned writes down that the person was warned of non-use for the nth time.
func MarkWarned(tx *db.Tx, who access.Actor, person id.Person, nth int, reason string) error {
	_, err := tx.Exec("update account_person set warned = $1 where id = $2", int64(nth), string(person))
	if err != nil {
		return err
	}
	return Event{Kind: WarnedOfNonUse, Person: person, Actor: who.Person, Reason: reason, Session: who.Session, Address: who.Address}.write(tx)
}
