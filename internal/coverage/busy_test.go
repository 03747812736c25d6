package coverage_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

// TestThePortalGoesOnDuringAnImport looks members up, which writes the ledger,
// while a file is applied that changes the same members.
func TestThePortalGoesOnDuringAnImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, people(0, 2500, ""))
		var wg sync.WaitGroup
		done := make(chan struct{})
		looks := 0
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				_, err := byNumber(t, s, clerk("A"), "P7", "")
				if err != nil {
					t.Error(err)
					return
				}
				looks++
			}
		})
		rep := load(t, s, people(0, 2500, "2027-12-31"))
		close(done)
		wg.Wait()
		if rep.Changed != 2500 || looks == 0 {
			t.Errorf("%d looks during %+v", looks, rep)
		}
	})
}

// TestFullDiskLoadsNothing lets the disk run full at several points of a load:
// max_page_count stands for it.
func TestFullDiskLoadsNothing(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s := service(d)
	text := head + people(0, 6000, "")
	pages := func(query string) (n int) {
		t.Helper()
		err := d.Update(t.Context(), func(tx *db.Tx) error { return tx.Row(query).Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	now := pages("pragma page_count")
	refused := 0
	for _, more := range []int{30, 100, 400, 700} {
		pages("pragma max_page_count = " + strconv.Itoa(now+more))
		rep, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
		if err == nil {
			if rep.Added != 6000 {
				t.Errorf("%d more pages: %+v", more, rep)
			}
			break
		}
		refused++
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%d more pages: %v", more, err)
		}
		if c := counts(t, d); c != [5]int{} {
			t.Errorf("%d more pages: left %v", more, c)
		}
	}
	pages("pragma max_page_count = 1073741823")
	rep, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
	if err != nil || rep.Added != 6000 || refused < 2 {
		t.Errorf("after %d refusals: %+v %v", refused, rep, err)
	}
}
