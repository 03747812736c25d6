package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyring holds the master keys that wrap the keys of blobs. The newest
// wraps; all of them unwrap. The zero Keyring does neither.
type Keyring struct {
	handle *keyset.Handle
	aead   tink.AEAD
	newest uint32
}

// ErrNoKeyring says that there is no keyring file.
var ErrNoKeyring = errors.New("blob: there is no keyring file")

// LoadOrMakeKeyring reads the keyring at path, and makes one with a fresh key
// if there is none. Without this file no stored document can ever be read
// again: it is kept apart from the database and the blobs, with a copy.
func LoadOrMakeKeyring(path string) (Keyring, error) {
	k, err := LoadKeyring(path)
	if !errors.Is(err, ErrNoKeyring) {
		return k, err
	}
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return Keyring{}, err
	}
	part, err := writePart(path+".part-"+randomHex(), h)
	if err != nil {
		return Keyring{}, err
	}
	// A link never replaces: of two copies that start at once one makes the
	// file, and both read it.
	err = os.Link(part, path)
	gone := os.Remove(part)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return Keyring{}, err
	}
	if gone != nil {
		return Keyring{}, gone
	}
	err = syncDir(filepath.Dir(path))
	if err != nil {
		return Keyring{}, err
	}
	return LoadKeyring(path)
}

// LoadKeyring reads the keyring at path; ErrNoKeyring if there is none. It
// refuses a file that others on the machine may read.
func LoadKeyring(path string) (Keyring, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Keyring{}, ErrNoKeyring
	}
	if err != nil {
		return Keyring{}, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return Keyring{}, fmt.Errorf("blob: %s holds secret keys but others may read it: chmod 600 it", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Keyring{}, err
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return Keyring{}, fmt.Errorf("blob: %s is not a keyring, or was damaged: put back your copy of it", path)
	}
	return newKeyring(h)
}

func newKeyring(h *keyset.Handle) (Keyring, error) {
	a, err := aead.New(h)
	if err != nil {
		return Keyring{}, err
	}
	p, err := h.Primary()
	if err != nil {
		return Keyring{}, err
	}
	return Keyring{handle: h, aead: a, newest: p.KeyID()}, nil
}

// AddKey adds a fresh key to the keyring at path and makes it the one that
// wraps. Copies of the portal that run must read the file again before one of
// them wraps with the new key; Rewrap then moves the stored keys over.
func AddKey(path string) (Keyring, error) {
	k, err := LoadKeyring(path)
	if err != nil {
		return Keyring{}, err
	}
	m := keyset.NewManagerFromHandle(k.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return Keyring{}, err
	}
	err = m.SetPrimary(id)
	if err != nil {
		return Keyring{}, err
	}
	h, err := m.Handle()
	if err != nil {
		return Keyring{}, err
	}
	// The fixed name is the lock: two that add at once would lose a key.
	part, err := writePart(path+".new", h)
	if errors.Is(err, fs.ErrExist) {
		return Keyring{}, fmt.Errorf("blob: %s.new is there: another key is being added, or that broke off; remove the file if nothing runs", path)
	}
	if err != nil {
		return Keyring{}, err
	}
	err = os.Rename(part, path)
	if err != nil {
		return Keyring{}, err
	}
	err = syncDir(filepath.Dir(path))
	if err != nil {
		return Keyring{}, err
	}
	return newKeyring(h)
}

// writePart writes the keyring to a new file at path and flushes it.
func writePart(path string, h *keyset.Handle) (string, error) {
	var raw bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&raw))
	if err != nil {
		return "", err
	}
	raw.WriteByte('\n')
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(raw.Bytes())
	if err == nil {
		err = file.Sync()
	}
	closed := file.Close()
	if err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(path) // err is what the caller needs
		return "", err
	}
	return path, nil
}

func (k Keyring) wrap(key, bound []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, ErrNoKeyring
	}
	return k.aead.Encrypt(key, bound)
}

func (k Keyring) unwrap(wrapped, bound []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, ErrNoKeyring
	}
	key, err := k.aead.Decrypt(wrapped, bound)
	if err != nil || len(key) != keySize {
		return nil, ErrKey
	}
	return key, nil
}

// byNewest reports whether wrapped was wrapped by the newest key: tink puts
// one byte of version and four of key id in front.
func (k Keyring) byNewest(wrapped []byte) bool {
	return len(wrapped) > 5 && binary.BigEndian.Uint32(wrapped[1:5]) == k.newest
}
