package disclosure

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/id"
)

const benchLines = 100_000

// benchDB gives a database with benchLines lines: 2,000 members, 200 people of
// 50 organizations, one line every 31 seconds; every fiftieth opens a request.
func benchDB(b *testing.B) map[string]*db.DB {
	clock := dbtest.NewClock()
	out := map[string]*db.DB{"sqlite": dbtest.SQLite(b, clock.Now)}
	if os.Getenv("HSCONNECT_TEST_POSTGRES") != "" {
		out["postgres"] = dbtest.Postgres(b, clock.Now)
	}
	for _, d := range out {
		clock.Set(dbtest.Start)
		for from := 0; from < benchLines; from += 1000 {
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				for i := from; i < from+1000; i += chunk {
					clock.Advance(31 * chunk * time.Second)
					tx.Now = clock.Now()
					who := clerk
					who.Person, who.Org = id.Person(fmt.Sprintf("person%d", i/chunk%200)), id.Organization(fmt.Sprintf("org%d", i/chunk%50))
					looks := make([]Look, chunk)
					for n := range looks {
						looks[n] = look(id.Member(fmt.Sprintf("m%d", (i+n)*7919%2000)))
						if n == 0 {
							looks[n].Subject = fmt.Sprintf("request/%d", i%500)
						}
					}
					err := WriteAll(tx, who, looks)
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	return out
}

// BenchmarkLedgerSearch measures a page of each search beside the bare read of
// as many rows by the same index, whose time is reported as "bare-ns/op".
func BenchmarkLedgerSearch(b *testing.B) {
	for engine, d := range benchDB(b) {
		for name, c := range map[string]struct {
			f     Filter
			where string
			key   string
		}{
			"member":  {Filter{Member: "m7"}, "member", "m7"},
			"person":  {Filter{Person: "person3"}, "person", "person3"},
			"org":     {Filter{Org: "org3"}, "org", "org3"},
			"subject": {Filter{Subject: "request/50"}, "subject <> 'member' and subject", "request/50"},
		} {
			b.Run(engine+"/"+name, func(b *testing.B) {
				bare := timed(b, d, func(tx *db.Tx) error {
					_, err := db.Collect(scan)(tx.Rows("select "+columns+" from disclosure where "+c.where+" = $1 order by at_us desc limit 51", c.key))
					return err
				})
				search := func(tx *db.Tx) error {
					p, err := Search(tx, reviewer, c.f)
					if err == nil && len(p.Rows) == 0 {
						b.Fatal("nothing found")
					}
					return err
				}
				whole := timed(b, d, search)
				for b.Loop() {
					err := d.View(context.Background(), search)
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(bare.Nanoseconds()), "bare-ns/op")
				b.ReportMetric(float64(whole)/float64(bare), "x-bare")
			})
		}
		b.Run(engine+"/rare", func(b *testing.B) { // nothing fits: the bound on what one page reads
			for b.Loop() {
				err := d.View(context.Background(), func(tx *db.Tx) error {
					_, err := Search(tx, reviewer, Filter{Org: "org3", Tie: "glass"})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func timed(b *testing.B, d *db.DB, fn func(tx *db.Tx) error) time.Duration {
	b.Helper()
	const times = 200
	start := time.Now()
	for range times {
		err := d.View(context.Background(), fn)
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / times
}

// BenchmarkLedgerWrite measures what the two indexes for searches add to a
// look: "member" is in neither, "request" is in one.
func BenchmarkLedgerWrite(b *testing.B) {
	for engine, d := range benchDB(b) {
		for _, subject := range []string{"member", "request/1"} {
			b.Run(engine+"/"+subject, func(b *testing.B) {
				for b.Loop() {
					err := d.Update(context.Background(), func(tx *db.Tx) error {
						l := Look{Member: "m1", Subject: subject, Fields: access.Fields(), Purpose: access.Treatment, Outcome: Shown}
						_, err := Write(tx, clerk, l)
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
