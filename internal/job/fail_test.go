package job

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

// A worker that is killed never says anything more: the job is leased and the
// worker's half of it just not done.
func TestAKilledWorkersJobIsTakenOver(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		enqueue(t, d, "k", 1, Options{})
		ran := 0
		handle := func(_ context.Context, j Job) error { ran = j.Tries; return nil }
		killed, other := New(Deps{DB: d, Holder: "killed"}), New(Deps{DB: d, Holder: "other"})
		killed.Handle("k", handle)
		other.Handle("k", handle)
		jobs, err := killed.take(ctx, 10)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%d jobs, %v", len(jobs), err)
		}
		runDue(t, other, 0)
		counts(t, d, 0, 1, 0)
		clk.Advance(31 * time.Second)
		taken, err := other.take(ctx, 1)
		if err != nil || len(taken) != 1 || taken[0].Tries != 2 {
			t.Fatalf("%+v, %v", taken, err)
		}
		// The first was only slow, not dead: it comes back and is too late.
		ours, err := killed.renew(ctx, jobs[0])
		if err != nil || ours {
			t.Fatalf("renewed a lost lease (%v)", err)
		}
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("insert into job_schedule (kind, next_us) values ($1, $2)", "effect", 1)
			if err != nil {
				return err
			}
			return Finish(tx, jobs[0])
		})
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("finished with a lost lease: %v", err)
		}
		for _, late := range []func() error{
			func() error { return killed.done(ctx, jobs[0]) },
			func() error { return killed.giveBack(ctx, jobs[0]) },
			func() error { _, err := killed.failed(ctx, jobs[0], GiveUp(errors.New("late"))); return err },
		} {
			err = late()
			if err != nil {
				t.Fatal(err)
			}
			if got := row(t, d); got.holder != taken[0].holder {
				t.Fatalf("a late answer changed the row: %+v", got)
			}
		}
		counts(t, d, 0, 1, 0)
		clk.Advance(31 * time.Second)
		runDue(t, other, 1)
		counts(t, d, 0, 0, 0)
		if ran != 3 {
			t.Fatalf("it was try %d", ran)
		}
		err = d.View(ctx, func(tx *db.Tx) error {
			var n int
			err := tx.Row("select count(*) from job_schedule").Scan(&n)
			if n != 0 {
				t.Error("the effect of a lost lease stayed")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAJobThatKillsItsWorkersIsBuried(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		enqueue(t, d, "k", 1, Options{MaxTries: 2})
		r := New(Deps{DB: d})
		r.Handle("k", func(context.Context, Job) error { t.Error("ran"); return nil })
		for range 2 {
			jobs, err := r.take(ctx, 1)
			if err != nil || len(jobs) != 1 {
				t.Fatalf("%d jobs, %v", len(jobs), err)
			}
			clk.Advance(time.Minute)
		}
		runDue(t, r, 0)
		counts(t, d, 0, 0, 1)
		dead, err := r.Dead(ctx)
		if err != nil || len(dead) != 1 || !strings.HasPrefix(dead[0].Reason, "unanswered: ") || dead[0].Tries != 2 {
			t.Fatalf("%+v, %v", dead, err)
		}
	})
}

func TestFinishEndsTheJobWithItsEffect(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		enqueue(t, d, "k", 1, Options{})
		r := New(Deps{DB: d})
		fail := true
		r.Handle("k", func(ctx context.Context, j Job) error {
			return d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec("insert into job_schedule (kind, next_us) values ($1, $2)", "effect", 1)
				if err != nil {
					return err
				}
				err = Finish(tx, j)
				if err == nil && fail {
					return errors.New("after the effect")
				}
				return err
			})
		})
		runDue(t, r, 1)
		counts(t, d, 1, 0, 0)
		fail = false
		clk.Advance(time.Minute)
		runDue(t, r, 1)
		counts(t, d, 0, 0, 0)
	})
}

func TestFailuresAreRetriedLaterEachTimeThenKept(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		var out bytes.Buffer
		r := New(Deps{DB: d, Log: slog.New(slog.NewTextHandler(&out, nil))})
		r.Handle("k", func(context.Context, Job) error {
			return fault.New(fault.Unavailable, "The mail server does not answer")
		})
		which := enqueue(t, d, "k", 471108, Options{MaxTries: 5, By: "anna"})
		before := time.Duration(0)
		for try := 1; try < 5; try++ {
			runDue(t, r, 1)
			j := row(t, d)
			wait := j.Due.Sub(clk.Now())
			if j.Tries != try || wait <= before || j.holder != "" || j.Reason != "unavailable: The mail server does not answer" {
				t.Fatalf("after try %d: %+v, waits %v after %v", try, j, wait, before)
			}
			before = wait
			clk.Set(j.Due.Add(-time.Microsecond))
			runDue(t, r, 0)
			clk.Set(j.Due)
		}
		runDue(t, r, 1)
		counts(t, d, 0, 0, 1)
		dead, err := r.Dead(ctx)
		if err != nil || len(dead) != 1 || dead[0].ID != which || dead[0].Tries != 5 || dead[0].By != "anna" || !dead[0].Died.Equal(clk.Now()) {
			t.Fatalf("%+v, %v", dead, err)
		}
		if strings.Contains(out.String(), "471108") {
			t.Fatalf("the log shows a payload: %s", out.String())
		}
		err = r.Requeue(ctx, "otto", which)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Requeue(ctx, "otto", which)
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("asked for twice: %v", err)
		}
		j := row(t, d)
		if j.Tries != 0 || !strings.Contains(j.Reason, "otto") || j.By != "anna" || string(j.Payload) != `{"N":471108}` {
			t.Fatalf("%+v", j)
		}
		runDue(t, r, 1)
	})
}

func TestPauseGrowsToItsLimit(t *testing.T) {
	for n := range 200 {
		p := pause(n)
		if p < 4*time.Second || p > maxPause*6/5 || (n >= 11 && p < maxPause*4/5) {
			t.Fatalf("after try %d: %v", n, p)
		}
	}
}

func TestReasonsShowNoCause(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		r := New(Deps{DB: d})
		for kind, err := range map[string]error{
			"plain":   errors.New("planted-4711"),
			"wrapped": fault.Wrap(fault.Unavailable, errors.New("planted-4711"), "The scanner is down"),
			"invalid": GiveUp(fault.New(fault.Invalid, "The address is wrong")),
		} {
			r.Handle(kind, func(context.Context, Job) error { return err })
			enqueue(t, d, kind, 1, Options{MaxTries: 1})
		}
		r.Handle("panics", func(context.Context, Job) error { panic("planted-4711") })
		r.Handle("gives up", func(context.Context, Job) error { return GiveUp(fault.New(fault.NotFound, "It is gone")) })
		enqueue(t, d, "panics", 1, Options{MaxTries: 1})
		enqueue(t, d, "gives up", 1, Options{})
		runDue(t, r, 5)
		dead, err := r.Dead(ctx)
		if err != nil || len(dead) != 5 {
			t.Fatalf("%d dead, %v", len(dead), err)
		}
		want := map[string]string{
			"plain": "internal: the log has the cause", "wrapped": "unavailable: The scanner is down", "invalid": "invalid: The address is wrong",
			"panics": "internal: the log has the cause", "gives up": "not found: It is gone",
		}
		for _, j := range dead {
			if j.Reason != want[j.Kind] {
				t.Errorf("%s: %q", j.Kind, j.Reason)
			}
		}
		if GiveUp(nil) != nil {
			t.Error("giving up on nothing")
		}
	})
}

// A job that failed while another of its key came to wait becomes that one,
// and the tries are not forgotten.
func TestAFailedJobJoinsTheOneThatWaits(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		r := New(Deps{DB: d})
		n := 0
		r.Handle("k", func(context.Context, Job) error {
			n++
			enqueue(t, d, "k", n, Options{Key: "a", MaxTries: 3})
			return errors.New("no")
		})
		enqueue(t, d, "k", 0, Options{Key: "a", MaxTries: 3})
		for try := 1; try <= 2; try++ {
			runDue(t, r, 1)
			j := row(t, d)
			if j.Tries != try || !j.Due.After(clk.Now()) {
				t.Fatalf("after try %d: %+v", try, j)
			}
			clk.Set(j.Due)
		}
		runDue(t, r, 2) // the third buries it; the one asked for meanwhile is new work
		counts(t, d, 1, 0, 1)
		dead, err := r.Dead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Requeue(ctx, "otto", dead[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		counts(t, d, 1, 0, 0)
	})
}

func TestEveryAsksOncePerInterval(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		n := 0
		var copies []*Runner
		for range 2 {
			r := New(Deps{DB: d})
			r.Handle("purge", func(context.Context, Job) error { n++; return nil })
			r.Every("purge", time.Hour)
			copies = append(copies, r)
		}
		for _, s := range []struct {
			advance time.Duration
			want    int
		}{{0, 1}, {59 * time.Minute, 1}, {time.Minute, 2}, {time.Hour, 3}, {72 * time.Hour, 4}, {30 * time.Minute, 4}, {30 * time.Minute, 5}} {
			clk.Advance(s.advance)
			for _, r := range copies {
				_, err := r.RunDue(ctx)
				if err != nil {
					t.Fatal(err)
				}
			}
			if n != s.want {
				t.Fatalf("after %v more it ran %d times, want %d", s.advance, n, s.want)
			}
		}
		clk.Advance(time.Hour)
		var wg sync.WaitGroup
		for _, r := range copies {
			wg.Go(func() {
				err := r.tick(ctx)
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		counts(t, d, 1, 0, 0)
		often := New(Deps{DB: d})
		often.Handle("purge", func(context.Context, Job) error { n++; return nil })
		often.Every("purge", time.Minute) // a new release runs it more often
		runDue(t, often, 1)
		var next int64
		err := d.View(ctx, func(tx *db.Tx) error {
			return tx.Row("select next_us from job_schedule where kind = $1", "purge").Scan(&next)
		})
		if err != nil || db.Time(next).After(clk.Now().Add(time.Minute)) {
			t.Fatalf("next %v, %v", db.Time(next), err)
		}
	})
}

func TestHandlersAreNamedOnce(t *testing.T) {
	for what, fn := range map[string]func(r *Runner){
		"twice":    func(r *Runner) { r.Handle("k", nil); r.Handle("k", nil) },
		"no name":  func(r *Runner) { r.Handle("", nil) },
		"no break": func(r *Runner) { r.Every("k", 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", what)
				}
			}()
			fn(New(Deps{}))
		}()
	}
}
