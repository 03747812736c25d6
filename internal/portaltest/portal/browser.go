package portal

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hsconnect/internal/db"
	"hsconnect/internal/factor"
)

// Browser is somebody's browser: it keeps cookies, says where a form was sent
// from, and follows no redirect unless told to.
type Browser struct {
	t      testing.TB
	portal *Portal
	client *http.Client
	base   string
}

// Answer is what came back, read whole.
type Answer struct {
	Status   int
	Header   http.Header
	Body     string
	Location string // of a redirect
}

// Browser gives a fresh browser on the portal's pages.
func (p *Portal) Browser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &Browser{t: t, portal: p, base: p.Serve(), client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// SignedIn gives a browser in which who is signed in.
func (p *Portal) SignedIn(t testing.TB, who Person) *Browser {
	t.Helper()
	b := p.Browser(t)
	a := b.SignIn(who, "")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("signing in as %s: %d\n%s", who.Username, a.Status, a.Body)
	}
	return b
}

// SignIn sends the sign-in form with Password, and then the code of the
// person's app. It gives the last answer.
func (b *Browser) SignIn(who Person, next string) Answer {
	b.t.Helper()
	a := b.FirstStep(who, next)
	if a.Status != http.StatusSeeOther {
		return a
	}
	return b.Post("/login/mfa", url.Values{"code": {b.portal.Code(who)}, "next": {next}})
}

// FirstStep sends the sign-in form with Password, and no more.
func (b *Browser) FirstStep(who Person, next string) Answer {
	b.t.Helper()
	return b.Post("/login", url.Values{"username": {who.Username}, "password": {Password}, "next": {next}})
}

// Code gives what the person's app shows now. The portal takes it again, also
// where the clock stands still.
func (p *Portal) Code(who Person) string {
	p.t.Helper()
	must(p.t, p.DB.Update(p.ctx(), func(tx *db.Tx) error {
		_, err := tx.Exec("update factor_totp set last_step = 0 where person = $1", string(who.Actor.Person))
		return err
	}))
	code, err := factor.TOTP(who.Secret, p.Clock.Now())
	must(p.t, err)
	return code
}

// Get opens a page.
func (b *Browser) Get(path string) Answer {
	b.t.Helper()
	return b.Send(http.MethodGet, path, nil, nil)
}

// Post sends a form as a page of the portal does.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.t.Helper()
	return b.Send(http.MethodPost, path, strings.NewReader(form.Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {b.base}, "Sec-Fetch-Site": {"same-origin"},
	})
}

// Autosave sends a form as the page's script does.
func (b *Browser) Autosave(path string, form url.Values) Answer {
	b.t.Helper()
	return b.Send(http.MethodPost, path, strings.NewReader(form.Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {b.base}, "Sec-Fetch-Site": {"same-origin"},
		"Accept": {"application/json"}, "X-Autosave": {"1"},
	})
}

// Follow opens where a redirect leads.
func (b *Browser) Follow(a Answer) Answer {
	b.t.Helper()
	if a.Location == "" {
		b.t.Fatalf("no redirect to follow: %d\n%s", a.Status, a.Body)
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(a.Location, b.base), "#")
	return b.Get(path)
}

// Send sends anything. Header is taken as it is.
func (b *Browser) Send(method, path string, body io.Reader, header http.Header) Answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, b.base+path, body)
	must(b.t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Test browser")
	}
	resp, err := b.client.Do(req)
	must(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(b.t, err)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text), Location: resp.Header.Get("Location")}
}

// Raw opens an address and gives its body with the error of reading it, for
// answers that break off.
func (b *Browser) Raw(path string) (string, error) {
	b.t.Helper()
	resp, err := b.client.Get(b.base + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// Cookies gives what the browser keeps for the portal.
func (b *Browser) Cookies() []*http.Cookie {
	u, err := url.Parse(b.base)
	must(b.t, err)
	return b.client.Jar.Cookies(u)
}

// Text gives the words of a page, without markup, style and script, each run
// of white space as one space.
func (a Answer) Text() string {
	doc, err := html.Parse(strings.NewReader(a.Body))
	if err != nil {
		return a.Body
	}
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style") {
			return
		}
		if n.Type == html.TextNode {
			out.WriteString(n.Data + " ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return strings.Join(strings.Fields(out.String()), " ")
}

// Field gives the value of a named control or hidden input of the page.
func (a Answer) Field(name string) (string, bool) {
	doc, err := html.Parse(strings.NewReader(a.Body))
	if err != nil {
		return "", false
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || attr(n, "name") != name {
			continue
		}
		switch n.Data {
		case "input", "button":
			return attr(n, "value"), true
		case "textarea":
			if n.FirstChild == nil {
				return "", true
			}
			return strings.TrimPrefix(n.FirstChild.Data, "\n"), true
		case "select":
			for o := range n.Descendants() {
				if o.Data == "option" && has(o, "selected") {
					return attr(o, "value"), true
				}
			}
			return "", true
		}
	}
	return "", false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
