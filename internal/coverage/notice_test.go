package coverage_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
)

// TestOnlyNoticesThatWereReadAreSeen changes a member eight times after a look.
func TestOnlyNoticesThatWereReadAreSeen(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		at(t, clock, "2026-10-10T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", ""))
		sheet, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"2026-10-12", "2026-10-13", "2026-10-14", "2026-10-15", "2026-10-16", "2026-10-17", "2026-10-18", "2026-10-19"} {
			at(t, clock, end[:8]+"20T15:00:00Z")
			clock.Advance(time.Duration(day(t, end).D) * time.Minute)
			_, err = s.Sheet(t.Context(), clerk("A"), sheet.Member.ID, coverage.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
			load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", end, ""))
			tell(t, s, d)
			// Nobody opens the member between: what is not read stays unseen.
			err = d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec("update coverage_notice set seen_us = 0, seen_by = ''")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		left := func() (n int) {
			t.Helper()
			err := d.View(t.Context(), func(tx *db.Tx) error {
				return tx.Row("select count(*) from coverage_notice where seen_us = 0").Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := left(); n != 8 {
			t.Fatalf("%d notices", n)
		}
		for _, want := range []int{3, 0, 0} {
			got, err := s.Sheet(t.Context(), clerk("A"), sheet.Member.ID, coverage.Ask{})
			if err != nil || len(got.Notices) != 5 || left() != want {
				t.Errorf("%d shown, %d not seen, want %d: %v", len(got.Notices), left(), want, err)
			}
			clock.Advance(time.Second)
		}
	})
}

// TestNoticesThatMayNotBeToldAreCounted looks at notices about members under
// restriction, and as a role that is not shown coverage.
func TestNoticesThatMayNotBeToldAreCounted(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		at(t, clock, "2026-10-10T15:00:00Z")
		rows, later := "", ""
		for i := range 12 {
			rows += enrolled(fmt.Sprint("N", i), "Lee", "P1", "2026-01-01", "", "")
			later += enrolled(fmt.Sprint("N", i), "Lee", "P1", "2026-01-01", "2026-09-15", "")
		}
		load(t, s, rows)
		for i := range 12 {
			_, err := byNumber(t, s, clerk("A"), fmt.Sprint("N", i), "")
			if err != nil {
				t.Fatal(err)
			}
		}
		at(t, clock, "2026-10-20T15:00:00Z")
		load(t, s, later)
		tell(t, s, d)
		closed := map[id.Member]bool{}
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			newest, err := db.Collect(func(r *sql.Rows) (id.Member, error) {
				var m id.Member
				return m, r.Scan(&m)
			})(tx.Rows("select member from coverage_notice order by known_us desc, member limit $1", 8))
			for _, m := range newest {
				closed[m] = true
				if err == nil {
					err = member.Restrict(tx, privacy(), m, member.RestrictOther, "has asked for it", time.Time{})
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		before := len(ledger(t, d, clerk("A")))
		got, n, err := s.Notices(t.Context(), clerk("A"))
		if err != nil || n != 12 || len(got) != 4 {
			t.Fatalf("%d of %d: %v", len(got), n, err)
		}
		for _, notice := range got {
			if closed[notice.Member.ID] || notice.Member.Last != "Lee" || notice.From.IsZero() {
				t.Errorf("%+v", notice)
			}
		}
		if now := len(ledger(t, d, clerk("A"))); now != before+4 {
			t.Errorf("%d lines for four members", now-before)
		}
		// A role that is not shown coverage is told no name either.
		fields := minimum.New(minimum.Deps{DB: d})
		m, err := fields.Matrix(t.Context(), privacy())
		if err != nil {
			t.Fatal(err)
		}
		ref, err := fields.Propose(t.Context(), privacy(), minimum.Wish{Role: access.Requester, Purposes: minimum.Purposes(), Version: m.Version, Reason: "the work does not need more",
			Fields: []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldRequests}})
		if err != nil {
			t.Fatal(err)
		}
		err = fields.Approve(t.Context(), actor("chief", access.Plan, "", access.PlanAdmin), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, n, err = s.Notices(t.Context(), clerk("A"))
		if err != nil || n != 12 || len(got) != 0 || len(ledger(t, d, clerk("A"))) != before+4 {
			t.Errorf("without coverage: %d of %d, %v", len(got), n, err)
		}
	})
}

// TestALookWhileAFileIsAppliedIsTold looks at a member between the moment at
// which a change is known and the commit.
func TestALookWhileAFileIsAppliedIsTold(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		if d.Engine() == db.SQLite {
			t.Skip("nobody can look while a file is being applied")
		}
		s := service(d)
		at(t, clock, "2026-10-10T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", ""))
		at(t, clock, "2026-10-20T15:00:00Z")
		src := file(head + enrolled("M1", "Lee", "P1", "2026-01-01", "2026-09-15", ""))
		looked := false
		rep, err := s.Import(t.Context(), importer(), src, coverage.CSV, func(done, _ int64) {
			if done < 3*src.Size || looked {
				return
			}
			looked = true // its rows are written, and not committed
			clock.Advance(time.Second)
			sheet, err := byNumber(t, s, clerk("A"), "M1", "")
			if err != nil || !sheet.Covered {
				t.Errorf("covered %v: %v", sheet.Covered, err)
			}
		})
		if err != nil || rep.RefusedTotal > 0 || !looked {
			t.Fatalf("%+v %v, looked %v", rep, err, looked)
		}
		clock.Advance(time.Second)
		for range 2 {
			tell(t, s, d)
			got, n, err := s.Notices(t.Context(), clerk("A"))
			if err != nil || n != 1 || len(got) != 1 || got[0].What != "ended" {
				t.Errorf("%d notices: %+v %v", n, got, err)
			}
			clock.Advance(time.Second)
		}
	})
}
