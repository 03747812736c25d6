package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// Addresses of these pages.
const (
	accountsPath    = "/plan/accounts"
	incidentsPath   = "/plan/incidents"
	rulesPath       = "/plan/incidents/rules"
	compromisedPath = "/account/compromised"
)

// routesWatch are the rows of looking after accounts: what staff see and do,
// the incidents, and the one press of somebody whose password is known.
func (s *site) routesWatch() []Route {
	const noMember = "accounts, counts and networks; it holds no member information"
	plan := func(method, pattern string, p access.Permission, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: p, Why: why, Audit: audit, Handle: handle}
	}
	return []Route{
		plan(http.MethodGet, accountsPath, access.SuspendAccess, "nothing", noMember, s.accountsPage),
		plan(http.MethodGet, accountsPath+"/{person}", access.SuspendAccess, "nothing", noMember, s.accountFilePage),
		plan(http.MethodPost, accountsPath+"/{person}", access.SuspendAccess, "account event", "", s.changeAccount),
		plan(http.MethodGet, incidentsPath, access.SuspendAccess, "nothing", noMember, s.incidentsPage),
		plan(http.MethodGet, rulesPath, access.SuspendAccess, "nothing", noMember, s.rulesPage),
		plan(http.MethodPost, rulesPath, access.TuneRules, "change of a rule", "", s.tuneRule),
		plan(http.MethodGet, incidentsPath+"/{id}", access.SuspendAccess, "nothing", noMember, s.incidentPage),
		plan(http.MethodPost, incidentsPath+"/{id}", access.SuspendAccess, "step of the incident", "", s.reviewIncident),
		plan(http.MethodPost, incidentsPath+"/{id}/let", access.SuspendAccess, "step of the incident", "", s.letLookUps),
		plan(http.MethodGet, incidentsPath+"/{id}/opened", access.ReadDisclosures, "step of the incident",
			"lines of the ledger with references only; no name or other fact of a member", s.incidentOpenedPage),
		{Method: http.MethodGet, Pattern: compromisedPath, Gate: SignedIn, Why: "about one's own account, and urgent: before the second factor too",
			Audit: "nothing", Handle: s.compromisedPage},
		{Method: http.MethodPost, Pattern: compromisedPath, Gate: Public, Why: "works for a session of one's own only; pressed twice, the session has ended in between",
			Audit: "account event", Handle: s.compromised},
		{Method: http.MethodGet, Pattern: compromisedPath + "/next", Gate: Public, Why: "says what happens next to somebody who was just signed out; the same text for everybody",
			Audit: "nothing", Handle: s.compromisedNext},
	}
}
