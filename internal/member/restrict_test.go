package member_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
)

func do(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	err := d.Update(t.Context(), fn)
	if err != nil {
		t.Fatal(err)
	}
}

func tie(t testing.TB, d *db.DB, who access.Actor, m id.Member) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error { return member.Bind(tx, who, m, member.TieRequest, time.Time{}) })
}

// needs reports whether an error says that a glass is needed for m.
func needs(err error, m id.Member) bool {
	got, ok := glass.Member(err)
	return ok && got == m && fault.Is(err, fault.Forbidden)
}

func TestARestrictedMemberIsGivenToNobodyWithoutGlass(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := put(t, d, planted(t))[0]
		tie(t, d, office("A"), m)
		do(t, d, func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), m, member.RestrictStaff, "works here", time.Time{})
		})
		for _, who := range []access.Actor{office("A"), nurse()} {
			_, err := get(t, d, who, "member", m)
			if !needs(err, m) {
				t.Errorf("%s, by id: %v", who.Username, err)
			}
			_, err = match(t, d, who, member.Key{Number: "PLANTED-001", Birth: date(t, "1961-07-13")})
			if !needs(err, m) {
				t.Errorf("%s, by key: %v", who.Username, err)
			}
		}
		// An office without a tie is told what it would be told of nobody.
		_, stranger := search(t, d, office("B"), member.Search{Key: member.Key{Number: "PLANTED-001", Birth: date(t, "1961-07-13")}, Purpose: access.Treatment})
		_, nobody := search(t, d, office("B"), member.Search{Key: member.Key{Number: "NOBODY", Birth: date(t, "1961-07-13")}, Purpose: access.Treatment})
		if !fault.Is(stranger, fault.NotFound) || fault.Text(stranger) != fault.Text(nobody) {
			t.Errorf("%v, and of nobody %v", stranger, nobody)
		}
		// One that states a visit is told, once the statement is kept.
		var told error
		do(t, d, func(tx *db.Tx) error {
			_, told = member.Match(tx, office("B"), member.Search{Key: member.Key{Number: "PLANTED-001", Birth: date(t, "1961-07-13")}, Purpose: access.Treatment, Visit: seen()})
			return nil
		})
		_, err := get(t, d, office("B"), "member", m)
		if !needs(told, m) || !needs(err, m) {
			t.Errorf("after the statement of a visit: %v, and by id %v", told, err)
		}
		if rows := looks(t, d, m); len(rows) != 0 {
			t.Errorf("the ledger says that something was shown: %+v", rows)
		}
		// Who sets restrictions, and the portal's own work, are not bound.
		for _, who := range []access.Actor{privacy(), access.OperatorActor("op")} {
			_, err := get(t, d, who, "record/1", m)
			if err != nil {
				t.Errorf("%s: %v", who.Username, err)
			}
		}
	})
}

func TestAListNamesARestrictedMemberAsSuch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		refs := put(t, d, planted(t), person(t, "FREE", "Free", "Person", "1950-01-02"))
		for _, m := range refs {
			tie(t, d, office("A"), m)
		}
		do(t, d, func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), refs[0], member.RestrictVIP, "well known", time.Time{})
		})
		list := func(who access.Actor, shows ...access.Field) map[id.Member]member.Member {
			var out map[id.Member]member.Member
			do(t, d, func(tx *db.Tx) error {
				var err error
				out, err = member.Listed(tx, who, access.Treatment, "list", refs, shows...)
				return err
			})
			return out
		}
		for _, who := range []access.Actor{office("A"), nurse()} {
			out := list(who)
			if out[refs[0]] != (member.Member{ID: refs[0], Restricted: true}) || out[refs[0]].Name() != "Restricted member" || out[refs[1]].Name() != "Free Person" {
				t.Errorf("%s is given a restricted member's facts", who.Username)
			}
		}
		if rows := looks(t, d, refs[0]); len(rows) != 0 {
			t.Errorf("the ledger says that something was shown: %+v", rows)
		}
		list(office("A"), access.FieldName, access.FieldRequests)
		if rows := looks(t, d, refs[0]); len(rows) != 1 || !slices.Equal(rows[0].Fields, []access.Field{access.FieldRequests}) {
			t.Errorf("beside a request, the ledger says %+v", rows)
		}
		if list(privacy())[refs[0]].Restricted {
			t.Error("the privacy officer is not told")
		}
	})
}

func TestRestrictAndLift(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		m := put(t, d, planted(t))[0]
		tie(t, d, office("A"), m)
		try := func(fn func(tx *db.Tx) error) error { return d.Update(t.Context(), fn) }
		for name, err := range map[string]error{
			"a nurse": try(func(tx *db.Tx) error {
				return member.Restrict(tx, nurse(), m, member.RestrictVIP, "because", time.Time{})
			}),
			"an office": try(func(tx *db.Tx) error {
				return member.Restrict(tx, office("A"), m, member.RestrictVIP, "because", time.Time{})
			}),
			"lifted by it": try(func(tx *db.Tx) error { return member.Unrestrict(tx, office("A"), m, "because") }),
		} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		bad := try(func(tx *db.Tx) error { return member.Restrict(tx, privacy(), m, "fun", "", clock.Now()) })
		if len(fault.Problems(bad)) != 3 {
			t.Errorf("%v", fault.Problems(bad))
		}
		if err := try(func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), "01jdbq3h6m2t9v8x7c5b4a3z21", member.RestrictVIP, "because", time.Time{})
		}); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		if err := try(func(tx *db.Tx) error { return member.Unrestrict(tx, privacy(), m, "because") }); !fault.Is(err, fault.Conflict) {
			t.Errorf("none stands: %v", err)
		}
		do(t, d, func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), m, member.RestrictVIP, "well known", clock.Now().Add(time.Hour))
		})
		_, err := get(t, d, office("A"), "member", m)
		if !needs(err, m) {
			t.Error(err)
		}
		clock.Advance(time.Hour) // it runs out by itself
		_, err = get(t, d, office("A"), "member", m)
		if err != nil {
			t.Error(err)
		}
		clock.Advance(time.Second)
		do(t, d, func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), m, member.RestrictViolence, "has asked", time.Time{})
		})
		clock.Advance(time.Second)
		do(t, d, func(tx *db.Tx) error { return member.Unrestrict(tx, privacy(), m, "no longer wanted") })
		_, err = get(t, d, office("A"), "member", m)
		if err != nil {
			t.Error(err)
		}
		var history []member.Restriction
		do(t, d, func(tx *db.Tx) error {
			history, err = member.RestrictionsOf(tx, privacy(), m)
			return err
		})
		now, err := (&member.Keeper{DB: d}).List(t.Context(), privacy(), "")
		if err != nil || len(now.Rows) != 0 || len(history) != 3 || history[0].What != "lifted" || history[1].Kind != member.RestrictViolence || history[2].Reason != "well known" || history[0].ByName != "Privacy" {
			t.Errorf("%+v %+v", now, history)
		}
		for _, table := range []string{"member_restriction", "member_confidence"} {
			do(t, d, func(tx *db.Tx) error {
				return member.Confide(tx, privacy(), m, member.Contact{Phone: "555"}, "has asked")
			})
			err := try(func(tx *db.Tx) error { _, err := tx.Exec("delete from " + table); return err })
			if !db.Refused(err) {
				t.Errorf("%s: %v", table, err)
			}
		}
	})
}

// However many are under restriction, or written to elsewhere, each stands on
// one page of the list, the newest first: it is lifted from there.
func TestEveryRestrictionIsOnAPageOfTheList(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		var all []member.Member
		for i := range 120 {
			all = append(all, person(t, "R"+strconv.Itoa(i), "Ann", "Lee", "1990-05-05"))
		}
		refs := put(t, d, all...)
		for i, m := range refs {
			if i%7 == 0 {
				clock.Advance(time.Second) // several of one moment as well
			}
			do(t, d, func(tx *db.Tx) error {
				if i%3 == 0 {
					err := member.Confide(tx, privacy(), m, member.Contact{Phone: "555"}, "has asked")
					if err != nil || i%2 == 0 {
						return err
					}
				}
				return member.Restrict(tx, privacy(), m, member.RestrictVIP, "well known", time.Time{})
			})
		}
		keeper := &member.Keeper{DB: d}
		met := map[id.Member]bool{}
		pages, after, last := 0, "", time.Time{}
		for {
			page, err := keeper.List(t.Context(), privacy(), after)
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, h := range page.Rows {
				i := slices.Index(refs, h.Member.ID)
				if met[h.Member.ID] || i < 0 || h.Member.Number != all[i].Number || (h.Confidence != nil) != (i%3 == 0) || (h.Restriction != nil) != (i%6 != 0) {
					t.Errorf("member %d: %+v", i, h)
				}
				met[h.Member.ID] = true
				since := last
				if h.Restriction != nil {
					since = h.Restriction.At
				}
				if !last.IsZero() && since.After(last) {
					t.Errorf("member %d is newer than the one before", i)
				}
				last = since
			}
			if page.Next == "" {
				break
			}
			after = page.Next
		}
		if len(met) != len(refs) || pages != 3 {
			t.Errorf("%d of %d on %d pages", len(met), len(refs), pages)
		}
		for _, bad := range []string{"x", "!", "MTIz", "MSBv"} {
			_, err := keeper.List(t.Context(), privacy(), bad)
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		// The oldest is lifted from the last page.
		do(t, d, func(tx *db.Tx) error { return member.Unrestrict(tx, privacy(), refs[1], "no longer needed") })
		for _, m := range []id.Member{refs[1], refs[6]} { // restricted, and written to elsewhere alone
			if len(looks(t, d, m)) != 1 {
				t.Errorf("%d lines of one on the list", len(looks(t, d, m)))
			}
			for _, r := range looks(t, d, m) {
				if slices.Contains(r.Fields, access.FieldRequests) != (m == refs[1]) || !slices.Contains(r.Fields, access.FieldName) {
					t.Errorf("the ledger says %+v", r.Look)
				}
			}
		}
	})
}

// What somebody enters into the record is whole, however little she is shown,
// and showing nothing writes no line.
func TestForTheRecordTheMemberIsWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := put(t, d, planted(t))[0]
		tie(t, d, office("A"), m)
		do(t, d, func(tx *db.Tx) error {
			return member.Restrict(tx, privacy(), m, member.RestrictVIP, "well known", time.Time{})
		})
		do(t, d, func(tx *db.Tx) error {
			got, err := member.ForRecord(tx, office("A"), m)
			if got.Number != "PLANTED-001" || got.Birth.IsZero() {
				t.Error("the record would lack facts")
			}
			return err
		})
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := member.ForRecord(tx, office("B"), m)
			return err
		})
		if !fault.Is(err, fault.NotFound) || len(looks(t, d, m)) != 0 {
			t.Errorf("%v %+v", err, looks(t, d, m))
		}
	})
}

// The other place of a member is given to no role and in no form; letters go
// there alone (P-13, 45 CFR 164.522(b)).
func TestAConfidentialAddressReachesLettersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := put(t, d, planted(t))[0]
		secret := member.Contact{Street: "9 Secretstreet", City: "Secretcity", State: "ny", Zip: "10009", Phone: "555-0199"}
		do(t, d, func(tx *db.Tx) error { return member.Confide(tx, privacy(), m, secret, "could be harmed") })
		for _, side := range []access.Side{access.Office, access.Plan} {
			for _, r := range access.Roles(side) {
				who := access.Actor{Person: "p", Username: "p", Name: "P", Side: side, Org: "A", Roles: []access.Role{r}}
				if side == access.Office {
					tie(t, d, who, m)
				}
				for _, p := range minimum.Purposes() {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						got, err := member.Get(tx, who, p, "member", m)
						if err != nil {
							return err
						}
						if got.Street == secret.Street || got.Phone == secret.Phone || side == access.Office && got.Street+got.City+got.Zip+got.Phone != "" {
							t.Errorf("%s is given an address", r)
						}
						return nil
					})
					if err != nil && !fault.Is(err, fault.Forbidden) {
						t.Errorf("%s: %v", r, err)
					}
				}
				do(t, d, func(tx *db.Tx) error {
					told, err := member.Confidential(tx, who, m)
					if want := who.Has(access.WorkCases) || who.Has(access.ReviewPrivacy); (told != nil) != want {
						t.Errorf("%s is told that one stands: %v", r, told != nil)
					}
					return err
				})
				err := d.Update(t.Context(), func(tx *db.Tx) error {
					_, err := member.ContactOf(tx, who, m)
					return err
				})
				if !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s: %v", r, err)
				}
			}
		}
		contact := func() (out member.Contact) {
			do(t, d, func(tx *db.Tx) error {
				var err error
				out, err = member.ContactOf(tx, access.SystemActor("letters"), m)
				return err
			})
			return out
		}
		if got := contact(); got.Street != secret.Street || got.State != "NY" || got.Phone != secret.Phone {
			t.Error("letters do not go to the other place")
		}
		do(t, d, func(tx *db.Tx) error {
			return member.Confide(tx, privacy(), m, member.Contact{Phone: "555-0198"}, "call only")
		})
		if got := contact(); got.Street != "" || got.Phone != "555-0198" {
			t.Error("half a place is filled up with the ordinary one")
		}
		do(t, d, func(tx *db.Tx) error { return member.Unconfide(tx, privacy(), m, "no longer needed") })
		if got := contact(); got.Street != "Plantedstreet 1" {
			t.Error("letters do not go back to the ordinary place")
		}
		for name, c := range map[string]member.Contact{"nothing": {}, "half an address": {Street: "1 Street"}, "two lines": {Phone: "1\n2\x00"}} {
			err := d.Update(t.Context(), func(tx *db.Tx) error { return member.Confide(tx, privacy(), m, c, "because") })
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, r := range looks(t, d, m) {
			if r.Outcome == disclosure.Shown && r.Person != "p" {
				t.Errorf("setting it shows something: %+v", r.Look)
			}
		}
	})
}
