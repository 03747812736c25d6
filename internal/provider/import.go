package provider

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"hsconnect/internal/access"
	"hsconnect/internal/code"
	"hsconnect/internal/db"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/record"
)

// Refusal is a row that was not taken.
type Refusal struct {
	Line   int
	Reason string
}

// Report says what an import did. With Refused rows nothing was loaded.
type Report struct {
	Rows         int
	Added        int       // providers whom we did not have
	Changed      int       // providers of whom something is known differently now
	Unnamed      int       // in network before, and not named by a full file: out of network now
	Network      int       // in network before, where a full file says so
	Declined     bool      // whoever was asked said no
	Refused      []Refusal // the first thousand
	RefusedTotal int
}

func (r *Report) refuse(line int, reason string) {
	r.RefusedTotal++
	if len(r.Refused) < maxRefusals {
		r.Refused = append(r.Refused, Refusal{Line: line, Reason: reason})
	}
}

// Bounds of a directory file.
const (
	MaxFile     = 128 << 20
	maxRows     = 500_000
	maxLine     = 64 << 10
	maxRefusals = 1000
	maxField    = 200
)

// The columns of the two files. The order does not matter; the first line names them.
var (
	organizationColumns = []string{"npi", "name", "tin", "kind", "phone", "fax", "street", "city", "state", "zip", "network"}
	practitionerColumns = []string{"npi", "first", "last", "suffix", "specialty", "taxonomy", "organization_npi", "phone", "network"}
)

// Order is a file of the directory and how to load it.
type Order struct {
	Name string
	File io.Reader
	// Full says that the file names every provider in network: the others are
	// out of network from now on.
	Full bool
	// CheckOnly loads nothing and reports what would change.
	CheckOnly bool
	// Ask, when set, is shown what would change and says whether to go on.
	Ask      func(Report) bool
	Progress func(bytes int64) // may be nil
}

// ImportOrganizations is LoadOrganizations without asking anybody.
func (s *Service) ImportOrganizations(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(bytes int64)) (Report, error) {
	return s.LoadOrganizations(ctx, who, Order{Name: name, File: r, Progress: progress})
}

// ImportPractitioners is LoadPractitioners without asking anybody.
func (s *Service) ImportPractitioners(ctx context.Context, who access.Actor, name string, r io.Reader, progress func(bytes int64)) (Report, error) {
	return s.LoadPractitioners(ctx, who, Order{Name: name, File: r, Progress: progress})
}

// LoadOrganizations loads a file of organizations, CSV or NDJSON, whole or not
// at all. Those whose NPI is known already are brought up to date.
func (s *Service) LoadOrganizations(ctx context.Context, who access.Actor, o Order) (Report, error) {
	l := &loading{
		who: who, order: o, columns: organizationColumns, others: "select npi from practitioner where npi in (",
		known: "select npi, name, tin, kind, phone, fax, street, city, state, zip, cast(in_network as text) from organization where npi in (",
		named: "select npi from organization where in_network = 1 and kind <> 'plan'", leave: "update organization set in_network = 0, changed_us = $1 where npi in (",
	}
	l.read = func(row map[string]string) (put, string) {
		o, reason := readOrganization(row)
		return put{npi: o.NPI, store: func(tx *db.Tx) error { return PutOrganization(tx, who, o) },
			facts: []string{o.Name, o.TIN, string(o.Kind), o.Phone, o.Fax, o.Street, o.City, o.State, o.Zip, bit(o.InNetwork)}}, reason
	}
	return s.load(ctx, l)
}

// LoadPractitioners loads a file of practitioners, CSV or NDJSON, whole or not
// at all. Each names its organization, which must be loaded first.
func (s *Service) LoadPractitioners(ctx context.Context, who access.Actor, o Order) (Report, error) {
	err := who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	known, err := s.organizationsByNPI(ctx)
	if err != nil {
		return Report{}, err
	}
	l := &loading{
		who: who, order: o, columns: practitionerColumns, others: "select npi from organization where npi in (",
		known: "select npi, first, last, suffix, specialty, taxonomy, org, phone, cast(in_network as text), '', '' from practitioner where npi in (",
		named: "select npi from practitioner where in_network = 1", leave: "update practitioner set in_network = 0, changed_us = $1 where npi in (",
	}
	l.read = func(row map[string]string) (put, string) {
		p, reason := readPractitioner(row, known)
		return put{npi: p.NPI, store: func(tx *db.Tx) error { return PutPractitioner(tx, who, p) },
			facts: []string{p.First, p.Last, p.Suffix, p.Specialty, p.Taxonomy, string(p.Org), p.Phone, bit(p.InNetwork), "", ""}}, reason
	}
	return s.load(ctx, l)
}

func (s *Service) organizationsByNPI(ctx context.Context) (map[code.NPI]id.Organization, error) {
	type pair struct {
		npi code.NPI
		org id.Organization
	}
	known := map[code.NPI]id.Organization{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		pairs, err := db.Collect(func(r *sql.Rows) (pair, error) {
			var p pair
			return p, r.Scan(&p.npi, &p.org)
		})(tx.Rows("select npi, id from organization"))
		for _, p := range pairs {
			known[p.npi] = p.org
		}
		return err
	})
	return known, err
}

// loading is one file on its way.
type loading struct {
	who     access.Actor
	order   Order
	columns []string
	others  string // an open query for NPIs that belong to the other kind of provider
	known   string // an open query for the facts of NPIs, in the order of put.facts
	named   string // a query for the NPIs in network
	leave   string // an open statement that takes NPIs out of network
	read    func(row map[string]string) (p put, reason string)
	report  Report
	puts    []put
	npis    []string
	lines   map[string]int // of each NPI
}

// put is one provider to store.
type put struct {
	npi   code.NPI
	facts []string
	store func(*db.Tx) error
}

func bit(yes bool) string { return strconv.FormatInt(db.Bit(yes), 10) }

func (s *Service) load(ctx context.Context, l *loading) (Report, error) {
	err := l.who.May(access.ImportData)
	if err != nil {
		return Report{}, err
	}
	l.lines = map[string]int{}
	err = eachRow(l.order.File, l.columns, l.order.Progress, l.take)
	if err != nil {
		return Report{}, err
	}
	err = s.DB.View(ctx, l.checkOthers)
	if err != nil || l.report.RefusedTotal > 0 {
		return l.report, err
	}
	if l.report.Rows == 0 {
		return Report{}, fault.New(fault.Invalid, "The file names its columns and holds no row")
	}
	if l.order.CheckOnly || l.order.Ask != nil {
		rep := l.report
		err = s.DB.View(ctx, func(tx *db.Tx) error {
			_, _, err := l.compare(tx, &rep)
			return err
		})
		if err != nil || l.order.CheckOnly {
			return rep, err
		}
		if !l.order.Ask(rep) {
			rep.Declined = true
			return rep, nil
		}
	}
	var rep Report
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		rep = l.report // the closure may run again
		return l.store(tx, &rep)
	})
	if err == nil && s.Loaded != nil {
		err = s.Loaded(ctx, l.who)
	}
	if err != nil {
		return Report{}, err
	}
	return rep, nil
}

// store writes what differs, and the entry that says so.
func (l *loading) store(tx *db.Tx, rep *Report) error {
	differ, out, err := l.compare(tx, rep)
	if err != nil {
		return err
	}
	for _, p := range differ {
		err = p.store(tx)
		if err != nil {
			return err
		}
	}
	err = inSome(out, func(places string, args []any) error {
		_, err := tx.Exec(l.leave+places+")", append([]any{db.Micros(tx.Now)}, args...)...)
		return err
	}, 1)
	if err != nil {
		return err
	}
	entry := map[string]any{"file": l.order.Name, "rows": rep.Rows, "added": rep.Added, "changed": rep.Changed}
	if l.order.Full {
		entry["full"], entry["out_of_network"] = true, rep.Unnamed
	}
	body, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = record.Append(tx, l.who, record.New{Subject: "import/" + string(id.New[id.Import](tx.Now)), Kind: "providers.loaded", Body: body})
	return err
}

// compare gives those of whom something is known differently, and who leaves
// the network because a full file does not name them.
func (l *loading) compare(tx *db.Tx, rep *Report) (differ []put, out []string, err error) {
	known := map[string]string{}
	err = inSome(l.npis, func(places string, args []any) error {
		_, err := db.Collect(func(r *sql.Rows) (bool, error) {
			var npi string
			facts := make([]string, 10)
			into := []any{&npi}
			for i := range facts {
				into = append(into, &facts[i])
			}
			err := r.Scan(into...)
			known[npi] = strings.Join(facts, "\x1f")
			return true, err
		})(tx.Rows(l.known+places+")", args...))
		return err
	}, 0)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range l.puts {
		old, had := known[string(p.npi)]
		switch {
		case !had:
			rep.Added++
		case old != strings.Join(p.facts, "\x1f"):
			rep.Changed++
		default:
			continue
		}
		differ = append(differ, p)
	}
	if !l.order.Full {
		return differ, nil, nil
	}
	in, err := db.Collect(func(r *sql.Rows) (string, error) {
		var npi string
		return npi, r.Scan(&npi)
	})(tx.Rows(l.named))
	for _, npi := range in {
		if _, named := l.lines[npi]; !named {
			out = append(out, npi)
		}
	}
	rep.Network, rep.Unnamed = len(in), len(out)
	return differ, out, err
}

// inSome calls fn with some of the NPIs at a time, and their placeholders after
// the first taken ones; the last NPI fills up.
func inSome(npis []string, fn func(places string, args []any) error, taken int) error {
	const some = 100
	places := make([]string, some)
	for i := range places {
		places[i] = "$" + strconv.Itoa(taken+i+1)
	}
	for len(npis) > 0 {
		n := min(len(npis), some)
		args := make([]any, some)
		for i := range args {
			args[i] = npis[min(i, n-1)]
		}
		err := fn(strings.Join(places, ", "), args)
		if err != nil {
			return err
		}
		npis = npis[n:]
	}
	return nil
}

// take reads one row, or refuses it.
func (l *loading) take(line int, row map[string]string, reason string) {
	l.report.Rows++
	var p put
	if reason == "" {
		p, reason = l.read(row)
	}
	if reason == "" {
		if first, twice := l.lines[row["npi"]]; twice {
			reason = fmt.Sprintf("the same NPI stands on line %d", first)
		} else {
			l.lines[row["npi"]] = line
		}
	}
	if reason != "" {
		l.report.refuse(line, reason)
		return
	}
	l.puts = append(l.puts, p)
	l.npis = append(l.npis, row["npi"])
}

// checkOthers refuses an NPI that belongs to a provider of the other kind: an
// NPI names one provider (45 CFR 162.406).
func (l *loading) checkOthers(tx *db.Tx) error {
	return inSome(l.npis, func(places string, args []any) error {
		taken, err := db.Collect(func(r *sql.Rows) (string, error) {
			var npi string
			return npi, r.Scan(&npi)
		})(tx.Rows(l.others+places+")", args...))
		for _, npi := range taken {
			l.report.refuse(l.lines[npi], "npi: belongs to a provider of the other kind: organizations and practitioners have NPIs of their own")
		}
		return err
	}, 0)
}

func readOrganization(row map[string]string) (Organization, string) {
	reason := unfit(organizationColumns, row)
	npi, err := code.ParseNPI(row["npi"])
	if err != nil && reason == "" {
		reason = "npi: " + err.Error()
	}
	tin, err := code.ParseTIN(row["tin"])
	if err != nil && reason == "" {
		reason = "tin: " + err.Error()
	}
	o := Organization{NPI: npi, TIN: string(tin), Name: row["name"], Kind: OrgKind(strings.ToLower(row["kind"])), Phone: row["phone"], Fax: row["fax"],
		Street: row["street"], City: row["city"], State: strings.ToUpper(row["state"]), Zip: row["zip"]}
	switch {
	case reason != "":
	case o.Name == "":
		reason = "name: is missing"
	case o.Kind != OfficeKind && o.Kind != FacilityKind:
		reason = "kind: is office or facility"
	}
	o.InNetwork, reason = network(row, reason)
	row["npi"] = string(npi)
	return o, reason
}

func readPractitioner(row map[string]string, known map[code.NPI]id.Organization) (Practitioner, string) {
	reason := unfit(practitionerColumns, row)
	npi, err := code.ParseNPI(row["npi"])
	if err != nil && reason == "" {
		reason = "npi: " + err.Error()
	}
	org, err := code.ParseNPI(row["organization_npi"])
	if err != nil && reason == "" {
		reason = "organization_npi: " + err.Error()
	}
	p := Practitioner{NPI: npi, First: row["first"], Last: row["last"], Suffix: row["suffix"], Specialty: row["specialty"], Phone: row["phone"], Org: known[org]}
	switch {
	case reason != "":
	case p.Last == "":
		reason = "last: is missing"
	case p.Org == "":
		reason = "organization_npi: no such organization is loaded; load organizations first"
	case row["taxonomy"] != "":
		p.Taxonomy, err = code.ParseTaxonomy(row["taxonomy"])
		if err != nil {
			reason = "taxonomy: " + err.Error()
		}
	}
	p.InNetwork, reason = network(row, reason)
	row["npi"] = string(npi)
	return p, reason
}

// PutOrganization adds an organization or brings it up to date by its NPI.
func PutOrganization(tx *db.Tx, who access.Actor, o Organization) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	if o.ID == "" {
		o.ID = id.New[id.Organization](tx.Now)
	}
	_, err = tx.Exec(`insert into organization (id, name, name_folded, tin, npi, kind, phone, fax, street, city, city_folded, state, zip, in_network, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (npi) do update set name = excluded.name, name_folded = excluded.name_folded, tin = excluded.tin, kind = excluded.kind,
			phone = excluded.phone, fax = excluded.fax, street = excluded.street, city = excluded.city, city_folded = excluded.city_folded, state = excluded.state, zip = excluded.zip,
			in_network = excluded.in_network, changed_us = excluded.changed_us`,
		string(o.ID), o.Name, Fold(o.Name), o.TIN, string(o.NPI), string(o.Kind), o.Phone, o.Fax, o.Street, o.City, Fold(o.City), o.State, o.Zip, db.Bit(o.InNetwork), db.Micros(tx.Now))
	return err
}

// PutPractitioner adds a practitioner or brings them up to date by their NPI.
func PutPractitioner(tx *db.Tx, who access.Actor, p Practitioner) error {
	err := who.May(access.ImportData)
	if err != nil {
		return err
	}
	if p.ID == "" {
		p.ID = id.New[id.Practitioner](tx.Now)
	}
	_, err = tx.Exec(`insert into practitioner (id, npi, first, last, last_folded, suffix, specialty, taxonomy, org, phone, in_network, changed_us)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (npi) do update set first = excluded.first, last = excluded.last, last_folded = excluded.last_folded, suffix = excluded.suffix,
			specialty = excluded.specialty, taxonomy = excluded.taxonomy, org = excluded.org, phone = excluded.phone, in_network = excluded.in_network,
			changed_us = excluded.changed_us`,
		string(p.ID), string(p.NPI), p.First, p.Last, Fold(p.Last), p.Suffix, p.Specialty, p.Taxonomy, string(p.Org), p.Phone, db.Bit(p.InNetwork), db.Micros(tx.Now))
	return err
}
