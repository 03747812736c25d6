package web

import (
	"net/http"
	"strconv"

	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/privacy"
	"hsconnect/internal/web/kit"
)

// privacyListView is the list of what members ask for.
type privacyListView struct {
	tabs  []kit.TabLink
	title string
	rows  []kit.Row
	empty kit.EmptyProps
}

func (s *site) privacyRequests(c *Call) error {
	answered := c.Query("show") == "answered"
	all, err := s.Privacy.Cases(c.Context(), c.Actor, !answered)
	if err != nil {
		return err
	}
	v := privacyListView{title: "Waiting for the plan's answer", empty: kit.EmptyProps{Title: "Nothing waits", Text: "When a member asks for an accounting, for access, an amendment, a restriction or another address, enter it here: its clock starts with the day of receipt.",
		Do: &kit.Link{Text: "Enter a request", Href: privacyRequestsPath + "/new"}}}
	if answered {
		v.title, v.empty = "Answered", kit.EmptyProps{Title: "Nothing was answered yet", Text: "Each answered request stays here."}
	}
	for _, k := range all {
		v.rows = append(v.rows, c.privacyRow(k))
	}
	v.tabs = []kit.TabLink{{Text: "Waiting", Href: privacyRequestsPath, Current: !answered}, {Text: "Answered", Href: privacyRequestsPath + "?show=answered", Current: answered}}
	return c.Show(Page{Title: "Requests of members", Section: "privacy", Body: privacyListBody(v)})
}

func (c *Call) privacyRow(k privacy.Case) kit.Row {
	due := kit.Cell{Text: capital(string(k.Outcome)), Sub: c.Moment(k.Changed).Text}
	row := kit.Row{}
	if k.Pending {
		d := c.Due(k.Received, k.Limit)
		due = kit.Cell{Body: kit.DueCell(d)}
		if d.Urgency == kit.Late {
			row.Tone = kit.Danger
		}
	}
	sub := k.Channel
	if k.Extended {
		sub += ", extended once"
	}
	row.Cells = []kit.Cell{{Text: capital(string(k.Kind)), Sub: sub, Href: privacyRequestsPath + "/" + string(k.ID), Header: true}, {Text: c.usDay(k.Received)}, due, {Text: k.Rule.Citation, Muted: true}}
	return row
}

// privacyNewView is the form of a new request.
type privacyNewView struct {
	form     *Form
	kinds    []kit.Option
	channels []kit.Option
}

func (s *site) newPrivacyRequest(c *Call) error { return s.showNewPrivacy(c, NewForm(nil)) }

func (s *site) showNewPrivacy(c *Call, f *Form) error {
	v := privacyNewView{form: f}
	hints := map[privacy.Kind]string{
		privacy.Accounting:   "Who was told what, without treatment, payment and operations. Due in 60 days.",
		privacy.Access:       "To see or get a copy of the record. Due in 30 days.",
		privacy.Amendment:    "To correct what the record says. Due in 60 days.",
		privacy.Restriction:  "Not to use or disclose something. The plan need not agree, but what it agrees to it keeps.",
		privacy.Confidential: "To be written to or called elsewhere. The plan agrees when the member states danger.",
	}
	for _, k := range privacy.Kinds() {
		v.kinds = append(v.kinds, kit.Option{Value: string(k), Text: capital(string(k)), Hint: hints[k]})
	}
	v.kinds = f.Choose("kind", "", v.kinds)
	v.channels = []kit.Option{{Text: "Choose"}}
	for _, ch := range privacy.Channels() {
		v.channels = append(v.channels, kit.Option{Value: ch, Text: capital(ch)})
	}
	v.channels = f.Choose("channel", "", v.channels)
	return c.Show(Page{Title: "Enter a member's request", Section: "privacy", Form: f, Body: privacyNewBody(v)})
}

// openPrivacyRequest is POST /plan/privacy/requests/new.
func (s *site) openPrivacyRequest(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	n := privacy.NewCase{Key: member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}, Kind: privacy.Kind(f.Raw("kind")),
		Asked: f.Lines("asked"), Channel: f.Raw("channel"), Received: f.Date("received", "Received", c.Today()), Endangered: f.Has("endangered")}
	if f.OK() {
		k, err := s.Privacy.Begin(c.Context(), c.Actor, n)
		if err == nil {
			return c.Done(privacyRequestsPath+"/"+string(k.ID), "opened")
		}
		if fault.Is(err, fault.NotFound) {
			f.Fail("number", "Member ID", fault.Text(err))
			err = nil
		}
		err = f.Blame(err, Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}, "kind": {"kind", "What is asked for"},
			"asked": {"asked", "In the member's words"}, "channel": {"channel", "How it came"}, "received": {"received", "Received"}}))
		if err != nil {
			return err
		}
	}
	return s.showNewPrivacy(c, f)
}

// privacyCaseView is one request of a member.
type privacyCaseView struct {
	id, base string
	done     string
	said     string // that somebody else was first
	form     *Form
	which    string // the form that came back
	version  string
	k        privacy.File
	due      *kit.Due
	facts    []kit.Fact
	steps    []kit.Event
	outcomes []kit.Option
	parts    []kit.Row
	linkable []kit.Option
	tell     []kit.Row
	untold   []kit.Option
	readings bool
	stated   bool         // there is a statement of disagreement
	kinds    []kit.Option // of a restriction
}

// formOf gives the form that came back, if it is the one with the verb.
func (v privacyCaseView) formOf(verb string) *Form {
	if v.which == verb {
		return v.form
	}
	return nil
}

func (v privacyCaseView) extendable() bool {
	return v.k.Pending && v.k.Rule.Extendable() && !v.k.Extended
}

func (s *site) privacyRequest(c *Call) error { return s.showPrivacy(c, "", nil, nil) }

func privacyDone(word string) string {
	return map[string]string{
		"opened": "The request is entered, and its clock runs.", "extend": "The time is extended. Tell the member in writing, with the reason and the new date.",
		"answer": "The answer is kept.", "link": "The record is named, and the request is appended to it.", "tell": "It is kept that the organization was told.",
		"effect": "It is in effect from now on.", "disagree": "The statement is kept, and appended to each record that is named.", "rebut": "The rebuttal is kept, and appended to each record that is named. Send the member a copy.",
	}[word]
}

func (s *site) showPrivacy(c *Call, which string, f *Form, conflict error) error {
	ref, err := id.Parse[privacy.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	k, err := s.Privacy.Open(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	v := privacyCaseView{id: string(ref), base: privacyRequestsPath + "/" + string(ref), done: privacyDone(c.Query("done")), form: f, which: which, k: k,
		version: strconv.FormatInt(k.Version, 10), readings: k.Kind == privacy.Accounting || k.Kind == privacy.Access}
	status := 0
	if conflict != nil {
		status, v.said = http.StatusConflict, sentence(fault.Text(conflict))
	}
	if k.Pending {
		d := c.Due(k.Received, k.Limit)
		d.Rule = k.Rule.Citation
		v.due = &d
	}
	v.facts = []kit.Fact{{Term: "Born", Text: k.Who.Birth.US()}, {Term: "Member ID", Text: k.Who.Number, Code: true}, {Term: "Received", Text: c.usDay(k.Received), Sub: channelWords(k.Channel)},
		{Term: "Rule", Text: k.Rule.Name, Sub: k.Rule.Citation}}
	if k.Kind == privacy.Accounting {
		cost := "Free: the first within 12 months"
		if !k.Free {
			cost = "Not the first within 12 months: a reasonable fee may be asked for, if the member is told first"
		}
		v.facts = append(v.facts, kit.Fact{Term: "Cost", Text: cost})
	}
	if !k.Pending {
		v.facts = append(v.facts, kit.Fact{Term: "Outcome", Text: capital(string(k.Outcome)), Sub: c.Moment(k.Changed).Text})
	}
	for _, e := range k.Events {
		v.stated = v.stated || e.Kind == "statement"
		v.steps = append(v.steps, kit.Event{At: c.Moment(e.At), Who: e.Name, What: privacyStep(e.Kind), Detail: e.Text})
	}
	for _, o := range k.Kind.Outcomes() {
		v.outcomes = append(v.outcomes, kit.Option{Value: string(o), Text: capital(string(o)), Disabled: k.MustAgree && o == privacy.Denied})
	}
	v.outcomes = v.formOf("answer").Choose("outcome", "", v.outcomes)
	v.kinds = v.formOf("effect").Choose("kind", "", append(restrictionKinds(), kit.Option{Text: "None of these", Hint: "It is kept in another way: say how."}))
	c.privacyParts(&v)
	return c.Show(Page{Status: status, Title: capital(string(k.Kind)), Section: "privacy", Form: f, Body: privacyCaseBody(v)})
}

// channelWords says by which way a request came.
func channelWords(channel string) string {
	switch channel {
	case "in person":
		return channel
	case "member portal":
		return "through the " + channel
	}
	return "by " + channel
}

func privacyStep(kind string) string {
	switch kind {
	case "opened":
		return "Entered"
	case "linked":
		return "Record named"
	case "statement":
		return "Statement of disagreement"
	case "told":
		return "Organization told"
	case "in effect":
		return "In effect"
	case "extended":
		return "Extended by 30 days"
	}
	return capital(kind)
}

func (c *Call) privacyParts(v *privacyCaseView) {
	for _, l := range v.k.Linked {
		v.parts = append(v.parts, kit.Row{Cells: []kit.Cell{{Text: string(l.Number), Header: true}, {Text: capital(l.What)}}})
	}
	v.linkable = []kit.Option{{Text: "Choose"}}
	for _, l := range v.k.Linkable {
		v.linkable = append(v.linkable, kit.Option{Value: string(l.Number) + " " + l.Subject, Text: string(l.Number) + ": " + l.What})
	}
	v.untold = []kit.Option{{Text: "Choose"}}
	for _, r := range v.k.Recipients {
		state := kit.Cell{Text: "Not told yet", Strong: true}
		if r.Told.IsZero() {
			v.untold = append(v.untold, kit.Option{Value: string(r.Org), Text: r.Name})
		} else {
			state = kit.Cell{Text: "Told " + r.How, Sub: c.Moment(r.Told).Text}
		}
		v.tell = append(v.tell, kit.Row{Cells: []kit.Cell{{Text: r.Name, Header: true}, {Text: c.Moment(r.Last).Text, Muted: true}, state}})
	}
	v.untold = v.formOf("tell").Choose("org", "", v.untold)
}

// changePrivacyRequest is POST /plan/privacy/requests/{id}/{verb}.
func (s *site) changePrivacyRequest(c *Call) error {
	ref, err := id.Parse[privacy.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	verb := c.Path("verb")
	places := map[string][2]string{"reason": {"reason", "Reason"}, "outcome": {"outcome", "How it ends"}, "text": {"text", "What"}, "authorization": {"authorization", "Authorization number"},
		"how": {"how", "How it was told"}, "org": {"org", "Organization"}}
	switch verb {
	case "extend":
		err = s.Privacy.Extend(c.Context(), c.Actor, ref, f.Version(), f.Lines("reason"))
	case "answer":
		err = s.Privacy.Answer(c.Context(), c.Actor, ref, f.Version(), privacy.Outcome(f.Raw("outcome")), f.Lines("text"))
	case "link":
		err = s.linkPrivacy(c, ref, f)
	case "tell":
		err = s.Privacy.Tell(c.Context(), c.Actor, ref, f.Version(), id.Organization(f.Text("org")), f.Text("how"))
		if fault.Is(err, fault.NotFound) {
			err = fault.Bad(fault.Problem{Path: "org", Text: "Choose the organization that was told"})
		}
	case "effect":
		until := f.Date("until", "Until", c.Today())
		if !f.OK() {
			return s.showPrivacy(c, verb, f, nil)
		}
		err = s.Privacy.PutIntoEffect(c.Context(), c.Actor, ref, f.Version(), privacy.Effect{Contact: contactIn(f),
			Kind: member.RestrictionKind(f.Text("kind")), Until: lastMoment(until, s.Zone), Reason: f.Text("reason")})
		places = contactPlaces()
		places["kind"], places["reason"], places["until"] = [2]string{"kind", "How it is kept"}, [2]string{"reason", "Reason"}, [2]string{"until", "Until"}
	case "disagree":
		err = s.Privacy.Disagree(c.Context(), c.Actor, ref, f.Version(), f.Lines("statement"))
		places["text"] = [2]string{"statement", "Statement"}
	case "rebut":
		err = s.Privacy.Rebut(c.Context(), c.Actor, ref, f.Version(), f.Lines("rebuttal"))
		places["text"] = [2]string{"rebuttal", "Rebuttal"}
	default:
		return errNotFound()
	}
	if err == nil {
		return c.Done(privacyRequestsPath+"/"+string(ref), verb)
	}
	if fault.Is(err, fault.Conflict) {
		return s.showPrivacy(c, verb, f, err)
	}
	err = f.Blame(err, Places(places))
	if err != nil {
		return err
	}
	if f.OK() {
		return c.Redirect(privacyRequestsPath + "/" + string(ref))
	}
	return s.showPrivacy(c, verb, f, nil)
}

// linkPrivacy takes a typed number, or a number with a part from the list.
func (s *site) linkPrivacy(c *Call, ref privacy.ID, f *Form) error {
	typed, part := f.Text("authorization"), ""
	if chosen := f.Text("part"); chosen != "" {
		typed, part = cutPart(chosen)
	}
	number, err := id.ParseNumber(typed)
	if err != nil {
		return fault.Bad(fault.Problem{Path: "authorization", Text: "Type the authorization number as it stands on the receipt"})
	}
	return s.Privacy.Link(c.Context(), c.Actor, ref, f.Version(), number, part)
}

func cutPart(chosen string) (number, part string) {
	for i := range chosen {
		if chosen[i] == ' ' {
			return chosen[:i], chosen[i+1:]
		}
	}
	return chosen, ""
}

func answerHint(k privacy.Kind) string {
	switch k {
	case privacy.Accounting, privacy.Access:
		return "How it was given, and when. Of a denial: the basis, and how to complain."
	case privacy.Amendment:
		return "Accepted: what the record should say, as everybody who reads it will see. Denied: the basis in plain words, and the right to disagree."
	case privacy.Restriction, privacy.Confidential:
		return "What was agreed to, from when on; or why not."
	}
	return ""
}
