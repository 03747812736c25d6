// Package web is the portal's pages: it reads what a browser sends, calls one
// service, and renders one page. No rule of the business lives here. It
// promises that
//
//   - an address exists only as a row of the endpoint table, which says who
//     may come in, why, and what is written down (style rule 10);
//   - nothing opens before somebody is signed in and has accepted the current
//     agreement, but for what the table calls public (the agreement's opening);
//   - a page is rendered whole before its first byte is sent, works without
//     script, and is never kept by a cache;
//   - what a form holds is never lost to a mistake: a refused form comes back
//     with everything typed and what to do beside each field;
//   - an error that is not meant for people shows a reference and nothing
//     else, and neither answer nor log holds member data.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/agreement"
	"hsconnect/internal/claim"
	"hsconnect/internal/client"
	"hsconnect/internal/codeset"
	"hsconnect/internal/coverage"
	"hsconnect/internal/document"
	"hsconnect/internal/glass"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
	"hsconnect/internal/memberpage"
	"hsconnect/internal/minimum"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
	"hsconnect/internal/review"
	"hsconnect/internal/signon"
	"hsconnect/internal/watch"
	"hsconnect/internal/web/kit"
)

// Deps is what the pages stand on. All but Demo, Secure, Version, Address and
// Log are required.
type Deps struct {
	Accounts   *account.Service
	SignOn     *signon.Service
	Admission  *admission.Service
	Agreements *agreement.Service
	Clients    *client.Service
	Intake     *intake.Service
	Coverage   *coverage.Service
	Claims     *claim.Service
	Providers  *provider.Service
	Codes      *codeset.Service
	Priorauth  *priorauth.Service
	Review     *review.Service
	Documents  *document.Service
	Record     *record.Log
	Watch      *watch.Service
	Minimum    *minimum.Service
	Glass      *glass.Service
	Members    *member.Keeper
	Printout   *printout.Service
	MemberPage *memberpage.Service
	Privacy    *privacy.Service

	Zone *time.Location   // the plan's: every time on a page is told in it
	Now  func() time.Time // the portal's clock
	Log  *slog.Logger     // nil: nothing is logged
	Plan PlanInfo
	Demo bool // pages say that the plan is made up
	// Hint gives what the authenticator app of somebody in a made-up plan
	// shows now. nil in earnest, and without Demo it is not asked.
	Hint    func(username string) string
	Site    string // the portal's own address, for links in mails: "https://portal.example.org"
	Secure  bool   // browsers reach the portal over TLS, here or at a proxy
	Version string // shown in the footer and on the status page
	Ready   func(context.Context) error
	// LinkSignOn makes what an identity provider calls somebody the person's own.
	LinkSignOn func(ctx context.Context, who access.Actor, i signon.Identity) error

	// Address gives the network address of whoever sent r, without a port.
	// nil: the other end of the connection, which behind a proxy is the proxy.
	Address func(r *http.Request) string
}

// PlanInfo is what the pages say about the plan.
type PlanInfo struct {
	Name     string
	HelpDesk HelpDesk
}

// HelpDesk is how to reach the plan's HelpDesk (clause 5 of the agreement).
type HelpDesk = kit.HelpDesk

// site is the pages over the services.
type site struct {
	Deps
	cross *http.CrossOriginProtection
	mux   *http.ServeMux
	table []Route
}

var errDeps = errors.New("web: a service, the clock or the time zone is missing")

// New makes the handler of every page. An endpoint row that breaks the rules
// of the table is an error.
func New(d Deps) (http.Handler, error) {
	if d.Accounts == nil || d.SignOn == nil || d.LinkSignOn == nil || d.Admission == nil || d.Agreements == nil || d.Clients == nil ||
		d.Coverage == nil || d.Providers == nil || d.Codes == nil || d.Priorauth == nil || d.Review == nil || d.Documents == nil || d.Record == nil ||
		d.Watch == nil || d.Privacy == nil || d.Printout == nil || d.MemberPage == nil || d.Minimum == nil || d.Glass == nil || d.Members == nil || d.Intake == nil || d.Claims == nil || d.Zone == nil || d.Now == nil ||
		d.Ready == nil {
		return nil, errDeps
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Address == nil {
		d.Address = peer
	}
	s := &site{Deps: d, cross: http.NewCrossOriginProtection()}
	err := s.register()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.harden(w.Header())
	s.mux.ServeHTTP(w, r)
}
