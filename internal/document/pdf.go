package document

import (
	"bytes"
	"regexp"
	"strconv"
)

// pdfScan looks for a few names in a PDF as it goes by. It is no parser: what
// it cannot tell for certain it leaves unknown.
type pdfScan struct {
	carry   []byte // what may begin a name that the next piece goes on with
	begin   []byte // the first KB, where a file ordered for the web says so
	pages   int    // page objects in the plain
	streams bool   // objects are packed: some pages may not be in the plain
	locked  bool
	updates int // tables of objects: one, or one more for each later change
}

// Names are found where they begin; longestPDFName is looked at from there.
const (
	longestPDFName = 40
	maxPages       = 100_000
)

var pdfWeb = regexp.MustCompile(`/Linearized[\x00\t\n\f\r ][^>]{0,200}/N[\x00\t\n\f\r ]{1,8}([0-9]{1,6})`)

func (s *pdfScan) write(p []byte) {
	if room := pdfTail - len(s.begin); room > 0 {
		s.begin = append(s.begin, p[:min(room, len(p))]...)
	}
	buf := append(s.carry, p...)
	until := max(0, len(buf)-longestPDFName)
	s.find(buf, until)
	s.carry = append(s.carry[:0], buf[until:]...)
}

// find looks at every name that begins before until. A hostile file is made of
// nothing else, so it decides by one byte where it can.
func (s *pdfScan) find(buf []byte, until int) {
	for at := range until {
		if buf[at] != '/' && buf[at] != 's' || at+1 == len(buf) {
			continue
		}
		switch buf[at+1] {
		case 't', 'O', 'T', 'E':
			s.name(buf[at:min(at+longestPDFName, len(buf))])
		}
	}
}

func (s *pdfScan) name(b []byte) {
	switch {
	case bytes.HasPrefix(b, []byte("startxref")):
		s.updates++
	case bytes.HasPrefix(b, []byte("/ObjStm")):
		s.streams = true
	case bytes.HasPrefix(b, []byte("/Type")):
		rest, is := bytes.CutPrefix(skipSpace(b[len("/Type"):]), []byte("/Page"))
		if is && (len(rest) == 0 || !nameByte(rest[0])) {
			s.pages++
		}
	case bytes.HasPrefix(b, []byte("/Encrypt")):
		rest := skipSpace(b[len("/Encrypt"):])
		if bytes.HasPrefix(rest, []byte("<<")) || len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			s.locked = true
		}
	}
}

// skipSpace cuts off white space as PDF counts it, a little at most.
func skipSpace(b []byte) []byte {
	for i := range min(len(b), 9) {
		if !bytes.ContainsRune([]byte("\x00\t\n\f\r "), rune(b[i])) {
			return b[i:]
		}
	}
	return nil
}

func nameByte(c byte) bool { return asciiLetter(c) || c >= '0' && c <= '9' }

// result gives the number of pages, 0 if it is not known, and whether the file
// is encrypted.
func (s *pdfScan) result() (pages int, locked bool) {
	s.find(s.carry, len(s.carry))
	s.carry = nil
	if m := pdfWeb.FindSubmatch(s.begin); m != nil {
		n, err := strconv.Atoi(string(m[1]))
		if err == nil && n <= maxPages && s.updates <= 2 {
			return n, s.locked
		}
		return 0, s.locked
	}
	if s.streams || s.updates != 1 || s.pages > maxPages {
		return 0, s.locked
	}
	return s.pages, s.locked
}

// pdfEnd says what is wrong with the end of a PDF, or nothing.
func pdfEnd(tail []byte) string {
	if !bytes.Contains(last(tail, pdfTail), []byte("%%EOF")) || !bytes.Contains(last(tail, 2*pdfTail), []byte("startxref")) {
		return textBroke
	}
	return ""
}
