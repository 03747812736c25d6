package web_test

import (
	"bytes"
	"crypto/rand"
	"html"
	"image"
	"image/png"
	"io"
	"maps"
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
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/document"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
	"hsconnect/internal/portaltest/portal"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/provider"
	"hsconnect/internal/web"
)

// This file proves, for every row of the endpoint table that shows member
// information and for everybody: the answer holds a fact exactly when the
// ledger says so. A new row needs a line in fixtures; a fact that the ledger
// comes to name needs a line in planted.

// stage is a portal with one member whose every fact can be told from all
// other text, and one of everything that shows her.
type stage struct {
	*portal.Portal

	member  id.Member
	key     member.Key
	plants  map[access.Field][]string
	open    id.Number // a request that the plan has
	draft   id.Draft
	doc     id.Document
	claim   claim.ID
	asked   privacy.ID // an accounting that she asks for
	visit   id.Visit   // that she is being seen
	opening glass.ID   // of the time when she was under restriction
	people  []portal.Person
	browser map[string]*portal.Browser
	instead map[string]func() (string, url.Values) // of a fixture
}

// plantedReason stands in the words in which somebody gives a reason about her.
const plantedReason = "Plantedreason"

// planted says by which texts each fact of the member is known on a page, in
// any of the shapes in which pages write it.
func (s *stage) planted() map[access.Field][]string {
	return map[access.Field][]string{
		access.FieldName:     {"Plantedlast", "Plantedfirst"},
		access.FieldBirth:    {"04/17/1949", "4/17/1949", "April 17, 1949", "1949-04-17"},
		access.FieldMemberID: {"PLT770001"},
		access.FieldGender:   {"female"},
		access.FieldAddress:  {"77 Plantedstreet", "Plantedcity"},
		access.FieldPhone:    {"212-555-0777"},
		access.FieldLanguage: {"Plantedlanguage"},
		access.FieldPlan:     {"Planted Advantage", "H7777-777"},
		access.FieldCoverage: {"January 3, 2026", "Jan 3, 2026", "01/03/2026", "since 1/3/2026", "PLANTEDGRP"},
		access.FieldPCP:      {"Plantedpcp", "Planted Primary Care"},
		access.FieldSpent:    {"$707.50"},
		access.FieldOther:    {"Plantedmutual", "the plan knows of other insurance only what it was told"},
		access.FieldNeeded:   {"Plantedneeded"},
		access.FieldClaims:   {"PLC770077"},
		access.FieldAmounts:  {"$7,707.07"},
		access.FieldCopays:   {"Planted visit", "$77"},
		access.FieldRequests: {string(s.open), "Plantednote", "planted-scan.png", plantedReason},
	}
}

// fixtures gives for each row that shows member information an address (and
// the form of a POST) under which it shows the planted member.
func (s *stage) fixtures() map[string]func() (path string, form url.Values) {
	at := func(path string) func() (string, url.Values) {
		return func() (string, url.Values) { return path, nil }
	}
	all := map[string]func() (string, url.Values){
		"GET /{$}":                             at("/"),
		"GET /members/{id}":                    at("/members/" + string(s.member)),
		"GET /authorizations":                  at("/authorizations"),
		"GET /authorizations/new":              at("/authorizations/new?draft=" + string(s.draft)),
		"GET /authorizations/{number}":         at("/authorizations/" + string(s.open)),
		"GET /authorizations/{number}/receipt": at("/authorizations/" + string(s.open) + "/receipt"),
		"GET /documents/{id}":                  at("/documents/" + string(s.doc)),
		"GET /plan/cases/{number}":             at("/plan/cases/" + string(s.open)),
		"GET /panel":                           at("/panel"),
		"GET /claims":                          at("/claims?from=11/1/2026&to=11/20/2026"),
		"GET /claims/{id}":                     at("/claims/" + string(s.claim)),
		"GET /plan/privacy/restrictions":       at("/plan/privacy/restrictions"),
		"GET /plan/privacy/glass/{id}":         at(glass.ReviewPath + string(s.opening)),
		"GET /plan/privacy/ledger":             at("/plan/privacy/ledger?member=" + string(s.member)),
		"GET /plan/privacy/outside/{member}":   at("/plan/privacy/outside/" + string(s.member)),
		"GET /plan/privacy/visits/{id}":        at("/plan/privacy/visits/" + string(s.visit)),
		"GET /plan/privacy/requests/{id}":      at("/plan/privacy/requests/" + string(s.asked)),

		"GET /plan/privacy/requests/{id}/accounting":        at("/plan/privacy/requests/" + string(s.asked) + "/accounting"),
		"GET /plan/privacy/requests/{id}/accounting/{form}": at("/plan/privacy/requests/" + string(s.asked) + "/accounting/ndjson?reading=everything"),
		"POST /members/day": func() (string, url.Values) { // typed in other letters than those of an answer
			return "/members/day", url.Values{"members": {"plantedlast, plantedfirst, 4-17-1949"}, "purpose": {"TREATMENT"}}
		},
		"POST /claims": func() (string, url.Values) {
			return "/claims", url.Values{"number": {"plt-770001"}, "birth": {"4-17-1949"}}
		},
		"POST /print/{kind}/{id}": func() (string, url.Values) {
			day := civil.Of(s.Clock.Now(), s.Zone)
			return "/print/eligibility/" + string(s.member) + "." + day.String(), url.Values{"token": {rand.Text()}, "reason": {"to see what a copy shows"}}
		},
		"POST /plan/privacy/fields/preview": func() (string, url.Values) {
			return "/plan/privacy/fields/preview", url.Values{"role": {"viewer"}, "purpose": {"TREATMENT"}, "number": {"PLT770001"}, "birth": {"4/17/1949"}}
		},
	}
	maps.Copy(all, s.instead)
	return all
}

func (s *stage) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStage(t *testing.T, p *portal.Portal) *stage {
	t.Helper()
	s := &stage{Portal: p, key: member.Key{Number: "PLT770001", Birth: civil.Date{Y: 1949, M: 4, D: 17}}, browser: map[string]*portal.Browser{}}
	s.enroll(t)
	s.work(t)
	s.state(t)
	s.notice(t)
	s.openOnce(t)
	security := p.Create(account.NewPerson{Username: "sid.security", Name: "Sid Security", Side: access.Plan, OrgName: portal.PlanName, Roles: []access.Role{access.SecurityOfficer}})
	p.Accept(security)
	family := p.Create(account.NewPerson{Username: "fay.family", Name: "Fay Family", Side: access.Office, Org: s.Facility.ID, OrgName: s.Facility.Name, OrgTIN: s.Facility.TIN,
		Roles: []access.Role{access.Requester}}) // at the office of the member's primary care provider
	p.Accept(family)
	s.people = []portal.Person{family, p.Clerk, p.Clinician, p.Admin, p.Viewer, p.Stranger, p.Intake, p.Nurse, p.Director, p.PlanAdmin, p.HelpDesk, p.Privacy, security}
	for _, who := range s.people {
		s.browser[who.Username] = p.SignedIn(t, who)
	}
	s.plants = s.planted()
	return s
}

// enroll makes the member with her plan and her primary care provider.
func (s *stage) enroll(t *testing.T) {
	t.Helper()
	pcp := provider.Practitioner{ID: id.New[id.Practitioner](s.DB.Now()), NPI: portal.NPI(77), First: "Pat", Last: "Plantedpcp", Specialty: "family medicine",
		Org: s.Facility.ID, OrgName: "Planted Primary Care", Phone: "212-555-0155", InNetwork: true}
	s.must(t, s.Coverage.ImportPlans(t.Context(), portal.Operator(), []coverage.Plan{{Code: "PLANTED", Name: "Planted Advantage", Contract: "H7777-777",
		Copays: []coverage.Copay{{Service: "Planted visit", Text: "$77", Cents: 7700, Needed: coverage.NeededYes, NeededNote: "Plantedneeded"}}}}))
	s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error { return provider.PutPractitioner(tx, portal.Operator(), pcp) }))
	file := "member_number,subscriber_number,relationship,last,first,middle,suffix,birth,gender,street,city,state,zip,phone,plan,group,from,to,pcp_npi,pcp_from\n" +
		"PLT770001,PLT770001,self,Plantedlast,Plantedfirst,,,1949-04-17,female,77 Plantedstreet,Plantedcity,NY,10077,212-555-0777,PLANTED,PLANTEDGRP,2026-01-08,," + string(pcp.NPI) + ",2026-02-05\n"
	report, err := s.Coverage.Import(t.Context(), portal.Operator(), coverage.Source{Name: "planted.csv", Size: int64(len(file)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}, coverage.CSV, nil)
	s.must(t, err)
	if len(report.Refused) > 0 {
		t.Fatalf("refused: %v", report.Refused)
	}
	s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error {
		known, err := member.Known(tx, portal.Operator(), []string{"PLT770001"})
		if err != nil {
			return err
		}
		m := known[member.FoldNumber("PLT770001")]
		m.Language, s.member = "Plantedlanguage", m.ID
		_, err = member.Put(tx, portal.Operator(), m)
		return err
	}))
}

// state loads what the plan's systems say of her: what is used, other
// coverage, and a claim of the office.
func (s *stage) state(t *testing.T) {
	t.Helper()
	spent, err := s.Coverage.ImportSpent(t.Context(), portal.Operator(), csvSource("member_number,plan_code,year,kind,amount,as_of\nPLT770001,PLANTED,2026,deductible,707.50,2026-10-31\n"))
	s.must(t, err)
	other, err := s.Coverage.ImportOther(t.Context(), portal.Operator(), csvSource("member_number,payer,policy_kind,pays,from,to\nPLT770001,Plantedmutual,employer,primary,2026-02-01,\n"))
	s.must(t, err)
	claims, err := s.Claims.Import(t.Context(), portal.Operator(), csvSource("claim_number,member_number,birth,billing_npi,rendering_npi,status,as_of,from,charge,paid,authorization\n"+
		"PLC770077,PLT770001,1949-04-17,"+string(s.Office.NPI)+",,paid,2026-11-20,2026-11-10,7707.07,0.01,"+string(s.open)+"\n"), "csv", claim.CSV, nil)
	s.must(t, err)
	if spent.RefusedTotal+other.RefusedTotal+claims.RefusedTotal > 0 {
		t.Fatalf("refused: %v %v %v", spent.Refused, other.Refused, claims.Refused)
	}
	s.must(t, s.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select id from claim where member = $1", string(s.member)).Scan(&s.claim)
	}))
}

// openOnce lets somebody open her while she is under restriction, in a browser
// that is closed by now.
func (s *stage) openOnce(t *testing.T) {
	t.Helper()
	s.must(t, s.Restricted.Restrict(t.Context(), s.Privacy.Actor, s.key, member.RestrictOther, plantedReason+" of a restriction", time.Time{}))
	who := s.Clerk.Actor
	who.Session = id.New[id.Session](s.Clock.Now())
	opened, err := s.Glass.Open(t.Context(), who, glass.Ask{Member: s.member, Reason: plantedReason + " of an opening"})
	s.must(t, err)
	s.opening = opened.ID
	s.must(t, s.Restricted.Unrestrict(t.Context(), s.Privacy.Actor, s.member, "for the test"))
}

// work makes a request of hers that waits for the office, one that is
// decided, a draft and a document.
func (s *stage) work(t *testing.T) {
	t.Helper()
	p := s.Portal
	planted := func(sub *priorauth.Submission) { sub.Notes = "Plantednote" }
	decided := p.Submit(p.Clerk, s.key, planted)
	b := p.SignedIn(t, p.Nurse)
	wants(t, b.Post(casePath(decided)+"/decide", approval(versionAt(t, b, casePath(decided)))), http.StatusSeeOther)
	open := p.Submit(p.Clerk, s.key, planted)
	s.open = open.Number
	waiting := p.Submit(p.Clerk, s.key, planted)
	s.must(t, p.Review.Ask(t.Context(), p.Nurse.Actor, waiting.Number, 1, "Which side?"))
	var picture bytes.Buffer
	s.must(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))))
	doc, err := p.Documents.Receive(t.Context(), p.Clerk.Actor, document.NewFile{Request: open.Request, Member: s.member, Name: "planted-scan.png", Reader: &picture})
	s.must(t, err)
	s.must(t, p.Priorauth.AddedDocument(t.Context(), p.Clerk.Actor, open.Number))
	draft, err := p.Priorauth.StartDraft(t.Context(), p.Clerk.Actor, s.member)
	s.must(t, err)
	s.doc, s.draft = doc.ID, draft.ID
	asked, err := p.Desk.Begin(t.Context(), p.Privacy.Actor, privacy.NewCase{Key: s.key, Kind: privacy.Accounting, Asked: "Whom did you tell?", Channel: "letter"})
	s.must(t, err)
	s.asked = asked.ID
	s.must(t, p.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("select id from member_visit where member = $1 limit 1", string(s.member)).Scan(&s.visit)
	}))
}

// ledger gives the lines about the planted member, by their ids.
func (s *stage) ledger(t *testing.T) map[id.Disclosure]disclosure.Row {
	t.Helper()
	out := map[id.Disclosure]disclosure.Row{}
	s.must(t, s.DB.View(t.Context(), func(tx *db.Tx) error {
		rows, err := disclosure.OfMember(tx, s.Privacy.Actor, s.member, 1000)
		for _, r := range rows {
			out[r.ID] = r
		}
		return err
	}))
	return out
}

// look is one answer: what stands in it, and what the ledger gained by it.
type look struct {
	route  string
	who    portal.Person
	answer portal.Answer
	shows  []access.Field // by the plants in the answer
	named  []access.Field // by the lines of the ledger
	rows   []disclosure.Row
}

// further gives other addresses of rows, under which the planted member is
// shown with fewer facts.
func (s *stage) further() map[string][]string {
	return map[string][]string{
		"GET /members/{id}": {"/members/" + string(s.member) + "?on=12/15/2025"}, // not covered yet
	}
}

// lookAt sends one request as somebody.
func (s *stage) lookAt(t *testing.T, route string, who portal.Person) look {
	t.Helper()
	path, form := s.fixtures()[route]()
	return s.lookTo(t, route, path, form, who)
}

// lookTo is lookAt for an address of its own.
func (s *stage) lookTo(t *testing.T, route, path string, form url.Values, who portal.Person) look {
	t.Helper()
	before := s.ledger(t)
	b, out := s.browser[who.Username], look{route: route, who: who}
	if form == nil {
		out.answer = b.Get(path)
	} else {
		out.answer = b.Post(path, form)
	}
	if out.answer.Header.Get("Content-Type") == "application/pdf" {
		out.answer.Body = pdfWords(t, out.answer.Body)
	}
	if strings.Contains(out.answer.Body, "hs-printable") {
		t.Errorf("%s as %s prints itself", route, who.Username)
	}
	// The address that was asked for is no answer to it, nor is what was typed.
	body := html.UnescapeString(choices.ReplaceAllString(out.answer.Body, "")) + " " + out.answer.Header.Get("Content-Disposition")
	if out.answer.Status >= http.StatusMultipleChoices && out.answer.Status != http.StatusUnprocessableEntity {
		body = strings.ReplaceAll(body, string(s.open), "")
	}
	for _, f := range access.Fields() {
		texts := s.plants[f]
		if form != nil { // typed
			texts = slices.DeleteFunc(slices.Clone(texts), func(x string) bool {
				return slices.ContainsFunc(slices.Collect(valuesOf(form)), func(v string) bool { return strings.EqualFold(v, x) }) && strings.Count(body, x) == typedIn(out.answer, x)
			})
		}
		if slices.ContainsFunc(texts, func(x string) bool { return strings.Contains(body, x) }) {
			out.shows = append(out.shows, f)
		}
	}
	for ref, r := range s.ledger(t) {
		if _, old := before[ref]; old {
			continue
		}
		out.rows = append(out.rows, r)
		if r.Outcome == disclosure.Shown {
			out.named = append(out.named, r.Fields...)
		}
	}
	out.named = access.InOrder(out.named)
	return out
}

// choices are what one can choose from, such as the practitioners of one's own
// office: the same for every member.
var choices = regexp.MustCompile(`(?s)<select.*?</select>`)

func valuesOf(form url.Values) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, vs := range form {
			for _, v := range vs {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// typedIn counts where an answer repeats a text as what was typed.
func typedIn(a portal.Answer, text string) int { return strings.Count(a.Body, `value="`+text+`"`) }

// exact holds a look to its ledger.
func (l look) exact(t *testing.T, s *stage) {
	t.Helper()
	name := l.route + " as " + l.who.Username
	for _, f := range l.named {
		if len(s.plants[f]) == 0 {
			t.Errorf("%s: the ledger names %q: give the stage a text by which it is known", name, f)
		}
	}
	if !slices.Equal(l.shows, l.named) {
		t.Errorf("%s (%d) shows %v, the ledger says %v", name, l.answer.Status, l.shows, l.named)
	}
	for _, r := range l.rows {
		switch {
		case r.Person != l.who.Actor.Person || r.Session == "" || r.Door != access.DoorWeb || !r.Purpose.Valid():
			t.Errorf("%s: the line lacks who or why: %+v", name, r.Look)
		case r.Outcome == disclosure.Shown && len(r.Fields) == 0:
			t.Errorf("%s: a line that names no fact", name)
		}
	}
}

// showing gives the rows of the table that show member information. Each must
// have a fixture.
func (s *stage) showing(t *testing.T) []web.Route {
	t.Helper()
	var out []web.Route
	for _, rt := range web.Table(s.Handler) {
		if !rt.Shows {
			continue
		}
		if s.fixtures()[rt.Method+" "+rt.Pattern] == nil {
			t.Errorf("%s %s shows member information: give it a fixture", rt.Method, rt.Pattern)
			continue
		}
		out = append(out, rt)
	}
	return out
}

// walk looks at every row as everybody and gives how many looks showed something.
func (s *stage) walk(t *testing.T, each func(l look)) int {
	t.Helper()
	shown := 0
	for _, rt := range s.showing(t) {
		for _, who := range s.people {
			route := rt.Method + " " + rt.Pattern
			looks := []look{s.lookAt(t, route, who)}
			for _, path := range s.further()[route] {
				looks = append(looks, s.lookTo(t, route, path, nil, who))
			}
			for _, l := range looks {
				l.exact(t, s)
				if len(l.shows) > 0 {
					shown++
				}
				each(l)
			}
		}
	}
	return shown
}

// A fact stands in an answer exactly when the ledger says so, for every row
// and everybody (P-01, P-08, 45 CFR 164.528).
func TestEveryRowShowsWhatTheLedgerSays(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		byRow := map[string]int{}
		shown := s.walk(t, func(l look) {
			byRow[l.route] += len(l.shows)
			for _, f := range l.shows {
				ok := slices.ContainsFunc(l.who.Actor.Roles, func(r access.Role) bool { return slices.Contains(access.DefaultFields(r), f) })
				if !ok {
					t.Errorf("%s shows %s to %s", l.route, f, l.who.Username)
				}
			}
			if l.who.Username == p.Stranger.Username && len(l.shows) > 0 {
				t.Errorf("%s shows %v to another office", l.route, l.shows)
			}
		})
		for route := range s.fixtures() {
			if byRow[route] == 0 && route != "GET /plan/privacy/restrictions" { // nobody is under restriction
				t.Errorf("%s shows nothing to anybody: the fixture proves nothing", route)
			}
		}
		t.Logf("%d looks showed something", shown)
	})
}

// A change of the table by two people counts with the next request, on every
// row (P-01).
func TestAChangeOfTheFactsCountsOnEveryRow(t *testing.T) {
	p := portal.SQLite(t)
	s := newStage(t, p)
	gone := map[access.Role][]access.Field{
		access.Requester: {access.FieldBirth, access.FieldPCP}, access.Viewer: {access.FieldCoverage, access.FieldPlan, access.FieldCopays, access.FieldSpent, access.FieldNeeded},
		access.Nurse: {access.FieldCoverage, access.FieldPlan, access.FieldCopays, access.FieldSpent, access.FieldNeeded, access.FieldBirth}, access.PrivacyOfficer: {access.FieldBirth},
	}
	for role, fields := range gone {
		s.change(t, role, without(access.DefaultFields(role), fields))
	}
	s.walk(t, func(l look) {
		for _, r := range l.who.Actor.Roles {
			for _, f := range gone[r] {
				if slices.Contains(l.shows, f) {
					t.Errorf("%s still shows %s to %s", l.route, f, l.who.Username)
				}
			}
		}
		if l.answer.Status >= http.StatusInternalServerError {
			t.Errorf("%s as %s: %d", l.route, l.who.Username, l.answer.Status)
		}
	})
	if a := s.browser[p.Viewer.Username].Get("/members/" + string(s.member)); strings.Contains(a.Text(), "No coverage is known") || !strings.Contains(a.Text(), "not shown to your role") {
		t.Errorf("what is withheld reads as if there were none:\n%s", a.Text())
	}
}

func without(a, b []access.Field) []access.Field {
	return slices.DeleteFunc(slices.Clone(a), func(f access.Field) bool { return slices.Contains(b, f) })
}

// change lets two people change what a role is shown, for every purpose.
func (s *stage) change(t *testing.T, role access.Role, fields []access.Field) {
	t.Helper()
	m, err := s.Minimum.Matrix(t.Context(), s.Privacy.Actor)
	s.must(t, err)
	ref, err := s.Minimum.Propose(t.Context(), s.Privacy.Actor, minimum.Wish{Role: role, Purposes: minimum.Purposes(), Fields: fields, Version: m.Version, Reason: "the work does not need more"})
	s.must(t, err)
	s.must(t, s.Minimum.Approve(t.Context(), s.PlanAdmin.Actor, ref))
}

// ownFacts are those of a member under restriction that no page gives.
func ownFacts() []access.Field {
	return []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID, access.FieldGender, access.FieldAddress, access.FieldPhone, access.FieldLanguage,
		access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays}
}

// Of a member under restriction no row gives a fact to anybody but the
// privacy officer, until a glass is open; then the ledger says under which.
func TestARestrictedMemberOnEveryRow(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictViolence, plantedReason, s.DB.Now().AddDate(0, 1, 0)))
		s.walk(t, func(l look) {
			if l.who.Username == p.Privacy.Username {
				return
			}
			for _, f := range ownFacts() {
				if slices.Contains(l.shows, f) {
					t.Errorf("%s shows %s of a restricted member to %s", l.route, f, l.who.Username)
				}
			}
		})
		for _, who := range []portal.Person{p.Clerk, p.Nurse} {
			path := "/members/" + string(s.member)
			if who.Actor.Side == access.Plan {
				path = "/plan/cases/" + string(s.open)
			}
			s.breakGlass(t, who, path)
		}
		opened := 0
		s.walk(t, func(l look) {
			if l.who.Username != p.Clerk.Username && l.who.Username != p.Nurse.Username {
				return
			}
			for _, r := range l.rows {
				if r.Outcome == disclosure.Shown && slices.Contains(r.Fields, access.FieldName) {
					opened++
					if !strings.HasPrefix(r.Tie, "glass/") {
						t.Errorf("%s as %s: shown under the tie %q", l.route, l.who.Username, r.Tie)
					}
				}
			}
			onPaper := l.answer.Header.Get("Content-Type") == "application/pdf" // a copy has no banner
			if slices.Contains(l.shows, access.FieldName) && !onPaper && !strings.Contains(l.answer.Text(), "minutes left") {
				t.Errorf("%s as %s: no banner\n%s", l.route, l.who.Username, l.answer.Text())
			}
		})
		if opened < 4 {
			t.Errorf("only %d lines under an open glass", opened)
		}
	})
}

// breakGlass opens the member for somebody, by the pages.
func (s *stage) breakGlass(t *testing.T, who portal.Person, path string) {
	t.Helper()
	b := s.browser[who.Username]
	a := b.Get(path)
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/glass?member=") {
		t.Fatalf("%s: %d to %q\n%s", path, a.Status, a.Location, a.Text())
	}
	wants(t, b.Follow(a), http.StatusOK, "under restriction", "Reason")
	form := url.Values{"member": {string(s.member)}, "next": {path}, "reason": {"She is in the waiting room now"}}
	wants(t, b.Post("/glass", form), http.StatusOK, "Prove that it is you")
	form.Set("proof_code", s.Code(who))
	a = b.Post("/glass", form)
	if a.Status != http.StatusSeeOther || a.Location != path {
		t.Fatalf("opening: %d to %q\n%s", a.Status, a.Location, a.Text())
	}
}

// With the ledger unavailable nothing is shown, on any row (V-14).
func TestWithoutTheLedgerNothingIsShown(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		s := newStage(t, p)
		s.must(t, p.Restricted.Restrict(t.Context(), p.Privacy.Actor, s.key, member.RestrictOther, plantedReason, s.DB.Now().AddDate(0, 1, 0)))
		var could []look
		s.walk(t, func(l look) {
			if len(l.rows) > 0 && len(l.named) > 0 {
				could = append(could, l)
			}
		})
		s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error { return member.Unrestrict(tx, p.Privacy.Actor, s.member, "for the test") }))
		s.walk(t, func(l look) {
			if len(l.named) > 0 {
				could = append(could, l)
			}
		})
		s.breakLedger(t)
		tried := map[string]bool{}
		for _, l := range could {
			if l.route == "GET /plan/privacy/restrictions" {
				continue // nobody is under restriction any more; see below
			}
			now := s.lookAt(t, l.route, l.who)
			tried[l.route] = true
			if now.answer.Status < http.StatusInternalServerError || len(now.shows) > 0 || len(now.rows) > 0 {
				t.Errorf("%s as %s: %d, shows %v, %d lines", l.route, l.who.Username, now.answer.Status, now.shows, len(now.rows))
			}
		}
		s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error {
			return member.Restrict(tx, p.Privacy.Actor, s.member, member.RestrictOther, plantedReason, s.DB.Now().AddDate(0, 1, 0))
		}))
		now := s.lookAt(t, "GET /plan/privacy/restrictions", p.Privacy)
		tried[now.route] = true
		if now.answer.Status < http.StatusInternalServerError || len(now.shows) > 0 {
			t.Errorf("%s: %d, shows %v", now.route, now.answer.Status, now.shows)
		}
		for _, rt := range s.showing(t) {
			if !tried[rt.Method+" "+rt.Pattern] {
				t.Errorf("%s %s was not tried", rt.Method, rt.Pattern)
			}
		}
	})
}

// breakLedger makes the database refuse every new line.
func (s *stage) breakLedger(t *testing.T) {
	t.Helper()
	s.must(t, s.DB.Update(t.Context(), func(tx *db.Tx) error {
		if s.DB.Engine() == db.SQLite {
			_, err := tx.Exec("create trigger ledger_full before insert on disclosure begin select raise(abort, 'the ledger is full'); end")
			return err
		}
		_, err := tx.Exec("create function ledger_full() returns trigger as $$ begin raise exception 'the ledger is full'; end $$ language plpgsql")
		if err != nil {
			return err
		}
		_, err = tx.Exec("create trigger ledger_full before insert on disclosure for each statement execute function ledger_full()")
		return err
	}))
}
