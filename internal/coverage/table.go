package coverage

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"hsconnect/internal/fault"
)

// table is a kind of CSV file: the columns it may have, and those it must.
type table struct {
	columns []string
	needed  []string
}

// each reads a file whose first line names its columns, in any order, and
// hands on each row with its line. Cells have no blanks around them and hold
// nothing that is unfit; a row that has is handed on with the reason alone.
// The error is an *Unreadable for a file of which no row can be trusted.
func (t table) each(ctx context.Context, r io.Reader, row func(line int, cell func(column string) string, reason string) error) error {
	b := &budget{r: r, left: maxLine}
	in := csv.NewReader(bufio.NewReader(b))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return csvError(err, "The file is empty, or its first line cannot be read as CSV")
	}
	at, reason := t.header(head)
	if reason != "" {
		return &Unreadable{Refusal{Place{Line: 1}.String(), reason}}
	}
	width := len(head)
	for ctx.Err() == nil {
		b.left = maxLine
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err, "")
		}
		line, _ := in.FieldPos(0)
		cell := func(column string) string {
			i, ok := at[column]
			if !ok {
				return ""
			}
			return tidy(cells[i])
		}
		reason := "has another number of cells than the first line: put texts with a comma in quotation marks"
		if len(cells) == width {
			reason = t.unfit(cell)
		}
		err = row(line, cell, reason)
		if err != nil {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, ctx.Err(), "The import was stopped. Nothing was loaded")
}

func (t table) header(head []string) (at map[string]int, reason string) {
	at = map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		_, twice := at[name]
		switch {
		case twice:
			return nil, "the first line names a column twice"
		case !slices.Contains(t.columns, name):
			return nil, "the first line names a column that is none of " + strings.Join(t.columns, ", ") + ". Save the file as CSV in UTF-8, with commas between the cells"
		}
		at[name] = i
	}
	for _, name := range t.needed {
		if _, ok := at[name]; !ok {
			return nil, "the first line must name the columns " + strings.Join(t.needed, ", ") + "; " + name + " is missing"
		}
	}
	return at, ""
}

func (t table) unfit(cell func(column string) string) string {
	for _, column := range t.columns {
		if reason := unfit(cell(column)); reason != "" {
			return column + ": " + reason
		}
	}
	return ""
}
