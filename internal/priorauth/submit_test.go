package priorauth_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/clock"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/record"
)

func ctx() context.Context { return context.Background() }

func draftFor(t *testing.T, p *portal.Portal) priorauth.Submission {
	t.Helper()
	sub := p.Submission(p.LookUp(p.Clerk, p.Eleanor).Member.ID)
	d, err := p.Priorauth.StartDraft(ctx(), p.Clerk.Actor, sub.Member)
	if err != nil {
		t.Fatal(err)
	}
	sub.Draft = d.ID
	return sub
}

func countRows(t *testing.T, p *portal.Portal, query string, args ...any) int {
	t.Helper()
	var n int
	err := p.DB.View(ctx(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReceiptSaysWhenAndByWhichRule(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		want := clock.Due(clock.StandardPA, p.Clock.Now(), p.Zone)
		if !r.Received.Equal(p.Clock.Now()) || !r.Deadline.Limit.Equal(want.Limit) || r.Deadline.Rule.Citation == "" || r.Signed == "" {
			t.Fatalf("receipt %+v", r)
		}
		if _, err := id.ParseNumber(string(r.Number)); err != nil {
			t.Fatalf("the number %s does not check: %v", r.Number, err)
		}
		x := p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) {
			s.Urgency, s.Statement, s.StatementBy = priorauth.Expedited, "Waiting a week could cost the patient her sight.", "Li Wei, MD"
		})
		if x.Deadline.Limit.Sub(x.Received) != 72*time.Hour {
			t.Fatalf("expedited is due after %v, want 72 h (C-12)", x.Deadline.Limit.Sub(x.Received))
		}
		again, err := p.Priorauth.ReceiptOf(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || again.Digest != r.Digest || again.Number != r.Number {
			t.Fatalf("the receipt changed: %v", err)
		}
	})
}

func TestTwentyIdenticalSubmissionsAreOne(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		sub := draftFor(t, p)
		var wg sync.WaitGroup
		receipts := make([]priorauth.Receipt, 20)
		errs := make([]error, 20)
		for i := range receipts {
			wg.Go(func() { receipts[i], errs[i] = p.Priorauth.Submit(ctx(), p.Clerk.Actor, sub) })
		}
		wg.Wait()
		first := 0
		for i, r := range receipts {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if r.Number != receipts[0].Number || r.Digest != receipts[0].Digest {
				t.Fatalf("two receipts: %s and %s", r.Number, receipts[0].Number)
			}
			if !r.Repeated {
				first++
			}
		}
		if first != 1 || countRows(t, p, "select count(*) from request") != 1 {
			t.Fatalf("%d receipts call themselves the first", first)
		}
	})
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	p := portal.SQLite(t)
	today := p.Clock.Now()
	for name, c := range map[string]struct {
		change func(*priorauth.Submission)
		paths  string
	}{
		"nothing chosen":         {func(s *priorauth.Submission) { s.Kind, s.Urgency = "", "" }, "kind urgency"},
		"expedited, no word why": {func(s *priorauth.Submission) { s.Urgency = priorauth.Expedited }, "statement statementBy"},
		"zero units":             {func(s *priorauth.Submission) { s.Lines[0].Units = 0 }, "lines[0].units"},
		"end before start":       {func(s *priorauth.Submission) { s.Lines[1].To = s.Lines[1].From.AddDays(-1) }, "lines[1].to"},
		"in the past":            {func(s *priorauth.Submission) { s.Lines[0].From = s.Lines[0].From.AddDays(-40) }, "lines[0].from"},
		"bad code":               {func(s *priorauth.Submission) { s.Lines[0].Code = "?!" }, "lines[0].code"},
		"dental code":            {func(s *priorauth.Submission) { s.Lines[0].Code = "D0120" }, "lines[0].code"},
		"bad diagnosis":          {func(s *priorauth.Submission) { s.Diagnoses = []string{"banana"} }, "diagnoses[0]"},
		"no lines":               {func(s *priorauth.Submission) { s.Lines = nil }, "lines[0].code"},
		"foreign requester":      {func(s *priorauth.Submission) { s.Requesting = s.Servicing }, "requesting"},
		"unknown servicing NPI":  {func(s *priorauth.Submission) { s.Servicing = "1234567893" }, "servicing"},
		"two at once":            {func(s *priorauth.Submission) { s.ContactName, s.ContactPhone = "", "12" }, "contactName contactPhone"},
		"admission, no date":     {func(s *priorauth.Submission) { s.Kind = priorauth.Inpatient }, "admitOn"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := draftFor(t, p)
			c.change(&sub)
			_, err := p.Priorauth.Submit(ctx(), p.Clerk.Actor, sub)
			var got []string
			for _, f := range fault.Problems(err) {
				got = append(got, f.Path)
				if f.Text == "" || strings.Contains(f.Text, "banana") {
					t.Errorf("problem at %s says %q", f.Path, f.Text)
				}
			}
			if strings.Join(got, " ") != c.paths {
				t.Fatalf("problems at %v (%v), want %s", got, err, c.paths)
			}
			d, err := p.Priorauth.Draft(ctx(), p.Clerk.Actor, sub.Draft)
			if err != nil || d.State != priorauth.DraftOpen {
				t.Fatalf("a refused submission closed the draft (%v)", err)
			}
		})
	}
	if n := countRows(t, p, "select count(*) from request"); n != 0 {
		t.Fatalf("%d refused requests were stored at %v", n, today)
	}
}

func TestDatesOutsideCoverageAreRefused(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		m := p.LookUp(p.Clerk, p.Ended).Member.ID
		d, err := p.Priorauth.StartDraft(ctx(), p.Clerk.Actor, m)
		if err != nil {
			t.Fatal(err)
		}
		sub := p.Submission(m)
		sub.Draft = d.ID
		_, err = p.Priorauth.Submit(ctx(), p.Clerk.Actor, sub)
		if ps := fault.Problems(err); len(ps) != 2 || ps[0].Path != "lines[0].from" {
			t.Fatalf("got %v", err)
		}
	})
}

func TestHostileTextIsKeptAsItIs(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		text := "<script>alert(1)</script> مرحبا \u202eabc 😀 O'Brien & \"Söhne\"\nsecond line"
		r := p.Submit(p.Clerk, p.Zoe, func(s *priorauth.Submission) { s.Notes = text + "\x00\x07" })
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || c.Notes != text {
			t.Fatalf("kept %q (%v)", c.Notes, err)
		}
	})
}

func TestOtherOfficesCaseIsNotThere(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		const trace = "select count(*) from disclosure where outcome = 'refused'"
		before := countRows(t, p, trace)
		_, err := p.Priorauth.Case(ctx(), p.Stranger.Actor, r.Number)
		_, none := p.Priorauth.Case(ctx(), p.Stranger.Actor, "A26-000000000-0")
		if !fault.Is(err, fault.NotFound) || err.Error() != none.Error() {
			t.Fatalf("a stranger is told %v, and of nothing %v", err, none)
		}
		if after := countRows(t, p, trace); after != before+2 {
			t.Fatalf("%d refusals were written down, want 2", after-before)
		}
		for what, try := range map[string]func() error{
			"answer":  func() error { return p.Priorauth.Answer(ctx(), p.Stranger.Actor, r.Number, 0, "hello") },
			"cancel":  func() error { return p.Priorauth.Cancel(ctx(), p.Stranger.Actor, r.Number, 0, "no") },
			"receipt": func() error { _, err := p.Priorauth.ReceiptOf(ctx(), p.Stranger.Actor, r.Number); return err },
		} {
			if err := try(); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestViewerMayLookAndNotSubmit(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	p.LookUp(p.Viewer, p.Eleanor)
	_, err := p.Priorauth.Case(ctx(), p.Viewer.Actor, r.Number)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Priorauth.StartDraft(ctx(), p.Viewer.Actor, p.LookUp(p.Viewer, p.Eleanor).Member.ID)
	if !fault.Is(err, fault.Forbidden) {
		t.Fatalf("a viewer began a request: %v", err)
	}
}

func TestDraftIsSharedVersionedAndKept(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		sub := draftFor(t, p)
		d, err := p.Priorauth.SaveDraft(ctx(), p.Clerk.Actor, sub.Draft, 1, []byte(`{"notes":"half a sen"}`))
		if err != nil || d.Version != 2 {
			t.Fatalf("version %d, %v", d.Version, err)
		}
		_, err = p.Priorauth.SaveDraft(ctx(), p.Admin.Actor, sub.Draft, 1, []byte(`{}`))
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("a colleague overwrote: %v", err)
		}
		got, err := p.Priorauth.Draft(ctx(), p.Admin.Actor, sub.Draft)
		if err != nil || string(got.Form) != `{"notes":"half a sen"}` || got.Member.Name() == "" {
			t.Fatalf("a colleague sees %q, %v", got.Form, err)
		}
		_, err = p.Priorauth.Draft(ctx(), p.Stranger.Actor, sub.Draft)
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("another office opened the draft: %v", err)
		}
		_, err = p.Priorauth.SaveDraft(ctx(), p.Clerk.Actor, sub.Draft, 0, make([]byte, priorauth.MaxForm+1))
		if !fault.Is(err, fault.TooLarge) {
			t.Fatalf("got %v", err)
		}
		err = p.Priorauth.DropDraft(ctx(), p.Clerk.Actor, sub.Draft)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Priorauth.Submit(ctx(), p.Clerk.Actor, sub)
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("a dropped draft was submitted: %v", err)
		}
	})
}

func TestSubmittedIsLockedInTheDatabase(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Submit(p.Clerk, p.Eleanor, nil)
		for _, table := range []string{"request", "request_line", "request_event", "determination", "determination_line"} {
			for _, q := range []string{"delete from " + table, "update " + table + " set " + first(table) + " = 'x'"} {
				err := p.DB.Update(ctx(), func(tx *db.Tx) error { _, err := tx.Exec(q); return err })
				if countRows(t, p, "select count(*) from "+table) > 0 && !db.Refused(err) {
					t.Errorf("%s was let through: %v", q, err)
				}
			}
		}
	})
}

func first(table string) string {
	if table == "determination_line" {
		return "line"
	}
	return "id"
}

func TestRecordHoldsWhatWasSubmitted(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Original = []byte("the bytes as they came") })
		p.Sequence()
		var kinds []string
		err := p.DB.View(ctx(), func(tx *db.Tx) error {
			entries, err := record.Entries(tx, "request/"+string(r.Request))
			for _, e := range entries {
				kinds = append(kinds, e.Kind)
				if e.Username != p.Clerk.Username || !strings.Contains(string(e.Body), string(r.Number)) {
					return fmt.Errorf("entry of %s", e.Username)
				}
			}
			return err
		})
		if err != nil || len(kinds) != 1 || kinds[0] != "request.submitted" {
			t.Fatalf("entries %v, %v", kinds, err)
		}
		rep, err := p.Record.Verify(ctx(), record.VerifyOptions{})
		if err != nil || !rep.Good() || rep.Entries == 0 {
			t.Fatalf("%+v %v", rep, err)
		}
	})
}

func TestLimitPassedIsSaidOnce(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		done := p.Submit(p.Clerk, p.Zoe, nil)
		err := p.Priorauth.Cancel(ctx(), p.Clerk.Actor, done.Number, 0, "moved away")
		if err != nil {
			t.Fatal(err)
		}
		p.Clock.Set(r.Deadline.Limit.Add(time.Second))
		for range 2 {
			_, err = p.Jobs.RunDue(ctx())
			if err != nil {
				t.Fatal(err)
			}
		}
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || !c.Lapsed || !c.Status.Open() {
			t.Fatalf("lapsed %v, status %s, %v", c.Lapsed, c.Status, err)
		}
		n := 0
		for _, e := range c.Timeline {
			if e.Kind == "lapsed" {
				n++
			}
		}
		other, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, done.Number)
		if err != nil || n != 1 || other.Lapsed {
			t.Fatalf("said %d times; the cancelled one lapsed: %v (%v)", n, other.Lapsed, err)
		}
	})
}

func TestListPagesWithoutGapOrTwice(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		const n = priorauth.PageSize + 5
		for i := range n {
			p.Clock.Advance(time.Duration(i%3) * time.Minute) // some share their times
			p.Submit(p.Clerk, p.Eleanor, nil)
		}
		seen := map[id.Number]bool{}
		after, last := "", time.Time{}
		for range 5 {
			page, err := p.Priorauth.List(ctx(), p.Clerk.Actor, priorauth.Filter{Group: priorauth.GroupOpen, After: after})
			if err != nil || page.Counts[priorauth.GroupOpen] != n {
				t.Fatalf("count %d, %v", page.Counts[priorauth.GroupOpen], err)
			}
			for _, r := range page.Rows {
				if seen[r.Number] || r.Due.Before(last) || !strings.Contains(r.Name, "Whitfield") {
					t.Fatalf("row %s twice, out of order or without name", r.Number)
				}
				seen[r.Number], last = true, r.Due
			}
			after = page.Next
			if after == "" {
				break
			}
		}
		if len(seen) != n {
			t.Fatalf("saw %d of %d", len(seen), n)
		}
		for _, bad := range []string{"x", "!!", "AAAA"} {
			_, err := p.Priorauth.List(ctx(), p.Clerk.Actor, priorauth.Filter{Group: priorauth.GroupOpen, After: bad})
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
		empty, err := p.Priorauth.List(ctx(), p.Stranger.Actor, priorauth.Filter{Group: priorauth.GroupAll})
		if err != nil || len(empty.Rows) != 0 {
			t.Fatalf("another office's list has %d rows, %v", len(empty.Rows), err)
		}
	})
}

func TestLedgerDownShowsNothing(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		err := p.DB.Update(ctx(), func(tx *db.Tx) error { _, err := tx.Exec("alter table disclosure rename to gone"); return err })
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err == nil || c.Notes != "" || c.Member.Last != "" {
			t.Fatalf("a case was shown without being written down: %v", err)
		}
		_, err = p.Priorauth.List(ctx(), p.Clerk.Actor, priorauth.Filter{Group: priorauth.GroupOpen})
		if err == nil {
			t.Fatal("a list was shown without being written down")
		}
	})
}

func TestHomeTellsDecidedByLine(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		decide(t, p, p.Director.Actor, r.Number, 1)
		h, err := p.Priorauth.Home(ctx(), p.Clerk.Actor)
		if err != nil || len(h.Decided) != 1 || len(h.Due) != 0 {
			t.Fatalf("%+v %v", h, err)
		}
		d := h.Decided[0]
		if d.Status != priorauth.PartlyApproved || d.Lines[1].Decision.Narrative == "" || d.Status.Words(access.Office) != "Partly approved" {
			t.Fatalf("home says %s", d.Status)
		}
	})
}

// An office may give somebody access for chosen providers only: the others'
// requests are not there for her, in no list and under no address.
func TestAccessForChosenProvidersOnly(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		sub := draftFor(t, p)
		few, own := p.Viewer.Actor, p.Clerk.Actor
		few.Providers, own.Providers = []string{"1000000012"}, []string{sub.Requesting}
		clerk := p.Clerk.Actor
		clerk.Providers = few.Providers
		for name, try := range map[string]func(who access.Actor) error{
			"case":    func(who access.Actor) error { _, err := p.Priorauth.Case(ctx(), who, r.Number); return err },
			"receipt": func(who access.Actor) error { _, err := p.Priorauth.ReceiptOf(ctx(), who, r.Number); return err },
			"answer":  func(who access.Actor) error { return p.Priorauth.Answer(ctx(), who, r.Number, 0, "Attached") },
		} {
			if err := try(clerk); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of another provider: %v", name, err)
			}
			if err := try(own); fault.Is(err, fault.NotFound) {
				t.Errorf("%s of her own provider: %v", name, err)
			}
		}
		for name, c := range map[string]struct {
			who  access.Actor
			want int
		}{"others": {few, 0}, "own": {own, 1}, "all": {p.Clerk.Actor, 1}} {
			page, err := p.Priorauth.List(ctx(), c.who, priorauth.Filter{Group: priorauth.GroupAll})
			if err != nil || len(page.Rows) != c.want || page.Counts[priorauth.GroupAll] != c.want {
				t.Errorf("%s: %d rows, counts %v, %v", name, len(page.Rows), page.Counts, err)
			}
			home, err := p.Priorauth.Home(ctx(), c.who)
			if err != nil || len(home.Due) != c.want {
				t.Errorf("%s: %d due at home, %v", name, len(home.Due), err)
			}
		}
		_, err := p.Priorauth.Submit(ctx(), clerk, sub)
		if problems := fault.Problems(err); len(problems) != 1 || problems[0].Path != "requesting" {
			t.Errorf("submitting for another provider: %v %v", err, problems)
		}
		_, err = p.Priorauth.Submit(ctx(), own, sub)
		if err != nil {
			t.Errorf("submitting for her own: %v", err)
		}
	})
}
