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
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
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

func TestKeyringIsMadeOnceByMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	var wg sync.WaitGroup
	newest := make([]uint32, 8)
	for i := range newest {
		wg.Go(func() {
			k, err := LoadOrMakeKeyring(path)
			if err != nil {
				t.Error(err)
				return
			}
			newest[i] = k.newest
		})
	}
	wg.Wait()
	for _, n := range newest {
		if n != newest[0] {
			t.Fatalf("copies that started together hold different keys: %v", newest)
		}
	}
	if left := files(t, filepath.Dir(path)); len(left) != 1 {
		t.Fatalf("left %v", left)
	}
}

func TestKeyringFileIsGuarded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	_, err := LoadKeyring(path)
	if !errors.Is(err, ErrNoKeyring) {
		t.Fatalf("no file: %v", err)
	}
	_, err = LoadOrMakeKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	err = os.Chmod(path, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	_, err = LoadOrMakeKeyring(path)
	if err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a readable keyring was taken: %v", err)
	}
	err = os.WriteFile(path, []byte("{}"), 0o600)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = LoadOrMakeKeyring(path)
	if err == nil || !strings.Contains(err.Error(), "put back your copy") {
		t.Fatalf("a damaged keyring was taken or replaced: %v", err)
	}
	v := NewVault(nil, Keyring{})
	_, err = v.Open(ctx, Ref{})
	if !errors.Is(err, ErrNoKeyring) {
		t.Fatalf("the zero keyring opened something: %v", err)
	}
}

func TestRotationKeepsOldBlobsReadable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v, _, keys := newVault(t)
		var refs []Ref
		for i := range 5 {
			ref := seal(t, v, fmt.Appendf(nil, "document %d", i))
			refs = append(refs, ref)
			keep(t, d, ref)
		}
		k, err := AddKey(keys)
		if err != nil {
			t.Fatal(err)
		}
		turned := NewVault(v.store, k)
		newer := seal(t, turned, []byte("after"))
		keep(t, d, newer)
		for _, ref := range refs {
			_, err = read(turned, ref)
			if err != nil {
				t.Fatalf("an old blob is lost: %v", err)
			}
		}
		_, err = read(v, newer)
		if !errors.Is(err, ErrKey) {
			t.Fatalf("the old keyring opened a new blob: %v", err)
		}
		n, err := turned.Rewrap(ctx, d)
		if err != nil || n != len(refs) {
			t.Fatalf("rewrapped %d, %v", n, err)
		}
		n, err = turned.Rewrap(ctx, d)
		if err != nil || n != 0 {
			t.Fatalf("the second time rewrapped %d, %v", n, err)
		}
		seen := 0
		err = Each(ctx, d, func(ref Ref) error {
			seen++
			if !k.byNewest(ref.Wrapped) {
				t.Error("still wrapped by the old key")
			}
			return turned.Check(ctx, ref)
		})
		if err != nil || seen != 6 {
			t.Fatalf("%d seen, %v", seen, err)
		}
		err = os.WriteFile(keys+".new", nil, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = AddKey(keys)
		if err == nil || !strings.Contains(err.Error(), "another key is being added") {
			t.Fatalf("two added keys at once: %v", err)
		}
	})
}

func keep(t testing.TB, d *db.DB, ref Ref) {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error { return Keep(tx, ref) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestRowsAreWrittenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v, _, _ := newVault(t)
		ref := seal(t, v, []byte("once"))
		keep(t, d, ref)
		err := d.Update(ctx, func(tx *db.Tx) error { return Keep(tx, ref) })
		if !db.Duplicate(err) {
			t.Fatalf("kept twice: %v", err)
		}
		for _, q := range []string{"update blob set size = 1", "delete from blob"} {
			err = d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Fatalf("%s: %v", q, err)
			}
		}
		err = d.View(ctx, func(tx *db.Tx) error {
			got, err := Find(tx, ref.Name)
			if err != nil {
				return err
			}
			if got.Name != ref.Name || got.Digest != ref.Digest || got.Size != ref.Size || !bytes.Equal(got.Wrapped, ref.Wrapped) {
				t.Errorf("found %+v, kept %+v", got, ref)
			}
			_, err = Find(tx, strings.Repeat("0", 64))
			if !db.NoRows(err) {
				t.Errorf("found what is not there: %v", err)
			}
			err = v.Fits(tx)
			if err != nil {
				t.Errorf("the right keyring: %v", err)
			}
			other, _, _ := newVault(t)
			err = other.Fits(tx)
			if !errors.Is(err, ErrKey) {
				t.Errorf("a wrong keyring: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestEachPages(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	const n = 2*pageSize + 3
	err := d.Update(ctx, func(tx *db.Tx) error {
		err := (&Vault{}).Fits(tx)
		if err != nil {
			return fmt.Errorf("an empty database: %w", err)
		}
		for i := range n {
			err := Keep(tx, Ref{Name: fmt.Sprintf("%064x", i), Wrapped: []byte{1}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = Each(ctx, d, func(r Ref) error { seen[r.Name] = true; return nil })
	if err != nil || len(seen) != n {
		t.Fatalf("%d of %d seen, %v", len(seen), n, err)
	}
	count, err := Count(ctx, d)
	if err != nil || count != n {
		t.Fatalf("counted %d, %v", count, err)
	}
	stop := errors.New("stop")
	err = Each(ctx, d, func(Ref) error { return stop })
	if !errors.Is(err, stop) {
		t.Fatalf("did not stop: %v", err)
	}
}

// A blob whose transaction failed, and a write cut by a kill, go after a day;
// kept ones and young ones stay.
func TestSweepTakesOnlyOldOrphans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v, dir, _ := newVault(t)
		kept, orphan, young := seal(t, v, []byte("kept")), seal(t, v, []byte("orphan")), seal(t, v, []byte("young"))
		keep(t, d, kept)
		part := filepath.Join(dir, tmpDir, partPrefix+strings.Repeat("ab", 16))
		foreign := filepath.Join(dir, kept.Name[:2], "README")
		for _, path := range []string{part, foreign} {
			err := os.WriteFile(path, []byte("x"), 0o600)
			if err != nil {
				t.Fatal(err)
			}
		}
		past := time.Now().Add(-25 * time.Hour)
		for _, path := range []string{part, foreign, filepath.Join(dir, kept.Name[:2], kept.Name), filepath.Join(dir, orphan.Name[:2], orphan.Name)} {
			err := os.Chtimes(path, past, past)
			if err != nil {
				t.Fatal(err)
			}
		}
		n, err := Sweep(ctx, d, v.Store())
		if err != nil || n != 2 {
			t.Fatalf("swept %d, %v", n, err)
		}
		if !errors.Is(v.Check(ctx, orphan), ErrMissing) || v.Check(ctx, kept) != nil || v.Check(ctx, young) != nil {
			t.Fatal("the wrong files went")
		}
		if left := files(t, dir); len(left) != 3 {
			t.Fatalf("left %v", left)
		}
	})
}
