package watch

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"time"

	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
)

const (
	usualDays   = 30 // that a usual day is reckoned from
	usualLeast  = 5  // days of use, before anything is usual
	volumeLeast = 40 // different members in a day that are never too many
	kinShare    = 10 // kin are suspicious when they are more than one in so many
	namesEvery  = time.Hour
	namesCursor = "watch.names"
)

// sight is what one of the rules about probing has seen of a person.
type sight struct {
	until    time.Time
	evidence string
	refs     []id.Disclosure
	mild     bool // not enough to suspend, whatever the rule says
}

// probing lets one of the rules about look-ups look at everybody it may concern.
func (v *view) probing(tx *db.Tx, r Rule) error {
	people := keys(v.lookers)
	var err error
	var see func(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error)
	switch r.Name {
	case Stopped:
		people, err = stoppedSince(tx, db.Time(v.readUS).Add(-overlap))
		see = v.stopped
	case Spread:
		return v.spread(tx, r)
	case WrongPairs:
		see = v.wrongPairs
	case Sequences:
		see = v.sequences
	case Volume:
		see = v.volume
	case SameSurname, StaffAsMember:
		see = v.kin
	default: // Slowed opens nothing
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range people {
		since, err := usedUntil(tx, r.Name, p)
		if err != nil {
			return err
		}
		seen, err := see(tx, r, p, later(since, db.Time(v.beganUS)))
		if err != nil {
			return err
		}
		v.add(r, p, since, seen)
	}
	return nil
}

func (v *view) add(r Rule, p id.Person, since time.Time, seen sight) {
	if seen.evidence == "" {
		return
	}
	v.found = append(v.found, suspicion{rule: r, person: p, since: since, until: seen.until, evidence: seen.evidence, refs: seen.refs, mild: seen.mild})
}

func stoppedSince(tx *db.Tx, from time.Time) ([]id.Person, error) {
	return db.Collect(func(r *sql.Rows) (id.Person, error) {
		var p id.Person
		return p, r.Scan(&p)
	})(tx.Rows("select person from watch_guard where stopped_us > 0 and (stopped_us >= $1 or tried_us >= $2) order by person", db.Micros(from), db.Micros(from)))
}

// stopped sees that look-ups were stopped, and what was tried after that.
func (v *view) stopped(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error) {
	var at, tries, tried int64
	err := tx.Row("select stopped_us, tries, tried_us from watch_guard where key = $1", personGuard(p)).Scan(&at, &tries, &tried)
	if err != nil {
		return sight{}, err
	}
	if tries > pressed && db.Time(tried).After(since) {
		return sight{until: db.Time(tried), evidence: "After look-ups with this account were stopped for the day, " + strconv.FormatInt(tries, 10) + " more were tried."}, nil
	}
	if !db.Time(at).After(since) {
		return sight{}, nil
	}
	looks, err := looksSince(tx, p, later(since, midnight(db.Time(at), v.zone)))
	return sight{until: db.Time(at), mild: true, refs: refsOf(looks),
		evidence: "More than " + strconv.Itoa(r.Most) + " look-ups in a day found nothing or were refused. No more are answered with this account until the next day, or until a privacy or security officer lets them go on."}, err
}

// look is a row of watch_look.
type look struct {
	ref       id.Disclosure
	person    id.Person
	at        time.Time
	half      bool
	digest    string
	low, high string
}

const lookColumns = "disclosure, person, at_us, half, digest, low, high"

func scanLook(r *sql.Rows) (look, error) {
	var l look
	var at, half int64
	err := r.Scan(&l.ref, &l.person, &at, &half, &l.digest, &l.low, &l.high)
	l.at, l.half = db.Time(at), half != 0
	return l, err
}

// looksSince gives a person's look-ups in vain after a time, oldest first.
func looksSince(tx *db.Tx, p id.Person, after time.Time) ([]look, error) {
	return db.Collect(scanLook)(tx.Rows("select "+lookColumns+" from watch_look where person = $1 and at_us > $2 order by at_us, disclosure limit 5000", string(p), db.Micros(after)))
}

func refsOf(looks []look) []id.Disclosure {
	out := make([]id.Disclosure, len(looks))
	for i, l := range looks {
		out[i] = l.ref
	}
	return out
}

// densest gives the stretch of d with the most of what happened, oldest first.
func densest[T any](all []T, d time.Duration, at func(T) time.Time) []T {
	first, best := 0, all[:0]
	for i := range all {
		for at(all[i]).Sub(at(all[first])) > d {
			first++
		}
		if i+1-first > len(best) {
			best = all[first : i+1]
		}
	}
	return best
}

func (l look) when() time.Time { return l.at }

// wrongPairs sees numbers that fit with birth dates that do not.
func (v *view) wrongPairs(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error) {
	looks, err := looksSince(tx, p, later(since, v.now.Add(-within(r)-overlap)))
	if err != nil {
		return sight{}, err
	}
	looks = slices.DeleteFunc(looks, func(l look) bool { return !l.half })
	looks = densest(looks, within(r), look.when)
	if len(looks) <= r.Most {
		return sight{}, nil
	}
	return sight{until: looks[len(looks)-1].at, refs: refsOf(looks),
		evidence: strconv.Itoa(len(looks)) + " look-ups within " + minutes(r.Minutes) + " had a member's number and not that member's birth date."}, nil
}

// sequences sees numbers that follow one another: those that share a
// pigeonhole belong together, and so do those that share one with one of them.
func (v *view) sequences(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error) {
	looks, err := looksSince(tx, p, later(since, v.now.Add(-within(r)-overlap)))
	if err != nil {
		return sight{}, err
	}
	looks = slices.DeleteFunc(looks, func(l look) bool { return l.digest == "" })
	row := longestRow(looks)
	numbers := map[string]bool{}
	for _, l := range row {
		numbers[l.digest] = true
	}
	if len(numbers) <= r.Most {
		return sight{}, nil
	}
	return sight{until: row[len(row)-1].at, refs: refsOf(row),
		evidence: strconv.Itoa(len(numbers)) + " member numbers that follow one another were typed within " + minutes(r.Minutes) + " and found nothing."}, nil
}

// longestRow gives the look-ups of the most different numbers in a row.
func longestRow(looks []look) []look {
	group := map[string]int{} // of a pigeonhole
	var groups [][]look
	for _, l := range looks {
		a, okA := group[l.low]
		b, okB := group[l.high]
		switch {
		case !okA && !okB:
			a = len(groups)
			groups = append(groups, nil)
		case !okA:
			a = b
		case okB && a != b: // it closes the gap between two rows
			groups[a] = append(groups[a], groups[b]...)
			groups[b] = nil
			for hole, g := range group {
				if g == b {
					group[hole] = a
				}
			}
		}
		group[l.low], group[l.high] = a, a
		groups[a] = append(groups[a], l)
	}
	var best []look
	most := 0
	for _, g := range groups {
		numbers := map[string]bool{}
		for _, l := range g {
			numbers[l.digest] = true
		}
		if len(numbers) > most {
			best, most = g, len(numbers)
		}
	}
	slices.SortStableFunc(best, func(a, b look) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.ref, b.ref)) })
	return best
}

// volume sees a day far above the usual ones.
func (v *view) volume(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error) {
	today := midnight(v.now, v.zone)
	n, err := disclosure.OpenedBy(tx, p, later(today, since.Add(time.Microsecond)), v.now.Add(time.Microsecond))
	if err != nil || n <= volumeLeast {
		return sight{}, err
	}
	active, members, err := disclosure.UsualOf(tx, p, today, usualDays)
	if err != nil || active < usualLeast || n*active <= int64(r.Most)*members {
		return sight{}, err
	}
	return sight{until: v.now, evidence: strconv.FormatInt(n, 10) + " different members were opened in a day. On the " + strconv.FormatInt(active, 10) +
		" days of use among the " + strconv.Itoa(usualDays) + " before it were " + strconv.FormatInt((members+active/2)/active, 10) + " a day."}, nil
}

// relative is a row of watch_kin.
type relative struct {
	ref    id.Disclosure
	member id.Member
	at     time.Time
}

// kin sees looks at members who may be kin or colleagues.
func (v *view) kin(tx *db.Tx, r Rule, p id.Person, since time.Time) (sight, error) {
	kind := kinColleague
	if r.Name == SameSurname {
		kind = kinSurname
	}
	all, err := db.Collect(func(rows *sql.Rows) (relative, error) {
		var k relative
		var at int64
		err := rows.Scan(&k.ref, &k.member, &at)
		k.at = db.Time(at)
		return k, err
	})(tx.Rows("select disclosure, member, at_us from watch_kin where person = $1 and kind = $2 and at_us > $3 order by at_us, disclosure limit 5000",
		string(p), kind, db.Micros(later(since, v.now.Add(-within(r)-overlap)))))
	if err != nil || len(all) == 0 {
		return sight{}, err
	}
	all = densest(all, within(r), func(k relative) time.Time { return k.at })
	members := map[id.Member]bool{}
	out := sight{until: all[len(all)-1].at}
	for _, k := range all {
		members[k.member] = true
		out.refs = append(out.refs, k.ref)
	}
	if len(members) <= r.Most {
		return sight{}, nil
	}
	if kind == kinColleague {
		out.evidence = "Opened " + people(len(members)) + " with the name of the person or of somebody who works for the same organization."
		return out, nil
	}
	opened, err := disclosure.OpenedBy(tx, p, all[0].at, out.until.Add(time.Microsecond))
	if err != nil || int64(len(members)*kinShare) <= opened {
		return sight{}, err
	}
	out.evidence = "Opened " + people(len(members)) + " with the person's own last name, of " + strconv.FormatInt(opened, 10) + " opened in that time."
	return out, nil
}

func people(n int) string {
	if n == 1 {
		return "a member"
	}
	return strconv.Itoa(n) + " members"
}

// spread sees look-ups in vain that the people of one organization share.
func (v *view) spread(tx *db.Tx, r Rule) error {
	from := later(db.Time(v.beganUS), v.now.Add(-within(r)))
	orgs, err := db.Collect(func(rows *sql.Rows) (string, error) {
		var org string
		return org, rows.Scan(&org)
	})(tx.Rows("select org from watch_look where at_us > $1 and org <> '' group by org having count(*) > $2 and count(distinct person) > 1 order by org", db.Micros(from), int64(r.Most)))
	if err != nil {
		return err
	}
	for _, org := range orgs {
		looks, err := db.Collect(scanLook)(tx.Rows("select "+lookColumns+" from watch_look where org = $1 and at_us > $2 order by at_us, disclosure limit 20000", org, db.Micros(from)))
		if err != nil {
			return err
		}
		err = v.spreadOf(tx, r, looks)
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *view) spreadOf(tx *db.Tx, r Rule, looks []look) error {
	used := time.Time{} // by whomever of them a case is about
	asked := map[id.Person]bool{}
	for _, l := range looks {
		if asked[l.person] {
			continue
		}
		asked[l.person] = true
		until, err := usedUntil(tx, r.Name, l.person)
		if err != nil {
			return err
		}
		used = later(used, until)
	}
	counts := map[id.Person]int{}
	looks = slices.DeleteFunc(looks, func(l look) bool { return !l.at.After(used) })
	for _, l := range looks {
		counts[l.person]++
	}
	if len(looks) <= r.Most || len(counts) < 2 {
		return nil
	}
	people := keys(counts)
	top := slices.MaxFunc(people, func(a, b id.Person) int { return cmp.Compare(counts[a], counts[b]) })
	since, err := usedUntil(tx, r.Name, top)
	if err != nil {
		return err
	}
	v.add(r, top, since, sight{until: looks[len(looks)-1].at, refs: refsOf(looks),
		evidence: strconv.Itoa(len(looks)) + " look-ups found nothing or were refused within " + minutes(r.Minutes) + ", by " + strconv.Itoa(len(counts)) +
			" accounts of one organization. This account had the most of them, " + strconv.Itoa(counts[top]) + "."})
	return nil
}

// tidy forgets what no rule looks back at, and learns once an hour who works where.
func (s *Service) tidy(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		old := db.Micros(tx.Now.Add(-looksKept))
		for _, query := range []string{"delete from watch_look where at_us < $1", "delete from watch_kin where at_us < $1"} {
			_, err := tx.Exec(query, old)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec("delete from watch_guard where last_us < $1 and made_us < $2", old, old)
		if err != nil {
			return err
		}
		var read int64
		err = tx.Row("select read_us from watch_cursor where name = $1", namesCursor).Scan(&read)
		if err != nil && !db.NoRows(err) || tx.Now.Sub(db.Time(read)) < namesEvery {
			return err
		}
		err = s.learnNames(tx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into watch_cursor (name, began_us, read_us) values ($1, $2, $3)
			on conflict (name) do update set read_us = excluded.read_us`, namesCursor, db.Micros(tx.Now), db.Micros(tx.Now))
		return err
	})
}

// learnNames makes watch_name what the accounts are, and writes only what differs.
func (s *Service) learnNames(tx *db.Tx) error {
	type row struct{ org, digest string }
	had, err := db.Collect(func(r *sql.Rows) (row, error) {
		var n row
		return n, r.Scan(&n.org, &n.digest)
	})(tx.Rows("select org, digest from watch_name order by org, digest"))
	if err != nil {
		return err
	}
	old := make(map[row]bool, len(had))
	for _, n := range had {
		old[n] = true
	}
	all, err := account.Names(tx)
	if err != nil {
		return err
	}
	for _, n := range all {
		name := whole(n.Name)
		if name == "" {
			continue
		}
		k := row{string(n.Org), s.digest("name", string(n.Org), name)}
		if old[k] {
			delete(old, k)
			continue
		}
		err = tx.Later("insert into watch_name (org, digest) values ($1, $2) on conflict (org, digest) do nothing", k.org, k.digest)
		if err != nil {
			return err
		}
	}
	for k := range old {
		err = tx.Later("delete from watch_name where org = $1 and digest = $2", k.org, k.digest)
		if err != nil {
			return err
		}
	}
	return nil
}
