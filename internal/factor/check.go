package factor

import (
	"bytes"
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Check is a passkey's good answer.
type Check struct {
	Person   id.Person
	Passkey  string // its ID
	Verified bool   // the holder gave a PIN or a biometric: two factors at once
}

// errCheck is the one answer to every check that fails.
func errCheck(cause error) error {
	return fault.Wrap(fault.Unauthenticated, cause, "That passkey did not sign you in. Try again, or use another way")
}

// BeginCheck asks the browser for a passkey of p, as the factor beside a
// password. Without a person it asks for any passkey of this site, as the only
// proof, and then the passkey must verify its holder. The options are JSON for
// navigator.credentials.get: {"publicKey": …} with binary parts in base64url.
// Who has no passkey gets fault.Conflict.
func (s *Service) BeginCheck(tx *db.Tx, p id.Person) (options json.RawMessage, ceremonyToken string, err error) {
	if s.web == nil {
		return nil, "", errNoPasskeys()
	}
	c := ceremony{person: p, purpose: toFind}
	var assertion *protocol.CredentialAssertion
	var asked *webauthn.SessionData
	if p == "" {
		assertion, asked, err = s.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	} else {
		c.purpose = toCheck
		h := holder{person: p}
		h.keys, err = s.keysOf(tx, p)
		if err != nil {
			return nil, "", err
		}
		if len(h.keys) == 0 {
			return nil, "", fault.New(fault.Conflict, "This account has no passkey. Use another way to sign in")
		}
		assertion, asked, err = s.web.BeginLogin(h)
	}
	if err != nil {
		return nil, "", err
	}
	options, err = json.Marshal(assertion)
	if err != nil {
		return nil, "", err
	}
	c.asked = *asked
	ceremonyToken, err = c.keep(tx)
	return options, ceremonyToken, err
}

// FinishCheck checks the browser's answer to BeginCheck. Another origin or
// site, another question, one that was answered or is over five minutes old, a
// passkey of somebody else, or a counter that went back (W-07): each is
// fault.Unauthenticated with the same text.
//
// An answer is used up also when it is refused, if the caller lets the
// transaction stand: give the fault on outside the closure.
func (s *Service) FinishCheck(tx *db.Tx, ceremonyToken string, response []byte) (Check, error) {
	if s.web == nil {
		return Check{}, errNoPasskeys()
	}
	check, err := s.check(tx, ceremonyToken, response)
	if refusal(err) {
		return Check{}, errCheck(err)
	}
	return check, err
}

func (s *Service) check(tx *db.Tx, token string, response []byte) (Check, error) {
	c, err := take(tx, token)
	if err != nil {
		return Check{}, err
	}
	if c.purpose == toAdd {
		return Check{}, errNoCeremony
	}
	if len(response) > longestAnswer {
		return Check{}, errAnswer
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Check{}, errAnswer // the library's own text would repeat what was sent
	}
	h := holder{person: c.person}
	if c.purpose == toFind {
		h.person = id.Person(parsed.Response.UserHandle)
	}
	if h.person == "" || len(h.person) > id.Length {
		return Check{}, errAnswer
	}
	h.keys, err = s.keysOf(tx, h.person)
	if err != nil {
		return Check{}, err
	}
	credential, err := s.answered(c, h, parsed)
	if err != nil {
		return Check{}, errAnswer
	}
	return settle(tx, c, h, credential, parsed.Response.AuthenticatorData.Flags.UserVerified())
}

// answered leaves origin, rpIdHash, challenge, presence and signature to the
// library.
func (s *Service) answered(c ceremony, h holder, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if c.purpose == toCheck {
		return s.web.ValidateLogin(h, c.asked, parsed)
	}
	return s.web.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, c.asked, parsed)
}

// settle applies our own rules to a good signature and notes the use.
func settle(tx *db.Tx, c ceremony, h holder, credential *webauthn.Credential, verified bool) (Check, error) {
	if credential.Authenticator.CloneWarning {
		return Check{}, errCloned
	}
	for _, k := range h.keys {
		if !bytes.Equal(k.credential.ID, credential.ID) {
			continue
		}
		// A key that had no PIN when it was added may have been given one by its finder.
		verified = verified && k.verifies
		if c.purpose == toFind && !verified {
			return Check{}, errUnverified
		}
		n, err := tx.Exec("update factor_passkey set sign_count = $1, used_us = $2 where id = $3 and sign_count = $4",
			int64(credential.Authenticator.SignCount), db.Micros(tx.Now), k.id, int64(k.credential.Authenticator.SignCount))
		if err != nil {
			return Check{}, err
		}
		if n == 0 {
			return Check{}, errCloned
		}
		return Check{Person: h.person, Passkey: k.id, Verified: verified}, nil
	}
	return Check{}, errAnswer
}
