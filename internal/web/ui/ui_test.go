package ui

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func sample(t *testing.T) http.Handler {
	t.Helper()
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("body{}")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	from := fstest.MapFS{
		"dist/manifest.json":      {Data: []byte(`{"app.css":"app-1.css","f.woff2":"f-2.woff2","lost.js":"lost-3.js"}`)},
		"dist/app-1.css":          {Data: []byte("body{}")},
		"dist/app-1.css.gz":       {Data: []byte(packed.String())},
		"dist/f-2.woff2":          {Data: []byte("wOF2")},
		"dist/.gitkeep":           {},
		"dist/not-in-the-list.js": {Data: []byte("1")},
	}
	return serve(from, readManifest(from))
}

func get(h http.Handler, method, path, encoding string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestServe(t *testing.T) {
	h := sample(t)
	cases := []struct {
		name, method, path, encoding string
		status                       int
		kind, packed                 string
	}{
		{"a style sheet", "GET", "/assets/app-1.css", "", 200, "text/css; charset=utf-8", ""},
		{"packed", "GET", "/assets/app-1.css", "br, gzip", 200, "text/css; charset=utf-8", "gzip"},
		{"packed refused", "GET", "/assets/app-1.css", "gzip;q=0", 200, "text/css; charset=utf-8", ""},
		{"packed with weight", "GET", "/assets/app-1.css", "gzip; q=0.5", 200, "text/css; charset=utf-8", "gzip"},
		{"a font is never packed", "GET", "/assets/f-2.woff2", "gzip", 200, "font/woff2", ""},
		{"only the head", "HEAD", "/assets/app-1.css", "", 200, "text/css; charset=utf-8", ""},
		{"no writing", "POST", "/assets/app-1.css", "", 405, "", ""},
		{"plain name", "GET", "/assets/app.css", "", 404, "", ""},
		{"the list itself", "GET", "/assets/manifest.json", "", 404, "", ""},
		{"a file that is not listed", "GET", "/assets/not-in-the-list.js", "", 404, "", ""},
		{"listed and lost", "GET", "/assets/lost-3.js", "", 404, "", ""},
		{"a folder", "GET", "/assets/", "", 404, "", ""},
		{"upward", "GET", "/assets/../ui.go", "", 404, "", ""},
		{"the packed twin by name", "GET", "/assets/app-1.css.gz", "", 404, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := get(h, c.method, c.path, c.encoding)
			if got.StatusCode != c.status {
				t.Fatalf("status %d, want %d", got.StatusCode, c.status)
			}
			if c.status != 200 {
				return
			}
			if k := got.Header.Get("Content-Type"); k != c.kind {
				t.Errorf("type %q, want %q", k, c.kind)
			}
			if e := got.Header.Get("Content-Encoding"); e != c.packed {
				t.Errorf("encoding %q, want %q", e, c.packed)
			}
			if cache := got.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") {
				t.Errorf("cache %q", cache)
			}
		})
	}
}

func TestPackedBodyUnpacks(t *testing.T) {
	z, err := gzip.NewReader(get(sample(t), "GET", "/assets/app-1.css", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil || string(body) != "body{}" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestWithoutABuild(t *testing.T) {
	for name, from := range map[string]fstest.MapFS{
		"nothing there": {"dist/.gitkeep": {}},
		"broken list":   {"dist/manifest.json": {Data: []byte("{")}},
	} {
		t.Run(name, func(t *testing.T) {
			names := readManifest(from)
			if len(names) != 0 {
				t.Errorf("names %v", names)
			}
			if got := get(serve(from, names), "GET", "/assets/app.css", ""); got.StatusCode != 404 {
				t.Errorf("status %d", got.StatusCode)
			}
		})
	}
}

// What a browser gets must hold under a policy that allows only our origin.
func TestBuildKeepsToOurOrigin(t *testing.T) {
	if !Built() {
		if os.Getenv("CI") != "" {
			t.Fatal("no build of the assets: npm run build in internal/web/ui comes first")
		}
		t.Skip("no build of the assets: run npm run build in internal/web/ui")
	}
	for _, plain := range []string{"app.css", "app.js", "sprite.svg", "icon.svg", "PublicSans-Regular.woff2"} {
		built := strings.TrimPrefix(Path(plain), Prefix)
		if built == plain {
			t.Errorf("%s is not in the build", plain)
			continue
		}
		raw, err := os.ReadFile("dist/" + built)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(plain, ".woff2") {
			continue
		}
		text := strings.ReplaceAll(string(raw), "http://www.w3.org/2000/svg", "")
		for _, bad := range []string{"http://", "https://", "data:", "eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write", "<script", "localhost"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", plain, bad)
			}
		}
	}
}
