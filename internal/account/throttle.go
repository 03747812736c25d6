package account

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Failed attempts are counted under up to three keys.
//
// An attempt on an account from a network where its owner has signed in
// lately counts under that pair alone. Any other attempt counts under the
// typed username, under the network, and under the organization of the
// account, for guesses spread over an office's people and many networks. So
// strangers slow down strangers: the owner, where she works, is neither held
// up by them nor by a colleague who shares her network; and for their office's
// sake nobody waits longer than half a minute. Whether a username exists
// changes none of this: those that nobody has share organizations as well.
const (
	slowFrom    = 5   // failures on an account, or pair, before the first delay (I-10)
	slowFromNet = 50  // failures from a network, which many people may share
	slowFromOrg = 100 // failures of strangers on the accounts of an organization
	mostForOrg  = 30 * time.Second
	crowds      = 64              // organizations that usernames which nobody has share
	firstDelay  = 2 * time.Second // doubles with each further failure
	mostDelay   = 15 * time.Minute
	shutAfter   = 100 // consecutive failures: only recovery helps (I-10, NIST SP 800-63B-4 s.3.2.2)

	placeLasts   = 30 * 24 * time.Hour // since the last good sign-in from there
	netForgets   = time.Hour           // without a failure from there
	namesForgets = 24 * time.Hour      // of usernames that nobody has
)

// counter is a key of account_throttle, and what it allows.
type counter struct {
	key    string
	person id.Person     // whose account; empty for a network and for nobody's name
	slow   int64         // failures before the first delay
	most   time.Duration // of a delay; 0: mostDelay
	shuts  bool          // after shutAfter
}

// counters gives the keys under which an attempt counts. name is empty for a
// text that cannot be a username: then only the network counts.
func counters(name string, p Person, network string, known bool) []counter {
	person := p.ID
	if known {
		return []counter{{key: pairKey(person, network), person: person, slow: slowFrom, shuts: true}}
	}
	c := []counter{{key: networkKey(network), slow: slowFromNet}}
	if name != "" {
		c = append(c, counter{key: nameKey(name), person: person, slow: slowFrom, shuts: true},
			counter{key: orgKey(name, p), slow: slowFromOrg, most: mostForOrg})
	}
	return c
}

// nameKey holds a short hash of the folded username only: who types a
// password into the wrong field does not leave it here.
func nameKey(folded string) string {
	sum := sha256.Sum256([]byte("hsconnect username " + folded))
	return "name/" + hex.EncodeToString(sum[:6])
}

// orgKey is the organization of an account, or the one that stands in for it
// where nobody has the username.
func orgKey(folded string, p Person) string {
	if p.ID == "" {
		sum := sha256.Sum256([]byte("hsconnect crowd " + folded))
		return "org/none/" + strconv.Itoa(int(sum[0])%crowds)
	}
	return "org/" + string(p.Org)
}

func (k counter) delay(failures int64) time.Duration {
	d := delayAfter(failures, k.slow)
	if k.most > 0 {
		d = min(d, k.most)
	}
	return d
}

func networkKey(network string) string { return "network/" + network }

func pairKey(person id.Person, network string) string {
	return "pair/" + string(person) + "/" + network
}

// networkOf gives what counts as one place: an IPv4 address, or the /64 that
// one IPv6 customer has.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

func delayAfter(failures, slow int64) time.Duration {
	if failures < slow {
		return 0
	}
	d := firstDelay
	for range failures - slow {
		d *= 2
		if d >= mostDelay {
			return mostDelay
		}
	}
	return d
}

// count is a row of account_throttle.
type count struct {
	failures    int64
	last, until time.Time
}

func countOf(tx *db.Tx, key string) (count, error) {
	var c count
	var last, until int64
	err := tx.Row("select failures, last_us, until_us from account_throttle where key = $1"+tx.Lock(), key).Scan(&c.failures, &last, &until)
	if db.NoRows(err) {
		return count{}, nil
	}
	c.last, c.until = db.Time(last), db.Time(until)
	return c, err
}

// peek refuses an attempt that comes too early, without changing anything.
func peek(tx *db.Tx, counters []counter) error {
	for _, k := range counters {
		var failures, until int64
		err := tx.Row("select failures, until_us from account_throttle where key = $1", k.key).Scan(&failures, &until)
		if db.NoRows(err) {
			continue
		}
		if err != nil {
			return err
		}
		err = k.refuse(tx.Now, count{failures: failures, until: db.Time(until)})
		if err != nil {
			return err
		}
	}
	return nil
}

// charge counts the attempt as a failure before it is known to be one, so
// that many at once get no more tries than one after the other. A good
// sign-in takes it back. It refuses an attempt that comes too early, and then
// counts nothing.
func charge(tx *db.Tx, counters []counter) error {
	found := make([]count, len(counters))
	for i, k := range counters {
		c, err := countOf(tx, k.key)
		if err != nil {
			return err
		}
		err = k.refuse(tx.Now, c)
		if err != nil {
			return err
		}
		if !k.shuts && !c.last.IsZero() && tx.Now.Sub(c.last) > netForgets {
			c.failures = 0
		}
		found[i] = c
	}
	for i, k := range counters {
		n := found[i].failures + 1
		_, err := tx.Exec(`insert into account_throttle (key, person, failures, last_us, until_us) values ($1, $2, $3, $4, $5)
			on conflict (key) do update set person = excluded.person, failures = excluded.failures, last_us = excluded.last_us, until_us = excluded.until_us`,
			k.key, string(k.person), n, db.Micros(tx.Now), db.Micros(tx.Now.Add(k.delay(n))))
		if err != nil {
			return err
		}
	}
	return nil
}

// refund takes a charge back after a good sign-in: the counts of the account
// start over, that of the network, which others share, is one less.
func refund(tx *db.Tx, counters []counter) error {
	for _, k := range counters {
		var err error
		if k.shuts {
			_, err = tx.Exec("delete from account_throttle where key = $1", k.key)
		} else {
			_, err = tx.Exec("update account_throttle set failures = failures - 1, until_us = 0 where key = $1 and failures > 0", k.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refuse gives fault.TooMany while the key's delay runs. It does not say
// whether the account or the network is meant.
func (k counter) refuse(now time.Time, c count) error {
	if k.shuts && c.failures >= shutAfter {
		return fault.New(fault.TooMany, "Signing in has failed too often. Call the HelpDesk to open it again")
	}
	if wait := c.until.Sub(now); wait > 0 {
		return fault.New(fault.TooMany, "Signing in has failed too often. Wait "+inWords(wait)+" and try again, or call the HelpDesk")
	}
	return nil
}

func inWords(d time.Duration) string {
	if d <= time.Minute {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", int((d+time.Minute-1)/time.Minute))
}

// known reports whether the person has signed in from the network lately. It
// asks for nobody as well, so that a username that does not exist costs the same.
func known(tx *db.Tx, person id.Person, network string) (bool, error) {
	var last int64
	err := tx.Row("select last_us from account_place where person = $1 and address = $2", string(person), network).Scan(&last)
	if db.NoRows(err) {
		return false, nil
	}
	return err == nil && tx.Now.Sub(db.Time(last)) <= placeLasts, err
}
