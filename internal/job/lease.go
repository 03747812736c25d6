package job

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const jobColumns = "id, kind, key, payload, asked_by, tries, max_tries, due_us, holder, reason, at_us"

func scanJob(rows *sql.Rows) (Job, error) {
	var j Job
	var due, at int64
	err := rows.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &j.By, &j.Tries, &j.MaxTries, &due, &j.holder, &j.Reason, &at)
	j.Due, j.At = db.Time(due), db.Time(at)
	return j, err
}

// dueQuery selects jobs of kinds that may be taken at now, after what.
func dueQuery(what string, kinds []string, now time.Time, n int) (string, []any) {
	args := []any{db.Micros(now)}
	var in strings.Builder
	for i, k := range kinds {
		if i > 0 {
			in.WriteString(", ")
		}
		args = append(args, k)
		in.WriteString("$" + strconv.Itoa(len(args)))
	}
	args = append(args, n)
	return "select " + what + " from job where due_us <= $1 and kind in (" + in.String() + ") order by due_us, id limit $" + strconv.Itoa(len(args)), args
}

// take leases up to n due jobs of the runner's kinds, the longest due first.
// Jobs that used up their tries without an answer are buried on the way.
func (r *Runner) take(ctx context.Context, n int) ([]Job, error) {
	if len(r.kinds) == 0 || n <= 0 {
		return nil, nil
	}
	there, err := r.anyDue(ctx)
	if err != nil || !there {
		return nil, err
	}
	var taken, buried []Job
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		taken, buried = nil, nil
		q, args := dueQuery(jobColumns, r.kinds, tx.Now, n)
		due, err := db.Collect(scanJob)(tx.Rows(q+tx.LockFree(), args...))
		if err != nil {
			return err
		}
		for _, j := range due {
			if j.holder != "" && j.Tries >= j.MaxTries {
				j.Reason = "unanswered: the worker stopped before it was done, and that was the last try"
				err = j.bury(tx)
				buried = append(buried, j)
			} else {
				err = r.lease(tx, &j)
				taken = append(taken, j)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, j := range buried {
		r.log.Error("job given up", "job", j, "reason", j.Reason)
	}
	return taken, nil
}

// anyDue looks before take writes: an idle portal leaves the database alone.
func (r *Runner) anyDue(ctx context.Context) (there bool, err error) {
	err = r.db.View(ctx, func(tx *db.Tx) error {
		q, args := dueQuery("id", r.kinds, tx.Now, 1)
		var found string
		err := tx.Row(q, args...).Scan(&found)
		there = err == nil
		if db.NoRows(err) {
			return nil
		}
		return err
	})
	return there, err
}

// lease makes j the runner's. The holder is a new one each time, so that a
// worker that lost its lease can change nothing any more.
func (r *Runner) lease(tx *db.Tx, j *Job) error {
	j.Tries++
	j.holder = r.holder + "/" + string(id.New[id.Job](tx.Now))
	j.Due = tx.Now.Add(r.leaseTime)
	_, err := tx.Exec("update job set holder = $1, due_us = $2, tries = $3 where id = $4",
		j.holder, db.Micros(j.Due), int64(j.Tries), string(j.ID))
	return err
}

// renew moves the end of the lease; false says that it is no longer ours.
func (r *Runner) renew(ctx context.Context, j Job) (bool, error) {
	var n int64
	err := r.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		n, err = tx.Exec("update job set due_us = $1 where id = $2 and holder = $3",
			db.Micros(tx.Now.Add(r.leaseTime)), string(j.ID), j.holder)
		return err
	})
	return n == 1, err
}

// done ends a job that succeeded.
func (r *Runner) done(ctx context.Context, j Job) error {
	return r.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("delete from job where id = $1 and holder = $2", string(j.ID), j.holder)
		return err
	})
}

// giveBack lets another copy run a job that this one's shutdown interrupted:
// that was no try.
func (r *Runner) giveBack(ctx context.Context, j Job) error {
	j.Tries--
	return r.retry(ctx, j, 0)
}

// failed puts a job off, or buries it if it was the last try. It reports
// whether it buried.
func (r *Runner) failed(ctx context.Context, j Job, cause error) (bool, error) {
	j.Reason = reason(cause)
	var never giveUp
	if j.Tries < j.MaxTries && !errors.As(cause, &never) {
		return false, r.retry(ctx, j, pause(j.Tries))
	}
	return true, r.db.Update(ctx, func(tx *db.Tx) error { return j.bury(tx) })
}

// reason is what an operator may read: the kind of error and the text made to
// be shown. The cause is for the log.
func reason(err error) string {
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		return kind.String() + ": the log has the cause"
	}
	return kind.String() + ": " + fault.Text(err)
}

const (
	firstPause = 5 * time.Second
	maxPause   = time.Hour
)

// pause gives how long to wait after the nth try: twice as long each time, and
// a fifth more or less, so that what failed together does not return together.
func pause(n int) time.Duration {
	p := maxPause
	if n < 12 {
		p = min(p, firstPause<<max(n-1, 0))
	}
	return p - p/5 + rand.N(2*p/5) //nolint:gosec // spreading retries is no secret
}

// retry makes a job wait again. If one of the same key waits already, the two
// become that one, with the tries of this.
func (r *Runner) retry(ctx context.Context, j Job, wait time.Duration) error {
	put := func(tx *db.Tx) error {
		due := db.Micros(tx.Now.Add(wait))
		other, err := waiting(tx, j.Kind, j.Key)
		if err != nil {
			return err
		}
		if other.ID == "" {
			_, err = tx.Exec("update job set holder = '', due_us = $1, tries = $2, reason = $3 where id = $4 and holder = $5",
				due, int64(j.Tries), j.Reason, string(j.ID), j.holder)
			return err
		}
		n, err := tx.Exec("delete from job where id = $1 and holder = $2", string(j.ID), j.holder)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec("update job set due_us = $1, tries = $2, reason = $3 where id = $4",
			due, int64(j.Tries), j.Reason, string(other.ID))
		return err
	}
	err := r.db.Update(ctx, put)
	for range 3 {
		if !db.Duplicate(err) { // one of the same key came in between
			return err
		}
		err = r.db.Update(ctx, put)
	}
	return err
}

// bury moves a job to the dead, unless it is no longer j's.
func (j Job) bury(tx *db.Tx) error {
	n, err := tx.Exec("delete from job where id = $1 and holder = $2", string(j.ID), j.holder)
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.Exec(`insert into job_dead (id, kind, key, payload, asked_by, tries, max_tries, reason, at_us, died_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(j.ID), j.Kind, j.Key, j.Payload, j.By, int64(j.Tries), int64(j.MaxTries), j.Reason, db.Micros(j.At), db.Micros(tx.Now))
	return err
}
