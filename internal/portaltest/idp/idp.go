// Package idp runs a real OpenID provider inside a test: discovery, PKCE,
// codes, signed ID tokens and the answer about a user are those of a library
// that others use in production. A test says who signs in, and may bend what
// the provider says, so that a portal can be seen to refuse it.
package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// User is somebody whom the provider knows.
type User struct {
	Subject  string
	Email    string
	Verified bool // its "email_verified"
	Name     string
	AMR      []string
	ACR      string
}

// Bend says how the provider's answers differ from what is right. Nil and ""
// change nothing.
type Bend struct {
	Discovery func(doc map[string]any)    // its discovery document
	Answer    func(query url.Values)      // what it sends the browser back with
	Claims    func(claims map[string]any) // its ID token, before that is signed again
	Sign      string                      // how the ID token is signed: Unsigned, SharedSecret, StrangeKey
	UserInfo  func(doc map[string]any)    // what it says about a user
	Down      bool                        // it answers nothing but 503
}

// Ways to sign an ID token that no portal may accept.
const (
	Unsigned     = "none"
	SharedSecret = "HS256 with the client's secret"
	StrangeKey   = "RS256 with another key under the provider's key id"
)

// Provider is a running provider with one client.
type Provider struct {
	Issuer   string
	ClientID string
	Secret   string

	key, strange *rsa.PrivateKey
	library      http.Handler
	server       *httptest.Server

	mu        sync.Mutex
	user      User
	bend      Bend
	bare      bool
	lifetime  time.Duration
	redirects []string
	asked     map[string]*asked // by id of the authorization request
	codes     map[string]string // to such ids
	tokens    map[string]string // access tokens' ids to subjects
}

// Start runs a provider on this machine until the test is over. Its client may
// be sent back to the given addresses; Allow adds to them.
func Start(t testing.TB, redirects ...string) *Provider {
	t.Helper()
	p := &Provider{
		ClientID: "portal", Secret: "a+secret/of%the:client", redirects: redirects, lifetime: time.Hour,
		user:  User{Subject: "user-1", Email: "ruth@riverside.example", Verified: true, Name: "Ruth Ọsẹ́i", AMR: []string{"pwd"}},
		asked: map[string]*asked{}, codes: map[string]string{}, tokens: map[string]string{},
	}
	var err error
	for _, key := range []**rsa.PrivateKey{&p.key, &p.strange} {
		*key, err = rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
	}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Issuer = "http://" + p.server.Listener.Addr().String()
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	_, _ = rand.Read(config.CryptoKey[:]) // it fills the slice or ends the program
	p.library, err = op.NewProvider(config, &storage{p}, op.StaticIssuer(p.Issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// Allow lets the client be sent back to one more address.
func (p *Provider) Allow(redirect string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.redirects = append(p.redirects, redirect)
}

// SignIn says who signs in from now on.
func (p *Provider) SignIn(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user = u
}

// Bend says how the provider's answers differ from now on; the zero Bend makes
// them right again.
func (p *Provider) Bend(b Bend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bend = b
}

// Bare leaves name and address out of ID tokens: they are to be asked for.
func (p *Provider) Bare(bare bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bare = bare
}

// Browse goes where a portal sent a browser, signs in as the user, and gives
// what the provider sends the browser back to the portal with.
func (p *Provider) Browse(t testing.TB, redirect string) url.Values {
	t.Helper()
	browser := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		answer, err := browser.Get(redirect)
		if err != nil {
			t.Fatal(err)
		}
		err = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		to, err := answer.Location()
		if err != nil {
			t.Fatalf("the provider does not send the browser on, but answers %s", answer.Status)
		}
		if "http://"+to.Host != p.Issuer {
			return to.Query()
		}
		redirect = to.String()
	}
	t.Fatal("the provider sends the browser round in circles")
	return nil
}
