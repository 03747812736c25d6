// Package factor keeps what people prove themselves with beside a password:
// an authenticator app, passkeys, and recovery codes (N-02). It promises:
//
//   - an app's code opens once, within a step of 30 seconds of its time, and
//     never after a newer one did (V-05);
//   - a passkey answers only the question that this site asked, once, within
//     five minutes, from the site's own origin (I-11, W-07);
//   - a recovery code of 120 bits opens once (I-14), and is kept as SHA-256 only;
//   - secrets are sealed, each for its person: the database alone gives none
//     away, and a row copied to another person does not open (S-04,
//     45 CFR 164.312(a)(2)(iv)).
//
// Every function runs in the caller's transaction. It knows no sessions,
// counts no failures and writes no events: package account does, and it is
// account that says who acts.
package factor

import (
	"database/sql"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/tink-crypto/tink-go/v2/tink"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// How long things are good for.
const (
	ceremonyLasts = 5 * time.Minute  // W-07
	samePending   = 10 * time.Minute // a reload shows the same secret
	pendingLasts  = 20 * time.Minute // so that a reload leaves ten minutes at least
)

// Deps is what a Service is made of. All of it is required.
type Deps struct {
	Seal tink.AEAD // of LoadOrMakeKeys
	Site string    // base URL of the portal, such as "https://portal.example.org"
	Name string    // what authenticators show for the portal
}

// Service keeps second factors. It may be used from many goroutines.
type Service struct {
	seal tink.AEAD
	name string
	web  *webauthn.WebAuthn // nil where browsers allow no passkeys
}

// New makes a Service. A passkey is bound to the host name of the site, so a
// site without one, or without https outside localhost, has no passkeys:
// Passkeys reports it.
func New(d Deps) (*Service, error) {
	name := printable(d.Name, longestName)
	if d.Seal == nil || name == "" {
		return nil, errors.New("factor: a keyset and the portal's name are required")
	}
	u, err := url.Parse(d.Site)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("factor: the site is a base URL such as https://portal.example.org")
	}
	s := &Service{seal: d.Seal, name: name}
	host := strings.ToLower(u.Hostname())
	if !bindable(u.Scheme, host) {
		return s, nil
	}
	s.web, err = webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{originOf(u, host)},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: ceremonyLasts, TimeoutUVD: ceremonyLasts},
			Registration: webauthn.TimeoutConfig{Timeout: ceremonyLasts, TimeoutUVD: ceremonyLasts},
		},
		// Password managers answer extensions that nobody asked for; none is used here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, errors.New("factor: passkeys cannot be bound to the host name of the site")
	}
	return s, nil
}

// bindable reports whether browsers offer passkeys to a site at all.
func bindable(scheme, host string) bool {
	_, err := netip.ParseAddr(host)
	if err == nil {
		return false
	}
	return scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// originOf gives the site as a browser writes it: no path, no default port.
func originOf(u *url.URL, host string) string {
	port := u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + host + ":" + port
}

// Passkeys reports whether the site can have passkeys.
func (s *Service) Passkeys() bool { return s.web != nil }

// State is what a person has.
type State struct {
	TOTP     bool // a confirmed authenticator app
	Passkeys []Passkey
	Codes    int // unused recovery codes
}

// Any reports whether the person has a second factor. Recovery codes alone
// are none.
func (s State) Any() bool { return s.TOTP || len(s.Passkeys) > 0 }

// Passkey is a passkey as its owner sees it.
type Passkey struct {
	ID       string
	Label    string
	Added    time.Time
	Used     time.Time // last; zero for never
	Verifies bool      // it asked for a PIN or a biometric when it was added, so it may stand alone
}

// LogValue logs a passkey as a reference only.
func (p Passkey) LogValue() slog.Value { return slog.StringValue("[passkey " + p.ID + "]") }

// Of gives what a person has, passkeys in the order they were added.
func (s *Service) Of(tx *db.Tx, p id.Person) (State, error) {
	var st State
	var apps int
	err := tx.Row("select count(1) from factor_totp where person = $1", string(p)).Scan(&apps)
	if err != nil {
		return State{}, err
	}
	st.TOTP = apps > 0
	err = tx.Row("select count(1) from factor_code where person = $1 and used_us = 0", string(p)).Scan(&st.Codes)
	if err != nil {
		return State{}, err
	}
	st.Passkeys, err = db.Collect(func(r *sql.Rows) (Passkey, error) {
		var k Passkey
		var verifies, added, used int64
		err := r.Scan(&k.ID, &k.Label, &verifies, &added, &used)
		k.Verifies, k.Added, k.Used = verifies == 1, db.Time(added), db.Time(used)
		return k, err
	})(tx.Rows("select id, label, verifies, added_us, used_us from factor_passkey where person = $1 order by added_us, id", string(p)))
	return st, err
}

// Reset removes everything of a person, and what she has begun.
func (s *Service) Reset(tx *db.Tx, p id.Person) error {
	for _, query := range []string{
		"delete from factor_totp where person = $1",
		"delete from factor_pending where person = $1",
		"delete from factor_passkey where person = $1",
		"delete from factor_code where person = $1",
		"delete from factor_ceremony where person = $1 and person <> ''",
	} {
		_, err := tx.Exec(query, string(p))
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes ceremonies and unconfirmed secrets whose time is over.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec("delete from factor_ceremony where begun_us <= $1", db.Micros(tx.Now.Add(-ceremonyLasts)))
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from factor_pending where begun_us <= $1", db.Micros(tx.Now.Add(-pendingLasts)))
	return err
}

var errSealed = errors.New("factor: a stored secret does not open: the keyset file is another one, or the row was changed")

// shut seals a secret for its person.
func (s *Service) shut(p id.Person, plain []byte) ([]byte, error) {
	return s.seal.Encrypt(plain, []byte(p))
}

func (s *Service) open(p id.Person, sealed []byte) ([]byte, error) {
	plain, err := s.seal.Decrypt(sealed, []byte(p))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

func needPerson(p id.Person) error {
	if p == "" {
		return fault.New(fault.Unauthenticated, "Please sign in")
	}
	return nil
}
