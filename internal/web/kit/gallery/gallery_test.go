package gallery

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hsconnect/internal/web/ui"
)

// outEnv names a folder that gets the samples as files, with the built
// assets beside them, to be looked at in a browser.
const outEnv = "HSCONNECT_GALLERY"

func render(t *testing.T, s Sample) []byte {
	t.Helper()
	var b bytes.Buffer
	err := s.Page.Render(t.Context(), &b)
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return b.Bytes()
}

func TestSamples(t *testing.T) {
	out := os.Getenv(outEnv)
	for _, s := range Samples() {
		t.Run(s.Name, func(t *testing.T) {
			page := render(t, s)
			if out != "" {
				err := os.WriteFile(filepath.Join(out, s.Name+".html"), page, 0o600)
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range Check(page) {
				t.Error(p)
			}
		})
	}
}

// Every icon a page names must be in the sprite; only a build can tell.
func TestIconsAreInTheSprite(t *testing.T) {
	if !ui.Built() {
		if os.Getenv("CI") != "" {
			t.Fatal("no build of the assets: npm run build in internal/web/ui comes first")
		}
		t.Skip("no build of the assets: run npm run build in internal/web/ui")
	}
	have := spriteIDs(t)
	for _, s := range Samples() {
		for _, use := range elements(parse(t, render(t, s)), "use") {
			_, name, _ := strings.Cut(attr(use, "href"), "#")
			if !slices.Contains(have, name) {
				t.Errorf("%s: no icon %q in the sprite", s.Name, name)
			}
		}
	}
}

// The checker itself must be able to fail.
func TestCheckFinds(t *testing.T) {
	wrap := func(body string) string {
		return `<!DOCTYPE html><html lang="en"><head><title>T</title></head><body><main><h1>T</h1>` + body + `</main></body></html>`
	}
	cases := []struct{ name, page, want string }{
		{"two h1", wrap(`<h1>again</h1>`), "h1"},
		{"inline style", wrap(`<p style="color:red">x</p>`), "style"},
		{"style element", wrap(`<style>p{}</style>`), "style"},
		{"inline script", wrap(`<script>1</script>`), "script"},
		{"handler", wrap(`<p onclick="x()">x</p>`), "onclick"},
		{"javascript link", wrap(`<a href="javascript:x()">x</a>`), "javascript"},
		{"same id twice", wrap(`<p id="a">x</p><p id="a">y</p>`), "id a"},
		{"input without label", wrap(`<input name="x">`), "label"},
		{"label for nothing", wrap(`<label for="zz">x</label>`), "zz"},
		{"described by nothing", wrap(`<p aria-describedby="zz">x</p>`), "zz"},
		{"link in page to nothing", wrap(`<a href="#zz">x</a>`), "zz"},
		{"button without text", wrap(`<button type="submit"></button>`), "name"},
		{"skipped heading", wrap(`<h3>x</h3>`), "heading"},
		{"no language", strings.Replace(wrap(""), ` lang="en"`, "", 1), "lang"},
		{"badly nested", wrap(`<p><div>x</div></p>`), "nested"},
		{"table without caption", wrap(`<table><tr><td>x</td></tr></table>`), "caption"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Check([]byte(c.page))
			if !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("got %q, want something about %q", got, c.want)
			}
		})
	}
	if got := Check([]byte(wrap("<p>fine</p>"))); len(got) != 0 {
		t.Errorf("a good page is refused: %q", got)
	}
}

func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func spriteIDs(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../ui/dist/sprite-*.svg")
	if err != nil || len(names) != 1 {
		t.Fatalf("sprite files: %q, %v", names, err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, symbol := range elements(parse(t, raw), "symbol") {
		ids = append(ids, attr(symbol, "id"))
	}
	return ids
}
