package record

import (
	"crypto/sha256"
	"encoding/binary"

	"hsconnect/internal/db"
)

// entryTag opens the bytes an entry's digest is made of, so that they can
// never be those of anything else.
const entryTag = "hsconnect record entry v1\n"

// appendHeader appends the bytes that the digest of e is the SHA-256 of, as
// docs/record-format.md lays down: the tag; id, subject, kind, person,
// username, organization and door, each behind its length; the time; the
// SHA-256 of the body. No two different entries give the same bytes.
func appendHeader(buf []byte, e *Entry) []byte {
	buf = append(buf, entryTag...)
	for _, text := range [...]string{string(e.ID), e.Subject, e.Kind, string(e.Person), e.Username, string(e.Org), e.Door} {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(text))) //nolint:gosec // bounded by maxText when it was appended
		buf = append(buf, text...)
	}
	buf = binary.BigEndian.AppendUint64(buf, uint64(db.Micros(e.At))) //nolint:gosec // two's complement is what the format says
	return append(buf, e.BodyDigest[:]...)
}

// Sum computes the digest of e anew from its header fields and BodyDigest.
// It does not look at e.Body.
func (e *Entry) Sum() [32]byte { return sha256.Sum256(appendHeader(nil, e)) }
