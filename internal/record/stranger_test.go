package record_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
)

// What follows is a checker written from docs/record-format.md alone, as a
// stranger would: it uses nothing of this package or of the modules behind it.

var errStranger = errors.New("does not check")

func need(ok bool, what string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%w: %s", errStranger, what)
}

// strangerNote gives the text of a note signed by the key.
func strangerNote(signed []byte, name string, hash []byte, pub ed25519.PublicKey) (string, error) {
	text, sigs, ok := strings.Cut(string(signed), "\n\n")
	text += "\n"
	for line := range strings.SplitSeq(sigs, "\n") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "— "+name+" "))
		if err == nil && len(raw) == 68 && bytes.Equal(raw[:4], hash) && ed25519.Verify(pub, []byte(text), raw[4:]) {
			return text, nil
		}
	}
	return "", need(false, fmt.Sprintf("signature (blank line: %v)", ok))
}

// strangerRoot leads from a leaf to the root of a tree of size leaves.
func strangerRoot(h []byte, index, size int64, proof []string) ([]byte, error) {
	node := func(l, r []byte) []byte {
		s := sha256.Sum256(append(append([]byte{1}, l...), r...))
		return s[:]
	}
	f, s := index, size-1
	for _, p := range proof {
		b, err := base64.StdEncoding.DecodeString(p)
		if err != nil || len(b) != 32 || s == 0 {
			return nil, need(false, "proof")
		}
		if f%2 == 1 || f == s {
			h = node(b, h)
			for f%2 == 0 && f != 0 {
				f, s = f/2, s/2
			}
		} else {
			h = node(h, b)
		}
		f, s = f/2, s/2
	}
	return h, need(s == 0 && index >= 0 && index < size, "length of the proof")
}

type strangerEntry struct {
	ID, Subject, Kind, Person, Username, Org, Door, Digest string
	Index                                                  int64
	AtUS                                                   int64 `json:"at_us"`
	Body                                                   []byte
	Proof                                                  []string
}

func (e strangerEntry) digest() []byte {
	b := []byte("hsconnect record entry v1\n")
	for _, f := range []string{e.ID, e.Subject, e.Kind, e.Person, e.Username, e.Org, e.Door} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	body := sha256.Sum256(e.Body)
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(b, uint64(e.AtUS)), body[:]...))
	return sum[:]
}

// strangerCheck checks an archive against a public key and gives the number of
// entries that it proved.
func strangerCheck(archive []byte, key string) (proved int, err error) {
	parts := strings.SplitN(strings.TrimSpace(key), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 1 {
		return 0, need(false, "key")
	}
	name, pub := parts[0], ed25519.PublicKey(raw[1:])
	id := sha256.Sum256(append([]byte(name+"\n"), raw...))
	if hex.EncodeToString(id[:4]) != parts[1] {
		return 0, need(false, "key hash")
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return 0, err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return 0, err
		}
		files[f.Name], err = io.ReadAll(r)
		if err != nil {
			return 0, err
		}
	}
	signed, err := strangerNote(files["manifest.sig"], name, id[:4], pub)
	if err != nil || signed != fmt.Sprintf("hsconnect record archive v1\nmanifest %x\n", sha256.Sum256(files["manifest.json"])) {
		return 0, need(false, "list of files")
	}
	var list struct {
		Files []struct{ Name, SHA256 string }
	}
	err = json.Unmarshal(files["manifest.json"], &list)
	if err != nil || len(list.Files)+2 != len(files) || len(files) != len(z.File) {
		return 0, need(false, "number of files")
	}
	checkpoint, err := strangerNote(files["checkpoint.txt"], name, id[:4], pub)
	if err != nil {
		return 0, err
	}
	var size int64
	lines := strings.Split(checkpoint, "\n")
	_, err = fmt.Sscan(lines[1], &size)
	if err != nil || len(lines) != 4 {
		return 0, need(false, "checkpoint")
	}
	var bodies []byte
	for _, f := range list.Files {
		text, there := files[f.Name]
		if !there || fmt.Sprintf("%x", sha256.Sum256(text)) != f.SHA256 {
			return 0, need(false, f.Name)
		}
		if !strings.HasPrefix(f.Name, "entries/") {
			continue
		}
		var e strangerEntry
		err = json.Unmarshal(text, &e)
		if err != nil {
			return 0, err
		}
		leaf := sha256.Sum256(append([]byte{0}, e.digest()...))
		root, err := strangerRoot(leaf[:], e.Index, size, e.Proof)
		if err != nil || hex.EncodeToString(e.digest()) != e.Digest || base64.StdEncoding.EncodeToString(root) != lines[2] {
			return 0, need(false, f.Name)
		}
		bodies = append(bodies, e.Body...)
		proved++
	}
	for _, f := range list.Files {
		if rest, ok := strings.CutPrefix(f.Name, "documents/"); ok && (rest[:64] != f.SHA256 || !bytes.Contains(bodies, []byte(f.SHA256))) {
			return 0, need(false, f.Name)
		}
	}
	return proved, nil
}

func TestAStrangerCanCheckAnArchive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, s, k := sample(t, d)
		files := unpack(t, write(t, a))
		n, err := strangerCheck(pack(t, files, zip.Store), k.String())
		if err != nil || n != 3 {
			t.Fatalf("%d entries, %v", n, err)
		}
		_, other := testKey(t)
		_, err = strangerCheck(pack(t, files, zip.Store), other.String())
		if !errors.Is(err, errStranger) {
			t.Errorf("another key: %v", err)
		}
		for i, f := range files {
			spoilt := append([]file(nil), files...)
			spoilt[i].text = append([]byte(nil), f.text...)
			spoilt[i].text[len(f.text)/2] ^= 1
			_, err = strangerCheck(pack(t, spoilt, zip.Store), k.String())
			if err == nil {
				t.Errorf("a byte of %s changed: good", f.name)
			}
		}
		for i, f := range files { // signed anew, so that only digest and proof are left to tell
			if f.name != "entries/0002.json" {
				continue
			}
			for from, to := range map[string]string{`"index": 4`: `"index": 5`, `"door": "web"`: `"door": "cli"`} {
				spoilt := append([]file(nil), files...)
				spoilt[i].text = []byte(strings.Replace(string(f.text), from, to, 1))
				_, err = strangerCheck(pack(t, resign(t, spoilt, s), zip.Store), k.String())
				if !errors.Is(err, errStranger) || bytes.Equal(spoilt[i].text, f.text) {
					t.Errorf("%s: %v", to, err)
				}
			}
		}
	})
}

// Every place in trees of every small size, by both implementations.
func TestAStrangerFindsEveryRoot(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	l := newLog(t, d)
	for size := int64(1); size <= 20; size++ {
		fill(t, d, 1)
		sequence(t, l)
		a, err := l.Gather(t.Context(), "PA-1", "request/0")
		if err != nil || int64(len(a.Entries)) != size {
			t.Fatalf("%d entries of %d, %v", len(a.Entries), size, err)
		}
		n, err := strangerCheck(write(t, a), l.PublicKey().String())
		if err != nil || int64(n) != size {
			t.Fatalf("size %d: %d proved, %v", size, n, err)
		}
	}
}
