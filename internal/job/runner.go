package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"hsconnect/internal/db"
)

// Deps are what a runner needs. Zero durations and counts mean the default.
type Deps struct {
	DB      *db.DB
	Log     *slog.Logger
	Holder  string        // names this copy of the portal in the leases
	Workers int           // jobs at the same time; 4
	Lease   time.Duration // how long a killed worker blocks a job; 30 s, renewed while it works
	Poll    time.Duration // how long an idle runner waits before it looks again; 250 ms
	Grace   time.Duration // how long running jobs may go on after the stop; 20 s
}

// Runner runs jobs. Handle and Every are called before Run.
type Runner struct {
	db        *db.DB
	log       *slog.Logger
	holder    string
	workers   int
	leaseTime time.Duration
	poll      time.Duration
	grace     time.Duration
	handlers  map[string]func(context.Context, Job) error
	kinds     []string
	schedules []schedule
}

type schedule struct {
	kind     string
	interval time.Duration
}

// New gives a runner that knows no kinds yet.
func New(d Deps) *Runner {
	r := &Runner{
		db: d.DB, log: d.Log, holder: d.Holder, workers: d.Workers,
		leaseTime: d.Lease, poll: d.Poll, grace: d.Grace,
		handlers: map[string]func(context.Context, Job) error{},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.holder == "" {
		r.holder = "unnamed"
	}
	if r.workers <= 0 {
		r.workers = 4
	}
	if r.leaseTime <= 0 {
		r.leaseTime = 30 * time.Second
	}
	if r.poll <= 0 {
		r.poll = 250 * time.Millisecond
	}
	if r.grace <= 0 {
		r.grace = 20 * time.Second
	}
	return r
}

// Handle says what does jobs of a kind. The context ends when the lease is
// lost or the portal has to stop. A copy that does not know a kind leaves its
// jobs to those that do.
func (r *Runner) Handle(kind string, fn func(ctx context.Context, j Job) error) {
	if _, twice := r.handlers[kind]; twice || kind == "" {
		panic("job: a kind has one handler and a name: " + kind)
	}
	r.handlers[kind] = fn
	r.kinds = append(r.kinds, kind)
	slices.Sort(r.kinds)
}

// Every asks for a job of kind in each interval, counted in UTC from midnight
// for intervals that divide a day: once for all copies, at the first start at
// once, and once, not many times, after a pause.
func (r *Runner) Every(kind string, interval time.Duration) {
	if interval <= 0 {
		panic("job: an interval is longer than nothing: " + kind)
	}
	r.schedules = append(r.schedules, schedule{kind, interval})
}

var (
	errLost     = errors.New("job: the lease was lost")
	errStopping = errors.New("job: the portal stops")
)

// Run works until ctx ends, then takes no more jobs, lets running ones go on
// for Deps.Grace and gives back what is not done. It gives nil then: while the
// database is away it waits.
func (r *Runner) Run(ctx context.Context) error {
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	slots := make(chan struct{}, r.workers)
	var running sync.WaitGroup
	away := false
	for ctx.Err() == nil {
		free := acquire(ctx, slots)
		if free == 0 {
			break
		}
		jobs, err := r.next(ctx, free)
		for range free - len(jobs) {
			<-slots
		}
		for _, j := range jobs {
			running.Go(func() {
				r.work(working, j)
				<-slots
			})
		}
		if (err != nil) != away && ctx.Err() == nil {
			away = err != nil
			r.log.Warn("job queue", "reachable", !away, "err", err)
		}
		if len(jobs) < free {
			rest(ctx, r.poll)
		}
	}
	r.stop(&running, stop)
	return nil
}

// acquire waits for a free slot and gives how many it took: all that are free.
func acquire(ctx context.Context, slots chan struct{}) (n int) {
	select {
	case slots <- struct{}{}:
		n = 1
	case <-ctx.Done():
		return 0
	}
	for {
		select {
		case slots <- struct{}{}:
			n++
		default:
			return n
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (r *Runner) next(ctx context.Context, n int) ([]Job, error) {
	err := r.tick(ctx)
	if err != nil {
		return nil, err
	}
	return r.take(ctx, n)
}

func (r *Runner) stop(running *sync.WaitGroup, stop context.CancelCauseFunc) {
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	limit := time.NewTimer(r.grace)
	defer limit.Stop()
	select {
	case <-done:
		return
	case <-limit.C:
		stop(errStopping)
	}
	// A handler that does not heed its context is left behind: its lease ends
	// by itself.
	limit.Reset(max(r.grace/4, 100*time.Millisecond))
	select {
	case <-done:
	case <-limit.C:
		r.log.Error("a job did not stop in time; its lease runs out")
	}
}

// RunDue runs, one after the other, every job that is due now or becomes due
// by running them, and gives how many it ran, failed ones included.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	n := 0
	for {
		jobs, err := r.next(ctx, 1)
		if err != nil || len(jobs) == 0 {
			return n, err
		}
		r.work(ctx, jobs[0])
		n++
	}
}

// work runs one leased job and says how it went.
func (r *Runner) work(ctx context.Context, j Job) {
	inside, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(renewed)
		r.keep(inside, cancel, j, ended)
	}()
	err := r.call(inside, j)
	close(ended)
	<-renewed
	stopping := errors.Is(context.Cause(inside), errStopping)
	cancel(nil)
	// What became of the job is worth saying even when everything stops.
	ctx, release := context.WithTimeout(context.WithoutCancel(ctx), r.leaseTime)
	defer release()
	r.settle(ctx, j, err, stopping)
}

func (r *Runner) settle(ctx context.Context, j Job, err error, stopping bool) {
	var saved error
	var buried bool
	switch {
	case err == nil:
		saved = r.done(ctx, j)
	case stopping:
		saved = r.giveBack(ctx, j)
	default:
		buried, saved = r.failed(ctx, j, err)
		if buried {
			r.log.Error("job given up", "job", j, "err", err, "cause", errors.Unwrap(err))
		} else {
			r.log.Warn("job failed", "job", j, "err", err, "cause", errors.Unwrap(err))
		}
	}
	if saved != nil {
		r.log.Error("job result not kept; it runs again when its lease ends", "job", j, "err", saved)
	}
}

// call runs the handler; a panic is an error like any other.
func (r *Runner) call(ctx context.Context, j Job) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		// The value of a panic may quote data; its type and place do not.
		err = fmt.Errorf("job: the handler panicked with a %T", p)
		r.log.Error("panic in a job", "job", j, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	}()
	return r.handlers[j.Kind](ctx, j)
}

// keep renews the lease until ended is closed, and cancels the work when the
// lease is lost.
func (r *Runner) keep(ctx context.Context, cancel context.CancelCauseFunc, j Job, ended <-chan struct{}) {
	t := time.NewTicker(r.leaseTime / 3)
	defer t.Stop()
	until := j.Due
	for {
		select {
		case <-ended:
			return
		case <-ctx.Done():
			return
		case <-t.C:
		}
		ours, err := r.renew(ctx, j)
		switch {
		case err == nil && ours:
			until = r.db.Now().Add(r.leaseTime)
		case err == nil, r.db.Now().After(until):
			cancel(errLost)
			return
		}
	}
}
