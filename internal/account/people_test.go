package account

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
)

func TestAnAccountIsKeptWhole(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := clerk("M.Okafor")
		n.Side, n.Org, n.Name = access.Plan, "plan", "  Dr. Mary Okáfor  "
		n.Roles = []access.Role{access.Nurse, access.MedicalDirector, access.Nurse}
		n.Licence = access.Licence{Number: "MD-1", State: "NY", Expires: civil.Date{Y: 2027, M: 2, D: 28}, Restricted: true,
			Specialties: []access.Specialty{access.Cardiology, access.Obstetrics}}
		ref := f.create(n)
		got, err := f.Find(context.Background(), operator, "m.okaFOR")
		if err != nil {
			t.Fatal(err)
		}
		want := Person{ID: ref, Username: "M.Okafor", Name: "Dr. Mary Okáfor", Email: n.Email, Side: access.Plan, Org: "plan", OrgName: n.OrgName,
			OrgTIN: n.OrgTIN, Roles: []access.Role{access.MedicalDirector, access.Nurse}, Licence: n.Licence, Created: f.clock.Now(),
			Used: f.clock.Now(), State: Active, Member: MemberActive}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
		_, who := f.mustSignIn("m.okafor", goodPassword, home)
		if !who.Licence.Restricted || who.Licence.Expires != n.Licence.Expires || !who.Has(access.DecideAdversely) || who.OrgTIN != n.OrgTIN {
			t.Errorf("%+v", who)
		}
		if got := f.kinds(ref); got != "account created | signed in" {
			t.Error(got)
		}
	})
}

func TestAUsernameIsNeverUsedTwice(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		first := f.create(clerk("Ruth.Osei"))
		_, err := f.Create(ctx, operator, clerk("ruth.OSEI"))
		wantProblem(t, "other case", err, "username", "never used again")
		err = f.Suspend(ctx, operator, first, "left the office")
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Create(ctx, operator, clerk("ruth.osei"))
		wantProblem(t, "after closing", err, "username", "never used again")
		err = f.d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("delete from account_person where id = $1", string(first))
			return err
		})
		if !db.Refused(err) {
			t.Errorf("the database let an account be deleted: %v", err)
		}
	})
}

func TestTwoAtOnceForOneUsername(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() { _, errs[i] = f.Create(context.Background(), operator, clerk("ruth.osei")) })
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			wantProblem(t, "the slower", err, "username", "taken")
		}
		if made != 1 {
			t.Errorf("%d accounts", made)
		}
	})
}

func TestCreateAllIsAllOrNone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		people := []NewPerson{clerk("one.one"), clerk("two.two"), clerk("ONE.ONE")}
		_, err := f.CreateAll(ctx, operator, people)
		wantProblem(t, "twice in one list", err, "people[2].username", "taken")
		people[1].Password, people[2].Name = "short", ""
		_, err = f.CreateAll(ctx, operator, people)
		wantProblem(t, "password", err, "people[1].password", "too short")
		wantProblem(t, "name", err, "people[2].name", "full name")
		got, err := f.People(ctx, operator)
		if err != nil || len(got) != 0 {
			t.Fatalf("%v, %v", got, err)
		}
		people = people[:0]
		for i := range 40 {
			people = append(people, clerk(fmt.Sprintf("clerk.%02d", i)))
		}
		ids, err := f.CreateAll(ctx, operator, people)
		if err != nil || len(ids) != 40 {
			t.Fatalf("%d, %v", len(ids), err)
		}
		got, err = f.People(ctx, operator)
		if err != nil || len(got) != 40 || got[7].Username != "clerk.07" || got[7].ID != ids[7] {
			t.Errorf("%d people, %v", len(got), err)
		}
	})
}

func TestWhoManagesWhom(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		nurse := clerk("nurse.one")
		nurse.Side, nurse.Org, nurse.Roles = access.Plan, "", []access.Role{access.Nurse}
		office := access.Actor{Person: "x", Side: access.Office, Org: "org-riverside", Roles: []access.Role{access.LocalAdmin}}
		for i, c := range []struct {
			who         access.Actor
			clerk, plan fault.Kind
		}{
			{operator, 0, 0}, {admin, 0, 0}, {desk, 0, fault.Forbidden},
			{office, fault.Forbidden, fault.Forbidden}, {access.Actor{}, fault.Unauthenticated, fault.Unauthenticated},
			{access.SystemActor("job"), fault.Forbidden, fault.Forbidden},
		} {
			what := fmt.Sprint(c.who.Person, c.who.Roles)
			a, b := clerk(fmt.Sprintf("clerk.%d", i)), nurse
			b.Username = fmt.Sprintf("nurse.%d", i)
			_, err := f.Create(ctx, c.who, a)
			wantKind(t, what+" makes a clerk", err, c.clerk)
			_, err = f.Create(ctx, c.who, b)
			wantKind(t, what+" makes a nurse", err, c.plan)
			_, err = f.People(ctx, c.who)
			wantKind(t, what+" lists", err, c.clerk)
			_, err = f.Find(ctx, c.who, "nobody")
			if c.clerk == 0 {
				wantKind(t, what+" finds", err, fault.NotFound)
			} else {
				wantKind(t, what+" finds", err, c.clerk)
			}
		}
		one, two := f.create(clerk("clerk.x")), f.create(nurse)
		for name, act := range map[string]func(who access.Actor) error{
			"disable": func(who access.Actor) error { return f.Suspend(ctx, who, two, "reason") },
			"enable":  func(who access.Actor) error { return f.Reinstate(ctx, who, two, "reason") },
			"unlock":  func(who access.Actor) error { return f.Unlock(ctx, who, two, "reason") },
			"end":     func(who access.Actor) error { _, err := f.EndAll(ctx, who, two); return err },
			"events":  func(who access.Actor) error { _, err := f.Events(ctx, who, two, 1); return err },
		} {
			wantKind(t, "help desk on a nurse: "+name, act(desk), fault.Forbidden)
			wantKind(t, "office on a nurse: "+name, act(office), fault.Forbidden)
			wantKind(t, "nobody on a nurse: "+name, act(access.Actor{}), fault.Unauthenticated)
			wantKind(t, "administrator on a nurse: "+name, act(admin), 0)
		}
		wantKind(t, "help desk on a clerk", f.Suspend(ctx, desk, one, "asked by telephone"), 0)
		wantKind(t, "nobody there", f.Suspend(ctx, admin, "nobody", "reason"), fault.NotFound)
		wantProblem(t, "no reason", f.Suspend(ctx, admin, one, " "), "reason", "Give the reason")
		wantProblem(t, "two lines", f.Reinstate(ctx, admin, one, "a\nforged line"), "reason", "one line")
		self := admin
		self.Person = two
		wantKind(t, "oneself", f.Suspend(ctx, self, two, "reason"), fault.Conflict)
	})
}

func TestEventsAreAppendOnlyAndComplete(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		ref := f.create(clerk("ruth.osei"))
		f.clock.Advance(time.Second)
		err := f.Suspend(ctx, admin, ref, "left; see ticket <41>")
		if err != nil {
			t.Fatal(err)
		}
		err = f.Suspend(ctx, admin, ref, "again")
		if err != nil {
			t.Fatal(err)
		}
		events, err := f.Events(ctx, admin, ref, 1)
		if err != nil || len(events) != 1 {
			t.Fatalf("%v %v", events, err)
		}
		want := Event{Kind: Disabled, Person: ref, Actor: "admin", Reason: "left; see ticket <41>", At: f.clock.Now()}
		if events[0] != want {
			t.Errorf("%+v", events[0])
		}
		if got := f.kinds(ref); strings.Count(got, string(Disabled)) != 1 {
			t.Errorf("closing twice: %s", got)
		}
		for _, q := range []string{"update account_event set actor = 'x'", "delete from account_event", "delete from account_session", "delete from account_person"} {
			f.mustSignInOnce()
			err := f.d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", q, err)
			}
		}
		officer := access.Actor{Person: "officer", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}}
		_, err = f.Events(ctx, officer, ref, 1)
		wantKind(t, "the privacy officer reads", err, 0)
	})
}

// mustSignInOnce leaves a session behind, for triggers that fire by row.
func (f *fixture) mustSignInOnce() {
	f.t.Helper()
	if f.count("select count(id) from account_session") > 0 {
		return
	}
	f.create(clerk("somebody"))
	f.mustSignIn("somebody", goodPassword, home)
}
