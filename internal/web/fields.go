package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/coverage"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/minimum"
	"hsconnect/internal/web/kit"
)

// Addresses of these pages.
const (
	fieldsPath    = "/plan/privacy/fields"
	changePath    = fieldsPath + "/change"
	proposalsPath = fieldsPath + "/proposals/"
	previewPath   = fieldsPath + "/preview"
)

// routesFields are the rows of the table of facts by role.
func (s *site) routesFields() []Route {
	row := func(method, pattern, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ManageFields, Why: why, Audit: audit, Handle: handle}
	}
	const noMember = "names of facts and roles; no fact of a member"
	preview := row(http.MethodPost, previewPath, "disclosure", "", s.previewMember)
	preview.Shows, preview.Purpose = true, access.Operations
	return []Route{
		row(http.MethodGet, fieldsPath, "nothing", noMember, s.fieldsPage),
		row(http.MethodGet, changePath, "nothing", noMember, s.changeFieldsPage),
		row(http.MethodPost, changePath, "the proposal's row", "", s.proposeFields),
		row(http.MethodGet, proposalsPath+"{id}", "nothing", noMember, s.proposalPage),
		row(http.MethodPost, proposalsPath+"{id}", "record entry", "", s.answerProposal),
		row(http.MethodGet, previewPath, "nothing", "a made-up member; no fact of a real one", s.previewPage),
		preview,
	}
}

// privacyWaits counts what waits on the pages of this slice for the plan's
// first page.
func (s *site) privacyWaits(c *Call, waits map[string]int) error {
	if c.Actor.Has(access.ManageFields) {
		open, _, err := s.Minimum.Proposals(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		waits[fieldsPath] = len(open)
	}
	if c.Actor.Has(access.ReviewPrivacy) {
		open, err := s.Glass.ToReview(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		waits[restrictionsPath] = len(open)
	}
	return nil
}

// fieldsView is the table, what waits and what was.
type fieldsView struct {
	done    string
	purpose access.Purpose
	tabs    []kit.TabLink
	version string
	table   kit.Table
	open    []kit.Row
	past    []kit.Row
}

// purposeOf reads a purpose from an address or a form; what is none is
// treatment.
func purposeOf(text string) access.Purpose {
	p := access.Purpose(text)
	if !p.Valid() {
		return access.Treatment
	}
	return p
}

func (s *site) fieldsPage(c *Call) error {
	m, err := s.Minimum.Matrix(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	open, answered, err := s.Minimum.Proposals(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := fieldsView{purpose: purposeOf(c.Query("purpose")), done: fieldsDone(c.Query("done")), version: versionWords(m.Version)}
	for _, p := range minimum.Purposes() {
		v.tabs = append(v.tabs, kit.TabLink{Text: capital(p.Words()), Href: fieldsPath + "?purpose=" + string(p), Current: p == v.purpose})
	}
	v.table = matrixTable(m, v.purpose)
	for _, p := range open {
		v.open = append(v.open, c.proposalRow(p))
	}
	for _, p := range answered {
		v.past = append(v.past, c.proposalRow(p))
	}
	return c.Show(Page{Title: "Facts by role", Section: "facts by role", Wide: true, Body: fieldsBody(v)})
}

func fieldsDone(word string) string {
	switch word {
	case "proposed":
		return "Proposed. It counts once somebody else who may change this table has approved it."
	case string(minimum.Approved):
		return "Approved. The table counts with the next request."
	case string(minimum.Refused):
		return "Refused. The table stays as it is."
	case string(minimum.Withdrawn):
		return "Withdrawn. The table stays as it is."
	}
	return ""
}

func versionWords(v int64) string {
	if v == 0 {
		return "as shipped"
	}
	return "version " + strconv.FormatInt(v, 10)
}

// matrixTable is the facts as rows and the roles as columns.
func matrixTable(m minimum.Matrix, p access.Purpose) kit.Table {
	t := kit.Table{Caption: "Facts about a member that each role is shown for " + p.Words(), HideCaption: true, Columns: []kit.Column{{Text: "Fact", Wide: true}}}
	for _, r := range minimum.Roles() {
		t.Columns = append(t.Columns, kit.Column{Text: capital(string(r))})
	}
	for _, f := range access.Fields() {
		row := kit.Row{Cells: []kit.Cell{{Text: capital(string(f)), Header: true}}}
		for _, r := range minimum.Roles() {
			row.Cells = append(row.Cells, matrixCell(m, r, p, f))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func matrixCell(m minimum.Matrix, r access.Role, p access.Purpose, f access.Field) kit.Cell {
	ok, _ := access.Ceiling(r, f)
	switch {
	case !ok:
		return kit.Cell{Text: "never", Muted: true}
	case m.Shows(r, p, f):
		return kit.Cell{Text: "shown", Strong: true}
	}
	return kit.Cell{Text: "not shown", Muted: true}
}

func (c *Call) proposalRow(p minimum.Proposal) kit.Row {
	at, state := p.At, "Waits for another person"
	switch {
	case p.Answer != minimum.Waiting:
		at = p.AnswerAt
		state = capital(string(p.Answer)) + " by " + p.AnswerName
		if p.Version > 0 {
			state += ", " + versionWords(p.Version)
		}
	case p.Stale:
		state = "The table has changed since"
	}
	return kit.Row{Cells: []kit.Cell{
		{Text: proposalTitle(p), Sub: changesInWords(p.Changes), Href: proposalsPath + string(p.ID), Header: true},
		{Text: p.Reason}, {Text: p.Name}, {Text: state}, {Text: c.Moment(at).Text, Muted: true},
	}}
}

func proposalTitle(p minimum.Proposal) string {
	if len(p.Changes) == 0 {
		return "Proposal"
	}
	title := capital(string(p.Changes[0].Role)) + " for "
	if len(p.Changes) == len(minimum.Purposes()) {
		return title + "every purpose"
	}
	for i, ch := range p.Changes {
		if i > 0 {
			title += " and "
		}
		title += ch.Purpose.Words()
	}
	return title
}

// changesInWords says what a proposal does, once where it does the same for
// several purposes.
func changesInWords(changes []minimum.Change) string {
	out := ""
	for i, ch := range changes {
		if i > 0 && ch.Words() == changes[i-1].Words() {
			continue
		}
		if out != "" {
			out += "; "
		}
		out += ch.Words()
	}
	return out
}

// changeView is the form of a proposal.
type changeView struct {
	form     *Form
	role     access.Role
	chosen   bool // a role: the facts are offered
	version  string
	roles    []kit.Option
	purposes []kit.Option
	facts    []kit.Option
	never    []kit.Fact // facts that the role never sees, with the reason
}

func (s *site) changeFieldsPage(c *Call) error {
	f := NewForm(url.Values{"role": {c.Query("role")}, "purpose": {c.Query("purpose")}})
	return s.showChange(c, f, false)
}

const everyPurpose = "every"

func (s *site) showChange(c *Call, f *Form, back bool) error {
	m, err := s.Minimum.Matrix(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := changeView{form: f, role: access.Role(f.Text("role")), version: strconv.FormatInt(m.Version, 10)}
	if back {
		v.version = f.Raw("version")
	}
	v.roles = append(v.roles, kit.Option{Value: "", Text: "Choose"})
	for _, r := range minimum.Roles() {
		v.chosen = v.chosen || r == v.role
		v.roles = append(v.roles, kit.Option{Value: string(r), Text: capital(string(r))})
	}
	v.roles = f.Choose("role", "", v.roles)
	for _, p := range minimum.Purposes() {
		v.purposes = append(v.purposes, kit.Option{Value: string(p), Text: capital(p.Words())})
	}
	v.purposes = f.Choose("purpose", everyPurpose, append(v.purposes, kit.Option{Value: everyPurpose, Text: "Every purpose"}))
	if v.chosen {
		shown := m.Of(v.role, purposeOf(f.Text("purpose")))
		for _, x := range access.Fields() {
			ok, why := access.Ceiling(v.role, x)
			if !ok {
				v.never = append(v.never, kit.Fact{Term: capital(string(x)), Text: sentence(why)})
				continue
			}
			o := kit.Option{Value: string(x), Text: capital(string(x)), Selected: slices.Contains(shown, x)}
			if back {
				o.Selected = slices.Contains(f.All("fields"), string(x))
			}
			if access.Floor(v.role, x) {
				o.Hint = "The role cannot work without it."
			}
			v.facts = append(v.facts, o)
		}
	}
	return c.Show(Page{Title: "Propose a change", Section: "facts by role", Form: f, Body: changeFieldsBody(v)})
}

func (s *site) proposeFields(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	w := minimum.Wish{Role: access.Role(f.Text("role")), Version: f.Version(), Reason: f.Text("reason")}
	if f.Text("purpose") == everyPurpose {
		w.Purposes = minimum.Purposes()
	} else if f.Text("purpose") != "" {
		w.Purposes = []access.Purpose{access.Purpose(f.Text("purpose"))}
	}
	for _, x := range f.All("fields") {
		w.Fields = append(w.Fields, access.Field(x))
	}
	_, err = s.Minimum.Propose(c.Context(), c.Actor, w)
	if err == nil {
		return c.Done(fieldsPath, "proposed")
	}
	if fault.Is(err, fault.Conflict) {
		f.Fail("", "", fault.Text(err))
	} else {
		err = f.Blame(err, Places(map[string][2]string{"role": {"role", "Role"}, "purpose": {"purpose", "Purpose"}, "fields": {"fields", "Facts"}, "reason": {"reason", "Reason"}}))
		if err != nil {
			return err
		}
	}
	return s.showChange(c, f, true)
}

// proposalView is one proposal with what it would change.
type proposalView struct {
	id      string
	form    *Form
	facts   []kit.Fact
	diff    []kit.Row
	waits   bool
	own     bool
	stale   bool
	problem string
}

func (s *site) proposalPage(c *Call) error { return s.showProposal(c, NewForm(nil), nil) }

func (s *site) showProposal(c *Call, f *Form, conflict error) error {
	ref, err := id.Parse[minimum.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	p, err := s.Minimum.Proposal(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	v := proposalView{id: string(ref), form: f, waits: p.Answer == minimum.Waiting, own: p.Person == c.Actor.Person, stale: p.Stale}
	page := Page{Title: "Proposed change", Section: "facts by role", Form: f}
	if conflict != nil {
		v.problem, page.Status = sentence(fault.Text(conflict)), statusOf(fault.KindOf(conflict))
	}
	v.facts = []kit.Fact{
		{Term: "Proposed by", Text: p.Name, Sub: c.Moment(p.At).Text},
		{Term: "Reason", Text: p.Reason},
		{Term: "Made against", Text: capital(versionWords(p.Base))},
	}
	if !v.waits {
		v.facts = append(v.facts, kit.Fact{Term: capital(string(p.Answer)), Text: "by " + p.AnswerName + ", " + c.Moment(p.AnswerAt).Text, Sub: p.AnswerReason})
	}
	if p.Version > 0 {
		v.facts = append(v.facts, kit.Fact{Term: "Made", Text: capital(versionWords(p.Version))})
	}
	for _, ch := range p.Changes {
		for _, x := range ch.Added() {
			v.diff = append(v.diff, factDiff(ch, x, "not shown", "shown"))
		}
		for _, x := range ch.Removed() {
			v.diff = append(v.diff, factDiff(ch, x, "shown", "not shown"))
		}
	}
	page.Body = proposalBody(v)
	return c.Show(page)
}

func factDiff(ch minimum.Change, x access.Field, was, becomes string) kit.Row {
	return kit.Row{Cells: []kit.Cell{{Text: capital(string(x)), Header: true}, {Text: capital(string(ch.Role))}, {Text: ch.Purpose.Words()}, {Text: was}, {Text: becomes, Strong: true}}}
}

// answerProposal is POST /plan/privacy/fields/proposals/{id}: approve, refuse
// or withdraw. An approval is proven (V-09): it changes what people see.
func (s *site) answerProposal(c *Call) error {
	ref, err := id.Parse[minimum.ID](c.Path("id"))
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
	var answer minimum.Answer
	switch f.Text("answer") {
	case "approve":
		answer = minimum.Approved
		err = s.Minimum.Approve(c.Context(), c.Actor, ref)
	case "refuse":
		answer = minimum.Refused
		err = s.Minimum.Refuse(c.Context(), c.Actor, ref, f.Text("reason"))
	case "withdraw":
		answer = minimum.Withdrawn
		err = s.Minimum.Withdraw(c.Context(), c.Actor, ref)
	default:
		return errNotFound()
	}
	if err == nil {
		return c.Done(fieldsPath, string(answer))
	}
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Forbidden) {
		return s.showProposal(c, f, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"reason", "Reason"}}))
	if err != nil {
		return err
	}
	return s.showProposal(c, f, nil)
}

// previewView is what somebody of a role would see.
type previewView struct {
	form     *Form
	roles    []kit.Option
	purposes []kit.Option
	none     string
	made     bool // the member is made up
	title    string
	rows     []kit.Row
	mayReal  bool
}

func (s *site) previewPage(c *Call) error {
	f := NewForm(url.Values{"role": {c.Query("role")}, "purpose": {c.Query("purpose")}})
	m, err := s.Minimum.Matrix(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	role := access.Role(f.Text("role"))
	return s.showPreview(c, f, madeUp(role, m.Of(role, purposeOf(f.Text("purpose")))), true, nil)
}

// madeUp is a member who does not exist, as a role is shown her.
func madeUp(role access.Role, fields []access.Field) []kit.Row {
	facts := map[access.Field]string{
		access.FieldName: "Ada M. Example", access.FieldBirth: "2/29/1952", access.FieldMemberID: "XMP00000001", access.FieldGender: "female",
		access.FieldAddress: "1 Example Street, Springfield, NY 10001", access.FieldPhone: "212-555-0100", access.FieldLanguage: "English",
		access.FieldPlan: "Example Advantage Plus, contract H0000-001", access.FieldCoverage: "covered since 1/1/2026, group G1", access.FieldPCP: "Grace Example, MD",
		access.FieldCopays: "specialist visit $35", access.FieldSpent: "deductible $120 of $500 used", access.FieldOther: "none known",
		access.FieldNeeded: "durable medical equipment: yes", access.FieldRequests: "1 request, in review", access.FieldClaims: "1 claim, paid",
		access.FieldAmounts: "$84.20 paid", access.FieldMedicare: "1EX4-TE5-MP99",
	}
	return previewRows(role, func(f access.Field) string {
		if !slices.Contains(fields, f) {
			return ""
		}
		return facts[f]
	})
}

// previewRows tells for each fact whether the role is shown it, and how it
// reads; an empty text is a fact that is not shown.
func previewRows(role access.Role, text func(access.Field) string) []kit.Row {
	var rows []kit.Row
	for _, f := range access.Fields() {
		row := kit.Row{Cells: []kit.Cell{{Text: capital(string(f)), Header: true}, {Text: "not shown", Muted: true}, {Text: "—", Muted: true}}}
		if shown := text(f); shown != "" {
			row.Cells[1], row.Cells[2] = kit.Cell{Text: "shown", Strong: true}, kit.Cell{Text: shown}
		}
		if ok, why := access.Ceiling(role, f); !ok {
			row.Cells[1] = kit.Cell{Text: "never", Sub: why, Muted: true}
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *site) showPreview(c *Call, f *Form, rows []kit.Row, made bool, none error) error {
	m, err := s.Minimum.Matrix(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := previewView{form: f, made: made, rows: rows}
	for _, r := range c.Actor.Roles {
		v.mayReal = v.mayReal || len(m.Of(r, access.Operations)) > 0
	}
	page := Page{Title: "What a role sees", Section: "facts by role", Form: f}
	if none != nil {
		v.none, page.Status = sentence(fault.Text(none)), statusOf(fault.KindOf(none))
	}
	role := access.Role(f.Text("role"))
	for _, r := range minimum.Roles() {
		v.roles = append(v.roles, kit.Option{Value: string(r), Text: capital(string(r))})
		if r == role {
			v.title = "What the role " + string(r) + " sees for " + purposeOf(f.Text("purpose")).Words()
		}
	}
	if v.title == "" {
		v.rows = nil
	}
	v.roles = f.Choose("role", string(access.Viewer), v.roles)
	for _, p := range minimum.Purposes() {
		v.purposes = append(v.purposes, kit.Option{Value: string(p), Text: capital(p.Words())})
	}
	v.purposes = f.Choose("purpose", string(access.Treatment), v.purposes)
	page.Body = previewBody(v)
	return c.Show(page)
}

// previewMember is POST /plan/privacy/fields/preview: with a member named it
// is a look of the officer's own, and without one a made-up member answers.
func (s *site) previewMember(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	role, purpose := access.Role(f.Text("role")), purposeOf(f.Text("purpose"))
	if !slices.Contains(minimum.Roles(), role) {
		f.Fail("role", "Role", "Choose a role")
		return s.showPreview(c, f, nil, true, nil)
	}
	key := member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}
	if !f.OK() {
		return s.showPreview(c, f, nil, true, nil)
	}
	if key == (member.Key{}) {
		return c.Redirect(previewPath + "?role=" + url.QueryEscape(string(role)) + "&purpose=" + url.QueryEscape(string(purpose)))
	}
	got, err := s.Coverage.Preview(c.Context(), c.Actor, role, purpose, key)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return s.showPreview(c, f, nil, true, err)
	}
	if err != nil {
		err = f.Blame(err, Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}}))
		if err != nil {
			return err
		}
		return s.showPreview(c, f, nil, true, nil)
	}
	return s.showPreview(c, f, realRows(role, got), false, nil)
}

// realRows are a real member's facts: those that the officer may see too are
// told, of the others only that the role is shown them.
func realRows(role access.Role, p coverage.Preview) []kit.Row {
	m, sheet := p.Sheet.Member, p.Sheet
	return previewRows(role, func(f access.Field) string {
		if !slices.Contains(p.Role, f) {
			return ""
		}
		if !slices.Contains(sheet.Fields, f) {
			return "shown to the role, and not told here"
		}
		switch f {
		case access.FieldName:
			return m.Name()
		case access.FieldBirth:
			return m.Birth.US()
		case access.FieldMemberID:
			return m.Number
		case access.FieldGender:
			return orNone(m.Gender)
		case access.FieldAddress:
			return orNone(m.Street + " " + m.City + " " + m.State + " " + m.Zip)
		case access.FieldPhone:
			return orNone(m.Phone)
		case access.FieldLanguage:
			return orNone(m.Language)
		case access.FieldPlan:
			return orNone(sheet.Plan.Name)
		case access.FieldCoverage:
			if !sheet.Covered {
				return "not covered today"
			}
			return "covered since " + sheet.Span.From.US()
		case access.FieldPCP:
			return orNone(sheet.PCP.Name)
		case access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded, access.FieldRequests, access.FieldClaims, access.FieldAmounts, access.FieldMedicare:
		}
		return "shown to the role, and not told here"
	})
}

func orNone(text string) string {
	if text == "" {
		return "none known"
	}
	return text
}
