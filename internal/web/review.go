package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
	"hsconnect/internal/web/kit"
)

// reviewView is a case as a reviewer sees it.
type reviewView struct {
	Number   string
	Version  string
	Layout   kit.ReviewProps
	Alert    string
	AlertBad bool
	F        *Form
	File     review.File
	Lines    []kit.LineView
	Request  []kit.Fact
	Member   []kit.Fact
	Events   []kit.Event
	Posts    []kit.Post
	Docs     []kit.Document
	Shown    string // id of the document in the frame
	ShownAs  string // its name
	Mine     bool
	Open     bool
	Fields   []lineDecisionView
	Special  []kit.Option
}

func (v reviewView) at(path string) string { return "/plan/cases/" + v.Number + path }

// lineDecisionView is the part of the decision form that is about one line.
type lineDecisionView struct {
	Title     string
	Asked     string
	Actions   []kit.Option
	Reasons   []kit.Option
	N         string
	UnitsHint string
	From, To  string
	Units     string
}

func (v lineDecisionView) name(field string) string { return "line-" + v.N + "-" + field }

// reviewPage is GET /plan/cases/{number}.
func (s *site) reviewPage(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	return s.showReview(c, number, NewForm(nil), nil)
}

func planDone(word string) string {
	switch word {
	case "taken":
		return "The request is yours."
	case "released":
		return "The request is back in the worklist."
	case "asked":
		return "The question is with the office. The time limit keeps running."
	case "noted":
		return "The note is kept. The office does not see it."
	case "referred":
		return "The request is referred."
	case "decided":
		return "The decision is signed. The office sees it now."
	}
	return ""
}

// showReview renders the case with a form that came back.
func (s *site) showReview(c *Call, number id.Number, f *Form, conflict error) error {
	file, err := s.Review.Open(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	k := file.Case
	due := c.limitView(k)
	v := reviewView{Number: string(number), Version: strconv.FormatInt(k.Version, 10), F: f, File: file, Alert: planDone(c.Query("done")),
		Lines: c.linesView(k), Request: c.requestView(k), Events: c.eventsView(k.Timeline), Posts: c.postsView(k.Thread), Docs: c.docsView(k.Documents),
		Mine: k.Owner == c.Actor.Person, Open: k.Status.Open()}
	v.Member = []kit.Fact{{Term: "Date of birth", Text: k.Member.Birth.US(), Sub: strconv.Itoa(k.Member.Birth.Age(c.Today())) + " years"}, {Term: "Member ID", Text: k.Member.Number, Code: true}}
	for i := range v.Docs {
		d := k.Documents[i]
		v.Docs[i].Actions = kit.Button(kit.ButtonProps{Text: "Show here", Small: true, Href: v.at("?view=" + string(d.ID) + "#document"), Describe: d.Name})
		if string(d.ID) == c.Query("view") {
			v.Shown, v.ShownAs = string(d.ID), d.Name
		}
	}
	v.Fields = decisionFields(file, f)
	v.Special = specialtyOptions(file)
	v.Layout = kit.ReviewProps{Number: string(number), Member: k.Member.Name(), Due: due, Back: &kit.Link{Text: "Worklist", Href: "/plan/worklist#r-" + string(number)},
		Standing: kit.Standing{Status: statusView(k.Status, c.Actor.Side), Next: k.Next}}
	v.Layout.Actions = reviewActions(v)
	v.Layout.Asked, v.Layout.Evidence, v.Layout.Decision = reviewAsked(v), reviewEvidence(v), reviewDecision(v)
	page := Page{Title: "Case " + string(number), Section: "worklist", Wide: true, Frames: v.Shown != "", Form: f}
	if conflict != nil {
		page.Status = http.StatusConflict
		v.AlertBad, v.Alert = true, sentence(fault.Text(conflict))
		if n := len(k.Timeline); n > 0 {
			last := k.Timeline[n-1]
			v.Alert += " Last: " + last.What + " (" + last.Name + ", " + c.Moment(last.At).Text + ")."
		}
	}
	page.Body = reviewBody(v)
	return c.Show(page)
}

func decisionFields(file review.File, f *Form) []lineDecisionView {
	out := make([]lineDecisionView, 0, len(file.Lines))
	for _, l := range file.Lines {
		n := strconv.Itoa(l.No)
		v := lineDecisionView{N: n, Title: "Line " + n + ": " + l.Code, Asked: amount(l.Units, l.UnitKind, l.From, l.To),
			Units: strconv.FormatInt(l.Units, 10), From: l.From.US(), To: l.To.US()}
		if l.Name != "" {
			v.Title += " " + l.Name
		}
		v.Actions = []kit.Option{{Value: string(priorauth.Approve), Text: "Approve as asked"}, {Value: string(priorauth.Modify), Text: "Modify"}}
		if file.MayDeny {
			v.Actions = append(v.Actions, kit.Option{Value: string(priorauth.Deny), Text: "Deny"})
		}
		v.Actions = f.Choose(v.name("action"), "", v.Actions)
		v.Reasons = []kit.Option{{Value: "", Text: "Choose"}}
		for _, r := range review.Reasons() {
			v.Reasons = append(v.Reasons, kit.Option{Value: r.Code, Text: r.Name})
		}
		v.Reasons = f.Choose(v.name("reason"), "", v.Reasons)
		out = append(out, v)
	}
	return out
}

func specialtyOptions(file review.File) []kit.Option {
	out := []kit.Option{{Value: "", Text: "Choose"}}
	for _, sp := range file.Fitting {
		out = append(out, kit.Option{Value: string(sp), Text: capital(string(sp)), Group: "Fits every line"})
	}
	for _, sp := range access.Specialties() {
		if !slices.Contains(file.Fitting, sp) {
			out = append(out, kit.Option{Value: string(sp), Text: capital(string(sp)), Group: "Others"})
		}
	}
	return out
}

// caseStep runs one step of a reviewer and comes back to the case.
func (s *site) caseStep(c *Call, done string, label map[string][2]string, step func(number id.Number, f *Form) error) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = step(number, f)
	if fault.Is(err, fault.Conflict) {
		return s.showReview(c, number, f, err)
	}
	if err != nil || !f.OK() {
		err = f.Blame(err, decisionPlace(label))
		if err != nil {
			return err
		}
		return s.showReview(c, number, f, nil)
	}
	return c.Done("/plan/cases/"+string(number), done)
}

// decisionPlace says at which control a problem of a step stands.
func decisionPlace(table map[string][2]string) Place {
	return func(path string) (string, string) {
		if m := linePath.FindStringSubmatch(path); m != nil {
			n, err := strconv.Atoi(m[1])
			if err == nil {
				line := strconv.Itoa(n + 1)
				return "line-" + line + "-" + m[2], "Line " + line
			}
		}
		at := table[path]
		return at[0], at[1]
	}
}

func (s *site) takeCase(c *Call) error {
	return s.caseStep(c, "taken", nil, func(n id.Number, f *Form) error { return s.Review.Take(c.Context(), c.Actor, n, f.Version()) })
}

func (s *site) releaseCase(c *Call) error {
	return s.caseStep(c, "released", nil, func(n id.Number, f *Form) error { return s.Review.Release(c.Context(), c.Actor, n, f.Version()) })
}

func (s *site) askOffice(c *Call) error {
	return s.caseStep(c, "asked", map[string][2]string{"body": {"body", "Question"}}, func(n id.Number, f *Form) error {
		return s.Review.Ask(c.Context(), c.Actor, n, f.Version(), f.Lines("body"))
	})
}

func (s *site) noteCase(c *Call) error {
	return s.caseStep(c, "noted", map[string][2]string{"body": {"note", "Internal note"}}, func(n id.Number, f *Form) error {
		return s.Review.Note(c.Context(), c.Actor, n, f.Lines("note"))
	})
}

func (s *site) referCase(c *Call) error {
	labels := map[string][2]string{"specialty": {"specialty", "Specialty"}, "reason": {"reason", "Reason"}}
	return s.caseStep(c, "referred", labels, func(n id.Number, f *Form) error {
		return s.Review.Refer(c.Context(), c.Actor, n, f.Version(), access.Specialty(f.Text("specialty")), f.Lines("reason"))
	})
}

func (s *site) decideCase(c *Call) error {
	labels := map[string][2]string{"attest": {"attest", "Confirmation"}}
	return s.caseStep(c, "decided", labels, func(n id.Number, f *Form) error {
		d := review.Decision{Number: n, Version: f.Version(), Attest: f.Has("attest")}
		for i := 1; f.Has("line-" + strconv.Itoa(i) + "-id"); i++ {
			d.Lines = append(d.Lines, readLineDecision(c, f, "line-"+strconv.Itoa(i)+"-", "Line "+strconv.Itoa(i)))
		}
		if !f.OK() {
			return nil
		}
		_, err := s.Review.Decide(c.Context(), c.Actor, d)
		return err
	})
}

func readLineDecision(c *Call, f *Form, at, label string) priorauth.LineDecision {
	d := priorauth.LineDecision{Line: id.Line(f.Text(at + "id")), Action: priorauth.Action(f.Text(at + "action")), Reason: f.Text(at + "reason"),
		Criterion: f.Lines(at + "criterion"), Narrative: f.Lines(at + "narrative")}
	if d.Action == priorauth.Modify {
		d.Units = f.Int(at+"units", label, "Give the number of units in digits")
		d.From = f.Date(at+"from", label, c.Today())
		d.To = f.Date(at+"to", label, c.Today())
	}
	return d
}

// whyNot tells why the reader is not offered to deny.
func (v reviewView) whyNot() string {
	if v.File.MayDeny || !v.File.MayDecide {
		return ""
	}
	return strings.TrimSuffix(v.File.WhyNotDeny, ".") + "."
}

// lineFacts tells the lines in a column too narrow for a table.
func lineFacts(lines []kit.LineView) []kit.Fact {
	out := make([]kit.Fact, 0, len(lines))
	for _, l := range lines {
		f := kit.Fact{Term: "Line " + strconv.Itoa(l.N) + " · " + string(l.Status), Text: l.Code + " " + l.Service, Sub: l.Requested}
		if strings.Contains(l.Service, l.Code) {
			f.Text = l.Service
		}
		if l.Detail != "" {
			f.Sub += " · " + l.Detail
		}
		if l.Authorized != "" {
			f.Sub += " · authorized: " + l.Authorized
		}
		if l.Denial != nil {
			f.Sub += " · " + l.Denial.Reason + " · " + l.Denial.Criterion + " · " + l.Denial.Narrative
		}
		out = append(out, f)
	}
	return out
}
