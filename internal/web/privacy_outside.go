package web

import (
	"net/http"

	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/web/kit"
)

// outsideView is the form of a disclosure outside the portal.
type outsideView struct {
	form  *Form
	bases []kit.Option
}

func (s *site) newOutside(c *Call) error { return s.showNewOutside(c, NewForm(nil)) }

func (s *site) showNewOutside(c *Call, f *Form) error {
	v := outsideView{form: f, bases: []kit.Option{{Text: "Choose"}}}
	for _, b := range disclosure.Bases() {
		group := "An accounting names it"
		if b.Exempt() {
			group = "An accounting leaves it out"
		}
		v.bases = append(v.bases, kit.Option{Value: string(b), Text: capital(string(b)) + " · " + b.Citation(), Group: group})
	}
	v.bases = f.Choose("basis", "", v.bases)
	return c.Show(Page{Title: "Write down a disclosure", Section: "privacy", Form: f, Body: newOutsideBody(v)})
}

// recordOutside is POST /plan/privacy/outside/new.
func (s *site) recordOutside(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := member.Key{Number: f.Text("number"), Birth: f.Birth("birth", "Date of birth", c.Today())}
	o := disclosure.Outside{Basis: disclosure.Basis(f.Raw("basis")), Recipient: f.Text("recipient"), Address: f.Text("address"), Description: f.Lines("description"),
		Purpose: f.Lines("purpose"), On: f.Date("on", "Date", c.Today())}
	if f.OK() {
		kept, err := s.Privacy.RecordOutside(c.Context(), c.Actor, key, o)
		if err == nil {
			return c.Done(outsidePath+"/"+string(kept.Member), "recorded")
		}
		if fault.Is(err, fault.NotFound) {
			f.Fail("number", "Member ID", fault.Text(err))
			err = nil
		}
		err = f.Blame(err, Places(map[string][2]string{"number": {"number", "Member ID"}, "birth": {"birth", "Date of birth"}, "basis": {"basis", "Why it was disclosed"},
			"recipient": {"recipient", "Who received it"}, "address": {"address", "Address"}, "description": {"description", "What was disclosed"}, "purpose": {"purpose", "Purpose"}, "on": {"on", "Date"}}))
		if err != nil {
			return err
		}
	}
	return s.showNewOutside(c, f)
}

// outsideListView is a member's disclosures outside the portal.
type outsideListView struct {
	base  string
	done  string
	said  string
	form  *Form
	which string
	m     member.Member
	rows  []kit.Row
	line  *disclosure.Outside // the one that is looked at
	forms []kit.Option
}

func (v outsideListView) formOf(verb string) *Form {
	if v.which == verb {
		return v.form
	}
	return nil
}

func (s *site) outsidePage(c *Call) error {
	return s.showOutside(c, c.Query("line"), "", nil, nil)
}

func (s *site) showOutside(c *Call, line, which string, f *Form, conflict error) error {
	ref, err := id.Parse[id.Member](c.Path("member"))
	if err != nil {
		return errNotFound()
	}
	m, all, err := s.Privacy.Outside(c.Context(), c.Actor, ref)
	if err != nil {
		return err
	}
	v := outsideListView{base: outsidePath + "/" + string(ref), form: f, which: which, m: m}
	v.done = map[string]string{"recorded": "The disclosure is written down.", "withdraw": "The line is taken out of accountings. It stays in the ledger.",
		"suspend": "The line is held back, and comes back by itself."}[c.Query("done")]
	status := 0
	if conflict != nil {
		status, v.said = http.StatusConflict, sentence(fault.Text(conflict))
	}
	for i, o := range all {
		state := kit.Cell{Text: "In accountings"}
		switch {
		case o.Withdrawn != "":
			state = kit.Cell{Text: "Taken out", Sub: o.Withdrawn, Strong: true}
		case o.Basis.Exempt():
			state = kit.Cell{Text: "Left out by law", Sub: o.Basis.Citation(), Muted: true}
		case c.Now().Before(o.Suspended):
			state = kit.Cell{Text: "Held back until " + c.Moment(o.Suspended).Text, Sub: o.Official, Strong: true}
		}
		v.rows = append(v.rows, kit.Row{ID: "line-" + string(o.ID), Cells: []kit.Cell{{Text: o.On.US(), Href: v.base + "?line=" + string(o.ID) + "#line", Header: true},
			{Text: o.Recipient, Sub: o.Address}, {Text: o.Description}, {Text: o.Purpose, Sub: string(o.Basis)}, state}})
		if string(o.ID) == line {
			v.line = &all[i]
		}
	}
	v.forms = v.formOf("suspend").Choose("form", "", []kit.Option{{Value: string(disclosure.Oral), Text: "Oral", Hint: "Holds for 30 days at most."}, {Value: string(disclosure.Written), Text: "In writing", Hint: "Holds until the day that it names."}})
	return c.Show(Page{Status: status, Title: "Outside the portal", Section: "privacy", Form: f, Wide: true, Body: outsideBody(v)})
}

// changeOutside is POST /plan/privacy/outside/{member}/{line}/{verb}.
func (s *site) changeOutside(c *Call) error {
	ref, err := id.Parse[disclosure.OutsideID](c.Path("line"))
	if err != nil {
		return errNotFound()
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	verb := c.Path("verb")
	switch verb {
	case "withdraw":
		err = s.Privacy.WithdrawOutside(c.Context(), c.Actor, ref, f.Lines("reason"))
	case "suspend":
		sus := disclosure.Suspension{Outside: ref, Form: disclosure.Form(f.Raw("form")), Official: f.Text("official"), Statement: f.Lines("statement"),
			Since: f.Date("since", "Day of the statement", c.Today()), Until: f.Date("until", "Until", c.Today())}
		if f.OK() {
			err = s.Privacy.SuspendOutside(c.Context(), c.Actor, sus)
		}
	default:
		return errNotFound()
	}
	if err == nil && f.OK() {
		return c.Done(outsidePath+"/"+c.Path("member"), verb)
	}
	if fault.Is(err, fault.Conflict) {
		return s.showOutside(c, string(ref), verb, f, err)
	}
	err = f.Blame(err, Places(map[string][2]string{"reason": {"reason", "Reason"}, "form": {"form", "How it was said"}, "official": {"official", "Agency or official"},
		"statement": {"statement", "Statement"}, "since": {"since", "Day of the statement"}, "until": {"until", "Until"}}))
	if err != nil {
		return err
	}
	return s.showOutside(c, string(ref), verb, f, nil)
}
