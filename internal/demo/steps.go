package demo

import (
	"cmp"
	"slices"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/priorauth"
)

// stepKind is one thing that somebody does at the portal.
type stepKind int

const (
	prepare stepKind = iota + 1 // look the member up, begin a draft, attach documents
	submit
	open // and read the documents
	take
	ask
	more // another document
	answer
	note
	refer
	decide
	cancel
	view
)

// String names the kind for the digest and for errors.
func (k stepKind) String() string {
	return [...]string{"", "prepare", "submit", "open", "take", "ask", "more", "answer", "note", "refer", "decide", "cancel", "view"}[k]
}

// step is who does what when.
type step struct {
	at        time.Time
	kind      stepKind
	who       *person
	text      string
	specialty access.Specialty
}

// plot makes the steps that lead a story to its goal.
func (w *world) plot(d dice, s *story) error {
	// Half hours, so that many of them coincide: they are most of the work.
	s.add(step{at: s.received.Add(-w.apart(s)).Truncate(coarse), kind: prepare, who: s.by})
	if s.goal == draft {
		return nil
	}
	s.add(step{at: s.received, kind: submit, who: s.by})
	middle, err := w.middle(d, s)
	if err != nil {
		return err
	}
	end := w.now.Add(-2 * slot)
	if !s.goal.Open() {
		end = earlier(end, w.due(s).Limit.Add(-time.Hour))
	}
	decided := len(middle) > 0 && middle[len(middle)-1].kind == decide
	before := middle
	if decided {
		w.decide(d, s)
		end, before = s.when.decided, middle[:len(middle)-1]
		middle[len(middle)-1].at = s.when.decided
	}
	for i, at := range w.spread(d, s, end, len(before)) {
		before[i].at = at
	}
	s.steps = append(s.steps, middle...)
	if seen := s.steps[len(s.steps)-1].at.Add(time.Duration(d.between(40, 900)) * time.Minute); decided && d.in(60) && seen.Before(w.now.Add(-2*slot)) {
		s.add(step{at: seen, kind: view, who: s.colleague})
	}
	slices.SortStableFunc(s.steps, func(a, b step) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return nil
}

// owner is who has taken the request last; nil if nobody has it.
func (s *story) owner() *person {
	var owner *person
	for _, st := range s.steps {
		switch st.kind {
		case take:
			owner = st.who
		case refer:
			owner = nil
		default:
		}
	}
	return owner
}

func (s *story) add(st step) { s.steps = append(s.steps, st) }

// middle gives what happens after a request came in, without times.
func (w *world) middle(d dice, s *story) ([]step, error) {
	nurse := pick(d, w.with(access.Nurse))
	sc := s.scene
	begun := []step{{kind: open, who: nurse}, {kind: take, who: nurse}}
	asked := append(slices.Clone(begun), step{kind: ask, who: nurse, text: s.say(sc.ask)})
	answered := slices.Clone(asked)
	if d.in(40) {
		answered = append(answered, step{kind: more, who: s.colleague})
	}
	answered = append(answered, step{kind: answer, who: s.colleague, text: s.say(sc.answer)})
	if d.in(50) {
		begun = append(begun, step{kind: note, who: nurse, text: s.say(sc.internal)})
	}
	worked := begun
	if d.in(45) {
		worked = answered
	}
	switch s.goal {
	case priorauth.Submitted:
		return nil, nil
	case priorauth.InReview:
		return w.inReview(d, s, begun, nurse)
	case priorauth.WaitingForOffice:
		return asked, nil
	case priorauth.WaitingForPlan:
		return answered, nil
	case priorauth.Cancelled:
		cancelled := step{kind: cancel, who: s.colleague, text: pick(d, goodbyes())}
		if d.in(50) {
			return append(begun[:2:2], cancelled), nil
		}
		return []step{cancelled}, nil
	case priorauth.Denied, priorauth.PartlyApproved:
		return w.byPhysician(d, s, worked, nurse, true)
	case priorauth.Approved, priorauth.Expired:
		if d.in(12) {
			return w.byPhysician(d, s, worked, nurse, true)
		}
		return append(worked, step{kind: decide, who: nurse}), nil
	}
	return nil, nil
}

// inReview leaves a request somewhere on the plan's desks.
func (w *world) inReview(d dice, s *story, begun []step, nurse *person) ([]step, error) {
	switch {
	case d.in(15):
		return []step{{kind: open, who: pick(d, w.with(access.Intake))}}, nil
	case d.in(35):
		return w.byPhysician(d, s, begun, nurse, false)
	}
	return begun, nil
}

// byPhysician refers a request and has a fitting physician take or decide it.
func (w *world) byPhysician(d dice, s *story, before []step, nurse *person, decided bool) ([]step, error) {
	lines := s.submitted.Lines
	if s.verdict == partly {
		lines = adverse(s)
	}
	doctor, specialty, err := w.physician(d, lines)
	if err != nil {
		return nil, err
	}
	out := append(slices.Clone(before), step{kind: refer, who: nurse, text: "Please decide. " + s.say(s.scene.internal), specialty: specialty})
	if !decided && d.in(50) {
		return out, nil
	}
	out = append(out, step{kind: open, who: doctor}, step{kind: take, who: doctor})
	if decided {
		out = append(out, step{kind: decide, who: doctor})
	}
	return out, nil
}

// goodbyes are reasons to cancel.
func goodbyes() []string {
	return []string{
		"The member chose another office for this service.",
		"Sent twice by mistake. The first request stands.",
		"The patient went to the hospital, so this is not needed now.",
		"Wrong member chosen. A new request follows under the right one.",
		"The order was changed by the physician on the next visit.",
	}
}

// adverse gives the lines of which a partly approved story gets less.
func adverse(s *story) []priorauth.Line {
	var out []priorauth.Line
	for _, c := range s.scene.cuts {
		out = append(out, s.submitted.Lines[c.line-1])
	}
	return out
}

// decisions gives what is decided about each of the stored lines.
func (s *story) decisions(lines []priorauth.CaseLine) []priorauth.LineDecision {
	out := make([]priorauth.LineDecision, 0, len(lines))
	for i, l := range lines {
		out = append(out, s.decision(i, l.Line))
	}
	return out
}

func (s *story) decision(i int, l priorauth.Line) priorauth.LineDecision {
	dec := priorauth.LineDecision{Line: l.ID, Action: priorauth.Approve, Units: l.Units, From: l.From, To: l.To}
	switch s.goal {
	case priorauth.Denied:
		dec = priorauth.LineDecision{Line: l.ID, Action: priorauth.Deny, Reason: s.scene.deny.code, Criterion: s.say(s.scene.deny.criterion), Narrative: s.say(s.scene.deny.narrative)}
		if i > 0 {
			dec.Narrative = "This line serves the first one and is decided with it. " + dec.Narrative
		}
	case priorauth.PartlyApproved:
		for _, c := range s.scene.cuts {
			if c.line != i+1 {
				continue
			}
			dec.Action, dec.Reason, dec.Criterion, dec.Narrative = priorauth.Deny, c.code, s.say(c.criterion), s.say(c.narrative)
			dec.Units, dec.From, dec.To = 0, civil.Date{}, civil.Date{}
			if c.units > 0 {
				dec.Action, dec.Units, dec.From, dec.To = priorauth.Modify, int64(c.units), l.From, l.To
			}
		}
	case priorauth.Approved:
		if s.no%19 == 0 { // two weeks more than was asked for: never adverse
			dec.Action, dec.To = priorauth.Modify, l.To.AddDays(14)
		}
	default:
	}
	return dec
}

// glance is a look at a member that leads to no request.
type glance struct {
	at     time.Time
	who    *person
	member *insured // nil: nobody has what was typed
	byName bool
}

// makeGlances makes the look-ups of everyday.
func (w *world) makeGlances(seed uint64, size Size) {
	d := newDice(seed, forRequests, 0)
	var lookers []*person
	for _, p := range w.people {
		if p.Side == access.Office && p.accepted {
			lookers = append(lookers, p)
		}
	}
	for range size.Requests / 2 {
		back := time.Duration(d.between(2, (daysBack-3)*24)) * time.Hour
		g := glance{who: pick(d, lookers), member: pick(d, w.members), byName: d.in(40),
			at: w.daytime(d, w.now.Add(-back), w.start.Add(24*time.Hour), w.now.Add(-3*slot))}
		if d.in(8) {
			g.member = nil
		}
		w.glances = append(w.glances, g)
	}
}
