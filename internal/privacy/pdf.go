package privacy

import (
	"io"
	"strconv"

	"hsconnect/internal/clock"
	"hsconnect/internal/pdf"
)

// WritePDF renders an accounting for the member: a tagged PDF. What an agency
// has held back is not in it, and nothing in it says so.
func (a Account) WritePDF(w io.Writer, s *Service) error {
	title := "Accounting of disclosures"
	if a.Reading == Everything {
		title = "Everybody who was shown your information"
	}
	received := a.Case.Received.In(s.Zone).Format("January 2, 2006")
	out := pdf.New(pdf.Doc{Title: title, Lang: "en-US", Author: a.Plan, Created: a.At, Header: a.Plan + " · " + title, Footer: "Made on " + clock.Full(a.At, s.Zone)})
	out.Heading(1, title)
	facts := [][2]string{
		{"Member", a.Who.Name()}, {"Member ID", a.Who.Number}, {"Asked for on", received},
		{"Covers", a.From.In(s.Zone).Format("January 2, 2006") + " to " + received + " (six years)"},
	}
	if a.Reading == ByLaw && a.Case.Kind == Accounting {
		cost := "Free: the first one within 12 months"
		if !a.Case.Free {
			cost = "Not the first one within 12 months: a fee may be asked for, and is told before"
		}
		facts = append(facts, [2]string{"Cost", cost})
	}
	out.Facts(facts)
	if a.Reading == ByLaw {
		out.Para("Federal law (45 CFR 164.528) gives you this list of disclosures of your health information. It leaves out disclosures for treatment, payment and health care operations, to yourself, and others that the law names. You may also ask for the list of everybody who was shown your information in the provider portal.")
	} else {
		out.Para("This is every time that the plan's provider portal showed your information to somebody, with what and why, every attempt that was refused, and the disclosures outside the portal that the plan has written down.")
	}
	if len(a.Lines) == 0 {
		out.Heading(2, "Disclosures")
		out.Para("There were none in this time.")
		_, err := out.WriteTo(w)
		return err
	}
	rows := make([][]string, 0, len(a.Lines))
	for _, l := range a.Lines {
		rows = append(rows, []string{s.when(l), l.party(), l.What, l.why()})
	}
	out.Heading(2, "Disclosures")
	out.Table("Disclosures, newest first", []string{"Date", "To whom", "What", "Why"}, rows, []float64{2, 3, 4, 3})
	if a.More > 0 {
		out.Para("There are " + strconv.Itoa(a.More) + " earlier lines, which do not fit into one document. Ask the plan for them.")
	}
	_, err := out.WriteTo(w)
	return err
}

func (s *Service) when(l Line) string {
	if l.At.IsZero() {
		return l.On.US()
	}
	return l.At.In(s.Zone).Format("01/02/2006 3:04 PM")
}

func (l Line) party() string {
	text := l.Recipient
	if l.Person != "" {
		text = l.Person + ", " + text
	}
	if l.Address != "" {
		text += "\n" + l.Address
	}
	return text
}

func (l Line) why() string {
	text := l.Purpose
	if l.Outside != nil {
		text += "\n" + string(l.Basis) + " (" + l.Basis.Citation() + ")"
	}
	if l.Mark != "" {
		text += "\n" + l.Mark
	}
	return text
}
