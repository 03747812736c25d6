package web

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/web/kit"
)

// Page is what Call.Show renders.
type Page struct {
	Status  int    // 0: 200, or 422 when Form has problems
	Title   string // as in the page's h1
	Section string // the section of the navigation: "authorizations"
	Body    templ.Component

	Form   *Form // a form that came back: its problems are counted in the window title
	Wide   bool  // uses the whole width
	Frames bool  // shows a document in a frame
	Keys   []kit.Key
	Print  *kit.PrintCopy
	Copy   string // where the one copy of what it shows is printed
	Search string // what stands in the search field of the header
}

// Show answers with a page, rendered whole before the first byte is sent.
func (c *Call) Show(p Page) error {
	chrome := c.chrome(p.Title, p.Section)
	chrome.Wide, chrome.Keys, chrome.Print, chrome.Copy = p.Wide, p.Keys, p.Print, p.Copy
	if chrome.Search != nil {
		chrome.Search.Value = p.Search
	}
	status := p.Status
	if p.Form != nil {
		chrome.Problems = len(p.Form.Problems())
	}
	if status == 0 {
		status = http.StatusOK
		if chrome.Problems > 0 {
			status = http.StatusUnprocessableEntity
		}
	}
	var page bytes.Buffer
	err := kit.Page(chrome, p.Body).Render(c.Context(), &page)
	if err != nil {
		return err
	}
	if p.Frames {
		c.w.Header().Set("Content-Security-Policy", policyFrames)
	}
	return c.write(status, "text/html; charset=utf-8", page.Bytes())
}

// chrome is what stands around a page for whoever is there.
func (c *Call) chrome(title, section string) kit.Chrome {
	ch := kit.Chrome{
		Title: title, Audience: kit.SignedOut, Plan: c.site.Plan.Name, Demo: c.site.Demo, Help: c.site.Plan.HelpDesk, Version: c.site.Version,
	}
	if !c.SignedIn() {
		return ch
	}
	ch.User = &kit.User{Name: c.Actor.Name, Role: rolesInWords(c.Actor.Roles)}
	if c.Session.ID != "" {
		ch.Session = &kit.Session{Seconds: c.secondsLeft(), Extend: "/session", SignIn: "/login"}
	}
	ch.Announce = slices.Concat(c.glassNotice(), c.leavingNotice(), c.nonUseNotice())
	ch.Audience = kit.PlanStaff
	if c.Actor.Side == access.Office {
		ch.Audience = kit.Office
		ch.Acting = &kit.Acting{Name: c.Actor.OrgName}
		if c.Actor.OrgTIN != "" {
			ch.Acting.Detail = "TIN " + code.TIN(c.Actor.OrgTIN).Hyphened()
		}
	}
	if c.accepted && c.due(Accepted) == nil {
		ch.Nav = c.nav(section)
		ch.Search = c.search()
		if ch.Acting != nil {
			ch.Acting.SwitchHref = c.switchHref()
		}
	}
	return ch
}

// secondsLeft is how long the session lasts without another request.
func (c *Call) secondsLeft() int {
	return max(0, int(c.Session.IdleUntil.Sub(c.Now()).Seconds()))
}

// nav keeps the sections that exist and that the actor may open.
func (c *Call) nav(section string) []kit.NavItem {
	items := kit.OfficeNav(section)
	if c.Actor.Side == access.Plan {
		items = kit.PlanNav(section)
	}
	var out []kit.NavItem
	for _, n := range items {
		rt, ok := c.site.find(n.Href)
		if ok && (rt.Permission == "" || c.Actor.Has(rt.Permission)) && (rt.Side == 0 || rt.Side == c.Actor.Side) {
			out = append(out, n)
		}
	}
	return out
}

func (c *Call) search() *kit.Search {
	switch {
	case c.Actor.Side == access.Office && c.Actor.Has(access.ViewRequests):
		return &kit.Search{}
	case c.Actor.Side == access.Plan && c.Actor.Has(access.WorkCases):
		return &kit.Search{Action: "/plan/worklist"}
	}
	return nil
}

// find gives the row of a page by its plain address.
func (s *site) find(path string) (Route, bool) {
	for _, rt := range s.table {
		if rt.Method == http.MethodGet && (rt.Pattern == path || path == "/" && rt.Pattern == "/{$}") {
			return rt, true
		}
	}
	return Route{}, false
}

func rolesInWords(roles []access.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return capital(strings.Join(words, ", "))
}

// capital starts a text with a capital letter.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// uncapital lets a text go on after a colon; an abbreviation stays as it is.
func uncapital(text string) string {
	if len(text) < 2 || text[1] >= 'A' && text[1] <= 'Z' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
