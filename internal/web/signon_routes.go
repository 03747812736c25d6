package web

import (
	"net/http"

	"hsconnect/internal/access"
	"hsconnect/internal/signon"
)

const (
	signOnPath    = "/login/organization"
	ownSignOnPath = "/account/provider"
)

// routesSignOn are the rows of signing in through an organization's own
// identity provider, of linking one's account to it, and of setting it up.
func (s *site) routesSignOn() []Route {
	const get, post, event = http.MethodGet, http.MethodPost, "sign-on event"
	row := func(method, pattern string, gate Gate, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: gate, Why: why, Audit: audit, Handle: handle}
	}
	staff := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ManageOrganizations,
			Why: "how an organization's people sign in; it holds no member information", Audit: audit, Handle: handle}
	}
	const way, invited, own = "the way in through one's organization", "the link in a mail is the secret, and works once", "one's own account"
	const office, plan = "/plan/organizations/{org}/provider", "/plan/provider"
	return []Route{
		row(get, signOnPath, Public, "nothing", way, s.signOnPage),
		row(post, signOnPath, Public, "nothing", way, s.signOnBegin),
		row(get, signon.AnswerPath, Public, event, way+": what the provider sends the browser back with", s.signOnAnswer),
		row(get, "/invite/{token}/provider", Public, "nothing", invited, s.signOnInvitePage),
		row(post, "/invite/{token}/provider", Public, "nothing", invited, s.signOnInvite),
		row(get, ownSignOnPath, Accepted, "nothing", own, s.ownSignOnPage),
		row(post, ownSignOnPath, Accepted, event, own, s.ownSignOn),
		staff(get, office, "nothing", s.officeProviderPage),
		staff(post, office, event, s.officeProvider),
		staff(post, office+"/disable", event, s.disableOfficeProvider),
		staff(get, plan, "nothing", s.planProviderPage),
		staff(post, plan, event, s.planProvider),
		staff(post, plan+"/disable", event, s.disablePlanProvider),
	}
}
