package factor

import (
	"crypto/rand"
	"crypto/subtle"
	"log/slog"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"github.com/skip2/go-qrcode"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// What every authenticator app understands: SHA-1, six digits, 30 seconds
// (RFC 6238; V-05).
const (
	stepSeconds = 30
	codeDigits  = 6
	secretBytes = 20
	qrScale     = -5 // pixels of a module
)

// Setup is what an authenticator app needs, in the three ways it takes it.
type Setup struct {
	Secret string // base32, to type in
	URL    string // otpauth://, to open on the telephone itself
	QR     []byte // the URL as a PNG image
}

// LogValue keeps the secret out of logs.
func (Setup) LogValue() slog.Value { return slog.StringValue("[authenticator secret]") }

// String keeps the secret out of anything else that prints it.
func (Setup) String() string { return "[authenticator secret]" }

// BeginTOTP gives a secret that counts once ConfirmTOTP has seen a code of
// it. Until then the app that the person has stays. Within ten minutes the
// answer is the same, so that a page may be loaded again; confirmed must it be
// within twenty.
func (s *Service) BeginTOTP(tx *db.Tx, p id.Person, username string) (Setup, error) {
	err := needPerson(p)
	if err != nil {
		return Setup{}, err
	}
	secret, err := s.pending(tx, p, samePending)
	if err != nil {
		return Setup{}, err
	}
	if secret == nil {
		secret = make([]byte, secretBytes)
		_, _ = rand.Read(secret) // it fills the slice or ends the program
		sealed, err := s.shut(p, secret)
		if err != nil {
			return Setup{}, err
		}
		_, err = tx.Exec(`insert into factor_pending (person, sealed, begun_us) values ($1, $2, $3)
			on conflict (person) do update set sealed = excluded.sealed, begun_us = excluded.begun_us`, string(p), sealed, db.Micros(tx.Now))
		if err != nil {
			return Setup{}, err
		}
	}
	return s.setup(secret, username)
}

func (s *Service) setup(secret []byte, username string) (Setup, error) {
	account := labelPart(username)
	if account == "" {
		account = "account"
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: labelPart(s.name), AccountName: account, Secret: secret})
	if err != nil {
		return Setup{}, err
	}
	png, err := qrcode.Encode(key.URL(), qrcode.Medium, qrScale)
	return Setup{Secret: key.Secret(), URL: key.URL(), QR: png}, err
}

// labelPart gives a name without the colon, which parts the two halves of an
// app's label.
func labelPart(name string) string { return printable(strings.ReplaceAll(name, ":", " "), longestName) }

// pending gives the unconfirmed secret if it is younger than age, or nil.
func (s *Service) pending(tx *db.Tx, p id.Person, age time.Duration) ([]byte, error) {
	var sealed []byte
	var begun int64
	err := tx.Row("select sealed, begun_us from factor_pending where person = $1"+tx.Lock(), string(p)).Scan(&sealed, &begun)
	if db.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if tx.Now.Sub(db.Time(begun)) >= age {
		return nil, nil
	}
	return s.open(p, sealed)
}

// ConfirmTOTP makes the secret of BeginTOTP the person's, if code is one of
// its codes. It reports false for a wrong code, and gives fault.Conflict when
// nothing was begun in the last twenty minutes. The code counts as used.
func (s *Service) ConfirmTOTP(tx *db.Tx, p id.Person, code string) (bool, error) {
	secret, err := s.pending(tx, p, pendingLasts)
	if err != nil {
		return false, err
	}
	if secret == nil {
		return false, fault.New(fault.Conflict, "Setting up the authenticator app took too long, or was done already. Start again")
	}
	step, good, err := match(secret, code, tx.Now, -1)
	if err != nil || !good {
		return false, err
	}
	sealed, err := s.shut(p, secret)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec("delete from factor_pending where person = $1", string(p))
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(`insert into factor_totp (person, sealed, last_step, added_us) values ($1, $2, $3, $4)
		on conflict (person) do update set sealed = excluded.sealed, last_step = excluded.last_step, added_us = excluded.added_us`,
		string(p), sealed, step, db.Micros(tx.Now))
	return err == nil, err
}

// CheckTOTP reports whether code is one of the person's app for now, a step
// earlier or a step later. A step opens once, and none opens after a newer
// one did (V-05), also when two try at the same moment.
func (s *Service) CheckTOTP(tx *db.Tx, p id.Person, code string) (bool, error) {
	var sealed []byte
	var last int64
	err := tx.Row("select sealed, last_step from factor_totp where person = $1", string(p)).Scan(&sealed, &last)
	if db.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	secret, err := s.open(p, sealed)
	if err != nil {
		return false, err
	}
	step, good, err := match(secret, code, tx.Now, last)
	if err != nil || !good {
		return false, err
	}
	n, err := tx.Exec("update factor_totp set last_step = $1 where person = $2 and last_step < $3", step, string(p), step)
	return err == nil && n == 1, err
}

// RemoveTOTP takes the person's app away, and one that is not confirmed.
func (s *Service) RemoveTOTP(tx *db.Tx, p id.Person) error {
	_, err := tx.Exec("delete from factor_pending where person = $1", string(p))
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from factor_totp where person = $1", string(p))
	return err
}

// match gives the oldest step around now, after the last used one, that code
// fits. All steps are compared in any case, so that time tells nothing.
func match(secret []byte, typed string, now time.Time, last int64) (step int64, good bool, err error) {
	code := compact(typed)
	if len(code) != codeDigits {
		return 0, false, nil
	}
	current := now.Unix() / stepSeconds
	for at := current + 1; at >= current-1; at-- {
		want, err := hotp.GenerateCode(base32Text(secret), uint64(max(at, 0)))
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > last {
			step, good = at, true
		}
	}
	return step, good, nil
}

// TOTP gives the code that an app with this base32 secret shows at a time:
// for sign-ins of a made-up plan, and for tests.
func TOTP(secret string, at time.Time) (string, error) { return totp.GenerateCode(secret, at) }
