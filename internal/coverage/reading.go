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

// pass hands each row to take. Bytes that make no sense go to refuse.
func (in *reading) pass(r io.Reader, take func(Enrollment) error, refuse func(where, reason string)) error {
	err := in.feed(r, take)
	var bad *Unreadable
	if errors.As(err, &bad) {
		refuse(bad.Where, bad.Reason)
		return nil
	}
	return err
}
