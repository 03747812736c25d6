package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/priorauth"
)

// lately is when the files arrive that tell what happened to members since the
// plan's data was loaded: late enough that offices have looked before.
const lately = 26 * time.Hour

// readBenefits adds to the plans which services need an authorization, under
// service types of our own making, and what there is to reach in a year.
func readBenefits(plans []coverage.Plan) error {
	for i := range plans {
		p := &plans[i]
		p.Limits = yearly(p.Code)
		for j := range p.Copays {
			c := &p.Copays[j]
			c.Code = fmt.Sprintf("S%02d", j+1)
			c.Needed, c.NeededNote = neededFor(c.Service)
		}
	}
	list, err := rows("benefits", 3)
	if err != nil {
		return err
	}
	for _, row := range list {
		for i := range plans {
			plans[i].Copays = append(plans[i].Copays, coverage.Copay{Service: row[0], Unpriced: true, Code: fmt.Sprintf("S%02d", len(plans[i].Copays)+1),
				Needed: coverage.Needed(row[1]), NeededNote: row[2]})
		}
	}
	return nil
}

func yearly(plan string) []coverage.Limit {
	switch plan {
	case "HMO1":
		return []coverage.Limit{{Kind: coverage.OutOfPocket, Cents: 490_000}}
	case "PPO1":
		return []coverage.Limit{{Kind: coverage.Deductible, Cents: 50_000}, {Kind: coverage.OutOfPocket, Cents: 670_000}}
	}
	return nil
}

func neededFor(service string) (coverage.Needed, string) {
	switch service {
	case "Inpatient hospital":
		return coverage.NeededYes, "Not for an emergency: tell the plan within two days"
	case "Outpatient surgery":
		return coverage.NeededMaybe, "Ask for each procedure"
	case "Medical equipment":
		return coverage.NeededMaybe, "From $500 on, and for oxygen and sleep apnea devices"
	case "Part B drugs":
		return coverage.NeededYes, "Some begin with another drug"
	case "Home health":
		return coverage.NeededYes, ""
	}
	return coverage.NeededNo, ""
}

// news are the files about what happened to members.
func (h *hand) news() event {
	return event{at: h.w.now.Add(-lately), do: func(ctx context.Context) error {
		today := civil.Of(h.w.now.Add(-lately), h.w.zone)
		return errors.Join(h.used(ctx, today), h.others(ctx), h.changes(ctx, today))
	}}
}

// steadily gives every nth of the members who are covered without an end,
// with whoever is printed to be tried as the first.
func (w *world) steadily(nth int) []*insured {
	var out []*insured
	first := w.tryMembers()
	n := 0
	for _, m := range w.members {
		if !m.steady {
			continue
		}
		n++
		if n%nth == 0 || len(first) > 0 && m.number == first[0].MemberID {
			out = append(out, m)
		}
	}
	return out
}

func (h *hand) used(ctx context.Context, today civil.Date) error {
	table := [][]string{{"member_number", "plan_code", "year", "kind", "amount", "as_of"}}
	for i, m := range h.w.steadily(3) {
		for _, l := range yearly(m.plan) {
			cents := l.Cents * int64(i*37%101) / 100
			table = append(table, []string{m.number, m.plan, fmt.Sprint(today.Y), string(l.Kind), fmt.Sprintf("%d.%02d", cents/100, cents%100), today.String()})
		}
	}
	src, err := sourceOf("demo-spent.csv", table)
	if err != nil {
		return err
	}
	rep, err := h.Coverage.ImportSpent(ctx, operator(), src)
	return errors.Join(err, refused("amounts used", rep.RefusedTotal))
}

func (h *hand) others(ctx context.Context) error {
	table := [][]string{{"member_number", "payer", "policy_kind", "pays", "from", "to"}}
	payers := [][]string{{"Millwright Employees Health Fund", "employer", "primary"}, {"State Medicaid (made up)", "medicaid", "secondary"}, {"Veterans' care (made up)", "veterans", "unknown"}}
	for i, m := range h.w.steadily(40) {
		p := payers[i%len(payers)]
		table = append(table, []string{m.number, p[0], p[1], p[2], m.spans[0].from.String(), ""})
	}
	src, err := sourceOf("demo-other-coverage.csv", table)
	if err != nil {
		return err
	}
	rep, err := h.Coverage.ImportOther(ctx, operator(), src)
	return errors.Join(err, refused("other coverage", rep.RefusedTotal))
}

// changes give the main office a panel with arrivals and departures, others a
// history of their providers, and one member another plan from a day on before
// the office had looked. Who is printed to be tried stays on no panel there: to
// see her takes the statement of a visit.
func (h *hand) changes(ctx context.Context, today civil.Date) error {
	table := [][]string{{"member_number", "last", "first", "middle", "suffix", "birth", "plan", "from", "to", "pcp_npi", "pcp_from"}}
	to := func(m *insured, npi string, from civil.Date) {
		table = append(table, []string{m.number, m.last, m.first, m.middle, m.suffix, m.birth.String(), "", "", "", npi, from.String()})
	}
	main, tried := h.w.orgs[0], h.w.tryMembers()
	for i, m := range h.w.steadily(25) {
		if len(tried) > 0 && m.number == tried[0].MemberID {
			continue
		}
		npi := string(main.staff[i%2].NPI)
		switch {
		case i%9 == 8: // came and went
			to(m, npi, today.AddDays(-200))
			to(m, string(m.pcp), today.AddDays(-1))
		case i%7 == 6: // this month
			to(m, npi, today.AddDays(-2))
		default:
			to(m, npi, today.AddDays(-120-i))
		}
	}
	if s := h.w.lookedAt(main); s != nil {
		m := s.member
		other := map[string]string{"HMO1": "PPO1", "PPO1": "HMO1"}[m.plan]
		from := civil.Of(s.steps[0].at, h.w.zone).AddDays(-3)
		if other != "" && from.Before(today) {
			table = append(table, []string{m.number, m.last, m.first, m.middle, m.suffix, m.birth.String(), other, from.String(), "", "", ""})
		}
	}
	src, err := sourceOf("demo-changes.csv", table)
	if err != nil {
		return err
	}
	rep, err := h.Coverage.Import(ctx, operator(), src, coverage.CSV, nil)
	return errors.Join(err, refused("changes of members", rep.RefusedTotal))
}

// lookedAt gives a request of an organization for a member whose plan may
// change: one with another plan to move to, looked at some days ago.
func (w *world) lookedAt(o *organization) *story {
	for _, s := range w.cases {
		if s.org == o && s.member.steady && (s.member.plan == "HMO1" || s.member.plan == "PPO1") && s.steps[0].at.Before(w.now.Add(-7*24*time.Hour)) &&
			s.goal != priorauth.Cancelled {
			return s
		}
	}
	return nil
}

func sourceOf(name string, table [][]string) (coverage.Source, error) {
	raw, err := asCSV(table)
	return coverage.Source{Name: name, Size: int64(len(raw)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}, err
}
