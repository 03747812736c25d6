package coverage

import (
	"database/sql"

	"hsconnect/internal/db"
)

// Copay is what a member pays for one kind of service, and whether the plan
// wants to authorize it first (K-22).
type Copay struct {
	Service    string // in the plan's own words
	Text       string // a note about the cost
	Cents      int64  // 0 where it is a share
	Percent    int64  // 0 where it is an amount
	Unpriced   bool   // the plan states no cost for this service
	Code       string // the service type code of an eligibility inquiry (271), as the operator loaded it
	Needed     Needed // whether an authorization is needed
	NeededNote string // when, for whom, how
}

// Needed says whether a service needs an authorization.
type Needed string

// What a plan can say. The zero value says nothing.
const (
	NeededYes   Needed = "yes"
	NeededNo    Needed = "no"
	NeededMaybe Needed = "maybe" // it depends: the note says on what
)

// Kind is one of the amounts that are counted through a plan year.
type Kind string

// The kinds. All are those of the network.
const (
	Deductible       Kind = "deductible"
	FamilyDeductible Kind = "family deductible"
	OutOfPocket      Kind = "out-of-pocket"
	FamilyPocket     Kind = "family out-of-pocket"
)

// Kinds gives all of them in the order they are shown.
func Kinds() []Kind { return []Kind{Deductible, FamilyDeductible, OutOfPocket, FamilyPocket} }

// Limit is how much of a kind there is in a plan year.
type Limit struct {
	Kind  Kind
	Cents int64
}

// needed reads what a file says about an authorization.
func needed(text string) (Needed, bool) {
	switch n := Needed(text); n {
	case "", NeededYes, NeededNo, NeededMaybe:
		return n, true
	}
	return "", false
}

func limitsOf(tx *db.Tx, plan string) ([]Limit, error) {
	found, err := db.Collect(func(r *sql.Rows) (Limit, error) {
		var l Limit
		return l, r.Scan(&l.Kind, &l.Cents)
	})(tx.Rows("select kind, cents from coverage_limit where plan = $1", plan))
	if err != nil {
		return nil, err
	}
	var out []Limit
	for _, k := range Kinds() {
		for _, l := range found {
			if l.Kind == k {
				out = append(out, l)
			}
		}
	}
	return out, nil
}

func putLimits(tx *db.Tx, plan string, limits []Limit) error {
	_, err := tx.Exec("delete from coverage_limit where plan = $1", plan)
	if err != nil {
		return err
	}
	for _, l := range limits {
		_, err = tx.Exec("insert into coverage_limit (plan, kind, cents) values ($1, $2, $3)", plan, string(l.Kind), l.Cents)
		if err != nil {
			return err
		}
	}
	return nil
}

// costs keeps of the benefits what each of the two facts may show.
func costs(all []Copay, price, authorization bool) []Copay {
	if !price && !authorization {
		return nil
	}
	var out []Copay
	for _, c := range all {
		switch {
		case !price && c.Needed == "":
			continue
		case !price:
			c.Text, c.Cents, c.Percent, c.Unpriced = "", 0, 0, true
		case !authorization && c.Unpriced:
			continue
		}
		if !authorization {
			c.Needed, c.NeededNote = "", ""
		}
		out = append(out, c)
	}
	return out
}
