package record_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/record"
)

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
