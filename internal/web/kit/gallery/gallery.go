// Package gallery renders a sample of every kind of page with made-up
// content, so that the kit can be looked at and checked without a portal. It
// promises that each sample uses the kit as the real pages do; nothing in
// the product imports it.
package gallery

import (
	"time"

	"github.com/a-h/templ"

	"hsconnect/internal/web/kit"
)

// Sample is one page by the name of its file.
type Sample struct {
	Name string
	Page templ.Component
}

// eastern is fixed, so that samples do not need a zone database.
var eastern = time.FixedZone("EST", -5*60*60)

func now() time.Time { return time.Date(2026, 11, 23, 14, 10, 0, 0, eastern) }

func ago(d time.Duration) kit.Moment { return kit.MomentAt(now().Add(-d), now(), eastern) }

func momentIn(d time.Duration) *kit.Moment {
	m := kit.MomentAt(now().Add(d), now(), eastern)
	return &m
}

const day = 24 * time.Hour

// due makes a due time from how long ago it started and how long it has.
func due(since, left time.Duration) *kit.Due {
	d := kit.DueAt(now().Add(-since), now().Add(left), now(), eastern)
	return &d
}

// Samples gives all pages.
func Samples() []Sample {
	return []Sample{
		{"home", kit.Page(office("Home", "home"), home())},
		{"home-empty", kit.Page(office("Home", "home"), homeEmpty())},
		{"member", kit.Page(office("Eleanor Whitfield-Castellanos", "members"), member(covered()))},
		{"member-not-covered", kit.Page(office("Member", "members"), member(notCovered()))},
		{"lookup", kit.Page(office("Look up a member", "members"), lookup())},
		{"new", kit.Page(problems(office("New authorization request", "authorizations"), 4), newRequest(true))},
		{"new-clean", kit.Page(office("New authorization request", "authorizations"), newRequest(false))},
		{"case", kit.Page(office("Authorization A26-114-2093-7", "authorizations"), casePage())},
		{"conflict", kit.Page(office("New authorization request", "authorizations"), conflict())},
		{"receipt", kit.Page(office("Request received", "authorizations"), receipt())},
		{"list", kit.Page(office("Authorizations", "authorizations"), list())},
		{"worklist", kit.Page(worklistChrome(), worklist())},
		{"review", kit.Page(reviewChrome(), review())},
		{"login", kit.Page(signedOut("Sign in"), login(false))},
		{"login-failed", kit.Page(problems(signedOut("Sign in"), 1), login(true))},
		{"agreement", kit.Page(signedOut("User agreement"), agreement())},
		{"not-found", kit.Page(office("Not found", ""), notFound())},
		{"print", kit.Page(printChrome(), receipt())},
		{"parts", kit.Page(office("Parts", ""), parts())},
	}
}

func desk() kit.HelpDesk {
	return kit.HelpDesk{
		Name: "HelpDesk", Phone: "1-800-555-0142", Email: "helpdesk@example.org",
		Hours: "Mon–Fri 8 AM–6 PM ET", Address: "400 Example Street, Springfield",
	}
}

func office(title, section string) kit.Chrome {
	return kit.Chrome{
		Title: title, Audience: kit.Office, Plan: "Sample Health Advantage", Demo: true,
		Nav: kit.OfficeNav(section), Search: &kit.Search{},
		Acting: &kit.Acting{Name: "Riverside Cardiology", Detail: "TIN 12-3456789", SwitchHref: "/account/acting"},
		Counters: []kit.Counter{
			{Text: "Messages", Href: "/messages", Count: 3},
			{Text: "Notices", Href: "/notices", Icon: "notifications"},
		},
		User:    &kit.User{Name: "Dana Okafor", Role: "Referral clerk"},
		Session: &kit.Session{Seconds: 900, Extend: "/session"},
		Help:    desk(), Version: "0.1.0",
	}
}

func problems(c kit.Chrome, n int) kit.Chrome {
	c.Problems = n
	return c
}

func staff(title, section string) kit.Chrome {
	return kit.Chrome{
		Title: title, Audience: kit.PlanStaff, Plan: "Sample Health Advantage", Demo: true, Wide: true,
		Nav:      kit.PlanNav(section),
		Search:   &kit.Search{Action: "/plan/worklist"},
		Counters: []kit.Counter{{Text: "Messages", Href: "/messages", Count: 12}},
		User:     &kit.User{Name: "Marisol Vega, RN", Role: "Nurse reviewer"},
		Session:  &kit.Session{Seconds: 900, Extend: "/session"},
		Help:     desk(), Version: "0.1.0",
	}
}

func worklistChrome() kit.Chrome {
	c := staff("Worklist", "worklist")
	c.Keys = []kit.Key{{Keys: "j / k", Does: "next, previous case"}, {Keys: "Enter", Does: "open the case"}, {Keys: "t", Does: "take the case"}}
	c.Announce = []kit.Announcement{{Tone: kit.Warning, Text: "Maintenance on Sunday, Nov 29, 2 AM to 4 AM ET: read-only for two hours.", Link: &kit.Link{Text: "Status", Href: "/status"}}}
	return c
}

func reviewChrome() kit.Chrome { return staff("A26-114-2093-7", "worklist") }

func signedOut(title string) kit.Chrome {
	return kit.Chrome{Title: title, Plan: "Sample Health Advantage", Demo: true, Help: desk(), Version: "0.1.0"}
}

func printChrome() kit.Chrome {
	c := office("Certificate of acceptance", "")
	c.Print = &kit.PrintCopy{Copy: "Certificate of acceptance", Who: "Dana Okafor", When: ago(0).Text, ID: "01jdbq3h6m2t9v8x7c5b4a3z21"}
	return c
}
