// Package signon lets people prove who they are through the OpenID provider of
// their office, or of the plan. It promises:
//
//   - an answer counts once, within ten minutes, in the browser that asked, and
//     from the provider that was asked (state, PKCE S256, nonce, RFC 9207);
//   - an ID token counts when its issuer, audience, authorized party, times and
//     signature are right, and the signature is made with a private key: "none"
//     and shared secrets never count;
//   - an e-mail address counts when the provider verified it and its domain is
//     one that staff verified as the provider's; any other is dropped;
//   - what a provider calls somebody belongs to one person for ever (A-04,
//     45 CFR 164.312(a)(2)(i));
//   - the client's secret is sealed, each for its provider (S-04,
//     45 CFR 164.312(a)(2)(iv)), and shown to nobody;
//   - an event, never changed afterwards, for each change and each answer (V-13).
//
// It opens no sessions: package account does, for the person of an Identity.
package signon

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"hsconnect/internal/db"
)

// AnswerPath is where a provider sends the browser back to. The address of it,
// after Site, is what the provider's administrator registers.
const AnswerPath = "/login/provider/answer"

// Lasts is how long an attempt, and the browser's secret of it, are good for.
const Lasts = 10 * time.Minute

// Deps is what a Service is made of. HTTP and Log may be nil, the rest is
// required.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Seal tink.AEAD    // the keyset of second factors
	Site string       // base URL of the portal, such as "https://portal.example.org"
	HTTP *http.Client // nil: one with time limits that follows no redirect to another host
}

// Service asks identity providers. It may be used from many goroutines.
type Service struct {
	db    *db.DB
	log   *slog.Logger
	seal  tink.AEAD
	site  string
	local bool // the portal itself is on this machine without TLS: so may providers be
	http  *http.Client

	mu    sync.Mutex
	known map[string]discovered // by issuer
}

// New makes a Service.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Seal == nil {
		return nil, errors.New("signon: a database and a keyset are required")
	}
	u, err := url.Parse(d.Site)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("signon: the site is a base URL such as https://portal.example.org")
	}
	s := &Service{
		db: d.DB, log: d.Log, seal: d.Seal, site: strings.TrimRight(d.Site, "/"),
		local: u.Scheme == "http" && loopback(u.Hostname()), known: map[string]discovered{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.http = client(d.HTTP, s.local)
	return s, nil
}

// Answers gives the address that an identity provider has to know as the
// portal's redirect URI.
func (s *Service) Answers() string { return s.site + AnswerPath }

// Sweep removes attempts whose time is over.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec("delete from signon_attempt where begun_us <= $1", db.Micros(tx.Now.Add(-Lasts)))
	return err
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
