package member

import (
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Known gives the members with these numbers, by folded number, for an import
// to compare with. It shows nobody anything and takes the permission to
// import.
func Known(tx *db.Tx, who access.Actor, numbers []string) (map[string]Member, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return nil, err
	}
	found, err := inChunks(tx, "select "+columns+" from member m where m.number_folded in (", nil, folded(numbers))
	if err != nil {
		return nil, err
	}
	out := make(map[string]Member, len(found))
	for _, m := range found {
		out[FoldNumber(m.Number)] = m
	}
	return out, nil
}

// Families gives everybody who shares one of these subscriber numbers, by
// folded subscriber number, for an import to compare with. It shows nobody
// anything and takes the permission to import.
func Families(tx *db.Tx, who access.Actor, subscribers []string) (map[string][]Member, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return nil, err
	}
	found, err := inChunks(tx, "select "+columns+" from member m where m.subscriber_folded in (", nil, folded(subscribers))
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Member, len(found))
	for _, m := range found {
		family := FoldNumber(m.Subscriber)
		out[family] = append(out[family], m)
	}
	return out, nil
}

func folded(numbers []string) []string {
	out := make([]string, 0, len(numbers))
	for _, n := range numbers {
		if f := FoldNumber(n); f != "" {
			out = append(out, f)
		}
	}
	return distinct(out)
}

// Put adds a member or brings the one with the same number up to date, and
// gives its id. It takes the permission to import.
func Put(tx *db.Tx, who access.Actor, m Member) (id.Member, error) {
	if m.ID == "" {
		known, err := Known(tx, who, []string{m.Number})
		if err != nil {
			return "", err
		}
		m.ID = known[FoldNumber(m.Number)].ID
	}
	if m.ID == "" {
		m.ID = id.New[id.Member](tx.Now)
	}
	err := PutAll(tx, who, []Member{m})
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

// Measure tells PostgreSQL how many members there are by now. A load that
// makes most of the table in one transaction calls it on the way: the planner
// would go on reading the whole table, which was the best way at the start.
func Measure(tx *db.Tx) error {
	_, err := tx.Exec("analyze member")
	return err
}

const columnsNo = 22

// putChunk gives how many of the rows left go into the next statement. The
// sizes are few, so that the engine meets few different statements.
func putChunk(left int) int {
	switch {
	case left >= 50:
		return 50
	case left >= 10:
		return 10
	}
	return 1
}

// PutAll is Put for many members with different numbers. Each carries its id:
// a new one for a new number, the known one otherwise. It takes the
// permission to import.
func PutAll(tx *db.Tx, who access.Actor, members []Member) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	for len(members) > 0 {
		n := putChunk(len(members))
		args := make([]any, 0, n*columnsNo)
		for _, m := range members[:n] {
			if m.ID == "" || FoldNumber(m.Number) == "" || m.Birth.IsZero() {
				return fault.New(fault.Internal, "a member is stored with an id, a number and a birth date")
			}
			medicare, err := code.ParseMBI(m.Medicare)
			if m.Medicare != "" && err != nil {
				return fault.New(fault.Internal, "a Medicare number is stored as it was read by its shape")
			}
			args = append(args, string(m.ID), m.Number, FoldNumber(m.Number), m.Subscriber, FoldNumber(m.Subscriber), m.Relationship,
				m.First, Fold(m.First), m.Middle, m.Last, Fold(m.Last), m.Suffix, m.Birth.String(), m.Gender,
				m.Street, m.City, m.State, m.Zip, m.Phone, m.Language, string(medicare), db.Micros(tx.Now))
		}
		_, err = tx.Exec(`insert into member (id, number, number_folded, subscriber, subscriber_folded, relationship, first, first_folded, middle,
				last, last_folded, suffix, birth, gender, street, city, state, zip, phone, language, medicare, changed_us)
			values `+rows(n)+`
			on conflict (number_folded) do update set number = excluded.number, subscriber = excluded.subscriber,
				subscriber_folded = excluded.subscriber_folded, relationship = excluded.relationship, first = excluded.first,
				first_folded = excluded.first_folded, middle = excluded.middle, last = excluded.last, last_folded = excluded.last_folded,
				suffix = excluded.suffix, birth = excluded.birth, gender = excluded.gender, street = excluded.street, city = excluded.city,
				state = excluded.state, zip = excluded.zip, phone = excluded.phone, language = excluded.language,
				medicare = excluded.medicare, changed_us = excluded.changed_us`,
			args...)
		if err != nil {
			return err
		}
		members = members[n:]
	}
	return nil
}

// rows gives n groups of placeholders, numbered through.
func rows(n int) string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = "(" + placeholders(i*columnsNo, columnsNo) + ")"
	}
	return strings.Join(groups, ", ")
}
