package watch

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
)

const (
	keyLength = 32
	keyName   = "digests"
)

// Sealer seals and opens the key that lies in the database: the deployment's
// keys, which lie apart from it.
type Sealer interface {
	Encrypt(plain, about []byte) ([]byte, error)
	Decrypt(sealed, about []byte) ([]byte, error)
}

// LoadOrMakeKey gives the key of the digests of typed numbers, and makes one
// where there is none, or where seal opens it no longer: the digests of a day
// that it made are then worth nothing, which is all that is lost.
func LoadOrMakeKey(ctx context.Context, d *db.DB, _ access.Actor, seal Sealer) (key []byte, err error) {
	about := []byte("hsconnect watch " + keyName)
	err = d.Update(ctx, func(tx *db.Tx) error {
		var sealed []byte
		err := tx.Row("select sealed from watch_key where name = $1"+tx.Lock(), keyName).Scan(&sealed)
		if err != nil && !db.NoRows(err) {
			return err
		}
		if err == nil {
			key, err = seal.Decrypt(sealed, about)
			if err == nil && len(key) == keyLength {
				return nil
			}
		}
		key = freshKey()
		sealed, err = seal.Encrypt(key, about)
		if err != nil {
			return err
		}
		_, err = tx.Exec("insert into watch_key (name, sealed) values ($1, $2) on conflict (name) do update set sealed = excluded.sealed", keyName, sealed)
		return err
	})
	return key, err
}

func freshKey() []byte {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key) // it fills the slice or ends the program
	return key
}

// digest gives what stands for words in a row: nobody without the key can
// tell which words they were, not even by trying all of them.
func (s *Service) digest(words ...string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(strings.Join(words, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// holes are the widths of the pigeonholes of typed numbers. Numbers up to half
// a width apart share one of the two holes, those a width apart none. A check
// digit at the end of numbers that follow one another spreads them over ten to
// nineteen.
const holes = 20

// marks gives the digests of a typed number and of its two pigeonholes, or
// nothing for a text without digits. What stands around the last run of
// digits must be the same for numbers to be neighbours.
func (s *Service) marks(number string) (digest, low, high string) {
	number = foldedNumber(number)
	end := strings.LastIndexFunc(number, isDigit) + 1
	if end == 0 {
		return "", "", ""
	}
	begin := strings.LastIndexFunc(number[:end], func(r rune) bool { return !isDigit(r) }) + 1
	frame := number[:begin] + "\x00" + number[end:]
	n, _ := new(big.Int).SetString(number[begin:end], 10) // digits only: it cannot fail
	hole := func(shift int64) string {
		return new(big.Int).Div(new(big.Int).Add(n, big.NewInt(shift)), big.NewInt(holes)).String()
	}
	return s.digest("number", number), s.digest("low", frame, hole(0)), s.digest("high", frame, hole(holes/2))
}

// numberMost is how much of a typed number is looked at, in bytes.
const numberMost = 100

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// foldedNumber gives letters and digits only, in upper case.
func foldedNumber(number string) string {
	if len(number) > numberMost {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || isDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(number))
}

// surname gives the last word of a name, folded. It is coarser than what finds
// a member: a suspicion may rest on less than a match.
func surname(name string) string {
	words := nameWords(name)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// whole gives the first and the last word of a name, folded.
func whole(name string) string {
	words := nameWords(name)
	if len(words) < 2 {
		return ""
	}
	return words[0] + " " + words[len(words)-1]
}

// nameWords gives the words of a name without accents, marks, degrees and
// suffixes.
func nameWords(name string) []string {
	name, _, _ = strings.Cut(name, ",")
	var out []string
	for _, w := range strings.Fields(norm.NFKD.String(strings.ToLower(name))) {
		w = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, w)
		switch w {
		case "", "jr", "sr", "ii", "iii", "iv", "md", "do", "rn", "lpn", "np", "pa", "dr", "mr", "mrs", "ms":
		default:
			out = append(out, w)
		}
	}
	return out
}
