package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	streaming "github.com/tink-crypto/tink-go/v2/streamingaead/subtle"

	"hsconnect/internal/fault"
)

const (
	keySize     = 32
	segmentSize = 4 << 10
	// The contexts keep a key or a stream of one use from passing for another,
	// and say the format's version.
	streamContext = "hsconnect blob stream 1"
	keyContext    = "hsconnect blob key 1"
)

// Ref is all that is needed to read one sealed file back, besides the keyring.
type Ref struct {
	Name    string   // SHA-256 of the stored bytes, in hex
	Digest  [32]byte // SHA-256 of the plain bytes
	Size    int64    // of the plain bytes
	Wrapped []byte   // the file's own key, wrapped by the keyring
}

// Vault seals files into a store and opens them again.
type Vault struct {
	store Store
	keys  Keyring
}

// NewVault gives a vault that keeps its files in s under the keys of k.
func NewVault(s Store, k Keyring) *Vault { return &Vault{store: s, keys: k} }

// Store gives the store behind the vault, for Sweep.
func (v *Vault) Store() Store { return v.store }

// Remove takes away the stored bytes of a file that was dropped, after the
// transaction that dropped it.
func (v *Vault) Remove(ctx context.Context, name string) error { return v.store.Delete(ctx, name) }

// Seal reads r to its end and stores it encrypted. More than limit bytes are
// answered with TooLarge, a reader that breaks off with Invalid, a store that
// fails with Unavailable; a fault that r gives comes back as it is. After an
// error nothing is stored. What is sealed stays only if Keep follows.
func (v *Vault) Seal(ctx context.Context, r io.Reader, limit int64) (Ref, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	cipher, err := newCipher(key)
	if err != nil {
		return Ref{}, err
	}
	var ref Ref
	ref.Name, err = v.store.Put(ctx, func(w io.Writer) error {
		sealed, err := cipher.NewEncryptingWriter(w, []byte(streamContext))
		if err != nil {
			return err
		}
		plain := sha256.New()
		ref.Size, err = io.Copy(io.MultiWriter(sealed, plain), &source{ctx: ctx, r: r, limit: limit})
		if err != nil {
			return err
		}
		plain.Sum(ref.Digest[:0])
		return sealed.Close()
	})
	if err != nil {
		return Ref{}, storeFault(err)
	}
	ref.Wrapped, err = v.keys.wrap(key, ref.bound())
	if err != nil {
		return Ref{}, err
	}
	return ref, nil
}

// Open gives the plain bytes. Every segment is authenticated before any of it
// is handed out, and the end is checked against size and digest: a read gives
// ErrChanged rather than one wrong byte. A missing file is ErrMissing.
func (v *Vault) Open(ctx context.Context, ref Ref) (io.ReadCloser, error) {
	key, err := v.keys.unwrap(ref.Wrapped, ref.bound())
	if err != nil {
		return nil, err
	}
	cipher, err := newCipher(key)
	if err != nil {
		return nil, err
	}
	stored, err := v.store.Get(ctx, ref.Name)
	if errors.Is(err, ErrMissing) {
		return nil, err
	}
	if err != nil {
		return nil, storeFault(err)
	}
	return newOpened(ctx, ref, cipher, stored, stored), nil
}

// Check reads everything back: the stored bytes against the name, the plain
// bytes against digest and size. Nil, or one of this package's errors, or
// Unavailable when the store does not answer.
func (v *Vault) Check(ctx context.Context, ref Ref) error {
	stored, err := v.store.Get(ctx, ref.Name)
	if errors.Is(err, ErrMissing) {
		return err
	}
	if err != nil {
		return storeFault(err)
	}
	defer stored.Close()
	sum := sha256.New()
	tee := io.TeeReader(&watched{ctx: ctx, r: stored}, sum)
	plainErr := v.checkPlain(ctx, ref, stored, tee)
	// The rest, if the cipher stopped early: the name tells whether the bytes
	// or the key is at fault.
	_, err = io.Copy(io.Discard, tee)
	if err != nil {
		return storeFault(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != ref.Name {
		return ErrChanged
	}
	return plainErr
}

func (v *Vault) checkPlain(ctx context.Context, ref Ref, stored io.Closer, tee io.Reader) error {
	key, err := v.keys.unwrap(ref.Wrapped, ref.bound())
	if err != nil {
		return err
	}
	cipher, err := newCipher(key)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, newOpened(ctx, ref, cipher, tee, stored))
	return err
}

// bound is what a wrapped key is tied to: it opens for exactly these stored
// bytes and this row.
func (r Ref) bound() []byte {
	b := append([]byte(keyContext), 0)
	b = append(b, r.Name...)
	b = append(b, r.Digest[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(r.Size)) //nolint:gosec // any size maps to itself
}

// newCipher uses the stream cipher itself rather than tink's keyset form: that
// one cannot open an empty file, and takes a failing disk for a wrong key.
func newCipher(key []byte) (*streaming.AESGCMHKDF, error) {
	return streaming.NewAESGCMHKDF(key, "SHA256", keySize, segmentSize, 0)
}

// opened reads plain bytes and checks the whole at the end.
type opened struct {
	ref    Ref
	cipher *streaming.AESGCMHKDF
	stored *watched
	close  io.Closer
	plain  io.Reader // nil until the first read
	sum    hash.Hash
	size   int64
	err    error // sticks: nothing is read past a broken segment
}

func newOpened(ctx context.Context, ref Ref, cipher *streaming.AESGCMHKDF, stored io.Reader, c io.Closer) *opened {
	return &opened{ref: ref, cipher: cipher, stored: &watched{ctx: ctx, r: stored}, close: c, sum: sha256.New()}
}

// Read implements io.Reader.
func (o *opened) Read(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if o.plain == nil {
		o.plain, o.err = o.cipher.NewDecryptingReader(o.stored, []byte(streamContext))
		if o.err != nil {
			o.err = o.explain(ErrChanged)
			return 0, o.err
		}
	}
	n, err := o.plain.Read(p)
	o.size += int64(n)
	_, _ = o.sum.Write(p[:n]) // a hash takes everything
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && o.size == o.ref.Size && subtle.ConstantTimeCompare(o.sum.Sum(nil), o.ref.Digest[:]) == 1:
		o.err = io.EOF
	default:
		o.err = o.explain(ErrChanged)
	}
	return n, o.err
}

// explain puts a store that failed before bytes that are wrong.
func (o *opened) explain(err error) error {
	if o.stored.failed != nil {
		return o.stored.failed
	}
	return err
}

// Close implements io.Closer.
func (o *opened) Close() error { return o.close.Close() }

// source is what is being sealed: it stops with its context and at the limit,
// and says in words for the sender what went wrong.
type source struct {
	ctx   context.Context //nolint:containedctx // a source lives as long as one call
	r     io.Reader
	limit int64
	read  int64
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	err := s.ctx.Err()
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "The file did not arrive in time. Nothing was kept; please send it again")
	}
	if left := s.limit - s.read + 1; int64(len(p)) > left {
		p = p[:left] // one more than allowed, to see that there is more
	}
	n, err := s.r.Read(p)
	s.read += int64(n)
	if s.read > s.limit {
		return 0, fault.New(fault.TooLarge, fmt.Sprintf("The file is larger than the limit of %s. Please split it, or save it at a lower resolution", megabytes(s.limit)))
	}
	var f *fault.Error
	if err == nil || errors.Is(err, io.EOF) || errors.As(err, &f) {
		return n, err
	}
	return n, fault.Wrap(fault.Invalid, err, "The file did not arrive whole. Nothing was kept; please send it again")
}

// watched is what is being read from a store: it stops with its context and
// remembers how it failed, because the cipher takes every error for its own.
type watched struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call
	r      io.Reader
	failed error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	err := w.ctx.Err()
	if err != nil {
		w.failed = storeFault(err)
		return 0, w.failed
	}
	n, err := w.r.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	w.failed = storeFault(err)
	return n, w.failed
}

func megabytes(n int64) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%d bytes", n)
}

func storeFault(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The portal cannot reach its document store right now. Nothing was kept or shown; please try again in a moment")
}
