package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"hsconnect/internal/access"
)

// Gate is how far somebody must be in to pass.
type Gate int

// The gates. The zero Gate lets nobody pass.
const (
	Public   Gate = iota + 1 // anybody; whoever is signed in is known all the same
	SignedIn                 // somebody who gave a password, and nothing else yet
	Proven                   // signed in with both factors, before the agreement too
	Accepted                 // proven, no new password is due, and the current agreement is accepted
)

// Route is a row of the endpoint table. There is no address without one.
type Route struct {
	Method  string // GET also answers HEAD
	Pattern string // as http.ServeMux reads it: "/members/{id}"
	Gate    Gate

	// Side lets only one side in; 0 both.
	Side access.Side
	// Permission is what the actor must have. Where it is empty, Why says why
	// none is needed.
	Permission access.Permission
	Why        string

	// Purpose is why member information is used, where it is.
	Purpose access.Purpose
	// Audit says what is written down when this succeeds, and by whom:
	// "disclosure", "record entry", "account event"; or "nothing" with the
	// reason in Why.
	Audit string
	// Shows says that the answer holds member information.
	Shows bool

	Limit   int64 // most bytes of a body; 0 is 1 MB
	Idle    bool  // also takes a session that ended by idleness: a draft save, nothing else
	Machine bool  // answers programs: no page, no redirect, no session looked at when Public
	// Programs lets programs send without the mark of one of our pages. No
	// cookie counts there, so no other site gains by sending.
	Programs bool
	Handle   func(*Call) error
}

// routes is the endpoint table.
func (s *site) routes() []Route {
	return slices.Concat(s.routesEntry(), s.routesOffice(), s.routesLookup(), s.routesPlan(), s.routesAdmission(), s.routesAgreement(), s.routesWatch(),
		s.routesSignOn(), s.routesClient(), s.routesFields(), s.routesGlass(), s.routesRestrictions(), s.routesImports(), s.routesBenefits(),
		s.routesClaims(), s.routesPrint(), s.routesPrivacy())
}

const normalLimit = 1 << 20

func (s *site) register() error {
	s.mux = http.NewServeMux()
	s.table = s.routes()
	for _, rt := range s.table {
		err := rt.check()
		if err != nil {
			return err
		}
		err = s.add(rt)
		if err != nil {
			return err
		}
	}
	// What no row answers. It holds nothing and lets nobody do anything.
	s.mux.Handle("/", s.serve(Route{Pattern: "/", Gate: Public, Why: "says that there is no such page", Audit: "nothing", Handle: s.nowhere}))
	return nil
}

// add puts a row into the mux, which panics when two patterns overlap.
func (s *site) add(rt Route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("web: endpoint %s: %v", rt.name(), p)
		}
	}()
	s.mux.Handle(rt.name(), s.serve(rt))
	return nil
}

func (rt Route) check() error {
	fail := func(text string) error { return fmt.Errorf("web: endpoint %s %s: %s", rt.Method, rt.Pattern, text) }
	switch {
	case rt.Method != http.MethodGet && rt.Method != http.MethodPost:
		return fail("pages are read by GET and changed by POST")
	case rt.Pattern == "" || rt.Handle == nil || rt.Gate < Public || rt.Gate > Accepted:
		return fail("has no pattern, gate or handler")
	case rt.Permission == "" && rt.Why == "":
		return fail("needs a permission, or a reason why not")
	case rt.Audit == "":
		return fail("does not say what is written down")
	case rt.Shows && rt.Purpose == "":
		return fail("shows member information for no purpose")
	case rt.Programs && (!rt.Machine || rt.Gate != Public):
		return fail("takes what any site sends, and looks at a session")
	case rt.Permission != "" && rt.Gate != Accepted:
		return fail("a permission counts only behind the agreement")
	}
	return nil
}

// nowhere answers an address that no row knows: 404, or 405 where only the
// method is wrong.
func (s *site) nowhere(c *Call) error {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := c.r.Clone(c.Context())
		other.Method = method
		_, pattern := s.mux.Handler(other)
		if pattern != "/" && pattern != "" {
			allow = append(allow, method)
		}
	}
	if len(allow) > 0 {
		if allow[0] == http.MethodGet {
			allow = slices.Insert(allow, 1, http.MethodHead)
		}
		c.w.Header().Set("Allow", strings.Join(allow, ", "))
		return c.failure(http.StatusMethodNotAllowed, "This address does not work that way", "Open it as a page, or go back and use the button there.", "")
	}
	return errNotFound()
}
