package disclosure

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

var (
	clerk = access.Actor{Person: "clerk", Username: "r.osei", Name: "Ruth Ọsẹ́ <b>", Side: access.Office, Org: "org-a", OrgName: "Riverside",
		Roles: []access.Role{access.Requester}, Session: "s1", Door: access.DoorWeb, Address: "192.0.2.7"}
	officer = access.Actor{Person: "officer", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}}
)

func look(member id.Member) Look {
	return Look{Member: member, Subject: "member", Fields: []access.Field{access.FieldName, access.FieldBirth},
		Purpose: access.Treatment, Outcome: Shown, Key: "name and birth date"}
}

func update(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	err := d.Update(context.Background(), fn)
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, d *db.DB, fn func(tx *db.Tx) ([]Row, error)) (rows []Row) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) (err error) {
		rows, err = fn(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestALookIsKeptWhole(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		var ref id.Disclosure
		update(t, d, func(tx *db.Tx) (err error) {
			ref, err = Write(tx, clerk, look("m1"))
			return err
		})
		want := []Row{{Look: look("m1"), ID: ref, Person: "clerk", Username: "r.osei", Name: "Ruth Ọsẹ́ <b>", Org: "org-a", OrgName: "Riverside",
			Session: "s1", Door: "web", Address: "192.0.2.7", At: clock.Now()}}
		for name, got := range map[string][]Row{
			"member": read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", 10) }),
			"person": read(t, d, func(tx *db.Tx) ([]Row, error) { return OfPerson(tx, clerk, "clerk", 10) }),
			"org":    read(t, d, func(tx *db.Tx) ([]Row, error) { return OfOrganization(tx, officer, "org-a", 10) }),
		} {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("by %s:\n got %+v\nwant %+v", name, got, want)
			}
		}
	})
}

func TestNewestFirstAndBounded(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		for i := range 3 {
			clock.Advance(time.Second)
			update(t, d, func(tx *db.Tx) error {
				l := look("m1")
				l.Subject = fmt.Sprintf("request/%d", i)
				_, err := Write(tx, clerk, l)
				return err
			})
		}
		got := read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", 2) })
		if len(got) != 2 || got[0].Subject != "request/2" || got[1].Subject != "request/1" {
			t.Errorf("%+v", got)
		}
		if n := len(read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", -5) })); n != 1 {
			t.Errorf("a limit below one gives %d rows", n)
		}
	})
}

func TestManyLooksInFewStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, n := range []int{0, 1, chunk, chunk + 1, 3*chunk - 1} {
			org := id.Organization(fmt.Sprintf("org-%d", n))
			who := clerk
			who.Org = org
			var looks []Look
			for i := range n {
				looks = append(looks, look(id.Member(fmt.Sprintf("m%d", i))))
			}
			update(t, d, func(tx *db.Tx) error { return WriteAll(tx, who, looks) })
			got := read(t, d, func(tx *db.Tx) ([]Row, error) { return OfOrganization(tx, officer, org, 1000) })
			members := map[id.Member]bool{}
			for _, r := range got {
				members[r.Member] = true
			}
			if len(got) != n || len(members) != n {
				t.Errorf("%d looks: %d rows of %d members", n, len(got), len(members))
			}
		}
	})
}

func TestARowWithoutWhoWhatOrWhyIsRefused(t *testing.T) {
	bad := map[string]struct {
		who  access.Actor
		edit func(*Look)
		kind fault.Kind
	}{
		"nobody":             {access.Actor{}, func(*Look) {}, fault.Unauthenticated},
		"no purpose":         {clerk, func(l *Look) { l.Purpose = "" }, fault.Invalid},
		"made-up purpose":    {clerk, func(l *Look) { l.Purpose = "CURIOSITY" }, fault.Invalid},
		"no subject":         {clerk, func(l *Look) { l.Subject = "" }, fault.Internal},
		"no outcome":         {clerk, func(l *Look) { l.Outcome = "" }, fault.Internal},
		"typed member id":    {clerk, func(l *Look) { l.Key = "HS104220931" }, fault.Internal},
		"something long":     {clerk, func(l *Look) { l.Key = strings.Repeat("x", longest+1) }, fault.Internal},
		"something else yet": {clerk, func(l *Look) { l.Outcome = "seen" }, fault.Internal},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, c := range bad {
			l := look("m1")
			c.edit(&l)
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				return WriteAll(tx, c.who, []Look{look("m1"), l})
			})
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(fmt.Sprint(err), "104220931") {
				t.Errorf("%s: the error repeats what was typed", name)
			}
		}
		if n := len(read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", 10) })); n != 0 {
			t.Errorf("%d rows left behind", n)
		}
	})
}

func TestAttemptsAreKeptToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		update(t, d, func(tx *db.Tx) error {
			return WriteAll(tx, clerk, []Look{
				{Subject: "member", Purpose: access.Treatment, Outcome: NotFound, Key: "member id"},
				{Member: "m9", Subject: "request/x", Purpose: access.Payment, Outcome: Refused},
			})
		})
		got := read(t, d, func(tx *db.Tx) ([]Row, error) { return OfPerson(tx, officer, "clerk", 10) })
		if len(got) != 2 || got[0].Fields != nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestOnlyThoseWhoMayReadTheLedger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.View(context.Background(), func(tx *db.Tx) error {
			for name, fn := range map[string]func(access.Actor) ([]Row, error){
				"member": func(a access.Actor) ([]Row, error) { return OfMember(tx, a, "m1", 1) },
				"person": func(a access.Actor) ([]Row, error) { return OfPerson(tx, a, "somebody else", 1) },
				"nobody": func(a access.Actor) ([]Row, error) { return OfPerson(tx, a, "", 1) },
				"org":    func(a access.Actor) ([]Row, error) { return OfOrganization(tx, a, "org-a", 1) },
			} {
				_, err := fn(clerk)
				if !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s: %v", name, err)
				}
				_, err = fn(access.Actor{})
				if !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("%s, signed out: %v", name, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheLedgerIsAppendOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		update(t, d, func(tx *db.Tx) error {
			_, err := Write(tx, clerk, look("m1"))
			return err
		})
		for _, q := range []string{"update disclosure set person = 'x'", "delete from disclosure", "delete from disclosure where member = 'm1'"} {
			err := d.Update(context.Background(), func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", q, err)
			}
		}
		if n := len(read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", 10) })); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestNothingIsWrittenWhenTheCallerFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := Write(tx, clerk, look("m1"))
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "the rest failed")
		})
		if !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if n := len(read(t, d, func(tx *db.Tx) ([]Row, error) { return OfMember(tx, officer, "m1", 10) })); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
