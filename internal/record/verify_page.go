package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
)

const (
	// pageSize is how many entries one transaction of Verify reads: long
	// enough to be fast, short enough to let the database tidy up in between.
	pageSize = 1000
	// maxLost is how many missing entries are stepped over before the walk
	// gives up: a made-up checkpoint may claim any size.
	maxLost = 10_000
)

// page is what one transaction reads of the log.
type page struct {
	from, to    int64 // indexes of entries, to not included
	first       int64 // stored index of the first node
	nodes       []tlog.Hash
	have        []bool // whether nodes[i] is stored
	checkpoints []stored
	buf         []byte
	made        []tlog.Hash
}

// step checks the next page.
func (v *verification) step(ctx context.Context) error {
	p := &page{from: v.walk.size, to: min(v.walk.size+v.page, v.total)}
	p.first = tlog.StoredHashCount(p.from)
	count := tlog.StoredHashCount(p.to) - p.first
	p.nodes, p.have = make([]tlog.Hash, count), make([]bool, count)
	before, at := v.report, walk{size: v.walk.size, edge: append([]tlog.Hash(nil), v.walk.edge...)}
	lost := v.lost
	var roots map[int64]tlog.Hash
	err := v.log.db.View(ctx, func(tx *db.Tx) error {
		err := p.read(tx)
		if err != nil {
			return err
		}
		roots, err = v.entries(tx, p)
		return err
	})
	if err != nil { // a page half read counts for nothing: the run can be resumed from its start
		v.report, v.walk, v.lost = before, at, lost
		return err
	}
	v.checkpoints(p.checkpoints, roots)
	return nil
}

// read loads the page's stored nodes and checkpoints.
func (p *page) read(tx *db.Tx) error {
	rows, err := tx.Rows("select idx, hash from record_hash where idx >= $1 and idx < $2", p.first, p.first+int64(len(p.nodes)))
	if err != nil {
		return err
	}
	defer rows.Close()
	var idx int64
	var hash sql.RawBytes
	for rows.Next() {
		err = rows.Scan(&idx, &hash)
		if err != nil {
			return err
		}
		p.have[idx-p.first] = true
		if len(hash) == tlog.HashSize { // else it stays zero, which fits nothing
			copy(p.nodes[idx-p.first][:], hash)
		}
	}
	err = rows.Err()
	if err != nil {
		return err
	}
	p.checkpoints, err = db.Collect(func(r *sql.Rows) (stored, error) {
		var s stored
		return s, r.Scan(&s.size, &s.note)
	})(tx.Rows("select size, note from record_checkpoint where size > $1 and size <= $2 order by size", p.from, p.to))
	return err
}

// entries checks the page's entries and the nodes they make, and gives the
// root at every size that has a checkpoint.
func (v *verification) entries(tx *db.Tx, p *page) (map[int64]tlog.Hash, error) {
	rows, err := tx.Rows("select p.idx, "+entryColumns+` from record_place p join record_entry e on e.id = p.entry
		where p.idx >= $1 and p.idx < $2 order by p.idx`, p.from, p.to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	roots := make(map[int64]tlog.Hash, len(p.checkpoints))
	wanted := p.checkpoints
	add := func(h tlog.Hash) {
		v.add(p, h)
		for len(wanted) > 0 && wanted[0].size == v.walk.size {
			roots[v.walk.size] = v.walk.root()
			wanted = wanted[1:]
		}
	}
	var e Entry
	var s entryScan
	var body sql.RawBytes
	dest := s.into(&e, &body)
	for rows.Next() {
		err = rows.Scan(dest...)
		if err != nil {
			return nil, err
		}
		s.fill(&e)
		for v.walk.size < e.Index {
			add(v.missing(p))
		}
		add(v.entry(p, &e, body))
	}
	err = rows.Err()
	if err != nil {
		return nil, err
	}
	for v.walk.size < p.to {
		add(v.missing(p))
	}
	return roots, nil
}

// entry checks one entry and gives the leaf to go on with. It is the stored
// leaf wherever some reading of the entry fits it, so that one changed byte
// is named once and not again in every node above.
func (v *verification) entry(p *page, e *Entry, body []byte) tlog.Hash {
	v.report.Entries++
	wrong := func(text string) { v.report.bad(fmt.Sprintf("entry %s at index %d", e.ID, e.Index), text) }
	p.buf = appendHeader(p.buf[:0], e)
	header := sha256.Sum256(p.buf)
	whole := header // with the digest of the body as it is, not as it is said to be
	if read := sha256.Sum256(body); read != e.BodyDigest {
		copy(p.buf[len(p.buf)-len(read):], read[:])
		whole = sha256.Sum256(p.buf)
		if whole != e.Digest {
			wrong("body does not match its digest")
		}
	}
	if header != e.Digest {
		wrong("header does not match the entry's digest")
	}
	i := tlog.StoredHashIndex(0, e.Index) - p.first
	if !p.have[i] {
		return leaf(e.Digest)
	}
	if p.nodes[i] == leaf(e.Digest) {
		return p.nodes[i]
	}
	for _, digest := range [...][32]byte{header, whole} {
		if p.nodes[i] == leaf(digest) { // the entry was put in with this digest: the stored one is what changed
			return p.nodes[i]
		}
	}
	return leaf(e.Digest)
}

// missing names the next place as empty and gives the stored leaf to go on with.
func (v *verification) missing(p *page) tlog.Hash {
	v.lost++
	v.report.bad(fmt.Sprintf("index %d", v.walk.size), "the entry that had this place is missing")
	return p.nodes[tlog.StoredHashIndex(0, v.walk.size)-p.first]
}

// add puts a leaf on the tree and compares the nodes that it completes with
// the stored ones.
func (v *verification) add(p *page, h tlog.Hash) {
	first := tlog.StoredHashIndex(0, v.walk.size)
	p.made = v.walk.add(h, p.made[:0])
	for k, made := range p.made {
		i := first + int64(k) - p.first
		v.report.Hashes++
		switch {
		case !p.have[i]:
			v.report.bad(nodePlace(p.first+i), "this node is missing")
		case p.nodes[i] != made:
			v.report.bad(nodePlace(p.first+i), "this node does not match what is under it")
		}
	}
}

// checkpoints checks signatures and roots. Signatures cost more than all else
// about a small entry, so every core takes a share.
func (v *verification) checkpoints(list []stored, roots map[int64]tlog.Hash) {
	texts := make([]string, len(list))
	workers := min(runtime.GOMAXPROCS(0), len(list))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(list); i += workers {
				texts[i] = v.log.checkpoint(list[i], roots[list[i].size])
			}
		})
	}
	wg.Wait()
	for i, text := range texts {
		v.report.Checkpoints++
		if text != "" {
			v.report.bad(fmt.Sprintf("checkpoint %d", list[i].size), text)
		}
	}
}

// checkpoint says what is wrong with a stored checkpoint, "" for nothing.
func (l *Log) checkpoint(s stored, root tlog.Hash) string {
	c, err := OpenCheckpoint([]byte(s.note), l.key)
	switch {
	case err != nil:
		return "its signature is not that of this log's key"
	case c.Origin != l.origin:
		return "it is signed, but for another log"
	case c.Size != s.size:
		return fmt.Sprintf("it is signed, but for %d entries", c.Size)
	case c.Root != root:
		return "it is signed, but its root is not that of the entries"
	}
	return ""
}

// rest checks what has no place in the walk: entries that wait, and
// checkpoints that were kept elsewhere.
func (v *verification) rest(tx *db.Tx) error {
	err := v.waiting(tx)
	if err != nil {
		return err
	}
	for i, signed := range v.opts.Known {
		place := fmt.Sprintf("kept checkpoint %d of %d", i+1, len(v.opts.Known))
		c, err := OpenCheckpoint(bytes.TrimLeft(signed, "\n"), v.log.key)
		if err != nil || c.Origin != v.log.origin {
			v.report.bad(place, "it is not one of this log's")
			continue
		}
		place = fmt.Sprintf("%s, of %d entries", place, c.Size)
		if c.Size > v.walk.size {
			v.report.bad(place, fmt.Sprintf("the log has only %d entries now", v.walk.size))
			continue
		}
		root, err := tlog.TreeHash(c.Size, newTree(tx))
		if errors.Is(err, errNode) {
			v.report.bad(place, "it cannot be compared: nodes of the tree are missing")
			continue
		}
		if err != nil {
			return err
		}
		if root != c.Root {
			v.report.bad(place, "the log began differently when it was signed")
		}
	}
	return nil
}

func (v *verification) waiting(tx *db.Tx) error {
	rows, err := tx.Rows("select -1, " + entryColumns + " from record_waiting w join record_entry e on e.id = w.entry order by w.at_us, w.nth")
	if err != nil {
		return err
	}
	defer rows.Close()
	var e Entry
	var s entryScan
	var body sql.RawBytes
	dest := s.into(&e, &body)
	for rows.Next() {
		err = rows.Scan(dest...)
		if err != nil {
			return err
		}
		s.fill(&e)
		v.report.Waiting++
		if sha256.Sum256(body) != e.BodyDigest {
			v.report.bad("waiting entry "+string(e.ID), "body does not match its digest")
		}
		if e.Sum() != e.Digest {
			v.report.bad("waiting entry "+string(e.ID), "header does not match the entry's digest")
		}
	}
	return rows.Err()
}
