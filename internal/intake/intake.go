// Package intake keeps files on their way in, whatever they hold. It promises:
//
//   - what was read of a file is staged batch by batch, under the file's own
//     digest, so that a load that was killed goes on where it was;
//   - staged rows are nobody's answer: they are read by the load alone, and
//     removed in the transaction that applies them, or after a week;
//   - a file that is held changes nothing until another person than the one
//     who loaded it has approved it; the row that says so is never changed,
//     the bytes are kept encrypted, and the approved file is that very file;
//   - the bytes of a held file are kept no longer than they are needed: they go
//     when it is refused, applied or found unfit, and after 30 days in which
//     nobody decided; digest and counts stay;
//   - each holding and each decision is an entry of the official record, with
//     counts and without a fact about anybody.
//
// It knows nothing of what a file means: the package that owns the facts
// encodes its rows, judges them and applies them.
package intake

import (
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Keep is how long a staging stays that nobody goes on with.
const Keep = 7 * 24 * time.Hour

// JobPurge removes what was staged and left, and settles held files that were
// left.
const JobPurge = "intake.purge"

// JobApply gives the kind of the job that applies approved files of a kind.
func JobApply(kind string) string { return "intake.apply." + kind }

// ErrGone says that the staging is no longer there: the file was applied or
// dropped by somebody else in the meantime.
var ErrGone = fault.New(fault.Conflict, "Another load of the same file has finished in the meantime. Nothing more was loaded by this one; start it again to see what became of it")

// Deps is what a Service is made of. DB is required; without a Vault a file
// that is held can not be kept, and is refused.
type Deps struct {
	DB    *db.DB
	Vault *blob.Vault
	Log   *slog.Logger
	// Dropped are told of each staging that is removed because it was left, in
	// the same transaction; see Purge.
	Dropped []func(tx *db.Tx, who access.Actor, key string) error
	// Same reports whether two accounts belong to one person, as far as the
	// portal can know. nil: only the account itself counts.
	Same func(tx *db.Tx, a, b id.Person) (bool, error)
}

// Service keeps files on their way. It may be used from many goroutines.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Same == nil {
		d.Same = func(_ *db.Tx, a, b id.Person) (bool, error) { return a == b, nil }
	}
	return &Service{Deps: d}
}

func mayImport(who access.Actor) error { return who.May(access.ImportData) }
