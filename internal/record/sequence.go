package record

import (
	"context"
	"database/sql"
	"errors"
	"math/bits"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
)

const (
	// batch is the most entries that one checkpoint adds.
	batch = 1000
	// leaseName and leaseTime: the copy that places entries keeps the lease
	// while there is work. A copy that was killed is followed after leaseTime.
	leaseName = "record/sequencer"
	leaseTime = 3 * time.Second
)

// Sequence gives waiting entries, up to 1,000, the next places in the log in
// the order of their time, extends the tree and signs one checkpoint over it,
// all in one transaction. It gives the number of entries placed: 0 when none
// wait, or while another copy has the lease.
//
// It refuses to build on a tree that does not fit the newest checkpoint or on
// a checkpoint that this log's key did not sign. The entries go on waiting,
// and Verify says what is wrong.
func (l *Log) Sequence(ctx context.Context) (int, error) {
	n, _, err := l.step(ctx)
	return n, err
}

// step is Sequence, and says whether another copy has the lease.
func (l *Log) step(ctx context.Context) (placed int, elsewhere bool, err error) {
	var work bool
	err = l.db.View(ctx, func(tx *db.Tx) error { // an idle log writes nothing
		work, err = waiting(tx)
		return err
	})
	if err != nil || !work {
		return 0, false, err
	}
	err = l.db.Update(ctx, func(tx *db.Tx) error {
		placed, elsewhere = 0, false
		mine, err := db.Lease(tx, leaseName, l.holder, leaseTime)
		if err != nil {
			return err
		}
		if !mine {
			elsewhere = true
			return nil
		}
		placed, err = l.extend(tx)
		return err
	})
	if err != nil {
		return 0, false, err
	}
	return placed, elsewhere, nil
}

func waiting(tx *db.Tx) (bool, error) {
	var nth int64
	err := tx.Row("select nth from record_waiting order by at_us, nth limit 1").Scan(&nth)
	if db.NoRows(err) {
		return false, nil
	}
	return err == nil, err
}

// queued is an entry that waits for its place.
type queued struct {
	at, nth int64
	entry   string
	digest  []byte
}

func scanQueued(r *sql.Rows) (queued, error) {
	var q queued
	return q, r.Scan(&q.at, &q.nth, &q.entry, &q.digest)
}

var (
	errGrown = errors.New("record: the stored tree does not fit the newest checkpoint: run verify")
	errQueue = errors.New("record: the queue of waiting entries changed under the sequencer")
)

// extend places one batch and signs the tree with it.
func (l *Log) extend(tx *db.Tx) (int, error) {
	entries, err := db.Collect(scanQueued)(tx.Rows(`select w.at_us, w.nth, e.id, e.digest
		from record_waiting w join record_entry e on e.id = w.entry order by w.at_us, w.nth limit $1`, batch))
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	last, _, err := l.head(tx)
	if err != nil {
		return 0, err
	}
	t := newTree(tx)
	root, err := tlog.TreeHash(last.Size, t)
	if err != nil {
		return 0, err
	}
	if root != last.Root {
		return 0, errGrown
	}
	size, err := grow(tx, t, last.Size, entries)
	if err != nil {
		return 0, err
	}
	err = dequeue(tx, entries)
	if err != nil {
		return 0, err
	}
	root, err = tlog.TreeHash(size, t)
	if err != nil {
		return 0, err
	}
	signed, err := l.sign(Checkpoint{Origin: l.origin, Size: size, Root: root}.Text())
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec("insert into record_checkpoint (size, note, at_us) values ($1, $2, $3)", size, string(signed), db.Micros(tx.Now))
	return len(entries), err
}

// grow writes places and nodes for entries after the first size, and gives
// the new size.
func grow(tx *db.Tx, t *tree, size int64, entries []queued) (int64, error) {
	var places, nodes [][2]any
	for _, e := range entries {
		hashes, err := tlog.StoredHashes(size, e.digest, t)
		if err != nil {
			return 0, err
		}
		first := tlog.StoredHashIndex(0, size)
		for i, h := range hashes {
			at := first + int64(i)
			t.known[at] = h
			nodes = append(nodes, [2]any{at, h[:]})
		}
		places = append(places, [2]any{size, e.entry})
		size++
	}
	err := insertPairs(tx, "insert into record_place (idx, entry) values ", places)
	if err != nil {
		return 0, err
	}
	return size, insertPairs(tx, "insert into record_hash (idx, hash) values ", nodes)
}

// dequeue takes the placed entries out of the queue. They are the first in
// its order, and the transaction sees no others that came since: one range.
func dequeue(tx *db.Tx, entries []queued) error {
	end := entries[len(entries)-1]
	n, err := tx.Exec("delete from record_waiting where (at_us, nth) <= ($1, $2)", end.at, end.nth)
	if err != nil {
		return err
	}
	if n != int64(len(entries)) {
		return errQueue
	}
	return nil
}

// Wake tells Run that there is work, so that it does not wait for its next
// look. Call it after a transaction that appended; it never blocks.
func (l *Log) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run places entries as they come until ctx ends, then gives up the lease. An
// error is logged and does not end it: the entries wait, and it tries again.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	defer l.release(ctx)
	failures := uint(0)
	for ctx.Err() == nil {
		n, elsewhere, err := l.step(ctx)
		wake := l.wake
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
			if bits.OnesCount(failures) == 1 { // the 1st, 2nd, 4th, 8th … in a row
				l.log.Error("placing entries of the record", "err", err, "in_a_row", failures)
			}
			wake = nil // a broken log must not spin
		case elsewhere:
			failures, wake = 0, nil
		case n == batch:
			failures = 0
			continue
		default:
			failures = 0
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-wake:
		}
	}
	return nil
}

func (l *Log) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	err := l.db.Update(ctx, func(tx *db.Tx) error { return db.Release(tx, leaseName, l.holder) })
	if err != nil {
		l.log.Debug("giving up the sequencer's lease", "err", err) // it runs out by itself
	}
}
