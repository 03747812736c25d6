package factor

import (
	"database/sql"
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// mostPasskeys is how many one person may have: two for every device of a
// busy desk, and no endless list.
const mostPasskeys = 10

// passkeyID names a row of factor_passkey.
type passkeyID string

// holder is a person as the WebAuthn library wants one. The user handle is the
// person's reference, which tells nothing outside the portal.
type holder struct {
	person   id.Person
	username string
	name     string
	keys     []stored
}

// WebAuthnID gives the user handle.
func (h holder) WebAuthnID() []byte { return []byte(h.person) }

// WebAuthnName gives what tells two accounts of one person apart.
func (h holder) WebAuthnName() string { return h.username }

// WebAuthnDisplayName gives the person's name.
func (h holder) WebAuthnDisplayName() string { return h.name }

// WebAuthnCredentials gives the person's passkeys.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, 0, len(h.keys))
	for _, k := range h.keys {
		list = append(list, k.credential)
	}
	return list
}

// stored is a row of factor_passkey.
type stored struct {
	id         string
	verifies   bool
	credential webauthn.Credential
}

// keysOf gives a person's passkeys with their public keys. These are sealed
// too: who can write to the database alone cannot plant a key of his own.
func (s *Service) keysOf(tx *db.Tx, p id.Person) ([]stored, error) {
	type row struct {
		stored
		sealed   []byte
		verifies int64
		count    int64
	}
	rows, err := db.Collect(func(r *sql.Rows) (row, error) {
		var k row
		return k, r.Scan(&k.id, &k.sealed, &k.verifies, &k.count)
	})(tx.Rows("select id, sealed, verifies, sign_count from factor_passkey where person = $1 order by id", string(p)))
	if err != nil {
		return nil, err
	}
	keys := make([]stored, 0, len(rows))
	for _, k := range rows {
		plain, err := s.open(p, k.sealed)
		if err != nil {
			return nil, err
		}
		err = json.Unmarshal(plain, &k.credential)
		if err != nil {
			return nil, errSealed
		}
		k.stored.verifies = k.verifies == 1 && k.credential.Flags.UserVerified
		k.credential.Authenticator.SignCount = uint32(k.count) //nolint:gosec // it was stored as one
		keys = append(keys, k.stored)
	}
	return keys, nil
}

// BeginPasskey asks the browser to make a passkey. The options are JSON for
// navigator.credentials.create: {"publicKey": …} with binary parts in
// base64url; ceremony goes back to FinishPasskey with the browser's answer,
// within five minutes. A person may have ten.
func (s *Service) BeginPasskey(tx *db.Tx, p id.Person, username, name string) (options json.RawMessage, ceremonyToken string, err error) {
	if s.web == nil {
		return nil, "", errNoPasskeys()
	}
	err = needPerson(p)
	if err != nil {
		return nil, "", err
	}
	h := holder{person: p, username: printable(username, longestName), name: printable(name, longestName)}
	if h.name == "" {
		h.name = h.username
	}
	h.keys, err = s.keysOf(tx, p)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) >= mostPasskeys {
		return nil, "", errTooMany()
	}
	var have []protocol.CredentialDescriptor
	for _, k := range h.keys {
		have = append(have, k.credential.Descriptor())
	}
	creation, asked, err := s.web.BeginRegistration(h, webauthn.WithExclusions(have))
	if err != nil {
		return nil, "", err
	}
	options, err = json.Marshal(creation)
	if err != nil {
		return nil, "", err
	}
	ceremonyToken, err = ceremony{person: p, purpose: toAdd, asked: *asked}.keep(tx)
	return options, ceremonyToken, err
}

// FinishPasskey adds the passkey that the browser made, under a name the
// person gave it. An answer that does not fit is fault.Invalid, a passkey that
// is known already fault.Conflict.
//
// An answer is used up also when it is refused, if the caller lets the
// transaction stand.
func (s *Service) FinishPasskey(tx *db.Tx, p id.Person, ceremonyToken string, response []byte, label string) error {
	if s.web == nil {
		return errNoPasskeys()
	}
	err := needPerson(p)
	if err != nil {
		return err
	}
	credential, err := s.made(tx, p, ceremonyToken, response)
	if refusal(err) {
		return fault.Wrap(fault.Invalid, err, "The passkey could not be added. Start again, and answer your browser within five minutes")
	}
	if err != nil {
		return err
	}
	return s.add(tx, p, credential, label)
}

// made checks the answer to a ceremony that was begun for p.
func (s *Service) made(tx *db.Tx, p id.Person, token string, response []byte) (*webauthn.Credential, error) {
	c, err := take(tx, token)
	if err != nil {
		return nil, err
	}
	if c.purpose != toAdd || c.person != p {
		return nil, errNoCeremony
	}
	if len(response) > longestAnswer {
		return nil, errAnswer
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, errAnswer // the library's own text would repeat what was sent
	}
	credential, err := s.web.CreateCredential(holder{person: p}, c.asked, parsed)
	if err != nil {
		return nil, errAnswer
	}
	return credential, nil
}

func (s *Service) add(tx *db.Tx, p id.Person, credential *webauthn.Credential, label string) error {
	var have int
	err := tx.Row("select count(1) from factor_passkey where person = $1", string(p)).Scan(&have)
	if err != nil {
		return err
	}
	if have >= mostPasskeys {
		return errTooMany()
	}
	label = printable(label, longestLabel)
	if label == "" {
		label = "Passkey"
	}
	// What the maker says of the device was not asked for and is not kept.
	credential.Attestation = webauthn.CredentialAttestation{}
	plain, err := json.Marshal(credential)
	if err != nil {
		return err
	}
	sealed, err := s.shut(p, plain)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into factor_passkey (id, person, credential, label, sealed, verifies, sign_count, added_us, used_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0) on conflict (credential) do nothing`,
		string(id.New[passkeyID](tx.Now)), string(p), credential.ID, label, sealed, db.Bit(credential.Flags.UserVerified),
		int64(credential.Authenticator.SignCount), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This passkey is in use already. Choose another device, or remove it first")
	}
	return nil
}

// RemovePasskey takes one of the person's passkeys away: fault.NotFound for
// any other.
func (s *Service) RemovePasskey(tx *db.Tx, p id.Person, passkey string) error {
	n, err := tx.Exec("delete from factor_passkey where id = $1 and person = $2", passkey, string(p))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "There is no such passkey. It may have been removed already")
	}
	return nil
}

func errTooMany() error {
	return fault.New(fault.Conflict, "You have ten passkeys. Remove one that you no longer use, then add this one")
}
