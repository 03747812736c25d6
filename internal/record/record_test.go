package record_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

func clerk() access.Actor {
	return access.Actor{Person: "0000000000000000000clerk01", Username: "r.núñez", Side: access.Office, Org: "000000000000000000000org01", Door: access.DoorWeb}
}

// testKey gives a fresh signing key.
func testKey(t testing.TB) (note.Signer, record.PublicKey) {
	t.Helper()
	s, k, err := record.LoadOrMakeKey(filepath.Join(t.TempDir(), "record.key"))
	if err != nil {
		t.Fatal(err)
	}
	return s, k
}

func newLog(t testing.TB, d *db.DB) *record.Log {
	t.Helper()
	s, k := testKey(t)
	return logWith(t, d, s, k, "")
}

func logWith(t testing.TB, d *db.DB, s note.Signer, k record.PublicKey, holder string) *record.Log {
	t.Helper()
	l, err := record.NewLog(record.Deps{DB: d, Signer: s, Verifier: k, Holder: holder, Every: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func appendOne(d *db.DB, subject, body string) (r record.Receipt, err error) {
	err = d.Update(context.Background(), func(tx *db.Tx) error {
		r, err = record.Append(tx, clerk(), record.New{Subject: subject, Kind: "request.submitted", Body: []byte(body)})
		return err
	})
	return r, err
}

// fill appends n entries in one transaction, under subject "request/<i>".
func fill(t testing.TB, d *db.DB, n int) (receipts []record.Receipt) {
	t.Helper()
	err := d.Update(context.Background(), func(tx *db.Tx) error {
		receipts = nil
		for i := range n {
			r, err := record.Append(tx, clerk(), record.New{Subject: fmt.Sprintf("request/%d", i), Kind: "request.submitted", Body: fmt.Appendf(nil, `{"n":%d}`, i)})
			if err != nil {
				return err
			}
			receipts = append(receipts, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

func sequence(t testing.TB, l *record.Log) (total int) {
	t.Helper()
	for {
		n, err := l.Sequence(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

func verify(t testing.TB, l *record.Log, o record.VerifyOptions) record.Report {
	t.Helper()
	r, err := l.Verify(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func good(t testing.TB, l *record.Log, entries int64) record.Report {
	t.Helper()
	r := verify(t, l, record.VerifyOptions{})
	if !r.Good() || r.Entries != entries || r.Size != entries {
		t.Fatalf("%+v, want %d entries and no problem", r, entries)
	}
	return r
}

func entries(t testing.TB, d *db.DB, subject string) (list []record.Entry) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) (err error) {
		list, err = record.Entries(tx, subject)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAppendKeepsWhatItWasGiven(t *testing.T) {
	clk := dbtest.NewClock()
	dbtest.EachAt(t, clk.Now, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		body := "{\"note\":\"<b>שלום</b> 🩺 é\x00\"}"
		r, err := appendOne(d, "request/a", body)
		if err != nil {
			t.Fatal(err)
		}
		list := entries(t, d, "request/a")
		if len(list) != 1 {
			t.Fatalf("%d entries", len(list))
		}
		e, who := list[0], clerk()
		if e.ID != r.Entry || e.Index != -1 || e.Kind != "request.submitted" || e.Person != who.Person || e.Username != who.Username ||
			e.Org != who.Org || e.Door != "web" || !e.At.Equal(dbtest.Start) || string(e.Body) != body || e.Digest != r.Digest || e.Sum() != r.Digest || !r.At.Equal(dbtest.Start) {
			t.Errorf("kept %+v, receipt %+v", e, r)
		}
		if n := sequence(t, l); n != 1 {
			t.Errorf("placed %d", n)
		}
		if got := entries(t, d, "request/a"); got[0].Index != 0 {
			t.Errorf("index %d", got[0].Index)
		}
		if len(entries(t, d, "request/b")) != 0 {
			t.Error("another subject has entries")
		}
	})
}

func TestEntriesOfOneTransactionKeepTheirOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			for i := range 30 {
				_, err := record.Append(tx, clerk(), record.New{Subject: "request/a", Kind: "k", Body: []byte{byte('a' + i)}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sequence(t, l)
		for i, e := range entries(t, d, "request/a") {
			if e.Body[0] != byte('a'+i) || e.Index != int64(i) {
				t.Fatalf("%d: body %q at index %d", i, e.Body, e.Index)
			}
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		nobody, odd := clerk(), clerk()
		nobody.Username = ""
		odd.Door = "we\x00b"
		ok := record.New{Subject: "s", Kind: "k", Body: []byte("{}")}
		for name, c := range map[string]struct {
			who  access.Actor
			n    record.New
			kind fault.Kind
		}{
			"no actor":      {nobody, ok, fault.Internal},
			"nul in header": {odd, ok, fault.Internal},
			"no subject":    {clerk(), record.New{Kind: "k", Body: []byte("{}")}, fault.Internal},
			"no kind":       {clerk(), record.New{Subject: "s", Body: []byte("{}")}, fault.Internal},
			"not utf-8":     {clerk(), record.New{Subject: "\xff", Kind: "k", Body: []byte("{}")}, fault.Internal},
			"long":          {clerk(), record.New{Subject: strings.Repeat("s", 1001), Kind: "k", Body: []byte("{}")}, fault.Internal},
			"no body":       {clerk(), record.New{Subject: "s", Kind: "k"}, fault.Internal},
			"too large":     {clerk(), record.New{Subject: "s", Kind: "k", Body: make([]byte, record.MaxBody+1)}, fault.TooLarge},
		} {
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				_, err := record.Append(tx, c.who, c.n)
				return err
			})
			if err == nil || fault.KindOf(err) != c.kind {
				t.Errorf("%s: %v", name, err)
			}
		}
		if r := verify(t, newLog(t, d), record.VerifyOptions{}); r.Waiting != 0 || !r.Good() {
			t.Errorf("something was kept: %+v", r)
		}
	})
}

func TestRollbackLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d)
		no := errors.New("no")
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := record.Append(tx, clerk(), record.New{Subject: "s", Kind: "k", Body: []byte("{}")})
			if err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		if len(entries(t, d, "s")) != 0 || sequence(t, l) != 0 {
			t.Fatal("a refused transaction left an entry")
		}
		good(t, l, 0)
	})
}

// Many append while three copies sequence: every entry gets one place.
func TestManyAppendWhileSeveralSequence(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, k := testKey(t)
		warm := logWith(t, d, s, k, "copy 0")
		fill(t, d, 1)
		sequence(t, warm)
		good(t, warm, 1)
		entries(t, d, "request/0")
		ctx, stop := context.WithCancel(context.Background())
		var runs sync.WaitGroup
		for i := range 3 {
			l := logWith(t, d, s, k, fmt.Sprintf("copy %d", i))
			runs.Go(func() {
				err := l.Run(ctx)
				if err != nil {
					t.Error(err)
				}
			})
		}
		const callers, each = 12, 25
		var wg sync.WaitGroup
		var mu sync.Mutex
		receipts := map[id.Entry]record.Receipt{}
		var dropped atomic.Int64
		for c := range callers {
			wg.Go(func() {
				for i := range each {
					if i%5 == 4 { // some do not come through
						_ = d.Update(ctx, func(tx *db.Tx) error {
							_, _ = record.Append(tx, clerk(), record.New{Subject: "dropped", Kind: "k", Body: []byte("{}")})
							return errors.New("no")
						})
						dropped.Add(1)
						continue
					}
					r, err := appendOne(d, fmt.Sprintf("request/%d", c), fmt.Sprintf(`{"i":%d}`, i))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					receipts[r.Entry] = r
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		l := logWith(t, d, s, k, "after")
		want := 1 + int64(callers*each) - dropped.Load()
		deadline := time.Now().Add(20 * time.Second)
		for verify(t, l, record.VerifyOptions{}).Size < want && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		stop()
		runs.Wait()
		r := good(t, l, want)
		if r.Waiting != 0 || r.Checkpoints == 0 || r.Hashes != tlog.StoredHashCount(want) {
			t.Fatalf("%+v", r)
		}
		seen := map[int64]bool{}
		for c := range callers {
			for _, e := range entries(t, d, fmt.Sprintf("request/%d", c)) {
				if e.Index == 0 {
					continue // from before
				}
				if receipts[e.ID].Digest != e.Digest || seen[e.Index] {
					t.Fatalf("entry %s: index %d, digest differs or the place is taken", e.ID, e.Index)
				}
				seen[e.Index] = true
			}
		}
		if len(seen) != len(receipts) || int64(len(seen)) != want-1 {
			t.Fatalf("%d places for %d receipts", len(seen), len(receipts))
		}
	})
}
