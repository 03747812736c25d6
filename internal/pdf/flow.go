package pdf

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
)

// Writer builds one document. It is not for use by several goroutines at once.
// Calls never fail; what goes wrong is told by [Writer.WriteTo].
type Writer struct {
	doc                 Doc
	regular, bold, mono *face
	err                 error

	left, width, top, bottom float64 // the text area in points
	header, footer           []line
	mark                     watermark

	pages   []*page
	y       float64 // top of what is still free on the page
	after   float64 // space owed after the last block
	root    *element
	waiting []heading // headings that stay with the next block
	level   int       // of the last heading
	outline []bookmark
}

type heading struct {
	level int
	text  string
	lines []line
}

type bookmark struct {
	level, page int
	top         float64
	text        string
}

// New starts a document. Fields of the Doc that are out of range are put right
// as their comments say.
func New(doc Doc) *Writer {
	w := &Writer{doc: doc.settled(), root: &element{role: "Document"}}
	w.regular, w.bold, w.mono, w.err = loadFaces()
	if w.err != nil {
		return w
	}
	w.layout()
	w.newPage()
	return w
}

// Missing lists, in order, the characters met so far (in the header, footer and
// watermark too) that the fonts lack and that a person therefore sees as the
// replacement sign. It is empty for a document that reads as it was written.
func (w *Writer) Missing() []rune {
	var out []rune
	for _, f := range w.faces() {
		out = append(out, f.missing()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *Writer) faces() []*face {
	if w.err != nil {
		return nil
	}
	return []*face{w.regular, w.bold, w.mono}
}

func (w *Writer) page() *page { return w.pages[len(w.pages)-1] }

func (w *Writer) newPage() {
	w.pages = append(w.pages, &page{})
	w.y = w.top
	w.after = 0
}

func (w *Writer) fresh() bool { return w.y == w.top }

func (w *Writer) room() float64 { return w.y - w.bottom }

// gap leaves space before a block, at least as much as the block before asked
// for; none at the top of a page.
func (w *Writer) gap(before float64) {
	if !w.fresh() {
		w.y -= math.Max(before, w.after)
	}
	w.after = 0
}

// settle makes sure that the next need points fit under the headings that wait
// for them, on a new page if they don't fit here, and draws those headings.
func (w *Writer) settle(before, need float64) {
	total := math.Max(before, w.after) + need
	for _, h := range w.waiting {
		st := w.headingStyle(h.level)
		total += float64(len(h.lines))*st.lead + w.headingGap(h.level) + st.size/2
	}
	if total > w.room() && !w.fresh() {
		w.newPage()
	}
	waiting := w.waiting
	w.waiting = nil
	for _, h := range waiting {
		w.drawHeading(h)
	}
	w.gap(before)
}

// body is the style of running text.
func (w *Writer) body() style {
	return style{face: w.regular, size: w.doc.TextSize, lead: w.doc.TextSize * 1.35}
}

func (w *Writer) headingStyle(level int) style {
	scale := [...]float64{1.6, 1.25, 1.05}[level-1]
	size := w.doc.TextSize * scale
	return style{face: w.bold, size: size, lead: size * 1.25}
}

func (w *Writer) headingGap(level int) float64 {
	return w.doc.TextSize * [...]float64{1.8, 1.5, 1.2}[level-1]
}

// Heading starts a section, at level 1 to 3. It stays with the block after it
// and gets a bookmark. A level that would skip one (3 right after 1) is raised,
// since a reader who moves by headings would look for the one left out.
func (w *Writer) Heading(level int, text string) {
	text = clean(text)
	if w.err != nil || text == "" {
		return
	}
	level = min(max(level, 1), 3, w.level+1)
	w.level = level
	lines := wrap(w.headingStyle(level), text, w.width)
	w.waiting = append(w.waiting, heading{level, oneLine(text), lines})
}

func (w *Writer) drawHeading(h heading) {
	st := w.headingStyle(h.level)
	w.gap(w.headingGap(h.level))
	if w.room() < st.lead && !w.fresh() {
		w.newPage()
	}
	w.outline = append(w.outline, bookmark{h.level, len(w.pages) - 1, w.y, h.text})
	w.flow(w.root.add("H"+strconv.Itoa(h.level), ""), st, w.left, h.lines)
	w.after = st.size / 2
}

// Para adds a paragraph; line feeds in it start new lines.
func (w *Writer) Para(text string) {
	w.para(text, w.body(), wrap)
}

// Mono adds a paragraph in a typeface of even width whose lines break at any
// character: for digests, identifiers and keys, which have to be compared sign
// by sign.
func (w *Writer) Mono(text string) {
	st := style{face: w.mono, size: w.doc.TextSize, lead: w.doc.TextSize * 1.3}
	w.para(text, st, wrapAnywhere)
}

func (w *Writer) para(text string, st style, wrap func(style, string, float64) []line) {
	text = clean(text)
	if w.err != nil || text == "" {
		return
	}
	lines := wrap(st, text, w.width)
	w.settle(st.size*0.6, kept(len(lines))*st.lead)
	w.flow(w.root.add("P", ""), st, w.left, lines)
	w.after = st.size * 0.6
}

// List adds a bulleted list. Empty items are left out.
func (w *Writer) List(items []string) {
	if w.err != nil {
		return
	}
	st := w.body()
	indent := st.size * 1.5
	var list *element
	for _, text := range items {
		text = clean(text)
		if text == "" {
			continue
		}
		lines := wrap(st, text, w.width-indent)
		w.settle(st.size*0.3, kept(len(lines))*st.lead)
		if list == nil {
			list = w.root.add("L", bulleted)
		}
		item := list.add("LI", "")
		w.tagged(item.add("Lbl", ""))
		w.draw(st, w.left+st.size*0.5, w.y, []line{{text: "•", space: true}})
		w.untagged()
		w.flow(item.add("LBody", ""), st, w.left+indent, lines)
		w.after = st.size * 0.3
	}
	if list != nil {
		w.after = st.size * 0.6
	}
}

// PageBreak starts a new page, unless this one is still empty.
func (w *Writer) PageBreak() {
	if w.err != nil {
		return
	}
	w.settle(0, 0)
	if !w.fresh() {
		w.newPage()
	}
}

// kept is how many lines of a block have to stay together at its start, so that
// no line stands alone at the foot or the head of a page.
func kept(lines int) float64 {
	if lines <= 3 {
		return float64(lines)
	}
	return 2
}

// flow draws lines as the content of one element, over as many pages as needed.
func (w *Writer) flow(e *element, st style, x float64, lines []line) {
	for len(lines) > 0 {
		n := min(int((w.room()+0.01)/st.lead), len(lines))
		left := len(lines) - n
		switch {
		case left == 1 && n > 2:
			n--
		case left > 0 && n < 2 && !w.fresh():
			n = 0
		}
		if n < 1 {
			if !w.fresh() {
				w.newPage()
				continue
			}
			n = 1
		}
		w.tagged(e)
		w.draw(st, x, w.y, lines[:n])
		w.untagged()
		w.y -= float64(n) * st.lead
		lines = lines[n:]
		if len(lines) > 0 {
			w.newPage()
		}
	}
}

// draw sets lines below y on the current page.
func (w *Writer) draw(st style, x, y float64, lines []line) {
	p := w.page()
	p.body = appendText(p.body, st, x, y, lines)
}

// appendText writes the operators that show lines whose box begins at y.
func appendText(b []byte, st style, x, y float64, lines []line) []byte {
	b = append(b, "BT /"+st.face.key+" "...)
	b = appendNumber(b, st.size)
	b = append(b, " Tf "...)
	b = appendNumber(b, st.gray)
	b = append(b, " g "...)
	b = appendNumber(b, st.lead)
	b = append(b, " TL "...)
	// The baseline lies so that ascent and descent share the line evenly.
	b = appendNumber(b, x)
	b = append(b, ' ')
	b = appendNumber(b, y-st.lead/2-st.size*0.33)
	b = append(b, " Td\n"...)
	for i, l := range lines {
		if i > 0 {
			b = append(b, "T* "...)
		}
		b = appendCodes(b, st.face, l)
	}
	return append(b, "ET\n"...)
}

func appendCodes(b []byte, f *face, l line) []byte {
	const hex = "0123456789ABCDEF"
	text := l.text
	if l.space {
		text += " "
	}
	if text == "" {
		return b
	}
	b = append(b, '<')
	for _, r := range text {
		c := f.encode(r)
		b = append(b, hex[c>>12], hex[c>>8&15], hex[c>>4&15], hex[c&15])
	}
	return append(b, "> Tj\n"...)
}

// appendNumber writes a number with at most two decimals, never in exponents.
func appendNumber(b []byte, v float64) []byte {
	v = math.Round(v*100) / 100
	if v == 0 {
		v = 0 // no minus before a zero
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// appendUTF16 writes text as hexadecimal UTF-16, the way PDF stores any Unicode.
func appendUTF16(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, hex[c>>12], hex[c>>8&15], hex[c>>4&15], hex[c&15])
	}
	return b
}
