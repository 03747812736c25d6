package glass_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/mail"
	"hsconnect/internal/member"
	"hsconnect/internal/record"
	"hsconnect/internal/watch"
)

const reason = "The patient is in the waiting room now"

func actor(name string, side access.Side, org id.Organization, role access.Role) access.Actor {
	return access.Actor{Person: id.Person(name), Username: name, Name: "Name of " + name, Side: side, Org: org, OrgName: string(org), Roles: []access.Role{role},
		Session: id.Session("session-of-" + name), Door: access.DoorWeb, Address: "192.0.2.1"}
}

func clerk() access.Actor     { return actor("clerk", access.Office, "A", access.Requester) }
func clinician() access.Actor { return actor("clinician", access.Office, "B", access.Clinician) }
func nurse() access.Actor     { return actor("nurse", access.Plan, "", access.Nurse) }
func privacy() access.Actor   { return actor("privacy", access.Plan, "", access.PrivacyOfficer) }

// fixture is the glass over a real plan of one restricted member, whom office
// A has a tie with, and another member who is not restricted.
type fixture struct {
	*glass.Service

	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	m     id.Member // restricted
	free  id.Member
}

func each(t *testing.T, fn func(f *fixture)) {
	t.Helper()
	clock := dbtest.NewClock()
	dbtest.EachAt(t, clock.Now, func(t *testing.T, d *db.DB) {
		clock.Set(dbtest.Start)
		f := &fixture{t: t, d: d, clock: clock,
			Service: glass.New(glass.Deps{DB: d, Watch: watch.New(watch.Deps{DB: d, Call: "1-800-555-0142"}), Site: "https://portal.example.org", Reach: member.Reach, Patient: member.Patient, Vain: member.Vain, Refused: member.Refused})}
		accounts := account.New(account.Deps{DB: d, Argon: account.Params{Memory: 8, Passes: 1, Lanes: 1}})
		for name, role := range map[string]access.Role{"pia.privacy": access.PrivacyOfficer, "nell.nurse": access.Nurse} {
			_, err := accounts.Create(t.Context(), access.OperatorActor("tester"), account.NewPerson{Username: name, Name: name, Email: name + "@plan.example", Password: "violet kettle under gravel", Side: access.Plan, Roles: []access.Role{role}})
			f.must(err)
		}
		f.update(func(tx *db.Tx) error {
			var err error
			f.m, err = member.Put(tx, access.SystemActor("import"), member.Member{Number: "PLANTED1", First: "Plantedfirst", Last: "Plantedlast", Birth: civil.Date{Y: 1950, M: 1, D: 2}})
			if err != nil {
				return err
			}
			f.free, err = member.Put(tx, access.SystemActor("import"), member.Member{Number: "FREE1", First: "Free", Last: "Person", Birth: civil.Date{Y: 1951, M: 1, D: 2}})
			if err != nil {
				return err
			}
			for _, m := range []id.Member{f.m, f.free} {
				err = member.Bind(tx, clerk(), m, member.TieRequest, time.Time{})
				if err != nil {
					return err
				}
			}
			return member.Restrict(tx, privacy(), f.m, member.RestrictVIP, "well known", time.Time{})
		})
		fn(f)
	})
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) update(fn func(tx *db.Tx) error) {
	f.t.Helper()
	f.must(f.d.Update(f.t.Context(), fn))
}

func (f *fixture) wants(err error, k fault.Kind, part string) {
	f.t.Helper()
	text := fault.Text(err)
	for _, p := range fault.Problems(err) {
		text += " " + p.Text
	}
	if !fault.Is(err, k) || !strings.Contains(text, part) {
		f.t.Errorf("%v %q, want %v with %q", fault.KindOf(err), text, k, part)
	}
}

// see opens the member's page for somebody.
func (f *fixture) see(who access.Actor, m id.Member) (member.Member, error) {
	var out member.Member
	err := f.d.Update(f.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = member.Get(tx, who, access.Treatment, "member", m)
		return err
	})
	return out, err
}

func (f *fixture) ledger(m id.Member) []disclosure.Row {
	f.t.Helper()
	var out []disclosure.Row
	f.must(f.d.View(f.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = disclosure.OfMember(tx, privacy(), m, 100)
		return err
	}))
	return out
}

func (f *fixture) mails() []mail.Message {
	f.t.Helper()
	var out []mail.Message
	f.must(f.d.View(f.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows("select payload from job where kind = $1 order by id", mail.Job)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var raw []byte
			var m mail.Message
			err = rows.Scan(&raw)
			if err != nil {
				return err
			}
			err = json.Unmarshal(raw, &m)
			if err != nil {
				return err
			}
			out = append(out, m)
		}
		return rows.Err()
	}))
	return out
}

// Opened with a reason, it shows for an hour, to her, in her session, under
// its own tie; it is in the record, and the privacy officer has a mail.
func TestOpenForAnHour(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.see(clerk(), f.m)
		f.wants(err, fault.Forbidden, "under restriction")
		if m, ok := glass.Member(err); !ok || m != f.m {
			t.Error("the refusal does not say whose glass")
		}
		o, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: "  " + reason + "\n"})
		f.must(err)
		if o.Reason != reason || o.Until.Sub(o.At) != time.Hour || o.Kind != glass.Restricted || o.Purpose != access.Treatment {
			t.Errorf("%+v", o)
		}
		m, err := f.see(clerk(), f.m)
		if err != nil || m.Name() != "Plantedfirst Plantedlast" {
			t.Fatal(m.Name(), err)
		}
		if rows := f.ledger(f.m); len(rows) != 1 || rows[0].Tie != o.ID.Tie() || rows[0].Outcome != disclosure.Shown {
			t.Errorf("%+v", rows)
		}
		other := clerk()
		other.Session = "another"
		colleague := clerk()
		colleague.Person = "colleague"
		without := clerk()
		without.Roles = []access.Role{access.Viewer}
		none := clerk()
		none.Session = ""
		for name, who := range map[string]access.Actor{"another session": other, "a colleague in it": colleague, "no session": none, "a nurse": nurse()} {
			_, err = f.see(who, f.m)
			if _, ok := glass.Member(err); !ok {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = f.see(without, f.m) // not even told that the member is under restriction
		f.wants(err, fault.NotFound, "no such member")
		f.clock.Advance(glass.Lasts - time.Microsecond)
		_, err = f.see(clerk(), f.m)
		f.must(err)
		f.clock.Advance(time.Microsecond)
		_, err = f.see(clerk(), f.m)
		f.wants(err, fault.Forbidden, "under restriction")
		again, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: reason})
		if err != nil || again.ID == o.ID {
			t.Errorf("%v %v", again.ID, err)
		}
	})
}

func TestTheTraceAndTheMail(t *testing.T) {
	each(t, func(f *fixture) {
		o, err := f.Open(t.Context(), nurse(), glass.Ask{Member: f.m, Reason: reason})
		f.must(err)
		var entries []record.Entry
		f.must(f.d.View(t.Context(), func(tx *db.Tx) error {
			entries, err = record.Entries(tx, o.ID.Tie())
			return err
		}))
		if len(entries) != 1 || entries[0].Kind != "glass.opened" || !strings.Contains(string(entries[0].Body), reason) || entries[0].Person != nurse().Person {
			t.Errorf("%+v", entries)
		}
		mails := f.mails()
		if len(mails) != 1 || mails[0].Address != "pia.privacy@plan.example" || mails[0].Link != "https://portal.example.org/plan/privacy/glass/"+string(o.ID) {
			t.Fatalf("%+v", mails)
		}
		text := mails[0].Subject + strings.Join(mails[0].Text, " ") + mails[0].Link
		for _, secret := range []string{"Planted", "PLANTED1", "1950", string(f.m), reason, "nurse"} {
			if strings.Contains(text, secret) {
				t.Errorf("the mail says %q: %s", secret, text)
			}
		}
		for _, statement := range []string{"update glass_opening set reason = 'x'", "delete from glass_opening", "update glass_step set note = 'x'", "delete from glass_step"} {
			if strings.Contains(statement, "glass_step") {
				f.must(f.End(t.Context(), nurse(), o.ID))
			}
			err := f.d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(statement)
				return err
			})
			if !db.Refused(err) {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

// Whoever could not see the member otherwise learns nothing: a stranger's
// answer is the same for a restricted member, a free one and none.
func TestAStrangerLearnsNothing(t *testing.T) {
	each(t, func(f *fixture) {
		stranger := actor("stranger", access.Office, "B", access.Requester)
		var texts []string
		for _, m := range []id.Member{f.m, f.free, "01jdbq3h6m2t9v8x7c5b4a3z21"} {
			_, err := f.Open(t.Context(), stranger, glass.Ask{Member: m, Reason: reason})
			f.wants(err, fault.NotFound, "")
			texts = append(texts, fault.Text(err))
			_, err = f.see(stranger, m)
			f.wants(err, fault.NotFound, "")
		}
		if texts[0] != texts[1] || texts[1] != texts[2] {
			t.Errorf("%q", texts)
		}
		if len(f.mails()) != 0 {
			t.Error("somebody was told")
		}
		_, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.free, Reason: reason})
		f.wants(err, fault.Conflict, "open to you without it")
		_, err = f.Open(t.Context(), actor("v", access.Office, "A", access.Viewer), glass.Ask{Member: f.m, Reason: reason})
		f.wants(err, fault.Forbidden, "open a restricted member")
		_, err = f.Open(t.Context(), access.Actor{}, glass.Ask{Member: f.m, Reason: reason})
		f.wants(err, fault.Unauthenticated, "sign in")
	})
}

func TestReasonsThatAreNone(t *testing.T) {
	each(t, func(f *fixture) {
		for _, bad := range []string{"", "   ", "because", "a b c", "need it", strings.Repeat("x ", 400), "with \x00 control chars"} {
			_, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: bad})
			f.wants(err, fault.Invalid, "")
		}
	})
}

// Opened twice, at once or one after the other, there is one opening.
func TestOpenedTwiceItIsOne(t *testing.T) {
	each(t, func(f *fixture) {
		first, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: reason})
		f.must(err)
		f.clock.Advance(time.Minute)
		second, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: "Another reason for the same patient"})
		if err != nil || second.ID != first.ID || !second.Until.Equal(first.Until) || second.Reason != reason {
			t.Errorf("%+v %v", second, err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := f.Open(t.Context(), nurse(), glass.Ask{Member: f.m, Reason: reason})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		open, err := f.Mine(t.Context(), nurse())
		if err != nil || len(open) != 1 {
			t.Errorf("%v %v", open, err)
		}
	})
}

func TestEndItByHand(t *testing.T) {
	each(t, func(f *fixture) {
		o, err := f.Open(t.Context(), clerk(), glass.Ask{Member: f.m, Reason: reason})
		f.must(err)
		other := clerk()
		other.Session = "another"
		for _, who := range []access.Actor{nurse(), other, {}, privacy()} {
			f.wants(f.End(t.Context(), who, o.ID), fault.NotFound, "not yours")
		}
		f.wants(f.End(t.Context(), clerk(), "01jdbq3h6m2t9v8x7c5b4a3z21"), fault.NotFound, "not yours")
		f.must(f.End(t.Context(), clerk(), o.ID))
		f.must(f.End(t.Context(), clerk(), o.ID))
		_, err = f.see(clerk(), f.m)
		f.wants(err, fault.Forbidden, "under restriction")
		sheet, err := f.Sheet(t.Context(), privacy(), o.ID)
		if err != nil || sheet.Opening.Ended.IsZero() || len(sheet.Reviews) != 0 || !sheet.Waits {
			t.Errorf("%+v %v", sheet, err)
		}
	})
}

// In an emergency a clinician opens a patient without a tie by a full key; the
// tie is the glass's, and ends with it.
func TestEmergency(t *testing.T) {
	each(t, func(f *fixture) {
		born := civil.Date{Y: 1951, M: 1, D: 2}
		for name, c := range map[string]struct {
			who    access.Actor
			number string
			birth  civil.Date
			reason string
			kind   fault.Kind
			part   string
		}{
			"a requester":       {actor("r", access.Office, "B", access.Requester), "FREE1", born, reason, fault.Forbidden, "Only a clinician"},
			"a nurse":           {nurse(), "FREE1", born, reason, fault.Forbidden, "Only a clinician"},
			"a viewer":          {actor("v", access.Office, "B", access.Viewer), "FREE1", born, reason, fault.Forbidden, "open a restricted member"},
			"no birth date":     {clinician(), "FREE1", civil.Date{}, reason, fault.Invalid, "date of birth"},
			"no number":         {clinician(), "", born, reason, fault.Invalid, "member ID"},
			"a wrong number":    {clinician(), "FREE2", born, reason, fault.NotFound, "no single member"},
			"a wrong birth day": {clinician(), "FREE1", civil.Date{Y: 1951, M: 1, D: 3}, reason, fault.NotFound, "no single member"},
			"no reason":         {clinician(), "FREE1", born, "", fault.Invalid, "few words"},
		} {
			_, err := f.Emergency(t.Context(), c.who, c.number, c.birth, c.reason)
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
			f.wants(err, c.kind, c.part)
		}
		_, err := f.see(clinician(), f.free)
		f.wants(err, fault.NotFound, "")
		o, err := f.Emergency(t.Context(), clinician(), "free-1", born, reason)
		f.must(err)
		m, err := f.see(clinician(), f.free)
		if err != nil || m.Name() != "Free Person" || f.ledger(f.free)[0].Tie != o.ID.Tie() || o.Kind != glass.Emergency {
			t.Errorf("%v %+v", err, f.ledger(f.free))
		}
		_, err = f.see(actor("other", access.Office, "B", access.Clinician), f.free)
		f.wants(err, fault.NotFound, "")
		f.clock.Advance(glass.Lasts)
		_, err = f.see(clinician(), f.free)
		f.wants(err, fault.NotFound, "")
		restricted, err := f.Emergency(t.Context(), clinician(), "PLANTED1", civil.Date{Y: 1950, M: 1, D: 2}, reason)
		f.must(err)
		_, err = f.see(clinician(), f.m)
		if err != nil || f.ledger(f.m)[0].Tie != restricted.ID.Tie() {
			t.Errorf("%v %+v", err, f.ledger(f.m))
		}
	})
}

// An emergency is no way round the guard before look-ups: what is in vain
// counts. A right pair still opens after half a minute, until look-ups are
// stopped for the day.
func TestGuessingInAnEmergencyIsHeldUp(t *testing.T) {
	each(t, func(f *fixture) {
		born := civil.Date{Y: 1951, M: 1, D: 2}
		try := func(number string) error {
			_, err := f.Emergency(t.Context(), clinician(), number, born, reason)
			return err
		}
		for i := range 11 {
			f.wants(try("NOBODY"+strconv.Itoa(i*7919)), fault.NotFound, "no single member")
		}
		f.wants(try("FREE1"), fault.TooMany, "Wait 2 seconds")
		for i := range 9 { // a look-up would wait for minutes now
			f.clock.Advance(30 * time.Second)
			f.wants(try("NOBODY"+strconv.Itoa(i*104729)), fault.NotFound, "no single member")
		}
		f.wants(try("FREE1"), fault.TooMany, "Wait 30 seconds")
		f.update(func(tx *db.Tx) error {
			held, err := f.Watch.BeforeLook(tx, clinician())
			f.wants(held, fault.TooMany, "minutes")
			return err
		})
		f.clock.Advance(30 * time.Second)
		f.must(try("FREE1"))
		var rows []disclosure.Row
		f.update(func(tx *db.Tx) (err error) {
			rows, err = disclosure.OfPerson(tx, privacy(), clinician().Person, 100)
			return err
		})
		if len(rows) != 20 {
			t.Errorf("%d lines of 20 in vain", len(rows))
		}
		for _, r := range rows {
			if r.Outcome != disclosure.NotFound || r.Key != "member id and birth date" || r.Subject != "glass" || r.Member != "" {
				t.Errorf("the ledger says %+v", r.Look)
			}
		}
		for i := range 11 {
			f.clock.Advance(30 * time.Second)
			f.wants(try("NOBODY"+strconv.Itoa(i*1299709)), fault.NotFound, "no single member")
		}
		f.clock.Advance(time.Hour)
		f.wants(try("FREE1"), fault.TooMany, "until tomorrow")
		f.wants(try("FREE1"), fault.TooMany, "1-800-555-0142")
	})
}

// A privacy officer who did not open it reviews; follow-up leaves it waiting.
func TestReview(t *testing.T) {
	each(t, func(f *fixture) {
		ctx := t.Context()
		o, err := f.Open(ctx, clerk(), glass.Ask{Member: f.m, Reason: reason})
		f.must(err)
		_, err = f.see(clerk(), f.m)
		f.must(err)
		_, err = f.see(clerk(), f.free)
		f.must(err)
		waiting, err := f.ToReview(ctx, privacy())
		if err != nil || len(waiting) != 1 || waiting[0].ID != o.ID || waiting[0].Name != clerk().Name {
			t.Errorf("%+v %v", waiting, err)
		}
		sheet, err := f.Sheet(ctx, privacy(), o.ID)
		if err != nil || len(sheet.Shown) != 1 || sheet.Shown[0].Member != f.m || sheet.Opening.Reason != reason {
			t.Errorf("%+v %v", sheet.Shown, err)
		}
		both := clerk()
		both.Side, both.Roles = access.Plan, []access.Role{access.PrivacyOfficer, access.Nurse}
		f.wants(f.Review(ctx, both, o.ID, glass.Justified, "my own"), fault.Forbidden, "opened this yourself")
		f.wants(f.Review(ctx, nurse(), o.ID, glass.Justified, "not mine to say"), fault.Forbidden, "review what touches privacy")
		f.wants(f.Review(ctx, privacy(), o.ID, "fine", "x"), fault.Invalid, "Choose what the review found")
		f.wants(f.Review(ctx, privacy(), "01jdbq3h6m2t9v8x7c5b4a3z21", glass.Justified, "looked at it"), fault.NotFound, "no such opening")
		for _, who := range []access.Actor{clerk(), nurse()} {
			_, err = f.ToReview(ctx, who)
			f.wants(err, fault.Forbidden, "")
			_, err = f.Sheet(ctx, who, o.ID)
			f.wants(err, fault.Forbidden, "")
		}
		f.must(f.Review(ctx, privacy(), o.ID, glass.FollowUp, "called the office"))
		if waiting, _ = f.ToReview(ctx, privacy()); len(waiting) != 1 {
			t.Error("follow-up took it off the list")
		}
		f.clock.Advance(time.Minute)
		f.must(f.Review(ctx, privacy(), o.ID, glass.Justified, "the office confirmed the visit"))
		if waiting, _ = f.ToReview(ctx, privacy()); len(waiting) != 0 {
			t.Error("still waiting")
		}
		f.wants(f.Review(ctx, privacy(), o.ID, glass.NotJustified, "changed my mind"), fault.Conflict, "reviewed already")
		sheet, err = f.Sheet(ctx, privacy(), o.ID)
		if err != nil || len(sheet.Reviews) != 2 || sheet.Reviews[1].Outcome != glass.Justified || sheet.Waits {
			t.Errorf("%+v %v", sheet.Reviews, err)
		}
	})
}
