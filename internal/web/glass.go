package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
	"hsconnect/internal/glass"
	"hsconnect/internal/id"
	"hsconnect/internal/web/kit"
)

// Addresses of these pages.
const (
	glassPath     = "/glass"
	emergencyPath = "/glass/emergency"
)

// routesGlass are the rows of opening a restricted member's information with
// a reason, and of its review.
func (s *site) routesGlass() []Route {
	const get, post = http.MethodGet, http.MethodPost
	return []Route{
		{Method: get, Pattern: glassPath, Gate: Accepted, Permission: access.BreakGlass, Purpose: access.Treatment,
			Why: "asks for the reason; says nothing of the member, not even that there is one", Audit: "nothing", Handle: s.glassPage},
		{Method: post, Pattern: glassPath, Gate: Accepted, Permission: access.BreakGlass, Purpose: access.Treatment, Audit: "record entry", Handle: s.breakGlass},
		{Method: get, Pattern: emergencyPath, Gate: Accepted, Side: access.Office, Permission: access.BreakGlass, Purpose: access.Treatment,
			Why: "an empty form", Audit: "nothing", Handle: s.emergencyPage},
		{Method: post, Pattern: emergencyPath, Gate: Accepted, Side: access.Office, Permission: access.BreakGlass, Purpose: access.Treatment, Audit: "record entry", Handle: s.openEmergency},
		{Method: post, Pattern: glassPath + "/{id}/end", Gate: Accepted, Permission: access.BreakGlass, Audit: "step of the opening", Handle: s.endGlass},
		{Method: get, Pattern: glass.ReviewPath + "{id}", Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Purpose: access.Operations,
			Shows: true, Audit: "disclosure", Handle: s.openingPage},
		{Method: post, Pattern: glass.ReviewPath + "{id}", Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Audit: "step of the opening", Handle: s.reviewOpening},
	}
}

// glassView is the page that asks for the reason.
type glassView struct {
	form   *Form
	member string // a reference
	next   string
	back   string
}

func (s *site) glassPage(c *Call) error {
	f := NewForm(nil)
	f.Set("member", c.Query("member"))
	f.Set("next", localPath(c.r.URL.Query().Get("next")))
	return c.showGlass(f)
}

func (c *Call) showGlass(f *Form) error {
	ref, err := id.Parse[id.Member](f.Raw("member"))
	if err != nil {
		return errNotFound()
	}
	v := glassView{form: f, member: string(ref), next: localPath(f.Raw("next")), back: "/"}
	return c.Show(Page{Title: "Open a restricted member", Form: f, Body: glassBody(v)})
}

// breakGlass is POST /glass. What leads on is a page of ours, or the member's.
func (s *site) breakGlass(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	ref, err := id.Parse[id.Member](f.Raw("member"))
	if err != nil {
		return errNotFound()
	}
	_, err = glass.CleanReason(f.Lines("reason"))
	if err == nil {
		ok, err := c.StrongNow(f)
		if !ok {
			return err
		}
		_, err = s.Glass.Open(c.Context(), c.Actor, glass.Ask{Member: ref, Reason: f.Lines("reason")})
		if err == nil {
			return c.Redirect(orHome(localPath(f.Raw("next"))))
		}
		return err
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"reason", "Reason"}}))
	if err != nil {
		return err
	}
	return c.showGlass(f)
}

// StrongNow is Strong that never takes an earlier proof: breaking the glass is
// proven each time (V-09).
func (c *Call) StrongNow(f *Form) (bool, error) {
	if f.Raw("proof_answer") == "" && !f.Has("proof_code") {
		return false, c.askAgain(f, nil)
	}
	return c.proven(f)
}

// glassNeeded answers that a member is under restriction, which is told only to
// somebody who may open it: with the way to do so, and everything typed kept.
func (c *Call) glassNeeded(m id.Member) bool {
	read := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	if read {
		return c.Redirect(glassHref(m, c.r.URL.RequestURI())) == nil
	}
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return false
	}
	f, err := c.Form()
	if err != nil {
		return false
	}
	return c.Show(Page{Status: http.StatusForbidden, Title: "One step first",
		Body: heldBody(c.r.URL.RequestURI(), heldFields(f), "Open the restricted member", glassHref(m, c.referer()))}) == nil
}

func glassHref(m id.Member, next string) string {
	return glassPath + "?member=" + url.QueryEscape(string(m)) + "&next=" + url.QueryEscape(localPath(next))
}

// emergencyView is the page of an emergency.
type emergencyView struct {
	form *Form
	none string // why nobody was found
	held string // why nobody was looked for now
}

func (s *site) emergencyPage(c *Call) error {
	err := glass.MayEmergency(c.Actor)
	if err != nil {
		return err
	}
	return c.Show(Page{Title: "Emergency", Section: "members", Body: emergencyBody(emergencyView{form: NewForm(nil)})})
}

// openEmergency is POST /glass/emergency: a clinician names a patient by a
// full key.
func (s *site) openEmergency(c *Call) error {
	err := glass.MayEmergency(c.Actor)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	v := emergencyView{form: f}
	birth := f.Birth("birth", "Date of birth", c.Today())
	if f.OK() && f.Text("number") == "" {
		f.Fail("number", "Member ID", "Type the member ID from the card")
	}
	if f.OK() && birth.IsZero() {
		f.Fail("birth", "Date of birth", "Type the date of birth too")
	}
	_, reason := glass.CleanReason(f.Lines("reason"))
	if reason != nil {
		err = f.Blame(reason, Places(map[string][2]string{"reason": {"reason", "Reason"}}))
		if err != nil {
			return err
		}
	}
	if !f.OK() {
		return c.Show(Page{Title: "Emergency", Section: "members", Form: f, Body: emergencyBody(v)})
	}
	ok, err := c.StrongNow(f)
	if !ok {
		return err
	}
	o, err := s.Glass.Emergency(c.Context(), c.Actor, f.Text("number"), birth, f.Lines("reason"))
	if fault.Is(err, fault.TooMany) {
		v.held = sentence(fault.Text(err))
		c.w.Header().Set("Retry-After", "30")
		return c.Show(Page{Status: http.StatusTooManyRequests, Title: "Emergency", Section: "members", Form: f, Body: emergencyBody(v)})
	}
	if fault.Is(err, fault.NotFound) {
		v.none = sentence(fault.Text(err))
		return c.Show(Page{Status: http.StatusNotFound, Title: "Emergency", Section: "members", Form: f, Body: emergencyBody(v)})
	}
	if err != nil {
		return err
	}
	return c.Redirect("/members/" + string(o.Member))
}

// endGlass is POST /glass/{id}/end.
func (s *site) endGlass(c *Call) error {
	ref, err := id.Parse[glass.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	err = s.Glass.End(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	return c.Redirect("/")
}

// glassNotice is the banner on every page about members while something is
// open in this session.
func (c *Call) glassNotice() []kit.Announcement {
	if c.Route.Purpose == "" || !c.Actor.Has(access.BreakGlass) {
		return nil
	}
	open, err := c.site.Glass.Mine(c.Context(), c.Actor)
	if err != nil {
		c.site.Log.WarnContext(c.Context(), "openings not read", slog.String("reference", c.Reference), slog.String("cause", causeOf(err)))
		return nil
	}
	var out []kit.Announcement
	for _, o := range open {
		left := int((o.Until.Sub(c.Now()) + time.Minute - 1) / time.Minute) // a minute that has begun counts
		out = append(out, kit.Announcement{Tone: kit.Danger, Do: &kit.Link{Text: "End it now", Href: glassPath + "/" + string(o.ID) + "/end"},
			Text: "You have opened a record that takes a reason (" + o.Kind.Words() + "): " + count(left, "minute", "minutes") + " left, until " + c.Moment(o.Until).Text +
				". Everything you look at is written down, and the privacy officer reviews it."})
	}
	return out
}

// openingView is one opening with its review.
type openingView struct {
	id       string
	done     string
	form     *Form
	facts    []kit.Fact
	reason   string
	waits    bool
	own      bool
	reviews  []kit.Event
	rows     []kit.Row
	outcomes []kit.Option
}

func (s *site) openingPage(c *Call) error { return s.showOpening(c, NewForm(nil)) }

func (s *site) showOpening(c *Call, f *Form) error {
	ref, err := id.Parse[glass.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	sheet, err := s.Glass.Sheet(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	o := sheet.Opening
	v := openingView{id: string(ref), form: f, reason: orWithheld(o.Reason), waits: sheet.Waits, own: o.Person == c.Actor.Person}
	if c.Query("done") == "reviewed" {
		v.done = "The review is kept."
	}
	ended := "ran out, or runs out, by itself"
	if !o.Ended.IsZero() {
		ended = "ended by hand, " + c.Moment(o.Ended).Text
	}
	v.facts = []kit.Fact{
		{Term: "Number", Text: string(o.ID), Code: true},
		{Term: "Opened by", Text: o.Name, Sub: o.Username + " · " + orPlan(o.OrgName)},
		{Term: "Why", Text: capital(o.Kind.Words()), Sub: o.Purpose.Words()},
		{Term: "Opened", Text: c.Moment(o.At).Text},
		{Term: "Until", Text: c.Moment(o.Until).Text, Sub: ended},
		{Term: "Member reference", Text: string(o.Member), Code: true},
		{Term: "Shown under it", Text: count(len(sheet.Shown), "time", "times")},
	}
	for _, r := range sheet.Reviews {
		v.reviews = append(v.reviews, kit.Event{At: c.Moment(r.At), Who: r.Name, What: capital(string(r.Outcome)), Detail: r.Note})
	}
	for _, r := range sheet.Shown {
		v.rows = append(v.rows, c.openedRow(r))
	}
	for _, out := range glass.Outcomes() {
		hint := ""
		if out == glass.FollowUp {
			hint = "It stays on the list until a later review settles it."
		}
		v.outcomes = append(v.outcomes, kit.Option{Value: string(out), Text: capital(string(out)), Hint: hint})
	}
	v.outcomes = f.Choose("outcome", "", v.outcomes)
	return c.Show(Page{Title: "Opening of a restricted record", Section: "privacy", Form: f, Body: openingBody(v)})
}

func (s *site) reviewOpening(c *Call) error {
	ref, err := id.Parse[glass.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Glass.Review(c.Context(), c.Actor, ref, glass.Outcome(f.Text("outcome")), f.Lines("note"))
	if err == nil {
		return c.Done(glass.ReviewPath+string(ref), "reviewed")
	}
	err = f.Blame(err, Places(map[string][2]string{"outcome": {"outcome", "What the review found"}, "note": {"note", "Note"}}))
	if err != nil {
		return err
	}
	return s.showOpening(c, f)
}

func minutesOf() string { return strconv.Itoa(int(glass.Lasts.Minutes())) }
