package web

import "net/http"

// routesAccount are the rows of one's own account. Leaving opens also to who
// has not accepted the agreement: it is a way of not agreeing (clause 8).
func (s *site) routesAccount() []Route {
	own := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Why: "one's own account", Audit: audit, Handle: handle}
	}
	before := func(method, pattern, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Proven, Why: why, Audit: audit, Handle: handle}
	}
	const get, post, event = http.MethodGet, http.MethodPost, "account event"
	const leaving = "one's own account; leaving is open to who does not accept the agreement, too"
	return []Route{
		own(get, accountPath, "nothing", s.accountPage),
		before(get, "/account/password", "nothing", "a new password comes before everything else", s.mustChangePage),
		before(post, "/account/password", event, "one's own account", s.changePassword),
		own(get, securityPath, "nothing", s.securityPage),
		own(get, appPath, "nothing", s.newAppPage),
		own(post, appPath, event, s.newApp),
		own(post, appPath+"/remove", event, s.removeApp),
		own(post, securityPath+"/passkeys/begin", "nothing", s.passkeyNew),
		own(post, securityPath+"/passkeys", event, s.addPasskey),
		own(post, securityPath+"/passkeys/{passkey}/remove", event, s.removePasskey),
		own(post, securityPath+"/codes", event, s.newCodes),
		own(get, sessionsPath, "nothing", s.sessionsPage),
		own(post, sessionsPath+"/{session}/end", event, s.endOneSession),
		own(post, sessionsPath+"/others", event, s.endOtherSessions),
		own(post, sessionsPath+"/end", event, s.endSessions),
		own(get, organizationsPath, "nothing", s.workplacesPage),
		own(post, organizationsPath, event, s.workForOrganization),
		before(get, leavePath, "nothing", leaving, s.leavePage),
		before(post, leavePath, event, leaving, s.leave),
		{Method: get, Pattern: goodbyePath, Gate: Public, Why: "says that the account is closed; holds nothing", Audit: "nothing", Handle: s.goodbyePage},
	}
}
