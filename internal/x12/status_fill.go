package x12

// fill277 says which segment of which loop is taken how.
func fill277() map[slot]func(*teller, *Segment) {
	out := map[slot]func(*teller, *Segment){
		{loopTransaction, "BHT"}:   fillBHT,
		{levelPayer, "NM1"}:        func(t *teller, s *Segment) { t.header.Payer = t.person(s) },
		{levelReceiver, "NM1"}:     func(t *teller, s *Segment) { t.now.Receiver = t.person(s) },
		{levelProvider, "NM1"}:     func(t *teller, s *Segment) { t.now.Provider = t.person(s) },
		{levelSubscriber, "NM1"}:   func(t *teller, s *Segment) { t.now.Subscriber = t.person(s) },
		{levelDependent, "NM1"}:    func(t *teller, s *Segment) { t.now.Dependent = t.person(s) },
		{loopReceiverTrace, "STC"}: checkSTC,
		{loopProviderTrace, "STC"}: checkSTC,
	}
	for _, at := range []loopID{loopOwnClaim, loopDependentClaim} {
		out[slot{at, "TRN"}] = func(t *teller, s *Segment) { t.claim.Trace = t.require(s, 2, "the trace number") }
		out[slot{at, "STC"}] = func(t *teller, s *Segment) { t.claim.Statuses = append(t.claim.Statuses, t.status(s)) }
		out[slot{at, "REF"}] = func(t *teller, s *Segment) { t.identifier(s, &t.claim.Identifiers) }
		out[slot{at, "DTP"}] = func(t *teller, s *Segment) { t.service(s, &t.claim.From, &t.claim.To) }
	}
	for _, at := range []loopID{loopOwnLine, loopDependentLine} {
		out[slot{at, "SVC"}] = fillStatusSVC
		out[slot{at, "STC"}] = func(t *teller, s *Segment) { t.line().Statuses = append(t.line().Statuses, t.status(s)) }
		out[slot{at, "REF"}] = func(t *teller, s *Segment) { t.identifier(s, &t.line().Identifiers) }
		out[slot{at, "DTP"}] = func(t *teller, s *Segment) { t.service(s, &t.line().From, &t.line().To) }
	}
	return out
}

func fillBHT(t *teller, s *Segment) {
	t.require(s, 1, "the structure")
	t.require(s, 2, "the purpose")
	t.header.Reference = s.Value(3)
	if t.require(s, 4, "the date") != "" {
		t.header.Created = t.bareDay(s, 4)
	}
}

func checkSTC(t *teller, s *Segment) {
	t.file.Others++
	t.status(s)
}

func (t *teller) identifier(s *Segment, to *[]Identifier) {
	q, v := t.require(s, 1, "the kind of identifier"), t.require(s, 2, "the identifier")
	if q != "" && v != "" {
		*to = append(*to, Identifier{Qualifier: q, Value: v})
	}
}

// service reads the dates of service.
func (t *teller) service(s *Segment, from, to *Date) {
	if t.require(s, 1, "what the date means") != "472" {
		return
	}
	first, last := t.span(s, 2)
	if first != "" && t.once(s, 3, string(*from), string(first)) {
		*from, *to = first, last
	}
}

func (t *teller) status(s *Segment) Status277 {
	out := Status277{Position: s.Position(), Charge: t.money(s, 4, "the charge"), Paid: t.money(s, 5, "the amount paid"),
		Method: s.Value(7), Remit: s.Value(9), HasAmount: s.Value(4) != ""}
	if s.Component(1, 1) == "" || s.Component(1, 2) == "" {
		t.problem(s, CodeMissingElement, 1, "the status needs its category and its code")
	}
	for _, n := range []int{1, 10, 11} {
		if c := s.Component(n, 1); c != "" {
			out.Codes = append(out.Codes, StatusCode{Category: c, Status: s.Component(n, 2), Entity: s.Component(n, 3)})
		}
	}
	out.On, out.Finished, out.Remitted = t.dayIf(s, 2), t.dayIf(s, 6), t.dayIf(s, 8)
	return out
}

// dayIf reads a date that may be absent.
func (k *keeper) dayIf(s *Segment, element int) Date {
	if s.Value(element) == "" {
		return ""
	}
	return k.bareDay(s, element)
}

func fillStatusSVC(t *teller, s *Segment) {
	l := Line277{Position: s.Position(), Procedure: t.procedure(s, 1), Charge: t.money(s, 2, "the charge"), Paid: t.money(s, 3, "the amount paid"),
		Revenue: s.Value(4), Units: 1000}
	if s.Value(7) != "" {
		l.Units = t.quantity(s, 7)
	}
	t.claim.Lines = append(t.claim.Lines, l)
}

// line is the one being filled: its loop is only open behind an SVC.
func (t *teller) line() *Line277 { return &t.claim.Lines[len(t.claim.Lines)-1] }
