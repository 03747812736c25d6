package claim

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/sensitive"
)

// Feed reads statements from a file and hands them on in order. It gives back
// the error of emit, a *coverage.Unreadable, or what r gave.
type Feed func(r io.Reader, emit func(Statement) error) error

// Bounds of a row.
const (
	maxLines = 1000 // services of one claim
)

// Columns of a CSV file of claims, in the order of the documentation. In a
// file the order is free; those of needed must be there.
func columns() []string {
	return []string{
		"claim_number", "office_number", "member_number", "birth", "billing_npi", "billing_tin", "rendering_npi", "status", "as_of", "received", "from", "to",
		"charge", "allowed", "paid", "owed", "category", "status_code", "remarks", "adjustments", "authorization", "diagnoses", "label",
		"payment_method", "payment_number", "payment_date",
		"line", "system", "code", "modifiers", "revenue", "units", "line_from", "line_to", "line_charge", "line_allowed", "line_paid", "line_owed", "line_adjustments", "line_remarks",
	}
}

func needed() []string {
	return []string{"claim_number", "member_number", "birth", "billing_npi", "status", "as_of", "from"}
}

// CSV reads claims from a table: a first line that names the columns, then a
// claim a row, or a row for each line of a claim with the claim repeated. See
// docs/import.md.
func CSV(r io.Reader, emit func(Statement) error) error {
	rows, err := coverage.ReadRows(r, columns(), needed())
	if err != nil {
		return err
	}
	t := &table{fits: rows.Fits, cellOf: rows.Cell, emit: emit, payments: map[Payment]*Payment{}}
	for {
		line, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return t.flush()
		}
		if err != nil {
			return err
		}
		err = t.row(line, cells)
		if err != nil {
			return err
		}
	}
}

// table is a CSV file half read: the rows of one claim stand together.
type table struct {
	fits     func(cells []string) bool
	cellOf   func(cells []string, column string) string
	emit     func(Statement) error
	open     *Statement
	first    []string // cells of the open claim's first row
	payments map[Payment]*Payment
}

func (t *table) flush() error {
	if t.open == nil {
		return nil
	}
	s := *t.open
	t.open = nil
	return t.emit(s)
}

// row takes a row: the next claim, or another line of the open one.
func (t *table) row(line int, cells []string) error {
	at := coverage.Place{Line: line}
	if !t.fits(cells) {
		err := t.flush()
		if err != nil {
			return err
		}
		s := Statement{At: at}
		s.problem(at, coverage.WrongWidth)
		return t.emit(s)
	}
	number := fold(t.cellOf(cells, "claim_number"))
	if t.open != nil && number != "" && number == fold(t.open.Number) {
		t.again(at, cells)
		return nil
	}
	err := t.flush()
	if err != nil {
		return err
	}
	t.first = slices.Clone(cells)
	t.open = &Statement{At: at}
	for _, column := range columns() {
		if reason := coverage.Unfit(t.cellOf(cells, column)); reason != "" {
			t.open.problem(at, column+": "+reason)
		}
	}
	c := reading{s: t.open, at: at, cell: func(column string) string { return t.cellOf(cells, column) }}
	c.claim()
	t.open.Payment = t.payment(c)
	c.line()
	return nil
}

// again takes another line of the open claim. What the row says of the claim
// itself is as before, or empty.
func (t *table) again(at coverage.Place, cells []string) {
	for _, column := range columns()[:slices.Index(columns(), "line")] {
		if v := t.cellOf(cells, column); v != "" && v != t.cellOf(t.first, column) {
			t.open.problem(at, column+": differs from the first row of this claim; repeat it or leave it empty")
		}
	}
	before := len(t.open.Lines)
	c := reading{s: t.open, at: at, cell: func(column string) string { return t.cellOf(cells, column) }}
	c.line()
	if len(t.open.Lines) == before && len(t.open.Problems) == 0 {
		t.open.problem(at, "line: another row of the same claim needs a line of its own")
	}
}

// payment gives the payment of a row: the same one for every claim that names
// the same.
func (t *table) payment(c reading) *Payment {
	p := Payment{Method: strings.ToUpper(c.cell("payment_method")), Trace: c.cell("payment_number"), On: c.day("payment_date")}
	if p == (Payment{}) {
		return nil
	}
	if p.Trace == "" || p.On.IsZero() {
		c.bad("payment_number", "a payment needs its number and its date")
		return nil
	}
	if p.Method != "" && !slices.Contains([]string{"CHK", "ACH", "FWT", "BOP", "NON"}, p.Method) {
		c.bad("payment_method", "is CHK, ACH, FWT, BOP or NON")
	}
	if t.payments[p] == nil {
		t.payments[p] = &p
	}
	return t.payments[p]
}

func (s *Statement) problem(at coverage.Place, reason string) {
	s.Problems = append(s.Problems, coverage.Refusal{Where: at.String(), Reason: reason})
}

// reading is one row on its way into a statement.
type reading struct {
	s    *Statement
	at   coverage.Place
	cell func(column string) string
}

func (c reading) bad(column, reason string) { c.s.problem(c.at, column+": "+reason) }

func (c reading) day(column string) civil.Date {
	text := c.cell(column)
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.Parse(text)
	if err != nil {
		c.bad(column, err.Error())
	}
	return d
}

func (c reading) claim() {
	s := c.s
	s.Number, s.OfficeNumber = c.cell("claim_number"), c.cell("office_number")
	s.Member = Named{Number: c.cell("member_number"), Birth: c.day("birth")}
	s.BillingNPI, s.BillingTIN, s.RenderingNPI = c.cell("billing_npi"), c.cell("billing_tin"), c.cell("rendering_npi")
	s.Status, s.AsOf, s.Received = Status(strings.ToLower(c.cell("status"))), c.day("as_of"), c.day("received")
	s.From, s.To = c.day("from"), c.day("to")
	if s.To.IsZero() {
		s.To = s.From
	}
	s.Authorized, s.Diagnoses = c.cell("authorization"), strings.Fields(c.cell("diagnoses"))
	s.Amounts, s.HasAmounts = c.amounts("")
	s.Remarks, s.Adjustments = strings.Fields(c.cell("remarks")), c.adjustments("adjustments")
	if category := c.cell("category"); category != "" {
		s.States = []State{{Category: strings.ToUpper(category), Code: c.cell("status_code")}}
	}
	for label := range strings.SplitSeq(c.cell("label"), ";") {
		if strings.TrimSpace(label) == "" {
			continue
		}
		category, ok := sensitive.ParseCategory(label)
		if !ok {
			c.bad("label", "is substance use, behavioral health, hiv, reproductive health or genetic, with ; between several")
			continue
		}
		s.Labels = append(s.Labels, category)
	}
	if s.Member.Birth.IsZero() {
		c.bad("birth", "is missing")
	}
}

// amounts reads charge, allowed, paid and owed. Without a charge there are
// none.
func (c reading) amounts(prefix string) (Amounts, bool) {
	var a Amounts
	a.Charge = c.cents(prefix + "charge")
	a.Paid, a.Owed, a.Allowed = c.cents(prefix+"paid"), c.cents(prefix+"owed"), c.cents(prefix+"allowed")
	a.AllowedKnown = c.cell(prefix+"allowed") != ""
	if c.cell(prefix+"charge") == "" {
		if a != (Amounts{}) {
			c.bad(prefix+"charge", "is missing beside the other amounts")
		}
		return Amounts{}, false
	}
	return a, true
}

func (c reading) cents(column string) int64 {
	text := c.cell(column)
	if text == "" {
		return 0
	}
	n, ok := decimal(strings.TrimPrefix(text, "$"), 2)
	if !ok {
		c.bad(column, "is dollars, such as 120 or 120.50, without a comma")
	}
	return n
}

// adjustments reads "CO-45:20.00 PR-1:15.00".
func (c reading) adjustments(column string) []Adjustment {
	var out []Adjustment
	for _, part := range strings.Fields(c.cell(column)) {
		name, amount, _ := strings.Cut(part, ":")
		group, reason, _ := strings.Cut(name, "-")
		cents, ok := decimal(amount, 2)
		if !ok || len(group) != 2 || reason == "" || len(reason) > 5 {
			c.bad(column, "is a group, a reason and dollars, such as CO-45:20.00, with spaces between several")
			return nil
		}
		out = append(out, Adjustment{Group: strings.ToUpper(group), Reason: strings.ToUpper(reason), Cents: cents})
	}
	return out
}

// line adds the row's service, if it has one.
func (c reading) line() {
	if c.cell("line") == "" {
		if c.cell("code") != "" || c.cell("revenue") != "" {
			c.bad("line", "is missing beside the service")
		}
		return
	}
	no, err := strconv.Atoi(c.cell("line"))
	taken := slices.ContainsFunc(c.s.Lines, func(l Line) bool { return l.No == no })
	if err != nil || no < 1 || no > maxLines || taken {
		c.bad("line", "is a number from 1 to 1000, each once in a claim")
		return
	}
	l := Line{No: no, System: code.System(strings.ToLower(c.cell("system"))), Code: strings.ToUpper(c.cell("code")), Revenue: c.cell("revenue"),
		Modifiers: strings.Fields(strings.ToUpper(c.cell("modifiers"))), From: c.day("line_from"), To: c.day("line_to"), Units: 1000,
		Adjustments: c.adjustments("line_adjustments")}
	for _, r := range strings.Fields(c.cell("line_remarks")) {
		l.Remarks = append(l.Remarks, Remark{Code: r})
	}
	l.Amounts, _ = c.amounts("line_")
	if text := c.cell("units"); text != "" {
		var ok bool
		l.Units, ok = decimal(text, 3)
		if !ok {
			c.bad("units", "is a number with at most three decimals")
		}
	}
	if l.System == "" && l.Code != "" {
		l.System = systemOf(l.Code)
	}
	c.s.Lines = append(c.s.Lines, l)
}

// systemOf tells HCPCS from CPT by the shape.
func systemOf(c string) code.System {
	p, err := code.ParseProcedure(c)
	if err != nil {
		return code.HCPCS
	}
	return p.System
}

// decimal reads a number as a count of its smallest part.
func decimal(text string, places int) (int64, bool) {
	text, minus := strings.CutPrefix(text, "-")
	whole, part, dotted := strings.Cut(text, ".")
	if len(part) > places || dotted && part == "" || whole == "" || len(whole) > 10 || strings.Trim(whole+part, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	if minus {
		n = -n
	}
	return n, err == nil
}

// fold gives a number as it is compared: without case, spaces and hyphens.
func fold(number string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(number))
}
