package pdf

import (
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// TestSubsetDrawsTheSame reads the subset back with a font reader, after adding
// the tables that a PDF does not need, and compares each outline and width with
// those of the whole font.
func TestSubsetDrawsTheSame(t *testing.T) {
	regular, bold, mono, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*face{regular, bold, mono} {
		for _, r := range "Az 09éÅŁỲǺΆЖї½ﬁ—漢\u02BB\uFFFD-" {
			f.encode(r)
		}
		small, err := sfnt.Parse(readable(t, f))
		if err != nil {
			t.Fatal(err)
		}
		for cid, u := range f.used {
			if cid == 0 {
				continue
			}
			var a, b sfnt.Buffer
			want, err := f.font.LoadGlyph(&a, sfnt.GlyphIndex(u.source), fixed.I(2048), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := small.LoadGlyph(&b, sfnt.GlyphIndex(cid), fixed.I(2048), nil)
			if err != nil {
				t.Fatalf("%s %q: %v", f.name, u.char, err)
			}
			if len(want)+len(got) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%s draws %q otherwise than the whole font", f.name, u.char)
			}
			wide, err := small.GlyphAdvance(&b, sfnt.GlyphIndex(cid), fixed.I(2048), font.HintingNone)
			if err != nil || wide != fixed.I(int(u.advance)) {
				t.Errorf("%s %q is %v wide, want %d (%v)", f.name, u.char, wide, u.advance, err)
			}
		}
	}
}

// readable adds a character map, names and glyph names to a subset.
func readable(t *testing.T, f *face) []byte {
	t.Helper()
	data := f.subset()
	if got := checksum(data); got != 0xB1B0AFBA {
		t.Errorf("%s sums to %x", f.name, got)
	}
	tables, err := splitTables(data)
	if err != nil {
		t.Fatal(err)
	}
	tables["post"] = make([]byte, 32)
	binary.BigEndian.PutUint32(tables["post"], 0x00030000)
	tables["name"], tables["cmap"] = f.tables["name"], f.tables["cmap"]
	tables["OS/2"] = f.tables["OS/2"]
	var all []table
	for name, data := range tables {
		all = append(all, table{name, data})
	}
	slices.SortFunc(all, func(a, b table) int { return slices.Compare([]byte(a.name), []byte(b.name)) })
	return joinTables(all)
}

func TestBrokenFontsAreRefused(t *testing.T) {
	whole := func() []byte {
		f, _, _, err := loadFaces()
		if err != nil {
			t.Fatal(err)
		}
		return f.subset()
	}()
	for name, data := range map[string][]byte{
		"empty": nil, "short": whole[:8], "cut in the directory": whole[:40], "cut in a table": whole[:len(whole)/2],
	} {
		_, err := splitTables(data)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The Go fonts have no composite glyphs today; another font would.
func TestPartsOfCompositeAreRenumbered(t *testing.T) {
	part := func(flags, glyph uint16, rest int) []byte {
		b := binary.BigEndian.AppendUint16(nil, flags)
		b = binary.BigEndian.AppendUint16(b, glyph)
		return append(b, make([]byte, rest)...)
	}
	outline := append([]byte{0xFF, 0xFF}, make([]byte, 8)...)
	outline = append(outline, part(compositeMore, 500, 2)...)
	outline = append(outline, part(compositeMore|compositeWords|compositeScale, 501, 6)...)
	outline = append(outline, part(compositeMore|compositeXYScale, 502, 6)...)
	outline = append(outline, part(compositeMore|composite2x2, 503, 10)...)
	outline = append(outline, part(0, 504, 2)...)
	outline = append(outline, part(0, 505, 2)...) // instructions, not a part

	var asked []uint16
	got := renumbered(outline, func(g uint16) uint16 {
		asked = append(asked, g)
		return g - 400
	})
	if want := []uint16{500, 501, 502, 503, 504}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if n := binary.BigEndian.Uint16(got[12:]); n != 100 {
		t.Errorf("the first part is glyph %d, want 100", n)
	}
	if n := binary.BigEndian.Uint16(outline[12:]); n != 500 {
		t.Error("the whole font was changed")
	}
}
