package db

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registered as "pgx"
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
	stx, err := d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return unavailable(err)
	}
	err = safely(fn, &Tx{Now: d.Now(), ctx: ctx, engine: Postgres, run: pooled{stx}})
	if err != nil {
		_ = stx.Rollback() // the connection is discarded if this fails; err is what the caller needs
		return err
	}
	return stx.Commit()
}
