package claim

import (
	"errors"
	"io"
	"slices"
	"strings"

	"hsconnect/internal/coverage"
	"hsconnect/internal/intake"
)

// NDJSON reads claims from a file of JSON objects, one a line, with the names
// and the rules of the columns of CSV: an object a claim, or an object for
// each line of a claim. It is a Feed. See docs/import.md.
func NDJSON(r io.Reader, emit func(Statement) error) error {
	names := columns()
	at := make(map[string]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	cell := func(cells []string, column string) string { return strings.TrimSpace(cells[at[column]]) }
	t := &table{fits: func([]string) bool { return true }, cellOf: cell, emit: emit, payments: map[Payment]*Payment{}}
	none := true
	err := intake.Objects(r, func(o intake.Object) error {
		none = false
		cells, reason := cellsOf(o, at)
		if reason == "" {
			return t.row(o.Line, cells)
		}
		err := t.flush()
		if err != nil {
			return err
		}
		s := Statement{At: coverage.Place{Line: o.Line}}
		s.problem(s.At, reason)
		return emit(s)
	})
	switch {
	case errors.Is(err, intake.ErrLongLine):
		return &coverage.Unreadable{Refusal: coverage.Refusal{Where: "the file", Reason: "a line is longer than 64 KB: write one object a line"}}
	case err != nil:
		return err
	case none:
		return &coverage.Unreadable{Refusal: coverage.Refusal{Where: coverage.Place{}.String(), Reason: "The file is empty"}}
	}
	return t.flush()
}

// cellsOf gives the values of an object in the order of the columns, or says
// what is wrong. It repeats no name that is none of ours: it could be a fact
// about somebody.
func cellsOf(o intake.Object, at map[string]int) (cells []string, reason string) {
	if o.Reason != "" {
		return nil, o.Reason
	}
	cells = make([]string, len(at))
	for name, value := range o.Values {
		i, ok := at[name]
		if !ok {
			return nil, "holds a name that is none of " + strings.Join(columns(), ", ")
		}
		cells[i] = value
	}
	for _, name := range needed() {
		if !slices.Contains(mayBeEmpty(), name) && strings.TrimSpace(cells[at[name]]) == "" && strings.TrimSpace(cells[at["line"]]) == "" {
			return nil, "lacks " + name
		}
	}
	return cells, ""
}

// mayBeEmpty are the needed columns of which another can take the place.
func mayBeEmpty() []string { return []string{"billing_npi"} }
