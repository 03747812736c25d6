package record

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
)

var errNode = errors.New("record: a node of the stored tree is missing: run verify")

// tree reads the stored tree in one transaction, and holds the nodes that the
// transaction adds to it. It is a tlog.HashReader.
type tree struct {
	tx    *db.Tx
	known map[int64]tlog.Hash
}

func newTree(tx *db.Tx) *tree { return &tree{tx: tx, known: make(map[int64]tlog.Hash)} }

// ReadHashes gives the nodes with the given stored indexes.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var missing []any
	for _, i := range indexes {
		if _, ok := t.known[i]; !ok {
			missing = append(missing, i)
		}
	}
	err := t.load(missing)
	if err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(indexes))
	for k, i := range indexes {
		h, ok := t.known[i]
		if !ok {
			return nil, errNode
		}
		hashes[k] = h
	}
	return hashes, nil
}

func (t *tree) load(indexes []any) error {
	if len(indexes) == 0 {
		return nil
	}
	// A proof or an edge asks for some dozens at most: one text for each count.
	nodes, err := db.Collect(scanNode)(t.tx.Rows("select idx, hash from record_hash where idx in ("+holders(1, len(indexes))+")", indexes...))
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if len(n.hash) == tlog.HashSize {
			t.known[n.idx] = tlog.Hash(n.hash)
		}
	}
	return nil
}

type node struct {
	idx  int64
	hash []byte
}

func scanNode(r *sql.Rows) (node, error) {
	var n node
	return n, r.Scan(&n.idx, &n.hash)
}

// holders gives "$from, …" for n placeholders.
func holders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// insertPairs inserts rows of two columns. head is the statement up to and
// with "values ". Rows go in groups of a few fixed sizes, so that a busy log
// leaves only a few statement texts behind.
func insertPairs(tx *db.Tx, head string, rows [][2]any) error {
	for _, size := range [...]int{256, 32, 4, 1} {
		if len(rows) < size {
			continue
		}
		groups := make([]string, size)
		for i := range groups {
			groups[i] = "(" + holders(2*i+1, 2) + ")"
		}
		query := head + strings.Join(groups, ", ")
		for len(rows) >= size {
			args := make([]any, 0, 2*size)
			for _, r := range rows[:size] {
				args = append(args, r[0], r[1])
			}
			_, err := tx.Exec(query, args...)
			if err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}
