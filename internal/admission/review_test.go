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
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/job"
)

const day = 24 * time.Hour

func (f *fixture) reviews() {
	f.t.Helper()
	must(f.t, f.Reviews(f.ctx(), job.Job{}))
	must(f.t, f.Reviews(f.ctx(), job.Job{})) // a second time the same day changes nothing
}

func (f *fixture) use(who access.Actor) {
	f.t.Helper()
	_, _, err := f.accounts.SignIn(f.ctx(), account.Attempt{Username: who.Username, Password: password, Address: "192.0.2.1"})
	must(f.t, err)
}

func (f *fixture) toRiver(kind string) int {
	f.t.Helper()
	n := 0
	for _, m := range f.mails() {
		if m.Kind == kind && m.Address != "hilda.hill@office.example" {
			n++
		}
	}
	return n
}

func TestTheQuarterlyReview(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		idle := f.person("ida.idle", "Ida Idle", river, access.Viewer)
		_, open, err := f.Review(f.ctx(), f.rosa)
		if err != nil || open {
			t.Fatal(open, err)
		}
		f.clock.Advance(75 * day)
		f.reviews()
		if _, open, err = f.Review(f.ctx(), f.rosa); err != nil || open || f.toRiver("access review") != 0 {
			t.Fatal("opened too early", err)
		}
		f.use(f.dana)
		f.clock.Advance(day)
		f.reviews()
		r, open, err := f.Review(f.ctx(), f.rosa)
		if err != nil || !open || f.toRiver("access review") != 1 {
			t.Fatal("not opened", err)
		}
		if want := dbtestStart().Add(90 * day); !r.Due.Equal(want) || len(r.Lines) != 3 {
			t.Fatalf("due %v, want %v, %d people", r.Due, want, len(r.Lines))
		}
		for _, l := range r.Lines {
			if l.Propose != (l.Person == f.dana.Person) || l.Self != (l.Person == f.rosa.Person) {
				t.Errorf("%s: proposed %v, self %v", l.Name, l.Propose, l.Self)
			}
		}
		late := f.person("nell.new", "Nell New", river, access.Viewer) // needs no answer
		err = f.Answer(f.ctx(), f.rosa, r.ID, map[id.Person]admission.Answer{f.dana.Person: admission.Keep})
		wantProblem(t, "one left out", err, "people."+string(idle.Person), "Choose")
		err = f.Answer(f.ctx(), f.rosa, r.ID, map[id.Person]admission.Answer{f.dana.Person: admission.Keep, idle.Person: "suspended"})
		wantProblem(t, "the portal's answer", err, "people."+string(idle.Person), "Choose")
		answers := map[id.Person]admission.Answer{f.dana.Person: admission.Keep, idle.Person: admission.EndIt, f.hilda.Person: admission.EndIt, f.rosa.Person: admission.EndIt}
		for _, who := range []access.Actor{f.dana, f.hilda, f.relations, {}} {
			if err := f.Answer(f.ctx(), who, r.ID, answers); err == nil {
				t.Errorf("%s answered", who.Username)
			}
		}
		must(t, f.Answer(f.ctx(), f.rosa, r.ID, answers))
		for person, want := range map[id.Person]account.MembershipState{f.dana.Person: account.MemberActive, f.rosa.Person: account.MemberActive,
			idle.Person: account.MemberEnded, late.Person: account.MemberActive} {
			if c := f.colleague(river, person); c.Membership.State != want {
				t.Errorf("%s: %s", c.Name, c.Membership.State)
			}
		}
		if c := f.colleague(hill, f.hilda.Person); c.Membership.State != account.MemberActive {
			t.Error("an answer reached another office")
		}
		if n := f.count("select count(*) from admission_review_answer where review = $1 and actor = $2", string(r.ID), string(f.rosa.Person)); n != 3 {
			t.Errorf("%d answers kept", n)
		}
		wantKind(t, "answered twice", f.Answer(f.ctx(), f.rosa, r.ID, answers), fault.Conflict)
		f.skipMail()
		f.clock.Advance(75 * day)
		f.reviews()
		if n := f.toRiver("access review"); n != 0 {
			t.Error("the next one came too early")
		}
		f.clock.Advance(day)
		f.reviews()
		if n := f.toRiver("access review"); n != 1 {
			t.Error("the next one did not come")
		}
	})
}

func dbtestStart() time.Time { return time.Date(2026, time.November, 23, 20, 0, 0, 0, time.UTC) }

func TestWhatIsNotConfirmedIsSuspended(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.second()
		f.clock.Advance(80 * day)
		f.use(f.rosa)
		f.use(f.dana)
		f.reviews() // the portal was down on the day: two weeks all the same
		f.skipMail()
		f.clock.Advance(10 * day)
		f.reviews()
		if n := f.toRiver("access review reminder"); n != 0 {
			t.Fatal("reminded too early")
		}
		f.clock.Advance(day)
		f.reviews()
		if n := f.toRiver("access review reminder"); n != 2 {
			t.Fatalf("%d reminded", n)
		}
		r, open, err := f.Review(f.ctx(), f.rosa)
		if err != nil || !open {
			t.Fatal(open, err)
		}
		f.clock.Advance(3*day - time.Minute)
		f.reviews()
		if c := f.colleague(river, f.dana.Person); c.Membership.State != account.MemberActive {
			t.Fatal("too early")
		}
		f.clock.Advance(time.Minute)
		must(t, f.Notices(f.ctx(), job.Job{}))
		f.reviews()
		// Dana uses the portal, and yet nobody confirmed her; Ada has not used
		// hers. Rosa alone stays, or nobody could open anything again.
		for person, want := range map[id.Person]account.MembershipState{f.dana.Person: account.MemberSuspended, f.ada.Person: account.MemberSuspended, f.rosa.Person: account.MemberActive} {
			if c := f.colleague(river, person); c.Membership.State != want || want == account.MemberSuspended && c.Membership.Cause != account.InReview {
				t.Errorf("%s: %s %s", c.Name, c.Membership.State, c.Membership.Cause)
			}
		}
		wantKind(t, "after the day", f.Answer(f.ctx(), f.rosa, r.ID, nil), fault.Conflict)
		f.clock.Advance(20 * time.Minute)
		f.skipMail()
		must(t, f.Notices(f.ctx(), job.Job{}))
		all := f.mails()
		if len(all) != 1 || strings.Count(strings.Join(all[0].Text, " "), "was suspended") != 2 {
			t.Errorf("%+v", all)
		}
		must(t, f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "still works here"))
		_, _, err = f.accounts.SignIn(f.ctx(), account.Attempt{Username: "dana.okafor", Password: password, Address: "192.0.2.1"})
		must(t, err)
	})
}

// With a review that an administrator did finish there is nobody left to
// spare: an office whose people all stopped using the portal is shut whole.
func TestAnOfficeThatNobodyUsesIsSuspendedWhole(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.clock.Advance(80 * day)
		f.reviews()
		f.clock.Advance(14 * day)
		f.reviews()
		for _, person := range []id.Person{f.rosa.Person, f.dana.Person} {
			if c := f.colleague(river, person); c.Membership.State != account.MemberSuspended {
				t.Errorf("%s: %s", c.Name, c.Membership.State)
			}
		}
		must(t, f.Reopen(f.ctx(), f.relations, river, f.rosa.Person, "called us"))
		must(t, f.Reopen(f.ctx(), f.rosa, river, f.dana.Person, "still works here"))
	})
}

func TestNoReviewForAnOfficeThatIsShutOrLeaving(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.Suspend(f.ctx(), f.relations, river, "fraud is looked into"))
		today := civil.Of(f.clock.Now(), time.UTC)
		must(t, f.SetLeaving(f.ctx(), f.relations, hill, today.AddDays(1), today.AddDays(300), "leaves the network"))
		f.skipMail()
		f.clock.Advance(80 * day)
		f.reviews()
		if n := f.count("select count(*) from admission_review"); n != 0 || len(f.mails()) != 0 {
			t.Errorf("%d reviews", n)
		}
	})
}

func TestTwoReviewAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.second()
		f.clock.Advance(80 * day)
		f.reviews()
		r, _, err := f.Review(f.ctx(), f.rosa)
		must(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, pair := range [][2]access.Actor{{f.rosa, f.ada}, {f.ada, f.rosa}} {
			wg.Go(func() {
				errs[i] = f.Answer(f.ctx(), pair[0], r.ID, map[id.Person]admission.Answer{f.dana.Person: admission.Keep, pair[1].Person: admission.EndIt})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("both or none: %v", errs)
		}
		o, err := f.Office(f.ctx(), operator(), river)
		if err != nil || o.Admins != 1 {
			t.Errorf("%d administrators, %v", o.Admins, err)
		}
		states := []account.MembershipState{}
		for _, p := range []id.Person{f.rosa.Person, f.ada.Person} {
			states = append(states, f.colleague(river, p).Membership.State)
		}
		slices.Sort(states)
		if !slices.Equal(states, []account.MembershipState{account.MemberActive, account.MemberEnded}) {
			t.Errorf("%v", states)
		}
	})
}

func TestWhatWasAnsweredIsFixed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.invite(f.rosa, newcomer())
		for _, statement := range []string{"update admission_event set reason = 'x'", "delete from admission_event"} {
			if err := f.exec(statement); err == nil {
				t.Errorf("%s was done", statement)
			}
		}
	})
}
