package bulk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// sqlite fills with statements of many rows, in transactions of many
// statements, without a journal and without waiting for the disk.
type sqlite struct {
	pool *sql.DB
	conn *sql.Conn
}

const (
	rowsEach   = 50      // of one statement
	commitEach = 200_000 // rows
)

func openSQLite(ctx context.Context, path string) (sink, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: abs}).EscapedPath())
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	s := &sqlite{pool, conn}
	err = s.run(ctx, "pragma locking_mode = exclusive", "pragma journal_mode = off", "pragma synchronous = off", "pragma cache_size = -524288")
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *sqlite) run(ctx context.Context, statements ...string) error {
	for _, one := range statements {
		_, err := s.conn.ExecContext(ctx, one)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlite) close() error { return errors.Join(s.conn.Close(), s.pool.Close()) }

func (s *sqlite) fill(ctx context.Context, table string, columns []string, produce func(add func(row []any) error) error) error {
	later, err := s.strip(ctx, table)
	if err != nil {
		return err
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	insert := "insert into " + table + " (" + strings.Join(columns, ", ") + ") values "
	many, err := s.conn.PrepareContext(ctx, insert+strings.TrimSuffix(strings.Repeat(one+", ", rowsEach), ", "))
	if err != nil {
		return err
	}
	defer func() { _ = many.Close() }() // what it wrote is committed, or the fill has failed
	err = s.run(ctx, "begin immediate")
	if err != nil {
		return err
	}
	args, n := make([]any, 0, rowsEach*len(columns)), 0
	err = produce(func(row []any) error {
		args = append(args, row...)
		n++
		if n%rowsEach != 0 {
			return nil
		}
		_, err := many.ExecContext(ctx, args...)
		args = args[:0]
		if err == nil && n%commitEach == 0 {
			err = s.run(ctx, "commit", "begin immediate")
		}
		return err
	})
	for err == nil && len(args) > 0 {
		_, err = s.conn.ExecContext(ctx, insert+one, args[:len(columns)]...)
		args = args[len(columns):]
	}
	if err != nil {
		return errors.Join(err, s.run(ctx, "rollback"))
	}
	return s.run(ctx, append([]string{"commit"}, later...)...)
}

// strip makes sure that the table is empty, drops its secondary indexes, and
// gives what makes them again.
func (s *sqlite) strip(ctx context.Context, table string) (later []string, err error) {
	var some bool
	err = s.conn.QueryRowContext(ctx, "select exists(select 1 from "+table+")").Scan(&some)
	if err != nil {
		return nil, err
	}
	if some {
		return nil, fmt.Errorf("%s has rows already", table)
	}
	rows, err := s.conn.QueryContext(ctx, "select name, sql from sqlite_master where type = 'index' and tbl_name = ? and sql is not null", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var drop []string
	for rows.Next() {
		var name, make string
		err = rows.Scan(&name, &make)
		if err != nil {
			return nil, err
		}
		drop, later = append(drop, "drop index "+name), append(later, make)
	}
	err = rows.Err()
	if err != nil {
		return nil, err
	}
	return later, s.run(ctx, drop...)
}

func (s *sqlite) finish(ctx context.Context) error {
	return s.run(ctx, "pragma analysis_limit = 1000", "analyze", "pragma locking_mode = normal", "pragma journal_mode = wal", "pragma synchronous = full")
}
