package web_test

import (
	"net/http"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/id"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

func TestTheFirstPage(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		a := p.Browser(t).Get("/")
		for _, want := range []string{"Provider portal", portal.PlanName, "Sign in", "1-800-555-0142", "Status", "user agreement"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("the signed-out page lacks %q", want)
			}
		}
		for _, who := range []portal.Person{p.Nurse, p.Intake, p.Director} {
			if a := p.SignedIn(t, who).Get("/"); a.Location != "/plan/worklist" {
				t.Errorf("%s: %d to %q", who.Username, a.Status, a.Location)
			}
		}
		for _, who := range []portal.Person{p.PlanAdmin, p.HelpDesk, p.Privacy} {
			a := p.SignedIn(t, who).Get("/")
			if a.Status != http.StatusOK || !strings.Contains(a.Text(), "your role opens no cases") || strings.Contains(a.Body, `href="/plan/worklist"`) {
				t.Errorf("%s: %d", who.Username, a.Status)
			}
		}
	})
}

func TestAnEmptyOfficeIsTaughtWhatComes(t *testing.T) {
	p := portal.SQLite(t)
	text := p.SignedIn(t, p.Clerk).Get("/").Text()
	for _, want := range []string{"Nothing is waiting for you", "No open requests", "No new decisions", "Look up a member", "Find an authorization"} {
		if !strings.Contains(text, want) {
			t.Errorf("the empty home lacks %q", want)
		}
	}
}

func TestTheBandsOfHome(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		asked := p.Submit(p.Clerk, p.Eleanor, nil)
		due := p.Submit(p.Clerk, p.Zoe, func(s *priorauth.Submission) { s.Notes = `<b onclick="x">bold</b>` })
		decided := p.Submit(p.Clerk, p.Eleanor, nil)
		p.Submit(p.Stranger, p.Zoe, nil)
		must(t, p.Review.Ask(t.Context(), p.Nurse.Actor, asked.Number, version(t, p, asked.Number), "Please send the stress-test report."))
		deny(t, p, decided.Number)
		_, err := p.Priorauth.StartDraft(t.Context(), p.Clerk.Actor, p.LookUp(p.Clerk, p.Zoe).Member.ID)
		must(t, err)

		page := p.SignedIn(t, p.Clerk).Get("/")
		text := page.Text()
		band := func(from, to string) string {
			_, rest, ok := strings.Cut(text, from)
			in, _, more := strings.Cut(rest, to)
			if !ok || !more {
				t.Fatalf("no band from %q to %q in\n%s", from, to, text)
			}
			return in
		}
		if in := band("Act on this", "Drafts"); !strings.Contains(in, string(asked.Number)) || !strings.Contains(in, "Eleanor Q Whitfield-Castellanos") || strings.Contains(in, string(due.Number)) {
			t.Errorf("act: %s", in)
		}
		if in := band("Drafts", "Due"); !strings.Contains(in, "Zoë Núñez-O'Brien") || !strings.Contains(in, "Dana Okafor") {
			t.Errorf("drafts: %s", in)
		}
		if in := band("open requests by when the plan must answer", "Decided since you were here"); !strings.Contains(in, string(due.Number)) || !strings.Contains(in, "ET") || strings.Contains(in, string(decided.Number)) {
			t.Errorf("due: %s", in)
		}
		in := band("Decided since you were here", "Look up a member")
		for _, want := range []string{string(decided.Number), "E0110", "Approved", "E0601", "Denied", review.ReasonName(review.Reasons()[0].Code)} {
			if !strings.Contains(in, want) {
				t.Errorf("decided lacks %q: %s", want, in)
			}
		}
		if strings.Count(text, "A26-") > 5 || strings.Contains(page.Body, "onclick") {
			t.Error("the page shows another office's request, or somebody's markup")
		}
	})
}

func version(t *testing.T, p *portal.Portal, number id.Number) int64 {
	t.Helper()
	f, err := p.Review.Open(t.Context(), p.Nurse.Actor, number)
	must(t, err)
	return f.Version
}

// deny approves the first line and denies the second.
func deny(t *testing.T, p *portal.Portal, number id.Number) {
	t.Helper()
	f, err := p.Review.Open(t.Context(), p.Director.Actor, number)
	must(t, err)
	lines := make([]priorauth.LineDecision, len(f.Lines))
	for i, l := range f.Lines {
		lines[i] = priorauth.LineDecision{Line: l.ID, Action: priorauth.Approve, Units: l.Units, From: l.From, To: l.To}
		if i == 1 {
			lines[i] = priorauth.LineDecision{Line: l.ID, Action: priorauth.Deny, Reason: review.Reasons()[0].Code, Criterion: "LCD L33718",
				Narrative: "The sleep study in the record shows five events an hour without daytime symptoms; the device is not shown to help at that rate."}
		}
	}
	_, err = p.Review.Decide(t.Context(), p.Director.Actor, review.Decision{Number: number, Version: f.Version, Lines: lines, Attest: true})
	if err != nil {
		t.Fatalf("denying: %v (licence fits %v)", err, access.Specialties())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
