package pdf

import (
	"math"
	"strconv"
)

// Picture is something that is drawn as a whole: an image, or a page of
// another file.
type Picture struct {
	width, height float64    // upright, in its own units
	upright       [6]float64 // from its own space to an upright one that begins at 0, 0
	largest       float64    // points for one unit at most; zero: as large as fits
	bits          *bitmap
	page          *foreign
}

// Wide reports whether the picture is wider than high.
func (p *Picture) Wide() bool { return p.width > p.height }

// bitmap is an image's own bytes, ready to be written.
type bitmap struct {
	entries string // of the dictionary, beside the length
	data    []byte
}

// turned gives the matrix that sets a box upright after turning it clockwise
// by quarters, mirrored first if so.
func turned(b [4]float64, quarters int, mirrored bool) (m [6]float64, width, height float64) {
	switch quarters & 3 {
	case 1:
		m = [6]float64{0, -1, 1, 0, -b[1], b[2]}
	case 2:
		m = [6]float64{-1, 0, 0, -1, b[2], b[3]}
	case 3:
		m = [6]float64{0, 1, -1, 0, b[3], -b[0]}
	default:
		m = [6]float64{1, 0, 0, 1, -b[0], -b[1]}
	}
	if mirrored {
		m = times([6]float64{-1, 0, 0, 1, b[0] + b[2], 0}, m)
	}
	width, height = b[2]-b[0], b[3]-b[1]
	if quarters&1 == 1 {
		width, height = height, width
	}
	return m, width, height
}

// times gives the matrix that does first a, then b.
func times(a, b [6]float64) [6]float64 {
	return [6]float64{
		a[0]*b[0] + a[1]*b[2], a[0]*b[1] + a[1]*b[3],
		a[2]*b[0] + a[3]*b[2], a[2]*b[1] + a[3]*b[3],
		a[4]*b[0] + a[5]*b[2] + b[4], a[4]*b[1] + a[5]*b[3] + b[5],
	}
}

// drawn is a picture on a page.
type drawn struct {
	key     string
	picture *Picture
}

// Draw puts a picture on a page of its own, as large as fits between the
// running header and footer and wider than text runs. alt says what it shows to
// people who do not see it; without it the picture is decoration to them. The
// watermark of such a page lies over the picture, so that nothing covers it.
func (w *Writer) Draw(p *Picture, alt string) {
	if w.err != nil || p == nil || p.width <= 0 || p.height <= 0 {
		return
	}
	w.PageBreak()
	side := math.Min(edge, w.left)
	wide, high := w.doc.Size.Width-2*side, w.top-w.bottom
	scale := math.Min(wide/p.width, high/p.height)
	if p.largest > 0 {
		scale = math.Min(scale, p.largest)
	}
	x, y := side+(wide-p.width*scale)/2, w.top-p.height*scale
	m := times(p.upright, [6]float64{scale, 0, 0, scale, x, y})

	pg := w.page()
	d := drawn{"X" + strconv.Itoa(len(pg.drawn)+1), p}
	pg.drawn = append(pg.drawn, d)
	alt = oneLine(alt)
	if alt == "" {
		pg.body = append(pg.body, "/Artifact BMC\n"...)
	} else {
		box := appendNumbers([]byte("<</O/Layout/Placement/Block/BBox["), x, y, x+p.width*scale, y+p.height*scale)
		figure := w.root.add("Figure", string(append(box, "]>>"...)))
		figure.alt = alt
		w.tagged(figure)
	}
	pg.body = append(pg.body, "q "...)
	pg.body = append(appendMatrix(pg.body, m), " cm /"+d.key+" Do Q\n"...)
	w.untagged()
	w.y = y
	w.after = w.doc.TextSize
}

func appendNumbers(b []byte, values ...float64) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendNumber(b, v)
	}
	return b
}

// appendMatrix writes six numbers with the digits that small factors need.
func appendMatrix(b []byte, m [6]float64) []byte {
	for i, v := range m {
		if i > 0 {
			b = append(b, ' ')
		}
		if v == 0 {
			v = 0 // no minus before a zero
		}
		b = strconv.AppendFloat(b, v, 'f', 5, 64)
	}
	return b
}

// writeDrawn writes the pictures of a page and gives the resources that name
// them, empty where there are none.
func (s *sheet) writeDrawn(p *page) (string, error) {
	if len(p.drawn) == 0 {
		return "", nil
	}
	out := "/ExtGState<</W0<</Type/ExtGState/ca 0.2>>>>/XObject<<"
	for _, d := range p.drawn {
		id := s.file.reserve()
		var err error
		if d.picture.page != nil {
			err = s.writePageOf(d.picture.page, id)
		} else {
			err = s.file.stream(id, d.picture.bits.entries, d.picture.bits.data, false)
		}
		if err != nil {
			return "", err
		}
		out += "/" + d.key + " " + ref(id)
	}
	return out + ">>", nil
}

// foreignPages reports whether any page of another file was drawn: such a
// document can't be promised to be accessible.
func (w *Writer) foreignPages() bool {
	for _, p := range w.pages {
		for _, d := range p.drawn {
			if d.picture.page != nil {
				return true
			}
		}
	}
	return false
}
