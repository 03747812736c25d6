package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"

	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

type folder string

// Folder gives a sender that writes each message as one .eml file of the
// given folder, readable by the portal's own user only and named after its
// Message-ID: a repeated message takes the place of the first. It makes the
// folder if there is none.
func Folder(dir string) (Sender, error) {
	if dir == "" {
		return nil, setting("folder", "Name the folder that the messages go to")
	}
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The folder for messages cannot be made")
	}
	return folder(dir), nil
}

// Send writes the file whole or not at all.
func (f folder) Send(_ context.Context, _, _ string, raw []byte) (err error) {
	part, err := os.CreateTemp(string(f), ".part-*") // mode 0600
	if err != nil {
		return full(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part.Name()) // its error would hide the first
		}
	}()
	_, err = part.Write(raw)
	closed := part.Close()
	if err != nil {
		return full(err)
	}
	if closed != nil {
		return full(closed)
	}
	err = os.Rename(part.Name(), filepath.Join(string(f), fileName(raw)))
	if err != nil {
		return full(err)
	}
	return nil
}

func full(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The folder for messages cannot be written")
}

// fileName gives the name of a message's file: its job, or a digest for a
// message that is not of our making.
func fileName(raw []byte) string {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err == nil {
		local, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-Id"), "<"), "@")
		which, err := id.Parse[id.Job](local)
		if err == nil {
			return string(which) + ".eml"
		}
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]) + ".eml"
}
