package x12

// keeper collects faults while a transaction is read: those of the member or
// claim that is open, or the one fault of a header, which ends the reading.
type keeper struct {
	open    *[]RowError // problems of the open member or claim; nil outside one
	faulted *Error      // set where nothing is open
}

// problem records a fault at a segment.
func (k *keeper) problem(s *Segment, code Code, element int, text string) {
	if k.open == nil {
		if k.faulted == nil {
			k.faulted = fail(s, code, element, text)
		}
		return
	}
	k.problemAt(s.Position(), code, s.Tag(), element, text)
}

// problemAt records a fault of the open member or claim.
func (k *keeper) problemAt(at Position, code Code, tag string, element int, text string) {
	*k.open = append(*k.open, RowError{Code: code, Segment: at.Segment, Line: at.Line, Tag: tag, Element: element, Text: text})
}

// checkSimple reports separators inside elements that have no parts: the
// sender printed a value that holds one, and it would be read torn.
func (k *keeper) checkSimple(s *Segment) {
	for n := 1; n <= s.Len(); n++ {
		if !s.bare(n) && !mayHaveParts(s.Tag(), n) {
			k.problem(s, CodeInvalid, n, "a separator stands inside a value that has no parts; remove it or declare other separators")
		}
	}
}

// mayHaveParts says which elements of the segments taken here are composite
// or repeated.
func mayHaveParts(tag string, n int) bool {
	switch tag {
	case "INS":
		return n == 6
	case "REF":
		return n == 4
	case "DMG":
		return n >= 5
	case "COB":
		return n == 4
	case "SVC":
		return n == 1 || n == 6
	case "PLB":
		return n >= 3 && n%2 == 1
	case "STC":
		return n == 1 || n >= 10
	}
	return false
}

// misplaced reports a segment without a place. An identifier that no loop
// knows is not repeated: it may be a piece of data that a stray terminator
// cut off.
func (k *keeper) misplaced(p *plan, s *Segment, why misplaced) {
	tag := s.Tag()
	if !p.knows(tag) {
		tag = ""
	}
	if k.open == nil {
		k.faulted = fail(s, CodeOrder, 0, string(why))
		k.faulted.Tag = tag
		return
	}
	k.problemAt(s.Position(), CodeOrder, tag, 0, string(why))
}

// require reports an element that must not be empty.
func (k *keeper) require(s *Segment, element int, what string) string {
	v := s.Value(element)
	if v == "" {
		k.problem(s, CodeMissingElement, element, what+" is missing")
	}
	return v
}

// paired reports a qualifier without its value or a value without its
// qualifier.
func (k *keeper) paired(s *Segment, element int, what string) {
	first, second := s.Value(element), s.Value(element+1)
	if first == "" && second != "" {
		k.problem(s, CodeMissingElement, element, what+" has a value but no qualifier")
	}
	if first != "" && second == "" {
		k.problem(s, CodeMissingElement, element+1, what+" has a qualifier but no value")
	}
}

// once reports a second, differing statement of a fact and keeps the first.
func (k *keeper) once(s *Segment, element int, old, now string) bool {
	if old == "" || old == now {
		return true
	}
	k.problem(s, CodeRepeated, element, "this was stated before with another value; send it once")
	return false
}

const notADay = "this is not a day of the calendar; write it as CCYYMMDD"

// day reads a date in the form D8 whose qualifier stands before it. It is
// empty, with the fault reported, when it can't be read.
func (k *keeper) day(s *Segment, format int) Date {
	if k.require(s, format, "the date format") == "" {
		return ""
	}
	if s.Value(format) != "D8" {
		k.problem(s, CodeInvalid, format, "a date in this place has the form D8, a single day")
		return ""
	}
	v := k.require(s, format+1, "the date")
	if v == "" {
		return ""
	}
	d, ok := ParseDate(v)
	if !ok {
		k.problem(s, CodeDate, format+1, notADay)
	}
	return d
}

// dtp reads a DTP with a single day. ok is false when a fault was reported.
func (k *keeper) dtp(s *Segment) (DatedFact, bool) {
	q := k.require(s, 1, "what the date means")
	d := k.day(s, 2)
	return DatedFact{Qualifier: q, Date: d}, q != "" && d != ""
}
