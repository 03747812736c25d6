package intake

import (
	"context"
	"errors"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/job"
)

// File names a file on its way. Key is its digest together with whatever else
// makes another load of it, such as "full".
type File struct {
	Key    string
	Kind   string // "members"
	Name   string // as the operator calls it
	Digest string // SHA-256 in hexadecimal
}

// Staged is how much of a file is staged already.
type Staged struct {
	Rows    int
	Batches int
	Whole   bool // up to its end
}

// Begin finds the staging of a file, or makes an empty one.
func (s *Service) Begin(ctx context.Context, who access.Actor, f File) (Staged, error) {
	err := mayImport(who)
	if err != nil {
		return Staged{}, err
	}
	var out Staged
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into intake_file (key, kind, name, digest, row_count, batches, whole, person, at_us, touched_us)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (key) do update set touched_us = excluded.touched_us`,
			f.Key, f.Kind, f.Name, f.Digest, 0, 0, 0, string(who.Person), db.Micros(tx.Now), db.Micros(tx.Now))
		if err != nil {
			return err
		}
		out, err = staged(tx, f.Key)
		return err
	})
	return out, err
}

// staged looks at the batches that are really there: PostgreSQL empties their
// table when its server crashes.
func staged(tx *db.Tx, key string) (Staged, error) {
	var out Staged
	var claimed int
	err := tx.Row("select row_count, whole from intake_file where key = $1", key).Scan(&claimed, &out.Whole)
	if db.NoRows(err) {
		return Staged{}, ErrGone
	}
	if err != nil {
		return Staged{}, err
	}
	err = tx.Row("select coalesce(sum(row_count), 0), count(*) from intake_batch where key = $1", key).Scan(&out.Rows, &out.Batches)
	if err != nil || out.Rows == claimed {
		return out, err
	}
	_, err = tx.Exec("delete from intake_batch where key = $1", key)
	if err != nil {
		return Staged{}, err
	}
	_, err = tx.Exec("update intake_file set row_count = 0, batches = 0, whole = 0 where key = $1", key)
	return Staged{}, err
}

// Put stages batch no (from 0) of a file: rows rows, encoded as body. The same
// batch again is no error.
func (s *Service) Put(ctx context.Context, who access.Actor, key string, no, rows int, body []byte) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec("insert into intake_batch (key, no, row_count, body) values ($1, $2, $3, $4) on conflict (key, no) do nothing", key, no, rows, body)
		if err != nil {
			return err
		}
		if n == 0 {
			rows = 0
		}
		n, err = tx.Exec("update intake_file set row_count = row_count + $1, batches = batches + $2, touched_us = $3 where key = $4", rows, n, db.Micros(tx.Now), key)
		return present(n, err)
	})
}

// Complete notes that a file is staged up to its end.
func (s *Service) Complete(ctx context.Context, who access.Actor, key string) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		return present(tx.Exec("update intake_file set whole = 1, touched_us = $1 where key = $2", db.Micros(tx.Now), key))
	})
}

func present(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrGone
	}
	return err
}

// Batch gives the body of one staged batch.
func Batch(tx *db.Tx, who access.Actor, key string, no int) ([]byte, error) {
	err := mayImport(who)
	if err != nil {
		return nil, err
	}
	var body []byte
	err = tx.Row("select body from intake_batch where key = $1 and no = $2", key, no).Scan(&body)
	if db.NoRows(err) {
		return nil, ErrGone
	}
	return body, err
}

// Drop removes the staging of a file, in the transaction that applies it or
// once it is clear that nobody will.
func Drop(tx *db.Tx, who access.Actor, key string) error {
	err := mayImport(who)
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from intake_batch where key = $1", key)
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from intake_file where key = $1", key)
	return err
}

// Drop is the function of that name in a transaction of its own.
func (s *Service) Drop(ctx context.Context, who access.Actor, key string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return Drop(tx, who, key) })
}

// HandlePurge is the daily job: it removes what was staged and left for a week,
// and settles the held files that were left.
func (s *Service) HandlePurge(ctx context.Context, _ job.Job) error {
	who := access.SystemActor("intake")
	n, err := s.Purge(ctx, who)
	if err != nil {
		return err
	}
	held, err := s.Left(ctx, who)
	if err == nil && n+held > 0 {
		s.Log.Info("left files settled", "stagings removed", n, "held files settled", held)
	}
	return err
}

// Purge removes what was staged and left for Keep, and says how many files.
func (s *Service) Purge(ctx context.Context, who access.Actor) (int, error) {
	err := mayImport(who)
	if err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		err = s.DB.Update(ctx, func(tx *db.Tx) error {
			var key string
			err := tx.Row("select key from intake_file where touched_us < $1 order by touched_us limit 1", db.Micros(tx.Now.Add(-Keep))).Scan(&key)
			if err != nil {
				return err
			}
			for _, tell := range s.Dropped {
				err = tell(tx, who, key)
				if err != nil {
					return err
				}
			}
			return Drop(tx, who, key)
		})
		if db.NoRows(err) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// IsGone reports whether the staging went away under a load.
func IsGone(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f == ErrGone
}
