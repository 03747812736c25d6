// Package claim keeps what the plan's own system has told of claims: where each
// stands, what was charged, allowed, paid and why not more, and by which check
// or transfer. Nothing is typed in here: claims come from files.
//
// It promises that
//
//   - every statement of a file is kept for good, with its lines and
//     adjustments, so that it can be told what was known when; the newest
//     statement stands in front, by the day it speaks of and then by when it
//     came;
//   - a file is loaded whole or not at all, once, with every refused row named
//     by its place and none of its values repeated;
//   - an office is shown a claim only when it billed it, or when one of its
//     practitioners gave the service under its own tax number and the law does
//     not protect the service specially; when it may see the member; and when a
//     row of the ledger says so first. Any other claim is not there.
//
// Amounts are whole cents, units thousandths of a unit.
package claim

import (
	"log/slog"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/codeset"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/id"
	"hsconnect/internal/intake"
	"hsconnect/internal/member"
	"hsconnect/internal/provider"
	"hsconnect/internal/sensitive"
	"hsconnect/internal/watch"
)

// ID names one claim.
type ID string

// Amounts are what a claim or a line comes to, in cents.
type Amounts struct {
	Charge       int64
	Paid         int64
	Owed         int64 // by the member
	Allowed      int64
	AllowedKnown bool
}

// Adjustment is why something is not paid as charged.
type Adjustment struct {
	Group  string // CO contractual, PR the member's part, OA other, PI the payer's
	Reason string // of the table of adjustment reasons
	Cents  int64
	Units  int64  // in thousandths, 0 where none were taken off
	Text   string // the operator's words for the reason, when a table is loaded
}

// State is a status in the codes of X12.
type State struct {
	Category string
	Code     string
	Entity   string
	Text     string // the operator's words, when tables are loaded
}

// Line is one service of a claim.
type Line struct {
	Amounts

	No          int
	System      code.System
	Code        string
	Name        string // the operator's words, when a table is loaded
	Modifiers   []string
	Revenue     string
	Units       int64
	From, To    civil.Date
	Adjustments []Adjustment
	States      []State
	Remarks     []Remark
}

// Remark is a remark code of a remittance.
type Remark struct {
	Code string
	Text string // the operator's words, when a table is loaded
}

// Payment is a check or transfer. It may pay many claims.
type Payment struct {
	ID         string
	Method     string // CHK, ACH, FWT, BOP, NON
	Trace      string // number of the check or transfer
	On         civil.Date
	Cents      int64 // of the whole payment
	CentsKnown bool
	Payer      string
	PayeeNPI   string
	PayeeTIN   string
}

// Statement is what a file says of one claim. Facts that were not sent are
// empty and leave what is known as it is.
type Statement struct {
	At           coverage.Place
	Number       string // the plan's own, by which a claim is known
	OfficeNumber string // the office's
	Member       Named
	BillingNPI   string
	BillingTIN   string
	RenderingNPI string
	Status       Status
	AsOf         civil.Date // the day the statement speaks of
	Received     civil.Date
	From, To     civil.Date // of service
	HasAmounts   bool
	Amounts      Amounts
	States       []State
	Remarks      []string
	Adjustments  []Adjustment
	Authorized   string // number of the authorization
	Diagnoses    []string
	Labels       []sensitive.Category
	Lines        []Line
	Payment      *Payment // one for all claims that it pays
	Problems     []coverage.Refusal
}

const maskedStatement = "[claim]"

// String keeps the statement out of formatted text.
func (s Statement) String() string { return maskedStatement }

// GoString keeps the statement out of text formatted with %#v.
func (s Statement) GoString() string { return maskedStatement }

// LogValue keeps the statement out of logs.
func (s Statement) LogValue() slog.Value { return slog.StringValue(maskedStatement) }

// MarshalText keeps the statement out of JSON.
func (s Statement) MarshalText() ([]byte, error) { return []byte(maskedStatement), nil }

// Named is whom a file means, by what it sends. Without a birth date a name
// has to fit: see among.
type Named struct {
	Number string
	Birth  civil.Date
	Last   string
	First  string
}

// Summary is one claim in a list.
type Summary struct {
	ID           ID
	Number       string
	OfficeNumber string
	Member       member.Member
	From, To     civil.Date
	Status       Status
	AsOf         civil.Date
	HasAmounts   bool // and the reader may see them
	Amounts      Amounts
	Rendering    string // name, or NPI where the directory has none

	renderingNPI string
	member       id.Member
	suspect      suspect
}

// hasAmounts reports whether the claim has amounts that the reader may see.
func (s Summary) hasAmounts() bool { return s.HasAmounts }

// Page is one page of a list.
type Page struct {
	Member  member.Member // whose claims they are, when they were asked for by member
	Rows    []Summary
	Next    string // empty on the last page
	Amounts bool   // the reader may see amounts

	fields []access.Field // that may be shown
}

// Past is one statement about a claim.
type Past struct {
	Status  Status
	AsOf    civil.Date
	KnownAt time.Time
	Source  string // "csv", "ndjson", "835", "277"
	Front   bool   // it is the one that holds
}

// View is one claim as the reader may see it.
type View struct {
	Summary

	Received    civil.Date
	Billing     provider.Party
	Servicing   provider.Party
	States      []State
	Remarks     []Remark
	Adjustments []Adjustment
	Lines       []Line
	DetailOn    civil.Date // the day that amounts and lines speak of
	Payment     *Payment
	Authorized  string // empty for who may not see requests
	Diagnoses   []string
	Labels      []sensitive.Category
	Notice      string // on redisclosure; goes with every copy
	History     []Past // newest first
	Fields      []access.Field
	Disclosure  id.Disclosure
	LookedAt    time.Time
}

const maskedView = "[claim]"

// String keeps the claim out of formatted text.
func (v View) String() string { return maskedView }

// GoString keeps the claim out of text formatted with %#v.
func (v View) GoString() string { return maskedView }

// LogValue keeps the claim out of logs.
func (v View) LogValue() slog.Value { return slog.StringValue(maskedView) }

// MarshalText keeps the claim out of JSON: a door writes the facts it shows
// one by one, with their labels.
func (v View) MarshalText() ([]byte, error) { return []byte(maskedView), nil }

// Adjusted is what was taken off beside the member's part.
func (v View) Adjusted() int64 {
	var sum int64
	for _, a := range v.adjustments() {
		if a.Group != groupMember {
			sum += a.Cents
		}
	}
	return sum
}

// Balance is what is left of the charge after all that is explained: nothing,
// for a claim that is finished and told whole.
func (v View) Balance() int64 {
	return v.Amounts.Charge - v.Amounts.Paid - v.Amounts.Owed - v.Adjusted()
}

const groupMember = "PR"

func (v View) adjustments() []Adjustment {
	out := append([]Adjustment{}, v.Adjustments...)
	for _, l := range v.Lines {
		out = append(out, l.Adjustments...)
	}
	return out
}

// Deps is what the service stands on.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Zone *time.Location // the plan's
	// Watch holds up who looks in vain; nil: one of its own.
	Watch *watch.Service
	// Intake stages files; nil: one of its own.
	Intake *intake.Service
}

// Service does what this package promises.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Watch == nil {
		d.Watch = watch.New(watch.Deps{DB: d.DB, Log: d.Log, Zone: d.Zone})
	}
	if d.Intake == nil {
		d.Intake = intake.New(intake.Deps{DB: d.DB, Log: d.Log})
	}
	return &Service{Deps: d}
}

// visible is for how long after the service a claim ties an organization to
// the member, and is shown: a provider has twelve months to file (42 CFR
// 424.44), and half a year more to ask what became of it.
const visible = 18 // months

// tiedUntil gives the end of a claim's tie: that of the last day on which since
// gives the day of service or an earlier one.
func tiedUntil(service civil.Date, zone *time.Location) time.Time {
	return months(service, visible).AddDays(1).In(zone)
}

// since gives the first day of service whose claims still tie and are shown.
func since(today civil.Date) civil.Date { return months(today, -visible) }

// months goes n months on, to the last day of one that is too short.
func months(d civil.Date, n int) civil.Date {
	first := civil.Of(time.Date(d.Y, d.M+time.Month(n), 1, 0, 0, 0, 0, time.UTC), time.UTC)
	last := civil.Of(time.Date(first.Y, first.M+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	return civil.Date{Y: first.Y, M: first.M, D: min(d.D, last.D)}
}

// shownFrom gives the first day of service whose claims are shown at a time,
// wherever the plan is: the day begins last where it is latest.
func shownFrom(now time.Time) civil.Date { return since(civil.Of(now, time.UTC).AddDays(-1)) }

// asksFor gives the codes of a view whose words are looked up, with where each
// answer goes.
func (v *View) asksFor(on civil.Date) (asks []codeset.Ask, into []*string) {
	add := func(system code.System, c string, to *string) {
		if c != "" {
			asks, into = append(asks, codeset.Ask{System: system, Code: c, On: on}), append(into, to)
		}
	}
	adjust := func(list []Adjustment) {
		for i := range list {
			add(code.AdjustmentReason, list[i].Reason, &list[i].Text)
		}
	}
	remark := func(list []Remark) {
		for i := range list {
			add(code.RemarkCode, list[i].Code, &list[i].Text)
		}
	}
	states := func(list []State) {
		for i := range list {
			add(code.ClaimStatus, list[i].Code, &list[i].Text)
		}
	}
	adjust(v.Adjustments)
	remark(v.Remarks)
	states(v.States)
	for i := range v.Lines {
		l := &v.Lines[i]
		add(l.System, l.Code, &l.Name)
		adjust(l.Adjustments)
		remark(l.Remarks)
		states(l.States)
	}
	return asks, into
}
