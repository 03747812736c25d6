package watch

import (
	"fmt"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// How look-ups are held up. How many in vain it takes is a rule that staff can
// tune: Slowed for one person, Spread for an organization, Stopped for a day.
//
// The person's own brake comes first: in an hour of guessing she gets some
// twenty tries, so that it takes three like her to brake their organization,
// and then only those wait, half a minute at most, who have looked in vain
// themselves within the hour.
const (
	firstWait        = 2 * time.Second // doubles with each further look-up in vain
	mostWait         = 15 * time.Minute
	mostForOrg       = 30 * time.Second
	mostForEmergency = 30 * time.Second
	pressed          = 20             // tries after the stop that no honest person makes
	looksKept        = 25 * time.Hour // longer than any rule looks back
)

// Looked is how one look-up of a member ended, as the guard needs it. Number,
// First and Last are used and then forgotten.
type Looked struct {
	Row     id.Disclosure      // the line of the ledger that says so
	Outcome disclosure.Outcome // anything but Shown is in vain
	Number  string             // what was typed as the member's number, or ""
	Half    bool               // in vain, but the number alone would have fitted
	Member  id.Member          // who was shown
	First   string             // the names of who was shown
	Last    string
}

// guard is a row of watch_guard.
type guard struct {
	key                           string
	last, until, stopped, counted time.Time
}

const guardColumns = "key, last_us, until_us, stopped_us, since_us"

func scanGuard(r interface{ Scan(...any) error }) (guard, error) {
	var g guard
	var last, until, stopped, since int64
	err := r.Scan(&g.key, &last, &until, &stopped, &since)
	g.last, g.until, g.stopped, g.counted = db.Time(last), db.Time(until), db.Time(stopped), db.Time(since)
	return g, err
}

func personGuard(p id.Person) string    { return "person/" + string(p) }
func orgGuard(o id.Organization) string { return "org/" + string(o) }

// BeforeLook says whether the actor may look for a member now. held is the
// answer for somebody who has to wait, of kind TooMany: the caller looks for
// nothing, commits, and answers with it. The honest pay for one read by key.
//
// A person's look-ups wait for one another at her row, whatever becomes of
// them, or else those that find somebody would be answered beside one in vain
// that holds them up.
func (s *Service) BeforeLook(tx *db.Tx, who access.Actor) (held, err error) {
	return s.before(tx, who, mostWait)
}

// BeforeEmergency is BeforeLook for a clinician who treats somebody now: she
// waits half a minute at most. What stops look-ups for the day stops her too.
func (s *Service) BeforeEmergency(tx *db.Tx, who access.Actor) (held, err error) {
	return s.before(tx, who, mostForEmergency)
}

func (s *Service) before(tx *db.Tx, who access.Actor, most time.Duration) (held, err error) {
	if who.Side == access.System {
		return nil, nil
	}
	own, err := ownGuard(tx, who)
	if err != nil {
		return nil, err
	}
	if s.stands(own.stopped, tx.Now) {
		err = tx.Later("update watch_guard set tries = tries + 1, tried_us = $1 where key = $2", db.Micros(tx.Now), own.key)
		return fault.New(fault.TooMany, "Look-ups have found nothing too often today, so your account can make no more until tomorrow. The plan's privacy officer has been told and can let you go on: call "+s.call), err
	}
	ago := tx.Now.Sub(own.last)
	if own.last.IsZero() || ago < 0 { // a clock that was set back holds nobody up
		return nil, nil
	}
	wait := min(own.until.Sub(tx.Now), most-ago)
	if who.Org != "" && ago <= time.Hour { // longer ago, somebody else's look-ups are nothing of hers
		var until int64
		err = tx.Row("select until_us from watch_guard where key = $1", orgGuard(who.Org)).Scan(&until)
		if err != nil && !db.NoRows(err) {
			return nil, err
		}
		wait = max(wait, db.Time(until).Sub(tx.Now))
	}
	if wait <= 0 {
		return nil, nil
	}
	return fault.New(fault.TooMany, "Look-ups have found nothing too often. Wait "+inWords(wait)+", check the details against the member's card, and look again. If you need help, call "+s.call), nil
}

// ownGuard gives the actor's row, locked until the transaction ends, and makes
// it where there is none. Of two first look-ups at once the later one runs
// again, and finds it.
func ownGuard(tx *db.Tx, who access.Actor) (guard, error) {
	key := personGuard(who.Person)
	g, err := scanGuard(tx.Row("select "+guardColumns+" from watch_guard where key = $1"+tx.Lock(), key))
	if !db.NoRows(err) {
		return g, err
	}
	_, err = tx.Exec(`insert into watch_guard (key, person, org, last_us, until_us, stopped_us, tries, tried_us, since_us, made_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (key) do nothing`, key, string(who.Person), string(who.Org), int64(0), int64(0), int64(0), int64(0), int64(0), int64(0), db.Micros(tx.Now))
	return guard{key: key}, err
}

// stands reports whether a stop of look-ups is still in force: until the next
// day in the plan's time zone.
func (s *Service) stands(stopped, now time.Time) bool {
	return !stopped.IsZero() && !stopped.Before(s.midnight(now))
}

func (s *Service) midnight(now time.Time) time.Time { return midnight(now, s.zone) }

func midnight(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

func inWords(d time.Duration) string {
	switch {
	case d <= time.Second:
		return "a second"
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", int((d+time.Second-1)/time.Second))
	case d == time.Minute:
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", int((d+time.Minute-1)/time.Minute))
}

// AfterLook counts a look-up in the transaction that writes it into the
// ledger. One in vain makes the next wait, or stops them for the day; of many
// at once each counts before the next is let through.
func (s *Service) AfterLook(tx *db.Tx, who access.Actor, l Looked) error {
	if who.Side == access.System {
		return nil
	}
	if l.Outcome == disclosure.Shown {
		return s.OpenedByAddress(tx, who, l)
	}
	digest, low, high := s.marks(l.Number)
	_, err := tx.Exec("insert into watch_look (disclosure, person, org, at_us, half, digest, low, high) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		string(l.Row), string(who.Person), string(who.Org), db.Micros(tx.Now), db.Bit(l.Half), digest, low, high)
	if err != nil {
		return err
	}
	all, err := rules(tx)
	if err != nil {
		return err
	}
	err = s.brake(tx, who, all)
	if err != nil || who.Org == "" {
		return err
	}
	return brakeOrg(tx, who, ruleOf(all, Spread))
}

func ruleOf(all []Rule, name Cause) Rule {
	return all[slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })]
}

// brake makes the person wait, or stops her for the day.
func (s *Service) brake(tx *db.Tx, who access.Actor, all []Rule) error {
	key := personGuard(who.Person)
	g, err := scanGuard(tx.Row("select "+guardColumns+" from watch_guard where key = $1", key))
	if err != nil && !db.NoRows(err) {
		return err
	}
	var until, stopped time.Time
	if r := ruleOf(all, Slowed); r.Enabled {
		n, err := looksOf(tx, "person", string(who.Person), later(tx.Now.Add(-within(r)), g.counted))
		if err != nil {
			return err
		}
		until = tx.Now.Add(waitAfter(n-int64(r.Most), mostWait))
	}
	if r := ruleOf(all, Stopped); r.Enabled {
		n, err := looksOf(tx, "person", string(who.Person), later(s.midnight(tx.Now).Add(-time.Microsecond), g.counted))
		if err != nil {
			return err
		}
		if n > int64(r.Most) {
			stopped = tx.Now
		}
	}
	return put(tx, key, who, until, stopped)
}

func brakeOrg(tx *db.Tx, who access.Actor, r Rule) error {
	if !r.Enabled {
		return nil
	}
	n, err := looksOf(tx, "org", string(who.Org), tx.Now.Add(-within(r)))
	if err != nil {
		return err
	}
	return put(tx, orgGuard(who.Org), access.Actor{Org: who.Org}, tx.Now.Add(waitAfter(n-int64(r.Most), mostForOrg)), time.Time{})
}

// put writes the row of a guard. Two at once meet here: the later one runs
// again, and is counted after the first.
func put(tx *db.Tx, key string, who access.Actor, until, stopped time.Time) error {
	_, err := tx.Exec(`insert into watch_guard (key, person, org, last_us, until_us, stopped_us, tries, tried_us, since_us, made_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (key) do update set last_us = excluded.last_us, until_us = excluded.until_us, stopped_us = excluded.stopped_us, tries = excluded.tries`,
		key, string(who.Person), string(who.Org), db.Micros(tx.Now), db.Micros(until), db.Micros(stopped), int64(0), int64(0), int64(0), db.Micros(tx.Now))
	return err
}

// looksOf counts the look-ups in vain of a person or organization after a time.
func looksOf(tx *db.Tx, of, key string, after time.Time) (n int64, err error) {
	query := "select count(*) from watch_look where person = $1 and at_us > $2 and at_us <= $3"
	if of == "org" {
		query = "select count(*) from watch_look where org = $1 and at_us > $2 and at_us <= $3"
	}
	err = tx.Row(query, key, db.Micros(after), db.Micros(tx.Now)).Scan(&n)
	return n, err
}

// waitAfter gives how long to wait after so many look-ups in vain over what is free.
func waitAfter(over int64, most time.Duration) time.Duration {
	if over <= 0 {
		return 0
	}
	d := firstWait
	for range over - 1 {
		d *= 2
		if d >= most {
			return most
		}
	}
	return d
}

// OpenedByAddress sees a member who was opened from a list or a link: it is no
// look-up to be counted, but may be of kin or of a colleague like any other.
func (s *Service) OpenedByAddress(tx *db.Tx, who access.Actor, l Looked) error {
	if who.Side == access.System {
		return nil
	}
	return s.kin(tx, who, l)
}

// The kinds of kin.
const (
	kinSurname   = "surname"
	kinColleague = "colleague"
)

// kin writes down that who was shown has the actor's own last name, or the
// name of the actor or of somebody who works there.
func (s *Service) kin(tx *db.Tx, who access.Actor, l Looked) error {
	if last := surname(l.Last); last != "" && last == surname(who.Name) {
		err := tx.Later("insert into watch_kin (disclosure, kind, person, member, at_us) values ($1, $2, $3, $4, $5)",
			string(l.Row), kinSurname, string(who.Person), string(l.Member), db.Micros(tx.Now))
		if err != nil {
			return err
		}
	}
	name := whole(l.First + " " + l.Last)
	if name == "" {
		return nil
	}
	return tx.Later(`insert into watch_kin (disclosure, kind, person, member, at_us)
		select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as bigint) from watch_name where org = $6 and digest = $7`,
		string(l.Row), kinColleague, string(who.Person), string(l.Member), db.Micros(tx.Now), string(who.Org), s.digest("name", string(who.Org), name))
}
