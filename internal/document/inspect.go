package document

import (
	"bytes"
	"image"
	_ "image/jpeg" // formats of image.DecodeConfig
	_ "image/png"
	"path"
	"strings"
	"unicode"

	"github.com/gabriel-vasile/mimetype"
	_ "golang.org/x/image/tiff"
	"golang.org/x/text/unicode/norm"
)

// kind of file that is taken.
type fileType struct {
	name       string
	media      string
	extensions []string
	magic      []string // at offset 0
}

func types() []fileType {
	return []fileType{
		{"PDF", "application/pdf", []string{".pdf"}, []string{"%PDF-"}},
		{"PNG", "image/png", []string{".png"}, []string{"\x89PNG\r\n\x1a\n"}},
		{"JPEG", "image/jpeg", []string{".jpg", ".jpeg"}, []string{"\xff\xd8\xff"}},
		{"TIFF", "image/tiff", []string{".tif", ".tiff"}, []string{"II*\x00", "MM\x00*"}},
	}
}

// Bounds of what is looked at, and of a picture.
const (
	headBytes = 512 << 10
	tailBytes = 4 << 10
	maxSide   = 20_000
	maxPixels = 200_000_000
)

// inspector sees the bytes of a file go by: it keeps the beginning and the
// end, and counts what look like pages.
type inspector struct {
	head []byte
	tail []byte
	page int
}

// pageMark begins a page object in a PDF that keeps its objects plain. Those
// packed into object streams are not counted; then the number is unknown.
const pageMark = "/Type/Page"

// Write implements io.Writer.
func (i *inspector) Write(p []byte) (int, error) {
	if room := headBytes - len(i.head); room > 0 {
		i.head = append(i.head, p[:min(room, len(p))]...)
	}
	overlap := append(bytes.Clone(i.tail[max(0, len(i.tail)-32):]), p...)
	i.page += countPages(overlap) - countPages(i.tail[max(0, len(i.tail)-32):])
	i.tail = append(i.tail, p...)
	if over := len(i.tail) - tailBytes; over > 0 {
		i.tail = append(i.tail[:0], i.tail[over:]...)
	}
	return len(p), nil
}

// countPages counts page objects, and not the tree of pages.
func countPages(b []byte) int {
	b = bytes.ReplaceAll(b, []byte("/Type /Page"), []byte(pageMark))
	return bytes.Count(b, []byte(pageMark)) - bytes.Count(b, []byte(pageMark+"s"))
}

func (i *inspector) pages(t fileType) int {
	if t.name != "PDF" {
		return 0
	}
	return max(i.page, 0)
}

// judge says what a file is, or why it is not taken: by its first bytes, by a
// second opinion, by its end, and by whether its name says the same.
func (i *inspector) judge(name string, size int64) (fileType, error) {
	if size == 0 {
		return fileType{}, refuse("One of the files is empty. Check that it was saved, and choose it again")
	}
	t, ok := byMagic(i.head)
	if !ok {
		return fileType{}, refuse("One of the files is not a PDF, PNG, JPEG or TIFF. Save or scan it as one of these and send it again")
	}
	if second := mimetype.Detect(i.head); !second.Is(t.media) {
		return fileType{}, refuse("One of the files looks like two kinds of file at once. Save or scan it anew and send it again")
	}
	if ext := strings.ToLower(path.Ext(baseName(name))); ext != "" && !has(t.extensions, ext) {
		return fileType{}, refuse("The name of one of the files says another kind than its content, which is " + t.name + ". Rename it and send it again")
	}
	if t.name == "PDF" {
		if !bytes.Contains(i.tail, []byte("%%EOF")) || !bytes.Contains(i.tail, []byte("startxref")) {
			return fileType{}, refuse("One of the PDF files breaks off before its end. Save it again and send the whole file")
		}
		return t, nil
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(i.head))
	switch {
	case err != nil:
		return fileType{}, refuse("One of the pictures cannot be read. Save or scan it again and send it anew")
	case c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels:
		return fileType{}, refuse("One of the pictures is larger than 20,000 pixels on a side. Scan it at a lower resolution")
	}
	return t, nil
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

func has(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// baseName cuts every path off, of either system.
func baseName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return name
}

// longestName is how many characters of a name are kept.
const longestName = 120

// CleanName gives a name that can be shown, stored and saved anywhere: no
// path, no control or direction characters, nothing that a header or a shell
// would read, composed, not too long, with the extension of its type.
func CleanName(name, media string) string {
	ext := ".bin"
	for _, t := range types() {
		if t.media == media {
			ext = t.extensions[0]
			if typed := strings.ToLower(path.Ext(baseName(name))); has(t.extensions, typed) {
				ext = typed
			}
		}
	}
	base := cleanText(baseName(name), 4*longestName)
	base = strings.TrimSuffix(base, path.Ext(base))
	base = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*;%$&'`+"`", r) {
			return '_'
		}
		return r
	}, base)
	base = strings.Trim(base, " .-")
	if r := []rune(base); len(r) > longestName-len(ext) {
		base = strings.TrimSpace(string(r[:longestName-len(ext)]))
	}
	if base == "" || reserved(base) {
		base = "document"
	}
	return base + ext
}

// reserved are names that one system keeps for its devices.
func reserved(base string) bool {
	switch b := strings.ToUpper(base); {
	case b == "CON", b == "PRN", b == "AUX", b == "NUL":
		return true
	case len(b) == 4 && (strings.HasPrefix(b, "COM") || strings.HasPrefix(b, "LPT")):
		return b[3] >= '0' && b[3] <= '9'
	}
	return false
}

// cleanText takes out what cannot be seen, and bounds the length.
func cleanText(text string, most int) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, ""))
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most])
	}
	return text
}
