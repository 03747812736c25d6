package pdf

import (
	"bytes"
	"maps"
	"math"
	"slices"
)

// Bounds of what is taken over from another file.
const (
	maxPages     = 1000
	maxPageSide  = 14400
	treeDepth    = 50
	annotsOfPage = 2000
)

// foreign is a page of another file: what it draws and what it draws with.
type foreign struct {
	from    *original
	box     [4]float64
	content packed // the stream, as it stands or put together
	res     dict
	group   dict // how the page blends; nil where it does not say
	over    []annotation
}

// annotation is the look of a note or a form field, and where it goes.
type annotation struct {
	look link
	put  [6]float64
}

// ReadPages reads a PDF that somebody else made and gives its pages, as they
// print: filled fields and notes with them, and nothing that a click would
// start. It answers ErrLocked for an encrypted file, ErrTooLarge for one over
// its bounds, and ErrUnreadable for one that is broken, that has layers
// switched off, or whose fields only a form filler can show.
//
// Pages keep a hold on data, which must not change.
func ReadPages(data []byte) ([]*Picture, error) {
	o, err := openOriginal(data)
	if err != nil {
		return nil, err
	}
	root := o.dictOf(o.trailer["Root"])
	if o.hidesLayers(root) || o.dictOf(root["AcroForm"])["XFA"] != nil && o.at(root["NeedsRendering"]) == true {
		return nil, ErrUnreadable
	}
	t := tree{o: o, unfilled: o.at(o.dictOf(root["AcroForm"])["NeedAppearances"]) == true}
	err = t.walk(root["Pages"], dict{}, 0)
	if err != nil {
		return nil, err
	}
	if len(t.pages) == 0 {
		return nil, ErrUnreadable
	}
	for _, p := range t.pages {
		err = o.reach(p.page)
		if err != nil {
			return nil, err
		}
	}
	if o.spent > maxSpent {
		return nil, ErrTooLarge
	}
	return t.pages, nil
}

// hidesLayers reports whether some layer is not shown as the file opens: it
// would show once the layers are gone.
func (o *original) hidesLayers(root dict) bool {
	d := o.dictOf(o.dictOf(root["OCProperties"])["D"])
	off, _ := o.at(d["OFF"]).(list)
	base, _ := o.at(d["BaseState"]).(name)
	return len(off) > 0 || base == "OFF" || base == "Unchanged"
}

// tree walks the pages of a file in order.
type tree struct {
	o        *original
	unfilled bool // fields have a value that nothing draws
	pages    []*Picture
}

func (t *tree) walk(v any, above dict, depth int) error {
	if l, ok := v.(link); ok {
		if t.o.nodes[l.id] {
			return ErrUnreadable
		}
		t.o.nodes[l.id] = true
	}
	node, ok := t.o.at(v).(dict)
	if !ok || depth > treeDepth {
		return ErrUnreadable
	}
	node = maps.Clone(node)
	for _, k := range []name{"Resources", "MediaBox", "CropBox", "Rotate"} {
		if node[k] == nil && above[k] != nil {
			node[k] = above[k]
		}
	}
	kids, has := t.o.at(node["Kids"]).(list)
	if !has {
		return t.page(node)
	}
	for _, k := range kids {
		err := t.walk(k, node, depth+1)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) page(node dict) error {
	if len(t.pages) >= maxPages {
		return ErrTooLarge
	}
	o := t.o
	b, ok := o.box(node["MediaBox"])
	if !ok {
		b = [4]float64{0, 0, Letter().Width, Letter().Height}
	}
	if c, ok := o.box(node["CropBox"]); ok {
		cut := [4]float64{max(b[0], c[0]), max(b[1], c[1]), min(b[2], c[2]), min(b[3], c[3])}
		if cut[2]-cut[0] >= 1 && cut[3]-cut[1] >= 1 {
			b = cut
		}
	}
	if b[2]-b[0] < 1 || b[3]-b[1] < 1 || b[2]-b[0] > maxPageSide || b[3]-b[1] > maxPageSide {
		return ErrUnreadable
	}
	content, err := o.content(node["Contents"])
	if err != nil {
		return err
	}
	f := &foreign{from: o, box: b, content: content, res: o.resources(node["Resources"]), group: o.dictOf(node["Group"])}
	err = t.annotations(f, node["Annots"])
	if err != nil {
		return err
	}
	p := &Picture{page: f}
	p.upright, p.width, p.height = turned(b, (o.whole(node["Rotate"], 0)/90)&3, false)
	t.pages = append(t.pages, p)
	return nil
}

// content gives what a page draws as one stream. One piece stays as it is
// packed; several are put together.
func (o *original) content(v any) (packed, error) {
	parts := asList(o.at(v))
	if len(parts) == 1 {
		s, ok := o.at(parts[0]).(packed)
		if !ok {
			return packed{}, ErrUnreadable
		}
		return s, nil
	}
	var all bytes.Buffer
	for _, part := range parts {
		s, ok := o.at(part).(packed)
		if !ok {
			return packed{}, ErrUnreadable
		}
		data, err := o.unpack(s)
		if err != nil {
			return packed{}, err
		}
		all.Write(data)
		all.WriteByte('\n')
	}
	data, err := deflate(all.Bytes())
	if err != nil {
		return packed{}, err
	}
	return packed{dict{"Filter": name("FlateDecode")}, data}, nil
}

// resources keeps what drawing needs: names of layers and of tags stay behind.
func (o *original) resources(v any) dict {
	from, out := o.dictOf(v), dict{}
	for _, k := range []name{"ExtGState", "ColorSpace", "Pattern", "Shading", "XObject", "Font", "ProcSet"} {
		if from[k] != nil {
			out[k] = from[k]
		}
	}
	return out
}

// Flags of an annotation (ISO 32000-1, 12.5.3).
const (
	flagHidden = 1 << 1
	flagPrint  = 1 << 2
)

// annotations finds the notes and fields of a page that print.
func (t *tree) annotations(f *foreign, v any) error {
	o := t.o
	all, _ := o.at(v).(list)
	if len(all) > annotsOfPage {
		return ErrTooLarge
	}
	for _, e := range all {
		a := o.dictOf(e)
		flags := o.whole(a["F"], 0)
		kind, _ := o.at(a["Subtype"]).(name)
		if flags&flagHidden != 0 || flags&flagPrint == 0 || kind == "Popup" || kind == "Link" {
			continue
		}
		look := o.dictOf(a["AP"])["N"]
		if states, ok := o.at(look).(dict); ok {
			state, _ := o.at(a["AS"]).(name)
			look = states[state]
		}
		s, ok := o.at(look).(packed)
		if !ok {
			if t.unfilled && kind == "Widget" && (a["V"] != nil || o.dictOf(a["Parent"])["V"] != nil) {
				return ErrUnreadable
			}
			continue
		}
		l, direct := look.(link)
		rect, okRect := o.box(a["Rect"])
		box, okBox := o.box(s.dict["BBox"])
		s.dict["Subtype"] = name("Form")
		if !direct || !okRect || !okBox {
			continue
		}
		put, ok := placed(o.matrix(s.dict["Matrix"]), box, rect)
		if ok {
			f.over = append(f.over, annotation{l, put})
		}
	}
	return nil
}

// placed gives the matrix that brings a look into its rectangle (12.5.5).
func placed(m [6]float64, box, rect [4]float64) (put [6]float64, ok bool) {
	b := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, x := range []float64{box[0], box[2]} {
		for _, y := range []float64{box[1], box[3]} {
			u, v := m[0]*x+m[2]*y+m[4], m[1]*x+m[3]*y+m[5]
			b = [4]float64{min(b[0], u), min(b[1], v), max(b[2], u), max(b[3], v)}
		}
	}
	if !(b[2]-b[0] > 0 && b[3]-b[1] > 0) {
		return put, false
	}
	sx, sy := (rect[2]-rect[0])/(b[2]-b[0]), (rect[3]-rect[1])/(b[3]-b[1])
	put = [6]float64{sx, 0, 0, sy, rect[0] - b[0]*sx, rect[1] - b[1]*sy}
	for _, v := range put {
		if math.IsNaN(v) || math.Abs(v) > 1e7 {
			return put, false
		}
	}
	return put, true
}

func (o *original) matrix(v any) [6]float64 {
	m := [6]float64{1, 0, 0, 1, 0, 0}
	l, _ := o.at(v).(list)
	if len(l) != len(m) {
		return m
	}
	out := m
	for i := range out {
		f, ok := o.real(l[i])
		if !ok {
			return m
		}
		out[i] = f
	}
	return out
}

// carried says which entries of a stream are taken over: those that draw. What
// ties it to its old file, or leads out of it, stays behind.
func carried(d dict) (dict, bool) {
	if d["F"] != nil || d["Subtype"] == name("PS") || d["Subtype2"] == name("PS") || encrypting(d["Filter"]) {
		return nil, false
	}
	out := maps.Clone(d)
	for _, k := range []name{
		"Length", "Parent", "StructParent", "StructParents", "Metadata", "PieceInfo", "OC", "AF", "OPI", "Ref", "Alternates", "Measure",
		"PtData", "LastModified", "FFilter", "FDecodeParms", "DL", "ID",
	} {
		delete(out, k)
	}
	return out, true
}

func encrypting(filter any) bool {
	return slices.Contains(asList(filter), any(name("Crypt")))
}

// draws reports whether an object is of a kind that drawing needs. A font may
// point at its page, at a script or at anything else; none of these follow.
func (o *original) draws(l link) bool {
	if o.nodes[l.id] {
		return false
	}
	v := o.at(l)
	d, is := v.(dict)
	if s, ok := v.(packed); ok {
		d, is = s.dict, true
	}
	if !is {
		return v != nil
	}
	switch kind, _ := o.at(d["Type"]).(name); kind {
	case "", "Font", "FontDescriptor", "XObject", "ExtGState", "Pattern", "Encoding", "CMap", "Halftone", "Mask", "Group":
		return d["JS"] == nil && d["URI"] == nil && d["Subtype"] != name("JavaScript")
	}
	return false
}

// needs gives every reference in an object.
func needs(v any, each func(link)) {
	switch v := v.(type) {
	case link:
		each(v)
	case list:
		for _, e := range v {
			needs(e, each)
		}
	case dict:
		for _, e := range v {
			needs(e, each)
		}
	case packed:
		d, ok := carried(v.dict)
		if ok {
			needs(d, each)
		}
	}
}

// reach reads everything that a page draws with, so that nothing is found to
// be broken or endless once it is being written.
func (o *original) reach(f *foreign) error {
	var waiting []link
	push := func(l link) {
		if !o.reached[l.id] && o.draws(l) {
			o.reached[l.id] = true
			waiting = append(waiting, l)
		}
	}
	needs(f.res, push)
	needs(f.group, push)
	needs(f.content, push)
	for _, a := range f.over {
		push(a.look)
	}
	for len(waiting) > 0 {
		l := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		v := o.get(l.id)
		if len(o.reached) > maxObjects || o.spent > maxSpent {
			return ErrTooLarge
		}
		needs(v, push)
	}
	return nil
}

// writePageOf writes a page of another file as one object to draw.
func (s *sheet) writePageOf(f *foreign, id int) error {
	t := s.taking(f.from)
	page := id
	if len(f.over) > 0 {
		page = s.file.reserve()
	}
	d, _ := carried(f.content.dict)
	form := dict{"Type": name("XObject"), "Subtype": name("Form"), "Resources": f.res}
	for _, k := range []name{"Filter", "DecodeParms"} {
		if d[k] != nil {
			form[k] = d[k]
		}
	}
	if len(f.group) > 0 {
		form["Group"] = f.group
	}
	box := string(appendNumbers([]byte("/BBox["), f.box[:]...)) + "]"
	err := s.file.stream(page, box+string(appendEntries(nil, form, t.to)), f.content.raw, false)
	if err != nil {
		return err
	}
	if len(f.over) > 0 {
		err = s.writeOver(f, id, page, box, t)
		if err != nil {
			return err
		}
	}
	return t.finish()
}

// writeOver writes a page with its notes and fields on top.
func (s *sheet) writeOver(f *foreign, id, page int, box string, t *taking) error {
	body := []byte("/P Do\n")
	names := "/P " + ref(page)
	for i, a := range f.over {
		key := "A" + string(appendNumber(nil, float64(i)))
		names += "/" + key + " " + string(appendObject(nil, a.look, t.to))
		body = append(appendMatrix(append(body, "q "...), a.put), " cm /"+key+" Do Q\n"...)
	}
	return s.file.stream(id, "/Type/XObject/Subtype/Form"+box+"/Resources<</XObject<<"+names+">>>>", body, true)
}

// taking is what a document being written takes over from one file: each
// object once, however many pages use it.
type taking struct {
	s       *sheet
	from    *original
	ids     map[int]int
	waiting []int
}

func (s *sheet) taking(o *original) *taking {
	t, ok := s.takings[o]
	if !ok {
		t = &taking{s: s, from: o, ids: map[int]int{}}
		s.takings[o] = t
	}
	return t
}

// to gives the number that an object has in the new file; 0 where it is none.
func (t *taking) to(l link) int {
	id, ok := t.ids[l.id]
	if ok {
		return id
	}
	if t.from.draws(l) {
		id = t.s.file.reserve()
		t.waiting = append(t.waiting, l.id)
	}
	t.ids[l.id] = id
	return id
}

// finish writes what was asked for, and what that asks for in turn.
func (t *taking) finish() error {
	for len(t.waiting) > 0 {
		old := t.waiting[0]
		t.waiting = t.waiting[1:]
		id := t.ids[old]
		v := t.from.at(link{id: old})
		stream, ok := v.(packed)
		if !ok {
			t.s.file.dict(id, appendObject(nil, v, t.to))
			continue
		}
		d, ok := carried(stream.dict)
		if !ok {
			t.s.file.dict(id, []byte("null"))
			continue
		}
		err := t.s.file.stream(id, string(appendEntries(nil, d, t.to)), stream.raw, false)
		if err != nil {
			return err
		}
	}
	return nil
}
