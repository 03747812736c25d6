package factor

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factor.keys")
	first, err := LoadOrMakeKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	sealed, err := first.Encrypt([]byte("secret"), []byte("ruth"))
	if err != nil {
		t.Fatal(err)
	}
	rotate(t, path)
	second, err := LoadOrMakeKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := second.Decrypt(sealed, []byte("ruth"))
	if err != nil || string(plain) != "secret" {
		t.Errorf("after a key was added: %q %v", plain, err)
	}
	_, err = second.Decrypt(sealed, []byte("omar"))
	if err == nil {
		t.Error("it opens for another person")
	}
	err = os.Chmod(path, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	_, err = LoadOrMakeKeys(path)
	if err == nil {
		t.Error("a file that others may read is taken")
	}
	for _, damage := range []string{"", "{}", "not a keyset"} {
		bad := filepath.Join(t.TempDir(), "bad.keys")
		err = os.WriteFile(bad, []byte(damage), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = LoadOrMakeKeys(bad)
		if err == nil {
			t.Errorf("%q is taken for a keyset", damage)
		}
		raw, err := os.ReadFile(bad)
		if err != nil || string(raw) != damage {
			t.Error("a damaged file was replaced", err)
		}
	}
	_, err = LoadOrMakeKeys(filepath.Join(t.TempDir(), "none", "factor.keys"))
	if err == nil {
		t.Error("a folder that is not there")
	}
}

// rotate adds a key that seals from now on.
func rotate(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	m := keyset.NewManagerFromHandle(h)
	added, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	err = m.SetPrimary(added)
	if err != nil {
		t.Fatal(err)
	}
	h, err = m.Handle()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&out))
	if err != nil {
		t.Fatal(err)
	}
	err = os.WriteFile(path, out.Bytes(), 0o600)
	if err != nil {
		t.Fatal(err)
	}
}

func TestKeysAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factor.keys")
	sealed := make(chan []byte, 8)
	for range cap(sealed) {
		go func() {
			a, err := LoadOrMakeKeys(path)
			if err != nil {
				t.Error(err)
				sealed <- nil
				return
			}
			out, err := a.Encrypt([]byte("x"), nil)
			if err != nil {
				t.Error(err)
			}
			sealed <- out
		}()
	}
	last, err := LoadOrMakeKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for range cap(sealed) {
		_, err := last.Decrypt(<-sealed, nil)
		if err != nil {
			t.Error("two copies made two keysets")
		}
	}
	left, err := filepath.Glob(path + ".*")
	if err != nil || len(left) > 0 {
		t.Error("left behind:", left, err)
	}
}

func TestSites(t *testing.T) {
	keys, err := LoadOrMakeKeys(filepath.Join(t.TempDir(), "factor.keys"))
	if err != nil {
		t.Fatal(err)
	}
	for site, want := range map[string]string{
		"https://portal.example.org": "https://portal.example.org", "https://Portal.Example.org:443/x/": "https://portal.example.org",
		"http://localhost:8080": "http://localhost:8080", "https://portal.example.org:8443": "https://portal.example.org:8443",
		"http://127.0.0.1:8080": "", "https://[::1]": "", "http://portal.example.org": "",
	} {
		s, err := New(Deps{Seal: keys, Site: site, Name: "HSConnect"})
		if err != nil {
			t.Errorf("%s: %v", site, err)
			continue
		}
		if s.Passkeys() != (want != "") || want != "" && s.web.Config.RPOrigins[0] != want {
			t.Errorf("%s: passkeys %v", site, s.Passkeys())
		}
		if want == "" {
			d := dbtest.SQLite(t, dbtest.NewClock().Now)
			err = d.Update(context.Background(), func(tx *db.Tx) error { _, _, err := s.BeginPasskey(tx, ruth, "x", "x"); return err })
			wantKind(t, site, err, fault.Unavailable)
		}
	}
	for _, d := range []Deps{{}, {Seal: keys, Name: "x"}, {Seal: keys, Site: "portal", Name: "x"}, {Seal: keys, Site: "ftp://x", Name: "x"}, {Site: site, Name: "x"}, {Seal: keys, Site: site}} {
		_, err := New(d)
		if err == nil {
			t.Errorf("made from %q, %q", d.Site, d.Name)
		}
	}
}

func TestNothingReadableInTheDatabase(t *testing.T) {
	dir := t.TempDir()
	keys, err := LoadOrMakeKeys(filepath.Join(dir, "factor.keys"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Deps{Seal: keys, Site: site, Name: "HSConnect"})
	if err != nil {
		t.Fatal(err)
	}
	clock := dbtest.NewClock()
	f := &fixture{Service: s, t: t, d: dbtest.SQLite(t, clock.Now), clock: clock}
	secret := f.withApp(ruth)
	pending := f.beginTOTP(omar, "omar").Secret
	codes := f.newCodes(ruth)
	_, token := f.beginCheck("")
	v := newDevice(ruth, true)
	f.register(ruth, v)
	raw := f.files()
	if !bytes.Contains(raw, []byte("Desk key")) {
		t.Fatal("the files do not hold what is stored")
	}
	for _, hidden := range []string{secret, pending, codes[0], token} {
		if bytes.Contains(raw, []byte(hidden)) {
			t.Errorf("%.4s… stands in the database", hidden)
		}
	}
	bare, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || bytes.Contains(raw, bare) {
		t.Error("the secret stands in the database", err)
	}
	other, err := LoadOrMakeKeys(filepath.Join(dir, "other.keys"))
	if err != nil {
		t.Fatal(err)
	}
	f.Service, err = New(Deps{Seal: other, Site: site, Name: "HSConnect"})
	if err != nil {
		t.Fatal(err)
	}
	err = f.try(func(tx *db.Tx) error { _, err := f.CheckTOTP(tx, ruth, "123456"); return err })
	if !errors.Is(err, errSealed) {
		t.Errorf("with another keyset: %v", err)
	}
}

// files gives the bytes of the database's files.
func (f *fixture) files() (raw []byte) {
	f.t.Helper()
	var seq int
	var name, path string
	f.must(func(tx *db.Tx) error { return tx.Row("pragma database_list").Scan(&seq, &name, &path) })
	for _, file := range []string{path, path + "-wal"} {
		part, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.t.Fatal(err)
		}
		raw = append(raw, part...)
	}
	return raw
}
