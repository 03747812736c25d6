package web_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/civil"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/portal"
)

var eleanorKey = member.Key{Number: "SHA20987716", Birth: civil.Date{Y: 1951, M: 3, D: 4}}

// restrict puts Eleanor under restriction and gives her reference. Clerk's
// office has a tie with her.
func restrict(t *testing.T, p *portal.Portal) id.Member {
	t.Helper()
	ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
	err := p.Restricted.Restrict(t.Context(), p.Privacy.Actor, eleanorKey, member.RestrictVIP, "well known", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

const why = "She is in our waiting room now"

func TestBreakTheGlassByThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		ref := restrict(t, p)
		b := p.SignedIn(t, p.Clerk)
		path := "/members/" + string(ref)
		a := b.Get(path)
		if a.Status != http.StatusSeeOther || a.Location != "/glass?member="+string(ref)+"&next="+url.QueryEscape(path) {
			t.Fatalf("%d %q", a.Status, a.Location)
		}
		wants(t, b.Follow(a), http.StatusOK, "This member is under restriction", "60 minutes", "privacy officer")
		form := url.Values{"member": {string(ref)}, "next": {path}, "reason": {"no"}}
		a = b.Post("/glass", form)
		wants(t, a, http.StatusUnprocessableEntity, "Say in a few words")
		if kept, _ := a.Field("reason"); kept != "no" {
			t.Error("what was typed is lost")
		}
		// Signed in with a second factor a moment ago: it is asked for again.
		form.Set("reason", why)
		a = b.Post("/glass", form)
		wants(t, a, http.StatusOK, "Prove that it is you")
		if kept, _ := a.Field("reason"); kept != why {
			t.Error("the reason is lost on the way")
		}
		form.Set("proof_code", "000000")
		wants(t, b.Post("/glass", form), http.StatusUnprocessableEntity, "Prove that it is you")
		wants(t, b.Get(path), http.StatusSeeOther)
		form.Set("proof_code", p.Code(p.Clerk))
		a = b.Post("/glass", form)
		if a.Status != http.StatusSeeOther || a.Location != path {
			t.Fatalf("%d %q %s", a.Status, a.Location, a.Text())
		}
		a = b.Follow(a)
		wants(t, a, http.StatusOK, "Eleanor", "restricted member): 60 minutes left", "End it now")
		p.Clock.Advance(13 * time.Minute)
		wants(t, b.Get("/authorizations"), http.StatusOK, "47 minutes left")
		if strings.Contains(b.Get("/help").Text(), "minutes left") {
			t.Error("a page that shows nobody has the banner")
		}
		end := linkIn(t, a, "/glass/")
		colleague := p.SignedIn(t, p.Clinician)
		wants(t, colleague.Get(path), http.StatusSeeOther)
		wants(t, colleague.Post(end, nil), http.StatusNotFound)
		second := p.SignedIn(t, p.Clerk) // another session of hers
		if a := second.Get(path); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/glass") {
			t.Errorf("another session is let in: %d", a.Status)
		}
		wants(t, second.Post(end, nil), http.StatusNotFound)
		wants(t, b.Get(path), http.StatusOK, "Eleanor")
		wants(t, b.Post(end, nil), http.StatusSeeOther)
		if a := b.Get(path); a.Status != http.StatusSeeOther {
			t.Errorf("ended, and still open: %d", a.Status)
		}
	})
}

// Her session's idle time is shorter than the hour: she keeps working, and
// after sixty minutes the next request needs the glass again.
func TestTheHourEnds(t *testing.T) {
	p := portal.SQLite(t)
	s := newStage(t, p)
	s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictVIP, "well known", time.Time{}))
	path := "/members/" + string(s.member)
	s.breakGlass(t, p.Clerk, path)
	b := s.browser[p.Clerk.Username]
	for range 11 {
		p.Clock.Advance(5 * time.Minute)
		wants(t, b.Get(path), http.StatusOK, "Plantedlast")
	}
	p.Clock.Advance(5 * time.Minute)
	if a := b.Get(path); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/glass") || strings.Contains(a.Body, "Planted") {
		t.Errorf("after the hour: %d %q", a.Status, a.Location)
	}
}

func TestWhoMayNotBreakTheGlass(t *testing.T) {
	p := portal.SQLite(t)
	ref := restrict(t, p)
	path := "/members/" + string(ref)
	viewer, stranger := p.SignedIn(t, p.Viewer), p.SignedIn(t, p.Stranger)
	wants(t, viewer.Get(path), http.StatusNotFound, "no such member")
	wants(t, viewer.Get("/glass?member="+string(ref)), http.StatusForbidden, "Your account may not open a restricted member")
	// A stranger is asked for a reason for anything, and is told of nothing.
	wants(t, stranger.Get(path), http.StatusNotFound)
	for _, m := range []string{string(ref), "01jdbq3h6m2t9v8x7c5b4a3z21"} {
		wants(t, stranger.Get("/glass?member="+m+"&next=/"), http.StatusOK, "Reason")
		a := stranger.Post("/glass", url.Values{"member": {m}, "reason": {why}, "proof_code": {p.Code(p.Stranger)}})
		wants(t, a, http.StatusNotFound, "no such member")
	}
	for _, m := range []string{"", "x", "'; drop table member --", string(ref) + "0"} {
		wants(t, stranger.Get("/glass?member="+url.QueryEscape(m)), http.StatusNotFound)
		wants(t, stranger.Post("/glass", url.Values{"member": {m}, "reason": {why}}), http.StatusNotFound)
	}
	// It leads to pages of ours alone.
	b := p.SignedIn(t, p.Clerk)
	a := b.Post("/glass", url.Values{"member": {string(ref)}, "next": {"https://evil.example/"}, "reason": {why}, "proof_code": {p.Code(p.Clerk)}})
	if a.Location != "/" {
		t.Errorf("leads to %q", a.Location)
	}
}

// Who may not break the glass is answered as of nobody, to the last byte, with
// or without a statement, of which nothing is kept; the ledger knows better,
// and the look-up counts like any other in vain.
func TestWhoMayNotBreakTheGlassIsToldOfNobody(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictVIP, "well known", time.Time{}))
		far := p.Create(account.NewPerson{Username: "fern.viewer", Name: "Fern Viewer", Side: access.Office, Org: p.Other.ID, OrgName: p.Other.Name, OrgTIN: p.Other.TIN, Roles: []access.Role{access.Viewer}})
		p.Accept(far)
		before := numberOf(t, p, "select count(*) from member_visit")
		for _, who := range []portal.Person{far, p.Viewer} { // without a tie, and with one
			b := p.SignedIn(t, who)
			for _, more := range [][]string{nil, {"visit-seen", "yes", "visit-note", "new patient"}} {
				bodies := map[string]string{}
				looks := numberOf(t, p, "select count(*) from watch_look")
				for _, number := range []string{"PLT770001", "PLT770009"} {
					a := b.Post("/members", lookup(number, "", "", "04/17/1949", more...))
					if a.Status != http.StatusNotFound {
						t.Errorf("%s: %d %s", number, a.Status, a.Text())
					}
					bodies[number] = strings.ReplaceAll(a.Body, number, "[typed]")
				}
				if bodies["PLT770001"] != bodies["PLT770009"] {
					t.Errorf("%s: the page differs:\n%s", who.Username, firstDifference(bodies["PLT770001"], bodies["PLT770009"]))
				}
				if n := numberOf(t, p, "select count(*) from watch_look"); n != looks+2 {
					t.Errorf("%s: %d look-ups of two are counted", who.Username, n-looks)
				}
				day := b.Post("/members/day", url.Values{"members": {"PLT770001, 4/17/1949\nPLT770009, 4/17/1949"}, "purpose": {string(access.Treatment)}, "visit-on": {"11/23/2026"}})
				wants(t, day, http.StatusOK, "No single member")
				if strings.Contains(day.Text(), "restrict") || strings.Count(day.Text(), "No single member") != 2 {
					t.Errorf("a day's list tells:\n%s", day.Text())
				}
			}
			if rows := ofPerson(t, p, who); !slices.ContainsFunc(rows, func(r disclosure.Row) bool { return r.Outcome == disclosure.Refused && r.Member == s.member }) {
				t.Errorf("%s: the ledger does not say whose it was", who.Username)
			}
			for path, nobody := range s.addressesOfNobody() {
				was, is := b.Get(nobody), b.Get(path)
				if is.Status != was.Status || plain(is, path) != plain(was, nobody) {
					t.Errorf("%s at %s: %d, of nobody %d\n%s", who.Username, path, is.Status, was.Status, firstDifference(plain(is, path), plain(was, nobody)))
				}
			}
		}
		if n := numberOf(t, p, "select count(*) from member_visit"); n != before {
			t.Errorf("%d statements are kept", n-before)
		}
		// Somebody who may is led to the way to open, from a day's list too.
		b := p.SignedIn(t, p.Stranger)
		day := b.Post("/members/day", url.Values{"members": {"PLT770001, 4/17/1949"}, "purpose": {string(access.Treatment)}, "visit-seen": {"yes"}, "visit-on": {"11/23/2026"}})
		wants(t, day, http.StatusOK, "Under restriction")
		wants(t, b.Get(linkIn(t, day, "/glass?")), http.StatusOK, "This member is under restriction", "Reason")
	})
}

// addressesOfNobody gives addresses of the planted member and of what is about
// her, each with the same of nobody.
func (s *stage) addressesOfNobody() map[string]string {
	const none = "01jdbq3h6m2t9v8x7c5b4a3z21"
	day := "." + civil.Of(s.Clock.Now(), s.Zone).String()
	return map[string]string{
		"/members/" + string(s.member): "/members/" + none, "/authorizations/" + string(s.open): "/authorizations/A26-000000000-0",
		"/claims/" + string(s.claim): "/claims/" + none, "/documents/" + string(s.doc): "/documents/" + none,
		"/print/eligibility/" + string(s.member) + day: "/print/eligibility/" + none + day, "/print/document/" + string(s.doc): "/print/document/" + none,
	}
}

// plain gives an answer without the address that was asked for and the number
// of the request.
func plain(a portal.Answer, path string) string {
	body := strings.ReplaceAll(a.Body, url.QueryEscape(path), "[address]")
	body = strings.ReplaceAll(body, path, "[address]")
	return regexp.MustCompile("[0-9a-hjkmnp-tv-z]{26}").ReplaceAllString(body, "[reference]")
}

func numberOf(t *testing.T, p *portal.Portal, query string, args ...any) (n int) {
	t.Helper()
	err := p.DB.View(t.Context(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever asks for a restricted member, or for what is about one, leaves a
// line that says of whom, whichever way she takes.
func TestAnAttemptAtARestrictedMemberLeavesATrace(t *testing.T) {
	p := portal.SQLite(t)
	s := newStage(t, p)
	s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictVIP, "well known", time.Time{}))
	b := s.browser[p.Clerk.Username]
	tried := func(name string, do func() portal.Answer) {
		before := s.ledger(t)
		a := do()
		var fresh []disclosure.Row
		for ref, r := range s.ledger(t) {
			if _, old := before[ref]; !old {
				fresh = append(fresh, r)
			}
		}
		if a.Status != http.StatusSeeOther && a.Status != http.StatusForbidden || strings.Contains(a.Body, "Planted") {
			t.Errorf("%s: %d\n%s", name, a.Status, a.Text())
		}
		if len(fresh) != 1 || fresh[0].Outcome != disclosure.Refused || fresh[0].Person != p.Clerk.Actor.Person || len(fresh[0].Fields) > 0 {
			t.Errorf("%s: the ledger says %+v", name, fresh)
		}
	}
	for path := range s.addressesOfNobody() {
		tried(path, func() portal.Answer { return b.Get(path) })
	}
	tried("a draft", func() portal.Answer { return b.Get("/authorizations/new?draft=" + string(s.draft)) })
	tried("claims by member", func() portal.Answer {
		return b.Post("/claims", url.Values{"number": {"PLT770001"}, "birth": {"4/17/1949"}})
	})
	tried("a copy of a document", func() portal.Answer {
		return b.Post("/print/document/"+string(s.doc), url.Values{"token": {rand.Text()}, "reason": {"the first copy was lost"}})
	})
	tried("a copy of a case", func() portal.Answer {
		return b.Post("/print/case/"+string(s.open), url.Values{"token": {rand.Text()}, "reason": {"the first copy was lost"}})
	})
}

// What somebody has typed about a restricted member is kept while she opens.
func TestWhatWasTypedWaitsForTheGlass(t *testing.T) {
	p := portal.SQLite(t)
	s := newStage(t, p)
	b := s.browser[p.Director.Username]
	path := "/plan/cases/" + string(s.open)
	version := versionAt(t, b, path)
	s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictVIP, "well known", time.Time{}))
	a := b.Post(path+"/decide", denial(version))
	wants(t, a, http.StatusForbidden, "Open the restricted member", "What you typed is kept")
	if kept, _ := a.Field("line-1-narrative"); kept != narrative {
		t.Errorf("the narrative is lost: %q", kept)
	}
	s.breakGlass(t, p.Director, path)
	wants(t, b.Get(path), http.StatusOK, "Plantedlast", "minutes left")
	// Submitting goes on: it writes what the office enters, and shows nothing.
	sub := p.Submission(s.member)
	sub.Draft = s.draft
	_, err := p.Priorauth.Submit(t.Context(), p.Clerk.Actor, sub)
	if err != nil {
		t.Errorf("an office cannot submit for a restricted member: %v", err)
	}
}

func TestEmergencyByThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		doctor := p.Create(account.NewPerson{Username: "eve.doctor", Name: "Eve Doctor, MD", Side: access.Office, Org: p.Other.ID, OrgName: p.Other.Name, OrgTIN: p.Other.TIN, Roles: []access.Role{access.Clinician}})
		p.Accept(doctor)
		wants(t, p.SignedIn(t, p.Stranger).Get("/glass/emergency"), http.StatusForbidden, "Only a clinician")
		b := p.SignedIn(t, doctor)
		wants(t, b.Get("/glass/emergency"), http.StatusOK, "A patient in an emergency", "Member ID")
		wants(t, b.Post("/glass/emergency", url.Values{"x": {"1"}}), http.StatusUnprocessableEntity, "Type the member ID from the card", "Say in a few words")
		form := url.Values{"number": {"SHA20987716"}, "birth": {"3/5/1951"}, "reason": {"Chest pain, unconscious, needs us now"}}
		wants(t, b.Post("/glass/emergency", form), http.StatusOK, "Prove that it is you")
		form.Set("proof_code", p.Code(doctor))
		a := b.Post("/glass/emergency", form)
		wants(t, a, http.StatusNotFound, "Nobody was opened")
		if strings.Contains(a.Text(), "Eleanor") {
			t.Error("it says who")
		}
		guess := doctor.Actor
		guess.Session = id.New[id.Session](p.Clock.Now())
		for range 10 {
			_, err := p.Glass.Emergency(t.Context(), guess, "SHA20987716", civil.Date{Y: 1951, M: 3, D: 6}, why)
			if !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
		form.Set("birth", "3/4/1951")
		form.Set("proof_code", p.Code(doctor))
		a = b.Post("/glass/emergency", form)
		wants(t, a, http.StatusTooManyRequests, "Nobody was opened yet", "Wait 2 seconds", "1-800-555-0142")
		if kept, _ := a.Field("reason"); kept != form.Get("reason") {
			t.Error("what was typed is lost")
		}
		p.Clock.Advance(30 * time.Second)
		form.Set("proof_code", p.Code(doctor))
		a = b.Post("/glass/emergency", form)
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/members/") {
			t.Fatalf("%d %q\n%s", a.Status, a.Location, a.Text())
		}
		wants(t, b.Follow(a), http.StatusOK, "Eleanor", "emergency treatment): 60 minutes left")
		waiting, err := p.Glass.ToReview(t.Context(), p.Privacy.Actor)
		if err != nil || len(waiting) != 1 || waiting[0].Kind != glass.Emergency || waiting[0].Session == "" {
			t.Errorf("%+v %v", waiting, err)
		}
	})
}

func TestThePrivacyOfficerReviewsAnOpening(t *testing.T) {
	p := portal.SQLite(t)
	ref := restrict(t, p)
	b := p.SignedIn(t, p.Clerk)
	wants(t, b.Post("/glass", url.Values{"member": {string(ref)}, "reason": {why}, "proof_code": {p.Code(p.Clerk)}}), http.StatusSeeOther)
	wants(t, b.Get("/members/"+string(ref)), http.StatusOK, "Eleanor")
	officer := p.SignedIn(t, p.Privacy)
	wants(t, officer.Get("/plan"), http.StatusOK, "1 opening to review")
	list := officer.Get("/plan/privacy/restrictions")
	wants(t, list, http.StatusOK, "Dana Okafor", "Eleanor", "Public person", "well known")
	path := linkIn(t, list, "/plan/privacy/glass/")
	a := officer.Get(path)
	wants(t, a, http.StatusOK, why, "Dana Okafor", "1 time", "name, birth date, member id", "Review")
	if strings.Contains(a.Text(), "Eleanor") || strings.Contains(a.Text(), "SHA20987716") {
		t.Error("the review shows the member")
	}
	wants(t, officer.Post(path, url.Values{"x": {"1"}}), http.StatusUnprocessableEntity, "Choose what the review found")
	wants(t, officer.Post(path, url.Values{"outcome": {"justified"}, "note": {"called the office"}}), http.StatusSeeOther)
	wants(t, officer.Get(path+"?done=reviewed"), http.StatusOK, "The review is kept", "called the office")
	wants(t, officer.Post(path, url.Values{"outcome": {"justified"}, "note": {"again"}}), http.StatusConflict)
	wants(t, officer.Get("/plan/privacy/glass/01jdbq3h6m2t9v8x7c5b4a3z21"), http.StatusNotFound)
	wants(t, officer.Get("/plan/privacy/glass/x"), http.StatusNotFound)
}

func TestRestrictionsByThePages(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		ref := p.LookUp(p.Clerk, p.Eleanor).Member.ID
		b, path := p.SignedIn(t, p.Privacy), "/plan/privacy/restrictions"
		wants(t, b.Get(path), http.StatusOK, "No member is under restriction", "Nothing waits")
		a := b.Post(path, url.Values{"number": {"SHA20987716"}, "reason": {"x"}})
		wants(t, a, http.StatusUnprocessableEntity, "date of birth", "Choose why", "3 to 500 characters")
		if kept, _ := a.Field("number"); kept != "SHA20987716" {
			t.Error("what was typed is lost")
		}
		form := url.Values{"number": {"SHA20987716"}, "birth": {"3/5/1951"}, "kind": {"public person"}, "reason": {"well known"}}
		wants(t, b.Post(path, form), http.StatusNotFound, "no single member")
		form.Set("birth", "3/4/1951")
		form.Set("until", "11/1/2026")
		wants(t, b.Post(path, form), http.StatusUnprocessableEntity, "day in the future")
		form.Set("until", "12/24/2026")
		a = b.Post(path, form)
		wants(t, a, http.StatusSeeOther)
		wants(t, b.Follow(a), http.StatusOK, "under restriction from now on", "Eleanor", "through Thu, Dec 24, 2026", "Pia Privacy")
		wants(t, b.Post(path+"/"+string(ref)+"/lift", url.Values{"why": {""}}), http.StatusUnprocessableEntity, "give the reason")
		a = b.Post(path+"/"+string(ref)+"/lift", url.Values{"why": {"no longer needed"}})
		wants(t, a, http.StatusSeeOther)
		wants(t, b.Follow(a), http.StatusOK, "The restriction is lifted")
		wants(t, b.Post(path+"/"+string(ref)+"/lift", url.Values{"why": {"no longer needed"}}), http.StatusConflict)
		wants(t, p.SignedIn(t, p.Clerk).Get("/members/"+string(ref)), http.StatusOK, "Eleanor")

		contact := url.Values{"c-number": {"SHA20987716"}, "c-birth": {"3/4/1951"}, "c-street": {"9 Secretstreet"}, "c-reason": {"could be harmed"}}
		wants(t, b.Post(path+"/contact", contact), http.StatusUnprocessableEntity, "Complete the address")
		contact.Set("c-city", "Secretcity")
		contact.Set("c-state", "NY")
		contact.Set("c-zip", "10009")
		a = b.Post(path+"/contact", contact)
		wants(t, a, http.StatusSeeOther)
		a = b.Follow(a)
		wants(t, a, http.StatusOK, "Letters and calls go elsewhere", "Eleanor")
		if strings.Contains(a.Body, "Secret") {
			t.Error("the other place is shown")
		}
		r := p.Submit(p.Clerk, p.Eleanor, nil)
		for _, who := range []portal.Person{p.Nurse, p.Clerk} {
			page := p.SignedIn(t, who).Get(map[access.Side]string{access.Plan: "/plan/cases/", access.Office: "/authorizations/"}[who.Actor.Side] + string(r.Number))
			told := strings.Contains(page.Text(), "Letters and calls go elsewhere alone")
			if page.Status != http.StatusOK || told != (who.Actor.Side == access.Plan) || strings.Contains(page.Body, "Secret") || strings.Contains(page.Body, "9 Elm Street") {
				t.Errorf("%s: %d, told %v", who.Username, page.Status, told)
			}
		}
		a = b.Post(path+"/"+string(ref)+"/ordinary", url.Values{"why": {"has moved"}})
		wants(t, a, http.StatusSeeOther)
		wants(t, b.Follow(a), http.StatusOK, "ordinary address again")
	})
}

// Lists name a restricted member as such, the plan's worklist too.
func TestListsOfARestrictedMember(t *testing.T) {
	p := portal.SQLite(t)
	r := p.Submit(p.Clerk, p.Eleanor, nil)
	wants(t, p.SignedIn(t, p.Nurse).Get("/plan/worklist"), http.StatusOK, string(r.Number), "E.Q.W.")
	restrict(t, p)
	for who, path := range map[string]string{p.Clerk.Username: "/authorizations", p.Nurse.Username: "/plan/worklist"} {
		person := p.Clerk
		if who == p.Nurse.Username {
			person = p.Nurse
		}
		a := p.SignedIn(t, person).Get(path)
		wants(t, a, http.StatusOK, string(r.Number), "Restricted member")
		if strings.Contains(a.Text(), "Eleanor") || strings.Contains(a.Text(), "E.Q.W.") {
			t.Errorf("%s names her", path)
		}
	}
}
