package edi_test

import (
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/edi"
	"hsconnect/internal/id"
)

// enrolling is a large 834 that is made while it is read: members with name,
// address, telephone, birth date, a coverage and a primary care provider.
type enrolling struct {
	members, next int
	rest          []byte
}

const segmentsEach = 12

// Read implements io.Reader.
func (g *enrolling) Read(p []byte) (int, error) {
	if len(g.rest) == 0 {
		switch {
		case g.next == 0:
			g.rest = []byte("ISA*00*          *00*          *ZZ*SPONSOR        *ZZ*PLAN           *260601*1200*^*00501*000000001*0*T*:~\n" +
				"GS*BE*SPONSOR*PLAN*20260601*1200*1*X*005010X220A1~\nST*834*0001*005010X220A1~\nBGN*00*1*20260601*1200****2~\nN1*P5*S*FI*1~\nN1*IN*P*FI*2~\n")
		case g.next <= g.members:
			n := g.next
			g.rest = fmt.Appendf(nil, "INS*Y*18*021**A***FT~\nREF*0F*M%09d~\nREF*1L*GROUP-%d~\nNM1*IL*1*LAST%d*FIRST%d~\nPER*IP**HP*2175550100~\nN3*%d ELM STREET*APARTMENT 12~\n"+
				"N4*SPRINGFIELD*IL*62701~\nDMG*D8*19%02d0505*F~\nHD*021**HMO*PLAN%02d~\nDTP*348*D8*20260101~\nLX*1~\nNM1*P3*1*PCP*ANN****XX*1245319599~\n",
				n, n%100, n, n%5000, n, n%90+10, n%50)
		case g.next == g.members+1:
			g.rest = fmt.Appendf(nil, "SE*%d*0001~\nGE*1*1~\nIEA*1*000000001~\n", g.members*segmentsEach+5)
		default:
			return 0, io.EOF
		}
		g.next++
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

func enrollment(members int) coverage.Source {
	return coverage.Source{Name: "large.834", Open: func() (io.ReadCloser, error) { return io.NopCloser(&enrolling{members: members}), nil }}
}

// BenchmarkImport compares a whole load of members from an 834 with the
// engine's own bulk copy of the rows that it leaves, indexes included.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("loads a million members: run without -short")
			}
			for name, open := range map[string]func(b *testing.B) *db.DB{
				"sqlite":   func(b *testing.B) *db.DB { return dbtest.SQLite(b, time.Now) },
				"postgres": func(b *testing.B) *db.DB { return dbtest.Postgres(b, time.Now) },
			} {
				b.Run(name, func(b *testing.B) {
					b.Run("bare", func(b *testing.B) { benchBare(b, open, n) })
					b.Run("service", func(b *testing.B) { benchLoad(b, open, n) })
				})
			}
		})
	}
}

// benchBare stores the rows of n members in one transaction, 5,000 at a time.
// Making them does not count.
func benchBare(b *testing.B, open func(b *testing.B) *db.DB, n int) {
	for b.Loop() {
		b.StopTimer()
		d := open(b)
		b.StartTimer()
		err := d.Update(b.Context(), func(tx *db.Tx) error {
			for from := 0; from < n; from += 5000 {
				err := bareRows(b, tx, from, min(from+5000, n))
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
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "members/s")
}

func bareRows(b *testing.B, tx *db.Tx, from, to int) error {
	b.StopTimer()
	var members, spans, pcps, held [][]any
	now := db.Micros(tx.Now)
	for i := from; i < to; i++ {
		m, number, last, first := string(id.New[id.Member](tx.Now)), fmt.Sprintf("M%09d", i), fmt.Sprintf("LAST%d", i), fmt.Sprintf("FIRST%d", i%5000)
		members = append(members, []any{
			m, number, number, number, number, "self", first, first, "", last, last, "", "1950-05-05", "female",
			"1 ELM STREET, APARTMENT 12", "SPRINGFIELD", "IL", "62701", "2175550100", "", now,
		})
		spans = append(spans, []any{string(id.New[id.Coverage](tx.Now)), m, "medical", "PLAN01", "GROUP-1", "2026-01-01", "9999-12-31", now, 0, "i"})
		pcps = append(pcps, []any{m, "1245319599", now})
		held = append(held, []any{string(id.New[id.Coverage](tx.Now)), m, "1245319599", "2026-01-01", "9999-12-31", now, 0})
	}
	b.StartTimer()
	err := tx.Copy("member", []string{"id", "number", "number_folded", "subscriber", "subscriber_folded", "relationship", "first", "first_folded", "middle",
		"last", "last_folded", "suffix", "birth", "gender", "street", "city", "state", "zip", "phone", "language", "changed_us"}, members)
	if err != nil {
		return err
	}
	err = tx.Copy("coverage_span", []string{"id", "member", "line", "plan", "grp", "from_on", "to_on", "known_us", "closed_us", "import"}, spans)
	if err != nil {
		return err
	}
	err = tx.Copy("coverage_pcp", []string{"member", "npi", "known_us"}, pcps)
	if err != nil {
		return err
	}
	return tx.Copy("coverage_pcp_span", []string{"id", "member", "npi", "from_on", "to_on", "known_us", "closed_us"}, held)
}

func benchLoad(b *testing.B, open func(b *testing.B) *db.DB, n int) {
	var most atomic.Uint64
	for b.Loop() {
		b.StopTimer()
		d := open(b)
		ctx := b.Context()
		go func() {
			for ctx.Err() == nil {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapInuse))
				time.Sleep(200 * time.Millisecond)
			}
		}()
		b.StartTimer()
		rep, err := service(d).Import(ctx, access.OperatorActor("ops"), enrollment(n), edi.Members834, nil)
		if err != nil || rep.Added != n || rep.RefusedTotal > 0 {
			b.Fatalf("%+v %v", rep, err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "members/s")
	b.ReportMetric(float64(most.Load()>>20), "heap-MB")
}
