// Package priorauth is the authorization request: draft, submit, read, answer,
// cancel, decide. It is the only writer of its tables, and promises that
//
//   - a draft is kept from the first field on and belongs to its organization;
//   - a request is submitted once for each draft, however often it is sent,
//     and its receipt names the time of receipt, the time due and the rule;
//   - what was submitted or decided is never changed: only the state beside it
//     moves, each move with its entry of the official record and its event;
//   - nothing about a member is given out before it is written down who looked.
package priorauth

import (
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/clock"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/document"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/message"
	"hsconnect/internal/provider"
	"hsconnect/internal/record"
	"hsconnect/internal/sensitive"
)

// Kind is what is asked for. X12 278 keeps the same three in UM01.
type Kind string

// The kinds.
const (
	Outpatient Kind = "outpatient service"
	Inpatient  Kind = "inpatient admission"
	Referral   Kind = "referral"
)

// Kinds are all kinds in the order a form offers them.
func Kinds() []Kind { return []Kind{Outpatient, Inpatient, Referral} }

// Urgency decides which clock runs (C-10, C-12).
type Urgency string

// The urgencies.
const (
	Standard  Urgency = "standard"
	Expedited Urgency = "expedited"
)

// UnitKind says what the units of a line count.
type UnitKind string

// The unit kinds.
const (
	Units  UnitKind = "units"
	Visits UnitKind = "visits"
	Days   UnitKind = "days"
)

// UnitKinds are all unit kinds in the order a form offers them.
func UnitKinds() []UnitKind { return []UnitKind{Units, Visits, Days} }

// Bounds of a request. X12 278 carries at most 12 diagnoses.
const (
	MaxDiagnoses = 12
	MaxLines     = 50
	MaxModifiers = 4
	MaxUnits     = 9999
)

// Line is one service asked for.
type Line struct {
	ID        id.Line     `json:"id"`
	No        int         `json:"no"` // from 1
	Code      string      `json:"code"`
	System    code.System `json:"system"`
	Modifiers []string    `json:"modifiers,omitempty"`
	Units     int64       `json:"units"`
	UnitKind  UnitKind    `json:"unitKind"`
	From      civil.Date  `json:"from"`
	To        civil.Date  `json:"to"` // included
	Place     string      `json:"place"`
	Note      string      `json:"note,omitempty"`
}

// Submission is a request as any door brings it: no wire type, nothing decided.
type Submission struct {
	Draft        id.Draft // what it was written in; with organization and door the key that makes sending it twice harmless
	Member       id.Member
	Kind         Kind
	Urgency      Urgency
	Statement    string // the physician's statement; expedited only
	StatementBy  string // who made it
	Requesting   string // NPI
	Servicing    string // NPI
	Diagnoses    []string
	Lines        []Line
	Notes        string
	ContactName  string
	ContactPhone string
	AdmitOn      civil.Date // inpatient only
	Original     []byte     // the bytes the door received
}

// Receipt says that a request was received, when, and what follows by when.
type Receipt struct {
	Number   id.Number
	Request  id.Request
	Member   id.Member
	Received time.Time
	Deadline clock.Deadline
	Entry    id.Entry
	Digest   string // hex SHA-256 of the record entry
	Signed   string // signed note over number, entry and digest
	Repeated bool   // it had been submitted before; this is the first receipt again
}

// Summary is a request in a list.
type Summary struct {
	ID       id.Request
	Number   id.Number
	Status   Status
	Kind     Kind
	Urgency  Urgency
	Member   id.Member
	Name     string // the member's name where the list may show it, else initials, or that it is withheld
	Service  string // first code and how many more
	Org      id.Organization
	OrgName  string
	By       string
	Owner    string
	Received time.Time
	Due      time.Time
	Limit    time.Time
	Changed  time.Time
	Decided  time.Time
	Lapsed   bool // the legal limit passed undecided
	New      bool // decided since the reader was last here
}

// LogValue keeps the member's name out of logs.
func (s Summary) LogValue() slog.Value { return slog.StringValue(string(s.Number)) }

// Action is what is decided about a line.
type Action string

// The actions.
const (
	Approve Action = "approve"
	Modify  Action = "modify"
	Deny    Action = "deny"
)

// LineDecision is the decision on one line. Units and dates are what is
// authorized; a denied line has none.
type LineDecision struct {
	Line      id.Line    `json:"line"`
	Action    Action     `json:"action"`
	Units     int64      `json:"units"`
	From      civil.Date `json:"from"`
	To        civil.Date `json:"to"`
	Reason    string     `json:"reason,omitempty"` // coded
	Criterion string     `json:"criterion,omitempty"`
	Narrative string     `json:"narrative,omitempty"`
}

// Adverse reports whether the decision gives less than line asks for: none of
// it, fewer units, a later begin or an earlier end (C-21).
func (d LineDecision) Adverse(line Line) bool {
	return d.Action == Deny || d.Units < line.Units || d.From.After(line.From) || d.To.Before(line.To)
}

// Determination is a decision on a whole request, signed by one person.
type Determination struct {
	ID      id.Determination
	Request id.Request
	By      id.Person
	ByName  string
	Licence string // number and State of the licence it was signed under; empty if favourable
	At      time.Time
	Entry   id.Entry
	Lines   []LineDecision
}

// CaseLine is a line with what was decided about it, if anything.
type CaseLine struct {
	Line
	Name     string // our words for the code, where a code table is loaded
	Decision *LineDecision
}

// Event is one step in a request's life.
type Event struct {
	At   time.Time
	Name string
	Side access.Side
	Door string
	Kind string
	What string
}

// Case is a request with everything the reader may see of it.
type Case struct {
	ID            id.Request
	Number        id.Number
	Version       int64
	Status        Status
	Member        member.Member
	Confidential  *member.Confidence // for the plan: the member is to be written to and called elsewhere
	Org           id.Organization
	OrgName       string
	SubmittedBy   string
	Kind          Kind
	Urgency       Urgency
	Statement     string
	StatementBy   string
	Requesting    provider.Party
	Servicing     provider.Party
	Diagnoses     []Diagnosis
	Lines         []CaseLine
	Notes         string
	ContactName   string
	ContactPhone  string
	AdmitOn       civil.Date
	Received      time.Time
	Deadline      clock.Deadline
	Lapsed        bool
	Owner         id.Person
	OwnerName     string
	Specialty     access.Specialty // of the physician it was referred to; empty if not
	Documents     []document.Document
	Thread        []message.Message
	Timeline      []Event
	Determination *Determination
	Entry         id.Entry
	Digest        string
	Next          string // what happens next, in words for the reader's side
	Labels        []sensitive.Category
	Notice        string // on redisclosure; goes with every copy
}

// LogValue keeps the member out of logs.
func (c Case) LogValue() slog.Value { return slog.StringValue(string(c.Number)) }

// Diagnosis is a code with our words for it, where a code table is loaded.
type Diagnosis struct {
	Code string
	Name string
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Log    *slog.Logger
	Record *record.Log
	Zone   *time.Location // the plan's; deadlines end with its days
}

// Service does what this package promises.
type Service struct {
	Deps
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }
