package bulk

import (
	"fmt"
	"strings"
	"time"

	"hsconnect/internal/civil"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/member"
)

// Person is one made-up member: what a look-up needs, and where it belongs.
type Person struct {
	ID     string
	Number string
	First  string
	Last   string
	Birth  civil.Date
	Org    int  // of the primary care provider
	Steady bool // covered today, and for three years
}

// one is everything about a member.
type one struct {
	Person
	subscriber, relation, middle, suffix, gender, street, city, zip, phone, language string
}

// people makes members one after the other. It is used by one goroutine.
type people struct {
	p      Plan
	d      *dice
	n      names
	folded map[string]string
}

func (p Plan) folk() *people {
	return &people{p: p, d: newDice(), n: readNames(), folded: map[string]string{}}
}

// Member makes member i again, which is below Members.
func (p Plan) Member(i int) Person {
	p, err := p.settled()
	if err != nil {
		panic(err)
	}
	return p.folk().member(i).Person
}

// Panel makes the first members of an organization's panel again, at most n.
func (p Plan) Panel(org, n int) []Person {
	p, err := p.settled()
	if err != nil {
		panic(err)
	}
	f, out := p.folk(), make([]Person, 0, n)
	for i := org; i < p.Members && len(out) < n; i += p.Orgs {
		out = append(out, f.member(i).Person)
	}
	return out
}

// OrgID gives the id of an organization, as Person.Org numbers them.
func (p Plan) OrgID(org int) string {
	p, err := p.settled()
	if err != nil {
		panic(err)
	}
	return p.orgID(org)
}

func (p Plan) memberID(i int) string {
	return p.ref(forMember, i, p.begin().Add(time.Duration(i)*time.Millisecond))
}

// number gives a member ID. Those of neighbours are far apart.
func number(i int) string { return fmt.Sprintf("BK%09d", (uint64(i)*618_033_989+7)%1_000_000_000) }

// panelOrg is the organization whose doctor a member has.
func (p Plan) panelOrg(i int) int { return i % p.Orgs }

// head gives who of ten members in a row holds the card: five live alone, two
// are a couple, three a family.
func head(i int) int {
	switch i % 10 {
	case 6:
		return i - 1
	case 8, 9:
		return i - i%10 + 7
	}
	return i
}

func (f *people) member(i int) one {
	holder := head(i)
	d := f.d.throw(f.p.Seed, forMember, holder)
	m := one{subscriber: number(holder), relation: "self"}
	m.Last = f.n.family(d)
	town, zip, _ := strings.Cut(pick(d, f.n.towns), "|")
	m.city, m.zip = town, zip
	m.street = fmt.Sprintf("%d %s Street", d.IntN(2400)+1, pick(d, f.n.streets))
	m.phone = fmt.Sprintf("614-555-%04d", d.IntN(10_000))
	age := 40 + min(d.IntN(55), d.IntN(60))
	d.throw(f.p.Seed, forPerson, i)
	woman := d.in(530)
	switch i % 10 {
	case 6, 8:
		m.relation = "spouse"
		age += d.IntN(7) - 3
	case 9:
		m.relation = "child"
		age -= 22 + d.IntN(16)
	}
	today := civil.Of(f.p.Now, time.UTC)
	m.ID, m.Number, m.Org = f.p.memberID(i), number(i), f.p.panelOrg(i)
	m.Birth = today.AddDays(-max(age, 1)*365 - max(age, 1)/4 - d.IntN(365))
	m.First, m.gender, m.language = f.n.given(d, woman), "male", "en"
	if woman {
		m.gender = "female"
	} else if d.in(60) {
		m.suffix = pick(d, []string{"Jr.", "Sr.", "II", "III"})
	}
	if d.in(300) {
		m.middle = f.n.given(d, woman)
	}
	if d.in(90) {
		m.language = pick(d, []string{"es", "es", "zh", "vi", "pl"})
	}
	d.throw(f.p.Seed, forCover, i)
	m.Steady = !d.in(200)
	return m
}

// fold is member.Fold, which costs more than all the rest; there are few names.
func (f *people) fold(name string) string {
	known, ok := f.folded[name]
	if !ok {
		known = member.Fold(name)
		if len(f.folded) < 100_000 {
			f.folded[name] = known
		}
	}
	return known
}

func (p Plan) members() table {
	return table{"member", []string{"id", "number", "number_folded", "subscriber", "subscriber_folded", "relationship", "first", "first_folded", "middle",
		"last", "last_folded", "suffix", "birth", "gender", "street", "city", "state", "zip", "phone", "language", "changed_us"},
		func(add func([]any) error) error {
			f, row := p.folk(), make([]any, 0, 21)
			for i := range p.Members {
				m := f.member(i)
				err := add(append(row[:0], m.ID, m.Number, member.FoldNumber(m.Number), m.subscriber, member.FoldNumber(m.subscriber), m.relation, m.First, f.fold(m.First), m.middle,
					m.Last, f.fold(m.Last), m.suffix, m.Birth.String(), m.gender, m.street, m.city, "OH", m.zip, m.phone, m.language, db.Micros(p.begin())))
				if err != nil {
					return err
				}
			}
			return nil
		}}
}

// forever is how the database keeps an open end.
const forever = "9999-12-31"

// spans are three years of coverage: a row a year for the steady, and for one
// in twelve of them a year that was first told wrongly, and closed. One in five
// members came late, left or had a gap.
func (p Plan) spans() table {
	return table{"coverage_span", []string{"id", "member", "line", "plan", "grp", "from_on", "to_on", "known_us", "closed_us", "import"},
		func(add func([]any) error) error {
			f, row, no := p.folk(), make([]any, 0, 10), 0
			file := p.ref(forCover, 0, p.begin())
			year := civil.Of(p.Now, time.UTC).Y
			for i := range p.Members {
				m := f.member(i)
				d := f.d.throw(p.Seed, forCover, i)
				steady := !d.in(200)
				group, plan := fmt.Sprintf("%03d", d.IntN(24)+1), pick(d, products()).code
				put := func(from, to string, known, closed int64) error {
					no++
					return add(append(row[:0], p.ref(forCover, no, db.Time(known)), m.ID, string(coverage.Medical), plan, group, from, to, known, closed, file))
				}
				var err error
				for y := year - 2; y <= year && err == nil; y++ {
					from, to := fmt.Sprintf("%d-01-01", y), fmt.Sprintf("%d-12-31", y)
					known := time.Date(y-1, time.December, 10, 6, 0, 0, 0, time.UTC)
					if y == year {
						to = forever
					}
					switch {
					case steady && d.in(80):
						err = put(from, fmt.Sprintf("%d-06-30", y), db.Micros(known.AddDate(0, 0, -5)), db.Micros(known))
					case !steady && d.in(400) && y < year: // of this year everybody has a day: or else a panel is no reason to look
						continue
					case !steady && d.in(500):
						to = fmt.Sprintf("%d-%02d-28", y, d.IntN(9)+2)
					}
					if err == nil {
						err = put(from, to, db.Micros(known), 0)
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		}}
}

func (p Plan) pcps() table {
	return table{"coverage_pcp", []string{"member", "npi", "known_us"}, func(add func([]any) error) error {
		row := make([]any, 0, 3)
		return p.eachDoctor(func(m, npi string) error { return add(append(row[:0], m, npi, db.Micros(p.begin()))) })
	}}
}

// pcpSpans say the same of every day: nobody has changed her doctor.
func (p Plan) pcpSpans() table {
	return table{"coverage_pcp_span", []string{"id", "member", "npi", "from_on", "to_on", "known_us", "closed_us"}, func(add func([]any) error) error {
		row, from := make([]any, 0, 7), civil.Of(p.begin(), time.UTC).String()
		return p.eachDoctor(func(m, npi string) error {
			return add(append(row[:0], m, m, npi, from, forever, db.Micros(p.begin()), int64(0)))
		})
	}}
}

// eachDoctor tells fn each member with the number of her primary care provider.
func (p Plan) eachDoctor(fn func(m, npi string) error) error {
	numbers := make([]string, p.Orgs*doctorsEach)
	for i := range numbers {
		numbers[i] = doctorNPI(i/doctorsEach, i%doctorsEach)
	}
	for i := range p.Members {
		err := fn(p.memberID(i), numbers[p.panelOrg(i)*doctorsEach+i/p.Orgs%doctorsEach])
		if err != nil {
			return err
		}
	}
	return nil
}

// ties are the panel of each organization as it was last looked at, within two
// months, claims that some sent, and visits. Most have run out: at the next look
// the portal finds the panel again.
func (p Plan) ties() table {
	return table{"member_tie", []string{"org", "member", "kind", "since_us", "until_us", "person"}, func(add func([]any) error) error {
		d, row := newDice(), make([]any, 0, 6)
		orgs := make([]string, p.Orgs)
		for i := range orgs {
			orgs[i] = p.orgID(i)
		}
		for i := range p.Members {
			d.throw(p.Seed, forTie, p.Orgs+i)
			home, other := p.panelOrg(i), d.IntN(p.Orgs)
			since := p.begin().Add(time.Duration(d.Int64N(int64(p.Now.Sub(p.begin())))))
			looked := p.Now.Add(-time.Duration(d.Int64N(int64(60 * 24 * time.Hour))))
			err := add(append(row[:0], orgs[home], p.memberID(i), string(member.TiePanel), db.Micros(looked), db.Micros(looked.AddDate(0, 0, 31)), ""))
			if err == nil && d.in(300) {
				err = add(append(row[:0], orgs[other], p.memberID(i), string(member.TieClaim), db.Micros(since), int64(0), ""))
			}
			if err == nil && d.in(200) {
				err = add(append(row[:0], orgs[other], p.memberID(i), string(member.TieVisit), db.Micros(since), db.Micros(since.AddDate(0, 1, 0)), p.personID(other)))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}}
}
