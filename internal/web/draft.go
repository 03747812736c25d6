package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hsconnect/internal/code"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// acceptFiles is what the file control offers; what is taken is judged by the bytes.
const acceptFiles = ".pdf,.png,.jpg,.jpeg,.tif,.tiff,application/pdf,image/png,image/jpeg,image/tiff"

// uploadLimit bounds a form with documents: as many as a request may carry.
const uploadLimit = document.MaxTotal + (2 << 20)

// newRequestPage is GET /authorizations/new: a draft, or where one begins.
func (s *site) newRequestPage(c *Call) error {
	draft := id.Draft(c.Query("draft"))
	if draft == "" {
		drafts, err := s.Priorauth.Drafts(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		return c.Show(Page{Title: "New authorization request", Section: "authorizations", Body: startBody(startPage{Drafts: c.draftTasks(drafts), Lookup: s.lookupView(c, NewForm(nil))})})
	}
	d, err := s.Priorauth.Draft(c.Context(), c.Actor, draft)
	if err != nil {
		return err
	}
	switch d.State {
	case priorauth.DraftSubmitted:
		return c.Redirect("/authorizations/" + string(d.Number))
	case priorauth.DraftDropped:
		return fault.New(fault.NotFound, "This draft was dropped")
	case priorauth.DraftOpen:
	}
	return s.showDraft(c, d, openRequestForm(d.Form), NewForm(nil), false)
}

// startRequest is POST /authorizations/new: begins a draft for a member.
func (s *site) startRequest(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := s.Priorauth.StartDraft(c.Context(), c.Actor, id.Member(f.Text("member")))
	if err != nil {
		return err
	}
	return c.Redirect(draftPath(d.ID, ""))
}

func draftPath(draft id.Draft, fragment string) string {
	return "/authorizations/new?draft=" + url.QueryEscape(string(draft)) + fragment
}

// showDraft renders the form with everything typed.
func (s *site) showDraft(c *Call, d priorauth.Draft, form requestForm, f *Form, conflict bool) error {
	if len(form.Lines) == 0 {
		form = form.withLine()
	}
	own, err := s.Providers.Practitioners(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	p := requestPage{Draft: string(d.ID), Version: strconv.FormatInt(d.Version, 10), Member: d.Member.Name(), MemberHref: "/members/" + string(d.Member.ID),
		MemberSub: "born " + d.Member.Birth.US() + " · " + d.Member.Number, Form: form, F: f, MaxBytes: document.MaxBytes, Accept: acceptFiles, Conflict: conflict,
		Saved:      "Saved " + d.SavedAt.In(s.Zone).Format("3:04 PM") + " — draft, not submitted",
		Requesting: []kit.Option{{Value: "", Text: "Choose"}}}
	for _, o := range own {
		p.Requesting = append(p.Requesting, kit.Option{Value: string(o.NPI), Text: o.Name + " · " + o.Specialty + " · NPI " + string(o.NPI), Selected: string(o.NPI) == form.Requesting})
	}
	p.Found, err = s.servicingFound(c, form.Servicing)
	if err != nil {
		return err
	}
	p.Documents = c.draftDocuments(d)
	sub, unread := form.submission(d.ID, c.Today())
	sub.Member = d.Member.ID
	missing, err := s.Priorauth.Problems(c.Context(), c.Actor, sub)
	if err != nil {
		return err
	}
	p.Checks = checklist(append(unread, missing...), len(d.Documents))
	page := Page{Title: "New authorization request", Section: "authorizations", Form: f, Body: requestBody(p)}
	if conflict {
		page.Status = http.StatusConflict
	}
	return c.Show(page)
}

// servicingFound gives providers to choose from when a name was typed
// where an NPI belongs.
func (s *site) servicingFound(c *Call, typed string) ([]kit.Option, error) {
	_, err := code.ParseNPI(typed)
	if err == nil || len([]rune(strings.TrimSpace(typed))) < 3 {
		return nil, nil
	}
	found, err := s.Providers.Search(c.Context(), c.Actor, typed)
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]kit.Option, 0, len(found))
	for _, p := range found {
		hint := partySub(string(p.NPI), p.Specialty, p.OrgName)
		if !p.InNetwork {
			hint += " · not in network"
		}
		out = append(out, kit.Option{Value: string(p.NPI), Text: p.Name, Hint: hint})
	}
	return out, nil
}

func (c *Call) draftDocuments(d priorauth.Draft) []kit.Document {
	docs := c.docsView(d.Documents)
	for i := range docs {
		docs[i].Actions = kit.Button(kit.ButtonProps{Text: "Remove", Kind: kit.Quiet, Small: true, Name: "document", Value: string(d.Documents[i].ID),
			FormAction: "/drafts/" + string(d.ID) + "/documents/remove", Describe: docs[i].Name})
	}
	return docs
}

// checklist sums up what is missing, section by section.
func checklist(problems []fault.Problem, documents int) []kit.Check {
	sections := []struct{ text, rule, href, prefixes string }{
		{"Kind and urgency", "", "#f-kind", "kind urgency statement statementBy admitOn"},
		{"Requesting and servicing provider", "", "#f-requesting", "requesting servicing"},
		{"Diagnoses", "", "#f-diagnoses", "diagnoses"},
		{"Service lines, on covered days", "", "#lines", "lines"},
		{"Contact at your office", "", "#f-contact-name", "contactName contactPhone"},
	}
	var out []kit.Check
	for _, sec := range sections {
		check := kit.Check{State: kit.CheckDone, Text: sec.text}
		n := 0
		for _, p := range problems {
			head, _, _ := strings.Cut(p.Path, "[")
			for _, want := range strings.Fields(sec.prefixes) {
				if head == want {
					n++
				}
			}
		}
		if n > 0 {
			check.State, check.Href = kit.CheckMissing, sec.href
		}
		out = append(out, check)
	}
	docs := kit.Check{State: kit.CheckDone, Text: "Clinical documents"}
	if documents == 0 {
		docs.State, docs.Href, docs.Note = kit.CheckHelpful, "#documents", "Not required to submit. Records that support the request save a question later."
	}
	return append(out, docs)
}

// saveDraft is POST /drafts/{draft}: "Save draft", and what the
// script sends while somebody types. It is the one address that a session
// ended by idleness may still reach: it keeps what was typed and shows nothing.
func (s *site) saveDraft(c *Call) error {
	draft := id.Draft(c.Path("draft"))
	var refused error
	f, err := c.Upload(s.receiver(c, draft, &refused))
	if err != nil {
		return err
	}
	d, err := s.keep(c, draft, f, readRequestForm(f.Values()))
	switch {
	case c.WantsJSON() && fault.Is(err, fault.Conflict):
		return c.JSON(http.StatusConflict, map[string]string{"error": fault.Text(err)})
	case err != nil:
		return s.draftAgain(c, draft, f, err)
	case c.Idle:
		return c.SignInAgain(draftPath(draft, ""))
	case c.WantsJSON():
		return c.JSON(http.StatusOK, map[string]string{"saved": d.SavedAt.In(s.Zone).Format("3:04 PM"), "version": strconv.FormatInt(d.Version, 10)})
	case refused != nil:
		return s.refusedFiles(c, draft, f, refused)
	}
	return c.Redirect(draftPath(draft, ""))
}

// keep stores the form under the version it was opened with.
func (s *site) keep(c *Call, draft id.Draft, f *Form, form requestForm) (priorauth.Draft, error) {
	stored, err := form.store()
	if err != nil {
		return priorauth.Draft{}, err
	}
	version := f.Version()
	if c.Idle {
		version = 0 // nobody can look at a conflict; the last typing wins
	}
	return s.Priorauth.SaveDraft(c.Context(), c.Actor, draft, version, stored)
}

// draftAgain shows the draft with what was typed and why it was not kept.
func (s *site) draftAgain(c *Call, draft id.Draft, f *Form, err error) error {
	if !fault.Is(err, fault.Conflict) || c.Idle {
		return err
	}
	d, derr := s.Priorauth.Draft(c.Context(), c.Actor, draft)
	if derr != nil {
		return derr
	}
	if d.State != priorauth.DraftOpen {
		return err
	}
	return s.showDraft(c, d, readRequestForm(f.Values()), NewForm(nil), true)
}

// receiver takes the files of a form into the draft, one by one as they come.
// Those that are refused are told to the sender; the others stay.
func (s *site) receiver(c *Call, draft id.Draft, refused *error) func(*Form, Upload) error {
	return func(_ *Form, u Upload) error {
		if c.Idle {
			return nil
		}
		d, err := s.Priorauth.Draft(c.Context(), c.Actor, draft)
		if err != nil {
			return err
		}
		_, err = s.Documents.Receive(c.Context(), c.Actor, document.NewFile{Draft: draft, Member: d.Member.ID, Name: u.Name, Declared: u.Type, Reader: u.Body})
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
			*refused = errors.Join(*refused, err)
			return nil
		}
		return err
	}
}

func (s *site) refusedFiles(c *Call, draft id.Draft, f *Form, refused error) error {
	d, err := s.Priorauth.Draft(c.Context(), c.Actor, draft)
	if err != nil {
		return err
	}
	blame := NewForm(nil)
	blameFiles(blame, refused)
	return s.showDraft(c, d, readRequestForm(f.Values()), blame, false)
}

// draftLines is POST /drafts/{draft}/lines: one line more or less.
func (s *site) draftLines(c *Call) error {
	return s.changeDraft(c, "#lines", func(f *Form, form requestForm) (requestForm, error) {
		if n, err := strconv.Atoi(f.Text("remove")); err == nil {
			return form.withoutLine(n), nil
		}
		return form.withLine(), nil
	})
}

// draftDocumentsAdd is POST /drafts/{draft}/documents.
func (s *site) draftDocumentsAdd(c *Call) error {
	return s.changeDraft(c, "#documents", func(_ *Form, form requestForm) (requestForm, error) { return form, nil })
}

// draftDocumentsRemove is POST /drafts/{draft}/documents/remove.
func (s *site) draftDocumentsRemove(c *Call) error {
	draft := id.Draft(c.Path("draft"))
	return s.changeDraft(c, "#documents", func(f *Form, form requestForm) (requestForm, error) {
		return form, s.Documents.Remove(c.Context(), c.Actor, draft, id.Document(f.Text("document")))
	})
}

// changeDraft saves what was typed with one change to it, and comes back.
func (s *site) changeDraft(c *Call, fragment string, change func(*Form, requestForm) (requestForm, error)) error {
	draft := id.Draft(c.Path("draft"))
	var refused error
	f, err := c.Upload(s.receiver(c, draft, &refused))
	if err != nil {
		return err
	}
	form, err := change(f, readRequestForm(f.Values()))
	if err != nil {
		return err
	}
	_, err = s.keep(c, draft, f, form)
	if err != nil {
		return s.draftAgain(c, draft, f, err)
	}
	if refused != nil {
		return s.refusedFiles(c, draft, f, refused)
	}
	return c.Redirect(draftPath(draft, fragment))
}

// dropDraft is POST /drafts/{draft}/drop.
func (s *site) dropDraft(c *Call) error {
	err := s.Priorauth.DropDraft(c.Context(), c.Actor, id.Draft(c.Path("draft")))
	if err != nil {
		return err
	}
	return c.Redirect("/authorizations")
}

// submitRequest is POST /authorizations. Sending the same draft twice gives
// the same receipt.
func (s *site) submitRequest(c *Call) error {
	var refused error
	f, err := c.Upload(func(f *Form, u Upload) error {
		return s.receiver(c, id.Draft(f.Text("draft")), &refused)(f, u)
	})
	if err != nil {
		return err
	}
	draft, form := id.Draft(f.Text("draft")), readRequestForm(f.Values())
	if c.Idle { // kept as a draft, to be sent after signing in or accepting again
		_, err = s.keep(c, draft, f, form)
		if err != nil {
			return s.draftAgain(c, draft, f, err)
		}
		return c.SignInAgain(draftPath(draft, ""))
	}
	if refused != nil {
		_, err = s.keep(c, draft, f, form)
		if err != nil {
			return s.draftAgain(c, draft, f, err)
		}
		return s.refusedFiles(c, draft, f, refused)
	}
	d, err := s.Priorauth.Draft(c.Context(), c.Actor, draft)
	if err != nil {
		return err
	}
	if d.State == priorauth.DraftOpen {
		d, err = s.keepMember(c, d, f, form)
		if err != nil {
			return s.draftAgain(c, draft, f, err)
		}
	}
	sub, unread := form.submission(draft, c.Today())
	sub.Original, err = json.Marshal(f.Values())
	if err != nil {
		return err
	}
	if len(unread) > 0 {
		missing, err := s.Priorauth.Problems(c.Context(), c.Actor, sub)
		if err != nil {
			return err
		}
		return s.refuseDraft(c, d, form, fault.Bad(append(unread, missing...)...))
	}
	r, err := s.Priorauth.Submit(c.Context(), c.Actor, sub)
	if fault.Is(err, fault.Invalid) {
		return s.refuseDraft(c, d, form, err)
	}
	if err != nil {
		return err
	}
	again := ""
	if r.Repeated {
		again = "?again=1"
	}
	return c.Redirect("/authorizations/" + string(r.Number) + "/receipt" + again)
}

// keepMember saves the typing and gives the draft with its member and documents.
func (s *site) keepMember(c *Call, d priorauth.Draft, f *Form, form requestForm) (priorauth.Draft, error) {
	saved, err := s.keep(c, d.ID, f, form)
	if err != nil {
		return d, err
	}
	d.Version, d.SavedAt, d.Form = saved.Version, saved.SavedAt, saved.Form
	return d, nil
}

// refuseDraft shows the form with every problem beside its control.
func (s *site) refuseDraft(c *Call, d priorauth.Draft, form requestForm, err error) error {
	blame := NewForm(nil)
	seen := map[string]bool{}
	for _, p := range fault.Problems(err) {
		field, label := form.place(p.Path)
		if seen[field] && field != "diagnoses" {
			continue // the first problem of a control is the one to solve first
		}
		seen[field] = true
		blame.Fail(field, label, p.Text)
	}
	return s.showDraft(c, d, form, blame, false)
}
