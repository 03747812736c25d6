package code_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/code"
)

func TestParseDiagnosis(t *testing.T) {
	good := map[string]code.Diagnosis{
		"E11.65": "E11.65", "e1165": "E11.65", " e11.65 ": "E11.65", "I10": "I10", "i10": "I10", "Z3A.20": "Z3A.20", "C7A1": "C7A.1",
		"S72.001A": "S72.001A", "s72001a": "S72.001A", "T36.0X1D": "T36.0X1D", "U07.1": "U07.1", "M1A.0": "M1A.0", "E11 65": "E11.65",
	}
	for text, want := range good {
		got, err := code.ParseDiagnosis(text)
		if err != nil || got != want {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
		if got.Undotted() != strings.ReplaceAll(string(want), ".", "") {
			t.Errorf("%q without dot: %q", got, got.Undotted())
		}
	}
	for _, text := range []string{
		"", "I", "I1", "I10.", ".I10", "E1.165", "E116.5", "E11.65.1", "111.65", "EE1.65", "E11.65001", "250.00", "V", "E11-65",
		"É11.65", "E11.6<", "🤕", strings.Repeat("E", 4000), "E11.6\x00",
	} {
		if got, err := code.ParseDiagnosis(text); !errors.Is(err, code.ErrDiagnosis) || got != "" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

func TestParseProcedure(t *testing.T) {
	tests := []struct {
		text string
		want code.Procedure
		err  error
	}{
		{"E0601", code.Procedure{System: code.HCPCS, Code: "E0601"}, nil},
		{" e0601", code.Procedure{System: code.HCPCS, Code: "E0601"}, nil},
		{"G0154", code.Procedure{System: code.HCPCS, Code: "G0154"}, nil},
		{"V5299", code.Procedure{System: code.HCPCS, Code: "V5299"}, nil},
		{"12345", code.Procedure{System: code.CPT, Code: "12345"}, nil},
		{"0001t", code.Procedure{System: code.CPT, Code: "0001T"}, nil},
		{"1234F", code.Procedure{System: code.CPT, Code: "1234F"}, nil},
		{"D1234", code.Procedure{}, code.ErrDental},
		{"d1234", code.Procedure{}, code.ErrDental},
		{"W1234", code.Procedure{}, code.ErrProcedure},
		{"", code.Procedure{}, code.ErrProcedure},
		{"1234", code.Procedure{}, code.ErrProcedure},
		{"123456", code.Procedure{}, code.ErrProcedure},
		{"E060", code.Procedure{}, code.ErrProcedure},
		{"EO601", code.Procedure{}, code.ErrProcedure}, // the letter O
		{"E06O1", code.Procedure{}, code.ErrProcedure},
		{"E0601-RR", code.Procedure{}, code.ErrWithSuffix},
		{"E0601,RR", code.Procedure{}, code.ErrWithSuffix},
		{"0JH60DZ", code.Procedure{}, code.ErrProcedure}, // an inpatient code, not one of ours
		{"1234é", code.Procedure{}, code.ErrProcedure},
		{"<i>12", code.Procedure{}, code.ErrProcedure},
		{strings.Repeat("1", 4000), code.Procedure{}, code.ErrProcedure},
	}
	for _, tt := range tests {
		got, err := code.ParseProcedure(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: %v %v, want %v %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestParseModifiers(t *testing.T) {
	tests := []struct {
		text string
		want []code.Modifier
		err  error
	}{
		{"", nil, nil}, {"  ", nil, nil}, {",", nil, nil},
		{"rt", []code.Modifier{"RT"}, nil},
		{"RT, 59", []code.Modifier{"RT", "59"}, nil},
		{"rt-59/gt;x1", []code.Modifier{"RT", "59", "GT", "X1"}, nil},
		{"RT 59 GT X1 X2", nil, code.ErrModifiers},
		{"RT rt", nil, code.ErrModifierTwo},
		{"R", nil, code.ErrModifier}, {"RT59", nil, code.ErrModifier}, {"R!", nil, code.ErrModifier}, {"é", nil, code.ErrModifier},
		{strings.Repeat("RT ", 1000), nil, code.ErrModifiers},
	}
	for _, tt := range tests {
		got, err := code.ParseModifiers(tt.text)
		if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%q: %v %v, want %v %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]code.Place{"11": "11", " 2": "02", "02": "02", "99": "99", "66": "66", "27": "27"} {
		got, err := code.ParsePlace(text)
		if err != nil || got != want || got.Words() == "" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"": code.ErrPlaceShape, "111": code.ErrPlaceShape, "1A": code.ErrPlaceShape, "office": code.ErrPlaceShape,
		"00": code.ErrPlace, "98": code.ErrPlace, "28": code.ErrPlace, "70": code.ErrPlace, "0": code.ErrPlace,
	} {
		if got, err := code.ParsePlace(text); !errors.Is(err, want) {
			t.Errorf("%q: %q %v, want %v", text, got, err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	places := code.Places()
	if !slices.IsSorted(places) || len(places) != 52 {
		t.Errorf("%d places", len(places))
	}
	words := map[string]bool{}
	for _, p := range places {
		if words[p.Words()] {
			t.Errorf("%s has the words of another", p)
		}
		words[p.Words()] = true
	}
}

func TestParseTaxonomyAndRevenue(t *testing.T) {
	for text, want := range map[string]string{"207R00000X": "207R00000X", "101ya0400x": "101YA0400X", "3336C0003X": "3336C0003X"} {
		if got, err := code.ParseTaxonomy(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"", "207R00000", "207R00000Y", "R07R00000X", "207R00000XX", "207R-0000X"} {
		if got, err := code.ParseTaxonomy(text); !errors.Is(err, code.ErrTaxonomy) {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"0120": "0120", "120": "0120", " 0510 ": "0510"} {
		if got, err := code.ParseRevenue(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"", "12", "0000", "000", "01200", "01A0"} {
		if got, err := code.ParseRevenue(text); !errors.Is(err, code.ErrRevenue) {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

// What a parser gives, it takes back unchanged.
func FuzzShapes(f *testing.F) {
	for _, seed := range []string{"E11.65", "e1165", "E0601", "0001T", "RT", "11", "207R00000X", "0120", "1234567893", "12-3456789", "\u202eI10", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		same := func(name, got string, err error, again func(string) (string, error)) {
			t.Helper()
			if err != nil {
				if got != "" {
					t.Errorf("%s: a code beside an error", name)
				}
				return
			}
			if back, err := again(got); err != nil || back != got {
				t.Errorf("%s: %q reads back as %q, %v", name, got, back, err)
			}
		}
		parsers := map[string]func(string) (string, error){
			"diagnosis": func(s string) (string, error) { v, err := code.ParseDiagnosis(s); return string(v), err },
			"procedure": func(s string) (string, error) { v, err := code.ParseProcedure(s); return v.Code, err },
			"modifier":  func(s string) (string, error) { v, err := code.ParseModifier(s); return string(v), err },
			"place":     func(s string) (string, error) { v, err := code.ParsePlace(s); return string(v), err },
			"npi":       func(s string) (string, error) { v, err := code.ParseNPI(s); return string(v), err },
			"tin":       func(s string) (string, error) { v, err := code.ParseTIN(s); return string(v), err },
			"taxonomy":  code.ParseTaxonomy,
			"revenue":   code.ParseRevenue,
		}
		for name, parse := range parsers {
			got, err := parse(text)
			same(name, got, err, parse)
		}
		if ms, err := code.ParseModifiers(text); err == nil && len(ms) > code.MaxModifiers {
			t.Errorf("%d modifiers", len(ms))
		}
	})
}
