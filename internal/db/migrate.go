package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrate brings the database to the newest schema in files, which holds one
// folder per engine. It goes forward only, and does nothing when there is
// nothing to do. It gives the number of migrations applied.
func (d *DB) Migrate(ctx context.Context, files fs.FS) (int, error) {
	sub, err := fs.Sub(files, d.engine.String())
	if err != nil {
		return 0, err
	}
	dialect, pool := goose.DialectPostgres, d.pool
	if d.engine == SQLite {
		// A second connection of the writing pool: the readers' cannot write.
		dialect, pool = goose.DialectSQLite3, d.writer.pool
	}
	return migrate(ctx, dialect, pool, sub)
}

func migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB, files fs.FS) (int, error) {
	p, err := goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("reading migrations: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrating: %w", err)
	}
	return len(done), nil
}
