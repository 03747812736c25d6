package demo

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/id"
)

// person is somebody who signs in.
type person struct {
	account.NewPerson

	org      *organization // nil at the plan
	known    bool          // the password is printed
	accepted bool
	first    string
	note     string
	address  string // of the network they work from

	id      id.Person        // once the account is made
	factors account.Enrolled // likewise, of those whose passwords are known
}

func (p *person) is(r access.Role) bool { return slices.Contains(p.Roles, r) }

// makePeople makes those whose passwords are known and everybody else, count
// in all: somebody at each office, and the rest of the plan's staff.
func (w *world) makePeople(seed uint64, count int) error {
	d := newDice(seed, forPeople, 0)
	list, err := rows("people", 9)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, row := range list {
		p, err := w.knownPerson(row)
		if err != nil {
			return err
		}
		used[p.Username] = true
		w.addPerson(p)
	}
	for _, r := range staff() {
		w.addPerson(w.unknownPerson(d, used, nil, r))
	}
	for _, o := range w.orgs {
		if !slices.ContainsFunc(o.users, func(p *person) bool { return p.is(access.Requester) }) {
			w.addPerson(w.unknownPerson(d, used, o, access.Requester))
		}
	}
	for len(w.people) < count {
		o := pick(d, w.orgs)
		role := pick(d, []access.Role{access.Requester, access.Requester, access.Requester, access.Viewer, access.LocalAdmin, access.Clinician})
		if role == access.Clinician && len(o.staff) == 0 {
			role = access.Requester
		}
		w.addPerson(w.unknownPerson(d, used, o, role))
	}
	return nil
}

// staff are the roles of the plan's people whose passwords nobody knows.
func staff() []access.Role {
	return slices.Concat(
		slices.Repeat([]access.Role{access.Intake}, 3), slices.Repeat([]access.Role{access.Nurse}, 7),
		slices.Repeat([]access.Role{access.MedicalDirector}, 3), slices.Repeat([]access.Role{access.HelpDesk}, 2),
		[]access.Role{access.PlanAdmin, access.ProviderRelations})
}

func (w *world) addPerson(p *person) {
	p.address = fmt.Sprintf("192.0.2.%d", 10+len(w.people)%200) // a network of documentation, RFC 5737
	w.people = append(w.people, p)
	if p.org != nil {
		p.org.users = append(p.org.users, p)
	}
}

func (w *world) knownPerson(row []string) (*person, error) {
	p := &person{known: true, accepted: row[7] == "yes", first: row[6], note: row[8]}
	p.NewPerson = account.NewPerson{Username: row[2], Name: row[3], Password: row[4], Email: row[2] + "@example.org", Side: access.Plan, OrgName: PlanName}
	for _, r := range split(row[1], ",") {
		p.Roles = append(p.Roles, access.Role(r))
	}
	if row[0] != "plan" {
		i := slices.IndexFunc(w.orgs, func(o *organization) bool { return o.Name == row[0] })
		if i < 0 {
			return nil, fmt.Errorf("demo: people.txt names an organization that is not in organizations.txt")
		}
		p.org, p.Side = w.orgs[i], access.Office
	}
	if row[5] != "" {
		return p, w.licence(p, row[5])
	}
	return p, nil
}

// licence reads "number state days-left specialties"; "restricted" among the
// specialties says that a board has restricted it.
func (w *world) licence(p *person, text string) error {
	head, list, _ := strings.Cut(text, ",")
	words := strings.Fields(head)
	left, err := number(words[2])
	if err != nil {
		return err
	}
	l := access.Licence{Number: words[0], State: words[1], Expires: w.today.AddDays(left)}
	for _, s := range append([]string{strings.Join(words[3:], " ")}, split(list, ",")...) {
		if s == "restricted" {
			l.Restricted = true
			continue
		}
		l.Specialties = append(l.Specialties, access.Specialty(s))
	}
	p.Licence = l
	return nil
}

// unknownPerson makes somebody at an office, or at the plan when o is nil.
func (w *world) unknownPerson(d dice, used map[string]bool, o *organization, role access.Role) *person {
	p := &person{org: o, accepted: true}
	p.NewPerson = account.NewPerson{Password: rand.Text(), Side: access.Plan, OrgName: PlanName, Roles: []access.Role{role}}
	if o != nil {
		p.Side = access.Office
	}
	var first, last string
	for p.Username == "" || used[p.Username] {
		first, last = w.names.given(d, d.in(65)), pick(d, w.names.family)
		p.Username = plain(first) + "." + plain(last)
	}
	used[p.Username] = true
	p.Name, p.Email = first+" "+last, p.Username+"@example.org"
	switch role {
	case access.Nurse:
		p.Name += ", RN"
	case access.Clinician:
		p.Name = "Dr. " + p.Name
	case access.MedicalDirector:
		p.Name = "Dr. " + p.Name
		p.Licence = access.Licence{Number: fmt.Sprintf("ZZ-%d", d.between(41_000, 49_999)), State: "OH", Expires: w.today.AddDays(d.between(90, 700)),
			Specialties: spare(w.people)}
	default:
	}
	return p
}

// spare gives the specialties of the plan's further physicians, in turn.
func spare(people []*person) []access.Specialty {
	n := 0
	for _, p := range people {
		if p.is(access.MedicalDirector) && !p.known {
			n++
		}
	}
	return [][]access.Specialty{
		{access.Cardiology, access.InternalMedicine}, {access.Pulmonology, access.InternalMedicine}, {access.Neurology, access.PhysicalMedicine, access.InternalMedicine},
	}[n%3]
}

// with gives the plan's people who have a role.
func (w *world) with(r access.Role) []*person {
	var out []*person
	for _, p := range w.people {
		if p.Side == access.Plan && p.is(r) {
			out = append(out, p)
		}
	}
	return out
}
