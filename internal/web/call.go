package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// Call is one request on its way through a handler, which reads from it what
// was sent, and answers with exactly one of Show, Redirect, JSON, Text, Send,
// or by returning an error.
type Call struct {
	Route     Route
	Actor     access.Actor    // who; the zero Actor on a public page that nobody is signed in to
	Session   account.Session // zero when Idle
	Idle      bool            // the session has ended by idleness: save the draft, then SignInAgain
	Reference string          // names this request in the log, and on a page that reports an error

	site     *site
	w        http.ResponseWriter
	r        *http.Request
	token    string
	address  string
	accepted bool
	lost     error // why a public page does not know who is there, though somebody may be
	begun    bool  // the answer is on its way
}

// serve makes the handler of a row: every request passes the same steps.
func (s *site) serve(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &Call{Route: rt, Reference: newReference(), site: s, w: w, r: r, address: s.Address(r)}
		defer c.survive()
		err := c.run()
		if err != nil {
			c.fail(err)
		}
	})
}

func (c *Call) run() error {
	limit := c.Route.Limit
	if limit == 0 {
		limit = normalLimit
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, limit)
	err := c.sameOrigin()
	if err != nil {
		return err
	}
	err = c.identify()
	if err != nil {
		return err
	}
	err = c.pass(c.Route.Gate)
	if err != nil {
		return err
	}
	return c.Route.Handle(c)
}

// newReference is short enough to be read out over the phone.
func newReference() string {
	text := rand.Text() // 26 characters of A-Z and 2-7
	return text[:4] + "-" + text[4:8]
}

// Context ends when the browser has gone.
func (c *Call) Context() context.Context { return c.r.Context() }

// SignedIn says whether Actor is somebody.
func (c *Call) SignedIn() bool { return c.Actor.Person != "" }

// Path gives a part of the address that the pattern names: "id" of "/members/{id}".
func (c *Call) Path(name string) string { return c.r.PathValue(name) }

// Query gives a value from the address, cleaned as Form.Text does.
func (c *Call) Query(name string) string { return oneLine(c.r.URL.Query().Get(name)) }

// Now is the portal's clock.
func (c *Call) Now() time.Time { return c.site.Now() }

// Today is the day at the plan.
func (c *Call) Today() civil.Date { return civil.Of(c.Now(), c.site.Zone) }

// Moment tells a time in the plan's zone.
func (c *Call) Moment(t time.Time) kit.Moment { return kit.MomentAt(t, c.Now(), c.site.Zone) }

// Due tells a time limit in the plan's zone, in full and in words.
func (c *Call) Due(start, due time.Time) kit.Due { return kit.DueAt(start, due, c.Now(), c.site.Zone) }

// WantsJSON says that a script asks, not a person.
func (c *Call) WantsJSON() bool {
	return c.r.Header.Get("X-Autosave") != "" || strings.HasPrefix(c.r.Header.Get("Accept"), "application/json")
}

// Redirect leads on to a page of ours with a fresh GET. It is the answer to
// every POST that did what it was asked.
func (c *Call) Redirect(path string) error {
	c.begun = true
	http.Redirect(c.w, c.r, path, http.StatusSeeOther)
	return nil
}

// Done is Redirect with word of what was done: the page finds the word with
// Call.Query("done") and says it in a sentence of its own.
func (c *Call) Done(path, word string) error {
	before, fragment, has := strings.Cut(path, "#")
	sep := "?"
	if strings.Contains(before, "?") {
		sep = "&"
	}
	path = before + sep + "done=" + url.QueryEscape(word)
	if has {
		path += "#" + fragment
	}
	return c.Redirect(path)
}

// SignInAgain leads to the sign-in page and from there to next.
func (c *Call) SignInAgain(next string) error {
	path := withNext("/login", next)
	if c.token != "" {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		path += sep + "ended=1"
	}
	return c.Redirect(path)
}

// JSON answers a script.
func (c *Call) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.write(status, "application/json; charset=utf-8", append(body, '\n'))
}

// Text answers a program with plain text.
func (c *Call) Text(status int, text string) error {
	return c.write(status, "text/plain; charset=utf-8", []byte(text))
}

func (c *Call) write(status int, mimeType string, body []byte) error {
	c.begun = true
	h := c.w.Header()
	h.Set("Content-Type", mimeType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // the browser may have gone; nothing is left to do
	return nil
}

// File is bytes that a page hands out. What may be seen must be decided and
// written down before.
type File struct {
	Name   string // as people know it; any characters
	Type   string // media type
	Size   int64
	Inline bool // shown by the browser, in one of our frames too; else saved
	Body   io.Reader
}

// Send hands out a file. If its bytes cannot be read to the end, the
// connection is cut, so that nobody takes the part for the whole.
func (c *Call) Send(f File) error {
	c.begun = true
	h := c.w.Header()
	how := "attachment"
	if f.Inline {
		how = "inline"
	}
	disposition := mime.FormatMediaType(how, map[string]string{"filename": f.Name})
	if disposition == "" {
		disposition = how
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Type", f.Type)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Security-Policy", policyFile)
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return nil
	}
	n, err := io.Copy(c.w, f.Body)
	if err == nil && n != f.Size {
		err = fmt.Errorf("a file has another length than its row says")
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "The file could not be read to its end")
	}
	return nil
}
