package member

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxWords bounds the words of a name that are tried in another order.
const maxWords = 8

// reading is one way to take what was typed for a name. A part without words
// was not typed.
type reading struct{ last, first spelled }

// spelled is a name in words, each as it is compared and, where it has
// letters that people write as two, with those: "müller" and "mueller".
type spelled struct{ plain, wide []string }

// spell takes a name apart, without a generational suffix.
func spell(name string) spelled {
	if len(name) > maxFold {
		return spelled{}
	}
	plain, wide := words(name), words(widened(name))
	if slices.Equal(plain, wide) {
		wide = nil
	}
	return spelled{plain, wide}
}

// widened writes letters with an umlaut or a ring as people do who have no
// such keys.
func widened(name string) string {
	return strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "å", "aa").Replace(strings.ToLower(norm.NFKC.String(name)))
}

func (s spelled) empty() bool { return len(s.plain) == 0 }

// part gives the words from one place to another.
func (s spelled) part(from, to int) spelled {
	out := spelled{plain: s.plain[from:to]}
	if len(s.wide) == len(s.plain) {
		out.wide = s.wide[from:to]
	}
	return out
}

// whole gives the spellings of the name as it stands.
func (s spelled) whole() []string {
	out := []string{strings.Join(s.plain, "")}
	if len(s.wide) > 0 {
		out = append(out, strings.Join(s.wide, ""))
	}
	return out
}

// turned gives the spellings of a last name whose parts may stand in one
// order or the other: "garcía lópez" and "lópez garcía". Every word stays.
func (s spelled) turned() []string {
	if len(s.plain) > maxWords {
		return s.whole()
	}
	var out []string
	for i := range max(len(s.plain), 1) {
		for _, w := range [][]string{s.plain, s.wide} {
			if i < len(w) {
				out = append(out, strings.Join(w[i:], "")+strings.Join(w[:i], ""))
			}
		}
	}
	return out
}

// readings gives the ways to take a typed name: as it stands; "Last, First"
// in one field; the two in each other's field; and, in one field without a
// comma, every way to part the words into a first and a last name. None of
// them leaves a word out, so that none is a partial match.
func (k Key) readings() []reading {
	typed := k.Last
	first := spell(k.First)
	if len(words(k.Last)) == 0 && strings.ContainsAny(k.First, ",;") {
		typed, first = k.First, spelled{}
	}
	last := spell(typed)
	switch {
	case last.empty() && first.empty():
		return nil
	case last.empty():
		return []reading{{first: first}, {last: first}}
	case !first.empty():
		return []reading{{last, first}, {first, last}}
	}
	if before, after, comma := atComma(typed); comma {
		return []reading{{spell(before), spell(after)}}
	}
	out := []reading{{last: last}}
	if n := len(last.plain); n <= maxWords {
		for i := 1; i < n; i++ {
			out = append(out, reading{last.part(i, n), last.part(0, i)}, reading{last.part(0, i), last.part(i, n)})
		}
	}
	return out
}

// atComma parts "Last, First Middle". A suffix behind a comma is no first name.
func atComma(name string) (last, first string, ok bool) {
	var parts []string
	for _, p := range strings.FieldsFunc(name, func(r rune) bool { return r == ',' || r == ';' }) {
		w := words(p)
		if len(w) > 0 && (len(parts) == 0 || !isSuffix(strings.Join(w, ""))) {
			parts = append(parts, p)
		}
	}
	if len(parts) < 2 {
		return "", "", false
	}
	return parts[0], strings.Join(parts[1:], " "), true
}

// keys gives the folded last names under which a member with the typed name
// may be stored. They are complete, not exact: fits looks at each member.
func (k Key) keys() []string {
	var out []string
	for _, r := range k.readings() {
		if r.last.empty() {
			continue
		}
		for _, name := range r.last.turned() {
			out = append(out, narrowed(name)...)
		}
	}
	return distinct(out)
}

// maxPairs bounds the letters written as two of which each may be one.
const maxPairs = 3

// narrowed gives a spelling and those in which letters written as two are
// one, as the stored name has them folded: "mueller" and "muller".
func narrowed(name string) []string {
	out := []string{name}
	for i, pairs := 0, 0; i+1 < len(name) && pairs < maxPairs; i++ {
		switch name[i : i+2] {
		case "ae", "oe", "ue", "aa":
			pairs++
			for _, o := range out {
				cut := i - (len(name) - len(o))
				out = append(out, o[:cut+1]+o[cut+2:])
			}
		}
	}
	return out
}

// fits reports whether the name that was typed, if one was, is the member's,
// whole and letter by letter, as people spell it (K-18). A middle name counts
// only when it was typed behind the first.
func (k Key) fits(m Member) bool {
	readings := k.readings()
	if len(readings) == 0 {
		return true
	}
	last, first, middle := spell(m.Last), spell(m.First), spell(m.First+" "+m.Middle)
	for _, r := range readings {
		if (r.last.empty() || meet(r.last.turned(), last.whole())) &&
			(r.first.empty() || meet(r.first.whole(), first.whole()) || meet(r.first.whole(), middle.whole())) {
			return true
		}
	}
	return false
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return s != "" && slices.Contains(b, s) })
}
