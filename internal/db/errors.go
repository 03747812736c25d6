package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"hsconnect/internal/fault"
)

// SQLite primary result codes that mean the engine, not the statement, failed.
const (
	sqliteBusy    = 5
	sqliteNoMem   = 7
	sqliteIOErr   = 10
	sqliteCorrupt = 11
	sqliteFull    = 13
	sqliteCantOpn = 14
)

const sqliteConstraint = 19

// NoRows reports whether err says that a query had no row.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Duplicate reports whether err says that a unique or primary key already
// holds the value. On PostgreSQL the transaction is lost with it: return it
// from the closure, or insert with "on conflict do nothing" and count rows.
func Duplicate(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code == "23505"
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code() == 2067 || s.Code() == 1555 // constraint: unique, primary key
	}
	return false
}

// Refused reports whether the database itself refused the statement, as it
// does for any change to an append-only table.
func Refused(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code == "P0001" || strings.HasPrefix(p.Code, "23")
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code()&0xff == sqliteConstraint
	}
	return false
}

// lostRace reports whether PostgreSQL asks for the transaction to be run again.
func lostRace(err error) bool {
	var p *pgconn.PgError
	if !errors.As(err, &p) {
		return false
	}
	return p.Code == "40001" || p.Code == "40P01"
}

// isEngineFault reports whether err is about the engine (disk full, gone,
// out of connections) and not about the statement.
func isEngineFault(err error) bool {
	var s *sqlite.Error
	if errors.As(err, &s) {
		switch s.Code() & 0xff {
		case sqliteBusy, sqliteNoMem, sqliteIOErr, sqliteCorrupt, sqliteFull, sqliteCantOpn:
			return true
		}
		return false
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		// 08 connection, 53 resources (disk full among them), 57 operator, 58 system.
		return len(p.Code) == 5 && (p.Code[:2] == "08" || p.Code[:2] == "53" || p.Code[:2] == "57" || p.Code[:2] == "58")
	}
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "failed to connect")
}

// classify keeps faults as they are and makes engine failures Unavailable.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if isEngineFault(err) {
		return unavailable(err)
	}
	return err
}

func unavailable(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The portal cannot reach its database right now. Nothing was shown or changed; please try again in a moment")
}
