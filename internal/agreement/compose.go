package agreement

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/text/unicode/norm"

	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
)

// Fields are the plan's own facts in the text. All are required.
type Fields struct {
	Plan            string // {{plan}}
	HelpDeskPhone   string // {{helpdesk_phone}}
	HelpDeskEmail   string // {{helpdesk_email}}
	HelpDeskAddress string // {{helpdesk_address}}, on one line
}

const (
	maxTitle    = 200
	maxMarkdown = 200_000 // bytes
	maxField    = 300
	lastHeading = 6

	textTitle = "Give it a title of at most 200 characters, on one line"
	textLong  = "Is longer than 200,000 bytes. Shorten it"
	textBytes = "Contains bytes that are not text"
)

var (
	placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	punctuation = regexp.MustCompile(`[[:punct:]]`)
)

// values gives each field by its name in the text.
func (f Fields) values(effective civil.Date) map[string]string {
	return map[string]string{
		"plan": f.Plan, "helpdesk_phone": f.HelpDeskPhone, "helpdesk_email": f.HelpDeskEmail, "helpdesk_address": f.HelpDeskAddress,
		"effective": effective.In(time.UTC).Format("January 2, 2006"),
	}
}

// names gives the names of the fields in a fixed order.
func names() []string {
	return []string{"plan", "helpdesk_phone", "helpdesk_email", "helpdesk_address", "effective"}
}

// compose checks a draft, fills its fields in and renders it. It gives
// everything that is wrong at once.
func (s *Service) compose(d Draft, today civil.Date) (Version, error) {
	v := Version{Title: strings.TrimSpace(norm.NFC.String(d.Title)), Effective: d.Effective}
	if v.Effective.IsZero() {
		v.Effective = today
	}
	values := s.fields.values(v.Effective)
	bad := slices.Concat(checkFields(values), checkDraft(v.Title, d.Markdown, values))
	if len(bad) > 0 {
		return Version{}, fault.Bad(bad...)
	}
	v.Markdown = norm.NFC.String(strings.ReplaceAll(fill(d.Markdown, values), "\r\n", "\n"))
	html, problem := render(v.Markdown)
	if problem != "" {
		return Version{}, fault.Bad(fault.Problem{Path: "markdown", Text: problem})
	}
	sum := sha256.Sum256([]byte(html))
	v.HTML, v.SHA256 = html, hex.EncodeToString(sum[:])
	return v, nil
}

func checkFields(values map[string]string) (bad []fault.Problem) {
	for _, name := range names() {
		value := values[name]
		switch {
		case strings.TrimSpace(value) == "":
			bad = append(bad, fault.Problem{Path: "fields." + name, Text: "Is missing: the agreement names it. Set it in the configuration"})
		case !oneLine(value, maxField):
			bad = append(bad, fault.Problem{Path: "fields." + name, Text: "Has to be one line of at most 300 characters"})
		}
	}
	return bad
}

func checkDraft(title, markdown string, values map[string]string) (bad []fault.Problem) {
	add := func(path, text string) { bad = append(bad, fault.Problem{Path: path, Text: text}) }
	if title == "" || !oneLine(title, maxTitle) {
		add("title", textTitle)
	}
	switch {
	case strings.TrimSpace(markdown) == "":
		add("markdown", "Write the text first")
		return bad
	case len(markdown) > maxMarkdown:
		add("markdown", textLong)
		return bad
	case !utf8.ValidString(markdown) || strings.ContainsRune(markdown, 0):
		add("markdown", textBytes)
		return bad
	}
	used := placeholder.FindAllString(markdown, -1)
	for _, p := range used {
		if _, there := values[strings.Trim(p, "{}")]; !there {
			add("markdown", "Contains a field that does not exist. The fields are {{"+strings.Join(names(), "}}, {{")+"}}")
			break
		}
	}
	for _, name := range names() {
		if !slices.Contains(used, "{{"+name+"}}") {
			add("markdown", "Does not contain the field {{"+name+"}}")
		}
	}
	return bad
}

func oneLine(value string, most int) bool {
	return utf8.ValidString(value) && utf8.RuneCountInString(value) <= most && !strings.ContainsFunc(value, unicode.IsControl)
}

// fill puts the values in as plain text, whatever they contain. A field that
// does not exist stays as it is.
func fill(markdown string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(markdown, func(p string) string {
		value, there := values[strings.Trim(p, "{}")]
		if !there {
			return p
		}
		return punctuation.ReplaceAllString(strings.TrimSpace(value), `\$0`)
	})
}

// render gives the HTML of a text, or what is wrong with it. Raw HTML and
// pictures are refused rather than left out: people must be shown all of what
// they accept.
func render(markdown string) (html, problem string) {
	md := goldmark.New() // raw HTML is off unless asked for
	source := []byte(markdown)
	doc := md.Parser().Parse(text.NewReader(source))
	var headings []*ast.Heading
	top := lastHeading
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock:
			problem = "Contains HTML. Use Markdown only, and write < as \\<"
		case *ast.Image:
			problem = "Contains a picture. Use text only"
		case *ast.Heading:
			if entering {
				headings, top = append(headings, n), min(top, n.Level)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", "Cannot be read as Markdown"
	}
	if problem != "" {
		return "", problem
	}
	for _, h := range headings {
		h.Level = min(h.Level-top+2, lastHeading) // the page's own title is its h1
	}
	var out bytes.Buffer
	err = md.Renderer().Render(&out, source, doc)
	if err != nil {
		return "", "Cannot be shown as a page"
	}
	return out.String(), ""
}
