package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesClaims are the rows of an office's pages about claims.
func (s *site) routesClaims() []Route {
	row := func(method, pattern string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Office, Permission: access.ViewClaims, Purpose: access.Payment,
			Audit: "disclosure", Shows: true, Handle: handle}
	}
	return []Route{
		row(http.MethodGet, "/claims", s.claimsPage),
		row(http.MethodPost, "/claims", s.claimsSearch),
		row(http.MethodGet, "/claims/{id}", s.claimPage),
	}
}
