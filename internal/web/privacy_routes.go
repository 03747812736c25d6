package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// Addresses of the privacy officer's pages.
const (
	privacyPath         = "/plan/privacy"
	ledgerPath          = privacyPath + "/ledger"
	privacyRequestsPath = privacyPath + "/requests"
	outsidePath         = privacyPath + "/outside"
	visitsPath          = privacyPath + "/visits"
)

// routesPrivacy are the rows of the privacy officer's desk: what waits, the
// ledger, what members ask for, and what was disclosed outside the portal.
func (s *site) routesPrivacy() []Route {
	read := func(pattern string, p access.Permission, handle func(*Call) error) Route {
		return Route{Method: http.MethodGet, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: p, Purpose: access.Operations,
			Audit: "disclosure", Shows: true, Handle: handle}
	}
	plain := func(pattern, why string, handle func(*Call) error) Route {
		return Route{Method: http.MethodGet, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Why: why, Audit: "nothing", Handle: handle}
	}
	change := func(pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: http.MethodPost, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Purpose: access.Operations, Audit: audit, Handle: handle}
	}
	one, member := privacyRequestsPath+"/{id}", outsidePath+"/{member}"
	return []Route{
		plain(privacyPath, "what waits, in words that name no member", s.privacyDesk),
		change(privacyPath+"/signoff", "record entry", s.signOffWeek),
		read(ledgerPath, access.ReadDisclosures, s.ledgerPage),
		change(ledgerPath, "disclosure", s.ledgerMember),
		plain(privacyRequestsPath, "what is asked for and when it is due; no member is named", s.privacyRequests),
		plain(privacyRequestsPath+"/new", "an empty form", s.newPrivacyRequest),
		change(privacyRequestsPath+"/new", "record entry and disclosure", s.openPrivacyRequest),
		read(one, access.ReviewPrivacy, s.privacyRequest),
		change(one+"/{verb}", "record entry and disclosure", s.changePrivacyRequest),
		read(one+"/accounting", access.ReviewPrivacy, s.accountingPage),
		read(one+"/accounting/{form}", access.ReviewPrivacy, s.accountingFile),
		read(visitsPath+"/{id}", access.ReviewPrivacy, s.visitReviewPage),
		change(visitsPath+"/{id}", "review of the statement", s.reviewVisit),
		plain(outsidePath+"/new", "an empty form", s.newOutside),
		change(outsidePath+"/new", "record entry and disclosure", s.recordOutside),
		read(member, access.ReviewPrivacy, s.outsidePage),
		change(member+"/{line}/{verb}", "record entry", s.changeOutside),
	}
}
