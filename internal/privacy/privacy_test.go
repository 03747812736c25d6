package privacy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/dossier"
	"hsconnect/internal/fault"
	"hsconnect/internal/fhir"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/privacy"
	"hsconnect/internal/record"
)

func ctx() context.Context { return context.Background() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var eleanor = member.Key{Number: "SHA20987716", Birth: civil.Date{Y: 1951, M: 3, D: 4}}

func begin(t testing.TB, p *portal.Portal, kind privacy.Kind) privacy.Case {
	t.Helper()
	c, err := p.Desk.Begin(ctx(), p.Privacy.Actor, privacy.NewCase{Key: eleanor, Kind: kind, Asked: "What the letter says <b>", Channel: "letter"})
	must(t, err)
	return c
}

// ledger gives how many lines there are about a subject, of one person.
func ledger(t testing.TB, p *portal.Portal, who portal.Person, subject string) (rows []disclosure.Row) {
	t.Helper()
	must(t, p.DB.View(ctx(), func(tx *db.Tx) error {
		all, err := disclosure.OfPerson(tx, who.Actor, who.Actor.Person, 1000)
		for _, r := range all {
			if r.Subject == subject {
				rows = append(rows, r)
			}
		}
		return err
	}))
	return rows
}

func outside(t testing.TB, p *portal.Portal, on civil.Date, basis disclosure.Basis) disclosure.Outside {
	t.Helper()
	o, err := p.Desk.RecordOutside(ctx(), p.Privacy.Actor, eleanor, disclosure.Outside{Basis: basis, Recipient: "Agency " + string(basis), Address: "2 State Street, Albany",
		Description: "Claims of 2026", Purpose: "Asked for by letter", On: on})
	must(t, err)
	return o
}

func TestAMemberIsNamedWholeAndTheLookIsWrittenDown(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		for name, k := range map[string]member.Key{
			"wrong birth date": {Number: "SHA20987716", Birth: civil.Date{Y: 1951, M: 3, D: 5}},
			"unknown number":   {Number: "SHA99999999", Birth: civil.Date{Y: 1951, M: 3, D: 4}},
		} {
			_, err := p.Desk.FindMember(ctx(), p.Privacy.Actor, k)
			if !fault.Is(err, fault.NotFound) || strings.Contains(fault.Text(err), "SHA") {
				t.Errorf("%s: %v", name, err)
			}
		}
		rows := ledger(t, p, p.Privacy, "ledger")
		if len(rows) != 2 || rows[0].Outcome != disclosure.NotFound || rows[0].Member != "" || rows[0].Key != "member id and birth date" {
			t.Fatalf("%+v", rows)
		}
		_, err := p.Desk.FindMember(ctx(), p.Privacy.Actor, member.Key{Number: "SHA20987716"})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("half a key: %v", err)
		}
		for _, who := range []portal.Person{p.Clerk, p.Nurse, p.PlanAdmin} {
			_, err = p.Desk.FindMember(ctx(), who.Actor, eleanor)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", who.Username, err)
			}
		}
	})
}

func TestReadingTheLedgerIsALineOfIt(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.LookUp(p.Clerk, p.Eleanor)
		ref, err := p.Desk.FindMember(ctx(), p.Privacy.Actor, eleanor)
		must(t, err)
		p.Clock.Advance(time.Second)
		before := len(ledger(t, p, p.Privacy, "ledger"))
		f, err := p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Member: ref})
		must(t, err)
		rows := ledger(t, p, p.Privacy, "ledger")
		if len(rows) != before+1 || rows[0].Member != ref || rows[0].Purpose != access.Operations || !reflect.DeepEqual(rows[0].Fields, []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}) {
			t.Errorf("the reading: %+v", rows[0])
		}
		if f.Who.Last != "Whitfield-Castellanos" || f.Who.Street != "" || len(f.Rows) != 3 {
			t.Errorf("%d lines of %q", len(f.Rows), f.Who.Name())
		}
		f, err = p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Username: "DANA.okafor"})
		must(t, err)
		if f.Person.Name != "Dana Okafor" || len(f.Rows) != 1 || len(ledger(t, p, p.Privacy, "ledger of a person")) != 1 {
			t.Errorf("by person: %d lines of %q", len(f.Rows), f.Person.Name)
		}
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		_, err = p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		must(t, err)
		f, err = p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Number: r.Number})
		must(t, err)
		if len(f.Rows) != 1 || f.Rows[0].Subject != "request/"+string(r.Request) {
			t.Errorf("by request: %+v", f.Rows)
		}
		_, err = p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Username: "nobody.here"})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("an unknown username: %v", err)
		}
		_, err = p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Member: "01jdbq3h6m2t9v8x7c5b4a3z21"})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown member: %v", err)
		}
		security := p.Create(account.NewPerson{Username: "sec", Name: "Sec", Side: access.Plan, Roles: []access.Role{access.SecurityOfficer}})
		_, err = p.Desk.Ledger(ctx(), security.Actor, privacy.Query{Org: p.Office.ID})
		must(t, err)
		_, err = p.Desk.Ledger(ctx(), security.Actor, privacy.Query{Member: ref})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a security officer reads of a member: %v", err)
		}
	})
}

// If the ledger cannot be written, nothing of it is shown.
func TestLedgerDownShowsNothing(t *testing.T) {
	p := portal.SQLite(t)
	c := begin(t, p, privacy.Accounting)
	must(t, p.DB.Update(ctx(), func(tx *db.Tx) error {
		_, err := tx.Exec("create trigger down before insert on disclosure begin select raise(abort, 'down'); end")
		return err
	}))
	f, err := p.Desk.Open(ctx(), p.Privacy.Actor, c.ID)
	if err == nil {
		t.Errorf("a request was shown: %v", f.ID)
	}
	_, err = p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.ByLaw)
	if err == nil {
		t.Error("an accounting was shown")
	}
	found, err := p.Desk.Ledger(ctx(), p.Privacy.Actor, privacy.Query{Org: p.Office.ID})
	if err == nil || len(found.Rows) > 0 {
		t.Error("the ledger was shown")
	}
}

func TestAccountingReachesSixYearsBack(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		today := civil.Of(p.Clock.Now(), p.Zone)
		sixYears := disclosure.LookBack(today)
		outside(t, p, sixYears.AddDays(1), disclosure.PublicHealth) // 5 years, 364 days
		outside(t, p, sixYears, disclosure.Court)                   // to the day
		outside(t, p, sixYears.AddDays(-1), disclosure.WorkersComp) // 6 years and a day
		for _, b := range disclosure.Bases() {                      // P-10: one of each kind
			outside(t, p, today, b)
		}
		p.LookUp(p.Clerk, p.Eleanor)
		c := begin(t, p, privacy.Accounting)
		a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.ByLaw)
		must(t, err)
		if len(a.Lines) != 13+2 {
			t.Errorf("%d lines", len(a.Lines))
		}
		for _, l := range a.Lines {
			if l.Basis.Exempt() || l.On.Before(sixYears) || l.Recipient == "" || l.What == "" || l.Purpose == "" || l.Address == "" {
				t.Errorf("%+v", l)
			}
		}
		all, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.Everything)
		must(t, err)
		clerk := false
		for _, l := range all.Lines {
			if l.Person == "Dana Okafor" {
				clerk = true
				if l.Recipient != "Riverside Cardiology" || l.Address != "1 Main Street, Springfield, NY 10001" || !strings.HasPrefix(l.What, "The member's page: name, birth date") || l.Purpose != "treatment" {
					t.Errorf("%+v", l)
				}
			}
		}
		if !clerk || len(all.Lines) < 21+2+1 {
			t.Errorf("%d lines, the clerk's look among them: %v", len(all.Lines), clerk)
		}
		if n := len(ledger(t, p, p.Privacy, "accounting/"+string(c.ID))); n != 2 {
			t.Errorf("the readings were written down %d times", n)
		}
		// What happens after the request does not change its accounting.
		p.Clock.Advance(48 * time.Hour)
		outside(t, p, today.AddDays(2), disclosure.Breach)
		again, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.ByLaw)
		must(t, err)
		if len(again.Lines) != len(a.Lines) {
			t.Errorf("asked for again: %d lines, before %d", len(again.Lines), len(a.Lines))
		}
	})
}

func TestBreakGlassAndRefusedAreMarked(t *testing.T) {
	p := portal.SQLite(t)
	ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
	must(t, p.DB.Update(ctx(), func(tx *db.Tx) error {
		return disclosure.WriteAll(tx, p.Stranger.Actor, []disclosure.Look{
			{Member: ref, Subject: "member", Fields: []access.Field{access.FieldName}, Purpose: access.Treatment, Outcome: disclosure.Shown, Tie: "glass/7"},
			{Member: ref, Subject: "request/1", Purpose: access.Treatment, Outcome: disclosure.Refused},
		})
	}))
	c := begin(t, p, privacy.Access)
	a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.Everything)
	must(t, err)
	marks := map[string]int{}
	for _, l := range a.Lines {
		marks[l.Mark]++
	}
	if marks[privacy.MarkGlass] != 1 || marks[privacy.MarkRefused] != 1 {
		t.Errorf("%v", marks)
	}
}

func TestWhatAnAgencyHoldsBackComesBack(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		today := civil.Of(p.Clock.Now(), p.Zone)
		o := outside(t, p, today, disclosure.LawEnforcement)
		must(t, p.Desk.SuspendOutside(ctx(), p.Privacy.Actor, disclosure.Suspension{Outside: o.ID, Form: disclosure.Oral, Official: "Det. Ruiz, county police", Statement: "Would warn a suspect", Since: today}))
		c := begin(t, p, privacy.Accounting)
		for day, want := range map[int]int{0: 0, 30: 0, 31: 1} {
			p.Clock.Set(today.AddDays(day).In(p.Zone).Add(20 * time.Hour))
			a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.ByLaw)
			must(t, err)
			if len(a.Lines) != want || a.Held != 1-want {
				t.Errorf("day %d: %d lines, %d held back", day, len(a.Lines), a.Held)
			}
			var out bytes.Buffer
			must(t, a.WriteNDJSON(&out, p.Desk))
			if strings.Contains(out.String(), "law enforcement") != (want == 1) {
				t.Errorf("day %d: the file says otherwise", day)
			}
		}
	})
}

func TestAccountingAsFHIRHoldsToTheProfiles(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	_, err := p.Review.Open(ctx(), p.Nurse.Actor, r.Number)
	must(t, err)
	c := begin(t, p, privacy.Accounting)
	ref := c.Member
	must(t, p.DB.Update(ctx(), func(tx *db.Tx) error {
		return disclosure.WriteAll(tx, p.Stranger.Actor, []disclosure.Look{{Member: ref, Subject: "request/1", Purpose: access.Payment, Outcome: disclosure.Refused}})
	}))
	outside(t, p, civil.Of(p.Clock.Now(), p.Zone), disclosure.Research)
	a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.Everything)
	must(t, err)
	var out bytes.Buffer
	must(t, a.WriteNDJSON(&out, p.Desk))
	var reads, refused, sent int
	must(t, fhir.ReadLines(bytes.NewReader(out.Bytes()), func(e fhir.AuditEvent) error {
		var bad []string
		switch {
		case e.Type.Code == "110106":
			sent++
			bad = e.CheckDisclosureSource()
		case e.Outcome == "0":
			reads++
			bad = e.CheckPatientRead()
		default:
			refused++
			bad = e.Check()
			if e.Meta != nil {
				bad = append(bad, "a refusal claims the profile of a success")
			}
		}
		if len(bad) > 0 {
			t.Errorf("%s: %v", e.ID, bad)
		}
		return nil
	}))
	if reads < 4 || refused != 1 || sent != 1 || reads+refused+sent != len(a.Lines) {
		t.Errorf("%d reads, %d refused, %d sent of %d lines", reads, refused, sent, len(a.Lines))
	}
	for _, bad := range []string{"Whitfield", "1951-03-04", p.Clerk.Secret} { // a line names the member by reference and member ID, and no secret (G-15)
		if strings.Contains(out.String(), bad) {
			t.Errorf("the file holds %q", bad)
		}
	}
	b := a.Bundle(p.Desk)
	if len(b.Entry) != len(a.Lines) {
		t.Errorf("%d entries", len(b.Entry))
	}
}

func TestAccountingAsPDF(t *testing.T) {
	p := portal.SQLite(t)
	outside(t, p, civil.Of(p.Clock.Now(), p.Zone), disclosure.Research)
	for _, r := range []privacy.Reading{privacy.ByLaw, privacy.Everything} {
		for kind, cost := range map[privacy.Kind]bool{privacy.Accounting: r == privacy.ByLaw, privacy.Access: false} {
			c := begin(t, p, kind)
			a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, r)
			must(t, err)
			var out bytes.Buffer
			must(t, a.WritePDF(&out, p.Desk))
			words := wordsOf(t, out.Bytes())
			for _, want := range []string{"Whitfield", "SHA20987716", "six years"} {
				if !strings.Contains(words, want) {
					t.Errorf("%s, %s: lacks %q:\n%s", kind, r, want, words)
				}
			}
			if strings.Contains(words, "research") == (len(a.Lines) == 0) || strings.Contains(words, "Cost") != cost {
				t.Errorf("%s, %s: %d lines:\n%s", kind, r, len(a.Lines), words)
			}
			var again bytes.Buffer
			must(t, a.WritePDF(&again, p.Desk))
			if !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Errorf("%s: not the same again", r)
			}
		}
	}
}

func TestClocksOfRequests(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		received := civil.Of(p.Clock.Now(), p.Zone).AddDays(-3)
		for kind, days := range map[privacy.Kind]int{privacy.Accounting: 60, privacy.Amendment: 60, privacy.Access: 30, privacy.Restriction: 30, privacy.Confidential: 30} {
			c, err := p.Desk.Begin(ctx(), p.Privacy.Actor, privacy.NewCase{Key: eleanor, Kind: kind, Asked: "x", Channel: "letter", Received: received})
			must(t, err)
			if got := civil.Of(c.Limit, p.Zone); got != received.AddDays(days) || c.Rule.Citation == "" {
				t.Errorf("%s: due %s", kind, got)
			}
			err = p.Desk.Extend(ctx(), p.Privacy.Actor, c.ID, 0, "")
			if kind == privacy.Restriction || kind == privacy.Confidential {
				if !fault.Is(err, fault.Conflict) {
					t.Errorf("%s extended: %v", kind, err)
				}
				continue
			}
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s extended for no reason: %v", kind, err)
			}
			must(t, p.Desk.Extend(ctx(), p.Privacy.Actor, c.ID, 1, "The archive"))
			f, err := p.Desk.Open(ctx(), p.Privacy.Actor, c.ID)
			must(t, err)
			if got := civil.Of(f.Limit, p.Zone); got != received.AddDays(days+30) || !f.Extended {
				t.Errorf("%s extended to %s", kind, got)
			}
			err = p.Desk.Extend(ctx(), p.Privacy.Actor, c.ID, 0, "Again")
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s extended twice: %v", kind, err)
			}
		}
		for _, n := range []privacy.NewCase{
			{Key: eleanor, Kind: "wish", Asked: "x", Channel: "letter"}, {Key: eleanor, Kind: privacy.Access, Asked: " ", Channel: "letter"}, {Key: eleanor, Kind: privacy.Access, Asked: "x"},
			{Key: eleanor, Kind: privacy.Access, Asked: "x", Channel: "letter", Received: received.AddDays(9)}, {Key: eleanor, Kind: privacy.Access, Asked: "x", Channel: "letter", Received: received.AddDays(-90)},
		} {
			_, err := p.Desk.Begin(ctx(), p.Privacy.Actor, n)
			if len(fault.Problems(err)) != 1 {
				t.Errorf("%+v: %v", n, err)
			}
		}
	})
}

func TestTheFirstAccountingInAYearIsFree(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		first := begin(t, p, privacy.Accounting)
		second := begin(t, p, privacy.Accounting)
		p.Clock.Advance(367 * 24 * time.Hour)
		third := begin(t, p, privacy.Accounting)
		if !first.Free || second.Free || !third.Free {
			t.Errorf("%v %v %v", first.Free, second.Free, third.Free)
		}
	})
}

func TestDeliveredKeepsWhatWasGiven(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		outside(t, p, civil.Of(p.Clock.Now(), p.Zone), disclosure.PublicHealth)
		c := begin(t, p, privacy.Accounting)
		must(t, p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 1, privacy.Delivered, "By letter"))
		err := p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Delivered, "Again")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("answered twice: %v", err)
		}
		must(t, p.DB.View(ctx(), func(tx *db.Tx) error {
			all, err := record.Entries(tx, "privacy/"+string(c.ID))
			if err != nil || len(all) != 2 || !strings.Contains(string(all[1].Body), "Agency public health") {
				t.Errorf("%d entries, %v", len(all), err)
			}
			return nil
		}))
		f, err := p.Desk.Open(ctx(), p.Privacy.Actor, c.ID)
		must(t, err)
		if f.Pending || f.Outcome != privacy.Delivered || len(f.Events) != 2 {
			t.Errorf("%+v", f.Case)
		}
	})
}

func TestDangerIsAccommodated(t *testing.T) {
	p := portal.SQLite(t)
	c, err := p.Desk.Begin(ctx(), p.Privacy.Actor, privacy.NewCase{Key: eleanor, Kind: privacy.Confidential, Asked: "Write to my sister", Channel: "telephone", Endangered: true})
	must(t, err)
	err = p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Denied, "No")
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Problems(err)[0].Text, "164.522(b)") {
		t.Errorf("%v", err)
	}
	must(t, p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Agreed, "From today on"))
}

// entriesOf gives the kinds of the entries of a request and whether the first
// ones are byte for byte as before.
func entriesOf(t testing.TB, p *portal.Portal, r id.Request) []record.Entry {
	t.Helper()
	var all []record.Entry
	must(t, p.DB.View(ctx(), func(tx *db.Tx) (err error) {
		all, err = record.Entries(tx, "request/"+string(r))
		return err
	}))
	return all
}

func TestAnAcceptedAmendmentIsAppendedAndTold(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		_, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		must(t, err)
		// Another organization was shown the request once.
		c := begin(t, p, privacy.Amendment)
		must(t, p.DB.Update(ctx(), func(tx *db.Tx) error {
			_, err := disclosure.Write(tx, p.Stranger.Actor, disclosure.Look{Member: c.Member, Subject: "request/" + string(r.Request), Purpose: access.Treatment, Outcome: disclosure.Shown})
			return err
		}))
		before := entriesOf(t, p, r.Request)
		err = p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Accepted, "Left knee, not right")
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("accepted without a record: %v", err)
		}
		other := p.Submit(p.Clerk, p.Zoe, nil)
		for _, number := range []id.Number{other.Number, "A26-482913075-6"} {
			err = p.Desk.Link(ctx(), p.Privacy.Actor, c.ID, 0, number, "")
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Problems(err)[0].Text, "no request with this number") {
				t.Errorf("linked to another's request: %v", err)
			}
		}
		must(t, p.Desk.Link(ctx(), p.Privacy.Actor, c.ID, 0, r.Number, ""))
		must(t, p.Desk.Link(ctx(), p.Privacy.Actor, c.ID, 0, r.Number, "")) // once more is nothing more
		must(t, p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Accepted, "Left knee, not right"))
		after := entriesOf(t, p, r.Request)
		if !reflect.DeepEqual(after[:len(before)], before) {
			t.Error("the amendment changed what it amends")
		}
		var kinds []string
		for _, e := range after[len(before):] {
			kinds = append(kinds, e.Kind)
		}
		if fmt.Sprint(kinds) != "[amendment.requested amendment.accepted message.message]" {
			t.Errorf("appended: %v", kinds)
		}
		k, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		must(t, err)
		if len(k.Thread) != 1 || !strings.Contains(k.Thread[0].Body, "Left knee, not right") {
			t.Errorf("the office reads %+v", k.Thread)
		}
		f, err := p.Desk.Open(ctx(), p.Privacy.Actor, c.ID)
		must(t, err)
		if len(f.Recipients) != 2 || f.Recipients[0].Name != "Hillside Family Practice" || !f.Recipients[0].Told.IsZero() || f.Recipients[1].Told.IsZero() {
			t.Fatalf("to be told: %+v", f.Recipients)
		}
		must(t, p.Desk.Tell(ctx(), p.Privacy.Actor, c.ID, 0, f.Recipients[0].Org, "By letter"))
		f, err = p.Desk.Open(ctx(), p.Privacy.Actor, c.ID)
		must(t, err)
		if f.Recipients[0].How != "By letter" {
			t.Errorf("%+v", f.Recipients[0])
		}
		if err := p.Desk.Tell(ctx(), p.Privacy.Actor, c.ID, 0, "nobody", "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody told: %v", err)
		}
	})
}

// P-07: the export after a denial holds request, denial, statement, rebuttal.
func TestADenialLeavesWithTheRecord(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		c := begin(t, p, privacy.Amendment)
		must(t, p.Desk.Link(ctx(), p.Privacy.Actor, c.ID, 0, r.Number, ""))
		err := p.Desk.Disagree(ctx(), p.Privacy.Actor, c.ID, 0, "I disagree")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("a statement before the denial: %v", err)
		}
		must(t, p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Denied, "The record is accurate and complete"))
		err = p.Desk.Rebut(ctx(), p.Privacy.Actor, c.ID, 0, "We hold to it")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("a rebuttal before the statement: %v", err)
		}
		must(t, p.Desk.Disagree(ctx(), p.Privacy.Actor, c.ID, 0, "It was my left knee"))
		p.Clock.Advance(time.Minute)
		must(t, p.Desk.Rebut(ctx(), p.Privacy.Actor, c.ID, 0, "We hold to it"))
		_, err = p.Record.Sequence(ctx())
		must(t, err)
		var out bytes.Buffer
		d := dossier.New(dossier.Deps{DB: p.DB, Record: p.Record, Documents: p.Documents, Plan: portal.PlanName, Zone: p.Zone})
		must(t, d.Export(ctx(), p.Privacy.Actor, r.Number, &out))
		z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		must(t, err)
		var text strings.Builder
		for _, f := range z.File {
			if strings.HasPrefix(f.Name, "entries/") {
				in, err := f.Open()
				must(t, err)
				var entry struct{ Body []byte }
				must(t, json.NewDecoder(in).Decode(&entry))
				text.Write(entry.Body)
			}
		}
		for _, want := range []string{"What the letter says", "The record is accurate and complete", "It was my left knee", "We hold to it"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the export lacks %q", want)
			}
		}
		k, err := p.Priorauth.Case(ctx(), p.Clerk.Actor, r.Number)
		must(t, err)
		if len(k.Thread) != 2 || !strings.Contains(k.Thread[0].Body, "It was my left knee") || !strings.Contains(k.Thread[0].Body, "accurate and complete") {
			t.Errorf("the office reads %d messages", len(k.Thread))
		}
	})
}

func TestTwoOfficersAtOnce(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		c := begin(t, p, privacy.Access)
		must(t, p.Desk.Extend(ctx(), p.Privacy.Actor, c.ID, 1, "The archive"))
		err := p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 1, privacy.Delivered, "By letter")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("what was seen a while ago: %v", err)
		}
	})
}

func TestWeeklySignOff(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		officer := p.Privacy.Actor
		p.LookUp(p.Clerk, p.Eleanor)
		d, err := p.Desk.Desk(ctx(), officer)
		must(t, err)
		if d.Week != nil {
			t.Fatalf("a week that is not over waits: %+v", d.Week)
		}
		begin(t, p, privacy.Access)
		must(t, p.Desk.Answer(ctx(), officer, begin(t, p, privacy.Accounting).ID, 0, privacy.Delivered, "By letter"))
		p.Clock.Advance(8 * 24 * time.Hour) // Tuesday of the week after
		d, err = p.Desk.Desk(ctx(), officer)
		must(t, err)
		monday := civil.Date{Y: 2026, M: 11, D: 23}
		if d.Week == nil || d.Week.Monday != monday || d.Week.Overdue || d.Week.Reviewed != 1 || d.Week.Left != 1 {
			t.Fatalf("%+v", d.Week)
		}
		err = p.Desk.SignOff(ctx(), officer, monday, "")
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("without a word on what is left: %v", err)
		}
		err = p.Desk.SignOff(ctx(), officer, monday.AddDays(7), "not over")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("a week that is not over: %v", err)
		}
		must(t, p.Desk.SignOff(ctx(), officer, monday, "One request waits for the archive"))
		err = p.Desk.SignOff(ctx(), officer, monday, "again")
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("twice: %v", err)
		}
		p.Clock.Advance(20 * 24 * time.Hour)
		d, err = p.Desk.Desk(ctx(), officer)
		must(t, err)
		if d.Week == nil || d.Week.Monday != monday.AddDays(7) || !d.Week.Overdue || d.Week.Behind != 2 || len(d.Last) != 1 || d.Last[0].Remaining != 1 {
			t.Errorf("%+v %+v", d.Week, d.Last)
		}
		err = p.Desk.SignOff(ctx(), p.Clerk.Actor, monday.AddDays(7), "x")
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("an office signs: %v", err)
		}
	})
}

func TestNobodySignsForHerOwn(t *testing.T) {
	p := portal.SQLite(t)
	p.LookUp(p.Clerk, p.Eleanor)
	pressed := p.Privacy.Actor
	pressed.Session = "s1"
	must(t, second(p.Watch.Compromised(ctx(), pressed)))
	p.Clock.Advance(8 * 24 * time.Hour)
	d, err := p.Desk.Desk(ctx(), p.Privacy.Actor)
	must(t, err)
	if d.Week == nil || d.Week.Own != 1 || d.Week.Left != 0 {
		t.Errorf("%+v", d.Week)
	}
}

func TestWordGoesOutOnce(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		p.Create(account.NewPerson{Username: "second", Name: "Second Officer", Email: "second@example.org", Side: access.Plan, OrgName: portal.PlanName, Roles: []access.Role{access.PrivacyOfficer}})
		c := begin(t, p, privacy.Accounting)
		remind := func(want int) {
			t.Helper()
			n, err := p.Desk.Remind(ctx())
			must(t, err)
			if n != want {
				t.Errorf("%d words, want %d", n, want)
			}
		}
		remind(0)
		p.Clock.Set(c.Limit.Add(-6 * 24 * time.Hour))
		remind(2) // the request, and the week that nobody signed
		remind(0)
		var payloads []string
		must(t, p.DB.View(ctx(), func(tx *db.Tx) error {
			rows, err := tx.Rows("select payload from job where kind = 'mail.send'")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var raw []byte
				err = rows.Scan(&raw)
				if err != nil {
					return err
				}
				payloads = append(payloads, string(raw))
			}
			return rows.Err()
		}))
		all := strings.Join(payloads, "\n")
		if len(payloads) != 2 || !strings.Contains(all, "/plan/privacy/requests/"+string(c.ID)) || !strings.Contains(all, "second@example.org") {
			t.Errorf("%d mails: %s", len(payloads), all)
		}
		for _, bad := range []string{"Whitfield", "Eleanor", "SHA2", "accounting of disclosures"} {
			if strings.Contains(all, bad) {
				t.Errorf("a mail says %q", bad)
			}
		}
	})
}

func TestOnlyAPrivacyOfficer(t *testing.T) {
	p := portal.SQLite(t)
	c := begin(t, p, privacy.Amendment)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	for _, who := range []access.Actor{p.Clerk.Actor, p.Nurse.Actor, p.PlanAdmin.Actor, p.HelpDesk.Actor} {
		for name, err := range map[string]error{
			"begin":   second(p.Desk.Begin(ctx(), who, privacy.NewCase{Key: eleanor, Kind: privacy.Access, Asked: "x", Channel: "letter"})),
			"open":    second(p.Desk.Open(ctx(), who, c.ID)),
			"cases":   second(p.Desk.Cases(ctx(), who, true)),
			"extend":  p.Desk.Extend(ctx(), who, c.ID, 0, "x"),
			"answer":  p.Desk.Answer(ctx(), who, c.ID, 0, privacy.Denied, "x"),
			"link":    p.Desk.Link(ctx(), who, c.ID, 0, r.Number, ""),
			"account": second(p.Desk.Account(ctx(), who, c.ID, privacy.Everything)),
			"ledger":  second(p.Desk.Ledger(ctx(), who, privacy.Query{})),
			"outside": second(p.Desk.RecordOutside(ctx(), who, eleanor, disclosure.Outside{})),
			"desk":    second(p.Desk.Desk(ctx(), who)),
		} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by %s: %v", name, who.Username, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
