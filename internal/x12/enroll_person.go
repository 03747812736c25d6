package x12

func fillName(e *enroller, s *Segment) {
	m := e.member
	e.marks.named = true
	e.paired(s, 8, "the identifier")
	e.require(s, 3, "the last name")
	m.Corrected = s.Value(1) == "74"
	m.Name = nameOf(s)
	m.NameID = Identifier{Qualifier: s.Value(8), Value: s.Value(9)}
}

// nameOf reads the name in NM103 to NM107.
func nameOf(s *Segment) Name {
	return Name{Last: s.Value(3), First: s.Value(4), Middle: s.Value(5), Prefix: s.Value(6), Suffix: s.Value(7)}
}

func fillContacts(e *enroller, s *Segment) {
	for n := 3; n <= 7; n += 2 {
		e.paired(s, n, "the contact")
		if s.Value(n) != "" && s.Value(n+1) != "" {
			e.member.Contacts = append(e.member.Contacts, Contact{Kind: s.Value(n), Value: s.Value(n + 1)})
		}
	}
}

func fillHomeN3(e *enroller, s *Segment)    { fillN3(&e.member.Home, s) }
func fillHomeN4(e *enroller, s *Segment)    { fillN4(&e.member.Home, s) }
func fillMailingN3(e *enroller, s *Segment) { fillN3(&e.member.Mailing, s) }
func fillMailingN4(e *enroller, s *Segment) { fillN4(&e.member.Mailing, s) }

func fillN3(a *Address, s *Segment) { a.Lines = [2]string{s.Value(1), s.Value(2)} }

func fillN4(a *Address, s *Segment) {
	a.City, a.State, a.PostalCode, a.Country = s.Value(1), s.Value(2), s.Value(3), s.Value(4)
	if s.Value(5) == "CY" {
		a.County = s.Value(6)
	}
}

func fillLanguage(e *enroller, s *Segment) {
	l := Language{System: s.Value(1), Code: s.Value(2), Text: s.Value(3), Use: s.Value(4)}
	if l.Code == "" && l.Text == "" {
		e.problem(s, CodeMissingElement, 2, "the language is missing")
		return
	}
	e.member.Languages = append(e.member.Languages, l)
}

func openProvider(e *enroller, _ *Segment) { e.marks.provider = false }

func fillProvider(e *enroller, s *Segment) {
	e.paired(s, 8, "the provider's identifier")
	p := Provider834{
		Position: s.Position(), Role: e.require(s, 1, "the provider's role"), Person: s.Value(2) == "1",
		Name: nameOf(s), IDQualifier: s.Value(8), ID: s.Value(9), Relation: s.Value(10),
	}
	if p.ID == "" && p.Name.Last == "" {
		e.problem(s, CodeMissingElement, 9, "the provider has neither a name nor an identifier")
		return
	}
	c := e.coverage()
	c.Providers = append(c.Providers, p)
	e.marks.provider = true
}

// fillProviderChange takes the day a change of provider takes effect.
func fillProviderChange(e *enroller, s *Segment) {
	v := e.require(s, 3, "the date")
	d, ok := ParseDate(v)
	if v != "" && !ok {
		e.problem(s, CodeDate, 3, notADay)
		return
	}
	if !e.marks.provider {
		e.problem(s, CodeOrder, 0, "the change of provider names no provider before it")
		return
	}
	c := e.coverage()
	c.Providers[len(c.Providers)-1].Effective = d
}
