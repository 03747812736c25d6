package signon

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/oauth2"
	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Answer is what the browser brings back to AnswerPath.
type Answer struct {
	State   string
	Code    string
	Error   string
	Issuer  string // "iss" of the query (RFC 9207), or ""
	Browser string // the secret of the cookie
}

// Identity is who a provider says somebody is.
type Identity struct {
	Provider Provider
	Subject  string // what the provider calls her, for ever
	Email    string // "" unless the provider verified it and its domain is the provider's
	Verified bool   // that Email is there
	Name     string // to fill a form with; nobody verified it
	Factor   bool   // a second factor was asked for, and the provider is trusted with that
	Person   id.Person
	Start    Start
}

// LogValue logs an identity as references only.
func (i Identity) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", i.Provider.ID), slog.String("person", string(i.Person)))
}

// Why an answer was refused: for events, logs and tests, never shown.
var (
	errNoAttempt = errors.New("nobody asked for this answer, or it was given before")
	errBrowser   = errors.New("the answer came to another browser")
	errLate      = errors.New("the answer came too late")
	errDisabled  = errors.New("the provider is disabled")
	errMixedUp   = errors.New("the answer is of another issuer than was asked")
	errDenied    = errors.New("the provider did not let the person in")
	errCode      = errors.New("the provider did not redeem the code")
	errNoToken   = errors.New("the provider gave no ID token")
	errAlgorithm = errors.New("the ID token is signed in a way that does not count")
	errSignature = errors.New("the ID token is damaged, or its signature is not the provider's")
	errIssuer    = errors.New("the ID token is of another issuer")
	errAudience  = errors.New("the ID token is for another client")
	errParty     = errors.New("the ID token was given to another client")
	errExpired   = errors.New("the ID token has expired, or is of the future")
	errNonce     = errors.New("the ID token answers another question")
	errSubject   = errors.New("the provider does not say clearly who the person is")
	errSealed    = errors.New("what was sealed does not open: the keyset file is another one, or the row was changed")
)

// refusals are the reasons above that are the answer's, and not ours.
func refusals() []error {
	return []error{errNoAttempt, errBrowser, errLate, errDisabled, errMixedUp, errDenied, errCode, errNoToken, errAlgorithm, errSignature,
		errIssuer, errAudience, errParty, errExpired, errNonce, errSubject}
}

// cause gives the reason among those that are known, in our own words: what a
// provider wrote reaches no log.
func cause(err error) string {
	for _, known := range append(refusals(), errReach, errLies, errPlain, errMethods, errSealed) {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "something else"
}

func refused(err error) error {
	if !slices.ContainsFunc(refusals(), func(known error) bool { return errors.Is(err, known) }) {
		return err
	}
	return fault.Wrap(fault.Unauthenticated, err,
		"Signing in through your organization did not work. Start again from the sign-in page. If it happens again, ask your organization's IT, or sign in with your username and password")
}

// Finish takes the answer to what Begin asked. Anything wrong with it is
// fault.Unauthenticated with one text; a provider that does not answer is
// fault.Unavailable. An answer counts once, also a refused one. The caller
// opens a session for Person, after checking that she may act for the
// provider's organization, or links somebody who proved herself otherwise.
func (s *Service) Finish(ctx context.Context, a Answer) (Identity, error) {
	at, r, err := s.taken(ctx, a)
	if err != nil {
		s.log.InfoContext(ctx, "sign-on refused", slog.String("reason", cause(err)))
		return Identity{}, refused(err)
	}
	i, err := s.identify(ctx, a, &at, r)
	if err == nil {
		i, err = s.settle(ctx, i)
	}
	if err != nil {
		s.log.InfoContext(ctx, "sign-on refused", slog.Any("provider", r.Provider), slog.String("reason", cause(err)))
		told := s.db.Update(ctx, func(tx *db.Tx) error {
			return event{kind: Refused, provider: r.ID, person: at.start.Person, reason: cause(err)}.write(tx, access.Actor{})
		})
		if told != nil {
			return Identity{}, told
		}
		return Identity{}, refused(err)
	}
	return i, nil
}

// taken uses the attempt of an answer up and gives it with its provider.
func (s *Service) taken(ctx context.Context, a Answer) (at attempt, r providerRow, err error) {
	if !wellFormed(a.State) || !wellFormed(a.Browser) {
		return attempt{}, providerRow{}, errNoAttempt
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		at, err = take(tx, a.State)
		if err != nil {
			return err
		}
		r, err = providerOf(tx, at.start.Provider)
		return err
	})
	return at, r, err
}

// identify checks everything about an answer and gives who it says.
func (s *Service) identify(ctx context.Context, a Answer, at *attempt, r providerRow) (Identity, error) {
	switch {
	case !at.begunIn(a.Browser):
		return Identity{}, errBrowser
	case s.db.Now().Sub(at.begun) >= Lasts:
		return Identity{}, errLate
	case r.Disabled:
		return Identity{}, errDisabled
	}
	err := s.openStart(at)
	if err != nil {
		return Identity{}, err
	}
	d, err := s.provider(ctx, r.Provider)
	if err != nil {
		return Identity{}, err
	}
	switch {
	case a.Issuer != "" && a.Issuer != r.Issuer, a.Issuer == "" && d.meta.SendsIss:
		return Identity{}, errMixedUp
	case a.Error != "" || a.Code == "":
		return Identity{}, errDenied
	}
	tokens, err := s.redeem(ctx, a, r, d)
	if err != nil {
		return Identity{}, err
	}
	c, err := s.verify(ctx, r, d, tokens)
	if err != nil {
		return Identity{}, err
	}
	if subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(derived(a.Browser, forNonce))) != 1 {
		return Identity{}, errNonce
	}
	i := Identity{Provider: r.Provider, Subject: c.Subject, Name: printable(c.Name, maxName), Start: at.start}
	i.Factor = r.TrustFactor && (slices.Contains(c.AMR, "mfa") || c.ACR != "" && slices.Contains(r.ACRs, c.ACR))
	i.Email = c.email(r.Domains)
	i.Verified = i.Email != ""
	return i, nil
}

// redeem changes the code for tokens.
func (s *Service) redeem(ctx context.Context, a Answer, r providerRow, d discovered) (*oauth2.Token, error) {
	secret, err := s.seal.Decrypt(r.sealed, []byte(r.ID))
	if err != nil {
		return nil, errSealed
	}
	tokens, err := s.config(r, d, string(secret)).Exchange(s.calling(ctx), a.Code, oauth2.VerifierOption(derived(a.Browser, forVerifier)))
	var answered *oauth2.RetrieveError
	switch {
	case err == nil:
		return tokens, nil
	case errors.As(err, &answered) && answered.Response.StatusCode < 500:
		return nil, errCode
	}
	return nil, fault.Wrap(fault.Unavailable, err, "The identity provider of "+r.Name+
		" does not answer as it should right now. Try again in a few minutes, or sign in with your username and password")
}

// settle finds whose the identity is, as the provider and its links stand now.
func (s *Service) settle(ctx context.Context, i Identity) (Identity, error) {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := providerOf(tx, i.Provider.ID)
		if err != nil {
			return err
		}
		if r.Disabled {
			return errDisabled
		}
		i.Person = ""
		err = tx.Row("select person from signon_link where provider = $1 and subject = $2 and ended_us = 0", r.ID, i.Subject).Scan(&i.Person)
		if err != nil && !db.NoRows(err) {
			return err
		}
		_, err = tx.Exec("update signon_link set used_us = $1 where provider = $2 and subject = $3 and ended_us = 0", db.Micros(tx.Now), r.ID, i.Subject)
		if err != nil {
			return err
		}
		detail := ""
		if i.Factor {
			detail = "with a second factor"
		}
		return event{kind: Answered, provider: r.ID, person: i.Person, detail: detail}.write(tx, access.Actor{Person: i.Person})
	})
	return i, err
}

// printable keeps what a provider calls somebody to one short line.
func printable(text string, most int) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), " ")
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}
