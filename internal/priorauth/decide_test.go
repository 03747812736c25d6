package priorauth_test

import (
	"sync"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

const why = "The stress test of October shows no reduction of flow, and the notes name no failed trial of medication."

// decisions approves every line but those numbered in denied.
func decisions(f review.File, denied ...int) []priorauth.LineDecision {
	out := make([]priorauth.LineDecision, len(f.Lines))
	for i, l := range f.Lines {
		out[i] = priorauth.LineDecision{Line: l.ID, Action: priorauth.Approve}
		for _, d := range denied {
			if d == i {
				out[i] = priorauth.LineDecision{Line: l.ID, Action: priorauth.Deny, Reason: "criteria", Criterion: "NCD 240.4, CPAP therapy, section B", Narrative: why}
			}
		}
	}
	return out
}

func decide(t *testing.T, p *portal.Portal, who access.Actor, number id.Number, denied ...int) priorauth.Determination {
	t.Helper()
	f, err := p.Review.Open(ctx(), who, number)
	if err != nil {
		t.Fatal(err)
	}
	det, err := p.Review.Decide(ctx(), who, review.Decision{Number: number, Version: f.Version, Lines: decisions(f, denied...), Attest: true})
	if err != nil {
		t.Fatal(err)
	}
	return det
}

func TestTwoPeopleDecideOneWins(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			who := p.Nurse.Actor
			if i%2 == 0 {
				who = p.Director.Actor
			}
			wg.Go(func() {
				_, errs[i] = p.Review.Decide(ctx(), who, review.Decision{Number: r.Number, Version: f.Version, Lines: decisions(f), Attest: true})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("a loser was told %v", err)
			}
		}
		if won != 1 || countRows(t, p, "select count(*) from determination") != 1 {
			t.Fatalf("%d decided", won)
		}
	})
}

func TestWhoMayGiveLess(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		wrong := p.Director.Actor
		wrong.Licence.Specialties = []access.Specialty{access.Ophthalmology}
		restricted := p.Director.Actor
		restricted.Licence.Restricted = true
		none := p.Director.Actor
		none.Licence = access.Licence{}
		for name, c := range map[string]struct {
			who access.Actor
			ok  bool
		}{
			"nurse": {p.Nurse.Actor, false}, "intake": {p.Intake.Actor, false}, "expired licence": {p.Lapsed.Actor, false}, "unfitting specialty": {wrong, false},
			"restricted licence": {restricted, false}, "no licence": {none, false}, "fitting physician": {p.Director.Actor, true},
		} {
			r := p.Submit(p.Clerk, p.Eleanor, nil)
			f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
			if err != nil {
				t.Fatal(err)
			}
			fewer := decisions(f)
			fewer[0] = priorauth.LineDecision{Line: f.Lines[0].ID, Action: priorauth.Modify, Units: 1, From: f.Lines[0].From, To: f.Lines[0].To,
				Reason: "criteria", Criterion: "NCD 280.3, mobility equipment", Narrative: why}
			for what, lines := range map[string][]priorauth.LineDecision{"fewer units": fewer, "deny": decisions(f, 1)} {
				_, err = p.Review.Decide(ctx(), c.who, review.Decision{Number: r.Number, Version: f.Version, Lines: lines, Attest: true})
				if !c.ok && !fault.Is(err, fault.Forbidden) || c.ok && err != nil {
					t.Errorf("%s, %s: %v", name, what, err)
				}
				if c.ok {
					break // it is decided now
				}
			}
		}
	})
}

func TestNurseApprovesAndModifiesInFavour(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		lines := decisions(f)
		lines[0] = priorauth.LineDecision{Line: f.Lines[0].ID, Action: priorauth.Modify, Units: f.Lines[0].Units + 2, From: f.Lines[0].From, To: f.Lines[0].To.AddDays(10)}
		det, err := p.Review.Decide(ctx(), p.Nurse.Actor, review.Decision{Number: r.Number, Version: f.Version, Lines: lines})
		if err != nil || det.Licence != "" {
			t.Fatalf("%+v %v", det, err)
		}
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || c.Status != priorauth.Approved || c.Lines[0].Decision.Units != f.Lines[0].Units+2 {
			t.Fatalf("%s %v", c.Status, err)
		}
		p.Clock.Set(f.Lines[0].To.AddDays(12).In(p.Zone))
		c, err = p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || c.Status != priorauth.Expired {
			t.Fatalf("after its last day the approval is %s, %v", c.Status, err)
		}
	})
}

func TestDenialNeedsReasonCriterionAndOwnWords(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	f, err := p.Review.Open(ctx(), p.Director.Actor, r.Number)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*priorauth.LineDecision)
		attest bool
		path   string
	}{
		"no reason":            {func(d *priorauth.LineDecision) { d.Reason = "" }, true, "lines[1].reason"},
		"made-up reason":       {func(d *priorauth.LineDecision) { d.Reason = "because" }, true, "lines[1].reason"},
		"no criterion":         {func(d *priorauth.LineDecision) { d.Criterion = " " }, true, "lines[1].criterion"},
		"no narrative":         {func(d *priorauth.LineDecision) { d.Narrative = "" }, true, "lines[1].narrative"},
		"a phrase":             {func(d *priorauth.LineDecision) { d.Narrative = "Not medically necessary." }, true, "lines[1].narrative"},
		"repeats the criteria": {func(d *priorauth.LineDecision) { d.Narrative = d.Criterion + " " + d.Criterion }, true, "lines[1].narrative"},
		"not attested":         {func(*priorauth.LineDecision) {}, false, "attest"},
		"undecided line":       {func(d *priorauth.LineDecision) { d.Action = "" }, true, "lines[1].action"},
		"modified to nothing":  {func(d *priorauth.LineDecision) { d.Action, d.Units = priorauth.Modify, 0 }, true, "lines[1].units"},
		"ends before begins": {func(d *priorauth.LineDecision) {
			d.Action, d.Units, d.From, d.To = priorauth.Modify, 1, civil.Date{Y: 2026, M: 12, D: 2}, civil.Date{Y: 2026, M: 12, D: 1}
		}, true, "lines[1].to"},
	} {
		lines := decisions(f, 1)
		c.change(&lines[1])
		_, err := p.Review.Decide(ctx(), p.Director.Actor, review.Decision{Number: r.Number, Version: f.Version, Lines: lines, Attest: c.attest})
		found := false
		for _, pr := range fault.Problems(err) {
			found = found || pr.Path == c.path
		}
		if !found {
			t.Errorf("%s: %v, want a problem at %s", name, err, c.path)
		}
	}
}

func TestAskAnswerAndNoteInOneThread(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		due := r.Deadline.Limit
		f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		err = p.Review.Note(ctx(), p.Nurse.Actor, r.Number, "INTERNAL looks like an upgrade of the last one")
		if err != nil {
			t.Fatal(err)
		}
		err = p.Review.Ask(ctx(), p.Nurse.Actor, r.Number, f.Version, "Which medication was tried?")
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || c.Status != priorauth.WaitingForOffice || len(c.Thread) != 1 || !c.Deadline.Limit.Equal(due) {
			t.Fatalf("%s, %d messages, %v", c.Status, len(c.Thread), err)
		}
		err = p.Priorauth.Answer(ctx(), p.Clerk.Actor, r.Number, f.Version, "Metoprolol, six weeks.")
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("an answer to an older state was taken: %v", err)
		}
		err = p.Priorauth.Answer(ctx(), p.Clerk.Actor, r.Number, c.Version, "Metoprolol, six weeks.")
		if err != nil {
			t.Fatal(err)
		}
		f, err = p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil || f.Status != priorauth.WaitingForPlan || len(f.Thread) != 3 {
			t.Fatalf("the plan sees %s and %d messages, %v", f.Status, len(f.Thread), err)
		}
		err = p.Review.Refer(ctx(), p.Nurse.Actor, r.Number, f.Version, access.Cardiology, "Criteria not met by the notes")
		if err != nil {
			t.Fatal(err)
		}
		page, err := p.Review.Worklist(ctx(), p.Director.Actor, priorauth.Filter{Group: priorauth.GroupReferred})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Name == "" || page.Rows[0].Name == f.Member.Name() {
			t.Fatalf("worklist %+v %v", page.Rows, err)
		}
	})
}

func TestADocumentAnswersToo(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		err = p.Review.Ask(ctx(), p.Nurse.Actor, r.Number, f.Version, "Please send the stress test.")
		if err != nil {
			t.Fatal(err)
		}
		err = p.Priorauth.AddedDocument(ctx(), p.Clerk.Actor, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		if err != nil || c.Status != priorauth.WaitingForPlan {
			t.Fatalf("%s %v", c.Status, err)
		}
	})
}

func TestCancelEndsItForEverybody(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		err := p.Priorauth.Cancel(ctx(), p.Clerk.Actor, r.Number, 0, " ")
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("cancelled without a reason: %v", err)
		}
		err = p.Priorauth.Cancel(ctx(), p.Clerk.Actor, r.Number, 0, "The patient chose another treatment")
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
		if err != nil || f.Status != priorauth.Cancelled {
			t.Fatalf("%s %v", f.Status, err)
		}
		_, err = p.Review.Decide(ctx(), p.Nurse.Actor, review.Decision{Number: r.Number, Version: f.Version, Lines: decisions(f)})
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("a cancelled request was decided: %v", err)
		}
	})
}
