package x12

// Known mistakes of senders that are put right, all of them here. Each has
// been seen in published files, has only one possible meaning, and is
// reported by Reader.Repairs.

// RepairCode names a mistake that was put right.
type RepairCode string

// The mistakes that are put right.
const (
	// RepairByteOrderMark: the file begins with a UTF-8 byte order mark, as
	// some editors write. It is skipped.
	RepairByteOrderMark RepairCode = "byte-order-mark"
	// RepairRepetition: ISA11 still holds the letter U of version 4010 where
	// 5010 has the repetition separator. The interchange then has none;
	// taking the letter as a separator would split words.
	RepairRepetition RepairCode = "repetition-separator"
	// RepairLastLine: segments end with a line break and the very last one
	// (IEA) has none. IEA proves itself by its count and control number.
	RepairLastLine RepairCode = "last-line"
	// RepairGuide: ST03 is empty. GS08 names the guide for the whole group.
	RepairGuide RepairCode = "guide"
)

// Repair reports one kind of mistake that was put right.
type Repair struct {
	Code  RepairCode
	First Position // where it was seen first
	Count int      // how often it was seen
}

type repairs []Repair

// note counts a repair; the list stays as short as the list of kinds.
func (r *repairs) note(code RepairCode, at Position) {
	for i := range *r {
		if (*r)[i].Code == code {
			(*r)[i].Count++
			return
		}
	}
	*r = append(*r, Repair{Code: code, First: at, Count: 1})
}

const byteOrderMark = "\ufeff"

// repairedRepetition decides what ISA11 means. Before 5010 the element was a
// fixed letter and no separator existed at all.
func repairedRepetition(isa11 byte, isa12 string) (sep byte, repaired bool) {
	if isa12 < "00402" {
		return 0, false
	}
	if isa11 == 'U' {
		return 0, true
	}
	return isa11, false
}

// mayLackTerminator says whether an unterminated last segment can be taken.
func mayLackTerminator(d Delimiters, raw []byte) bool {
	if d.Segment != '\n' && d.Segment != '\r' {
		return false
	}
	return len(raw) > 4 && string(raw[:3]) == "IEA" && raw[3] == d.Element
}

// repairedGuide gives the guide a transaction follows.
func repairedGuide(st03, gs08 string) (guide string, repaired bool) {
	if st03 == "" {
		return gs08, true
	}
	return st03, false
}
