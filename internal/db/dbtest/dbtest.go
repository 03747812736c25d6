// Package dbtest gives tests a fresh, migrated database on each engine:
// always SQLite, and PostgreSQL when HSCONNECT_TEST_POSTGRES holds the URL of
// a server on which databases may be made.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/schema"
)

// Start is where a test's clock begins: a Monday afternoon in the plan's zone.
var Start = time.Date(2026, time.November, 23, 20, 0, 0, 0, time.UTC)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock gives a clock that stands at Start.
func NewClock() *Clock { return &Clock{t: Start} }

// Now gives the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Each runs fn on every engine there is, with a real clock.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachAt(t, time.Now, fn)
}

// EachAt is Each with the given clock.
func EachAt(t *testing.T, now func() time.Time, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, now)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t, now)) })
}

// SQLite gives a migrated database in a temporary file.
func SQLite(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	blank, err := blankSQLite()
	if err != nil {
		t.Fatal(err)
	}
	err = os.WriteFile(path, blank, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, db.Config{Path: path, Now: now})
}

// Postgres gives a migrated database of its own on the test server, dropped
// at the end. Without a server the test is skipped, in CI it fails.
func Postgres(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	return open(t, db.Config{URL: PostgresURL(t), Now: now})
}

// PostgresURL gives the URL of a migrated database that nobody has open.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return postgresURL(t, freshPostgres)
}

// EachEmpty runs fn on every engine there is, with a database without tables.
func EachEmpty(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		fn(t, open(t, db.Config{Path: filepath.Join(t.TempDir(), "test.db"), Now: time.Now}))
	})
	t.Run("postgres", func(t *testing.T) {
		fn(t, open(t, db.Config{URL: postgresURL(t, emptyPostgres), Now: time.Now}))
	})
}

func postgresURL(t testing.TB, fresh func(server string) (name string, err error)) string {
	t.Helper()
	server := os.Getenv("HSCONNECT_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("HSCONNECT_TEST_POSTGRES is not set: run this through make test")
		}
		t.Skip("needs PostgreSQL: run make test, or set HSCONNECT_TEST_POSTGRES to the URL of a server")
	}
	name, err := fresh(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := onServer(server, func(ctx context.Context, c *sql.Conn) error {
			_, err := c.ExecContext(ctx, "drop database if exists "+name+" with (force)")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := d.Close()
		if err != nil {
			t.Error(err)
		}
	})
	return d
}

// blankSQLite migrates once a process and keeps the file's bytes.
var blankSQLite = sync.OnceValues(func() (blank []byte, err error) {
	dir, err := os.MkdirTemp("", "hsconnect-blank")
	if err != nil {
		return nil, err
	}
	defer func() {
		cleanup := os.RemoveAll(dir)
		if err == nil {
			err = cleanup
		}
	}()
	path := filepath.Join(dir, "blank.db")
	d, err := db.Open(context.Background(), db.Config{Path: path, Now: time.Now})
	if err != nil {
		return nil, err
	}
	_, err = d.Migrate(context.Background(), schema.FS)
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	err = d.Close() // folds the write-ahead log into the file
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// onServer runs fn on a connection to the server's own database.
func onServer(server string, fn func(ctx context.Context, c *sql.Conn) error) error {
	ctx := context.Background()
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer pool.Close()
	c, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(ctx, c)
}

// freshPostgres copies a database that was migrated once for this schema.
func freshPostgres(server string) (name string, err error) {
	template := "hsconnect_blank_" + schemaHash()
	name = "hsconnect_test_" + randomName()
	err = onServer(server, func(ctx context.Context, c *sql.Conn) error {
		// One test process at a time makes or copies the template.
		_, err := c.ExecContext(ctx, "select pg_advisory_lock(7271)")
		if err != nil {
			return err
		}
		var there bool
		err = c.QueryRowContext(ctx, "select exists(select 1 from pg_database where datname = $1)", template).Scan(&there)
		if err != nil {
			return err
		}
		if !there {
			err = makeTemplate(ctx, c, server, template)
			if err != nil {
				return err
			}
		}
		// Copying the files takes a quarter of the time of logging each page.
		_, err = c.ExecContext(ctx, "create database "+name+" template "+template+" strategy file_copy")
		return err
	})
	return name, err
}

func emptyPostgres(server string) (name string, err error) {
	name = "hsconnect_test_" + randomName()
	return name, onServer(server, func(ctx context.Context, c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "create database "+name)
		return err
	})
}

func makeTemplate(ctx context.Context, c *sql.Conn, server, template string) error {
	building := template + "_new"
	_, err := c.ExecContext(ctx, "drop database if exists "+building)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "create database "+building)
	if err != nil {
		return err
	}
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	u.Path = "/" + building
	d, err := db.Open(ctx, db.Config{URL: u.String(), Now: time.Now})
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx, schema.FS)
	if err != nil {
		_ = d.Close()
		return err
	}
	err = d.Close()
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "alter database "+building+" rename to "+template)
	return err
}

func randomName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// schemaHash names the state of the migrations, so that a server kept between
// runs never lends an old template.
func schemaHash() string {
	h := sha256.New()
	err := fs.WalkDir(schema.FS, "postgres", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := schema.FS.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d %s", path, len(b), b)
		return err
	})
	if err != nil {
		panic(err) // an embedded folder that cannot be read is a build defect
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
