package intake_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
)

func operator() access.Actor { return access.OperatorActor("ops") }

func TestAStagingIsFoundAgainUntilItIsDropped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx, f := intake.New(intake.Deps{DB: d}), t.Context(), intake.File{Key: "k", Kind: "things", Name: "things.csv", Digest: "k"}
		begin := func() intake.Staged {
			t.Helper()
			st, err := s.Begin(ctx, operator(), f)
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
		if st := begin(); st != (intake.Staged{}) {
			t.Errorf("a new one: %+v", st)
		}
		for range 2 { // the same batch twice counts once
			err := s.Put(ctx, operator(), "k", 0, 7, []byte("seven"))
			if err != nil {
				t.Fatal(err)
			}
		}
		if st := begin(); st != (intake.Staged{Rows: 7, Batches: 1}) {
			t.Errorf("one batch: %+v", st)
		}
		if err := s.Complete(ctx, operator(), "k"); err != nil || begin() != (intake.Staged{Rows: 7, Batches: 1, Whole: true}) {
			t.Errorf("whole: %v", err)
		}
		err := d.View(ctx, func(tx *db.Tx) error {
			body, err := intake.Batch(tx, operator(), "k", 0)
			if err == nil && !bytes.Equal(body, []byte("seven")) {
				err = fmt.Errorf("%q", body)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		// What PostgreSQL does to a table that it does not log when its server crashes.
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("delete from intake_batch where no >= $1", 0)
			return err
		})
		if st := begin(); err != nil || st != (intake.Staged{}) {
			t.Errorf("batches lost: %+v %v", st, err)
		}
		if err := s.Drop(ctx, operator(), "k"); err != nil {
			t.Error(err)
		}
		if err := s.Put(ctx, operator(), "k", 0, 7, []byte("seven")); !intake.IsGone(err) {
			t.Errorf("put after the end: %v", err)
		}
		if err := s.Complete(ctx, operator(), "k"); !intake.IsGone(err) {
			t.Errorf("complete after the end: %v", err)
		}
	})
}

func TestOnlyWhoMayImport(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s, ctx := intake.New(intake.Deps{DB: d}), t.Context()
	nurse := access.Actor{Person: "nurse", Side: access.Plan, Roles: []access.Role{access.Nurse}}
	_, beginErr := s.Begin(ctx, nurse, intake.File{Key: "k"})
	_, listErr := s.List(ctx, nurse)
	_, getErr := s.Get(ctx, nurse, "x")
	_, openErr := s.Open(ctx, nurse, "x")
	_, holdErr := s.Hold(ctx, nurse, intake.Holding{}, strings.NewReader(""))
	_, purgeErr := s.Purge(ctx, nurse)
	for name, err := range map[string]error{
		"begin": beginErr, "list": listErr, "get": getErr, "open": openErr, "hold": holdErr, "purge": purgeErr, "put": s.Put(ctx, nurse, "k", 0, 1, nil),
		"complete": s.Complete(ctx, nurse, "k"), "drop": s.Drop(ctx, nurse, "k"), "approve": s.Approve(ctx, nurse, "x", "because"), "refuse": s.Refuse(ctx, nurse, "x", "because"),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Hold(ctx, operator(), intake.Holding{}, strings.NewReader("")); err == nil {
		t.Error("held without a vault")
	}
}

func TestObjects(t *testing.T) {
	var got []string
	err := intake.Objects(strings.NewReader("\ufeff{\"a\":\"1\",\"b\":null}\r\n\n  {}\n{\"a\":\"\\u00e9\\n\"}\n{\"a\":1}\n{\"a\":\"1\",\"a\":\"2\"}\n[1]"), func(o intake.Object) error {
		got = append(got, fmt.Sprintf("%d %v %t", o.Line, o.Values, o.Reason != ""))
		return nil
	})
	want := []string{"1 map[a:1 b:] false", "3 map[] false", "4 map[a:é\n] false", "5 map[] true", "6 map[a:1] true", "7 map[] true"}
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q %v", got, err)
	}
	stop := errors.New("stop")
	if err := intake.Objects(strings.NewReader("{}\n{}"), func(intake.Object) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := intake.Objects(strings.NewReader(strings.Repeat("x", intake.MaxLine+1)), func(intake.Object) error { return nil }); !errors.Is(err, intake.ErrLongLine) {
		t.Error(err)
	}
}

// FuzzObjects: what is read is read alike a second time, and nothing but a
// long line ends the reading.
func FuzzObjects(f *testing.F) {
	f.Add("{\"a\":\"1\",\"b\":null}\n\n{}")
	f.Add("{\"a\":{\"b\":[]}}\n{\"a\"\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		read := func() (all []intake.Object, err error) {
			err = intake.Objects(strings.NewReader(text), func(o intake.Object) error {
				all = append(all, o)
				return nil
			})
			return all, err
		}
		one, err := read()
		two, again := read()
		if err != nil && !errors.Is(err, intake.ErrLongLine) || !errors.Is(again, err) || len(one) != len(two) {
			t.Fatalf("%v %v", err, again)
		}
		for i := range one {
			if one[i].Line < 1 || one[i].Reason != two[i].Reason || one[i].Reason == "" && !maps.Equal(one[i].Values, two[i].Values) {
				t.Errorf("%+v %+v", one[i], two[i])
			}
		}
	})
}
