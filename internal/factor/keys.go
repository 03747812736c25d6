package factor

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
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

// LoadOrMakeKeys reads the keyset at path, and makes one with a fresh
// AES-256-GCM key if there is none. Without this file no authenticator app and
// no passkey opens again: it is kept apart from the database (S-04), with a
// copy. A file that others on the machine may read is refused. A keyset with
// several keys opens what any of them sealed; the first among them seals.
func LoadOrMakeKeys(path string) (tink.AEAD, error) {
	a, err := loadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	err = makeKeys(path)
	if err != nil {
		return nil, err
	}
	return loadKeys(path)
}

func loadKeys(path string) (tink.AEAD, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("factor: %s holds secret keys but others may read it: chmod 600 it", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, fmt.Errorf("factor: %s is not a keyset, or was damaged: put back your copy of it", path)
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("factor: %s holds keys of another kind: put back your copy of it", path)
	}
	return a, nil
}

// makeKeys puts a whole file in place or none. A link never replaces: of two
// copies of the portal that start at once one makes the file, and both read it.
func makeKeys(path string) error {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	var raw bytes.Buffer
	err = insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&raw))
	if err != nil {
		return err
	}
	raw.WriteByte('\n')
	suffix := make([]byte, 8)
	_, _ = rand.Read(suffix) // it fills the slice or ends the program
	part := path + ".part-" + hex.EncodeToString(suffix)
	err = writeNew(part, raw.Bytes())
	if err != nil {
		return err
	}
	err = os.Link(part, path)
	gone := os.Remove(part)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if gone != nil {
		return gone
	}
	return flushFolder(filepath.Dir(path))
}

func writeNew(path string, raw []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err != nil {
		_ = os.Remove(path) // err is what the caller needs
	}
	return err
}

func flushFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
