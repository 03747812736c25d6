// Package schema carries the tables of every package as forward-only, timestamped
// migrations: one folder per engine, the same file, table and column names in
// both. A file belongs to the package named in it; only that package's code
// may name its tables.
package schema

import "embed"

// FS holds the folders "sqlite" and "postgres".
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
