package web

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

// cookieName is the session cookie's. With TLS the browser itself holds the
// cookie to this host, to "/" and to encrypted connections.
func (s *site) cookieName() string {
	if s.Secure {
		return "__Host-hsconnect"
	}
	return "hsconnect"
}

// token gives the session's secret that the browser sent, or "".
func (s *site) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) > 200 {
		return ""
	}
	return c.Value
}

// setToken gives the browser a session, or takes it back with "".
func (c *Call) setToken(token string) {
	cookie := &http.Cookie{ //nolint:gosec // plain HTTP is served on loopback only
		Name: c.site.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: c.site.Secure,
		// Lax: a link in a mail opens the page, a form elsewhere sends nothing.
		SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.w, cookie)
}

// identify finds out who is there. On a public page a session that is over,
// or that cannot be read right now, is as none.
func (c *Call) identify() error {
	if c.Route.Machine && c.Route.Gate == Public {
		return nil
	}
	c.token = c.site.token(c.r)
	if c.token == "" {
		return c.strangers(fault.New(fault.Unauthenticated, "Please sign in"))
	}
	session, err := c.site.Accounts.Session(c.Context(), c.token, c.address)
	if fault.Is(err, fault.Unauthenticated) && c.Route.Idle {
		who, idleErr := c.site.Accounts.IdleSession(c.Context(), c.token)
		if idleErr == nil {
			c.Actor, c.Idle = who, true
			c.Actor.Address = c.address
			return c.agreed()
		}
	}
	if err != nil {
		return c.strangers(err)
	}
	c.Actor, c.Session = session.Actor, session
	return c.agreed()
}

// strangers lets nobody in particular pass where the gate is public.
func (c *Call) strangers(err error) error {
	if c.Route.Gate != Public {
		return err
	}
	if !fault.Is(err, fault.Unauthenticated) {
		c.logCause("session not read", err)
		c.lost = err
	}
	return nil
}

func (c *Call) agreed() error {
	ok, err := c.site.Agreements.Accepted(c.Context(), c.Actor)
	if err != nil {
		return c.strangers(err)
	}
	c.accepted = ok
	return nil
}

// pass holds the request to a gate and to what the actor may.
func (c *Call) pass(g Gate) error {
	if g == Public {
		return nil
	}
	if !c.SignedIn() {
		return fault.New(fault.Unauthenticated, "Please sign in")
	}
	err := c.due(g)
	if err != nil && (!c.Route.Idle || !c.mayKeep(err)) {
		return err
	}
	switch {
	case c.Route.Side == 0 || c.Route.Side == c.Actor.Side:
	case c.Route.Side == access.Plan:
		return fault.New(fault.Forbidden, "This page is for the plan's own staff. Ask the HelpDesk if you need something done")
	default:
		return fault.New(fault.Forbidden, "This page is for provider offices. Ask the HelpDesk if an office needs something done")
	}
	if c.Route.Permission == "" {
		return nil
	}
	return c.Actor.May(c.Route.Permission)
}

// What comes before everything else; see fail.
var (
	errFactorGate   = fault.New(fault.Forbidden, "Prove that it is you with your second factor first: nothing else opens before")
	errPasswordGate = fault.New(fault.Forbidden, "Choose a new password first: nothing else opens before")
	errGate         = fault.New(fault.Forbidden, "Accept the user agreement first: nothing else opens before")
)

// due gives what the person has to do before the gate opens (N-02, A-05, A-01).
func (c *Call) due(g Gate) error {
	switch {
	case g < Proven:
		return nil
	case c.Idle: // it was proven, and only keeps a draft
		if !c.accepted && !c.acceptedBefore() {
			return errGate
		}
		return nil
	case !c.Session.Proven:
		return errFactorGate
	case g < Accepted:
		return nil
	case c.Session.MustChange:
		return errPasswordGate
	case !c.accepted:
		return errGate
	}
	return nil
}

// gatePath is where what is due is done.
func gatePath(err error) string {
	switch {
	case errors.Is(err, errFactorGate):
		return "/login/mfa"
	case errors.Is(err, errPasswordGate):
		return "/account/password"
	case errors.Is(err, errGate):
		return "/agreement"
	}
	return ""
}

// mayKeep lets a draft be kept, and nothing be shown, where a new version of
// the agreement was published in the middle of work.
func (c *Call) mayKeep(err error) bool {
	if !errors.Is(err, errGate) || !c.acceptedBefore() {
		return false
	}
	c.Idle = true
	return true
}

func (c *Call) acceptedBefore() bool {
	mine, err := c.site.Agreements.Mine(c.Context(), c.Actor)
	return err == nil && len(mine) > 0
}

// sameOrigin refuses what another site makes a browser send. Browsers mark
// what they send; a request that changes something and carries no mark at all
// does not come from one of our pages (V-09, OWASP ASVS 5.0 3.5.1).
func (c *Call) sameOrigin() error {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		return nil
	}
	refused := fault.New(fault.Forbidden, "This form was not sent from a page of the portal. Open the page again and send it from there. "+
		"A program has to send the header Origin with the portal's own address")
	err := c.site.cross.Check(c.r)
	if err != nil {
		return refused
	}
	if c.Route.Programs || c.r.Header.Get("Sec-Fetch-Site") != "" || c.r.Header.Get("Origin") != "" {
		return nil
	}
	from, err := url.Parse(c.r.Header.Get("Referer"))
	if err != nil || from.Host == "" || from.Host != c.r.Host {
		return refused
	}
	return nil
}

// peer is the other end of the connection.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

const longestNext = 2000

// localPath gives a place within the portal to go to, or "" for anything that
// might lead elsewhere. A field to return to may stand behind "#".
func localPath(next string) string {
	if len(next) > longestNext || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return ""
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return ""
	}
	switch u.Path {
	case "/login", "/login/mfa", "/logout", "/session", "/confirm":
		return ""
	}
	next = u.String()
	if len(next) > longestNext { // escaping makes it longer
		return ""
	}
	return next
}

// withNext gives an address that leads on to next.
func withNext(path, next string) string {
	next = localPath(next)
	if next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}
