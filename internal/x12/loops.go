package x12

import (
	"slices"
	"strings"
)

// loopID names a loop of a transaction.
type loopID int

// loopSpec is one row of a transaction's structure.
type loopSpec struct {
	id     loopID
	parent loopID
	tag    string // the segment that opens the loop
	only   string // values of element 1 that open it, blank-separated; empty takes any
	not    string // values of element 1 that never open it
	rank   int    // loops of one parent come in rising rank
	single bool   // at most once in its parent
	once   string // segments it may hold once each, blank-separated
	many   string // segments it may hold repeatedly
	close  string // the segment that closes it and the loops inside it
}

// The loops of an enrollment transaction.
const (
	loopTransaction loopID = iota
	loopParty
	loopMember
	loopName
	loopMailing
	loopOther
	loopDisability
	loopCoverage
	loopProvider
	loopOtherCoverage
	loopOtherPayer
	loopReports
	loopReportLine
	loopReport
)

// loops834 is the structure of 005010X220A1 as far as we tell loops apart. The
// comment gives the loop's number in the guide. HI stands only in 005010X307.
func loops834() []loopSpec {
	return []loopSpec{
		{id: loopTransaction, tag: "ST", once: "BGN", many: "REF DTP QTY"},
		{id: loopParty, parent: loopTransaction, tag: "N1", rank: 1, many: "ACT"}, // 1000A-C
		{id: loopMember, parent: loopTransaction, tag: "INS", rank: 2, many: "REF DTP"},
		{id: loopName, parent: loopMember, tag: "NM1", only: "IL 74", rank: 1, single: true, // 2100A
			once: "PER N3 N4 DMG ICM HLH", many: "EC AMT LUI HI"},
		{id: loopMailing, parent: loopMember, tag: "NM1", only: "31", rank: 2, single: true, once: "N3 N4"}, // 2100C
		{id: loopOther, parent: loopMember, tag: "NM1", not: "IL 74 31 P3", rank: 2, // 2100B, D-H
			once: "PER N3 N4 DMG"},
		{id: loopDisability, parent: loopMember, tag: "DSB", rank: 3, many: "DTP"}, // 2200
		{id: loopCoverage, parent: loopMember, tag: "HD", rank: 4, many: "DTP AMT REF IDC"},
		{id: loopProvider, parent: loopCoverage, tag: "LX", rank: 1, once: "NM1 N4 PLA", many: "N3 PER"},     // 2310
		{id: loopOtherCoverage, parent: loopCoverage, tag: "COB", rank: 2, many: "REF DTP"},                  // 2320
		{id: loopOtherPayer, parent: loopOtherCoverage, tag: "NM1", rank: 1, once: "N3 N4 PER"},              // 2330
		{id: loopReports, parent: loopMember, tag: "LS", rank: 5, single: true, close: "LE"},                 // 2700
		{id: loopReportLine, parent: loopReports, tag: "LX", rank: 1},                                        // 2710
		{id: loopReport, parent: loopReportLine, tag: "N1", rank: 1, single: true, many: "REF", once: "DTP"}, // 2750
	}
}

// plan is a structure made ready for walking.
type plan struct {
	specs    []loopSpec
	children [][]loopID
}

func newPlan(specs []loopSpec) *plan {
	p := &plan{specs: specs, children: make([][]loopID, len(specs))}
	for _, s := range specs[1:] {
		p.children[s.parent] = append(p.children[s.parent], s.id)
	}
	return p
}

// knows says whether any loop takes segments with this identifier.
func (p *plan) knows(tag string) bool {
	for i := range p.specs {
		s := &p.specs[i]
		if s.tag == tag || s.close == tag || has(s.once, tag) || has(s.many, tag) {
			return true
		}
	}
	return false
}

// walker follows the segments of one transaction through its loops.
type walker struct {
	plan *plan
	path []frame
}

// frame is one open loop.
type frame struct {
	loop loopID
	rank int      // highest rank of the loops opened in it
	had  []loopID // single loops opened in it
	seen []string // once segments it had
}

func newWalker(p *plan) *walker {
	return &walker{plan: p, path: []frame{{loop: loopTransaction}}}
}

// misplaced says why a segment could not be placed.
type misplaced string

const (
	placed     misplaced = ""
	noPlace    misplaced = "the segment has no place here in this kind of transaction"
	outOfOrder misplaced = "the segment stands too late: it belongs before the loop that was opened in between"
	twice      misplaced = "the segment stands here a second time and may stand once"
)

// place finds the loop a segment belongs to, opening and closing loops. A
// segment that has no place leaves the loops as they are.
func (w *walker) place(tag, qualifier string) (loopID, misplaced) {
	last := len(w.path) - 1
	for at := last; at >= 0; at-- {
		f := &w.path[at]
		spec := &w.plan.specs[f.loop]
		if spec.close != "" && spec.close == tag {
			w.path = w.path[:at]
			return f.loop, placed
		}
		child, found := w.opens(f.loop, tag, qualifier)
		if found {
			return w.open(at, child)
		}
		single := has(spec.once, tag)
		if !single && !has(spec.many, tag) {
			continue
		}
		if at < last {
			return f.loop, outOfOrder
		}
		if single && slices.Contains(f.seen, tag) {
			return f.loop, twice
		}
		if single {
			f.seen = append(f.seen, tag)
		}
		return f.loop, placed
	}
	return loopTransaction, noPlace
}

func (w *walker) opens(parent loopID, tag, qualifier string) (*loopSpec, bool) {
	for _, id := range w.plan.children[parent] {
		s := &w.plan.specs[id]
		if s.tag == tag && (s.only == "" || has(s.only, qualifier)) && !has(s.not, qualifier) {
			return s, true
		}
	}
	return nil, false
}

func (w *walker) open(at int, child *loopSpec) (loopID, misplaced) {
	f := &w.path[at]
	if child.rank < f.rank {
		return child.id, outOfOrder
	}
	if child.single {
		if slices.Contains(f.had, child.id) {
			return child.id, twice
		}
		f.had = append(f.had, child.id)
	}
	f.rank = child.rank
	// The frame below may have been used before: its lists keep their room.
	w.path = w.path[:at+1]
	if cap(w.path) > at+1 {
		w.path = w.path[:at+2]
		old := &w.path[at+1]
		*old = frame{loop: child.id, had: old.had[:0], seen: old.seen[:0]}
	} else {
		w.path = append(w.path, frame{loop: child.id})
	}
	return child.id, placed
}

// has says whether word stands in a blank-separated list.
func has(list, word string) bool {
	if word == "" {
		return false
	}
	for list != "" {
		var first string
		first, list, _ = strings.Cut(list, " ")
		if first == word {
			return true
		}
	}
	return false
}
