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
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

func TestAnAdministratorManagesHerPeople(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.Change(f.ctx(), f.rosa, river, f.dana.Person, account.Grant{Roles: []access.Role{access.Viewer}, Providers: []string{riverNPI}}, "works at the desk now"))
		if c := f.colleague(river, f.dana.Person); !slices.Equal(c.Roles, []access.Role{access.Viewer}) || !slices.Equal(c.Providers, []string{riverNPI}) {
			t.Errorf("%+v", c.Membership)
		}
		wantProblem(t, "no reason", f.Change(f.ctx(), f.rosa, river, f.dana.Person, account.Grant{Roles: []access.Role{access.Viewer}}, ""), "reason", "")
		wantProblem(t, "no reason", f.End(f.ctx(), f.rosa, river, f.dana.Person, "x"), "reason", "")
		for what, who := range map[string]access.Actor{"a viewer": f.dana, "another office": f.hilda, "nobody": {}} {
			for verb, err := range map[string]error{
				"change": f.Change(f.ctx(), who, river, f.rosa.Person, account.Grant{Roles: []access.Role{access.Viewer}}, "because"),
				"end":    f.End(f.ctx(), who, river, f.rosa.Person, "because"),
				"reopen": f.Reopen(f.ctx(), who, river, f.rosa.Person, "because"),
			} {
				if k := fault.KindOf(err); k != fault.Forbidden && k != fault.NotFound && k != fault.Unauthenticated {
					t.Errorf("%s, %s: %v", what, verb, err)
				}
			}
		}
		must(t, f.End(f.ctx(), f.rosa, river, f.dana.Person, "left the office"))
		wantKind(t, "changing what has ended", f.Change(f.ctx(), f.rosa, river, f.dana.Person, account.Grant{Roles: []access.Role{access.Viewer}}, "because"), fault.Conflict)
		wantKind(t, "opening what has ended", f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "because"), fault.Conflict)
		wantKind(t, "somebody of another office", f.End(f.ctx(), f.rosa, river, f.hilda.Person, "because"), fault.NotFound)
		_, err := f.Admins(f.ctx(), f.dana)
		wantKind(t, "whose access has ended", err, fault.Forbidden)
		// By invitation she comes back.
		_, err = f.RedeemAs(f.ctx(), f.hilda, f.invite(f.rosa, newcomer()))
		must(t, err)
		events, err := f.Events(f.ctx(), f.rosa, river)
		if err != nil || !slices.ContainsFunc(events, func(e admission.Event) bool {
			return e.Kind == "access ended" && e.Reason == "left the office" && e.Actor == f.rosa.Person
		}) {
			t.Errorf("%+v, %v", events, err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		grant := account.Grant{Roles: []access.Role{access.Requester}}
		wantKind(t, "her own roles", f.Change(f.ctx(), f.rosa, river, f.rosa.Person, grant, "because"), fault.Conflict)
		wantKind(t, "her own access", f.End(f.ctx(), f.rosa, river, f.rosa.Person, "because"), fault.Conflict)
		wantKind(t, "leaving people behind", f.accounts.Leave(f.ctx(), f.rosa), fault.Conflict)
		f.second()
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, pair := range [][2]access.Actor{{f.rosa, f.ada}, {f.ada, f.rosa}} {
			wg.Go(func() { errs[i] = f.Change(f.ctx(), pair[0], river, pair[1].Person, grant, "one is enough") })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("both took the other away, or none: %v", errs)
		}
		o, err := f.Office(f.ctx(), operator(), river)
		if err != nil || o.Admins != 1 || !o.OnlyOne() {
			t.Errorf("%d administrators, %v", o.Admins, err)
		}
	})
}

func TestHandingOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		wantKind(t, "to herself", f.HandOver(f.ctx(), f.rosa, f.rosa.Person), fault.Conflict)
		wantKind(t, "to another office's", f.HandOver(f.ctx(), f.rosa, f.hilda.Person), fault.NotFound)
		wantKind(t, "by a requester", f.HandOver(f.ctx(), f.dana, f.dana.Person), fault.Forbidden)
		must(t, f.HandOver(f.ctx(), f.rosa, f.dana.Person))
		names, err := f.Admins(f.ctx(), f.rosa)
		if err != nil || !slices.Equal(names, []string{"Dana Ọkafor"}) {
			t.Errorf("%v, %v", names, err)
		}
		wantKind(t, "a second time, from an old page", f.HandOver(f.ctx(), f.rosa, f.dana.Person), fault.Forbidden)
		_, err = f.Admins(f.ctx(), f.planAdmin)
		wantKind(t, "at the plan", err, fault.Conflict)
	})
}

func TestAnOfficeWithoutAdministratorAsks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		wantProblem(t, "no text", f.AskForAdministrator(f.ctx(), f.dana, "please"), "text", "")
		wantKind(t, "the plan", f.AskForAdministrator(f.ctx(), f.desk, "somebody must do this here"), fault.Conflict)
		must(t, f.AskForAdministrator(f.ctx(), f.dana, "Rosa has left us; I would do it. <b>Dana</b>"))
		wantKind(t, "twice", f.AskForAdministrator(f.ctx(), f.dana, "Rosa has left us; I would do it."), fault.Conflict)
		must(t, f.AskForAdministrator(f.ctx(), f.hilda, "We need a second one, I am away for months."))
		for _, who := range []access.Actor{f.dana, f.desk, {}} {
			_, err := f.Calls(f.ctx(), who)
			if err == nil {
				t.Errorf("%s sees the calls", who.Username)
			}
		}
		calls, err := f.Calls(f.ctx(), f.relations)
		if err != nil || len(calls) != 2 {
			t.Fatalf("%+v, %v", calls, err)
		}
		n := newcomer()
		n.Org, n.OrgName, n.OrgTIN, n.Roles = river, "Riverside Cardiology", riverTIN, []access.Role{access.LocalAdmin}
		f.invite(f.relations, n)
		calls, err = f.Calls(f.ctx(), f.relations)
		if err != nil || len(calls) != 1 || calls[0].Org != hill {
			t.Fatalf("%+v, %v", calls, err)
		}
		wantKind(t, "settled by the HelpDesk", f.Settle(f.ctx(), f.desk, calls[0].ID, "on the phone"), fault.Forbidden)
		must(t, f.Settle(f.ctx(), f.relations, calls[0].ID, "told her on the phone how"))
		wantKind(t, "settled twice", f.Settle(f.ctx(), f.relations, calls[0].ID, "told her on the phone how"), fault.Conflict)
		wantKind(t, "no such call", f.Settle(f.ctx(), f.relations, "none", "told her on the phone how"), fault.NotFound)
	})
}

func TestAnOrganizationIsSuspendedAndLeaves(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		today := civil.Of(f.clock.Now(), time.UTC)
		for _, who := range []access.Actor{f.rosa, f.dana, {}} {
			for what, err := range map[string]error{
				"suspend": f.Suspend(f.ctx(), who, river, "because"), "reopen": f.ReopenOrganization(f.ctx(), who, river, "because"),
				"leaving": f.SetLeaving(f.ctx(), who, river, today, today, "because"),
			} {
				if k := fault.KindOf(err); k != fault.Forbidden && k != fault.Unauthenticated {
					t.Errorf("%s by %s: %v", what, who.Username, err)
				}
			}
		}
		must(t, f.Suspend(f.ctx(), f.relations, river, "fraud is looked into"))
		all := f.mails()
		if len(all) != 1 || all[0].Address != "rosa.adler@office.example" || strings.Contains(strings.Join(all[0].Text, ""), "fraud") || !strings.Contains(strings.Join(all[0].Text, ""), "Riverside Cardiology") {
			t.Errorf("%+v", all)
		}
		_, err := f.Office(f.ctx(), f.rosa, river)
		wantKind(t, "while suspended", err, fault.Forbidden)
		must(t, f.ReopenOrganization(f.ctx(), f.relations, river, "nothing was found"))
		f.skipMail()
		for path, days := range map[string][2]civil.Date{
			"viewonly": {today.AddDays(-1), today.AddDays(9)}, "closes": {today.AddDays(9), today.AddDays(8)},
		} {
			wantProblem(t, path, f.SetLeaving(f.ctx(), f.relations, river, days[0], days[1], "leaves the network"), path, "")
		}
		wantProblem(t, "half", f.SetLeaving(f.ctx(), f.relations, river, civil.Date{}, today.AddDays(8), "leaves the network"), "viewonly", "")
		wantProblem(t, "half", f.SetLeaving(f.ctx(), f.relations, river, today.AddDays(8), civil.Date{}, "leaves the network"), "closes", "")
		must(t, f.SetLeaving(f.ctx(), f.relations, river, today.AddDays(10), today.AddDays(20), "leaves the network"))
		if got := f.to("organization"); len(got) != 1 {
			t.Errorf("told %v", got)
		}
		f.clock.Advance(11 * 24 * time.Hour)
		_, err = f.Invite(f.ctx(), f.rosa, newcomer(), link)
		wantKind(t, "inviting while it leaves", err, fault.Forbidden)
		f.clock.Advance(10 * 24 * time.Hour)
		_, err = f.Admins(f.ctx(), f.dana)
		wantKind(t, "after it closed", err, fault.Forbidden)
		must(t, f.SetLeaving(f.ctx(), f.relations, river, civil.Date{}, civil.Date{}, "stays after all"))
		_, err = f.Admins(f.ctx(), f.dana)
		must(t, err)
		listed, more, err := f.Organizations(f.ctx(), f.relations, "")
		if more || err != nil || len(listed) != 2 || listed[1].Name != "Riverside Cardiology" || listed[1].Admins != 1 || listed[1].Open != 2 {
			t.Errorf("%+v, %v", listed, err)
		}
		listed, _, err = f.Organizations(f.ctx(), f.desk, "rIVER")
		if err != nil || len(listed) != 1 || listed[0].Org != river {
			t.Errorf("%+v, %v", listed, err)
		}
		_, _, err = f.Organizations(f.ctx(), f.rosa, "")
		wantKind(t, "an office lists", err, fault.Forbidden)
	})
}

// Whoever ended it, the organization's administrators hear of it once (N-07).
func TestTheEndOfAnAccessIsTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		told := func(want ...string) {
			t.Helper()
			f.clock.Advance(20 * time.Minute)
			must(t, f.Notices(f.ctx(), job.Job{}))
			must(t, f.Notices(f.ctx(), job.Job{}))
			if got := f.to("end of access"); !slices.Equal(got, want) {
				t.Errorf("told %v, want %v", got, want)
			}
		}
		must(t, f.Notices(f.ctx(), job.Job{}))
		f.second()
		both := []string{"ada.second@office.example", "rosa.adler@office.example"}
		leaver := f.person("lea.leaver", "Lea Leaver", river, access.Viewer)
		told()
		must(t, f.accounts.Suspend(f.ctx(), f.desk, f.dana.Person, "looked at SHA20987716 too often"))
		f.clock.Advance(time.Minute)
		must(t, f.Notices(f.ctx(), job.Job{})) // too young to be read
		told(both...)
		must(t, f.accounts.Reinstate(f.ctx(), f.desk, f.dana.Person, "was a mistake"))
		told()
		must(t, f.accounts.Leave(f.ctx(), leaver))
		must(t, f.End(f.ctx(), f.rosa, river, f.dana.Person, "left the office"))
		told(both...) // one mail for both
		must(t, f.End(f.ctx(), f.rosa, river, f.ada.Person, "left the office"))
		told("rosa.adler@office.example")
		must(t, f.accounts.Cancel(f.ctx(), f.planAdmin, f.hilda.Person, "no longer employed"))
		told() // Hillside has nobody to tell
		must(t, f.accounts.Suspend(f.ctx(), f.planAdmin, f.desk.Person, "no office's matter"))
		told()
	})
}

func TestAMailSaysNoReasonAndNoBrokenName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.Notices(f.ctx(), job.Job{}))
		odd := f.person("odd.name", "Odd\u202eName", river, access.Viewer)
		must(t, f.End(f.ctx(), f.rosa, river, odd.Person, "looked at SHA20987716"))
		f.clock.Advance(time.Hour)
		must(t, f.Notices(f.ctx(), job.Job{}))
		all := f.mails()
		if len(all) != 1 {
			t.Fatalf("%d mails", len(all))
		}
		text := strings.Join(all[0].Text, " ")
		if strings.Contains(text, "SHA20987716") || !strings.Contains(text, "OddName") || !strings.Contains(text, "A local administrator did it") || all[0].Link != "https://portal.example.org/office" {
			t.Errorf("%s %s", text, all[0].Link)
		}
	})
}

func TestOpeningAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		suspend := func(cause account.Cause) {
			t.Helper()
			must(t, f.d.Update(f.ctx(), func(tx *db.Tx) error {
				return account.Take(tx, access.SystemActor("test"), f.dana.Person, river, account.MemberSuspended, cause, "for the test")
			}))
		}
		for cause, kind := range map[account.Cause]fault.Kind{account.InReview: 0, account.OfNonUse: 0, account.ByStaff: fault.Forbidden, account.OnSuspicion: fault.Forbidden} {
			suspend(cause)
			wantKind(t, string(cause), f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "needs it again"), kind)
			if kind != 0 {
				must(t, f.Reopen(f.ctx(), f.relations, river, f.dana.Person, "reviewed"))
			}
		}
		must(t, f.d.Update(f.ctx(), func(tx *db.Tx) error {
			return account.Suspend(tx, access.SystemActor("test"), f.dana.Person, account.OfNonUse, "not used")
		}))
		must(t, f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "back from leave"))
		if c := f.colleague(river, f.dana.Person); c.State != account.Active {
			t.Errorf("%+v", c)
		}
		must(t, f.accounts.Suspend(f.ctx(), f.desk, f.dana.Person, "by the plan"))
		must(t, f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "tries all the same"))
		if c := f.colleague(river, f.dana.Person); c.State != account.Suspended {
			t.Error("an office opened what the plan had suspended")
		}
		wantKind(t, "nobody's", f.Reopen(f.ctx(), f.rosa, river, id.Person("none"), "because"), fault.NotFound)
	})
}
