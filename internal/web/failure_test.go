package web_test

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/web"
)

// with adds rows to the portal's pages before anybody opens them.
func with(t *testing.T, p *portal.Portal, rows ...web.Route) {
	t.Helper()
	h, err := web.NewWith(p.Deps(), rows...)
	if err != nil {
		t.Fatal(err)
	}
	p.Handler = h
}

func row(method, pattern string, handle func(*web.Call) error) web.Route {
	return web.Route{Method: method, Pattern: pattern, Gate: web.Accepted, Why: "a test of its own", Audit: "nothing", Handle: handle}
}

// What a library quotes in an error must reach nobody.
const planted = "SHA20987716"

func plantedError() error {
	return fmt.Errorf("looking up: %w", fmt.Errorf("row for member %s, Eleanor Whitfield born 1951-03-04, \"eleanor\": disk read failed", planted))
}

func TestAPlainErrorShowsAReferenceAndNothingElse(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		with(t, p,
			row(http.MethodGet, "/test/plain/{id}", func(*web.Call) error { return plantedError() }),
			row(http.MethodGet, "/test/wrapped", func(*web.Call) error {
				return fault.Wrap(fault.Unavailable, plantedError(), "The database does not answer")
			}),
			row(http.MethodGet, "/test/internal", func(*web.Call) error { return fault.Wrap(fault.Internal, plantedError(), "member "+planted) }),
			row(http.MethodGet, "/test/panic", func(*web.Call) error { panic("member " + planted + " Eleanor") }),
			row(http.MethodPost, "/test/post", func(*web.Call) error { return plantedError() }),
		)
		b := p.SignedIn(t, p.Clerk)
		reference := regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}`)
		for path, status := range map[string]int{"/test/plain/" + planted: 500, "/test/wrapped": 503, "/test/internal": 500, "/test/panic": 500} {
			for _, script := range []bool{false, true} {
				header := http.Header{}
				if script {
					header.Set("Accept", "application/json")
				}
				a := b.Send(http.MethodGet, path+"?q="+planted, nil, header)
				if a.Status != status {
					t.Errorf("%s: %d", path, a.Status)
				}
				if strings.Contains(a.Body, planted) || strings.Contains(a.Body, "Eleanor") || strings.Contains(a.Body, "disk") || strings.Contains(a.Body, "1951") {
					t.Errorf("%s shows the cause: %s", path, a.Body)
				}
				ref := reference.FindString(a.Body)
				if ref == "" || !strings.Contains(p.Log.String(), ref) {
					t.Errorf("%s: reference %q is not on the page or not in the log", path, ref)
				}
				if status == 503 && a.Header.Get("Retry-After") == "" {
					t.Errorf("%s does not say when to try again", path)
				}
			}
		}
		if a := b.Post("/test/post", url.Values{"member": {planted}}); a.Status != 500 || strings.Contains(a.Body, planted) {
			t.Errorf("POST: %d", a.Status)
		}
		log := p.Log.String()
		for _, secret := range []string{planted, "Eleanor", "eleanor", "1951"} {
			if strings.Contains(log, secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
		if !strings.Contains(log, "disk read failed") || !strings.Contains(log, "/test/plain/{id}") {
			t.Errorf("the log does not help:\n%s", log)
		}
	})
}

// With the database gone each page says so, and nobody seems signed out.
func TestWithoutADatabase(t *testing.T) {
	clock := dbtest.NewClock()
	d, err := db.Open(t.Context(), db.Config{URL: dbtest.PostgresURL(t), Now: clock.Now})
	must(t, err)
	p := portal.New(t, d, clock)
	b := p.SignedIn(t, p.Clerk)
	must(t, d.Close())
	for path, want := range map[string]int{"/": 503, "/account": 503, "/agreement": 503, "/readyz": 503, "/record/checkpoint": 503,
		"/help": 200, "/help/breach": 200, "/login": 200, "/status": 200, "/healthz": 200, "/no/such/page": 404} {
		a := b.Get(path)
		if a.Status != want || want == 503 && a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	for _, path := range []string{"/logout", "/login", "/session"} {
		a := b.Post(path, url.Values{"username": {p.Clerk.Username}, "password": {portal.Password}})
		if a.Status != 503 || len(b.Cookies()) != 1 {
			t.Errorf("POST %s: %d, %d cookies", path, a.Status, len(b.Cookies()))
		}
	}
	if text := b.Get("/status").Text(); !strings.Contains(text, "interrupted") {
		t.Errorf("status: %s", text)
	}
}

func TestMaskedTexts(t *testing.T) {
	for text, want := range map[string]string{
		"disk I/O error": "disk · error",
		`ERROR: duplicate key value violates "x_pkey"`: "· duplicate key value violates ·",
		"member M-1 not found":                         "member · not found",
		`bad value "a b c" in row`:                     "bad value · in row",
		"":                                             "", "José": "·", "2026-11-23": "·",
		strings.Repeat("a", 40): "·",
	} {
		if got := web.Masked(text); got != want {
			t.Errorf("%q is logged as %q, not %q", text, got, want)
		}
	}
	if got := web.Masked(strings.Repeat("word ", 10_000)); len(got) > 700 {
		t.Errorf("%d bytes are logged", len(got))
	}
	if got := web.CauseOf(errors.Join(io.EOF)); !strings.Contains(got, "joinError") {
		t.Errorf("cause %q", got)
	}
}

func TestEveryKindHasItsAnswer(t *testing.T) {
	p := portal.SQLite(t)
	kinds := map[fault.Kind]int{fault.Invalid: 422, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413,
		fault.TooMany: 429, fault.Unavailable: 503, fault.Internal: 500}
	var rows []web.Route
	for k := range kinds {
		rows = append(rows, row(http.MethodGet, fmt.Sprintf("/test/%d", k), func(*web.Call) error { return fault.New(k, "Call the plan about it") }))
	}
	rows = append(rows, row(http.MethodGet, "/test/problems", func(*web.Call) error {
		return fault.Bad(fault.Problem{Path: "a", Text: "Fill in the first"}, fault.Problem{Path: "b", Text: "Fill in the second"})
	}))
	with(t, p, rows...)
	b := p.SignedIn(t, p.Clerk)
	for k, status := range kinds {
		a := b.Get(fmt.Sprintf("/test/%d", k))
		if a.Status != status || strings.Contains(a.Text(), "Call the plan about it") != (k != fault.Internal) {
			t.Errorf("%v: %d %s", k, a.Status, a.Text())
		}
		if !strings.Contains(a.Body, "<h1") || !strings.Contains(a.Body, `href="/help"`) {
			t.Errorf("%v: no heading, or nowhere to go", k)
		}
	}
	if a := b.Get("/test/problems"); a.Status != 422 || !strings.Contains(a.Text(), "Fill in the first. Fill in the second.") {
		t.Errorf("problems: %d %s", a.Status, a.Text())
	}
}

func TestAFileThatBreaksOffIsNotWhole(t *testing.T) {
	p := portal.SQLite(t)
	// A client may ask again after a cut connection: each answer has its own bytes.
	file := func(body func() io.Reader, size int64) func(*web.Call) error {
		return func(c *web.Call) error {
			return c.Send(web.File{Name: "Bericht \"a\"\r\nX: y ü.pdf", Type: "application/pdf", Size: size, Inline: true, Body: body()})
		}
	}
	with(t, p,
		row(http.MethodGet, "/test/whole", file(func() io.Reader { return strings.NewReader("%PDF-1.7 whole") }, 14)),
		row(http.MethodGet, "/test/broken", file(func() io.Reader { return io.MultiReader(strings.NewReader("%PDF"), broken{}) }, 9000)),
		row(http.MethodGet, "/test/short", file(func() io.Reader { return strings.NewReader("%PDF") }, 9000)),
	)
	b := p.SignedIn(t, p.Clerk)
	a := b.Get("/test/whole")
	if a.Status != 200 || a.Body != "%PDF-1.7 whole" || a.Header.Get("X") != "" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "inline") {
		t.Errorf("%d %q %v", a.Status, a.Body, a.Header)
	}
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self'") || strings.Contains(policy, "script-src") {
		t.Errorf("policy %s", policy)
	}
	for _, path := range []string{"/test/broken", "/test/short"} {
		text, err := b.Raw(path)
		if err == nil {
			t.Errorf("%s came as if whole: %q", path, text)
		}
	}
	if strings.Contains(p.Log.String(), planted) {
		t.Error("the log holds the cause's data")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) {
	return 0, errors.New("sealed bytes of " + planted + " differ")
}

func TestUploadsStreamAndFormsAreBounded(t *testing.T) {
	p := portal.SQLite(t)
	var got, kind string
	handle := func(c *web.Call) error {
		got, kind = "", ""
		f, err := c.Upload(func(f *web.Form, u web.Upload) error {
			body, err := io.ReadAll(u.Body)
			got += fmt.Sprintf("%s:%s:%d ", u.Field, u.Name, len(body))
			kind = f.Text("kind")
			if strings.HasPrefix(string(body), "refuse") {
				return fault.New(fault.Invalid, "This is not a document")
			}
			return err
		})
		if err != nil {
			return err
		}
		return c.Text(http.StatusOK, f.Text("after"))
	}
	large := row(http.MethodPost, "/test/upload", handle)
	large.Limit = 3 << 20
	with(t, p, large, row(http.MethodPost, "/test/form", func(c *web.Call) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		return c.Text(http.StatusOK, fmt.Sprintf("%q %q %q", f.Text("after"), f.Lines("text"), f.All("many")))
	}))
	b := p.SignedIn(t, p.Clerk)
	send := func(path string, files map[string]string) portal.Answer {
		var body strings.Builder
		w := multipart.NewWriter(&body)
		must(t, w.WriteField("kind", " lab\x00 "))
		for _, name := range []string{"", "report ü.pdf", "bad.exe"} {
			content, ok := files[name]
			if !ok {
				continue
			}
			part, err := w.CreateFormFile("file", name)
			must(t, err)
			_, err = io.WriteString(part, content)
			must(t, err)
		}
		must(t, w.WriteField("after", "<b>x</b>"))
		must(t, w.WriteField("text", "a\r\nb\u0007\n"))
		must(t, w.WriteField("many", "1"))
		must(t, w.WriteField("many", "2"))
		must(t, w.Close())
		return b.Send(http.MethodPost, path, strings.NewReader(body.String()), http.Header{"Origin": {p.URL}, "Content-Type": {w.FormDataContentType()}})
	}
	if a := send("/test/upload", map[string]string{"": "", "report ü.pdf": strings.Repeat("x", 2<<20)}); a.Status != 200 || a.Body != "<b>x</b>" || got != fmt.Sprintf("file:report ü.pdf:%d ", 2<<20) || kind != "lab" {
		t.Errorf("%d %q, got %q of kind %q", a.Status, a.Body, got, kind)
	}
	if a := send("/test/upload", map[string]string{"report ü.pdf": "refuse", "bad.exe": strings.Repeat("x", 1<<20)}); a.Status != 422 || !strings.Contains(a.Text(), "not a document") {
		t.Errorf("a refused file: %d", a.Status)
	}
	if a := send("/test/upload", map[string]string{"bad.exe": strings.Repeat("x", 4<<20)}); a.Status != 413 || !strings.Contains(a.Text(), "at most") {
		t.Errorf("over the limit: %d", a.Status)
	}
	if a := send("/test/form", map[string]string{"report ü.pdf": "content"}); a.Status != 200 || a.Body != `"<b>x</b>" "a\nb" ["1" "2"]` {
		t.Errorf("a form whose files are left out: %d %q", a.Status, a.Body)
	}
	many := url.Values{}
	for i := range 3000 {
		many.Set(fmt.Sprint("f", i), "x")
	}
	if a := b.Post("/test/form", many); a.Status != 422 {
		t.Errorf("3,000 fields: %d", a.Status)
	}
}

func TestTypedTextIsTidied(t *testing.T) {
	for in, want := range map[string]string{
		"  a \t b ": "a b", "e\u0301": "é", "a\x00b": "ab", "bad\xff": "bad\ufffd", "<b>": "<b>", "שלום": "שלום", "a\nb": "a b", "👩‍⚕️": "👩‍⚕️",
	} {
		if got := web.OneLine(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
	if got := web.ManyLines("\r\n a\r\rb\x1b \n"); got != "a\n\nb" {
		t.Errorf("%q", got)
	}
}
