package intake

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// ID names a held file.
type ID string

// State is what became of a held file.
type State string

// The states. Only a waiting file can be approved, and a stalled one tried
// again; both can be refused.
const (
	Waiting  State = "waiting"
	Approved State = "approved" // and not applied yet
	Refused  State = "refused"
	Applied  State = "applied"
	Failed   State = "failed"  // approved, and no longer fit to be applied
	Stalled  State = "stalled" // approved, and could not be applied: somebody says whether to try again
)

// Held is a file that waits, or waited, for a second person.
type Held struct {
	ID       ID
	Kind     string
	Name     string
	Digest   string
	Size     int64
	Why      string // in words, with counts
	Counts   []byte // JSON of the package that owns the facts: what the file would change
	Settings []byte // JSON, likewise: how it is to be applied
	By       string // name of who loaded it
	At       time.Time

	State   State
	Reason  string // of who decided
	Decided string // by name
	When    time.Time
	Outcome string // what applying it came to, in words

	person id.Person
	blob   string
}

// LoadedBy reports whether somebody loaded it, and so cannot approve it.
func (h Held) LoadedBy(who access.Actor) bool { return h.person == who.Person }

const (
	maxReason = 500
	mostHeld  = 200 // that a list shows
)

var errOwn = fault.New(fault.Forbidden, "You loaded this file yourself: somebody else has to approve it. You can refuse it")

// Holding is what Hold is told of a file.
type Holding struct {
	Kind     string
	Name     string
	Digest   string
	Why      string
	Counts   any
	Settings any
	Limit    int64 // most bytes
}

// Hold keeps the bytes of a file, encrypted, and writes down that it waits.
func (s *Service) Hold(ctx context.Context, who access.Actor, n Holding, r io.Reader) (ID, error) {
	err := mayImport(who)
	if err != nil {
		return "", err
	}
	if s.Vault == nil {
		return "", errors.New("intake: no vault to keep a held file in")
	}
	counts, err := json.Marshal(n.Counts)
	if err != nil {
		return "", err
	}
	settings, err := json.Marshal(n.Settings)
	if err != nil {
		return "", err
	}
	ref, err := s.Vault.Seal(ctx, r, n.Limit)
	if err != nil {
		return "", err
	}
	if hex.EncodeToString(ref.Digest[:]) != n.Digest {
		return "", fault.New(fault.Conflict, "The file changed while it was being read. Nothing was loaded or held; load it again when it is complete")
	}
	body, err := json.Marshal(map[string]any{"file": n.Name, "kind": n.Kind, "sha256": n.Digest, "why": n.Why, "counts": json.RawMessage(counts)})
	if err != nil {
		return "", err
	}
	var held ID
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		held = id.New[ID](tx.Now)
		err := blob.Keep(tx, ref)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into intake_held (id, kind, name, digest, size, why, counts, settings, blob, person, username, by_name, at_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, string(held), n.Kind, n.Name, n.Digest, ref.Size, n.Why,
			string(counts), string(settings), ref.Name, string(who.Person), who.Username, who.Name, db.Micros(tx.Now))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into intake_decision (held, state, reason, person, by_name, decided_us, settled_us, outcome)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`, string(held), string(Waiting), "", "", "", 0, 0, "")
		if err != nil {
			return err
		}
		_, err = record.Append(tx, who, record.New{Subject: subject(held), Kind: "file.held", Body: body})
		return err
	})
	return held, err
}

func subject(h ID) string { return "held/" + string(h) }

const heldColumns = `h.id, h.kind, h.name, h.digest, h.size, h.why, h.counts, h.settings, h.blob, h.person, h.by_name, h.at_us,
	d.state, d.reason, d.by_name, d.decided_us, d.outcome from intake_held h join intake_decision d on d.held = h.id`

func scanHeld(r interface{ Scan(into ...any) error }) (Held, error) {
	var h Held
	var counts, settings string
	var at, decided int64
	err := r.Scan(&h.ID, &h.Kind, &h.Name, &h.Digest, &h.Size, &h.Why, &counts, &settings, &h.blob, &h.person, &h.By, &at,
		&h.State, &h.Reason, &h.Decided, &decided, &h.Outcome)
	h.Counts, h.Settings, h.At, h.When = []byte(counts), []byte(settings), db.Time(at), db.Time(decided)
	return h, err
}

// List gives the files that were held, the newest first, at most 200.
func (s *Service) List(ctx context.Context, who access.Actor) ([]Held, error) {
	err := mayImport(who)
	if err != nil {
		return nil, err
	}
	var out []Held
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (Held, error) { return scanHeld(r) })(
			tx.Rows("select "+heldColumns+" order by h.at_us desc, h.id desc limit $1", mostHeld))
		return err
	})
	return out, err
}

// Get gives one held file.
func (s *Service) Get(ctx context.Context, who access.Actor, which ID) (Held, error) {
	err := mayImport(who)
	if err != nil {
		return Held{}, err
	}
	var h Held
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		h, err = heldOf(tx, which, "")
		return err
	})
	return h, err
}

func heldOf(tx *db.Tx, which ID, lock string) (Held, error) {
	h, err := scanHeld(tx.Row("select "+heldColumns+" where h.id = $1"+lock, string(which)))
	if db.NoRows(err) {
		return Held{}, fault.New(fault.NotFound, "There is no held file of this number")
	}
	return h, err
}

// Waits gives the file of this digest that waits already, or an empty ID.
func Waits(tx *db.Tx, who access.Actor, kind, digest, settings string) (ID, error) {
	err := mayImport(who)
	if err != nil {
		return "", err
	}
	var held ID
	err = tx.Row(`select h.id from intake_held h join intake_decision d on d.held = h.id
		where h.kind = $1 and h.digest = $2 and h.settings = $3 and d.state in ('waiting', 'approved', 'stalled') order by h.at_us limit 1`, kind, digest, settings).Scan(&held)
	if db.NoRows(err) {
		return "", nil
	}
	return held, err
}
