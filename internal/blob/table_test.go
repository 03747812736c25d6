package blob

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

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
