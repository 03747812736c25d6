package coverage

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/record"
)

// Bounds of a file of enrollments.
const (
	MaxFile     = 1 << 30 // bytes
	MaxRows     = 2_000_000
	MaxRefusals = 1000 // named; the rest is counted
)

// KindMembers is what intake calls these files.
const KindMembers = "members"

// Report says what an import did, or would do. When anything was refused,
// nothing of the file was loaded.
type Report struct {
	Rows         int
	Added        int // members we did not have
	Changed      int // members we had, of whom something is known differently now
	Ended        int // of both, those whose coverage the file ended
	Difference   Difference
	Refused      []Refusal
	RefusedTotal int    // more than are named when there are very many
	Digest       string // SHA-256 of the file, in hexadecimal
	Resumed      int    // rows that an earlier try had read already

	Already  bool      // the very same file was loaded before; the counts are those of then
	Held     intake.ID // it waits for a second person, and nothing was loaded
	Why      string    // it is held, or would be
	Declined bool      // whoever was asked said no

	families bool // rows may name a member inside a family
}

// Order is a file to load and how.
type Order struct {
	Source Source
	Feed   Feed
	// Full says that the file names everybody who is covered: whoever it does
	// not name ends. An 834 says so itself.
	Full bool
	// Ends is the last day of those whom a full file does not name; the day
	// before the file's own date when it is zero.
	Ends civil.Date
	// CheckOnly loads nothing and reports what would change.
	CheckOnly bool
	// Ask, when set, is shown what would change and says whether to go on.
	Ask func(Report) bool
	// Progress is given how far the work is, and may be nil; total is 0 when
	// the size of the file is not known.
	Progress func(done, total int64)

	approved intake.ID  // the held file that these bytes are
	then     Difference // what it would have changed when it was held
}

// settings are what, besides its bytes, decides what a file does. They stand
// beside a held file.
type settings struct {
	Full bool   `json:"full,omitempty"`
	Ends string `json:"ends,omitempty"`
}

func (o Order) settings() settings {
	out := settings{Full: o.Full}
	if !o.Ends.IsZero() {
		out.Ends = o.Ends.String()
	}
	return out
}

// file names the file for the staging. The same bytes under other settings
// are another load.
func (o Order) file(digest string) intake.File {
	key := digest
	if o.Full {
		key += " full"
	}
	if !o.Ends.IsZero() {
		key += " " + o.Ends.String()
	}
	return intake.File{Key: key, Kind: KindMembers, Name: o.Source.Name, Digest: digest}
}

var (
	errTooLarge = fault.New(fault.TooLarge, "The file is larger than a file of enrollments may be (1 GB or 2,000,000 members). Split it")
	// errStop ends a transaction that found a refusal, errHeld one whose file
	// has to wait for a second person.
	errStop = errors.New("coverage: refused while it was applied")
	errHeld = errors.New("coverage: to be held")
)

// Import loads a file of enrollments as Load does, without asking anybody.
func (s *Service) Import(ctx context.Context, who access.Actor, src Source, feed Feed, progress func(done, total int64)) (Report, error) {
	return s.Load(ctx, who, Order{Source: src, Feed: feed, Progress: progress})
}

// Load loads a file of enrollments, whole or not at all. The file is read
// twice: for its digest, and to check each row and stage it. What is staged is
// then compared with what is known and applied, in one transaction. A load
// that was killed goes on with what it had staged; a file that was loaded
// before, byte for byte, is not loaded again; and one that would end very many
// coverages is held for a second person.
//
// The error is for a file that cannot be read or stored; rows that are
// refused, and bytes that make no sense, are in the report.
func (s *Service) Load(ctx context.Context, who access.Actor, o Order) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	if o.Source.Size > MaxFile {
		return Report{}, errTooLarge
	}
	in := &reading{Reading: intake.Reading{Ctx: ctx, Source: o.Source, Limit: MaxFile, TooLarge: errTooLarge, Progress: o.Progress, Passes: 3}, feed: o.Feed}
	if o.asks() {
		in.Passes++
	}
	digest, err := in.Digest()
	if err != nil {
		return Report{}, err
	}
	f := o.file(digest)
	rep, err := s.known(ctx, who, o, f)
	if err != nil || rep.Already || rep.Held != "" {
		return rep, err
	}
	rep, err = s.stageAndApply(ctx, who, o, in, f)
	switch {
	case intake.IsGone(err): // somebody loads the same file, and was faster
		again, lookErr := s.known(ctx, who, o, f)
		if lookErr != nil || again.Already || again.Held != "" {
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
	if rep.RefusedTotal > 0 || o.CheckOnly || rep.Declined || rep.Held != "" {
		err = s.Intake.Drop(context.WithoutCancel(ctx), who, f.Key)
	}
	return rep, err
}

func (o Order) asks() bool { return o.CheckOnly || o.Ask != nil }

// known says what was done with the very same file before.
func (s *Service) known(ctx context.Context, who access.Actor, o Order, f intake.File) (Report, error) {
	var rep Report
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		rep, err = loadedOn(tx, f)
		if err != nil || rep.Already || o.approved != "" {
			return err
		}
		how, err := json.Marshal(o.settings())
		if err != nil {
			return err
		}
		rep.Held, err = intake.Waits(tx, who, KindMembers, f.Digest, string(how))
		return err
	})
	rep.Digest = f.Digest
	return rep, err
}

func (s *Service) stageAndApply(ctx context.Context, who access.Actor, o Order, in *reading, f intake.File) (Report, error) {
	rep, err := s.stage(who, in, f)
	if err != nil || rep.RefusedTotal > 0 {
		return rep, err
	}
	read := rep
	if o.asks() {
		rep, err = s.preview(ctx, who, o, in, f, read)
		if err != nil || rep.RefusedTotal > 0 || o.CheckOnly {
			return rep, err
		}
		if !o.Ask(rep) {
			rep.Declined = true
			return rep, nil
		}
	}
	rep, err = s.apply(ctx, who, o, in, f, read)
	switch {
	case errors.Is(err, errStop):
		rep.Added, rep.Changed, rep.Ended, rep.Difference = 0, 0, 0, Difference{}
		return rep, nil
	case errors.Is(err, errHeld):
		rep.Held, err = s.hold(ctx, who, o, f, rep)
		return rep, err
	}
	return rep, err
}

// preview says what a staged file would change, and writes nothing of it.
func (s *Service) preview(ctx context.Context, who access.Actor, o Order, in *reading, f intake.File, read Report) (Report, error) {
	now := s.DB.Now()
	l := newLoader(who, civil.Of(now, s.Zone), "", string(id.New[id.Import](now)), o, f, read)
	err := s.DB.Update(ctx, begin)
	if err != nil {
		return Report{}, err
	}
	err = l.all(in, func(fn func(tx *db.Tx) error) error {
		if l.notes() {
			return s.DB.Update(ctx, fn)
		}
		return s.DB.View(ctx, fn)
	})
	if err != nil {
		return Report{}, err
	}
	if len(l.tooMany(s.HoldShare)) > 0 {
		l.report.Why = l.why(s.HoldShare)
	}
	return l.report, s.DB.Update(ctx, l.end)
}

// apply writes what a staged file says, in one transaction.
func (s *Service) apply(ctx context.Context, who access.Actor, o Order, in *reading, f intake.File, read Report) (Report, error) {
	var rep Report
	before := in.Done
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		rep, in.Done = Report{}, before // the closure may run again
		ref := id.New[id.Import](tx.Now)
		err := alone(tx, ref)
		if err != nil {
			return err
		}
		rep, err = loadedOn(tx, f)
		if err != nil || rep.Already {
			return err
		}
		err = begin(tx)
		if err != nil {
			return err
		}
		l := newLoader(who, civil.Of(tx.Now, s.Zone), ref, string(ref), o, f, read)
		l.measures = s.DB.Engine() == db.Postgres
		err = l.all(in, func(fn func(tx *db.Tx) error) error { return fn(tx) })
		if err != nil {
			return err
		}
		many := len(l.tooMany(s.HoldShare)) > 0
		if o.approved != "" && l.report.RefusedTotal == 0 {
			many = false
			if words := l.grown(o.then, s.HoldShare); words != "" {
				l.report.refuse("the file", words)
			}
		}
		rep = l.report
		switch {
		case rep.RefusedTotal > 0:
			return errStop
		case many:
			rep.Why = l.why(s.HoldShare)
			return errHeld
		}
		return s.finish(tx, who, ref, o, f, rep)
	})
	return rep, err
}

// alone makes one import wait for another, which would find the same members
// missing. The row that both write orders them; the lease itself has always
// run out, so that one that was killed blocks nobody.
func alone(tx *db.Tx, ref id.Import) error {
	ok, err := db.Lease(tx, "import of members", string(ref), -time.Hour)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "Another file of members is being loaded. Try again when it is done")
	}
	return nil
}

func loadedOn(tx *db.Tx, f intake.File) (Report, error) {
	rep := Report{Digest: f.Digest, Already: true}
	var difference string
	err := tx.Row("select row_count, added, changed, ended, difference from coverage_import where digest = $1", f.Key).
		Scan(&rep.Rows, &rep.Added, &rep.Changed, &rep.Ended, &difference)
	if db.NoRows(err) {
		return Report{}, nil
	}
	if err != nil || difference == "" { // loaded before differences were kept
		return rep, err
	}
	return rep, json.Unmarshal([]byte(difference), &rep.Difference)
}

// finish writes down that the file was loaded, without a fact about anybody,
// and removes what was staged of it.
func (s *Service) finish(tx *db.Tx, who access.Actor, ref id.Import, o Order, f intake.File, rep Report) error {
	difference, err := json.Marshal(rep.Difference)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into coverage_import (id, digest, name, row_count, added, changed, ended, difference, person, by_name, at_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(ref), f.Key, f.Name, rep.Rows, rep.Added, rep.Changed, rep.Ended, string(difference), string(who.Person), who.Name, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	entry := map[string]any{
		"file": f.Name, "sha256": f.Digest, "rows": rep.Rows, "added": rep.Added, "changed": rep.Changed, "ended": rep.Ended, "difference": rep.Difference,
	}
	if o.Full {
		entry["settings"] = o.settings()
	}
	if o.approved != "" {
		entry["held"] = string(o.approved)
		err = intake.Settle(tx, who, o.approved, intake.Applied, "")
		if err != nil {
			return err
		}
	}
	body, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = record.Append(tx, who, record.New{Subject: "import/" + string(ref), Kind: "members.loaded", Body: body})
	if err != nil {
		return err
	}
	err = forget(tx, f.Key)
	if err != nil {
		return err
	}
	return intake.Drop(tx, who, f.Key)
}
