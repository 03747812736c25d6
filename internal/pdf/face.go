package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// maxGlyphs bounds a subset below what 16 bits can number, with room for every
// glyph a font really has. Characters it lacks share one sign past this.
const maxGlyphs = 60000

var errFont = errors.New("pdf: a built-in font cannot be read")

// face is one font and the glyphs of it that this document uses. Glyphs are
// numbered anew in the order of first use, one for each character: two
// characters drawn alike still map back to their own Unicode value.
type face struct {
	name   string // PostScript name
	key    string // name in page resources
	fixed  bool   // all widths are the same
	font   *sfnt.Font
	buf    sfnt.Buffer
	tables map[string][]byte
	units  float64
	seen   map[rune]glyph
	used   []usedGlyph // used[i] is glyph i of the subset
	err    error
}

// glyph is what is known of a character in a face.
type glyph struct {
	source  uint16 // glyph in the whole font
	advance uint16 // font units
	cid     uint16 // glyph in the subset; 0 until drawn
	missing bool
}

type usedGlyph struct {
	source  uint16
	advance uint16
	char    rune
}

// loadFaces reads the fonts that every document has at hand.
func loadFaces() (regular, bold, mono *face, err error) {
	regular, err = newFace("GoRegular", "F1", goregular.TTF)
	if err != nil {
		return nil, nil, nil, err
	}
	bold, err = newFace("Go-Bold", "F2", gobold.TTF)
	if err != nil {
		return nil, nil, nil, err
	}
	mono, err = newFace("GoMono", "F3", gomono.TTF)
	if err != nil {
		return nil, nil, nil, err
	}
	mono.fixed = true
	return regular, bold, mono, nil
}

func newFace(name, key string, ttf []byte) (*face, error) {
	font, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFont, err)
	}
	tables, err := splitTables(ttf)
	if err != nil {
		return nil, err
	}
	f := &face{name: name, key: key, font: font, tables: tables, seen: map[rune]glyph{}}
	f.units = float64(binary.BigEndian.Uint16(tables["head"][18:]))
	f.used = []usedGlyph{{advance: f.advanceOf(0)}}
	return f, nil
}

// advance is the width of a character in ems.
func (f *face) advance(r rune) float64 { return float64(f.find(r).advance) / f.units }

// encode gives the two-byte code that draws the character.
func (f *face) encode(r rune) uint16 {
	g := f.find(r)
	if g.cid != 0 {
		return g.cid
	}
	if g.missing && len(f.used) >= maxGlyphs {
		return f.encode(replacement)
	}
	g.cid = uint16(len(f.used))
	f.used = append(f.used, usedGlyph{source: g.source, advance: g.advance, char: r})
	f.seen[r] = g
	return g.cid
}

func (f *face) find(r rune) glyph {
	g, ok := f.seen[r]
	if ok {
		return g
	}
	g.source = f.index(f.standIn(r))
	if g.source == 0 {
		g.source = f.index(replacement)
		g.missing = true
	}
	g.advance = f.advanceOf(g.source)
	f.seen[r] = g
	return g
}

func (f *face) index(r rune) uint16 {
	i, err := f.font.GlyphIndex(&f.buf, r)
	if err != nil {
		f.err = fmt.Errorf("%w: %w", errFont, err)
		return 0
	}
	return uint16(i)
}

// standIn names the character whose drawing is used for r. It is another one
// where the fonts lack the exact one but have its like: spaces of any width, and
// the letters written as an apostrophe in Hawaiian and other names. It is also
// another one for the hyphen, which the proportional Go fonts draw as wide as a
// minus, fit for programs and odd in names; their soft hyphen has the usual form.
func (f *face) standIn(r rune) rune {
	switch r {
	case '-', '\u2010', '\u2011':
		if f.fixed {
			return '-'
		}
		return '\u00AD'
	case '\u02BB':
		return '\u2018'
	case '\u02BC':
		return '\u2019'
	}
	if unicode.Is(unicode.Zs, r) {
		return ' '
	}
	return r
}

// missing lists the characters shown as the replacement sign, in no order.
func (f *face) missing() []rune {
	var out []rune
	for r, g := range f.seen {
		if g.missing {
			out = append(out, r)
		}
	}
	return out
}
