package job

import (
	"context"
	"database/sql"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// scheduleKey is the key of scheduled jobs: at most one of a kind waits.
const scheduleKey = "every"

// tick asks for the scheduled jobs whose time has come.
func (r *Runner) tick(ctx context.Context) error {
	if len(r.schedules) == 0 {
		return nil
	}
	type row struct {
		kind string
		next int64
	}
	next := map[string]int64{}
	var now time.Time
	err := r.db.View(ctx, func(tx *db.Tx) error {
		now = tx.Now
		rows, err := db.Collect(func(rows *sql.Rows) (v row, err error) {
			return v, rows.Scan(&v.kind, &v.next)
		})(tx.Rows("select kind, next_us from job_schedule"))
		for _, v := range rows {
			next[v.kind] = v.next
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range r.schedules {
		at, known := next[s.kind]
		if known && !s.due(at, now) {
			continue
		}
		err = r.db.Update(ctx, func(tx *db.Tx) error { return s.ask(tx) })
		if err != nil {
			return err
		}
	}
	return nil
}

// due reports whether the time has come; one further away than the interval is
// left from a longer interval.
func (s schedule) due(next int64, now time.Time) bool {
	return next <= db.Micros(now) || next > db.Micros(now.Add(s.interval))
}

// ask enqueues the job unless another copy just did.
func (s schedule) ask(tx *db.Tx) error {
	next := db.Micros(tx.Now.Truncate(s.interval).Add(s.interval))
	n, err := tx.Exec("insert into job_schedule (kind, next_us) values ($1, $2) on conflict (kind) do nothing", s.kind, next)
	if err != nil {
		return err
	}
	if n == 0 {
		n, err = tx.Exec("update job_schedule set next_us = $1 where kind = $2 and (next_us <= $3 or next_us > $4)",
			next, s.kind, db.Micros(tx.Now), db.Micros(tx.Now.Add(s.interval)))
		if err != nil || n == 0 {
			return err
		}
	}
	_, err = Enqueue(tx, s.kind, struct{}{}, Options{Key: scheduleKey, By: "schedule"})
	return err
}

// maxDead bounds a list of dead jobs.
const maxDead = 1000

const deadColumns = "id, kind, key, payload, asked_by, tries, max_tries, reason, at_us, died_us"

func scanDead(rows *sql.Rows) (Job, error) {
	var j Job
	var at, died int64
	err := rows.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &j.By, &j.Tries, &j.MaxTries, &j.Reason, &at, &died)
	j.At, j.Died = db.Time(at), db.Time(died)
	return j, err
}

// Dead gives the jobs that were given up, the latest first, at most 1,000.
func (r *Runner) Dead(ctx context.Context) (jobs []Job, err error) {
	err = r.db.View(ctx, func(tx *db.Tx) error {
		jobs, err = db.Collect(scanDead)(tx.Rows("select "+deadColumns+" from job_dead order by died_us desc, id desc limit $1", maxDead))
		return err
	})
	return jobs, err
}

// Requeue gives a dead job all its tries again, from now, in the name of by.
// If one of the same key waits already, that one does the work. It answers
// NotFound for a job that is not among the dead.
func (r *Runner) Requeue(ctx context.Context, by string, which id.Job) error {
	err := r.db.Update(ctx, func(tx *db.Tx) error {
		j, err := scanOne(tx, which)
		if err != nil {
			return err
		}
		_, err = tx.Exec("delete from job_dead where id = $1", string(which))
		if err != nil {
			return err
		}
		other, err := waiting(tx, j.Kind, j.Key)
		if err != nil || other.ID != "" {
			return err
		}
		j.Tries, j.Due, j.Reason = 0, tx.Now, "asked for again by "+by+" after: "+j.Reason
		return j.insert(tx)
	})
	if err == nil {
		r.log.Info("job asked for again", "job", string(which), "by", by)
	}
	return err
}

func scanOne(tx *db.Tx, which id.Job) (Job, error) {
	jobs, err := db.Collect(scanDead)(tx.Rows("select "+deadColumns+" from job_dead where id = $1"+tx.Lock(), string(which)))
	if err != nil {
		return Job{}, err
	}
	if len(jobs) == 0 {
		return Job{}, fault.New(fault.NotFound, "No job that was given up has this number. It may have been asked for again already")
	}
	return jobs[0], nil
}
