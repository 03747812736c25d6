package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/priorauth"
)

// atOnce is how many things happen at the portal at the same moment.
const atOnce = 12

// hand does what the world says, through the portal's services.
type hand struct {
	Deps

	w     *world
	jobs  *job.Runner
	mu    sync.Mutex // guards done, and lets Progress be called by one at a time
	done  int
	total int
}

func newHand(d Deps, w *world) *hand {
	h := &hand{Deps: d, w: w, jobs: job.New(job.Deps{DB: d.DB, Log: d.Log, Holder: "demo", Workers: 1})}
	h.jobs.Handle(priorauth.JobLimit, d.Priorauth.LimitPassed)
	h.jobs.Handle(coverage.JobTell, d.Coverage.HandleTell)
	return h
}

// event is something that happens at a moment.
type event struct {
	at time.Time
	do func(ctx context.Context) error
}

// actor is p as somebody who has just signed in.
func (h *hand) actor(p *person) access.Actor {
	return access.Actor{
		Person: p.id, Username: p.Username, Name: p.Name, Side: p.Side, Org: p.Org, OrgName: p.OrgName, OrgTIN: p.OrgTIN, Roles: p.Roles,
		Session: id.New[id.Session](h.Clock.Now()), Door: access.DoorWeb, Address: p.address, Licence: p.Licence,
	}
}

// tell loads the plan's data and lets the past happen in order.
func (h *hand) tell(ctx context.Context) error {
	events := h.events()
	h.total = len(events) + setupSteps + 1 // and the claims
	h.Clock.Hold(h.w.start)
	err := h.setUp(ctx)
	if err != nil {
		return err
	}
	today := civil.Of(h.w.start, h.w.zone)
	for len(events) > 0 {
		this := h.w.slotOf(events[0].at)
		n := slices.IndexFunc(events, func(e event) bool { return !h.w.slotOf(e.at).Equal(this) })
		if n < 0 {
			n = len(events)
		}
		for day := civil.Of(this, h.w.zone); today != day; {
			today = today.AddDays(1)
			h.Clock.Hold(today.In(h.w.zone).Add(time.Minute))
			err = h.night(ctx)
			if err != nil {
				return err
			}
		}
		h.Clock.Hold(moment(this))
		err = h.together(ctx, events[:n])
		if err != nil {
			return err
		}
		events = events[n:]
	}
	err = h.loadClaims(ctx)
	if err != nil {
		return err
	}
	return h.night(ctx)
}

// moment gives the one time of a slot, so that the clocks of the made-up
// people do not all strike the same minute.
func moment(begin time.Time) time.Time {
	n := uint64(begin.Unix()) / uint64(slot/time.Second) //nolint:gosec // after 1970
	return begin.Add(time.Duration(n*2654435761%580)*time.Second + time.Duration(n*40503%1_000_000)*time.Microsecond)
}

// night does what runs beside the pages: limits that passed, and the places of
// the record's entries.
func (h *hand) night(ctx context.Context) error {
	_, err := h.jobs.RunDue(ctx)
	if err != nil {
		return err
	}
	return h.sequence(ctx)
}

func (h *hand) sequence(ctx context.Context) error {
	for {
		n, err := h.Record.Sequence(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// together lets events happen side by side.
func (h *hand) together(ctx context.Context, events []event) error {
	errs := make([]error, len(events))
	free := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, e := range events {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			errs[i] = ctx.Err()
			if errs[i] == nil {
				errs[i] = e.do(ctx)
			}
			h.tick()
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *hand) tick() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done++
	h.Progress(h.done, h.total)
}

// events gives everything that happens after the plan's data is loaded, in order.
func (h *hand) events() []event {
	var out []event
	for _, s := range append(slices.Clone(h.w.cases), h.w.drafts...) {
		for _, st := range s.steps {
			out = append(out, event{at: st.at, do: func(ctx context.Context) error {
				err := h.do(ctx, s, st)
				if err != nil {
					return fmt.Errorf("making up request %d (%s), %s: %w", s.no, s.scene.key, st.kind, err)
				}
				return nil
			}})
		}
		if s.when.pressure == overdue {
			out = append(out, event{at: h.w.due(s).Limit.Add(slot), do: func(ctx context.Context) error {
				_, err := h.jobs.RunDue(ctx)
				return err
			}})
		}
	}
	for _, g := range h.w.glances {
		out = append(out, event{at: g.at, do: func(ctx context.Context) error { return h.glance(ctx, g) }})
	}
	out = append(out, h.arrivals()...)
	out = append(out, h.news())
	out = append(out, h.rights()...)
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(a.at.UnixMicro(), b.at.UnixMicro()) })
	return out
}
