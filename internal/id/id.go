// Package id promises names that never collide and are never confused with
// one another: one type for each thing that is stored, and the authorization
// number that people read out over the telephone.
//
// An id is 26 characters of lower-case Crockford base32: 48 bits of
// milliseconds, then 80 random bits. Ids made later sort later (to the
// millisecond), so a primary key grows at its right edge. An id tells when a
// thing was made, so it is no secret: a secret is made elsewhere.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"
)

// The things that have an id. Each is a string in the database and on the
// wire; the types keep one from being passed for another.
type (
	Person        string // somebody who signs in, at an office or at the plan
	Organization  string // an office, facility, billing firm or the plan itself
	Practitioner  string // somebody who treats, with an individual NPI
	Member        string // a person covered by the plan
	Coverage      string // one span of a member's enrolment
	Request       string // one authorization request
	Line          string // one service line of a request
	Document      string // one attached file
	Thread        string // one conversation
	Message       string // one message of a thread
	Session       string // one signed-in browser; not the session's secret
	Entry         string // one entry of the official record
	Disclosure    string // one showing of member information
	Job           string // one piece of durable work
	Import        string // one loaded file
	Agreement     string // one version of the user agreement
	Acceptance    string // one person's acceptance of one version
	Draft         string // one unsent request
	Determination string // one decision on a request
	Visit         string // one statement that a member is being seen
)

// alphabet is Crockford's: no i, l, o or u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is the number of characters of every id.
const Length = 26

const maxMillis = 1<<48 - 1

// ErrMalformed says that a text is not an id. Doors answer it as not found.
var ErrMalformed = errors.New("this is not one of our references")

// New makes an id for something that came to be at now. A time before 1970
// counts as 1970.
func New[T ~string](now time.Time) T {
	var b [16]byte
	ms := min(max(now.UnixMilli(), 0), maxMillis)
	binary.BigEndian.PutUint64(b[:8], uint64(ms)<<16)
	// crypto/rand.Read fills the slice or ends the program; it has no error to give.
	_, _ = rand.Read(b[6:])
	return T(encode(b))
}

// Parse takes an id as it stands in an address or a form. It accepts only
// what New makes and otherwise gives ErrMalformed, so that a hostile text
// never reaches a query or a log.
func Parse[T ~string](text string) (T, error) {
	if !wellFormed(text) {
		return "", ErrMalformed
	}
	return T(text), nil
}

func wellFormed(text string) bool {
	// 26 characters hold 130 bits: the first may use only three of its five.
	if len(text) != Length || text[0] > '7' {
		return false
	}
	for i := range len(text) {
		c := text[i]
		digit := c >= '0' && c <= '9'
		letter := c >= 'a' && c <= 'z' && c != 'i' && c != 'l' && c != 'o' && c != 'u'
		if !digit && !letter {
			return false
		}
	}
	return true
}

func encode(b [16]byte) string {
	hi := binary.BigEndian.Uint64(b[:8])
	lo := binary.BigEndian.Uint64(b[8:])
	var out [Length]byte
	for i := Length - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}
