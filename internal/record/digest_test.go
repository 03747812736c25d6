package record

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/id"
)

// decode reads what appendHeader wrote. That it can is why no two entries
// share their bytes.
func decode(t *rapid.T, b []byte) Entry {
	take := func(n int) []byte {
		if n < 0 || n > len(b) {
			t.Fatalf("%d bytes wanted, %d left", n, len(b))
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	number := func(n int) (v uint64) {
		for _, c := range take(n) {
			v = v<<8 | uint64(c)
		}
		return v
	}
	text := func() string { return string(take(int(number(4)))) }
	if tag := string(take(len(entryTag))); tag != entryTag {
		t.Fatalf("tag %q", tag)
	}
	e := Entry{ID: id.Entry(text()), Subject: text(), Kind: text(), Person: id.Person(text()), Username: text(), Org: id.Organization(text()), Door: text()}
	e.At = time.UnixMicro(int64(number(8))).UTC()
	e.BodyDigest = [32]byte(take(32))
	if len(b) != 0 {
		t.Fatalf("%d bytes left over", len(b))
	}
	return e
}

func TestHeaderCanBeReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "\x00\x00\x00\x01a", entryTag}))
		e := Entry{
			ID: id.Entry(text.Draw(t, "id")), Subject: text.Draw(t, "subject"), Kind: text.Draw(t, "kind"), Person: id.Person(text.Draw(t, "person")),
			Username: text.Draw(t, "username"), Org: id.Organization(text.Draw(t, "org")), Door: text.Draw(t, "door"),
			At:         time.UnixMicro(rapid.Int64Range(1, 1<<52).Draw(t, "at")).UTC(),
			BodyDigest: sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "body")),
		}
		got := decode(t, appendHeader(nil, &e))
		if got.ID != e.ID || got.Subject != e.Subject || got.Kind != e.Kind || got.Person != e.Person || got.Username != e.Username ||
			got.Org != e.Org || got.Door != e.Door || !got.At.Equal(e.At) || got.BodyDigest != e.BodyDigest {
			t.Fatalf("put in %+v, read back %+v", e, got)
		}
	})
}

// The example of docs/record-format.md. If this changes, every record that
// was ever written stops verifying.
func TestDigestNeverChanges(t *testing.T) {
	e := Entry{
		ID: "06fex8b5mvr3d0m4cs2y9q1z7h", Subject: "request/06fex8b5k4t9r2w7ya3n6c0p1e", Kind: "request.submitted",
		Person: "06fewzq8c1d5g3t7n0b2r9kxva", Username: "r.alvarez", Org: "06fewzq7m2h8s4p6x1c9d3tgnb", Door: "web",
		At: time.Date(2026, time.November, 23, 20, 0, 0, 123456000, time.UTC), BodyDigest: sha256.Sum256([]byte(`{"units":12}`)),
	}
	sum := e.Sum()
	const want = "b8de20f988f84888376b2d41529b709436e5131de11cd45fad7c000f626983d4"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	h := leaf(sum)
	if got := hex.EncodeToString(h[:]); got != "d995d0b797f523a6bde830eafd052da1ff4382d40c019aa3b5810585498cbff5" {
		t.Errorf("leaf %s", got)
	}
}
