package record_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
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
		want := int64(callers*each) - dropped.Load()
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
				if receipts[e.ID].Digest != e.Digest || seen[e.Index] {
					t.Fatalf("entry %s: index %d, digest differs or the place is taken", e.ID, e.Index)
				}
				seen[e.Index] = true
			}
		}
		if len(seen) != len(receipts) || int64(len(seen)) != want {
			t.Fatalf("%d places for %d receipts", len(seen), len(receipts))
		}
	})
}

func TestCheckpointAndProofs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		l := newLog(t, d)
		signed, err := l.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, err := record.OpenCheckpoint(signed, l.PublicKey())
		if err != nil || c.Size != 0 {
			t.Fatalf("empty log: %+v %v", c, err)
		}
		receipts := fill(t, d, 13)
		_, err = l.Prove(ctx, receipts[0].Entry)
		if !fault.Is(err, fault.Unavailable) {
			t.Fatalf("a waiting entry: %v", err)
		}
		sequence(t, l)
		more := fill(t, d, 4)
		sequence(t, l)
		for i, r := range append(receipts, more...) {
			p, err := l.Prove(ctx, r.Entry)
			if err != nil {
				t.Fatal(err)
			}
			c, err = record.OpenCheckpoint(p.Checkpoint, l.PublicKey())
			if err != nil || c.Size != 17 || c.Root != p.Root || c.Origin != l.PublicKey().Name() || p.Index != int64(i) {
				t.Fatalf("%+v %+v %v", p, c, err)
			}
			err = tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(r.Digest[:]))
			if err != nil {
				t.Fatalf("entry %d: %v", i, err)
			}
		}
		_, err = l.Prove(ctx, "nothing")
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("no entry: %v", err)
		}
	})
}

func TestReceiptIsSignedAtOnce(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	l := newLog(t, d)
	r, err := appendOne(d, "request/a", "{}")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := l.SignReceipt(r, "PA-1234-5678-9")
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(l.PublicKey()))
	if err != nil {
		t.Fatal(err)
	}
	want := "hsconnect record receipt v1\nnumber PA-1234-5678-9\nentry " + string(r.Entry) + "\ndigest " + hex.EncodeToString(r.Digest[:]) + "\nat 2026-11-23T20:00:00.000000Z\n"
	if n.Text != want {
		t.Errorf("got %q, want %q", n.Text, want)
	}
	_, err = record.OpenCheckpoint([]byte(signed), l.PublicKey())
	if err == nil {
		t.Error("a receipt passes for a checkpoint")
	}
	for _, number := range []string{"", "PA 1", "PA\nentry x", "é", strings.Repeat("9", 101)} {
		_, err = l.SignReceipt(r, number)
		if err == nil {
			t.Errorf("signed for number %q", number)
		}
	}
}

func TestNewLogRefuses(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s, k := testKey(t)
	_, other := testKey(t)
	for name, deps := range map[string]record.Deps{
		"nothing":      {},
		"no verifier":  {DB: d, Signer: s},
		"another key":  {DB: d, Signer: s, Verifier: other},
		"spaced name":  {DB: d, Signer: s, Verifier: k, Origin: "hsconnect record receipt v1"},
		"two lines":    {DB: d, Signer: s, Verifier: k, Origin: "a\nb"},
		"trailing end": {DB: d, Signer: s, Verifier: k, Origin: "a\n"},
	} {
		_, err := record.NewLog(deps)
		if err == nil {
			t.Errorf("%s: made", name)
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	pub, private, err := ed25519.GenerateKey(bytes.NewReader(make([]byte, 64)))
	if err != nil {
		f.Fatal(err)
	}
	text, err := note.NewEd25519VerifierKey("log", pub)
	if err != nil {
		f.Fatal(err)
	}
	key, err := record.ParsePublicKey(text)
	if err != nil {
		f.Fatal(err)
	}
	root := tlog.RecordHash(nil)
	for _, s := range []string{record.Checkpoint{Origin: "log", Size: 3, Root: root}.Text(), "log\n+3\n" + root.String() + "\n", "log\n3\n\n", ""} {
		f.Add(s)
	}
	sign := fixedSigner{key, private}
	f.Fuzz(func(t *testing.T, text string) {
		signed, err := note.Sign(&note.Note{Text: text}, sign)
		if err != nil {
			return
		}
		c, err := record.OpenCheckpoint(signed, key)
		if err == nil && c.Text() != text {
			t.Fatalf("%q was read as %+v", text, c)
		}
	})
}

type fixedSigner struct {
	record.PublicKey
	private ed25519.PrivateKey
}

func (s fixedSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.private, msg), nil }
