package factor

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/webauthn"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// purpose says what a ceremony was begun for: its answer serves nothing else.
type purpose string

const (
	toAdd   purpose = "add"   // a passkey to a person
	toCheck purpose = "check" // a known person
	toFind  purpose = "find"  // whoever answers
)

// Why an answer was refused: for logs and tests, never shown.
var (
	errNoCeremony = errors.New("factor: no such ceremony, or it was answered before")
	errLate       = errors.New("factor: the ceremony is over its time")
	errAnswer     = errors.New("factor: the answer does not fit the question, the site or the key")
	errUnverified = errors.New("factor: a passkey that stands alone must verify its holder, also when it was added")
	errCloned     = errors.New("factor: the counter went back: the passkey may have a copy")
)

const (
	tokenBytes    = 32 // V-07 asks for 16 at least
	longestAnswer = 64 << 10
)

// ceremony is one question to an authenticator.
type ceremony struct {
	person  id.Person
	purpose purpose
	asked   webauthn.SessionData
}

// keep stores a ceremony and gives the secret that names it. The browser gets
// it; what stays is its SHA-256.
func (c ceremony) keep(tx *db.Tx) (string, error) {
	asked, err := json.Marshal(c.asked)
	if err != nil {
		return "", err
	}
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // it fills the slice or ends the program
	token := base64.RawURLEncoding.EncodeToString(raw)
	_, err = tx.Exec("insert into factor_ceremony (token_hash, person, purpose, asked, begun_us) values ($1, $2, $3, $4, $5)",
		tokenHash(token), string(c.person), string(c.purpose), string(asked), db.Micros(tx.Now))
	return token, err
}

// take uses a ceremony up: whoever comes second finds none (W-07).
func take(tx *db.Tx, token string) (ceremony, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return ceremony{}, errNoCeremony
	}
	var c ceremony
	var asked string
	var begun int64
	err := tx.Row("delete from factor_ceremony where token_hash = $1 returning person, purpose, asked, begun_us", tokenHash(token)).
		Scan(&c.person, &c.purpose, &asked, &begun)
	if db.NoRows(err) {
		return ceremony{}, errNoCeremony
	}
	if err != nil {
		return ceremony{}, err
	}
	if tx.Now.Sub(db.Time(begun)) >= ceremonyLasts {
		return ceremony{}, errLate
	}
	return c, json.Unmarshal([]byte(asked), &c.asked)
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// refusal reports whether err is a reason to refuse an answer, and not a
// failure of ours.
func refusal(err error) bool {
	for _, known := range []error{errNoCeremony, errLate, errAnswer, errUnverified, errCloned} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func errNoPasskeys() error {
	return fault.New(fault.Unavailable, "Passkeys do not work at this address of the portal. Use an authenticator app")
}
