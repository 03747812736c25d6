package factor

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/descope/virtualwebauthn"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

const (
	ruth = id.Person("01jdruth000000000000000000")
	omar = id.Person("01jdomar000000000000000000")
	site = "https://portal.example.org"
)

type fixture struct {
	*Service

	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	keys, err := LoadOrMakeKeys(filepath.Join(t.TempDir(), "factor.keys"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Deps{Seal: keys, Site: site, Name: "HSConnect – Prairie Health"})
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			clock := dbtest.NewClock()
			f := &fixture{Service: s, t: t, clock: clock}
			if engine == "sqlite" {
				f.d = dbtest.SQLite(t, clock.Now)
			} else {
				f.d = dbtest.Postgres(t, clock.Now)
			}
			fn(t, f)
		})
	}
}

// try runs fn as account does: what it wrote stands, also when it refuses.
func (f *fixture) try(fn func(tx *db.Tx) error) (refused error) {
	f.t.Helper()
	err := f.d.Update(context.Background(), func(tx *db.Tx) error {
		refused = fn(tx)
		if refused != nil && fault.KindOf(refused) == fault.Internal {
			return refused
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

func (f *fixture) must(fn func(tx *db.Tx) error) {
	f.t.Helper()
	err := f.try(fn)
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) state(p id.Person) (st State) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		st, err = f.Of(tx, p)
		return err
	})
	return st
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %v, want %v", what, err, fault.KindOf(err), k)
	}
}

// wantRefused wants the one answer, for the one reason.
func wantRefused(t *testing.T, what string, err, cause error) {
	t.Helper()
	if !fault.Is(err, fault.Unauthenticated) || fault.Text(err) != fault.Text(errCheck(nil)) || !errors.Is(err, cause) {
		t.Errorf("%s: %v because of %v, want the one refusal because of %v", what, err, errors.Unwrap(err), cause)
	}
}

// device is somebody's authenticator with one key, and the site it believes
// to be at.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

// coseBytes is the length of a P-256 public key as COSE writes it.
const coseBytes = 77

func newDevice(p id.Person, verifies bool) *device {
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	// The module drops leading zeros of a coordinate, which one key in 128 has
	// and which no real authenticator does.
	for len(key.Key.AttestationData()) != coseBytes {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &device{
		rp:   virtualwebauthn.RelyingParty{Name: "portal", ID: "portal.example.org", Origin: site},
		auth: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(p), UserNotVerified: !verifies}),
		key:  key,
	}
}

func (v *device) create(t *testing.T, options []byte) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(v.rp, v.auth, v.key, *o))
}

// get answers a check and counts one up.
func (v *device) get(t *testing.T, options []byte) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	v.key.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(v.rp, v.auth, v.key, *o))
}

func (f *fixture) beginPasskey(p id.Person) (options []byte, token string) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		options, token, err = f.BeginPasskey(tx, p, "ruth", "Ruth")
		return err
	})
	return options, token
}

func (f *fixture) finishPasskey(p id.Person, token string, response []byte, label string) error {
	f.t.Helper()
	return f.try(func(tx *db.Tx) error { return f.FinishPasskey(tx, p, token, response, label) })
}

func (f *fixture) register(p id.Person, v *device) {
	f.t.Helper()
	options, token := f.beginPasskey(p)
	err := f.finishPasskey(p, token, v.create(f.t, options), "Desk key")
	if err != nil {
		f.t.Fatal(err, errors.Unwrap(err))
	}
}

func (f *fixture) beginCheck(p id.Person) (options []byte, token string) {
	f.t.Helper()
	f.must(func(tx *db.Tx) (err error) {
		options, token, err = f.BeginCheck(tx, p)
		return err
	})
	return options, token
}

func (f *fixture) finishCheck(token string, response []byte) (c Check, err error) {
	f.t.Helper()
	err = f.try(func(tx *db.Tx) (err error) {
		c, err = f.FinishCheck(tx, token, response)
		return err
	})
	return c, err
}

// signIn asks for p, or for anybody, and lets v answer.
func (f *fixture) signIn(p id.Person, v *device) (Check, error) {
	f.t.Helper()
	options, token := f.beginCheck(p)
	return f.finishCheck(token, v.get(f.t, options))
}
