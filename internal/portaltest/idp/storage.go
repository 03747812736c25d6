package idp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func segment(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

var (
	errUnknown     = errors.New("idp: there is no such thing")
	errUnsupported = errors.New("idp: no test needs this")
)

// asked is one authorization request.
type asked struct {
	id   string
	r    oidc.AuthRequest
	user User
	done bool
	at   time.Time
}

func (a *asked) GetID() string                      { return a.id }
func (a *asked) GetACR() string                     { return a.user.ACR }
func (a *asked) GetAMR() []string                   { return a.user.AMR }
func (a *asked) GetAudience() []string              { return []string{a.r.ClientID} }
func (a *asked) GetAuthTime() time.Time             { return a.at }
func (a *asked) GetClientID() string                { return a.r.ClientID }
func (a *asked) GetNonce() string                   { return a.r.Nonce }
func (a *asked) GetRedirectURI() string             { return a.r.RedirectURI }
func (a *asked) GetResponseType() oidc.ResponseType { return a.r.ResponseType }
func (a *asked) GetResponseMode() oidc.ResponseMode { return a.r.ResponseMode }
func (a *asked) GetScopes() []string                { return a.r.Scopes }
func (a *asked) GetState() string                   { return a.r.State }
func (a *asked) GetSubject() string                 { return a.user.Subject }
func (a *asked) Done() bool                         { return a.done }
func (a *asked) GetCodeChallenge() *oidc.CodeChallenge {
	if a.r.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: a.r.CodeChallenge, Method: a.r.CodeChallengeMethod}
}

// client is the portal as the provider knows it.
type client struct {
	id        string
	redirects []string
	assert    bool
	lifetime  time.Duration
}

func (c client) GetID() string                       { return c.id }
func (c client) RedirectURIs() []string              { return c.redirects }
func (c client) PostLogoutRedirectURIs() []string    { return nil }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c client) LoginURL(id string) string            { return "/login?id=" + url.QueryEscape(id) }
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration       { return c.lifetime }
func (c client) DevMode() bool                        { return true }
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.assert }
func (c client) ClockSkew() time.Duration             { return 0 }
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

type signingKey struct{ p *Provider }

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                    { return k.p.key }
func (k signingKey) ID() string                                  { return keyID }

type publicKey struct{ p *Provider }

func (k publicKey) ID() string                         { return keyID }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.p.key.PublicKey }

// storage is what the library keeps with the provider.
type storage struct{ p *Provider }

func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	a := &asked{id: "request-" + strconv.Itoa(len(s.p.codes)+len(s.p.asked)+1), r: *r, at: time.Now().UTC()}
	s.p.asked[a.id] = a
	return a, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	a := s.p.asked[id]
	if a == nil {
		return nil, errUnknown
	}
	return a, nil
}

func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.p.mu.Lock()
	id := s.p.codes[code]
	s.p.mu.Unlock()
	return s.AuthRequestByID(ctx, id)
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.codes[code] = id
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	delete(s.p.asked, id)
	return nil
}

func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	a, ok := r.(*asked)
	if !ok {
		return "", time.Time{}, errUnsupported
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	token := "token-" + strconv.Itoa(len(s.p.tokens)+1)
	s.p.tokens[token] = a.user.Subject
	return token, time.Now().Add(5 * time.Minute), nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if id != s.p.ClientID {
		return nil, errUnknown
	}
	return client{id: id, redirects: slices.Clone(s.p.redirects), assert: !s.p.bare, lifetime: s.p.lifetime}, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.p.ClientID || secret != s.p.Secret {
		return errUnknown
	}
	return nil
}

func (s *storage) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, scopes []string) error {
	info.Subject = subject
	s.describe(info, scopes)
	return nil
}

func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, token, _, _ string) error {
	s.p.mu.Lock()
	subject, ok := s.p.tokens[token]
	s.p.mu.Unlock()
	if !ok {
		return errUnknown
	}
	info.Subject = subject
	s.describe(info, []string{oidc.ScopeEmail, oidc.ScopeProfile})
	return nil
}

func (s *storage) describe(info *oidc.UserInfo, scopes []string) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = s.p.user.Email, oidc.Bool(s.p.user.Verified)
	}
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name = s.p.user.Name
	}
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{s.p}, nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{s.p}}, nil }

func (s *storage) Health(context.Context) error { return nil }

// What no portal asks for.

func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errUnsupported
}

func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errUnsupported
}

func (s *storage) TerminateSession(context.Context, string, string) error { return errUnsupported }

func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return oidc.ErrServerError()
}

func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errUnsupported
}

func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return map[string]any{}, nil
}

func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnsupported
}

func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnsupported
}
