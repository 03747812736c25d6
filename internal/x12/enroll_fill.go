package x12

// fill834 says which segment of which loop is taken how. A segment that is not
// named here is placed, so that its order is checked, and otherwise left.
func fill834() map[slot]filler {
	return map[slot]filler{
		{loopTransaction, "BGN"}: fillBGN,
		{loopTransaction, "REF"}: fillHeaderREF,
		{loopTransaction, "DTP"}: fillHeaderDTP,
		{loopParty, "N1"}:        fillParty,

		{loopMember, "INS"}:     fillINS,
		{loopMember, "REF"}:     fillMemberREF,
		{loopMember, "DTP"}:     fillMemberDTP,
		{loopName, "NM1"}:       fillName,
		{loopName, "PER"}:       fillContacts,
		{loopName, "N3"}:        fillHomeN3,
		{loopName, "N4"}:        fillHomeN4,
		{loopName, "DMG"}:       fillDMG,
		{loopName, "LUI"}:       fillLanguage,
		{loopMailing, "N3"}:     fillMailingN3,
		{loopMailing, "N4"}:     fillMailingN4,
		{loopOther, "DMG"}:      checkDMG,
		{loopDisability, "DTP"}: checkDTP,

		{loopCoverage, "HD"}:       fillHD,
		{loopCoverage, "DTP"}:      fillCoverageDTP,
		{loopCoverage, "REF"}:      fillCoverageREF,
		{loopProvider, "LX"}:       openProvider,
		{loopProvider, "NM1"}:      fillProvider,
		{loopProvider, "PLA"}:      fillProviderChange,
		{loopOtherCoverage, "COB"}: fillOther,
		{loopOtherCoverage, "DTP"}: fillOtherDTP,
		{loopOtherPayer, "NM1"}:    fillOtherPayer,
		{loopReport, "DTP"}:        checkReportDTP,
	}
}

func checkDTP(e *enroller, s *Segment) { e.dtp(s) }

// checkReportDTP takes a range as well.
func checkReportDTP(e *enroller, s *Segment) {
	if s.Value(2) != "RD8" {
		e.dtp(s)
		return
	}
	v := s.Value(3)
	if len(v) != 17 || v[8] != '-' || !validDate(v[:8]) || !validDate(v[9:]) {
		e.problem(s, CodeDate, 3, "this is not a range of days; write it as CCYYMMDD-CCYYMMDD")
		return
	}
	if v[9:] < v[:8] {
		e.problem(s, CodeDateOrder, 3, "the range ends before it begins")
	}
}

func fillBGN(e *enroller, s *Segment) {
	h := e.header
	h.Purpose = e.require(s, 1, "the purpose")
	h.Reference = e.require(s, 2, "the reference")
	h.Action = e.require(s, 8, "the action")
	v := e.require(s, 3, "the date")
	d, ok := ParseDate(v)
	if v != "" && !ok {
		e.problem(s, CodeDate, 3, notADay)
	}
	h.Created = d
}

func fillHeaderREF(e *enroller, s *Segment) {
	q, v := e.require(s, 1, "the kind of identifier"), e.require(s, 2, "the identifier")
	if q == "38" && e.once(s, 2, e.header.Policy, v) {
		e.header.Policy = v
	}
}

func fillHeaderDTP(e *enroller, s *Segment) {
	fact, ok := e.dtp(s)
	if ok && fact.Qualifier == "007" && e.once(s, 3, string(e.header.Effective), string(fact.Date)) {
		e.header.Effective = fact.Date
	}
}

func fillParty(e *enroller, s *Segment) {
	e.paired(s, 3, "the identifier")
	p := Party834{Name: s.Value(2), IDQualifier: s.Value(3), ID: s.Value(4)}
	switch e.require(s, 1, "the kind of party") {
	case "P5":
		e.header.Sponsor = p
	case "IN":
		e.header.Payer = p
	}
}

func fillINS(e *enroller, s *Segment) {
	m := e.member
	switch e.require(s, 1, "whether the member is the subscriber") {
	case "Y":
		m.Subscriber = true
	case "N", "":
	default:
		e.problem(s, CodeInvalid, 1, "this must be Y for a subscriber or N for a dependent")
	}
	m.Relationship = e.require(s, 2, "the relationship to the subscriber")
	m.Maintenance = e.require(s, 3, "the maintenance type")
	m.Reason, m.BenefitStatus, m.Employment = s.Value(4), s.Value(5), s.Value(8)
	if s.Value(11) != "" || s.Value(12) != "" {
		m.Death = e.day(s, 11)
	}
}

func fillMemberREF(e *enroller, s *Segment) {
	m := e.member
	q, v := e.require(s, 1, "the kind of identifier"), e.require(s, 2, "the identifier")
	if q == "" || v == "" {
		return
	}
	switch q {
	case "0F":
		if e.once(s, 2, m.SubscriberID, v) {
			m.SubscriberID = v
		}
	case "1L":
		if e.once(s, 2, m.Group, v) {
			m.Group = v
		}
	default:
		m.Identifiers = append(m.Identifiers, Identifier{Qualifier: q, Value: v})
	}
}

func fillMemberDTP(e *enroller, s *Segment) {
	m := e.member
	fact, ok := e.dtp(s)
	if !ok || !e.once(s, 3, string(m.Date(fact.Qualifier)), string(fact.Date)) {
		return
	}
	m.Dates = append(m.Dates, fact)
	switch fact.Qualifier {
	case "356":
		m.EligibilityBegin = fact.Date
	case "357":
		m.EligibilityEnd, e.marks.end = fact.Date, s.Position()
	}
}

func fillDMG(e *enroller, s *Segment) {
	e.member.Birth = e.birth(s)
	e.member.Gender = s.Value(3)
}

func checkDMG(e *enroller, s *Segment) { e.birth(s) }

// birth reads DMG01 and DMG02, which may both be absent.
func (e *enroller) birth(s *Segment) Date {
	if s.Value(1) == "" && s.Value(2) == "" {
		return ""
	}
	return e.day(s, 1)
}

func fillHD(e *enroller, s *Segment) {
	e.member.Coverages = append(e.member.Coverages, Coverage834{
		Position:    s.Position(),
		Maintenance: e.require(s, 1, "the maintenance type"),
		Line:        e.require(s, 3, "the insurance line"),
		Plan:        s.Value(4),
		Level:       s.Value(5),
	})
}

// coverage is the one being filled: its loop is only open behind an HD.
func (e *enroller) coverage() *Coverage834 {
	return &e.member.Coverages[len(e.member.Coverages)-1]
}

func fillCoverageDTP(e *enroller, s *Segment) {
	c := e.coverage()
	fact, ok := e.dtp(s)
	if !ok {
		return
	}
	for _, d := range c.Dates {
		if d.Qualifier == fact.Qualifier && !e.once(s, 3, string(d.Date), string(fact.Date)) {
			return
		}
	}
	c.Dates = append(c.Dates, fact)
	switch fact.Qualifier {
	case "348":
		c.Begin = fact.Date
	case "349":
		c.End = fact.Date
		if e.marks.ends == nil {
			e.marks.ends = make(map[int]Position)
		}
		e.marks.ends[len(e.member.Coverages)-1] = s.Position()
	}
}

func fillCoverageREF(e *enroller, s *Segment) {
	q, v := e.require(s, 1, "the kind of identifier"), e.require(s, 2, "the identifier")
	if q != "" && v != "" {
		c := e.coverage()
		c.Identifiers = append(c.Identifiers, Identifier{Qualifier: q, Value: v})
	}
}

func fillOther(e *enroller, s *Segment) {
	c := e.coverage()
	c.Others = append(c.Others, Other834{
		Position: s.Position(), Sequence: e.require(s, 1, "in which order the other insurance pays"),
		Policy: s.Value(2), Coordination: e.require(s, 3, "whether benefits are coordinated"),
	})
	e.marks.payer = false
}

// other is the one being filled: its loop is only open behind a COB.
func (e *enroller) other() *Other834 {
	all := e.coverage().Others
	return &all[len(all)-1]
}

func fillOtherDTP(e *enroller, s *Segment) {
	fact, ok := e.dtp(s)
	if !ok {
		return
	}
	o := e.other()
	switch fact.Qualifier {
	case "344":
		if e.once(s, 3, string(o.Begin), string(fact.Date)) {
			o.Begin = fact.Date
		}
	case "345":
		if e.once(s, 3, string(o.End), string(fact.Date)) {
			o.End = fact.Date
		}
	}
	if o.Begin != "" && o.End != "" && o.End < o.Begin {
		e.problem(s, CodeDateOrder, 3, "the other insurance ends before it begins")
	}
}

// fillOtherPayer takes the name of the insurer; that of an employer or a group
// only where no insurer is named.
func fillOtherPayer(e *enroller, s *Segment) {
	insurer := e.require(s, 1, "who is named") == "IN"
	name := s.Value(3)
	if name == "" || e.marks.payer || !insurer && e.other().Payer != "" {
		return
	}
	e.other().Payer, e.marks.payer = name, insurer
}
