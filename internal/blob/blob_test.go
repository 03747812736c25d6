package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"hsconnect/internal/fault"
)

var ctx = context.Background()

func newVault(t testing.TB) (v *Vault, dir, keys string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "blobs")
	keys = filepath.Join(t.TempDir(), "keyring.json")
	s, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := LoadOrMakeKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return NewVault(s, k), dir, keys
}

func seal(t testing.TB, v *Vault, plain []byte) Ref {
	t.Helper()
	ref, err := v.Seal(ctx, bytes.NewReader(plain), 10<<20)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func read(v *Vault, ref Ref) ([]byte, error) {
	r, err := v.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	closed := r.Close()
	if err == nil {
		err = closed
	}
	return b, err
}

// files gives everything below dir that is no directory.
func files(t testing.TB, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestSealedIsReadBack(t *testing.T) {
	v, dir, _ := newVault(t)
	for _, n := range []int{0, 1, segmentSize - 100, segmentSize - 56, segmentSize, segmentSize + 1, 3 * segmentSize, 1<<20 + 7} {
		plain := random(n)
		ref := seal(t, v, plain)
		if ref.Size != int64(n) || ref.Digest != sha256.Sum256(plain) || !wellNamed(ref.Name) {
			t.Fatalf("%d bytes: ref says %d bytes, name %s", n, ref.Size, ref.Name)
		}
		got, err := read(v, ref)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: %d came back, %v", n, len(got), err)
		}
		err = v.Check(ctx, ref)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		stored, err := os.ReadFile(filepath.Join(dir, ref.Name[:2], ref.Name))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(stored)) != ref.Name {
			t.Fatalf("%d bytes: the file is not named by its bytes (%v)", n, err)
		}
	}
}

func TestAnyBytesInAnyPieces(t *testing.T) {
	v, _, _ := newVault(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 3*segmentSize).Draw(t, "plain")
		var r io.Reader = bytes.NewReader(plain)
		switch rapid.IntRange(0, 3).Draw(t, "pieces") {
		case 1:
			r = iotest.HalfReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		case 3:
			r = iotest.OneByteReader(r)
		}
		ref, err := v.Seal(ctx, r, int64(len(plain)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(v, ref)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d of %d bytes came back, %v", len(got), len(plain), err)
		}
	})
}

func TestNothingPlainReachesTheDisk(t *testing.T) {
	v, dir, keys := newVault(t)
	plain := []byte(strings.Repeat("Marisol Quiñones-Ó'Brien, left knee. ", 1000))
	a, b := seal(t, v, plain), seal(t, v, plain)
	if a.Name == b.Name || bytes.Equal(a.Wrapped, b.Wrapped) {
		t.Fatal("two blobs share a key")
	}
	for _, path := range append(files(t, dir), keys) {
		raw, err := os.ReadFile(path)
		if err != nil || bytes.Contains(raw, []byte("Quiñones")) || bytes.Contains(raw, []byte("knee")) {
			t.Fatalf("%s shows plain text (%v)", path, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s has mode %v (%v)", path, info.Mode(), err)
		}
	}
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	v, dir, _ := newVault(t)
	ref := seal(t, v, random(2*segmentSize))
	path := filepath.Join(dir, ref.Name[:2], ref.Name)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, bad []byte) {
		err := os.WriteFile(path, bad, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(v, ref)
		if !errors.Is(err, ErrChanged) {
			t.Fatalf("%s: read gave %v", what, err)
		}
		err = v.Check(ctx, ref)
		if !errors.Is(err, ErrChanged) {
			t.Fatalf("%s: Check gave %v", what, err)
		}
	}
	for i := 0; i < len(good); i += 13 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		try(fmt.Sprintf("byte %d", i), bad)
	}
	// Changed bytes are named as such even when the key is wrong as well.
	keyless := ref
	keyless.Wrapped = nil
	err = v.Check(ctx, keyless)
	if !errors.Is(err, ErrChanged) {
		t.Fatalf("changed, and without a key: %v", err)
	}
	for _, n := range []int{0, 1, 40, segmentSize, 2 * segmentSize, len(good) - 1} {
		try(fmt.Sprintf("cut at %d", n), good[:n])
	}
	try("one more", append(bytes.Clone(good), 0))
	err = os.Remove(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Open(ctx, ref)
	if !errors.Is(err, ErrMissing) || !errors.Is(v.Check(ctx, ref), ErrMissing) {
		t.Fatalf("missing: %v", err)
	}
}

func TestARowOpensOnlyItsOwnBytes(t *testing.T) {
	v, _, _ := newVault(t)
	a, b := seal(t, v, []byte("first")), seal(t, v, []byte("other"))
	for what, ref := range map[string]Ref{
		"other key":    {a.Name, a.Digest, a.Size, b.Wrapped},
		"other file":   {b.Name, a.Digest, a.Size, a.Wrapped},
		"other digest": {a.Name, b.Digest, a.Size, a.Wrapped},
		"other size":   {a.Name, a.Digest, a.Size + 1, a.Wrapped},
		"no key":       {a.Name, a.Digest, a.Size, nil},
	} {
		_, err := read(v, ref)
		if !errors.Is(err, ErrKey) {
			t.Errorf("%s: read gave %v", what, err)
		}
		err = v.Check(ctx, ref)
		if !errors.Is(err, ErrKey) {
			t.Errorf("%s: Check gave %v", what, err)
		}
	}
}

func TestWhatCannotBeSealedLeavesNothing(t *testing.T) {
	v, dir, _ := newVault(t)
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		what string
		ctx  context.Context
		r    io.Reader
		kind fault.Kind
	}{
		{"one over", ctx, bytes.NewReader(random(1001)), fault.TooLarge},
		{"endless", ctx, iotest.OneByteReader(zeros{}), fault.TooLarge},
		{"broken off", ctx, io.MultiReader(bytes.NewReader(random(900)), iotest.ErrReader(io.ErrUnexpectedEOF)), fault.Invalid},
		{"own fault", ctx, iotest.ErrReader(fault.New(fault.Conflict, "no")), fault.Conflict},
		{"cancelled", stopped, bytes.NewReader(random(10)), fault.Unavailable},
	} {
		_, err := v.Seal(c.ctx, c.r, 1000)
		if !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", c.what, err)
		}
		if left := files(t, dir); len(left) != 0 {
			t.Fatalf("%s: left %v", c.what, left)
		}
	}
	_, err := v.Seal(ctx, bytes.NewReader(random(1000)), 1000)
	if err != nil {
		t.Fatalf("exactly the limit: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A store that cannot write stands for a full or unplugged disk.
func TestStoreThatFailsIsUnavailable(t *testing.T) {
	v, dir, _ := newVault(t)
	ref := seal(t, v, []byte("kept"))
	err := os.RemoveAll(filepath.Join(dir, tmpDir))
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Seal(ctx, strings.NewReader("x"), 10)
	if !fault.Is(err, fault.Unavailable) || strings.Contains(fault.Text(err), dir) {
		t.Fatalf("got %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	r, err := v.Open(gone, ref)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.ReadAll(r)
	if !fault.Is(err, fault.Unavailable) || !fault.Is(v.Check(gone, ref), fault.Unavailable) {
		t.Fatalf("a store that stops answering is taken for changed bytes: %v", err)
	}
}

func TestFolderRefusesEveryOtherName(t *testing.T) {
	f, err := Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "x", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("a", 65),
		"../" + strings.Repeat("a", 61), strings.Repeat("a", 63) + "/", strings.Repeat("a", 63) + "\x00", "part-" + strings.Repeat("/", 32)} {
		_, err = f.Get(ctx, name)
		if !errors.Is(err, errName) {
			t.Errorf("Get(%q): %v", name, err)
		}
		err = f.Delete(ctx, name)
		if !errors.Is(err, errName) {
			t.Errorf("Delete(%q): %v", name, err)
		}
	}
	err = f.Delete(ctx, strings.Repeat("a", 64))
	if err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
}
