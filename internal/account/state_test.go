package account

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

var (
	privacy   = access.Actor{Person: "privacy", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}}
	relations = access.Actor{Person: "relations", Side: access.Plan, Roles: []access.Role{access.ProviderRelations}}
	watcher   = access.SystemActor("watch")
)

func (f *fixture) update(fn func(tx *db.Tx) error) error { return f.d.Update(context.Background(), fn) }

func (f *fixture) person(p id.Person) Person {
	f.t.Helper()
	var out Person
	err := f.update(func(tx *db.Tx) (err error) {
		out, err = personOf(tx, p)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// localAdmin gives somebody who manages the people of the clerks' office.
func (f *fixture) localAdmin(username string) (id.Person, access.Actor) {
	f.t.Helper()
	n := clerk(username)
	n.Roles = []access.Role{access.LocalAdmin}
	f.create(n)
	_, who := f.mustSignIn(username, goodPassword, home)
	return who.Person, who
}

func TestSuspendedAndReinstatedForACause(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		_, boss := f.localAdmin("boss")
		for cause, c := range map[Cause]struct {
			words string
			back  map[string]bool // who may reinstate
		}{
			ByStaff:     {"Staff of the plan", map[string]bool{"desk": true, "privacy": true, "boss": false, "relations": false}},
			OnSuspicion: {"somebody else", map[string]bool{"desk": false, "privacy": true, "boss": false, "relations": false}},
			OfNonUse:    {"not been used", map[string]bool{"desk": true, "privacy": true, "boss": true, "relations": false}},
		} {
			for who, may := range c.back {
				username := "ruth." + who + strings.ReplaceAll(string(cause), "-", ".")
				ref := f.create(clerk(username))
				token, _ := f.mustSignIn(username, goodPassword, home)
				err := f.update(func(tx *db.Tx) error { return Suspend(tx, watcher, ref, cause, "for the test") })
				if err != nil || f.open(token) || f.draftable(token) {
					t.Fatalf("%s: %v, open %v", cause, err, f.open(token))
				}
				_, _, err = f.signIn(username, goodPassword, home)
				if !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%s: signing in says %v", cause, err)
				}
				actor := map[string]access.Actor{"desk": desk, "privacy": privacy, "boss": boss, "relations": relations}[who]
				err = f.Reinstate(ctx, actor, ref, "looked into it")
				if (err == nil) != may || err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s: reinstated by %s: %v", cause, who, err)
				}
				if may {
					f.mustSignIn(username, goodPassword, home)
				}
			}
		}
	})
}

func TestNobodySuspendsHerselfOrWithoutReason(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		nurse := clerk("nora.nurse")
		nurse.Side, nurse.Org, nurse.Roles = access.Plan, "", []access.Role{access.Nurse}
		ref, own := f.create(clerk("ruth.osei")), f.create(nurse)
		self := desk
		self.Person = ref
		wantKind(t, "herself", f.Suspend(ctx, self, ref, "on holiday"), fault.Conflict)
		wantKind(t, "herself back", f.Reinstate(ctx, self, ref, "back again"), fault.Conflict)
		wantKind(t, "the HelpDesk a nurse", f.Suspend(ctx, desk, own, "reason"), fault.Forbidden)
		wantKind(t, "a clerk", f.Suspend(ctx, access.Actor{Person: "x", Side: access.Office, Roles: []access.Role{access.LocalAdmin}}, ref, "reason"), fault.Forbidden)
		wantKind(t, "nobody", f.Suspend(ctx, access.Actor{}, ref, "reason"), fault.Unauthenticated)
		for _, reason := range []string{"", "  ", "x\ny is it", strings.Repeat("x", 501)} {
			wantProblem(t, "reason", f.Suspend(ctx, desk, ref, reason), "reason", "3 to 500")
		}
		wantKind(t, "no such account", f.Suspend(ctx, desk, "nobody", "reason"), fault.NotFound)
		wantKind(t, "once", f.Suspend(ctx, desk, ref, "lost a phone"), 0)
		wantKind(t, "twice", f.Suspend(ctx, desk, ref, "lost a phone"), 0)
		if got := f.kinds(ref); strings.Count(got, string(Disabled)) != 1 {
			t.Error(got)
		}
	})
}

func TestLeavingIsForGoodAndKeepsTheName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		err := f.Leave(ctx, who)
		if err != nil || f.open(token) || f.draftable(token) {
			t.Fatalf("%v", err)
		}
		_, _, err = f.signIn("ruth.osei", goodPassword, home)
		if !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "closed") {
			t.Errorf("signing in: %v", err)
		}
		wantKind(t, "reinstating", f.Reinstate(ctx, admin, ref, "came back"), fault.Conflict)
		_, err = f.Create(ctx, operator, clerk("ruth.osei"))
		wantProblem(t, "the username", err, "username", "never used again")
		if p := f.person(ref); p.Name != clerk("x").Name || p.State != Closed || p.Cause != OwnWish {
			t.Errorf("%+v", p)
		}
		other := f.create(clerk("other.one"))
		wantKind(t, "cancelled by staff", f.Cancel(ctx, desk, other, "asked by phone"), 0)
		_, _, err = f.signIn("other.one", goodPassword, home)
		wantKind(t, "signing in after", err, fault.Forbidden)
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		boss, who := f.localAdmin("boss")
		ref := f.create(clerk("ruth.osei"))
		err := f.Leave(ctx, who)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "last local administrator") {
			t.Fatalf("leaving: %v", err)
		}
		err = f.update(func(tx *db.Tx) error { return Take(tx, who, boss, who.Org, MemberEnded, ByStaff, "leaving") })
		wantKind(t, "ending the own access", err, fault.Conflict)
		err = f.update(func(tx *db.Tx) error {
			return Give(tx, who, boss, who.Org, "", "", Grant{Roles: []access.Role{access.Viewer}}, "")
		})
		wantKind(t, "changing the own access", err, fault.Conflict)
		err = f.update(func(tx *db.Tx) error {
			return Give(tx, relations, boss, who.Org, "", "", Grant{Roles: []access.Role{access.Viewer}}, "")
		})
		wantKind(t, "made a viewer by staff", err, fault.Conflict)
		err = f.update(func(tx *db.Tx) error { return Transfer(tx, who, ref) })
		if err != nil {
			t.Fatal(err)
		}
		_, next := f.mustSignIn("ruth.osei", goodPassword, home)
		_, old := f.mustSignIn("boss", goodPassword, home)
		if !next.Has(access.ManageOffice) || old.Has(access.ManageOffice) || !old.Has(access.SubmitRequests) {
			t.Errorf("after the handover: %v and %v", next.Roles, old.Roles)
		}
		wantKind(t, "leaving afterwards", f.Leave(ctx, old), 0)
		wantKind(t, "the last of all", f.Leave(ctx, next), 0)
	})
}

func TestAnAdministratorGivesNoMoreThanSheHas(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, boss := f.localAdmin("boss")
		ref := f.create(clerk("ruth.osei"))
		limited := boss
		limited.Providers = []string{"1000000012"}
		give := func(who access.Actor, org id.Organization, g Grant) error {
			return f.update(func(tx *db.Tx) error { return Give(tx, who, ref, org, "Elsewhere", "", g, "") })
		}
		requester := []access.Role{access.Requester}
		wantKind(t, "in another office", give(boss, "org-elsewhere", Grant{Roles: requester}), fault.NotFound)
		wantProblem(t, "a role of the plan", give(boss, boss.Org, Grant{Roles: []access.Role{access.Nurse}}), "roles", "of an office")
		wantProblem(t, "no role", give(boss, boss.Org, Grant{}), "roles", "at least one")
		wantProblem(t, "all providers", give(limited, boss.Org, Grant{Roles: requester}), "providers", "limited to some")
		wantProblem(t, "another provider", give(limited, boss.Org, Grant{Roles: requester, Providers: []string{"1000000020"}}), "providers", "yourself")
		wantProblem(t, "no provider at all", give(boss, boss.Org, Grant{Roles: requester, Providers: []string{"12"}}), "providers", "from the list")
		wantKind(t, "a requester", give(access.Actor{Person: "x", Side: access.Office, Org: boss.Org, Roles: requester}, boss.Org, Grant{Roles: requester}), fault.Forbidden)
		token, _ := f.mustSignIn("ruth.osei", goodPassword, home)
		wantKind(t, "fewer providers", give(limited, boss.Org, Grant{Roles: []access.Role{access.Viewer}, Providers: limited.Providers}), 0)
		s, err := f.Session(context.Background(), token, home) // with the next request (V-11)
		if err != nil || s.Actor.Has(access.SubmitRequests) || len(s.Actor.Providers) != 1 {
			t.Errorf("%+v %v", s.Actor, err)
		}
	})
}

func TestOnePersonForTwoOrganizations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("billing.firm"))
		token, who := f.mustSignIn("billing.firm", goodPassword, home)
		wantKind(t, "an organization not hers", f.ActFor(ctx, who, "org-lakeside"), fault.NotFound)
		err := f.update(func(tx *db.Tx) error {
			return Give(tx, relations, ref, "org-lakeside", "Lakeside", "34-5678912", Grant{Roles: []access.Role{access.Viewer}}, "")
		})
		if err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Second)
		wantKind(t, "acting for it", f.ActFor(ctx, who, "org-lakeside"), 0)
		s, err := f.Session(ctx, token, home)
		if err != nil || s.Actor.Org != "org-lakeside" || s.Actor.OrgName != "Lakeside" || s.Actor.Has(access.SubmitRequests) {
			t.Fatalf("%+v %v", s.Actor, err)
		}
		f.clock.Advance(time.Minute)
		_, again := f.mustSignIn("billing.firm", goodPassword, home)
		if again.Org != "org-lakeside" {
			t.Errorf("the next sign-in acts for %s, not the one used last", again.Org)
		}
		err = f.update(func(tx *db.Tx) error {
			return Take(tx, relations, ref, "org-lakeside", MemberEnded, ByStaff, "contract ended")
		})
		if err != nil || f.open(token) {
			t.Errorf("the session for it is still open: %v", err)
		}
		_, back := f.mustSignIn("billing.firm", goodPassword, home)
		if back.Org != "org-riverside" || !back.Has(access.SubmitRequests) {
			t.Errorf("%+v", back)
		}
	})
}

func TestAnOrganizationLeavesOnItsDates(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		f.create(clerk("ruth.osei"))
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		now := f.clock.Now()
		stand := func(actor access.Actor, o Standing) error {
			return f.update(func(tx *db.Tx) error { return SetStanding(tx, actor, who.Org, o) })
		}
		wantKind(t, "by a clerk", stand(who, Standing{Suspended: true, Reason: "because"}), fault.Forbidden)
		wantProblem(t, "closed before view-only", stand(relations, Standing{ViewOnly: now.Add(2 * time.Hour), Closes: now.Add(time.Hour), Reason: "contract ends"}), "closes", "later")
		wantKind(t, "leaving", stand(relations, Standing{ViewOnly: now.Add(5 * time.Minute), Closes: now.Add(10 * time.Minute), Reason: "contract ends"}), 0)
		s, err := f.Session(ctx, token, home)
		if err != nil || s.ViewOnly || !s.Actor.Has(access.SubmitRequests) {
			t.Fatalf("before: %+v %v", s, err)
		}
		f.clock.Advance(5 * time.Minute)
		s, err = f.Session(ctx, token, home)
		if err != nil || !s.ViewOnly || s.Actor.Has(access.SubmitRequests) || !s.Actor.Has(access.ViewRequests) {
			t.Fatalf("view-only: %+v %v", s.Actor.Roles, err)
		}
		f.clock.Advance(5 * time.Minute)
		if f.open(token) {
			t.Error("open after the closing date")
		}
		_, _, err = f.signIn("ruth.osei", goodPassword, home)
		wantKind(t, "signing in", err, fault.Forbidden)
		wantKind(t, "reopened", stand(relations, Standing{Reason: "contract renewed"}), 0)
		f.mustSignIn("ruth.osei", goodPassword, home)
	})
}

func TestAKnownPasswordEndsEverySessionAndIsChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		one, who := f.mustSignIn("ruth.osei", goodPassword, home)
		two, _ := f.mustSignIn("ruth.osei", goodPassword, elsewhere)
		err := f.update(func(tx *db.Tx) error { return MustChange(tx, who, ref, "somebody looked over the shoulder") })
		if err != nil || f.open(one) || f.open(two) || f.draftable(one) {
			t.Fatalf("%v", err)
		}
		token, who := f.mustSignIn("ruth.osei", goodPassword, home)
		s, err := f.Session(ctx, token, home)
		if err != nil || !s.MustChange {
			t.Fatalf("%+v %v", s, err)
		}
		err = f.ChangePassword(ctx, who, goodPassword, otherPassword)
		if err != nil {
			t.Fatal(err)
		}
		s, err = f.Session(ctx, token, home)
		if err != nil || s.MustChange {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestTwoDecideAboutAnAccountAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() { errs[i] = f.Suspend(ctx, desk, ref, "asked by phone") })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if got := f.kinds(ref); strings.Count(got, string(Disabled)) != 1 || f.person(ref).State != Suspended {
			t.Error(got)
		}
	})
}

// Somebody whose office has ended her access is told so, and that she tried is kept.
func TestAnEndedAccessOpensNothingAndIsKept(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ref := f.create(clerk("ruth.osei"))
		err := f.update(func(tx *db.Tx) error {
			return Take(tx, relations, ref, "org-riverside", MemberEnded, ByStaff, "left the office")
		})
		if err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Second)
		token, _, err := f.signIn("ruth.osei", goodPassword, home)
		if !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "access has ended") || token != "" {
			t.Errorf("%q %v", token, err)
		}
		events, err := f.Events(context.Background(), operator, ref, 1)
		if err != nil || len(events) != 1 || events[0].Kind != SignInFailed || events[0].Reason != accessEnded {
			t.Errorf("%+v %v", events, err)
		}
	})
}
