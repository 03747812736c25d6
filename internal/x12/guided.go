package x12

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// kind is one kind of transaction that is read by its guide.
type kind struct {
	group string // GS01
	id    string // ST01
	guide string // GS08 and ST03
	first string // the segment that follows ST
	name  string // in the words of a complaint
}

// steps are what a reader of a kind does as the transaction goes by.
type steps interface {
	begin(s *Segment)            // at ST
	take(s *Segment, at loopID)  // at a segment that has a place
	before(s *Segment) error     // at every segment, before it is placed
	end(s *Segment) error        // at SE
	unit() (segments, limit int) // of the open claim
	qualifier(s *Segment) string // what tells loops that the same segment opens apart
	ownFault(s *Segment) *Error  // of a reader's own rules, or nil
	counted(segments, interchanges, transactions int, first Interchange)
}

// guided reads transactions of one kind, segment by segment.
type guided struct {
	keeper

	kind   kind
	plan   *plan
	walk   *walker
	reader *Reader
	begun  bool

	segments, interchanges, transactions int
	first                                Interchange
}

// run reads to the end of the input.
func (g *guided) run(st steps) error {
	defer func() { st.counted(g.segments, g.interchanges, g.transactions, g.first) }()
	for {
		s, err := g.reader.Next()
		if errors.Is(err, io.EOF) {
			if g.transactions == 0 {
				return &Error{Code: CodeMissingSegment, Tag: "ST", Text: "the file holds no " + g.kind.name}
			}
			return nil
		}
		if err != nil {
			return err
		}
		g.segments++
		err = g.step(st, s)
		if err != nil {
			return err
		}
	}
}

func (g *guided) step(st steps, s *Segment) error {
	switch s.Tag() {
	case "ISA":
		g.interchanges++
		if g.interchanges == 1 {
			g.first = g.reader.Interchange()
		}
		return nil
	case "GS":
		return g.checkGroup(s)
	case "ST":
		return g.begin(st, s)
	case "SE":
		if !g.begun {
			return g.noFirst(s)
		}
		return st.end(s)
	case "GE", "IEA", "TA1":
		return nil
	}
	return g.inside(st, s)
}

func (g *guided) checkGroup(s *Segment) error {
	got := g.reader.Group()
	switch {
	case got.ID != g.kind.group:
		return fail(s, CodeTransaction, 1, "the group holds another kind of transaction; expected "+g.kind.name)
	case got.Agency != "X":
		return fail(s, CodeVersion, 7, "GS07 must be X")
	case got.Version != g.kind.guide:
		return fail(s, CodeVersion, 8, "the file follows another guide or version; expected "+g.kind.guide)
	}
	return nil
}

func (g *guided) begin(st steps, s *Segment) error {
	t := g.reader.Transaction()
	if t.ID != g.kind.id {
		return fail(s, CodeTransaction, 1, "the transaction is of another kind; expected "+g.kind.name)
	}
	if t.Guide != g.kind.guide {
		return fail(s, CodeVersion, 3, "ST03 names another guide than GS08")
	}
	g.transactions++
	g.walk = newWalker(g.plan)
	g.begun, g.open = false, nil
	st.begin(s)
	return nil
}

func (g *guided) noFirst(s *Segment) error {
	err := fail(s, CodeMissingSegment, 0, g.kind.first+" is missing: it must follow ST")
	err.Tag = g.kind.first
	return err
}

// inside handles a segment between ST and SE.
func (g *guided) inside(st steps, s *Segment) error {
	if !g.begun && s.Tag() != g.kind.first {
		return g.noFirst(s)
	}
	g.begun = true
	err := st.before(s)
	if err != nil {
		return err
	}
	if g.open != nil {
		n, limit := st.unit()
		if n > limit {
			return fail(s, CodeTooManySegments, 0, fmt.Sprintf("one claim has more than %d segments; the beginning of the next is probably missing", limit))
		}
	}
	at, why := g.walk.place(s.Tag(), st.qualifier(s))
	if why != placed {
		g.misplaced(g.plan, s, why)
	} else {
		st.take(s, at)
	}
	if own := st.ownFault(s); own != nil && g.faulted == nil {
		return own
	}
	if g.faulted != nil {
		return g.faulted
	}
	return nil
}

// money reads an amount in dollars with at most two decimals, as cents. An
// empty one is nothing.
func (k *keeper) money(s *Segment, element int, what string) int64 {
	v := s.Value(element)
	if v == "" {
		return 0
	}
	cents, ok := decimal(v, 2)
	if !ok {
		k.problem(s, CodeInvalid, element, what+" is no amount; write dollars with at most two decimals and no sign but a minus")
	}
	return cents
}

// quantity reads a number of units with at most three decimals, in
// thousandths.
func (k *keeper) quantity(s *Segment, element int) int64 {
	v := s.Value(element)
	if v == "" {
		return 0
	}
	n, ok := decimal(v, 3)
	if !ok {
		k.problem(s, CodeInvalid, element, "the quantity is no number with at most three decimals")
	}
	return n
}

// mostDigits bounds what stands before the decimal point: the guides allow ten
// digits of an amount in all.
const mostDigits = 12

// decimal reads a number of X12 (a minus, digits, a point) as a count of its
// smallest part. Zeros behind the last place are nothing.
func decimal(v string, places int) (int64, bool) {
	digitsOf, minus := strings.CutPrefix(v, "-")
	whole, part, dotted := strings.Cut(digitsOf, ".")
	if dotted && len(part) > places {
		if strings.Trim(part[places:], "0") != "" {
			return 0, false
		}
		part = part[:places]
	}
	part += strings.Repeat("0", places-len(part))
	if whole == "" && !dotted || len(whole) > mostDigits || !digits("0"+whole) || !digits(part) {
		return 0, false
	}
	n := number10(whole)*pow10(places) + number10(part)
	if minus {
		n = -n
	}
	return n, true
}

func pow10(n int) int64 {
	out := int64(1)
	for range n {
		out *= 10
	}
	return out
}

// span reads a DTP with a single day or a range of days.
func (k *keeper) span(s *Segment, format int) (from, to Date) {
	if s.Value(format) != "RD8" {
		d := k.day(s, format)
		return d, d
	}
	v := s.Value(format + 1)
	if len(v) != 17 || v[8] != '-' {
		k.problem(s, CodeDate, format+1, "this is not a range of days; write it as CCYYMMDD-CCYYMMDD")
		return "", ""
	}
	from, begins := ParseDate(v[:8])
	to, ends := ParseDate(v[9:])
	switch {
	case !begins || !ends:
		k.problem(s, CodeDate, format+1, "this is not a range of days; write it as CCYYMMDD-CCYYMMDD")
		return "", ""
	case to < from:
		k.problem(s, CodeDateOrder, format+1, "the range ends before it begins")
		return "", ""
	}
	return from, to
}

// procedure reads the composite of a procedure: its qualifier, code and up to
// four modifiers.
func (k *keeper) procedure(s *Segment, element int) Procedure {
	p := Procedure{Qualifier: s.Component(element, 1), Code: s.Component(element, 2)}
	if p.Qualifier == "" || p.Code == "" {
		k.problem(s, CodeMissingElement, element, "the procedure needs its qualifier and its code, with the separator that ISA16 declares between them")
	}
	for c := 3; c <= 6; c++ {
		if m := s.Component(element, c); m != "" {
			p.Modifiers = append(p.Modifiers, m)
		}
	}
	return p
}

// Procedure is a service by its code.
type Procedure struct {
	Qualifier string // HC for HCPCS and CPT, NU revenue code, N4 drug code, AD dental, HP rate code
	Code      string
	Modifiers []string
}

// Person is somebody or an organization that a claim names.
type Person struct {
	Position    Position // of NM1
	Person      bool     // NM102 of 1
	Name        Name
	IDQualifier string // NM108: MI member number, XX NPI, FI tax number, 34 social security number
	ID          string // NM109
}

// person reads NM1.
func (k *keeper) person(s *Segment) Person {
	k.paired(s, 8, "the identifier")
	return Person{Position: s.Position(), Person: s.Value(2) == "1", Name: nameOf(s), IDQualifier: s.Value(8), ID: s.Value(9)}
}
