package coverage

import (
	"context"
	"errors"
	"io"

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
	rows, err := ReadRows(r, t.columns, t.needed)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		line, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		cell := func(column string) string { return tidy(rows.Cell(cells, column)) }
		reason := WrongWidth
		if rows.Fits(cells) {
			reason = t.unfit(cell)
		}
		err = row(line, cell, reason)
		if err != nil {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, ctx.Err(), "The import was stopped. Nothing was loaded")
}

func (t table) unfit(cell func(column string) string) string {
	for _, column := range t.columns {
		if reason := Unfit(cell(column)); reason != "" {
			return column + ": " + reason
		}
	}
	return ""
}
