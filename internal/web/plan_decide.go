package web

import (
	"fmt"
	"slices"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/priorauth"
	"hsconnect/internal/review"
	"hsconnect/internal/web/kit"
)

// lineChoice is the fields in which one line is decided.
type lineChoice struct {
	N       string
	Title   string
	Asked   string
	Actions []kit.Option
	Reasons []kit.Option // empty where the reviewer may not decide the line adversely
	Units   string
	From    string
	To      string
	Open    bool // the fields for anything but approving as asked are in sight
}

func (l lineChoice) name(field string) string { return "line-" + l.N + "-" + field }

// lineChoices gives the fields of every line of an open request.
func (c *Call) lineChoices(k review.File, f *Form) []lineChoice {
	if !k.Status.Open() || !k.MayDecide {
		return nil
	}
	out := make([]lineChoice, 0, len(k.Lines))
	for i, l := range k.Lines {
		v := lineChoice{N: strconv.Itoa(i + 1), Units: strconv.FormatInt(l.Units, 10), From: l.From.US(), To: l.To.US()}
		v.Title, v.Asked = "Line "+v.N+": "+serviceOf(l), amount(l.Units, l.UnitKind, l.From, l.To)
		v.Actions = []kit.Option{{Value: string(priorauth.Approve), Text: "Approve as asked"}}
		if c.offersDenial(k, l) {
			v.Actions = append(v.Actions, kit.Option{Value: string(priorauth.Modify), Text: "Modify"}, kit.Option{Value: string(priorauth.Deny), Text: "Deny"})
			v.Reasons = append(v.Reasons, kit.Option{Value: "", Text: "Choose"})
			for _, r := range review.Reasons() {
				v.Reasons = append(v.Reasons, kit.Option{Value: r.Code, Text: r.Name})
			}
			v.Reasons = f.Choose(v.name("reason"), "", v.Reasons)
		} else {
			v.Actions = append(v.Actions, kit.Option{Value: string(priorauth.Modify), Text: "Modify", Hint: "Not less than was asked."})
		}
		v.Actions = f.Choose(v.name("action"), "", v.Actions)
		chosen := f.Text(v.name("action"))
		v.Open = chosen != "" && chosen != string(priorauth.Approve)
		out = append(out, v)
	}
	return out
}

// offersDenial says whether denying this line is offered. Who signs is
// judged again, and by the same facts, when the decision arrives.
func (c *Call) offersDenial(k review.File, l priorauth.CaseLine) bool {
	return k.MayDeny || c.Actor.Has(access.DecideAdversely) && c.Actor.Licence.Holds(c.Today()) && c.Actor.Licence.Fits(review.Fitting([]priorauth.Line{l.Line})...)
}

// placeOfDecision gives the field of a domain path such as "lines[0].units".
func placeOfDecision(path string) (field, label string) {
	if path == "attest" {
		return "attest", "Confirmation"
	}
	var n int
	var part string
	_, err := fmt.Sscanf(path, "lines[%d].%s", &n, &part)
	if err != nil {
		return "", ""
	}
	no := strconv.Itoa(n + 1)
	return "line-" + no + "-" + part, decisionLabel(part) + ", line " + no
}

func decisionLabel(part string) string {
	switch part {
	case "action":
		return "Decision"
	case "units":
		return "Units authorized"
	case "from":
		return "First day"
	case "to":
		return "Last day"
	}
	return capital(part)
}

// readDecision reads what was chosen for every line.
func (c *Call) readDecision(f *Form, k priorauth.Case) review.Decision {
	d := review.Decision{Number: k.Number, Version: f.Version(), Attest: f.Has("attest")}
	for i, l := range k.Lines {
		at := func(part string) string { return "line-" + strconv.Itoa(i+1) + "-" + part }
		label := func(part string) string { return decisionLabel(part) + ", line " + strconv.Itoa(i+1) }
		one := priorauth.LineDecision{Line: l.ID, Action: priorauth.Action(f.Text(at("action"))), Reason: f.Text(at("reason")),
			Criterion: f.Lines(at("criterion")), Narrative: f.Lines(at("narrative"))}
		if one.Action == priorauth.Modify {
			one.Units = f.Int(at("units"), label("units"), "Give a whole number, such as 12")
			one.From = f.Date(at("from"), label("from"), c.Today())
			one.To = f.Date(at("to"), label("to"), c.Today())
		}
		d.Lines = append(d.Lines, one)
	}
	return d
}

// decideCase is POST /plan/cases/{number}/decide: the signature under the
// decision on every line.
func (s *site) decideCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	k, err := s.Priorauth.Case(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	d := c.readDecision(f, k)
	if !f.OK() {
		return s.showReview(c, number, f, nil)
	}
	if adverse(d) {
		ok, err := c.Strong(f) // V-09: a denial is signed by who proves herself now
		if !ok {
			return err
		}
	}
	_, err = s.Review.Decide(c.Context(), c.Actor, d)
	return s.afterStep(c, number, f, err, placeOfDecision, "decided", "#decision")
}

func adverse(d review.Decision) bool {
	return slices.ContainsFunc(d.Lines, func(l priorauth.LineDecision) bool { return l.Action == priorauth.Deny })
}

// anyDeniable reports whether the reviewer is offered to deny a line, and so
// has something to confirm.
func anyDeniable(choices []lineChoice) bool {
	for _, l := range choices {
		if len(l.Reasons) > 0 {
			return true
		}
	}
	return false
}
