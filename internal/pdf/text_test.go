package pdf

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb":              "a b",
		"a\r\nb\rc\u2028d":  "a\nb\nc\nd",
		"a\x00\x1b\u0085b":  "a\nb",
		"x\u202Ey\u2066z":   "xyz",
		"e\u0301":           "é",
		"so\u00ADft\u200Bz": "softz",
		"❤\uFE0F":           "❤",
		"bad\xff":           "bad\uFFFD",
		"\uFFFE":            "\uFFFD",
		" \n a \n ":         "a",
		"a\u00A0b":          "a\u00A0b",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// plain is text without its spacing, to compare what went in with what came out.
func plain(s string) string { return strings.Join(strings.Fields(s), "") }

func TestTextComesBack(t *testing.T) {
	w := New(Doc{Header: "Über den Kopf"})
	lines := []string{
		"José Ñandú, Łukasz Żółć, Åsa Öberg, Şükrü Ağca, Ștefan, Dvořák, Ŵyn",
		"Ελληνικά; Русский Українська Ћирилица; Hawaiʻi, well-known, O’Neil",
		"50 µg/dL ± 2 % ≤ 3 × 10, § 422.568(b)(1), € 5 “quoted” — dash… •",
		"emoji 😀 and 漢字",
	}
	for _, l := range lines {
		w.Para(l)
	}
	long := strings.Repeat("Abc123", 150)
	w.Para(long)
	w.Mono(strings.Repeat(digest, 5))
	data := bytesOf(t, w)
	got := plain(run(t, data, "pdftotext", "FILE", "-"))
	for _, l := range append(lines, long, strings.Repeat(digest, 5), "Über den Kopf") {
		if !strings.Contains(got, plain(l)) {
			t.Errorf("pdftotext does not give back %q in:\n%s", l, got)
		}
	}
}

func TestMissingCharactersAreNamed(t *testing.T) {
	w := New(Doc{Header: "漢", Watermark: "😀"})
	w.Para("Nguyễn, Hawaiʻi, plain\u2011hyphen, \u202Fspace")
	w.Mono("שלום")
	if got, want := w.Missing(), []rune("ולםשễ漢😀"); !slices.Equal(got, want) {
		t.Errorf("missing %q, want %q", string(got), string(want))
	}
	if got := New(letterDoc()).Missing(); len(got) != 0 {
		t.Errorf("missing %q in plain text", string(got))
	}
}

func TestManyUnknownCharacters(t *testing.T) {
	var b strings.Builder
	for r := rune(0x3400); r < 0x3400+maxGlyphs+9000; r++ {
		if utf8.ValidRune(r) {
			b.WriteRune(r)
		}
	}
	w := New(Doc{})
	w.Para(b.String())
	w.Para("Still readable: ąęłń")
	if n := len(w.regular.used); n > maxGlyphs+1000 {
		t.Errorf("%d glyphs in a subset", n)
	}
	got := run(t, bytesOf(t, w), "pdftotext", "-q", "FILE", "-")
	if !strings.Contains(got, "Still readable: ąęłń") {
		t.Error("text after the last numbered glyph is lost")
	}
}

func TestWrapBreaksAtMarks(t *testing.T) {
	regular, _, _, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	st := style{face: regular, size: 10}
	long := "https://plan.example/appeals/how-to-send"
	lines := wrap(st, long, st.width("https://plan.example/appeals/how"))
	if got := lines[0].text; got != "https://plan.example/appeals/" {
		t.Errorf("broke after %q", got)
	}
	if lines[0].space {
		t.Error("a broken word got a space inside")
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s, 100.0)
	}
	f.Add("a b", 0.0)
	f.Fuzz(func(t *testing.T, s string, limit float64) {
		if !(limit >= 0 && limit < 1000) || len(s) > 4000 {
			return
		}
		checkWrap(t, s, limit)
		w := New(Doc{Title: s, Lang: s, Author: s, Header: s, Footer: s, Watermark: s, PageLabel: s, TextSize: limit})
		w.Heading(2, s)
		w.Para(s)
		w.Heading(3, s)
		w.Mono(s)
		w.List([]string{s, s})
		w.Facts([][2]string{{s, "x"}, {"x", s}})
		w.Heading(1, s)
		w.Table(s, []string{s, "x"}, [][]string{{s, s, s}, {}}, []float64{limit, 1})
		first := bytesOf(t, w)
		if !bytes.Equal(first, bytesOf(t, w)) {
			t.Error("a second WriteTo gave other bytes")
		}
	})
}

// checkWrap holds that wrapping loses and adds nothing but spaces, and that only
// a single character may stand out over the limit.
func checkWrap(t *testing.T, s string, limit float64) {
	t.Helper()
	regular, _, mono, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	text := clean(s)
	if text != clean(text) {
		t.Errorf("cleaning %q twice gives something else", s)
	}
	for _, set := range []struct {
		st   style
		wrap func(style, string, float64) []line
	}{{style{face: regular, size: 11}, wrap}, {style{face: mono, size: 11}, wrapAnywhere}} {
		var all strings.Builder
		for _, l := range set.wrap(set.st, text, limit) {
			all.WriteString(l.text)
			if l.space {
				all.WriteByte(' ')
			}
			bare := strings.TrimSpace(l.text)
			if set.st.width(bare) > limit+0.001 && utf8.RuneCountInString(bare) > 1 && strings.TrimLeft(l.text, " ") == l.text {
				t.Errorf("the line %q is wider than %v", l.text, limit)
			}
		}
		got, want := strings.Fields(all.String()), strings.Fields(text)
		if !slices.Equal(got, want) {
			t.Errorf("wrapped to %q, want %q", got, want)
		}
	}
}
