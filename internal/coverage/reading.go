package coverage

import (
	"errors"
	"io"

	"hsconnect/internal/intake"
)

// reading is a source of enrollments on its way.
type reading struct {
	intake.Reading

	feed Feed
}

// pass reads the source once, hands each row to take, and gives the digest of
// its bytes. Bytes that make no sense go to refuse.
func (in *reading) pass(take func(Enrollment) error, refuse func(where, reason string)) (string, error) {
	return in.Read(func(r io.Reader) error {
		err := in.feed(r, take)
		var bad *Unreadable
		if errors.As(err, &bad) {
			refuse(bad.Where, bad.Reason)
			return nil
		}
		return err
	})
}
