package pdf

import (
	"encoding/binary"
)

// TrueType layout. Offsets are those of the OpenType specification's tables
// "head", "hhea", "maxp", "hmtx", "loca" and "glyf".
const (
	tableEntry       = 16
	compositeWords   = 0x0001
	compositeScale   = 0x0008
	compositeMore    = 0x0020
	compositeXYScale = 0x0040
	composite2x2     = 0x0080
)

// splitTables finds the tables of a TrueType file and refuses one that points
// outside itself or lacks what a subset needs.
func splitTables(ttf []byte) (map[string][]byte, error) {
	if len(ttf) < 12 {
		return nil, errFont
	}
	count := int(binary.BigEndian.Uint16(ttf[4:]))
	out := map[string][]byte{}
	for i := range count {
		at := 12 + i*tableEntry
		if at+tableEntry > len(ttf) {
			return nil, errFont
		}
		from := uint64(binary.BigEndian.Uint32(ttf[at+8:]))
		size := uint64(binary.BigEndian.Uint32(ttf[at+12:]))
		if from+size > uint64(len(ttf)) {
			return nil, errFont
		}
		out[string(ttf[at:at+4])] = ttf[from : from+size]
	}
	for name, least := range map[string]int{"head": 54, "hhea": 36, "maxp": 32, "hmtx": 4, "loca": 4, "glyf": 1} {
		if len(out[name]) < least {
			return nil, errFont
		}
	}
	return out, nil
}

// advanceOf reads the width of a glyph of the whole font, in font units.
func (f *face) advanceOf(source uint16) uint16 {
	return binary.BigEndian.Uint16(f.metric(source))
}

// metric gives the advance and left bearing of a glyph. Glyphs past the last
// full entry share its advance and have only a bearing of their own.
func (f *face) metric(source uint16) []byte {
	hmtx := f.tables["hmtx"]
	full := int(binary.BigEndian.Uint16(f.tables["hhea"][34:]))
	i := int(source)
	if i < full && 4*i+4 <= len(hmtx) {
		return hmtx[4*i : 4*i+4]
	}
	out := make([]byte, 4)
	if full > 0 && 4*full <= len(hmtx) {
		copy(out, hmtx[4*(full-1):4*(full-1)+2])
	}
	at := 4*full + 2*(i-full)
	if i >= full && at+2 <= len(hmtx) {
		copy(out[2:], hmtx[at:at+2])
	}
	return out
}

// outline gives the bytes of a glyph of the whole font; none for a blank one.
func (f *face) outline(source uint16) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to uint64
	i := int(source)
	if binary.BigEndian.Uint16(f.tables["head"][50:]) == 0 {
		if 2*i+4 > len(loca) {
			return nil
		}
		from = 2 * uint64(binary.BigEndian.Uint16(loca[2*i:]))
		to = 2 * uint64(binary.BigEndian.Uint16(loca[2*i+2:]))
	} else {
		if 4*i+8 > len(loca) {
			return nil
		}
		from = uint64(binary.BigEndian.Uint32(loca[4*i:]))
		to = uint64(binary.BigEndian.Uint32(loca[4*i+4:]))
	}
	if from >= to || to > uint64(len(glyf)) {
		return nil
	}
	return glyf[from:to]
}

// subset builds a TrueType file that holds only the glyphs in use, numbered as
// the page content numbers them, and the parts that composite glyphs refer to.
// It has no character map: the PDF addresses glyphs by number.
func (f *face) subset() []byte {
	sources := make([]uint16, len(f.used))
	for i, u := range f.used {
		sources[i] = u.source
	}
	part := map[uint16]uint16{}
	renumber := func(source uint16) uint16 {
		id, ok := part[source]
		if !ok {
			id = uint16(len(sources))
			sources = append(sources, source)
			part[source] = id
		}
		return id
	}
	var glyf, loca, hmtx []byte
	for i := 0; i < len(sources); i++ { // grows while composites are met
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, renumbered(f.outline(sources[i]), renumber)...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = append(hmtx, f.metric(sources[i])...)
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))

	count := uint16(len(sources))
	head := append([]byte(nil), f.tables["head"]...)
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)
	hhea := append([]byte(nil), f.tables["hhea"]...)
	binary.BigEndian.PutUint16(hhea[34:], count)
	maxp := append([]byte(nil), f.tables["maxp"]...)
	binary.BigEndian.PutUint16(maxp[4:], count)
	return joinTables([]table{
		{"cvt ", f.tables["cvt "]}, {"fpgm", f.tables["fpgm"]}, {"glyf", glyf}, {"head", head}, {"hhea", hhea},
		{"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"prep", f.tables["prep"]},
	})
}

// renumbered copies an outline; in a composite the numbers of its parts are
// changed to those of the subset.
func renumbered(outline []byte, renumber func(uint16) uint16) []byte {
	out := append([]byte(nil), outline...)
	if len(out) < 10 || int16(binary.BigEndian.Uint16(out)) >= 0 {
		return out
	}
	for at := 10; at+4 <= len(out); {
		flags := binary.BigEndian.Uint16(out[at:])
		binary.BigEndian.PutUint16(out[at+2:], renumber(binary.BigEndian.Uint16(out[at+2:])))
		at += 6
		if flags&compositeWords != 0 {
			at += 2
		}
		switch {
		case flags&compositeScale != 0:
			at += 2
		case flags&compositeXYScale != 0:
			at += 4
		case flags&composite2x2 != 0:
			at += 8
		}
		if flags&compositeMore == 0 {
			break
		}
	}
	return out
}

type table struct {
	name string
	data []byte
}

// joinTables writes a TrueType file from tables in the order of their names.
func joinTables(tables []table) []byte {
	count := len(tables)
	power, shift := 1, 0
	for power*2 <= count {
		power *= 2
		shift++
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{count, power * tableEntry, shift, (count - power) * tableEntry} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := len(out) + count*tableEntry
	headAt := 0
	var body []byte
	for _, t := range tables {
		if t.name == "head" {
			headAt = at + len(body)
		}
		out = append(out, t.name...)
		out = binary.BigEndian.AppendUint32(out, checksum(t.data))
		out = binary.BigEndian.AppendUint32(out, uint32(at+len(body)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		body = append(body, t.data...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out = append(out, body...)
	// The font's own check value: all 32-bit words of the file sum to this.
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(b []byte) uint32 {
	var sum uint32
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}
