package web_test

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/portaltest/portal"
)

// enrol loads more members of the test plan.
func enrol(t *testing.T, p *portal.Portal, rows string) {
	t.Helper()
	file := "member_number,last,first,birth,plan,from,pcp_npi,medicare_number\n" + rows
	src := coverage.Source{Name: "more.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}
	rep, err := p.Coverage.Import(t.Context(), portal.Operator(), src, coverage.CSV, nil)
	if err != nil || rep.RefusedTotal > 0 {
		t.Fatalf("%+v: %v", rep, err)
	}
}

// ofPerson gives what the ledger has of somebody, newest first.
func ofPerson(t *testing.T, p *portal.Portal, who portal.Person) (rows []disclosure.Row) {
	t.Helper()
	err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		var err error
		rows, err = disclosure.OfPerson(tx, p.Privacy.Actor, who.Actor.Person, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func lookup(number, last, first, birth string, more ...string) url.Values {
	v := url.Values{"number": {number}, "last": {last}, "first": {first}, "birth": {birth}, "purpose": {string(access.Treatment)}, "visit-on": {"11/23/2026"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// TestOneAnswerForWhoIsNotThere holds that the page of a member of another
// office, of nobody and of several is the same to the last byte.
func TestOneAnswerForWhoIsNotThere(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		enrol(t, p, "TWIN0000001,Twinn,Ann,1960-02-03,SHA-PLUS,2026-01-01,,\nTWIN0000002,Twinn,Bob,1960-02-03,SHA-PLUS,2026-01-01,,\n")
		b := p.SignedIn(t, p.Stranger)
		// All of the same length, so that nothing but the answer may differ.
		cases := map[string]url.Values{
			"another office's":   lookup("SHA20987716", "", "", "03/04/1951"),
			"a digit wrong":      lookup("SHA20987716", "", "", "03/05/1951"),
			"nobody's":           lookup("SHA99999999", "", "", "03/04/1951"),
			"another's by name":  lookup("", "Marsh", "", "07/19/1948"),
			"nobody by name":     lookup("", "Marsk", "", "07/19/1948"),
			"several":            lookup("", "Twinn", "", "02/03/1960"),
			"another's Medicare": lookup("1EG4TE5MK73", "", "", "03/04/1951"),
		}
		answers := map[string]string{}
		for name, form := range cases {
			a := b.Post("/members", form)
			if a.Status != http.StatusNotFound || a.Location != "" {
				t.Errorf("%s: %d", name, a.Status)
			}
			body := a.Body
			for _, field := range []string{"number", "last", "birth"} {
				if typed := keptIn(a, field); typed != form.Get(field) {
					t.Errorf("%s: typed %q, kept %q", name, form.Get(field), typed)
				}
				body = control(field).ReplaceAllString(body, "[what was typed]")
			}
			answers[name] = body
		}
		for name, body := range answers {
			if body != answers["nobody's"] {
				t.Errorf("%s: the page differs:\n%s", name, firstDifference(body, answers["nobody's"]))
			}
		}
		outcomes := map[disclosure.Outcome]int{}
		for _, r := range ofPerson(t, p, p.Stranger) {
			outcomes[r.Outcome]++
			if len(r.Fields) > 0 || (r.Member != "") != (r.Outcome == disclosure.Refused) {
				t.Errorf("the ledger says %+v", r)
			}
		}
		if outcomes[disclosure.Refused] != 2 || outcomes[disclosure.NotFound] != 5 || len(outcomes) != 2 {
			t.Errorf("the ledger does not tell refused from not found: %v", outcomes)
		}
	})
}

// control finds a control of the look-up form; the page's head has others of
// the same name.
func control(field string) *regexp.Regexp {
	return regexp.MustCompile(`id="f-` + field + `" name="` + field + `" type="text" value="([^"]*)"`)
}

func keptIn(a portal.Answer, field string) string {
	found := control(field).FindStringSubmatch(a.Body)
	if found == nil {
		return "nothing"
	}
	return html.UnescapeString(found[1])
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%q\n%q", a[max(0, i-80):min(len(a), i+80)], b[max(0, i-80):min(len(b), i+80)])
		}
	}
	return fmt.Sprintf("lengths %d and %d", len(a), len(b))
}

func TestStatingAVisitOpensTheMember(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		b := p.SignedIn(t, p.Stranger)
		page := b.Get("/members")
		if !strings.Contains(page.Text(), "First visit here?") || !strings.Contains(page.Text(), "Hillside Family Practice") {
			t.Error("the first form does not carry the statement")
		}
		a := b.Post("/members", lookup("SHA20987716", "", "", "3/4/1951"))
		if a.Status != http.StatusNotFound || !strings.Contains(a.Text(), "The patient is being seen here") {
			t.Fatalf("%d\n%s", a.Status, a.Text())
		}
		// Half a statement says what is missing and keeps what was typed.
		for _, half := range []url.Values{
			lookup("SHA20987716", "", "", "3/4/1951", "visit-seen", "yes", "visit-on", "11/1/2026"), lookup("SHA20987716", "", "", "3/4/1951", "visit-seen", "yes", "visit-on", "12/24/2026"),
			lookup("SHA20987716", "", "", "3/4/1951", "visit-seen", "yes", "visit-on", "2/30/2026"), lookup("SHA20987716", "", "", "3/4/1951", "visit-note", "new patient"),
			lookup("SHA20987716", "", "", "3/4/1951", "visit-seen", "yes", "visit-on", ""), lookup("SHA20987716", "", "", "3/4/1951", "purpose", "curiosity"),
		} {
			a = b.Post("/members", half)
			kept, note := keptIn(a, "visit-on"), keptIn(a, "visit-note")
			if a.Status != http.StatusUnprocessableEntity || kept != half.Get("visit-on") || note != half.Get("visit-note") {
				t.Errorf("%v: %d, kept %q %q", half, a.Status, kept, note)
			}
		}
		a = b.Post("/members", lookup("SHA20987716", "", "", "3/4/1951", "visit-seen", "yes", "visit-note", "referred by Dr. Lee", "purpose", string(access.Payment)))
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/members/") || strings.Contains(a.Location, "SHA") {
			t.Fatalf("%d %s\n%s", a.Status, a.Location, a.Text())
		}
		rows := ofPerson(t, p, p.Stranger)
		i := slices.IndexFunc(rows, func(r disclosure.Row) bool { return r.Outcome == disclosure.Shown })
		if i < 0 || rows[i].Tie != "visit" || rows[i].Purpose != access.Payment || !slices.Equal(rows[i].Fields, []access.Field{access.FieldBirth, access.FieldMemberID}) {
			t.Errorf("the ledger says %+v", rows)
		}
		a = b.Follow(a)
		if a.Status != http.StatusOK || !strings.Contains(a.Text(), "Eleanor") {
			t.Errorf("%d", a.Status)
		}
		// The panel needs no statement.
		own := p.SignedIn(t, p.Clerk)
		a = own.Post("/members", lookup("", "whitfield castellanos", "", "3/4/1951"))
		if a.Status != http.StatusSeeOther {
			t.Errorf("the panel's own: %d\n%s", a.Status, a.Text())
		}
		if rows := ofPerson(t, p, p.Clerk); rows[0].Tie != "panel" {
			t.Errorf("the ledger says %+v", rows[0])
		}
	})
}

func TestLookUpSaysWhatIsMissing(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Clerk)
	for name, c := range map[string]struct {
		form  url.Values
		field string
		text  string
	}{
		"a number alone":     {lookup("SHA20987716", "", "", ""), "birth", "a number alone is not enough"},
		"nothing":            {lookup("", "", "", ""), "number", "date of birth with it"},
		"a name alone":       {lookup("", "Marsh", "", ""), "birth", "date of birth too"},
		"a birth date alone": {lookup("", "", "", "3/4/1951"), "last", "last name too"},
		"off the calendar":   {lookup("SHA20987716", "", "", "2/30/1951"), "birth", "such a day"},
		"in the future":      {lookup("SHA20987716", "", "", "11/24/2026"), "birth", "future"},
		"before anybody":     {lookup("SHA20987716", "", "", "1/1/1850"), "birth", "year"},
	} {
		a := b.Post("/members", c.form)
		number, birth := keptIn(a, "number"), keptIn(a, "birth")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), c.text) || !strings.Contains(a.Body, `id="f-`+c.field+`-error"`) ||
			number != c.form.Get("number") || birth != c.form.Get("birth") {
			t.Errorf("%s: %d\n%s", name, a.Status, a.Text())
		}
	}
	if n := len(ofPerson(t, p, p.Clerk)); n != 0 {
		t.Errorf("half a key left %d rows", n)
	}
	// A birth date before the member was born, or wrong in one digit, is nobody's.
	for _, birth := range []string{"3/4/1950", "3/5/1951", "4/4/1951", "3/4/1915"} {
		if a := b.Post("/members", lookup("SHA20987716", "", "", birth)); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", birth, a.Status)
		}
	}
	for _, form := range []url.Values{
		lookup("", "NUÑEZ OBRIEN", "zoe", "12/31/1950"), lookup("", "O'Brien-Núñez", "", "12/31/1950"), lookup("", "Nunez-O’Brien, Zoë", "", "12/31/50"),
		lookup("", "Zoe", "Nunez Obrien", "Dec 31, 1950"), lookup("sha-3000-0003", "", "", "12/31/1950"),
	} {
		if a := b.Post("/members", form); a.Status != http.StatusSeeOther {
			t.Errorf("%v: %d", form, a.Status)
		}
	}
	// The small form of the first page says as much of what is wrong.
	if a := b.Post("/members", url.Values{"number": {"SHA20987716"}, "last": {""}, "birth": {"3/4/1951"}}); a.Status != http.StatusSeeOther {
		t.Errorf("the first page's form: %d", a.Status)
	}
}

// sendDay sends the form of a day with a file, as a browser does.
func sendDay(b *portal.Browser, p *portal.Portal, fields url.Values, file string) portal.Answer {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range fields {
		_ = w.WriteField(name, values[0])
	}
	if file != "" {
		part, _ := w.CreateFormFile("file", "schedule.csv")
		_, _ = io.WriteString(part, file)
	}
	_ = w.Close()
	return b.Send(http.MethodPost, "/members/day", &body, http.Header{"Content-Type": {w.FormDataContentType()}, "Origin": {p.URL}, "Sec-Fetch-Site": {"same-origin"}})
}

func TestADayOfMembers(t *testing.T) {
	portal.Each(t, func(t *testing.T, p *portal.Portal) {
		enrol(t, p, "NEW0000001,Ames,Ivy,1970-01-01,SHA-PLUS,2026-01-01,,1EG4TE5MK73\nNEW0000002,Twinn,Ann,1960-02-03,SHA-PLUS,2026-01-01,,\nNEW0000003,Twinn,Bob,1960-02-03,SHA-PLUS,2026-01-01,,\n")
		b := p.SignedIn(t, p.Clerk)
		if a := b.Get("/members/day"); a.Status != http.StatusOK {
			t.Fatalf("%d", a.Status)
		}
		day := url.Values{"purpose": {string(access.Treatment)}, "visit-on": {"11/23/2026"}, "members": {
			"SHA20987716, 3/4/1951\nMarsh; Theodore; Jul 19, 1948\n1EG4-TE5-MK73\t1/1/1970\nTwinn, 2/3/1960\nSHA20987716   03041951\nnobody, 2/30/1950\nSHA99999999, 3/4/1951"}}
		a := b.Post("/members/day", day)
		text := a.Text()
		for _, want := range []string{"3 lines are answered, of 7", "Eleanor Q Whitfield-Castellanos", "Sample Advantage Plus", "Li Wei", "Not covered", "since 10/31/2026", "Same as line 1", "No single member", "such a day"} {
			if !strings.Contains(text, want) {
				t.Errorf("the answers do not say %q", want)
			}
		}
		if a.Status != http.StatusOK || strings.Contains(text, "Ivy") || strings.Contains(text, "Ann Twinn") || strings.Contains(text, "copay") || strings.Contains(a.Body, "Durable") {
			t.Errorf("%d: shows too much:\n%s", a.Status, text)
		}
		if left, _ := a.Field("members"); left != "1EG4-TE5-MK73\t1/1/1970\nTwinn, 2/3/1960\nnobody, 2/30/1950\nSHA99999999, 3/4/1951" {
			t.Errorf("to be sent again: %q", left)
		}
		shown, missed := 0, map[disclosure.Outcome]int{}
		for _, r := range ofPerson(t, p, p.Clerk) {
			missed[r.Outcome]++
			if r.Outcome == disclosure.Shown {
				shown++
				if r.Tie != "panel" || slices.Contains(r.Fields, access.FieldCopays) || !slices.Contains(r.Fields, access.FieldCoverage) {
					t.Errorf("the ledger says %+v", r)
				}
			}
		}
		if shown != 2 || missed[disclosure.Refused] != 1 || missed[disclosure.NotFound] != 2 {
			t.Errorf("accounted for: %v", missed)
		}
		day.Set("visit-seen", "yes")
		day.Set("members", "")
		a = sendDay(b, p, day, "\xef\xbb\xbfmember,birth date\r\n1EG4-TE5-MK73,1/1/1970\r\n")
		if a.Status != http.StatusOK || !strings.Contains(a.Text(), "Ivy Ames") || !strings.Contains(a.Text(), "1 line is answered, of 1") {
			t.Errorf("a file: %d\n%s", a.Status, a.Text())
		}
		if rows := ofPerson(t, p, p.Clerk); !slices.ContainsFunc(rows, func(r disclosure.Row) bool { return r.Tie == "visit" && r.Key == "medicare number and birth date" }) {
			t.Errorf("the ledger says %+v", rows)
		}
	})
}

// TestADayThatCannotBeAsked holds that nothing typed is lost, and that nothing
// is looked up.
func TestADayThatCannotBeAsked(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Clerk)
	before := len(ofPerson(t, p, p.Clerk))
	many := strings.Repeat("SHA20987716, 3/4/1951\n", 51)
	for name, c := range map[string]struct {
		fields url.Values
		file   string
		text   string
		keeps  string
	}{
		"nothing":          {url.Values{"members": {" \n \n"}}, "", "one member a line", ""},
		"51":               {url.Values{"members": {many}}, "", "51 lines", strings.TrimSpace(many)},
		"51 in a file":     {url.Values{"members": {""}}, many, "51 lines", strings.TrimSpace(many)},
		"half a statement": {url.Values{"members": {"SHA20987716, 3/4/1951"}, "visit-on": {"11/24/2026"}}, "", "Tick the statement", "SHA20987716, 3/4/1951"},
		"no such purpose":  {url.Values{"members": {"SHA20987716, 3/4/1951"}, "purpose": {"fun"}}, "", "Choose what the look-up is for", "SHA20987716, 3/4/1951"},
		"a workbook":       {url.Values{"members": {"SHA20987716, 3/4/1951"}}, "PK\x03\x04\x00\x00", "no text", "SHA20987716, 3/4/1951"},
		"a large file":     {url.Values{"members": {"SHA20987716, 3/4/1951"}}, strings.Repeat("x", 70<<10), "larger than", "SHA20987716, 3/4/1951"},
	} {
		a := sendDay(b, p, c.fields, c.file)
		kept, _ := a.Field("members")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), c.text) || kept != c.keeps {
			t.Errorf("%s: %d, kept %q\n%s", name, a.Status, kept, a.Text())
		}
	}
	if n := len(ofPerson(t, p, p.Clerk)); n != before {
		t.Errorf("%d look-ups were made", n-before)
	}
	// Fifty are not too many, and names in the older encoding of Windows are read.
	a := sendDay(b, p, url.Values{"members": {strings.Repeat("SHA99999999, 3/4/1951\n", 49)}}, "N\xfa\xf1ez-O'Brien, Zo\xeb; 12/31/1950\n")
	if a.Status != http.StatusOK || !strings.Contains(a.Text(), "Zoë Núñez-O'Brien") {
		t.Errorf("fifty: %d\n%s", a.Status, a.Text())
	}
	for _, secret := range []string{"SHA20987716", "Whitfield", "1951", "Brien"} {
		if strings.Contains(p.Log.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}

// TestTheLedgerUnavailableShowsNothing breaks the ledger.
func TestTheLedgerUnavailableShowsNothing(t *testing.T) {
	p := portal.SQLite(t)
	b := p.SignedIn(t, p.Clerk)
	err := p.DB.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("alter table disclosure rename to disclosure_gone")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := b.Post("/members", lookup("SHA20987716", "", "", "3/4/1951")); a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "Eleanor") {
		t.Errorf("%d", a.Status)
	}
	a := b.Post("/members/day", url.Values{"members": {"SHA20987716, 3/4/1951"}})
	if a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "Eleanor") || !strings.Contains(a.Text(), "Nothing was looked up") {
		t.Errorf("%d\n%s", a.Status, a.Text())
	}
	if kept, _ := a.Field("members"); kept != "SHA20987716, 3/4/1951" {
		t.Errorf("kept %q", kept)
	}
}
