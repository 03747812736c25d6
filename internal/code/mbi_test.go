package code_test

import (
	"errors"
	"strings"
	"testing"

	"hsconnect/internal/code"
)

func TestParseMBI(t *testing.T) {
	// The first is the number of CMS's own sample card.
	for _, text := range []string{"1EG4-TE5-MK73", "1eg4te5mk73", " 1EG4 TE5 MK73 ", "1EG4–TE5–MK73", "9AA0AA0AA00", "1A00A00AA00"} {
		got, err := code.ParseMBI(text)
		if err != nil || len(got) != 11 || strings.ContainsAny(string(got), " -–") || strings.ToUpper(string(got)) != string(got) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "1EG4-TE5-MK7", "1EG4-TE5-MK733", "0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TL5-MK73", "1EO4-TE5-MK73", "1EG4-TE5-MKB3", "AEG4-TE5-MK73",
		"1EGA-TE5-MK73", "123456789A", "SHA20987716", "1EG4-TE5-MK7٣", "1ÉG4-TE5-MK73", strings.Repeat("1EG4TE5MK73", 20),
	} {
		got, err := code.ParseMBI(text)
		if !errors.Is(err, code.ErrMBI) || got != "" {
			t.Errorf("%q is taken for a Medicare number: %q", text, got)
		}
	}
}

func FuzzParseMBI(f *testing.F) {
	f.Add("1EG4-TE5-MK73")
	f.Add("x")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := code.ParseMBI(text)
		if err != nil {
			return
		}
		again, err := code.ParseMBI(string(got))
		if err != nil || again != got {
			t.Fatalf("what was read is not read again: %v", err)
		}
	})
}
