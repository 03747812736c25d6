package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesPlan are the rows of the plan's own pages.
func (s *site) routesPlan() []Route {
	change := func(verb string, p access.Permission, handle func(*Call) error) Route {
		return Route{Method: http.MethodPost, Pattern: "/plan/cases/{number}/" + verb, Gate: Accepted, Side: access.Plan, Permission: p,
			Purpose: access.Operations, Audit: "record entry", Handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Pattern: "/plan", Gate: Accepted, Side: access.Plan, Why: "leads everybody at the plan to their own work",
			Audit: "nothing", Handle: s.planFirst},
		{Method: http.MethodGet, Pattern: "/plan/worklist", Gate: Accepted, Side: access.Plan, Permission: access.WorkCases,
			Why: "initials only: opening a request is what is written down", Audit: "nothing", Handle: s.worklistPage},
		{Method: http.MethodGet, Pattern: "/plan/cases/{number}", Gate: Accepted, Side: access.Plan, Permission: access.WorkCases,
			Purpose: access.Operations, Audit: "disclosure", Shows: true, Handle: s.reviewPage},
		change("take", access.WorkCases, s.takeCase),
		change("release", access.WorkCases, s.releaseCase),
		change("ask", access.WorkCases, s.askOffice),
		change("note", access.WorkCases, s.noteCase),
		change("label", access.WorkCases, s.labelCase),
		change("refer", access.DecideFavorably, s.referCase),
		change("decide", access.DecideFavorably, s.decideCase),
	}
}
