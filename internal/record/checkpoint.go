package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is what a signed checkpoint says: the log named Origin held Size
// entries when its tree had this Root.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

var errCheckpoint = errors.New("record: this is not a checkpoint")

// Text gives the text that is signed: origin, size and root, a line each
// (C2SP tlog-checkpoint without extension lines).
func (c Checkpoint) Text() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root) }

// parseCheckpoint reads exactly what Text writes.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return Checkpoint{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errCheckpoint
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errCheckpoint
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.Text() != text { // "+7", "007" and odd base64 read the same but are not ours
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

// OpenCheckpoint reads a signed checkpoint and checks its signature with key.
// The caller compares Origin with the log it expects.
func OpenCheckpoint(signed []byte, key PublicKey) (Checkpoint, error) {
	text, err := openNote(signed, key)
	if err != nil {
		return Checkpoint{}, err
	}
	return parseCheckpoint(text)
}

// openNote gives the text of a note that key has signed.
func openNote(signed []byte, key PublicKey) (string, error) {
	if key.Verifier == nil {
		return "", errKeyText
	}
	n, err := note.Open(signed, note.VerifierList(key.Verifier))
	if err != nil {
		return "", err
	}
	return n.Text, nil
}
