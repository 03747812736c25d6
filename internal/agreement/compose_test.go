package agreement

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hsconnect/internal/civil"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/fault"
)

func today() civil.Date { return civil.Date{Y: 2026, M: 11, D: 23} }

func composed(t *testing.T, f Fields, d Draft) Version {
	t.Helper()
	return must[Version](t)(New(Deps{Fields: f}).compose(d, today()))
}

// visible gives the text that a browser would show.
func visible(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// The shipped text covers the opening and each of the nine clauses.
func TestTheShippedTextCoversEveryClause(t *testing.T) {
	v := composed(t, fields(), Draft{Title: ShippedTitle, Markdown: shipped})
	text := visible(t, v.HTML)
	clauses := regexp.MustCompile(`<h2>`).Split(v.HTML, -1)
	if len(clauses) != 10 {
		t.Fatalf("%d parts, want an opening and nine clauses", len(clauses))
	}
	for i, words := range [][]string{
		{"By clicking Accept you agree", "click Decline", "Evergreen Health Plan", "November 23, 2026", "proof of your acceptance", "read and print", "accepts these terms for that program"},
		{"1. ", "limited information", "providers of the Plan", "treatment, payment or health care operations", "is written down"},
		{"2. ", "HIPAA", "45 CFR Parts 160, 162 and 164"},
		{"3. ", "may not copy", "one copy", "printed copy"},
		{"4. ", "username and password are yours alone", "a passkey", "tell the HelpDesk at once", "suspend or cancel a username at any time and without notice"},
		{"5. ", "without delay", "technical problems", "1-800-555-0100", "helpdesk@evergreen.example", "1 Elm St., Albany, NY 12207"},
		{"6. ", "may not interfere", "get around its protections"},
		{"7. ", "as it is", "late, incomplete or interrupted", "no warranty"},
		{"8. ", "give up your access at any time", "page of your account", "change, suspend or close the Portal", "has not been used for some time", "only if you accept"},
		{"9. ", "official medical record", "Authorization requests, documents and messages", "amendment", "after your access has ended"},
	} {
		got := visible(t, clauses[i])
		for _, w := range words {
			if !strings.Contains(got, w) {
				t.Errorf("clause %d lacks %q", i, w)
			}
		}
	}
	if strings.Contains(text, "{{") || strings.Contains(v.HTML, "<!--") || strings.Contains(v.HTML, "<h1") || strings.Contains(v.HTML, "<h3") {
		t.Error("a field is open, something was left out, or a heading is out of order")
	}
	for _, other := range []string{"lorem", "\\", "&lt;"} {
		if strings.Contains(text, other) {
			t.Errorf("the text shows %q", other)
		}
	}
}

func TestFieldsAreTextWhateverTheyContain(t *testing.T) {
	f := Fields{
		Plan: `<script>alert(1)</script> *Plan* [x](javascript:alert(1)) {{effective}} & "Söhne" ‏שלום 🦊`, HelpDeskPhone: "# 1_800_555",
		HelpDeskEmail: "`a`@b.example", HelpDeskAddress: "1. Elm $1 \\ St. ![x](y)",
	}
	v := composed(t, f, draft("words"))
	got := visible(t, v.HTML)
	for _, want := range []string{f.Plan, f.HelpDeskPhone, f.HelpDeskEmail, f.HelpDeskAddress} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	for _, bad := range []string{"<script", "<em", "<a ", "<code", "<img"} {
		if strings.Contains(v.HTML, bad) {
			t.Errorf("%s in %s", bad, v.HTML)
		}
	}
}

func TestEveryFieldIsRequired(t *testing.T) {
	_, err := New(Deps{}).compose(draft("words"), today())
	got := fmt.Sprint(fault.Problems(err))
	for _, name := range []string{"plan", "helpdesk_phone", "helpdesk_email", "helpdesk_address"} {
		if !strings.Contains(got, "fields."+name+" ") {
			t.Errorf("nothing about %s in %s", name, got)
		}
	}
	f := fields()
	f.Plan = "two\nlines"
	_, err = New(Deps{Fields: f}).compose(draft("words"), today())
	if p := fault.Problems(err); len(p) != 1 || p[0].Path != "fields.plan" {
		t.Error(err)
	}
}

func TestDraftsThatAreRefused(t *testing.T) {
	clock := dbtest.NewClock()
	s := New(Deps{DB: dbtest.SQLite(t, clock.Now), Fields: fields()})
	ctx := context.Background()
	_, err := s.Publish(ctx, clerk, draft("words"))
	wantKind(t, "a clerk", err, fault.Forbidden)
	for name, c := range map[string]struct {
		edit func(*Draft)
		path string
		text string
	}{
		"no title":        {func(d *Draft) { d.Title = " " }, "title", "title"},
		"title in lines":  {func(d *Draft) { d.Title = "a\nb" }, "title", "one line"},
		"nothing":         {func(d *Draft) { d.Markdown = " \n" }, "markdown", "Write the text"},
		"too long":        {func(d *Draft) { d.Markdown += strings.Repeat("x", maxMarkdown) }, "markdown", "200,000"},
		"not text":        {func(d *Draft) { d.Markdown += "\xff" }, "markdown", "not text"},
		"a zero byte":     {func(d *Draft) { d.Markdown += "\x00" }, "markdown", "not text"},
		"unknown field":   {func(d *Draft) { d.Markdown += "{{ceo}}" }, "markdown", "does not exist"},
		"empty field":     {func(d *Draft) { d.Markdown += "{{}}" }, "markdown", "does not exist"},
		"no HelpDesk":     {func(d *Draft) { d.Markdown = strings.ReplaceAll(d.Markdown, "{{helpdesk_phone}}", "") }, "markdown", "{{helpdesk_phone}}"},
		"an HTML block":   {func(d *Draft) { d.Markdown += "\n<div>x</div>\n" }, "markdown", "HTML"},
		"HTML in a line":  {func(d *Draft) { d.Markdown += " a <b>c</b>" }, "markdown", "HTML"},
		"a hidden remark": {func(d *Draft) { d.Markdown += "\n<!-- not shown -->\n" }, "markdown", "HTML"},
		"a picture":       {func(d *Draft) { d.Markdown += " ![x](https://example.org/x.png)" }, "markdown", "picture"},
	} {
		d := draft("words")
		c.edit(&d)
		_, err := s.Publish(ctx, admin, d)
		p := fault.Problems(err)
		if len(p) == 0 || p[0].Path != c.path || !strings.Contains(p[0].Text, c.text) {
			t.Errorf("%s: %v %v", name, err, p)
		}
	}
	if all := must[[]Version](t)(s.Versions(ctx)); len(all) != 0 {
		t.Errorf("%d published", len(all))
	}
}

func TestHeadingsStartAtTheSecondLevel(t *testing.T) {
	for from, want := range map[string]string{
		"# A\n\n## B\n":          "<h2>A</h2>\n<h3>B</h3>",
		"### A\n\n#### B\n":      "<h2>A</h2>\n<h3>B</h3>",
		"# A\n\n###### B\n":      "<h2>A</h2>\n<h6>B</h6>",
		"> # A\n\n## B\n":        "<h2>A</h2>\n</blockquote>\n<h3>B</h3>",
		"Title\n=====\n\n## B\n": "<h2>Title</h2>\n<h3>B</h3>",
	} {
		got, problem := render(from)
		if problem != "" || !strings.Contains(got, want) || strings.Contains(got, "<h1") {
			t.Errorf("%q: %s%s", from, got, problem)
		}
	}
}

func TestLinksRunNothing(t *testing.T) {
	got, problem := render("[x](javascript:alert(1)) [y](https://example.org) <javascript:alert(1)>")
	if problem != "" || strings.Contains(got, "href=\"javascript") || !strings.Contains(got, "https://example.org") {
		t.Errorf("%s%s", got, problem)
	}
}

func FuzzRender(f *testing.F) {
	for _, seed := range []string{shipped, "# <b>", "[x](javascript:1)", "{{plan}}", "\xff", "```\n<script>\n```", "a\\", "<!--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		page, problem := render(markdown)
		if problem != "" {
			return
		}
		low := strings.ToLower(page)
		for _, bad := range []string{"<script", "<h1", "<img", "<iframe", "<!--", "href=\"javascript:"} {
			if strings.Contains(low, bad) {
				t.Errorf("%q becomes %q", markdown, page)
			}
		}
	})
}
