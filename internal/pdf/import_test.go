package pdf

import (
	"bytes"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"image/png"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

// foreignFile gives a PDF of plain objects, numbered from 1 on, and its table.
func foreignFile(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xE2\xE3\xCF\xD3\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, p := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", p)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, table)
	return b.Bytes()
}

func streamed(d, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", d, len(data), data)
}

// filled is a page with content in two pieces, a filled field, a note that
// does not print, a link, a script and an attachment.
func filled() []byte {
	return foreignFile("",
		`<</Type/Catalog/Pages 2 0 R/OpenAction 11 0 R/Names<</EmbeddedFiles 12 0 R>>/AcroForm<</Fields[8 0 R]/NeedAppearances true>>>>`,
		`<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 300 400]/Resources<</Font<</F1 4 0 R>>/Properties<</MC0 12 0 R>>>>>>`,
		`<</Type/Page/Parent 2 0 R/Rotate 90/Contents[5 0 R 6 0 R]/Annots[8 0 R 9 0 R 10 0 R]>>`,
		`<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/Up 3 0 R>>`,
		streamed("", "q BT /F1 24 Tf 20 300 Td (first-piece) Tj ET"),
		streamed("", "BT /F1 24 Tf 20 200 Td (second-piece) Tj ET Q"),
		streamed(`/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 4 0 R>>>>`, "BT /F1 12 Tf 2 4 Td (field-value) Tj ET"),
		`<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(field-value)/F 4/Rect[20 100 220 140]/AP<</N 7 0 R>>>>`,
		`<</Type/Annot/Subtype/Text/Contents(hidden-note)/F 2/Rect[0 0 20 20]/AP<</N 7 0 R>>>>`,
		`<</Type/Annot/Subtype/Link/F 4/Rect[0 0 300 400]/A<</S/URI/URI(https://example.org/leak)>>>>`,
		`<</S/JavaScript/JS(app.alert\('script-ran'\))>>`,
		`<</Names[(attached) 13 0 R]>>`,
		streamed("/Type/EmbeddedFile", "attached-file"),
	)
}

func stampedDoc() Doc {
	return Doc{Title: "A copy", Header: "Sample Plan · copy 1 of 1 · C26-000000000-0", Footer: "Printed for Dana Okafor", Watermark: "Riverside · Dana Okafor\ncopy 1 of 1"}
}

func drawAll(t testing.TB, pages []*Picture) []byte {
	t.Helper()
	w := New(stampedDoc())
	w.Heading(1, "A copy of a document")
	for i, p := range pages {
		w.Draw(p, fmt.Sprintf("Page %d of the document", i+1))
	}
	return bytesOf(t, w)
}

func TestAForeignPageIsDrawnAndNothingElseComesWithIt(t *testing.T) {
	pages, err := ReadPages(filled())
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != 1 || !pages[0].Wide() || pages[0].width != 400 {
		t.Fatalf("%d pages, %v", len(pages), pages[0])
	}
	data := drawAll(t, pages)
	if again := drawAll(t, pages); !bytes.Equal(data, again) {
		t.Error("the same pages give other bytes")
	}
	run(t, data, "qpdf", "--check", "FILE")
	text := run(t, data, "pdftotext", "-layout", "FILE", "-")
	for _, want := range []string{"first-piece", "second-piece", "field-value", "copy 1 of 1", "Dana Okafor"} {
		if !strings.Contains(text, want) {
			t.Errorf("the copy lacks %q:\n%s", want, text)
		}
	}
	open := run(t, data, "qpdf", "--qdf", "--object-streams=disable", "FILE", "-")
	for _, no := range []string{"JavaScript", "script-ran", "example.org", "hidden-note", "attached-file", "EmbeddedFile", "OpenAction", "/Annots", "AcroForm", "pdfuaid:part"} {
		if strings.Contains(open, no) {
			t.Errorf("the copy holds %q", no)
		}
	}
	if !strings.Contains(open, "/S /Figure") || !strings.Contains(open, "/Alt") {
		t.Error("the page is no figure with a text")
	}
}

// What we write ourselves has packed tables and objects.
func TestOurOwnFilesAreRead(t *testing.T) {
	pages, err := ReadPages(letter(t))
	if err != nil {
		t.Fatal(err)
	}
	data := drawAll(t, pages)
	run(t, data, "qpdf", "--check", "FILE")
	before, after := run(t, letter(t), "pdftotext", "FILE", "-"), run(t, data, "pdftotext", "FILE", "-")
	for word := range strings.FieldsSeq(before) {
		if len(word) > 3 && !strings.Contains(after, word) { // the slanted watermark falls apart
			t.Errorf("the copy lacks %q", word)
		}
	}
	twice, err := ReadPages(data)
	if err != nil || len(twice) != len(pages)+1 {
		t.Errorf("a copy of a copy: %d pages, %v", len(twice), err)
	}
}

// A later state of the file holds, an object stream predicted and packed too.
func TestWhatQpdfWritesIsRead(t *testing.T) {
	for _, args := range [][]string{
		{"--object-streams=generate"}, {"--linearize"}, {"--object-streams=generate", "--linearize"}, {"--compress-streams=n"}, {"--qdf"},
	} {
		made := run(t, filled(), "qpdf", append(args, "FILE", "-")...)
		pages, err := ReadPages([]byte(made))
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		text := run(t, drawAll(t, pages), "pdftotext", "FILE", "-")
		if !strings.Contains(text, "first-piece") || !strings.Contains(text, "field-value") {
			t.Errorf("%v: %s", args, text)
		}
	}
	locked := run(t, filled(), "qpdf", "--encrypt", "", "owner", "256", "--", "FILE", "-")
	_, err := ReadPages([]byte(locked))
	if !errors.Is(err, ErrLocked) {
		t.Errorf("an encrypted file: %v", err)
	}
}

func TestAnUpdateHolds(t *testing.T) {
	file := foreignFile("", `<</Type/Catalog/Pages 2 0 R>>`, `<</Type/Pages/Count 1/Kids[3 0 R]>>`, `<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>`, streamed("", "old"))
	before := bytes.LastIndex(file, []byte("xref\n0"))
	at := len(file)
	file = append(file, "4 0 obj\n"+streamed("", "0 0 9 9 re f")+"\nendobj\n"...)
	table := len(file)
	file = fmt.Appendf(file, "xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 5/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", at, before, table)
	pages, err := ReadPages(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(pages[0].page.content.raw); got != "0 0 9 9 re f" {
		t.Errorf("%q", got)
	}
}

func TestForeignFilesThatAreRefused(t *testing.T) {
	catalog, pages := `<</Type/Catalog/Pages 2 0 R>>`, `<</Type/Pages/Count 1/Kids[3 0 R]>>`
	page := `<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>`
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	whole := foreignFile("", catalog, pages, page, streamed("", "q Q"))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                {nil, ErrUnreadable},
		"no table":               {bytes.ReplaceAll(whole, []byte("startxref"), []byte("startnone")), ErrUnreadable},
		"cut":                    {whole[:len(whole)-60], ErrUnreadable},
		"a table far out":        {bytes.Replace(whole, []byte("startxref\n"), []byte("startxref\n9"), 1), ErrUnreadable},
		"encrypted":              {foreignFile("/Encrypt 4 0 R", catalog, pages, page, "<<>>"), ErrLocked},
		"pages in a ring":        {foreignFile("", catalog, `<</Kids[2 0 R]>>`), ErrUnreadable},
		"no pages":               {foreignFile("", catalog, `<</Kids[]>>`), ErrUnreadable},
		"endless nesting":        {foreignFile("", catalog, deep), ErrUnreadable},
		"layers off":             {foreignFile("", `<</Pages 2 0 R/OCProperties<</D<</OFF[4 0 R]>>>>>>`, pages, page, streamed("", "")), ErrUnreadable},
		"fields nobody drew":     {foreignFile("", `<</Pages 2 0 R/AcroForm<</NeedAppearances true>>>>`, pages, `<</Annots[<</Subtype/Widget/F 4/V(x)/Rect[0 0 1 1]>>]>>`), ErrUnreadable},
		"a form that is made up": {foreignFile("", `<</Pages 2 0 R/NeedsRendering true/AcroForm<</XFA 4 0 R>>>>`, pages, page, streamed("", "")), ErrUnreadable},
		"content that is none":   {foreignFile("", catalog, pages, `<</Contents 1 0 R>>`), ErrUnreadable},
		"a page without an area": {foreignFile("", catalog, pages, `<</MediaBox[0 0 0 0]>>`), ErrUnreadable},
		"a filter in two pieces": {foreignFile("", catalog, pages, `<</Contents[4 0 R 4 0 R]>>`, streamed("/Filter/LZWDecode", "x")), ErrUnreadable},
	} {
		_, err := ReadPages(c.file)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A packed stream that grows without end is not followed.
func TestABombIsRefused(t *testing.T) {
	bomb, err := deflate(make([]byte, maxUnpacked+1))
	if err != nil {
		t.Fatal(err)
	}
	s := streamed("/Filter/FlateDecode", string(bomb))
	_, err = ReadPages(foreignFile("", `<</Pages 2 0 R>>`, `<</Kids[3 0 R]>>`, `<</Contents[4 0 R 4 0 R]>>`, s))
	if !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// A stream whose length is another stream, and so on, each inside many
// brackets: reading it may not go as deep as the file says, for a stack that
// runs over ends the whole process.
func TestStreamsInsideStreamsAreNotFollowed(t *testing.T) {
	const levels, brackets = 20_000, 55
	objects := []string{`<</Type/Catalog/Pages 2 0 R>>`, `<</Type/Pages/Kids[3 0 R]/Count 1>>`, `<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>`}
	for i := range levels {
		stream := fmt.Sprintf("<</Length %d 0 R>>stream\nendstream", len(objects)+2)
		if i > 0 {
			stream = strings.Repeat("[", brackets) + stream + strings.Repeat("]", brackets)
		}
		objects = append(objects, stream)
	}
	objects = append(objects, "<</Length 0>>stream\nendstream")
	defer debug.SetMaxStack(debug.SetMaxStack(32 << 20))
	_, err := ReadPages(foreignFile("", objects...))
	if err != nil {
		t.Logf("refused: %v", err)
	}
}

func samplePicture(w, h int) *stdimage.RGBA {
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	return m
}

func encoded(t testing.TB, media string, m stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch media {
	case "image/png":
		err = png.Encode(&b, m)
	case "image/jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "image/tiff":
		err = tiff.Encode(&b, m, &tiff.Options{Compression: tiff.Deflate})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImagesAreDrawn(t *testing.T) {
	clear := stdimage.NewNRGBA(stdimage.Rect(0, 0, 30, 20))
	for name, c := range map[string]struct {
		media string
		data  []byte
		space string
	}{
		"jpeg":      {"image/jpeg", encoded(t, "image/jpeg", samplePicture(40, 60)), "DeviceRGB"},
		"gray jpeg": {"image/jpeg", encoded(t, "image/jpeg", stdimage.NewGray(stdimage.Rect(0, 0, 30, 20))), "DeviceGray"},
		"png":       {"image/png", encoded(t, "image/png", samplePicture(40, 60)), "DeviceRGB"},
		"clear png": {"image/png", encoded(t, "image/png", clear), "DeviceRGB"},
		"gray png":  {"image/png", encoded(t, "image/png", stdimage.NewGray16(stdimage.Rect(0, 0, 30, 20))), "DeviceGray"},
		"tiff":      {"image/tiff", encoded(t, "image/tiff", samplePicture(40, 60)), "DeviceRGB"},
	} {
		pictures, err := ReadImage(c.media, c.data)
		if err != nil || len(pictures) != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data := drawAll(t, pictures)
		run(t, data, "qpdf", "--check", "FILE")
		checkStructure(t, data)
		if list := run(t, data, "pdfimages", "-list", "FILE"); strings.Count(list, "\n") != 3 {
			t.Errorf("%s: %s", name, list)
		}
		if !strings.Contains(pictures[0].bits.entries, c.space) {
			t.Errorf("%s: %s", name, pictures[0].bits.entries)
		}
	}
}

// What is behind glass is seen on white, not on black.
func TestClearBecomesWhite(t *testing.T) {
	p, err := ReadImage("image/png", encoded(t, "image/png", stdimage.NewNRGBA(stdimage.Rect(0, 0, 2, 2))))
	if err != nil {
		t.Fatal(err)
	}
	out, err := inflate(p[0].bits.data)
	if err != nil || !bytes.Equal(out, bytes.Repeat([]byte{255}, 12)) {
		t.Errorf("%v %v", out, err)
	}
}

// A camera's word on how it was held turns the picture, and does not travel.
func TestAPhotoIsTurnedAndItsPlaceForgotten(t *testing.T) {
	plain := encoded(t, "image/jpeg", samplePicture(40, 60))
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00GPS-41.40338")
	photo := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, byte(len(exif) + 2)}, exif...)
	photo = append(append(photo, plain[2:]...), "after the end"...)
	p, err := ReadImage("image/jpeg", photo)
	if err != nil {
		t.Fatal(err)
	}
	if p[0].width != 60 || p[0].height != 40 {
		t.Errorf("%v by %v", p[0].width, p[0].height)
	}
	if !bytes.Equal(p[0].bits.data, plain) {
		t.Error("more than the picture was kept")
	}
	x := times(p[0].upright, [6]float64{1, 0, 0, 1, 0, 0})
	// The picture's own top left corner (0, 1) comes to lie at the top right.
	if u, v := x[2]+x[4], x[3]+x[5]; u != 60 || v != 40 {
		t.Errorf("the top left corner is at %v, %v", u, v)
	}
}

func TestEveryPageOfATIFFIsDrawn(t *testing.T) {
	one, two := encoded(t, "image/tiff", samplePicture(40, 60)), encoded(t, "image/tiff", samplePicture(50, 20))
	file := joinTIFF(one, two)
	p, err := ReadImage("image/tiff", file)
	if err != nil || len(p) != 2 || p[0].width != 40 || p[1].width != 50 {
		t.Fatalf("%d pages, %v", len(p), err)
	}
	run(t, drawAll(t, p), "qpdf", "--check", "FILE")
}

// joinTIFF makes one file of two: the second is put behind the first with all
// of its places moved, and the first directory leads to it.
func joinTIFF(a, b []byte) []byte {
	le := func(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 | int(p[3])<<24 }
	put := func(p []byte, v int) { p[0], p[1], p[2], p[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24) }
	move := len(a)
	b = bytes.Clone(b)
	at := le(b[4:])
	count := int(b[at]) | int(b[at+1])<<8
	for i := range count {
		e := b[at+2+12*i:]
		tag, kind := int(e[0])|int(e[1])<<8, int(e[2])
		size := map[int]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind]
		if tag == 273 || size*le(e[4:]) > 4 {
			put(e[8:], le(e[8:])+move)
		}
	}
	out := append(bytes.Clone(a), b...)
	first := le(out[4:])
	n := int(out[first]) | int(out[first+1])<<8
	put(out[first+2+12*n:], at+move)
	return out
}

func TestImagesThatAreRefused(t *testing.T) {
	wide := encoded(t, "image/png", stdimage.NewGray(stdimage.Rect(0, 0, maxImageSide+1, 1)))
	for name, c := range map[string]struct {
		media string
		data  []byte
		want  error
	}{
		"no kind":    {"image/gif", []byte("GIF89a"), ErrUnreadable},
		"no png":     {"image/png", []byte("\x89PNG"), ErrUnreadable},
		"cut png":    {"image/png", encoded(t, "image/png", samplePicture(40, 60))[:90], ErrUnreadable},
		"cut jpeg":   {"image/jpeg", encoded(t, "image/jpeg", samplePicture(40, 60))[:700], ErrUnreadable},
		"too wide":   {"image/png", wide, ErrTooLarge},
		"empty tiff": {"image/tiff", []byte("II*\x00\x00\x00\x00\x00"), ErrUnreadable},
		"tiff ring":  {"image/tiff", ring(encoded(t, "image/tiff", samplePicture(4, 6))), ErrUnreadable},
	} {
		_, err := ReadImage(c.media, c.data)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ring(tiff []byte) []byte {
	first := int(tiff[4]) | int(tiff[5])<<8 | int(tiff[6])<<16
	n := int(tiff[first]) | int(tiff[first+1])<<8
	copy(tiff[first+2+12*n:], tiff[4:8])
	return tiff
}

func FuzzReadPages(f *testing.F) {
	f.Add(filled())
	f.Add(letter(f))
	f.Add(foreignFile("", `<</Pages 2 0 R>>`, `<</Kids[3 0 R]>>`, `<</Contents[4 0 R 4 0 R]/Rotate 270>>`, streamed("/Filter[/ASCIIHexDecode/ASCII85Decode]", "00>")))
	f.Fuzz(func(t *testing.T, data []byte) {
		pages, err := ReadPages(data)
		if err != nil {
			if !errors.Is(err, ErrUnreadable) && !errors.Is(err, ErrLocked) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		out := drawAll(t, pages)
		_, err = ReadPages(out)
		if err != nil && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("what was taken over is not read again: %v", err)
		}
	})
}

func FuzzReadImage(f *testing.F) {
	for i, media := range []string{"image/jpeg", "image/png", "image/tiff"} {
		f.Add(i, encoded(f, media, samplePicture(9, 7)))
	}
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		media := []string{"image/jpeg", "image/png", "image/tiff"}[(kind%3+3)%3]
		p, err := ReadImage(media, data)
		if err == nil {
			drawAll(t, p)
		}
	})
}
