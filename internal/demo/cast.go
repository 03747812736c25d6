package demo

import (
	"errors"
	"fmt"
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

// share is how many of a full demo's requests stand in a state today.
type share struct {
	goal  priorauth.Status
	count int
}

const fullRequests = 400

// draft is the goal of a story that is never submitted.
const draft priorauth.Status = "draft"

func shares() []share {
	return []share{
		{priorauth.Submitted, 38}, {priorauth.InReview, 48}, {priorauth.WaitingForOffice, 28}, {priorauth.WaitingForPlan, 22},
		{priorauth.Approved, 96}, {priorauth.PartlyApproved, 34}, {priorauth.Denied, 44}, {priorauth.Cancelled, 24}, {priorauth.Expired, 66},
	}
}

// makeStories makes the requests and the drafts.
func (w *world) makeStories(seed uint64, size Size) error {
	no := 0
	for _, sh := range shares() {
		count := max(sh.count*size.Requests/fullRequests, 1)
		for k := range count {
			no++
			s, err := w.makeStory(newDice(seed, forRequests, no), no, k, sh.goal)
			if err != nil {
				return err
			}
			w.cases = append(w.cases, s)
		}
	}
	for k := range size.Drafts {
		no++
		s, err := w.makeStory(newDice(seed, forRequests, no), no, k, draft)
		if err != nil {
			return err
		}
		w.drafts = append(w.drafts, s)
	}
	return nil
}

// makeStory makes the k-th story that ends at goal.
func (w *world) makeStory(d dice, no, k int, goal priorauth.Status) (*story, error) {
	s := &story{no: no, goal: goal, run: progress{}}
	s.when = w.mood(d, k, goal)
	s.verdict = sound
	switch goal {
	case priorauth.Denied:
		s.verdict = unsound
	case priorauth.PartlyApproved:
		s.verdict = partly
	default:
		if goal.Open() && d.in(25) {
			s.verdict = unsound
		}
	}
	w.receive(d, s)
	err := w.stage(d, s, k%10 == 5 || k%24 == 0)
	if err != nil {
		return nil, err
	}
	w.begin(d, s)
	err = w.write(d, s)
	if err != nil {
		return nil, err
	}
	return s, w.plot(d, s)
}

// mood draws how urgent a story is, so that every state has some of each.
func (w *world) mood(d dice, k int, goal priorauth.Status) timing {
	t := timing{urgency: priorauth.Standard, lead: d.between(2, 9)}
	if d.in(22) {
		t.urgency, t.lead = priorauth.Expedited, d.between(0, 2)
	}
	if !goal.Open() {
		t.recent = k%12 == 0 && goal != priorauth.Expired && goal != draft
		return t
	}
	waiting := goal == priorauth.InReview || goal == priorauth.WaitingForOffice
	switch {
	case k%17 == 3 && waiting:
		t.pressure = overdue
	case k%12 == 1:
		t.pressure, t.urgency, t.lead = critical, priorauth.Expedited, d.between(0, 2)
	case k%4 == 2:
		t.pressure, t.urgency = soon, priorauth.Standard
	}
	return t
}

// stage picks the office and what it asks for. The office that the demo
// starts at gets a full list of its own.
func (w *world) stage(d dice, s *story, atMain bool) error {
	age := civil.Of(s.received, w.zone).DaysUntil(w.today)
	if s.goal == priorauth.Expired && s.when.lead > 5 {
		s.when.lead = 3
	}
	main := w.orgs[0]
	var fitting []*scene
	for _, sc := range w.scenes {
		fields := sc.from
		if atMain {
			fields = []string{main.field}
		}
		if slices.ContainsFunc(fields, func(f string) bool { return sc.fits(s, f, age) }) {
			fitting = append(fitting, sc)
		}
	}
	if len(fitting) == 0 && atMain {
		return w.stage(d, s, false)
	}
	if len(fitting) == 0 {
		return fmt.Errorf("demo: no scene fits a story that ends as %s after %d days", s.goal, age)
	}
	s.scene = pick(d, fitting)
	s.org = main
	if !atMain {
		choice := slices.DeleteFunc(w.organizationsOf(s.scene.from), func(o *organization) bool { return len(able(o)) == 0 })
		s.org = pick(d, choice)
	}
	return nil
}

var errNoPhysician = errors.New("demo: no physician of the plan fits the lines of a scene")

// physician picks a medical director who may decide these lines adversely,
// and the specialty to refer them to.
func (w *world) physician(d dice, lines []priorauth.Line) (*person, access.Specialty, error) {
	fitting := slices.DeleteFunc(w.with(access.MedicalDirector), func(p *person) bool {
		return !p.Licence.Holds(w.today) || !fitsAll(p, lines)
	})
	if len(fitting) == 0 {
		return nil, "", errNoPhysician
	}
	if known := slices.DeleteFunc(slices.Clone(fitting), func(p *person) bool { return !p.known }); len(known) > 0 && d.in(60) {
		fitting = known // so that they find cases of their own
	}
	p := pick(d, fitting)
	one := review.Fitting(lines[:1])
	for _, sp := range p.Licence.Specialties {
		if slices.Contains(one, sp) {
			return p, sp, nil
		}
	}
	return p, p.Licence.Specialties[0], nil
}

// fitsAll reports whether each of the lines falls into a specialty of p's.
func fitsAll(p *person, lines []priorauth.Line) bool {
	return !slices.ContainsFunc(lines, func(l priorauth.Line) bool {
		return !p.Licence.Fits(review.Fitting([]priorauth.Line{l})...)
	})
}
