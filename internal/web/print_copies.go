package web

import (
	"net/http"
	"strconv"

	"hsconnect/internal/access"
	"hsconnect/internal/copies"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

const copiesPath = "/plan/copies"

// copiesView is the look-up of a copy and the second copies that wait.
type copiesView struct {
	form    *Form
	done    string
	reviews bool
	rows    []kit.Row
}

// copiesPage is GET /plan/copies. A number that was typed leads to its copy.
func (s *site) copiesPage(c *Call) error {
	f := NewForm(c.r.URL.Query())
	if f.Has("number") {
		number, err := id.ParseCopyNumber(f.Text("number"))
		if err == nil {
			_, _, err = s.Printout.Look(c.Context(), c.Actor, number)
		}
		switch {
		case err == nil:
			return c.Redirect(copiesPath + "/" + string(number))
		case fault.KindOf(err) == fault.Internal && number != "":
			return err
		case number != "":
			f.Fail("number", "Number of the copy", fault.Text(err))
		default:
			f.Fail("number", "Number of the copy", capital(err.Error()))
		}
	}
	v := copiesView{form: f, reviews: c.Actor.Has(access.ReviewPrivacy)}
	if c.Query("done") == "reviewed" {
		v.done = "The copy is reviewed."
	}
	if v.reviews {
		const shown = 200
		waiting, err := s.Printout.Second(c.Context(), c.Actor, shown)
		if err != nil {
			return err
		}
		for _, g := range waiting {
			row := c.copyRow(g, true)
			row.Cells[2].Sub = orPlan(g.OrgName)
			v.rows = append(v.rows, row)
		}
	}
	return c.Show(Page{Title: "Printed copies", Section: "copies", Form: f, Body: copiesBody(v)})
}

// copyView is one copy, and its review.
type copyView struct {
	copy       copies.Copy
	form       *Form
	alert      string
	facts      []kit.Fact
	all        []kit.Row
	reviews    bool
	reviewedAt string
	outcomes   []kit.Option
}

// copyPage is GET /plan/copies/{copy}.
func (s *site) copyPage(c *Call) error { return s.showCopy(c, nil, nil) }

func (s *site) showCopy(c *Call, f *Form, conflict error) error {
	number, err := id.ParseCopyNumber(c.Path("copy"))
	if err != nil {
		return errNotFound()
	}
	g, all, err := s.Printout.Look(c.Context(), c.Actor, number)
	if err != nil {
		return err
	}
	v := copyView{copy: g, form: f, reviews: c.Actor.Has(access.ReviewPrivacy), facts: c.copyFacts(g, len(all)), outcomes: f.Choose("outcome", "", copyOutcomes())}
	for _, other := range all {
		v.all = append(v.all, c.copyRow(other, other.ID != g.ID))
	}
	if g.Review != nil {
		v.reviewedAt = c.Moment(g.Review.At).Text
	}
	status := 0
	if conflict != nil {
		v.alert, status = sentence(fault.Text(conflict)), http.StatusConflict
	}
	return c.Show(Page{Status: status, Title: "Copy " + string(g.ID), Section: "copies", Form: f, Body: copyBody(v)})
}

func (c *Call) copyFacts(g copies.Copy, of int) []kit.Fact {
	which := "Copy " + strconv.Itoa(g.No)
	if of > 1 {
		which += " of " + strconv.Itoa(of) + " so far"
	}
	facts := []kit.Fact{
		{Term: "What", Text: g.Label, Sub: "reference " + g.Kind + "/" + g.Ref},
		{Term: "Which", Text: which},
		{Term: "For", Text: orPlan(g.OrgName)},
		{Term: "Printed by", Text: g.Name, Sub: g.Username},
		{Term: "When", Text: c.Moment(g.At).Text},
	}
	if g.Reason != "" {
		facts = append(facts, kit.Fact{Term: "Why another", Text: g.Reason})
	}
	if g.Digest == "" {
		return append(facts, kit.Fact{Term: "Handed out", Text: "No", Sub: "it was counted, and could not be made"})
	}
	return append(facts, kit.Fact{Term: "SHA-256 of the PDF", Text: g.Digest, Code: true})
}

func outcomeWords(o copies.Outcome) string {
	switch o {
	case copies.Explained:
		return "The reason holds"
	case copies.Reminded:
		return "The office was reminded of the agreement"
	case copies.Misused:
		return "Misuse"
	}
	return capital(string(o))
}

func copyOutcomes() []kit.Option {
	hints := map[copies.Outcome]string{
		copies.Explained: "Nothing more to do.",
		copies.Reminded:  "It does not hold, and you told them what they agreed to.",
		copies.Misused:   "Suspend the account, and report a breach where information left the office.",
	}
	var out []kit.Option
	for _, o := range copies.Outcomes() {
		out = append(out, kit.Option{Value: string(o), Text: outcomeWords(o), Hint: hints[o]})
	}
	return out
}

// reviewCopy is POST /plan/copies/{copy}.
func (s *site) reviewCopy(c *Call) error {
	number, err := id.ParseCopyNumber(c.Path("copy"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Printout.Review(c.Context(), c.Actor, number, copies.Outcome(f.Text("outcome")), f.Text("note"))
	switch {
	case err == nil:
		return c.Done(copiesPath, "reviewed")
	case fault.Is(err, fault.Conflict):
		return s.showCopy(c, f, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"outcome": {"outcome", "What the review found"}, "note": {"note", "Note"}}))
	if err != nil {
		return err
	}
	return s.showCopy(c, f, nil)
}
