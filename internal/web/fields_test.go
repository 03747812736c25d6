package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/portaltest/portal"
)

const fieldsAt = "/plan/privacy/fields"

// ticked gives the form of a proposal: what the role is shown, but for one fact.
func ticked(role access.Role, purpose string, without access.Field) url.Values {
	f := url.Values{"role": {string(role)}, "purpose": {purpose}, "version": {"0"}, "reason": {"the front desk does not need it"}}
	for _, x := range access.DefaultFields(role) {
		if x != without {
			f.Add("fields", string(x))
		}
	}
	return f
}

// linkIn gives the first address in a page that starts like this.
func linkIn(t *testing.T, a portal.Answer, start string) string {
	t.Helper()
	_, rest, ok := strings.Cut(a.Body, `"`+start)
	if !ok {
		t.Fatalf("the page leads to no %s\n%s", start, a.Text())
	}
	end, _, _ := strings.Cut(rest, `"`)
	return start + end
}

func TestTwoPeopleChangeFactsByThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		ref := p.LookUp(p.Viewer, p.Eleanor).Member.ID
		viewer := p.SignedIn(t, p.Viewer)
		wants(t, viewer.Get("/members/"+string(ref)), http.StatusOK, "PCP", "Li Wei")
		officer, admin := p.SignedIn(t, p.Privacy), p.SignedIn(t, p.PlanAdmin)
		wants(t, officer.Get("/plan"), http.StatusOK, "Facts by role")
		wants(t, officer.Get(fieldsAt), http.StatusOK, "as shipped", "For treatment", "Viewer", "never", "The table is as it was shipped")
		wants(t, officer.Get(fieldsAt+"/change?role=viewer&purpose=TREATMENT"), http.StatusOK, "What the role viewer is to be shown", "A viewer looks and never bills", "cannot work without it")
		form := ticked(access.Viewer, "TREATMENT", access.FieldPCP)
		form.Set("reason", "")
		a := officer.Post(fieldsAt+"/change", form)
		wants(t, a, http.StatusUnprocessableEntity, "Give the reason")
		if strings.Contains(a.Body, `value="primary care provider" checked`) {
			t.Error("what was ticked is lost")
		}
		form = ticked(access.Viewer, "TREATMENT", access.FieldPCP)
		form.Add("fields", string(access.FieldMedicare))
		wants(t, officer.Post(fieldsAt+"/change", form), http.StatusUnprocessableEntity, "may never be shown to the role viewer. An office may find a member by the Medicare number")
		a = officer.Post(fieldsAt+"/change", ticked(access.Viewer, "TREATMENT", access.FieldPCP))
		wants(t, a, http.StatusSeeOther)
		list := officer.Follow(a)
		wants(t, list, http.StatusOK, "Proposed. It counts once somebody else", "no longer shows primary care provider", "Waits for another person")
		path := linkIn(t, list, fieldsAt+"/proposals/")
		wants(t, officer.Get(path), http.StatusOK, "You proposed this", "Withdraw it", "Primary care provider")
		wants(t, officer.Post(path, url.Values{"answer": {"approve"}}), http.StatusForbidden, "takes two people")
		wants(t, viewer.Get("/members/"+string(ref)), http.StatusOK, "PCP", "Li Wei")
		wants(t, admin.Get("/plan"), http.StatusOK, "1 proposal waits")
		wants(t, admin.Get(path), http.StatusOK, "Approve the change", "Refuse the change")
		wants(t, admin.Post(path, url.Values{"answer": {"dance"}}), http.StatusNotFound)
		wants(t, admin.Post(path, url.Values{"answer": {"refuse"}}), http.StatusUnprocessableEntity, "Give the reason")
		a = admin.Post(path, url.Values{"answer": {"approve"}})
		wants(t, a, http.StatusSeeOther)
		wants(t, admin.Follow(a), http.StatusOK, "counts with the next request", "version 1", "Approved by Petra Plan, version 1")
		if strings.Contains(viewer.Get("/members/"+string(ref)).Text(), "Li Wei") {
			t.Error("the change does not count")
		}
		wants(t, admin.Post(path, url.Values{"answer": {"approve"}}), http.StatusConflict, "answered already")
		// A form from before the change is refused, with everything typed.
		wants(t, officer.Post(fieldsAt+"/change", ticked(access.Viewer, "HPAYMT", access.FieldPCP)), http.StatusUnprocessableEntity, "changed by others in the meantime")
		wants(t, officer.Get(fieldsAt+"/proposals/x"), http.StatusNotFound)
		wants(t, officer.Get(fieldsAt+"/proposals/01jdbq3h6m2t9v8x7c5b4a3z21"), http.StatusNotFound)
	})
}

// An approval is proven anew after ten minutes (V-09).
func TestAnApprovalIsProven(t *testing.T) {
	p := portal.SQLite(t)
	officer, admin := p.SignedIn(t, p.Privacy), p.SignedIn(t, p.PlanAdmin)
	list := officer.Follow(officer.Post(fieldsAt+"/change", ticked(access.Viewer, "every", access.FieldPCP)))
	path := linkIn(t, list, fieldsAt+"/proposals/")
	p.Clock.Advance(11 * 60e9)
	wants(t, admin.Post(path, url.Values{"answer": {"approve"}}), http.StatusOK, "Prove that it is you")
	a := admin.Post(path, url.Values{"answer": {"approve"}, "proof_code": {p.Code(p.PlanAdmin)}})
	wants(t, a, http.StatusSeeOther)
	a = admin.Follow(a)
	wants(t, a, http.StatusOK, "Viewer for every purpose")
}

func TestSeeItAsARoleDoes(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		path := fieldsAt + "/preview"
		officer, admin := p.SignedIn(t, p.Privacy), p.SignedIn(t, p.PlanAdmin)
		wants(t, officer.Get(path), http.StatusOK, "Through whose eyes", "written in the ledger under your name")
		wants(t, officer.Get(path+"?role=viewer&purpose=TREATMENT"), http.StatusOK, "What the role viewer sees for treatment", "a made-up member", "Ada M. Example", "Medicare number never")
		a := officer.Post(path, url.Values{"role": {"viewer"}, "purpose": {"TREATMENT"}, "number": {"SHA20987716"}, "birth": {"3/4/1951"}})
		wants(t, a, http.StatusOK, "the member you named, today", "Eleanor Q Whitfield-Castellanos", "03/04/1951", "shown to the role, and not told here")
		if strings.Contains(a.Text(), "Sample Advantage Plus") || strings.Contains(a.Text(), "9 Elm Street") {
			t.Error("an officer is shown what her own role does not see")
		}
		wants(t, officer.Post(path, url.Values{"role": {"viewer"}, "number": {"SHA20987716"}, "birth": {"3/5/1951"}}), http.StatusNotFound, "no single member")
		wants(t, officer.Post(path, url.Values{"role": {"viewer"}, "number": {"SHA20987716"}}), http.StatusUnprocessableEntity, "date of birth")
		wants(t, officer.Post(path, url.Values{"role": {"help desk"}}), http.StatusUnprocessableEntity, "Choose a role")
		a = officer.Post(path, url.Values{"role": {"viewer"}, "purpose": {"HPAYMT"}})
		if a.Location != path+"?role=viewer&purpose=HPAYMT" {
			t.Errorf("%d %q", a.Status, a.Location)
		}
		// Who sees no member herself is not shown a real one.
		if strings.Contains(admin.Get(path).Text(), "Member ID") {
			t.Error("a plan administrator is offered a look")
		}
		a = admin.Post(path, url.Values{"role": {"viewer"}, "number": {"SHA20987716"}, "birth": {"3/4/1951"}})
		wants(t, a, http.StatusForbidden, "Your own role sees no member information")
		if strings.Contains(a.Text(), "Eleanor") {
			t.Error("she is shown")
		}
	})
}
