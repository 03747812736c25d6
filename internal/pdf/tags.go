package pdf

import "strconv"

// element is a node of the structure tree. A leaf owns marked content, which may
// lie on several pages; the document root owns the rest.
type element struct {
	role string
	attr string // attribute dictionary, or empty
	alt  string // what a figure shows, in words
	up   *element
	kids []child
	id   int // object number while a file is written
}

// child is an element, or a piece of marked content on a page.
type child struct {
	element *element
	page    int
	mark    int
}

func (e *element) add(role, attr string) *element {
	kid := &element{role: role, attr: attr, up: e}
	e.kids = append(e.kids, child{element: kid})
	return kid
}

// Attributes of elements, by the owner that defines them.
const (
	scopeColumn = "<</O/Table/Scope/Column>>"
	scopeRow    = "<</O/Table/Scope/Row>>"
	bulleted    = "<</O/List/ListNumbering/Disc>>"
)

// page is the content of one page in the making.
type page struct {
	body  []byte
	marks []*element // by number of the marked content
	drawn []drawn
}

// tagged opens marked content that belongs to an element; every text of the
// document is inside such a pair.
func (w *Writer) tagged(e *element) {
	n := len(w.pages) - 1
	p := w.pages[n]
	mark := len(p.marks)
	p.marks = append(p.marks, e)
	e.kids = append(e.kids, child{page: n, mark: mark})
	p.body = append(p.body, '/')
	p.body = append(p.body, e.role...)
	p.body = append(p.body, " <</MCID "...)
	p.body = strconv.AppendInt(p.body, int64(mark), 10)
	p.body = append(p.body, ">> BDC\n"...)
}

func (w *Writer) untagged() {
	p := w.page()
	p.body = append(p.body, "EMC\n"...)
}

// writeTree writes the structure tree and the table that leads from marked
// content back to it, and gives the number of its root.
func (s *sheet) writeTree(root *element, pages []*page) int {
	tree := s.file.reserve()
	s.number(root)
	s.writeElement(root, tree)

	body := []byte("<</Type/StructTreeRoot/K[" + ref(root.id) + "]/ParentTree ")
	parents := []byte("<</Nums[")
	for i, p := range pages {
		list := []byte{'['}
		for _, e := range p.marks {
			list = append(list, ref(e.id)...)
			list = append(list, ' ')
		}
		parents = append(parents, strconv.Itoa(i)+" "+ref(s.file.add(append(list, ']')))+" "...)
	}
	body = append(body, ref(s.file.add(append(parents, "]>>"...)))...)
	body = append(body, "/ParentTreeNextKey "+strconv.Itoa(len(pages))+">>"...)
	s.file.dict(tree, body)
	return tree
}

func (s *sheet) number(e *element) {
	e.id = s.file.reserve()
	for _, k := range e.kids {
		if k.element != nil {
			s.number(k.element)
		}
	}
}

func (s *sheet) writeElement(e *element, parent int) {
	body := []byte("<</Type/StructElem/S/" + e.role + "/P " + ref(parent))
	if e.attr != "" {
		body = append(body, "/A"+e.attr...)
	}
	if e.alt != "" {
		body = append(appendUTF16(append(body, "/Alt<FEFF"...), e.alt), '>')
	}
	home := -1
	for _, k := range e.kids {
		if k.element == nil {
			home = k.page
			body = append(body, "/Pg "+ref(s.pageIDs[home])...)
			break
		}
	}
	body = append(body, "/K["...)
	for _, k := range e.kids {
		switch {
		case k.element != nil:
			body = append(body, ref(k.element.id)...)
		case k.page == home:
			body = strconv.AppendInt(body, int64(k.mark), 10)
		default:
			body = append(body, "<</Type/MCR/Pg "+ref(s.pageIDs[k.page])+"/MCID "+strconv.Itoa(k.mark)+">>"...)
		}
		body = append(body, ' ')
	}
	s.file.dict(e.id, append(body, "]>>"...))
	for _, k := range e.kids {
		if k.element != nil {
			s.writeElement(k.element, e.id)
		}
	}
}
