package agreement

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

var editor = access.Actor{Person: "editor", Username: "ed", Name: "Édith <i>Tor</i>", Side: access.Plan, Roles: []access.Role{access.PlanAdmin}, Session: "session-3", Door: access.DoorWeb}

func (s *Service) save(t *testing.T, version int64, words string) Working {
	t.Helper()
	return must[Working](t)(s.SaveDraft(context.Background(), admin, version, draft(words)))
}

func wantProblem(t *testing.T, what string, err error, path, text string) {
	t.Helper()
	for _, p := range fault.Problems(err) {
		if p.Path == path && strings.Contains(p.Text, text) {
			return
		}
	}
	t.Errorf("%s: %v %v, want %q at %s", what, err, fault.Problems(err), text, path)
}

func TestTheDraftStartsAsTheShippedText(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		w := must[Working](t)(s.Draft(ctx, admin))
		if w.Version != 0 || w.Draft != Shipped() || w.By != "" {
			t.Errorf("%+v", w)
		}
		p := must[Preview](t)(s.Preview(ctx, admin))
		if p.Number != 1 || !p.Changed {
			t.Errorf("before the first: %d %v", p.Number, p.Changed)
		}
		if c := must[Changes](t)(s.Diff(ctx, admin)); c.Against != 0 || !c.Any() || c.Rows[0].Kind != DiffAdded {
			t.Errorf("%+v", c)
		}
		must[Version](t)(s.EnsurePublished(ctx, machine))
		p = must[Preview](t)(s.Preview(ctx, admin))
		if c := must[Changes](t)(s.Diff(ctx, admin)); p.Number != 2 || p.Changed || c.Any() {
			t.Errorf("published as it is shipped, the draft changes %v: %+v", p.Changed, c)
		}
	})
}

func TestADraftIsKeptAsItIs(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		unfinished := Draft{Title: " Agréement <b> ", Markdown: "a\r\n<script>alert(1)</script> {{nothing}} שלום 🦊", Effective: civil.Date{Y: 2020, M: 1, D: 1}}
		clock.Advance(time.Minute)
		first := must[Working](t)(s.SaveDraft(ctx, editor, 0, unfinished))
		w := must[Working](t)(s.Draft(ctx, admin))
		if w != first || w.Version != 1 || w.Title != "Agréement <b>" || w.Markdown != "a\n<script>alert(1)</script> {{nothing}} שלום 🦊" ||
			w.Effective != unfinished.Effective || w.By != "editor" || w.ByName != editor.Name || !w.At.Equal(clock.Now()) {
			t.Errorf("%+v", w)
		}
		_, err := s.Preview(ctx, admin)
		wantProblem(t, "an unknown field", err, "markdown", "does not exist")
		wantProblem(t, "a field left out", err, "markdown", "{{plan}}")
		wantProblem(t, "a day in the past", err, "effective", "in the past")
		if c := must[Changes](t)(s.Diff(ctx, admin)); len(c.Rows) != 2 || !strings.Contains(c.Rows[1].Parts[0].Text, "{{nothing}}") {
			t.Errorf("%+v", c)
		}
		must[Working](t)(s.SaveDraft(ctx, admin, 1, Draft{}))
		_, err = s.Preview(ctx, admin)
		wantProblem(t, "an empty text", err, "markdown", "Write the text first")
		wantProblem(t, "an empty title", err, "title", "title")
		for name, c := range map[string]struct {
			d          Draft
			path, text string
		}{
			"huge":          {Draft{Title: "a", Markdown: strings.Repeat("x", maxMarkdown+1)}, "markdown", "200,000"},
			"not text":      {Draft{Title: "a", Markdown: "\xff"}, "markdown", "not text"},
			"a zero byte":   {Draft{Title: "a", Markdown: "a\x00"}, "markdown", "not text"},
			"a long title":  {Draft{Title: strings.Repeat("é", maxTitle+1), Markdown: "a"}, "title", "200"},
			"a title in ll": {Draft{Title: "a\nb", Markdown: "a"}, "title", "one line"},
		} {
			_, err := s.SaveDraft(ctx, admin, 2, c.d)
			wantProblem(t, name, err, c.path, c.text)
		}
		must[Working](t)(s.SaveDraft(ctx, admin, 2, Draft{Title: "a", Markdown: strings.Repeat("x\n", maxMarkdown/2)}))
	})
}

func TestTwoEditorsNeverOverwriteEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		for round := range int64(3) {
			var all sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				all.Go(func() { _, errs[i] = s.SaveDraft(ctx, editor, round, draft(fmt.Sprint("words ", round, i))) })
			}
			all.Wait()
			won := -1
			for i, err := range errs {
				if err == nil && won < 0 {
					won = i
					continue
				}
				wantKind(t, "the slower", err, fault.Conflict)
			}
			w := must[Working](t)(s.Draft(ctx, admin))
			if won < 0 || w.Version != round+1 || !strings.Contains(w.Markdown, fmt.Sprint("words ", round, won)) {
				t.Errorf("round %d: %d won, kept %d %q", round, won, w.Version, w.Markdown)
			}
		}
		for _, stale := range []int64{-1, 0, 1, 2, 4, 1 << 62, 1<<63 - 1} {
			_, err := s.SaveDraft(ctx, editor, stale, draft("stale"))
			wantKind(t, fmt.Sprint("version ", stale), err, fault.Conflict)
		}
	})
}

func TestWhatWasPreviewedIsPublishedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		must[Version](t)(s.EnsurePublished(ctx, machine))
		wantKind(t, "accepting", s.Accept(ctx, clerk, press(must[Version](t)(s.Current(ctx)))), 0)
		s.save(t, 0, "new words")
		p := must[Preview](t)(s.Preview(ctx, admin))
		c := must[Changes](t)(s.Diff(ctx, admin))
		if p.Number != 2 || !p.Changed || p.Draft != 1 || !c.Any() || c.Against != 1 {
			t.Errorf("%+v %+v", p, c)
		}
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = s.PublishDraft(ctx, admin, p.Draft, p.SHA256) })
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
				continue
			}
			wantKind(t, "publishing twice", err, fault.Conflict)
		}
		v := must[Version](t)(s.Current(ctx))
		if done != 1 || v.Number != 2 || v.HTML != p.HTML || v.SHA256 != p.SHA256 || v.Title != p.Title || v.Effective != p.Effective {
			t.Errorf("%d published: %+v", done, v)
		}
		if s.has(t, clerk) {
			t.Error("nobody is asked again")
		}
		if e := s.entries(t, v); len(e) != 1 || e[0].Kind != "agreement.published" || e[0].Person != "admin" || !strings.Contains(string(e[0].Body), p.SHA256) {
			t.Errorf("%+v", e)
		}
		w := must[Working](t)(s.Draft(ctx, editor))
		if w.Version != 2 || w.Markdown != draft("new words").Markdown {
			t.Errorf("the next draft starts as %+v", w)
		}
		// Whatever the day: the same words are not published again.
		clock.Advance(100 * 24 * time.Hour)
		p = must[Preview](t)(s.Preview(ctx, admin))
		_, err := s.PublishDraft(ctx, admin, p.Draft, p.SHA256)
		wantKind(t, "unchanged", err, fault.Invalid)
		if p.Changed || !strings.Contains(fault.Text(err), "says the same") {
			t.Errorf("%v %v", p.Changed, err)
		}
		other := draft("new words")
		other.Title = "Another title"
		must[Working](t)(s.SaveDraft(ctx, admin, 2, other))
		p = must[Preview](t)(s.Preview(ctx, admin))
		must[Version](t)(s.PublishDraft(ctx, admin, p.Draft, p.SHA256))
	})
}

func TestWhatChangedSinceThePreviewIsNotPublished(t *testing.T) {
	each(t, func(t *testing.T, s *Service, clock *dbtest.Clock) {
		ctx := context.Background()
		must[Version](t)(s.EnsurePublished(ctx, machine))
		s.save(t, 0, "words")
		p := must[Preview](t)(s.Preview(ctx, admin))
		s.save(t, 1, "other words")
		_, err := s.PublishDraft(ctx, admin, p.Draft, p.SHA256)
		wantKind(t, "an older draft", err, fault.Conflict)
		_, err = s.PublishDraft(ctx, admin, 2, p.SHA256)
		wantKind(t, "another text", err, fault.Conflict)
		_, err = s.PublishDraft(ctx, admin, 2, "")
		wantKind(t, "no fingerprint", err, fault.Conflict)
		p = must[Preview](t)(s.Preview(ctx, admin))
		clock.Advance(24 * time.Hour) // the text names the day it takes effect
		_, err = s.PublishDraft(ctx, admin, p.Draft, p.SHA256)
		wantKind(t, "another day", err, fault.Conflict)
		renamed := New(Deps{DB: s.db, Fields: Fields{Plan: "Renamed", HelpDeskPhone: "1", HelpDeskEmail: "2", HelpDeskAddress: "3"}})
		p = must[Preview](t)(s.Preview(ctx, admin))
		_, err = renamed.PublishDraft(ctx, admin, p.Draft, p.SHA256)
		wantKind(t, "another name", err, fault.Conflict)

		past := draft("words")
		past.Effective = civil.Of(clock.Now(), time.UTC).AddDays(1)
		must[Working](t)(s.SaveDraft(ctx, admin, 2, past))
		p = must[Preview](t)(s.Preview(ctx, admin))
		clock.Advance(48 * time.Hour)
		_, err = s.PublishDraft(ctx, admin, p.Draft, p.SHA256)
		wantProblem(t, "a day that has passed", err, "effective", "in the past")
		if all := must[[]Version](t)(s.Versions(ctx)); len(all) != 1 {
			t.Errorf("%d versions", len(all))
		}
		html := draft("<b>words</b>")
		must[Working](t)(s.SaveDraft(ctx, admin, 3, html))
		_, err = s.PublishDraft(ctx, admin, 4, p.SHA256)
		wantProblem(t, "HTML", err, "markdown", "HTML")
	})
}

func TestOnlyWhoPublishesSeesTheDraft(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *dbtest.Clock) {
		ctx := context.Background()
		desk := access.Actor{Person: "desk", Username: "desk", Side: access.Plan, Roles: []access.Role{access.HelpDesk}}
		for _, who := range []access.Actor{{}, clerk, desk} {
			kind := fault.Forbidden
			if who.Person == "" {
				kind = fault.Unauthenticated
			}
			_, err := s.Draft(ctx, who)
			wantKind(t, "reading", err, kind)
			_, err = s.SaveDraft(ctx, who, 0, draft("words"))
			wantKind(t, "saving", err, kind)
			_, err = s.Preview(ctx, who)
			wantKind(t, "previewing", err, kind)
			_, err = s.Diff(ctx, who)
			wantKind(t, "comparing", err, kind)
			_, err = s.PublishDraft(ctx, who, 0, "")
			wantKind(t, "publishing", err, kind)
		}
		if w := must[Working](t)(s.Draft(ctx, admin)); w.Version != 0 {
			t.Error("something was saved")
		}
	})
}
