package bulk

import (
	"fmt"
	"strings"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/db"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/member"
)

// personID gives the id of somebody who looks. She is at organization k
// modulo their number.
func (p Plan) personID(k int) string { return p.ref(forPerson, k, p.begin()) }

// PersonID gives the id of somebody who has looked, of People there are, and
// the number of her organization.
func (p Plan) PersonID(k int) (person string, org int) {
	p, err := p.settled()
	if err != nil {
		panic(err)
	}
	return p.personID(k), k % p.Orgs
}

// staff is who looks, as the ledger names her.
type staff struct{ person, username, name, org, orgName string }

// planStaff is how many at the plan look. They come before everybody else.
const planStaff = 40

func (p Plan) staff() []staff {
	n, d := readNames(), newDice()
	out := make([]staff, planStaff+p.People)
	orgs := make([][2]string, p.Orgs)
	for i := range orgs {
		orgs[i] = [2]string{p.orgID(i), p.orgName(i)}
	}
	for i := range out {
		d.throw(p.Seed, forPerson, p.Members+i)
		first, last := n.given(d, d.in(700)), pick(d, n.families)
		out[i] = staff{name: first + " " + last, username: strings.ToLower(fmt.Sprintf("%s.%d", first[:1], i)), orgName: "Bulk Health Plan"}
		if i < planStaff {
			out[i].person = p.personID(p.People + i)
			continue
		}
		k := i - planStaff
		out[i].person, out[i].org, out[i].orgName = p.personID(k), orgs[k%p.Orgs][0], orgs[k%p.Orgs][1]
	}
	return out
}

// workdays are the beginnings of work on each weekday of the ledger's years.
func (p Plan) workdays() []time.Time {
	var out []time.Time
	day := p.begin().UTC().Truncate(24 * time.Hour).Add(36 * time.Hour)
	for ; day.Add(workday).Before(p.Now); day = day.AddDate(0, 0, 1) {
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			out = append(out, day)
		}
	}
	return out
}

const workday = 11 * time.Hour

// fieldLists are what the ledger says was shown: a whole page, a line of a
// list, what stands beside a request.
type fieldLists struct{ page, line, request, plan string }

func readFields() fieldLists {
	join := func(fields ...access.Field) string {
		words := make([]string, len(fields))
		for i, f := range fields {
			words[i] = string(f)
		}
		return strings.Join(words, ", ")
	}
	line := []access.Field{access.FieldName, access.FieldBirth, access.FieldMemberID}
	return fieldLists{
		page: join(append(line, access.FieldPlan, access.FieldCoverage, access.FieldPCP, access.FieldCopays, access.FieldSpent, access.FieldOther, access.FieldNeeded, access.FieldRequests)...),
		line: join(line...), request: join(append(line, access.FieldRequests)...), plan: join(append(line, access.FieldGender, access.FieldRequests)...),
	}
}

// ledger makes the disclosures in the order of time. Most are looks at members
// of the own panel, some members are looked at far more than others, one look
// in thirty is in vain.
func (p Plan) ledger() table {
	return table{"disclosure", []string{"id", "member", "subject", "fields", "purpose", "outcome", "key_kind", "person", "username", "name", "org", "org_name",
		"session", "door", "address", "at_us", "tie"}, func(add func([]any) error) error {
		d, row, who, fields, days := newDice(), make([]any, 0, 17), p.staff(), readFields(), p.workdays()
		if len(days) == 0 {
			return nil
		}
		addresses := make([]string, 256)
		for i := range addresses {
			addresses[i] = fmt.Sprintf("198.51.100.%d", i)
		}
		for i := range p.Disclosures {
			d.throw(p.Seed, forLook, i)
			at, day := p.moment(days, i)
			k := d.IntN(len(who))
			if k < planStaff && !d.in(300) {
				k = planStaff + d.IntN(p.People)
			}
			s := who[k]
			m, tie := p.looked(d, k)
			subject, shown, outcome, key, memberID := "member", fields.page, disclosure.Shown, "", p.memberID(m)
			purpose := access.Treatment
			if s.org == "" {
				purpose, tie, subject, shown = access.Payment, "", "request/"+p.ref(forRef, m, p.begin()), fields.plan
			} else {
				switch roll := d.IntN(100); {
				case roll < 3:
					outcome, memberID, shown, tie, key = disclosure.NotFound, "", "", "", "member id and birth date"
				case roll < 4:
					outcome, shown, tie = disclosure.Refused, "", ""
				case roll < 34:
					key = "member id and birth date"
				case roll < 50:
					subject, shown = "list", fields.line
				case roll < 60:
					subject, shown = "request/"+p.ref(forRef, m, p.begin()), fields.request
				}
			}
			err := add(append(row[:0], p.ref(forLook, i, at), memberID, subject, shown, string(purpose), string(outcome), key, s.person, s.username, s.name, s.org, s.orgName,
				p.ref(forSession, k<<16+day, days[day]), access.DoorWeb, addresses[k%256], db.Micros(at), tie))
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// moment gives when disclosure i was written, and on which day of work.
func (p Plan) moment(days []time.Time, i int) (at time.Time, day int) {
	day = int(int64(i) * int64(len(days)) / int64(p.Disclosures))
	first := (int64(day)*int64(p.Disclosures) + int64(len(days)) - 1) / int64(len(days))
	each := (int64(p.Disclosures) + int64(len(days)) - 1) / int64(len(days))
	offset := time.Duration(float64(workday) * float64(int64(i)-first) / float64(each))
	return days[day].Add(offset.Truncate(time.Microsecond)), day
}

// looked draws whom one of the staff looks at, and by which tie.
func (p Plan) looked(d *dice, k int) (m int, tie string) {
	if k < planStaff || d.in(120) {
		return d.IntN(p.Members), string(member.TieVisit)
	}
	org := (k - planStaff) % p.Orgs
	panel := (p.Members - org + p.Orgs - 1) / p.Orgs
	often := d.Float64()
	return org + p.Orgs*int(often*often*float64(panel)), string(member.TiePanel)
}
