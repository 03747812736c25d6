package x12

import "io"

// Options835 set what Read835 takes. The zero value takes the default limits.
type Options835 struct {
	Limits        Limits
	ClaimSegments int // most segments in one claim's loop, default 5,000
	// Payment is called with each payment when its last claim has been handed
	// on and its amounts balance. nil: nothing is called.
	Payment func(Payment835) error
}

const (
	guideRemittance      = "005010X221A1"
	defaultClaimSegments = 5000
)

// The loops of a remittance.
const (
	_ loopID = iota
	loopPayer
	loopPayee
	loopHeaderNumber
	loopClaim
	loopService
	loopBalance
)

// loops835 is the structure of 005010X221A1.
func loops835() []loopSpec {
	return []loopSpec{
		{id: loopTransaction, tag: "ST", once: "BPR TRN CUR", many: "REF DTM"},
		{id: loopPayer, parent: loopTransaction, tag: "N1", only: "PR", rank: 1, single: true, once: "N3 N4", many: "REF PER"}, // 1000A
		{id: loopPayee, parent: loopTransaction, tag: "N1", only: "PE", rank: 2, single: true, once: "N3 N4 RDM", many: "REF"}, // 1000B
		{id: loopHeaderNumber, parent: loopTransaction, tag: "LX", rank: 3, once: "TS3 TS2"},                                   // 2000
		{id: loopClaim, parent: loopHeaderNumber, tag: "CLP", rank: 1, once: "MIA MOA", many: "CAS NM1 REF DTM PER AMT QTY"},   // 2100
		{id: loopService, parent: loopClaim, tag: "SVC", rank: 1, many: "DTM CAS REF AMT QTY LQ"},                              // 2110
		{id: loopBalance, parent: loopTransaction, tag: "PLB", rank: 4},
	}
}

// Read835 reads a file of remittances and calls fn with every claim in order.
//
// A fault of the envelope, of a transaction's header or of the bytes ends the
// reading with an *Error, and so does a payment whose amount is not what its
// claims and its own adjustments come to (section 1.10.2 of the guide, which
// allows no difference): nothing of the file can be trusted then. A fault
// inside a claim's loop, or a claim that does not balance in itself, is put
// into that claim's Problems and reading goes on. An error of fn, or of r, ends
// the reading and is given back. Act on the claims only when Read835 has
// returned without error.
func Read835(r io.Reader, opt Options835, fn func(Claim835) error) (File835, error) {
	if opt.ClaimSegments <= 0 {
		opt.ClaimSegments = defaultClaimSegments
	}
	m := &remitter{opt: opt, emit: fn, fill: fill835()}
	m.guided = guided{
		kind:   kind{group: "HP", id: "835", guide: guideRemittance, first: "BPR", name: "claim payment (835)"},
		plan:   newPlan(loops835()),
		reader: NewReader(r, Options{Limits: opt.Limits}),
	}
	err := m.run(m)
	m.file.Repairs = m.reader.Repairs()
	return m.file, err
}

// remitter carries the state of one Read835.
type remitter struct {
	guided

	opt  Options835
	emit func(Claim835) error
	fill map[slot]func(*remitter, *Segment)
	file File835

	payment *Payment835
	traced  bool
	payee   bool
	claim   *Claim835 // nil before the first CLP
	inLoop  int       // segments of the claim so far
	total   int64     // of CLP04, in cents
}

func (m *remitter) counted(segments, interchanges, transactions int, first Interchange) {
	m.file.Segments, m.file.Interchanges, m.file.Transactions, m.file.First = segments, interchanges, transactions, first
}

func (m *remitter) begin(s *Segment) {
	m.payment = &Payment835{
		Position: s.Position(), Interchange: m.reader.Interchange(), Group: m.reader.Group(), Transaction: m.reader.Transaction(),
	}
	m.claim, m.total, m.traced, m.payee = nil, 0, false, false
}

func (m *remitter) unit() (segments, limit int) { return m.inLoop, m.opt.ClaimSegments }

func (m *remitter) qualifier(s *Segment) string { return s.Value(1) }

func (m *remitter) ownFault(*Segment) *Error { return nil }

// before closes the open claim where another thing begins.
func (m *remitter) before(s *Segment) error {
	m.inLoop++
	switch s.Tag() {
	case "CLP", "LX", "PLB":
		err := m.finish()
		if err != nil || s.Tag() != "CLP" {
			return err
		}
		if !m.payee {
			return m.lacks(s, "N1", "the payee (N1*PE) is missing before the first claim")
		}
		m.claim = &Claim835{Position: s.Position(), Payment: m.payment}
		m.open, m.inLoop = &m.claim.Problems, 1
	}
	return nil
}

func (m *remitter) lacks(s *Segment, tag, text string) error {
	err := fail(s, CodeMissingSegment, 0, text)
	err.Tag = tag
	return err
}

func (m *remitter) take(s *Segment, at loopID) {
	fill := m.fill[slot{at, s.Tag()}]
	if fill == nil {
		return
	}
	m.checkSimple(s)
	fill(m, s)
}

// end closes a payment and with it the last claim.
func (m *remitter) end(s *Segment) error {
	err := m.finish()
	if err != nil {
		return err
	}
	switch {
	case !m.traced:
		return m.lacks(s, "TRN", "TRN is missing: nothing names the check or transfer")
	case !m.payee:
		return m.lacks(s, "N1", "the payee (N1*PE) is missing")
	}
	rest := m.total
	for _, a := range m.payment.Adjustments {
		rest -= a.Cents
	}
	if rest != m.payment.Cents {
		err := fail(s, CodeBalance, 0, "the amount of the payment (BPR02) is not what its claims (CLP04) less its own adjustments (PLB) come to; they must be equal to the cent")
		err.Tag = "BPR"
		return err
	}
	if m.opt.Payment == nil {
		return nil
	}
	return m.opt.Payment(*m.payment)
}

// finish closes the open claim, if any, and hands it on.
func (m *remitter) finish() error {
	if m.claim == nil {
		return nil
	}
	m.balance()
	c := *m.claim
	m.claim, m.open = nil, nil
	m.total += c.Paid
	m.file.Claims++
	if len(c.Problems) > 0 {
		m.file.Faulty++
	}
	return m.emit(c)
}

// balance holds the amounts of a claim together (section 1.10.2 of the guide):
// of a line, charge less adjustments is what is paid; of the claim likewise,
// with the adjustments of claim and lines.
func (m *remitter) balance() {
	c := m.claim
	if len(c.Problems) > 0 {
		return // amounts that could not be read cannot balance
	}
	adjusted := sum(c.Adjustments)
	for i := range c.Lines {
		l := &c.Lines[i]
		off := sum(l.Adjustments)
		adjusted += off
		if l.Charge-off != l.Paid {
			m.problemAt(l.Position, CodeBalance, "SVC", 3, "the line does not balance: its charge less its adjustments must be what is paid, to the cent")
		}
	}
	if c.Charge-adjusted != c.Paid {
		m.problemAt(c.Position, CodeBalance, "CLP", 4, "the claim does not balance: its charge less all adjustments must be what is paid, to the cent")
	}
}

func sum(adjustments []Adjustment) int64 {
	var out int64
	for _, a := range adjustments {
		out += a.Cents
	}
	return out
}
