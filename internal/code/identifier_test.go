package code_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hsconnect/internal/code"
)

func TestParseNPI(t *testing.T) {
	tests := []struct {
		text string
		want code.NPI
		err  error
	}{
		{"1234567893", "1234567893", nil}, // T-10
		{"1234567890", "", code.ErrNPICheck},
		{"1245319599", "1245319599", nil},
		{" 1234 567 893 ", "1234567893", nil}, {"1234-567-893", "1234567893", nil}, {"1234567893\u200e", "1234567893", nil},
		{"1234567983", "", code.ErrNPICheck}, {"1243567893", "", code.ErrNPICheck},
		{"", "", code.ErrNPIShape}, {"123456789", "", code.ErrNPIShape}, {"12345678933", "", code.ErrNPIShape},
		{"3234567893", "", code.ErrNPIShape}, {"0234567893", "", code.ErrNPIShape}, {"12345678A3", "", code.ErrNPIShape},
		{"１２３４５６７８９３", "", code.ErrNPIShape}, {strings.Repeat("1", 5000), "", code.ErrNPIShape},
	}
	for _, tt := range tests {
		got, err := code.ParseNPI(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: %q %v, want %q %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

// Nine digits have exactly one check digit, and no other digit in any one
// place passes in its stead.
func TestNPICheckDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head := fmt.Sprintf("%d%08d", rapid.IntRange(1, 2).Draw(t, "first"), rapid.IntRange(0, 99999999).Draw(t, "rest"))
		var good []string
		for d := range 10 {
			if n, err := code.ParseNPI(fmt.Sprintf("%s%d", head, d)); err == nil {
				good = append(good, string(n))
			}
		}
		if len(good) != 1 {
			t.Fatalf("%s has %d check digits", head, len(good))
		}
		i, d := rapid.IntRange(1, 9).Draw(t, "place"), byte('0'+rapid.IntRange(0, 9).Draw(t, "digit"))
		if good[0][i] == d {
			return
		}
		if _, err := code.ParseNPI(good[0][:i] + string(d) + good[0][i+1:]); !errors.Is(err, code.ErrNPICheck) {
			t.Fatalf("%s with %c at %d: %v", good[0], d, i, err)
		}
	})
}

func TestParseTIN(t *testing.T) {
	for _, text := range []string{"12-3456789", "123456789", " 12 3456789", "123-45-6789", "12–3456789"} {
		got, err := code.ParseTIN(text)
		if err != nil || got != "123456789" || got.Hyphened() != "12-3456789" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"", "12-345678", "1234567890", "000000000", "99-9999999", "12-34567A9", "12/3456789"} {
		if got, err := code.ParseTIN(text); !errors.Is(err, code.ErrTIN) {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

func TestSystems(t *testing.T) {
	uris := map[string]bool{}
	for _, s := range code.Systems() {
		if s.URI() == "" || s.Name() == "unknown" || uris[s.URI()] {
			t.Errorf("%s: address %q, name %q", s, s.URI(), s.Name())
		}
		uris[s.URI()] = true
		byPlace := s == code.Revenue || s == code.AdjustmentReason || s == code.ClaimCategory || s == code.ClaimStatus
		if s.Qualifier() == "" && !byPlace {
			t.Errorf("%s has no qualifier", s)
		}
		for _, text := range []string{string(s), strings.ToUpper(string(s)), s.URI(), " " + string(s)} {
			if got, ok := code.SystemOf(text); !ok || got != s {
				t.Errorf("%q: %q", text, got)
			}
		}
	}
	if s, ok := code.SystemOf("https://bluebutton.cms.gov/resources/codesystem/hcpcs"); !ok || s != code.HCPCS {
		t.Error(s)
	}
	for _, text := range []string{"", "icd-9", "http://example.org"} {
		if s, ok := code.SystemOf(text); ok {
			t.Errorf("%q is %s", text, s)
		}
	}
	if s := code.System("icd-9"); s.URI() != "" || s.Name() != "unknown" || s.Qualifier() != "" {
		t.Error("a system that is none has an address")
	}
}
