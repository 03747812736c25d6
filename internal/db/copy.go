package db

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// copyParams is about how many values one statement of SQLite carries.
const copyParams = 1000

func (reading) copy(context.Context, string, []string, [][]any) error {
	return errors.New("db: this transaction only reads")
}

// copy is PostgreSQL's own bulk copy, after whatever was put off.
func (w *writing) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	err := w.flush(ctx)
	if err != nil {
		return err
	}
	return w.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return errors.New("db: the connection is not pgx's")
		}
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	})
}

// copy inserts in statements of a few sizes, which stay prepared.
func (s *session) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	most := max(copyParams/len(columns), 1)
	head := "insert into " + table + " (" + strings.Join(columns, ", ") + ") values "
	for len(rows) > 0 {
		n := 1
		switch {
		case len(rows) >= most:
			n = most
		case len(rows) >= 10 && most >= 10:
			n = 10
		}
		args := make([]any, 0, n*len(columns))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		_, err := s.exec(ctx, head+groups(n, len(columns)), args)
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// groups gives n groups of placeholders, numbered through.
func groups(n, width int) string {
	var b strings.Builder
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%width == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
