package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesOffice are the rows of the provider office's pages.
func (s *site) routesOffice() []Route {
	look, see, ask, say := access.LookUpMember, access.ViewRequests, access.SubmitRequests, access.SendMessages
	show := func(pattern string, p access.Permission, handle func(*Call) error) Route {
		return Route{Method: http.MethodGet, Pattern: pattern, Gate: Accepted, Side: access.Office, Permission: p, Purpose: access.Treatment,
			Audit: "disclosure", Shows: true, Handle: handle}
	}
	change := func(pattern string, p access.Permission, audit string, handle func(*Call) error) Route {
		return Route{Method: http.MethodPost, Pattern: pattern, Gate: Accepted, Side: access.Office, Permission: p, Purpose: access.Treatment,
			Audit: audit, Handle: handle}
	}
	files := func(r Route) Route { r.Limit = uploadLimit; return r }
	idle := func(r Route) Route { r.Idle = true; return r }
	document := show("/documents/{id}", access.ReadDocuments, s.documentPage)
	document.Side = 0 // offices and the plan open the same address; the domain knows whose it is
	return []Route{
		show("/members/{id}", look, s.memberView),
		show("/authorizations", see, s.authorizationsPage),
		show("/authorizations/new", ask, s.newRequestPage),
		change("/authorizations/new", ask, "disclosure", s.startRequest),
		files(idle(change("/drafts/{draft}", ask, "the draft's version", s.saveDraft))),
		files(change("/drafts/{draft}/lines", ask, "the draft's version", s.draftLines)),
		files(change("/drafts/{draft}/documents", ask, "the document's row", s.draftDocumentsAdd)),
		files(change("/drafts/{draft}/documents/remove", ask, "the document's row", s.draftDocumentsRemove)),
		change("/drafts/{draft}/drop", ask, "the draft's version", s.dropDraft),
		files(idle(change("/authorizations", ask, "record entry", s.submitRequest))),
		show("/authorizations/{number}", see, s.casePage),
		show("/authorizations/{number}/receipt", see, s.receiptPage),
		change("/authorizations/{number}/messages", say, "record entry", s.postMessage),
		change("/authorizations/{number}/cancel", ask, "record entry", s.cancelRequest),
		files(change("/authorizations/{number}/documents", ask, "record entry", s.addDocuments)),
		document,
	}
}
