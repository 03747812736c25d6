package coverage

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/fault"
)

// MaxPlanFile bounds a file of plans, in bytes: it becomes one entry of the record.
const MaxPlanFile = 4 << 20

var errLargePlans = fault.New(fault.TooLarge, "The file is larger than a file of plans may be (4 MB). Split it, with all rows of a plan in one file")

// Columns of a file of plans. The order is free; those of needed must be there.
func planColumns() []string {
	return []string{"plan_code", "plan_name", "contract", "service", "wording", "copay", "coinsurance"}
}

func planNeeded() []string {
	return []string{"plan_code", "plan_name", "service", "copay", "coinsurance"}
}

// PlanReport says what a file of plans came to. When anything was refused,
// nothing of the file was loaded.
type PlanReport struct {
	Rows         int
	Plans        int
	Copays       int
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (p *PlanReport) refuse(where, reason string) {
	p.RefusedTotal++
	if len(p.Refused) < MaxRefusals {
		p.Refused = append(p.Refused, Refusal{Where: where, Reason: reason})
	}
}

// ImportPlanFile loads a CSV file of plans, a copay a row, whole or not at
// all; see docs/import.md. A plan that is known gets the name, contract and
// copays of the file in place of its own; plans that the file does not name
// stay as they are.
//
// The error is for a file that cannot be read or stored; refused rows are in
// the report.
func (s *Service) ImportPlanFile(ctx context.Context, who access.Actor, r io.Reader) (PlanReport, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return PlanReport{}, err
	}
	f := &planFile{at: map[string]int{}}
	err = f.read(ctx, &atMost{r: r, left: MaxPlanFile})
	var bad *Unreadable
	if errors.As(err, &bad) {
		f.report.refuse(bad.Where, bad.Reason)
		err = nil
	}
	if err != nil {
		return PlanReport{}, readable(err)
	}
	if f.report.RefusedTotal == 0 && len(f.plans) == 0 {
		f.report.refuse(Place{}.String(), "it names its columns and holds no plan")
	}
	f.report.Plans = len(f.plans)
	if f.report.RefusedTotal > 0 {
		return f.report, nil
	}
	return f.report, s.ImportPlans(ctx, who, f.plans)
}

// planFile is a file of plans on its way in.
type planFile struct {
	plans  []Plan
	at     map[string]int // of each plan's code, in plans
	bare   []bool         // of each plan, that a row said it has no copays
	report PlanReport
}

func (f *planFile) read(ctx context.Context, r io.Reader) error {
	b := &budget{r: r, left: maxLine}
	in := csv.NewReader(bufio.NewReader(b))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return csvError(err, "The file is empty, or its first line cannot be read as CSV")
	}
	at, reason := planHeader(head)
	if reason != "" {
		return &Unreadable{Refusal{Place{Line: 1}.String(), reason}}
	}
	width := len(head)
	for ctx.Err() == nil {
		b.left = maxLine
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err, "")
		}
		line, _ := in.FieldPos(0)
		f.report.Rows++
		reason := "has another number of cells than the first line: put texts with a comma in quotation marks"
		if len(cells) == width {
			reason = f.take(func(column string) string {
				i, ok := at[column]
				if !ok {
					return ""
				}
				return tidy(cells[i])
			})
		}
		if reason != "" {
			f.report.refuse(Place{Line: line}.String(), reason)
		}
	}
	return fault.Wrap(fault.Unavailable, ctx.Err(), "The import was stopped. Nothing was loaded")
}

func planHeader(head []string) (at map[string]int, reason string) {
	at = map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		_, twice := at[name]
		switch {
		case twice:
			return nil, "the first line names a column twice"
		case !slices.Contains(planColumns(), name):
			return nil, "the first line names a column that is none of " + strings.Join(planColumns(), ", ") + ". Save the file as CSV in UTF-8, with commas between the cells"
		}
		at[name] = i
	}
	for _, name := range planNeeded() {
		if _, ok := at[name]; !ok {
			return nil, "the first line must name the columns " + strings.Join(planNeeded(), ", ") + "; " + name + " is missing"
		}
	}
	return at, ""
}

// take adds a row to its plan, or says why not.
func (f *planFile) take(cell func(column string) string) (reason string) {
	for _, column := range planColumns() {
		if reason := unfit(cell(column)); reason != "" {
			return column + ": " + reason
		}
	}
	c, reason := copay(cell)
	if reason != "" {
		return reason
	}
	i, reason := f.plan(cell)
	if reason != "" {
		return reason
	}
	p := &f.plans[i]
	switch {
	case c.Service == "" && len(p.Copays) > 0, f.bare[i]:
		return "service: is missing. Only a plan without copays has a row without one, and no other row"
	case c.Service == "":
		f.bare[i] = true
		return ""
	case len(p.Copays) >= maxCopays:
		return "service: a plan has at most 100 copays here"
	case slices.ContainsFunc(p.Copays, func(o Copay) bool { return strings.EqualFold(o.Service, c.Service) }):
		return "service: the plan has a row for this service already"
	}
	p.Copays = append(p.Copays, c)
	f.report.Copays++
	return ""
}

// plan finds the plan of a row, or makes it.
func (f *planFile) plan(cell func(column string) string) (i int, reason string) {
	code, name, contract := strings.Join(strings.Fields(cell("plan_code")), " "), cell("plan_name"), cell("contract")
	switch {
	case code == "":
		return 0, "plan_code: is missing"
	case !isPlan(code):
		return 0, "plan_code: has up to 50 letters, digits, spaces and . _ - / # & +"
	}
	i, known := f.at[code]
	switch {
	case known && name != "" && name != f.plans[i].Name:
		return 0, "plan_name: an earlier row gives this plan another name"
	case known && contract != "" && contract != f.plans[i].Contract:
		return 0, "contract: an earlier row gives this plan another contract, or none"
	case known:
		return i, ""
	case name == "":
		return 0, "plan_name: is missing in the plan's first row"
	case len(f.plans) >= maxPlans:
		return 0, "plan_code: a file has at most 10,000 plans"
	}
	f.at[code] = len(f.plans)
	f.plans = append(f.plans, Plan{Code: code, Name: name, Contract: contract})
	f.bare = append(f.bare, false)
	return f.at[code], ""
}

// copay reads what a service costs: an amount or a share.
func copay(cell func(column string) string) (c Copay, reason string) {
	amount, share := cell("copay"), cell("coinsurance")
	c = Copay{Service: cell("service"), Text: cell("wording")}
	switch {
	case c.Service == "" && (c.Text != "" || amount != "" || share != ""):
		return c, "service: is missing"
	case c.Service == "":
		return c, ""
	case (amount == "") == (share == ""):
		return c, "copay: write either a copay or a coinsurance, and a copay of 0 for a service that costs nothing"
	}
	var ok bool
	if share != "" {
		c.Percent, ok = percent(share)
		if !ok {
			return c, "coinsurance: write a whole number from 0 to 100, such as 20 or 20%"
		}
		return c, ""
	}
	c.Cents, ok = dollars(amount)
	if !ok {
		return c, "copay: write dollars up to 99999.99, such as 25 or 12.50, without a comma"
	}
	return c, ""
}

func percent(text string) (int64, bool) {
	text = strings.TrimSpace(strings.TrimSuffix(text, "%"))
	n, err := strconv.ParseUint(text, 10, 8)
	return int64(n), err == nil && n <= 100
}

// dollars gives an amount in cents.
func dollars(text string) (int64, bool) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "$"))
	whole, part, dotted := strings.Cut(text, ".")
	if dotted && len(part) != 2 || len(whole) == 0 || len(whole) > 5 {
		return 0, false
	}
	if !dotted {
		part = "00"
	}
	n, err := strconv.ParseUint(whole+part, 10, 32)
	return int64(n), err == nil
}

// atMost gives errLargePlans when a file goes on too long.
type atMost struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (a *atMost) Read(p []byte) (int, error) {
	n, err := a.r.Read(p[:min(len(p), a.left+1)])
	a.left -= n
	if a.left < 0 {
		return 0, errLargePlans
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &readFailure{err}
	}
	return n, err
}
