package web_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/job"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
)

func csvSource(text string) coverage.Source {
	return coverage.Source{Name: "test.csv", Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// benefits loads what the member page can say about Eleanor.
func benefits(t *testing.T, p *portal.Portal) {
	t.Helper()
	plans, err := p.Coverage.ImportPlanFile(t.Context(), portal.Operator(), strings.NewReader(
		"plan_code,plan_name,service,wording,copay,coinsurance,service_type,authorization,authorization_note,deductible\n"+
			"SHA-PLUS,Sample Advantage Plus,Primary care visit,,0,,S1,no,,1500\nSHA-PLUS,,Imaging <b>,after the deductible,,20,S2,maybe,MRI and CT only,\nSHA-PLUS,,Transplant,,,,S3,yes,,\n"))
	if err != nil || plans.RefusedTotal > 0 {
		t.Fatalf("%+v %v", plans, err)
	}
	spent, err := p.Coverage.ImportSpent(t.Context(), portal.Operator(), csvSource("member_number,plan_code,year,kind,amount,as_of\nSHA20987716,SHA-PLUS,2026,deductible,1200.50,2026-10-31\n"))
	if err != nil || spent.RefusedTotal > 0 {
		t.Fatalf("%+v %v", spent, err)
	}
	other, err := p.Coverage.ImportOther(t.Context(), portal.Operator(), csvSource("member_number,payer,policy_kind,pays,from,to\nSHA20987716,Mill Health,employer,primary,2026-02-01,\n"))
	if err != nil || other.RefusedTotal > 0 {
		t.Fatalf("%+v %v", other, err)
	}
}

func TestTheMemberPageAnswersInOneScreen(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		benefits(t, p)
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		must(t, p.Review.Ask(t.Context(), p.Nurse.Actor, r.Number, version(t, p, r.Number), "Please send the stress-test report."))
		_, err := p.Priorauth.StartDraft(t.Context(), p.Clerk.Actor, r.Member)
		must(t, err)
		p.LookUp(p.Stranger, p.Eleanor)
		theirs := p.Submit(p.Stranger, p.Eleanor, nil)

		page := "/members/" + string(r.Member)
		b := p.SignedIn(t, p.Clerk)
		a := b.Get(page)
		text := a.Text()
		for _, want := range []string{
			"Covered today: yes — Sample Advantage Plus, since Thu, Jan 1, 2026", "Known since", "On your panel", "Since Thu, Jan 1, 2026",
			"Primary care visit", "$0", "Imaging <b>", "20%", "It depends", "after the deductible. MRI and CT only", "Transplant", "Service type S3",
			"Used $1,200.50 of $1,500", "as of Sat, Oct 31, 2026 · $299.50 left", "Pays first", "Mill Health", "Employer · since 02/01/2026",
			string(r.Number), "1 message", "Finish draft", "This look-up was written down",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		for _, not := range []string{string(theirs.Number), "What the plan knew", "Coverage changed", "212-555-0177", "9 Elm Street"} {
			if strings.Contains(text, not) {
				t.Errorf("the page says %q", not)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
		// What was shown of requests is a row of its own.
		rows := ledgerOf(t, p, p.Clerk)
		at := slices.IndexFunc(rows, func(r disclosure.Row) bool { return r.Subject == "member requests" })
		if at < 0 || !slices.Equal(rows[at].Fields, []access.Field{access.FieldRequests}) || rows[at].Member != r.Member || rows[at].Outcome != disclosure.Shown {
			t.Errorf("the ledger says %+v", rows)
		}
		// The look-up of one service, by its place in the table.
		for value, want := range map[string]string{"2": "Imaging <b>: It depends whether an authorization is needed", "3": "Transplant: An authorization is needed", "1": "Primary care visit: No authorization is needed"} {
			if text := b.Get(page + "?service=" + value).Text(); !strings.Contains(text, want) {
				t.Errorf("service %s lacks %q", value, want)
			}
		}
		if text := b.Get(page + "?service=99&on=").Text(); strings.Contains(text, "authorization is needed") {
			t.Error("a service that is none has an answer")
		}
	})
}

func ledgerOf(t *testing.T, p *portal.Portal, who portal.Person) []disclosure.Row {
	t.Helper()
	var out []disclosure.Row
	must(t, p.DB.View(t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = disclosure.OfPerson(tx, who.Actor, who.Actor.Person, 100)
		return err
	}))
	return out
}

func TestDaysThatCannotBeAskedForAreSaidBesideTheField(t *testing.T) {
	p := portal.SQLite(t)
	page := "/members/" + string(p.LookUp(p.Clerk, p.Eleanor).Member.ID)
	b := p.SignedIn(t, p.Clerk)
	for typed, want := range map[string]string{
		"2/30/2026": "is not a day", "1/1/2020": "twelve months back", "12/1/2026": "to the end of this month", "1/1/1900": "", "nonsense": "",
	} {
		a := b.Get(page + "?on=" + typed)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="`+typed+`"`) || !strings.Contains(a.Text(), "Covered today: yes") {
			t.Errorf("%s: %d", typed, a.Status)
		}
		if !strings.Contains(a.Text(), want) && want != "is not a day" {
			t.Errorf("%s lacks %q", typed, want)
		}
	}
	a := b.Get(page + "?on=11/2/2026")
	if a.Status != http.StatusOK || !strings.Contains(a.Text(), "Covered on Mon, Nov 2, 2026: yes") {
		t.Errorf("a day: %d", a.Status)
	}
}

// A change of days gone by stands on the home page of an office that had
// looked, on the member's page, and not on another office's.
func TestAChangeOfDaysGoneByIsSaid(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		seen := p.LookUp(p.Clerk, p.Eleanor)
		p.LookUp(p.Stranger, p.Zoe)
		p.Clock.Advance(48 * time.Hour)
		file := "member_number,last,first,birth,plan,from,to\nSHA20987716,Whitfield-Castellanos,Eleanor,1951-03-04,SHA-PLUS,2026-01-01,2026-11-20\n"
		d := p.Coverage.Deps
		d.HoldShare = 0 // of a handful of members one is more than a tenth
		rep, err := coverage.New(d).Import(t.Context(), portal.Operator(), csvSource(file), coverage.CSV, nil)
		if err != nil || rep.RefusedTotal > 0 || rep.Held != "" {
			t.Fatalf("%+v %v", rep, err)
		}
		p.SignedIn(t, p.Clerk)
		runner := job.New(job.Deps{DB: p.DB})
		runner.Handle(coverage.JobTell, p.Coverage.HandleTell)
		runner.Handle(coverage.JobNotify, p.Coverage.HandleNotify)
		_, err = runner.RunDue(t.Context())
		must(t, err)

		b := p.SignedIn(t, p.Clerk)
		home := b.Get("/")
		for _, want := range []string{"Coverage changed after you looked 1", "Whitfield-Castellanos", "No longer covered", "from 11/21/2026 to 11/24/2026"} {
			if !strings.Contains(home.Text(), want) {
				t.Errorf("home lacks %q", want)
			}
		}
		link := regexp.MustCompile(`/members/[0-9a-z]+\?on=11%2F24%2F2026`).FindString(home.Body)
		a := b.Get(link)
		for _, want := range []string{"Coverage changed after you looked", "The member is no longer covered for 11/21/2026 to 11/24/2026", "Covered on Tue, Nov 24, 2026: no",
			"What the plan knew", "Covered by Sample Advantage Plus since 01/01/2026", "Not covered", "Changed after the day had passed · holds now"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("%s lacks %q", link, want)
			}
		}
		if text := b.Get("/").Text(); strings.Contains(text, "Coverage changed") {
			t.Error("home still says what was seen")
		}
		if text := b.Get("/members/" + string(seen.Member.ID)).Text(); !strings.Contains(text, "Coverage changed after you looked") {
			t.Error("the member's page no longer says it")
		}
		if text := p.SignedIn(t, p.Stranger).Get("/").Text(); strings.Contains(text, "Coverage changed") {
			t.Error("another office is told")
		}
		p.LookUp(p.Stranger, p.Eleanor)
		if text := p.SignedIn(t, p.Stranger).Get("/members/" + string(seen.Member.ID)).Text(); !strings.Contains(text, "Coverage changed for days gone by") || strings.Contains(text, "after you looked") {
			t.Error("who looks after the change does not see that there was one")
		}
	})
}

func TestThePanelAndTheDirectory(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Viewer)
		a := b.Get("/panel")
		text := a.Text()
		if a.Status != http.StatusOK || !strings.Contains(text, "Whitfield-Castellanos") || !strings.Contains(text, "Núñez-O'Brien") || strings.Contains(text, "Marsh") ||
			!strings.Contains(text, "Members 2") || !strings.Contains(text, "1–2 of 2") {
			t.Errorf("%d %s", a.Status, text)
		}
		if gone := b.Get("/panel?show=dropped").Text(); strings.Contains(gone, "Whitfield") || !strings.Contains(gone, "Nobody left the panel") {
			t.Error(gone)
		}
		if gone := b.Get("/panel?show=dropped&month=2026-11").Text(); !strings.Contains(gone, "Marsh") || !strings.Contains(gone, "Coverage ended") {
			t.Errorf("November: %s", gone)
		}
		if a := b.Get("/panel?month=2024-01"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "thirteen months back") {
			t.Errorf("too far back: %d", a.Status)
		}
		if a := b.Get("/panel?provider=" + string(p.Neighbor.NPI)); a.Status != http.StatusNotFound {
			t.Errorf("another office's practitioner: %d", a.Status)
		}
		if text := p.SignedIn(t, p.Stranger).Get("/panel").Text(); !strings.Contains(text, "Members appear here when") || strings.Contains(text, "Whitfield") {
			t.Error("another office's panel")
		}
		// The panel opens the member's page.
		member := regexp.MustCompile(`/members/[0-9a-z]{26}`).FindString(a.Body)
		if a := b.Get(member); a.Status != http.StatusOK {
			t.Errorf("%s: %d", member, a.Status)
		}
		for _, who := range []portal.Person{p.Viewer, p.Nurse} {
			b := p.SignedIn(t, who)
			if a := b.Get("/providers"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Nothing asked yet") {
				t.Errorf("%s: %d", who.Username, a.Status)
			}
			if text := b.Get("/providers?text=souz&network=yes").Text(); !strings.Contains(text, "Ana Souza") || !strings.Contains(text, string(p.Servicing.NPI)) || !strings.Contains(text, "In network") {
				t.Errorf("%s: %s", who.Username, text)
			}
			if a := b.Get("/providers?text=&network=yes"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "Type a name or an NPI") {
				t.Errorf("%s asks nothing: %d", who.Username, a.Status)
			}
		}
	})
}

// Requests of providers whom somebody has no access for stay out of the page.
func TestTheMemberPageHoldsToTheProvidersOfSomebody(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	few := p.Clerk.Actor
	few.Providers = []string{string(p.Neighbor.NPI)}
	for name, c := range map[string]struct {
		who  access.Actor
		want int
	}{"another provider's": {few, 0}, "the office": {p.Clerk.Actor, 1}, "the plan": {p.Nurse.Actor, 0}} {
		var work priorauth.MemberWork
		err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
			var err error
			work, err = p.Priorauth.OfMember(tx, c.who, access.Treatment, r.Member)
			return err
		})
		if err != nil || len(work.Requests) != c.want || work.More || c.want > 0 && work.Requests[0].Status != priorauth.Submitted {
			t.Errorf("%s: %+v, %v", name, work, err)
		}
	}
}
