package job

import (
	"context"
	"errors"
	"io"
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
	warm(t, r)
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

// warm prepares the statements of an idle runner, so that runners that start
// together do not all prepare at once.
func warm(t *testing.T, r *Runner) {
	t.Helper()
	_, err := r.anyDue(ctx)
	if err != nil {
		t.Fatal(err)
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

// Without its tables, then without a database at all, Run waits.
func TestRunWaitsForTheDatabase(t *testing.T) {
	d, err := db.Open(ctx, db.Config{Path: t.TempDir() + "/empty.db", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	r := New(Deps{DB: d, Poll: 5 * time.Millisecond})
	r.Handle("k", func(context.Context, Job) error { return nil })
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(running) }()
	time.Sleep(30 * time.Millisecond)
	err = d.Close()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-ended:
		t.Fatalf("gave up: %v", err)
	case <-time.After(30 * time.Millisecond):
	}
	cancel()
	if err = wait(t, ended, "the end"); err != nil {
		t.Fatal(err)
	}
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
	r := New(Deps{DB: d, Holder: "killed", Lease: time.Second, Poll: time.Millisecond})
	r.Handle("k", func(context.Context, Job) error {
		_, err := os.Stdout.WriteString("running\n")
		if err != nil {
			return err
		}
		select {} // until it is killed
	})
	panic(r.Run(ctx))
}

// A real process, killed with its job half done, on a database that another
// process shares.
func TestKillNine(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	var path string
	err := d.View(ctx, func(tx *db.Tx) error {
		return tx.Row("select file from pragma_database_list where name = 'main'").Scan(&path)
	})
	if err != nil {
		t.Fatal(err)
	}
	enqueue(t, d, "k", 1, Options{})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 8)
	_, err = io.ReadFull(out, line)
	killed := cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if err != nil || killed != nil || string(line) != "running\n" {
		t.Fatalf("the worker said %q (%v, %v)", line, err, killed)
	}
	counts(t, d, 0, 1, 0)
	done := make(chan int, 1)
	r := New(Deps{DB: d, Poll: 10 * time.Millisecond})
	r.Handle("k", func(_ context.Context, j Job) error { done <- j.Tries; return nil })
	stop := start(t, r)
	if try := wait(t, done, "the job of the killed worker"); try != 2 {
		t.Fatalf("it was try %d", try)
	}
	stop()
	counts(t, d, 0, 0, 0)
}
