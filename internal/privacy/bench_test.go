package privacy_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/privacy"
)

// BenchmarkAccounting measures the six years of one member who was looked at
// 1,000 times among 100,000 lines, beside the bare read of the same rows by
// the index, whose time is reported as "bare-ns/op".
func BenchmarkAccounting(b *testing.B) {
	p := portal.SQLite(b)
	c := begin(b, p, privacy.Accounting)
	for day := range 20 {
		outside(b, p, civil.Of(p.Clock.Now(), p.Zone).AddDays(-day), disclosure.PublicHealth)
	}
	for from := range 1000 {
		must(b, p.DB.Update(ctx(), func(tx *db.Tx) error {
			tx.Now = c.Received.Add(-time.Duration(from) * 50 * time.Hour)
			looks := make([]disclosure.Look, 100)
			for i := range looks {
				looks[i] = disclosure.Look{Member: id.Member(fmt.Sprintf("m%d", from*100+i)), Subject: "member", Fields: access.Fields(), Purpose: access.Treatment, Outcome: disclosure.Shown}
			}
			looks[7].Member = c.Member
			return disclosure.WriteAll(tx, p.Clerk.Actor, looks)
		}))
	}
	start := time.Now()
	const times = 20
	for range times {
		must(b, p.DB.View(ctx(), func(tx *db.Tx) error {
			rows, err := tx.Rows("select id, subject, fields, org, at_us from disclosure where member = $1 order by at_us desc", string(c.Member))
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var a, s, f, o string
				var at int64
				err = rows.Scan(&a, &s, &f, &o, &at)
				if err != nil {
					return err
				}
			}
			return rows.Err()
		}))
	}
	bare := time.Since(start) / times
	for _, r := range []privacy.Reading{privacy.ByLaw, privacy.Everything} {
		b.Run(string(r), func(b *testing.B) {
			start, n := time.Now(), 0
			for b.Loop() {
				a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, r)
				if err != nil || len(a.Lines) < 20 {
					b.Fatal(len(a.Lines), err)
				}
				n++
			}
			b.ReportMetric(float64(bare.Nanoseconds()), "bare-ns/op")
			b.ReportMetric(float64(time.Since(start))/float64(n)/float64(bare), "x-bare")
		})
	}
	a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.Everything)
	must(b, err)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"pdf":    func(w *bytes.Buffer) error { return a.WritePDF(w, p.Desk) },
		"ndjson": func(w *bytes.Buffer) error { return a.WriteNDJSON(w, p.Desk) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				must(b, write(&out))
			}
		})
	}
}
