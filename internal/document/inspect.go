package document

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// fileType is a kind of file that is taken.
type fileType struct {
	name       string
	media      string
	extensions []string
	magic      []string // at offset 0
	head       int      // how much of its beginning is needed to judge it
}

func types() []fileType {
	return []fileType{
		{"PDF", "application/pdf", []string{".pdf"}, []string{"%PDF-1.", "%PDF-2."}, 64 << 10},
		{"PNG", "image/png", []string{".png"}, []string{"\x89PNG\r\n\x1a\n"}, 64 << 10},
		// Cameras put pictures within pictures before the size is said.
		{"JPEG", "image/jpeg", []string{".jpg", ".jpeg"}, []string{"\xff\xd8\xff"}, 4 << 20},
		// The directory of a TIFF stands anywhere, usually at the end.
		{"TIFF", "image/tiff", []string{".tif", ".tiff"}, []string{"II*\x00", "MM\x00*"}, MaxBytes},
	}
}

// Bounds of what is looked at, and of a picture.
const (
	magicBytes = 8
	tailBytes  = 64 << 10
	// pdfTail is where a PDF ends: readers look for the mark in its last KB.
	pdfTail   = 1 << 10
	maxSide   = 20_000
	maxPixels = 200_000_000
)

// The texts of refusals. They name no file: names hold patients.
const (
	textEmpty = "One of the files is empty. Check that it was saved, and choose it again"
	textOther = "One of the files is not a PDF, PNG, JPEG or TIFF. Save or scan it as one of these and send it again"
	textTwo   = "One of the files looks like two kinds of file at once. Save or scan it anew and send it again"
	textBroke = "One of the PDF files breaks off before its end, or other data follows it. Save it again and send the whole file"
	textCut   = "One of the pictures breaks off before its end, or other data follows it. Save or scan it again and send the whole file"
	textImage = "One of the pictures cannot be read. Save or scan it again and send it anew"
	textBig   = "One of the pictures is larger than 20,000 pixels on a side, or than 200 million in all. Scan it at a lower resolution"
)

// finding is what a file turned out to be.
type finding struct {
	fileType

	pages  int
	locked bool
}

// inspector sees the bytes of a file go by, and keeps no more of them than its
// judgement needs. A file that begins as none of the types is refused at once.
type inspector struct {
	kind fileType
	head []byte
	tail []byte // at least the last tailBytes
	pdf  pdfScan
}

// Write implements io.Writer.
func (i *inspector) Write(p []byte) (int, error) {
	n := len(p)
	if i.kind.media == "" {
		take := min(magicBytes-len(i.head), len(p))
		i.head = append(i.head, p[:take]...)
		i.tail = append(i.tail, p[:take]...)
		i.pdf.write(p[:take])
		p = p[take:]
		if len(i.head) < magicBytes {
			return n, nil
		}
		kind, ok := byMagic(i.head)
		if !ok {
			return 0, refuse(textOther)
		}
		i.kind = kind
	}
	if room := i.kind.head - len(i.head); room > 0 {
		i.head = append(i.head, p[:min(room, len(p))]...)
	}
	if i.kind.name == "PDF" {
		i.pdf.write(p)
	}
	i.tail = append(i.tail, p...)
	if len(i.tail) > 4*tailBytes { // seldom, so that small pieces do not copy it each time
		i.tail = append(i.tail[:0], i.tail[len(i.tail)-tailBytes:]...)
	}
	return n, nil
}

// judge says what a file is, or why it is not taken: by its first bytes, by a
// second opinion, by whether its name says the same, and by its end.
func (i *inspector) judge(name string) (finding, error) {
	if len(i.head) == 0 {
		return finding{}, refuse(textEmpty)
	}
	if i.kind.media == "" {
		return finding{}, refuse(textOther)
	}
	found := finding{fileType: i.kind}
	if second := mimetype.Detect(i.head[:min(len(i.head), 64<<10)]); !second.Is(found.media) {
		return finding{}, refuse(textTwo)
	}
	_, ext := splitName(cleanText(baseName(name), 4*longestName))
	if ext != "" && !slices.Contains(found.extensions, strings.ToLower(ext)) {
		return finding{}, refuse("The name of one of the files says another kind than its content, which is " + found.name + ". Rename it and send it again")
	}
	text := ""
	switch found.name {
	case "PDF":
		found.pages, found.locked = i.pdf.result()
		text = pdfEnd(i.tail)
	case "PNG":
		text = i.picture(png.DecodeConfig(bytes.NewReader(i.head)))
		if text == "" && !bytes.HasSuffix(bytes.TrimRight(i.tail, "\x00\r\n"), []byte("IEND\xaeB`\x82")) {
			text = textCut
		}
	case "JPEG":
		text = i.picture(jpeg.DecodeConfig(bytes.NewReader(i.head)))
		if text == "" && !bytes.Contains(last(i.tail, tailBytes), []byte("\xff\xd9")) {
			text = textCut
		}
	case "TIFF":
		found.pages, text = tiffPages(i.head)
	}
	if text != "" {
		return finding{}, refuse(text)
	}
	return found, nil
}

func (i *inspector) picture(c image.Config, err error) string {
	if err != nil {
		return textImage
	}
	return sizeText(int64(c.Width), int64(c.Height))
}

// sizeText refuses a picture without an area, or too large to be shown.
func sizeText(width, height int64) string {
	switch {
	case width <= 0 || height <= 0:
		return textImage
	case width > maxSide || height > maxSide || width*height > maxPixels:
		return textBig
	}
	return ""
}

func byMagic(head []byte) (fileType, bool) {
	for _, t := range types() {
		for _, m := range t.magic {
			if bytes.HasPrefix(head, []byte(m)) {
				return t, true
			}
		}
	}
	return fileType{}, false
}

func last(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
