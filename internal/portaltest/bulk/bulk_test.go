package bulk_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hsconnect/internal/access"
	"hsconnect/internal/claim"
	"hsconnect/internal/coverage"
	"hsconnect/internal/db"
	"hsconnect/internal/db/dbtest"
	"hsconnect/internal/disclosure"
	"hsconnect/internal/fault"
	"hsconnect/internal/id"
	"hsconnect/internal/member"
	"hsconnect/internal/portaltest/bulk"
	"hsconnect/internal/schema"
	"hsconnect/internal/watch"
)

func ctx() context.Context { return context.Background() }

// small is what the tests make.
func small() bulk.Plan {
	return bulk.Plan{Seed: 7, Now: dbtest.Start, Members: 1_000, Disclosures: 20_000}
}

// blank gives a migrated database of an engine that nobody has open.
func blank(t testing.TB, engine string) bulk.Target {
	t.Helper()
	if engine == "postgres" {
		return bulk.Target{URL: dbtest.PostgresURL(t)}
	}
	to := bulk.Target{Path: filepath.Join(t.TempDir(), "big.db")}
	d, err := to.Open(ctx(), time.Now)
	must(t, err)
	migrate(t, d)
	must(t, d.Close())
	return to
}

func migrate(t testing.TB, d *db.DB) {
	t.Helper()
	_, err := d.Migrate(ctx(), schema.FS)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened opens a target until the test ends.
func opened(t testing.TB, to bulk.Target) *db.DB {
	t.Helper()
	d, err := to.Open(ctx(), dbtest.NewClock().Now)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func eachEngine(t *testing.T, fn func(t *testing.T, engine string)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(t, engine) })
	}
}

var privacy = access.Actor{Person: "pia", Name: "Pia Privacy", Side: access.Plan, Roles: []access.Role{access.PrivacyOfficer}, Door: access.DoorWeb}

// What is made can be used through the services: somebody at the right office
// finds a member by each key, a stranger does not see her page, and the ledger
// answers by member, person and organization.
func TestServicesUseWhatIsMade(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		to, plan := blank(t, engine), small()
		must(t, bulk.Fill(ctx(), to, plan, func(line string) { t.Log(line) }))
		d := opened(t, to)
		ledger(t, d, plan)
		s := coverage.New(coverage.Deps{DB: d, Zone: time.UTC})
		for _, m := range plan.Panel(3, 5) {
			if m.Org != 3 {
				t.Fatalf("a member of the panel of 3 belongs to %d", m.Org)
			}
		}
		found := 0
		for i := range 200 {
			m := plan.Member(i)
			clerk := access.Actor{Person: "dana", Name: "Dana", Side: access.Office, Org: id.Organization(plan.OrgID(m.Org)), OrgName: "Office", Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
			sheet, err := s.Sheet(ctx(), clerk, id.Member(m.ID), coverage.Ask{})
			must(t, err)
			if sheet.Member.Number != m.Number || sheet.Member.Birth != m.Birth || sheet.PCP.Org != clerk.Org {
				t.Fatalf("member %d is not what Member says, or has no provider of her own organization", i)
			}
			if m.Steady && (!sheet.Covered || sheet.Plan.Name == "" || len(sheet.Copays) == 0) {
				t.Fatalf("member %d should be covered today by a plan with copays", i)
			}
			for _, k := range []member.Key{{Number: m.Number, Birth: m.Birth}, {Last: m.Last, First: m.First, Birth: m.Birth}} {
				sheet, err = s.LookUp(ctx(), clerk, coverage.Query{Key: k, Purpose: access.Treatment})
				must(t, err)
				if sheet.Member.ID == id.Member(m.ID) {
					found++
				}
			}
		}
		bills := claim.New(claim.Deps{DB: d, Zone: time.UTC, Watch: watch.New(watch.Deps{DB: d})})
		for i := range 20 {
			m := plan.Member(i)
			clerk := access.Actor{Person: "dana", Name: "Dana", Side: access.Office, Org: id.Organization(plan.OrgID(m.Org)), OrgName: "Office", Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
			page, err := bills.ByMember(ctx(), clerk, member.Key{Number: m.Number, Birth: m.Birth}, "")
			must(t, err)
			if len(page.Rows) < 1 || len(page.Rows) > 2 || page.Rows[0].Amounts.Charge == 0 { // of three, in three years: older ones are not shown
				t.Fatalf("member %d has %d claims", i, len(page.Rows))
			}
			_, err = bills.Get(ctx(), clerk, page.Rows[0].ID)
			must(t, err)
		}
		if found != 400 {
			t.Errorf("%d of 400 look-ups found whom they named", found)
		}
		m := plan.Member(0)
		other := access.Actor{Person: "sam", Name: "Sam", Side: access.Office, Org: "elsewhere", OrgName: "Elsewhere", Roles: []access.Role{access.Requester}, Door: access.DoorWeb}
		_, err := s.Sheet(ctx(), other, id.Member(m.ID), coverage.Ask{})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("an office without a tie got %v", err)
		}
	})
}

func ledger(t *testing.T, d *db.DB, plan bulk.Plan) {
	t.Helper()
	m := plan.Member(0)
	person, org := plan.PersonID(m.Org)
	must(t, d.View(ctx(), func(tx *db.Tx) error {
		for name, read := range map[string]func() ([]disclosure.Row, error){
			"member": func() ([]disclosure.Row, error) { return disclosure.OfMember(tx, privacy, id.Member(m.ID), 1000) },
			"person": func() ([]disclosure.Row, error) { return disclosure.OfPerson(tx, privacy, id.Person(person), 1000) },
			"organization": func() ([]disclosure.Row, error) {
				return disclosure.OfOrganization(tx, privacy, id.Organization(plan.OrgID(org)), 1000)
			},
		} {
			rows, err := read()
			if err != nil {
				return err
			}
			if len(rows) < 20 {
				t.Errorf("by %s: only %d lines", name, len(rows))
			}
			last := dbtest.Start
			for _, r := range rows {
				if r.At.After(last) || r.Person == "" || r.Name == "" || r.Session == "" || !r.Purpose.Valid() || r.Outcome == disclosure.Shown && (len(r.Fields) == 0 || r.Member == "") {
					t.Fatalf("by %s: a line that would not have been written: %+v", name, r)
				}
				if _, err := id.Parse[id.Disclosure](string(r.ID)); err != nil {
					t.Fatal(err)
				}
				last = r.At
			}
		}
		n := func(query string, args ...any) (n int64) {
			must(t, tx.Row(query, args...).Scan(&n))
			return n
		}
		if got := n("select count(*) from disclosure where at_us < $1", db.Micros(dbtest.Start.AddDate(0, 0, -1))); got > int64(plan.Disclosures) || got < int64(plan.Disclosures)*99/100 {
			t.Errorf("%d disclosures were made", got)
		}
		if got := n("select count(*) from member where last <> last_folded and first <> first_folded"); got != int64(plan.Members) {
			t.Errorf("%d members are folded", got)
		}
		return nil
	}))
	err := d.Update(ctx(), func(tx *db.Tx) error {
		_, err := tx.Exec("delete from disclosure where member = $1", m.ID)
		return err
	})
	if err == nil {
		t.Error("the ledger can be changed after the fill")
	}
}

func oneText(r *sql.Rows) (string, error) {
	var text string
	err := r.Scan(&text)
	return text, err
}

// indexes gives the names of the database's indexes.
func indexes(t *testing.T, d *db.DB) []string {
	t.Helper()
	query := "select name from sqlite_master where type = 'index' order by name"
	if d.Engine() == db.Postgres {
		query = "select indexname from pg_indexes where schemaname = 'public' order by indexname"
	}
	var out []string
	must(t, d.View(ctx(), func(tx *db.Tx) (err error) {
		out, err = db.Collect(oneText)(tx.Rows(query))
		return err
	}))
	return out
}

// The same seed makes the same rows, another one others; what is made leaves
// every index that the migrations made.
func TestTheSameSeedMakesTheSame(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		read := func(seed uint64) []string {
			to, plan := blank(t, engine), small()
			before := indexes(t, opened(t, to))
			plan.Seed, plan.Members, plan.Disclosures = seed, 100, 500
			to = blank(t, engine)
			must(t, bulk.Fill(ctx(), to, plan, func(string) {}))
			d := opened(t, to)
			if after := indexes(t, d); !slices.Equal(before, after) {
				t.Errorf("indexes before: %v, after: %v", before, after)
			}
			var out []string
			must(t, d.View(ctx(), func(tx *db.Tx) (err error) {
				out, err = db.Collect(oneText)(tx.Rows("select id || member || person || at_us || outcome from disclosure order by id"))
				if err != nil {
					return err
				}
				more, err := db.Collect(oneText)(tx.Rows("select id || number || first || last || birth from member order by id"))
				out = append(out, more...)
				return err
			}))
			return out
		}
		one, again, other := read(1), read(1), read(2)
		if len(one) != 600 || !slices.Equal(one, again) {
			t.Error("the same seed made other rows")
		}
		if slices.Equal(one, other) {
			t.Error("another seed made the same rows")
		}
	})
}
