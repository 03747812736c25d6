package pdf

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// perBlock is the most entries a character map may have in one block.
const perBlock = 100

// writeFonts writes the fonts that were drawn with, and the resource that names
// them for every page.
func (s *sheet) writeFonts(faces []*face, resource int) error {
	body := []byte("<<")
	for _, f := range faces {
		if f.err != nil {
			return f.err
		}
		if len(f.used) == 1 {
			continue // only the blank first glyph: never drawn with
		}
		id, err := s.writeFont(f)
		if err != nil {
			return err
		}
		body = append(body, "/"+f.key+" "+ref(id)...)
	}
	s.file.dict(resource, append(body, ">>"...))
	return nil
}

func (s *sheet) writeFont(f *face) (int, error) {
	program := f.subset()
	name := subsetTag(program) + "+" + f.name
	data := s.file.reserve()
	err := s.file.stream(data, "/Length1 "+strconv.Itoa(len(program)), program, true)
	if err != nil {
		return 0, err
	}
	unicode := s.file.reserve()
	err = s.file.stream(unicode, "", f.toUnicode(), true)
	if err != nil {
		return 0, err
	}
	descriptor := s.file.add(append(f.descriptor(name), "/FontFile2 "+ref(data)+">>"...))
	inner := fmt.Appendf(nil, "<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"+
		"/FontDescriptor %s/CIDToGIDMap/Identity/W[0[", name, ref(descriptor))
	for _, u := range f.used {
		inner = append(inner, strconv.Itoa(f.mille(u.advance))+" "...)
	}
	descendant := s.file.add(append(inner, "]]>>"...))
	return s.file.add(fmt.Appendf(nil, "<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>",
		name, ref(descendant), ref(unicode))), nil
}

// mille converts font units to the thousandths of an em that PDF counts in.
func (f *face) mille(v uint16) int { return int(float64(int16(v))*1000/f.units + 0.5) }

func (f *face) descriptor(name string) []byte {
	head, hhea := f.tables["head"], f.tables["hhea"]
	at := func(b []byte, i int) int { return signedMille(b[i:], f.units) }
	// The glyphs are addressed by number and not by a standard encoding, which
	// is what "symbolic" (4) means; 1 is for even widths.
	flags, stem := 4, 80
	if f.fixed {
		flags |= 1
	}
	if f.name == "Go-Bold" {
		stem = 140
	}
	return fmt.Appendf(nil, "<</Type/FontDescriptor/FontName/%s/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 720/StemV %d",
		name, flags, at(head, 36), at(head, 38), at(head, 40), at(head, 42), at(hhea, 4), at(hhea, 6), stem)
}

func signedMille(b []byte, units float64) int {
	return int(float64(int16(binary.BigEndian.Uint16(b))) * 1000 / units)
}

// subsetTag makes the six letters that tell subsets of one font apart.
func subsetTag(program []byte) string {
	sum := sha256.Sum256(program)
	var tag [6]byte
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag[:])
}

// toUnicode writes the map from glyph numbers back to characters.
func (f *face) toUnicode() []byte {
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for from := 1; from < len(f.used); from += perBlock {
		to := min(from+perBlock, len(f.used))
		b = fmt.Appendf(b, "%d beginbfchar\n", to-from)
		for i := from; i < to; i++ {
			b = fmt.Appendf(b, "<%04X> <", i)
			for _, c := range utf16.Encode([]rune{f.used[i].char}) {
				b = fmt.Appendf(b, "%04X", c)
			}
			b = append(b, ">\n"...)
		}
		b = append(b, "endbfchar\n"...)
	}
	return append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
}
