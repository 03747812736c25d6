package document

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// pdfFile gives a small PDF. More goes before its table of objects.
func pdfFile(pages int, more string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
	fmt.Fprintf(&b, "2 0 obj\n<</Type/Pages/Count %d/Kids[]>>\nendobj\n", pages)
	for i := range pages {
		sep := []string{"", " ", "\n"}[i%3]
		fmt.Fprintf(&b, "%d 0 obj\n<</Type%s/Page/Parent 2 0 R>>\nendobj\n", i+3, sep)
	}
	b.WriteString(more)
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}

func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x * y), uint8(x), uint8(y), 255})
		}
	}
	return m
}

func pngFile(w, h int) []byte {
	var b bytes.Buffer
	err := png.Encode(&b, picture(w, h))
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegFile(w, h int) []byte {
	var b bytes.Buffer
	err := jpeg.Encode(&b, picture(w, h), nil)
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// hugePNG says that it is w by h, and holds nothing.
func hugePNG(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), 8, 0, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
	return append(b, "\x00\x00\x00\x00IEND\xaeB`\x82"...)
}

// tiffFile gives a TIFF whose directories stand after so many bytes of data.
func tiffFile(order binary.AppendByteOrder, frames int, width uint32, data int) []byte {
	b := []byte("II*\x00")
	if fmt.Sprint(order) == "BigEndian" {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, uint32(8+data))
	b = append(b, bytes.Repeat([]byte{0xaa}, data)...)
	for i := range frames {
		b = order.AppendUint16(b, 3)
		for _, e := range [][3]uint32{{tiffWidth, tiffLong, width}, {tiffHeight, tiffLong, 10}, {305, 2, 0}} {
			b = order.AppendUint16(b, uint16(e[0]))
			b = order.AppendUint16(b, uint16(e[1]))
			b = order.AppendUint32(b, 1)
			b = order.AppendUint32(b, e[2])
		}
		next := uint32(0)
		if i+1 < frames {
			next = uint32(len(b) + 4)
		}
		b = order.AppendUint32(b, next)
	}
	return b
}

// zipFile is an empty archive with a comment of n bytes.
func zipFile(n int) []byte {
	b := append([]byte("PK\x05\x06"), make([]byte, 16)...)
	return append(append(b, byte(n), byte(n>>8)), bytes.Repeat([]byte{'z'}, n)...)
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func text(s string) []byte { return []byte(s) }

// sample is one file and what becomes of it.
type sample struct {
	what    string
	name    string
	bytes   []byte
	refused string // part of the text; "" if it is taken
	found   string // name of the type
	pages   int
	locked  bool
}

func samples() []sample {
	le, be := binary.LittleEndian, binary.BigEndian
	pdf, pngs, jpg := pdfFile(3, ""), pngFile(40, 30), jpegFile(40, 30)
	loop := tiffFile(le, 1, 10, 0)
	le.PutUint32(loop[len(loop)-4:], 8)
	return []sample{
		{what: "PDF", name: "Referral.PDF", bytes: pdf, found: "PDF", pages: 3},
		{what: "PDF without an extension", name: "scan of Dr. Adebayo", bytes: pdf, found: "PDF", pages: 3},
		{what: "PDF without a name", name: "", bytes: pdf, found: "PDF", pages: 3},
		{what: "PDF with a version in its name", name: "letter v1.2", bytes: pdf, found: "PDF", pages: 3},
		{what: "PDF with packed objects", name: "a.pdf", bytes: pdfFile(2, "9 0 obj\n<</Type/ObjStm/N 5>>\nendobj\n"), found: "PDF"},
		{what: "PDF changed later", name: "a.pdf", bytes: cat(pdf, pdfFile(1, "")[9:]), found: "PDF"},
		{what: "PDF ordered for the web", name: "a.pdf", bytes: bytes.Replace(pdf, text("1 0 obj\n"), text("9 0 obj\n<</Linearized 1/L 900/H[ 1 2]/O 4/E 5/N 17/T 7>>\nendobj\n1 0 obj\n"), 1), found: "PDF", pages: 17},
		{what: "PDF with labels of pages", name: "a.pdf", bytes: pdfFile(1, "<</Type/PageLabel/Type/Pages/PageLabels>>"), found: "PDF", pages: 1},
		{what: "encrypted PDF", name: "a.pdf", bytes: pdfFile(1, "trailer<</Encrypt 7 0 R>>"), found: "PDF", pages: 1, locked: true},
		{what: "PDF that speaks of encryption", name: "a.pdf", bytes: pdfFile(1, "(/EncryptMetadata is off)"), found: "PDF", pages: 1},
		{what: "PDF with line ends after it", name: "a.pdf", bytes: cat(pdf, text("\r\n\n")), found: "PDF", pages: 3},
		{what: "PDF that holds a script", name: "a.pdf", bytes: pdfFile(1, "<script>alert(1)</script>"), found: "PDF", pages: 1},
		{what: "PNG", name: "mri.png", bytes: pngs, found: "PNG"},
		{what: "JPEG", name: "photo.JPEG", bytes: jpg, found: "JPEG"},
		{what: "JPEG with zeros after it", name: "photo.jpg", bytes: cat(jpg, make([]byte, 4000)), found: "JPEG"},
		{what: "TIFF of Intel's order", name: "fax.tif", bytes: tiffFile(le, 3, 1728, 100), found: "TIFF", pages: 3},
		{what: "TIFF of Motorola's order", name: "fax.tiff", bytes: tiffFile(be, 1, 1728, 0), found: "TIFF", pages: 1},
		{what: "TIFF with its directory at the end", name: "fax.tif", bytes: tiffFile(le, 2, 1728, 3<<20), found: "TIFF", pages: 2},

		{what: "empty", name: "a.pdf", refused: "is empty"},
		{what: "a few bytes", name: "a.pdf", bytes: text("%PDF"), refused: "not a PDF"},
		{what: "text", name: "a.pdf", bytes: text("Dear Doctor, here is the note."), refused: "not a PDF"},
		{what: "HTML as PDF", name: "a.pdf", bytes: text("<!doctype html><script>alert(1)</script>"), refused: "not a PDF"},
		{what: "program as PDF", name: "a.pdf", bytes: cat(text("MZ\x90\x00"), make([]byte, 500)), refused: "not a PDF"},
		{what: "word processor", name: "a.docx", bytes: zipFile(10), refused: "not a PDF"},
		{what: "GIF", name: "a.gif", bytes: text("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), refused: "not a PDF"},
		{what: "SVG", name: "a.svg", bytes: text(`<svg xmlns="http://www.w3.org/2000/svg"/>`), refused: "not a PDF"},
		{what: "junk before a PDF", name: "a.pdf", bytes: cat(text("\n"), pdf), refused: "not a PDF"},
		{what: "HTML before a PDF", name: "a.pdf", bytes: cat(text("<script>alert(1)</script>"), pdf), refused: "not a PDF"},
		{what: "archive before a PDF", name: "a.pdf", bytes: cat(zipFile(10), pdf), refused: "not a PDF"},
		{what: "mark of order before a PDF", name: "a.pdf", bytes: cat(text("\xef\xbb\xbf"), pdf), refused: "not a PDF"},
		{what: "archive after a PDF", name: "a.pdf", bytes: cat(pdf, zipFile(3000)), refused: "other data follows"},
		{what: "PDF cut in the middle", name: "a.pdf", bytes: pdf[:len(pdf)/2], refused: "breaks off"},
		{what: "PDF without its last line", name: "a.pdf", bytes: pdf[:len(pdf)-6], refused: "breaks off"},
		{what: "PDF that is only its mark", name: "a.pdf", bytes: text("%PDF-1.7\n%%EOF\n"), refused: "breaks off"},
		{what: "archive after a PNG", name: "a.png", bytes: cat(pngs, zipFile(10)), refused: "other data follows"},
		{what: "PNG that moves", name: "a.png", bytes: cat(pngs[:33], text("\x00\x00\x00\x08acTL\x00\x00\x00\x02\x00\x00\x00\x00\xf3\x8d\x93\x70"), pngs[33:]), refused: "two kinds"},
		{what: "PNG cut", name: "a.png", bytes: pngs[:len(pngs)-5], refused: "breaks off"},
		{what: "PNG that is only its mark", name: "a.png", bytes: pngs[:16], refused: "cannot be read"},
		{what: "PNG too wide", name: "a.png", bytes: hugePNG(20_001, 1), refused: "larger than 20,000"},
		{what: "PNG with too much area", name: "a.png", bytes: hugePNG(20_000, 20_000), refused: "200 million"},
		{what: "PNG of no size", name: "a.png", bytes: hugePNG(0, 0), refused: "cannot be read"},
		{what: "JPEG cut", name: "a.jpg", bytes: jpg[:len(jpg)-2], refused: "breaks off"},
		{what: "JPEG that is only its mark", name: "a.jpg", bytes: jpg[:20], refused: "cannot be read"},
		{what: "archive after a JPEG", name: "a.jpg", bytes: cat(jpg, make([]byte, tailBytes), zipFile(10)), refused: "other data follows"},
		{what: "TIFF that turns in a circle", name: "a.tif", bytes: loop, refused: "cannot be read"},
		{what: "TIFF without a directory", name: "a.tif", bytes: text("II*\x00\x00\x00\x00\x00"), refused: "cannot be read"},
		{what: "TIFF that points outside", name: "a.tif", bytes: text("II*\x00\xff\xff\xff\xff"), refused: "cannot be read"},
		{what: "TIFF that points into its head", name: "a.tif", bytes: text("II*\x00\x02\x00\x00\x00\x00\x00"), refused: "cannot be read"},
		{what: "TIFF too wide", name: "a.tif", bytes: tiffFile(le, 1, 30_000, 0), refused: "larger than 20,000"},
		{what: "TIFF with too many pictures", name: "a.tif", bytes: tiffFile(le, maxFrames+1, 10, 0), refused: "cannot be read"},
		{what: "PDF named as a program", name: "a.pdf.exe", bytes: pdf, refused: "says another kind"},
		{what: "PDF named as a page", name: "a.html", bytes: pdf, refused: "says another kind"},
		{what: "PDF named as a picture", name: "a.png", bytes: pdf, refused: "says another kind"},
		{what: "PDF with a hidden ending", name: "a.pdf.exe\u202e", bytes: pdf, refused: "says another kind"},
		{what: "picture named as a PDF", name: "a.pdf", bytes: pngs, refused: "says another kind"},
	}
}

// inspect judges a file that arrives in pieces of n bytes.
func inspect(name string, file []byte, n int) (finding, error) {
	look := &inspector{}
	for len(file) > 0 {
		k := min(n, len(file))
		_, err := look.Write(file[:k])
		if err != nil {
			return finding{}, err
		}
		file = file[k:]
	}
	return look.judge(name)
}
