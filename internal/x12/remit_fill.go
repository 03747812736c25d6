package x12

// fill835 says which segment of which loop is taken how.
func fill835() map[slot]func(*remitter, *Segment) {
	return map[slot]func(*remitter, *Segment){
		{loopTransaction, "BPR"}: fillBPR,
		{loopTransaction, "TRN"}: fillPaymentTRN,
		{loopTransaction, "DTM"}: fillPaymentDTM,
		{loopPayer, "N1"}:        fillPayer,
		{loopPayer, "REF"}:       fillPayerREF,
		{loopPayee, "N1"}:        fillPayee,
		{loopPayee, "REF"}:       fillPayeeREF,

		{loopClaim, "CLP"}: fillCLP,
		{loopClaim, "CAS"}: fillClaimCAS,
		{loopClaim, "NM1"}: fillClaimNM1,
		{loopClaim, "REF"}: fillClaimREF,
		{loopClaim, "DTM"}: fillClaimDTM,
		{loopClaim, "MIA"}: fillMIA,
		{loopClaim, "MOA"}: fillMOA,

		{loopService, "SVC"}: fillSVC,
		{loopService, "CAS"}: fillLineCAS,
		{loopService, "REF"}: fillLineREF,
		{loopService, "DTM"}: fillLineDTM,
		{loopService, "AMT"}: fillLineAMT,
		{loopService, "LQ"}:  fillLineLQ,

		{loopBalance, "PLB"}: fillPLB,
	}
}

func fillBPR(m *remitter, s *Segment) {
	p := m.payment
	p.Handling = m.require(s, 1, "how the payment is handled")
	m.require(s, 2, "the amount of the payment")
	p.Cents = m.money(s, 2, "the payment")
	if p.Cents < 0 {
		m.problem(s, CodeInvalid, 2, "the payment is negative; a debit is told by BPR03")
	}
	switch m.require(s, 3, "whether the payment is credit or debit") {
	case "D":
		p.Cents = -p.Cents
	case "C", "":
	default:
		m.problem(s, CodeInvalid, 3, "this must be C for credit or D for debit")
	}
	p.Method = m.require(s, 4, "the method of payment")
	if s.Value(16) == "" {
		m.problem(s, CodeMissingElement, 16, "the date of the payment is missing")
		return
	}
	p.Date = m.bareDay(s, 16)
}

// bareDay reads a date that has no format beside it.
func (k *keeper) bareDay(s *Segment, element int) Date {
	d, ok := ParseDate(s.Value(element))
	if !ok {
		k.problem(s, CodeDate, element, notADay)
	}
	return d
}

func fillPaymentTRN(m *remitter, s *Segment) {
	m.traced = true
	m.payment.Trace = m.require(s, 2, "the number of the check or transfer")
	m.payment.PayerTax = s.Value(3)
}

func fillPaymentDTM(m *remitter, s *Segment) {
	if m.require(s, 1, "what the date means") == "405" {
		m.require(s, 2, "the date")
		m.payment.Produced = m.bareDay(s, 2)
	}
}

func (m *remitter) party(s *Segment) Party835 {
	m.paired(s, 3, "the identifier")
	return Party835{Name: s.Value(2), IDQualifier: s.Value(3), ID: s.Value(4)}
}

func fillPayer(m *remitter, s *Segment) { m.payment.Payer = m.party(s) }

func fillPayee(m *remitter, s *Segment) {
	m.payee = true
	m.payment.Payee = m.party(s)
}

func (m *remitter) identifier(s *Segment, to *[]Identifier) {
	q, v := m.require(s, 1, "the kind of identifier"), m.require(s, 2, "the identifier")
	if q != "" && v != "" {
		*to = append(*to, Identifier{Qualifier: q, Value: v})
	}
}

func fillPayerREF(m *remitter, s *Segment) { m.identifier(s, &m.payment.Payer.Identifiers) }
func fillPayeeREF(m *remitter, s *Segment) { m.identifier(s, &m.payment.Payee.Identifiers) }
func fillClaimREF(m *remitter, s *Segment) { m.identifier(s, &m.claim.Identifiers) }
func fillLineREF(m *remitter, s *Segment)  { m.identifier(s, &m.line().Identifiers) }

func fillCLP(m *remitter, s *Segment) {
	c := m.claim
	c.Number = m.require(s, 1, "the claim's number")
	c.Status = m.require(s, 2, "the claim's status")
	m.require(s, 3, "the charge")
	m.require(s, 4, "the amount paid")
	c.Charge, c.Paid, c.Owed = m.money(s, 3, "the charge"), m.money(s, 4, "the amount paid"), m.money(s, 5, "what the patient owes")
	c.Filing, c.PayerNumber = s.Value(6), m.require(s, 7, "the payer's control number")
	c.Place, c.Frequency = s.Value(8), s.Value(9)
}

// adjustments reads the up to six of a CAS.
func (m *remitter) adjustments(s *Segment, to *[]Adjustment) {
	group := m.require(s, 1, "the group of the adjustment")
	m.require(s, 2, "the reason of the adjustment")
	for n := 2; n <= 17; n += 3 {
		reason := s.Value(n)
		if reason == "" {
			if s.Value(n+1) != "" {
				m.problem(s, CodeMissingElement, n, "an adjustment has an amount but no reason")
			}
			continue
		}
		if s.Value(n+1) == "" {
			m.problem(s, CodeMissingElement, n+1, "an adjustment has a reason but no amount")
			continue
		}
		*to = append(*to, Adjustment{Group: group, Reason: reason, Cents: m.money(s, n+1, "the adjustment"), Quantity: m.quantity(s, n+2)})
	}
}

func fillClaimCAS(m *remitter, s *Segment) { m.adjustments(s, &m.claim.Adjustments) }
func fillLineCAS(m *remitter, s *Segment)  { m.adjustments(s, &m.line().Adjustments) }

func fillClaimNM1(m *remitter, s *Segment) {
	p := m.person(s)
	switch m.require(s, 1, "who is named") {
	case "QC":
		m.only(s, m.claim.Patient)
		m.claim.Patient = p
	case "IL":
		m.only(s, m.claim.Insured)
		m.claim.Insured = p
	case "74":
		m.only(s, m.claim.Corrected)
		m.claim.Corrected = p
	case "82":
		m.only(s, m.claim.Rendering)
		m.claim.Rendering = p
	}
}

// only reports somebody who is named twice in one part.
func (m *remitter) only(s *Segment, before Person) {
	if before.Position.Segment > 0 {
		m.problem(s, CodeRepeated, 1, "the claim names somebody in this part already; send one")
	}
}

func (m *remitter) date(s *Segment, to *[]DatedFact) {
	q := m.require(s, 1, "what the date means")
	if m.require(s, 2, "the date") == "" || q == "" {
		return
	}
	d := m.bareDay(s, 2)
	if d == "" {
		return
	}
	old := dated(*to, q)
	if m.once(s, 2, string(old), string(d)) && old == "" {
		*to = append(*to, DatedFact{Qualifier: q, Date: d})
	}
}

func fillClaimDTM(m *remitter, s *Segment) { m.date(s, &m.claim.Dates) }
func fillLineDTM(m *remitter, s *Segment)  { m.date(s, &m.line().Dates) }

func (m *remitter) remarks(s *Segment, elements ...int) {
	for _, n := range elements {
		if v := s.Value(n); v != "" {
			m.claim.Remarks = append(m.claim.Remarks, v)
		}
	}
}

func fillMIA(m *remitter, s *Segment) { m.remarks(s, 5, 20, 21, 22, 23) }
func fillMOA(m *remitter, s *Segment) { m.remarks(s, 3, 4, 5, 6, 7) }

func fillSVC(m *remitter, s *Segment) {
	l := Line835{Position: s.Position(), Procedure: m.procedure(s, 1), Revenue: s.Value(4), Units: 1000}
	m.require(s, 2, "the charge of the line")
	l.Charge, l.Paid = m.money(s, 2, "the charge"), m.money(s, 3, "the amount paid")
	if s.Value(5) != "" {
		l.Units = m.quantity(s, 5)
	}
	m.claim.Lines = append(m.claim.Lines, l)
}

// line is the one being filled: its loop is only open behind an SVC.
func (m *remitter) line() *Line835 { return &m.claim.Lines[len(m.claim.Lines)-1] }

func fillLineAMT(m *remitter, s *Segment) {
	if m.require(s, 1, "what the amount means") == "B6" {
		m.line().Allowed, m.line().HasAllowed = m.money(s, 2, "the allowed amount"), true
	}
}

func fillLineLQ(m *remitter, s *Segment) {
	list, v := m.require(s, 1, "the list of the remark"), m.require(s, 2, "the remark")
	if list == "HE" && v != "" {
		m.line().Remarks = append(m.line().Remarks, v)
	}
}

func fillPLB(m *remitter, s *Segment) {
	provider := m.require(s, 1, "the provider of the adjustment")
	m.require(s, 3, "the reason of the adjustment")
	m.require(s, 4, "the amount of the adjustment")
	for n := 3; n <= 13; n += 2 {
		if s.Value(n) == "" && s.Value(n+1) == "" {
			continue
		}
		m.payment.Adjustments = append(m.payment.Adjustments, Balance835{
			Provider: provider, Reason: s.Component(n, 1), Reference: s.Component(n, 2), Cents: m.money(s, n+1, "the adjustment"),
		})
	}
}
