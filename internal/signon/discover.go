package signon

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"hsconnect/internal/fault"
)

const (
	knownFor    = 10 * time.Minute // how long what a provider says of itself is not asked again
	wholeCall   = 15 * time.Second
	oneStep     = 5 * time.Second
	mostAnswer  = 1 << 20 // bytes
	mostHops    = 3
	mostAddress = 500 // characters
)

// discovered is what a provider says of itself, with its keys.
type discovered struct {
	*oidc.Provider

	meta meta
	at   time.Time
}

// meta is what of the discovery document go-oidc does not look at.
type meta struct {
	Auth      string   `json:"authorization_endpoint"`
	Token     string   `json:"token_endpoint"`
	Keys      string   `json:"jwks_uri"`
	UserInfo  string   `json:"userinfo_endpoint"`
	Responses []string `json:"response_types_supported"`
	Methods   []string `json:"token_endpoint_auth_methods_supported"`
	Algs      []string `json:"id_token_signing_alg_values_supported"`
	SendsIss  bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
}

// algorithms are those with a private key: who knows the client's secret, or
// nothing at all, signs nothing.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}
}

// signs gives the algorithms that the provider uses and that count.
func (m meta) signs() []string {
	if len(m.Algs) == 0 {
		return []string{oidc.RS256} // the one that every provider has
	}
	return slices.DeleteFunc(algorithms(), func(a string) bool { return !slices.Contains(m.Algs, a) })
}

// style says how the client proves itself to the token endpoint; false when
// the provider offers no way that we have.
func (m meta) style() (oauth2.AuthStyle, bool) {
	switch {
	case len(m.Methods) == 0, slices.Contains(m.Methods, "client_secret_basic"):
		return oauth2.AuthStyleInHeader, true
	case slices.Contains(m.Methods, "client_secret_post"):
		return oauth2.AuthStyleInParams, true
	}
	return oauth2.AuthStyleAutoDetect, false
}

// Why a provider cannot be used: for the log, and in our own words for staff.
var (
	errReach   = errors.New("signon: the provider did not answer with a discovery document")
	errLies    = errors.New("signon: the discovery document is of another issuer")
	errPlain   = errors.New("signon: the discovery document names an address that is missing or not https")
	errMethods = errors.New("signon: the provider supports no way of signing on that we have")
)

// discover asks a provider what it says of itself, now.
func (s *Service) discover(ctx context.Context, issuer string) (discovered, error) {
	p, err := oidc.NewProvider(s.calling(ctx), issuer)
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) {
		return discovered{}, errLies
	}
	if err != nil {
		return discovered{}, errors.Join(errReach, err)
	}
	d := discovered{Provider: p, at: s.db.Now()}
	err = p.Claims(&d.meta)
	if err != nil {
		return discovered{}, errReach
	}
	for _, address := range []string{d.meta.Auth, d.meta.Token, d.meta.Keys} {
		if !s.address(address) {
			return discovered{}, errPlain
		}
	}
	if d.meta.UserInfo != "" && !s.address(d.meta.UserInfo) {
		return discovered{}, errPlain
	}
	_, ok := d.meta.style()
	if !ok || len(d.meta.signs()) == 0 || len(d.meta.Responses) > 0 && !slices.Contains(d.meta.Responses, "code") {
		return discovered{}, errMethods
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[issuer] = d
	return d, nil
}

// provider is discover, or what it gave within the last minutes.
func (s *Service) provider(ctx context.Context, p Provider) (discovered, error) {
	s.mu.Lock()
	d, ok := s.known[p.Issuer]
	s.mu.Unlock()
	if ok && s.db.Now().Sub(d.at) < knownFor {
		return d, nil
	}
	d, err := s.discover(ctx, p.Issuer)
	if err != nil {
		return d, fault.Wrap(fault.Unavailable, err, "The identity provider of "+p.Name+
			" does not answer as it should right now. Try again in a few minutes, or sign in with your username and password")
	}
	return d, nil
}

// unfit says to staff what is wrong with a provider.
func unfit(err error) error {
	text := "Nothing there answers as an OpenID provider. Check the address, and that this machine can reach it"
	switch {
	case errors.Is(err, errLies):
		text = "The provider at this address gives another issuer. Copy its issuer exactly, also a slash at its end"
	case errors.Is(err, errPlain):
		text = "The provider names addresses that are missing or not https. Ask its administrator to correct its discovery document"
	case errors.Is(err, errMethods):
		text = "The provider has to offer the authorization code flow with a client secret, and ID tokens signed with RSA or elliptic curves"
	}
	return &fault.Error{Kind: fault.Invalid, Text: "Some entries need attention", Problems: []fault.Problem{{Path: "issuer", Text: text}}}
}

// address reports whether text is an address that we call or send a browser to.
func (s *Service) address(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(text) > mostAddress {
		return false
	}
	return u.Scheme == "https" || s.local && u.Scheme == "http" && loopback(u.Hostname())
}

func (s *Service) calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, s.http)
}

// client gives the client that providers are called with. Whatever it is,
// answers are cut at a length.
func client(given *http.Client, local bool) *http.Client {
	if given == nil {
		dialer := &net.Dialer{Timeout: oneStep, Control: func(_, address string, _ syscall.RawConn) error { return reachable(address, local) }}
		given = &http.Client{
			Timeout: wholeCall,
			Transport: &http.Transport{
				DialContext: dialer.DialContext, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
				TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: oneStep,
				ResponseHeaderTimeout: 2 * oneStep, IdleConnTimeout: time.Minute, MaxIdleConns: 20,
			},
			CheckRedirect: sameHost,
		}
	}
	c := *given
	if c.Transport == nil {
		c.Transport = &http.Transport{TLSHandshakeTimeout: oneStep, ResponseHeaderTimeout: 2 * oneStep}
	}
	c.Transport = capped{c.Transport}
	return &c
}

var errAddress = errors.New("signon: a provider may not be at this address")

// reachable refuses addresses that no provider has, so that a discovery
// document cannot turn the portal against its own machine or its cloud. An
// address of a private network is fine: hospitals keep their providers there.
func reachable(address string, local bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	ip := to.Addr().Unmap()
	if ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsLoopback() && !local {
		return errAddress
	}
	return nil
}

var errRedirect = errors.New("signon: a provider redirects to another host")

func sameHost(r *http.Request, before []*http.Request) error {
	if len(before) > mostHops || r.URL.Host != before[0].URL.Host || r.URL.Scheme != before[0].URL.Scheme {
		return errRedirect
	}
	return nil
}

// capped cuts answers that are longer than any provider's.
type capped struct{ http.RoundTripper }

func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = cut{io.LimitReader(answer.Body, mostAnswer), answer.Body}
	return answer, nil
}

type cut struct {
	io.Reader
	io.Closer
}
