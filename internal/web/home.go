package web

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hsconnect/internal/access"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/privacy"
	"hsconnect/internal/review"
	"hsconnect/internal/watch"
	"hsconnect/internal/web/kit"
)

func noActor() access.Actor { return access.Actor{} }

// plainTyping is for usernames: nothing is put into capitals or corrected.
func plainTyping() templ.Attributes {
	return templ.Attributes{"autocapitalize": "none", "spellcheck": "false"}
}

// home is the first page: for nobody, for the plan, for an office.
func (s *site) home(c *Call) error {
	if c.lost != nil {
		return c.lost
	}
	if !c.SignedIn() {
		return c.Show(Page{Title: "Provider portal", Body: welcomeBody(s.Plan.Name, s.Plan.HelpDesk, welcomeNote(c.Query("done")))})
	}
	err := c.pass(Accepted)
	if err != nil {
		return err
	}
	if c.Actor.Side == access.Plan {
		return s.planFirst(c)
	}
	err = c.Actor.May(access.ViewRequests)
	if err != nil {
		return err
	}
	work, err := s.Priorauth.Home(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	view := c.homeView(work)
	err = s.homeNotices(c, &view)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Home", Section: "home", Body: homeBody(view)})
}

// planFirst leads the plan's reviewers to their work.
func (s *site) planFirst(c *Call) error {
	if c.Actor.Has(access.WorkCases) {
		return c.Redirect("/plan/worklist")
	}
	return s.plainPlanHome(c)
}

// plainPlanHome is for those at the plan who work no cases: what waits for
// them, and the pages that are theirs.
func (s *site) plainPlanHome(c *Call) error {
	waits := map[string]int{}
	if c.Actor.Has(access.SuspendAccess) {
		open, err := s.Watch.List(c.Context(), c.Actor, watch.Open)
		if err != nil {
			return err
		}
		waits["/plan/incidents"] = len(open)
	}
	if c.Actor.Has(access.ManageOrganizations) {
		calls, err := s.Admission.Calls(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		waits["/plan/organizations"] = len(calls)
	}
	err := s.privacyWaits(c, waits)
	if err != nil {
		return err
	}
	if c.Actor.Has(access.ImportData) {
		held, err := s.Intake.List(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		waits[importsPath] = len(waitingFiles(held))
	}
	if c.Actor.Has(access.ReviewPrivacy) {
		d, err := s.Privacy.Desk(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		for _, one := range d.Sorts {
			waits[privacyPath] += len(one.Items)
			if one.Name == privacy.SecondCopies {
				waits[copiesPath] = len(one.Items)
			}
		}
	}
	var rows []kit.Row
	for _, n := range append(c.nav("home"), kit.NavItem{Text: "Your account", Href: "/account"}, kit.NavItem{Text: "State of the service", Href: "/status"}) {
		what, ok := planPages()[n.Href]
		if !ok {
			continue
		}
		state := kit.Cell{Text: "Nothing waits", Muted: true}
		if waits[n.Href] > 0 {
			state = kit.Cell{Text: count(waits[n.Href], what.one, what.many), Strong: true}
		} else if what.one == "" {
			state = kit.Cell{Text: "—", Muted: true}
		}
		rows = append(rows, kit.Row{Cells: []kit.Cell{{Text: n.Text, Href: n.Href, Header: true}, {Text: what.about}, state}})
	}
	return c.Show(Page{Title: "Signed in", Section: "home", Body: plainPlanBody(c.Actor.Name, rolesInWords(c.Actor.Roles), rows)})
}

// planPage is what a page of the plan's is for, and what may wait there.
type planPage struct{ about, one, many string }

func planPages() map[string]planPage {
	return map[string]planPage{
		importsPath:           {"Files of members that were loaded, and those that wait for a second person", "file waits for a second person", "files wait for a second person"},
		"/plan/organizations": {"Who may use the portal: administrators, dates of leaving, identity providers", "office asks for an administrator", "offices ask for an administrator"},
		"/plan/accounts":      {"Find somebody, see the state of the account and why, and help", "", ""},
		"/plan/incidents":     {"Accounts that somebody else may be using: look, decide, and open them again", "open incident", "open incidents"},
		"/plan/privacy":       {"What waits for the privacy officer, what members ask for, the weekly review", "thing waits", "things wait"},
		"/plan/agreements":    {"The user agreement: versions, who accepted, the next one", "", ""},
		ledgerPath:            {"Who was shown what about whom, by person, organization, request or member", "", ""},
		copiesPath:            {"Who printed a sheet that was found, and second copies", "copy to review", "copies to review"},
		fieldsPath:            {"Which facts about a member each role sees, changed by two people", "proposal waits", "proposals wait"},
		restrictionsPath:      {"Members whose information takes a reason, and what was opened with one", "opening to review", "openings to review"},
		"/account":            {"Password, second factors, sessions, what you have accepted", "", ""},
		"/status":             {"Whether the portal works, and the official record", "", ""},
	}
}

func welcomeNote(done string) string {
	switch done {
	case "out":
		return "You are signed out. Close the browser if others use this computer."
	case "everywhere":
		return "You are signed out in every browser."
	}
	return ""
}

// homeView is the office's first page.
type homeView struct {
	title, sub       string
	act, due, drafts []kit.Task
	decided          []kit.Row
	decidedCount     int
	changed          changedView
	mayLookUp        bool
	maySubmit        bool
	mayRequests      bool
}

func (c *Call) homeView(h priorauth.Home) homeView {
	v := homeView{
		title: c.greeting(), decidedCount: len(h.Decided),
		mayLookUp: c.Actor.Has(access.LookUpMember), maySubmit: c.Actor.Has(access.SubmitRequests), mayRequests: c.Actor.Has(access.ViewRequests),
	}
	for _, r := range h.Act {
		v.act = append(v.act, c.task(r, "Answer the plan’s question", "Question", "chat"))
	}
	for _, r := range h.Due {
		t := c.task(r, r.Service, "", "")
		t.Status = statusView(r.Status, access.Office)
		v.due = append(v.due, t)
	}
	for _, d := range h.Drafts {
		at := c.Moment(d.SavedAt)
		v.drafts = append(v.drafts, kit.Task{
			Who: d.Member.Name(), Href: "/authorizations/new?draft=" + string(d.ID), What: "Finish the request begun by " + d.ByName,
			Status: kit.Draft, When: &at,
		})
	}
	for _, d := range h.Decided {
		for i, line := range d.Lines {
			v.decided = append(v.decided, c.decidedRow(d.Summary, line, i == 0))
		}
	}
	v.sub = homeSummary(len(v.act), len(v.due), v.decidedCount)
	return v
}

func (c *Call) greeting() string {
	hour := c.Now().In(c.site.Zone).Hour()
	words := "Good evening"
	switch {
	case hour < 12:
		words = "Good morning"
	case hour < 18:
		words = "Good afternoon"
	}
	return words + ", " + c.Actor.Name
}

func homeSummary(act, due, decided int) string {
	parts := []string{"nothing to act on"}
	if act > 0 {
		parts[0] = count(act, "request waits", "requests wait") + " for you"
	}
	if due > 0 {
		parts = append(parts, count(due, "request", "requests")+" at the plan")
	}
	if decided > 0 {
		parts = append(parts, count(decided, "request", "requests")+" decided since you were here")
	}
	return capital(strings.Join(parts, " · "))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func (c *Call) task(r priorauth.Summary, what, kind, icon string) kit.Task {
	return kit.Task{Who: r.Name, Number: string(r.Number), Href: caseHref(r), What: what, Kind: kind, Icon: icon, Due: c.dueOf(r), Fresh: r.New}
}

func caseHref(r priorauth.Summary) string { return "/authorizations/" + string(r.Number) }

// decidedRow tells the decision on one line of a request, with its reason.
func (c *Call) decidedRow(r priorauth.Summary, line priorauth.CaseLine, first bool) kit.Row {
	at := c.Moment(r.Decided)
	number := kit.Cell{Text: string(r.Number), Href: caseHref(r), Sub: r.Name, Header: true}
	return kit.Row{Fresh: r.New && first, Cells: []kit.Cell{
		number,
		{Text: serviceOf(line), Sub: "asked: " + amount(line.Units, line.UnitKind, line.From, line.To)},
		{Body: decisionCell(lineStatus(line), authorized(line), reasonOf(line))},
		{Text: at.Text, Muted: true},
	}}
}

func serviceOf(l priorauth.CaseLine) string {
	if l.Name == "" {
		return l.Code
	}
	return l.Code + " " + l.Name
}

// lineStatus gives what was decided about one line in the words of requests.
// A line that is not decided has none.
func lineStatus(l priorauth.CaseLine) kit.Status {
	switch {
	case l.Decision == nil:
		return ""
	case l.Decision.Action == priorauth.Deny:
		return kit.Denied
	case l.Decision.Adverse(l.Line):
		return kit.PartlyApproved
	}
	return kit.Approved
}

// authorized tells what was granted of a line, or "".
func authorized(l priorauth.CaseLine) string {
	if l.Decision == nil || l.Decision.Action == priorauth.Deny {
		return ""
	}
	return amount(l.Decision.Units, l.UnitKind, l.Decision.From, l.Decision.To)
}

// reasonOf tells in words why a line got less than was asked, or "".
func reasonOf(l priorauth.CaseLine) string {
	if l.Decision == nil || l.Decision.Reason == "" {
		return ""
	}
	return review.ReasonName(l.Decision.Reason)
}

func homeTone(waiting int) kit.Tone {
	if waiting > 0 {
		return kit.Warning
	}
	return kit.Plain
}

func moreWaiting(v homeView) *kit.Link {
	return moreIf(len(v.act), "/authorizations?show=waiting", "All that wait for you")
}

func moreOpen(v homeView) *kit.Link {
	return moreIf(len(v.due), "/authorizations?show=open", "All open requests")
}

func moreDecided(v homeView) *kit.Link {
	return moreIf(v.decidedCount, "/authorizations?show=decided", "All decided requests")
}

func moreIf(n int, href, text string) *kit.Link {
	if n == 0 {
		return nil
	}
	return &kit.Link{Text: text, Href: href}
}
