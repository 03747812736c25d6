package privacy_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/member"
	"hsconnect/internal/message"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/privacy"
	"hsconnect/internal/record"
)

// What the plan has agreed to waits on the desk until it is set on the member,
// once; the place of another address is in no record (P-13).
func TestWhatWasAgreedToTakesEffect(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		officer := p.Privacy.Actor
		agreed := func(kind privacy.Kind) privacy.ID {
			c, err := p.Desk.Begin(ctx(), officer, privacy.NewCase{Key: eleanor, Kind: kind, Asked: "Please", Channel: "letter"})
			must(t, err)
			err = p.Desk.PutIntoEffect(ctx(), officer, c.ID, 0, privacy.Effect{Reason: "too early"})
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("before the answer: %v", err)
			}
			must(t, p.Desk.Answer(ctx(), officer, c.ID, 0, privacy.Agreed, "Told by letter"))
			if n := len(waiting(t, p, "Agreed to, not in effect")); n != 1 {
				t.Errorf("%d wait on the desk after the answer", n)
			}
			return c.ID
		}
		ends := func(ref privacy.ID, e privacy.Effect) {
			must(t, p.Desk.PutIntoEffect(ctx(), officer, ref, 2, e))
			for _, version := range []int64{0, 2} {
				if err := p.Desk.PutIntoEffect(ctx(), officer, ref, version, e); !fault.Is(err, fault.Conflict) {
					t.Errorf("a second time: %v", err)
				}
			}
			if n := len(waiting(t, p, "Agreed to, not in effect")); n != 0 {
				t.Errorf("%d wait on the desk after it is in effect", n)
			}
		}

		elsewhere := agreed(privacy.Confidential)
		for path, c := range map[string]member.Contact{"street": {}, "city": {Street: "9 Otherplace Road"}} {
			err := p.Desk.PutIntoEffect(ctx(), officer, elsewhere, 0, privacy.Effect{Contact: c})
			if !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Path != path {
				t.Errorf("half a place: %v", err)
			}
		}
		ends(elsewhere, privacy.Effect{Contact: member.Contact{Street: "9 Otherplace Road", City: "Elsewhere", State: "NY", Zip: "10099"}})
		f, err := p.Desk.Open(ctx(), officer, elsewhere)
		must(t, err)
		must(t, p.DB.View(ctx(), func(tx *db.Tx) error {
			at, err := member.ContactOf(tx, access.SystemActor("letters"), f.Member)
			must(t, err)
			if at.Street != "9 Otherplace Road" {
				t.Error("letters do not go to the other place")
			}
			kept, err := record.Entries(tx, "privacy/"+string(elsewhere))
			must(t, err)
			if len(kept) != 3 {
				t.Errorf("%d entries in the record", len(kept))
			}
			for _, e := range kept {
				if strings.Contains(string(e.Body), "Otherplace") {
					t.Error("the record tells the other place")
				}
			}
			return nil
		}))

		byWord := agreed(privacy.Restriction)
		err = p.Desk.PutIntoEffect(ctx(), officer, byWord, 0, privacy.Effect{})
		if !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Path != "reason" {
			t.Errorf("kept otherwise, without saying how: %v", err)
		}
		ends(byWord, privacy.Effect{Reason: "A note at the telephone desk"})

		shut := agreed(privacy.Restriction)
		err = p.Desk.PutIntoEffect(ctx(), officer, shut, 0, privacy.Effect{Kind: member.RestrictViolence, Until: p.Clock.Now()})
		if !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Path != "until" {
			t.Errorf("a restriction that is over: %v", err)
		}
		ends(shut, privacy.Effect{Kind: member.RestrictViolence})
		_, err = p.Coverage.LookUp(ctx(), p.Clerk.Actor, coverage.Query{Key: eleanor, Visit: p.Seen()})
		if err == nil {
			t.Error("the member opens as before")
		}
		err = p.Desk.PutIntoEffect(ctx(), p.Nurse.Actor, shut, 0, privacy.Effect{})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody who does not answer for privacy: %v", err)
		}
	})
}

// waiting gives what the desk shows of one sort.
func waiting(t testing.TB, p *portal.Portal, sort string) []privacy.Item {
	t.Helper()
	d, err := p.Desk.Desk(ctx(), p.Privacy.Actor)
	must(t, err)
	for _, s := range d.Sorts {
		if s.Name == sort {
			return s.Items
		}
	}
	t.Fatalf("the desk has no sort %q", sort)
	return nil
}

// wordsOf gives the text of a PDF.
func wordsOf(t testing.TB, data []byte) string {
	t.Helper()
	read := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	read.Stdin = bytes.NewReader(data)
	out, err := read.Output()
	must(t, err)
	return strings.Join(strings.Fields(string(out)), " ")
}

// What an agency holds back is not betrayed by the desk's own lines, in any
// form; and an oral statement suspends once (P-11, 45 CFR 164.528(a)(2)).
func TestHeldBackIsNotBetrayed(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		today := civil.Of(p.Clock.Now(), p.Zone)
		o := outside(t, p, today, disclosure.LawEnforcement)
		oral := disclosure.Suspension{Outside: o.ID, Form: disclosure.Oral, Official: "Det. Ruiz", Statement: "It would warn the member", Since: today}
		must(t, p.Desk.SuspendOutside(ctx(), p.Privacy.Actor, oral))
		p.Clock.Advance(time.Minute)
		_, _, err := p.Desk.Outside(ctx(), p.Privacy.Actor, o.Member)
		must(t, err)
		p.Clock.Advance(time.Minute)
		c := begin(t, p, privacy.Accounting)
		a, err := p.Desk.Account(ctx(), p.Privacy.Actor, c.ID, privacy.Everything)
		must(t, err)
		if a.Held != 1 || len(a.Lines) < 2 {
			t.Errorf("%d held, %d lines", a.Held, len(a.Lines))
		}
		var pdf bytes.Buffer
		must(t, a.WritePDF(&pdf, p.Desk))
		bundle, err := json.Marshal(a.Bundle(p.Desk))
		must(t, err)
		for form, text := range map[string]string{"PDF": wordsOf(t, pdf.Bytes()), "bundle": string(bundle)} {
			if strings.Contains(strings.ToLower(strings.ReplaceAll(text, "the disclosures outside the portal that the plan has written down", "")), "outside") {
				t.Errorf("the %s tells of disclosures outside:\n%s", form, text)
			}
		}
		p.Clock.Advance(30 * 24 * time.Hour)
		oral.Since = civil.Of(p.Clock.Now(), p.Zone)
		err = p.Desk.SuspendOutside(ctx(), p.Privacy.Actor, oral)
		if !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Path != "form" {
			t.Errorf("a second oral statement: %v", err)
		}
		oral.Form, oral.Until = disclosure.Written, oral.Since.AddDays(90)
		must(t, p.Desk.SuspendOutside(ctx(), p.Privacy.Actor, oral))
	})
}

// A form that is wrong is answered before anybody looks for the member.
func TestAWrongFormTellsNothingOfTheMember(t *testing.T) {
	p := portal.SQLite(t)
	for _, k := range []member.Key{eleanor, {Number: "SHA99999999", Birth: eleanor.Birth}} {
		_, err := p.Desk.RecordOutside(ctx(), p.Privacy.Actor, k, disclosure.Outside{})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	}
}

// A denial leaves with whatever the amendment is about, also where that is
// named after it; of two parts of one request each has its own entries.
func TestADenialGoesWithWhatIsNamedLater(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		var parts []string
		for i := range 2 {
			var scan bytes.Buffer
			must(t, png.Encode(&scan, image.NewGray(image.Rect(0, 0, 4+i, 4))))
			d, err := p.Documents.Receive(ctx(), p.Clerk.Actor, document.NewFile{Request: r.Request, Member: r.Member, Name: "scan.png", Reader: &scan})
			must(t, err)
			must(t, p.Priorauth.AddedDocument(ctx(), p.Clerk.Actor, r.Number))
			parts = append(parts, "document/"+string(d.ID))
		}
		c := begin(t, p, privacy.Amendment)
		must(t, p.Desk.Answer(ctx(), p.Privacy.Actor, c.ID, 0, privacy.Denied, "What it says is right"))
		must(t, p.Desk.Disagree(ctx(), p.Privacy.Actor, c.ID, 0, "It is the other knee"))
		for _, part := range parts {
			must(t, p.Desk.Link(ctx(), p.Privacy.Actor, c.ID, 0, r.Number, part))
		}
		must(t, p.Desk.Rebut(ctx(), p.Privacy.Actor, c.ID, 0, "The surgeon says so"))
		for _, part := range parts {
			var got []string
			for _, e := range entriesOf(t, p, r.Request) {
				if strings.Contains(string(e.Body), `"about":"`+part+`"`) {
					got = append(got, e.Kind)
				}
			}
			if want := []string{"amendment.requested", "amendment.denied", "amendment.statement", "amendment.rebuttal"}; !slices.Equal(got, want) {
				t.Errorf("of %s the record has %v", part, got)
			}
		}
		must(t, p.DB.View(ctx(), func(tx *db.Tx) error {
			thread, err := message.Thread(tx, p.Privacy.Actor, r.Request)
			said := ""
			for _, m := range thread {
				said += m.Body + "\n"
			}
			for _, want := range []string{"What it says is right", "It is the other knee", "The surgeon says so"} {
				if strings.Count(said, want) != 1 {
					t.Errorf("the thread says\n%s", said)
				}
			}
			return err
		}))
	})
}
