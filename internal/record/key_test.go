package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hsconnect/internal/record"
)

func TestKeyIsMadeOnceAndStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "record.key")
	var wg sync.WaitGroup
	keys := make([]string, 20)
	for i := range keys {
		wg.Go(func() {
			s, k, err := record.LoadOrMakeKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			sig, err := s.Sign([]byte("text"))
			if err != nil || !k.Verify([]byte("text"), sig) || s.KeyHash() != k.KeyHash() || s.Name() != k.Name() {
				t.Errorf("the two halves do not fit (%v)", err)
			}
			keys[i] = k.String()
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Fatalf("keys %q and %q", k, keys[0])
		}
	}
	for name, want := range map[string]os.FileMode{path: 0o600, path + ".pub": 0o644} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", filepath.Base(name), info.Mode(), err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("left behind: %v %v", files, err)
	}
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	k, err := record.ParsePublicKey(string(text))
	if err != nil || k.String() != keys[0] {
		t.Errorf("%v %v", k, err)
	}
	err = os.Remove(path + ".pub") // it can be made again
	if err != nil {
		t.Fatal(err)
	}
	_, k, err = record.LoadOrMakeKey(path)
	if err != nil || k.String() != keys[0] {
		t.Errorf("%v %v", k, err)
	}
}

func TestKeyRefusals(t *testing.T) {
	make1 := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "k")
		_, _, err := record.LoadOrMakeKey(path)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	write := func(t *testing.T, path, text string) {
		err := os.WriteFile(path, []byte(text), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]struct {
		do   func(t *testing.T) string
		says string
	}{
		"readable by others": {func(t *testing.T) string {
			p := make1(t)
			err := os.Chmod(p, 0o640)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}, "chmod 600"},
		"rubbish": {func(t *testing.T) string {
			p := filepath.Join(t.TempDir(), "k")
			write(t, p, "rubbish")
			return p
		}, "does not hold a signing key"},
		"empty": {func(t *testing.T) string {
			p := filepath.Join(t.TempDir(), "k")
			write(t, p, "")
			return p
		}, "does not hold a signing key"},
		"another public half": {func(t *testing.T) string {
			p, q := make1(t), make1(t)
			text, err := os.ReadFile(q + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			write(t, p+".pub", string(text))
			return p
		}, "does not belong"},
		"no folder": {func(t *testing.T) string { return filepath.Join(t.TempDir(), "none", "k") }, "making the record's key"},
	} {
		_, _, err := record.LoadOrMakeKey(spoil.do(t))
		if err == nil || !strings.Contains(err.Error(), spoil.says) || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "a", "a+b+c", "log+00000000+AAAA"} {
		_, err := record.ParsePublicKey(text)
		if err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}
