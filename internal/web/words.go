package web

import (
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// dueOf tells a request's time limit: how long is left while it is open, and
// that it no longer runs when it is not.
func (c *Call) dueOf(s priorauth.Summary) *kit.Due {
	d := c.Due(s.Received, s.Due)
	if !s.Status.Open() {
		d = c.met(s)
	}
	return &d
}

// met tells the time limit of a request that is decided.
func (c *Call) met(s priorauth.Summary) kit.Due {
	d := kit.DueAt(s.Received, s.Due, s.Decided, c.site.Zone)
	d.At = c.Moment(s.Due)
	if s.Decided.IsZero() {
		d.Urgency, d.Relative = kit.Met, ""
		return d
	}
	if late := s.Decided.Sub(s.Due); late > 0 {
		d.Relative = "decided " + kit.Span(late) + " late"
		return d
	}
	d.Urgency, d.Relative = kit.Met, "decided with "+kit.Span(s.Due.Sub(s.Decided))+" to spare"
	return d
}
