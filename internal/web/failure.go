package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/web/kit"
)

func errNotFound() error {
	return fault.New(fault.NotFound, "There is nothing here, or it is not yours to see. Check the address, or search for the authorization number")
}

// statusOf is the door's one table from fault kind to HTTP status.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// titleOf is the heading of the page that says no.
func titleOf(k fault.Kind) string {
	switch k {
	case fault.Invalid:
		return "Something in the form needs attention"
	case fault.Unauthenticated:
		return "Please sign in"
	case fault.Forbidden:
		return "This is not open to you"
	case fault.NotFound:
		return "Page not found"
	case fault.Conflict:
		return "Somebody else was first"
	case fault.TooLarge:
		return "This is too large"
	case fault.TooMany:
		return "Too often"
	case fault.Unavailable:
		return "The portal cannot answer right now"
	case fault.Internal:
		return "Something went wrong on our side"
	}
	return "Something went wrong on our side"
}

// fail answers with an error: by its kind, and never with its cause.
func (c *Call) fail(err error) {
	err = c.sorted(err)
	kind := fault.KindOf(err)
	if kind == fault.Internal || kind == fault.Unavailable {
		c.logCause("request failed", err)
	}
	if c.begun {
		panic(http.ErrAbortHandler) // a part has been sent: the rest must not look whole
	}
	status := statusOf(kind)
	if kind == fault.Unavailable {
		c.w.Header().Set("Retry-After", "10")
	}
	if kind == fault.TooMany {
		c.w.Header().Set("Retry-After", "60")
	}
	if c.Route.Machine || c.WantsJSON() {
		_ = c.JSON(status, c.forPrograms(kind, err)) // a map of strings has no way to fail
		return
	}
	if c.elsewhere(kind, err) {
		return
	}
	text, reference := c.forPeople(kind, err)
	bad := c.failure(status, titleOf(kind), sentence(text), reference)
	if bad != nil {
		c.logCause("error page not rendered", bad)
		_ = c.Text(status, titleOf(kind)+". Reference "+c.Reference+"\n") // it has no way to fail
	}
}

// forPeople gives what a page says of an error, and the reference to read out
// where the error is ours.
func (c *Call) forPeople(kind fault.Kind, err error) (text, reference string) {
	if kind == fault.Internal {
		return "It is not your fault, and nothing was half saved. Go back and try once more. If it happens again, tell the HelpDesk this reference.", c.Reference
	}
	if kind == fault.Unavailable {
		return fault.Text(err) + ". What you typed is not lost: go back and send it again in a moment.", c.Reference
	}
	return problemsInWords(err), ""
}

// sorted gives errors of the transport their kind.
func (c *Call) sorted(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.Wrap(fault.TooLarge, err, "What was sent is larger than this page takes: at most "+kit.Bytes(large.Limit))
	case c.Context().Err() != nil && fault.KindOf(err) == fault.Internal:
		return fault.Wrap(fault.Unavailable, err, "The request was broken off")
	}
	return err
}

// elsewhere leads to the sign-in page or the agreement instead of a page that
// says no.
func (c *Call) elsewhere(kind fault.Kind, err error) bool {
	read := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	switch {
	case kind == fault.Unauthenticated:
		next := c.r.URL.RequestURI()
		if !read {
			next = c.referer()
		}
		_ = c.SignInAgain(next) // Redirect has no error to give
		return true
	case gatePath(err) != "" && read:
		_ = c.Redirect(withNext(gatePath(err), c.r.URL.RequestURI()))
		return true
	case errors.Is(err, errGate) && c.acceptedBefore():
		return c.hold(err)
	}
	if m, ok := glass.Member(err); ok {
		return c.glassNeeded(m)
	}
	return false
}

// hold keeps a form that came while a new agreement was published, so that it
// can be sent afterwards. Files cannot be held: then the plain answer stands,
// and the way back in the browser.
func (c *Call) hold(err error) bool {
	if c.WantsJSON() || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return false
	}
	f, ferr := c.Form()
	if ferr != nil {
		return false
	}
	return c.Show(Page{Status: statusOf(fault.KindOf(err)), Title: "One step first",
		Body: heldBody(c.r.URL.RequestURI(), heldFields(f), "Read and accept the new user agreement", gatePath(err))}) == nil
}

// referer is the page of ours that a form was sent from, or "".
func (c *Call) referer() string {
	from := c.r.Referer()
	_, path, ok := strings.Cut(from, "://"+c.r.Host)
	if !ok || !strings.HasPrefix(path, "/") {
		return ""
	}
	return path
}

func (c *Call) forPrograms(kind fault.Kind, err error) map[string]string {
	out := map[string]string{"error": problemsInWords(err)}
	if kind == fault.Internal || kind == fault.Unavailable {
		out["reference"] = c.Reference
	}
	return out
}

func problemsInWords(err error) string {
	found := fault.Problems(err)
	if len(found) == 0 {
		return fault.Text(err)
	}
	texts := make([]string, len(found))
	for i, p := range found {
		texts[i] = sentence(p.Text)
	}
	return strings.Join(texts, " ")
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// failure answers with a page that says no and where to go from here.
func (c *Call) failure(status int, title, text, reference string) error {
	do := []kit.Link{{Text: "Go to the first page", Href: "/"}}
	switch {
	case c.SignedIn() && !c.Idle && gatePath(c.due(Accepted)) != "":
		do = []kit.Link{{Text: gateText(c.due(Accepted)), Href: gatePath(c.due(Accepted))}}
	case c.SignedIn() && c.Actor.Side == access.Office && c.accepted:
		do = append(do, kit.Link{Text: "Authorizations", Href: "/authorizations"})
		if status == http.StatusNotFound && glass.MayEmergency(c.Actor) == nil {
			do = append(do, kit.Link{Text: "A patient in an emergency", Href: emergencyPath})
		}
	case c.SignedIn() && c.accepted:
		do = append(do, kit.Link{Text: "Worklist", Href: "/plan/worklist"})
	}
	do = append(do, kit.Link{Text: "Ask the HelpDesk", Href: "/help"})
	return c.Show(Page{Status: status, Title: title, Body: kit.Failure(kit.FailureProps{Title: title, Text: text, Reference: reference, Do: do})})
}

func gateText(err error) string {
	switch gatePath(err) {
	case "/login/mfa":
		return "Prove that it is you"
	case "/account/password":
		return "Choose a new password"
	}
	return "Read and accept the agreement"
}

// survive turns a panic into the page for errors of ours.
func (c *Call) survive() {
	p := recover() //nolint:revive // it is deferred by serve, one level up
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	stack := make([]byte, 16<<10)
	stack = stack[:runtime.Stack(stack, false)]
	c.site.Log.ErrorContext(c.Context(), "panic in a handler", slog.String("reference", c.Reference), slog.String("route", c.Route.name()),
		slog.String("value", masked(fmt.Sprint(p))), slog.String("stack", string(stack)))
	c.fail(fault.Wrap(fault.Internal, errPanic, "Something went wrong on our side"))
}

var errPanic = errors.New("panic in a handler")

func (rt Route) name() string { return strings.TrimSpace(rt.Method + " " + rt.Pattern) }

// logCause logs why an answer could not be given, under the reference that
// the page shows: the kinds of the errors and their words, without anything
// that might be somebody's data.
func (c *Call) logCause(message string, err error) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) {
		level = slog.LevelDebug // the browser has gone
	}
	c.site.Log.LogAttrs(c.Context(), level, message, //nolint:sloglint // every caller gives a constant
		slog.String("reference", c.Reference), slog.String("route", c.Route.name()), slog.Any("who", c.Actor),
		slog.String("kind", fault.KindOf(err).String()), slog.String("cause", causeOf(err)))
}
