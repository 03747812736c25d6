package web

import "net/http"

// Policies of what a page may load and who may frame it. Everything comes
// from the portal itself; nothing is inline.
const (
	policyBase = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
	policyPage = policyBase + "; frame-ancestors 'none'"
	// policyFrames is for pages that show a document in a frame.
	policyFrames = policyBase + "; frame-src 'self'; object-src 'self'; frame-ancestors 'none'"
	// policyFile is for a document's own bytes: they run nothing, load
	// nothing, and only our own pages may frame them. The browser's PDF viewer
	// brings its own styles.
	policyFile = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

// harden sets the headers of every answer. A page may narrow or widen the
// policy for itself; nothing else changes.
func (s *site) harden(h http.Header) {
	h.Set("Content-Security-Policy", policyPage)
	h.Set("X-Content-Type-Options", "nosniff")
	// The full address of a page names a case; other sites learn nothing. Our
	// own POSTs keep their Origin, by which they are recognized.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if s.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}
