package pdf

import (
	"bytes"
	"errors"
	"strconv"
)

// Why a foreign file cannot be taken over.
var (
	ErrUnreadable = errors.New("pdf: the file is broken, or made in a way that is not read")
	ErrLocked     = errors.New("pdf: the file is encrypted")
	ErrTooLarge   = errors.New("pdf: the file is larger than is taken over")
)

// original is a PDF file that somebody else made. It is read by its own tables
// alone: what they do not lead to is not there, and a file whose tables are
// broken is refused rather than guessed at.
type original struct {
	data     []byte
	where    map[int]entry
	known    map[int]any
	reading  map[int]bool
	nodes    map[int]bool  // of the page tree
	reached  map[int]bool  // what pages that are taken over draw with
	packs    map[int]*pack // object streams that were opened
	trailer  dict
	unpacked int
	spent    int // bytes that were parsed, some of them often in a hostile file
}

// pack is an object stream, unpacked: which objects it has, and where.
type pack struct {
	data   []byte
	id, at []int
}

// maxSpent bounds the work on one file.
const maxSpent = 400 << 20

// mostNested is how deep objects may be read inside the reading of others.
const mostNested = 20

// entry is where an object is: at a byte, or as the nth of an object stream.
type entry struct {
	kind byte
	at   int
	nth  int
}

// lastBytes is where a file says where its table is.
const lastBytes = 2048

func openOriginal(data []byte) (*original, error) {
	o := &original{data: data, where: map[int]entry{}, known: map[int]any{}, reading: map[int]bool{}, nodes: map[int]bool{}, reached: map[int]bool{}, packs: map[int]*pack{}, trailer: dict{}}
	tail := data[max(0, len(data)-lastBytes):]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 || !bytes.HasPrefix(data, []byte("%PDF-")) {
		return nil, ErrUnreadable
	}
	p := parser{data: tail, at: i + len("startxref")}
	at, ok := p.integer()
	if !ok {
		return nil, ErrUnreadable
	}
	err := o.tables(at)
	if err != nil {
		return nil, err
	}
	if o.trailer["Encrypt"] != nil {
		return nil, ErrLocked
	}
	return o, nil
}

// tables reads the table at a byte and those of earlier states of the file.
// What a later one says holds.
func (o *original) tables(at int) error {
	seen := map[int]bool{}
	next := []int{at}
	for len(next) > 0 {
		at, next = next[0], next[1:]
		if at < 0 || at >= len(o.data) || seen[at] || len(seen) > 1000 {
			return ErrUnreadable
		}
		seen[at] = true
		p := parser{data: o.data, at: at, length: o.direct}
		var d dict
		var ok bool
		if p.keyword("xref") {
			d, ok = o.plainTable(&p)
		} else {
			d, ok = o.packedTable(&p)
		}
		if !ok {
			return ErrUnreadable
		}
		for k, v := range d {
			if _, has := o.trailer[k]; !has {
				o.trailer[k] = v
			}
		}
		for _, key := range []name{"XRefStm", "Prev"} {
			if d[key] != nil {
				next = append(next, o.whole(d[key], -1))
			}
		}
	}
	return nil
}

// direct refuses lengths that are told by reference where there is no table
// yet to follow them with.
func (o *original) direct(link) (int, bool) { return 0, false }

func (o *original) note(id int, e entry) bool {
	if _, has := o.where[id]; !has {
		o.where[id] = e
	}
	return len(o.where) <= maxObjects
}

func (o *original) plainTable(p *parser) (dict, bool) {
	for !p.keyword("trailer") {
		first, ok := p.integer()
		if !ok {
			return nil, false
		}
		count, ok := p.integer()
		if !ok || count > maxObjects {
			return nil, false
		}
		for i := range count {
			at, ok := p.integer()
			if !ok {
				return nil, false
			}
			_, ok = p.integer()
			if !ok {
				return nil, false
			}
			kind := p.word()
			e := entry{kind: free}
			if kind == "n" {
				e = entry{kind: atByte, at: at}
			}
			if kind != "n" && kind != "f" || !o.note(first+i, e) {
				return nil, false
			}
		}
	}
	v, ok := p.value()
	d, is := v.(dict)
	return d, ok && is
}

func (o *original) packedTable(p *parser) (dict, bool) {
	s, ok := o.object(p, -1).(packed)
	if !ok || s.dict["Type"] != name("XRef") {
		return nil, false
	}
	rows, err := o.unpack(s)
	widths := asList(s.dict["W"])
	if err != nil || len(widths) != 3 {
		return nil, false
	}
	var w [3]int
	for i := range w {
		w[i] = o.whole(widths[i], -1)
		if w[i] < 0 || w[i] > 8 {
			return nil, false
		}
	}
	index := asList(s.dict["Index"])
	if len(index) == 0 {
		index = list{number("0"), s.dict["Size"]}
	}
	size := w[0] + w[1] + w[2]
	for len(index) >= 2 && size > 0 {
		first, count := o.whole(index[0], -1), o.whole(index[1], -1)
		index = index[2:]
		if first < 0 || count < 0 {
			return nil, false
		}
		for i := range count {
			if len(rows) < size {
				return s.dict, true
			}
			if !o.note(first+i, entryOf(rows[:size], w)) {
				return nil, false
			}
			rows = rows[size:]
		}
	}
	return s.dict, true
}

func entryOf(row []byte, w [3]int) entry {
	var v [3]int
	for i, n := range w {
		for _, c := range row[:n] {
			v[i] = v[i]<<8 | int(c)
		}
		row = row[n:]
	}
	if w[0] == 0 {
		v[0] = atByte
	}
	if v[0] != atByte && v[0] != compressed {
		return entry{kind: free}
	}
	return entry{kind: byte(v[0]), at: v[1], nth: v[2]}
}

// object reads "12 0 obj …" where the parser stands; nil if it is not the one
// that is meant (any where id is -1).
func (o *original) object(p *parser, id int) any {
	n, ok := p.integer()
	if !ok || id >= 0 && n != id {
		return nil
	}
	_, ok = p.integer()
	if !ok || !p.keyword("obj") {
		return nil
	}
	v, ok := p.value()
	if !ok {
		return nil
	}
	return v
}

// at follows references to the object itself; nil where there is none.
func (o *original) at(v any) any {
	for range 20 {
		l, ok := v.(link)
		if !ok {
			return v
		}
		v = o.get(l.id)
	}
	return nil
}

func (o *original) get(id int) any {
	v, ok := o.known[id]
	if ok {
		return v
	}
	e, ok := o.where[id]
	if !ok || o.reading[id] {
		return nil
	}
	o.reading[id] = true
	defer delete(o.reading, id)
	switch e.kind {
	case atByte:
		if e.at < 0 || e.at >= len(o.data) {
			return nil
		}
		p := parser{data: o.data, at: e.at, length: func(l link) (int, bool) {
			// The length of a stream may stand in another object, which is a
			// number. One that is a stream itself would be read inside this
			// reading, and so on.
			if len(o.reading) > mostNested {
				return 0, false
			}
			n := o.whole(l, -1)
			return n, n >= 0
		}}
		v = o.charged(&p, func() any { return o.object(&p, id) })
	case compressed:
		v = o.inPack(id, e)
	}
	o.known[id] = v
	return v
}

// inPack gives an object out of an object stream.
func (o *original) inPack(id int, e entry) any {
	k, ok := o.packs[e.at]
	if !ok {
		k = o.openPack(e.at)
		o.packs[e.at] = k
	}
	if e.nth < 0 || e.nth >= len(k.id) || k.id[e.nth] != id {
		return nil
	}
	p := parser{data: k.data, at: k.at[e.nth]}
	return o.charged(&p, func() any {
		v, _ := p.value()
		return v
	})
}

// openPack reads the head of an object stream; an empty one where it is broken.
func (o *original) openPack(id int) *pack {
	k := &pack{}
	if o.where[id].kind != atByte {
		return k // an object stream is never inside another
	}
	s, ok := o.get(id).(packed)
	if !ok {
		return k
	}
	data, err := o.unpack(s)
	first, count := o.whole(s.dict["First"], -1), o.whole(s.dict["N"], -1)
	if err != nil || first < 0 || first > len(data) || count < 0 || count > maxObjects {
		return k
	}
	head := parser{data: data[:first]}
	k.data = data
	for range count {
		n, ok := head.integer()
		if !ok {
			break
		}
		at, ok := head.integer()
		if !ok || at > len(data)-first {
			break
		}
		k.id, k.at = append(k.id, n), append(k.at, first+at)
	}
	return k
}

// charged counts what reading an object costs: what was passed over, or, where
// it could not be read, all that may have been looked at. Once too much was
// spent there is nothing more to be had.
func (o *original) charged(p *parser, read func() any) any {
	if o.spent > maxSpent {
		return nil
	}
	from := p.at
	v := read()
	if v == nil {
		p.at = len(p.data)
	}
	o.spent += max(p.at-from, 0)
	return v
}

// dictOf follows references to a dictionary; an empty one where there is none.
func (o *original) dictOf(v any) dict {
	d, _ := o.at(v).(dict)
	return d
}

// real gives a number.
func (o *original) real(v any) (float64, bool) {
	n, ok := o.at(v).(number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil && f > -1e7 && f < 1e7
}

// box gives four numbers in order: left, bottom, right, top.
func (o *original) box(v any) (b [4]float64, ok bool) {
	l, _ := o.at(v).(list)
	if len(l) != 4 {
		return b, false
	}
	for i := range b {
		b[i], ok = o.real(l[i])
		if !ok {
			return b, false
		}
	}
	return [4]float64{min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])}, true
}
