package record

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// PublicKey checks the signatures of one log. Its text is what is handed out:
// "<name>+<8 hex digits>+<base64>".
type PublicKey struct {
	note.Verifier
	text string
}

// String gives the key as text, without a line end.
func (k PublicKey) String() string { return k.text }

var (
	errKeyText = errors.New("this is not the public key of a record: it looks like NAME+12345678+BASE64")
	errKeyFile = errors.New("the record's key file does not hold a signing key")
	errKeyOpen = errors.New("the record's key file can be read by others: make it readable by its owner alone (chmod 600)")
	errKeyPair = errors.New("the record's public key file does not belong to its key file: one of the two was replaced")
)

// ParsePublicKey reads a public key as it stands in key.pub. White space
// around it does not matter.
func ParsePublicKey(text string) (PublicKey, error) {
	text = strings.TrimSpace(text)
	v, err := note.NewVerifier(text)
	if err != nil {
		return PublicKey{}, errKeyText
	}
	return PublicKey{Verifier: v, text: text}, nil
}

// LoadOrMakeKey gives the key that signs the record, from the file at path
// (mode 0600) with its public half in path+".pub". If there is none, it makes
// one; when several processes start at once, all come out with the same key.
func LoadOrMakeKey(path string) (note.Signer, PublicKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = makeKey(path)
		if err != nil {
			return nil, PublicKey{}, fmt.Errorf("making the record's key: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, PublicKey{}, fmt.Errorf("reading the record's key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, PublicKey{}, fmt.Errorf("reading the record's key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, PublicKey{}, errKeyOpen
	}
	private := strings.TrimSpace(string(text))
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, PublicKey{}, errKeyFile // the library's error might one day quote the key
	}
	public, err := publicHalf(private)
	if err != nil {
		return nil, PublicKey{}, err
	}
	err = keepPublic(path+".pub", public)
	if err != nil {
		return nil, PublicKey{}, err
	}
	return signer, public, nil
}

// publicHalf derives the public key from "PRIVATE+KEY+name+hash+base64".
func publicHalf(private string) (PublicKey, error) {
	parts := strings.SplitN(private, "+", 5) // base64 has plus signs of its own
	if len(parts) != 5 {
		return PublicKey{}, errKeyFile
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return PublicKey{}, errKeyFile
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, errKeyFile
	}
	text, err := note.NewEd25519VerifierKey(parts[2], public)
	if err != nil {
		return PublicKey{}, errKeyFile
	}
	return ParsePublicKey(text)
}

// makeKey puts a fresh key at path, unless somebody else is first.
func makeKey(path string) error {
	var tail [6]byte
	_, _ = rand.Read(tail[:]) // never fails
	// The name goes into every checkpoint: two logs must not share one.
	private, _, err := note.GenerateKey(rand.Reader, "hsconnect/record/"+hex.EncodeToString(tail[:]))
	if err != nil {
		return err
	}
	return place(path, private+"\n", 0o600)
}

// keepPublic makes the public key's file, or checks the one that is there.
func keepPublic(path string, key PublicKey) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = place(path, key.String()+"\n", 0o644)
		if err != nil {
			return fmt.Errorf("writing the record's public key: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return fmt.Errorf("reading the record's public key: %w", err)
	}
	if strings.TrimSpace(string(text)) != key.String() {
		return errKeyPair
	}
	return nil
}

// place makes a file whole or not at all, and leaves one that is there alone:
// a link, unlike a rename, refuses to replace.
func place(path, text string, mode fs.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a leftover does no harm
	err = writeAndSync(f, text, mode)
	if err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func writeAndSync(f *os.File, text string, mode fs.FileMode) error {
	_, err := f.WriteString(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes a new name in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
