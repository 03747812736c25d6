package factor

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"hsconnect/internal/db"
	"hsconnect/internal/id"
)

// I-14 (NIST SP 800-63B-4 s.4.2) asks for 64 bits at least; from 112 on, a
// plain hash is enough to keep them (OWASP ASVS 5.0 6.5.2).
const (
	codesEach = 10
	codeBytes = 15
	codeGroup = 4
	codeChars = codeBytes * 8 / 5
)

// alphabet leaves out the letters I, L, O and U: nobody has to tell them from
// a digit, or reads a word.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func base32Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// NewCodes gives ten recovery codes, such as 7K2M-0QXT-9VHB-WD4E-J3CN-85RA, in place of
// all earlier ones. They are shown once: what stays is the SHA-256 of each.
func (s *Service) NewCodes(tx *db.Tx, p id.Person) ([]string, error) {
	err := needPerson(p)
	if err != nil {
		return nil, err
	}
	written := base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)
	codes := make([]string, 0, codesEach)
	for slot := range codesEach {
		raw := make([]byte, codeBytes)
		_, _ = rand.Read(raw) // it fills the slice or ends the program
		code := written.EncodeToString(raw)
		// By slot, so that two who make codes at once leave ten and not twenty.
		_, err := tx.Exec(`insert into factor_code (person, slot, hash, used_us) values ($1, $2, $3, 0)
			on conflict (person, slot) do update set hash = excluded.hash, used_us = 0`, string(p), int64(slot), codeHash(p, code))
		if err != nil {
			return nil, err
		}
		codes = append(codes, grouped(code))
	}
	return codes, nil
}

func grouped(code string) string {
	var parts []string
	for i := 0; i < len(code); i += codeGroup {
		parts = append(parts, code[i:i+codeGroup])
	}
	return strings.Join(parts, "-")
}

// codeHash binds a code to its person. With 120 random bits it needs no salt
// and no slow hash.
func codeHash(p id.Person, code string) []byte {
	sum := sha256.Sum256([]byte("hsconnect recovery code\x00" + string(p) + "\x00" + code))
	return sum[:]
}

// plainCode gives a typed code as it was made: case, blanks and hyphens do not
// matter, and the letters that codes do not have are the digits they look like.
func plainCode(typed string) (string, bool) {
	code := strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(compact(typed)))
	if len(code) != codeChars {
		return "", false
	}
	return code, strings.Trim(code, alphabet) == ""
}

// UseCode uses up a recovery code and gives how many are left. It reports
// false for one that the person does not have, or has used before.
func (s *Service) UseCode(tx *db.Tx, p id.Person, typed string) (used bool, left int, err error) {
	code, ok := plainCode(typed)
	if ok && p != "" {
		n, err := tx.Exec("update factor_code set used_us = $1 where person = $2 and hash = $3 and used_us = 0", db.Micros(tx.Now), string(p), codeHash(p, code))
		if err != nil {
			return false, 0, err
		}
		used = n > 0
	}
	err = tx.Row("select count(1) from factor_code where person = $1 and used_us = 0", string(p)).Scan(&left)
	return used && err == nil, left, err
}
