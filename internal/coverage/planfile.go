package coverage

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/intake"
)

// MaxPlanFile bounds a file of plans, in bytes: it becomes one entry of the record.
const MaxPlanFile = 4 << 20

var errLargePlans = fault.New(fault.TooLarge, "The file is larger than a file of plans may be (4 MB). Split it, with all rows of a plan in one file")

// planTable is a file of plans. What it has gained since the first release
// may be left out.
func planTable() table {
	return table{
		columns: []string{
			"plan_code", "plan_name", "contract", "service", "wording", "copay", "coinsurance", "service_type", "authorization", "authorization_note",
			"deductible", "family_deductible", "out_of_pocket", "family_out_of_pocket",
		},
		needed: []string{"plan_code", "plan_name", "service", "copay", "coinsurance"},
	}
}

// PlanReport says what a file of plans came to. When anything was refused,
// nothing of the file was loaded.
type PlanReport struct {
	Rows         int
	Plans        int
	Copays       int
	Added        int       // plans that we did not have
	Changed      int       // plans of which something is known differently now
	Declined     bool      // whoever was asked said no
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (p *PlanReport) refuse(where, reason string) {
	p.RefusedTotal++
	if len(p.Refused) < MaxRefusals {
		p.Refused = append(p.Refused, Refusal{Where: where, Reason: reason})
	}
}

// PlanOrder is a file of plans and how to load it.
type PlanOrder struct {
	File io.Reader
	// CheckOnly loads nothing and reports what would change.
	CheckOnly bool
	// Ask, when set, is shown what would change and says whether to go on.
	Ask func(PlanReport) bool
}

// ImportPlanFile is LoadPlanFile without asking anybody.
func (s *Service) ImportPlanFile(ctx context.Context, who access.Actor, r io.Reader) (PlanReport, error) {
	return s.LoadPlanFile(ctx, who, PlanOrder{File: r})
}

// LoadPlanFile loads a file of plans, CSV or NDJSON, a copay a row, whole or not at
// all; see docs/import.md. A plan that is known gets the name, contract, copays
// and limits of the file in place of its own; plans that the file does not name
// stay as they are.
//
// The error is for a file that cannot be read or stored; refused rows are in
// the report.
func (s *Service) LoadPlanFile(ctx context.Context, who access.Actor, o PlanOrder) (PlanReport, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return PlanReport{}, err
	}
	f := &planFile{at: map[string]int{}}
	err = f.read(ctx, &atMost{r: o.File, left: MaxPlanFile})
	var bad *Unreadable
	if errors.As(err, &bad) {
		f.report.refuse(bad.Where, bad.Reason)
		err = nil
	}
	if err != nil {
		return PlanReport{}, intake.Readable(err)
	}
	if f.report.RefusedTotal == 0 && len(f.plans) == 0 {
		f.report.refuse(Place{}.String(), "it names its columns and holds no plan")
	}
	f.report.Plans = len(f.plans)
	if f.report.RefusedTotal > 0 {
		return f.report, nil
	}
	err = s.comparePlans(ctx, f)
	if err != nil || o.CheckOnly {
		return f.report, err
	}
	if o.Ask != nil && !o.Ask(f.report) {
		f.report.Declined = true
		return f.report, nil
	}
	return f.report, s.ImportPlans(ctx, who, f.plans)
}

// comparePlans counts what the file says otherwise than is known.
func (s *Service) comparePlans(ctx context.Context, f *planFile) error {
	return s.DB.View(ctx, func(tx *db.Tx) error {
		f.report.Added, f.report.Changed = 0, 0
		for _, p := range f.plans {
			err := tx.Row("select 1 from coverage_plan where code = $1", p.Code).Scan(new(int64))
			if db.NoRows(err) {
				f.report.Added++
				continue
			}
			if err != nil {
				return err
			}
			known, err := planOf(tx, p.Code)
			if err != nil {
				return err
			}
			if !samePlan(known, p) {
				f.report.Changed++
			}
		}
		return nil
	})
}

func samePlan(known, said Plan) bool {
	byKind := func(a, b Limit) int { return strings.Compare(string(a.Kind), string(b.Kind)) }
	return known.Name == cmp.Or(said.Name, said.Code) && known.Contract == said.Contract && slices.Equal(known.Copays, said.Copays) &&
		slices.Equal(slices.SortedFunc(slices.Values(known.Limits), byKind), slices.SortedFunc(slices.Values(said.Limits), byKind))
}

// planFile is a file of plans on its way in.
type planFile struct {
	plans  []Plan
	at     map[string]int // of each plan's code, in plans
	bare   []bool         // of each plan, that a row said it has no copays
	report PlanReport
}

func (f *planFile) read(ctx context.Context, r io.Reader) error {
	return planTable().each(ctx, r, func(line int, cell func(column string) string, reason string) error {
		f.report.Rows++
		if reason == "" {
			reason = f.take(cell)
		}
		if reason != "" {
			f.report.refuse(Place{Line: line}.String(), reason)
		}
		return nil
	})
}

// take adds a row to its plan, or says why not.
func (f *planFile) take(cell func(column string) string) (reason string) {
	c, reason := copay(cell)
	if reason != "" {
		return reason
	}
	i, reason := f.plan(cell)
	if reason != "" {
		return reason
	}
	p := &f.plans[i]
	limits, reason := p.limits(cell)
	if reason != "" {
		return reason
	}
	switch {
	case c.Service == "" && limits: // a row about the plan as a whole
		return ""
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

// limits adds what a row says about the plan as a whole, and whether it says
// anything.
func (p *Plan) limits(cell func(column string) string) (some bool, reason string) {
	for _, of := range []struct {
		column string
		kind   Kind
	}{{"deductible", Deductible}, {"family_deductible", FamilyDeductible}, {"out_of_pocket", OutOfPocket}, {"family_out_of_pocket", FamilyPocket}} {
		text := cell(of.column)
		if text == "" {
			continue
		}
		cents, ok := dollars(text)
		if !ok {
			return false, of.column + ": write dollars up to 99999.99, such as 500 or 500.00, without a comma"
		}
		some = true
		at := slices.IndexFunc(p.Limits, func(l Limit) bool { return l.Kind == of.kind })
		switch {
		case at < 0:
			p.Limits = append(p.Limits, Limit{Kind: of.kind, Cents: cents})
		case p.Limits[at].Cents != cents:
			return false, of.column + ": an earlier row gives this plan another amount"
		}
	}
	return some, ""
}

// copay reads what a service costs (an amount or a share, or nothing where the
// row says whether an authorization is needed) and what else is said of it.
func copay(cell func(column string) string) (c Copay, reason string) {
	amount, share := cell("copay"), cell("coinsurance")
	c = Copay{Service: cell("service"), Text: cell("wording"), Code: cell("service_type"), NeededNote: cell("authorization_note")}
	var ok bool
	c.Needed, ok = needed(strings.ToLower(cell("authorization")))
	switch {
	case !ok:
		return c, "authorization: write yes, no or maybe, or leave it empty"
	case c.Service == "" && c.Text+c.Code+c.NeededNote+string(c.Needed)+amount+share != "":
		return c, "service: is missing"
	case c.Service == "":
		return c, ""
	case !isServiceType(c.Code):
		return c, "service_type: has up to 10 letters, digits and hyphens"
	case c.NeededNote != "" && c.Needed == "":
		return c, "authorization: is missing beside its note: write yes, no or maybe"
	case amount == "" && share == "" && c.Needed != "":
		c.Unpriced = true
		return c, ""
	case (amount == "") == (share == ""):
		return c, "copay: write either a copay or a coinsurance, and a copay of 0 for a service that costs nothing"
	}
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
		return n, intake.ReadFailure(err)
	}
	return n, err
}
