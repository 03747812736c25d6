// Package clock promises when an answer is due. The rules are data, each with
// its citation and the day it came into force; the functions are pure: the
// same receipt in the same time zone gives the same deadline for ever.
//
// Nothing here can pause a clock. Lack of information does not stop it
// (C-15; 42 CFR 422.568(b), 422.572), so a pended request keeps its deadline.
package clock

import (
	"time"

	"hsconnect/internal/civil"
)

// Kind says what is being waited for.
type Kind string

// The kinds of clock. A request for which expediting was refused is
// StandardPA from its original receipt (C-17; 42 CFR 422.570(d)).
const (
	StandardPA     Kind = "standard-pa"      // item or service under prior authorization
	StandardOther  Kind = "standard-other"   // a decision asked for before service where none is required
	Expedited      Kind = "expedited"        // item or service, expedited
	PartBStandard  Kind = "part-b-standard"  // Part B drug
	PartBExpedited Kind = "part-b-expedited" // Part B drug, expedited
	Accounting     Kind = "accounting"       // a member's request for an accounting of disclosures
	Amendment      Kind = "amendment"        // a member's request to amend the record
	Inspection     Kind = "access"           // a member's request to see or get the record
	Restriction    Kind = "restriction"      // a member's request for a restriction or another address
	Documentation  Kind = "documentation"    // the plan's request for more documents; not for emergent or urgent requests (K-14)
)

// Counting says how the length of a rule is counted.
type Counting int

// The ways of counting. Elapsed hours run through nights, weekends and clock
// changes. Calendar and business days begin with the day after receipt and
// end with the last of them, in the plan's time zone.
const (
	Elapsed  Counting = iota + 1 // Length is hours
	Calendar                     // Length is calendar days; weekends and holidays count
	Business                     // Length is days that are neither weekend nor one of the plan's holidays
)

// Expiry says what happens when nothing was decided in time.
type Expiry int

// What follows a missed deadline.
const (
	DeemedAdverse Expiry = iota + 1 // the law takes it for a denial, which can be appealed (C-20)
	Reported                        // it counts in a report and decides nothing
)

// Rule is one row of the table of clocks.
type Rule struct {
	ID        Kind       // one kind of clock, through all its versions
	Version   int        // 1 and up; a later one holds for what is received from its Effective day on
	Name      string     // in words, with the length, for the receipt
	Row       string     // the row of our requirements
	Citation  string     // the law or standard
	Effective civil.Date // the first day of receipt it holds for; zero for the oldest one we know
	Counting  Counting
	Length    int // hours or days, as Counting says
	Extension int // calendar days by which it may be extended once; 0 when it may not
	Expiry    Expiry
}

// Extendable reports whether the rule allows an extension at all.
func (r Rule) Extendable() bool { return r.Extension > 0 }

// Rules gives the table of clocks: a kind's versions stand together, the
// oldest first.
func Rules() []Rule {
	return []Rule{
		{
			ID: StandardPA, Version: 1, Name: "Standard authorization: 14 calendar days",
			Row: "C-10", Citation: "42 CFR 422.568(b)(1) as in force through 2025",
			Counting: Calendar, Length: 14, Extension: 14, Expiry: DeemedAdverse,
		},
		{
			ID: StandardPA, Version: 2, Name: "Standard authorization: 7 calendar days",
			Row: "C-10", Citation: "42 CFR 422.568(b)(1)", Effective: civil.Date{Y: 2026, M: time.January, D: 1},
			Counting: Calendar, Length: 7, Extension: 14, Expiry: DeemedAdverse,
		},
		{
			ID: StandardOther, Version: 1, Name: "Decision before service, no authorization required: 14 calendar days",
			Row: "C-11", Citation: "42 CFR 422.568(b)(1)",
			Counting: Calendar, Length: 14, Extension: 14, Expiry: DeemedAdverse,
		},
		{
			ID: Expedited, Version: 1, Name: "Expedited authorization: 72 hours",
			Row: "C-12", Citation: "42 CFR 422.572(a)(1)",
			Counting: Elapsed, Length: 72, Extension: 14, Expiry: DeemedAdverse,
		},
		{
			ID: PartBStandard, Version: 1, Name: "Part B drug: 72 hours",
			Row: "C-13", Citation: "42 CFR 422.568(b)(3)",
			Counting: Elapsed, Length: 72, Expiry: DeemedAdverse,
		},
		{
			ID: PartBExpedited, Version: 1, Name: "Part B drug, expedited: 24 hours",
			Row: "C-13", Citation: "42 CFR 422.572(a)(2)",
			Counting: Elapsed, Length: 24, Expiry: DeemedAdverse,
		},
		{
			ID: Documentation, Version: 1, Name: "Request for documents: 2 business days",
			Row: "K-10", Citation: "CAQH CORE Prior Authorization (278) Infrastructure Rule vPA.3.0",
			Counting: Business, Length: 2, Expiry: Reported,
		},
		{
			ID: Accounting, Version: 1, Name: "Accounting of disclosures: 60 calendar days",
			Row: "P-08", Citation: "45 CFR 164.528(c)(1)",
			Counting: Calendar, Length: 60, Extension: 30, Expiry: Reported,
		},
		{
			ID: Amendment, Version: 1, Name: "Amendment of the record: 60 calendar days",
			Row: "P-05", Citation: "45 CFR 164.526(b)(2)",
			Counting: Calendar, Length: 60, Extension: 30, Expiry: Reported,
		},
		{
			ID: Inspection, Version: 1, Name: "Access to the record: 30 calendar days",
			Row: "P-04", Citation: "45 CFR 164.524(b)(2)",
			Counting: Calendar, Length: 30, Extension: 30, Expiry: Reported,
		},
		{
			ID: Restriction, Version: 1, Name: "Restriction or another address: the plan's own 30 calendar days",
			Row: "P-13", Citation: "45 CFR 164.522 (sets no time; this one is the plan's)",
			Counting: Calendar, Length: 30, Expiry: Reported,
		},
	}
}

// Find gives a rule by what was stored beside a deadline, so that a case
// shows for ever the rule it was judged by.
func Find(id Kind, version int) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id && r.Version == version {
			return r, true
		}
	}
	return Rule{}, false
}

// inForce gives the version that holds for what is received on a day.
func inForce(kind Kind, on civil.Date) (Rule, bool) {
	var rule Rule
	found := false
	for _, r := range Rules() {
		if r.ID == kind && !r.Effective.After(on) {
			rule, found = r, true
		}
	}
	return rule, found
}
