// Package db runs closures in transactions on SQLite or PostgreSQL. It knows
// nothing of health care.
//
// Update promises: the closure's writes are durable when Update returns nil,
// and leave no trace when it returns an error. A closure may run more than
// once, so it has no effects outside its Tx. On SQLite, closures that wait at
// the same time share one transaction (each under its own savepoint) and one
// flush to disk; on PostgreSQL each has its own snapshot transaction, and
// serialization failures are retried.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"hsconnect/internal/fault"
)

// Engine is the database behind a DB.
type Engine int

// The engines.
const (
	SQLite Engine = iota + 1
	Postgres
)

// String gives the name of the engine's migration folder.
func (e Engine) String() string {
	if e == SQLite {
		return "sqlite"
	}
	return "postgres"
}

// Config says which database to open. Exactly one of Path and URL is set.
type Config struct {
	Path string           // SQLite database file
	URL  string           // postgres://… of PostgreSQL or an engine that speaks its protocol
	Now  func() time.Time // the clock every transaction takes its time from
	Log  *slog.Logger
	// MaxConns caps the connections to PostgreSQL; 0 means 32.
	MaxConns int
}

// DB is an open database. It may be used from many goroutines.
type DB struct {
	engine  Engine
	now     func() time.Time
	log     *slog.Logger
	pool    *sql.DB       // PostgreSQL: everything. SQLite: reads.
	writer  *writer       // SQLite only
	readers chan *session // SQLite only: sessions that no View is using
}

// Open connects to the database. It does not migrate it.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Now == nil {
		return nil, errors.New("db: Config.Now is missing")
	}
	if (c.Path == "") == (c.URL == "") {
		return nil, errors.New("db: give a database file or a database URL, not both")
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	d := &DB{now: c.Now, log: log}
	if c.Path != "" {
		return d.openSQLite(ctx, c.Path)
	}
	return d.openPostgres(ctx, c)
}

// Engine says which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Now gives the time of the database's clock, to the microsecond, in UTC.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Close waits for running closures and closes every connection.
func (d *DB) Close() error {
	if d.writer != nil {
		d.writer.close()
	}
	for range cap(d.readers) {
		s := <-d.readers
		s.reset()
	}
	return d.pool.Close()
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.View(ctx, func(tx *Tx) error {
		var one int
		return tx.Row("select 1").Scan(&one)
	})
}

// Update runs fn in a transaction that may write. See the package comment.
func (d *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	if d.writer != nil {
		return d.writer.update(ctx, fn)
	}
	return d.updatePostgres(ctx, fn)
}

// View runs fn in a read-only transaction that sees one state of the database.
func (d *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	if d.engine == SQLite {
		return d.viewSQLite(ctx, fn)
	}
	stx, err := d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return unavailable(err)
	}
	err = safely(fn, &Tx{Now: d.Now(), ctx: ctx, engine: d.engine, run: reading{stx}})
	back := stx.Rollback()
	if err != nil {
		return classify(err)
	}
	if back != nil && !errors.Is(back, sql.ErrTxDone) {
		return unavailable(back)
	}
	return nil
}

// safely runs fn and turns a panic into an error, so that one caller's defect
// cannot end a transaction that others share.
func safely(fn func(tx *Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 8<<10)
			stack = stack[:runtime.Stack(stack, false)]
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic in a transaction: %v\n%s", p, stack), "Something went wrong on our side")
		}
	}()
	return fn(tx)
}

// maxStmts bounds the prepared statements of one connection.
const maxStmts = 1000
