package member_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
)

// alone looks up without a statement.
func alone(t testing.TB, d *db.DB, who access.Actor, k member.Key, ties ...member.TieFinder) (member.Member, error) {
	t.Helper()
	return search(t, d, who, member.Search{Key: k, Purpose: access.Treatment, Ties: ties})
}

func ann(t testing.TB) member.Key { return member.Key{Number: "N1", Birth: date(t, "1990-05-05")} }

// TestAnotherOfficesMemberIsLikeNoneByKey holds that a right key of somebody
// else's member, a wrong key and the key of several have one answer.
func TestAnotherOfficesMemberIsLikeNoneByKey(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		refs := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"), person(t, "T1", "Anna", "Twin", "1990-05-05"), person(t, "T2", "Berta", "Twin", "1990-05-05"))
		var answers []string
		for name, k := range map[string]member.Key{
			"another office's": ann(t), "by name": {Last: "Lee", Birth: date(t, "1990-05-05")},
			"none": {Number: "N9", Birth: date(t, "1990-05-05")}, "one digit wrong": {Number: "N1", Birth: date(t, "1990-05-06")}, "several": {Last: "Twin", Birth: date(t, "1990-05-05")},
		} {
			m, err := alone(t, d, office("A"), k)
			if !fault.Is(err, fault.NotFound) || m != (member.Member{}) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatal(err)
			}
			answers = append(answers, err.Error()+"|"+fault.Text(err)+"|"+f.Error())
			who, refused := member.Refused(err)
			if refused != (name == "another office's" || name == "by name") || refused && who != refs[0] {
				t.Errorf("%s: the ledger would say refused %v of %q", name, refused, who)
			}
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("the answers differ: %q, %q", a, answers[0])
			}
		}
		if rows := looks(t, d, refs[0]); len(rows) != 0 {
			t.Errorf("a member who was not shown has %d disclosures", len(rows))
		}
	})
}

// TestTiesRunOut follows each kind of tie to its end.
func TestTiesRunOut(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		ref := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"))[0]
		open := func(org string) error {
			_, err := get(t, d, office(org), "member", ref)
			return err
		}
		asked := 0
		onPanel := func(_ *db.Tx, org id.Organization, m id.Member) (member.Tie, bool, error) {
			asked++
			return member.TiePanel, org == "P" && m == ref, nil
		}
		_, err := alone(t, d, office("A"), ann(t), onPanel)
		if !fault.Is(err, fault.NotFound) || asked != 1 {
			t.Fatalf("another panel: %v, asked %d times", err, asked)
		}
		_, err = alone(t, d, office("A"), member.Key{Number: "N9", Birth: date(t, "1990-05-05")}, onPanel)
		if !fault.Is(err, fault.NotFound) || asked != 2 {
			t.Errorf("for nobody the portal does not do the same work: %v, asked %d times", err, asked)
		}
		m, err := alone(t, d, office("P"), ann(t), onPanel)
		if err != nil || m.Number != "N1" || looks(t, d, ref)[0].Tie != "panel" {
			t.Fatalf("its own panel: %v", err)
		}
		clock.Advance(time.Second)
		_, err = match(t, d, office("V"), ann(t))
		if err != nil || looks(t, d, ref)[0].Tie != "visit" {
			t.Fatalf("a visit: %v", err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			return member.Bind(tx, office("R"), ref, member.TieRequest, time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			open  map[string]bool
		}{
			{0, map[string]bool{"A": false, "P": true, "V": true, "R": true}},
			{30 * 24 * time.Hour, map[string]bool{"A": false, "P": true, "V": true, "R": true}},
			{31 * 24 * time.Hour, map[string]bool{"A": false, "P": false, "V": false, "R": true}},
			{5 * 365 * 24 * time.Hour, map[string]bool{"A": false, "P": false, "V": false, "R": true}},
		} {
			clock.Set(dbtest.Start.Add(step.after))
			for org, want := range step.open {
				err := open(org)
				if (err == nil) != want || err != nil && !fault.Is(err, fault.NotFound) {
					t.Errorf("%s after %v: %v", org, step.after, err)
				}
			}
		}
		// A look renews what still holds.
		clock.Set(dbtest.Start.Add(29 * 24 * time.Hour))
		_, err = alone(t, d, office("P"), ann(t), onPanel)
		if err != nil {
			t.Fatal(err)
		}
		clock.Set(dbtest.Start.Add(50 * 24 * time.Hour))
		if err := open("P"); err != nil {
			t.Errorf("a panel that was renewed has ended: %v", err)
		}
		clock.Advance(time.Second)
		// The strongest of several is what the ledger names, and each member stands once in a list.
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			err := member.Bind(tx, office("P"), ref, member.TieRequest, time.Time{})
			if err != nil {
				return err
			}
			listed, err := member.Listed(tx, office("P"), access.Treatment, "list", []id.Member{ref})
			if len(listed) != 1 {
				t.Errorf("%d listed", len(listed))
			}
			return err
		})
		rows := looks(t, d, ref)
		if err != nil || !slices.ContainsFunc(rows, func(r disclosure.Row) bool { return r.Subject == "list" && r.Org == "P" && r.Tie == "request" }) {
			t.Errorf("the ledger says %+v, %v", rows, err)
		}
	})
}

// TestAFinderThatFailsShowsNothing breaks what looks for ties.
func TestAFinderThatFailsShowsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ref := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"))[0]
		broken := func(*db.Tx, id.Organization, id.Member) (member.Tie, bool, error) {
			return "", false, errors.New("broken")
		}
		_, err := search(t, d, office("A"), member.Search{Key: ann(t), Purpose: access.Treatment, Visit: seen(), Ties: []member.TieFinder{broken}})
		if !fault.Is(err, fault.Internal) || len(looks(t, d, ref)) != 0 {
			t.Errorf("shown although the ties are not known: %v", err)
		}
	})
}

func TestAVisitIsStated(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		ref := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"))[0]
		state := func(who access.Actor, k member.Key, v member.Visit) error {
			_, err := search(t, d, who, member.Search{Key: k, Purpose: access.Payment, Visit: &v})
			return err
		}
		for name, c := range map[string]struct {
			visit member.Visit
			path  string
		}{
			"no day":    {member.Visit{Stated: true}, "visit.on"},
			"too early": {member.Visit{On: today().AddDays(-8), Stated: true}, "visit.on"},
			"too far":   {member.Visit{On: today().AddDays(31), Stated: true}, "visit.on"},
			"unticked":  {member.Visit{On: today()}, "visit.stated"},
			"two lines": {member.Visit{On: today(), Stated: true, Note: "a\nb"}, "visit.note"},
		} {
			for _, k := range []member.Key{ann(t), {Number: "N9", Birth: date(t, "1990-05-05")}} {
				err := state(office("A"), k, c.visit)
				p := fault.Problems(err)
				if len(p) != 1 || p[0].Path != c.path {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		err := state(office("A"), member.Key{Number: "N9", Birth: date(t, "1990-05-05")}, *seen())
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a statement makes a member of nobody: %v", err)
		}
		if n := visits(t, d); n != 0 {
			t.Errorf("%d statements are kept of nobody", n)
		}
		if err := state(nurse(), ann(t), member.Visit{}); err != nil {
			t.Errorf("the plan states no visits: %v", err)
		}
		clock.Advance(time.Second)
		for range 2 { // each is kept, with what it says
			err = state(office("A"), ann(t), member.Visit{On: today().AddDays(30), Stated: true, Note: "new patient"})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := visits(t, d); n != 2 {
			t.Errorf("%d statements are kept of two", n)
		}
		row := looks(t, d, ref)[0] // both of the office's say the same
		if row.Tie != "visit" || row.Purpose != access.Payment {
			t.Errorf("the ledger says %+v", row)
		}
		clock.Advance(time.Second)
		// A request is a better reason: nothing needs to be stated any more.
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			return member.Bind(tx, office("B"), ref, member.TieRequest, time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := state(office("B"), ann(t), *seen()); err != nil || visits(t, d) != 2 || looks(t, d, ref)[0].Tie != "request" {
			t.Errorf("a statement is kept that nothing needed: %v", err)
		}
	})
}

func visits(t testing.TB, d *db.DB) (n int) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select count(*) from member_visit").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestVisitsAreReviewed states so many visits that some are drawn.
func TestVisitsAreReviewed(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		const number = 200
		var all []member.Member
		for i := range number {
			all = append(all, person(t, "V"+string(rune('A'+i/26))+string(rune('A'+i%26)), "Ann", "Lee", "1990-05-05"))
		}
		refs := put(t, d, all...)
		for _, m := range all {
			_, err := match(t, d, office("A"), member.Key{Number: m.Number, Birth: m.Birth})
			if err != nil {
				t.Fatal(err)
			}
		}
		var drawn []member.VisitStatement
		list := func(who access.Actor) (out []member.VisitStatement, err error) {
			err = d.View(t.Context(), func(tx *db.Tx) error {
				out, err = member.VisitsToReview(tx, who, 200)
				return err
			})
			return out, err
		}
		_, err := list(nurse())
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a nurse reviews: %v", err)
		}
		drawn, err = list(privacy())
		if err != nil || len(drawn) == 0 || len(drawn) > number/4 {
			t.Fatalf("%d of %d are drawn: %v", len(drawn), number, err)
		}
		for _, v := range drawn {
			if !v.Sampled || !member.Sampled(v.ID) || v.OrgName != "A" || v.Name != "Clerk" || v.On != today() || v.ByPerson < 1 || v.Purpose != access.Treatment || v.Followed || v.Outcome != "" || v.Disclosure == "" {
				t.Fatalf("drawn: %+v", v)
			}
		}
		review := func(who access.Actor, v id.Visit, o member.VisitOutcome, note string) error {
			return d.Update(t.Context(), func(tx *db.Tx) error { return member.ReviewVisit(tx, who, v, o, note) })
		}
		first := drawn[0]
		if err := review(nurse(), first.ID, member.VisitRight, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a nurse reviews: %v", err)
		}
		if err := review(privacy(), "nothing", member.VisitRight, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("no statement: %v", err)
		}
		if err := review(privacy(), first.ID, "fine", ""); len(fault.Problems(err)) != 2 {
			t.Errorf("no outcome: %v", err)
		}
		if err := review(privacy(), first.ID, member.VisitMisuse, " "); len(fault.Problems(err)) != 1 {
			t.Errorf("misuse without a word: %v", err)
		}
		open := func() error { _, err := get(t, d, office("A"), "member", first.Member); return err }
		if err := review(privacy(), first.ID, member.VisitMisuse, "nobody of that name in the book"); err != nil {
			t.Fatal(err)
		}
		if err := open(); !fault.Is(err, fault.NotFound) {
			t.Errorf("misuse did not end the tie: %v", err)
		}
		if err := review(privacy(), first.ID, member.VisitRight, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("reviewed twice: %v", err)
		}
		rest, err := list(privacy())
		if err != nil || len(rest) != len(drawn)-1 {
			t.Errorf("%d wait after one of %d: %v", len(rest), len(drawn), err)
		}
		if len(rest) > 0 {
			if err := review(privacy(), rest[0].ID, member.VisitRight, ""); err != nil {
				t.Error(err)
			}
			if _, err := get(t, d, office("A"), "member", rest[0].Member); err != nil {
				t.Errorf("what was right has ended: %v", err)
			}
		}
		err = d.View(t.Context(), func(tx *db.Tx) error {
			done, err := member.VisitsReviewed(tx, privacy(), time.Time{})
			if err != nil || len(done) != 1+min(1, len(rest)) || done[len(done)-1].ReviewNote == "" && done[0].ReviewNote == "" {
				t.Errorf("reviewed: %+v %v", done, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// It may be stated again, for the same day too. That is a statement of its
		// own with all that goes with it, and somebody looks at each.
		again := func(who access.Actor, of id.Member, note string) member.VisitStatement {
			t.Helper()
			clock.Advance(time.Minute)
			i := slices.Index(refs, of)
			k := member.Key{Number: all[i].Number, Birth: all[i].Birth}
			_, err := search(t, d, who, member.Search{Key: k, Purpose: access.Payment, Visit: &member.Visit{On: first.On, Stated: true, Note: note}})
			if err != nil {
				t.Fatal(err)
			}
			var ref id.Visit
			var out member.VisitStatement
			do(t, d, func(tx *db.Tx) error {
				err := tx.Row("select id from member_visit where note = $1 and org = $2", note, string(who.Org)).Scan(&ref)
				if err != nil {
					return err
				}
				out, err = member.VisitOf(tx, privacy(), ref)
				return err
			})
			return out
		}
		for i := range 5 {
			who := office("A")
			who.Session = "later"
			v := again(who, first.Member, "again "+strconv.Itoa(i))
			if !v.Sampled || v.Purpose != access.Payment || v.Session != "later" || v.Disclosure == "" || v.On != first.On || v.ID == first.ID {
				t.Errorf("stated again after misuse: %+v", v)
			}
		}
		// The rule is about who was wrong, where, and about whom.
		colleague := office("A")
		colleague.Person = "another"
		undrawn := 0
		for i := range 5 {
			for _, v := range []member.VisitStatement{
				again(colleague, first.Member, "colleague "+strconv.Itoa(i)), again(office("B"), first.Member, "elsewhere "+strconv.Itoa(i)), again(office("A"), rest[0].Member, "right "+strconv.Itoa(i)),
			} {
				if v.Sampled != member.Sampled(v.ID) {
					t.Errorf("drawn beyond its id: %+v", v)
				}
				if !v.Sampled {
					undrawn++
				}
			}
		}
		if undrawn == 0 {
			t.Error("everything is drawn")
		}
	})
}

// TestVisitsAreDrawnEvenly checks the draw against its rate.
func TestVisitsAreDrawnEvenly(t *testing.T) {
	n := 0
	const of = 20_000
	for range of {
		if member.Sampled(id.New[id.Visit](dbtest.Start)) {
			n++
		}
	}
	if n < of/member.VisitSample*8/10 || n > of/member.VisitSample*12/10 {
		t.Errorf("%d of %d", n, of)
	}
}

// TestVisitLastsThroughTheThirtiethDay looks at the edges in the plan's zone.
func TestVisitLastsThroughTheThirtiethDay(t *testing.T) {
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		zone := time.FixedZone("plan", -5*3600)
		ref := put(t, d, person(t, "N1", "Ann", "Lee", "1990-05-05"))[0]
		_, err := search(t, d, office("A"), member.Search{Key: ann(t), Purpose: access.Treatment, Visit: seen(), Zone: zone})
		if err != nil {
			t.Fatal(err)
		}
		end := civil.Of(dbtest.Start, zone).AddDays(31).In(zone)
		for at, want := range map[time.Time]bool{end.Add(-time.Second): true, end: false} {
			clock.Set(at)
			_, err := get(t, d, office("A"), "member", ref)
			if (err == nil) != want {
				t.Errorf("at %v: %v", at, err)
			}
		}
	})
}
