package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/agreement"
	"hsconnect/internal/portaltest/portal"
)

// shown gives the form's fields as a browser would send them.
func shown(t *testing.T, a portal.Answer) url.Values {
	t.Helper()
	form := url.Values{}
	for _, name := range []string{"version", "sha256", "next"} {
		value, ok := a.Field(name)
		if !ok {
			t.Fatalf("the page has no field %s", name)
		}
		form.Set(name, value)
	}
	return form
}

func TestAcceptingOpensThePortal(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.Browser(t)
		a := b.SignIn(p.Fresh, "/account")
		a = b.Follow(a)
		if a.Status != http.StatusSeeOther || a.Location != "/agreement?next=%2Faccount" {
			t.Fatalf("%d to %q", a.Status, a.Location)
		}
		page := b.Follow(a)
		text := page.Text()
		for _, want := range []string{"1. ", portal.PlanName, "1-800-555-0142", "I have read this agreement", "Decline and sign out"} {
			if !strings.Contains(text, want) {
				t.Errorf("the agreement page lacks %q", want)
			}
		}
		if strings.Contains(page.Body, "checked") && strings.Contains(page.Body, `name="agree" checked`) || strings.Contains(page.Body, `href="/members"`) {
			t.Error("the box is ticked beforehand, or the sections are open")
		}
		form := shown(t, page)
		refused := b.Post("/agreement", form)
		if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Text(), "Tick the box") {
			t.Errorf("unticked: %d", refused.Status)
		}
		if kept, _ := refused.Field("next"); kept != "/account" {
			t.Errorf("unticked: next is %q", kept)
		}
		form.Set("agree", "yes")
		other := url.Values{"version": form["version"], "sha256": {strings.Repeat("0", 64)}, "agree": {"yes"}}
		if a := b.Post("/agreement", other); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Please read this version") {
			t.Errorf("another text: %d", a.Status)
		}
		a = b.Post("/agreement", form)
		if a.Status != http.StatusSeeOther || a.Location != "/account" {
			t.Fatalf("accepting: %d to %q", a.Status, a.Location)
		}
		account := b.Follow(a)
		if account.Status != http.StatusOK || !strings.Contains(account.Text(), "Version 1") {
			t.Errorf("the account does not list the acceptance: %d", account.Status)
		}
		again := b.Get("/agreement/1")
		if !strings.Contains(again.Text(), "What you have accepted") || strings.Contains(again.Text(), "Decline and sign out") {
			t.Error("after accepting the page still asks")
		}
	})
}

func TestDecliningSignsOut(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Fresh)
		a := b.Post("/agreement/decline", nil)
		if a.Status != http.StatusSeeOther || len(b.Cookies()) != 0 {
			t.Fatalf("%d, %d cookies", a.Status, len(b.Cookies()))
		}
		if text := b.Follow(a).Text(); !strings.Contains(text, "You are signed out") || !strings.Contains(text, "1-800-555-0142") {
			t.Errorf("the page does not say how to leave: %s", text)
		}
		if a := b.Get("/agreement?next=/account"); a.Status != http.StatusOK || strings.Contains(a.Text(), "Your decision") {
			t.Errorf("signed out, the agreement may be read and not accepted: %d", a.Status)
		}
	})
}

func TestANewVersionAsksAgain(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Clerk)
		if a := b.Get("/account"); a.Status != http.StatusOK {
			t.Fatal(a.Status)
		}
		_, err := p.Agreements.Publish(t.Context(), access.SystemActor("agreement"), agreement.Draft{Title: "User agreement", Markdown: newerText})
		if err != nil {
			t.Fatal(err)
		}
		if a := b.Get("/account"); a.Status != http.StatusSeeOther || a.Location != "/agreement?next=%2Faccount" {
			t.Errorf("%d to %q", a.Status, a.Location)
		}
		old, now := b.Get("/agreement/1"), b.Get("/agreement/2")
		if !strings.Contains(old.Text(), "replaced by a newer version") || strings.Contains(old.Text(), "Your decision") {
			t.Error("the old version asks to be accepted")
		}
		if !strings.Contains(now.Text(), "Your decision") {
			t.Error("the new version does not ask")
		}
		for _, path := range []string{"/agreement/3", "/agreement/0", "/agreement/-1", "/agreement/x", "/agreement/99999999999999999999"} {
			if a := b.Get(path); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	})
}

const newerText = "# User agreement\n\nOf {{plan}}, {{helpdesk_phone}}, {{helpdesk_email}}, {{helpdesk_address}}, {{effective}}.\n\nBe careful.\n"
