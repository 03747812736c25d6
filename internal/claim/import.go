package claim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Bounds of a file of claims.
const (
	MaxFile     = 1 << 30 // bytes
	MaxClaims   = 2_000_000
	MaxRefusals = 1000 // named; the rest is counted
)

// Report says what an import did. When anything was refused, nothing of the
// file was loaded.
type Report struct {
	Claims       int // statements about claims
	Added        int // claims we did not have
	Changed      int // claims we had, of which something newer is known now
	Unplaced     int // claims of no organization in the directory: kept, and shown to nobody until it is: see Place
	Refused      []coverage.Refusal
	RefusedTotal int    // more than are named when there are very many
	Digest       string // SHA-256 of the file, in hexadecimal
	Already      bool   // the very same file was loaded before; the counts are those of then
}

func (r *Report) refuse(where, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < MaxRefusals {
		r.Refused = append(r.Refused, coverage.Refusal{Where: where, Reason: reason})
	}
}

var (
	errTooLarge = fault.New(fault.TooLarge, "The file is larger than a file of claims may be (1 GB or 2,000,000 claims). Split it")
	errMoved    = fault.New(fault.Conflict, "The file changed while it was being read. Nothing was loaded; load it again when it is complete")
	// errStop ends a second pass that found a refusal.
	errStop = errors.New("claim: refused in the second pass")
)

// Import loads a file of claims, whole or not at all. It reads the file twice:
// first to check every claim, then, when there is nothing to refuse, to load it
// in one transaction. A file that was loaded before, byte for byte, is not
// loaded again. Format is kept beside the file ("csv", "ndjson", "835", "277"). Progress
// is given in bytes of both readings and may be nil; total is 0 when the size
// is not known.
//
// The error is for a file that cannot be read or stored; claims that are
// refused, and bytes that make no sense, are in the report.
func (s *Service) Import(ctx context.Context, who access.Actor, src coverage.Source, format string, feed Feed, progress func(done, total int64)) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	if src.Size > MaxFile {
		return Report{}, errTooLarge
	}
	in := &passes{ctx: ctx, src: src, feed: feed, progress: progress}
	first := newLoader(who, civil.Of(s.DB.Now(), s.Zone), s.Zone, "", format)
	digest, err := in.pass(first, func(fn func(tx *db.Tx) error) error { return s.DB.View(ctx, fn) })
	if err != nil {
		return Report{}, err
	}
	var before Report
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		before, err = loadedOn(tx, digest)
		return err
	})
	if err != nil || before.Already {
		return before, err
	}
	rep := first.report
	rep.Digest = digest
	if rep.RefusedTotal == 0 && rep.Claims == 0 {
		rep.refuse(coverage.Place{}.String(), "it holds no claim")
	}
	if rep.RefusedTotal > 0 {
		return rep, nil
	}
	return s.load(ctx, who, in, format, digest)
}

// load is the second reading.
func (s *Service) load(ctx context.Context, who access.Actor, in *passes, format, digest string) (Report, error) {
	var rep Report
	before := in.done
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		rep, in.done = Report{}, before // the closure may run again
		ref := id.New[id.Import](tx.Now)
		err := alone(tx, ref)
		if err != nil {
			return err
		}
		rep, err = loadedOn(tx, digest)
		if err != nil || rep.Already {
			return err
		}
		second := newLoader(who, civil.Of(tx.Now, s.Zone), s.Zone, ref, format)
		again, err := in.pass(second, func(fn func(tx *db.Tx) error) error { return fn(tx) })
		if err != nil {
			return err
		}
		if again != digest {
			return errMoved
		}
		rep = second.report
		rep.Digest = digest
		if rep.RefusedTotal > 0 {
			return errStop
		}
		return finish(tx, who, ref, in.src.Name, format, rep)
	})
	if errors.Is(err, errStop) {
		rep.Added, rep.Changed, rep.Unplaced = 0, 0, 0
		return rep, nil
	}
	if err != nil {
		return Report{}, err
	}
	return rep, nil
}

// alone makes one import wait for another; see package coverage.
func alone(tx *db.Tx, ref id.Import) error {
	ok, err := db.Lease(tx, "import of claims", string(ref), -time.Hour)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "Another file of claims is being loaded. Try again when it is done")
	}
	return nil
}

func loadedOn(tx *db.Tx, digest string) (Report, error) {
	rep := Report{Digest: digest, Already: true}
	err := tx.Row("select row_count, added, changed, unplaced from claim_import where digest = $1", digest).
		Scan(&rep.Claims, &rep.Added, &rep.Changed, &rep.Unplaced)
	if db.NoRows(err) {
		return Report{}, nil
	}
	return rep, err
}

// finish writes down that the file was loaded, without a fact about anybody.
func finish(tx *db.Tx, who access.Actor, ref id.Import, name, format string, rep Report) error {
	_, err := tx.Exec(`insert into claim_import (id, digest, name, format, row_count, added, changed, unplaced, person, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(ref), rep.Digest, name, format, rep.Claims, rep.Added, rep.Changed, rep.Unplaced, string(who.Person), db.Micros(tx.Now))
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"file": name, "format": format, "sha256": rep.Digest, "claims": rep.Claims, "added": rep.Added, "changed": rep.Changed, "unplaced": rep.Unplaced,
	})
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "import/" + string(ref), Kind: "claims.loaded", Body: body})
	return err
}

// passes is a source on its way through a feed.
type passes struct {
	ctx      context.Context //nolint:containedctx // a reading lives exactly as long as the call that made it
	src      coverage.Source
	feed     Feed
	progress func(done, total int64)
	done     int64
}

// pass reads the source once into l and gives the digest of its bytes. Within
// gives l a transaction for each batch.
func (in *passes) pass(l *loader, within func(func(tx *db.Tx) error) error) (string, error) {
	f, err := in.src.Open()
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "The file cannot be opened")
	}
	defer func() { _ = f.Close() }() // only read from
	err = within(l.directory)
	if err != nil {
		return "", err
	}
	c := &counted{in: in, r: f, hash: sha256.New()}
	err = in.feed(c, func(s Statement) error { return l.take(s, within) })
	if err == nil {
		err = l.flush(within)
	}
	var bad *coverage.Unreadable
	if errors.As(err, &bad) {
		l.report.refuse(bad.Where, bad.Reason)
		err = nil
	}
	if err == nil {
		// What a feed left unread belongs to the file, and to its digest.
		_, err = io.Copy(io.Discard, c)
	}
	var broken *readFailure
	if errors.As(err, &broken) {
		return "", fault.Wrap(fault.Unavailable, err, "The file cannot be read to its end. Nothing was loaded")
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(c.hash.Sum(nil)), nil
}

// counted reads for one pass: it adds up digest and progress, holds the size
// to its limit, and stops when the call is cancelled.
type counted struct {
	in   *passes
	r    io.Reader
	hash hash.Hash
	n    int64
}

// readFailure marks an error as the file's, not the database's.
type readFailure struct{ cause error }

// Error implements error.
func (f *readFailure) Error() string { return "reading the file: " + f.cause.Error() }

// Unwrap gives the cause.
func (f *readFailure) Unwrap() error { return f.cause }

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	err := c.in.ctx.Err()
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "The import was stopped. Nothing was loaded")
	}
	n, err := c.r.Read(p)
	_, _ = c.hash.Write(p[:n]) // a hash has no error to give
	c.n += int64(n)
	c.in.done += int64(n)
	if c.n > MaxFile {
		return n, errTooLarge
	}
	if c.in.progress != nil && n > 0 {
		c.in.progress(c.in.done, 2*c.in.src.Size)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &readFailure{err}
	}
	return n, err
}
