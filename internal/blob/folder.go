package blob

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a Store in a directory:
//
//	ab/ab…64 hex   the stored bytes, 256 shards by the first two digits
//	tmp/part-…     being written, or broken off
type folder struct{ dir string }

const (
	tmpDir     = "tmp"
	partPrefix = "part-"
	// bufferSize gathers the cipher's small segments into larger writes.
	bufferSize = 64 << 10
)

// Folder gives a store in dir, which it makes if it is not there.
func Folder(dir string) (Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: abs}
	err = os.MkdirAll(filepath.Join(abs, tmpDir), 0o700)
	if err != nil {
		return nil, err
	}
	return f, syncDir(abs)
}

// Put writes to a temporary file, flushes it, gives it its name and flushes
// the name: after a power cut there is all of it or none.
func (f *folder) Put(ctx context.Context, fill func(w io.Writer) error) (name string, err error) {
	part := filepath.Join(f.dir, tmpDir, partPrefix+randomHex())
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part) // what stays is swept
		}
	}()
	name, err = write(file, fill)
	closed := file.Close()
	if err != nil {
		return "", err
	}
	if closed != nil {
		return "", closed
	}
	err = ctx.Err()
	if err != nil {
		return "", err
	}
	return name, f.settle(part, name)
}

// write fills the file, flushes it to disk and gives its SHA-256 in hex.
func write(file *os.File, fill func(w io.Writer) error) (string, error) {
	sum := sha256.New()
	buf := bufio.NewWriterSize(io.MultiWriter(file, sum), bufferSize)
	err := fill(buf)
	if err != nil {
		return "", err
	}
	err = buf.Flush()
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), file.Sync()
}

func (f *folder) settle(part, name string) error {
	shard := filepath.Join(f.dir, name[:2])
	err := os.Mkdir(shard, 0o700)
	if err == nil {
		err = syncDir(f.dir)
	} else if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	err = os.Rename(part, filepath.Join(shard, name))
	if err != nil {
		return err
	}
	return syncDir(shard)
}

// Get opens the stored bytes.
func (f *folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	if !wellNamed(name) {
		return nil, errName
	}
	file, err := os.Open(filepath.Join(f.dir, name[:2], name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	return file, err
}

// Delete removes a blob or a part.
func (f *folder) Delete(_ context.Context, name string) error {
	path := filepath.Join(f.dir, tmpDir, name)
	if !isPart(name) {
		if !wellNamed(name) {
			return errName
		}
		path = filepath.Join(f.dir, name[:2], name)
	}
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List shows parts, then blobs. Files that are neither are not ours to judge.
func (f *folder) List(ctx context.Context, fn func(Item) error) error {
	dirs, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, d := range dirs {
		isShard := len(d.Name()) == 2 && isHex(d.Name())
		if !d.IsDir() || (!isShard && d.Name() != tmpDir) {
			continue
		}
		err = f.listDir(ctx, d.Name(), fn)
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) listDir(ctx context.Context, dir string, fn func(Item) error) error {
	entries, err := os.ReadDir(filepath.Join(f.dir, dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		err = ctx.Err()
		if err != nil {
			return err
		}
		part := dir == tmpDir && isPart(e.Name())
		if !part && (!wellNamed(e.Name()) || e.Name()[:2] != dir) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // a part that was finished, or a blob that another copy swept
		}
		if err != nil {
			return err
		}
		err = fn(Item{Name: e.Name(), Size: info.Size(), At: info.ModTime(), Part: part})
		if err != nil {
			return err
		}
	}
	return nil
}

func isPart(name string) bool {
	rest, ok := strings.CutPrefix(name, partPrefix)
	return ok && len(rest) == 32 && isHex(rest)
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// syncDir flushes a directory, so that a name in it survives a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	closed := d.Close()
	if err != nil {
		return err
	}
	return closed
}
