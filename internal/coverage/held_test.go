package coverage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
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

// holding is a service that holds from a tenth on.
func holding(t *testing.T, d *db.DB) *coverage.Service {
	t.Helper()
	dir := t.TempDir()
	keys, err := blob.LoadOrMakeKeyring(filepath.Join(dir, "blob.keys"))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := blob.Folder(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	in := intake.New(intake.Deps{DB: d, Vault: blob.NewVault(folder, keys)})
	return coverage.New(coverage.Deps{
		DB: d, Log: slog.New(slog.DiscardHandler), Zone: time.UTC, Intake: in, HoldShare: 0.1,
		Feeds: func(func() (io.ReadCloser, error)) (coverage.Feed, error) { return coverage.CSV, nil },
	})
}

// people gives the rows of members from one number on, with this last day.
func people(from, n int, to string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "P%d,,,Lee,Ann%d,,,1990-05-05,,,,,,,,P1,,2025-01-01,%s,\n", from+i, from+i, to)
	}
	return b.String()
}

// staged gives how much of files is staged, and how many members are noted as
// named.
func staged(t testing.TB, d *db.DB) (files, batches, named int) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select (select count(*) from intake_file), (select count(*) from intake_batch), (select count(*) from coverage_named)").Scan(&files, &batches, &named)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, batches, named
}

func TestATenthWaitsForASecondPerson(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := holding(t, d)
		load(t, s, people(0, 100, "")+people(500, 10, "2025-06-30"))
		rep := load(t, s, people(0, 9, "2026-06-30"))
		if rep.Held != "" || rep.Difference.Ending != 9 || rep.Difference.Open != 100 || rep.Difference.Ended != 9 || rep.Difference.Retroactive != 9 {
			t.Fatalf("nine of a hundred: %+v", rep)
		}
		text := head + people(20, 10, "2026-10-31")
		rep, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
		if err != nil || rep.Held == "" || rep.Difference.Ending != 10 || rep.Difference.Open != 91 || !strings.Contains(rep.Why, "10 of 91 members") {
			t.Fatalf("ten of 91: %+v %v", rep, err)
		}
		if h := history(t, d, "P20"); h != "P1 2025-01-01.." {
			t.Errorf("a held file has ended %s", h)
		}
		if f, b, n := staged(t, d); f+b+n != 0 {
			t.Errorf("a held file left %d %d %d", f, b, n)
		}
		again, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
		if err != nil || again.Held != rep.Held {
			t.Errorf("held twice: %+v %v", again, err)
		}
		held := rep.Held
		decideHeld(t, d, s, held)
		if h := history(t, d, "P20"); h != "P1 2025-01-01..2026-10-31" {
			t.Errorf("approved: %s", h)
		}
		again, err = s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
		if err != nil || !again.Already || again.Difference.Ending != 10 {
			t.Errorf("after approval: %+v %v", again, err)
		}
		var kinds []string
		all := entries(t, d)
		err = d.View(t.Context(), func(tx *db.Tx) error {
			held, err := record.Entries(tx, "held/"+string(held))
			all = append(all, held...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			kinds = append(kinds, e.Kind)
			if bytes.Contains(e.Body, []byte("P2")) || bytes.Contains(e.Body, []byte("Lee")) {
				t.Errorf("%s names somebody: %s", e.Kind, e.Body)
			}
		}
		if got := strings.Join(kinds, " "); got != "members.loaded members.loaded members.loaded file.held file.approved" {
			t.Error(got)
		}
	})
}

// decideHeld walks the ways of a held file up to its application.
func decideHeld(t *testing.T, d *db.DB, s *coverage.Service, held intake.ID) {
	t.Helper()
	ctx, second := t.Context(), access.OperatorActor("second")
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"by who loaded it":    {s.Intake.Approve(ctx, importer(), held, "it is right"), fault.Forbidden},
		"without a reason":    {s.Intake.Approve(ctx, second, held, " x "), fault.Invalid},
		"by a clerk":          {s.Intake.Approve(ctx, clerk("A"), held, "it is right"), fault.Forbidden},
		"unknown":             {s.Intake.Approve(ctx, second, "01jdbq3h6m2t9v8x7c5b4a3z21", "it is right"), fault.NotFound},
		"applied, unapproved": {func() error { _, err := s.Apply(ctx, second, held, nil); return err }(), fault.Conflict},
	} {
		if !fault.Is(c.err, c.kind) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	err := s.Intake.Approve(ctx, second, held, "agreed with the sponsor")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Intake.Refuse(ctx, second, held, "no, not so"); !fault.Is(err, fault.Conflict) {
		t.Errorf("decided twice: %v", err)
	}
	jobs := job.New(job.Deps{DB: d, Log: slog.New(slog.DiscardHandler), Workers: 1})
	jobs.Handle(intake.JobApply(coverage.KindMembers), s.HandleApply)
	n, err := jobs.RunDue(ctx)
	if err != nil || n != 1 {
		t.Fatalf("%d jobs: %v", n, err)
	}
	h, err := s.Intake.Get(ctx, second, held)
	if err != nil || h.State != intake.Applied || h.Reason != "agreed with the sponsor" || h.Decided != second.Name {
		t.Errorf("%+v %v", h, err)
	}
	if _, err := s.Apply(ctx, second, held, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied twice: %v", err)
	}
}

// What was known has changed since the file was held, and it does not fit any
// more.
func TestAHeldFileIsJudgedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := holding(t, d)
		load(t, s, people(0, 5, ""))
		rep, err := s.Import(t.Context(), importer(), file(head+people(0, 1, "2026-10-31")), coverage.CSV, nil)
		if err != nil || rep.Held == "" {
			t.Fatalf("%+v %v", rep, err)
		}
		load(t, s, "P0,,,Roe,Ann0,,,1990-05-05,,,,,,,,,,,,\n")
		load(t, s, "P0,,,Roe,Ann0,,,1991-05-05,,,,,,,,,,,,\n")
		second := access.OperatorActor("second")
		err = s.Intake.Approve(t.Context(), second, rep.Held, "looks right")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Apply(t.Context(), second, rep.Held, nil)
		h, getErr := s.Intake.Get(t.Context(), second, rep.Held)
		if err != nil || got.RefusedTotal != 1 || getErr != nil || h.State != intake.Failed || !strings.Contains(h.Outcome, "line 2") {
			t.Errorf("%+v %v %+v %v", got, err, h, getErr)
		}
		if text := history(t, d, "P0"); text != "P1 2025-01-01.." {
			t.Error(text)
		}
	})
}

func TestAFullFileEndsWhomItDoesNotName(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, people(0, 1100, "")+"D1,,,Lee,Deb,,,1990-05-05,,,,,,,,P1,,2027-01-01,,\n")
		_, err := s.Import(t.Context(), importer(), file("dental"), feedOf(coverage.Enrollment{
			At: coverage.Place{Line: 2}, Change: coverage.Add, Number: "P1", Last: "Lee", First: "Ann1", Birth: day(t, "1990-05-05"),
			Spans: []coverage.Statement{{Change: coverage.Add, Line: coverage.Dental, Plan: "D", From: day(t, "2025-01-01")}},
		}), nil)
		if err != nil {
			t.Fatal(err)
		}
		order := func(o coverage.Order, text string) coverage.Report {
			t.Helper()
			o.Source, o.Feed = file(text), coverage.CSV
			rep, err := s.Load(t.Context(), importer(), o)
			if err != nil || rep.RefusedTotal > 0 {
				t.Fatalf("%+v %v", rep, err)
			}
			return rep
		}
		text := head + people(0, 1, "") + people(2, 500, "") + people(2000, 3, "")
		before := counts(t, d)
		check := order(coverage.Order{Full: true, CheckOnly: true}, text)
		if check.Added != 3 || check.Difference.Unnamed != 600 || check.Difference.Ending != 600 || check.Difference.Open != 1101 {
			t.Fatalf("checked: %+v", check)
		}
		if counts(t, d) != before {
			t.Fatalf("a check wrote: %v", counts(t, d))
		}
		if f, b, n := staged(t, d); f+b+n != 0 {
			t.Errorf("a check left %d %d %d", f, b, n)
		}
		rep := order(coverage.Order{Full: true, Ask: func(shown coverage.Report) bool {
			if !reflect.DeepEqual(shown.Difference, check.Difference) {
				t.Errorf("asked with %+v", shown)
			}
			return true
		}}, text)
		if !reflect.DeepEqual(rep.Difference, check.Difference) || rep.Ended != 600 {
			t.Errorf("applied %+v, checked %+v", rep, check)
		}
		for number, want := range map[string]string{
			"P0": "P1 2025-01-01..", "P1": "dental D 2025-01-01..; P1 2025-01-01..2026-11-22", "P501": "P1 2025-01-01..", "P502": "P1 2025-01-01..2026-11-22",
			"P2001": "P1 2025-01-01..", "D1": "",
		} {
			if h := history(t, d, number); h != want {
				t.Errorf("%s: %q, want %q", number, h, want)
			}
		}
		rep = order(coverage.Order{Full: true, Ends: day(t, "2026-12-31")}, head+people(0, 1, ""))
		if h := history(t, d, "P2001"); h != "P1 2025-01-01..2026-12-31" || rep.Ended != 503 {
			t.Errorf("%s %+v", h, rep)
		}
		rep = order(coverage.Order{Ask: func(coverage.Report) bool { return false }}, head+people(9000, 1, ""))
		if !rep.Declined || history(t, d, "P9000") != "" {
			t.Errorf("declined: %+v", rep)
		}
	})
}

// TestStoppedAnywhere stops loads at random places: each leaves all or nothing,
// and the last one goes on with what was read.
func TestStoppedAnywhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(d)
		const n = 9000
		text := head + people(0, n, "")
		resumed, stopped := 0, 0
		for try := range 12 {
			ctx, cancel := context.WithCancel(t.Context())
			at := rand.Int64N(int64(len(text)) * 3)
			if try == 0 {
				at = int64(len(text)) * 3 / 2 // with some of the rows read, whatever chance says
			}
			rep, err := s.Import(ctx, importer(), file(text), coverage.CSV, func(done, _ int64) {
				if done >= at {
					cancel()
				}
			})
			cancel()
			c := counts(t, d)
			if err == nil {
				if c[0] != n || c[1] != n {
					t.Fatalf("said to be done: %+v, %v", rep, c)
				}
				break
			}
			stopped++
			if !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			if c != [5]int{} {
				t.Fatalf("stopped at %d: %v", at, c)
			}
		}
		rep, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
		if err != nil || rep.Added != n {
			t.Fatalf("%+v %v", rep, err)
		}
		resumed += rep.Resumed
		if stopped == 0 || !rep.Already && (resumed == 0 || resumed%2000 != 0 && resumed != n) {
			t.Errorf("stopped %d times, went on after %d rows", stopped, resumed)
		}
		if c := counts(t, d); c != [5]int{n, n, n, 1, 1} {
			t.Errorf("%v", c)
		}
		if f, b, _ := staged(t, d); f+b != 0 {
			t.Errorf("left %d %d", f, b)
		}
	})
}

// A row in the part that is read again is compared with those that were
// staged before.
func TestResumedStillSeesTheSameMemberTwice(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s := service(d)
	text := head + people(0, 5000, "") + people(7, 1, "")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Import(ctx, importer(), file(text), coverage.CSV, func(done, _ int64) {
		if done >= int64(len(text))*19/10 {
			cancel()
		}
	})
	cancel()
	if !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	if _, b, _ := staged(t, d); b == 0 {
		t.Fatal("nothing is staged")
	}
	rep, err := s.Import(t.Context(), importer(), file(text), coverage.CSV, nil)
	if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "stands at line 9") {
		t.Errorf("%+v %v", rep, err)
	}
}

// What an earlier try has staged under the digest of a file that was being
// written at the same time is not believed.
func TestStagedRowsOfOtherBytesAreReadAgain(t *testing.T) {
	d := dbtest.SQLite(t, time.Now)
	s := service(d)
	right, wrong := head+people(0, 5000, ""), head+strings.Replace(people(0, 5000, ""), "Ann77,", "Eve77,", 1)
	ctx, cancel := context.WithCancel(t.Context())
	opened := 0
	src := coverage.Source{Name: "x", Size: int64(len(right)), Open: func() (io.ReadCloser, error) {
		opened++
		if opened == 2 {
			return io.NopCloser(strings.NewReader(wrong)), nil
		}
		return io.NopCloser(strings.NewReader(right)), nil
	}}
	_, err := s.Import(ctx, importer(), src, coverage.CSV, func(done, _ int64) {
		if done >= int64(len(right))*19/10 {
			cancel()
		}
	})
	cancel()
	if _, b, _ := staged(t, d); !fault.Is(err, fault.Unavailable) || b == 0 {
		t.Fatalf("%d batches: %v", b, err)
	}
	rep, err := s.Import(t.Context(), importer(), file(right), coverage.CSV, nil)
	if err != nil || rep.Added != 5000 || rep.Resumed != 0 {
		t.Fatalf("%+v %v", rep, err)
	}
	if sheet, err := byNumber(t, s, nurse(), "P77", ""); err != nil || sheet.Member.First != "Ann77" {
		t.Errorf("%q %v", sheet.Member.First, err)
	}
}

func TestLeftStagingsArePurged(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		s := service(d)
		ctx, cancel := context.WithCancel(t.Context())
		text := head + people(0, 3000, "")
		_, err := s.Import(ctx, importer(), file(text), coverage.CSV, func(done, _ int64) {
			if done >= int64(len(text))*2 {
				cancel()
			}
		})
		cancel()
		if !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		clock.Advance(intake.Keep)
		n, err := s.Intake.Purge(t.Context(), importer())
		if err != nil || n != 0 {
			t.Errorf("%d removed on the seventh day: %v", n, err)
		}
		clock.Advance(time.Second)
		n, err = s.Intake.Purge(t.Context(), importer())
		if f, b, _ := staged(t, d); err != nil || n != 1 || f+b != 0 {
			t.Errorf("%d removed: %v; left %d %d", n, err, f, b)
		}
	})
}

// TestStagingKeepsEveryFact fills each field of an enrollment, those that are
// yet to come too, and compares what is applied from the staging.
func TestStagingKeepsEveryFact(t *testing.T) {
	var e coverage.Enrollment
	fill(reflect.ValueOf(&e).Elem(), 1)
	got, err := coverage.Restage(e)
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("%#v\n%#v\n%v", reflect.ValueOf(got), reflect.ValueOf(e), err)
	}
}

func fill(v reflect.Value, n int) int {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("t%d", n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Struct:
		for i := range v.NumField() {
			n = fill(v.Field(i), n+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			n = fill(v.Index(i), n+1)
		}
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic(v.Kind())
	}
	return n + 1
}

func TestNDJSON(t *testing.T) {
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	s := service(d)
	rep, err := s.Import(t.Context(), importer(), file("\ufeff"+`{"member_number":"N1","last":"Garcia","first":"Ana","birth":"1951-03-09","plan":"MA01","from":"2026-01-01","to":null}`+"\n\n"+
		`{"member_id":"N2","subscriber_id":"N1","rel":"19","family":"Garcia","given":"Zoë","dob":"2010-03-09","plan":"MA01","effective":"20260101","term":"20261231","pcp_npi":"1245319599"}`), coverage.NDJSON, nil)
	if err != nil || rep.Added != 2 || rep.RefusedTotal > 0 {
		t.Fatalf("%+v %v", rep, err)
	}
	sheet, err := byNumber(t, s, nurse(), "N2", "")
	if err != nil || sheet.Member.First != "Zoë" || sheet.Member.Subscriber != "N1" || sheet.Member.Relationship != "child" || sheet.Span.To != day(t, "2026-12-31") {
		t.Errorf("%q %v %v", sheet.Member.First, sheet.Span.To, err)
	}
	const good = `"last":"Garcia","first":"Ana","birth":"1951-03-09","plan":"MA01","from":"2026-01-01"`
	for name, c := range map[string]struct{ line, reason string }{
		"unknown name":        {`{"member_number":"N9","shoe_size":"44",` + good + `}`, `holds "shoe_size", which is none of`},
		"odd name":            {`{"member_number":"N9","Garcia 1951":"44",` + good + `}`, `holds a name, which is none of`},
		"twice":               {`{"member_number":"N9","last":"x",` + good + `}`, "names a value twice"},
		"twice by two names":  {`{"member_number":"N9","member_id":"N9",` + good + `}`, "under two names"},
		"a number":            {`{"member_number":9,` + good + `}`, "not one JSON object"},
		"nested":              {`{"member_number":{"a":"b"},` + good + `}`, "not one JSON object"},
		"a list":              {`["N9"]`, "not one JSON object"},
		"two objects":         {`{"member_number":"N9",` + good + `} {}`, "not one JSON object"},
		"cut off":             {`{"member_number":"N9",` + good, "not one JSON object"},
		"no JSON":             {`member N9`, "not one JSON object"},
		"not UTF-8":           {"{\"member_number\":\"N9\xe9\"," + good + "}", "UTF-8"},
		"no number":           {`{` + good + `}`, "member_number: is missing"},
		"odd day":             {`{"member_number":"N9","to":"20261301",` + good + `}`, "to: "},
		"FHIR":                {`{"resourceType":"Patient","id":"N9"}`, `holds "resourceType"`},
		"deep, to be hostile": {strings.Repeat("[", 60_000), "not one JSON object"},
	} {
		rep, err := s.Import(t.Context(), importer(), file(c.line+"\n"), coverage.NDJSON, nil)
		if name == "FHIR" && rep.RefusedTotal > 0 && !strings.Contains(rep.Refused[0].Reason, `"resourceType"`) {
			c.reason = `holds "id"`
		}
		if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Where != "line 1" || !strings.Contains(rep.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
	for name, text := range map[string]string{"empty": "", "long line": `{"last":"` + strings.Repeat("x", 70_000) + `"}`} {
		rep, err := s.Import(t.Context(), importer(), file(text), coverage.NDJSON, nil)
		if err != nil || rep.RefusedTotal != 1 || rep.Refused[0].Where != "the file" {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
	}
}

func FuzzNDJSON(f *testing.F) {
	f.Add(`{"member_number":"N1","last":"Garcia","first":"Ana","birth":"1951-03-09","plan":"MA01","from":"2026-01-01","to":null}`)
	f.Add("{\"a\":\"b\"}\n\n{\"a\":1}\nnull")
	f.Fuzz(func(t *testing.T, text string) {
		err := coverage.NDJSON(strings.NewReader(text), func(e coverage.Enrollment) error {
			if e.At.Line < 1 {
				t.Errorf("a row at %v", e.At)
			}
			return nil
		})
		var bad *coverage.Unreadable
		if err != nil && (!errors.As(err, &bad) || bad.Where == "" || bad.Reason == "") {
			t.Errorf("%v", err)
		}
	})
}
