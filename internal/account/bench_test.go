package account

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/factor"
)

// callers runs fn b.N times from n goroutines.
func callers(b *testing.B, n int, fn func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, n)
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				err := fn(i)
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
	close(errs)
	for err := range errs {
		b.Fatal(err)
	}
}

func onEngines(b *testing.B, p Params, fn func(b *testing.B, s *Service, d *db.DB)) {
	b.Helper()
	keys, err := factor.LoadOrMakeKeys(filepath.Join(b.TempDir(), "account.keys"))
	if err != nil {
		b.Fatal(err)
	}
	factors, err := factor.New(factor.Deps{Seal: keys, Site: "https://portal.example.org", Name: "Sample"})
	if err != nil {
		b.Fatal(err)
	}
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := open(b, dbtest.NewClock().Now)
			fn(b, New(Deps{DB: d, Argon: p, Factors: factors}), d)
		})
	}
}

// BenchmarkSignIn compares signing in with the password (account, throttle,
// hash, session, place, event) with one bare Argon2id hash of the same cost.
func BenchmarkSignIn(b *testing.B) {
	onEngines(b, Params{}, func(b *testing.B, s *Service, _ *db.DB) {
		const people = 64
		all := make([]NewPerson, people)
		for i := range all {
			all[i] = clerk(fmt.Sprintf("clerk.%d", i))
		}
		_, err := s.CreateAll(context.Background(), operator, all)
		if err != nil {
			b.Fatal(err)
		}
		stored, err := s.hash.make(context.Background(), goodPassword)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("bare", func(b *testing.B) {
			callers(b, 4, func(int) error {
				_, _, err := s.hash.match(context.Background(), stored, goodPassword)
				return err
			})
		})
		b.Run("service", func(b *testing.B) {
			callers(b, 4, func(i int) error {
				_, _, err := s.SignIn(context.Background(), Attempt{Username: fmt.Sprintf("clerk.%d", i%people), Password: goodPassword, Address: home, Agent: "bench"})
				return err
			})
		})
	})
}

// BenchmarkSessionCheck compares what every request pays for knowing who asks
// with one bare read of a row by its key.
func BenchmarkSessionCheck(b *testing.B) {
	onEngines(b, cheap(), func(b *testing.B, s *Service, d *db.DB) {
		ctx := context.Background()
		_, err := s.Create(ctx, operator, clerk("ruth.osei"))
		if err != nil {
			b.Fatal(err)
		}
		token, _, err := s.SignIn(ctx, Attempt{Username: "ruth.osei", Password: goodPassword, Address: home})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("bare", func(b *testing.B) {
			callers(b, 8, func(int) error {
				return d.View(ctx, func(tx *db.Tx) error {
					var person string
					return tx.Row("select person from account_session where token_hash = $1", tokenHash(token)).Scan(&person)
				})
			})
		})
		b.Run("service", func(b *testing.B) {
			callers(b, 8, func(int) error {
				s, err := s.Session(ctx, token, home)
				if err == nil && s.Actor.Side != access.Office {
					err = errSignedOut()
				}
				return err
			})
		})
	})
}
