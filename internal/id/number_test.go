package id_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hsconnect/internal/id"
)

func at(year int) time.Time { return time.Date(year, 11, 23, 9, 0, 0, 0, time.UTC) }

// digitsOf gives the places of the digits of a number.
func digitsOf(n string) []int {
	var at []int
	for i := range len(n) {
		if n[i] >= '0' && n[i] <= '9' {
			at = append(at, i)
		}
	}
	return at
}

func TestNewNumberShape(t *testing.T) {
	shape := regexp.MustCompile(`^A26-\d{9}-\d$`)
	seen := map[id.Number]bool{}
	for range 1000 {
		n := id.NewNumber(at(2026))
		if !shape.MatchString(string(n)) {
			t.Fatalf("shape of %s", n)
		}
		seen[n] = true
	}
	if len(seen) < 990 {
		t.Errorf("only %d of 1000 numbers differ", len(seen))
	}
	if n := id.NewNumber(at(2105)); n[1:3] != "05" {
		t.Errorf("year of %s", n)
	}
}

// Damm's own worked example is 572 with check digit 4; leading zeros do not
// change the state, so it can be seen through a whole number.
func TestParseNumberKnownDigit(t *testing.T) {
	got, err := id.ParseNumber("A00-000000572-4")
	if err != nil || got != "A00-000000572-4" {
		t.Fatal(got, err)
	}
}

func TestParseNumberForgives(t *testing.T) {
	n := string(id.NewNumber(at(2026)))
	bare := strings.ReplaceAll(n, "-", "")
	for _, typed := range []string{
		n, bare, strings.ToLower(n), " " + n + "\t\n", strings.ReplaceAll(n, "-", " "),
		strings.ReplaceAll(n, "-", "–"), strings.ReplaceAll(n, "-", "‑"), "\u200e" + n + "\u200f",
		strings.ReplaceAll(n, "-", " - "), strings.ReplaceAll(n, "-", "\u00a0"), n[:6] + " " + n[6:],
	} {
		got, err := id.ParseNumber(typed)
		if err != nil || string(got) != n {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
}

func TestParseNumberRefuses(t *testing.T) {
	n := string(id.NewNumber(at(2026)))
	for _, typed := range []string{
		"", "A", n[1:], "B" + n[1:], n + "1", n[:len(n)-1], "A26-48291307S-6", "A26-٤٨٢٩١٣٠٧٥-6",
		"<script>alert(1)</script>", strings.Repeat(" ", 100) + n, "A26/482913075/6", "\xff\xfe" + n,
	} {
		if got, err := id.ParseNumber(typed); !errors.Is(err, id.ErrNumberShape) {
			t.Errorf("%q: %q %v, want the error of shape", typed, got, err)
		}
	}
}

func TestCheckDigitCatchesEverySingleError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := string(id.NewNumber(at(rapid.IntRange(2000, 2099).Draw(t, "year"))))
		places := digitsOf(n)
		for _, i := range places {
			for d := byte('0'); d <= '9'; d++ {
				if n[i] == d {
					continue
				}
				wrong := n[:i] + string(d) + n[i+1:]
				if _, err := id.ParseNumber(wrong); !errors.Is(err, id.ErrNumberCheck) {
					t.Fatalf("%s for %s: %v", wrong, n, err)
				}
			}
		}
	})
}

func TestCheckDigitCatchesEverySwap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := string(id.NewNumber(at(rapid.IntRange(2000, 2099).Draw(t, "year"))))
		places := digitsOf(n)
		// Neighbours across a hyphen count too, the check digit included.
		for k := range len(places) - 1 {
			i, j := places[k], places[k+1]
			if n[i] == n[j] {
				continue
			}
			b := []byte(n)
			b[i], b[j] = b[j], b[i]
			if _, err := id.ParseNumber(string(b)); !errors.Is(err, id.ErrNumberCheck) {
				t.Fatalf("%s for %s: %v", b, n, err)
			}
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"A26-482913075-6", "a264829130756", "A00-000000572-4", "", "A26–482913075–6", "\u202eA26"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := id.ParseNumber(typed)
		if err != nil {
			if n != "" {
				t.Errorf("a number beside an error: %q", n)
			}
			return
		}
		again, err := id.ParseNumber(string(n))
		if err != nil || again != n {
			t.Errorf("%q reads back as %q, %v", n, again, err)
		}
	})
}
