package db

import (
	"context"
	"database/sql"
	"time"
)

// Tx is a transaction. Now is its one time: every row it writes carries it.
// A Tx is used by one goroutine, and only inside the closure it was given to.
// Rows must be read to the end (see Collect) before the next statement.
type Tx struct {
	Now    time.Time
	ctx    context.Context //nolint:containedctx // a Tx lives exactly as long as the call that made it
	engine Engine
	run    runner
	known  map[any]any // see Once
}

// Once gives what get gave for the key earlier in the same transaction, or asks
// it now. It is for what a transaction needs again and again and does not
// change itself. The key is of a type of the caller's own.
func Once[K comparable, V any](t *Tx, key K, get func() (V, error)) (V, error) {
	if v, ok := t.known[key].(V); ok {
		return v, nil
	}
	v, err := get()
	if err != nil {
		return v, err
	}
	if t.known == nil {
		t.known = map[any]any{}
	}
	t.known[key] = v
	return v, nil
}

// runner sends statements; PostgreSQL and a session of SQLite differ.
type runner interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	later(ctx context.Context, query string, args []any) error
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	row(ctx context.Context, query string, args []any) *sql.Row
	copy(ctx context.Context, table string, columns []string, rows [][]any) error
}

// Exec runs a statement and gives the number of rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	res, err := t.run.exec(t.ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Later runs a statement whose count of rows nobody needs, at the latest before
// the next statement of another kind and before the end of the transaction. On
// PostgreSQL those that wait go to the server together, so its error may come
// from a later call; it always fails the transaction.
func (t *Tx) Later(query string, args ...any) error {
	return t.run.later(t.ctx, query, args)
}

// Copy inserts many rows of a table in the engine's own way: by its bulk copy
// on PostgreSQL, with many rows a statement on SQLite. Each row has a value for
// each column; none may be there already.
func (t *Tx) Copy(table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	return t.run.copy(t.ctx, table, columns, rows)
}

// Rows runs a query. The caller reads to the end or closes; prefer Collect.
func (t *Tx) Rows(query string, args ...any) (*sql.Rows, error) {
	return t.run.query(t.ctx, query, args)
}

// Row runs a query for at most one row. Scan gives sql.ErrNoRows for none.
func (t *Tx) Row(query string, args ...any) *sql.Row {
	return t.run.row(t.ctx, query, args)
}

// Context is the context of the call, for work inside the closure that takes one.
func (t *Tx) Context() context.Context { return t.ctx }

// Lock gives the clause that locks the selected rows until the end of the
// transaction: " for update" on PostgreSQL, nothing on SQLite, which has one
// writer at a time.
func (t *Tx) Lock() string {
	if t.engine == Postgres {
		return " for update"
	}
	return ""
}

// LockFree is Lock for queues: rows that another transaction holds are left out.
func (t *Tx) LockFree() string {
	if t.engine == Postgres {
		return " for update skip locked"
	}
	return ""
}

// Collect reads all rows of a query into a slice.
//
//	names, err := db.Collect(func(r *sql.Rows) (string, error) {
//		var n string
//		return n, r.Scan(&n)
//	})(tx.Rows("select name from person where org = $1", org))
func Collect[T any](scan func(*sql.Rows) (T, error)) func(*sql.Rows, error) ([]T, error) {
	return func(rows *sql.Rows, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var out []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		err = rows.Err()
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// Micros gives t as the database keeps times: microseconds since 1970, UTC.
// The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Bit gives a boolean as the database keeps it.
func Bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
