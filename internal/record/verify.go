package record

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

// Point is a place in the log up to which it was checked: its first Size
// entries have the tree with this Root. A checkpoint says the same.
type Point struct {
	Size int64
	Root tlog.Hash
}

// BlobChecker reads every document's stored bytes. Each calls fn with the name
// of one blob and a function that reports whether its bytes are still what
// they were; it ends when fn gives an error.
type BlobChecker interface {
	Each(ctx context.Context, fn func(name string, check func() error) error) error
}

// VerifyOptions say what to verify beside the log.
type VerifyOptions struct {
	Blobs BlobChecker // nil: documents are left out
	// Known are signed checkpoints that were kept elsewhere: the log must
	// still be one that they describe the beginning of.
	Known [][]byte
	// From is where an earlier, interrupted run had got to (its Report). The
	// part before it is not read again.
	From Point
	// Progress is told, some times a second, what is done of what there is.
	// With documents, the total grows as they are found.
	Progress func(done, total int64)
}

// Problem is one difference: where, and what is wrong there.
type Problem struct {
	Place string // "entry <id> at index 17", "tree node level 3, 12", "checkpoint 40", "document blob <name>"
	Text  string // "body does not match its digest"
}

// String gives the problem as one line.
func (p Problem) String() string { return p.Place + ": " + p.Text }

// maxProblems bounds the list of a Report; what is beyond it is counted.
const maxProblems = 1000

// Report is what Verify found. Size and Root say how far it got: the whole
// log when Verify gave no error, else the Point to go on from.
type Report struct {
	Entries     int64 // with a place; digests recomputed from their bytes
	Waiting     int64 // without a place yet; digests recomputed
	Hashes      int64 // tree nodes recomputed
	Checkpoints int64 // signatures and roots checked
	Blobs       int64
	Size        int64
	Root        tlog.Hash
	Problems    []Problem // at most 1,000
	More        int64     // problems beyond those
}

// Good reports whether nothing was found wrong.
func (r Report) Good() bool { return len(r.Problems) == 0 }

func (r *Report) bad(place, text string) {
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{place, text})
}

// ErrResume says that VerifyOptions.From is not a point of this log.
var ErrResume = errors.New("the record is not the one that the earlier run had read: verify it from the beginning")

// Verify recomputes the record: every entry's digest from its stored bytes,
// every node of the tree from those, every checkpoint's root and signature,
// and every document through Blobs (S-06, 45 CFR 164.312(c)). What does not
// fit becomes a Problem of the Report. The error is for what kept it from
// reading: the context, the database, or ErrResume; the Report then says what
// was found until there.
func (l *Log) Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	v := &verification{log: l, opts: o, page: pageSize}
	err := v.run(ctx)
	v.report.Size, v.report.Root = v.walk.size, v.walk.root()
	return v.report, err
}

// verification is one run of Verify.
type verification struct {
	log    *Log
	opts   VerifyOptions
	report Report
	walk   walk
	page   int64 // entries read in one transaction
	total  int64 // entries that the newest checkpoint covers
	lost   int64 // places found empty so far
}

func (v *verification) run(ctx context.Context) error {
	err := v.log.db.View(ctx, v.start)
	if err != nil {
		return err
	}
	for v.walk.size < v.total {
		err = v.step(ctx)
		if err != nil {
			return err
		}
		v.progress(v.walk.size, v.total)
		if v.lost > maxLost {
			v.report.bad(fmt.Sprintf("index %d and after", v.walk.size), "too many entries in a row are missing; the rest was not read")
			break
		}
	}
	err = v.log.db.View(ctx, v.rest)
	if err != nil {
		return err
	}
	return v.blobs(ctx)
}

func (v *verification) progress(done, total int64) {
	if v.opts.Progress != nil {
		v.opts.Progress(done, total)
	}
}

// start takes stock in one transaction: rows must add up, and none may lie
// beyond what the newest checkpoint covers.
func (v *verification) start(tx *db.Tx) error {
	v.report, v.walk = Report{}, walk{}
	last, err := newest(tx)
	if err != nil {
		return err
	}
	v.total = min(last.size, maxSize)
	err = v.beyond(tx)
	if err != nil {
		return err
	}
	err = v.queue(tx)
	if err != nil {
		return err
	}
	if v.opts.From.Size == 0 {
		return nil
	}
	if v.opts.From.Size < 0 || v.opts.From.Size > v.total {
		return ErrResume
	}
	edge, err := newTree(tx).ReadHashes(edgeOf(v.opts.From.Size))
	if err != nil {
		if errors.Is(err, errNode) {
			return ErrResume
		}
		return err
	}
	v.walk = walk{size: v.opts.From.Size, edge: edge}
	if v.walk.root() != v.opts.From.Root {
		v.walk = walk{}
		return ErrResume
	}
	return nil
}

// few bounds how many rows of one kind of disorder are named.
const few = 20

// beyond finds rows that the newest checkpoint does not cover.
func (v *verification) beyond(tx *db.Tx) error {
	err := v.each(tx, func(place string) {
		v.report.bad("index "+place, "an entry has this place, which no checkpoint covers")
	},
		"select cast(idx as text) from record_place where idx < 0 or idx >= $1 order by idx limit $2", v.total, few)
	if err != nil {
		return err
	}
	nodes, err := db.Collect(scanNode)(tx.Rows("select idx, hash from record_hash where idx < 0 or idx >= $1 order by idx limit $2", tlog.StoredHashCount(v.total), few))
	if err != nil {
		return err
	}
	for _, n := range nodes {
		v.report.bad(nodePlace(n.idx), "this node is there, but no checkpoint covers it")
	}
	return v.each(tx, func(size string) { v.report.bad("checkpoint "+size, "a checkpoint covers at least one entry") },
		"select cast(size as text) from record_checkpoint where size < 1 order by size limit $1", few)
}

// queue checks that every entry either has a place or waits for one.
func (v *verification) queue(tx *db.Tx) error {
	err := v.each(tx, func(entry string) { v.report.bad("entry "+entry, "it has a place and waits for one too") },
		"select w.entry from record_waiting w join record_place p on p.entry = w.entry order by w.at_us, w.nth limit $1", few)
	if err != nil {
		return err
	}
	err = v.each(tx, func(entry string) { v.report.bad("entry "+entry, "it waits for a place, but is not there") },
		"select w.entry from record_waiting w left join record_entry e on e.id = w.entry where e.id is null order by w.at_us, w.nth limit $1", few)
	if err != nil {
		return err
	}
	var entries, placed, queued int64
	err = tx.Row("select (select count(*) from record_entry), (select count(*) from record_place), (select count(*) from record_waiting)").Scan(&entries, &placed, &queued)
	if err != nil || entries <= placed+queued {
		return err // a place or a turn without an entry is named where it is met
	}
	// Looking for them by name reads the whole table: only when some are known to be there.
	return v.each(tx, func(entry string) {
		v.report.bad("entry "+entry, "it has no place in the log and does not wait for one")
	},
		`select e.id from record_entry e left join record_place p on p.entry = e.id left join record_waiting w on w.entry = e.id
		where p.entry is null and w.entry is null order by e.id limit $1`, few)
}

// each calls fn with the one text column of every row.
func (v *verification) each(tx *db.Tx, fn func(string), query string, args ...any) error {
	rows, err := tx.Rows(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		err = rows.Scan(&text)
		if err != nil {
			return err
		}
		fn(text)
	}
	return rows.Err()
}

// blobs checks the documents. A check that could not be made at all ends the
// run; bytes that are not what they were are a Problem.
func (v *verification) blobs(ctx context.Context) error {
	if v.opts.Blobs == nil {
		return nil
	}
	return v.opts.Blobs.Each(ctx, func(name string, check func() error) error {
		err := ctx.Err()
		if err != nil {
			return err
		}
		err = check()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault.Is(err, fault.Unavailable) {
			return err
		}
		v.report.Blobs++
		if err != nil {
			v.log.log.Warn("a document's stored bytes do not verify", "blob", name, "err", err)
			v.report.bad("document blob "+name, blobText(err))
		}
		v.progress(v.total+v.report.Blobs, v.total+v.report.Blobs)
		return nil
	})
}

func blobText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		return f.Text
	}
	return "its stored bytes are missing or not what they were"
}
