package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"io"
	"strconv"
)

// maxUnpacked bounds what one stream of a foreign file may grow to.
const maxUnpacked = 64 << 20

// unpack gives the bytes of a stream whose filters this package knows: those
// of cross-reference tables, object streams and page content.
func (o *original) unpack(s packed) ([]byte, error) {
	filters := asList(o.at(s.dict["Filter"]))
	parms := asList(o.at(s.dict["DecodeParms"]))
	if len(filters) > 4 {
		return nil, ErrUnreadable
	}
	data := s.raw
	for i, f := range filters {
		var parm dict
		if i < len(parms) {
			parm, _ = o.at(parms[i]).(dict)
		}
		n, _ := o.at(f).(name)
		var err error
		data, err = o.filter(n, data, parm)
		if err != nil {
			return nil, err
		}
	}
	o.unpacked += len(data)
	if o.unpacked > 4*maxUnpacked {
		return nil, ErrTooLarge
	}
	return data, nil
}

// asList makes one object a list of one, and nothing an empty one.
func asList(v any) list {
	switch v := v.(type) {
	case nil:
		return nil
	case list:
		return v
	}
	return list{v}
}

func (o *original) filter(n name, data []byte, parm dict) ([]byte, error) {
	switch n {
	case "FlateDecode", "Fl":
		out, err := inflate(data)
		if err != nil {
			return nil, err
		}
		return o.unpredict(out, parm)
	case "ASCIIHexDecode", "AHx":
		p := parser{data: append(append([]byte("<"), data...), '>')}
		v, _ := p.hex()
		out, ok := v.(chars)
		if !ok {
			return nil, ErrUnreadable
		}
		return out, nil
	case "ASCII85Decode", "A85":
		data, _, _ = bytes.Cut(bytes.TrimPrefix(bytes.TrimSpace(data), []byte("<~")), []byte("~>"))
		return upTo(ascii85.NewDecoder(bytes.NewReader(data)))
	}
	return nil, ErrUnreadable
}

// inflate takes a stream that breaks off as far as it goes, as viewers do.
func inflate(data []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, ErrUnreadable
	}
	return upTo(z)
}

func upTo(r io.Reader) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if len(out) > maxUnpacked {
		return nil, ErrTooLarge
	}
	if err != nil && (len(out) == 0 || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, zlib.ErrChecksum)) {
		return nil, ErrUnreadable
	}
	return out, nil
}

// unpredict undoes what made rows of numbers pack better (ISO 32000-1, 7.4.4.4).
func (o *original) unpredict(data []byte, parm dict) ([]byte, error) {
	kind := o.whole(parm["Predictor"], 1)
	if kind < 2 {
		return data, nil
	}
	colours, bits, columns := o.whole(parm["Colors"], 1), o.whole(parm["BitsPerComponent"], 8), o.whole(parm["Columns"], 1)
	if colours < 1 || colours > 32 || bits < 1 || bits > 16 || columns < 1 || columns > 1<<20 || kind < 10 {
		return nil, ErrUnreadable
	}
	step := max(colours*bits/8, 1)
	size := (colours*bits*columns + 7) / 8
	out := make([]byte, 0, len(data))
	above := make([]byte, size)
	for len(data) > 0 {
		row := make([]byte, size)
		how := data[0]
		copy(row, data[1:min(len(data), size+1)])
		data = data[min(len(data), size+1):]
		unfilter(how, row, above, step)
		out = append(out, row...)
		above = row
	}
	return out, nil
}

// unfilter undoes one of PNG's five filters of a row.
func unfilter(how byte, row, above []byte, step int) {
	for i := range row {
		var left, corner byte
		if i >= step {
			left, corner = row[i-step], above[i-step]
		}
		switch how {
		case 1:
			row[i] += left
		case 2:
			row[i] += above[i]
		case 3:
			row[i] += byte((int(left) + int(above[i])) / 2)
		case 4:
			row[i] += paeth(int(left), int(above[i]), int(corner))
		}
	}
}

func paeth(left, above, corner int) byte {
	p := left + above - corner
	a, b, c := absolute(p-left), absolute(p-above), absolute(p-corner)
	switch {
	case a <= b && a <= c:
		return byte(left)
	case b <= c:
		return byte(above)
	}
	return byte(corner)
}

func absolute(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// whole gives a whole number, or usual where there is none.
func (o *original) whole(v any, usual int) int {
	n, ok := o.at(v).(number)
	if !ok {
		return usual
	}
	i, err := strconv.Atoi(string(n))
	if err != nil {
		return usual
	}
	return i
}
