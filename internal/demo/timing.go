package demo

import (
	"slices"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/priorauth"
)

// slot is how finely time passes while the past is told: what happens within
// one happens at the same moment, on several cases at once.
const slot = 10 * time.Minute

// coarse is the slot of what is longer ago than recall: nobody minds the
// minute any more, and more of it happens at once.
const (
	coarse = 3 * slot
	recall = 17 * 24 * time.Hour
)

// slotOf gives the beginning of the slot that a moment falls into.
func (w *world) slotOf(t time.Time) time.Time {
	if t.Before(w.now.Add(-recall)) {
		return t.Truncate(coarse)
	}
	return t.Truncate(slot)
}

// apart is the least time between two steps of a case, so that no two fall
// into one slot.
func (w *world) apart(s *story) time.Duration {
	if s.received.Before(w.now.Add(-recall)) {
		return coarse + time.Minute
	}
	return slot + time.Minute
}

// pressure is how near its end the time of an open request is.
type pressure int

const (
	fresh pressure = iota
	soon           // due today or tomorrow
	critical
	overdue // the legal limit has passed
)

// timing is when a story happens.
type timing struct {
	urgency  priorauth.Urgency
	pressure pressure
	recent   bool // decided since yesterday
	lead     int  // days from receipt to the first day of service
	decided  time.Time
}

// receive draws when a request came in, so that its goal can be true today.
func (w *world) receive(d dice, s *story) {
	now := w.now
	hours := func(low, high int) time.Duration {
		return time.Duration(d.between(low*60, high*60)) * time.Minute
	}
	latest := now.Add(-3 * slot)
	expedited := s.when.urgency == priorauth.Expedited
	switch {
	case s.when.pressure == overdue && expedited:
		s.received = now.Add(-hours(74, 90))
		return
	case s.when.pressure == overdue:
		s.received = w.daytime(d, now.Add(-hours(8*24+2, 9*24+12)), now.Add(-10*24*time.Hour), now.Add(-8*24*time.Hour-time.Hour))
		return
	case s.when.pressure == critical && expedited:
		s.received = now.Add(-72*time.Hour + time.Duration(d.between(25, 230))*time.Minute)
		return
	case s.when.pressure == soon && !expedited:
		s.received = w.daytime(d, now.Add(-7*24*time.Hour+hours(4, 38)), now.Add(-7*24*time.Hour+2*time.Hour), latest)
		return
	}
	var low, high int // hours ago
	switch s.goal {
	case priorauth.Submitted:
		low, high = 1, 60
	case priorauth.InReview, priorauth.WaitingForOffice, priorauth.WaitingForPlan:
		low, high = 4, 130
	case priorauth.Expired:
		low, high = 34*24, (daysBack-3)*24
	case draft:
		low, high = 3, 9*24
	default:
		low, high = 3*24, 52*24
		if s.when.recent {
			low, high = 60, 6*24
		}
	}
	if expedited && s.goal.Open() {
		high = min(high, 48)
	}
	if expedited && s.when.recent {
		low, high = 50, 66
	}
	after := w.start.Add(48 * time.Hour)
	switch {
	case s.goal.Open() && expedited:
		after = now.Add(-70 * time.Hour)
	case s.goal.Open():
		after = now.Add(-7*24*time.Hour + time.Hour)
	}
	s.received = w.daytime(d, now.Add(-hours(low, high)), after, earlier(now.Add(-time.Duration(low)*time.Hour+time.Hour), latest))
}

// decide draws when a request was decided: in time, and before now.
func (w *world) decide(d dice, s *story) {
	limit := w.due(s).Limit
	last := earlier(limit.Add(-time.Hour), w.now.Add(-3*slot))
	first := s.received.Add(10 * w.apart(s))
	if s.when.recent {
		first = later(first, w.now.Add(-38*time.Hour))
	}
	at := first.Add(time.Duration(d.Int64N(int64(last.Sub(first)))))
	s.when.decided = w.daytime(d, at, first, last)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// daytime moves t into somebody's working day if that leaves it between after
// and before.
func (w *world) daytime(d dice, t, after, before time.Time) time.Time {
	day := civil.Of(t, w.zone)
	minute := time.Duration(d.between(8*60, 17*60+30)) * time.Minute
	for _, back := range []int{0, -1, 1, -2, 2} {
		try := day.AddDays(back)
		if wd := try.Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		at := try.In(w.zone).Add(minute)
		if at.After(after) && at.Before(before) {
			return at
		}
	}
	return earlier(later(t, after.Add(time.Minute)), before.Add(-time.Minute))
}

// spread gives n moments between receipt and to, in order, far enough apart, in
// working hours where there is room.
func (w *world) spread(d dice, s *story, to time.Time, n int) []time.Time {
	from, apart := s.received, w.apart(s)
	var out []time.Time
	prev := from
	for i := range n {
		left := n - i
		room := to.Sub(prev)
		at := prev.Add(time.Duration(float64(room) * (0.15 + 0.5*d.Float64()) / float64(left)))
		last := to.Add(-time.Duration(left) * apart)
		at = w.daytime(d, at, prev.Add(apart), last)
		at = later(at, prev.Add(apart))
		out = append(out, at)
		prev = at
	}
	return out
}

// fits says whether a scene can be what a story needs it to be.
func (s *scene) fits(st *story, field string, age int) bool {
	lead := st.when.lead
	switch {
	case !slices.Contains(s.from, field):
		return false
	case st.when.urgency == priorauth.Expedited && s.urgent == "":
		return false
	case st.goal == priorauth.PartlyApproved && len(s.cuts) == 0:
		return false
	}
	switch st.goal {
	case priorauth.Expired:
		return lead+s.longest+3 < age
	case priorauth.Approved:
		return lead+s.longest-2 > age
	case priorauth.PartlyApproved:
		return lead+s.first-2 > age // the longest line may be the one that is cut
	default:
	}
	return true
}
