// Package blob keeps files: encrypted, and named by what is stored. It knows
// nothing of what a file means, who may read it or where it belongs.
//
// It promises:
//
//   - A file is encrypted with a key of its own (AES-256-GCM in segments),
//     and that key is stored only wrapped by the keyring, bound to the stored
//     bytes, the plain bytes' digest and their size (S-04, 45 CFR
//     164.312(a)(2)(iv)). Nothing of a plain file reaches the disk.
//   - A stored file is named by the SHA-256 of the stored bytes. It is whole
//     and flushed to disk before it has its name, so a name never stands for
//     half a file.
//   - What is read back is what was sealed, or an error; Check says which of
//     key, bytes and row is wrong (S-06, 45 CFR 164.312(c)).
//   - A file that was dropped can be read by nobody: its key is gone with the
//     transaction, and its bytes soon after.
//   - A file whose row was never kept (its transaction failed, or the process
//     was killed between) harms nothing and is swept after a day.
//
// The order of work is Seal, outside any transaction, then Keep inside one.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// Store keeps bytes under the SHA-256 of those bytes, in lower-case hex. It
// may be used from many goroutines and by many copies of the portal at once.
type Store interface {
	// Put stores what fill writes and gives its name. When fill fails, its
	// error comes back as it is and nothing is stored.
	Put(ctx context.Context, fill func(w io.Writer) error) (name string, err error)
	// Get opens stored bytes; ErrMissing if there are none of that name.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Delete removes stored bytes, or what List showed of a broken-off Put.
	// Nothing of that name is no error.
	Delete(ctx context.Context, name string) error
	// List shows everything stored, in no order, until fn gives an error.
	List(ctx context.Context, fn func(Item) error) error
}

// Item is one thing in a store.
type Item struct {
	Name string
	Size int64     // in bytes, as stored
	At   time.Time // when it was last written
	Part bool      // left by a Put that broke off; not a blob
}

// What can be wrong with a blob. None of them is the doing of whoever asked,
// so none has a text to show.
var (
	ErrMissing = errors.New("blob: the stored bytes are missing")
	ErrChanged = errors.New("blob: the stored bytes are not what was stored")
	ErrKey     = errors.New("blob: the wrapped key fits neither the keyring nor the blob's row")
	errName    = errors.New("blob: this is not the name of stored bytes")
)

// nameLength is the number of hex digits of a name.
const nameLength = 64

// wellNamed keeps everything else from ever becoming a path.
func wellNamed(name string) bool {
	return len(name) == nameLength && isHex(name)
}

func isHex(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
