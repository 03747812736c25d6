package provider

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"unicode/utf8"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
)

// DirectoryPage is how many providers a page of the directory shows, and
// directoryPages how many pages there are: whoever has more names too little.
const (
	DirectoryPage  = 25
	directoryPages = 40
)

// Wanted is what somebody looks for in the directory. All that is set must fit.
type Wanted struct {
	Text      string // an NPI, or the beginning of a last name or an organization's name
	Specialty string
	Place     string // a city, or the beginning of a zip code (three digits at least)
	Network   bool   // only those in the plan's network
	Page      int    // from 1
}

// Entry is a provider in the directory.
type Entry struct {
	Party

	Street string
	City   string
	State  string
	Zip    string
	Fax    string
}

// Found is a page of the directory.
type Found struct {
	Entries []Entry
	More    bool
}

var errNothingWanted = fault.Bad(fault.Problem{Path: "text", Text: "Type a name or an NPI, or choose a specialty or a place"})

// conditions collects what a query asks, with its placeholders in order.
type conditions struct {
	where []string
	args  []any
}

func (c *conditions) add(text string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.where = append(c.where, text)
}

// Directory gives providers by name: practitioners under their last name,
// organizations under their own. The directory is public; nothing about a
// member is in it.
func (s *Service) Directory(ctx context.Context, who access.Actor, w Wanted) (Found, error) {
	if who.Person == "" {
		return Found{}, fault.New(fault.Unauthenticated, "Sign in first")
	}
	people, places, err := w.conditions()
	if err != nil {
		return Found{}, err
	}
	page := min(max(w.Page, 1), directoryPages)
	var out Found
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		query := `select p.npi as number, trim(p.first || ' ' || p.last || ' ' || p.suffix), 'practitioner', p.specialty, p.phone, o.id, o.name, p.in_network,
				o.street, o.city, o.state, o.zip, o.fax, p.last_folded as sorted, p.first as second
			from practitioner p join organization o on o.id = p.org where ` + strings.Join(people.where, " and ")
		args := people.args
		if w.Specialty == "" { // an organization has none
			query += ` union all select o.npi as number, o.name, o.kind, '', o.phone, o.id, o.name, o.in_network,
				o.street, o.city, o.state, o.zip, o.fax, o.name_folded as sorted, '' as second
			from organization o where ` + strings.Join(places.where, " and ")
			args = append(args, places.args...)
		}
		query += " order by sorted, second, number limit " + strconv.Itoa(DirectoryPage+1) + " offset " + strconv.Itoa((page-1)*DirectoryPage)
		var err error
		out.Entries, err = db.Collect(scanEntry)(tx.Rows(query, args...))
		return err
	})
	if err != nil {
		return Found{}, err
	}
	if len(out.Entries) > DirectoryPage {
		out.Entries, out.More = out.Entries[:DirectoryPage], page < directoryPages
	}
	return out, nil
}

// conditions says what is wanted of practitioners and of organizations. The
// placeholders of the second go on after those of the first.
func (w Wanted) conditions() (people, places conditions, err error) {
	text, place := Fold(w.Text), Fold(w.Place)
	npi, notNPI := code.ParseNPI(w.Text)
	switch {
	case text == "" && w.Specialty == "" && place == "":
		return people, places, errNothingWanted
	case notNPI != nil && text != "" && utf8.RuneCountInString(text) < 2:
		return people, places, fault.Bad(fault.Problem{Path: "text", Text: "Type an NPI, or at least the first two letters of a name"})
	case digitsOnly(place) && place != "" && (len(place) < 3 || len(place) > 5):
		return people, places, fault.Bad(fault.Problem{Path: "place", Text: "Type a city, or the first three to five digits of a zip code"})
	}
	// The plan itself is nobody who treats.
	w.narrow(&people, "p.last_folded", "p.npi", "p.in_network", text, place, npi, notNPI == nil)
	people.add("o.kind <> 'plan'")
	if w.Specialty != "" {
		people.add("p.specialty = ?", w.Specialty)
		return people, places, nil
	}
	places.args = append(places.args, people.args...)
	w.narrow(&places, "o.name_folded", "o.npi", "o.in_network", text, place, npi, notNPI == nil)
	places.add("o.kind <> 'plan'")
	places.args = places.args[len(people.args):]
	return people, places, nil
}

func (w Wanted) narrow(c *conditions, name, npiColumn, network, text, place string, npi code.NPI, byNPI bool) {
	const last = "\U0010FFFF"
	switch {
	case byNPI:
		c.add(npiColumn+" = ?", string(npi))
	case text != "":
		c.add(name+" >= ?", text)
		c.add(name+" < ?", text+last)
	}
	switch {
	case place == "":
	case digitsOnly(place):
		c.add("o.zip >= ?", place)
		c.add("o.zip < ?", place+last)
	default:
		c.add("o.city_folded = ?", place)
	}
	if w.Network {
		c.add(network + " = 1")
	}
}

func digitsOnly(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

func scanEntry(r *sql.Rows) (Entry, error) {
	var e Entry
	var in int64
	var sorted, second string
	err := r.Scan(&e.NPI, &e.Name, &e.Kind, &e.Specialty, &e.Phone, &e.Org, &e.OrgName, &in, &e.Street, &e.City, &e.State, &e.Zip, &e.Fax, &sorted, &second)
	e.InNetwork = in == 1
	return e, err
}

// Specialties gives the specialties that practitioners of the directory have,
// in order.
func (s *Service) Specialties(ctx context.Context) ([]string, error) {
	var out []string
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		var err error
		out, err = db.Collect(func(r *sql.Rows) (string, error) {
			var text string
			return text, r.Scan(&text)
		})(tx.Rows("select specialty from practitioner where specialty <> '' group by specialty order by specialty limit 300"))
		return err
	})
	return out, err
}

// Staff gives the practitioners of an organization, by last name, at most
// mostStaff.
func Staff(tx *db.Tx, org id.Organization) ([]Party, error) {
	const mostStaff = 1000
	return db.Collect(func(r *sql.Rows) (Party, error) { return scanParty(r.Scan) })(
		tx.Rows(practitionerParty+" where p.org = $1 order by p.last_folded, p.first limit "+strconv.Itoa(mostStaff), string(org)))
}
