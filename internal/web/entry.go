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
	return append(s.routesAccount(), []Route{
		{Method: get, Pattern: "/{$}", Gate: Public, Why: "signed out it says what this is; signed in it holds itself to the gate and to the right to view requests",
			Purpose: access.Treatment, Audit: "disclosure", Shows: true, Handle: s.home},
		{Method: get, Pattern: "/login", Gate: Public, Why: "the way in", Audit: "nothing", Handle: s.loginPage},
		{Method: post, Pattern: "/login", Gate: Public, Why: "the way in", Audit: "account event", Handle: s.login},
		{Method: post, Pattern: "/login/passkey/begin", Gate: Public, Why: "the way in", Audit: "nothing", Handle: s.passkeyCheck},
		{Method: post, Pattern: "/login/passkey", Gate: Public, Why: "the way in", Audit: "account event", Handle: s.signInPasskey},
		{Method: get, Pattern: "/login/mfa", Gate: SignedIn, Why: "the second step of the way in", Audit: "nothing", Handle: s.mfaPage},
		{Method: post, Pattern: "/login/mfa", Gate: SignedIn, Why: "the second step of the way in", Audit: "account event", Handle: s.prove},
		{Method: post, Pattern: "/login/mfa/begin", Gate: SignedIn, Why: "the second step of the way in", Audit: "nothing", Handle: s.passkeyCheck},
		{Method: post, Pattern: "/login/mfa/passkey", Gate: SignedIn, Why: "the second step of the way in", Audit: "account event", Handle: s.provePasskey},
		{Method: get, Pattern: "/login/mfa/picture", Gate: SignedIn, Why: "the key of one's own app, while it is set up", Audit: "nothing", Handle: s.factorPicture},
		{Method: post, Pattern: "/login/mfa/app", Gate: SignedIn, Why: "sets up the first second factor, as long as there is none", Audit: "account event", Handle: s.confirmApp},
		{Method: post, Pattern: "/login/mfa/new", Gate: SignedIn, Why: "sets up the first second factor, as long as there is none", Audit: "nothing", Handle: s.passkeyNew},
		{Method: post, Pattern: "/login/mfa/new/passkey", Gate: SignedIn, Why: "sets up the first second factor, as long as there is none", Audit: "account event", Handle: s.firstPasskey},
		{Method: get, Pattern: "/confirm", Gate: Proven, Why: "asks the person again who she is", Audit: "nothing", Handle: s.proveAgainPage},
		{Method: post, Pattern: "/confirm", Gate: Proven, Why: "asks the person again who she is", Audit: "account event", Handle: s.proveAgain},
		{Method: post, Pattern: "/confirm/begin", Gate: Proven, Why: "asks the person again who she is", Audit: "nothing", Handle: s.passkeyCheck},
		{Method: get, Pattern: "/forgot", Gate: Public, Why: "the way back in", Audit: "nothing", Handle: s.forgotPage},
		{Method: post, Pattern: "/forgot", Gate: Public, Why: "the way back in; the answer is the same for everybody", Audit: "account event", Handle: s.forgot},
		{Method: get, Pattern: "/forgot/{token}", Gate: Public, Why: "the single-use link is the proof", Audit: "nothing", Handle: s.resetPage},
		{Method: post, Pattern: "/forgot/{token}", Gate: Public, Why: "the single-use link is the proof", Audit: "account event", Handle: s.reset},
		{Method: get, Pattern: "/logout", Gate: Public, Why: "asks before it ends the own session", Audit: "nothing", Handle: s.logoutPage},
		{Method: post, Pattern: "/logout", Gate: Public, Why: "ends the own session, or finds none", Audit: "account event", Handle: s.logout},
		{Method: post, Pattern: "/session", Gate: SignedIn, Why: "keeps the own session", Audit: "nothing", Handle: s.stay},

		{Method: get, Pattern: "/agreement", Gate: Public, Why: "the agreement may be read by anybody", Audit: "nothing", Handle: s.agreementPage},
		{Method: get, Pattern: "/agreement/{version}", Gate: Public, Why: "the agreement may be read by anybody", Audit: "nothing", Handle: s.agreementVersion},
		{Method: get, Pattern: "/agreement/declined", Gate: Public, Why: "says what declining means; holds nothing", Audit: "nothing", Handle: s.declinedPage},
		{Method: post, Pattern: "/agreement", Gate: Proven, Why: "accepting comes before everything else", Audit: "record entry", Handle: s.accept},
		{Method: post, Pattern: "/agreement/decline", Gate: Proven, Why: "declining is open to everybody", Audit: "agreement decline", Handle: s.decline},

		{Method: get, Pattern: "/help", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.helpPage},
		{Method: get, Pattern: "/help/problem", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.problemPage},
		{Method: get, Pattern: "/help/breach", Gate: Public, Why: "help is for everybody", Audit: "nothing", Handle: s.breachPage},
		{Method: get, Pattern: "/status", Gate: Public, Why: "the state of the service; it holds no member information", Audit: "nothing", Handle: s.statusPage},

		{Method: get, Pattern: "/healthz", Gate: Public, Why: "says that the process answers", Audit: "nothing", Machine: true, Handle: s.healthz},
		{Method: get, Pattern: "/readyz", Gate: Public, Why: "says that the database answers", Audit: "nothing", Machine: true, Handle: s.readyz},
		{Method: get, Pattern: "/record/checkpoint", Gate: Public, Why: "the signed root of the record, for anybody to keep; it holds no member information",
			Audit: "nothing", Machine: true, Handle: s.checkpoint},
		{Method: get, Pattern: ui.Prefix + "{file...}", Gate: Public, Why: "style, script and fonts, the same for everybody", Audit: "nothing", Machine: true, Handle: s.asset},
	}...)
}
