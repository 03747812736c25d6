// Package bulk fills a migrated database with a plan of any size: providers,
// members in families, three years of coverage and claims, primary care
// providers, ties and a ledger of disclosures over several years. It promises that the same
// Plan always makes the same rows, in memory that does not grow with it, and
// that what it makes is what the services would have written: they find its
// members, and read its ledger.
//
// It writes with the engine's own bulk copy and without secondary indexes,
// which it makes again after. Nothing else may use the database meanwhile.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hsconnect/internal/db"
)

// Plan says how much of what is made. The zero value of a count but those of
// Members and Disclosures takes a share of these.
type Plan struct {
	Seed        uint64
	Now         time.Time // nothing is later
	Members     int
	Disclosures int
	Years       int // over which the disclosures are spread; 0: 6
	Orgs        int // 0: one for a thousand members, 20 at least
	People      int // who look, at the organizations; 0: ten for each
}

// Target is the database. Exactly one of Path and URL is set.
type Target struct {
	Path string // SQLite database file
	URL  string // of PostgreSQL
}

// Open opens the filled database as the portal does.
func (t Target) Open(ctx context.Context, now func() time.Time) (*db.DB, error) {
	return db.Open(ctx, db.Config{Path: t.Path, URL: t.URL, Now: now})
}

// sink is the bulk copy of an engine.
type sink interface {
	// fill stores all rows of an empty table. Every row that make gives to add
	// has one value a column: a string or an int64. add keeps none of it.
	fill(ctx context.Context, table string, columns []string, produce func(add func(row []any) error) error) error
	// finish makes the whole durable, and the planner know it.
	finish(ctx context.Context) error
	close() error
}

// table is what is made for one table, row by row.
type table struct {
	name    string
	columns []string
	make    func(add func(row []any) error) error
}

// Fill makes the plan in a migrated database whose tables of members, coverage
// and disclosures are empty. It tells said what it has done.
func Fill(ctx context.Context, t Target, p Plan, said func(string)) (err error) {
	p, err = p.settled()
	if err != nil {
		return err
	}
	s, err := open(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, one := range p.tables() {
		begin, n := time.Now(), 0
		err = s.fill(ctx, one.name, one.columns, func(add func([]any) error) error {
			return one.make(func(row []any) error {
				n++
				return add(row)
			})
		})
		if err != nil {
			return fmt.Errorf("filling %s: %w", one.name, err)
		}
		took := time.Since(begin)
		said(fmt.Sprintf("%-16s %11d rows in %8s, %7.0f rows/s with indexes", one.name, n, took.Round(time.Millisecond*100), float64(n)/took.Seconds()))
	}
	return s.finish(ctx)
}

func open(ctx context.Context, t Target) (sink, error) {
	if t.URL != "" {
		return openPostgres(ctx, t.URL)
	}
	return openSQLite(ctx, t.Path)
}

func (p Plan) settled() (Plan, error) {
	if p.Members < 1 || p.Disclosures < 0 || p.Now.IsZero() {
		return Plan{}, errors.New("a plan needs members and a time")
	}
	if p.Years == 0 {
		p.Years = 6
	}
	if p.Orgs == 0 {
		p.Orgs = min(max(p.Members/1000, 20), p.Members)
	}
	if p.People == 0 {
		p.People = 10 * p.Orgs
	}
	return p, nil
}

// tables gives what is made, in order.
func (p Plan) tables() []table {
	return []table{p.orgs(), p.practitioners(), p.plans(), p.copays(), p.members(), p.spans(), p.pcps(), p.pcpSpans(), p.ties(),
		p.claims(), p.claimParties(), p.claimStatements(), p.claimLines(), p.ledger()}
}
