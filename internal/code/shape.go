package code

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// Diagnosis is an ICD-10-CM code in its printed form: upper case, a dot after
// the third character where more follow.
type Diagnosis string

// Procedure is a procedure, supply or service as HCPCS or CPT names it.
type Procedure struct {
	System System // HCPCS or CPT
	Code   string // five characters, upper case
}

// Modifier is a two-character procedure modifier, upper case.
type Modifier string

// MaxModifiers is how many modifiers a service line carries: the 278 has
// four places for them (SV101-3 to SV101-6).
const MaxModifiers = 4

// What is wrong with a code, and what to do.
var (
	ErrDiagnosis   = errors.New("an ICD-10-CM code is a letter, two characters and up to four more after a dot, such as E11.65")
	ErrProcedure   = errors.New("a procedure code has five characters: a HCPCS code such as E0601, or a CPT code of five digits or four digits and a letter")
	ErrWithSuffix  = errors.New("write the five-character procedure code alone: modifiers have their own field")
	ErrDental      = errors.New("dental codes that start with D are not taken here: dental requests go to the dental benefit's administrator")
	ErrModifier    = errors.New("a modifier has two letters or digits, such as RT")
	ErrModifiers   = errors.New("a service line carries at most four modifiers: take out those that are not needed")
	ErrModifierTwo = errors.New("the same modifier stands there twice: write it once")
	ErrTaxonomy    = errors.New("a taxonomy code has ten characters, starts with three digits and ends in X")
	ErrRevenue     = errors.New("a revenue code has four digits, such as 0120")
)

// ParseDiagnosis reads an ICD-10-CM code with or without its dot. It tells
// the shape only; a Set tells whether the code exists. The error is
// ErrDiagnosis.
func ParseDiagnosis(text string) (Diagnosis, error) {
	head, tail, dotted := strings.Cut(bare(text), ".")
	if !dotted && len(head) > 3 {
		head, tail = head[:3], head[3:]
	}
	if len(head) != 3 || len(tail) > 4 || (dotted && tail == "") {
		return "", ErrDiagnosis
	}
	if !isLetter(head[0]) || !isDigit(head[1]) || !isAlnum(head[2]) || !all(tail, isAlnum) {
		return "", ErrDiagnosis
	}
	if tail == "" {
		return Diagnosis(head), nil
	}
	return Diagnosis(head + "." + tail), nil
}

// Undotted gives the form of X12, where the dot is never sent.
func (d Diagnosis) Undotted() string { return strings.ReplaceAll(string(d), ".", "") }

// ParseProcedure reads a HCPCS Level II code (a letter and four digits) or a
// CPT code (five digits, or four digits and a letter) and says which it is.
// The error is ErrProcedure, ErrDental, or ErrWithSuffix when something
// follows a good code.
func ParseProcedure(text string) (Procedure, error) {
	typed := bare(text)
	if len(typed) > 5 {
		if _, err := procedure(typed[:5]); err == nil && !isAlnum(typed[5]) {
			return Procedure{}, ErrWithSuffix
		}
		return Procedure{}, ErrProcedure
	}
	return procedure(typed)
}

func procedure(typed string) (Procedure, error) {
	if len(typed) != 5 {
		return Procedure{}, ErrProcedure
	}
	first, last := typed[0], typed[4]
	switch {
	case isLetter(first) && all(typed[1:], isDigit):
		if first == 'D' {
			return Procedure{}, ErrDental
		}
		if first > 'V' {
			return Procedure{}, ErrProcedure // W to Z were local codes and are no more
		}
		return Procedure{System: HCPCS, Code: typed}, nil
	case all(typed[:4], isDigit) && isAlnum(last):
		return Procedure{System: CPT, Code: typed}, nil
	}
	return Procedure{}, ErrProcedure
}

// ParseModifier reads one modifier. The error is ErrModifier.
func ParseModifier(text string) (Modifier, error) {
	typed := bare(text)
	if len(typed) != 2 || !all(typed, isAlnum) {
		return "", ErrModifier
	}
	return Modifier(typed), nil
}

// ParseModifiers reads the one field in which people type them all, with
// blanks, commas or hyphens between: "RT, 59". No text is no modifiers. The
// error is ErrModifier, ErrModifiers or ErrModifierTwo.
func ParseModifiers(text string) ([]Modifier, error) {
	if len(text) > maxTyped {
		return nil, ErrModifiers
	}
	var found []Modifier
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune(",;/", r)
	}) {
		m, err := ParseModifier(part)
		if err != nil {
			return nil, err
		}
		if slices.Contains(found, m) {
			return nil, ErrModifierTwo
		}
		if len(found) == MaxModifiers {
			return nil, ErrModifiers
		}
		found = append(found, m)
	}
	return found, nil
}

// ParseTaxonomy reads a provider taxonomy code. The error is ErrTaxonomy.
func ParseTaxonomy(text string) (string, error) {
	typed := bare(text)
	if len(typed) != 10 || !all(typed[:3], isDigit) || !all(typed, isAlnum) || typed[9] != 'X' {
		return "", ErrTaxonomy
	}
	return typed, nil
}

// ParseRevenue reads a revenue code; a spreadsheet's lost leading zero is put
// back. The error is ErrRevenue.
func ParseRevenue(text string) (string, error) {
	typed := bare(text)
	if len(typed) == 3 {
		typed = "0" + typed
	}
	if len(typed) != 4 || !all(typed, isDigit) || typed == "0000" {
		return "", ErrRevenue
	}
	return typed, nil
}
