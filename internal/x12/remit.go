package x12

// File835 sums up a file of remittances. After an error it covers what was
// read before.
type File835 struct {
	Segments     int
	Interchanges int
	Transactions int // payments
	Claims       int // faulty ones included
	Faulty       int // claims with problems
	First        Interchange
	Repairs      []Repair
}

// Payment835 is one transaction: one check, one transfer, or a notice that
// nothing is paid. The claims of it share it; Adjustments stand behind the
// claims in the file, so they are there only when the payment is handed on.
type Payment835 struct {
	Position    Position // of ST
	Interchange Interchange
	Group       Group
	Transaction Transaction
	Handling    string // BPR01: I with the money, H notice only, D, P, U, X
	Cents       int64  // BPR02, negative when BPR03 says debit
	Method      string // BPR04: CHK, ACH, FWT, BOP, NON
	Date        Date   // BPR16, of the check or transfer
	Trace       string // TRN02, the number of the check or transfer
	PayerTax    string // TRN03, 1 and the payer's tax number
	Produced    Date   // DTM*405
	Payer       Party835
	Payee       Party835
	Adjustments []Balance835
}

// Party835 is payer or payee.
type Party835 struct {
	Name        string
	IDQualifier string // N103: XX NPI, FI tax number, XV plan
	ID          string
	Identifiers []Identifier // REF; TJ is the payee's tax number
}

// Balance835 is money of the payment that belongs to no claim (PLB). A
// positive amount lowers the payment.
type Balance835 struct {
	Provider  string // PLB01
	Reason    string // first part of PLB03 and so on
	Reference string // second part
	Cents     int64
}

// Claim835 is one claim of a payment: one CLP loop. Facts that were not sent
// are empty. A claim with Problems must not be used as it stands.
type Claim835 struct {
	Position    Position // of CLP
	Payment     *Payment835
	Number      string // CLP01, the office's own number
	Status      string // CLP02: 1 primary, 2 secondary, 3 tertiary, 4 denied, 19 to 21 forwarded, 22 reversal, 23 not ours, 25 predetermination
	Charge      int64  // CLP03, in cents
	Paid        int64  // CLP04
	Owed        int64  // CLP05, by the patient
	Filing      string // CLP06
	PayerNumber string // CLP07, the payer's control number
	Place       string // CLP08
	Frequency   string // CLP09
	Patient     Person // NM1*QC
	Insured     Person // NM1*IL
	Corrected   Person // NM1*74
	Rendering   Person // NM1*82
	Adjustments []Adjustment
	Dates       []DatedFact
	Identifiers []Identifier
	Remarks     []string // remark codes of MIA and MOA
	Lines       []Line835
	Problems    []RowError
}

// Adjustment is why something is not paid as charged: one of the up to six of
// a CAS.
type Adjustment struct {
	Group    string // CAS01: CO contractual, PR patient, OA other, PI payer
	Reason   string
	Cents    int64
	Quantity int64 // in thousandths
}

// Line835 is one service of a claim: one SVC loop.
type Line835 struct {
	Position    Position // of SVC
	Procedure   Procedure
	Charge      int64 // SVC02, in cents
	Paid        int64 // SVC03
	Revenue     string
	Units       int64 // SVC05, in thousandths; 1000 when not sent
	Dates       []DatedFact
	Adjustments []Adjustment
	Identifiers []Identifier
	Remarks     []string // LQ*HE
	Allowed     int64    // AMT*B6, in cents
	HasAllowed  bool
}

// Identifier gives the first identifier of the claim with this qualifier, or
// empty.
func (c *Claim835) Identifier(qualifier string) string { return find(c.Identifiers, qualifier) }

// Date gives the claim's date with this qualifier, or empty.
func (c *Claim835) Date(qualifier string) Date { return dated(c.Dates, qualifier) }

// Identifier gives the first identifier of the line with this qualifier.
func (l *Line835) Identifier(qualifier string) string { return find(l.Identifiers, qualifier) }

// Date gives the line's date with this qualifier, or empty.
func (l *Line835) Date(qualifier string) Date { return dated(l.Dates, qualifier) }

// Tax gives the payee's tax number, or empty.
func (p *Party835) Tax() string {
	if p.IDQualifier == "FI" {
		return p.ID
	}
	return find(p.Identifiers, "TJ")
}

// NPI gives the payee's NPI, or empty.
func (p *Party835) NPI() string {
	if p.IDQualifier == "XX" {
		return p.ID
	}
	return ""
}

func dated(dates []DatedFact, qualifier string) Date {
	for _, d := range dates {
		if d.Qualifier == qualifier {
			return d.Date
		}
	}
	return ""
}
