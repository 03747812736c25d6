package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/document"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/printout"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
	"hsconnect/internal/web/kit"
)

// planDone says what was just done, by the word that Call.Done left.
func planDone(word string) string {
	switch word {
	case "taken":
		return "The request is yours."
	case "released":
		return "The request is back in the worklist."
	case "asked":
		return "The question is with the office. The time limit keeps running."
	case "noted":
		return "The note is kept. The office never sees it."
	case "labelled":
		return "The request is protected specially from now on."
	case "referred":
		return "The request waits for a physician in the worklist."
	case "decided":
		return "The decision is signed, and the office sees it now."
	}
	return ""
}

// showReview renders a request for a reviewer, with a form that came back and
// with what to say when somebody else was first.
func (s *site) showReview(c *Call, number id.Number, f *Form, conflict error) error {
	k, err := s.Review.Open(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	sheet, err := s.Coverage.Sheet(c.Context(), c.Actor, k.Member.ID, coverage.Ask{On: c.Today(), Shows: []access.Field{access.FieldPlan, access.FieldCoverage, access.FieldPCP}})
	if err != nil {
		return err
	}
	p := reviewView{Number: string(k.Number), Version: strconv.FormatInt(k.Version, 10), F: f, Done: planDone(c.Query("done")), Open: k.Status.Open(),
		Lines: c.linesView(k.Case), Request: c.requestView(k.Case), Posts: c.postsView(k.Thread), Events: c.eventsView(k.Timeline),
		MayDecide: k.MayDecide, Why: sentence(k.WhyNotDeny), Owner: ownerWords(c, k), Mine: k.Owner == c.Actor.Person, Free: k.Owner == ""}
	p.Member = []kit.Fact{
		{Term: "Born", Text: bornWords(k.Member.Birth)},
		{Term: "Member ID", Text: k.Member.Number, Code: true},
		{Term: "Coverage today", Text: coverageWords(sheet), Sub: sinceWords(sheet.Covered, sheet.Span.From)},
	}
	if !k.Member.Birth.IsZero() {
		p.Member[0].Sub = strconv.Itoa(k.Member.Birth.Age(c.Today())) + " years"
	}
	if k.Confidential != nil {
		p.Member = append(p.Member, kit.Fact{Term: "Confidential communication", Text: "Letters and calls go elsewhere alone", Sub: "never say where to anybody; since " + c.Moment(k.Confidential.Since).Text})
	}
	if sheet.PCP.Name != "" {
		p.Member = append(p.Member, kit.Fact{Term: "Primary care", Text: sheet.PCP.Name})
	}
	p.Docs, p.View = c.reviewDocs(k, c.Query("view"))
	p.Choices = c.lineChoices(k, f)
	p.Specialties = f.Choose("specialty", string(k.Specialty), specialtyOptions(k.Fitting))
	p.Decided = c.decidedFacts(k.Case)
	p.Labels, p.Notice, p.MoreLabels = labelWords(k.Labels), k.Notice, labelOptions(k.Labels)
	due := c.limitView(k.Case)
	p.Layout = kit.ReviewProps{Number: p.Number, Member: k.Member.Name(), Standing: kit.Standing{Status: statusView(k.Status, c.Actor.Side), Next: k.Next},
		Due: due, Back: &kit.Link{Text: "Worklist", Href: "/plan/worklist#" + rowID(k.Number)}}
	copy, err := c.copyLink(printout.Case, string(k.Number), string(k.ID))
	if err != nil {
		return err
	}
	p.Layout.Actions = copy.button()
	status := 0
	if conflict != nil {
		status = http.StatusConflict
		p.Conflict = c.conflictView(k.Case, f, conflict)
		p.Said = sentence(fault.Text(conflict))
	}
	return c.Show(Page{Status: status, Title: "Review of " + p.Number, Section: "worklist", Form: f, Wide: true, Frames: p.View != nil, Body: reviewBody(p), Copy: copy.Href})
}

// coverageWords tells the coverage, as far as the reader may see it.
func coverageWords(sheet coverage.Sheet) string {
	switch {
	case !slices.Contains(sheet.Fields, access.FieldCoverage):
		return "not shown to your role"
	case !sheet.Covered:
		return "None"
	case sheet.Plan.Name == "":
		return "Covered"
	}
	return sheet.Plan.Name
}

func sinceWords(covered bool, from civil.Date) string {
	if !covered {
		return ""
	}
	return "since " + from.US()
}

func ownerWords(c *Call, k review.File) string {
	switch k.Owner {
	case "":
		if k.Specialty != "" {
			return "Referred to a physician (" + string(k.Specialty) + "). Nobody has taken it yet."
		}
		return "Nobody has taken this request yet."
	case c.Actor.Person:
		return "You have taken this request."
	}
	return k.OwnerName + " has taken this request."
}

// viewable reports whether a browser can show a document in a frame.
func viewable(d document.Document) bool {
	return d.Type == "application/pdf" || d.Type == "image/png" || d.Type == "image/jpeg"
}

// reviewDocs gives the documents and the one that the reviewer asked to see.
func (c *Call) reviewDocs(k review.File, view string) ([]kit.Document, *kit.Link) {
	docs := c.docsView(k.Documents)
	var shown *kit.Link
	for i, d := range k.Documents {
		if !viewable(d) {
			continue
		}
		if string(d.ID) == view {
			shown = &kit.Link{Text: d.Name, Href: docs[i].Href}
			continue
		}
		docs[i].Actions = kit.Button(kit.ButtonProps{Text: "Read here", Small: true, Icon: "visibility", Describe: d.Name,
			Href: "/plan/cases/" + string(k.Number) + "?view=" + string(d.ID) + "#viewer"})
	}
	return docs, shown
}

// specialtyOptions offers the fitting specialties first.
func specialtyOptions(fitting []access.Specialty) []kit.Option {
	out := []kit.Option{{Value: "", Text: "Choose"}}
	fits := map[access.Specialty]bool{}
	for _, s := range fitting {
		fits[s] = true
		out = append(out, kit.Option{Value: string(s), Text: capital(string(s)), Group: "Fits every line"})
	}
	for _, s := range access.Specialties() {
		if !fits[s] {
			out = append(out, kit.Option{Value: string(s), Text: capital(string(s)), Group: "Other specialties"})
		}
	}
	return out
}

// decidedFacts tells who decided, when and under which licence.
func (c *Call) decidedFacts(k priorauth.Case) []kit.Fact {
	d := k.Determination
	if d == nil {
		return nil
	}
	facts := []kit.Fact{{Term: "Signed by", Text: d.ByName}, {Term: "Signed at", Text: c.Moment(d.At).Text}}
	if d.Licence != "" {
		facts = append(facts, kit.Fact{Term: "Licence", Text: d.Licence, Code: true})
	}
	return facts
}

// conflictView tells who did what when, and keeps what was typed beside how
// the request stands now.
func (c *Call) conflictView(k priorauth.Case, f *Form, conflict error) *kit.ConflictProps {
	v := &kit.ConflictProps{Title: "Somebody else was first"}
	if n := len(k.Timeline); n > 0 {
		last := k.Timeline[n-1]
		v.Who, v.At = last.Name+" ("+uncapital(last.What)+")", c.Moment(last.At)
	}
	for i, l := range k.Lines {
		n := strconv.Itoa(i + 1)
		action := f.Text("line-" + n + "-action")
		if action == "" {
			continue
		}
		typed := []string{capital(action)}
		for _, name := range []string{"units", "from", "to"} {
			if text := f.Text("line-" + n + "-" + name); text != "" && action == string(priorauth.Modify) {
				typed = append(typed, name+" "+text)
			}
		}
		for _, name := range []string{"criterion", "narrative"} {
			if text := f.Lines("line-" + n + "-" + name); text != "" {
				typed = append(typed, text)
			}
		}
		now := "not decided"
		if st := lineStatus(l); st != "" {
			now = string(st)
		}
		v.Changes = append(v.Changes, kit.Change{Field: "Line " + n, Yours: strings.Join(typed, "\n"), Theirs: now})
	}
	for _, field := range [][2]string{{"body", "Your question"}, {"note", "Your note"}, {"reason", "Your reason"}} {
		if text := f.Lines(field[0]); text != "" {
			v.Changes = append(v.Changes, kit.Change{Field: field[1], Yours: text, Theirs: "not sent"})
		}
	}
	return v
}

// lineService names the service once, with its code.
func lineService(l kit.LineView) string {
	if strings.Contains(l.Service, l.Code) {
		return l.Service
	}
	return l.Code + " " + l.Service
}

// grantedFacts tells what was decided about one line, and why where it is
// less than was asked.
func grantedFacts(l kit.LineView) []kit.Fact {
	out := []kit.Fact{{Term: "Outcome", Body: kit.StatusTag(l.Status)}, {Term: "Service", Text: lineService(l)}, {Term: "Requested", Text: l.Requested}}
	if l.Authorized != "" {
		out = append(out, kit.Fact{Term: "Authorized", Text: l.Authorized})
	}
	if l.Denial != nil {
		out = append(out, kit.Fact{Term: "Reason", Text: l.Denial.Reason}, kit.Fact{Term: "Criterion", Body: kit.Words(l.Denial.Criterion)},
			kit.Fact{Term: "In the physician’s words", Body: kit.Words(l.Denial.Narrative)}, kit.Fact{Term: "What was read", Text: l.Denial.Read})
	}
	return out
}
