package coverage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/blob"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
	"hsconnect/internal/job"
	"hsconnect/internal/record"
)

// statements gives rows for members from 0 on, each with one statement.
func statements(n int, st coverage.Statement) coverage.Feed {
	rows := make([]coverage.Enrollment, n)
	for i := range rows {
		st.At = coverage.Place{Line: i + 2}
		rows[i] = coverage.Enrollment{At: st.At, Change: coverage.Alter, Number: fmt.Sprint("P", i), Spans: []coverage.Statement{st}}
	}
	return feedOf(rows...)
}

// TestEveryLostDayIsWeighed gives forty members coverage of this year and the
// next, and dental coverage to ten, and lets files take some of it.
func TestEveryLostDayIsWeighed(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		at(t, clock, "2026-11-23T15:00:00Z")
		s := holding(t, d)
		load(t, s, people(0, 40, "2026-12-31"))
		load(t, s, strings.ReplaceAll(people(0, 40, ""), "2025-01-01", "2027-01-01"))
		dental := coverage.Statement{Change: coverage.Add, Line: coverage.Dental, Plan: "D", From: day(t, "2025-01-01")}
		steps := []struct {
			name string
			n    int
			st   coverage.Statement
			held string // what it says
		}{
			{"dental begins", 20, dental, ""},
			{"this year ends while the next is known", 4, coverage.Statement{Change: coverage.Alter, Line: coverage.Medical, Plan: "P1", From: day(t, "2025-01-01"), To: day(t, "2026-11-30")}, "medical coverage of 4 of 40"},
			{"this year was never", 4, coverage.Statement{Change: coverage.Void, Line: coverage.Medical, Plan: "P1", From: day(t, "2025-01-01")}, "medical coverage of 4 of 40"},
			{"it began later", 4, coverage.Statement{Change: coverage.Alter, Line: coverage.Medical, Plan: "P1", From: day(t, "2025-01-01"), To: day(t, "2025-01-31")}, "medical coverage of 4 of 40"},
			{"a few", 3, coverage.Statement{Change: coverage.Alter, Line: coverage.Medical, Plan: "P1", From: day(t, "2025-01-01"), To: day(t, "2026-11-30")}, ""},
			{"dental ends", 2, coverage.Statement{Change: coverage.End, Line: coverage.Dental, To: day(t, "2026-11-30")}, "dental coverage of 2 of 20"},
			{"another plan on the same days", 40, coverage.Statement{Change: coverage.Alter, Line: coverage.Medical, Plan: "P2", From: day(t, "2027-01-01")}, ""},
			{"it goes on longer", 40, coverage.Statement{Change: coverage.Alter, Line: coverage.Medical, Plan: "P2", From: day(t, "2026-12-01")}, ""},
		}
		for _, step := range steps {
			rep, err := s.Import(t.Context(), importer(), file(step.name), statements(step.n, step.st), nil)
			if err != nil || rep.RefusedTotal > 0 {
				t.Fatalf("%s: %+v %v", step.name, rep.Refused, err)
			}
			if (rep.Held != "") != (step.held != "") || !strings.Contains(rep.Why, step.held) {
				t.Errorf("%s: held %q: %s %+v", step.name, rep.Held, rep.Why, rep.Difference)
			}
		}
	})
}

// heldFull holds a full file that ends 11 of 100, and lets 900 come in before
// it is decided.
func heldFull(t *testing.T, d *db.DB, s *coverage.Service, later int) intake.ID {
	t.Helper()
	load(t, s, people(0, 100, ""))
	text := head + people(0, 89, "")
	rep, err := s.Load(t.Context(), importer(), coverage.Order{Full: true, Source: file(text), Feed: coverage.CSV})
	if err != nil || rep.Held == "" || rep.Difference.Ending != 11 {
		t.Fatalf("%+v %v", rep, err)
	}
	load(t, s, people(1000, later, ""))
	err = s.Intake.Approve(t.Context(), access.OperatorActor("second"), rep.Held, "agreed with the sponsor")
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(t.Context(), func(tx *db.Tx) error {
		all, err := record.Entries(tx, "held/"+string(rep.Held))
		if err == nil && !bytes.Contains(all[len(all)-1].Body, []byte(`"ending":11`)) {
			t.Errorf("the approval does not say what of: %s", all[len(all)-1].Body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep.Held
}

// TestWhatIsAppliedIsWhatWasApproved lets a held file come to end many more
// than were approved, and hardly more.
func TestWhatIsAppliedIsWhatWasApproved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := holding(t, d)
		held := heldFull(t, d, s, 900)
		rep, err := s.Apply(t.Context(), importer(), held, nil)
		if err != nil || rep.RefusedTotal != 1 {
			t.Fatalf("%+v %v", rep, err)
		}
		h, err := s.Intake.Get(t.Context(), importer(), held)
		if err != nil || h.State != intake.Failed || !strings.Contains(h.Outcome, "911 of 1000") || !strings.Contains(h.Outcome, "11 of 100") {
			t.Errorf("%+v %v", h, err)
		}
		if text := history(t, d, "P1000"); text != "P1 2025-01-01.." {
			t.Error(text)
		}
		again, err := s.Load(t.Context(), importer(), coverage.Order{Full: true, Source: file(head + people(0, 89, "")), Feed: coverage.CSV})
		if err != nil || again.Held == "" || again.Held == held || again.Difference.Ending != 911 {
			t.Errorf("loaded again: %+v %v", again, err)
		}
	})
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := holding(t, d)
		rep, err := s.Apply(t.Context(), importer(), heldFull(t, d, s, 1), nil)
		if err != nil || rep.RefusedTotal != 0 || rep.Difference.Ending != 12 {
			t.Errorf("one more: %+v %v", rep, err)
		}
	})
}

// kept says whether the bytes of a held file can still be had.
func kept(t *testing.T, d *db.DB, s *coverage.Service, held intake.ID) bool {
	t.Helper()
	there := false
	err := d.View(t.Context(), func(tx *db.Tx) error {
		var name string
		err := tx.Row("select blob from intake_held where id = $1", string(held)).Scan(&name)
		if err != nil {
			return err
		}
		_, err = blob.Find(tx, name)
		if db.NoRows(err) {
			_, err = s.Intake.Vault.Store().Get(t.Context(), name)
			if !errors.Is(err, blob.ErrMissing) {
				t.Errorf("the bytes are still in the store: %v", err)
			}
			return nil
		}
		there = err == nil
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// TestSettledFilesAreNotKept refuses, applies, fails and leaves held files.
func TestSettledFilesAreNotKept(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		at(t, clock, "2026-10-01T15:00:00Z")
		s, ctx, second := holding(t, d), t.Context(), access.OperatorActor("second")
		load(t, s, people(0, 40, ""))
		hold := func(last string) intake.ID {
			t.Helper()
			rep, err := s.Import(ctx, importer(), file(head+people(0, 10, last)), coverage.CSV, nil)
			if err != nil || rep.Held == "" {
				t.Fatalf("%+v %v", rep, err)
			}
			if !kept(t, d, s, rep.Held) {
				t.Fatal("a file that waits is not kept")
			}
			return rep.Held
		}
		refused, applied, left := hold("2026-10-31"), hold("2026-11-30"), hold("2026-12-31")
		err := s.Intake.Refuse(ctx, second, refused, "cut off")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Intake.Approve(ctx, second, applied, "agreed")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Apply(ctx, second, applied, nil)
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(30*24*time.Hour - time.Second)
		settle := func() {
			t.Helper()
			err := s.Intake.HandlePurge(ctx, job.Job{})
			if err != nil {
				t.Fatal(err)
			}
		}
		settle()
		if kept(t, d, s, refused) || kept(t, d, s, applied) || !kept(t, d, s, left) {
			t.Error("a settled file is kept, or one that waits is not")
		}
		clock.Advance(2 * time.Second)
		settle()
		h, err := s.Intake.Get(ctx, second, left)
		if err != nil || h.State != intake.Refused || h.Reason != "Nobody decided within 30 days" || h.Digest == "" || kept(t, d, s, left) {
			t.Errorf("%+v %v", h, err)
		}
		// What is dropped is no blob any more.
		n, err := blob.Count(ctx, d)
		if err != nil || n != 0 {
			t.Errorf("%d blobs %v", n, err)
		}
		err = d.View(ctx, s.Intake.Vault.Fits)
		if err != nil {
			t.Errorf("the keyring fits no more: %v", err)
		}
		_, err = blob.Sweep(ctx, d, s.Intake.Vault.Store())
		if err != nil {
			t.Error(err)
		}
	})
}

// TestAnApprovedFileThatNobodyLoadsStalls lets the job's last try fail, and
// loses the job.
func TestAnApprovedFileThatNobodyLoadsStalls(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s, ctx, second := holding(t, d), t.Context(), access.OperatorActor("second")
		load(t, s, people(0, 40, ""))
		text := head + people(0, 10, "2026-12-31")
		rep, err := s.Import(ctx, importer(), file(text), coverage.CSV, nil)
		if err != nil || rep.Held == "" {
			t.Fatalf("%+v %v", rep, err)
		}
		state := func() intake.Held {
			t.Helper()
			h, err := s.Intake.Get(ctx, second, rep.Held)
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		err = s.Intake.Approve(ctx, second, rep.Held, "agreed")
		if err != nil {
			t.Fatal(err)
		}
		jobs := job.New(job.Deps{DB: d, Log: slog.New(slog.DiscardHandler), Workers: 1})
		tries := 0
		jobs.Handle(intake.JobApply(coverage.KindMembers), func(context context.Context, j job.Job) error {
			tries++
			broken := coverage.New(s.Deps)
			broken.Feeds = func(func() (io.ReadCloser, error)) (coverage.Feed, error) { return nil, errors.New("no feed") }
			return broken.HandleApply(context, j)
		})
		for range 20 {
			_, err = jobs.RunDue(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if tries < job.DefaultTries && state().State != intake.Approved {
				t.Fatalf("after %d tries: %+v", tries, state())
			}
			clock.Advance(2 * time.Hour)
		}
		if h := state(); tries != job.DefaultTries || h.State != intake.Stalled || h.Outcome != "It could not be loaded after 12 tries: Something went wrong on our side" {
			t.Fatalf("%d tries: %+v", tries, h)
		}
		again, err := s.Import(ctx, importer(), file(text), coverage.CSV, nil)
		if err != nil || again.Held != rep.Held {
			t.Errorf("the same file: %+v %v", again, err)
		}
		if err = s.Intake.Again(ctx, importer(), rep.Held); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by who loaded it: %v", err)
		}
		err = s.Intake.Again(ctx, second, rep.Held)
		if err != nil || state().State != intake.Approved || state().Outcome != "" {
			t.Fatalf("%+v %v", state(), err)
		}
		// The job is lost: its worker was killed at its last try.
		if err = s.Intake.HandlePurge(ctx, job.Job{}); err != nil || state().State != intake.Approved {
			t.Errorf("one with a job: %+v %v", state(), err)
		}
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("delete from job")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Second)
		if err = s.Intake.HandlePurge(ctx, job.Job{}); err != nil || state().State != intake.Stalled {
			t.Errorf("one without: %+v %v", state(), err)
		}
		err = s.Intake.Again(ctx, second, rep.Held)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Apply(ctx, second, rep.Held, nil)
		if err != nil || got.RefusedTotal > 0 || state().State != intake.Applied {
			t.Errorf("%+v %v %+v", got, err, state())
		}
	})
}
