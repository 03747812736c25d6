package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
)

// How many claims are made up for each office whose people's passwords are
// known, and for every other organization.
const (
	claimsOfKnown  = 48
	claimsOfOthers = 4
)

// sensitiveList is a made-up list: public codes, so that every category has
// something in it. A plan loads its own.
const sensitiveList = `system,code,category
icd-10-cm,F10*,substance use
icd-10-cm,F11*,substance use
hcpcs,H00*,substance use
icd-10-cm,F32*,behavioral health
icd-10-cm,F33*,behavioral health
icd-10-cm,B20,hiv
icd-10-cm,Z31*,reproductive health
icd-10-cm,Z15*,genetic
`

// protected are diagnosis and service of the made-up claims that are sensitive.
func protected() [][2]string {
	return [][2]string{{"F11.20", "H0020"}, {"F10.20", "H0004"}, {"F33.1", "G0469"}, {"B20", "G0432"}, {"Z31.41", "S4011"}, {"Z15.01", "S3854"}}
}

func claimColumns() []string {
	return []string{
		"claim_number", "office_number", "member_number", "birth", "billing_npi", "rendering_npi", "status", "as_of", "received", "from", "to",
		"charge", "allowed", "paid", "owed", "category", "status_code", "adjustments", "diagnoses", "label", "payment_method", "payment_number", "payment_date",
		"line", "code", "units", "line_charge", "line_allowed", "line_paid", "line_owed", "line_adjustments", "line_remarks",
	}
}

// claimsFile gives the claims as the file that a plan would load.
func (w *world) claimsFile(seed uint64) ([]byte, error) {
	d := newDice(seed, forClaims, 0)
	services, err := rows("procedures", 2)
	if err != nil {
		return nil, err
	}
	diagnoses, err := rows("diagnoses", 2)
	if err != nil {
		return nil, err
	}
	known := map[*organization]bool{}
	for _, p := range w.people {
		known[p.org] = known[p.org] || p.known && p.org != nil
	}
	table, no := [][]string{claimColumns()}, 0
	for _, o := range w.orgs {
		count := claimsOfOthers
		if known[o] {
			count = claimsOfKnown
		}
		for i := range count {
			no++
			c := madeClaim{d: d, w: w, org: o, no: no, status: claim.Statuses()[(i+no/60)%len(claim.Statuses())], services: services, diagnosis: pick(d, diagnoses)[0]}
			if i%8 == 5 {
				c.special = pick(d, protected())
				c.diagnosis = c.special[0]
			}
			table = append(table, c.rows()...)
		}
	}
	return asCSV(table)
}

// madeClaim is one made-up claim.
type madeClaim struct {
	d         dice
	w         *world
	org       *organization
	no        int
	status    claim.Status
	services  [][]string
	diagnosis string
	special   [2]string // diagnosis and service, when it is sensitive
}

// madeLine is one service of it, in cents.
type madeLine struct {
	code                        string
	units                       int
	charge, allowed, paid, owed int
	adjustments, remarks        string
}

// patient is somebody the organization has asked for already, where there is
// one; else anybody who has been covered for long.
func (c madeClaim) patient() *insured {
	var own []*insured
	for _, s := range c.w.cases {
		if s.org == c.org && s.member.steady {
			own = append(own, s.member)
		}
	}
	if len(own) > 0 && c.d.in(70) {
		return pick(c.d, own)
	}
	for {
		if m := pick(c.d, c.w.members); m.steady {
			return m
		}
	}
}

func (c madeClaim) rows() [][]string {
	d := c.d
	served := c.w.today.AddDays(-d.between(20, 200))
	received := served.AddDays(d.between(2, 9))
	asOf := received.AddDays(d.between(1, 8))
	m := c.patient()
	lines := c.lines()
	var sum madeLine
	for _, l := range lines {
		sum.charge, sum.allowed, sum.paid, sum.owed = sum.charge+l.charge, sum.allowed+l.allowed, sum.paid+l.paid, sum.owed+l.owed
	}
	rendering := ""
	if len(c.org.staff) > 0 {
		rendering = string(pick(d, c.org.staff).NPI)
	}
	number := fmt.Sprintf("C%d%06d", served.Y%100, 100000+c.no)
	label, pay, trace, on := "", "", "", ""
	if c.no%60 == 7 {
		label = "behavioral health"
	}
	if sum.paid > 0 || c.status == claim.Reversed {
		pay, on = "CHK", asOf.AddDays(2).String()
		trace = fmt.Sprintf("%07d", 4410000+c.no/5)
		if c.no%3 > 0 {
			pay, trace = "ACH", fmt.Sprintf("E%08d", 71200000+c.no/5)
		}
	}
	category, code := stateOf(c.status)
	out := make([][]string, 0, len(lines))
	for i, l := range lines {
		claimCells := make([]string, 23)
		claimCells[0] = number
		if i == 0 {
			claimCells = []string{
				number, fmt.Sprintf("PT-%05d", 20000+c.no), m.number, m.birth.String(), string(c.org.NPI), rendering, string(c.status), asOf.String(), received.String(), served.String(), "",
				cents(sum.charge), cents(sum.allowed), cents(sum.paid), cents(sum.owed), category, code, "", c.diagnosis, label, pay, trace, on,
			}
		}
		out = append(out, append(claimCells, fmt.Sprint(i+1), l.code, fmt.Sprint(l.units), cents(l.charge), cents(l.allowed), cents(l.paid), cents(l.owed), l.adjustments, l.remarks))
	}
	if !c.status.Finished() || c.status == claim.NotAccepted {
		for _, r := range out { // the plan has not priced it
			for _, column := range []int{12, 13, 14, 27, 28, 29} {
				r[column] = ""
			}
		}
	}
	return out
}

// lines makes one to three services that fit the status.
func (c madeClaim) lines() []madeLine {
	out := make([]madeLine, c.d.between(1, 3))
	if c.status == claim.PartlyPaid && len(out) < 2 {
		out = make([]madeLine, 2)
	}
	for i := range out {
		l := madeLine{code: pick(c.d, c.services)[0], units: c.d.between(1, 3), charge: c.d.between(40, 900) * 100}
		if c.special[1] != "" && i == 0 {
			l.code = c.special[1]
		}
		l.allowed = l.charge * c.d.between(60, 95) / 100
		off := l.charge - l.allowed
		l.owed = l.allowed * c.d.between(0, 2) / 10
		l.paid = l.allowed - l.owed
		switch {
		case c.status == claim.Denied, c.status == claim.NoPayment, c.status == claim.PartlyPaid && i == 0:
			l.allowed, l.paid, l.owed = 0, 0, 0
			l.adjustments, l.remarks = "CO-"+pick(c.d, []string{"16", "29", "50", "97", "197"})+":"+cents(l.charge), pick(c.d, []string{"", "N130", "M15", "MA63"})
		case c.status == claim.MemberOwes:
			l.owed, l.paid = l.allowed, 0
			l.adjustments = "CO-45:" + cents(off) + " PR-1:" + cents(l.owed)
		case c.status == claim.Paid, c.status == claim.PartlyPaid, c.status == claim.Forwarded:
			l.adjustments = "CO-45:" + cents(off)
			if l.owed > 0 {
				l.adjustments += " PR-" + pick(c.d, []string{"1", "2", "3"}) + ":" + cents(l.owed)
			}
		case c.status == claim.Reversed:
			l.charge, l.allowed, l.paid, l.owed = -l.charge, -l.allowed, -l.paid, -l.owed
			l.adjustments = strings.TrimSpace("CO-45:" + cents(-off) + " PR-2:" + cents(l.owed))
		}
		out[i] = l
	}
	return out
}

// stateOf gives the codes of a status as a plan's system sends them.
func stateOf(s claim.Status) (category, code string) {
	switch s {
	case claim.Received:
		return "A2", "20"
	case claim.InProcess:
		return "P1", "20"
	case claim.Waiting:
		return "P3", "317"
	case claim.WaitsMember:
		return "P4", "287"
	case claim.NotAccepted:
		return "A7", "562"
	case claim.Denied:
		return "F2", "88"
	case claim.NoPayment:
		return "F4", "104"
	case claim.Paid, claim.PartlyPaid, claim.MemberOwes:
		return "F1", "65"
	case claim.Reversed:
		return "F3", "101"
	case claim.Forwarded:
		return "F3F", "107"
	}
	return "", ""
}

func cents(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// loadClaims loads list and claims through the portal's own imports.
func (h *hand) loadClaims(ctx context.Context) error {
	h.Clock.Hold(h.w.now.Add(-time.Minute))
	rep, err := h.Sensitive.Import(ctx, operator(), "demo-sensitive.csv", strings.NewReader(sensitiveList))
	if err != nil || rep.RefusedTotal > 0 {
		return errors.Join(err, refused("sensitive codes", rep.RefusedTotal))
	}
	file, err := h.w.claimsFile(h.w.seed)
	if err != nil {
		return err
	}
	src := coverage.Source{Name: "demo-claims.csv", Size: int64(len(file)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(file)), nil
	}}
	loaded, err := h.Claims.Import(ctx, operator(), src, "csv", claim.CSV, nil)
	if err != nil || loaded.RefusedTotal > 0 {
		return errors.Join(err, refused("claims", loaded.RefusedTotal))
	}
	h.tick()
	return nil
}
