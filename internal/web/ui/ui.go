// Package ui holds what the browser gets beside the pages: style, script,
// fonts and icons, built by npm into dist and embedded here. It promises
// that names carry a digest of their content, so that answers may be cached
// for ever, and that it compiles and answers (with nothing) when no build
// has been made.
package ui

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Prefix is where Handler wants to be mounted.
const Prefix = "/assets/"

// kind names the content type by extension: the host's table is not asked,
// for it differs from machine to machine.
func kind(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".png":
		return "image/png"
	}
	return ""
}

// manifest is read once: plain name to built name.
var manifest = sync.OnceValue(func() map[string]string {
	return readManifest(dist)
})

func readManifest(from fs.FS) map[string]string {
	raw, err := fs.ReadFile(from, "dist/manifest.json")
	if err != nil {
		return nil
	}
	names := map[string]string{}
	if err := json.Unmarshal(raw, &names); err != nil {
		return nil
	}
	return names
}

// Path is the address of a built file by its plain name, such as "app.css".
// Without a build it is the plain name under Prefix, which answers 404.
func Path(name string) string {
	if built, ok := manifest()[name]; ok {
		return Prefix + built
	}
	return Prefix + name
}

// Built says whether dist holds a build.
func Built() bool { return len(manifest()) > 0 }

// Handler serves the built files under Prefix. Names with a digest never
// change, so browsers keep them for a year.
func Handler() http.Handler { return serve(dist, manifest()) }

func serve(from fs.FS, names map[string]string) http.Handler {
	built := make(map[string]bool, len(names))
	for _, n := range names {
		built[n] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		mime := kind(name)
		if !built[name] || mime == "" {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD work here.", http.StatusMethodNotAllowed)
			return
		}
		send(w, r, from, name, mime)
	})
}

func send(w http.ResponseWriter, r *http.Request, from fs.FS, name, mime string) {
	body, err := fs.ReadFile(from, "dist/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// The build leaves a packed twin of everything that shrinks.
	packed, err := fs.ReadFile(from, "dist/"+name+".gz")
	if err == nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reads Accept-Encoding as far as it matters: named, and not with
// a weight of zero.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" {
			weight = strings.ReplaceAll(weight, " ", "")
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
