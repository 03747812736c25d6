package kit

import "strconv"

// Audience says whose half of the portal a page belongs to.
type Audience int

// The audiences.
const (
	SignedOut Audience = iota // nobody is signed in: no sections, no search
	Office                    // a provider office
	PlanStaff                 // the plan's own people
)

// Chrome is everything around the body of a page.
type Chrome struct {
	Title    string // the page's own name, as in its h1
	Audience Audience
	Product  string // default "HSConnect"
	Plan     string // name of the plan
	Lang     string // default "en"
	Demo     bool   // says that all data are made up
	Problems int    // how many errors the page shows; the window title says so

	Nav      []NavItem
	Search   *Search
	Acting   *Acting
	Counters []Counter // messages, notices
	User     *User
	Session  *Session
	Help     HelpDesk
	Version  string
	Announce []Announcement // service status, maintenance, read-only

	Wide  bool       // use the whole width: worklist, case review
	Print *PrintCopy // set only on a page that may print itself: it holds no member information
	Copy  string     // address where the one copy of what the page shows is printed; empty where there is none
	Keys  []Key      // shortcuts of this page, beside those that always hold
}

// NavItem is one section in the row under the header.
type NavItem struct {
	Text    string
	Href    string
	Current bool
	Count   int // shown when above zero
}

// OfficeNav is the sections of an office, with current marked. Current is
// one of home, members, panel, authorizations, claims, messages, providers, people, help.
func OfficeNav(current string) []NavItem {
	return nav(current,
		"Home", "/", "Members", "/members", "Panel", "/panel", "Authorizations", "/authorizations", "Claims", "/claims",
		"Messages", "/messages", "Providers", "/providers", "People", "/office", "Help", "/help")
}

// PlanNav is the sections of the plan's people, with current marked. Current
// is one of home, worklist, providers, policies, letters, organizations,
// accounts, incidents, agreements, privacy, ledger, facts by role, restrictions,
// copies, imports, reports, record, help. Nobody may open them all: nine is the most.
func PlanNav(current string) []NavItem {
	return nav(current,
		"Home", "/plan", "Worklist", "/plan/worklist", "Providers", "/providers", "Policies", "/plan/policies", "Letters", "/plan/letters",
		"Organizations", "/plan/organizations", "Accounts", "/plan/accounts", "Incidents", "/plan/incidents", "Agreements", "/plan/agreements", "Privacy", "/plan/privacy", "Ledger", "/plan/privacy/ledger",
		"Facts by role", "/plan/privacy/fields", "Restrictions", "/plan/privacy/restrictions", "Copies", "/plan/copies",
		"Imports", "/plan/imports", "Reports", "/plan/reports", "Record", "/plan/record", "Help", "/help")
}

func nav(current string, pairs ...string) []NavItem {
	out := make([]NavItem, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, NavItem{Text: pairs[i], Href: pairs[i+1], Current: slug(pairs[i]) == slug(current)})
	}
	return out
}

// Search is the field in the header that takes an authorization number.
type Search struct {
	Action string // default "/authorizations"; sent by GET
	Name   string // default "number"
	Label  string // default "Authorization number"
	Value  string
}

// Acting is the organization a person works for at the moment.
type Acting struct {
	Name       string // "Riverside Cardiology"
	Detail     string // "TIN 12-3456789"
	SwitchHref string // set when the person has more than one
}

// Counter is a place with something waiting in it.
type Counter struct {
	Text  string // "Messages"
	Href  string
	Icon  string // default "mail"
	Count int    // unread
}

// User is the person signed in.
type User struct {
	Name    string
	Role    string // "Referral clerk", "Nurse reviewer"
	Href    string // default "/account"
	SignOut string // default "/logout"; sent by POST
}

// Session lets the page warn before a session ends.
type Session struct {
	Seconds int    // until the session ends, counted when the page was made
	Extend  string // POST here keeps it; the answer is JSON {"seconds": n}
	SignIn  string // default "/login"; gets ?next= with the page and field
}

// HelpDesk is how to reach people, as configured by the plan.
type HelpDesk struct {
	Name    string // "HelpDesk"
	Address string
	Phone   string
	Email   string
	Hours   string
}

// Announcement is a line above the header for everybody.
type Announcement struct {
	Tone Tone
	Text string
	Link *Link
	Do   *Link // a button that sends a form there
}

// PrintCopy marks a page that may print itself, and is its mark on paper.
type PrintCopy struct {
	Copy string // "Certificate of acceptance"
	Who  string
	When string
	ID   string // what it can be looked up by
}

// CopyLink leads to the print of the one copy, and says whether there is one.
type CopyLink struct {
	Href  string
	Given int // copies that the reader's organization has
	Small bool
	Of    string // said after the text to screen readers, where a page has several
}

func (l CopyLink) text() string {
	switch l.Given {
	case 0:
		return "Print the one copy"
	case 1:
		return "Printed once: print another"
	}
	return "Printed " + strconv.Itoa(l.Given) + " times: print another"
}

// Key is one keyboard shortcut in the list that "?" opens.
type Key struct {
	Keys string // "t"
	Does string // "take this case"
}

func (c Chrome) product() string { return or(c.Product, "HSConnect") }

func (c Chrome) title() string {
	t := c.Title
	if c.Problems > 0 {
		t = plural(c.Problems, "problem", "problems") + " · " + t
	}
	if t == "" {
		return c.product()
	}
	return t + " · " + c.product()
}

func (c Chrome) bodyClass() string {
	kind := "hs-signed-out"
	switch c.Audience {
	case Office:
		kind = "hs-office"
	case PlanStaff:
		kind = "hs-plan"
	case SignedOut:
	}
	return classes(kind, when(c.Wide, "hs-wide"), when(c.Print != nil, "hs-printable"))
}

func (c Chrome) home() string {
	if c.Audience == PlanStaff {
		return "/plan"
	}
	return "/"
}

func (c Chrome) keys() []Key {
	base := []Key{{"/", "go to the search field"}, {"?", "show this list"}, {"Esc", "close this list"}}
	return append(append([]Key{}, c.Keys...), base...)
}

func (s *Session) seconds() string { return strconv.Itoa(s.Seconds) }

// telephone keeps what a tel: address may hold.
func telephone(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' || s[i] == '+' && len(out) == 0 {
			out = append(out, s[i])
		}
	}
	return string(out)
}
