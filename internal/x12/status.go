package x12

// File277 sums up a file of claim statuses. After an error it covers what was
// read before.
type File277 struct {
	Segments     int
	Interchanges int
	Transactions int
	Claims       int // faulty ones included
	Faulty       int // claims with problems
	Others       int // statuses of a receiver or provider as a whole, which name no claim
	First        Interchange
	Repairs      []Repair
}

// Header277 is what stands before the claims of one transaction.
type Header277 struct {
	Position    Position // of ST
	Interchange Interchange
	Group       Group
	Transaction Transaction
	Reference   string // BHT03
	Created     Date   // BHT04
	Payer       Person // NM1*PR
}

// Claim277 is the status of one claim: one TRN loop of a subscriber or
// dependent. A claim with Problems must not be used as it stands.
type Claim277 struct {
	Position    Position // of TRN
	Header      *Header277
	Receiver    Person // NM1*41
	Provider    Person // NM1*1P
	Subscriber  Person // NM1*IL
	Dependent   Person // NM1*QC; Position is zero for the subscriber's own claim
	Trace       string // TRN02
	Identifiers []Identifier
	From        Date // DTP*472
	To          Date
	Statuses    []Status277
	Lines       []Line277
	Problems    []RowError
}

// Line277 is the status of one service line: one SVC loop.
type Line277 struct {
	Position    Position // of SVC
	Procedure   Procedure
	Charge      int64 // in cents
	Paid        int64
	Revenue     string
	Units       int64 // SVC07, in thousandths; 1000 when not sent
	Identifiers []Identifier
	From        Date
	To          Date
	Statuses    []Status277
}

// Status277 is one STC: where the claim or line stands.
type Status277 struct {
	Position  Position
	Codes     []StatusCode // of STC01, STC10 and STC11
	On        Date         // STC02, of the status
	Charge    int64        // STC04, in cents
	Paid      int64        // STC05
	Finished  Date         // STC06
	Method    string       // STC07
	Remitted  Date         // STC08, of the check or transfer
	Remit     string       // STC09, its number
	HasAmount bool         // STC04 was sent
}

// StatusCode is one of the codes of a status.
type StatusCode struct {
	Category string
	Status   string
	Entity   string
}

// Identifier gives the first identifier of the claim with this qualifier, or
// empty. 1K is the payer's control number, EJ the office's own.
func (c *Claim277) Identifier(qualifier string) string { return find(c.Identifiers, qualifier) }

// Identifier gives the first identifier of the line with this qualifier.
func (l *Line277) Identifier(qualifier string) string { return find(l.Identifiers, qualifier) }

// Patient gives who was treated.
func (c *Claim277) Patient() Person {
	if c.Dependent.Position.Segment > 0 {
		return c.Dependent
	}
	return c.Subscriber
}
