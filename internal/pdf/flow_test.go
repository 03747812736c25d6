package pdf

import (
	"fmt"
	"strings"
	"testing"
)

func TestHeadingStaysWithText(t *testing.T) {
	for n := range 60 {
		w := New(Doc{})
		for i := range n {
			w.Para(fmt.Sprint("Line ", i))
		}
		w.Heading(1, "A heading")
		w.Heading(2, "and another")
		start := len(w.root.kids)
		switch n % 3 {
		case 0:
			w.Para("first\nsecond\nthird")
		case 1:
			w.Table("Caption", []string{"a"}, [][]string{{"b"}}, nil)
		case 2:
			w.Facts([][2]string{{"a", "b"}})
		}
		last := len(w.pages) - 1
		for _, b := range w.outline {
			if b.page != last {
				t.Errorf("after %d paragraphs a heading is on page %d and its text on %d", n, b.page, last)
			}
		}
		if got := len(w.root.kids) - start; got != 3 {
			t.Errorf("%d elements, want two headings and a block", got)
		}
	}
}

func TestHeadingLevelsSkipNone(t *testing.T) {
	w := New(Doc{})
	for _, level := range []int{3, 3, 9, 1, 3, -1} {
		w.Heading(level, "x")
		w.Para("x")
	}
	var got []string
	for _, k := range w.root.kids {
		if k.element.role != "P" {
			got = append(got, k.element.role)
		}
	}
	if s := strings.Join(got, " "); s != "H1 H2 H3 H1 H2 H1" {
		t.Errorf("levels %s", s)
	}
}

func TestNoLineStandsAlone(t *testing.T) {
	for n := 2; n < 90; n++ {
		w := New(Doc{})
		w.Para(strings.Repeat("a\n", n) + "b")
		w.Para("one\ntwo\nthree\nfour\nfive")
		for _, k := range w.root.kids {
			e := k.element
			for _, c := range e.kids {
				if lines := linesIn(w, c); lines < 2 {
					t.Errorf("with %d lines, %d alone on page %d", n, lines, c.page+1)
				}
			}
		}
	}
}

// linesIn counts the lines of one piece of marked content.
func linesIn(w *Writer, c child) int {
	body := string(w.pages[c.page].body)
	_, body, _ = strings.Cut(body, fmt.Sprintf("<</MCID %d>> BDC", c.mark))
	body, _, _ = strings.Cut(body, "EMC")
	return strings.Count(body, "Tj")
}

func TestTableRepeatsItsHeader(t *testing.T) {
	w := New(Doc{})
	rows := make([][]string, 200)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("row%03d", i), "text"}
	}
	w.Table("", []string{"Kopfzeile", "Value"}, rows, nil)
	text := run(t, bytesOf(t, w), "pdftotext", "-layout", "FILE", "-")
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, p := range pages {
		if !strings.Contains(p, "Kopfzeile") || !strings.Contains(p, fmt.Sprintf("Page %d of %d", i+1, len(pages))) {
			t.Errorf("page %d lacks its header row or number:\n%s", i+1, p)
		}
	}
	for _, r := range rows {
		if strings.Count(text, r[0]) != 1 {
			t.Errorf("%s is there %d times", r[0], strings.Count(text, r[0]))
		}
	}
}

func TestRowTallerThanAPage(t *testing.T) {
	w := New(Doc{})
	w.Para("before")
	var words []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf("w%04d", i))
	}
	w.Table("", []string{"a", "b"}, [][]string{{"short", strings.Join(words, " ")}, {"next", "row"}}, []float64{1, 1})
	if len(w.pages) < 3 {
		t.Fatalf("%d pages", len(w.pages))
	}
	data := bytesOf(t, w)
	roles := checkStructure(t, data)
	if roles["/TD"] != 4 {
		t.Errorf("%d cells, want 4", roles["/TD"])
	}
	text := run(t, data, "pdftotext", "FILE", "-")
	for _, s := range words {
		if strings.Count(text, s) != 1 {
			t.Fatalf("%s is there %d times", s, strings.Count(text, s))
		}
	}
}

func TestNothingLeavesThePage(t *testing.T) {
	w := New(letterDoc())
	writeLetter(w)
	for i := range 40 {
		w.Table("caption", make([]string, i), [][]string{make([]string, i+1)}, nil)
	}
	w.settle(0, 0)
	if w.y < w.bottom-0.5 {
		t.Errorf("text runs to %v, under the margin at %v", w.y, w.bottom)
	}
	out := run(t, bytesOf(t, w), "pdftotext", "-bbox", "FILE", "-")
	for l := range strings.SplitSeq(out, "\n") {
		var x0, y0, x1, y1 float64
		_, err := fmt.Sscanf(strings.TrimSpace(l), `<word xMin="%f" yMin="%f" xMax="%f" yMax="%f">`, &x0, &y0, &x1, &y1)
		if err == nil && (x0 < 36 || y0 < 20 || x1 > 612-36 || y1 > 792-20) && !strings.Contains(l, "COPY") {
			t.Errorf("outside the margins: %s", l)
		}
	}
}

func TestPageBreaks(t *testing.T) {
	w := New(Doc{})
	w.PageBreak()
	w.PageBreak()
	w.Para("one")
	w.PageBreak()
	w.PageBreak()
	w.Para("two")
	w.PageBreak()
	out := run(t, bytesOf(t, w), "pdfinfo", "FILE")
	if !strings.Contains(out, "Pages:           2\n") {
		t.Errorf("want two pages:\n%s", out)
	}
}

func TestEmptyBlocksLeaveNothing(t *testing.T) {
	w := New(Doc{})
	w.Heading(1, " ")
	w.Para("\u200B")
	w.Mono("")
	w.List([]string{"", "\n"})
	w.List(nil)
	w.Facts([][2]string{{"", " "}})
	w.Table("caption", nil, nil, nil)
	if len(w.root.kids) != 0 || len(w.page().body) != 0 {
		t.Errorf("%d elements", len(w.root.kids))
	}
}
