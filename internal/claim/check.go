package claim

import (
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/sensitive"
)

// Bounds of a statement, in characters or pieces.
const (
	longestNumber = 50
	mostModifiers = 4
	mostDiagnoses = 25
	mostStates    = 10
	mostRemarks   = 20
)

// row is a statement on its way in.
type row struct {
	Statement
	billed
	parties

	key string // the folded number
}

// check says everything that is wrong with a statement by itself, and puts it
// into the form in which it is kept.
func (r *row) check(today civil.Date) []coverage.Refusal {
	if len(r.Problems) > 0 {
		return r.Problems
	}
	r.key = fold(r.Number)
	bad := func(reason string) { r.problem(r.At, reason) }
	if reason := numberFault(r.Number); reason != "" {
		bad("the claim's number " + reason)
	}
	if len(r.OfficeNumber) > longestNumber || coverage.Unfit(r.OfficeNumber) != "" {
		bad("the office's own number has at most 50 characters")
	}
	if reason := numberFault(r.Member.Number); reason != "" {
		bad("the member's number " + reason)
	}
	if !r.Status.Valid() {
		bad("the status is none that a claim has here: see the list in docs/import.md")
	}
	r.checkDays(today)
	r.checkParties()
	r.checkCodes()
	for i := range r.Lines {
		r.checkLine(&r.Lines[i], today)
	}
	if len(r.Lines) > maxLines {
		bad("a claim has at most 1,000 lines")
	}
	return r.Problems
}

func numberFault(number string) string {
	switch {
	case number == "":
		return "is missing"
	case len(number) > longestNumber || strings.Trim(number, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-/#") != "" || fold(number) == "":
		return "has up to 50 letters, digits, spaces and . _ - / #"
	}
	return ""
}

func (r *row) checkDays(today civil.Date) {
	bad := func(reason string) { r.problem(r.At, reason) }
	switch {
	case r.AsOf.IsZero():
		bad("the day of the statement is missing")
	case r.AsOf.After(today):
		bad("the day of the statement is in the future")
	}
	switch {
	case r.From.IsZero():
	case r.From.After(today):
		bad("the first day of service is in the future")
	case r.To.Before(r.From):
		bad("the service ends before it begins")
	}
	if !r.Received.IsZero() && r.Received.After(today) {
		bad("the day of receipt is in the future")
	}
}

func (r *row) checkParties() {
	bad := func(reason string) { r.problem(r.At, reason) }
	var err error
	if r.BillingNPI != "" {
		r.billing, err = code.ParseNPI(r.BillingNPI)
		if err != nil {
			bad("the NPI of who billed: " + err.Error())
		}
	}
	if r.BillingTIN != "" {
		r.tin, err = code.ParseTIN(r.BillingTIN)
		if err != nil {
			bad("the tax ID of who billed: " + err.Error())
		}
	}
	if r.RenderingNPI != "" {
		r.rendering, err = code.ParseNPI(r.RenderingNPI)
		if err != nil {
			bad("the NPI of who gave the service: " + err.Error())
		}
	}
	if r.BillingNPI == "" && r.BillingTIN == "" {
		bad("who billed is missing: an NPI or a tax ID")
	}
}

func (r *row) checkCodes() {
	bad := func(reason string) { r.problem(r.At, reason) }
	for i, d := range r.Diagnoses {
		parsed, err := code.ParseDiagnosis(d)
		if err != nil {
			bad("a diagnosis: " + err.Error())
			break
		}
		r.Diagnoses[i] = string(parsed)
	}
	if len(r.Diagnoses) > mostDiagnoses {
		bad("a claim has at most 25 diagnoses")
	}
	if !statesFit(r.States) || !remarksFit(r.Remarks) || !adjustmentsFit(r.Adjustments) {
		bad("a status, remark or adjustment code has up to six letters and digits, and there are at most 10 statuses, 20 remarks and 100 adjustments")
	}
	if r.Authorized != "" && numberFault(r.Authorized) != "" {
		bad("the number of the authorization has up to 50 letters, digits, spaces and . _ - / #")
	}
}

func isCode(text string, longest int) bool {
	return len(text) <= longest && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == ""
}

func statesFit(states []State) bool {
	for _, s := range states {
		if s.Category == "" || !isCode(s.Category, 6) || !isCode(s.Code, 6) || !isCode(s.Entity, 6) {
			return false
		}
	}
	return len(states) <= mostStates
}

func remarksFit(remarks []string) bool {
	for _, r := range remarks {
		if r == "" || !isCode(r, 6) {
			return false
		}
	}
	return len(remarks) <= mostRemarks
}

func adjustmentsFit(list []Adjustment) bool {
	for _, a := range list {
		if a.Group == "" || a.Reason == "" || !isCode(a.Group, 2) || !isCode(a.Reason, 6) {
			return false
		}
	}
	return len(list) <= 100
}

func (r *row) checkLine(l *Line, today civil.Date) {
	bad := func(reason string) { r.problem(r.At, "a service line: "+reason) }
	if l.From.IsZero() {
		l.From, l.To = r.From, r.To
	}
	if l.To.IsZero() {
		l.To = l.From
	}
	remarks := make([]string, len(l.Remarks))
	for i, m := range l.Remarks {
		remarks[i] = m.Code
	}
	switch {
	case l.Code == "" && l.Revenue == "":
		bad("it names neither a code nor a revenue code")
	case !isCode(l.Code, 20) || !isCode(l.Revenue, 4):
		bad("a code has letters and digits only")
	case l.System != "" && l.System.Name() == "unknown":
		bad("the system of its code is none that we know")
	case len(l.Modifiers) > mostModifiers || strings.ContainsFunc(strings.Join(l.Modifiers, ""), notAlnum):
		bad("it has at most four modifiers of letters and digits")
	case l.To.Before(l.From):
		bad("the service ends before it begins")
	case l.From.After(today):
		bad("the day of service is in the future")
	case !statesFit(l.States) || !remarksFit(remarks) || !adjustmentsFit(l.Adjustments):
		bad("a status, remark or adjustment code has up to six letters and digits")
	}
}

func notAlnum(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}

// sensitiveCodes gives the codes that tell whether a claim is sensitive.
func sensitiveCodes(diagnoses []string, lines []Line) []sensitive.Code {
	var out []sensitive.Code
	for _, d := range diagnoses {
		out = append(out, sensitive.Code{System: code.ICD10CM, Code: d})
	}
	for _, l := range lines {
		if l.Code != "" {
			out = append(out, sensitive.Code{System: l.System, Code: l.Code})
		}
		if l.Revenue != "" {
			out = append(out, sensitive.Code{System: code.Revenue, Code: l.Revenue})
		}
	}
	return out
}
