package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesAgreement are the rows of writing, publishing and proving the user
// agreement. Reading and accepting it are with the way in.
func (s *site) routesAgreement() []Route {
	const draft = "/plan/agreements/draft"
	publish := func(method, pattern, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.PublishAgreement,
			Why: why, Audit: audit, Handle: handle}
	}
	working := "a working paper: what is published is an entry of the record, with its bytes"
	return []Route{
		publish(http.MethodGet, "/plan/agreements", "nothing", "versions and counts; it holds no member information", s.agreementsPage),
		publish(http.MethodGet, draft, "nothing", working, s.agreementDraftPage),
		publish(http.MethodPost, draft, "nothing", working, s.saveAgreementDraft),
		publish(http.MethodPost, draft+"/restart", "nothing", working, s.restartAgreementDraft),
		publish(http.MethodPost, draft+"/publish", "record entry", "", s.publishAgreementDraft),
		{Method: http.MethodGet, Pattern: "/plan/agreements/acceptances/{id}", Gate: Accepted, Side: access.Plan,
			Why:   "the agreement shows it to who publishes it, who manages accounts and who reads the record; it holds no member information",
			Audit: "nothing", Handle: s.acceptanceProof},
		{Method: http.MethodGet, Pattern: "/agreement/{version}/certificate", Gate: Proven,
			Why:   "one's own acceptance, to be read and printed at any time (E-04); it holds no member information",
			Audit: "nothing", Handle: s.ownCertificate},
	}
}
