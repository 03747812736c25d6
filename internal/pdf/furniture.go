package pdf

import (
	"math"
	"strconv"
	"strings"
)

// Distances in points: the margin around the text, and where running header and
// footer stand from the edge of the paper.
const (
	margin = 72
	edge   = 36
)

// layout settles the text area and the lines of the running header and footer.
func (w *Writer) layout() {
	size := w.doc.Size
	side := math.Min(margin, size.Width/8)
	w.left, w.width = side, size.Width-2*side
	st := w.small()
	fit := int((size.Height/4 - edge - st.size) / st.lead)
	limit := max(min(furnitureLineLimit, fit), 1)
	if w.doc.Header != "" {
		w.header = cut(wrap(st, w.doc.Header, w.width), limit)
	}
	if w.doc.Footer != "" {
		w.footer = cut(wrap(st, w.doc.Footer, w.width-w.pageNumberWidth()), limit)
	}
	w.layoutWatermark()
	end := math.Min(margin, size.Height/8)
	w.top = size.Height - math.Max(end, edge+float64(len(w.header))*st.lead+st.size)
	w.bottom = math.Max(end, edge+float64(max(len(w.footer), 1))*st.lead+st.size)
}

// small is the style of header, footer and page numbers: dark enough to read,
// lighter than the text, and larger in a large-print copy.
func (w *Writer) small() style {
	size := math.Min(math.Max(w.doc.TextSize*0.75, 8), 14)
	return style{face: w.regular, size: size, lead: size * 1.28, gray: 0.3}
}

// pageNumberWidth reserves room for the label with large numbers.
func (w *Writer) pageNumberWidth() float64 {
	wide := w.small().width(w.pageLabel(88888, 88888)) + 18
	return math.Min(wide, w.width/2)
}

func (w *Writer) pageLabel(page, pages int) string {
	return strings.NewReplacer("{page}", strconv.Itoa(page), "{pages}", strconv.Itoa(pages)).Replace(w.doc.PageLabel)
}

// cut keeps furniture within its limit of lines and shows where it was cut.
func cut(lines []line, limit int) []line {
	if len(lines) <= limit {
		return lines
	}
	lines[limit-1].text += "…"
	return lines[:limit]
}

// under gives what is drawn beneath the text of a page. A page with a picture
// has the watermark over it instead.
func (w *Writer) under(marked bool) []byte {
	var b []byte
	if marked && w.mark.bands > 0 {
		b = w.appendWatermark(b, w.mark.style.gray)
	}
	if len(w.header) > 0 {
		st := w.small()
		b = append(b, "/Artifact <</Type/Pagination/Subtype/Header/Attached[/Top]>> BDC\n"...)
		b = appendText(b, st, w.left, w.doc.Size.Height-edge, w.header)
		b = append(b, "EMC\n"...)
	}
	return b
}

// over gives the foot of a page: its number and the running footer.
func (w *Writer) over(page, pages int) []byte {
	st := w.small()
	y := edge + float64(max(len(w.footer), 1))*st.lead
	b := []byte("/Artifact <</Type/Pagination/Subtype/Footer/Attached[/Bottom]>> BDC\n")
	if len(w.footer) > 0 {
		b = appendText(b, st, w.left, y, w.footer)
	}
	label := w.pageLabel(page, pages)
	b = appendText(b, st, w.left+w.width-st.width(label), y, []line{{text: label}})
	return append(b, "EMC\n"...)
}

// watermark is what is drawn along the rising diagonal of each band of a page.
type watermark struct {
	style style
	lines []string
	bands int
}

// layoutWatermark makes the watermark as large as fits along the page. A long
// one would be small; it comes three times instead, one band below the other,
// so that no part of a page is without it.
func (w *Writer) layoutWatermark() {
	if w.doc.Watermark == "" {
		return
	}
	lines := strings.Split(w.doc.Watermark, "\n")
	lines = lines[:min(len(lines), watermarkLineLimit)]
	for i, l := range lines {
		if text := []rune(l); len(text) > watermarkLength {
			lines[i] = string(text[:watermarkLength]) + "…"
		}
	}
	w.mark = watermark{style: style{face: w.bold, gray: 0.9}, lines: lines}
	for _, bands := range []int{1, 3} {
		w.mark.bands = bands
		w.mark.style.size = w.watermarkSize()
		if w.mark.style.size >= 36 {
			break
		}
	}
	w.mark.style.lead = w.mark.style.size * 1.2
}

func (w *Writer) watermarkSize() float64 {
	unit := w.mark.style
	unit.size = 1
	widest := 0.1
	for _, l := range w.mark.lines {
		widest = math.Max(widest, unit.width(l))
	}
	long := math.Hypot(w.doc.Size.Width, w.doc.Size.Height/float64(w.mark.bands))
	return math.Max(math.Min(long*0.85/widest, 72), 8)
}

// veil gives the watermark of a page with a picture: over it, and clear enough
// to read through.
func (w *Writer) veil() []byte {
	if w.mark.bands == 0 {
		return nil
	}
	return append(w.appendWatermark([]byte("q /W0 gs\n"), 0.45), "Q\n"...)
}

func (w *Writer) appendWatermark(b []byte, gray float64) []byte {
	st, lines := w.mark.style, w.mark.lines
	st.gray = gray
	width, band := w.doc.Size.Width, w.doc.Size.Height/float64(w.mark.bands)
	sin, cos := math.Sincos(math.Atan2(band, width))
	b = append(b, "/Artifact <</Type/Pagination/Subtype/Watermark>> BDC\n"...)
	for i := range w.mark.bands {
		b = append(b, "q "...)
		for _, v := range []float64{cos, sin, -sin, cos} {
			b = strconv.AppendFloat(b, v, 'f', 5, 64)
			b = append(b, ' ')
		}
		b = appendNumber(b, width/2)
		b = append(b, ' ')
		b = appendNumber(b, band*(float64(i)+0.5))
		b = append(b, " cm\n"...)
		y := float64(len(lines)) * st.lead / 2
		for _, l := range lines {
			b = appendText(b, st, -st.width(l)/2, y, []line{{text: l}})
			y -= st.lead
		}
		b = append(b, "Q\n"...)
	}
	return append(b, "EMC\n"...)
}
