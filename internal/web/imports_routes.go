package web

import (
	"net/http"

	"hsconnect/internal/access"
)

const importsPath = "/plan/imports"

// routesImports are the rows of files that came in.
func (s *site) routesImports() []Route {
	const noMember = "names of files and counts; it holds no member information"
	row := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: importsPath + pattern, Gate: Accepted, Side: access.Plan, Permission: access.ImportData,
			Why: noMember, Audit: audit, Handle: handle}
	}
	return []Route{
		row(http.MethodGet, "", "nothing", s.importsPage),
		row(http.MethodGet, "/{held}", "nothing", s.heldPage),
		row(http.MethodPost, "/{held}/approve", "record entry", s.approveHeld),
		row(http.MethodPost, "/{held}/again", "record entry", s.againHeld),
		row(http.MethodPost, "/{held}/refuse", "record entry", s.refuseHeld),
	}
}
