package demo

import (
	"sync"
	"time"
)

// Clock is the clock of a demo's database. It goes with the machine's until
// Build sets it back to tell the plan's past in order, and goes with the
// machine's again afterwards.
type Clock struct {
	real func() time.Time

	mu   sync.Mutex
	held time.Time
}

// NewClock gives a clock that goes with real.
func NewClock(real func() time.Time) *Clock { return &Clock{real: real} }

// Now gives the time it was set to, or the real one.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held.IsZero() {
		return c.real()
	}
	return c.held
}

// Hold lets the clock stand at t until the next Hold or Go.
func (c *Clock) Hold(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = t
}

// Go lets the clock go with the real one again.
func (c *Clock) Go() { c.Hold(time.Time{}) }
