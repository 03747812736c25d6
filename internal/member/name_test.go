package member_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hsconnect/internal/member"
)

// TestNamesAsPeopleSpellThem holds what is one name and what is another (K-18).
func TestNamesAsPeopleSpellThem(t *testing.T) {
	type name struct{ last, first string }
	lopez := member.Member{First: "José", Middle: "Ramón", Last: "García López"}
	brien := member.Member{First: "Mary-Ann", Last: "O'Brien", Suffix: "III"}
	cruz := member.Member{First: "Ana", Last: "Pérez de la Cruz"}
	muller := member.Member{First: "Jürgen", Last: "Müller"}
	mueller := member.Member{First: "Ann", Last: "MUELLER"}
	plain := member.Member{First: "Ann", Last: "Muller"}
	cases := []struct {
		m    member.Member
		same []name
		not  []name
	}{
		{lopez, []name{
			{"garcia lopez", ""}, {"López García", ""}, {"GARCIA-LOPEZ", "jose"}, {"lopez-garcia", "José Ramón"}, {"GarciaLopez", ""},
			{"Garcia Lopez, Jose", ""}, {"Lopez Garcia, Jose Ramon", ""}, {"Garcia Lopez, Jr., Jose", ""}, {"jose", "garcia lopez"}, {"Jose Ramon", "Lopez Garcia"},
			{"Jose Garcia Lopez", ""}, {"garcia lopez jose", ""}, {"Jose Ramon Garcia Lopez", ""}, {"", "Garcia Lopez, Jose"}, {"Garcia; Lopez", "jose"},
		}, []name{
			{"garcia", ""}, {"lopez", ""}, {"garcia lopez", "jos"}, {"garcia lopez", "pepe"}, {"garcia lope", ""}, {"garcia lopez", "ramon"}, {"arcia lopez", ""},
			{"garcia lopez perez", ""}, {"garcia lopez", "ramon jose"}, {"Garcia, Jose", ""}, {"garcia", "jose"}, {"garcia lopez", "j"}, {"garcia lopez", "jose r"},
		}},
		{brien, []name{
			{"OBrien", ""}, {"o brien", "Mary Ann"}, {"O’BRIEN III", "maryann"}, {"O'Brien, III", ""}, {"O'Brien, III, Mary Ann", ""}, {"Brien O", ""},
		}, []name{{"Brien", ""}, {"O", ""}, {"OBrien", "Mary"}, {"OBrien", "Ann Mary"}, {"III", "OBrien"}}},
		{cruz, []name{{"perez de la cruz", ""}, {"De La Cruz Perez", "ana"}, {"delacruz perez", ""}}, []name{{"de la cruz", "ana"}, {"perez", ""}, {"cruz de la perez", ""}}},
		{muller, []name{{"Müller", "Jürgen"}, {"Mueller", "Juergen"}, {"muller", "jurgen"}, {"MU\u0308LLER", ""}}, []name{{"Mueler", ""}, {"Mller", ""}, {"Müllerin", ""}}},
		{mueller, []name{{"Mueller", ""}, {"Müller", "ann"}}, []name{{"Muller", ""}}},
		{plain, []name{{"Muller", ""}, {"Müller", ""}}, []name{{"Mueller", ""}}},
	}
	for _, c := range cases {
		for _, n := range c.same {
			k := member.Key{Last: n.last, First: n.first}
			if !member.Fits(k, c.m) {
				t.Errorf("%s does not fit %q %q", c.m.Last, n.last, n.first)
			}
			if !slices.Contains(member.Keys(k), member.Fold(c.m.Last)) {
				t.Errorf("%s is not looked for under %q %q: %q", c.m.Last, n.last, n.first, member.Keys(k))
			}
		}
		for _, n := range c.not {
			if member.Fits(member.Key{Last: n.last, First: n.first}, c.m) {
				t.Errorf("%s fits %q %q", c.m.Last, n.last, n.first)
			}
		}
	}
	if got := member.Keys(member.Key{Last: strings.Repeat("ae ", 300)}); len(got) > 20 {
		t.Errorf("an endless name is looked for under %d keys", len(got))
	}
}

func TestNameProperties(t *testing.T) {
	word := rapid.StringMatching(`[B-DF-HJ-NP-TV-Z][aeiou][b-df-hj-np-tw-z]{1,6}`) // none is a suffix
	rapid.Check(t, func(t *rapid.T) {
		last, first := rapid.SliceOfN(word, 1, 4).Draw(t, "last"), rapid.SliceOfN(word, 1, 3).Draw(t, "first")
		m := member.Member{Last: strings.Join(last, "-"), First: strings.Join(first, " ")}
		turn := rapid.IntRange(0, len(last)-1).Draw(t, "turn")
		turned := strings.ToUpper(strings.Join(append(slices.Clone(last[turn:]), last[:turn]...), " "))
		found := func(k member.Key) bool {
			return member.Fits(k, m) && slices.Contains(member.Keys(k), member.Fold(m.Last))
		}
		for _, k := range []member.Key{
			{Last: turned}, {Last: turned, First: m.First}, {Last: m.First, First: turned}, {Last: turned + ", " + m.First}, {Last: m.First + " " + turned},
		} {
			if !found(k) {
				t.Fatalf("%q %q does not find %q %q", k.Last, k.First, m.Last, m.First)
			}
		}
		// Less than the whole never fits, and more does not either.
		folded := member.Fold(m.Last)
		cut := rapid.IntRange(1, len(folded)-1).Draw(t, "cut")
		for _, part := range []string{folded[:cut], folded[cut:], folded + "x", "x" + folded} {
			if member.Fits(member.Key{Last: part}, m) && member.Fold(part) != folded && !turnOf(part, last) && !whole(part, m) {
				t.Fatalf("%q fits %q", part, m.Last)
			}
		}
		if len(last) > 1 && member.Fits(member.Key{Last: strings.Join(last[1:], " "), First: m.First}, m) && member.Fold(last[0]) != "" && !turnOf(member.Fold(strings.Join(last[1:], "")), last) {
			t.Fatalf("%q without its first word fits", m.Last)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		k := member.Key{Last: rapid.String().Draw(t, "last"), First: rapid.String().Draw(t, "first")}
		member.Keys(k)
		member.Fits(k, member.Member{Last: k.First, First: k.Last, Middle: k.First})
	})
}

// turnOf reports whether a text is one of the orders of the words of a name,
// and whole whether it is first and last name run together.
func turnOf(text string, words []string) bool {
	for i := range words {
		if strings.ToLower(strings.Join(words[i:], "")+strings.Join(words[:i], "")) == text {
			return true
		}
	}
	return false
}

func whole(text string, m member.Member) bool {
	return text == member.Fold(m.First+m.Last) || text == member.Fold(m.Last+m.First)
}
