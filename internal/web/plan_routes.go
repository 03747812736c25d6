package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesPlan are the rows of the plan's pages.
func (s *site) routesPlan() []Route {
	work := access.WorkCases
	change := func(pattern string, p access.Permission, handle func(*Call) error) Route {
		return Route{Method: http.MethodPost, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: p, Purpose: access.Operations,
			Audit: "record entry", Handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Pattern: "/plan", Gate: Accepted, Side: access.Plan, Why: "leads each role to its own work, and shows nothing of a member",
			Audit: "nothing", Handle: s.planPage},
		{Method: http.MethodGet, Pattern: "/plan/worklist", Gate: Accepted, Side: access.Plan, Permission: work,
			Audit: "nothing", Why: "initials only; opening a request is what is written down", Handle: s.worklistPage},
		{Method: http.MethodGet, Pattern: "/plan/cases/{number}", Gate: Accepted, Side: access.Plan, Permission: work, Purpose: access.Operations,
			Audit: "disclosure", Shows: true, Handle: s.reviewPage},
		change("/plan/cases/{number}/take", work, s.takeCase),
		change("/plan/cases/{number}/release", work, s.releaseCase),
		change("/plan/cases/{number}/ask", work, s.askOffice),
		change("/plan/cases/{number}/note", work, s.noteCase),
		change("/plan/cases/{number}/refer", access.DecideFavorably, s.referCase),
		change("/plan/cases/{number}/decide", access.DecideFavorably, s.decideCase),
	}
}
