package web

import (
	"net/http"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/web/kit"
)

const restrictionsPath = "/plan/privacy/restrictions"

// routesRestrictions are the rows of members under restriction and of
// confidential addresses.
func (s *site) routesRestrictions() []Route {
	row := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ReviewPrivacy, Purpose: access.Operations, Audit: audit, Handle: handle}
	}
	list := row(http.MethodGet, restrictionsPath, "disclosure", s.restrictionsPage)
	list.Shows = true
	return []Route{
		list,
		row(http.MethodPost, restrictionsPath, "step of the restriction", s.addRestriction),
		row(http.MethodPost, restrictionsPath+"/{member}/lift", "step of the restriction", s.liftRestriction),
		row(http.MethodPost, restrictionsPath+"/contact", "step of the confidential address", s.setContact),
		row(http.MethodPost, restrictionsPath+"/{member}/ordinary", "step of the confidential address", s.dropContact),
	}
}

// restrictionsView is the list with its forms; at most one of them came back.
type restrictionsView struct {
	done    string
	none    string
	form    *Form // of a restriction
	contact *Form // of a confidential address
	kinds   []kit.Option
	rows    []heldRow
	pages   kit.Pages
	waiting []kit.Row
}

// heldRow is one member of the list.
type heldRow struct {
	id         string
	name       string
	facts      []kit.Fact
	restricted bool
	elsewhere  bool
}

func (s *site) restrictionsPage(c *Call) error { return s.showRestrictions(c, nil, nil, nil) }

func (s *site) showRestrictions(c *Call, f, contact *Form, none error) error {
	held, err := s.Members.List(c.Context(), c.Actor, c.Query("after"))
	if err != nil {
		return err
	}
	waiting, err := s.Glass.ToReview(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := restrictionsView{form: f, contact: contact, done: restrictionDone(c.Query("done"))}
	page := Page{Title: "Restrictions", Section: "restrictions", Form: f}
	if f == nil {
		page.Form = contact
	}
	if none != nil {
		v.none, page.Status = sentence(fault.Text(none)), statusOf(fault.KindOf(none))
	}
	v.kinds = f.Choose("kind", "", restrictionKinds())
	for _, h := range held.Rows {
		v.rows = append(v.rows, c.heldRow(h))
	}
	for _, o := range waiting {
		v.waiting = append(v.waiting, kit.Row{Cells: []kit.Cell{
			{Text: o.Name, Sub: orPlan(o.OrgName), Href: "/plan/privacy/glass/" + string(o.ID), Header: true}, {Text: capital(o.Kind.Words())}, {Text: c.Moment(o.At).Text},
		}})
	}
	v.pages = kit.Pages{Text: count(len(held.Rows), "member", "members") + " shown"}
	if held.Next != "" {
		v.pages.Next = restrictionsPath + "?after=" + held.Next
	}
	if c.Query("after") != "" {
		v.pages.Previous = restrictionsPath
	}
	page.Body = restrictionsBody(v)
	return c.Show(page)
}

func restrictionKinds() []kit.Option {
	var out []kit.Option
	for _, k := range member.RestrictionKinds() {
		out = append(out, kit.Option{Value: string(k), Text: capital(string(k))})
	}
	return out
}

// contactIn reads the fields of another place.
func contactIn(f *Form) member.Contact {
	return member.Contact{Street: f.Text("c-street"), City: f.Text("c-city"), State: f.Text("c-state"), Zip: f.Text("c-zip"), Phone: f.Text("c-phone")}
}

// contactPlaces says where the problems of another place stand.
func contactPlaces() map[string][2]string {
	return map[string][2]string{"street": {"c-street", "Street"}, "city": {"c-city", "City"}, "state": {"c-state", "State"}, "zip": {"c-zip", "ZIP code"}, "phone": {"c-phone", "Telephone"}}
}

// lastMoment gives the end of a last day; zero for none.
func lastMoment(day civil.Date, zone *time.Location) time.Time {
	if day.IsZero() {
		return time.Time{}
	}
	return day.AddDays(1).In(zone)
}

func restrictionDone(word string) string {
	switch word {
	case "restricted":
		return "The member is under restriction from now on: it takes a reason to see anything."
	case "lifted":
		return "The restriction is lifted."
	case "contact":
		return "Letters and calls go to the other place alone. Tell whoever writes and calls for the plan: the portal writes no letters yet."
	case "ordinary":
		return "Letters and calls go to the ordinary address again."
	}
	return ""
}

func (c *Call) heldRow(h member.Held) heldRow {
	row := heldRow{id: string(h.Member.ID), name: h.Member.Name(), restricted: h.Restriction != nil, elsewhere: h.Confidence != nil}
	if row.name == "" {
		row.name = "Member " + row.id
	}
	if !h.Member.Birth.IsZero() {
		row.facts = append(row.facts, kit.Fact{Term: "Born", Text: h.Member.Birth.US()})
	}
	if h.Member.Number != "" {
		row.facts = append(row.facts, kit.Fact{Term: "Member ID", Text: h.Member.Number, Code: true})
	}
	if r := h.Restriction; r != nil {
		until := "until it is lifted"
		if !r.Until.IsZero() {
			until = "through " + civil.Of(r.Until.Add(-time.Second), c.site.Zone).Long()
		}
		row.facts = append(row.facts, kit.Fact{Term: "Restricted", Text: capital(string(r.Kind)), Sub: orWithheld(r.Reason)},
			kit.Fact{Term: "Since", Text: c.Moment(r.At).Text, Sub: "by " + r.ByName + ", " + until})
	}
	if k := h.Confidence; k != nil {
		row.facts = append(row.facts, kit.Fact{Term: "Confidential address", Text: "Letters and calls go elsewhere", Sub: "since " + c.Moment(k.Since).Text + ", by " + k.ByName})
	}
	return row
}

// orWithheld stands for words about a member that the reader's role is not
// shown: those that are kept are never empty.
func orWithheld(words string) string {
	if words == "" {
		return "The reason is not shown to your role."
	}
	return words
}

func (s *site) addRestriction(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}
	until := f.Date("until", "Until", c.Today())
	if !f.OK() {
		return s.showRestrictions(c, f, nil, nil)
	}
	err = s.Members.Restrict(c.Context(), c.Actor, key, member.RestrictionKind(f.Text("kind")), f.Text("reason"), lastMoment(until, s.Zone))
	if err == nil {
		return c.Done(restrictionsPath, "restricted")
	}
	if fault.Is(err, fault.NotFound) {
		return s.showRestrictions(c, f, nil, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}, "kind": {"kind", "Why"}, "reason": {"reason", "Reason"}, "until": {"until", "Until"}}))
	if err != nil {
		return err
	}
	return s.showRestrictions(c, f, nil, nil)
}

func (s *site) liftRestriction(c *Call) error {
	return s.liftOne(c, "lifted", func(m id.Member, reason string) error { return s.Members.Unrestrict(c.Context(), c.Actor, m, reason) })
}

func (s *site) dropContact(c *Call) error {
	return s.liftOne(c, "ordinary", func(m id.Member, reason string) error { return s.Members.Unconfide(c.Context(), c.Actor, m, reason) })
}

func (s *site) liftOne(c *Call, done string, do func(m id.Member, reason string) error) error {
	ref, err := id.Parse[id.Member](c.Path("member"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = do(ref, f.Text("why"))
	if err == nil {
		return c.Done(restrictionsPath, done)
	}
	err = f.Blame(err, func(string) (string, string) { return "", "Reason" })
	if err != nil {
		return err
	}
	return s.showRestrictions(c, f, nil, nil)
}

func (s *site) setContact(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := member.Key{Number: f.Text("c-number"), Birth: f.Birth("c-birth", "Date of birth", c.Today())}
	if f.OK() {
		err = s.Members.Confide(c.Context(), c.Actor, key, contactIn(f), f.Text("c-reason"))
		if err == nil {
			return c.Done(restrictionsPath, "contact")
		}
		if fault.Is(err, fault.NotFound) {
			return s.showRestrictions(c, nil, f, err)
		}
		places := contactPlaces()
		places["number"], places["birth"], places["reason"] = [2]string{"c-number", "Member ID"}, [2]string{"c-birth", "Date of birth"}, [2]string{"c-reason", "Reason"}
		err = f.Blame(err, Places(places))
		if err != nil {
			return err
		}
	}
	return s.showRestrictions(c, nil, f, nil)
}
