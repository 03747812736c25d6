package coverage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"hsconnect/internal/fault"
)

// reading is a source on its way, and how far the whole work is.
type reading struct {
	ctx      context.Context //nolint:containedctx // a reading lives exactly as long as the call that made it
	src      Source
	feed     Feed
	progress func(done, total int64)
	passes   int64 // over the file, or over what was staged of it
	done     int64
}

// digest reads the source for the digest of its bytes.
func (in *reading) digest() (string, error) {
	return in.read(func(c *counted) error { return nil })
}

// pass reads the source once, hands each row to take, and gives the digest of
// its bytes. Bytes that make no sense go to refuse.
func (in *reading) pass(take func(Enrollment) error, refuse func(where, reason string)) (string, error) {
	return in.read(func(c *counted) error {
		err := in.feed(c, take)
		var bad *Unreadable
		if errors.As(err, &bad) {
			refuse(bad.Where, bad.Reason)
			return nil
		}
		return err
	})
}

func (in *reading) read(use func(c *counted) error) (string, error) {
	f, err := in.src.Open()
	var known *fault.Error
	if errors.As(err, &known) {
		return "", err
	}
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "The file cannot be opened")
	}
	defer func() { _ = f.Close() }() // only read from
	c := &counted{in: in, r: f, hash: sha256.New()}
	err = use(c)
	if err == nil {
		// What was left unread belongs to the file, and to its digest.
		_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, make([]byte, 256<<10))
	}
	if err != nil {
		return "", readable(err)
	}
	return hex.EncodeToString(c.hash.Sum(nil)), nil
}

// step moves the progress through a pass over what was staged: rows of all.
func (in *reading) step(rows, all int) error {
	err := in.stopped()
	if err != nil || all == 0 || in.src.Size == 0 {
		return err
	}
	in.done += in.src.Size * int64(rows) / int64(all)
	if in.progress != nil {
		in.progress(min(in.done, in.passes*in.src.Size), in.passes*in.src.Size)
	}
	return nil
}

func (in *reading) stopped() error {
	err := in.ctx.Err()
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The import was stopped. Nothing of the file was loaded; start it again with the same file, and it goes on with the rows that it has read")
	}
	return nil
}

// readable gives an error of the file system words; faults have their own.
func readable(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	var broken *readFailure
	if errors.As(err, &broken) {
		return fault.Wrap(fault.Unavailable, err, "The file cannot be read to its end. Nothing was loaded")
	}
	return err
}

// counted reads for one pass: it adds up digest and progress, holds the size
// to its limit, and stops when the call is cancelled.
type counted struct {
	in   *reading
	r    io.Reader
	hash hash.Hash
	n    int64
}

// readFailure marks an error as the file's, not the database's.
type readFailure struct{ cause error }

// Error implements error.
func (f *readFailure) Error() string { return "reading the file: " + f.cause.Error() }

// Unwrap gives the cause.
func (f *readFailure) Unwrap() error { return f.cause }

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	err := c.in.stopped()
	if err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	_, _ = c.hash.Write(p[:n]) // a hash has no error to give
	c.n += int64(n)
	c.in.done += int64(n)
	if c.n > MaxFile {
		return n, errTooLarge
	}
	if c.in.progress != nil && n > 0 {
		c.in.progress(c.in.done, c.in.passes*c.in.src.Size)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &readFailure{err}
	}
	return n, err
}
