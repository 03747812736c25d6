package web

import (
	"net/http"
	"net/url"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/client"
	"hsconnect/internal/fault"
)

// oauthToken gives a program a token against its id and secret: the client
// credentials grant of OAuth 2.0 (RFC 6749 s.4.4), with errors as s.5.2 has them.
func (s *site) oauthToken(c *Call) error {
	f, err := c.plainForm()
	if err != nil {
		return c.oauthError(http.StatusBadRequest, "invalid_request", "Send the request as application/x-www-form-urlencoded")
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "scope"} {
		if len(f.All(name)) > 1 {
			return c.oauthError(http.StatusBadRequest, "invalid_request", "Send each parameter once")
		}
	}
	switch f.Raw("grant_type") {
	case "client_credentials":
	case "":
		return c.oauthError(http.StatusBadRequest, "invalid_request", "Send grant_type=client_credentials")
	default:
		return c.oauthError(http.StatusBadRequest, "unsupported_grant_type", "The one grant here is client_credentials")
	}
	if f.Raw("scope") != "" {
		return c.oauthError(http.StatusBadRequest, "invalid_scope", "Leave scope out: what a program may do is set where it is registered")
	}
	clientID, secret, ok := c.clientKey(f)
	if !ok {
		return c.oauthError(http.StatusBadRequest, "invalid_request", "Send the client id and the secret one way only: by HTTP Basic, or in the body")
	}
	token, err := s.Clients.Token(c.Context(), clientID, secret, c.address)
	switch {
	case err == nil:
		c.w.Header().Set("Pragma", "no-cache")
		return c.JSON(http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(client.TokenLasts.Seconds())})
	case fault.Is(err, fault.Unauthenticated):
		c.w.Header().Set("WWW-Authenticate", `Basic realm="HSConnect", charset="UTF-8"`)
		return c.oauthError(http.StatusUnauthorized, "invalid_client", fault.Text(err))
	case fault.Is(err, fault.TooMany):
		c.w.Header().Set("Retry-After", "60")
		return c.oauthError(http.StatusTooManyRequests, "temporarily_unavailable", fault.Text(err))
	}
	return err
}

// clientKey gives what the program signs in with: by HTTP Basic, where both
// parts are form-encoded (RFC 6749 s.2.3.1), or in the body; not by both.
func (c *Call) clientKey(f *Form) (clientID, secret string, ok bool) {
	if c.r.Header.Get("Authorization") == "" {
		return f.Raw("client_id"), f.Secret("client_secret"), true
	}
	user, password, basic := c.r.BasicAuth()
	clientID, err := url.QueryUnescape(user)
	if !basic || err != nil || f.Has("client_secret") || f.Has("client_id") && f.Raw("client_id") != clientID {
		return "", "", false
	}
	secret, err = url.QueryUnescape(password)
	return clientID, secret, err == nil
}

func (c *Call) oauthError(status int, word, text string) error {
	return c.JSON(status, map[string]string{"error": word, "error_description": sentence(text)})
}

// program gives the program that the request's bearer token opens.
func (c *Call) program() (access.Actor, error) {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	who, err := c.site.Clients.Actor(c.Context(), strings.TrimSpace(token))
	if fault.Is(err, fault.Unauthenticated) {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="HSConnect"`)
	}
	who.Address = c.address
	return who, err
}

// whoami tells a program who it is to the portal, and nothing about members.
func (s *site) whoami(c *Call) error {
	who, err := c.program()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"organization": who.OrgName, "name": who.Name, "roles": who.Roles})
}
