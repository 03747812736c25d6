package job

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

// start runs r until the returned function is called, which waits for it.
func start(t *testing.T, r *Runner) (stop func()) {
	t.Helper()
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(running) }()
	return func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Run did not end")
		}
	}
}

func wait[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}

// A job that takes several leases' time keeps its lease and runs once.
func TestLongWorkKeepsItsLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var runs atomic.Int64
		done := make(chan struct{}, 10)
		handle := func(ctx context.Context, _ Job) error {
			runs.Add(1)
			time.Sleep(1500 * time.Millisecond)
			done <- struct{}{}
			return ctx.Err()
		}
		var stops []func()
		for range 2 {
			r := New(Deps{DB: d, Lease: 600 * time.Millisecond, Poll: 10 * time.Millisecond})
			r.Handle("long", handle)
			stops = append(stops, start(t, r))
		}
		enqueue(t, d, "long", 1, Options{})
		wait(t, done, "the job")
		for _, stop := range stops {
			stop()
		}
		if n := runs.Load(); n != 1 {
			t.Fatalf("ran %d times", n)
		}
		counts(t, d, 0, 0, 0)
	})
}

func TestALostLeaseStopsTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began, cause := make(chan struct{}), make(chan error, 1)
		r := New(Deps{DB: d, Lease: 150 * time.Millisecond, Poll: 10 * time.Millisecond})
		r.Handle("k", func(ctx context.Context, _ Job) error {
			close(began)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return ctx.Err()
		})
		stop := start(t, r)
		defer stop()
		enqueue(t, d, "k", 1, Options{})
		wait(t, began, "the job")
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("update job set holder = 'another', due_us = $1", db.Micros(tx.Now.Add(time.Hour)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err = wait(t, cause, "the end of the work"); !errors.Is(err, errLost) {
			t.Fatalf("ended by %v", err)
		}
	})
}

func TestStopLetsRunningJobsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began, finish := make(chan struct{}), make(chan struct{})
		r := New(Deps{DB: d, Workers: 1, Poll: 10 * time.Millisecond})
		r.Handle("k", func(ctx context.Context, _ Job) error {
			began <- struct{}{}
			<-finish
			return ctx.Err()
		})
		stop := start(t, r)
		enqueue(t, d, "k", 1, Options{})
		enqueue(t, d, "k", 2, Options{})
		wait(t, began, "the first job")
		time.AfterFunc(200*time.Millisecond, func() { close(finish) })
		stop()
		counts(t, d, 1, 0, 0) // the second was not begun
	})
}

func TestStopGivesBackWhatTakesTooLong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began, forever := make(chan struct{}, 2), make(chan struct{})
		defer close(forever)
		r := New(Deps{DB: d, Grace: 100 * time.Millisecond, Poll: 10 * time.Millisecond})
		r.Handle("heeds", func(ctx context.Context, _ Job) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		stop := start(t, r)
		enqueue(t, d, "heeds", 1, Options{MaxTries: 1})
		wait(t, began, "the job")
		stop()
		j := row(t, d)
		if j.holder != "" || j.Tries != 0 || j.Due.After(time.Now()) {
			t.Fatalf("%+v", j)
		}
		r = New(Deps{DB: d, Grace: 100 * time.Millisecond, Poll: 10 * time.Millisecond})
		r.Handle("heeds", func(context.Context, Job) error {
			began <- struct{}{}
			<-forever
			return nil
		})
		stop = start(t, r)
		wait(t, began, "the job again")
		stop()
		counts(t, d, 0, 1, 0) // nothing was said of it: the lease runs out
	})
}

func TestRunWaitsForTheDatabase(t *testing.T) {
	d, err := db.Open(ctx, db.Config{Path: t.TempDir() + "/gone.db", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	r := New(Deps{DB: d, Poll: 5 * time.Millisecond})
	r.Handle("k", func(context.Context, Job) error { return nil })
	stop := start(t, r) // there is no table yet
	time.Sleep(30 * time.Millisecond)
	err = d.Close()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	stop()
}

const killEnv = "HSCONNECT_JOB_TEST_DATABASE"

// TestMain lets the test below start this binary as the worker it kills.
func TestMain(m *testing.M) {
	path := os.Getenv(killEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	d, err := db.Open(ctx, db.Config{Path: path, Now: time.Now})
	if err != nil {
		panic(err)
	}
	r := New(Deps{DB: d, Lease: time.Second, Poll: time.Millisecond})
	r.Handle("k", func(context.Context, Job) error {
		_, err := os.Stdout.WriteString("running\n")
		if err != nil {
			return err
		}
		select {} // until it is killed
	})
	panic(r.Run(ctx))
}

func TestKillNine(t *testing.T) {
	path := t.TempDir() + "/kill.db"
	blank := dbtest.SQLite(t, time.Now)
	err := blank.Update(ctx, func(tx *db.Tx) error { _, err := tx.Exec("delete from job"); return err })
	if err != nil {
		t.Fatal(err)
	}
	_, err = func() (int64, error) {
		var n int64
		return n, blank.View(ctx, func(tx *db.Tx) error { return tx.Row("select count(*) from job").Scan(&n) })
	}()
	if err != nil {
		t.Fatal(err)
	}
	_ = path
	_ = exec.Command
}
