package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"hsconnect/internal/fault"
)

// Source is a file that can be read more than once.
type Source struct {
	Name string
	Size int64 // bytes; 0 when it is not known
	Open func() (io.ReadCloser, error)
}

// Reading is a source on its way, and how far the whole work is.
type Reading struct {
	Ctx      context.Context //nolint:containedctx // a reading lives exactly as long as the call that made it
	Source   Source
	Limit    int64 // most bytes
	TooLarge error // that says so of a longer file
	// Progress is given how far the work is, and may be nil; total is 0 when
	// the size of the file is not known.
	Progress func(done, total int64)
	Passes   int64 // over the file, or over what was staged of it
	Done     int64
}

// Digest reads the source for the digest of its bytes.
func (in *Reading) Digest() (string, error) {
	return in.Read(func(io.Reader) error { return nil })
}

// Read reads the source once by use, and gives the digest of all its bytes, of
// those too that use has left unread.
func (in *Reading) Read(use func(r io.Reader) error) (string, error) {
	f, err := in.Source.Open()
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
		_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, make([]byte, 256<<10))
	}
	if err != nil {
		return "", Readable(err)
	}
	return hex.EncodeToString(c.hash.Sum(nil)), nil
}

// Step moves the progress through a pass over what was staged: rows of all. It
// stops when the call is cancelled.
func (in *Reading) Step(rows, all int) error {
	err := in.Stopped()
	if err != nil || all == 0 || in.Source.Size == 0 {
		return err
	}
	in.Done += in.Source.Size * int64(rows) / int64(all)
	if in.Progress != nil {
		in.Progress(min(in.Done, in.Passes*in.Source.Size), in.Passes*in.Source.Size)
	}
	return nil
}

// Stopped gives the error of a call that was cancelled, or nil.
func (in *Reading) Stopped() error {
	err := in.Ctx.Err()
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The import was stopped. Nothing of the file was loaded; start it again with the same file, and it goes on with the rows that it has read")
	}
	return nil
}

// Readable gives an error of the file system words; faults have their own.
func Readable(err error) error {
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

// readFailure marks an error as the file's, not the database's.
type readFailure struct{ cause error }

// ReadFailure marks an error as the file's: see Readable.
func ReadFailure(cause error) error { return &readFailure{cause} }

// Error implements error.
func (f *readFailure) Error() string { return "reading the file: " + f.cause.Error() }

// Unwrap gives the cause.
func (f *readFailure) Unwrap() error { return f.cause }

// counted reads for one pass: it adds up digest and progress, holds the size
// to its limit, and stops when the call is cancelled.
type counted struct {
	in   *Reading
	r    io.Reader
	hash hash.Hash
	n    int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	err := c.in.Stopped()
	if err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	_, _ = c.hash.Write(p[:n]) // a hash has no error to give
	c.n += int64(n)
	c.in.Done += int64(n)
	if c.n > c.in.Limit {
		return n, c.in.TooLarge
	}
	if c.in.Progress != nil && n > 0 {
		c.in.Progress(c.in.Done, c.in.Passes*c.in.Source.Size)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &readFailure{err}
	}
	return n, err
}
