package demo

import (
	"fmt"
	"slices"
	"strings"

	"hsconnect/internal/civil"
	"hsconnect/internal/code"
	"hsconnect/internal/coverage"
	"hsconnect/internal/provider"
)

// insured is a made-up member with the days of coverage.
type insured struct {
	number, first, middle, last, suffix string
	birth                               civil.Date
	woman                               bool
	street, city, zip, phone, language  string
	group                               string
	pcp                                 code.NPI
	spans                               []days
	plan                                string
	steady                              bool // covered from long ago, without an end
}

// days are one span of coverage by a plan, both included; a zero to is open.
type days struct {
	plan     string
	from, to civil.Date
}

// How the members' coverage is spread, in percent; the rest is steady.
const (
	shareEnded  = 8
	shareFuture = 4
	shareGap    = 4
	shareMoved  = 5
	shareEnding = 2
)

// makeMembers makes count members: one in fifty is a twin, some have names
// that forms of old could not take.
func (w *world) makeMembers(seed uint64, count int) {
	d := newDice(seed, forMembers, 0)
	taken := map[string]bool{}
	fresh := func() string {
		n := fmt.Sprintf("SHA%07d", d.between(1_000_000, 9_999_999))
		for taken[n] {
			n = fmt.Sprintf("SHA%07d", d.between(1_000_000, 9_999_999))
		}
		taken[n] = true
		return n
	}
	for len(w.members) < count {
		m := w.makeMember(d, fresh())
		w.members = append(w.members, m)
		if d.in(2) || len(w.members) == 1 {
			w.members = append(w.members, w.twin(d, m, fresh()))
		}
	}
	for i, m := range unusual() {
		if i < len(w.members)/8 {
			one := w.members[len(w.members)-1-i*3]
			one.first, one.middle, one.last, one.suffix, one.woman = m.first, m.middle, m.last, m.suffix, m.woman
		}
	}
}

// unusual are names that show whether a page holds.
func unusual() []insured {
	return []insured{
		{first: "Maximiliana-Konstantina", middle: "Despina", last: "Papadimitriou-Wolfeschlegelsteiner von Hohenfels", woman: true},
		{first: "O", last: "Ng", woman: true},
		{first: "Jean-Baptiste", middle: "Marie Émile", last: "de la Tour d'Aigremont-Sauvage", suffix: "III"},
		{first: "Ana María", middle: "de los Ángeles", last: "Pérez de la Cruz y Villanueva", woman: true},
		{first: "D'Artagnan", last: "O'Shaughnessy-O'Byrne", suffix: "Jr."},
		{first: "Þórgnýr", middle: "Ægir", last: "Örnólfsson"},
		{first: "Xóchitl", middle: "Itzel", last: "Ñáñez-Ibáñez", woman: true},
		{first: "Wolfgang", middle: "Freiherr", last: "von und zu Obermüller-Königsberg", suffix: "Sr."},
	}
}

func (w *world) makeMember(d dice, number string) *insured {
	town := pick(d, w.names.towns)
	m := &insured{
		number: number, woman: d.in(54), last: pick(d, w.names.family), birth: w.birth(d), phone: phone(d),
		street: fmt.Sprintf("%d %s", d.between(1, 2400), pick(d, w.names.streets)), city: town[0], zip: town[1],
		language: "en", group: fmt.Sprintf("%03d", d.between(1, 24)),
	}
	if d.in(20) {
		m.street += fmt.Sprintf(", Apt %d%s", d.between(1, 48), pick(d, []string{"", "A", "B"}))
	}
	m.first = w.names.given(d, m.woman)
	if d.in(30) {
		m.middle = w.names.given(d, m.woman)
	}
	if !m.woman && d.in(8) {
		m.suffix = pick(d, []string{"Jr.", "Sr.", "II", "III", "IV"})
	}
	if d.in(9) {
		m.language = pick(d, []string{"es", "es", "es", "zh", "vi", "pl", "ht"})
	}
	m.pcp = pick(d, w.families())
	w.cover(d, m)
	return m
}

// families gives those who can be a primary care provider.
func (w *world) families() []code.NPI {
	if w.pcps == nil {
		for _, o := range w.organizationsOf([]string{"primary"}) {
			for _, p := range o.staff {
				w.pcps = append(w.pcps, p.NPI)
			}
		}
	}
	return w.pcps
}

// birth draws a birth date of somebody in Medicare: most are over 65.
func (w *world) birth(d dice) civil.Date {
	years := 65 + min(d.IntN(34), d.IntN(40))
	if d.in(12) {
		years = d.between(24, 64)
	}
	return w.today.AddDays(-years*365 - years/4 - d.IntN(365) - 1)
}

// twin gives somebody with the same last name, birth date and address.
func (w *world) twin(d dice, m *insured, number string) *insured {
	other := *m
	other.number, other.suffix, other.middle, other.phone = number, "", "", phone(d)
	other.woman = d.in(50)
	other.first = w.names.given(d, other.woman)
	for other.first == m.first {
		other.first = w.names.given(d, other.woman)
	}
	m.suffix = ""
	other.spans = slices.Clone(m.spans)
	return &other
}

// cover draws the member's days of coverage.
func (w *world) cover(d dice, m *insured) {
	code := pick(d, []string{"HMO1", "HMO1", "HMO1", "PPO1", "PPO1", "SNP1"})
	m.plan = code
	january := civil.Date{Y: w.today.Y, M: 1, D: 1}
	begin := civil.Date{Y: w.today.Y - d.between(0, 6), M: 1, D: 1}
	if begin.DaysUntil(w.today) < 150 {
		begin.Y--
	}
	roll := d.IntN(100)
	within := func(share int) bool {
		hit := roll >= 0 && roll < share
		roll -= share
		return hit
	}
	switch {
	case within(shareEnded):
		m.spans = []days{{code, civil.Date{Y: begin.Y - 1, M: 1, D: 1}, w.today.AddDays(-d.between(1, 300))}}
	case within(shareFuture):
		m.spans = []days{{code, firstOfNext(w.today, d.between(1, 2)), civil.Date{}}}
	case within(shareGap):
		m.spans = []days{{code, civil.Date{Y: begin.Y - 2, M: 1, D: 1}, w.today.AddDays(-d.between(300, 420))},
			{code, w.today.AddDays(-d.between(62, 200)), civil.Date{}}}
	case within(shareMoved):
		other := pick(d, []string{"HMO1", "PPO1"})
		m.spans = []days{{other, civil.Date{Y: january.Y - 2, M: 1, D: 1}, january.AddDays(-1)}, {code, january, civil.Date{}}}
	case within(shareEnding):
		m.spans = []days{{code, begin, firstOfNext(w.today, 1).AddDays(-1)}}
	default:
		m.steady = true
		m.spans = []days{{code, begin, civil.Date{}}}
	}
}

func firstOfNext(day civil.Date, months int) civil.Date {
	for range months {
		day.D = 1
		day = day.AddDays(31)
		day.D = 1
	}
	return day
}

// name gives "First Middle Last Suffix".
func (m *insured) name() string {
	return strings.Join(split(strings.Join([]string{m.first, m.middle, m.last, m.suffix}, "|"), "|"), " ")
}

func (m *insured) covered(on civil.Date) bool {
	for _, s := range m.spans {
		if !on.Before(s.from) && (s.to.IsZero() || !on.After(s.to)) {
			return true
		}
	}
	return false
}

// sampleCard is the number on the sample Medicare card that CMS shows. It is
// nobody's, and the only one of its shape of which that is sure: so one member
// has it, and the others have none.
const sampleCard = "1EG4-TE5-MK73"

// membersFile gives the members as the file that a plan would load.
func (w *world) membersFile() ([]byte, error) {
	table := [][]string{{
		"member_number", "subscriber_number", "relationship", "last", "first", "middle", "suffix", "birth", "gender",
		"street", "city", "state", "zip", "phone", "language", "plan", "group", "from", "to", "pcp_npi", "medicare_number",
	}}
	first := w.covered()
	for _, m := range w.members {
		medicare := ""
		if m == first {
			medicare = sampleCard
		}
		gender := "male"
		if m.woman {
			gender = "female"
		}
		for _, s := range m.spans {
			table = append(table, []string{
				m.number, m.number, "self", m.last, m.first, m.middle, m.suffix, m.birth.String(), gender,
				m.street, m.city, "OH", m.zip, m.phone, m.language, s.plan, m.group, s.from.String(), s.to.String(), string(m.pcp), medicare,
			})
		}
	}
	return asCSV(table)
}

// readPlans gives the made-up plans with what members pay.
func readPlans() ([]coverage.Plan, error) {
	all, err := lines("plans")
	if err != nil {
		return nil, err
	}
	var out []coverage.Plan
	for _, l := range all {
		cells := strings.Split(strings.TrimSpace(l), "|")
		if !strings.HasPrefix(l, "  ") {
			out = append(out, coverage.Plan{Code: cells[0], Contract: cells[1], Name: cells[2]})
			continue
		}
		cents, err := number(cells[2])
		if err != nil {
			return nil, err
		}
		percent, err := number(cells[3])
		if err != nil {
			return nil, err
		}
		p := &out[len(out)-1]
		p.Copays = append(p.Copays, coverage.Copay{Service: cells[0], Text: cells[1], Cents: int64(cents), Percent: int64(percent)})
	}
	return out, nil
}

// folded tells two people apart as a look-up by name and birth date does.
func (m *insured) folded() string { return provider.Fold(m.last) + m.birth.String() }
