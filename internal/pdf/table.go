package pdf

import (
	"math"
	"strings"
)

// column is a place for cells, in points.
type column struct{ x, width float64 }

// cell is what is set in a column; span of its lines go on the current page.
type cell struct {
	element *element
	style   style
	lines   []line
}

// cellPad is the space around the text of a cell, as part of its size.
const cellPad = 0.35

// Facts adds a table of two columns: a label, which is the header of its row,
// and a value. Rows where both are empty are left out.
func (w *Writer) Facts(rows [][2]string) {
	if w.err != nil {
		return
	}
	st := w.body()
	label := st
	label.face = w.bold
	cols := w.columns(2, []float64{3, 7})
	var table *element
	for _, r := range rows {
		name, value := clean(r[0]), clean(r[1])
		if name == "" && value == "" {
			continue
		}
		cells := []cell{
			{style: label, lines: wrapCell(label, name, cols[0])},
			{style: st, lines: wrapCell(st, value, cols[1])},
		}
		need := w.need(cells)
		if table == nil {
			w.settle(st.size*0.6, need)
			table = w.root.add("Table", "")
			w.rule(0.5)
		}
		row := table.add("TR", "")
		cells[0].element = row.add("TH", scopeRow)
		cells[1].element = row.add("TD", "")
		w.row(cols, cells, nil)
	}
	if table != nil {
		w.after = st.size * 0.9
	}
}

// Table adds a table with a header row and an optional caption above it. Widths
// are shares of the page width, one for each column; nil goes by the text of the
// first rows. Rows may be of unequal length: what is missing stays empty. On each
// further page the header row is repeated for the eye only. A row is kept on one
// page unless it is taller than a page. Nothing is written when there is no
// column.
func (w *Writer) Table(caption string, head []string, rows [][]string, widths []float64) {
	count := len(head)
	for _, r := range rows {
		count = max(count, len(r))
	}
	if w.err != nil || count == 0 {
		return
	}
	st := style{face: w.regular, size: w.doc.TableSize, lead: w.doc.TableSize * 1.3}
	bold := st
	bold.face = w.bold
	if widths == nil {
		widths = w.shares(count, st, bold, head, rows)
	}
	cols := w.columns(count, widths)
	top := wrapRow(bold, head, cols)
	if len(head) == 0 {
		top = nil
	}

	caption = clean(caption)
	captionLines := wrap(bold, caption, w.width)
	need := w.need(top)
	if caption != "" {
		need += (float64(len(captionLines)) + 0.4) * bold.lead
	}
	if len(rows) > 0 {
		need += w.need(wrapRow(st, rows[0], cols))
	}
	w.settle(st.size*0.8, math.Min(need, w.top-w.bottom))

	table := w.root.add("Table", "")
	if caption != "" {
		w.flow(table.add("Caption", ""), bold, w.left, captionLines)
		w.y -= bold.lead * 0.4
	}
	w.headRow(table, cols, top)
	for _, r := range rows {
		cells := wrapRow(st, r, cols)
		tr := table.add("TR", "")
		for i := range cells {
			cells[i].element = tr.add("TD", "")
		}
		w.row(cols, cells, top)
	}
	w.after = st.size
}

// headRow draws the header row where the table starts.
func (w *Writer) headRow(table *element, cols []column, top []cell) {
	if len(top) == 0 {
		w.rule(0.5)
		return
	}
	tr := table.add("TR", "")
	cells := append([]cell(nil), top...)
	for i := range cells {
		cells[i].element = tr.add("TH", scopeColumn)
	}
	w.row(cols, cells, nil)
	w.rule(1)
}

// columns shares the page width out. A share that is not a positive number
// counts as the mean of the others.
func (w *Writer) columns(count int, shares []float64) []column {
	good := func(i int) bool { return i < len(shares) && shares[i] > 0 && shares[i] <= math.MaxInt32 }
	var sum, known float64
	for i := range count {
		if good(i) {
			sum += shares[i]
			known++
		}
	}
	usual := 1.0
	if known > 0 {
		usual = sum / known
	}
	sum += usual * (float64(count) - known)
	out := make([]column, count)
	x := w.left
	for i := range out {
		share := usual
		if good(i) {
			share = shares[i]
		}
		out[i] = column{x, w.width * share / sum}
		x += out[i].width
	}
	return out
}

// shares sizes columns by the longest line in each of the first rows, so that a
// column of numbers does not take the room that a column of sentences needs.
func (w *Writer) shares(count int, st, bold style, head []string, rows [][]string) []float64 {
	const sample = 100
	out := make([]float64, count)
	look := func(st style, texts []string) {
		for i, text := range texts {
			for hard := range strings.SplitSeq(clean(text), "\n") {
				// Half the page is enough to be generous with: longer text wraps.
				wide := math.Min(st.width(hard), w.width/2) + st.size*2*cellPad
				out[i] = math.Max(out[i], wide)
			}
		}
	}
	look(bold, head)
	for _, r := range rows[:min(len(rows), sample)] {
		look(st, r)
	}
	return out
}

func wrapRow(st style, texts []string, cols []column) []cell {
	out := make([]cell, len(cols))
	for i, c := range cols {
		text := ""
		if i < len(texts) {
			text = clean(texts[i])
		}
		out[i] = cell{style: st, lines: wrapCell(st, text, c)}
	}
	return out
}

// wrapCell leaves space to the next column only: the first one lines up with the
// text around the table.
func wrapCell(st style, text string, c column) []line {
	if text == "" {
		return nil
	}
	return wrap(st, text, c.width-st.size*2*cellPad)
}

// need is the height of a row.
func (w *Writer) need(cells []cell) float64 {
	var most float64
	for _, c := range cells {
		most = math.Max(most, float64(max(len(c.lines), 1))*c.style.lead+2*c.style.size*cellPad)
	}
	return most
}

// row draws one row and the rule under it. When it does not fit it goes to the
// next page, under a repetition of the header row; when it can't fit any page it
// is continued from page to page.
func (w *Writer) row(cols []column, cells, repeat []cell) {
	height := w.need(cells)
	whole := w.top - w.bottom
	if w.need(repeat) <= whole/2 {
		whole -= w.need(repeat)
	}
	fits := height <= w.room()
	if !fits && !w.fresh() && (height <= whole || w.room() < whole/4) {
		w.nextTablePage(cols, repeat)
	}
	for {
		rest := w.rowPart(cols, cells)
		if !rest {
			break
		}
		w.nextTablePage(cols, repeat)
	}
	w.rule(0.5)
}

// rowPart draws as many lines of each cell as fit and takes them off the cells;
// it tells whether any are left.
func (w *Writer) rowPart(cols []column, cells []cell) (rest bool) {
	height := 0.0
	for i := range cells {
		c := &cells[i]
		pad := c.style.size * cellPad
		n := max(int((w.room()-2*pad+0.01)/c.style.lead), 1)
		n = min(n, len(c.lines))
		if n > 0 {
			w.open(c.element)
			w.draw(c.style, cols[i].x, w.y-pad, c.lines[:n])
			w.untagged()
		}
		c.lines = c.lines[n:]
		rest = rest || len(c.lines) > 0
		height = math.Max(height, float64(max(n, 1))*c.style.lead+2*pad)
	}
	w.y -= height
	return rest
}

// open starts content of an element, or of an artifact where there is none.
func (w *Writer) open(e *element) {
	if e != nil {
		w.tagged(e)
		return
	}
	p := w.page()
	p.body = append(p.body, "/Artifact <</Type/Pagination>> BDC\n"...)
}

func (w *Writer) nextTablePage(cols []column, repeat []cell) {
	w.newPage()
	if len(repeat) == 0 || w.need(repeat) > (w.top-w.bottom)/2 {
		// A header taller than half the page would leave no room for rows.
		w.rule(0.5)
		return
	}
	w.rowPart(cols, append([]cell(nil), repeat...))
	w.rule(1)
}

// rule draws a line across the text area at the current height.
func (w *Writer) rule(thickness float64) {
	p := w.page()
	p.body = appendRule(p.body, w.left, w.y, w.width, thickness)
}

func appendRule(b []byte, x, y, width, thickness float64) []byte {
	b = append(b, "/Artifact BMC\n0.55 G "...)
	b = appendNumber(b, thickness)
	b = append(b, " w "...)
	b = appendNumber(b, x)
	b = append(b, ' ')
	b = appendNumber(b, y)
	b = append(b, " m "...)
	b = appendNumber(b, x+width)
	b = append(b, ' ')
	b = appendNumber(b, y)
	return append(b, " l S\nEMC\n"...)
}
