package code

import (
	"slices"
	"strings"

	"hsconnect/internal/civil"
)

// Row is one span of life of one code in the operator's table. A zero From
// is "always was", a zero To is "still is"; both days belong to the span, so
// a code retired on October 1 has the To of September 30.
type Row struct {
	System   System
	Code     string
	Display  string
	From, To civil.Date
}

// State says what a table knows of a code on a day.
type State int

// The states of a code. Only Known carries a display text that holds.
const (
	Known   State = iota + 1 // valid on that day
	Unknown                  // not in the table of its system
	NotYet                   // valid from a later day on
	Ended                    // was valid, and is not any more on that day
	NoTable                  // the operator loaded no table for the system: shape is all that can be checked
)

// String names the state for logs and tests.
func (s State) String() string {
	switch s {
	case Known:
		return "known"
	case Unknown:
		return "unknown"
	case NotYet:
		return "not yet"
	case Ended:
		return "ended"
	case NoTable:
		return "no table"
	}
	return "invalid"
}

// Text says what to do about a code in this state, for the person who typed
// it, and "" when there is nothing to do.
func (s State) Text() string {
	switch s {
	case Unknown:
		return "this code is not in the plan's table: check it for a slip"
	case NotYet:
		return "this code is not valid yet on the date of service: use the code in force that day"
	case Ended:
		return "this code is no longer valid on the date of service: use the code in force that day"
	case Known, NoTable:
		return ""
	}
	return ""
}

// Set answers whether a code is valid on a day. It never changes once made
// and may be used by many at once. The zero Set has no tables.
type Set struct {
	spans  map[key][]Row // by code, in the order of From
	counts map[System]int
}

type key struct {
	system System
	code   string
}

// NewSet makes a Set of rows in any order. Where spans of a code overlap, the
// display of the later one holds.
func NewSet(rows []Row) *Set {
	s := &Set{spans: make(map[key][]Row, len(rows)), counts: map[System]int{}}
	for _, r := range rows {
		k := keyOf(r.System, r.Code)
		if len(s.spans[k]) == 0 {
			s.counts[r.System]++
		}
		s.spans[k] = append(s.spans[k], r)
	}
	for _, spans := range s.spans {
		slices.SortStableFunc(spans, func(a, b Row) int { return a.From.Compare(b.From) })
	}
	return s
}

// Known looks code up as of the day on, which is the date of service and not
// today (T-07; 45 CFR 162.925(c)). The code may be written with or without
// its dot, in any case. Display is that of the span which decided: also of a
// code that ended, so that old cases stay readable; "" when there is none.
func (s *Set) Known(system System, code string, on civil.Date) (Display string, state State) {
	if s.counts[system] == 0 {
		return "", NoTable
	}
	spans := s.spans[keyOf(system, code)]
	if len(spans) == 0 {
		return "", Unknown
	}
	var ended *Row
	for i := len(spans) - 1; i >= 0; i-- {
		r := &spans[i]
		switch {
		case r.From.After(on):
			continue
		case r.To.IsZero() || !r.To.Before(on):
			return r.Display, Known
		case ended == nil || r.To.After(ended.To):
			ended = r
		}
	}
	if ended != nil {
		return ended.Display, Ended
	}
	return spans[0].Display, NotYet
}

// Count gives the number of different codes of a system.
func (s *Set) Count(system System) int { return s.counts[system] }

func keyOf(system System, code string) key {
	return key{system, strings.ReplaceAll(bare(code), ".", "")}
}
