package db

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib" // also registered as "pgx"
)

// maxTries bounds how often a transaction that lost a race is run again: some
// four seconds of pauses. Of many callers after one row only one wins at a
// time, so the unluckiest loses about as often as there are callers.
const maxTries = 40

func (d *DB) openPostgres(ctx context.Context, c Config) (*DB, error) {
	d.engine = Postgres
	pool, err := sql.Open("pgx", c.URL)
	if err != nil {
		return nil, err
	}
	conns := c.MaxConns
	if conns == 0 {
		conns = 32
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	err = pool.PingContext(ctx)
	if err != nil {
		_ = pool.Close()
		return nil, unavailable(err)
	}
	d.pool = pool
	return d, nil
}

// updatePostgres runs fn in a repeatable-read transaction: a row that two
// transactions change ends one of them with a serialization failure, and that
// one runs again on what the other left.
func (d *DB) updatePostgres(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	for try := range maxTries {
		if try > 0 {
			pause := time.Duration(1<<min(try, 7)) * time.Millisecond
			timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // spreading retries is no secret
			select {
			case <-ctx.Done():
				timer.Stop()
				return unavailable(ctx.Err())
			case <-timer.C:
			}
		}
		err = d.tryPostgres(ctx, fn)
		if !lostRace(err) {
			return classify(err)
		}
	}
	return unavailable(err)
}

func (d *DB) tryPostgres(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "begin isolation level repeatable read")
	if err != nil {
		return unavailable(err)
	}
	p := &writing{reading: reading{conn}, conn: conn}
	err = safely(fn, &Tx{Now: d.Now(), ctx: ctx, engine: Postgres, run: p})
	if err == nil {
		err = p.commit(ctx)
	}
	if err == nil {
		return nil
	}
	if p.failed != nil {
		err = p.failed // what the closure met afterwards only follows from it
	}
	// A connection that cannot roll back is dropped by its pool.
	_, _ = conn.ExecContext(context.WithoutCancel(ctx), "rollback")
	return err
}

// statements is a connection held for one transaction, or a transaction of
// database/sql. pgx keeps prepared statements per connection itself.
type statements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// reading runs the statements of a transaction one by one.
type reading struct{ on statements }

func (r reading) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return r.on.ExecContext(ctx, query, args...)
}

func (r reading) later(ctx context.Context, query string, args []any) error {
	_, err := r.exec(ctx, query, args)
	return err
}

func (r reading) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return r.on.QueryContext(ctx, query, args...)
}

func (r reading) row(ctx context.Context, query string, args []any) *sql.Row {
	return r.on.QueryRowContext(ctx, query, args...)
}

// writing is reading with statements put off: they wait here and go to the
// server together, before the next one that is not put off. A round trip
// costs more than a small write.
type writing struct {
	reading

	conn   *sql.Conn
	batch  pgx.Batch
	failed error // of a batch: the transaction is lost
}

func (w *writing) later(_ context.Context, query string, args []any) error {
	w.batch.Queue(query, args...)
	return w.failed
}

func (w *writing) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	err := w.flush(ctx)
	if err != nil {
		return nil, err
	}
	return w.reading.exec(ctx, query, args)
}

func (w *writing) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	err := w.flush(ctx)
	if err != nil {
		return nil, err
	}
	return w.reading.query(ctx, query, args)
}

func (w *writing) row(ctx context.Context, query string, args []any) *sql.Row {
	// A batch that failed has ended the transaction, so this row fails too.
	_ = w.flush(ctx)
	return w.reading.row(ctx, query, args)
}

func (w *writing) flush(ctx context.Context) error {
	if w.failed == nil && w.batch.Len() > 0 {
		_, w.failed = w.send(ctx)
	}
	return w.failed
}

// commit sends what was put off and the commit together.
func (w *writing) commit(ctx context.Context) error {
	if w.failed != nil {
		return w.failed
	}
	w.batch.Queue("commit")
	last, err := w.send(ctx)
	if err == nil && last != "COMMIT" {
		// A closure went on after a statement had failed: PostgreSQL answers
		// its commit with a rollback and no error.
		err = errors.New("db: the transaction was lost before its commit")
	}
	return err
}

// send gives the command tag of the last statement.
func (w *writing) send(ctx context.Context) (last string, err error) {
	batch := w.batch
	w.batch = pgx.Batch{}
	err = w.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return errors.New("db: the connection is not pgx's")
		}
		answers := c.Conn().SendBatch(ctx, &batch)
		for range batch.Len() {
			tag, err := answers.Exec()
			if err != nil {
				_ = answers.Close() // gives the same error
				return err
			}
			last = tag.String()
		}
		return answers.Close()
	})
	return last, err
}
