package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// Addresses of these pages.
const (
	programsPath     = "/office/programs"
	planProgramsPath = "/plan/programs"
	tokenPath        = "/oauth/token" //nolint:gosec // an address
)

// routesClient are the rows of programs: their own door, the pages of the
// office that has them, and those of the plan's staff.
func (s *site) routesClient() []Route {
	own := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: programsPath + pattern, Gate: Accepted, Side: access.Office, Permission: access.ManageOffice,
			Why: "an office's programs; it holds no member information", Audit: audit, Handle: handle}
	}
	staff := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: planProgramsPath + pattern, Gate: Accepted, Side: access.Plan, Permission: access.SuspendAccess,
			Why: "offices' programs; it holds no member information", Audit: audit, Handle: handle}
	}
	const get, post, event = http.MethodGet, http.MethodPost, "program event"
	return []Route{
		{Method: post, Pattern: tokenPath, Gate: Public, Why: "the program's id and secret prove who comes", Audit: event, Limit: 16 << 10,
			Machine: true, Programs: true, Handle: s.oauthToken},
		{Method: get, Pattern: "/api/whoami", Gate: Public, Why: "the program's token proves who comes; it tells the program about itself", Audit: "nothing", Machine: true, Handle: s.whoami},
		own(get, "", "nothing", s.programsPage),
		own(post, "", event, s.registerProgram),
		own(get, "/{client}", "nothing", s.programPage),
		own(post, "/{client}/secret", event, s.newProgramSecret),
		own(post, "/{client}/end", event, s.endProgram),
		own(get, "/{client}/agreement", "nothing", s.programAgreementPage),
		own(post, "/{client}/agreement", "record entry", s.acceptForProgram),
		staff(get, "", "nothing", s.planProgramsPage),
		staff(get, "/{client}", "nothing", s.planProgramPage),
		staff(post, "/{client}/suspend", event, s.suspendProgram),
		staff(post, "/{client}/reinstate", event, s.reinstateProgram),
		staff(post, "/{client}/cancel", event, s.cancelProgram),
	}
}
