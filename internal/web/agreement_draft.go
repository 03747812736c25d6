package web

import (
	"net/http"
	"net/url"
	"strconv"

	"hsconnect/internal/agreement"
	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
	"hsconnect/internal/web/kit"
)

// agreementDraftView is the draft in one of its three views.
type agreementDraftView struct {
	show     string // "write", "preview" or "changes"
	tabs     []kit.TabLink
	version  string
	done     string
	saved    string
	form     *Form
	conflict *kit.ConflictProps
	between  []kit.Row // of a conflict: from their text to the one that was typed
	moved    string    // why publishing did not happen
	fields   []kit.Fact

	wrong   []string // what keeps it from being published
	preview agreement.Preview
	people  string // how many are asked to accept: "12 people"

	changes agreement.Changes
	heads   []kit.Fact
	rows    []kit.Row
}

// agreementDraftPage is GET /plan/agreements/draft.
func (s *site) agreementDraftPage(c *Call) error {
	v := agreementDraftView{show: c.Query("show")}
	switch c.Query("done") {
	case "saved":
		v.done = "The draft is saved. Nobody is shown it before it is published."
	case "restarted":
		v.done = "The draft is the text that comes with this release."
	}
	return c.showAgreementDraft(0, v)
}

// showAgreementDraft completes the view and shows it.
func (c *Call) showAgreementDraft(status int, v agreementDraftView) error {
	w, err := c.site.Agreements.Draft(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	if v.show != "preview" && v.show != "changes" {
		v.show = "write"
	}
	v.version = strconv.FormatInt(w.Version, 10)
	v.tabs = draftTabs(v.show)
	v.saved = "Not saved yet: this is the text that comes with this release"
	if w.Version > 0 {
		v.saved = "Saved " + c.Moment(w.At).Text + " by " + w.ByName
	}
	switch v.show {
	case "preview":
		err = c.fillPreview(&v)
	case "changes":
		err = c.fillChanges(&v)
	default:
		c.fillWrite(&v, w)
	}
	if err != nil {
		return err
	}
	return c.Show(Page{Status: status, Title: "Draft of the user agreement", Section: "agreements", Form: v.form, Body: agreementDraftBody(v)})
}

func draftTabs(show string) []kit.TabLink {
	tab := func(name, text string) kit.TabLink {
		return kit.TabLink{Text: text, Href: agreementDraftPath + "?show=" + name, Current: show == name}
	}
	return []kit.TabLink{tab("write", "Write"), tab("preview", "Preview and publish"), tab("changes", "Changes")}
}

func (c *Call) fillWrite(v *agreementDraftView, w agreement.Working) {
	if v.form == nil {
		v.form = NewForm(url.Values{"title": {w.Title}, "markdown": {w.Markdown}, "effective": {dayTyped(w.Effective)}})
	}
	for _, f := range c.site.Agreements.Fields() {
		v.fields = append(v.fields, kit.Fact{Term: "{{" + f.Name + "}}", Text: or(f.Value, "the day it takes effect")})
	}
}

func dayTyped(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.US()
}

func (c *Call) fillPreview(v *agreementDraftView) error {
	p, err := c.site.Agreements.Preview(c.Context(), c.Actor)
	if fault.Is(err, fault.Invalid) {
		for _, problem := range fault.Problems(err) {
			_, label := placeOfAgreement(problem.Path)
			v.wrong = append(v.wrong, sentence(label+": "+uncapital(problem.Text)))
		}
		return nil
	}
	if err != nil {
		return err
	}
	people, known, err := c.whoMayAccept()
	v.preview, v.people = p, "Everybody"
	if known {
		v.people = "Everybody, " + count(len(people), "person", "people") + " at this time,"
	}
	return err
}

func (c *Call) fillChanges(v *agreementDraftView) error {
	d, err := c.site.Agreements.Diff(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v.changes = d
	if d.Against > 0 {
		v.heads = []kit.Fact{
			{Term: "Compared with", Text: "Version " + strconv.Itoa(d.Against), Sub: "published, with its fields filled in"},
			{Term: "Title", Body: diffText([]agreement.DiffPart{{Kind: agreement.DiffSame, Text: d.Title}})},
			{Term: "In force from", Text: d.Effective.Long(), Sub: "was " + d.EffectiveWas.Long()},
		}
		if d.Title != d.TitleWas {
			v.heads[1].Body = diffText([]agreement.DiffPart{{Kind: agreement.DiffRemoved, Text: d.TitleWas}, {Kind: agreement.DiffSame, Text: " "}, {Kind: agreement.DiffAdded, Text: d.Title}})
		}
	}
	v.rows = diffRows(d.Rows)
	return nil
}

// saveAgreementDraft is POST /plan/agreements/draft. Its script saves the
// same way while people type.
func (s *site) saveAgreementDraft(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d := agreement.Draft{Title: f.Text("title"), Markdown: f.Lines("markdown"), Effective: f.Date("effective", "In force from", c.Today())}
	if !f.OK() {
		return c.refuseAgreementDraft(f)
	}
	w, err := s.Agreements.SaveDraft(c.Context(), c.Actor, f.Version(), d)
	switch {
	case c.WantsJSON() && err == nil:
		return c.JSON(http.StatusOK, map[string]string{"saved": w.At.In(s.Zone).Format("3:04 PM"), "version": strconv.FormatInt(w.Version, 10)})
	case c.WantsJSON():
		return err
	case fault.Is(err, fault.Conflict):
		return c.conflictingAgreementDraft(f, d)
	}
	err = f.Blame(err, placeOfAgreement)
	if err != nil {
		return err
	}
	if !f.OK() {
		return c.refuseAgreementDraft(f)
	}
	switch {
	case f.Has("preview"):
		return c.Redirect(agreementDraftPath + "?show=preview")
	case f.Has("changes"):
		return c.Redirect(agreementDraftPath + "?show=changes")
	}
	return c.Done(agreementDraftPath, "saved")
}

// refuseAgreementDraft shows again what was typed, with what is wrong.
func (c *Call) refuseAgreementDraft(f *Form) error {
	if c.WantsJSON() {
		return fault.New(fault.Invalid, "The draft is not saved: press Save to see why")
	}
	return c.showAgreementDraft(0, agreementDraftView{form: f})
}

// conflictingAgreementDraft shows what was typed beside what somebody else
// has saved. Sent again, it replaces that: by then it has been read.
func (c *Call) conflictingAgreementDraft(f *Form, typed agreement.Draft) error {
	now, err := c.site.Agreements.Draft(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	k := &kit.ConflictProps{Title: "Somebody else saved this draft while you were writing", Who: now.ByName, At: c.Moment(now.At)}
	for _, one := range []kit.Change{
		{Field: "Title", Yours: typed.Title, Theirs: now.Title},
		{Field: "In force from", Yours: dayTyped(typed.Effective), Theirs: dayTyped(now.Effective)},
	} {
		if one.Yours != one.Theirs {
			k.Changes = append(k.Changes, one)
		}
	}
	v := agreementDraftView{form: f, conflict: k}
	if typed.Markdown != now.Markdown {
		v.between = diffRows(agreement.Compare(now.Markdown, typed.Markdown))
	}
	return c.showAgreementDraft(http.StatusConflict, v)
}

// restartAgreementDraft replaces the draft by the shipped text.
func (s *site) restartAgreementDraft(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	_, err = s.Agreements.SaveDraft(c.Context(), c.Actor, f.Version(), agreement.Shipped())
	if err != nil {
		return err
	}
	return c.Done(agreementDraftPath, "restarted")
}

// publishAgreementDraft publishes what was previewed.
func (s *site) publishAgreementDraft(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Text("read") != "yes" {
		f.Fail("read", "", "Tick the box to say that you have read the preview")
		return c.showAgreementDraft(0, agreementDraftView{show: "preview", form: f})
	}
	_, err = s.Agreements.PublishDraft(c.Context(), c.Actor, f.Version(), f.Text("sha256"))
	switch {
	case fault.Is(err, fault.Conflict):
		return c.showAgreementDraft(http.StatusConflict, agreementDraftView{show: "preview", moved: sentence(fault.Text(err))})
	case fault.Is(err, fault.Invalid):
		return c.showAgreementDraft(http.StatusUnprocessableEntity, agreementDraftView{show: "preview", moved: sentence(fault.Text(err))})
	case err != nil:
		return err
	}
	return c.Done("/plan/agreements", "published")
}

// placeOfAgreement gives the control of a domain path.
func placeOfAgreement(path string) (field, label string) {
	switch path {
	case "title":
		return "title", "Title"
	case "markdown":
		return "markdown", "Text"
	case "effective":
		return "effective", "In force from"
	}
	return "", "Configuration"
}
