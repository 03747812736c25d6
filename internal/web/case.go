package web

import (
	"errors"
	"net/http"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/web/kit"
)

// casePage is GET /authorizations/{number}: the office's view of a request.
func (s *site) casePage(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	return s.showCase(c, number, NewForm(nil), nil)
}

// doneWords says what was just done, by the word that Call.Done left.
func doneWords(word string) string {
	switch word {
	case "answered":
		return "Your message is with the plan."
	case "document":
		return "The document is with the plan."
	case "cancelled":
		return "The request is cancelled."
	case "saved":
		return "Saved."
	}
	return ""
}

// showCase renders a request with a form that came back, and with what to say
// when somebody else was first.
func (s *site) showCase(c *Call, number id.Number, f *Form, conflict error) error {
	k, err := s.Priorauth.Case(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	p := casePage{Number: string(k.Number), Version: strconv.FormatInt(k.Version, 10), F: f, Answer: f.Raw("body"), Alert: doneWords(c.Query("done")),
		Lines: c.linesView(k), Posts: c.postsView(k.Thread), Docs: c.docsView(k.Documents), Events: c.eventsView(k.Timeline), Request: c.requestView(k),
		CanWrite: c.Actor.Has(access.SendMessages), CanAdd: c.Actor.Has(access.SubmitRequests) && k.Status.Open(), Waiting: k.Status == priorauth.WaitingForOffice,
		MaxBytes: document.MaxBytes, Accept: acceptFiles, Labels: labelWords(k.Labels), Notice: k.Notice}
	due := c.limitView(k)
	p.Head = kit.CaseProps{Number: string(k.Number), Member: k.Member.Name(), MemberHref: "/members/" + string(k.Member.ID),
		What: capital(string(k.Kind)) + " · " + string(k.Urgency), Back: &kit.Link{Text: "Authorizations", Href: "/authorizations"},
		Standing: kit.Standing{Status: statusView(k.Status, c.Actor.Side), Next: k.Next, Due: &due}}
	if p.Waiting {
		p.Head.Standing.Href = "#thread"
	}
	copy, err := c.copyLink(printout.Case, string(k.Number), string(k.ID))
	if err != nil {
		return err
	}
	p.Head.Actions = copy.button()
	p.Facts = []kit.Fact{
		{Term: "Received", Text: c.Moment(k.Received).Text},
		{Term: "Plan must answer by", Body: kit.DueTime(due)},
		{Term: "Born", Text: bornWords(k.Member.Birth)},
		{Term: "Member ID", Text: k.Member.Number, Code: true},
	}
	status := 0
	if conflict != nil {
		p.Alert, p.AlertBad, status = fault.Text(conflict), true, http.StatusConflict
		if n := len(k.Timeline); n > 0 {
			last := k.Timeline[n-1]
			p.Alert += ". Last: " + last.What + " (" + last.Name + ", " + c.Moment(last.At).Text + ")."
		}
	}
	return c.Show(Page{Status: status, Title: "Authorization " + string(k.Number), Section: "authorizations", Form: f, Body: caseBody(p), Copy: copy.Href})
}

// bornWords tells a birth date, where the reader may see it.
func bornWords(d civil.Date) string {
	if d.IsZero() {
		return "not shown to your role"
	}
	return d.US()
}

// again shows the case with what went wrong, or gives err back.
func (s *site) again(c *Call, number id.Number, f *Form, err error, at Place) error {
	if fault.Is(err, fault.Conflict) {
		return s.showCase(c, number, f, err)
	}
	err = f.Blame(err, at)
	if err != nil {
		return err
	}
	return s.showCase(c, number, f, nil)
}

// postMessage is POST /authorizations/{number}/messages: the office's answer.
func (s *site) postMessage(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Priorauth.Answer(c.Context(), c.Actor, number, f.Version(), f.Lines("body"))
	if err != nil {
		return s.again(c, number, f, err, func(path string) (string, string) { return "body", "Message" })
	}
	return c.Done("/authorizations/"+string(number)+"#thread", "answered")
}

// cancelRequest is POST /authorizations/{number}/cancel.
func (s *site) cancelRequest(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Priorauth.Cancel(c.Context(), c.Actor, number, f.Version(), f.Text("reason"))
	if err != nil {
		return s.again(c, number, f, err, func(string) (string, string) { return "reason", "Why it is no longer needed" })
	}
	return c.Done("/authorizations/"+string(number), "cancelled")
}

// addDocuments is POST /authorizations/{number}/documents.
func (s *site) addDocuments(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	request, m, err := s.Priorauth.Place(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	var refused error
	added := 0
	f, err := c.Upload(func(_ *Form, u Upload) error {
		_, err := s.Documents.Receive(c.Context(), c.Actor, document.NewFile{Request: request, Member: m, Name: u.Name, Declared: u.Type, Reader: u.Body})
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
			refused = errors.Join(refused, err)
			return nil
		}
		if err == nil {
			added++
		}
		return err
	})
	if err != nil {
		return err
	}
	if added > 0 {
		err = s.Priorauth.AddedDocument(c.Context(), c.Actor, number)
		if err != nil {
			return s.again(c, number, f, err, func(string) (string, string) { return "documents", "Documents" })
		}
	}
	switch {
	case refused != nil:
		blameFiles(f, refused)
		return s.showCase(c, number, f, nil)
	case added == 0:
		f.Fail("documents", "Documents", "Choose a file first")
		return s.showCase(c, number, f, nil)
	}
	return c.Done("/authorizations/"+string(number)+"#documents", "document")
}

// blameFiles puts why files were refused at the file control.
func blameFiles(f *Form, refused error) {
	var all interface{ Unwrap() []error }
	list := []error{refused}
	if errors.As(refused, &all) {
		list = all.Unwrap()
	}
	for _, err := range list {
		var inner interface{ Unwrap() []error }
		if errors.As(err, &inner) {
			blameFiles(f, err)
			continue
		}
		text := fault.Text(err)
		if ps := fault.Problems(err); len(ps) > 0 {
			text = ps[0].Text
		}
		f.Fail("documents", "Documents", text)
	}
}

// receiptPage is GET /authorizations/{number}/receipt.
func (s *site) receiptPage(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	r, err := s.Priorauth.ReceiptOf(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	copy, err := c.copyLink(printout.Receipt, string(r.Number), string(r.Request))
	if err != nil {
		return err
	}
	due := c.Due(r.Received, r.Deadline.Limit)
	due.Rule = r.Deadline.Rule.Name + " (" + r.Deadline.Rule.Citation + ")"
	p := kit.ReceiptProps{Title: "Request received", Number: string(r.Number), Received: c.Moment(r.Received), Due: due, Again: c.Query("again") != "",
		Facts: []kit.Fact{{Term: "Record entry", Text: r.Digest, Code: true}},
		Next: []string{
			"A nurse at the plan opens it. You see when it, and each document, was opened.",
			"Questions from the plan appear on your home page and in the request. The time limit keeps running while the plan waits.",
			"The decision appears on your home page, line by line, with its reason.",
		},
		Actions: receiptActions(string(r.Number), string(r.Member), copy),
	}
	return c.Show(Page{Title: "Request received", Section: "authorizations", Body: receiptBody(p, r.Signed), Copy: copy.Href})
}
