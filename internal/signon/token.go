package signon

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	skew       = 5 * time.Minute // how far a provider's clock may be ahead
	maxSubject = 255             // ASCII characters (OpenID Connect Core 1.0, section 2)
	maxToken   = 64 << 10
)

// claims is what of an ID token, or of the answer about a user, is used.
type claims struct {
	Subject  string   `json:"sub"`
	Nonce    string   `json:"nonce"`
	Party    string   `json:"azp"`
	Email    string   `json:"email"`
	Verified truth    `json:"email_verified"`
	Name     string   `json:"name"`
	AMR      words    `json:"amr"`
	ACR      string   `json:"acr"`
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
}

// words is a list that some providers write as a single text.
type words []string

// UnmarshalJSON takes a text or a list of texts.
func (w *words) UnmarshalJSON(raw []byte) error {
	var one string
	err := json.Unmarshal(raw, &one)
	if err == nil {
		*w = words{one}
		return nil
	}
	var all []string
	err = json.Unmarshal(raw, &all)
	*w = all
	return err
}

type audience = words

// truth is true for true, and for "true", which some providers write.
type truth bool

// UnmarshalJSON never fails: whatever is not true is false.
func (b *truth) UnmarshalJSON(raw []byte) error {
	*b = string(raw) == "true" || string(raw) == `"true"`
	return nil
}

// email gives the address when it counts, else "".
func (c claims) email(domains []string) string {
	if !bool(c.Verified) || !isEmail(c.Email) {
		return ""
	}
	domain := domainOf(c.Email)
	if domain == "" || !slices.Contains(domains, domain) {
		return ""
	}
	return c.Email
}

// verify gives the claims of an ID token in which everything is right but for
// the nonce, which is the caller's to compare.
func (s *Service) verify(ctx context.Context, r providerRow, d discovered, tokens *oauth2.Token) (claims, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok || raw == "" || len(raw) > maxToken {
		return claims{}, errNoToken
	}
	verifier := d.Verifier(&oidc.Config{ClientID: r.ClientID, SupportedSigningAlgs: d.meta.signs(), Now: s.db.Now})
	token, err := verifier.Verify(s.calling(ctx), raw)
	if err != nil {
		return claims{}, errors.Join(s.why(raw, err, r, d), err)
	}
	var c claims
	err = token.Claims(&c)
	if err != nil {
		return claims{}, errSignature
	}
	now := s.db.Now()
	switch {
	case token.Issuer != r.Issuer: // go-oidc lets a second name of one provider pass
		return claims{}, errIssuer
	case c.Party != "" && c.Party != r.ClientID, c.Party == "" && len(token.Audience) > 1:
		return claims{}, errParty
	case !token.Expiry.After(now), token.IssuedAt.After(now.Add(skew)):
		return claims{}, errExpired
	case c.Subject == "" || len(c.Subject) > maxSubject || strings.ContainsFunc(c.Subject, func(r rune) bool { return r < ' ' || r > '~' }):
		return claims{}, errSubject
	}
	if token.AccessTokenHash != "" && token.VerifyAccessToken(tokens.AccessToken) != nil {
		return claims{}, errSignature
	}
	if c.Email == "" && d.meta.UserInfo != "" {
		return s.more(ctx, d, tokens, c)
	}
	return c, nil
}

// more asks the provider for the address and name that it left out of the ID
// token. An answer about somebody else counts for nothing, and is suspicious.
func (s *Service) more(ctx context.Context, d discovered, tokens *oauth2.Token, c claims) (claims, error) {
	var further claims
	info, err := d.UserInfo(s.calling(ctx), oauth2.StaticTokenSource(tokens))
	switch {
	case err != nil: // who the person is stands in the ID token: she only has no address
		s.log.InfoContext(ctx, "an identity provider says nothing more about a user")
	case info.Claims(&further) != nil, further.Subject != c.Subject:
		return claims{}, errSubject
	}
	c.Email, c.Verified = further.Email, further.Verified
	if c.Name == "" {
		c.Name = further.Name
	}
	return c, nil
}

// why gives the reason for which an ID token was refused, in our words. It
// looks at a token that proves nothing, so it only chooses among refusals.
func (s *Service) why(raw string, err error, r providerRow, d discovered) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return errExpired
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errSignature
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var c claims
	if !unpack(parts[0], &head) || !unpack(parts[1], &c) {
		return errSignature
	}
	switch {
	case !slices.Contains(d.meta.signs(), head.Alg):
		return errAlgorithm
	case c.Issuer != r.Issuer:
		return errIssuer
	case !slices.Contains(c.Audience, r.ClientID):
		return errAudience
	}
	return errSignature
}

func unpack(part string, into any) bool {
	plain, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(plain, into) == nil
}
