package signon

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	tokenBytes = 32 // V-07 asks for 16 at least
	maxInvite  = 200
)

// Start is what somebody begins to prove herself for. It comes back with the
// Identity.
type Start struct {
	Provider string    // its id
	Next     string    // where to go on to: a path of the portal, anything else is dropped
	Invite   string    // the secret of an invitation that is being redeemed, or ""
	Person   id.Person // who links it from her account page, or ""
}

// Begin gives the address to send the browser to, and the secret to keep in a
// cookie of it for ten minutes (HttpOnly, SameSite=Lax: the answer comes from
// another site).
func (s *Service) Begin(ctx context.Context, start Start) (redirect, browser string, err error) {
	if len(start.Invite) > maxInvite {
		return "", "", fault.New(fault.NotFound, "There is no such invitation")
	}
	start.Next = local(start.Next)
	var r providerRow
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err = providerOf(tx, start.Provider)
		return err
	})
	if err != nil {
		return "", "", err
	}
	if r.Disabled {
		return "", "", fault.New(fault.NotFound, "There is no such identity provider")
	}
	d, err := s.provider(ctx, r.Provider)
	if err != nil {
		return "", "", err
	}
	state := newToken()
	browser = newToken()
	sealed, err := s.sealStart(start)
	if err != nil {
		return "", "", err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		return tx.Later("insert into signon_attempt (state_hash, browser_hash, provider, sealed, begun_us) values ($1, $2, $3, $4, $5)",
			tokenHash(state), tokenHash(browser), start.Provider, sealed, db.Micros(tx.Now))
	})
	if err != nil {
		return "", "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(derived(browser, forNonce)), oauth2.S256ChallengeOption(derived(browser, forVerifier))}
	if r.TrustFactor && len(r.ACRs) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", join(r.ACRs)))
	}
	return s.config(r, d, "").AuthCodeURL(state, options...), browser, nil
}

func (s *Service) config(r providerRow, d discovered, secret string) *oauth2.Config {
	endpoint := d.Endpoint()
	endpoint.AuthStyle, _ = d.meta.style()
	return &oauth2.Config{
		ClientID: r.ClientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: s.Answers(),
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
	}
}

// attempt is what was begun.
type attempt struct {
	start   Start
	browser []byte // SHA-256
	begun   time.Time
	sealed  []byte
}

// take uses an attempt up, whatever becomes of it: whoever comes second finds
// none. Its start is not opened yet.
func take(tx *db.Tx, state string) (attempt, error) {
	var a attempt
	var begun int64
	err := tx.Row("delete from signon_attempt where state_hash = $1 returning browser_hash, provider, sealed, begun_us", tokenHash(state)).
		Scan(&a.browser, &a.start.Provider, &a.sealed, &begun)
	if db.NoRows(err) {
		return attempt{}, errNoAttempt
	}
	a.begun = db.Time(begun)
	return a, err
}

// begunIn reports whether the attempt was begun in the browser with the secret.
func (a attempt) begunIn(browser string) bool {
	return subtle.ConstantTimeCompare(a.browser, tokenHash(browser)) == 1
}

func (s *Service) sealStart(start Start) ([]byte, error) {
	plain, err := json.Marshal(start)
	if err != nil {
		return nil, err
	}
	return s.seal.Encrypt(plain, startOf(start.Provider))
}

func (s *Service) openStart(a *attempt) error {
	plain, err := s.seal.Decrypt(a.sealed, startOf(a.start.Provider))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(plain, &a.start)
}

// startOf keeps what was sealed as a start from being taken for a secret.
func startOf(provider string) []byte { return []byte("start of " + provider) }

// What is derived from the browser's secret, so that the database alone can
// neither redeem a code nor tell which ID token is awaited.
const (
	forNonce    = "nonce"
	forVerifier = "verifier" // of PKCE: 43 characters (RFC 7636, section 4.1)
)

func derived(browser, purpose string) string {
	mac := hmac.New(sha256.New, []byte(browser))
	_, _ = mac.Write([]byte("signon " + purpose)) // a hash takes everything
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func newToken() string {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // it fills the slice or ends the program
	return base64.RawURLEncoding.EncodeToString(b)
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func wellFormed(token string) bool { return len(token) == base64.RawURLEncoding.EncodedLen(tokenBytes) }
