package coverage

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"hsconnect/internal/intake"
)

// ndjsonNames are other names that files of members in NDJSON use, and the
// columns that they stand for.
func ndjsonNames() map[string]string {
	return map[string]string{
		"member_id": "member_number", "subscriber_id": "subscriber_number", "rel": "relationship", "family": "last", "given": "first",
		"dob": "birth", "effective": "from", "term": "to",
	}
}

// NDJSON reads members from a file of JSON objects, one a line, with the names
// of the columns of CSV. It is a Feed. See docs/import.md.
func NDJSON(r io.Reader, emit func(Enrollment) error) error {
	none := true
	err := intake.Objects(r, func(o intake.Object) error {
		none = false
		e := Enrollment{At: Place{Line: o.Line}, Change: Add}
		row, reason := columns(o)
		if reason == "" {
			e.fromCSV(func(column string) string { return strings.TrimSpace(row[column]) })
		} else {
			e.problem(reason)
		}
		return emit(e)
	})
	if errors.Is(err, intake.ErrLongLine) {
		return &Unreadable{Refusal{"the file", "a line is longer than 64 KB: write one object a line"}}
	}
	if err == nil && none {
		return &Unreadable{Refusal{Place{}.String(), "The file is empty"}}
	}
	return err
}

// columns gives the values of an object by column, or says what is wrong.
func columns(o intake.Object) (map[string]string, string) {
	if o.Reason != "" {
		return nil, o.Reason
	}
	row := make(map[string]string, len(o.Values))
	for name, value := range o.Values {
		column := name
		if c, ok := ndjsonNames()[name]; ok {
			column = c
		}
		if !slices.Contains(csvColumns(), column) {
			return nil, "holds " + quoted(name) + ", which is none of " + strings.Join(csvColumns(), ", ")
		}
		if _, twice := row[column]; twice {
			return nil, "states " + column + " twice, under two names"
		}
		switch name {
		case "rel":
			value = relationshipCode(value)
		case "effective", "term":
			value = hyphens(value)
		}
		row[column] = value
	}
	return row, ""
}

var aName = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)

// quoted gives a name out of a file as it may be shown: nothing that could be
// a fact about somebody.
func quoted(name string) string {
	if aName.MatchString(name) {
		return `"` + name + `"`
	}
	return "a name"
}

// relationshipCode gives the word for the individual relationship codes of
// X12, which such files carry as "rel".
func relationshipCode(text string) string {
	switch {
	case text == "18":
		return "self"
	case text == "01":
		return "spouse"
	case text == "19":
		return "child"
	case len(text) == 2 && strings.Trim(text, "0123456789") == "":
		return "other"
	}
	return text
}

// hyphens writes a day of eight digits as the other days are written.
func hyphens(text string) string {
	if len(text) == 8 && strings.Trim(text, "0123456789") == "" {
		return text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	return text
}
