package schema_test

import (
	"context"
	"database/sql"
	"io/fs"
	"path"
	"slices"
	"testing"
	"testing/fstest"

	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/schema"
)

// until gives the migrations before a version.
func until(t *testing.T, version string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(schema.FS, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Base(name) >= version {
			return err
		}
		text, err := schema.FS.ReadFile(name)
		out[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// row is an insert, with its arguments.
type row struct {
	text string
	args []any
}

func request(id, org, member string, received int) row {
	return row{`insert into request (id, number, org, org_name, trace, door, member, member_initials, kind, urgency, statement, statement_by, requesting_npi,
			servicing_npi, diagnoses, service, notes, contact_name, contact_phone, admit_on, received_us, rule, rule_version, target_us, limit_us, person, person_name, entry, digest)
		values ($1, $2, $3, '', $4, '', $5, '', '', '', '', '', '', '', '', '', '', '', '', '', $6, '', 1, 0, 0, 'clerk', '', '', $7)`,
		[]any{id, id, org, id, member, received, []byte{}}}
}

func city(id, name string) row {
	return row{`insert into organization (id, name, name_folded, tin, npi, kind, phone, fax, street, city, state, zip, in_network, changed_us)
		values ($1, '', '', '', $2, '', '', '', '', $3, '', '', 1, 0)`, []any{id, id, name}}
}

func span(id, from string, closed int) row {
	return row{`insert into coverage_span (id, member, line, plan, grp, from_on, to_on, known_us, closed_us, import)
		values ($1, 'covered', 'medical', '', '', $2, '9999-12-31', 1, $3, '')`, []any{id, from, closed}}
}

func pcp(member string) row {
	return row{"insert into coverage_pcp (member, npi, known_us) values ($1, '1234567893', 4)", []any{member}}
}

// A portal that was in use before members had ties keeps what its offices
// could see: what was looked up runs out, what was requested stays.
func TestTiesOfAPortalInUse(t *testing.T) {
	upgraded(t, "20261127", []row{
		{"insert into member_relation (org, member, since_us, person) values ('office', 'looked-up', 5, 'clerk')", nil},
		request("r1", "office", "requested", 7), request("r2", "office", "requested", 6), request("r3", "other", "looked-up", 8),
	}, "select org || ' ' || member || ' ' || kind || ' ' || since_us || ' ' || until_us from member_tie order by org, member", []string{
		"office looked-up visit 5 2592000000005", "office requested request 6 0", "other looked-up request 8 0",
	})
}

// Cities are found by the directory before their organization is loaded again.
func TestCitiesOfAPortalInUse(t *testing.T) {
	upgraded(t, "20261127", []row{city("1", "St. Louis"), city("2", "O'Fallon"), city("3", "Winston-Salem")},
		"select city_folded from organization order by id", []string{"st louis", "ofallon", "winston salem"})
}

// The primary care provider that is known has been so since the coverage began.
func TestProvidersOfAPortalInUse(t *testing.T) {
	upgraded(t, "20261127", []row{
		pcp("covered"), pcp("never"), span("s1", "2025-01-01", 3), span("s2", "2026-02-01", 0), span("s3", "2026-07-01", 0),
	}, "select member || ' ' || npi || ' ' || from_on || ' ' || to_on || ' ' || known_us || ' ' || closed_us from coverage_pcp_span order by member", []string{
		"covered 1234567893 2026-02-01 9999-12-31 4 0", "never 1234567893 1900-01-01 9999-12-31 4 0",
	})
}

// upgraded fills a database as it was before a version, brings it up to date
// and compares what a query gives then.
func upgraded(t *testing.T, version string, fill []row, query string, want []string) {
	t.Helper()
	before := until(t, version)
	dbtest.EachEmpty(t, func(t *testing.T, d *db.DB) {
		_, err := d.Migrate(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			for _, r := range fill {
				_, err := tx.Exec(r.text, r.args...)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		n, err := d.Migrate(t.Context(), schema.FS)
		if err != nil || n == 0 {
			t.Fatalf("%d migrations, %v", n, err)
		}
		got := texts(t.Context(), t, d, query)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func texts(ctx context.Context, t *testing.T, d *db.DB, query string) (out []string) {
	t.Helper()
	err := d.View(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Collect(func(r *sql.Rows) (s string, err error) {
			err = r.Scan(&s)
			return s, err
		})(tx.Rows(query))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
