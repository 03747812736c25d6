package x12

import (
	"io"
	"strconv"
)

// Options277 set what Read277 takes. The zero value takes the default limits.
type Options277 struct {
	Limits        Limits
	ClaimSegments int // most segments in one claim's loop, default 5,000
}

const guideStatus = "005010X212"

// The loops of a claim status response. The levels of HL stand inside each
// other as their parents say.
const (
	_ loopID = iota
	levelPayer
	levelReceiver
	levelProvider
	levelSubscriber
	levelDependent
	loopOwnClaim
	loopOwnLine
	loopDependentClaim
	loopDependentLine
	loopReceiverTrace
	loopProviderTrace
)

// loops277 is the structure of 005010X212. Of HL the third element tells the
// level.
func loops277() []loopSpec {
	return []loopSpec{
		{id: loopTransaction, tag: "ST", once: "BHT"},
		{id: levelPayer, parent: loopTransaction, tag: "HL", only: "20", rank: 1, once: "NM1", many: "PER"}, // 2000A
		{id: levelReceiver, parent: levelPayer, tag: "HL", only: "21", rank: 1, once: "NM1"},                // 2000B
		{id: levelProvider, parent: levelReceiver, tag: "HL", only: "19", rank: 2, once: "NM1"},             // 2000C
		{id: levelSubscriber, parent: levelProvider, tag: "HL", only: "22", rank: 2, once: "NM1"},           // 2000D
		{id: levelDependent, parent: levelSubscriber, tag: "HL", only: "23", rank: 2, once: "NM1"},          // 2000E
		{id: loopOwnClaim, parent: levelSubscriber, tag: "TRN", rank: 1, many: "STC REF DTP"},               // 2200D
		{id: loopOwnLine, parent: loopOwnClaim, tag: "SVC", rank: 1, many: "STC REF DTP"},                   // 2220D
		{id: loopDependentClaim, parent: levelDependent, tag: "TRN", rank: 1, many: "STC REF DTP"},          // 2200E
		{id: loopDependentLine, parent: loopDependentClaim, tag: "SVC", rank: 1, many: "STC REF DTP"},       // 2220E
		{id: loopReceiverTrace, parent: levelReceiver, tag: "TRN", rank: 1, single: true, many: "STC"},      // 2200B
		{id: loopProviderTrace, parent: levelProvider, tag: "TRN", rank: 1, single: true, many: "STC"},      // 2200C
	}
}

// Read277 reads a file of claim statuses and calls fn with every claim in
// order. Faults are told apart as in Read834: those of the envelope, the bytes
// and the levels (HL) end the reading with an *Error, those inside one claim
// are put into its Problems. Act on the claims only when Read277 has returned
// without error. The acknowledgment of claims (005010X214) is another guide
// and is refused.
func Read277(r io.Reader, opt Options277, fn func(Claim277) error) (File277, error) {
	if opt.ClaimSegments <= 0 {
		opt.ClaimSegments = defaultClaimSegments
	}
	t := &teller{opt: opt, emit: fn, fill: fill277()}
	t.guided = guided{
		kind:   kind{group: "HN", id: "277", guide: guideStatus, first: "BHT", name: "claim status response (277)"},
		plan:   newPlan(loops277()),
		reader: NewReader(r, Options{Limits: opt.Limits}),
	}
	err := t.run(t)
	t.file.Repairs = t.reader.Repairs()
	return t.file, err
}

// teller carries the state of one Read277.
type teller struct {
	guided

	opt  Options277
	emit func(Claim277) error
	fill map[slot]func(*teller, *Segment)
	file File277

	header *Header277
	levels map[string]string // HL01 of the open level, by HL03
	last   int               // HL01 of the last level
	now    Claim277          // parties of the open levels
	claim  *Claim277
	inLoop int
	hl     *Error // a level that does not fit
}

func (t *teller) counted(segments, interchanges, transactions int, first Interchange) {
	t.file.Segments, t.file.Interchanges, t.file.Transactions, t.file.First = segments, interchanges, transactions, first
}

func (t *teller) begin(s *Segment) {
	t.header = &Header277{Position: s.Position(), Interchange: t.reader.Interchange(), Group: t.reader.Group(), Transaction: t.reader.Transaction()}
	t.levels, t.last, t.now, t.claim = map[string]string{}, 0, Claim277{}, nil
}

func (t *teller) unit() (segments, limit int) { return t.inLoop, t.opt.ClaimSegments }

func (t *teller) ownFault(*Segment) *Error { return t.hl }

func (t *teller) qualifier(s *Segment) string {
	if s.Tag() == "HL" {
		return s.Value(3)
	}
	return s.Value(1)
}

// before closes the open claim where another begins.
func (t *teller) before(s *Segment) error {
	t.inLoop++
	if s.Tag() != "HL" && s.Tag() != "TRN" {
		return nil
	}
	return t.finish()
}

func (t *teller) take(s *Segment, at loopID) {
	if s.Tag() == "HL" {
		t.level(s)
		return
	}
	if s.Tag() == "TRN" && (at == loopOwnClaim || at == loopDependentClaim) {
		c := t.now
		c.Position, c.Header = s.Position(), t.header
		t.claim = &c
		t.open, t.inLoop = &t.claim.Problems, 1
	}
	fill := t.fill[slot{at, s.Tag()}]
	if fill == nil {
		return
	}
	t.checkSimple(s)
	fill(t, s)
}

// parentOf gives the level above one.
func parentOf(level string) string {
	switch level {
	case "21":
		return "20"
	case "19":
		return "21"
	case "22":
		return "19"
	case "23":
		return "22"
	}
	return ""
}

// level checks that an HL is numbered through and stands under the level that
// is open above it.
func (t *teller) level(s *Segment) {
	number, parent, level := s.Value(1), s.Value(2), s.Value(3)
	t.last++
	if number != strconv.Itoa(t.last) {
		t.hl = fail(s, CodeInvalid, 1, "the levels of a transaction are numbered through from 1 (HL01), and this one is not the next")
		return
	}
	if parent != t.levels[parentOf(level)] {
		t.hl = fail(s, CodeInvalid, 2, "the level names another one above it (HL02) than the one that is open there")
		return
	}
	t.levels[level] = number
	switch level {
	case "21":
		t.now = Claim277{}
	case "19":
		t.now = Claim277{Receiver: t.now.Receiver}
	case "22":
		t.now = Claim277{Receiver: t.now.Receiver, Provider: t.now.Provider}
	case "23":
		t.now.Dependent = Person{}
	}
}

func (t *teller) end(*Segment) error { return t.finish() }

// finish closes the open claim, if any, and hands it on.
func (t *teller) finish() error {
	if t.claim == nil {
		return nil
	}
	if len(t.claim.Statuses) == 0 {
		t.problemAt(t.claim.Position, CodeMissingSegment, "STC", 0, "the claim has no status (STC)")
	}
	c := *t.claim
	t.claim, t.open = nil, nil
	t.file.Claims++
	if len(c.Problems) > 0 {
		t.file.Faulty++
	}
	return t.emit(c)
}
