package record_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/record"
)

// BenchmarkVerify compares Verify with reading the same entries and hashing
// their bodies (performance.md, goal 7). The ratio is bare time to Verify's
// time: 1 is as fast. Entries come 50 to a checkpoint, as at a busy plan, and
// one to a checkpoint, as at a quiet one, where signatures cost the most.
func BenchmarkVerify(b *testing.B) {
	for _, bytes := range []int{500, 4000} {
		for _, per := range []int{1, 50} {
			b.Run(fmt.Sprintf("sqlite/%dB/%d-a-checkpoint", bytes, per), func(b *testing.B) { benchVerify(b, dbtest.SQLite(b, time.Now), bytes, per) })
			b.Run(fmt.Sprintf("postgres/%dB/%d-a-checkpoint", bytes, per), func(b *testing.B) { benchVerify(b, dbtest.Postgres(b, time.Now), bytes, per) })
		}
	}
}

func benchVerify(b *testing.B, d *db.DB, size, per int) {
	const total = 4000
	l := newLog(b, d)
	body := make([]byte, size)
	for range total / per {
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			for range per {
				_, err := record.Append(tx, clerk(), record.New{Subject: "s", Kind: "k", Body: body})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		sequence(b, l)
	}
	var bare, full time.Duration
	for b.Loop() {
		start := time.Now()
		if n := bareRead(b, d); n != total {
			b.Fatal(n)
		}
		bare += time.Since(start)
		start = time.Now()
		good(b, l, total)
		full += time.Since(start)
	}
	b.ReportMetric(float64(total*b.N)/full.Seconds(), "entries/s")
	b.ReportMetric(bare.Seconds()/full.Seconds(), "of-bare-read")
}

// bareRead reads every entry's columns in the order they were written and
// hashes the bodies: the least that a check of them could do.
func bareRead(b *testing.B, d *db.DB) (n int) {
	err := d.View(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.Rows("select id, subject, kind, person, username, org, door, at_us, body, body_digest, digest from record_entry order by nth")
		if err != nil {
			return err
		}
		defer rows.Close()
		var id, subject, kind, person, username, org, door string
		var at int64
		var body, bodyDigest, digest sql.RawBytes
		for rows.Next() {
			err = rows.Scan(&id, &subject, &kind, &person, &username, &org, &door, &at, &body, &bodyDigest, &digest)
			if err != nil {
				return err
			}
			if sha256.Sum256(body) != [32]byte(bodyDigest) {
				b.Error("digest")
			}
			n++
		}
		return rows.Err()
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
