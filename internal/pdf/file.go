package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// perStream is how many objects are compressed together. Readers have to unpack
// a whole stream to get at one object, so it is kept moderate.
const perStream = 200

// file puts objects together as a PDF file with compressed object streams and a
// cross-reference stream (ISO 32000-1, 7.5.7 and 7.5.8).
type file struct {
	out   bytes.Buffer
	where []place // by object number; 0 is the head of the free list
	small []object
}

// place is where an object is: at a byte of the file, or in an object stream.
type place struct {
	kind   byte
	at     uint32
	within uint16
}

const (
	free       = 0
	atByte     = 1
	compressed = 2
)

type object struct {
	id   int
	body []byte
}

func newFile() *file {
	f := &file{where: make([]place, 1)}
	// The second line tells transfer programs that the file is binary.
	f.out.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	return f
}

func ref(id int) string { return strconv.Itoa(id) + " 0 R" }

// reserve gives the number of an object that is written later.
func (f *file) reserve() int {
	f.where = append(f.where, place{})
	return len(f.where) - 1
}

// dict gives an object its value; streams have their own way.
func (f *file) dict(id int, body []byte) { f.small = append(f.small, object{id, body}) }

func (f *file) add(body []byte) int {
	id := f.reserve()
	f.dict(id, body)
	return id
}

// stream writes a stream object; entries are those of its dictionary beside the
// length and the filter.
func (f *file) stream(id int, entries string, data []byte, pack bool) error {
	filter := ""
	if pack {
		packed, err := deflate(data)
		if err != nil {
			return err
		}
		data, filter = packed, "/Filter/FlateDecode"
	}
	f.where[id] = place{kind: atByte, at: uint32(f.out.Len())}
	fmt.Fprintf(&f.out, "%d 0 obj\n<<%s%s/Length %d>>\nstream\n", id, entries, filter, len(data))
	f.out.Write(data)
	f.out.WriteString("\nendstream\nendobj\n")
	return nil
}

func deflate(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(data)
	if err != nil {
		return nil, fmt.Errorf("pdf: compress: %w", err)
	}
	err = z.Close()
	if err != nil {
		return nil, fmt.Errorf("pdf: compress: %w", err)
	}
	return b.Bytes(), nil
}

// finish writes what is left and gives the whole file.
func (f *file) finish(catalog, info int) ([]byte, error) {
	for from := 0; from < len(f.small); from += perStream {
		err := f.objectStream(f.small[from:min(from+perStream, len(f.small))])
		if err != nil {
			return nil, err
		}
	}
	id := f.reserve()
	start := f.out.Len()
	f.where[id] = place{kind: atByte, at: uint32(start)}
	sum := sha256.Sum256(f.out.Bytes())
	name := hex.EncodeToString(sum[:16])

	var rows []byte
	for i, p := range f.where {
		if i == 0 {
			p.within = 65535
		}
		rows = append(rows, p.kind)
		rows = binary.BigEndian.AppendUint32(rows, p.at)
		rows = binary.BigEndian.AppendUint16(rows, p.within)
	}
	entries := fmt.Sprintf("/Type/XRef/Size %d/W[1 4 2]/Root %s/Info %s/ID[<%s><%s>]",
		len(f.where), ref(catalog), ref(info), name, name)
	err := f.stream(id, entries, rows, true)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&f.out, "startxref\n%d\n%%%%EOF\n", start)
	return f.out.Bytes(), nil
}

func (f *file) objectStream(objects []object) error {
	id := f.reserve()
	var index, bodies []byte
	for i, o := range objects {
		f.where[o.id] = place{kind: compressed, at: uint32(id), within: uint16(i)}
		index = fmt.Appendf(index, "%d %d ", o.id, len(bodies))
		bodies = append(bodies, o.body...)
		bodies = append(bodies, '\n')
	}
	entries := fmt.Sprintf("/Type/ObjStm/N %d/First %d", len(objects), len(index))
	return f.stream(id, entries, append(index, bodies...), true)
}
