package web

import (
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/agreement"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

const agreementDraftPath = "/plan/agreements/draft"

// agreementsView is the list of versions.
type agreementsView struct {
	done     string
	next     []kit.Fact
	changed  bool
	versions []kit.Row
	username string // whose acceptances are asked for
	name     string
	none     string // why none are shown
	proofs   []kit.Row
}

// agreementsPage is GET /plan/agreements: the versions, how far the current
// one has got, the draft, and what one person has accepted.
func (s *site) agreementsPage(c *Call) error {
	people, known, err := c.whoMayAccept()
	if err != nil {
		return err
	}
	all, err := s.Agreements.Progress(c.Context(), c.Actor, people)
	if err != nil {
		return err
	}
	v := agreementsView{username: c.Query("username")}
	if c.Query("done") == "published" {
		v.done = "The new version is published. Everybody is asked to accept it at their next step."
	}
	for _, p := range all {
		v.versions = append(v.versions, c.versionRow(p, known))
	}
	v.next, v.changed, err = c.nextFacts()
	if err != nil {
		return err
	}
	if v.username != "" {
		err = c.findAcceptances(&v)
		if err != nil {
			return err
		}
	}
	return c.Show(Page{Title: "User agreement", Section: "agreements", Body: agreementsBody(v)})
}

// whoMayAccept gives everybody who may sign in and so has to accept; known
// is false when the actor may not see accounts.
func (c *Call) whoMayAccept() (people []id.Person, known bool, err error) {
	if !c.Actor.Has(access.ManageAccounts) {
		return nil, false, nil
	}
	all, err := c.site.Accounts.People(c.Context(), c.Actor)
	for _, p := range all {
		if p.State == account.Active {
			people = append(people, p.ID)
		}
	}
	return people, true, err
}

func (c *Call) versionRow(p agreement.Progress, known bool) kit.Row {
	number := strconv.Itoa(p.Number)
	waiting := "replaced"
	switch {
	case p.Current && known:
		waiting = strconv.Itoa(p.Waiting)
	case p.Current:
		waiting = "not known to you"
	}
	name := "Version " + number
	if p.Current {
		name += " (current)"
	}
	return kit.Row{Cells: []kit.Cell{
		{Text: name, Sub: p.Title, Href: "/agreement/" + number, Header: true},
		{Text: p.Effective.US()},
		{Text: c.Moment(p.PublishedAt).Text},
		{Text: strconv.Itoa(p.Accepted)},
		{Text: waiting, Muted: !p.Current},
	}}
}

// nextFacts tells how the draft stands.
func (c *Call) nextFacts() (facts []kit.Fact, changed bool, err error) {
	w, err := c.site.Agreements.Draft(c.Context(), c.Actor)
	if err != nil {
		return nil, false, err
	}
	diff, err := c.site.Agreements.Diff(c.Context(), c.Actor)
	if err != nil {
		return nil, false, err
	}
	saved := kit.Fact{Term: "Last saved", Text: "not yet: it starts as the text that comes with this release"}
	if w.Version > 0 {
		saved = kit.Fact{Term: "Last saved", Text: c.Moment(w.At).Text, Sub: "by " + w.ByName}
	}
	state := "says the same as the current version"
	if diff.Any() {
		state = "differs from the current version"
	}
	return []kit.Fact{{Term: "The draft", Text: capital(state)}, saved}, diff.Any(), nil
}

func (c *Call) findAcceptances(v *agreementsView) error {
	p, err := c.site.Accounts.Find(c.Context(), c.Actor, v.username)
	if fault.Is(err, fault.NotFound) {
		v.none = "There is no account with this username. Type the whole username, as its owner signs in with it."
		return nil
	}
	if err != nil {
		return err
	}
	all, err := c.site.Agreements.AcceptancesOf(c.Context(), c.Actor, p.ID)
	if err != nil {
		return err
	}
	v.name, v.proofs = p.Name, c.acceptanceRows(all)
	if len(all) == 0 {
		v.none = p.Name + " has accepted nothing yet."
	}
	return nil
}

// acceptanceRows lists acceptances for staff, each leading to its proof, with
// the columns Version, Accepted, For.
func (c *Call) acceptanceRows(all []agreement.Accepted) []kit.Row {
	rows := make([]kit.Row, len(all))
	for i, a := range all {
		rows[i] = kit.Row{Cells: []kit.Cell{
			{Text: "Version " + strconv.Itoa(a.Number), Href: "/plan/agreements/acceptances/" + string(a.ID), Header: true},
			{Text: c.Moment(a.At).Text},
			{Text: a.OrgName},
		}}
	}
	return rows
}

// certificateCell leads from a row of one's own acceptances to the
// certificate of that version.
func certificateCell(version int) kit.Cell {
	number := strconv.Itoa(version)
	return kit.Cell{Body: certificateLink("/agreement/"+number+"/certificate", "version "+number)}
}

// certificateView is an acceptance as it is proved.
type certificateView struct {
	proof  agreement.Proof
	facts  []kit.Fact
	shown  []kit.Fact // the text that was shown
	record []kit.Fact
	back   kit.Link
	plan   string
}

// ownCertificate is GET /agreement/{version}/certificate (E-03, E-04).
func (s *site) ownCertificate(c *Call) error {
	n, err := strconv.Atoi(c.Path("version"))
	if err != nil {
		return errNotFound()
	}
	p, err := s.Agreements.Certificate(c.Context(), c.Actor, n)
	if err != nil {
		return err
	}
	return c.showCertificate(p, kit.Link{Text: "your account", Href: "/account"}, "")
}

// acceptanceProof is GET /plan/agreements/acceptances/{id}.
func (s *site) acceptanceProof(c *Call) error {
	acceptance, err := id.Parse[id.Acceptance](c.Path("id"))
	if err != nil {
		acceptance = "" // who may not see any is told so all the same
	}
	p, err := s.Agreements.Prove(c.Context(), c.Actor, acceptance)
	if err != nil {
		return err
	}
	return c.showCertificate(p, kit.Link{Text: "the agreement", Href: "/plan/agreements"}, "agreements")
}

func (c *Call) showCertificate(p agreement.Proof, back kit.Link, section string) error {
	place, err := c.placeInRecord(p.Entry)
	if err != nil {
		return err
	}
	at := p.At.In(c.site.Zone)
	browser := kit.Fact{Term: "Browser", Text: or(browserName(p.Agent), "not known"), Sub: p.Agent}
	if browser.Text == p.Agent {
		browser.Sub = ""
	}
	v := certificateView{proof: p, back: back, plan: c.site.Plan.Name}
	v.facts = []kit.Fact{
		{Term: "Person", Text: p.Name}, {Term: "Username", Text: p.Username}, {Term: "Organization", Text: or(p.OrgName, "none")},
		{Term: "Time, UTC", Text: p.At.UTC().Format("2006-01-02 15:04:05.000000 UTC")},
		{Term: "Time at the plan", Text: at.Format("Monday, January 2, 2006, 3:04:05 PM MST")},
		{Term: "Button pressed", Text: p.Button, Sub: "page in " + p.Locale},
		{Term: "Network address", Text: or(p.Address, "not known"), Code: true},
		browser,
		{Term: "Session", Text: string(p.Session), Code: true},
	}
	v.shown = []kit.Fact{
		{Term: "Agreement", Text: p.Title, Sub: "Version " + strconv.Itoa(p.Number)},
		{Term: "In force from", Text: p.Effective.Long()},
		{Term: "SHA-256 of the text shown", Text: p.SHA256, Code: true},
	}
	if p.Holds {
		v.shown[2].Sub = "The text that is kept was hashed again for this certificate, with the same result."
	}
	v.record = []kit.Fact{
		{Term: "Acceptance", Text: string(p.ID), Code: true},
		{Term: "Entry of the official record", Text: string(p.Entry), Code: true},
		{Term: "Place in the record", Text: place},
	}
	return c.Show(Page{Title: "Certificate of acceptance", Section: section, Body: certificateBody(v), Print: &kit.PrintCopy{
		Copy: "Certificate of acceptance", Who: c.Actor.Name, When: c.Moment(c.Now()).Text, ID: string(p.ID),
	}})
}

// placeInRecord says where an entry stands, having checked that it does.
func (c *Call) placeInRecord(entry id.Entry) (string, error) {
	p, err := c.site.Record.Prove(c.Context(), entry)
	switch {
	case err == nil:
		return "number " + strconv.FormatInt(p.Index+1, 10) + " of " + strconv.FormatInt(p.Size, 10) + ", proved under the signed root", nil
	case fault.Is(err, fault.Unavailable):
		return "kept, and given its place within seconds", nil
	case fault.Is(err, fault.NotFound):
		return "missing: tell the HelpDesk", nil
	}
	return "", err
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
