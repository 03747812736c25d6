package bulk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// postgres fills each table in one transaction that has emptied it first:
// then rows are stored frozen, and where wal_level is minimal the log holds
// none of them.
type postgres struct{ conn *pgx.Conn }

func openPostgres(ctx context.Context, url string) (sink, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	for _, set := range []string{"synchronous_commit = off", "maintenance_work_mem = '1GB'", "max_parallel_maintenance_workers = 1"} {
		_, err = conn.Exec(ctx, "set "+set)
		if err != nil {
			return nil, errors.Join(err, conn.Close(ctx))
		}
	}
	return &postgres{conn}, nil
}

func (s *postgres) close() error { return s.conn.Close(context.Background()) }

func (s *postgres) fill(ctx context.Context, table string, columns []string, produce func(add func(row []any) error) error) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
	later, err := s.strip(ctx, tx, table)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(written(w, produce)) }()
	_, err = s.conn.PgConn().CopyFrom(ctx, r, "copy "+table+" ("+strings.Join(columns, ", ")+") from stdin with (freeze)")
	_ = r.CloseWithError(errors.New("the copy has ended")) // lets the writer go
	if err != nil {
		return err
	}
	for _, make := range later {
		_, err = tx.Exec(ctx, make)
		if err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// strip makes sure that the table is empty, drops its secondary indexes, and
// gives what makes them again. Truncating an empty table takes nothing away
// from one that only grows, so its triggers are off for that one statement.
func (s *postgres) strip(ctx context.Context, tx pgx.Tx, table string) (later []string, err error) {
	var some bool
	err = tx.QueryRow(ctx, "select exists(select 1 from "+table+")").Scan(&some)
	if err != nil {
		return nil, err
	}
	if some {
		return nil, fmt.Errorf("%s has rows already", table)
	}
	rows, err := tx.Query(ctx, `select c.relname, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
		where i.indrelid = $1::regclass and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)`, table)
	if err != nil {
		return nil, err
	}
	var statements []string
	var name, make string
	_, err = pgx.ForEachRow(rows, []any{&name, &make}, func() error {
		statements, later = append(statements, "drop index "+name), append(later, make)
		return nil
	})
	if err != nil {
		return nil, err
	}
	statements = append(statements, "alter table "+table+" disable trigger user", "truncate "+table, "alter table "+table+" enable trigger user")
	for _, one := range statements {
		_, err = tx.Exec(ctx, one)
		if err != nil {
			return nil, err
		}
	}
	return later, nil
}

func (s *postgres) finish(ctx context.Context) error {
	for _, one := range []string{"analyze", "checkpoint"} {
		_, err := s.conn.Exec(ctx, one)
		if err != nil {
			return err
		}
	}
	return nil
}

// written writes the rows in the text format of copy.
func written(w io.Writer, produce func(add func(row []any) error) error) error {
	out := bufio.NewWriterSize(w, 256<<10)
	var line []byte
	err := produce(func(row []any) error {
		line = line[:0]
		for i, v := range row {
			if i > 0 {
				line = append(line, '\t')
			}
			switch v := v.(type) {
			case string:
				if strings.ContainsAny(v, "\t\n\r\\") {
					return errors.New("a made-up text that would have to be escaped")
				}
				line = append(line, v...)
			case int64:
				line = strconv.AppendInt(line, v, 10)
			default:
				return fmt.Errorf("a value of type %T", v)
			}
		}
		_, err := out.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	return out.Flush()
}
