package web

import (
	"net/http"

	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/web/kit"
)

// visitReviewView is a statement "seen at this visit" that was drawn for a review.
type visitReviewView struct {
	id        string
	member    string
	said      string
	form      *Form
	facts     []kit.Fact
	outcomes  []kit.Option
	mayReview string // why not, or ""
}

func (s *site) visitReviewPage(c *Call) error { return s.showVisit(c, nil, nil) }

func (s *site) showVisit(c *Call, f *Form, conflict error) error {
	ref, err := id.Parse[id.Visit](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	st, m, err := s.Privacy.Visit(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	v := visitReviewView{id: string(ref), member: m.Name(), form: f}
	followed := "Not yet"
	if st.Followed {
		followed = "Yes, a request or a claim"
	}
	v.facts = []kit.Fact{{Term: "Member", Text: m.Name(), Sub: "born " + m.Birth.US()}, {Term: "Member ID", Text: m.Number, Code: true},
		{Term: "Stated by", Text: st.Name, Sub: st.OrgName}, {Term: "Stated on", Text: c.Moment(st.At).Text}, {Term: "Visit on", Text: st.On.US()},
		{Term: "In their words", Text: orDash(st.Note)}, {Term: "Followed by", Text: followed},
		{Term: "By the same person", Text: count(st.ByPerson, "statement in 30 days", "statements in 30 days")}}
	for _, o := range member.VisitOutcomes() {
		v.outcomes = append(v.outcomes, kit.Option{Value: string(o), Text: capital(string(o))})
	}
	v.outcomes = f.Choose("outcome", "", v.outcomes)
	switch {
	case st.Outcome != "":
		v.mayReview = capital(string(st.Outcome)) + ". Reviewed by " + st.Reviewer + ", " + c.Moment(st.ReviewedAt).Text + ". " + st.ReviewNote
	case st.Person == c.Actor.Person:
		v.mayReview = "This is your own statement. Somebody else reviews it."
	}
	status := 0
	if conflict != nil {
		status, v.said = http.StatusConflict, sentence(fault.Text(conflict))
	}
	return c.Show(Page{Status: status, Title: "A stated visit", Section: "privacy", Form: f, Body: visitReviewBody(v)})
}

// reviewVisit is POST /plan/privacy/visits/{id}.
func (s *site) reviewVisit(c *Call) error {
	ref, err := id.Parse[id.Visit](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Privacy.ReviewVisit(c.Context(), c.Actor, ref, member.VisitOutcome(f.Raw("outcome")), f.Lines("note"))
	if err == nil {
		return c.Done(privacyPath, "visit")
	}
	if fault.Is(err, fault.Conflict) {
		return s.showVisit(c, f, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"outcome": {"outcome", "What the review found"}, "note": {"note", "Note"}}))
	if err != nil {
		return err
	}
	return s.showVisit(c, f, nil)
}
