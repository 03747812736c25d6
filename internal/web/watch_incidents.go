package web

import (
	"net/http"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/watch"
	"hsconnect/internal/web/kit"
)

// incidentsView is the list of incidents, open or reviewed.
type incidentsView struct {
	done  string
	chips []kit.Chip
	title string
	rows  []kit.Row
	empty kit.EmptyProps
}

func (s *site) incidentsPage(c *Call) error {
	open, err := s.Watch.List(c.Context(), c.Actor, watch.Open)
	if err != nil {
		return err
	}
	reviewed, err := s.Watch.List(c.Context(), c.Actor, watch.Closed)
	if err != nil {
		return err
	}
	closed := c.Query("show") == "reviewed"
	v := incidentsView{title: "Open incidents", empty: kit.EmptyProps{Title: "Nothing waits for a review",
		Text: "An incident opens when a rule fires, when somebody says that the password may be known, or when you report one on an account's page."}}
	all := open
	if closed {
		all = reviewed
		v.title, v.empty = "Reviewed incidents", kit.EmptyProps{Title: "Nothing was reviewed yet", Text: "Each incident stays here with its outcome and reason."}
	}
	for _, k := range all {
		v.rows = append(v.rows, c.incidentRow(k))
	}
	if c.Query("done") == "reviewed" {
		v.done = "The incident is reviewed."
	}
	v.chips = []kit.Chip{{Text: "Open", Href: incidentsPath, Count: len(open), On: !closed}, {Text: "Reviewed", Href: incidentsPath + "?show=reviewed", Count: len(reviewed), On: closed}}
	return c.Show(Page{Title: "Incidents", Section: "incidents", Body: incidentsBody(v)})
}

// incidentView is one incident.
type incidentView struct {
	id        string
	k         watch.Case
	person    account.Person
	form      *Form
	facts     []kit.Fact
	steps     []kit.Event
	mayReview string // why not, or ""
	mayRead   bool
	suspended bool // now
	outcomes  []kit.Option
	done      string
	stopped   string // since when look-ups are, or ""
	mayLet    string // why not, or ""
	letForm   *Form
	problems  []kit.Problem
}

func (s *site) incidentPage(c *Call) error { return s.showIncident(c, nil, nil, 0) }

// showIncident shows it with the form of its review, or of what lets look-ups
// go on, as it came back.
func (s *site) showIncident(c *Call, f, let *Form, status int) error {
	ref, err := id.Parse[watch.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	k, p, steps, err := s.Watch.Case(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	v := incidentView{id: string(ref), k: k, person: p, form: f, facts: c.incidentFacts(k, p), mayRead: c.Actor.Has(access.ReadDisclosures),
		suspended: p.State == account.Suspended}
	may := watch.MayReview(c.Actor)
	if may == nil && k.Person == c.Actor.Person {
		may = fault.New(fault.Forbidden, "This incident is about your own account. Somebody else reviews it")
	}
	if may != nil {
		v.mayReview = sentence(fault.Text(may))
	}
	for _, st := range steps {
		who := st.Name
		if strings.HasPrefix(string(st.Person), "system:") {
			who = "The portal"
		}
		v.steps = append(v.steps, kit.Event{At: c.Moment(st.At), Who: who, What: capital(string(st.Kind)), Detail: st.Reason})
	}
	v.outcomes = f.Choose("outcome", "", outcomeOptions())
	err = s.stoppedLookUps(c, &v)
	if err != nil {
		return err
	}
	shown := f
	if let != nil {
		v.letForm, shown = let, let
		v.problems = let.Problems()
	} else {
		v.problems = f.Problems()
	}
	return c.Show(Page{Status: status, Title: "Incident: " + string(k.Cause), Section: "incidents", Form: shown, Body: incidentBody(v)})
}

// stoppedLookUps says whether the account's look-ups are stopped, and who may
// let them go on.
func (s *site) stoppedLookUps(c *Call, v *incidentView) error {
	at, err := s.Watch.StoppedAt(c.Context(), c.Actor, v.k.Person)
	if err != nil {
		return err
	}
	if c.Query("done") == "let" {
		v.done = "Look-ups with this account go on."
	}
	if at.IsZero() {
		return nil
	}
	v.stopped = "since " + c.Moment(at).Text
	may := watch.MayLet(c.Actor)
	if may == nil && v.k.Person == c.Actor.Person {
		may = fault.New(fault.Forbidden, "These are your own look-ups. Somebody else lets them go on")
	}
	if may != nil {
		v.mayLet = sentence(fault.Text(may))
	}
	return nil
}

// letLookUps is POST /plan/incidents/{id}/let.
func (s *site) letLookUps(c *Call) error {
	ref, err := id.Parse[watch.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	k, _, _, err := s.Watch.Case(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	err = s.Watch.Let(c.Context(), c.Actor, k.Person, f.Text("why"))
	if err == nil {
		return c.Done(incidentsPath+"/"+string(ref), "let")
	}
	if fault.Is(err, fault.Conflict) { // somebody was first: what was typed stays
		f.Fail("why", "Why they may go on", fault.Text(err))
		return s.showIncident(c, nil, f, http.StatusConflict)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"why", "Why they may go on"}}))
	if err != nil {
		return err
	}
	return s.showIncident(c, nil, f, 0)
}

func (c *Call) incidentFacts(k watch.Case, p account.Person) []kit.Fact {
	did := "was not suspended by it"
	if k.Suspended {
		did = "was suspended by it"
	}
	return []kit.Fact{
		{Term: "Account", Text: p.Name, Sub: p.Username},
		{Term: "Works for", Text: orPlan(p.OrgName), Sub: rolesInWords(p.Roles)},
		{Term: "Opened", Text: c.Moment(k.Opened).Text},
		{Term: "The account", Text: did, Sub: "now: " + strings.ToLower(stateOf(p))},
	}
}

func orPlan(name string) string {
	if name == "" {
		return "The plan"
	}
	return name
}

func outcomeOptions() []kit.Option {
	hints := map[watch.Outcome]string{
		watch.FalseAlarm: "Nothing unusual: consider tuning the rule.",
		watch.Mistake:    "Unusual, but the owner's own and harmless.",
		watch.Secured:    "Somebody knew the password, and nobody else got in.",
		watch.Stranger:   "Somebody else got in. The owner chooses a new password first. Report a breach where members' information was seen.",
		watch.Misuse:     "By the owner. The account stays suspended.",
	}
	var out []kit.Option
	for _, o := range watch.Outcomes() {
		out = append(out, kit.Option{Value: string(o), Text: capital(string(o)), Hint: hints[o]})
	}
	return out
}

// reviewIncident is POST /plan/incidents/{id}.
func (s *site) reviewIncident(c *Call) error {
	ref, err := id.Parse[watch.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ok, err := c.Strong(f)
	if !ok {
		return err
	}
	err = s.Watch.Review(c.Context(), c.Actor, ref, watch.Outcome(f.Text("outcome")), f.Text("reason"), f.Has("reinstate"))
	if err == nil {
		return c.Done(incidentsPath, "reviewed")
	}
	err = f.Blame(err, Places(map[string][2]string{"outcome": {"outcome", "What the review found"}, "reason": {"reason", "Reason"}, "reinstate": {"reinstate", "Give the account back"}}))
	if err != nil {
		return err
	}
	return s.showIncident(c, f, nil, 0)
}

// openedView is what an account was used to look at.
type openedView struct {
	id    string
	facts []kit.Fact
	rows  []kit.Row
}

// openedMost is how many lines of the ledger one page shows.
const openedMost = 500

func (s *site) incidentOpenedPage(c *Call) error {
	ref, err := id.Parse[watch.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	rows, err := s.Watch.Opened(c.Context(), c.Actor, ref, openedMost)
	if err != nil {
		return err
	}
	v := openedView{id: string(ref)}
	members, networks, shown := map[id.Member]bool{}, map[string]bool{}, 0
	for _, r := range rows {
		networks[account.Network(r.Address)] = true
		if r.Outcome == disclosure.Shown {
			members[r.Member] = true
			shown++
		}
		v.rows = append(v.rows, c.openedRow(r))
	}
	v.facts = []kit.Fact{{Term: "Members", Text: strconv.Itoa(len(members))}, {Term: "Shown", Text: count(shown, "time", "times")}, {Term: "Networks", Text: strconv.Itoa(len(networks))}}
	if len(rows) == openedMost {
		v.facts = append(v.facts, kit.Fact{Term: "More", Text: "Only the newest " + strconv.Itoa(openedMost) + " lines are shown"})
	}
	return c.Show(Page{Title: "What was opened", Section: "incidents", Body: openedBody(v)})
}

func (c *Call) openedRow(r disclosure.Row) kit.Row {
	what, _, _ := strings.Cut(r.Subject, "/")
	words := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		words[i] = string(f)
	}
	ref := string(r.Member)
	if ref == "" {
		ref = "none"
	}
	return kit.Row{Cells: []kit.Cell{
		{Text: c.Moment(r.At).Text, Header: true}, {Text: capital(what), Sub: string(r.Outcome)}, {Text: ref}, {Text: strings.Join(words, ", "), Muted: true},
		{Text: r.Purpose.Words(), Muted: true}, {Text: account.Network(r.Address), Muted: true},
	}}
}

// rulesView is the rules, each with its form.
type rulesView struct {
	done    string
	form    *Form // of the rule that came back
	rules   []ruleView
	changes []kit.Row
	mayTune bool
}

// ruleView is one rule on the page.
type ruleView struct {
	watch.Rule

	m       watch.Meaning
	key     string // for ids
	form    *Form
	version string
	now     string
	changed string
}

// field gives a control of the rule: names are the same in every form of the
// page, ids are not.
func (r ruleView) field(name, label, hint, value string, width kit.Width) kit.Field {
	f := kit.Field{Name: name, ID: r.fieldID(name), Label: label, Hint: hint, Value: value, Width: width}
	if r.form == nil {
		return f
	}
	f.Value, f.Error = r.form.Raw(name), r.form.Error(name)
	return f
}

func (r ruleView) fieldID(name string) string { return "f-" + r.key + "-" + name }

func (r ruleView) checked(name string, now bool) bool {
	if r.form == nil {
		return now
	}
	return r.form.Has(name)
}

// problems leads the summary to the controls of this rule.
func (v rulesView) problems() []kit.Problem {
	var out []kit.Problem
	for _, r := range v.rules {
		if r.form == nil {
			continue
		}
		for _, p := range r.form.Problems() {
			if p.FieldID != "" {
				p.FieldID = r.fieldID(strings.TrimPrefix(p.FieldID, "f-"))
			}
			out = append(out, p)
		}
	}
	return out
}

func (s *site) rulesPage(c *Call) error { return s.showRules(c, "", nil) }

func (s *site) showRules(c *Call, name watch.Cause, f *Form) error {
	all, changes, err := s.Watch.Rules(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := rulesView{form: f, mayTune: c.Actor.Has(access.TuneRules)}
	if c.Query("done") == "tuned" {
		v.done = "The rule is changed, and works like that from now on."
	}
	for i, r := range all {
		rv := ruleView{Rule: r, m: r.Meaning(), key: "rule-" + strconv.Itoa(i+1), version: strconv.FormatInt(r.Version, 10), now: r.Words()}
		if r.Name == name {
			rv.form = f
		}
		if !r.Changed.IsZero() {
			rv.changed = "changed by " + r.ChangedName + ", " + c.Moment(r.Changed).Text + ": " + r.Reason
		}
		v.rules = append(v.rules, rv)
	}
	for _, ch := range changes {
		v.changes = append(v.changes, kit.Row{Cells: []kit.Cell{{Text: capital(string(ch.Rule)), Sub: ch.Reason, Header: true}, {Text: ch.Was}, {Text: ch.Became}, {Text: ch.Name}, {Text: c.Moment(ch.At).Text, Muted: true}}})
	}
	return c.Show(Page{Title: "Rules of automatic suspension", Section: "incidents", Form: f, Body: rulesBody(v)})
}

// tuneRule is POST /plan/incidents/rules: one rule.
func (s *site) tuneRule(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	r := watch.Rule{Name: watch.Cause(f.Raw("rule")), Enabled: f.Has("enabled"), Suspends: f.Has("suspends"), Version: f.Version()}
	r.Most = int(f.Int("most", "Most", "Give a whole number"))
	r.Minutes = int(f.Int("minutes", "Minutes", "Give whole minutes"))
	r.FromHour = int(f.Int("from", "From", "Give an hour from 0 to 23"))
	r.ToHour = int(f.Int("to", "To", "Give an hour from 0 to 23"))
	if f.OK() {
		ok, err := c.Strong(f)
		if !ok {
			return err
		}
		err = s.Watch.Tune(c.Context(), c.Actor, r, f.Text("reason"))
		if err == nil {
			return c.Done(rulesPath, "tuned")
		}
		err = f.Blame(err, Places(map[string][2]string{"most": {"most", "More than"}, "minutes": {"minutes", "Minutes"}, "from": {"from", "From"}, "to": {"to", "To"}, "reason": {"reason", "Reason"}}))
		if err != nil {
			return err
		}
	}
	return s.showRules(c, r.Name, f)
}

func incidentColumns() []kit.Column {
	return []kit.Column{{Text: "Incident", Wide: true}, {Text: "Account"}, {Text: "Opened"}, {Text: "Account was"}, {Text: "State"}}
}

func ruleNumber(f kit.Field) kit.Field {
	f.InputMode = "numeric"
	return f
}
