package agreement

import (
	"strings"
	"unicode"
)

// DiffKind says what became of a line, or of words in it.
type DiffKind int

// The kinds. Changed and Skipped are lines only.
const (
	DiffSame    DiffKind = iota + 1
	DiffAdded            // only in the new text
	DiffRemoved          // only in the old text
	DiffChanged          // in both, with other words: see Parts
	DiffSkipped          // Lines lines that are the same and are left out
)

// DiffRow is a line of the comparison of two texts.
type DiffRow struct {
	Kind  DiffKind
	Old   int // number of the line in the old text, from 1; 0 where it has none
	New   int // the same in the new text
	Lines int // of DiffSkipped
	Parts []DiffPart
}

// DiffPart is words of a line: DiffSame, DiffAdded or DiffRemoved.
type DiffPart struct {
	Kind DiffKind
	Text string
}

// Bounds of a comparison. Where one is reached the answer is coarser, not
// wrong: whole lines instead of words.
const (
	lineCells = 4 << 20 // of the table over lines
	wordCells = 8 << 20 // of all tables over words together
	lookAhead = 8       // lines that a changed line may have moved
	around    = 2       // unchanged lines shown beside a change
)

// Compare gives the lines in which two texts differ, with a few around each.
func Compare(old, now string) []DiffRow { return fold(compare(old, now)) }

// compare gives every line of two texts.
func compare(old, now string) []DiffRow {
	was, is := splitLines(old), splitLines(now)
	budget := lineCells
	words := wordCells
	var rows []DiffRow
	i, j := 0, 0
	for _, m := range append(matches(was, is, &budget), [2]int{len(was), len(is)}) {
		rows = append(rows, hunk(was[i:m[0]], is[j:m[1]], i, j, &words)...)
		if m[0] < len(was) {
			rows = append(rows, DiffRow{Kind: DiffSame, Old: m[0] + 1, New: m[1] + 1, Parts: []DiffPart{{DiffSame, was[m[0]]}}})
		}
		i, j = m[0]+1, m[1]+1
	}
	return rows
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// hunk gives lines of which none is in both texts. A line that is half the
// same as one of the other text is that line, changed.
func hunk(was, is []string, i, j int, words *int) (rows []DiffRow) {
	next := 0
	add := func(upTo int) {
		for ; next < upTo; next++ {
			rows = append(rows, DiffRow{Kind: DiffAdded, New: j + next + 1, Parts: []DiffPart{{DiffAdded, is[next]}}})
		}
	}
	for k, line := range was {
		at, parts := -1, []DiffPart(nil)
		for n := next; n < min(len(is), next+lookAhead) && at < 0; n++ {
			parts = inLine(line, is[n], words)
			if parts != nil {
				at = n
			}
		}
		if at < 0 {
			rows = append(rows, DiffRow{Kind: DiffRemoved, Old: i + k + 1, Parts: []DiffPart{{DiffRemoved, line}}})
			continue
		}
		add(at)
		rows = append(rows, DiffRow{Kind: DiffChanged, Old: i + k + 1, New: j + at + 1, Parts: parts})
		next = at + 1
	}
	add(len(is))
	return rows
}

// inLine compares two lines word by word; nil when they have less than half
// in common.
func inLine(was, is string, words *int) []DiffPart {
	a, b := tokens(was), tokens(is)
	found := matches(a, b, words)
	shared, all := 0, 0
	for _, m := range found {
		if !blank(a[m[0]]) {
			shared += 2
		}
	}
	for _, token := range append(a[:len(a):len(a)], b...) {
		if !blank(token) {
			all++
		}
	}
	if shared*2 < all || shared == 0 {
		return nil
	}
	var parts []DiffPart
	i, j := 0, 0
	for n, m := range append(found, [2]int{len(a), len(b)}) {
		// A lone space between two changes belongs to both: "old words" is
		// replaced by "new words", not old by new and words by words.
		inside := m[0] < len(a) && blank(a[m[0]]) && (m[0] > i || m[1] > j) &&
			n+1 <= len(found) && changesAfter(found, n, len(a), len(b))
		if inside {
			continue
		}
		parts = part(parts, DiffRemoved, strings.Join(a[i:m[0]], ""))
		parts = part(parts, DiffAdded, strings.Join(b[j:m[1]], ""))
		if m[0] < len(a) {
			parts = part(parts, DiffSame, a[m[0]])
		}
		i, j = m[0]+1, m[1]+1
	}
	return parts
}

// changesAfter reports whether something changed right after match n.
func changesAfter(found [][2]int, n, lenA, lenB int) bool {
	next := [2]int{lenA, lenB}
	if n+1 < len(found) {
		next = found[n+1]
	}
	return next[0] > found[n][0]+1 || next[1] > found[n][1]+1
}

// part puts words behind others, joined to the last of the same kind.
func part(parts []DiffPart, kind DiffKind, text string) []DiffPart {
	if text == "" {
		return parts
	}
	if n := len(parts); n > 0 && parts[n-1].Kind == kind {
		parts[n-1].Text += text
		return parts
	}
	return append(parts, DiffPart{kind, text})
}

// tokens cuts a line into words, runs of space, and single other characters.
func tokens(line string) (out []string) {
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	start, last := 0, 0
	for at, r := range line {
		k := kind(r)
		if at > start && (k != last || k == 0) {
			out = append(out, line[start:at])
			start = at
		}
		last = k
	}
	if start < len(line) {
		out = append(out, line[start:])
	}
	return out
}

func blank(token string) bool { return strings.TrimSpace(token) == "" }

// matches gives the longest common subsequence of a and b as pairs of
// indices. The table it takes is paid out of cells; when that does not
// suffice only what a and b begin and end with is matched.
func matches(a, b []string, cells *int) (pairs [][2]int) {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		pairs = append(pairs, [2]int{head, head})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	n, m := len(a)-head-tail, len(b)-head-tail
	if n > 0 && m > 0 && n <= *cells/m {
		*cells -= n * m
		for _, p := range common(a[head:head+n], b[head:head+m]) {
			pairs = append(pairs, [2]int{head + p[0], head + p[1]})
		}
	}
	for k := tail; k > 0; k-- {
		pairs = append(pairs, [2]int{len(a) - k, len(b) - k})
	}
	return pairs
}

// common is the longest common subsequence by the full table.
func common(a, b []string) (pairs [][2]int) {
	wide := len(b) + 1
	table := make([]int32, (len(a)+1)*wide) // [i][j]: length for a[i:], b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i*wide+j] = table[(i+1)*wide+j+1] + 1
			} else {
				table[i*wide+j] = max(table[(i+1)*wide+j], table[i*wide+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case table[(i+1)*wide+j] >= table[i*wide+j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// fold leaves out runs of unchanged lines, but for those beside a change.
func fold(rows []DiffRow) (out []DiffRow) {
	for at := 0; at < len(rows); {
		end := at
		for end < len(rows) && rows[end].Kind == DiffSame {
			end++
		}
		if end == at {
			out = append(out, rows[at])
			at++
			continue
		}
		from, to := at+around, end-around
		if at == 0 {
			from = at
		}
		if end == len(rows) {
			to = end
		}
		if to-from > 1 {
			out = append(out, rows[at:from]...)
			out = append(out, DiffRow{Kind: DiffSkipped, Old: rows[from].Old, New: rows[from].New, Lines: to - from})
			out = append(out, rows[to:end]...)
		} else {
			out = append(out, rows[at:end]...)
		}
		at = end
	}
	return out
}
