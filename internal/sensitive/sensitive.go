// Package sensitive knows which services the law protects more than others:
// substance use treatment (42 CFR part 2), behavioral health, HIV, reproductive
// and genetic services. What is sensitive is told by the operator's list of
// codes and by labels that the plan sets on a thing; the portal ships the
// categories and no code.
//
// It promises that nobody who is no party to a sensitive service is told of
// it, nor that anything is missing: the line about withholding (Withheld) is
// the same whether or not something was withheld. A label and the
// notice on redisclosure travel with what is shown or printed (Q-03, Q-04, 42
// CFR 2.32).
package sensitive

import (
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// Category is a kind of sensitive service, as it is shown and stored.
type Category string

// The categories.
const (
	SubstanceUse Category = "substance use"
	Behavioral   Category = "behavioral health"
	HIV          Category = "hiv"
	Reproductive Category = "reproductive health"
	Genetic      Category = "genetic"
)

// Categories gives all of them, in the order they are shown.
func Categories() []Category {
	return []Category{SubstanceUse, Behavioral, HIV, Reproductive, Genetic}
}

// ParseCategory reads a category as it is written in a file.
func ParseCategory(text string) (Category, bool) {
	c := Category(strings.ToLower(strings.Join(strings.Fields(text), " ")))
	return c, slices.Contains(Categories(), c)
}

// Words is the label as it stands on a page, on paper and in the record.
func (c Category) Words() string {
	switch c {
	case SubstanceUse:
		return "Substance use treatment (42 CFR part 2)"
	case Behavioral:
		return "Behavioral health"
	case HIV:
		return "HIV"
	case Reproductive:
		return "Reproductive health"
	case Genetic:
		return "Genetic"
	}
	return ""
}

// Code is a service or diagnosis by its code, with or without dots.
type Code struct {
	System code.System
	Code   string
}

// plain gives the code as the list keeps it.
func (c Code) plain() string { return strings.ToUpper(strings.ReplaceAll(c.Code, ".", "")) }

// Withheld is the line that stands on every page from which something might
// have been withheld. It says nothing about whether something was.
func Withheld(phone string) string {
	return "Some information may be withheld by law. Call " + phone + "."
}

// notice is the short form of the statement that 42 CFR 2.32(a)(2) prescribes.
const notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."

// Notice is what goes with anything that shows or prints services of these
// categories; empty for none.
func Notice(categories []Category) string {
	if len(categories) == 0 {
		return ""
	}
	var parts []string
	if slices.Contains(categories, SubstanceUse) {
		parts = append(parts, notice+" (42 CFR 2.32(a)(2)) They may not be used in any proceeding against the patient without the patient’s written consent or a court order.")
	}
	var others []string
	for _, c := range Categories() {
		if c != SubstanceUse && slices.Contains(categories, c) {
			others = append(others, c.Words())
		}
	}
	if len(others) > 0 {
		parts = append(parts, "Specially protected: "+strings.Join(others, ", ")+". Other law may forbid passing this on without the patient’s consent; ask before you do.")
	}
	return strings.Join(parts, " ")
}

// Withhold reports whether a thing of these categories is kept from an
// organization: it is sensitive, and the organization is none of the parties
// to it (those that billed, gave or ordered the service).
func Withhold(categories []Category, org id.Organization, parties ...id.Organization) bool {
	return len(categories) > 0 && (org == "" || !slices.Contains(parties, org))
}

// Of gives the categories that any of the codes belongs to, in the order of
// Categories.
func Of(tx *db.Tx, codes []Code) ([]Category, error) {
	found, err := OfEach(tx, [][]Code{codes})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// OfEach is Of for many lists of codes in few reads.
func OfEach(tx *db.Tx, lists [][]Code) ([][]Category, error) {
	listed, err := read(tx, prefixes(lists))
	if err != nil {
		return nil, err
	}
	out := make([][]Category, len(lists))
	for i, codes := range lists {
		hit := map[Category]bool{}
		for _, c := range codes {
			for _, l := range listed {
				hit[l.category] = hit[l.category] || l.fits(c)
			}
		}
		out[i] = inOrder(hit)
	}
	return out, nil
}

func inOrder(hit map[Category]bool) []Category {
	var out []Category
	for _, c := range Categories() {
		if hit[c] {
			out = append(out, c)
		}
	}
	return out
}

// entry is one line of the operator's list.
type entry struct {
	system   code.System
	code     string
	begins   bool // every code that begins so
	category Category
}

func (e entry) fits(c Code) bool {
	return oneSystem(e.system) == oneSystem(c.System) && (e.code == c.plain() || e.begins && strings.HasPrefix(c.plain(), e.code))
}

// oneSystem takes CPT for HCPCS, of which it is the first level: files name
// either for the same code.
func oneSystem(s code.System) code.System {
	if s == code.CPT {
		return code.HCPCS
	}
	return s
}

// prefixes gives every beginning of every code, once: one of them must stand
// in the list if the code is sensitive.
func prefixes(lists [][]Code) []string {
	seen := map[string]bool{}
	var out []string
	for _, codes := range lists {
		for _, c := range codes {
			text := c.plain()
			for n := min(len(text), longestCode); n > 0 && !seen[text[:n]]; n-- {
				seen[text[:n]] = true
				out = append(out, text[:n])
			}
		}
	}
	return out
}

// chunk is how many beginnings one statement names: one size, so that the
// engine meets one statement.
const chunk = 50

func read(tx *db.Tx, keys []string) ([]entry, error) {
	var out []entry
	for len(keys) > 0 {
		n := min(len(keys), chunk)
		args, places := make([]any, chunk), make([]string, chunk)
		for i := range chunk {
			args[i], places[i] = keys[min(i, n-1)], "$"+strconv.Itoa(i+1) // the last one fills up
		}
		found, err := db.Collect(func(r *sql.Rows) (entry, error) {
			var e entry
			var begins int64
			err := r.Scan(&e.system, &e.code, &begins, &e.category)
			e.begins = begins == 1
			return e, err
		})(tx.Rows("select system, code, begins, category from sensitive_code where code in ("+strings.Join(places, ", ")+")", args...))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		keys = keys[n:]
	}
	return out, nil
}

// Mark sets a label on a thing ("claim/<id>", "request/<id>"). A label is never
// taken off again: what was shown under it stays protected. It takes the
// permission to work on cases or to import.
func Mark(tx *db.Tx, who access.Actor, subject string, categories ...Category) error {
	if !who.Has(access.WorkCases) {
		err := who.May(access.ImportData)
		if err != nil {
			return err
		}
	}
	for _, c := range categories {
		if !slices.Contains(Categories(), c) {
			return fault.New(fault.Internal, "a label that is no category")
		}
		err := tx.Later(`insert into sensitive_label (subject, category, person, at_us) values ($1, $2, $3, $4)
			on conflict (subject, category) do nothing`, subject, string(c), string(who.Person), db.Micros(tx.Now))
		if err != nil {
			return err
		}
	}
	return nil
}

// Labels gives the labels that were set on a thing, in the order of Categories.
func Labels(tx *db.Tx, subject string) ([]Category, error) {
	found, err := db.Collect(func(r *sql.Rows) (Category, error) {
		var c Category
		return c, r.Scan(&c)
	})(tx.Rows("select category from sensitive_label where subject = $1", subject))
	if err != nil {
		return nil, err
	}
	return Join(found), nil
}

// Join gives each category of the lists once, in the order of Categories.
func Join(lists ...[]Category) []Category {
	hit := map[Category]bool{}
	for _, l := range lists {
		for _, c := range l {
			hit[c] = true
		}
	}
	return inOrder(hit)
}
