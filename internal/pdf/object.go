package pdf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// What a PDF file that is read is made of. Numbers stay as they are written;
// null is nil and a bool is a bool.
type (
	name   string
	number string
	chars  []byte
	link   struct{ id, gen int }
	list   []any
	dict   map[name]any
	packed struct { // a stream
		dict dict
		raw  []byte
	}
)

// Bounds of what is read of a foreign file.
const (
	maxNesting = 60
	maxObjects = 300_000
)

// parser reads objects from bytes that may hold anything.
type parser struct {
	data  []byte
	at    int
	depth int
	// length gives the length of a stream that the dictionary tells through a
	// reference; nil where there are no streams.
	length func(link) (int, bool)
}

func blank(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func delimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func (p *parser) skip() {
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case blank(c):
			p.at++
		case c == '%':
			for p.at < len(p.data) && p.data[p.at] != '\n' && p.data[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

// word takes what stands up to the next blank or delimiter.
func (p *parser) word() string {
	p.skip()
	from := p.at
	for p.at < len(p.data) && !blank(p.data[p.at]) && !delimiter(p.data[p.at]) {
		p.at++
	}
	return string(p.data[from:p.at])
}

// keyword takes a word if it is the one that is meant.
func (p *parser) keyword(want string) bool {
	before := p.at
	if p.word() == want {
		return true
	}
	p.at = before
	return false
}

func (p *parser) integer() (int, bool) {
	before := p.at
	w := p.word()
	n, err := strconv.Atoi(w)
	if err != nil || n < 0 || len(w) > 10 || w[0] == '+' {
		p.at = before
		return 0, false
	}
	return n, true
}

// value reads one object. False: there is none that could be read.
func (p *parser) value() (any, bool) {
	p.skip()
	if p.at >= len(p.data) || p.depth > maxNesting {
		return nil, false
	}
	p.depth++
	defer func() { p.depth-- }()
	switch c := p.data[p.at]; {
	case c == '/':
		return p.name()
	case c == '(':
		return p.literal()
	case c == '[':
		p.at++
		return p.list()
	case bytes.HasPrefix(p.data[p.at:], []byte("<<")):
		p.at += 2
		return p.dict()
	case c == '<':
		return p.hex()
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		return p.number()
	}
	switch p.word() {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	return nil, false
}

func (p *parser) name() (any, bool) {
	p.at++
	raw := p.rest()
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			b, err := hex.DecodeString(raw[i+1 : i+3])
			if err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return name(out), true
}

// rest is word without skipping blanks before it: "/" alone is a name too.
func (p *parser) rest() string {
	from := p.at
	for p.at < len(p.data) && !blank(p.data[p.at]) && !delimiter(p.data[p.at]) {
		p.at++
	}
	return string(p.data[from:p.at])
}

// number reads a number, or a reference, which begins with two of them.
func (p *parser) number() (any, bool) {
	w := p.word()
	if !isNumber(w) {
		return nil, false
	}
	id, err := strconv.Atoi(w)
	if err != nil || id < 0 || w[0] == '+' {
		return number(w), true
	}
	before := p.at
	gen, ok := p.integer()
	if ok && p.keyword("R") {
		return link{id, gen}, true
	}
	p.at = before
	return number(w), true
}

func isNumber(w string) bool {
	digits, points := 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		case (c == '-' || c == '+') && i == 0:
		default:
			return false
		}
	}
	return digits > 0 && points <= 1 && len(w) <= 40
}

func (p *parser) list() (any, bool) {
	out := list{}
	for {
		p.skip()
		if p.at < len(p.data) && p.data[p.at] == ']' {
			p.at++
			return out, true
		}
		v, ok := p.value()
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
}

func (p *parser) dict() (any, bool) {
	out := dict{}
	for {
		p.skip()
		if bytes.HasPrefix(p.data[p.at:], []byte(">>")) {
			p.at += 2
			break
		}
		if p.at >= len(p.data) || p.data[p.at] != '/' {
			return nil, false
		}
		key, ok := p.name()
		if !ok {
			return nil, false
		}
		v, ok := p.value()
		if !ok {
			return nil, false
		}
		k, _ := key.(name)
		if v != nil {
			out[k] = v
		}
	}
	if p.length == nil || !p.keyword("stream") {
		return out, true
	}
	return p.stream(out)
}

// stream takes the bytes after a dictionary. A length that does not lead to
// the end is put right by looking for it.
func (p *parser) stream(d dict) (any, bool) {
	switch {
	case bytes.HasPrefix(p.data[p.at:], []byte("\r\n")):
		p.at += 2
	case p.at < len(p.data) && (p.data[p.at] == '\n' || p.data[p.at] == '\r'):
		p.at++
	}
	from := p.at
	n, ok := 0, false
	switch v := d["Length"].(type) {
	case number:
		i, err := strconv.Atoi(string(v))
		n, ok = i, err == nil
	case link:
		n, ok = p.length(v)
	}
	if ok && n >= 0 && n <= len(p.data)-from {
		p.at = from + n
		if p.keyword("endstream") {
			return packed{d, p.data[from : from+n]}, true
		}
	}
	end := bytes.Index(p.data[from:], []byte("endstream"))
	if end < 0 {
		return nil, false
	}
	p.at = from + end + len("endstream")
	raw := p.data[from : from+end]
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	return packed{d, raw}, true
}

func (p *parser) hex() (any, bool) {
	end := bytes.IndexByte(p.data[p.at:], '>')
	if end < 0 {
		return nil, false
	}
	digits := make([]byte, 0, end)
	for _, c := range p.data[p.at+1 : p.at+end] {
		if !blank(c) {
			digits = append(digits, c)
		}
	}
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make(chars, len(digits)/2)
	_, err := hex.Decode(out, digits)
	if err != nil {
		return nil, false
	}
	p.at += end + 1
	return out, true
}

func (p *parser) literal() (any, bool) {
	out, open := chars{}, 0
	for p.at < len(p.data) {
		c := p.data[p.at]
		p.at++
		switch c {
		case '(':
			open++
			if open == 1 {
				continue
			}
		case ')':
			open--
			if open == 0 {
				return out, true
			}
		case '\\':
			out = p.escaped(out)
			continue
		}
		out = append(out, c)
	}
	return nil, false
}

func (p *parser) escaped(out chars) chars {
	if p.at >= len(p.data) {
		return out
	}
	c := p.data[p.at]
	p.at++
	if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
		return append(out, "\n\r\t\b\f"[i])
	}
	switch {
	case c == '\n':
		return out
	case c == '\r':
		if p.at < len(p.data) && p.data[p.at] == '\n' {
			p.at++
		}
		return out
	case c < '0' || c > '7':
		return append(out, c)
	}
	v := int(c - '0')
	for range 2 {
		if p.at >= len(p.data) || p.data[p.at] < '0' || p.data[p.at] > '7' {
			break
		}
		v = v*8 + int(p.data[p.at]-'0')
		p.at++
	}
	return append(out, byte(v))
}

// appendObject writes an object that was read. Keys come in order, so that
// the same object is always the same bytes; to says which number a reference
// has in the file that is written.
func appendObject(b []byte, v any, to func(link) int) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case number:
		return append(b, v...)
	case name:
		return appendName(b, v)
	case chars:
		return fmt.Appendf(b, "<%X>", []byte(v))
	case link:
		id := to(v)
		if id == 0 {
			return append(b, "null"...)
		}
		return append(b, ref(id)...)
	case list:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendObject(b, e, to)
		}
		return append(b, ']')
	case dict:
		return append(appendEntries(append(b, "<<"...), v, to), ">>"...)
	}
	return append(b, "null"...) // a stream is never inside another object
}

func appendEntries(b []byte, d dict, to func(link) int) []byte {
	keys := make([]name, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = append(appendName(b, k), ' ')
		b = appendObject(b, d[k], to)
	}
	return b
}

func appendName(b []byte, n name) []byte {
	b = append(b, '/')
	for i := range len(n) {
		c := n[i]
		if c <= ' ' || c > '~' || c == '#' || delimiter(c) {
			b = fmt.Appendf(b, "#%02X", c)
			continue
		}
		b = append(b, c)
	}
	return b
}
