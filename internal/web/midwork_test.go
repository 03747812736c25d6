package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/agreement"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
)

// A new agreement in the middle of work asks at the next step and loses
// nothing: a draft is kept and nothing shown, a form waits on a page of its own.
func TestANewAgreementLosesNothingThatWasTyped(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		d, err := p.Priorauth.StartDraft(t.Context(), p.Clerk.Actor, p.LookUp(p.Clerk, p.Eleanor).Member.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, fresh := p.SignedIn(t, p.Clerk), p.SignedIn(t, p.Fresh)
		_, err = p.Agreements.Publish(t.Context(), access.SystemActor("agreement"), agreement.Draft{Title: "User agreement", Markdown: newerText})
		if err != nil {
			t.Fatal(err)
		}
		typed := url.Values{"draft": {string(d.ID)}, "version": {"1"}, "notes": {"typed <b> before"}, "kind": {"outpatient service"}}
		a := b.Autosave("/drafts/"+string(d.ID), typed)
		if strings.Contains(a.Body, "Eleanor") {
			t.Errorf("saving a draft shows a member: %s", a.Body)
		}
		typed.Set("notes", "typed <b> and submitted")
		a = b.Post("/authorizations", typed)
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/login?next=") {
			t.Errorf("submitting: %d to %q", a.Status, a.Location)
		}
		if a = b.Follow(a); !strings.HasPrefix(b.Follow(a).Location, "/agreement") {
			t.Errorf("it does not lead to the agreement: %q", a.Location)
		}
		kept, err := p.Priorauth.Draft(t.Context(), p.Clerk.Actor, d.ID)
		if err != nil || kept.State != priorauth.DraftOpen || !strings.Contains(string(kept.Form), "and submitted") {
			t.Errorf("the draft holds %s, %v", kept.Form, err)
		}
		if a := fresh.Autosave("/drafts/"+string(d.ID), url.Values{"notes": {"never accepted"}, "version": {"1"}}); a.Status != http.StatusForbidden {
			t.Errorf("somebody who never accepted saves a draft: %d", a.Status)
		}

		message := "/authorizations/" + string(r.Number) + "/messages"
		a = b.Post(message, url.Values{"body": {"an answer <i> of some length"}, "version": {"1"}})
		if text, ok := a.Field("body"); a.Status != http.StatusForbidden || !ok || text != "an answer <i> of some length" {
			t.Fatalf("a message: %d, kept %q", a.Status, text)
		}
		if !strings.Contains(a.Text(), "Read and accept the new user agreement") || strings.Contains(a.Body, "Eleanor") {
			t.Errorf("the page says %s", a.Text())
		}
		p.Accept(p.Clerk)
		a = b.Post(message, url.Values{"body": {"an answer <i> of some length"}, "version": {"1"}})
		if a.Status != http.StatusSeeOther {
			t.Errorf("after accepting: %d %s", a.Status, a.Text())
		}
	})
}

// A denial is signed with a fresh proof; the page that asks for it keeps the
// whole decision, and a wrong code keeps it once more (V-09).
func TestADenialIsSignedWithAFreshProof(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		b := p.SignedIn(t, p.Director)
		p.Clock.Advance(11 * time.Minute)
		path := "/plan/cases/" + string(r.Number) + "/decide"
		v, _ := b.Get("/plan/cases/" + string(r.Number)).Field("version")
		form := url.Values{"version": {v}, "attest": {"yes"}, "line-2-action": {"approve"}, "line-1-action": {"deny"}, "line-1-reason": {review.Reasons()[0].Code},
			"line-1-criterion": {"Plan criterion 4.2"}, "line-1-narrative": {"The record does not show that walking is limited <i> on any day of the month before the request."}}
		a := b.Post(path, form)
		narrative, _ := a.Field("line-1-narrative")
		if !strings.Contains(a.Text(), "Prove that it is you") || narrative != form.Get("line-1-narrative") {
			t.Fatalf("%d %s, kept %q", a.Status, a.Text(), narrative)
		}
		form.Set("proof_code", "000000")
		a = b.Post(path, form)
		if narrative, _ = a.Field("line-1-narrative"); a.Status != http.StatusUnprocessableEntity || narrative != form.Get("line-1-narrative") {
			t.Fatalf("a wrong code: %d, kept %q", a.Status, narrative)
		}
		if k, err := p.Priorauth.Case(t.Context(), p.Director.Actor, r.Number); err != nil || k.Determination != nil {
			t.Fatalf("decided without a proof: %v", err)
		}
		form.Set("proof_code", p.Code(p.Director))
		a = b.Post(path, form)
		if a.Status != http.StatusSeeOther {
			t.Errorf("with the proof: %d %s", a.Status, a.Text())
		}
		if a = b.Get("/plan/cases/" + string(r.Number)); a.Status != http.StatusOK {
			t.Errorf("the new token does not open: %d", a.Status)
		}
	})
}
