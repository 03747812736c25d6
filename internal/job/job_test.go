package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/id"
)

var ctx = context.Background()

type note struct{ N int }

func enqueue(t testing.TB, d *db.DB, kind string, n int, o Options) id.Job {
	t.Helper()
	var got id.Job
	err := d.Update(ctx, func(tx *db.Tx) error {
		var err error
		got, err = Enqueue(tx, kind, note{n}, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func runDue(t testing.TB, r *Runner, want int) {
	t.Helper()
	n, err := r.RunDue(ctx)
	if err != nil || n != want {
		t.Fatalf("ran %d jobs, want %d (%v)", n, want, err)
	}
}

func counts(t testing.TB, d *db.DB, waiting, running, dead int64) {
	t.Helper()
	c, err := Count(ctx, d)
	if err != nil || c.Waiting != waiting || c.Running != running || c.Dead != dead {
		t.Fatalf("%d waiting, %d running, %d dead, want %d, %d, %d (%v)", c.Waiting, c.Running, c.Dead, waiting, running, dead, err)
	}
}

// row gives the one row of the queue.
func row(t testing.TB, d *db.DB) Job {
	t.Helper()
	var jobs []Job
	err := d.View(ctx, func(tx *db.Tx) error {
		var err error
		jobs, err = db.Collect(scanJob)(tx.Rows("select " + jobColumns + " from job"))
		return err
	})
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d rows, want 1 (%v)", len(jobs), err)
	}
	return jobs[0]
}

// still runs fn on each engine with a clock that stands.
func still(t *testing.T, fn func(t *testing.T, d *db.DB, clk *dbtest.Clock)) {
	t.Helper()
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		clk.Set(dbtest.Start)
		fn(t, d, clk)
	})
}

func TestAJobRunsOnceWithWhatItWasGiven(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		var got []int
		r := New(Deps{DB: d})
		r.Handle("count", func(_ context.Context, j Job) error {
			var n note
			err := j.Decode(&n)
			got = append(got, n.N)
			if j.By != "anna" || j.Tries != 1 || j.MaxTries != DefaultTries {
				t.Errorf("%+v", j)
			}
			return err
		})
		enqueue(t, d, "count", 1, Options{By: "anna"})
		enqueue(t, d, "count", 2, Options{By: "anna", RunAt: clk.Now().Add(time.Minute)})
		enqueue(t, d, "unknown here", 3, Options{})
		runDue(t, r, 1)
		runDue(t, r, 0)
		clk.Advance(time.Minute)
		runDue(t, r, 1)
		if len(got) != 2 || got[0] != 1 || got[1] != 2 {
			t.Fatalf("got %v", got)
		}
		counts(t, d, 1, 0, 0)
		c, err := Count(ctx, d)
		if err != nil || !c.Oldest.Equal(dbtest.Start) {
			t.Fatalf("oldest %v, %v", c.Oldest, err)
		}
	})
}

func TestEnqueueIsUndoneWithItsTransaction(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		no := errors.New("no")
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := Enqueue(tx, "k", note{}, Options{})
			if err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		counts(t, d, 0, 0, 0)
	})
}

func TestWhatCannotBeAJobIsRefused(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	for what, payload := range map[string]any{"": note{}, "large": strings.Repeat("x", MaxPayload), "no json": func() {}} {
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := Enqueue(tx, what, payload, Options{})
			return err
		})
		if err == nil {
			t.Errorf("%q was taken", what)
		}
	}
	counts(t, d, 0, 0, 0)
}

func TestOneOfAKeyWaits(t *testing.T) {
	still(t, func(t *testing.T, d *db.DB, clk *dbtest.Clock) {
		later := clk.Now().Add(time.Hour)
		first := enqueue(t, d, "k", 1, Options{Key: "a", RunAt: later})
		if enqueue(t, d, "k", 2, Options{Key: "b"}) == first || enqueue(t, d, "l", 3, Options{Key: "a"}) == first || enqueue(t, d, "k", 4, Options{}) == first {
			t.Fatal("another kind, another key or no key is another job")
		}
		if enqueue(t, d, "k", 5, Options{Key: "a", RunAt: later.Add(time.Hour)}) != first {
			t.Fatal("two of one key wait")
		}
		counts(t, d, 4, 0, 0)
		if enqueue(t, d, "k", 6, Options{Key: "a"}) != first {
			t.Fatal("two of one key wait")
		}
		var got []int
		r := New(Deps{DB: d})
		r.Handle("k", func(_ context.Context, j Job) error {
			var n note
			err := j.Decode(&n)
			got = append(got, n.N)
			if j.Key == "a" && n.N == 1 {
				// What is asked for while it runs is new work.
				if enqueue(t, d, "k", 7, Options{Key: "a"}) == first {
					t.Error("asked for while it runs, and lost")
				}
			}
			return err
		})
		runDue(t, r, 4) // the earlier time was taken over
		if len(got) != 4 {
			t.Fatalf("got %v", got)
		}
		counts(t, d, 1, 0, 0)
	})
}

func TestManyEnqueueOneKeyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		ids := make([]id.Job, 24)
		for i := range ids {
			wg.Go(func() { ids[i] = enqueue(t, d, "k", i, Options{Key: "a"}) })
		}
		wg.Wait()
		for _, got := range ids {
			if got != ids[0] || got == "" {
				t.Fatalf("different jobs: %v", ids)
			}
		}
		counts(t, d, 1, 0, 0)
	})
}

// Whoever enqueues a key that waits holds it back until its own transaction
// ends: otherwise the job could run before what it is about is there.
func TestAWaitingJobDoesNotStartBeforeWhatAsksForIt(t *testing.T) {
	d := dbtest.Postgres(t, time.Now) // SQLite has one writer at a time
	enqueue(t, d, "k", 1, Options{Key: "a"})
	r := New(Deps{DB: d})
	r.Handle("k", func(context.Context, Job) error { return nil })
	err := d.Update(ctx, func(tx *db.Tx) error {
		_, err := Enqueue(tx, "k", note{2}, Options{Key: "a"})
		if err != nil {
			return err
		}
		n, err := r.RunDue(ctx)
		if n != 0 {
			t.Errorf("%d jobs ran too early", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	runDue(t, r, 1)
}

func TestNoneTwiceAtOnceNoneLost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const n = 200
		for i := range n {
			enqueue(t, d, "k", i, Options{})
		}
		var mu sync.Mutex
		runs, at := map[id.Job]int{}, map[id.Job]bool{}
		stop, cancel := context.WithTimeout(ctx, 60*time.Second)
		defer cancel()
		handler := func(_ context.Context, j Job) error {
			mu.Lock()
			if at[j.ID] {
				t.Errorf("%s runs twice at once", j.ID)
			}
			at[j.ID] = true
			runs[j.ID]++
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			at[j.ID] = false
			if len(runs) == n {
				cancel()
			}
			return nil
		}
		var wg sync.WaitGroup
		for i := range 3 {
			r := New(Deps{DB: d, Holder: fmt.Sprint("copy", i), Workers: 4, Poll: 10 * time.Millisecond})
			r.Handle("k", handler)
			warm(t, r)
			wg.Go(func() {
				err := r.Run(stop)
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(runs) != n {
			t.Fatalf("%d of %d ran", len(runs), n)
		}
		for j, k := range runs {
			if k != 1 {
				t.Errorf("%s ran %d times", j, k)
			}
		}
		counts(t, d, 0, 0, 0)
	})
}
