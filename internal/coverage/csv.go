package coverage

import (
	"errors"
	"io"
	"strings"

	"hsconnect/internal/civil"
)

// Columns of a CSV file of members, in the order of the documentation. In a
// file the order is free; those of needed must be there.
func csvColumns() []string {
	return []string{
		"member_number", "subscriber_number", "relationship", "last", "first", "middle", "suffix", "birth", "gender",
		"street", "city", "state", "zip", "phone", "language", "plan", "group", "from", "to", "pcp_npi", "pcp_from", "medicare_number",
	}
}

func csvNeeded() []string { return []string{"member_number", "last", "first", "birth", "plan", "from"} }

// CSV reads members from a table: a first line that names the columns, then a
// member a row, in UTF-8. See docs/import.md.
func CSV(r io.Reader, emit func(Enrollment) error) error {
	rows, err := ReadRows(r, csvColumns(), csvNeeded())
	if err != nil {
		return err
	}
	for {
		line, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e := Enrollment{At: Place{Line: line}, Change: Add}
		if rows.Fits(cells) {
			e.fromCSV(func(column string) string { return rows.Cell(cells, column) })
		} else {
			e.problem(WrongWidth)
		}
		err = emit(e)
		if err != nil {
			return err
		}
	}
}

func (e *Enrollment) problem(reason string) {
	e.Problems = append(e.Problems, Refusal{Where: e.At.String(), Reason: reason})
}

func (e *Enrollment) fromCSV(cell func(column string) string) {
	e.Number, e.Subscriber = cell("member_number"), cell("subscriber_number")
	e.Last, e.First, e.Middle, e.Suffix = cell("last"), cell("first"), cell("middle"), cell("suffix")
	e.Street, e.City, e.State, e.Zip = cell("street"), cell("city"), cell("state"), cell("zip")
	e.Phone, e.Language, e.Group, e.PCP = cell("phone"), cell("language"), cell("group"), cell("pcp_npi")
	e.Medicare = cell("medicare_number")
	var ok bool
	e.Relationship, ok = relationship(cell("relationship"))
	if !ok {
		e.problem("relationship: write self, spouse, child or other")
	}
	e.Gender, ok = gender(cell("gender"))
	if !ok {
		e.problem("gender: write female, male or other, or leave it empty")
	}
	day := func(column string) civil.Date {
		text := cell(column)
		if text == "" {
			return civil.Date{}
		}
		d, err := civil.Parse(text)
		if err != nil {
			e.problem(column + ": " + err.Error())
		}
		return d
	}
	e.Birth = day("birth")
	from, to, plan := day("from"), day("to"), cell("plan")
	e.PCPFrom = day("pcp_from")
	if e.PCP == "" && !e.PCPFrom.IsZero() {
		e.problem("pcp_from: names no provider: send pcp_npi beside it")
	}
	if e.Number == "" {
		e.problem("member_number: is missing")
	}
	if plan != "" || !from.IsZero() || !to.IsZero() {
		e.Spans = []Statement{{At: e.At, Change: Add, Line: Medical, Plan: plan, From: from, To: to}}
	}
}

func relationship(text string) (string, bool) {
	switch strings.ToLower(text) {
	case "", "self", "spouse", "child", "other":
		return strings.ToLower(text), true
	case "subscriber":
		return "self", true
	case "dependent":
		return "other", true
	}
	return "", false
}

func gender(text string) (string, bool) {
	switch strings.ToLower(text) {
	case "", "u", "unknown":
		return "", true
	case "f", "female":
		return "female", true
	case "m", "male":
		return "male", true
	case "x", "o", "other":
		return "other", true
	}
	return "", false
}
