package web_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/mail"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
)

// mails gives every message that the portal has queued.
func mails(t *testing.T, p *portal.Portal) []mail.Message {
	t.Helper()
	var out []mail.Message
	must(t, p.DB.View(t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (m mail.Message, err error) {
			var payload []byte
			err = r.Scan(&payload)
			if err != nil {
				return m, err
			}
			return m, json.Unmarshal(payload, &m)
		})(tx.Rows("select payload from job where kind = $1 order by at_us, id", mail.Job))
		return err
	}))
	return out
}

// Clause 3, A-03: a mail carries a link and a number, and no fact about a
// member, whatever happened before it.
func TestNoMailSaysAnythingAboutAMember(t *testing.T) {
	p := portal.SQLite(t)
	for i, who := range []portal.Person{p.Clerk, p.Clinician, p.Admin, p.Viewer, p.Stranger, p.Intake, p.Nurse, p.Director, p.PlanAdmin, p.HelpDesk, p.Privacy} {
		must(t, setEmail(p, who, "person"+string(rune('a'+i))+"@example.org"))
	}
	there := things(t, p)
	r := p.Submit(p.Clerk, p.Eleanor, func(s *priorauth.Submission) { s.Notes = "planted-words of the clinic" })
	clerk := p.SignedIn(t, p.Clerk)
	path := "/print/case/" + string(r.Number)
	for range 2 {
		form, _ := printForm(t, clerk, path)
		form.Set("reason", "the first was lost in the mail")
		if a := clerk.Post(path, form); a.Header.Get("Content-Type") != "application/pdf" {
			t.Fatalf("%d\n%s", a.Status, a.Text())
		}
	}
	admin := p.SignedIn(t, p.Admin)
	everything := url.Values{"name": {"Guest Person"}, "email": {"new.guest@example.org"}, "roles": {string(access.Viewer)}, "reason": {"because of this"}, "change-reason": {"because"},
		"text": {"hello"}, "body": {"planted-answer about the patient"}}
	for _, rt := range []string{
		"/authorizations/" + there["{number}"] + "/messages", "/office/invite", "/office/people/" + string(p.Viewer.Actor.Person), "/authorizations/" + there["{number}"] + "/cancel",
	} {
		if a := admin.Post(rt, everything); a.Status >= http.StatusInternalServerError || a.Status == http.StatusNotFound {
			t.Errorf("%s: %d", rt, a.Status)
		}
	}
	must(t, p.Accounts.Suspend(t.Context(), portal.Operator(), p.Viewer.Actor.Person, "left the office"))
	for range 12 {
		_, _, err := p.Accounts.SignIn(t.Context(), account.Attempt{Username: p.Clinician.Username, Password: "wrong wrong wrong", Address: "192.0.2.9"})
		if err == nil || fault.KindOf(err) == fault.Internal {
			t.Fatal(err)
		}
	}
	suspicious(t, p)
	p.SignedIn(t, p.Nurse).Post("/account/compromised", nil)
	p.Clock.Advance(80 * 24 * time.Hour)
	_, err := p.Jobs.RunDue(t.Context())
	must(t, err)

	all := mails(t, p)
	kinds := map[string]bool{}
	member := regexp.MustCompile(`(?i)eleanor|whitfield|castellanos|SHA20987716|1951|elm street|212-555-0177|planted-|I50|heart`)
	for _, m := range all {
		kinds[m.Kind] = true
		whole := strings.Join(append([]string{m.Subject, m.Link, m.LinkText}, m.Text...), "\n")
		if found := member.FindString(whole); found != "" {
			t.Errorf("a mail about %s says %q:\n%s", m.Kind, found, whole)
		}
	}
	if len(all) < 5 || len(kinds) < 4 {
		t.Errorf("only %d mails of %d kinds were sent: %v", len(all), len(kinds), kinds)
	}
}
