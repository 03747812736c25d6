package web

import (
	"slices"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/web/kit"
)

// reviewPage is GET /plan/cases/{number}: the plan's view of a request.
func (s *site) reviewPage(c *Call) error {
	number, err := c.caseNumber()
	if err != nil {
		return err
	}
	return s.showReview(c, number, NewForm(nil), nil)
}

// caseForm reads the number in the address and the form that was sent.
func (c *Call) caseForm() (id.Number, *Form, error) {
	number, err := c.caseNumber()
	if err != nil {
		return "", nil, err
	}
	f, err := c.Form()
	if err != nil {
		return "", nil, err
	}
	return number, f, nil
}

// afterStep leads back to the request after a step, or shows it again with
// what went wrong and everything typed.
func (s *site) afterStep(c *Call, number id.Number, f *Form, err error, at Place, done, part string) error {
	if fault.Is(err, fault.Conflict) {
		return s.showReview(c, number, f, err)
	}
	err = f.Blame(err, at)
	if err != nil {
		return err
	}
	if !f.OK() {
		return s.showReview(c, number, f, nil)
	}
	return c.Done("/plan/cases/"+string(number)+part, done)
}

// takeCase is POST /plan/cases/{number}/take, from the request's page or from
// the worklist, to which it leads back.
func (s *site) takeCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Take(c.Context(), c.Actor, number, f.Version())
	if err == nil && f.Has("show") {
		return c.Done(placeAt(f.Text("show"), f.Text("after")).href()+"#"+rowID(number), "taken")
	}
	return s.afterStep(c, number, f, err, Places(nil), "taken", "")
}

// releaseCase is POST /plan/cases/{number}/release.
func (s *site) releaseCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Release(c.Context(), c.Actor, number, f.Version())
	return s.afterStep(c, number, f, err, Places(nil), "released", "")
}

// askOffice is POST /plan/cases/{number}/ask.
func (s *site) askOffice(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Ask(c.Context(), c.Actor, number, f.Version(), f.Lines("body"))
	return s.afterStep(c, number, f, err, Places(map[string][2]string{"body": {"body", "Question"}}), "asked", "#thread")
}

// noteCase is POST /plan/cases/{number}/note.
func (s *site) noteCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Note(c.Context(), c.Actor, number, f.Lines("note"))
	return s.afterStep(c, number, f, err, Places(map[string][2]string{"body": {"note", "Internal note"}}), "noted", "#thread")
}

// labelCase is POST /plan/cases/{number}/label.
func (s *site) labelCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Label(c.Context(), c.Actor, number, f.All("labels"))
	return s.afterStep(c, number, f, err, Places(map[string][2]string{"labels": {"labels", "What the services are"}}), "labelled", "#label")
}

// labelOptions gives the labels that a request does not have yet.
func labelOptions(has []sensitive.Category) []kit.Option {
	var out []kit.Option
	for _, c := range sensitive.Categories() {
		if !slices.Contains(has, c) {
			out = append(out, kit.Option{Value: string(c), Text: c.Words()})
		}
	}
	return out
}

// referCase is POST /plan/cases/{number}/refer.
func (s *site) referCase(c *Call) error {
	number, f, err := c.caseForm()
	if err != nil {
		return err
	}
	err = s.Review.Refer(c.Context(), c.Actor, number, f.Version(), access.Specialty(f.Text("specialty")), f.Lines("reason"))
	return s.afterStep(c, number, f, err, Places(map[string][2]string{
		"specialty": {"specialty", "Specialty"}, "reason": {"reason", "Why it is referred"},
	}), "referred", "")
}
