package agreement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// told writes rows as people read them: -old- +new+ and = for what stays.
func told(rows []DiffRow) string {
	var out []string
	for _, r := range rows {
		line := map[DiffKind]string{DiffSame: "= ", DiffAdded: "+ ", DiffRemoved: "- ", DiffChanged: "~ "}[r.Kind]
		if r.Kind == DiffSkipped {
			out = append(out, fmt.Sprint("… ", r.Lines))
			continue
		}
		for _, p := range r.Parts {
			switch {
			case r.Kind != DiffChanged || p.Kind == DiffSame:
				line += p.Text
			case p.Kind == DiffAdded:
				line += "[+" + p.Text + "+]"
			default:
				line += "[-" + p.Text + "-]"
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestComparing(t *testing.T) {
	for name, c := range map[string]struct{ old, now, want string }{
		"nothing":         {"", "", ""},
		"the first":       {"", "a\nb\n", "+ a\n+ b"},
		"all gone":        {"a\n", "", "- a"},
		"the same":        {"a\nb\nc\n", "a\nb\nc\n", "… 3"},
		"a word":          {"You may print one copy.", "You may print two copies.", "~ You may print [-one copy-][+two copies+]."},
		"a word put in":   {"tell us", "tell us at once", "~ tell us[+ at once+]"},
		"punctuation":     {"Stop, now", "Stop. now", "~ Stop[-,-][+.+] now"},
		"accents":         {"Żółć is cold", "Żółty is cold", "~ [-Żółć-][+Żółty+] is cold"},
		"another line":    {"one two three", "four five six", "- one two three\n+ four five six"},
		"a line put in":   {"a\n\nb", "a\n\nnew\n\nb", "= a\n= \n+ new\n+ \n= b"},
		"order":           {"first of all\nsecond of all", "new\nfirst of them all\nsecond of all", "+ new\n~ first of [+them +]all\n= second of all"},
		"far from change": {"1\n2\n3\n4\n5\n6\n7\n8\nx", "1\n2\n3\n4\n5\n6\n7\n8\ny", "… 6\n= 7\n= 8\n- x\n+ y"},
		"in the middle":   {"x\n1\n2\n3\n4\n5\n6\nx", "y\n1\n2\n3\n4\n5\n6\ny", "- x\n+ y\n= 1\n= 2\n… 2\n= 5\n= 6\n- x\n+ y"},
		"one left out":    {"x\n1\n2\n3\n4\n5\nx", "y\n1\n2\n3\n4\n5\ny", "- x\n+ y\n= 1\n= 2\n= 3\n= 4\n= 5\n- x\n+ y"},
	} {
		if got := told(Compare(c.old, c.now)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// sides puts both texts together again from their comparison.
func sides(rows []DiffRow) (old, now string, err error) {
	oldLine, nowLine := 0, 0
	for _, r := range rows {
		var a, b string
		for _, p := range r.Parts {
			if p.Kind != DiffAdded {
				a += p.Text
			}
			if p.Kind != DiffRemoved {
				b += p.Text
			}
		}
		if r.Old > 0 {
			oldLine, old = oldLine+1, old+a+"\n"
		}
		if r.New > 0 {
			nowLine, now = nowLine+1, now+b+"\n"
		}
		if r.Old > 0 && r.Old != oldLine || r.New > 0 && r.New != nowLine || r.Old == 0 && r.New == 0 {
			return "", "", fmt.Errorf("line %d|%d is out of order", r.Old, r.New)
		}
	}
	return old, now, nil
}

func FuzzCompare(f *testing.F) {
	f.Add("a b c\n\nd", "a x c\nd\ne")
	f.Add(shipped, strings.ReplaceAll(shipped, "may", "can"))
	f.Add("\xff \xfe\n", "\xff\n\n")
	f.Fuzz(func(t *testing.T, old, now string) {
		gotOld, gotNow, err := sides(compare(old, now))
		if err != nil {
			t.Fatal(err)
		}
		if gotOld != ended(old) || gotNow != ended(now) {
			t.Errorf("%q and %q become %q and %q", old, now, gotOld, gotNow)
		}
	})
}

func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// Texts of the largest size that have nothing in common are answered, by
// whole lines, and take no more than the table that is allowed.
func TestALargeComparisonIsCoarseAndNotWrong(t *testing.T) {
	old, now := strings.Repeat("ab\n", maxMarkdown/3), strings.Repeat("cd\n", maxMarkdown/3)
	old, now = "same\n"+old+"same too\n", "same\n"+now+"same too\n"
	rows := compare(old, now)
	gotOld, gotNow, err := sides(rows)
	if err != nil || gotOld != old || gotNow != now || rows[0].Kind != DiffSame || rows[len(rows)-1].Kind != DiffSame {
		t.Error("the lines do not add up", err)
	}
	words := strings.Repeat("a b ", maxMarkdown/4)
	rows = compare(words, strings.ReplaceAll(words, "a", "c"))
	if len(rows) != 2 || slices.ContainsFunc(rows, func(r DiffRow) bool { return r.Kind == DiffChanged }) {
		t.Errorf("%d rows of one long line", len(rows))
	}
}
