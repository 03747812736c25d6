package blob

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hsconnect/internal/db"
)

const (
	// pageSize is how many rows or files are looked at in one transaction.
	pageSize = 500
	// sweepAge is how long a stored file may wait for its row: far longer
	// than any transaction.
	sweepAge = 24 * time.Hour
)

const refColumns = "b.name, b.digest, b.size, coalesce(k.wrapped, $1)"

var errDigest = errors.New("blob: a stored digest has a wrong length")

// Keep writes the row that makes a sealed file stay, in the caller's
// transaction.
func Keep(tx *db.Tx, ref Ref) error {
	_, err := tx.Exec("insert into blob (name, digest, size, at_us) values ($1, $2, $3, $4)",
		ref.Name, ref.Digest[:], ref.Size, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into blob_key (name, wrapped, at_us) values ($1, $2, $3)",
		ref.Name, ref.Wrapped, db.Micros(tx.Now))
	return err
}

// Drop notes in the caller's transaction that a sealed file is not kept any
// more. Its key is removed, so that nobody can read it from the commit on; the
// stored bytes go with Remove after it, or at the latest with the next Sweep.
func Drop(tx *db.Tx, name string) error {
	_, err := tx.Exec("insert into blob_dropped (name, at_us) values ($1, $2) on conflict (name) do nothing", name, db.Micros(tx.Now))
	if err != nil {
		return err
	}
	_, err = tx.Exec("delete from blob_key where name = $1", name)
	return err
}

// kept is the condition that a blob was not dropped.
const kept = "not exists (select 1 from blob_dropped x where x.name = b.name)"

// Find gives the row of a blob; db.NoRows if there is none, or it was dropped.
func Find(tx *db.Tx, name string) (Ref, error) {
	var ref Ref
	var digest []byte
	err := tx.Row("select "+refColumns+" from blob b left join blob_key k on k.name = b.name where b.name = $2 and "+kept, []byte{}, name).
		Scan(&ref.Name, &digest, &ref.Size, &ref.Wrapped)
	if err != nil {
		return Ref{}, err
	}
	return ref, ref.setDigest(digest)
}

func (r *Ref) setDigest(b []byte) error {
	if len(b) != len(r.Digest) {
		return errDigest
	}
	copy(r.Digest[:], b)
	return nil
}

func scanRef(rows *sql.Rows) (Ref, error) {
	var ref Ref
	var digest []byte
	err := rows.Scan(&ref.Name, &digest, &ref.Size, &ref.Wrapped)
	if err != nil {
		return Ref{}, err
	}
	// A digest of a wrong length stays zero here: Check reports the blob by
	// its name, which is more use than an error about a row.
	_ = ref.setDigest(digest)
	return ref, nil
}

// Each gives every kept blob in order of name, reading page by page so that
// no transaction stays open while fn works. It stops at fn's error.
func Each(ctx context.Context, d *db.DB, fn func(Ref) error) error {
	after := ""
	for {
		var page []Ref
		err := d.View(ctx, func(tx *db.Tx) error {
			var err error
			page, err = db.Collect(scanRef)(tx.Rows("select "+refColumns+` from blob b left join blob_key k on k.name = b.name
				where b.name > $2 and `+kept+` order by b.name limit $3`, []byte{}, after, pageSize))
			return err
		})
		if err != nil {
			return err
		}
		for _, ref := range page {
			err = fn(ref)
			if err != nil {
				return err
			}
			after = ref.Name
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Count gives the number of kept blobs.
func Count(ctx context.Context, d *db.DB) (n int64, err error) {
	err = d.View(ctx, func(tx *db.Tx) error { return tx.Row("select count(*) from blob b where " + kept).Scan(&n) })
	return n, err
}

// Fits reports, at start, whether the keyring opens what the database holds:
// it tries one blob. ErrKey means that the wrong keyring file, or a
// fresh one, stands where the old one was.
func (v *Vault) Fits(tx *db.Tx) error {
	var name string
	err := tx.Row("select b.name from blob b where " + kept + " order by b.name limit 1").Scan(&name)
	if db.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	ref, err := Find(tx, name)
	if err != nil {
		return err
	}
	_, err = v.keys.unwrap(ref.Wrapped, ref.bound())
	return err
}

// Rewrap wraps the keys of all blobs with the newest master key and gives how
// many it changed. It may be stopped and run again; files are not touched.
func (v *Vault) Rewrap(ctx context.Context, d *db.DB) (changed int, err error) {
	err = Each(ctx, d, func(ref Ref) error {
		if v.keys.byNewest(ref.Wrapped) {
			return nil
		}
		key, err := v.keys.unwrap(ref.Wrapped, ref.bound())
		if err != nil {
			return err
		}
		wrapped, err := v.keys.wrap(key, ref.bound())
		if err != nil {
			return err
		}
		var n int64
		err = d.Update(ctx, func(tx *db.Tx) error {
			n, err = tx.Exec("update blob_key set wrapped = $1, at_us = $2 where name = $3 and wrapped = $4",
				wrapped, db.Micros(tx.Now), ref.Name, ref.Wrapped)
			return err
		})
		changed += int(n)
		return err
	})
	return changed, err
}

// Sweep removes files that have been in the store for a day without a row, or
// were dropped, and what broken-off writes left, and gives how many.
func Sweep(ctx context.Context, d *db.DB, s Store) (removed int, err error) {
	old := d.Now().Add(-sweepAge)
	var batch []string
	flush := func() error {
		orphans, err := unkept(ctx, d, batch)
		batch = batch[:0]
		if err != nil {
			return err
		}
		for _, name := range orphans {
			err = s.Delete(ctx, name)
			if err != nil {
				return err
			}
			removed++
		}
		return nil
	}
	err = s.List(ctx, func(item Item) error {
		if !item.At.Before(old) {
			return nil
		}
		batch = append(batch, item.Name)
		if len(batch) < pageSize {
			return nil
		}
		return flush()
	})
	if err != nil {
		return removed, err
	}
	return removed, flush()
}

// unkept gives those of names that have no row.
func unkept(ctx context.Context, d *db.DB, names []string) (out []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	err = d.View(ctx, func(tx *db.Tx) error {
		out = out[:0]
		for _, name := range names {
			var n int
			err := tx.Row("select count(*) from blob b where b.name = $1 and "+kept, name).Scan(&n)
			if err != nil {
				return err
			}
			if n == 0 {
				out = append(out, name)
			}
		}
		return nil
	})
	return out, err
}
