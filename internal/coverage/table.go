package coverage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
)

// table is a kind of file, CSV or NDJSON: the columns it may have, and those
// that CSV must.
type table struct {
	columns []string
	needed  []string
}

// each reads a file whose first line names its columns, in any order, or that
// has an object a line, and hands on each row with its line. Cells have no blanks around them and hold
// nothing that is unfit; a row that has is handed on with the reason alone.
// The error is an *Unreadable for a file of which no row can be trusted.
func (t table) each(ctx context.Context, r io.Reader, row func(line int, cell func(column string) string, reason string) error) error {
	first := bufio.NewReader(r)
	if objects(first) {
		return t.eachObject(ctx, first, row)
	}
	rows, err := ReadRows(first, t.columns, t.needed)
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
	return stopped(ctx)
}

func stopped(ctx context.Context) error {
	return fault.Wrap(fault.Unavailable, ctx.Err(), "The import was stopped. Nothing was loaded")
}

// objects reports whether a file begins like NDJSON. It takes nothing of it.
func objects(r *bufio.Reader) bool {
	const looked = 64 // blanks may stand before
	head, _ := r.Peek(looked)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(head, []byte("{"))
}

// eachObject is each for NDJSON: a column that an object leaves out is empty.
func (t table) eachObject(ctx context.Context, r io.Reader, row func(line int, cell func(column string) string, reason string) error) error {
	err := intake.Objects(r, func(o intake.Object) error {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		reason := o.Reason
		for name := range o.Values {
			if reason == "" && !slices.Contains(t.columns, name) {
				reason = "holds " + quoted(name) + ", which is none of " + strings.Join(t.columns, ", ")
			}
		}
		cell := func(column string) string { return tidy(o.Values[column]) }
		if reason == "" {
			reason = t.unfit(cell)
		}
		return row(o.Line, cell, reason)
	})
	if errors.Is(err, intake.ErrLongLine) {
		return &Unreadable{Refusal{Place{}.String(), "a line is longer than 64 KB: write one object a line"}}
	}
	return err
}

func (t table) unfit(cell func(column string) string) string {
	for _, column := range t.columns {
		if reason := Unfit(cell(column)); reason != "" {
			return column + ": " + reason
		}
	}
	return ""
}
