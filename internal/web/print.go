package web

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/copies"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/printout"
	"hsconnect/internal/web/kit"
)

// routesPrint are the rows of the one printed copy, and of looking after it.
func (s *site) routesPrint() []Route {
	const noMember = "who printed what by its number; it holds no member information"
	return []Route{
		{Method: http.MethodGet, Pattern: "/print/{kind}/{id}", Gate: Accepted, Permission: access.PrintCopy,
			Why: "says what would be printed, and which copies there are; it holds no member information", Audit: "nothing", Handle: s.printPage},
		{Method: http.MethodPost, Pattern: "/print/{kind}/{id}", Gate: Accepted, Permission: access.PrintCopy, Purpose: access.Treatment,
			Audit: "disclosure, copy and record entry", Shows: true, Handle: s.printCopy},
		{Method: http.MethodGet, Pattern: copiesPath, Gate: Accepted, Side: access.Plan, Permission: access.ReadDisclosures, Why: noMember, Audit: "nothing", Handle: s.copiesPage},
		{Method: http.MethodGet, Pattern: copiesPath + "/{copy}", Gate: Accepted, Side: access.Plan, Permission: access.ReadDisclosures, Why: noMember, Audit: "nothing", Handle: s.copyPage},
		{Method: http.MethodPost, Pattern: copiesPath + "/{copy}", Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Audit: "record entry", Handle: s.reviewCopy},
	}
}

// copyLink leads from a page to the print of the one copy; without an address
// there is none for the reader.
type copyLink kit.CopyLink

// copyLink says where the copy of a thing is printed, and how many the
// organization has. ref stands in the address; thing is its name in the
// ledger of copies.
func (c *Call) copyLink(kind, ref, thing string) (copyLink, error) {
	if !c.Actor.Has(access.PrintCopy) {
		return copyLink{}, nil
	}
	n, err := c.site.Printout.GivenNow(c.Context(), c.Actor, kind, thing)
	return copyLink{Href: printPath(kind, ref), Given: n}, err
}

func printPath(kind, ref string) string { return "/print/" + kind + "/" + ref }

func (l copyLink) button() templ.Component {
	if l.Href == "" {
		return templ.NopComponent
	}
	return kit.PrintTheCopy(kit.CopyLink(l))
}

// documentCopy leads to the print of a document; how often it was printed is
// told there.
func (c *Call) documentCopy(d document.Document) templ.Component {
	if !c.Actor.Has(access.PrintCopy) || !c.Actor.Has(access.ReadDocuments) {
		return nil
	}
	return kit.PrintTheCopy(kit.CopyLink{Href: printPath(printout.Document, string(d.ID)), Small: true, Of: d.Name})
}

// printView is the page before the print.
type printView struct {
	item  printout.Item
	forIt access.Purpose // of an eligibility
	back  *kit.Link
	path  string
	token string
	alert string // why nothing was printed
	facts []kit.Fact
	given []kit.Row
	form  *Form
}

func (v printView) second() bool { return len(v.given) > 0 }

func (v printView) verb() string {
	if v.second() {
		return "Print copy " + strconv.Itoa(v.item.Given[len(v.item.Given)-1].No+1)
	}
	return "Print the one copy"
}

// printPage is GET /print/{kind}/{id}.
func (s *site) printPage(c *Call) error {
	f := NewForm(nil)
	f.Set("purpose", c.Query("purpose"))
	return s.showPrint(c, f, nil)
}

// showPrint says what would be printed, with a form that came back or with why
// it was not printed.
func (s *site) showPrint(c *Call, f *Form, conflict error) error {
	item, err := s.Printout.About(c.Context(), c.Actor, c.Path("kind"), c.Path("id"))
	if err != nil {
		return err
	}
	v := printView{item: item, form: f, path: printPath(item.Kind, item.Ref), token: f.Raw("token")}
	if item.Kind == printout.Eligibility {
		v.forIt = access.Purpose(f.Text("purpose"))
		if !v.forIt.Valid() {
			v.forIt = access.Treatment
		}
	}
	v.back = c.backFrom(item, v.forIt)
	if v.token == "" || conflict != nil {
		v.token = rand.Text()
	}
	v.facts = []kit.Fact{
		{Term: "What", Text: item.Title, Sub: item.Holds},
		{Term: "For", Text: orPlan(c.Actor.OrgName), Sub: "printed by " + c.Actor.Name},
		{Term: "On each page", Text: "Your organization, your name, the time, which copy it is, and a number by which it can be looked up."},
	}
	for _, g := range item.Given {
		v.given = append(v.given, c.copyRow(g, false))
	}
	status := 0
	if conflict != nil {
		v.alert, status = sentence(fault.Text(conflict)), http.StatusConflict
	}
	return c.Show(Page{Status: status, Title: "Print: " + item.Title, Section: sectionOf(item.Kind), Form: f, Body: printBody(v)})
}

// backFrom leads back to the page of what is printed.
func (c *Call) backFrom(item printout.Item, purpose access.Purpose) *kit.Link {
	switch item.Kind {
	case printout.Case, printout.Receipt:
		path := "/authorizations/" + item.Ref
		if c.Actor.Side == access.Plan {
			path = "/plan/cases/" + item.Ref
		}
		return &kit.Link{Text: "The request", Href: path}
	case printout.Document:
		return &kit.Link{Text: "The document", Href: "/documents/" + item.Ref}
	case printout.Eligibility:
		if m, on, ok := printout.ReadEligibilityRef(item.Ref); ok {
			query := url.Values{"on": {on.US()}, "purpose": {string(purpose)}}
			return &kit.Link{Text: "The member", Href: "/members/" + url.PathEscape(string(m)) + "?" + query.Encode()}
		}
	}
	return &kit.Link{Text: "Home", Href: "/"}
}

func sectionOf(kind string) string {
	if kind == printout.Eligibility {
		return "members"
	}
	return "authorizations"
}

// printCopy is POST /print/{kind}/{id}: the copy itself. Another than the first
// takes a reason and a fresh proof (V-09).
func (s *site) printCopy(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	o := printout.Order{Kind: c.Path("kind"), Ref: c.Path("id"), Token: f.Text("token"), Reason: f.Text("reason"), Purpose: access.Purpose(f.Text("purpose"))}
	if !o.Purpose.Valid() {
		o.Purpose = ""
	}
	if copies.Enough(o.Reason) {
		ok, err := c.Strong(f)
		if !ok {
			return err
		}
		o.Proven = true
	}
	p, err := s.Printout.Print(c.Context(), c.Actor, o)
	switch {
	case fault.Is(err, fault.Conflict):
		return s.showPrint(c, f, err)
	case fault.Is(err, fault.Invalid):
		err = f.Blame(err, Places(map[string][2]string{"reason": {"reason", "Why another copy is needed"}}))
		if err != nil {
			return err
		}
		return s.showPrint(c, f, nil)
	case err != nil:
		return err
	}
	return c.Send(File{Name: p.Name, Type: "application/pdf", Size: int64(len(p.PDF)), Body: bytes.NewReader(p.PDF)})
}

// copyRow tells a copy in a table; with its number as a link for those who
// look after copies.
func (c *Call) copyRow(g copies.Copy, linked bool) kit.Row {
	number := kit.Cell{Text: string(g.ID)}
	if linked {
		number.Href = copiesPath + "/" + string(g.ID)
	}
	return kit.Row{ID: "copy-" + string(g.ID), Cells: []kit.Cell{
		{Text: "Copy " + strconv.Itoa(g.No), Header: true}, number, {Text: g.Name}, {Text: c.Moment(g.At).Text}, {Text: orDash(g.Reason)},
	}}
}
