package x12

// File834 sums up an enrollment file. After an error it covers what was read
// before.
type File834 struct {
	Segments     int
	Interchanges int
	Transactions int
	Enrollments  int // members, faulty ones included
	Faulty       int // members with problems
	First        Interchange
	Repairs      []Repair
}

// Header834 is what stands before the members of one transaction. All members
// of the transaction share it.
type Header834 struct {
	Position    Position // of ST
	Interchange Interchange
	Group       Group
	Transaction Transaction
	Purpose     string // BGN01, for example original or resubmission
	Reference   string // BGN02
	Created     Date   // BGN03
	Action      string // BGN08: a change file or a full file
	Policy      string // REF*38, the master policy
	Sponsor     Party834
	Payer       Party834
	Effective   Date // DTP*007
}

// Party834 is an organization named in the header.
type Party834 struct {
	Name        string
	IDQualifier string
	ID          string
}

// Enrollment834 is one member: one INS loop. Facts that were not sent are
// empty. A member with Problems must not be used as it stands.
type Enrollment834 struct {
	Position Position // of INS
	Header   *Header834

	Subscriber    bool   // INS01
	Relationship  string // INS02, to the subscriber
	Maintenance   string // INS03: for example 021 add, 024 end, 025 reinstate, 001 change, 030 audit
	Reason        string // INS04
	BenefitStatus string // INS05
	Employment    string // INS08
	Death         Date   // INS12

	SubscriberID string       // REF*0F
	Group        string       // REF*1L, group or policy
	Identifiers  []Identifier // every other REF of the member, as sent
	NameID       Identifier   // NM108 and NM109

	Corrected bool // the name came as a correction (NM1*74)
	Name      Name
	Birth     Date
	Gender    string
	Home      Address
	Mailing   Address
	Contacts  []Contact
	Languages []Language

	EligibilityBegin Date        // DTP*356
	EligibilityEnd   Date        // DTP*357
	Dates            []DatedFact // every date of the member, these two included

	Coverages []Coverage834
	Problems  []RowError
}

// Identifier is a number and what kind of number it is.
type Identifier struct {
	Qualifier string // REF01 or NM108
	Value     string
}

// Name is the name of a person, or of an organization in Last.
type Name struct{ Last, First, Middle, Prefix, Suffix string }

// Address is a postal address.
type Address struct {
	Lines      [2]string
	City       string
	State      string
	PostalCode string
	Country    string
	County     string // N406 when N405 says county
}

// Contact is a telephone number, an e-mail address or the like.
type Contact struct {
	Kind  string // PER03, 05, 07
	Value string
}

// Language is a language the member uses.
type Language struct {
	System string // LUI01
	Code   string // LUI02
	Text   string // LUI03
	Use    string // LUI04
}

// DatedFact is a day and what happened or happens then.
type DatedFact struct {
	Qualifier string // DTP01
	Date      Date
}

// Coverage834 is one coverage of a member: one HD loop.
type Coverage834 struct {
	Position    Position // of HD
	Maintenance string   // HD01
	Line        string   // HD03, insurance line
	Plan        string   // HD04
	Level       string   // HD05
	Begin       Date     // DTP*348
	End         Date     // DTP*349
	Dates       []DatedFact
	Identifiers []Identifier
	Providers   []Provider834
	Others      []Other834
}

// Other834 is other insurance of the member: one COB loop.
type Other834 struct {
	Position     Position // of COB
	Sequence     string   // COB01: P pays before, S after, T after that; U is not known
	Policy       string   // COB02
	Coordination string   // COB03: 1 is coordinated, 5 not known, 6 none
	Payer        string   // NM103 of the insurer, or of whoever stands first
	Begin        Date     // DTP*344
	End          Date     // DTP*345
}

// Provider834 is a provider the member has chosen or was given.
type Provider834 struct {
	Position    Position // of NM1
	Role        string   // NM101; P3 is the primary care provider
	Person      bool     // NM102
	Name        Name
	IDQualifier string // NM108; XX is the NPI, SV the payer's own number
	ID          string // NM109
	Relation    string // NM110
	Effective   Date   // PLA03, when a change takes effect
}

// Identifier gives the first identifier of the member with this qualifier, or
// empty.
func (e *Enrollment834) Identifier(qualifier string) string {
	return find(e.Identifiers, qualifier)
}

// Date gives the member's date with this qualifier, or empty.
func (e *Enrollment834) Date(qualifier string) Date {
	for _, d := range e.Dates {
		if d.Qualifier == qualifier {
			return d.Date
		}
	}
	return ""
}

// PCP gives the primary care provider of the coverage and whether there is one.
func (c *Coverage834) PCP() (Provider834, bool) {
	for _, p := range c.Providers {
		if p.Role == "P3" {
			return p, true
		}
	}
	return Provider834{}, false
}

func find(ids []Identifier, qualifier string) string {
	for _, id := range ids {
		if id.Qualifier == qualifier {
			return id.Value
		}
	}
	return ""
}
