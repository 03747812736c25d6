package coverage_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
	"hsconnect/internal/mail"
	"hsconnect/internal/member"
)

func enrolled(number, last, plan, from, to, pcp string) string {
	return number + ",,," + last + ",Ann,,,1990-05-05,,,,,,,," + plan + ",," + from + "," + to + "," + pcp + "\n"
}

func at(t testing.TB, c *dbtest.Clock, text string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	c.Set(now)
}

// tell runs the jobs that are due and gives the messages that wait to be sent.
func tell(t testing.TB, s *coverage.Service, d *db.DB) (mails []string) {
	t.Helper()
	r := job.New(job.Deps{DB: d})
	r.Handle(coverage.JobTell, s.HandleTell)
	r.Handle(coverage.JobNotify, s.HandleNotify)
	r.Handle(mail.Job, func(_ context.Context, j job.Job) error { mails = append(mails, string(j.Payload)); return nil })
	for {
		n, err := r.RunDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return mails
		}
	}
}

func TestWhatWasKnownOfADayAndWhen(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		at(t, clock, "2026-03-02T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", ""))
		at(t, clock, "2026-03-10T15:00:00Z") // says nothing about February
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "2026-12-31", ""))
		at(t, clock, "2026-04-01T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "2026-02-15", ""))
		at(t, clock, "2026-05-01T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P2", "2026-02-10", "", ""))
		see := func(on string) []coverage.Belief {
			t.Helper()
			got, err := byNumber(t, s, clerk("A"), "M1", on)
			if err != nil {
				t.Fatal(err)
			}
			return got.Known
		}
		moment := func(text string) time.Time {
			m, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		same := func(on string, want ...coverage.Belief) {
			t.Helper()
			got := see(on)
			if !slices.EqualFunc(got, want, func(a, b coverage.Belief) bool {
				eq := a.At.Equal(b.At)
				a.At = b.At
				return eq && a == b
			}) {
				for _, b := range got {
					t.Logf("%v %v %q %v %v %v", b.At, b.Covered, b.Plan, b.From, b.To, b.Retroactive)
				}
				t.Errorf("on %s", on)
			}
		}
		jan, feb10, feb9, feb15, dec := day(t, "2026-01-01"), day(t, "2026-02-10"), day(t, "2026-02-09"), day(t, "2026-02-15"), day(t, "2026-12-31")
		first := coverage.Belief{At: moment("2026-03-02T15:00:00Z"), Covered: true, Plan: "P1", From: jan}
		second := coverage.Belief{At: moment("2026-03-10T15:00:00Z"), Covered: true, Plan: "P1", From: jan, To: dec}
		third := coverage.Belief{At: moment("2026-04-01T15:00:00Z"), Covered: true, Plan: "P1", From: jan, To: feb15}
		same("2026-02-05", first, second, third, coverage.Belief{At: moment("2026-05-01T15:00:00Z"), Covered: true, Plan: "P1", From: jan, To: feb9})
		same("2026-02-12", first, second, third, coverage.Belief{At: moment("2026-05-01T15:00:00Z"), Covered: true, Plan: "P2", From: feb10, Retroactive: true})
		same("2026-02-20", first, second, coverage.Belief{At: moment("2026-04-01T15:00:00Z"), Retroactive: true},
			coverage.Belief{At: moment("2026-05-01T15:00:00Z"), Covered: true, Plan: "P2", From: feb10, Retroactive: true})
		// A day that was still to come when it changed was not changed for days gone by.
		at(t, clock, "2026-06-20T15:00:00Z")
		same("2026-06-15", first, second, coverage.Belief{At: moment("2026-04-01T15:00:00Z")}, coverage.Belief{At: moment("2026-05-01T15:00:00Z"), Covered: true, Plan: "P2", From: feb10})
		_, err := byNumber(t, s, clerk("A"), "M1", "2025-06-19")
		if err == nil {
			t.Error("thirteen months back")
		}
	})
}

func TestADayBeforeBirthIsRefused(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		load(t, s, "M1,,,Lee,Baby,,,2026-05-05,,,,,,,,P1,,2026-05-01,,\n")
		look := func(on string) (coverage.Sheet, error) {
			return s.LookUp(t.Context(), clerk("A"), coverage.Query{Key: member.Key{Number: "M1", Birth: day(t, "2026-05-05")}, On: day(t, on), Visit: seen(s)})
		}
		_, err := look("2026-05-04")
		if err == nil || !strings.Contains(err.Error(), "before the member was born") {
			t.Errorf("%v", err)
		}
		// That the key fits is told by it, so the ledger has the look.
		if rows := ledger(t, d, clerk("A")); len(rows) == 0 || rows[0].Outcome != disclosure.Shown {
			t.Errorf("the ledger says %+v", rows)
		}
		got, err := look("2026-05-05")
		if err != nil || !got.Covered {
			t.Errorf("%v", err)
		}
	})
}

func TestOfficesThatLookedBeforeAChangeAreTold(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		s.Link = func(path string) string { return "https://portal.example.org" + path }
		at(t, clock, "2026-10-10T15:00:00Z")
		admin(t, d, "A")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", "")+enrolled("N2", "Roe", "P1", "2026-01-01", "", "")+enrolled("M3", "Poe", "P1", "2026-01-01", "", ""))
		for org, number := range map[string]string{"A": "M1", "B": "N2", "C": "M3"} {
			_, err := byNumber(t, s, clerk(org), number, "")
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := byNumber(t, s, clerk("A"), "N2", "")
		if err != nil {
			t.Fatal(err)
		}
		at(t, clock, "2026-11-02T15:00:00Z")
		// M1 ended in September: A looked after that day. M2 changes plan from
		// November 15 on: no day gone by. M3 ends in mid-October: C looked before
		// any changed day.
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "2026-09-15", "")+enrolled("N2", "Roe", "P2", "2026-11-15", "", "")+
			enrolled("M3", "Poe", "P1", "2026-01-01", "2026-10-14", "")+enrolled("M4", "Doe", "P1", "2026-05-01", "2026-05-31", "")+enrolled("M4", "Doe", "P2", "2026-01-01", "2026-04-30", ""))
		changes := 0
		err = d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("select count(*) from coverage_change").Scan(&changes) })
		if err != nil || changes != 2 { // of M1 and M3: M4 is new, in two rows
			t.Errorf("%d changes, %v", changes, err)
		}
		if mails := tell(t, s, d); len(mails) != 0 {
			t.Errorf("a mail before the ten minutes: %v", mails)
		}
		notices := func(org string) ([]coverage.Notice, int) {
			t.Helper()
			all, n, err := s.Notices(t.Context(), clerk(org))
			if err != nil {
				t.Fatal(err)
			}
			return all, n
		}
		got, n := notices("A")
		if n != 1 || len(got) != 1 || got[0].What != "ended" || got[0].From != day(t, "2026-09-16") || got[0].To != day(t, "2026-11-01") ||
			got[0].Member.Last != "Lee" || !got[0].KnownAt.Equal(clock.Now()) || got[0].Looked.IsZero() || !got[0].SeenAt.IsZero() {
			t.Errorf("A: %d %+v %q", n, got, got[0].Member.Last)
		}
		for _, org := range []string{"B", "C", "D"} {
			if got, n := notices(org); n != 0 || len(got) != 0 {
				t.Errorf("%s: %d %+v", org, n, got)
			}
		}
		rows := ledger(t, d, clerk("A"))
		if rows[0].Subject != "coverage notices" || rows[0].Outcome != disclosure.Shown || !slices.Equal(rows[0].Fields, []access.Field{access.FieldName, access.FieldCoverage}) {
			t.Errorf("the ledger says %+v", rows[0])
		}
		clock.Advance(11 * time.Minute)
		mails := tell(t, s, d)
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		var m struct{ Address, Subject, Link, Text string }
		_ = json.Unmarshal([]byte(mails[0]), &m) // Text is a list: the rest is read all the same
		if m.Address != "admin@example.org" || m.Link != "https://portal.example.org/" || !strings.Contains(mails[0], "one member") {
			t.Errorf("%s", mails[0])
		}
		for _, planted := range []string{"Lee", "Ann", "M1", "P1", "1990"} {
			if strings.Contains(mails[0], planted) {
				t.Errorf("the mail says %q: %s", planted, mails[0])
			}
		}
		// Another change the same day waits for the next morning.
		load(t, s, enrolled("N2", "Roe", "P1", "2026-01-01", "2026-09-20", ""))
		tell(t, s, d)
		clock.Advance(11 * time.Minute)
		if mails := tell(t, s, d); len(mails) != 0 {
			t.Errorf("a second mail of the day: %v", mails)
		}
		if _, n := notices("A"); n != 2 {
			t.Errorf("A has %d", n)
		}
		at(t, clock, "2026-11-03T12:00:00Z")
		if mails := tell(t, s, d); len(mails) != 1 {
			t.Errorf("%d mails the next morning", len(mails))
		}
		// Opening the member is having seen it; the page still says so.
		sheet, err := byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || len(sheet.Notices) != 1 || len(sheet.Changes) != 1 || sheet.Changes[0].From != day(t, "2026-09-16") {
			t.Fatalf("%+v %v", sheet.Notices, err)
		}
		if _, n := notices("A"); n != 1 {
			t.Errorf("A still has %d", n)
		}
		sheet, err = byNumber(t, s, clerk("A"), "M1", "")
		if err != nil || len(sheet.Notices) != 1 || !sheet.Notices[0].SeenAt.Equal(clock.Now()) {
			t.Errorf("%+v %v", sheet.Notices, err)
		}
		// Without a tie the change is counted and tells nothing.
		at(t, clock, "2026-12-20T12:00:00Z")
		got, n = notices("A")
		if n != 1 || len(got) != 0 {
			t.Errorf("after the visit has run out: %d %+v", n, got)
		}
	})
}

// admin makes the local administrator of an organization.
func admin(t testing.TB, d *db.DB, org string) {
	t.Helper()
	a := account.New(account.Deps{DB: d})
	_, err := a.CreateAll(t.Context(), importer(), []account.NewPerson{{
		Username: "admin.of." + org, Name: "Admin", Side: access.Office, Org: id.Organization(org), OrgName: org, OrgTIN: "123456789",
		Roles: []access.Role{access.LocalAdmin}, Email: "admin@example.org", Password: "marble ferns kneel sideways",
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPCPsHaveAHistory(t *testing.T) {
	clock := dbtest.NewClock()
	const first, second, third = "1234567893", "1679576722", "1003000126"
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		s := service(d)
		directory(t, d)
		see := func(on string) coverage.Sheet {
			t.Helper()
			got, err := byNumber(t, s, clerk("org"), "M1", on)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		at(t, clock, "2026-06-01T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", first))
		if got := see(""); got.PCP.NPI != first || got.PCP.Name != "Pat Care" || got.PCPSince != day(t, "2026-01-01") || got.Panel != day(t, "2026-01-01") {
			t.Errorf("%+v %v %v", got.PCP, got.PCPSince, got.Panel)
		}
		// Another one, without a day: from the day on which it is learned.
		at(t, clock, "2026-08-10T15:00:00Z")
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", second))
		if got := see("2026-08-09"); got.PCP.NPI != first || got.Panel != day(t, "2026-01-01") {
			t.Errorf("the day before: %+v", got.PCP)
		}
		if got := see("2026-08-10"); got.PCP.NPI != second || got.PCPSince != day(t, "2026-08-10") || !got.Panel.IsZero() {
			t.Errorf("the day: %+v %v", got.PCP, got.PCPSince)
		}
		// A day of its own, which goes back.
		clock.Advance(time.Hour)
		withDay := "member_number,last,first,birth,plan,from,pcp_npi,pcp_from\nM1,Lee,Ann,1990-05-05,P1,2026-01-01," + third + ",2026-07-01\n"
		rep, err := s.Import(t.Context(), importer(), file(withDay), coverage.CSV, nil)
		if err != nil || rep.RefusedTotal > 0 {
			t.Fatalf("%+v %v", rep, err)
		}
		got := see("2026-07-01")
		if got.PCP.NPI != third || len(got.PCPs) != 2 || got.PCPs[1].To != day(t, "2026-06-30") || !got.PCPs[0].To.IsZero() {
			t.Errorf("%+v", got.PCPs)
		}
		// The same again, in a file of other bytes, changes nothing.
		clock.Advance(time.Hour)
		load(t, s, enrolled("M1", "Lee", "P1", "2026-01-01", "", third)+enrolled("M2", "Roe", "P1", "2026-01-01", "", ""))
		if again := see("2026-07-01"); !slices.Equal(again.PCPs, got.PCPs) {
			t.Errorf("%+v", again.PCPs)
		}
		rep, err = s.Import(t.Context(), importer(), file("member_number,last,first,birth,plan,from,pcp_npi,pcp_from\nM1,Lee,Ann,1990-05-05,P1,2026-01-01,,2026-07-01\n"), coverage.CSV, nil)
		if err != nil || rep.RefusedTotal != 1 || !strings.Contains(rep.Refused[0].Reason, "pcp_from") {
			t.Errorf("%+v %v", rep, err)
		}
	})
}
