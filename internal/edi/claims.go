package edi

import (
	"errors"
	"io"
	"strings"

	"hsconnect/internal/claim"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/x12"
)

// ClaimsFeed looks at the beginning of a file and gives the reader for it and
// its format: X12 835 or 277 when it begins like an interchange, NDJSON when
// with an object, else CSV.
func ClaimsFeed(open func() (io.ReadCloser, error)) (feed claim.Feed, format string, err error) {
	begins, err := beginning(open)
	if err != nil {
		return nil, "", err
	}
	switch {
	case strings.HasPrefix(begins, "{"):
		return claim.NDJSON, "ndjson", nil
	case begins != interchange:
		return claim.CSV, "csv", nil
	}
	f, err := open()
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // only read from
	r := x12.NewReader(f, x12.Options{})
	for range 3 {
		_, err := r.Next()
		if err != nil {
			break // the reader of the guide says the same, with its words
		}
		if r.Group().ID == "HN" {
			return Claims277, "277", nil
		}
	}
	return Claims835, "835", nil
}

// unreadable turns a fault of the whole file into the domain's.
func unreadable(err error) error {
	var bad *x12.Error
	if errors.As(err, &bad) {
		at := coverage.Place{Segment: bad.Segment, Line: bad.Line, Tag: bad.Tag}
		return &coverage.Unreadable{Refusal: coverage.Refusal{Where: at.String(), Reason: bad.Text}}
	}
	return err
}

// Claims835 reads claims from X12 835 (005010X221A1). It is a claim.Feed.
func Claims835(r io.Reader, emit func(claim.Statement) error) error {
	payments := map[*x12.Payment835]*claim.Payment{}
	_, err := x12.Read835(r, x12.Options835{}, func(c x12.Claim835) error {
		p := payments[c.Payment]
		if p == nil {
			p = payment(c.Payment)
			clear(payments) // claims of one payment stand together
			payments[c.Payment] = p
		}
		return emit(remitted(&c, p))
	})
	return unreadable(err)
}

func payment(p *x12.Payment835) *claim.Payment {
	return &claim.Payment{Method: p.Method, Trace: p.Trace, On: date(p.Date), Cents: p.Cents, CentsKnown: true, Payer: p.Payer.Name,
		PayeeNPI: p.Payee.NPI(), PayeeTIN: p.Payee.Tax()}
}

// remitted maps one CLP loop.
func remitted(c *x12.Claim835, paid *claim.Payment) claim.Statement {
	h := c.Payment
	out := claim.Statement{
		At: place(c.Position, "CLP"), Number: c.PayerNumber, OfficeNumber: c.Number, Member: patient(c.Patient, c.Insured),
		BillingNPI: h.Payee.NPI(), BillingTIN: h.Payee.Tax(), RenderingNPI: npiOf(c.Rendering),
		Received: date(c.Date("050")), HasAmounts: true, Amounts: claim.Amounts{Charge: c.Charge, Paid: c.Paid, Owed: c.Owed},
		Remarks: c.Remarks, Adjustments: adjustments(c.Adjustments), Authorized: c.Identifier("G1"), Payment: paid,
	}
	out.AsOf = date(h.Produced)
	if out.AsOf.IsZero() {
		day, _ := x12.ParseDate(h.Group.Date) // the reader has checked it
		out.AsOf = date(day)
	}
	refuseAll(&out, c.Problems)
	for i := range c.Lines {
		out.Lines = append(out.Lines, remittedLine(i+1, &c.Lines[i]))
	}
	out.From, out.To = date(c.Date("232")), date(c.Date("233"))
	span(&out)
	allowed(&out)
	var ok bool
	out.Status, ok = claim.OfRemittance(c.Status, out.Amounts, out.Lines)
	if !ok {
		refuse(&out, out.At, "the status of the claim (CLP02) is none that a paid or denied claim has here: expected 1 to 4 or 19 to 23")
	}
	return out
}

func refuse(s *claim.Statement, at coverage.Place, reason string) {
	s.Problems = append(s.Problems, coverage.Refusal{Where: at.String(), Reason: reason})
}

func refuseAll(s *claim.Statement, problems []x12.RowError) {
	for _, p := range problems {
		refuse(s, coverage.Place{Segment: p.Segment, Line: p.Line, Tag: p.Tag}, p.Text)
	}
}

// patient gives whom a claim means. A social security number (NM108 of 34) is
// never taken for a member number.
func patient(who, insured x12.Person) claim.Named {
	n := claim.Named{Number: memberNumber(who), Last: who.Name.Last, First: who.Name.First}
	if n.Number == "" {
		n.Number = memberNumber(insured)
	}
	return n
}

func memberNumber(p x12.Person) string {
	switch p.IDQualifier {
	case "MI", "MR", "II":
		return p.ID
	}
	return ""
}

func npiOf(p x12.Person) string {
	if p.IDQualifier == code.QualifierNPI {
		return p.ID
	}
	return ""
}

func adjustments(list []x12.Adjustment) []claim.Adjustment {
	out := make([]claim.Adjustment, 0, len(list))
	for _, a := range list {
		out = append(out, claim.Adjustment{Group: a.Group, Reason: a.Reason, Cents: a.Cents, Units: a.Quantity})
	}
	return out
}

func remittedLine(no int, l *x12.Line835) claim.Line {
	out := service(no, l.Procedure, l.Revenue, l.Units)
	out.Amounts = claim.Amounts{Charge: l.Charge, Paid: l.Paid, Allowed: l.Allowed, AllowedKnown: l.HasAllowed}
	out.Adjustments = adjustments(l.Adjustments)
	for _, a := range l.Adjustments {
		if a.Group == "PR" {
			out.Owed += a.Cents
		}
	}
	for _, r := range l.Remarks {
		out.Remarks = append(out.Remarks, claim.Remark{Code: r})
	}
	out.From, out.To = date(l.Date("472")), date(l.Date("472"))
	if out.From.IsZero() {
		out.From, out.To = date(l.Date("150")), date(l.Date("151"))
	}
	return out
}

// service maps a procedure with its revenue code.
func service(no int, p x12.Procedure, revenue string, units int64) claim.Line {
	out := claim.Line{No: no, Modifiers: p.Modifiers, Revenue: revenue, Units: units}
	switch p.Qualifier {
	case "NU":
		out.Revenue = p.Code
	case "N4":
		out.System, out.Code = code.NDC, p.Code
	default:
		out.System, out.Code = code.HCPCS, p.Code
		parsed, err := code.ParseProcedure(p.Code)
		if err == nil {
			out.System, out.Code = parsed.System, parsed.Code
		}
	}
	return out
}

// span takes the days of the claim from its lines where it has none itself.
func span(s *claim.Statement) {
	if s.From.IsZero() {
		for _, l := range s.Lines {
			if !l.From.IsZero() && (s.From.IsZero() || l.From.Before(s.From)) {
				s.From = l.From
			}
			if l.To.After(s.To) {
				s.To = l.To
			}
		}
	}
	if s.To.IsZero() {
		s.To = s.From
	}
}

// allowed adds up what was allowed, where every line tells it.
func allowed(s *claim.Statement) {
	var sum int64
	for _, l := range s.Lines {
		if !l.AllowedKnown {
			return
		}
		sum += l.Allowed
	}
	s.Amounts.Allowed, s.Amounts.AllowedKnown = sum, len(s.Lines) > 0
}

// Claims277 reads claim statuses from X12 277 (005010X212). It is a claim.Feed.
// A status that tells of no claim (an inquiry that failed, a search that found
// none) is passed over.
func Claims277(r io.Reader, emit func(claim.Statement) error) error {
	_, err := x12.Read277(r, x12.Options277{}, func(c x12.Claim277) error {
		s, is := told(&c)
		if !is {
			return nil
		}
		return emit(s)
	})
	return unreadable(err)
}

// told maps one claim of a status response.
func told(c *x12.Claim277) (claim.Statement, bool) {
	out := claim.Statement{
		At: place(c.Position, "TRN"), Number: c.Identifier("1K"), OfficeNumber: c.Identifier("EJ"), Member: patient(c.Patient(), c.Subscriber),
		BillingNPI: npiOf(c.Provider), From: date(c.From), To: date(c.To),
	}
	if c.Provider.IDQualifier == "FI" {
		out.BillingTIN = c.Provider.ID
	}
	refuseAll(&out, c.Problems)
	if len(c.Problems) > 0 {
		return out, true
	}
	st := newest(c.Statuses)
	out.AsOf = date(st.On)
	if out.AsOf.IsZero() {
		out.AsOf = date(c.Header.Created)
	}
	out.HasAmounts, out.Amounts = st.HasAmount, claim.Amounts{Charge: st.Charge, Paid: st.Paid}
	out.States = states(st)
	for i := range c.Lines {
		l := &c.Lines[i]
		line := service(i+1, l.Procedure, l.Revenue, l.Units)
		line.Charge, line.Paid, line.From, line.To = l.Charge, l.Paid, date(l.From), date(l.To)
		for _, s := range l.Statuses {
			line.States = append(line.States, states(s)...)
		}
		out.Lines = append(out.Lines, line)
	}
	span(&out)
	if st.Remit != "" && st.Remitted != "" {
		out.Payment = &claim.Payment{Method: st.Method, Trace: st.Remit, On: date(st.Remitted), Payer: c.Header.Payer.Name.Last}
	}
	var ok bool
	out.Status, ok = claim.OfCategory(st.Codes[0].Category, out.Amounts)
	return out, ok
}

// newest gives the status of the latest day; of several the first.
func newest(list []x12.Status277) x12.Status277 {
	best := list[0]
	for _, s := range list[1:] {
		if s.On > best.On {
			best = s
		}
	}
	return best
}

func states(s x12.Status277) []claim.State {
	out := make([]claim.State, 0, len(s.Codes))
	for _, c := range s.Codes {
		out = append(out, claim.State{Category: c.Category, Code: c.Status, Entity: c.Entity})
	}
	return out
}
