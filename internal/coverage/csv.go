package coverage

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"hsconnect/internal/civil"
)

// maxLine bounds one row of a CSV file, in bytes, so that a quotation mark
// that is never closed does not take the whole file for one cell.
const maxLine = 64 << 10

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
	b := &budget{r: r}
	in := csv.NewReader(bufio.NewReader(b))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	b.left = maxLine
	head, err := in.Read()
	if err != nil {
		return csvError(err, "The file is empty, or its first line cannot be read as CSV")
	}
	at, reason := header(head)
	if reason != "" {
		return &Unreadable{Refusal{Place{Line: 1}.String(), reason}}
	}
	width := len(head)
	for {
		b.left = maxLine
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err, "")
		}
		line, _ := in.FieldPos(0)
		e := Enrollment{At: Place{Line: line}, Change: Add}
		if len(fields) == width {
			e.fromCSV(func(column string) string {
				i, ok := at[column]
				if !ok {
					return ""
				}
				return strings.TrimSpace(fields[i])
			})
		} else {
			e.problem("has another number of cells than the first line: put texts with a comma in quotation marks")
		}
		err = emit(e)
		if err != nil {
			return err
		}
	}
}

// header finds the columns, or says what is wrong with the first line.
func header(head []string) (at map[string]int, reason string) {
	at = map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		_, twice := at[name]
		switch {
		case twice:
			return nil, "the first line names a column twice"
		case !slices.Contains(csvColumns(), name):
			return nil, "the first line names a column that is none of " + strings.Join(csvColumns(), ", ") + ". Save the file as CSV in UTF-8, with commas between the cells"
		}
		at[name] = i
	}
	for _, name := range csvNeeded() {
		if _, ok := at[name]; !ok {
			return nil, "the first line must name the columns " + strings.Join(csvNeeded(), ", ") + "; " + name + " is missing"
		}
	}
	return at, ""
}

func csvError(err error, atStart string) error {
	if errors.Is(err, errLongLine) {
		return &Unreadable{Refusal{"the file", "a row is longer than 64 KB: a quotation mark was probably never closed"}}
	}
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		return &Unreadable{Refusal{Place{Line: broken.StartLine}.String(), "a quotation mark is wrong here or was never closed: write quotation marks inside a text twice"}}
	}
	if errors.Is(err, io.EOF) {
		return &Unreadable{Refusal{Place{}.String(), atStart}}
	}
	return err
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

var errLongLine = errors.New("coverage: a row is too long")

// budget gives errLongLine when one row asks for too much.
type budget struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongLine
	}
	if len(p) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}
