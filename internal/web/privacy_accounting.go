package web

import (
	"bytes"
	"encoding/json"

	"hsconnect/internal/access"
	"hsconnect/internal/id"
	"hsconnect/internal/privacy"
	"hsconnect/internal/web/kit"
)

// accountingMost is how many lines the page shows; the files hold them all.
const accountingMost = 500

// accountingView is who was shown what of a member, for six years.
type accountingView struct {
	base   string
	a      privacy.Account
	tabs   []kit.TabLink
	title  string
	facts  []kit.Fact
	rows   []kit.Row
	empty  kit.EmptyProps
	held   string // for staff alone
	more   string
	suffix string // of the addresses of the files
}

func readingOf(c *Call) privacy.Reading {
	if c.Query("reading") == string(privacy.Everything) {
		return privacy.Everything
	}
	return privacy.ByLaw
}

func (s *site) accountingPage(c *Call) error {
	ref, err := id.Parse[privacy.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	a, err := s.Privacy.Account(c.Context(), c.Actor, ref, readingOf(c))
	if err != nil {
		return err
	}
	base := privacyRequestsPath + "/" + string(ref)
	v := accountingView{base: base, a: a, title: "Accounting of disclosures", suffix: "?reading=" + string(a.Reading),
		empty: kit.EmptyProps{Title: "No disclosure in these six years that an accounting names", Text: "Treatment, payment and operations are left out by law. “Everything shown” lists each showing in the portal; what was disclosed elsewhere is written down under “Outside the portal”."}}
	if a.Reading == privacy.Everything {
		v.title, v.empty = "Everything shown", kit.EmptyProps{Title: "Nothing was shown to anybody", Text: "In these six years nobody opened this member's information in the portal."}
	}
	everything := a.Reading == privacy.Everything
	v.tabs = []kit.TabLink{{Text: "Accounting by law", Href: base + "/accounting", Current: !everything}, {Text: "Everything shown", Href: base + "/accounting?reading=" + string(privacy.Everything), Current: everything}}
	v.facts = []kit.Fact{{Term: "Member", Text: a.Who.Name(), Sub: "born " + a.Who.Birth.US()}, {Term: "Member ID", Text: a.Who.Number, Code: true},
		{Term: "Covers", Text: a.From.US() + " to " + c.usDay(a.Until), Sub: "six years before the request"}, {Term: "Lines", Text: count(len(a.Lines)+a.More, "line", "lines")}}
	if a.Held > 0 {
		v.held = count(a.Held, "line is", "lines are") + " held back on an agency's word. Do not tell the member: neither the page's files nor the PDF say so."
	}
	for i, l := range a.Lines {
		if i == accountingMost {
			v.more = "The newest " + count(accountingMost, "line", "lines") + " are shown here. The files hold them all."
			break
		}
		v.rows = append(v.rows, c.accountingRow(l))
	}
	return c.Show(Page{Title: v.title, Section: "privacy", Wide: true, Body: accountingBody(v)})
}

func (c *Call) accountingRow(l privacy.Line) kit.Row {
	when := kit.Cell{Text: l.On.US(), Header: true}
	if !l.At.IsZero() {
		when.Text = c.Moment(l.At).Text
	}
	who := kit.Cell{Text: l.Recipient, Sub: l.Address}
	if l.Person != "" {
		who = kit.Cell{Text: l.Person, Sub: l.Recipient}
		if l.Address != "" {
			who.Sub += ", " + l.Address
		}
	}
	why := kit.Cell{Text: capital(l.Purpose)}
	if l.Outside != nil {
		why.Sub = string(l.Basis) + " (" + l.Basis.Citation() + ")"
	}
	row := kit.Row{}
	mark := kit.Cell{Text: "—", Muted: true}
	if l.Mark != "" {
		mark, row.Tone = kit.Cell{Text: capital(l.Mark), Strong: true}, kit.Warning
	}
	row.Cells = []kit.Cell{when, who, {Text: l.What}, why, mark}
	return row
}

// accountingFile is GET …/accounting/{form}: pdf, ndjson or bundle.
func (s *site) accountingFile(c *Call) error {
	ref, err := id.Parse[privacy.ID](c.Path("id"))
	if err != nil {
		return errNotFound()
	}
	form := c.Path("form")
	kinds := map[string]string{"pdf": "application/pdf", "ndjson": "application/fhir+ndjson", "json": "application/fhir+json"}
	if kinds[form] == "" {
		return errNotFound()
	}
	shows := []access.Field{access.FieldMemberID}
	if form == "pdf" {
		shows = append(shows, access.FieldName)
	}
	a, err := s.Privacy.Account(c.Context(), c.Actor, ref, readingOf(c), shows...)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	switch form {
	case "pdf":
		err = a.WritePDF(&out, s.Privacy)
	case "ndjson":
		err = a.WriteNDJSON(&out, s.Privacy)
	default:
		err = json.NewEncoder(&out).Encode(a.Bundle(s.Privacy))
	}
	if err != nil {
		return err
	}
	// The name says nothing of the member: it lands in folders and mails.
	return c.Send(File{Name: string(a.Reading) + "-" + string(ref) + "." + form, Type: kinds[form], Size: int64(out.Len()), Body: &out})
}
