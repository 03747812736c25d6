package x12

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// ErrData says that a value can't be written: it holds a delimiter, a control
// character or bytes that are not UTF-8.
var ErrData = errors.New("x12: a value holds a delimiter, a control character or bytes that are not UTF-8")

// ErrOrder says that headers and trailers were asked for out of turn.
var ErrOrder = errors.New("x12: a header, trailer or segment was written out of turn")

// DefaultDelimiters are those most partners use.
func DefaultDelimiters() Delimiters {
	return Delimiters{Element: '*', Component: ':', Repetition: '^', Segment: '~'}
}

// Element is one element to be written: repeats, each of components. The zero
// value is an empty element.
type Element struct{ repeats [][]string }

// Text is an element of one plain value.
func Text(value string) Element { return Element{repeats: [][]string{{value}}} }

// Composite is an element of several components.
func Composite(parts ...string) Element { return Element{repeats: [][]string{parts}} }

// Repeat joins elements into one repeated element.
func Repeat(each ...Element) Element {
	var joined Element
	for _, el := range each {
		joined.repeats = append(joined.repeats, el.repeats...)
	}
	return joined
}

// Writer writes interchanges. It counts segments, transactions and groups and
// writes the trailers itself. Empty elements and components at the end are
// left out. After an error every further call gives the same error.
type Writer struct {
	out       *bufio.Writer
	delim     Delimiters
	lineBreak string
	err       error
	line      []byte

	depth       depth
	interchange string // control numbers
	group       string
	transaction string
	groups      int
	sets        int
	segments    int
}

// NewWriter writes to w. With lineBreaks each segment stands on its own line.
// The delimiters come with OpenInterchange.
func NewWriter(w io.Writer, lineBreaks bool) *Writer {
	wr := &Writer{out: bufio.NewWriter(w)}
	if lineBreaks {
		wr.lineBreak = "\n"
	}
	return wr
}

// OpenInterchange writes ISA. Fields too long for their fixed width are
// refused; ic.Version must be set.
func (w *Writer) OpenInterchange(ic Interchange) error {
	if w.err != nil {
		return w.err
	}
	if w.depth != outside {
		return w.broken(ErrOrder)
	}
	d := ic.Delimiters
	bad := checkDelimiters(d)
	if bad != nil || !usableDelimiter(d.Element) || (d.Repetition == 0 && ic.Version >= "00402") {
		return w.broken(errors.New("x12: the delimiters can't be used: each must be its own sign, neither letter, digit nor blank"))
	}
	w.delim = d
	repetition, ack := "U", "0"
	if d.Repetition != 0 {
		repetition = string(rune(d.Repetition))
	}
	if ic.AckRequested {
		ack = "1"
	}
	fields := [16]string{
		"00", "", "00", "", ic.SenderQualifier, ic.Sender, ic.ReceiverQualifier, ic.Receiver,
		ic.Date, ic.Time, repetition, ic.Version, ic.Control, ack, ic.Usage, string(rune(d.Component)),
	}
	w.line = append(w.line[:0], "ISA"...)
	for i, width := range isaWidths() {
		if len(fields[i]) > width {
			return w.broken(fmt.Errorf("x12: ISA%02d is longer than its %d characters", i+1, width))
		}
		if i != 10 && i != 15 && !w.writable(fields[i]) {
			return w.broken(ErrData)
		}
		w.line = append(w.line, d.Element)
		w.line = fmt.Appendf(w.line, "%-*s", width, fields[i])
	}
	w.line = append(w.line, d.Segment)
	_, _, bad = parseISA(w.line)
	if bad != nil {
		return w.broken(fmt.Errorf("x12: ISA%02d: %s", bad.element, bad.text))
	}
	w.depth, w.groups, w.interchange = inInterchange, 0, ic.Control
	return w.flushLine()
}

// OpenGroup writes GS.
func (w *Writer) OpenGroup(g Group) error {
	if w.err == nil && w.depth != inInterchange {
		return w.broken(ErrOrder)
	}
	w.depth, w.sets, w.group = inGroup, 0, g.Control
	w.groups++
	return w.put("GS", Text(g.ID), Text(g.Sender), Text(g.Receiver), Text(g.Date), Text(g.Time),
		Text(g.Control), Text(g.Agency), Text(g.Version))
}

// OpenTransaction writes ST.
func (w *Writer) OpenTransaction(t Transaction) error {
	if w.err == nil && w.depth != inGroup {
		return w.broken(ErrOrder)
	}
	w.depth, w.segments, w.transaction = inTransaction, 0, t.Control
	w.sets++
	return w.put("ST", Text(t.ID), Text(t.Control), Text(t.Guide))
}

// Segment writes one segment inside the open transaction, or TA1 directly
// inside the interchange.
func (w *Writer) Segment(tag string, elements ...Element) error {
	inside := w.depth == inTransaction || (tag == "TA1" && w.depth == inInterchange && w.groups == 0)
	if w.err == nil && (!inside || !isTag([]byte(tag)) || envelopeTag(tag)) {
		return w.broken(ErrOrder)
	}
	return w.put(tag, elements...)
}

// CloseTransaction writes SE with its count.
func (w *Writer) CloseTransaction() error {
	if w.err == nil && w.depth != inTransaction {
		return w.broken(ErrOrder)
	}
	w.depth = inGroup
	return w.put("SE", Text(strconv.Itoa(w.segments+1)), Text(w.transaction))
}

// CloseGroup writes GE with its count.
func (w *Writer) CloseGroup() error {
	if w.err == nil && w.depth != inGroup {
		return w.broken(ErrOrder)
	}
	w.depth = inInterchange
	return w.put("GE", Text(strconv.Itoa(w.sets)), Text(w.group))
}

// CloseInterchange writes IEA with its count and flushes. Another interchange
// may follow.
func (w *Writer) CloseInterchange() error {
	if w.err == nil && w.depth != inInterchange {
		return w.broken(ErrOrder)
	}
	w.depth = outside
	err := w.put("IEA", Text(strconv.Itoa(w.groups)), Text(w.interchange))
	if err != nil {
		return err
	}
	err = w.out.Flush()
	if err != nil {
		return w.broken(err)
	}
	return nil
}

func (w *Writer) put(tag string, elements ...Element) error {
	if w.err != nil {
		return w.err
	}
	w.segments++
	w.line = append(w.line[:0], tag...)
	end := len(w.line)
	for _, el := range elements {
		w.line = append(w.line, w.delim.Element)
		start := len(w.line)
		if !w.appendElement(el) {
			return w.broken(ErrData)
		}
		if len(w.line) > start {
			end = len(w.line)
		}
	}
	w.line = append(w.line[:end], w.delim.Segment)
	return w.flushLine()
}

// appendElement says false when a value can't be written. Repeats that are
// empty in the middle keep their place; those at the end go.
func (w *Writer) appendElement(el Element) bool {
	start := len(w.line)
	end := start
	for i, parts := range el.repeats {
		if i > 0 {
			if w.delim.Repetition == 0 {
				return false
			}
			w.line = append(w.line, w.delim.Repetition)
		}
		partEnd := len(w.line)
		for k, part := range parts {
			if !w.writable(part) {
				return false
			}
			if k > 0 {
				w.line = append(w.line, w.delim.Component)
			}
			w.line = append(w.line, part...)
			if part != "" {
				partEnd = len(w.line)
				end = partEnd
			}
		}
		w.line = w.line[:partEnd]
	}
	w.line = w.line[:end]
	return true
}

// writable says whether the reader would give value back as it is.
func (w *Writer) writable(value string) bool {
	d := w.delim
	for i := range len(value) {
		c := value[i]
		if c < ' ' || c == 0x7f || c == d.Element || c == d.Component || c == d.Segment {
			return false
		}
		if d.Repetition != 0 && c == d.Repetition {
			return false
		}
	}
	return utf8.ValidString(value) && badText([]byte(value)) < 0
}

func (w *Writer) flushLine() error {
	_, err := w.out.Write(w.line)
	if err != nil {
		return w.broken(err)
	}
	_, err = w.out.WriteString(w.lineBreak)
	if err != nil {
		return w.broken(err)
	}
	return nil
}

func (w *Writer) broken(err error) error {
	w.err = err
	return err
}

func envelopeTag(tag string) bool {
	switch tag {
	case "ISA", "GS", "ST", "SE", "GE", "IEA", "BIN", "BDS":
		return true
	}
	return false
}
