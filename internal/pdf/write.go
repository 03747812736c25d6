package pdf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// producer names the writer in the metadata.
const producer = "HSConnect"

// errTooLarge is met far past anything a person would print.
var errTooLarge = errors.New("pdf: the document is larger than four gigabytes")

// sheet is a document on its way into a file.
type sheet struct {
	file    *file
	pageIDs []int
	takings map[*original]*taking
}

// WriteTo writes the document as it is so far and gives the number of bytes
// written. It may be called more than once, and content may be added between. A
// document without content has one page that is empty but for what runs on it.
func (w *Writer) WriteTo(to io.Writer) (int64, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.settle(0, 0)
	data, err := w.build()
	if err != nil {
		return 0, err
	}
	n, err := to.Write(data)
	if err != nil {
		return int64(n), fmt.Errorf("pdf: write: %w", err)
	}
	return int64(n), nil
}

func (w *Writer) build() ([]byte, error) {
	pages := w.pages
	if last := len(pages) - 1; last > 0 && len(pages[last].body) == 0 {
		pages = pages[:last] // a page break at the very end
	}
	s := &sheet{file: newFile(), takings: map[*original]*taking{}}
	f := s.file
	catalog, tree, fonts := f.reserve(), f.reserve(), f.reserve()
	for range pages {
		s.pageIDs = append(s.pageIDs, f.reserve())
	}
	for i, p := range pages {
		err := s.writePage(w, i, len(pages), p, tree, fonts)
		if err != nil {
			return nil, err
		}
	}
	var kids strings.Builder
	for _, id := range s.pageIDs {
		kids.WriteString(ref(id) + " ")
	}
	f.dict(tree, fmt.Appendf(nil, "<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids.String()))
	err := s.writeFonts(w.faces(), fonts)
	if err != nil {
		return nil, err
	}
	metadata := f.reserve()
	err = f.stream(metadata, "/Type/Metadata/Subtype/XML", w.metadata(), false)
	if err != nil {
		return nil, err
	}
	structure := s.writeTree(w.root, pages)
	body := fmt.Appendf(nil, "<</Type/Catalog/Pages %s/Metadata %s/StructTreeRoot %s/MarkInfo<</Marked true>>"+
		"/Lang(%s)/ViewerPreferences<</DisplayDocTitle true>>", ref(tree), ref(metadata), ref(structure), w.doc.Lang)
	if len(w.outline) > 0 {
		body = append(body, "/Outlines "+ref(s.writeOutline(w.outline, w.left))...)
	}
	f.dict(catalog, append(body, ">>"...))
	data, err := f.finish(catalog, f.add(w.info()))
	if err != nil {
		return nil, err
	}
	if uint64(len(data)) > 1<<32-1 {
		return nil, errTooLarge
	}
	return data, nil
}

func (s *sheet) writePage(w *Writer, i, count int, p *page, tree, fonts int) error {
	content := s.file.reserve()
	under, over := w.under(len(p.drawn) == 0), w.over(i+1, count)
	if len(p.drawn) > 0 {
		over = append(w.veil(), over...)
	}
	err := s.file.stream(content, "", slices.Concat(under, p.body, over), true)
	if err != nil {
		return err
	}
	drawn, err := s.writeDrawn(p)
	if err != nil {
		return err
	}
	body := fmt.Appendf(nil, "<</Type/Page/Parent %s/Contents %s/StructParents %d/Tabs/S/Resources<</Font %s%s>>/MediaBox[0 0 ",
		ref(tree), ref(content), i, ref(fonts), drawn)
	body = appendNumber(body, w.doc.Size.Width)
	body = append(body, ' ')
	body = appendNumber(body, w.doc.Size.Height)
	s.file.dict(s.pageIDs[i], append(body, "]>>"...))
	return nil
}

// writeOutline writes the bookmarks as a tree that follows the heading levels.
func (s *sheet) writeOutline(marks []bookmark, left float64) int {
	root := s.file.reserve()
	ids := make([]int, len(marks))
	for i := range marks {
		ids[i] = s.file.reserve()
	}
	first, last, _ := s.writeBranch(marks, ids, 0, len(marks), root, left)
	s.file.dict(root, fmt.Appendf(nil, "<</Type/Outlines/First %s/Last %s/Count %d>>", ref(first), ref(last), len(marks)))
	return root
}

// writeBranch writes the bookmarks from..to, which all lie under one parent. The
// first is of the highest level among them, since headings skip no level.
func (s *sheet) writeBranch(marks []bookmark, ids []int, from, to, parent int, left float64) (first, last, count int) {
	var starts []int
	for i := from; i < to; i++ {
		if marks[i].level == marks[from].level {
			starts = append(starts, i)
		}
	}
	for n, i := range starts {
		end := to
		if n+1 < len(starts) {
			end = starts[n+1]
		}
		m := marks[i]
		body := append([]byte("<</Parent "+ref(parent)+"/Title<FEFF"), appendUTF16(nil, m.text)...)
		body = append(body, ">/Dest["+ref(s.pageIDs[m.page])+"/XYZ "...)
		body = appendNumber(body, left)
		body = append(body, ' ')
		body = appendNumber(body, m.top)
		body = append(body, " null]"...)
		if n > 0 {
			body = append(body, "/Prev "+ref(ids[starts[n-1]])...)
		}
		if n+1 < len(starts) {
			body = append(body, "/Next "+ref(ids[end])...)
		}
		if i+1 < end {
			a, z, below := s.writeBranch(marks, ids, i+1, end, ids[i], left)
			body = fmt.Appendf(body, "/First %s/Last %s/Count %d", ref(a), ref(z), below)
		}
		s.file.dict(ids[i], append(body, ">>"...))
	}
	return ids[starts[0]], ids[starts[len(starts)-1]], to - from
}

func (w *Writer) info() []byte {
	text := func(key, value string) string {
		return "/" + key + "<FEFF" + string(appendUTF16(nil, value)) + ">"
	}
	body := "<<" + text("Title", w.doc.Title) + text("Producer", producer)
	if w.doc.Author != "" {
		body += text("Author", w.doc.Author)
	}
	if !w.doc.Created.IsZero() {
		body += w.doc.Created.UTC().Format("/CreationDate(D:20060102150405Z)")
	}
	return []byte(body + ">>")
}

// metadata gives the XMP packet: the same facts as info in the form that
// accessibility checkers read, and the claim to PDF/UA-1.
func (w *Writer) metadata() []byte {
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"" +
		" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"" +
		" xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\n")
	b.WriteString("<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">" + escaped(w.doc.Title) + "</rdf:li></rdf:Alt></dc:title>\n")
	b.WriteString("<dc:language><rdf:Bag><rdf:li>" + escaped(w.doc.Lang) + "</rdf:li></rdf:Bag></dc:language>\n")
	if w.doc.Author != "" {
		b.WriteString("<dc:creator><rdf:Seq><rdf:li>" + escaped(w.doc.Author) + "</rdf:li></rdf:Seq></dc:creator>\n")
	}
	if !w.doc.Created.IsZero() {
		b.WriteString(w.doc.Created.UTC().Format("<xmp:CreateDate>2006-01-02T15:04:05Z</xmp:CreateDate>\n"))
	}
	b.WriteString("<pdf:Producer>" + producer + "</pdf:Producer>\n")
	if !w.foreignPages() {
		b.WriteString("<pdfuaid:part>1</pdfuaid:part>\n")
	}
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>")
	return b.Bytes()
}

func escaped(s string) string {
	var b bytes.Buffer
	// A bytes.Buffer takes every write, so there is no error to tell.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
