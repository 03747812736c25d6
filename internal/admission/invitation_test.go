package admission_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/admission"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

func TestAnInvitationMakesAnAccountOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newcomer()
		n.Org, n.OrgName = hill, "Somebody else’s" // an office's administrator cannot choose
		_, err := f.Invite(f.ctx(), f.rosa, n, link)
		must(t, err)
		all := f.mails()
		if len(all) != 1 || all[0].Address != n.Email || !strings.Contains(strings.Join(all[0].Text, " "), "Riverside Cardiology") {
			t.Fatalf("%+v", all)
		}
		_, token, _ := strings.Cut(all[0].Link, "/x/")
		v, err := f.Open(f.ctx(), token)
		must(t, err)
		if v.Org != river || v.OrgName != "Riverside Cardiology" || v.ByName != "Rosa Ädler" || v.Email != n.Email {
			t.Errorf("%+v", v)
		}
		for what, r := range map[string]admission.Redeeming{
			"a weak password":  {Username: "zoe.nunez", Name: "Zoë", Password: "password"},
			"a taken username": {Username: "DANA.okafor", Name: "Zoë", Password: password},
			"no name":          {Username: "zoe.nunez", Password: password},
			"a turned name":    {Username: "zoe.nunez", Name: "Zoë\u202egpj", Password: password},
		} {
			_, err = f.Redeem(f.ctx(), token, r)
			wantKind(t, what, err, fault.Invalid)
		}
		person, err := f.Redeem(f.ctx(), token, choosing("zoe.nunez"))
		must(t, err)
		c := f.colleague(river, person)
		if c.Email != n.Email || !slices.Equal(c.Roles, []access.Role{access.Requester}) || c.OrgTIN != riverTIN {
			t.Errorf("%+v", c)
		}
		_, _, err = f.accounts.SignIn(f.ctx(), account.Attempt{Username: "zoe.nunez", Password: password, Address: "192.0.2.1"})
		must(t, err)
		_, err = f.Redeem(f.ctx(), token, choosing("zoe.again"))
		wantKind(t, "a second time", err, fault.NotFound)
		left, err := f.Invitations(f.ctx(), f.rosa, river)
		if err != nil || len(left) != 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

// Late, used, withdrawn, replaced and guessed links, and those whose inviter
// may no longer give what they give, are told apart by nobody.
func TestEveryDeadLinkGetsOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.second()
		answers := map[string]string{}
		dead := func(what, token string) {
			t.Helper()
			for how, try := range map[string]func() error{
				"open":     func() error { _, err := f.Open(f.ctx(), token); return err },
				"redeem":   func() error { _, err := f.Redeem(f.ctx(), token, choosing("zoe.nunez")); return err },
				"redeemas": func() error { _, err := f.RedeemAs(f.ctx(), f.rosa, token); return err },
			} {
				err := try()
				wantKind(t, what+": "+how, err, fault.NotFound)
				answers[fault.Text(err)] = what
			}
		}
		late := f.invite(f.rosa, newcomer())
		f.clock.Advance(admission.InvitationLasts - time.Microsecond)
		_, err := f.Open(f.ctx(), late)
		must(t, err)
		f.clock.Advance(time.Microsecond)
		dead("late", late)

		used := f.invite(f.rosa, newcomer())
		_, err = f.Redeem(f.ctx(), used, choosing("zoe.first"))
		must(t, err)
		dead("used", used)

		id1, err := f.Invite(f.ctx(), f.rosa, newcomer(), link)
		must(t, err)
		first := f.token()
		must(t, f.Resend(f.ctx(), f.rosa, id1, link))
		again := f.token()
		dead("replaced", first)
		must(t, f.Withdraw(f.ctx(), f.ada, id1))
		dead("withdrawn", again)
		wantKind(t, "withdrawn twice", f.Withdraw(f.ctx(), f.ada, id1), fault.Conflict)
		wantKind(t, "sent again", f.Resend(f.ctx(), f.ada, id1, link), fault.Conflict)

		dead("guessed", strings.Repeat("A", 43))
		for _, text := range []string{"", "x", strings.Repeat("x", 5000), "../../etc", "'; drop table job; --"} {
			dead("malformed", text)
		}

		mine := f.invite(f.ada, newcomer())
		must(t, f.End(f.ctx(), f.rosa, river, f.ada.Person, "left the office"))
		dead("the inviter has gone", mine)

		other := f.invite(f.hilda, newcomer())
		must(t, f.Suspend(f.ctx(), f.relations, hill, "contract ended"))
		dead("the organization is shut", other)
		if len(answers) != 1 {
			t.Errorf("different answers: %v", answers)
		}
	})
}

func TestTwoRedeemAtOnceAndOneWins(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.invite(f.rosa, newcomer())
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					_, errs[i] = f.RedeemAs(f.ctx(), f.hilda, token)
					return
				}
				_, errs[i] = f.Redeem(f.ctx(), token, choosing("zoe.number"+string(rune('a'+i))))
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
				t.Errorf("%v", err)
			}
		}
		o, err := f.Office(f.ctx(), f.rosa, river)
		if err != nil || won != 1 || len(o.People) != 3 {
			t.Errorf("%d won, %d people, %v", won, len(o.People), err)
		}
	})
}

func TestNobodyGivesMoreThanSheHasNorToAnotherOffice(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		limited := f.create(account.NewPerson{Username: "lim.admin", Name: "Lim Admin", Email: "lim@office.example", Password: password, Side: access.Office, Org: river,
			OrgName: "Riverside Cardiology", OrgTIN: riverTIN, Roles: []access.Role{access.LocalAdmin}, Providers: []string{riverNPI}})
		with := func(change func(*admission.NewInvitation)) admission.NewInvitation {
			n := newcomer()
			change(&n)
			return n
		}
		for what, c := range map[string]struct {
			who  access.Actor
			n    admission.NewInvitation
			path string
		}{
			"a role of the plan":     {f.rosa, with(func(n *admission.NewInvitation) { n.Roles = []access.Role{access.PlanAdmin} }), "roles"},
			"no role at all":         {f.rosa, with(func(n *admission.NewInvitation) { n.Roles = []access.Role{"owner"} }), "roles"},
			"no roles":               {f.rosa, with(func(n *admission.NewInvitation) { n.Roles = nil }), "roles"},
			"no provider's number":   {f.rosa, with(func(n *admission.NewInvitation) { n.Providers = []string{"1234567890"} }), "providers"},
			"all providers":          {limited, with(func(*admission.NewInvitation) {}), "providers"},
			"another's provider":     {limited, with(func(n *admission.NewInvitation) { n.Providers = []string{"1000000004"} }), "providers"},
			"no name":                {f.rosa, with(func(n *admission.NewInvitation) { n.Name = " \t" }), "name"},
			"two lines of a name":    {f.rosa, with(func(n *admission.NewInvitation) { n.Name = "Zoë\r\nBcc: all@office.example" }), "name"},
			"no address":             {f.rosa, with(func(n *admission.NewInvitation) { n.Email = "" }), "email"},
			"two addresses":          {f.rosa, with(func(n *admission.NewInvitation) { n.Email = "a@office.example, b@office.example" }), "email"},
			"an address with a name": {f.rosa, with(func(n *admission.NewInvitation) { n.Email = "Zoe <zoe@office.example>" }), "email"},
			"a header in it":         {f.rosa, with(func(n *admission.NewInvitation) { n.Email = "zoe@office.example\nBcc: x@office.example" }), "email"},
			"staff invites a viewer": {f.relations, with(func(n *admission.NewInvitation) { n.Org = river; n.Roles = []access.Role{access.Viewer} }), "roles"},
		} {
			_, err := f.Invite(f.ctx(), c.who, c.n, link)
			wantProblem(t, what, err, c.path, "")
		}
		for what, who := range map[string]access.Actor{"a requester": f.dana, "the HelpDesk": f.desk, "nobody": {}} {
			_, err := f.Invite(f.ctx(), who, with(func(n *admission.NewInvitation) { n.Org = river; n.Roles = []access.Role{access.LocalAdmin} }), link)
			if err == nil || fault.Is(err, fault.Invalid) {
				t.Errorf("%s invited: %v", what, err)
			}
		}
		made, err := f.Invite(f.ctx(), f.rosa, newcomer(), link)
		must(t, err)
		f.skipMail()
		wantKind(t, "another office withdraws", f.Withdraw(f.ctx(), f.hilda, made), fault.NotFound)
		wantKind(t, "another office sends again", f.Resend(f.ctx(), f.hilda, made, link), fault.NotFound)
		_, err = f.Invitations(f.ctx(), f.hilda, river)
		wantKind(t, "another office lists", err, fault.NotFound)
		_, err = f.Office(f.ctx(), f.hilda, river)
		wantKind(t, "another office looks", err, fault.NotFound)
		// She cannot send again what she could not give.
		err = f.Resend(f.ctx(), limited, made, link)
		wantProblem(t, "a limited administrator", err, "providers", "")
		if got := f.mails(); len(got) != 0 {
			t.Errorf("%d mails left", len(got))
		}
	})
}

// What the inviter may give is looked at again when the access begins.
func TestTheInvitersAuthorityCountsAtTheEnd(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.second()
		token := f.invite(f.ada, newcomer())
		must(t, f.Change(f.ctx(), f.rosa, river, f.ada.Person, account.Grant{Roles: []access.Role{access.LocalAdmin}, Providers: []string{riverNPI}}, "limited to one doctor"))
		_, err := f.Redeem(f.ctx(), token, choosing("zoe.nunez"))
		wantKind(t, "more than the inviter has by now", err, fault.NotFound)
		must(t, f.Change(f.ctx(), f.rosa, river, f.ada.Person, account.Grant{Roles: []access.Role{access.Requester}}, "no administrator any more"))
		_, err = f.RedeemAs(f.ctx(), f.hilda, token)
		wantKind(t, "no administrator by now", err, fault.NotFound)
	})
}

func TestOnePersonWorksForSeveralOrganizations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newcomer()
		n.Roles, n.Providers = []access.Role{access.Viewer, access.Viewer}, []string{riverNPI}
		token := f.invite(f.rosa, n)
		_, err := f.RedeemAs(f.ctx(), f.relations, token)
		wantKind(t, "staff of the plan", err, fault.Conflict)
		_, err = f.RedeemAs(f.ctx(), f.dana, token)
		wantKind(t, "somebody who works there already", err, fault.Conflict)
		_, err = f.RedeemAs(f.ctx(), f.rosa, token)
		wantKind(t, "the inviter herself", err, fault.Conflict)
		_, err = f.RedeemAs(f.ctx(), access.Actor{}, token)
		wantKind(t, "nobody", err, fault.Unauthenticated)
		org, err := f.RedeemAs(f.ctx(), f.hilda, token)
		if err != nil || org != river {
			t.Fatal(org, err)
		}
		c := f.colleague(river, f.hilda.Person)
		if !slices.Equal(c.Roles, []access.Role{access.Viewer}) || !slices.Equal(c.Providers, []string{riverNPI}) {
			t.Errorf("%+v", c.Membership)
		}
		_, err = f.Office(f.ctx(), f.hilda, river)
		wantKind(t, "as Hillside's administrator", err, fault.NotFound)

		// What the plan took away, an office's invitation does not give back.
		must(t, f.End(f.ctx(), f.planAdmin, river, f.hilda.Person, "misuse was reported"))
		again := f.invite(f.rosa, n)
		_, err = f.RedeemAs(f.ctx(), f.hilda, again)
		wantKind(t, "ended by the plan", err, fault.Forbidden)
	})
}

func TestTheFirstAdministratorIsInvitedByThePlan(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newcomer()
		n.Org, n.OrgName, n.OrgTIN, n.Roles = "org-new", "Neue Praxis", "987654321", []access.Role{access.LocalAdmin}
		for _, who := range []access.Actor{f.relations, f.planAdmin, operator()} {
			token := f.invite(who, n)
			person, err := f.Redeem(f.ctx(), token, choosing("first."+id.New[string](f.clock.Now())))
			must(t, err)
			if c := f.colleague("org-new", person); c.OrgName != "Neue Praxis" || !slices.Contains(c.Roles, access.LocalAdmin) {
				t.Errorf("%+v", c)
			}
		}
		n.Org = ""
		_, err := f.Invite(f.ctx(), f.relations, n, link)
		wantKind(t, "the plan itself", err, fault.NotFound)
	})
}

func TestAnInvitationIsSentFiveTimes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made, err := f.Invite(f.ctx(), f.rosa, newcomer(), link)
		must(t, err)
		for range 4 {
			f.clock.Advance(8 * 24 * time.Hour) // also after it has run out
			must(t, f.Resend(f.ctx(), f.rosa, made, link))
		}
		wantKind(t, "a sixth time", f.Resend(f.ctx(), f.rosa, made, link), fault.Conflict)
		all, err := f.Invitations(f.ctx(), f.rosa, river)
		if err != nil || len(all) != 1 || all[0].Sent != 5 || all[0].Late {
			t.Errorf("%+v, %v", all, err)
		}
		f.clock.Advance(8 * 24 * time.Hour)
		all, err = f.Invitations(f.ctx(), f.rosa, river)
		if err != nil || len(all) != 1 || !all[0].Late {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
