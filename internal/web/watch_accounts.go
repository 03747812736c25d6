package web

import (
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/code"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/watch"
	"hsconnect/internal/web/kit"
)

// accountsView is the search for accounts.
type accountsView struct {
	form  *Form
	found string // how many, in words
	rows  []kit.Row
}

// accountsPage is GET /plan/accounts: the search, and what it found.
func (s *site) accountsPage(c *Call) error {
	v := accountsView{form: NewForm(c.r.URL.Query())}
	if v.form.Has("text") {
		people, more, err := s.Accounts.Search(c.Context(), c.Actor, v.form.Text("text"))
		if err != nil {
			err = v.form.Blame(err, Places(map[string][2]string{"text": {"text", "Who"}}))
			if err != nil {
				return err
			}
		}
		for _, p := range people {
			v.rows = append(v.rows, c.personRow(p))
		}
		v.found = count(len(people), "account", "accounts")
		if more {
			v.found = "the first " + v.found + ": type more to find others"
		}
	}
	return c.Show(Page{Title: "Accounts", Section: "accounts", Form: v.form, Body: accountsBody(v)})
}

func (c *Call) personRow(p account.Person) kit.Row {
	org := p.OrgName
	if p.Side == access.Plan {
		org = "The plan"
	}
	last := "never"
	if !p.SignedIn.IsZero() {
		last = c.Moment(p.SignedIn).Text
	}
	return kit.Row{Cells: []kit.Cell{
		{Text: p.Name, Sub: p.Username, Href: accountsPath + "/" + string(p.ID), Header: true},
		{Text: org, Sub: rolesInWords(p.Roles)},
		{Text: stateOf(p), Sub: whyOf(p), Strong: p.State != account.Active},
		{Text: last, Muted: true},
	}}
}

func stateOf(p account.Person) string {
	if p.State == account.Active && p.MustChange {
		return "Active, new password due"
	}
	return capital(string(p.State))
}

func whyOf(p account.Person) string {
	if p.State == account.Active {
		return ""
	}
	return p.Cause.Words()
}

// accountFileView is one account, for those who help its owner.
type accountFileView struct {
	file  account.File
	id    string
	form  *Form
	done  string
	facts []kit.Fact

	mayLedger bool       // may read what was opened with it
	means     []kit.Fact // second factors and sign-in, in counts
	members   []kit.Row
	events    []kit.Row
	cases     []kit.Row
	actions   []kit.Option
}

func (s *site) accountFilePage(c *Call) error {
	person, err := id.Parse[id.Person](c.Path("person"))
	if err != nil {
		return errNotFound()
	}
	return s.showAccountFile(c, person, nil)
}

func (s *site) showAccountFile(c *Call, person id.Person, f *Form) error {
	file, err := s.Accounts.File(c.Context(), c.Actor, person)
	if err != nil {
		return err
	}
	cases, err := s.Watch.OfPerson(c.Context(), c.Actor, person)
	if err != nil {
		return err
	}
	v := accountFileView{file: file, id: string(person), form: f, done: accountDone(c.Query("done")), facts: c.fileFacts(file), means: meansOf(file), mayLedger: c.Actor.Has(access.ReadDisclosures)}
	for _, m := range file.Memberships {
		v.members = append(v.members, c.memberOfRow(m))
	}
	for _, e := range file.Events {
		v.events = append(v.events, c.staffEventRow(e, file.Actors))
	}
	for _, k := range cases {
		v.cases = append(v.cases, c.incidentRow(k))
	}
	v.actions = f.Choose("action", "", actionsFor(c.Actor, file))
	return c.Show(Page{Title: file.Name, Section: "accounts", Form: f, Body: accountFileBody(v)})
}

func (c *Call) fileFacts(f account.File) []kit.Fact {
	facts := []kit.Fact{{Term: "Username", Text: f.Username, Code: true}, {Term: "State", Text: stateOf(f.Person), Sub: whyOf(f.Person)}}
	if f.State != account.Active {
		facts = append(facts, kit.Fact{Term: "Reason", Text: f.Reason, Sub: "since " + c.Moment(f.Since).Text})
	}
	email := f.Email
	if email == "" {
		email = "none"
	}
	signedIn := "never"
	if !f.SignedIn.IsZero() {
		signedIn = c.Moment(f.SignedIn).Text
	}
	return append(facts, kit.Fact{Term: "E-mail", Text: email}, kit.Fact{Term: "Last signed in", Text: signedIn}, kit.Fact{Term: "Made", Text: c.Moment(f.Created).Text})
}

// meansOf tells in counts only with what the person signs in.
func meansOf(f account.File) []kit.Fact {
	app := "none"
	if f.Factors.TOTP {
		app = "one"
	}
	failed := count(int(f.Failures), "failure", "failures")
	if f.Shut {
		failed += ": shut until it is opened again"
	}
	return []kit.Fact{{Term: "Authenticator app", Text: app}, {Term: "Passkeys", Text: strconv.Itoa(len(f.Factors.Passkeys))},
		{Term: "Recovery codes left", Text: strconv.Itoa(f.Factors.Codes)}, {Term: "Open sessions", Text: strconv.FormatInt(f.Sessions, 10)},
		{Term: "Sign-in", Text: failed}}
}

func (c *Call) memberOfRow(m account.Membership) kit.Row {
	name, tin := m.OrgName, ""
	if m.Org == "" {
		name = "The plan"
	}
	if m.OrgTIN != "" {
		tin = "TIN " + code.TIN(m.OrgTIN).Hyphened()
	}
	used, why := "never", ""
	if !m.Used.IsZero() {
		used = c.Moment(m.Used).Text
	}
	if m.State != account.MemberActive {
		why = m.Reason
	}
	return kit.Row{Cells: []kit.Cell{{Text: name, Sub: tin, Header: true}, {Text: rolesInWords(m.Roles)}, {Text: capital(string(m.State)), Sub: why}, {Text: used, Muted: true}}}
}

func (c *Call) staffEventRow(e account.Event, actors map[id.Person]string) kit.Row {
	by := actors[e.Actor]
	switch {
	case e.Actor == "":
		by = "not known"
	case e.Actor == e.Person:
		by = "the owner"
	case strings.HasPrefix(string(e.Actor), "system:"):
		by = "the portal"
	}
	return kit.Row{Cells: []kit.Cell{
		{Text: capital(string(e.Kind)), Sub: e.Reason, Header: true}, {Text: c.Moment(e.At).Text}, {Text: by}, {Text: e.Address, Muted: true}, {Text: browserName(e.Agent), Muted: true},
	}}
}

// What staff can do to an account.
const (
	doSuspend   = "suspend"
	doReinstate = "reinstate"
	doSessions  = "sessions"
	doSecure    = "secure"
	doFactors   = "factors"
	doLink      = "link"
	doOpen      = "open"
	doCancel    = "cancel"
)

// actionsFor offers what makes sense in the account's state and what the
// actor's permission opens. The service judges again.
func actionsFor(who access.Actor, f account.File) []kit.Option {
	var out []kit.Option
	add := func(when bool, value, text, hint string) {
		if when {
			out = append(out, kit.Option{Value: value, Text: text, Hint: hint})
		}
	}
	open, manages := f.State == account.Active, who.Has(access.ManageAccounts)
	gives := f.Cause != account.OnSuspicion || watch.MayReview(who) == nil
	add(open, doSuspend, "Suspend the account", "At once: every session ends with its next request. It can be given back.")
	add(f.State == account.Suspended && gives, doReinstate, "Reinstate the account", "One that was suspended on suspicion is reviewed as an incident.")
	add(open, doSessions, "End all sessions", "The person signs in again. Drafts are kept.")
	add(open, doSecure, "Somebody may know the password", "Ends all sessions, requires a new password, opens an incident and tells the person by mail.")
	add(manages && open, doFactors, "Reset the second factors", "After you have made sure who calls. The person sets up new ones; you never see them.")
	add(manages && f.State != account.Closed && f.Email != "", doLink, "Send a link for a new password", "To "+f.Email+". It works once, for an hour.")
	add(manages && f.Failures > 0 && open, doOpen, "Open sign-in again", "Forgets the failed attempts.")
	add(f.State != account.Closed, doCancel, "Close the account for good", "It never opens again, and its username is never given to anybody else.")
	return out
}

// changeAccount is POST /plan/accounts/{person}: one action, with its reason.
func (s *site) changeAccount(c *Call) error {
	person, err := id.Parse[id.Person](c.Path("person"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	action := f.Text("action")
	if accountDone(action) == "" {
		f.Fail("action", "What to do", "Choose one of these")
	}
	if f.OK() {
		ok, err := c.Strong(f)
		if !ok {
			return err
		}
		err = s.doToAccount(c, person, action, f.Text("reason"))
		if err == nil {
			return c.Done(accountsPath+"/"+string(person), action)
		}
		if fault.Is(err, fault.Conflict) {
			f.Fail("action", "What to do", fault.Text(err))
			err = nil
		}
		err = f.Blame(err, Places(map[string][2]string{"reason": {"reason", "Reason"}}))
		if err != nil {
			return err
		}
	}
	return s.showAccountFile(c, person, f)
}

func (s *site) doToAccount(c *Call, person id.Person, action, reason string) (err error) {
	ctx, who := c.Context(), c.Actor
	switch action {
	case doSuspend:
		return s.Accounts.Suspend(ctx, who, person, reason)
	case doReinstate:
		return s.Accounts.Reinstate(ctx, who, person, reason)
	case doSessions:
		_, err = s.Accounts.EndSessions(ctx, who, person, reason)
	case doSecure:
		_, err = s.Watch.Report(ctx, who, person, reason)
	case doFactors:
		return s.Accounts.ResetFactors(ctx, who, person, reason)
	case doLink:
		return s.Accounts.StartReset(ctx, who, person, reason, func(token string) string { return s.link("/forgot/" + token) })
	case doOpen:
		return s.Accounts.Unlock(ctx, who, person, reason)
	case doCancel:
		return s.Accounts.Cancel(ctx, who, person, reason)
	default:
		return errNotFound()
	}
	return err
}

// accountDone says what was done, and "" for what is no action.
func accountDone(action string) string {
	switch action {
	case doSuspend:
		return "The account is suspended. Its sessions have ended."
	case doReinstate:
		return "The account is open again."
	case doSessions:
		return "Every session has ended."
	case doSecure:
		return "Every session has ended, and a new password is required. The incident is open."
	case doFactors:
		return "The second factors are reset. The person sets up new ones at the next sign-in."
	case doLink:
		return "A link is on its way to the person's mailbox, unless three that still work were sent before."
	case doOpen:
		return "Sign-in is open again."
	case doCancel:
		return "The account is closed for good."
	}
	return ""
}

// incidentRow is a case in a list.
func (c *Call) incidentRow(k watch.Case) kit.Row {
	state, sub := "Open", ""
	if k.State == watch.Closed {
		state, sub = capital(string(k.Outcome)), "reviewed by "+k.Reviewer
	}
	did := "left open"
	if k.Suspended {
		did = "suspended"
	}
	return kit.Row{ID: "incident-" + string(k.ID), Cells: []kit.Cell{
		{Text: capital(string(k.Cause)), Sub: k.Evidence, Href: incidentsPath + "/" + string(k.ID), Header: true},
		{Text: k.Username}, {Text: c.Moment(k.Opened).Text}, {Text: did}, {Text: state, Sub: sub, Strong: k.State == watch.Open},
	}}
}
