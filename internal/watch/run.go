package watch

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

// overlap is how far the rules read back behind what they have read: a
// transaction may be committed a little after its time.
const overlap = 2 * time.Minute

// batch is how many rows are read at once.
const batch = 1000

// suspicion is what a rule has seen.
type suspicion struct {
	rule     Rule
	person   id.Person
	since    time.Time // what was before has been used already
	until    time.Time // what is used by this
	evidence string
	refs     []id.Disclosure // lines of the ledger, oldest first
	mild     bool            // not enough to suspend, whatever the rule says
}

// Run lets every rule look at what has happened since it looked last, and
// acts on what it finds. It gives how many suspicions were new. What fails is
// looked at again the next time: nothing counts twice.
func (s *Service) Run(ctx context.Context) (fresh int, err error) {
	v := view{zone: s.zone}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		v.now = tx.Now
		err := tx.Row("select began_us, read_us from watch_cursor where name = $1", JobRules).Scan(&v.beganUS, &v.readUS)
		if db.NoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return v.look(tx)
	})
	if err != nil {
		return 0, err
	}
	err = s.tidy(ctx)
	if err != nil {
		return 0, err
	}
	var all error
	for _, f := range v.found {
		acted := false
		err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
			acted, err = s.act(tx, f)
			return err
		})
		all = errors.Join(all, err)
		if err == nil && acted {
			fresh++
			s.log.WarnContext(ctx, "suspicion", slog.String("rule", string(f.rule.Name)), slog.String("person", string(f.person)))
		}
	}
	if all != nil {
		return fresh, all
	}
	return fresh, s.db.Update(ctx, func(tx *db.Tx) error {
		// The first run only sets the time from which on things count.
		_, err := tx.Exec(`insert into watch_cursor (name, began_us, read_us) values ($1, $2, $3)
			on conflict (name) do update set read_us = excluded.read_us`, JobRules, db.Micros(v.now), db.Micros(v.now))
		return err
	})
}

// view is one look at what happened.
type view struct {
	zone            *time.Location
	now             time.Time
	beganUS, readUS int64

	arrivals map[id.Person][]account.Arrival // new ones
	lookers  map[id.Person]bool              // who have opened something
	found    []suspicion
}

func (v *view) look(tx *db.Tx) error {
	from := later(db.Time(v.readUS).Add(-overlap), db.Time(v.beganUS))
	err := v.readArrivals(tx, from)
	if err != nil {
		return err
	}
	err = v.readTraces(tx, from)
	if err != nil {
		return err
	}
	all, err := rules(tx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.Enabled {
			continue
		}
		err = v.apply(tx, r)
		if err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (v *view) readArrivals(tx *db.Tx, from time.Time) error {
	v.arrivals = map[id.Person][]account.Arrival{}
	after := ""
	for {
		page, err := account.Arrivals(tx, from, after, batch)
		if err != nil {
			return err
		}
		for _, a := range page {
			v.arrivals[a.Person] = append(v.arrivals[a.Person], a)
			after = a.ID
		}
		if len(page) < batch {
			return nil
		}
	}
}

func (v *view) readTraces(tx *db.Tx, from time.Time) error {
	v.lookers = map[id.Person]bool{}
	var after id.Disclosure
	for {
		page, err := disclosure.Since(tx, from, after, batch)
		if err != nil {
			return err
		}
		for _, t := range page {
			v.lookers[t.Person] = true
			after = t.ID
		}
		if len(page) < batch {
			return nil
		}
	}
}

// apply lets one rule look at everybody it may concern.
func (v *view) apply(tx *db.Tx, r Rule) error {
	var people []id.Person
	var see func(tx *db.Tx, r Rule, p id.Person, since time.Time) (time.Time, string, error)
	switch r.Name {
	case Failures:
		people, see = keys(v.arrivals), v.failures
	case TwoPlaces:
		abroad, err := account.Abroad(tx, v.now.Add(-time.Duration(r.Minutes)*time.Minute-overlap))
		if err != nil {
			return err
		}
		people, see = slices.Compact(slices.Sorted(slices.Values(slices.Concat(abroad, keys(v.arrivals))))), v.twoPlaces
	case Travel:
		people, see = keys(v.arrivals), v.travel
	case LookUps, Misses:
		people, see = keys(v.lookers), v.lookUps
	case Night:
		people, see = slices.Compact(slices.Sorted(slices.Values(slices.Concat(keys(v.lookers), keys(v.arrivals))))), v.atNight
	case AfterEnd:
		people, see = keys(v.arrivals), v.afterEnd
	case ByPerson, ByStaff:
		return nil
	default:
		return v.probing(tx, r)
	}
	for _, p := range people {
		since, err := usedUntil(tx, r.Name, p)
		if err != nil {
			return err
		}
		until, evidence, err := see(tx, r, p, later(since, db.Time(v.beganUS)))
		if err != nil {
			return err
		}
		if evidence != "" {
			v.found = append(v.found, suspicion{rule: r, person: p, since: since, until: until, evidence: evidence})
		}
	}
	return nil
}

func keys[T any](m map[id.Person]T) []id.Person { return slices.Sorted(maps.Keys(m)) }

// usedUntil gives up to when a rule has used what a person did.
func usedUntil(tx *db.Tx, rule Cause, p id.Person) (time.Time, error) {
	var us int64
	err := tx.Row("select coalesce(max(until_us), 0) from watch_evidence where rule = $1 and person = $2", string(rule), string(p)).Scan(&us)
	return db.Time(us), err
}
