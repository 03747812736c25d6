// Package job does work later, or again, without losing it. Jobs are rows of
// the same database, so that one is asked for exactly if the transaction that
// asks is kept. It knows nothing of health care.
//
// It promises:
//
//   - A job whose transaction was kept is run, whatever copy of the portal is
//     killed: a worker holds it by a lease, and when the lease ends another
//     takes it.
//   - While its lease runs, nobody else runs it. A job may nevertheless be run
//     more than once (the worker was killed, or cut off, after the work and
//     before saying so): a handler either does the same again harmlessly, or
//     calls Finish in the transaction of its effect, which makes it exactly once.
//   - A job that fails is tried again, later each time, and after its last try
//     kept with a reason until somebody asks for it again. A handler that
//     panics has failed.
//   - Of jobs with the same kind and key at most one waits. They stand for the
//     same work: the payload of the first is kept.
//
// A payload holds ids, never member information: it is read by operators.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	// MaxPayload bounds a payload, in bytes of JSON.
	MaxPayload = 64 << 10
	// DefaultTries is about two and a half hours of trying.
	DefaultTries = 12
)

var (
	errPayload = errors.New("job: the payload is larger than 64 KB: keep the thing and put its id here")
	errKind    = errors.New("job: a job has a kind")
	errTwice   = errors.New("job: one of the same key waits already")
)

// Job is one piece of work.
type Job struct {
	ID       id.Job
	Kind     string
	Key      string
	Payload  []byte // JSON; see Decode
	By       string // who asked for it
	Tries    int    // this one included, while it runs
	MaxTries int
	Due      time.Time // when it may run; while it runs, when its lease ends
	At       time.Time // when it was asked for
	Reason   string    // why the last try failed; may be shown
	Died     time.Time // when it was given up; zero while it is not

	holder string // the lease, different for each time it is taken
}

// Decode reads the payload into v.
func (j Job) Decode(v any) error { return json.Unmarshal(j.Payload, v) }

// LogValue keeps payloads out of logs.
func (j Job) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(j.ID)), slog.String("kind", j.Kind), slog.Int("try", j.Tries))
}

// Options are what may be said of a job besides its kind and payload.
type Options struct {
	RunAt    time.Time // not before; zero means at once
	MaxTries int       // 0 means DefaultTries
	Key      string    // see the package comment; "" means no other job is the same
	By       string    // who asks: a username
}

// Enqueue asks for work in the caller's transaction and gives the job's id:
// that of the one already waiting if there is one with the same kind and key,
// which then runs no later than asked for here, unless it waits because it
// failed. Transactions that enqueue the same key wait for one another: do it
// last.
func Enqueue(tx *db.Tx, kind string, payload any, o Options) (id.Job, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	if len(raw) > MaxPayload {
		return "", errPayload
	}
	if kind == "" {
		return "", errKind
	}
	j := Job{ID: id.New[id.Job](tx.Now), Kind: kind, Key: o.Key, Payload: raw, By: o.By, MaxTries: o.MaxTries, Due: o.RunAt, At: tx.Now}
	if j.MaxTries <= 0 {
		j.MaxTries = DefaultTries
	}
	if j.Due.Before(tx.Now) {
		j.Due = tx.Now
	}
	first, err := waiting(tx, kind, o.Key)
	if err != nil {
		return "", err
	}
	if first.ID == "" {
		return j.ID, j.insert(tx)
	}
	if first.Tries == 0 && j.Due.Before(first.Due) {
		_, err = tx.Exec("update job set due_us = $1 where id = $2", db.Micros(j.Due), string(first.ID))
	}
	return first.ID, err
}

// waiting gives the job of this key that nobody runs, locked so that nobody
// starts it before this transaction ends: its work has to see what the
// transaction did. No such job is the zero Job.
func waiting(tx *db.Tx, kind, key string) (Job, error) {
	if key == "" {
		return Job{}, nil
	}
	var j Job
	var due int64
	err := tx.Row("select id, tries, due_us from job where kind = $1 and key = $2 and key <> '' and holder = ''"+tx.Lock(), kind, key).
		Scan(&j.ID, &j.Tries, &due)
	if db.NoRows(err) {
		return Job{}, nil
	}
	j.Due = db.Time(due)
	return j, err
}

// insert adds the job as one that waits. A job of the same key that another
// transaction added meanwhile makes PostgreSQL run this one again.
func (j Job) insert(tx *db.Tx) error {
	const insert = `insert into job (id, kind, key, payload, asked_by, tries, max_tries, due_us, holder, reason, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`
	args := []any{string(j.ID), j.Kind, j.Key, j.Payload, j.By, int64(j.Tries), int64(j.MaxTries), db.Micros(j.Due), "", j.Reason, db.Micros(j.At)}
	if j.Key == "" { // its id is new, so that no other is in its way
		return tx.Later(insert, args...)
	}
	n, err := tx.Exec(insert, args...)
	if err == nil && n == 0 {
		return errTwice
	}
	return err
}

// Asked reports whether a job of this kind and key waits or is being done. One
// that was given up is neither.
func Asked(tx *db.Tx, kind, key string) (bool, error) {
	var there bool
	err := tx.Row("select exists (select 1 from job where kind = $1 and key = $2)", kind, key).Scan(&there)
	return there, err
}

// Finish ends the job in the handler's own transaction, as the last thing the
// handler does: the effect of that transaction and the end of the job are
// kept together or not at all. It answers Conflict if another worker holds
// the job now; the transaction must then fail.
func Finish(tx *db.Tx, j Job) error {
	n, err := tx.Exec("delete from job where id = $1 and holder = $2", string(j.ID), j.holder)
	if err != nil {
		return err
	}
	if n == 0 || j.holder == "" {
		return fault.New(fault.Conflict, "Another copy of the portal has taken this work over")
	}
	return nil
}

// GiveUp marks err as one that no further try will mend.
func GiveUp(err error) error {
	if err == nil {
		return nil
	}
	return giveUp{err}
}

type giveUp struct{ error }

func (g giveUp) Unwrap() error { return g.error }

// Counts says how much there is.
type Counts struct {
	Waiting int64
	Running int64 // or held by a worker that was killed
	Dead    int64
	Oldest  time.Time // since when the longest overdue job could have run; zero if none is due
}

// Count gives the counts of all kinds.
func Count(ctx context.Context, d *db.DB) (c Counts, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		var total, oldest int64
		err := tx.Row("select count(*), coalesce(sum(case when holder = '' then 1 else 0 end), 0), coalesce(min(due_us), 0) from job").
			Scan(&total, &c.Waiting, &oldest)
		if err != nil {
			return err
		}
		c.Running, c.Oldest = total-c.Waiting, time.Time{}
		if total > 0 && oldest <= db.Micros(tx.Now) {
			c.Oldest = db.Time(oldest)
		}
		return tx.Row("select count(*) from job_dead").Scan(&c.Dead)
	})
	return c, err
}
