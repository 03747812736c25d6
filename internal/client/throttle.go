package client

import (
	"encoding/hex"
	"net/netip"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

// Failed attempts count under the network and under the client id that was
// sent, whether or not it exists. From the network where the program got its
// last token they count under that pair alone: strangers slow down strangers.
// A secret of 256 bits is not guessed; the delay keeps attempts cheap for us,
// so a minute at most is enough.
const (
	slowFrom        = 10 // failures before the first delay
	slowFromNetwork = 50 // of a network, which many may share
	firstDelay      = time.Second
	mostDelay       = time.Minute
	forgets         = time.Hour // without a failure
)

type counter struct {
	key    string
	slow   int64
	shared bool // by several programs: one success does not forget the others' failures
}

func countersOf(clientID, network string, known bool) []counter {
	which := hex.EncodeToString(digest("hsconnect client " + clientID)[:8])
	if known {
		return []counter{{key: "pair/" + which + "/" + network, slow: slowFrom}}
	}
	return []counter{{key: "network/" + network, slow: slowFromNetwork, shared: true}, {key: "client/" + which, slow: slowFrom}}
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

// charge counts the attempt as a failure before it is known to be one; a good
// one takes it back. An attempt that comes too early is refused and not counted.
func charge(tx *db.Tx, counters []counter) error {
	_, err := tx.Exec("delete from client_throttle where last_us < $1", db.Micros(tx.Now.Add(-forgets)))
	if err != nil {
		return err
	}
	found := make([]int64, len(counters))
	for i, k := range counters {
		var until int64
		err := tx.Row("select failures, until_us from client_throttle where key = $1"+tx.Lock(), k.key).Scan(&found[i], &until)
		if err != nil && !db.NoRows(err) {
			return err
		}
		if err == nil && db.Time(until).After(tx.Now) {
			return fault.New(fault.TooMany, "Too many attempts have failed. Wait a minute and try again")
		}
	}
	for i, k := range counters {
		_, err := tx.Exec(`insert into client_throttle (key, failures, last_us, until_us) values ($1, $2, $3, $4)
			on conflict (key) do update set failures = excluded.failures, last_us = excluded.last_us, until_us = excluded.until_us`,
			k.key, found[i]+1, db.Micros(tx.Now), db.Micros(tx.Now.Add(delayAfter(found[i]+1, k.slow))))
		if err != nil {
			return err
		}
	}
	return nil
}

func refund(tx *db.Tx, counters []counter) error {
	for _, k := range counters {
		var err error
		if k.shared {
			_, err = tx.Exec("update client_throttle set failures = failures - 1, until_us = 0 where key = $1 and failures > 0", k.key)
		} else {
			_, err = tx.Exec("delete from client_throttle where key = $1", k.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
