package web

import (
	"net/http"

	"hsconnect/internal/access"
	"hsconnect/internal/web/ui"
)

// routesEntry are the rows of the way in, of one's own account and of what
// everybody may read.
func (s *site) routesEntry() []Route {
	const get, post = http.MethodGet, http.MethodPost
	return []Route{
		{Method: get, Pattern: "/{$}", Gate: Public, Why: "signed out it says what this is; signed in it holds itself to the gate and to the right to view requests",
			Purpose: access.Treatment, Audit: "disclosure", Shows: true, Handle: s.home},
		{Method: get, Pattern: "/login", Gate: Public, Why: "the way in", Audit: "nothing", Handle: s.loginPage},
		{Method: post, Pattern: "/login", Gate: Public, Why: "the way in", Audit: "account event", Handle: s.login},
		{Method: get, Pattern: "/logout", Gate: Public, Why: "asks before it ends the own session", Audit: "nothing", Handle: s.logoutPage},
		{Method: post, Pattern: "/logout", Gate: Public, Why: "ends the own session, or finds none", Audit: "account event", Handle: s.logout},
		{Method: post, Pattern: "/session", Gate: SignedIn, Why: "keeps the own session", Audit: "nothing", Handle: s.stay},

		{Method: get, Pattern: "/agreement", Gate: Public, Why: "the agreement may be read by anybody", Audit: "nothing", Handle: s.agreementPage},
		{Method: get, Pattern: "/agreement/{version}", Gate: Public, Why: "the agreement may be read by anybody", Audit: "nothing", Handle: s.agreementVersion},
		{Method: get, Pattern: "/agreement/declined", Gate: Public, Why: "says what declining means; holds nothing", Audit: "nothing", Handle: s.declinedPage},
		{Method: post, Pattern: "/agreement", Gate: SignedIn, Why: "accepting comes before everything else", Audit: "record entry", Handle: s.accept},
		{Method: post, Pattern: "/agreement/decline", Gate: SignedIn, Why: "declining is open to everybody", Audit: "agreement decline", Handle: s.decline},

		{Method: get, Pattern: "/account", Gate: Accepted, Why: "one's own account", Audit: "nothing", Handle: s.accountPage},
		{Method: post, Pattern: "/account/password", Gate: Accepted, Why: "one's own account", Audit: "account event", Handle: s.changePassword},
		{Method: post, Pattern: "/account/sessions/end", Gate: Accepted, Why: "one's own account", Audit: "account event", Handle: s.endSessions},

		{Method: get, Pattern: "/help", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.helpPage},
		{Method: get, Pattern: "/help/problem", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.problemPage},
		{Method: get, Pattern: "/help/breach", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.breachPage},
		{Method: get, Pattern: "/status", Gate: Public, Why: "the state of the service; it holds no member information", Audit: "nothing", Handle: s.statusPage},

		{Method: get, Pattern: "/healthz", Gate: Public, Why: "says that the process answers", Audit: "nothing", Machine: true, Handle: s.healthz},
		{Method: get, Pattern: "/readyz", Gate: Public, Why: "says that the database answers", Audit: "nothing", Machine: true, Handle: s.readyz},
		{Method: get, Pattern: "/record/checkpoint", Gate: Public, Why: "the signed root of the record, for anybody to keep; it holds no member information",
			Audit: "nothing", Machine: true, Handle: s.checkpoint},
		{Method: get, Pattern: ui.Prefix + "{file...}", Gate: Public, Why: "style, script and fonts, the same for everybody", Audit: "nothing", Machine: true, Handle: s.asset},
	}
}
