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
)

const (
	draftPath    = "/plan/agreements/draft"
	agreedFields = "\n\nOf {{plan}}, {{helpdesk_phone}}, {{helpdesk_email}}, {{helpdesk_address}}, {{effective}}.\n"
)

// written is the draft form as its page sends it.
func written(t *testing.T, b *portal.Browser, markdown string) url.Values {
	t.Helper()
	page := b.Get(draftPath)
	form := url.Values{}
	for _, name := range []string{"version", "title", "effective"} {
		value, ok := page.Field(name)
		if !ok {
			t.Fatalf("the page has no field %s: %d", name, page.Status)
		}
		form.Set(name, value)
	}
	form.Set("markdown", markdown)
	return form
}

// read is the publishing form as the preview sends it.
func read(t *testing.T, preview portal.Answer) url.Values {
	t.Helper()
	form := url.Values{"read": {"yes"}}
	for _, name := range []string{"version", "sha256"} {
		value, ok := preview.Field(name)
		if !ok {
			t.Fatalf("the preview has no field %s: %d %s", name, preview.Status, preview.Text())
		}
		form.Set(name, value)
	}
	return form
}

func TestANewVersionFromDraftToAcceptance(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b, office := p.SignedIn(t, p.PlanAdmin), p.SignedIn(t, p.Clerk)
		list := b.Get("/plan/agreements")
		for _, want := range []string{"Version 1 (current)", agreement.ShippedTitle, "Says the same as the current version", "not yet", "Still to accept"} {
			if !strings.Contains(list.Text(), want) {
				t.Errorf("the list lacks %q", want)
			}
		}
		page := b.Get(draftPath)
		if text, _ := page.Field("markdown"); text != strings.Trim(agreement.Shipped().Markdown, "\n") && text != agreement.Shipped().Markdown {
			t.Error("the draft does not start as the shipped text")
		}
		if !strings.Contains(page.Text(), "{{helpdesk_phone}} 1-800-555-0142") {
			t.Error("the fields are not explained")
		}
		if text := b.Get(draftPath + "?show=preview").Text(); !strings.Contains(text, "Nothing to publish") {
			t.Error("an unchanged draft is offered")
		}
		was := agreement.Shipped().Markdown
		form := written(t, b, strings.Replace(was, "**one** copy", "**two** copies", 1)+"\n## 10. שלום & <&amp;\n\nNew “words” 🦊 \\<b\\>.\n")
		form.Set("preview", "yes")
		a := b.Post(draftPath, form)
		if a.Status != http.StatusSeeOther || a.Location != draftPath+"?show=preview" {
			t.Fatalf("saving: %d to %q\n%s", a.Status, a.Location, a.Text())
		}
		preview := b.Follow(a)
		for _, want := range []string{"Publish version 2", "New “words” 🦊 <b>.", "10. שלום & <&", "you first"} {
			if !strings.Contains(preview.Text(), want) {
				t.Errorf("the preview lacks %q", want)
			}
		}
		changes := b.Get(draftPath + "?show=changes")
		for _, want := range []string{"[removed: one", "[added: two", "unchanged lines are left out", "Added", "Compared with Version 1"} {
			if !strings.Contains(changes.Text(), want) {
				t.Errorf("the changes lack %q", want)
			}
		}
		if strings.Count(changes.Body, "<ins>") != strings.Count(changes.Body, "</ins>") || !strings.Contains(changes.Body, "<del>") || strings.Contains(changes.Body, "<b\\>") {
			t.Error("the marks of the changes are wrong")
		}
		publish := read(t, preview)
		publish.Del("read")
		if a := b.Post(draftPath+"/publish", publish); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Tick the box") {
			t.Errorf("unread: %d", a.Status)
		}
		a = b.Post(draftPath+"/publish", read(t, preview))
		if a.Status != http.StatusSeeOther || a.Location != "/plan/agreements?done=published" {
			t.Fatalf("publishing: %d to %q\n%s", a.Status, a.Location, a.Text())
		}
		v, err := p.Agreements.Current(t.Context())
		must(t, err)
		if v.Number != 2 || v.SHA256 != publish.Get("sha256") || !strings.Contains(preview.Body, v.HTML) {
			t.Error("what is published is not what was previewed")
		}
		for _, who := range []*portal.Browser{b, office} {
			if a := who.Get("/account"); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/agreement") {
				t.Errorf("nobody is asked: %d to %q", a.Status, a.Location)
			}
		}
		ask := office.Get("/agreement?next=/account")
		if !strings.Contains(ask.Body, v.HTML) {
			t.Error("people are shown something else")
		}
		accepting := shown(t, ask)
		accepting.Set("agree", "yes")
		p.Clock.Advance(time.Minute)
		if a := office.Post("/agreement", accepting); a.Status != http.StatusSeeOther {
			t.Fatalf("accepting: %d", a.Status)
		}
		p.Accept(p.PlanAdmin)
		text := b.Follow(a).Text()
		if !strings.Contains(text, "The new version is published") || !strings.Contains(text, "Version 2 (current)") || !strings.Contains(text, "replaced") {
			t.Errorf("the list after publishing: %s", text)
		}
		if a := b.Post(draftPath+"/publish", publish); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("publishing again, unread: %d", a.Status)
		}
		publish.Set("read", "yes")
		if a := b.Post(draftPath+"/publish", publish); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "Nothing was published") {
			t.Errorf("publishing twice: %d", a.Status)
		}
	})
}

func TestAnAgreementThatCannotBePublished(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.PlanAdmin)
		for _, c := range []struct {
			name, markdown, effective string
			want                      string // on the preview
		}{
			{"HTML", "<script>alert(1)</script>" + agreedFields, "", "contains HTML"},
			{"HTML in words", "a <b onclick=x>b</b>" + agreedFields, "", "contains HTML"},
			{"a picture", "![x](https://example.org/x.png)" + agreedFields, "", "contains a picture"},
			{"empty", "  \n ", "", "write the text first"},
			{"no fields", "words", "", "does not contain the field {{plan}}"},
			{"an unknown field", "{{nobody}}" + agreedFields, "", "does not exist"},
			{"in the past", "words" + agreedFields, "11/1/2026", "is in the past"},
		} {
			form := written(t, b, c.markdown)
			form.Set("effective", c.effective)
			if a := b.Post(draftPath, form); a.Status != http.StatusSeeOther {
				t.Errorf("%s: a draft may be unfinished: %d %s", c.name, a.Status, a.Text())
				continue
			}
			page := b.Get(draftPath + "?show=preview")
			if !strings.Contains(page.Text(), "cannot be shown or published yet") || !strings.Contains(page.Text(), c.want) {
				t.Errorf("%s: %s", c.name, page.Text())
			}
			if strings.Contains(page.Body, "<script>alert") || strings.Contains(b.Get(draftPath+"?show=changes").Body, "<script>alert") || strings.Contains(b.Get(draftPath).Body, "<script>alert") {
				t.Errorf("%s: somebody's markup is in a page", c.name)
			}
			version, _ := b.Get(draftPath).Field("version")
			a := b.Post(draftPath+"/publish", url.Values{"version": {version}, "sha256": {"x"}, "read": {"yes"}})
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Nothing was published") {
				t.Errorf("%s: published: %d", c.name, a.Status)
			}
		}
		for _, c := range []struct{ name, field, value, want string }{
			{"huge", "markdown", strings.Repeat("long words ", 20_000), "200,000"},
			{"a long title", "title", strings.Repeat("t", 201), "200"},
			{"no date", "effective", "soon", "In force from"},
		} {
			form := written(t, b, "kept words")
			form.Set(c.field, c.value)
			a := b.Post(draftPath, form)
			kept, _ := a.Field(c.field)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), c.want) || strings.TrimSpace(kept) != strings.TrimSpace(c.value) {
				t.Errorf("%s: %d, keeps %d of %d bytes", c.name, a.Status, len(kept), len(c.value))
			}
			if a := b.Autosave(draftPath, form); a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Body, "<html") {
				t.Errorf("%s, by the script: %d", c.name, a.Status)
			}
		}
		if a := b.Post(draftPath, url.Values{"markdown": {strings.Repeat("x", 1<<20)}}); a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("more than a form may carry: %d", a.Status)
		}
		all, err := p.Agreements.Versions(t.Context())
		must(t, err)
		if len(all) != 1 {
			t.Errorf("%d versions", len(all))
		}
	})
}

func TestTwoEditorsOfTheAgreement(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		one, other := p.SignedIn(t, p.PlanAdmin), p.SignedIn(t, p.PlanAdmin)
		slow := written(t, other, "slow <b>words</b>")
		first := one.Autosave(draftPath, written(t, one, "first words"+agreedFields))
		if first.Status != http.StatusOK || !strings.Contains(first.Body, `"version":"1"`) || !strings.Contains(first.Body, `"saved":"`) {
			t.Errorf("the script: %d %s", first.Status, first.Body)
		}
		if a := other.Autosave(draftPath, slow); a.Status != http.StatusConflict {
			t.Errorf("the slower script: %d", a.Status)
		}
		a := other.Post(draftPath, slow)
		kept, _ := a.Field("markdown")
		version, _ := a.Field("version")
		if a.Status != http.StatusConflict || kept != "slow <b>words</b>" || version != "1" || !strings.Contains(a.Text(), "first words") || !strings.Contains(a.Text(), "Petra Plan") ||
			!strings.Contains(a.Text(), "What your text changes in theirs") || strings.Contains(a.Body, "<b>words") {
			t.Fatalf("the slower: %d keeps %q under %q", a.Status, kept, version)
		}
		preview := one.Get(draftPath + "?show=preview")
		slow.Set("version", version)
		slow.Set("markdown", "slow words"+agreedFields)
		if a := other.Post(draftPath, slow); a.Status != http.StatusSeeOther {
			t.Errorf("having read it: %d", a.Status)
		}
		a = one.Post(draftPath+"/publish", read(t, preview))
		if a.Status != http.StatusConflict || !strings.Contains(a.Text(), "slow words") {
			t.Errorf("published what was not read: %d", a.Status)
		}
		if a := one.Post(draftPath+"/restart", url.Values{"version": {"1"}}); a.Status != http.StatusConflict {
			t.Errorf("replaced what was not seen: %d", a.Status)
		}
		if a := one.Post(draftPath+"/restart", url.Values{"version": {"2"}}); a.Status != http.StatusSeeOther {
			t.Errorf("starting again: %d", a.Status)
		}
		if text := one.Get(draftPath + "?show=changes").Text(); !strings.Contains(text, "No changes") {
			t.Error("starting again leaves changes")
		}
	})
}

func TestCertificates(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Sequence()
		b := p.SignedIn(t, p.Clerk)
		a := b.Get("/agreement/1/certificate")
		mine, err := p.Agreements.Mine(t.Context(), p.Clerk.Actor)
		must(t, err)
		proof := mine[0]
		for _, want := range []string{"Dana Okafor", "dana.okafor", p.Office.Name, "Version 1", agreement.ShippedTitle, portal.PlanName, proof.SHA256, string(proof.ID), string(proof.Entry),
			string(proof.Session), proof.At.UTC().Format("2006-01-02 15:04:05.000000 UTC"), proof.At.In(p.Zone).Format("3:04:05 PM MST"), "127.0.0.1", "Accept", "proved under the signed root", "hashed again"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("the certificate lacks %q", want)
			}
		}
		if a.Status != http.StatusOK || !strings.Contains(a.Body, "hs-printable") {
			t.Errorf("it cannot be printed: %d", a.Status)
		}
		for _, path := range []string{"/agreement/2/certificate", "/agreement/x/certificate", "/agreement/-1/certificate", "/agreement/99999999999999999999/certificate"} {
			if a := b.Get(path); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		if a := p.SignedIn(t, p.Fresh).Get("/agreement/1/certificate"); a.Status != http.StatusNotFound {
			t.Errorf("somebody who has not accepted: %d", a.Status)
		}
		// What she accepted stays hers to print while a newer version waits.
		_, err = p.Agreements.Publish(t.Context(), access.SystemActor("agreement"), agreement.Draft{Title: "User agreement", Markdown: newerText})
		must(t, err)
		if a := b.Get("/agreement/1/certificate"); a.Status != http.StatusOK {
			t.Errorf("before the newer version is accepted: %d", a.Status)
		}
	})
}

func TestStaffProveAnAcceptance(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		mine, err := p.Agreements.Mine(t.Context(), p.Clerk.Actor)
		must(t, err)
		path := "/plan/agreements/acceptances/" + string(mine[0].ID)
		admin := p.SignedIn(t, p.PlanAdmin)
		found := admin.Get("/plan/agreements?username=DANA.Okafor")
		if !strings.Contains(found.Body, `href="`+path+`"`) || !strings.Contains(found.Text(), "Accepted by Dana Okafor") {
			t.Errorf("searching: %d %s", found.Status, found.Text())
		}
		for query, want := range map[string]string{
			"nobody.here": "There is no account", "nia.newman": "Nia Newman has accepted nothing yet", "<script>alert(1)</script>": "There is no account",
		} {
			a := admin.Get("/plan/agreements?username=" + url.QueryEscape(query))
			if a.Status != http.StatusOK || !strings.Contains(a.Text(), want) || strings.Contains(a.Body, "<script>alert") {
				t.Errorf("%s: %d", query, a.Status)
			}
		}
		for name, c := range map[string]struct {
			who  portal.Person
			want int
		}{
			"plan administrator": {p.PlanAdmin, http.StatusOK}, "help desk": {p.HelpDesk, http.StatusOK}, "privacy officer": {p.Privacy, http.StatusOK},
			"nurse": {p.Nurse, http.StatusForbidden}, "another office": {p.Stranger, http.StatusForbidden}, "the person": {p.Clerk, http.StatusForbidden},
		} {
			b := p.SignedIn(t, c.who)
			if a := b.Get(path); a.Status != c.want || strings.Contains(a.Text(), string(mine[0].Session)) != (c.want == http.StatusOK) {
				t.Errorf("%s: %d", name, a.Status)
			}
			want := c.want
			if want == http.StatusOK {
				want = http.StatusNotFound
			}
			for _, other := range []string{"01jdbq3h6m2t9v8x7c5b4a3z21", "x", "1%20or%201=1"} {
				if a := b.Get("/plan/agreements/acceptances/" + other); a.Status != want {
					t.Errorf("%s, %s: %d", name, other, a.Status)
				}
			}
		}
	})
}

func TestOnlyThePublisherWritesTheAgreement(t *testing.T) {
	p := portal.SQLite(t)
	for _, who := range []portal.Person{p.HelpDesk, p.Nurse, p.Privacy, p.Clerk, p.Admin} {
		b := p.SignedIn(t, who)
		for _, path := range []string{"/plan/agreements", draftPath, draftPath + "?show=preview"} {
			if a := b.Get(path); a.Status != http.StatusForbidden {
				t.Errorf("%s reads %s: %d", who.Username, path, a.Status)
			}
		}
		for _, path := range []string{draftPath, draftPath + "/restart", draftPath + "/publish"} {
			if a := b.Post(path, url.Values{"version": {"0"}, "read": {"yes"}, "title": {"x"}, "markdown": {"x"}}); a.Status != http.StatusForbidden {
				t.Errorf("%s writes %s: %d", who.Username, path, a.Status)
			}
		}
	}
	w, err := p.Agreements.Draft(t.Context(), p.PlanAdmin.Actor)
	must(t, err)
	if w.Version != 0 {
		t.Error("something was saved")
	}
}

// Structure, labels, ids and headings, as the gallery checks its pages.
func TestTheAgreementPagesAreWellFormed(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.PlanAdmin)
	mine, err := p.Agreements.Mine(t.Context(), p.Clerk.Actor)
	must(t, err)
	if a := b.Post(draftPath, written(t, b, "## One\n\nWords"+agreedFields)); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	stale := url.Values{"version": {"0"}, "title": {"mine"}, "markdown": {"mine"}}
	for name, a := range map[string]portal.Answer{
		"list": b.Get("/plan/agreements?username=dana.okafor"), "write": b.Get(draftPath), "preview": b.Get(draftPath + "?show=preview"),
		"changes": b.Get(draftPath + "?show=changes"), "certificate": b.Get("/agreement/1/certificate"), "proof": b.Get("/plan/agreements/acceptances/" + string(mine[0].ID)),
		"conflict": b.Post(draftPath, stale), "unread": b.Post(draftPath+"/publish", url.Values{"version": {"1"}}),
	} {
		for _, wrong := range faultsOf(a.Body) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}
