package claim

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/record"
)

// Bounds of a file of claims.
const (
	MaxFile     = 1 << 30 // bytes
	MaxClaims   = 2_000_000
	MaxRefusals = 1000 // named; the rest is counted
)

// KindClaims is what intake calls these files.
const KindClaims = "claims"

// Report says what an import did, or would do. When anything was refused,
// nothing of the file was loaded.
type Report struct {
	Claims       int // statements about claims
	Added        int // claims we did not have
	Changed      int // claims we had, of which something newer is known now
	Reversed     int // of both, those that are taken back
	Unplaced     int // claims of no organization in the directory: kept, and shown to nobody until it is: see Place
	Refused      []coverage.Refusal
	RefusedTotal int    // more than are named when there are very many
	Digest       string // SHA-256 of the file, in hexadecimal
	Resumed      int    // statements that an earlier try had read already

	Already  bool // the very same file was loaded before; the counts are those of then
	Declined bool // whoever was asked said no
}

func (r *Report) refuse(where, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < MaxRefusals {
		r.Refused = append(r.Refused, coverage.Refusal{Where: where, Reason: reason})
	}
}

// Counts puts what a file changes, or would change, into words; nothing for a
// file without claims.
func (r Report) Counts() []coverage.Count {
	var out []coverage.Count
	for _, c := range []coverage.Count{
		{What: "claims added", N: r.Added},
		{What: "claims changed", N: r.Changed},
		{What: "of these reversed", N: r.Reversed, More: "an earlier payment is taken back"},
		{What: "statements that change nothing", N: r.Claims - r.Added - r.Changed, More: "kept; something newer is known"},
		{What: "claims of nobody", N: r.Unplaced, More: "of no organization in the directory: shown to nobody until it is loaded"},
	} {
		if c.N > 0 {
			out = append(out, c)
		}
	}
	return out
}

// Order is a file to load and how.
type Order struct {
	Source coverage.Source
	Feed   Feed
	Format string // "csv", "ndjson", "835" or "277"; kept beside the file
	// CheckOnly loads nothing and reports what would change.
	CheckOnly bool
	// Ask, when set, is shown what would change and says whether to go on.
	Ask func(Report) bool
	// Progress is given how far the work is, and may be nil; total is 0 when
	// the size of the file is not known.
	Progress func(done, total int64)
}

func (o Order) asks() bool { return o.CheckOnly || o.Ask != nil }

var (
	errTooLarge = fault.New(fault.TooLarge, "The file is larger than a file of claims may be (1 GB or 2,000,000 claims). Split it")
	// errStop ends a transaction that found a refusal.
	errStop = errors.New("claim: refused while it was applied")
)

// Import loads a file of claims as Load does, without asking anybody.
func (s *Service) Import(ctx context.Context, who access.Actor, src coverage.Source, format string, feed Feed, progress func(done, total int64)) (Report, error) {
	return s.Load(ctx, who, Order{Source: src, Feed: feed, Format: format, Progress: progress})
}

// Load loads a file of claims, whole or not at all. The file is read twice: for
// its digest, and to check each claim and stage it. What is staged is then
// compared with what is known and applied, in one transaction. A load that was
// killed goes on with what it had staged; a file that was loaded before, byte
// for byte, is not loaded again.
//
// The error is for a file that cannot be read or stored; claims that are
// refused, and bytes that make no sense, are in the report.
func (s *Service) Load(ctx context.Context, who access.Actor, o Order) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	if o.Source.Size > MaxFile {
		return Report{}, errTooLarge
	}
	in := &intake.Reading{Ctx: ctx, Source: o.Source, Limit: MaxFile, TooLarge: errTooLarge, Progress: o.Progress, Passes: 3}
	if o.asks() {
		in.Passes++
	}
	digest, err := in.Digest()
	if err != nil {
		return Report{}, err
	}
	// The same bytes are other rows to the import of members.
	f := intake.File{Key: digest + " " + KindClaims, Kind: KindClaims, Name: o.Source.Name, Digest: digest}
	rep, err := s.known(ctx, digest)
	if err != nil || rep.Already {
		return rep, err
	}
	rep, err = s.stageAndApply(ctx, who, o, in, f)
	switch {
	case intake.IsGone(err): // somebody loads the same file, and was faster
		again, lookErr := s.known(ctx, digest)
		if lookErr != nil || again.Already {
			return again, lookErr
		}
		return Report{}, err
	case fault.Is(err, fault.Unavailable): // the staging stays, to go on with
		if stopped := in.Stopped(); stopped != nil {
			return Report{}, stopped // whatever it was that noticed first
		}
		return Report{}, err
	case err != nil:
		return Report{}, errors.Join(err, s.Intake.Drop(context.WithoutCancel(ctx), who, f.Key))
	}
	rep.Digest = digest
	if rep.RefusedTotal > 0 || o.CheckOnly || rep.Declined {
		err = s.Intake.Drop(context.WithoutCancel(ctx), who, f.Key)
	}
	return rep, err
}

// known says what was done with the very same file before.
func (s *Service) known(ctx context.Context, digest string) (Report, error) {
	var rep Report
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		rep, err = loadedOn(tx, digest)
		return err
	})
	return rep, err
}

func (s *Service) stageAndApply(ctx context.Context, who access.Actor, o Order, in *intake.Reading, f intake.File) (Report, error) {
	read, err := s.stage(who, o, in, f)
	if err != nil || read.RefusedTotal > 0 {
		return read, err
	}
	if o.asks() {
		rep, err := s.preview(ctx, who, o, in, f, read)
		if err != nil || rep.RefusedTotal > 0 || o.CheckOnly {
			return rep, err
		}
		if !o.Ask(rep) {
			rep.Declined = true
			return rep, nil
		}
	}
	rep, err := s.apply(ctx, who, o, in, f, read)
	if errors.Is(err, errStop) {
		rep.Added, rep.Changed, rep.Reversed, rep.Unplaced = 0, 0, 0, 0
		return rep, nil
	}
	return rep, err
}

// preview says what a staged file would change, and writes nothing of it.
func (s *Service) preview(ctx context.Context, who access.Actor, o Order, in *intake.Reading, f intake.File, read Report) (Report, error) {
	l := newLoader(who, civil.Of(s.DB.Now(), s.Zone), s.Zone, "", o.Format)
	view := func(fn func(tx *db.Tx) error) error { return s.DB.View(ctx, fn) }
	err := l.all(in, f.Key, read, view)
	return l.report, err
}

// apply writes what a staged file says, in one transaction.
func (s *Service) apply(ctx context.Context, who access.Actor, o Order, in *intake.Reading, f intake.File, read Report) (Report, error) {
	var rep Report
	before := in.Done
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		rep, in.Done = Report{}, before // the closure may run again
		ref := id.New[id.Import](tx.Now)
		err := alone(tx, ref)
		if err != nil {
			return err
		}
		rep, err = loadedOn(tx, f.Digest)
		if err != nil || rep.Already {
			return err
		}
		l := newLoader(who, civil.Of(tx.Now, s.Zone), s.Zone, ref, o.Format)
		err = l.all(in, f.Key, read, func(fn func(tx *db.Tx) error) error { return fn(tx) })
		if err != nil {
			return err
		}
		rep = l.report
		rep.Digest = f.Digest
		if rep.RefusedTotal > 0 {
			return errStop
		}
		err = finish(tx, who, ref, f.Name, o.Format, rep)
		if err != nil {
			return err
		}
		return intake.Drop(tx, who, f.Key)
	})
	return rep, err
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
		"file": name, "format": format, "sha256": rep.Digest, "claims": rep.Claims, "added": rep.Added, "changed": rep.Changed, "reversed": rep.Reversed, "unplaced": rep.Unplaced,
	})
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "import/" + string(ref), Kind: "claims.loaded", Body: body})
	return err
}
